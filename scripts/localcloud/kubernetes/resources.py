"""The kinds of object a cluster's API serves: its own, and those whose CustomResourceDefinition was installed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from scripts.localcloud.kubernetes.objects import Contents, Manifest

Rows: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The rules of a custom kind's fields, by path: ``[]`` is an item of a list, ``.*`` a value of a map."""

_CLUSTER_WIDE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "PersistentVolume",
    "StorageClass",
}
_OWN = {
    "v1": (
        "ConfigMap Endpoints Event Namespace PersistentVolume PersistentVolumeClaim Pod Secret Service ServiceAccount"
    ),
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apps/v1": "DaemonSet Deployment ReplicaSet",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "Job",
    "networking.k8s.io/v1": "NetworkPolicy",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "storage.k8s.io/v1": "StorageClass",
}
"""The API's own kinds that something in the local cloud acts on; the others are refused rather than ignored."""


@dataclass(frozen=True)
class Resource:
    """One kind: *crd* names the definition it needs, *rows* are the rules of its fields, if it is not the API's own."""

    api_version: str
    kind: str
    crd: str = ""
    rows: Rows | None = field(default=None, hash=False)

    @property
    def namespaced(self) -> bool:
        """Whether its objects lie in namespaces."""
        return self.kind not in _CLUSTER_WIDE

    @property
    def plural(self) -> str:
        """The name that the API's paths and messages use, such as ``deployments.apps``."""
        lower = self.kind.lower()
        if lower.endswith("y"):
            lower = lower[:-1] + "ie"
        elif lower.endswith("ss"):
            lower += "e"
        group = self.api_version.rpartition("/")[0]
        return f"{lower.removesuffix('s')}s" + (f".{group}" if group else "")

    def served(self, contents: Contents) -> bool:
        """Whether the API of the cluster with *contents* serves this kind."""
        return not self.crd or contents.get("CustomResourceDefinition", "", self.crd) is not None


@cache
def _all() -> Mapping[tuple[str, str], Resource]:
    own = [Resource(version, kind) for version, kinds in _OWN.items() for kind in kinds.split()]
    document = json.loads((Path(__file__).parent / "crds.json").read_text(encoding="utf-8"))
    custom = [Resource(row["apiVersion"], kind, row["crd"], row["properties"]) for kind, row in document.items()]
    return {(item.api_version, item.kind): item for item in (*own, *custom)}


def resource_of(manifest: Manifest) -> Resource | None:
    """Return the kind of *manifest*, if the local cloud knows it."""
    return _all().get((manifest.get("apiVersion", ""), manifest.get("kind", "")))


def kinds() -> list[str]:
    """Return every kind the local cloud knows as ``apiVersion/kind``."""
    return [f"{version}/{kind}" for version, kind in _all()]


def definition(kind: str) -> Manifest:
    """Return the CustomResourceDefinition of the custom *kind*, as far as anybody asks."""
    resource = next(item for item in _all().values() if item.kind == kind)
    group, version = resource.api_version.split("/")
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.crd},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": resource.crd.split(".", 1)[0]},
            "scope": "Namespaced",
            "versions": [{"name": version, "served": True, "storage": True}],
        },
    }
