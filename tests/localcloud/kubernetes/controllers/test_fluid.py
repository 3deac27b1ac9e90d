"""Fluid: Datasets, their runtimes and their loads, and what holds them."""

import pytest

from tests.localcloud.kubernetes.controllers.cluster import Cluster
from tests.localcloud.kubernetes.controllers.weights import BY_KEY, DATASET, KEYS, LOAD, POD, RUNTIME, SIDECAR

FOREIGN = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: weights}
spec: {accessModes: [ReadOnlyMany], storageClassName: "", resources: {requests: {storage: 1Gi}}}
"""


def cached() -> Cluster:
    """Return a cluster with a Dataset that is bound."""
    cluster = Cluster()
    cluster.add(KEYS)
    cluster.add(DATASET, name="weights", mount=BY_KEY)
    cluster.add(RUNTIME, name="weights", quota="10Gi")
    return cluster


def messages(cluster: Cluster) -> list[str]:
    """Return what events say."""
    return [event["message"] for event in cluster.contents.all("Event")]


def test_unbound() -> None:
    """A Dataset without a runtime is not bound, and a runtime without a Dataset waits."""
    cluster = Cluster()
    cluster.add(DATASET, name="weights", mount=BY_KEY)
    cluster.add(RUNTIME, name="other", quota="10Gi")

    assert {"phase": "NotBound", "conditions": []} == cluster.status("Dataset", "weights")
    assert ["No dataset can be bound to the runtime, waiting."] == messages(cluster)


def test_bound() -> None:
    """With its runtime a Dataset is bound, and has a claim of its name, which is bound too."""
    cluster = cached()

    status = cluster.status("Dataset", "weights")
    assert ("Bound", "20.00GiB", "0.0%") == (
        status["phase"],
        status["cacheStates"]["cacheCapacity"],
        status["cacheStates"]["cachedPercentage"],
    )
    assert {"Ready": ("True", "DatasetReady")} == cluster.conditions("Dataset", "weights")
    assert "Bound" == cluster.status("PersistentVolumeClaim", "weights")["phase"]
    volume = cluster.get("PersistentVolume", "llm-weights")
    assert "fuse.csi.fluid.io" == volume["spec"]["csi"]["driver"]
    runtime = cluster.get("JindoRuntime", "weights")
    assert ("Ready", 2) == (runtime["status"]["workerPhase"], runtime["status"]["workerNumberReady"])
    assert ["Dataset"] == [owner["kind"] for owner in runtime["metadata"]["ownerReferences"]]


def test_missing_credentials() -> None:
    """Without the Secret of its mount the runtime does not get ready; with it, it does."""
    cluster = Cluster()
    cluster.add(DATASET, name="weights", mount=BY_KEY)
    cluster.add(RUNTIME, name="weights", quota="10Gi")
    before = cluster.status("JindoRuntime", "weights")["masterPhase"], cluster.status("Dataset", "weights")["phase"]
    cluster.add(KEYS)

    assert ("NotReady", "NotBound") == before
    assert ['Failed to setup ddc engine due to error secret "oss" with akId not found'] == messages(cluster)
    assert "Bound" == cluster.status("Dataset", "weights")["phase"]


def test_collision() -> None:
    """Where a claim of the Dataset's name exists, Fluid makes none: pods would get that one, without any cache."""
    cluster = Cluster()
    cluster.add(FOREIGN)
    cluster.add(KEYS)
    cluster.add(DATASET, name="weights", mount=BY_KEY)
    cluster.add(RUNTIME, name="weights", quota="10Gi")

    assert 'Failed to setup volume due to error persistentvolumeclaims "weights" already exists' in messages(cluster)
    assert [] == cluster.contents.all("PersistentVolume")


