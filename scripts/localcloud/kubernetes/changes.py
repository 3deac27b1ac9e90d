"""What an update of an object would change, and which of it the provider can only do by replacing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from scripts.localcloud.diff import Change, Diff
from scripts.localcloud.kubernetes import metadata
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.pods import Path, pluck
from scripts.localcloud.kubernetes.schemas import written
from scripts.localcloud.values import UNKNOWN

Kind: TypeAlias = Literal["add", "delete", "update"]

_IDENTITY = ("metadata.name", "metadata.namespace")
_SOURCES = "awsElasticBlockStore azureDisk azureFile csi fc hostPath iscsi local nfs"
_POD = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork "
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName "
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName "
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)
_CONTAINER = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext "
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)
_FORCE_NEW: Mapping[str, tuple[str, ...]] = {
    "ClusterRoleBinding": ("roleRef",),
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "PersistentVolume": tuple(f"spec.{name}" for name in _SOURCES.split()),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    "Pod": (
        *(f"spec.{name}" for name in _POD.split()),
        *(f"spec.{group}[].{name}" for group in ("containers", "initContainers") for name in _CONTAINER.split()),
    ),
    "RoleBinding": ("roleRef",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP",),
    "StorageClass": ("parameters", "provisioner"),
}


@dataclass(frozen=True)
class Mutable:
    """What the provider's settings let it change in place, if the object itself is not immutable."""

    config_map: bool = False
    secret: bool = False


@dataclass
class _Comparison:
    """Collects changes; *forced* are the paths whose change replaces."""

    forced: tuple[str, ...]
    changes: list[Change] = field(default_factory=list)

    def compare(self, path: Path, old: Any, new: Any) -> None:  # noqa: ANN401 parts of manifests
        if isinstance(old, dict) and isinstance(new, dict):
            for name in sorted({*old, *new}):
                self._entry((*path, name), old.get(name), new.get(name))
        elif isinstance(old, list) and isinstance(new, list):
            for index in range(max(len(old), len(new))):
                pair = (items[index] if index < len(items) else None for items in (old, new))
                self._entry((*path, index), *pair)
        elif old != new:
            self._add(path, "update", new)

    def _entry(self, path: Path, old: Any, new: Any) -> None:  # noqa: ANN401 parts of manifests
        if old is None and new is not None:
            self._add(path, "add", new)
        elif new is None and old is not None:
            self._add(path, "delete", None)
        elif old is not None:
            self.compare(path, old, new)

    def _add(self, path: Path, kind: Kind, value: Any) -> None:  # noqa: ANN401 part of a manifest
        shape = re.sub(r"\[\d+\]", "[]", ".".join(map(str, _bracketed(path))))
        replaces = any(_touches(shape, value, forced) for forced in self.forced)
        self.changes.append(Change(written(path), kind, replaces or (path == ("metadata",) and kind == "delete")))


def _bracketed(path: Path) -> Iterator[str]:
    """Yield the steps of *path* with an index written behind the name of its list."""
    name = ""
    for step in path:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            if name:
                yield name
            name = step
    yield name


def _touches(shape: str, value: Any, forced: str) -> bool:  # noqa: ANN401 part of a manifest
    """Whether a change at *shape* to *value* is, lies under, or contains, the path *forced*."""
    if shape == forced or shape.startswith((f"{forced}.", f"{forced}[")):
        return True
    inside = forced.removeprefix(f"{shape}.")
    return inside != forced and pluck(value, tuple(inside.split("."))) is not None


def diff(before: Manifest, live: Manifest, new: Manifest, mutable: Mutable, ignore: frozenset[str]) -> Diff:
    """
    Compare *new* inputs with the *live* object cut to the shape of the inputs *before*.

    The replacement waits for the delete when the object keeps a name that somebody chose.
    """
    forced = _IDENTITY + _FORCE_NEW.get(new["kind"], ())
    immutable = new.get("immutable") is True
    if new["kind"] == "Secret" and (immutable or not mutable.secret):
        forced += ("data", "stringData")
    if new["kind"] == "ConfigMap" and (immutable or not mutable.config_map):
        forced += ("binaryData", "data")
    old = pruned(live, before) | {name: new[name] for name in ("apiVersion", "kind")}
    return Diff(compare(old, new, forced, ignore), _keeps_its_name(live, new))


def compare(old: Manifest, new: Manifest, forced: tuple[str, ...], ignore: frozenset[str]) -> tuple[Change, ...]:
    """Return what differs; a change of what a path in *forced* names replaces, one of what *ignore* names is none."""
    found = _Comparison(forced)
    found.compare((), old, new)
    return tuple(change for change in found.changes if not _ignored(change.path, ignore))


def _ignored(path: str, ignore: frozenset[str]) -> bool:
    return any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in ignore)


def _keeps_its_name(live: Manifest, new: Manifest) -> bool:
    same = all(live["metadata"].get(name) == new["metadata"].get(name) for name in ("name", "namespace"))
    return same and new["metadata"].get("name") is not UNKNOWN and not metadata.is_true(new, metadata.AUTONAMED)


def pruned(live: Any, shape: Any) -> Any:  # noqa: ANN401 parts of manifests
    """Return what of *live* has a place in *shape*."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {name: pruned(value, shape[name]) for name, value in live.items() if name in shape}
    if isinstance(live, list) and isinstance(shape, list):
        return [pruned(value, item) for value, item in zip(live, shape, strict=False)]
    return live
