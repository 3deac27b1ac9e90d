"""When the provider takes an object for ready, and what it says when it does not."""

from threading import Event
from typing import Any

import pytest

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes import waiting
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.readiness import Jobs
from scripts.localcloud.kubernetes.waiting import NotReadyError, Patience
from tests.localcloud.kubernetes.things import CLAIM, VOLUME, changed, deployment, job, of, service

NOW = Patience(0, Event())
REVISION = "metadata.annotations.deployment~kubernetes~io/revision"
AVAILABLE = {"type": "Available", "status": "True"}
ROLLED = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
RUNNING = [{"type": name, "status": "True"} for name in ("PodScheduled", "Initialized", "Ready")]
NO_PODS = (
    "Service does not target any Pods. Selected Pods may not be ready, or "
    "field '.spec.selector' may not match labels on any Pods"
)


def put(api: Api, manifest: Manifest, **status: Any) -> Manifest:  # noqa: ANN401 any part of a manifest
    """Keep *manifest* with a status, as a controller does."""
    with api.objects.transaction() as contents:
        return contents.put(manifest | ({"status": status} if status else {}))


def owned(owner: Manifest, kind: str, name: str) -> Manifest:
    """Return an object that *owner* owns."""
    manifest = of("v1", kind, name, replicas=1)
    return changed(manifest, "metadata.ownerReferences", [{"uid": owner["metadata"]["uid"]}])


def failure(api: Api, manifest: Manifest, patience: Patience = NOW) -> tuple[str, list[str]]:
    """Return what is said of *manifest*, which does not become ready."""
    with pytest.raises(NotReadyError) as raised:
        waiting.until_ready(api.objects, manifest, manifest, patience)
    return str(raised.value), raised.value.details


def ready(api: Api, manifest: Manifest) -> Manifest:
    """Return *manifest*, which is ready."""
    return waiting.until_ready(api.objects, manifest, manifest, NOW)


def test_kinds_that_nobody_waits_for(api: Api) -> None:
    """They are ready when they are made."""
    made = api.create(of("v1", "ServiceAccount", "engine"))

    assert made == ready(api, made)


def test_skipping(api: Api) -> None:
    """An annotation makes any object ready at once, even against a condition."""
    annotations = {"pulumi.com/skipAwait": "true", "pulumi.com/waitFor": "condition=Ready"}

    assert ready(api, api.create(changed(deployment(), "metadata.annotations", annotations)))


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
    """What a pod said is told although the pod was removed before the Job failed."""
    made = api.create(job())
    put(api, owned(made, "Pod", "llm-ready-a"), **crashed(state={"terminated": {"exitCode": 3, "reason": "Error"}}))
    jobs = Jobs()
    assert not jobs.ready(api.objects.read(), made)
    with api.objects.transaction() as contents:
        contents.remove("Pod", "default", "llm-ready-a")
    jobs.ready(api.objects.read(), made)

    assert [
        '[Pod llm-ready-a]: containers with unready status: [ready]container "ready" completed with exit code 3'
    ] == jobs.details(api.objects.read(), made)


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


WAITS: list[tuple[str, dict[str, Any], bool]] = [
    ("jsonpath={.status.phase}=Bound", {"phase": "Bound"}, True),
    ("jsonpath={.status.phase}=Bound", {"phase": "NotBound"}, False),
    ("jsonpath={.status.mounts[0].name}", {"mounts": [{"name": "x"}]}, True),
    ("jsonpath={.status.phase}", {}, False),
    ("jsonpath={.status.phase}=Bound", {"phase": "Bound", "observedGeneration": 0}, False),
    ("condition=Ready", {"conditions": [{"type": "Ready", "status": "True"}]}, True),
    ("condition=Ready", {"conditions": [{"type": "Ready", "status": "False"}]}, False),
    ("condition=Ready=false", {"conditions": [{"type": "Ready", "status": "False"}]}, True),
    ('["condition=Ready", "jsonpath={.status.phase}=Bound"]', {"phase": "Bound"}, False),
]


@pytest.mark.parametrize(("condition", "status", "holds"), WAITS)
def test_conditions_of_ones_own(api: Api, condition: str, status: dict[str, Any], holds: bool) -> None:  # noqa: FBT001 a column of the table
    """An annotation replaces the provider's own wait, of any kind."""
    annotated = changed(of("data.fluid.io/v1alpha1", "Dataset", "weights"), "metadata.annotations", {})
    made = put(api, changed(annotated, "metadata.annotations.pulumi~com/waitFor", condition), **status)

    if holds:
        assert ready(api, made)
    else:
        assert ("timed out waiting for the condition", []) == failure(api, made)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("phase=Bound", 'expected a "jsonpath=" or "condition=" prefix, got "phase=Bound"'),
        (
            "jsonpath={.status.x[?(@.a)]}",
            (
                "pulumi.com/waitFor: 'jsonpath={.status.x[?(@.a)]}': "
                "the local cloud reads plain paths such as {.a.b[0]}."
            ),
        ),
    ],
)
def test_conditions_nobody_reads(api: Api, condition: str, message: str) -> None:
    """A condition that is none is an error."""
    made = put(api, changed(of("v1", "Pod", "x"), "metadata.annotations", {"pulumi.com/waitFor": condition}))
    with pytest.raises(LocalCloudError) as raised:
        ready(api, made)

    assert message == str(raised.value)


def test_being_called_off(api: Api) -> None:
    """A wait ends when nobody waits any more."""
    patience = Patience(600, Event())
    patience.cancelled.set()

    assert 'Resource operation was cancelled for "llm-ready"' == failure(api, api.create(job()), patience)[0]


def test_what_vanishes_while_it_is_waited_for(api: Api) -> None:
    """It is not waited for any longer."""
    assert "llm-ready was deleted while it was waited for" == failure(api, job())[0]


def test_refreshing(api: Api) -> None:
    """A refresh looks once, and passes what a program does not wait for."""
    made = api.create(job())
    skipping = changed(job(), "metadata.annotations", {"pulumi.com/skipAwait": "true"})
    waiting.check_ready(api.objects, skipping, made)
    waiting.check_ready(api.objects, CLAIM, api.create(CLAIM))

    with pytest.raises(NotReadyError, match="Resource 'llm-ready' was created but failed to initialize"):
        waiting.check_ready(api.objects, job(), made)


def test_a_refreshed_service_is_quiet(api: Api) -> None:
    """Its Endpoints need not have been watched before."""
    made = api.create(service())
    put(api, endpoints(addresses=[{"ip": "10.0.1.1"}]))

    waiting.check_ready(api.objects, service(), made)


def test_deleting(api: Api) -> None:
    """What a finalizer holds is waited for; another object of that name is not the same."""
    made = api.create(changed(job(), "metadata.finalizers", ["example.com/keep"]))
    with api.objects.transaction() as contents:
        contents.remove("Job", "default", "llm-ready")
    with pytest.raises(NotReadyError) as raised:
        waiting.until_gone(api.objects, job(), made, NOW)
    skipping = changed(job(), "metadata.annotations", {"pulumi.com/skipAwait": "true"})
    waiting.until_gone(api.objects, skipping, made, NOW)
    with api.objects.transaction() as contents:
        contents.drop("Job", "default", "llm-ready")
    api.create(job())
    waiting.until_gone(api.objects, job(), made, NOW)

    assert ["finalizers might be preventing deletion (example.com/keep)"] == raised.value.details
