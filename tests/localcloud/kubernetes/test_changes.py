"""What an update changes, what it replaces, and whose changes it does not see."""

from typing import Any

import pytest

from scripts.localcloud.diff import Change
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.changes import Mutable, diff, pruned
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.values import UNKNOWN
from tests.localcloud.kubernetes.things import CLAIM, VOLUME, changed, config_map, deployment, job, of, service

SECRET = of("v1", "Secret", "keys") | {"data": {"api_key": "YQ=="}, "type": "Opaque"}
BINDING = of("rbac.authorization.k8s.io/v1", "RoleBinding", "watch") | {"roleRef": {"name": "watch"}}
CONTAINER = "spec.template.spec.containers[0]"


def compared(old: Manifest, new: Manifest, *ignore: str, mutable: Mutable | None = None) -> list[tuple[str, str, bool]]:
    """Return the changes from *old*, unchanged in the cluster, to *new*."""
    found = diff(old, old, new, mutable or Mutable(), frozenset(ignore))
    return [(change.path, change.kind, change.replaces) for change in found.changes]


CHANGES: list[tuple[Manifest, str, Any, str, str, bool]] = [
    (deployment(), "spec.replicas", 2, "spec.replicas", "add", False),
    (deployment(), "spec.template.spec.containers.0.image", "x", f"{CONTAINER}.image", "update", False),
    (deployment(), "spec.template.spec.containers.0.ports", None, f"{CONTAINER}.ports", "delete", False),
    (deployment(), "spec.selector.matchLabels.app", "llm", "spec.selector.matchLabels.app", "add", True),
    (deployment(), "spec.selector", {"matchLabels": {}}, "", "", True),
    (deployment(), "spec.template", UNKNOWN, "spec.template", "update", False),
    (deployment(), "metadata.name", "other", "metadata.name", "update", True),
    (deployment(), "metadata.namespace", "other", "metadata.namespace", "update", True),
    (deployment(), "metadata.annotations", {"a~b": "c"}, "metadata.annotations", "add", False),
    (job(), "spec.template.spec.containers.0.image", "x", f"{CONTAINER}.image", "update", True),
    (job(), "spec.template", UNKNOWN, "spec.template", "update", True),
    (job(), "spec", {"template": {}, "backoffLimit": 1}, "", "", True),
    (job(), "spec.backoffLimit", 1, "spec.backoffLimit", "add", False),
    (service(), "spec.clusterIP", "192.168.0.9", "spec.clusterIP", "add", True),
    (service(), "spec.type", "LoadBalancer", "spec.type", "add", False),
    (of("v1", "Service", "llm"), "spec", {"clusterIP": "192.168.0.9"}, "spec", "add", True),
    (of("v1", "Service", "llm"), "spec", {"type": "ClusterIP"}, "spec", "add", False),
    (CLAIM, "spec.accessModes.0", "ReadWriteMany", "spec.accessModes[0]", "update", True),
    (CLAIM, "spec.resources.requests.storage", "2Gi", "spec.resources.requests.storage", "update", False),
    (VOLUME, "spec.csi.driver", "e", "spec.csi.driver", "update", True),
    (VOLUME, "spec.capacity.storage", "2Gi", "spec.capacity.storage", "update", False),
    (BINDING, "roleRef.name", "other", "roleRef.name", "update", True),
    (SECRET, "type", "kubernetes.io/tls", "type", "update", True),
    (SECRET, "data.api_key", "Yg==", "data.api_key", "update", True),
    (config_map(a="b"), "data.a", "c", "data.a", "update", True),
    (config_map(a="b"), "data.Caddy~file", "c", 'data["Caddy.file"]', "add", True),
]


@pytest.mark.parametrize(("old", "path", "value", "place", "kind", "replaces"), CHANGES)
def test_one_change(old: Manifest, path: str, value: object, place: str, kind: str, replaces: bool) -> None:  # noqa: FBT001 columns of the table
    """Each is at its place, and replaces or not as the provider's rules say."""
    found = compared(old, changed(old, path, value))

    assert replaces == any(change[2] for change in found)
    if place:
        assert [(place, kind, replaces)] == found


def test_mutable_kinds() -> None:
    """With the provider's settings data changes in place, unless the object is immutable."""
    mutable = Mutable(config_map=True, secret=True)
    rows = [(config_map(a="b"), "data.a"), (SECRET, "data.api_key")]

    assert [False, False] == [compared(old, changed(old, path, "c"), mutable=mutable)[0][2] for old, path in rows]
    assert [True, True] == [
        compared(old | {"immutable": True}, changed(old, path, "c") | {"immutable": True}, mutable=mutable)[0][2]
        for old, path in rows
    ]


def test_what_the_cluster_wrote_is_no_change(api: Api) -> None:
    """Defaults and a controller's status are not in the program, and need not be."""
    made = api.create(deployment()) | {"status": {"replicas": 1}}

    assert () == diff(deployment(), made, deployment(), Mutable(), frozenset()).changes


def test_drift_that_a_refresh_saw(api: Api) -> None:
    """What the program says and the cluster has otherwise is a change back."""
    before = changed(deployment(), "spec.replicas", 1)
    live = changed(api.create(before), "spec.replicas", 5)

    assert (Change("spec.replicas", "update", replaces=False),) == (
        diff(before, live, before, Mutable(), frozenset()).changes
    )


def test_what_is_ignored() -> None:
    """A path takes everything under it along."""
    new = changed(changed(deployment(), "spec.replicas", 2), "spec.template.spec.containers.0.image", "x")

    assert [] == compared(deployment(), new, "spec.template", "spec.replicas")


@pytest.mark.parametrize(
    ("path", "value", "waits"),
    [
        ("spec.selector.matchLabels.app", "llm", True),
        ("metadata.name", "other", False),
        ("metadata.namespace", "other", False),
        ("metadata.name", UNKNOWN, False),
        ("metadata.annotations", {"pulumi.com/autonamed": "true"}, False),
    ],
)
def test_a_chosen_name_is_free_first(path: str, value: object, waits: bool) -> None:  # noqa: FBT001 a column of the table
    """A replacement that keeps a name somebody chose deletes first."""
    new = changed(deployment(), path, value)

    assert waits == diff(deployment(), deployment(), new, Mutable(), frozenset()).delete_before_replace


def test_pruning() -> None:
    """Only what has a place in the shape stays; a list is cut to its length."""
    assert {"a": [{"b": 1}], "c": "x"} == pruned(
        {"a": [{"b": 1, "d": 2}, {"b": 3}], "c": "x", "e": 1}, {"a": [{"b": 0}], "c": {"f": 1}}
    )
