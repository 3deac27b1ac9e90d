"""When the provider takes each kind of object for ready, and what it says when it does not."""

from threading import Event
from typing import Any

import pytest

from scripts.localcloud.kubernetes import waiting
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.readiness import Jobs
from scripts.localcloud.kubernetes.waiting import Patience
from tests.localcloud.kubernetes.things import CLAIM, VOLUME, changed, deployment, job, of, service
from tests.localcloud.kubernetes.watched import failure, owned, put, ready

REVISION = "metadata.annotations.deployment~kubernetes~io/revision"
AVAILABLE = {"type": "Available", "status": "True"}
ROLLED = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
RUNNING = [{"type": name, "status": "True"} for name in ("PodScheduled", "Initialized", "Ready")]
NO_PODS = (
    "Service does not target any Pods. Selected Pods may not be ready, or "
    "field '.spec.selector' may not match labels on any Pods"
)


def test_a_deployment(api: Api) -> None:
    """It is ready when its newest revision has its pods, and says what is missing until then."""
    made = api.create(deployment())
    name = "'llm' timed out waiting to be Ready"
    assert (name, ["Minimum number of live Pods was not attained"]) == failure(api, made)
    waits = {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": "Too few."}
    put(api, made, conditions=[waits])
    assert ["[MinimumReplicasUnavailable] Too few.", "Minimum number of live Pods was not attained"] == failure(
        api, made
    )[1]

    put(api, changed(made, REVISION, "1"), conditions=[AVAILABLE], observedGeneration=1)
    assert ["Minimum number of Pods to consider the application live was not attained"] == failure(api, made)[1]
    replicas = put(api, changed(owned(made, "ReplicaSet", "llm-1"), REVISION, "1"), readyReplicas=0)
    assert ["Minimum number of Pods to consider the application live was not attained"] == failure(api, made)[1]
    put(api, replicas, readyReplicas=1)

    assert "1" == ready(api, made)["metadata"]["annotations"]["deployment.kubernetes.io/revision"]


def test_a_deployment_that_rolls(api: Api) -> None:
    """From the second revision on, progress counts too."""
    made = api.create(deployment())
    second = put(api, changed(made, REVISION, "2"), conditions=[AVAILABLE], observedGeneration=1)
    put(api, changed(owned(made, "ReplicaSet", "llm-1"), REVISION, "1"), readyReplicas=1)
    replicas = put(api, changed(owned(made, "ReplicaSet", "llm-2"), REVISION, "2"), readyReplicas=0)
    assert ["Minimum number of Pods to consider the application live was not attained"] == failure(api, made)[1]
    put(api, second, conditions=[AVAILABLE, ROLLED], observedGeneration=1)
    assert ["Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"] == failure(
        api, made
    )[1]
    put(api, replicas, readyReplicas=1)

    assert ready(api, made)


def test_a_deployment_waits_for_its_claims(api: Api) -> None:
    """A claim that is not bound holds it up."""
    volumes = [{"name": "weights", "persistentVolumeClaim": {"claimName": "oss"}}]
    made = api.create(changed(deployment(), "spec.template.spec.volumes", volumes))
    put(api, changed(made, REVISION, "1"), conditions=[AVAILABLE], observedGeneration=1)
    put(api, changed(owned(made, "ReplicaSet", "llm-1"), REVISION, "1"), readyReplicas=1)
    claim = api.create(CLAIM)
    assert ['Failed to bind PersistentVolumeClaim(s): "oss"'] == failure(api, made)[1]
    put(api, claim, phase="Bound")

    assert ready(api, made)


def test_what_a_deployments_pods_say(api: Api) -> None:
    """The pods of the newest revision are quoted."""
    made = api.create(deployment())
    put(api, changed(made, REVISION, "1"), conditions=[AVAILABLE], observedGeneration=1)
    replicas = put(api, changed(owned(made, "ReplicaSet", "llm-1"), REVISION, "1"))
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "No GPU is free."}
    put(api, owned(replicas, "Pod", "llm-1-a"), conditions=[scheduled])

    assert "No GPU is free." == failure(api, made)[1][-1]


def crashed(**state: Any) -> dict[str, Any]:  # noqa: ANN401 any part of a manifest
    """Return the status of a pod whose one container is in *state*."""
    message = "containers with unready status: [ready]"
    unready = {"type": "Ready", "status": "False", "reason": "PodFailed", "message": message}
    return {"conditions": [*RUNNING[:2], unready], "containerStatuses": [{"name": "ready", "ready": False, **state}]}


