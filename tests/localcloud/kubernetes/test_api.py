"""The API server: what it completes, merges, and refuses in its own words."""

from typing import Any

import pytest

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes.api import Api, ApiError
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.resources import definition
from scripts.localcloud.world import Record
from tests.localcloud.kubernetes.things import changed, config_map, deployment, group, job, of, service

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm"}}


def in_namespace(manifest: Manifest) -> Manifest:
    """Return *manifest* in the namespace llm."""
    return changed(manifest, "metadata.namespace", "llm")


def refused(api: Api, manifest: Manifest) -> tuple[str, str]:
    """Return the reason and the message with which the API server refuses *manifest*."""
    with pytest.raises(ApiError) as refusal:
        api.create(manifest)
    return refusal.value.reason, str(refusal.value)


def test_defaults(api: Api) -> None:
    """What was left out is there afterwards, and what was given is as it was."""
    made = api.create(deployment())
    container = made["spec"]["template"]["spec"]["containers"][0]

    assert (1, "RollingUpdate", {"maxSurge": "25%", "maxUnavailable": "25%"}) == (
        made["spec"]["replicas"],
        made["spec"]["strategy"]["type"],
        made["spec"]["strategy"]["rollingUpdate"],
    )
    assert ("Always", 30) == tuple(
        made["spec"]["template"]["spec"][name] for name in ("restartPolicy", "terminationGracePeriodSeconds")
    )
    assert ("IfNotPresent", "/dev/termination-log", {"cpu": "2", "memory": "4Gi"}, "TCP") == (
        container["imagePullPolicy"],
        container["terminationMessagePath"],
        container["resources"]["requests"],
        container["ports"][0]["protocol"],
    )


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("example.com:5000/engine", "Always"),
        ("example/engine:latest", "Always"),
        ("engine:1", "IfNotPresent"),
        ("engine@sha256:0", "IfNotPresent"),
    ],
)
def test_pull_policies(api: Api, image: str, policy: str) -> None:
    """An image without a tag, or with the tag latest, is pulled each time."""
    made = api.create(changed(job(), "spec.template.spec.containers.0.image", image))

    assert policy == made["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"]


def test_probes_and_volumes(api: Api) -> None:
    """Only what is there is completed."""
    probed = changed(deployment(), "spec.template.spec.containers.0.readinessProbe", {"httpGet": {"port": 8000}})
    mounted = changed(probed, "spec.template.spec.volumes", [{"name": "key", "secret": {"secretName": "keys"}}])
    spec = api.create(mounted)["spec"]["template"]["spec"]

    assert "livenessProbe" not in spec["containers"][0]
    assert {"path": "/", "port": 8000, "scheme": "HTTP"} == spec["containers"][0]["readinessProbe"]["httpGet"]
    assert {"secretName": "keys", "defaultMode": 420} == spec["volumes"][0]["secret"]


def test_a_service_has_an_address_of_its_own(api: Api) -> None:
    """Addresses are those of the cluster's services, the first is the API server's."""
    first = api.create(service())
    second = api.create(changed(service(), "metadata.name", "other"))
    headless = api.create(changed(service(clusterIP="None"), "metadata.name", "headless"))

    assert ("192.168.0.2", "192.168.0.3", "None") == tuple(
        each["spec"]["clusterIP"] for each in (first, second, headless)
    )
    assert [{"port": 8000, "protocol": "TCP", "targetPort": 8000}] == first["spec"]["ports"]


def test_a_secret_keeps_base64(api: Api) -> None:
    """Plain strings are encoded over what was encoded already."""
    manifest = of("v1", "Secret", "keys") | {"data": {"a": "MQ==", "b": "Mg=="}, "stringData": {"b": "3"}}
    made = api.create(manifest)

    assert ({"a": "MQ==", "b": "Mw=="}, "Opaque", False) == (made["data"], made["type"], "stringData" in made)


def test_custom_kinds_have_defaults_too(api: Api) -> None:
    """Those of their definition."""
    with api.objects.transaction() as contents:
        contents.put(definition("LeaderWorkerSet"))
    spec = api.create(group())["spec"]

    assert ("LeaderCreated", 1) == (spec["startupPolicy"], spec["replicas"])


def test_a_kind_needs_its_definition(api: Api) -> None:
    """A custom kind is unknown until its definition is there."""
    message = 'no matches for kind "LeaderWorkerSet" in version "leaderworkerset.x-k8s.io/v1"'

    assert ("NoMatch", message) == refused(api, group())


