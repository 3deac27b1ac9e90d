"""The shape of objects: every field at every depth, for the API's own kinds and for custom ones."""

from typing import Any

import pytest

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes import schemas
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.resources import definition, kinds, resource_of
from scripts.localcloud.values import UNKNOWN
from tests.localcloud.kubernetes.things import changed, deployment, group, of

CONTAINER = "spec.template.spec.containers.0"
DATASET = of("data.fluid.io/v1alpha1", "Dataset", "weights", mounts=[{"mountPoint": "pvc://llm-oss"}])
RUNTIME = of(
    "data.fluid.io/v1alpha1",
    "JindoRuntime",
    "weights",
    replicas=2,
    tieredstore={"levels": [{"mediumtype": "MEM", "path": "/dev/shm", "quota": "100Gi", "high": "0.95"}]},  # noqa: S108 a pod's
    worker={"resources": {"limits": {"cpu": 8, "memory": "120Gi"}}},
)
LOAD = of("data.fluid.io/v1alpha1", "DataLoad", "weights", dataset={"name": "weights", "namespace": "default"})
SCALED = of(
    "keda.sh/v1alpha1", "ScaledObject", "llm", scaleTargetRef={"name": "llm"}, triggers=[{"type": "prometheus"}]
)


def said(manifest: Manifest) -> list[str]:
    """Return what is wrong with *manifest*."""
    resource = resource_of(manifest)
    assert resource is not None
    return [str(failure) for failure in schemas.failures(resource, manifest)]


WRONG: list[tuple[Manifest, str, Any, str]] = [
    (deployment(), f"{CONTAINER}.imagee", "x", f"{CONTAINER}.imagee: no such field. Did you mean 'image'?"),
    (deployment(), "spec.replicas", "2", "spec.replicas: '2' is not of type 'integer', 'null'."),
    (deployment(), "spec.selector", None, "spec.selector: is required and missing."),
    (deployment(), "metadata.label", {}, "metadata.label: no such field. Did you mean 'labels'?"),
    (DATASET, "spec.mounts.0.mountPoint", "pvc", "spec.mounts.0.mountPoint: 'pvc' is too short."),
    (DATASET, "spec.mounts.0.mountPoint", None, "spec.mounts.0.mountPoint: is required and missing."),
    (DATASET, "spec.placement", "Own", "spec.placement: 'Own' is not one of ['Exclusive', '', 'Shared']."),
    (RUNTIME, "spec.tieredstore.levels.0.high", 0.9, "spec.tieredstore.levels.0.high: 0.9 is not of type 'string'."),
    (RUNTIME, "spec.replica", 2, "spec.replica: no such field. Did you mean 'replicas'?"),
    (LOAD, "spec.dataset.name", None, "spec.dataset.name: is required and missing."),
    (group(), "spec.replicas", -1, "spec.replicas: -1 is less than the minimum of 0."),
    (
        group(),
        "spec.leaderWorkerTemplate.workerTemplate.spec.container",
        [],
        "spec.leaderWorkerTemplate.workerTemplate.spec.container: no such field. Did you mean 'containers'?",
    ),
    (SCALED, "spec.triggers.0.metadata", 1, "spec.triggers.0.metadata: 1 is not of type 'object'."),
]


@pytest.mark.parametrize(("manifest", "path", "value", "message"), WRONG)
def test_wrong_shapes(manifest: Manifest, path: str, value: object, message: str) -> None:
    """A wrong field is named with its place and, if there is one, its neighbour."""
    good = changed(SCALED, "spec.triggers.0.metadata", {}) if manifest is SCALED else manifest
    shown = message.replace(".0.", "[0].", 1)

    assert ([], [shown]) == (said(good), said(changed(manifest, path, value)))


@pytest.mark.parametrize(
    "path", ["spec.replicas", "spec.template", f"{CONTAINER}.resources.limits.cpu", "metadata.name"]
)
def test_what_is_not_known_yet_fits(path: str) -> None:
    """A value that only an update knows is not held against an object."""
    assert [] == said(changed(deployment(), path, UNKNOWN))


def test_secret_values_are_not_quoted() -> None:
    """A message says where and which rule, not what."""
    manifest = of("v1", "Secret", "keys") | {"stringData": {"api_key": 12345}}
    resource = resource_of(manifest)
    assert resource is not None
    failures = schemas.failures(resource, manifest, quiet=frozenset({"stringData"}))

    assert ["stringData.api_key: a secret value that its type does not allow."] == list(map(str, failures))


def test_versions() -> None:
    """Schemas are those of the cluster's minor version; a version without any is named."""
    resource = resource_of(deployment())
    assert resource is not None
    assert [] == schemas.failures(resource, deployment(), "1.32.7-aliyun.1")
    with pytest.raises(LocalCloudError, match=r"kubernetes: there are no schemas of Kubernetes 1\.9 here\."):
        schemas.failures(resource, deployment(), "1.9.0")


def test_every_kind_has_a_schema_and_a_name() -> None:
    """No kind is known by name only."""
    for kind in kinds():
        version, _, name = kind.rpartition("/")
        resource = resource_of({"apiVersion": version, "kind": name})
        assert resource is not None
        schemas.failures(resource, {"apiVersion": version, "kind": name, "metadata": {}})


@pytest.mark.parametrize(
    ("api_version", "kind", "plural"),
    [
        ("apps/v1", "Deployment", "deployments.apps"),
        ("v1", "Endpoints", "endpoints"),
        ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies.networking.k8s.io"),
        ("storage.k8s.io/v1", "StorageClass", "storageclasses.storage.k8s.io"),
        ("data.fluid.io/v1alpha1", "Dataset", "datasets.data.fluid.io"),
    ],
)
def test_plurals(api_version: str, kind: str, plural: str) -> None:
    """The API's paths and messages use the plural with the group."""
    resource = resource_of({"apiVersion": api_version, "kind": kind})

    assert resource is not None
    assert plural == resource.plural


def test_definitions() -> None:
    """The definition of a custom kind has the name that its objects ask for."""
    resource = resource_of(DATASET)

    assert resource is not None
    assert resource.crd == definition("Dataset")["metadata"]["name"]
