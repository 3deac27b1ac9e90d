"""The kubernetes provider through both doors: the same refusals, ids, secrets and half-made objects."""

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from scripts.localcloud import wire
from scripts.localcloud.api_server import kubeconfig
from scripts.localcloud.backend import State
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.backend import Kubernetes
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.values import UNKNOWN, Values
from scripts.localcloud.world import Record
from tests.localcloud.cloud.doors import Door, half_made, served
from tests.localcloud.kubernetes.things import (
    CONFIG_MAP,
    DEPLOYMENT,
    JOB,
    SECRET,
    SERVICE,
    call,
    changed,
    config_map,
    deployment,
    job,
    of,
    service,
)

NO_PODS = (
    "Service does not target any Pods. Selected Pods may not be ready, or "
    "field '.spec.selector' may not match labels on any Pods"
)
NONE: frozenset[str] = frozenset()
SKIPPING = {"pulumi.com/skipAwait": "true"}


def test_create(door: Door) -> None:
    """An object has its namespace and name as its id, and what the API server made of it."""
    made = door.create(CONFIG_MAP, "files", wire.encode(config_map(a="b")))

    assert ("default/files", "") == (made.id, made.refusal)
    assert made.outputs is not None
    assert {"a": "b"} == made.outputs["data"]


def test_automatic_names(door: Door) -> None:
    """An object without a name gets one of the resource's, and says so."""
    made = door.create(CONFIG_MAP, "files", wire.encode({"apiVersion": "v1", "kind": "ConfigMap"}))

    assert made.outputs is not None
    metadata = made.outputs["metadata"]
    assert isinstance(metadata, dict)
    assert (made.id, {"pulumi.com/autonamed": "true"}) == (f"default/{metadata['name']}", metadata["annotations"])
    assert str(metadata["name"]).startswith("files-")


def test_a_preview(door: Door, api: Api) -> None:
    """It shows defaults and no status, and makes nothing."""
    seen = door.create(SERVICE, "llm", wire.encode(service()), preview=True)

    assert seen.outputs is not None
    assert isinstance(seen.outputs["spec"], dict)
    assert ("", "ClusterIP", False) == (seen.id, seen.outputs["spec"]["type"], "status" in seen.outputs)
    assert [] == api.objects.read().everything()


def test_secrets(door: Door) -> None:
    """What is in a Secret is secret, and is Base64 as soon as it is checked."""
    made = door.create(SECRET, "keys", wire.encode(of("v1", "Secret", "keys") | {"stringData": {"api_key": "hush"}}))

    assert made.outputs is not None
    assert (frozenset({"data"}), {"api_key": "aHVzaA=="}) == (made.secret, made.outputs["data"])


@pytest.mark.parametrize(
    ("plain", "kept"),
    [
        ({"api_key": "hush"}, {"data": {"api_key": "aHVzaA==", "old": "MQ=="}}),
        ({"api_key": UNKNOWN}, {"data": {"old": "MQ=="}, "stringData": {"api_key": UNKNOWN}}),
    ],
)
def test_plain_strings(provider: Kubernetes, plain: Values, kept: Values) -> None:
    """They become data in the inputs already, so that a diff shows data, unless one of them is not known."""
    secret = of("v1", "Secret", "keys")
    checked = provider.check(call(SECRET), {}, secret | {"data": {"old": "MQ=="}, "stringData": plain}, NONE, "seed")

    assert (secret | kept, ()) == (checked.inputs, checked.failures)


def test_a_wrong_shape(door: Door) -> None:
    """All that is wrong is told before anything is made."""
    wrong = changed(changed(deployment(), "spec.replica", 2), "spec.template.spec.containers.0.imag", "x")
    refused = door.create(DEPLOYMENT, "llm", wire.encode(wrong))

    assert refused.refusal == (
        "spec.replica: no such field. Did you mean 'replicas'?\n"
        "spec.template.spec.containers[0].imag: no such field. Did you mean 'image'?"
    )


WRONG: list[tuple[str, Manifest, str]] = [
    (DEPLOYMENT, config_map(), f"apiVersion: must be 'apps/v1' for {DEPLOYMENT}."),
    (CONFIG_MAP, {"apiVersion": "v1"}, f"kind: must be 'ConfigMap' for {CONFIG_MAP}."),
    (CONFIG_MAP, config_map() | {"metadata": "files"}, "metadata: must be an object."),
    (
        CONFIG_MAP,
        config_map() | {"metadata": {"generateName": "files-"}},
        "the `.metadata.generateName` field is not supported in Server-Side Apply mode",
    ),
    (
        "kubernetes:apps/v1:Deploymet",
        deployment(),
        (
            "kubernetes:apps/v1:Deploymet: this kind of object is not in the local cloud. "
            "Did you mean 'apps/v1/Deployment'?"
        ),
    ),
]


@pytest.mark.parametrize(("type_", "manifest", "message"), WRONG)
def test_what_is_no_object(door: Door, type_: str, manifest: Manifest, message: str) -> None:
    """An object must be of the kind that its type names."""
    assert message == door.create(type_, "thing", wire.encode(manifest)).refusal


def test_a_refusal(door: Door) -> None:
    """The API server's words come through, in a preview too."""
    hostile = wire.encode(changed(deployment(), "spec.template.spec.hostNetwork", value=True))
    told = [door.create(DEPLOYMENT, "llm", hostile, preview=preview).refusal for preview in (True, False)]
    words = (
        "was not successfully created by the Kubernetes API server: "
        'deployments.apps "llm" is refused by ACS: spec.template.spec.hostNetwork: ACS lets no pod share a node'
    )

    assert [True, True] == [text.endswith(words) for text in told]