def test_load() -> None:
    """A load waits for its Dataset, runs a Job, and is complete when that is; the Dataset is free again."""
    cluster = Cluster()
    cluster.add(LOAD, name="load", namespace="llm")
    cluster.add(KEYS)
    cluster.add(DATASET, name="weights", mount=BY_KEY)
    before = cluster.status("DataLoad", "load")["phase"]
    cluster.add(RUNTIME, name="weights", quota="10Gi")
    after = cluster.status("DataLoad", "load")["phase"]
    (pod,) = cluster.pods()
    locked = cluster.status("Dataset", "weights")["operationRef"]
    cluster.wait(90)
    cluster.play(phase="Succeeded", ready=False)

    status = cluster.status("DataLoad", "load")
    assert ("Pending", "Executing") == (before, after)
    assert ("load-loader", "performance") == (pod["metadata"]["labels"]["release"], pod["metadata"]["labels"]["class"])
    assert {"DataLoad": "load"} == locked
    assert ("Complete", ["Complete"]) == (status["phase"], [each["type"] for each in status["conditions"]])
    assert "operationRef" not in cluster.status("Dataset", "weights")


def test_failed_load() -> None:
    """A load whose pod fails four times has failed, for the Job's reason."""
    cluster = cached()
    cluster.add(LOAD, name="load", namespace="llm")
    for _ in range(4):
        cluster.play(
            [pod for pod in cluster.pods() if pod["status"]["phase"] == "Pending"], phase="Failed", ready=False
        )

    status = cluster.status("DataLoad", "load")
    assert ("Failed", "Job has reached the specified backoff limit") == (
        status["phase"],
        status["conditions"][0]["message"],
    )


def test_load_of_another_namespace() -> None:
    """A load of a Dataset elsewhere fails at once."""
    cluster = cached()
    cluster.add(LOAD, name="load", namespace="other")

    assert {"Failed": ("True", "TargetDatasetNamespaceNotSame")} == cluster.conditions("DataLoad", "load")


def test_one_load_at_a_time() -> None:
    """A second load of a Dataset waits for the first, or for its deletion."""
    cluster = cached()
    cluster.add(LOAD, name="a", namespace="llm")
    cluster.add(LOAD, name="b", namespace="llm")
    before = cluster.status("DataLoad", "b")["phase"]
    cluster.remove("DataLoad", "a", foreground=True)

    assert ("Pending", "Executing") == (before, cluster.status("DataLoad", "b")["phase"])


@pytest.mark.parametrize("order", [["DataLoad", "JindoRuntime", "Dataset"], ["Dataset", "DataLoad", "JindoRuntime"]])
def test_deletion(order: list[str]) -> None:
    """Whatever goes first, deletion leaves nothing: no load, no claim, no volume."""
    cluster = cached()
    cluster.add(LOAD, name="weights", namespace="llm")
    cluster.play(phase="Succeeded", ready=False)

    for kind in order:
        cluster.remove(kind, "weights", foreground=True)

    assert ["Secret"] == cluster.kinds()


def test_deletion_in_use() -> None:
    """While a pod mounts the claim, neither Dataset nor runtime goes, and an event names the pod."""
    cluster = cached()
    cluster.add(POD, labels=SIDECAR, claim="weights")
    cluster.play()

    cluster.remove("Dataset", "weights", foreground=True)
    held = set(cluster.kinds())
    cluster.remove("Pod", "engine")
    cluster.play()

    assert {"Dataset", "JindoRuntime", "PersistentVolumeClaim", "PersistentVolume"} < held
    assert any("because Pod engine in Namespace llm is using it" in message for message in messages(cluster))
    assert [] == [
        item for kind in ("Dataset", "JindoRuntime", "PersistentVolume") for item in cluster.contents.all(kind)
    ]


def test_runtime_alone() -> None:
    """A runtime that goes alone takes the claim along and leaves its Dataset unbound."""
    cluster = cached()

    cluster.remove("JindoRuntime", "weights", foreground=True)

    assert "NotBound" == cluster.status("Dataset", "weights")["phase"]
    assert [] == cluster.contents.all("PersistentVolumeClaim")


def test_uninstalled_too_early() -> None:
    """What is deleted after the release of its controllers stays for good, held by their finalizers."""
    cluster = cached()
    cluster.contents.remove("Secret", "kube-system", "sh.helm.release.v1.ack-fluid")

    cluster.remove("Dataset", "weights", foreground=True)
    cluster.wait(3600)

    assert {"Dataset", "JindoRuntime"} < set(cluster.kinds())
