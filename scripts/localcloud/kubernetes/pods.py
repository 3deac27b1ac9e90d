"""The pods inside other objects, and what a pod asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.quantities import amount

Path: TypeAlias = tuple[str | int, ...]

_TEMPLATES: Mapping[str, tuple[Path, ...]] = {
    "Pod": ((),),
    "LeaderWorkerSet": (
        ("spec", "leaderWorkerTemplate", "leaderTemplate"),
        ("spec", "leaderWorkerTemplate", "workerTemplate"),
    ),
} | dict.fromkeys(("DaemonSet", "Deployment", "Job", "ReplicaSet"), (("spec", "template"),))


@dataclass(frozen=True)
class Template:
    """A pod that *path* of an object describes."""

    path: Path
    body: Manifest

    @property
    def labels(self) -> Mapping[str, str]:
        """The pod's labels."""
        return self.body.get("metadata", {}).get("labels") or {}

    @property
    def spec(self) -> Manifest:
        """The pod's specification."""
        spec: Manifest = self.body.get("spec") or {}
        return spec

    def containers(self, *, started: bool = True) -> Iterator[tuple[Path, Manifest]]:
        """Yield the containers and where they are written; with *started* those that run first too."""
        for group in ("initContainers", "containers") if started else ("containers",):
            for index, container in enumerate(self.spec.get(group) or []):
                yield (*self.path, "spec", group, index), container


def templates(manifest: Manifest) -> list[Template]:
    """Return the pods that *manifest* describes."""
    paths = _TEMPLATES.get(manifest["kind"], ())
    return [Template(path, body) for path in paths if (body := pluck(manifest, path))]


def pluck(value: Any, path: Path) -> Any:  # noqa: ANN401 part of a manifest
    """Return what is at *path* of *value*, if anything is."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def resources(container: Manifest, kind: str) -> Mapping[str, Any]:
    """Return the ``requests`` or the ``limits`` of *container*; what is only limited is requested as much."""
    given = container.get("resources") or {}
    limits = given.get("limits") or {}
    return {**limits, **(given.get("requests") or {})} if kind == "requests" else limits


def requested(template: Template, name: str) -> float:
    """Return how much of resource *name* the pod's containers request together."""
    asked = (resources(container, "requests").get(name, 0) for _, container in template.containers(started=False))
    return sum(amount(value) for value in asked)