def test_a_half_made_object(door: Door, api: Api) -> None:
    """An object that does not become ready exists for the stack, which learns why."""
    annotated = changed(service(type="LoadBalancer"), "metadata.annotations", {"pulumi.com/timeoutSeconds": "0"})
    failed = door.create(SERVICE, "llm", wire.encode(annotated))
    first, *details = failed.refusal.splitlines()

    assert "default/llm" == failed.id
    assert first.endswith(
        " was successfully created, but the Kubernetes API server reported that it failed to fully initialize "
        "or become live: 'llm' timed out waiting to be Ready"
    )
    assert [NO_PODS, "Service was not allocated an IP address; does your cloud provider support this?"] == details
    assert api.objects.read().get("Service", "default", "llm")


def test_a_refresh_of_what_is_not_ready(cloud: Cloud, cluster: Record, api: Api) -> None:
    """The plugin tells it like a half-made object, with its present state."""
    made = api.create(job())
    with served(cloud, "kubernetes", {"kubeconfig": kubeconfig(cluster)}) as plugin:
        asked = provider_pb2.ReadRequest(type=JOB, id="default/llm-ready", inputs=wire.encode(job()))
        with pytest.raises(grpc.RpcError) as raised:
            plugin.stub.Read(asked)
    failed = half_made(raised.value)

    assert ("default/llm-ready", made) == (failed.id, wire.decode(failed.properties)[0])


def test_background_deletion(provider: Kubernetes, api: Api) -> None:
    """An annotation lets an object go before what it owns."""
    asked = {"pulumi.com/deletionPropagationPolicy": "Background", "pulumi.com/skipAwait": "true"}
    owner = changed(job(), "metadata.annotations", asked)
    made = provider.create(call(JOB), owner, NONE)
    with api.objects.transaction() as contents:
        pod = of("v1", "Pod", "llm-ready-a", nodeName="virtual-kubelet")
        contents.put(changed(pod, "metadata.ownerReferences", [{"uid": made.properties["metadata"]["uid"]}]))  # type: ignore[index,call-overload]  # a manifest
    provider.delete(call(JOB), State(made.id, owner, made.properties))

    assert ["Pod"] == [item["kind"] for item in api.objects.read().everything()]


def test_a_name_that_is_taken(provider: Kubernetes) -> None:
    """The refusal says what may be the reason."""
    provider.create(call(CONFIG_MAP), config_map(), frozenset())
    with pytest.raises(LocalCloudError, match=r'configmaps "files" already exists\n\nThe resource already exists in'):
        provider.create(call(CONFIG_MAP), config_map(), frozenset())


def test_the_life_of_an_object(provider: Kubernetes) -> None:
    """Made, read, changed in place, previewed, deleted; each time as it is then."""
    first, second = config_map(a="b"), config_map(a="c")
    made = provider.create(call(CONFIG_MAP), first, frozenset({"data"}))
    state = State(made.id, first, made.properties)
    assert ["data"] == made.secret
    found = provider.read(call(CONFIG_MAP), state)
    assert found is not None
    assert (made.properties, first) == (found[0].properties, found[1])
    assert {"a": "c"} == provider.preview(call(CONFIG_MAP), second, state)["data"]
    assert {"a": "c"} == provider.update(call(CONFIG_MAP), state, second, frozenset()).properties["data"]
    provider.delete(call(CONFIG_MAP), state)
    provider.delete(call(CONFIG_MAP), state)

    assert provider.read(call(CONFIG_MAP), state) is None
    with pytest.raises(LocalCloudError, match=r'update of resource "urn:thing" failed: configmaps "files" not found'):
        provider.update(call(CONFIG_MAP), state, second, frozenset())


def test_an_import(provider: Kubernetes) -> None:
    """An object that the stack does not know yet brings all its inputs."""
    provider.create(call(CONFIG_MAP), config_map(a="b"), frozenset())
    found = provider.read(call(CONFIG_MAP), State("default/files"))

    assert found is not None
    assert {"a": "b"} == found[1]["data"]


def test_a_failed_update_and_a_failed_refresh(provider: Kubernetes) -> None:
    """Both say what the object waits for, and keep it."""
    skipped = changed(job(), "metadata.annotations", SKIPPING)
    made = provider.create(call(JOB), skipped, frozenset())
    state = State(made.id, skipped, made.properties)
    with pytest.raises(LocalCloudError) as updated:
        provider.update(call(JOB), state, job(), frozenset())
    with pytest.raises(LocalCloudError, match="Resource 'llm-ready' was created but failed to initialize"):
        provider.read(call(JOB), State(made.id, job(), made.properties))

    assert str(updated.value) == (
        'the Kubernetes API server reported that "default/llm-ready" failed to fully initialize or become live: '
        "'llm-ready' timed out waiting to be Ready"
    )


def test_a_deletion_that_hangs(provider: Kubernetes) -> None:
    """A finalizer that nobody takes off is named when the time is up."""
    held = changed(config_map(), "metadata.finalizers", ["example.com/keep"])
    made = provider.create(call(CONFIG_MAP), held, frozenset())
    with pytest.raises(LocalCloudError) as raised:
        provider.delete(call(CONFIG_MAP), State(made.id, held, made.properties))

    assert str(raised.value) == (
        "timed out waiting for the condition\nfinalizers might be preventing deletion (example.com/keep)"
    )


def test_functions(provider: Kubernetes) -> None:
    """The local cloud has none of this provider's functions."""
    with pytest.raises(LocalCloudError, match=r"kubernetes:yaml:decode: this function is not in the local cloud\."):
        provider.invoke("kubernetes:yaml:decode", {})
