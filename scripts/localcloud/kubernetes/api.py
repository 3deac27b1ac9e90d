"""The API server of one cluster: what it takes, how it completes and merges it, what it answers when it refuses."""

from collections.abc import Mapping
from copy import deepcopy
from ipaddress import IPv4Network
from typing import Any

from scripts.localcloud.check_values import Failure
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes import admission, defaults, schemas, validation
from scripts.localcloud.kubernetes.objects import Contents, Manifest, Objects, key
from scripts.localcloud.kubernetes.pods import pluck
from scripts.localcloud.kubernetes.resources import Resource, resource_of
from scripts.localcloud.world import Record

_NAMESPACES = {"ack-csi-fuse", "default", "kube-node-lease", "kube-public", "kube-system"}
"""Namespaces that every cluster has and nobody makes."""
_IMMUTABLE: Mapping[str, tuple[str, ...]] = {
    "ClusterRoleBinding": ("roleRef",),
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Job": ("spec.completionMode", "spec.completions", "spec.selector", "spec.template"),
    "LeaderWorkerSet": ("spec.leaderWorkerTemplate.size",),
    "PersistentVolume": ("spec.csi", "spec.hostPath", "spec.nfs", "spec.volumeMode"),
    "PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    "RoleBinding": ("roleRef",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP",),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
}


class ApiError(LocalCloudError):
    """The API server refused a call; *reason* is its word for why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Api:
    """The API server of *cluster*, whose objects are *objects*."""

    def __init__(self, objects: Objects, cluster: Record) -> None:
        self.objects = objects
        self._cluster = cluster

    @property
    def version(self) -> str:
        """The version of Kubernetes it serves."""
        return self._cluster.text("version")

    def create(self, manifest: Manifest) -> Manifest:
        """
        Make an object and return it.

        Raises:
            ApiError: Refused.

        """
        with self.objects.transaction() as contents:
            return contents.put(self.created(contents, manifest))

    def created(self, contents: Contents, manifest: Manifest) -> Manifest:
        """
        Return what `create` would make of *manifest*.

        Raises:
            ApiError: Refused.

        """
        resource = self._served(contents, manifest)
        self._check_namespace(contents, manifest, resource)
        old = contents.get(*key(manifest))
        if old is not None:
            going = "object is being deleted: " if "deletionTimestamp" in old["metadata"] else ""
            raise ApiError("AlreadyExists", f"{going}{_called(resource, manifest)} already exists")
        self._admit(manifest, resource)
        full = defaults.filled(manifest, resource)
        if resource.kind == "Service" and "clusterIP" not in full["spec"]:
            full["spec"]["clusterIP"] = self._address(contents)
        return full

    def apply(self, manifest: Manifest, before: Manifest) -> Manifest:
        """
        Change an object to *manifest*, which was *before* the last time, and return it.

        Raises:
            ApiError: Refused, or it does not exist any more.

        """
        with self.objects.transaction() as contents:
            return contents.put(self.applied(contents, manifest, before))

    def applied(self, contents: Contents, manifest: Manifest, before: Manifest) -> Manifest:
        """
        Return what `apply` would make of *manifest*.

        Raises:
            ApiError: Refused, or it does not exist any more.

        """
        resource = self._served(contents, manifest)
        live = contents.get(*key(manifest))
        if live is None:
            raise ApiError("NotFound", f"{_called(resource, manifest)} not found")
        self._admit(manifest, resource)
        full = defaults.filled(_merged(live, before, manifest), resource)
        fixed = [*_IMMUTABLE.get(resource.kind, ()), *(("data", "binaryData") if live.get("immutable") else ())]
        for path in fixed:
            if pluck(live, tuple(path.split("."))) not in (None, pluck(full, tuple(path.split(".")))):
                raise _invalid(resource, manifest, [Failure(path, "Invalid value: field is immutable")])
        return full

    def _served(self, contents: Contents, manifest: Manifest) -> Resource:
        resource = resource_of(manifest)
        if resource is None or not resource.served(contents):
            message = f'no matches for kind "{manifest["kind"]}" in version "{manifest["apiVersion"]}"'
            raise ApiError("NoMatch", message)
        return resource

    def _check_namespace(self, contents: Contents, manifest: Manifest, resource: Resource) -> None:
        if not resource.namespaced:
            return
        name = manifest["metadata"]["namespace"]
        namespace = contents.get("Namespace", "", name)
        if namespace is None and name not in _NAMESPACES:
            raise ApiError("NotFound", f'namespaces "{name}" not found')
        if namespace is not None and "deletionTimestamp" in namespace["metadata"]:
            why = f"unable to create new content in namespace {name} because it is being terminated"
            raise ApiError("Forbidden", f"{_called(resource, manifest)} is forbidden: {why}")

    def _admit(self, manifest: Manifest, resource: Resource) -> None:
        failures = schemas.failures(resource, manifest, self.version) or validation.failures(manifest)
        if failures:
            raise _invalid(resource, manifest, failures)
        refused = admission.failures(manifest) if self._cluster.text("profile") == "Acs" else []
        if refused:
            why = "; ".join(map(str, refused))
            raise ApiError("BadRequest", f"{_called(resource, manifest)} is refused by ACS: {why}")

    def _address(self, contents: Contents) -> str:
        taken = {service["spec"].get("clusterIP") for service in contents.all("Service")}
        network = IPv4Network(self._cluster.text("serviceCidr"))
        free = (str(address) for address in network.hosts() if str(address) not in taken)
        next(free)  # the API server's own
        return next(free)


def _called(resource: Resource, manifest: Manifest) -> str:
    return f'{resource.plural} "{manifest["metadata"]["name"]}"'


def _invalid(resource: Resource, manifest: Manifest, failures: list[Failure]) -> ApiError:
    group = resource.api_version.rpartition("/")[0]
    called = f'{resource.kind}{"." if group else ""}{group} "{manifest["metadata"]["name"]}"'
    shown = str(failures[0]) if len(failures) == 1 else f"[{', '.join(map(str, failures))}]"
    return ApiError("Invalid", f"{called} is invalid: {shown}")


def _merged(live: Any, before: Any, new: Any) -> Any:  # noqa: ANN401 parts of manifests
    """Return *live* with what *new* says; what *before* said and *new* does not goes, what others wrote stays."""
    if not (isinstance(live, dict) and isinstance(new, dict)):
        return deepcopy(new)
    said = before if isinstance(before, dict) else {}
    kept = {name: value for name, value in live.items() if name in new or name not in said}
    return kept | {name: _merged(live.get(name), said.get(name), value) for name, value in new.items()}