def test_a_job_that_fails(api: Api) -> None:
    """It fails at once, with what its pod said last."""
    made = api.create(job())
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": "engine: out of memory"}}
    put(api, owned(made, "Pod", "llm-ready-a"), **crashed(state=ended))
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Too often."}
    put(api, made, conditions=[failed])

    assert (
        "Resource 'llm-ready' was created but failed to initialize",
        [
            "[Pod llm-ready-a]: containers with unready status: [ready][Error] engine: out of memory",
            "[BackoffLimitExceeded] Too often.",
        ],
    ) == failure(api, made, Patience(60, Event()))


def test_a_job_remembers_pods_that_are_gone(api: Api) -> None:
    """What its pods said is told, each once, although they were removed before it failed."""
    made, jobs = api.create(job()), Jobs()
    for name, code in (("a", 3), ("b", 4)):
        ended = {"terminated": {"exitCode": code, "reason": "Error"}}
        put(api, owned(made, "Pod", name), **crashed(state=ended))
        for _ in range(2):
            assert not jobs.ready(api.objects.read(), made)
        with api.objects.transaction() as contents:
            contents.remove("Pod", "default", name)
    said = 'containers with unready status: [ready]container "ready" completed with exit code'

    assert [f"[Pod a]: {said} 3", f"[Pod b]: {said} 4"] == jobs.details(api.objects.read(), made)


def test_a_job_that_ends(api: Api) -> None:
    """It is ready when it is complete."""
    made = api.create(job())
    assert "'llm-ready' timed out waiting to be Ready" == failure(api, made)[0]
    put(api, made, conditions=[{"type": "Complete", "status": "True"}])

    assert ready(api, made)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, ""),
        (
            {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image: manifest unknown"}}},
            "[ImagePullBackOff] no such image",
        ),
        (
            {"state": {"terminated": {"exitCode": 3, "reason": "Error"}}},
            'container "ready" completed with exit code 3',
        ),
        (
            {
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "T", "message": "why"}},
            },
            '[CrashLoopBackOff] back-off 10s\ncontainer "ready" terminated at T (Error: exit code 1)\nwhy',
        ),
    ],
)
def test_what_a_pod_says(api: Api, state: dict[str, Any], said: str) -> None:
    """The condition, then each container that is in the way."""
    pod = put(api, changed(of("v1", "Pod", "engine"), "metadata.namespace", "llm"), **crashed(**state))

    assert [f"[Pod llm/engine]: containers with unready status: [ready]{said}"] == failure(api, pod)[1]


def test_a_pod(api: Api) -> None:
    """It is ready when it is, or when it has succeeded."""
    pod = put(api, of("v1", "Pod", "engine"), conditions=RUNNING)
    done = put(api, of("v1", "Pod", "done"), **crashed(), phase="Succeeded")

    assert [pod, done] == [ready(api, pod), ready(api, done)]


def endpoints(**subset: Any) -> Manifest:  # noqa: ANN401 any part of a manifest
    """Return the Endpoints of the Service llm."""
    return of("v1", "Endpoints", "llm") | {"subsets": [subset]}


def test_a_service(api: Api) -> None:
    """It has an address and no pod that is not ready; nobody behind it is enough, no Endpoints too when time is up."""
    made = api.create(service(type="LoadBalancer"))
    no_address = "Service was not allocated an IP address; does your cloud provider support this?"
    assert ("'llm' timed out waiting to be Ready", [NO_PODS, no_address]) == failure(api, made)
    put(api, made, loadBalancer={"ingress": [{"ip": "10.0.1.9"}]})
    assert ready(api, made)
    waits = put(api, endpoints(notReadyAddresses=[{"ip": "10.0.1.1"}]))
    assert [NO_PODS] == failure(api, made)[1]
    put(api, waits | {"subsets": []})

    assert waiting.until_ready(api.objects, made, made, Patience(5, Event()))


def test_services_without_pods(api: Api) -> None:
    """Without a selector, or without an address, nobody looks at Endpoints."""
    plain = api.create(changed(service(), "spec.selector", None))
    headless = api.create(changed(service(clusterIP="None"), "metadata.name", "headless"))

    assert [True, True] == [bool(ready(api, each)) for each in (plain, headless)]


@pytest.mark.parametrize(("manifest", "phase"), [(VOLUME, "Available"), (VOLUME, "Bound"), (CLAIM, "Bound")])
def test_volumes(api: Api, manifest: Manifest, phase: str) -> None:
    """They have their phase, for which the provider waits as long as it likes."""
    made = api.create(manifest)
    cancelled = Event()
    cancelled.set()
    assert ("Resource operation was cancelled for 'oss'", []) == failure(api, made, Patience(0, cancelled))
    put(api, made, phase=phase)

    assert ready(api, made)


def test_a_claim_that_binds_late(api: Api) -> None:
    """Where the first pod binds it, it may be pending."""
    storage = {"provisioner": "p", "volumeBindingMode": "WaitForFirstConsumer"}
    api.create({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"}} | storage)

    assert ready(api, api.create(changed(CLAIM, "spec.storageClassName", "late")))