def test_namespaces(api: Api) -> None:
    """A namespace must be there, and stay."""
    assert ("NotFound", 'namespaces "llm" not found') == refused(api, in_namespace(config_map()))
    api.create(NAMESPACE)
    with api.objects.transaction() as contents:
        contents.put(in_namespace(of("v1", "Pod", "engine", nodeName="virtual-kubelet")))
        contents.remove("Namespace", "", "llm")
    why = "unable to create new content in namespace llm because it is being terminated"

    assert ("Forbidden", f'configmaps "files" is forbidden: {why}') == refused(api, in_namespace(config_map()))


def test_names_are_taken_once(api: Api) -> None:
    """Also while the first one is being deleted."""
    api.create(deployment())
    first = refused(api, deployment())
    with api.objects.transaction() as contents:
        kept = contents.get("Deployment", "default", "llm")
        assert kept is not None
        contents.put(changed(kept, "metadata.finalizers", ["example.com/keep"]))
        contents.remove("Deployment", "default", "llm")

    assert ("AlreadyExists", 'deployments.apps "llm" already exists') == first
    assert "object is being deleted: " + first[1] == refused(api, deployment())[1]


def test_what_is_invalid(api: Api) -> None:
    """One problem stands alone, several in a list; a wrong shape is told first."""
    nameless = changed(deployment(), "metadata.name", "A")
    worse = changed(nameless, "spec.template.spec.restartPolicy", "Never")
    name = "metadata.name: Invalid value: 'A': must be an RFC 1123 subdomain: lower-case letters, digits, '-' and '.'"
    policy = "spec.template.spec.restartPolicy: Unsupported value: 'Never': supported values: 'Always'"

    assert ("Invalid", f'Deployment.apps "A" is invalid: {name}') == refused(api, nameless)
    assert ("Invalid", f'Deployment.apps "A" is invalid: [{name}, {policy}]') == refused(api, worse)
    assert ("Invalid", "Deployment.apps \"A\" is invalid: spec.replica: no such field. Did you mean 'replicas'?") == (
        refused(api, changed(nameless, "spec.replica", 2))
    )


def test_acs_alone_refuses_for_acs(api: Api, cluster: Record) -> None:
    """A cluster of another profile has nodes."""
    shared = changed(deployment(), "spec.template.spec.hostNetwork", value=True)
    message = 'deployments.apps "llm" is refused by ACS: spec.template.spec.hostNetwork: ACS lets no pod share a node'
    assert ("BadRequest", message) == refused(api, shared)
    cluster.properties["profile"] = "Default"

    assert Api(api.objects, cluster).create(shared)["spec"]["template"]["spec"]["hostNetwork"]


def test_apply_keeps_what_others_wrote(api: Api) -> None:
    """What the program said before and does not say now goes; the controllers' words and the defaults stay."""
    before = changed(deployment(), "metadata.annotations", {"mine": "1", "old": "1"})
    made = api.create(before)
    with api.objects.transaction() as contents:
        revised = changed(made, "metadata.annotations.deployment~kubernetes~io/revision", "1")
        contents.put(revised | {"status": {"replicas": 1}})
    after = api.apply(changed(deployment(), "metadata.annotations", {"mine": "2"}), before)

    assert {"mine": "2", "deployment.kubernetes.io/revision": "1"} == after["metadata"]["annotations"]
    assert ({"replicas": 1}, made["spec"], made["metadata"]["generation"]) == (
        after["status"],
        after["spec"],
        after["metadata"]["generation"],
    )


FIXED: list[tuple[Manifest, str, Any]] = [
    (job(), "spec.template.spec.containers.0.image", "example/engine:2"),
    (service(clusterIP="192.168.0.9"), "spec.clusterIP", "192.168.0.10"),
    (of("v1", "Secret", "keys") | {"type": "Opaque"}, "type", "kubernetes.io/tls"),
    (config_map(a="b") | {"immutable": True}, "data.a", "c"),
]


@pytest.mark.parametrize(("manifest", "path", "value"), FIXED)
def test_what_cannot_be_changed(api: Api, manifest: Manifest, path: str, value: object) -> None:
    """Such an update is refused; only a replacement does it."""
    api.create(manifest)

    with pytest.raises(LocalCloudError, match=r"is invalid: .*: Invalid value: field is immutable"):
        api.apply(changed(manifest, path, value), manifest)


def test_apply_to_nothing(api: Api) -> None:
    """An object that is gone is not made again."""
    with pytest.raises(ApiError, match=r'configmaps "files" not found'):
        api.apply(config_map(), config_map())
