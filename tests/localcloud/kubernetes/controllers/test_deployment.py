"""Deployments: from one template to the next without losing the endpoint."""

import pytest

from tests.localcloud.kubernetes.controllers.cluster import Cluster

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: qwq}}
spec:
  replicas: {replicas}
  strategy: {strategy}
  selector: {{matchLabels: {{app: qwq}}}}
  template:
    metadata: {{labels: {{app: qwq}}}}
    spec:
      containers: [{{name: engine, image: "vllm:1"}}]
"""


def deployed(replicas: int = 2, strategy: str = "{type: RollingUpdate}") -> Cluster:
    """Return a cluster with a Deployment whose pods are ready."""
    cluster = Cluster()
    cluster.add(DEPLOYMENT, replicas=replicas, strategy=strategy)
    cluster.play()
    return cluster


def image(cluster: Cluster, wanted: str) -> None:
    """Give the Deployment another image."""
    cluster.change(
        "Deployment", "qwq", lambda item: item["spec"]["template"]["spec"]["containers"][0].update(image=wanted)
    )


def images(cluster: Cluster) -> list[str]:
    """Return what the pods run."""
    return sorted(pod["spec"]["containers"][0]["image"] for pod in cluster.pods())


def test_pods_start() -> None:
    """A new Deployment has its pods, on a node, by way of a ReplicaSet named after the template."""
    cluster = Cluster()
    cluster.add(DEPLOYMENT, replicas=2, strategy="{}")

    first, _ = cluster.pods()
    (owner,) = first["metadata"]["ownerReferences"]
    label = first["metadata"]["labels"]["pod-template-hash"]
    assert ("ReplicaSet", f"qwq-{label}", True) == (owner["kind"], owner["name"], owner["controller"])
    assert first["metadata"]["name"].startswith(f"qwq-{label}-")
    assert "virtual-kubelet" == first["spec"]["nodeName"]
    assert {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("True", "ReplicaSetUpdated"),
    } == cluster.conditions("Deployment", "qwq")


def test_ready() -> None:
    """With its pods ready it is available, its first revision is written on it, and nothing more changes."""
    cluster = deployed()
    version = cluster.contents.version

    cluster.wait(60)

    status = cluster.status("Deployment", "qwq")
    assert (2, 2, 2, 2, 0) == tuple(
        status[name]
        for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    )
    assert {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    } == cluster.conditions("Deployment", "qwq")
    assert "1" == cluster.get("Deployment", "qwq")["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
    assert version == cluster.contents.version


@pytest.mark.parametrize(
    ("replicas", "strategy", "steps"),
    [
        (1, "{type: RollingUpdate}", [["new", "old"], ["new"]]),
        (1, "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}", [["new"]]),
        (
            2,
            "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
            [["new", "old", "old"], ["new", "new", "old"], ["new", "new"]],
        ),
        (4, "{rollingUpdate: {maxSurge: 0, maxUnavailable: 2}}", [["new", "new", "old", "old"], ["new"] * 4]),
        (2, "{type: Recreate}", [[], ["new", "new"]]),
    ],
)
def test_rolling_update(replicas: int, strategy: str, steps: list[list[str]]) -> None:
    """An update never has more pods than allowed, and never fewer ready ones."""
    cluster = deployed(replicas, strategy)

    image(cluster, "new")
    seen = [[name.replace("vllm:1", "old") for name in images(cluster)]]
    for _ in steps[1:]:
        cluster.play()
        seen.append([name.replace("vllm:1", "old") for name in images(cluster)])

    assert steps == seen


def test_broken_update() -> None:
    """Pods of a new template that never get ready leave the old ones in place, and the Deployment says so in time."""
    cluster = deployed(2)

    image(cluster, "broken")
    cluster.play([pod for pod in cluster.pods() if pod["spec"]["containers"][0]["image"] == "broken"], ready=False)
    cluster.wait(601)

    assert ["broken", "vllm:1", "vllm:1"] == images(cluster)
    assert {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("False", "ProgressDeadlineExceeded"),
    } == cluster.conditions("Deployment", "qwq")


@pytest.mark.parametrize("ready", [True, False])
def test_scale(ready: bool) -> None:  # noqa: FBT001 - a case
    """A change of replicas keeps the pods there are; of fewer, the youngest goes, or one that is not ready."""
    cluster = deployed(2)
    first, second = cluster.pods()

    cluster.change("Deployment", "qwq", lambda item: item["spec"].update(replicas=3))
    *kept, third = cluster.pods()
    cluster.play([third])
    cluster.play([second], ready=ready)
    cluster.change("Deployment", "qwq", lambda item: item["spec"].update(replicas=2))

    left = [pod["metadata"]["name"] for pod in cluster.pods()]
    assert [first["metadata"]["name"], second["metadata"]["name"]] == [pod["metadata"]["name"] for pod in kept]
    assert [pod["metadata"]["name"] for pod in (first, second if ready else third)] == left


def test_lost_pod() -> None:
    """A pod that somebody deletes is replaced at once, under another name."""
    cluster = deployed(1)
    (lost,) = cluster.pods()

    cluster.remove("Pod", lost["metadata"]["name"])

    (other,) = cluster.pods()
    assert lost["metadata"]["name"] != other["metadata"]["name"]


def test_rollback_and_history() -> None:
    """Going back to an old template takes its ReplicaSet again, with a new revision; old ones beyond the limit go."""
    cluster = deployed(1)
    cluster.change("Deployment", "qwq", lambda item: item["spec"].update(revisionHistoryLimit=1))
    for wanted in ("vllm:2", "vllm:3", "vllm:2"):
        image(cluster, wanted)
        cluster.play()
        cluster.play()

    assert ["vllm:2"] == images(cluster)
    assert "4" == cluster.get("Deployment", "qwq")["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
    assert 2 == len(cluster.contents.all("ReplicaSet"))


def test_missing_account() -> None:
    """Without its service account no pod is made, and the Deployment says why."""
    cluster = Cluster()
    cluster.add(
        DEPLOYMENT.replace("spec:\n      containers", "spec:\n      serviceAccountName: ghost\n      containers"),
        replicas=1,
        strategy="{}",
    )

    failure = next(
        each for each in cluster.status("Deployment", "qwq")["conditions"] if each["type"] == "ReplicaFailure"
    )
    assert [] == cluster.pods()
    assert failure["message"].endswith('error looking up service account llm/ghost: serviceaccount "ghost" not found')


def test_deletion() -> None:
    """Deleting a Deployment in the foreground ends its pods first, then the ReplicaSet, then itself."""
    cluster = deployed(1)

    cluster.remove("Deployment", "qwq", foreground=True)
    waiting = cluster.kinds()
    cluster.play()

    assert ["Deployment", "ReplicaSet", "Pod"] == waiting
    assert [] == cluster.kinds()
