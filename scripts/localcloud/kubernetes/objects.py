"""What exists in one cluster: its objects in one file under one lock, for several processes."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias
from uuid import NAMESPACE_OID, uuid5

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.store import write_json
from scripts.localcloud.world import now

Manifest: TypeAlias = dict[str, Any]
"""A Kubernetes object as the API writes it."""
Key: TypeAlias = tuple[str, str, str]
"""Kind, namespace (empty for what belongs to the cluster), name."""

FOREGROUND = "foregroundDeletion"
"""The finalizer of an object that goes after everything it owns."""
_OWN = ("uid", "creationTimestamp", "deletionTimestamp", "generation", "resourceVersion")


class ClusterGoneError(LocalCloudError):
    """The cluster does not exist, or not any more."""


def folder_of(home: Path, cluster_id: str) -> Path:
    """Return the folder of the cluster *cluster_id* under the local cloud's *home*."""
    return home / "kubernetes" / cluster_id


def key(manifest: Manifest) -> Key:
    """Return under what *manifest* is kept."""
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def owners(manifest: Manifest) -> set[str]:
    """Return the uids of what owns *manifest*."""
    return {reference["uid"] for reference in manifest["metadata"].get("ownerReferences", [])}


class Objects:
    """The objects of the cluster whose folder is *folder*; only inside `transaction` may they change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "objects.json"

    def create(self) -> None:
        """Begin a cluster with nothing in it."""
        write_json(self._path, {"version": 0, "objects": []})

    def destroy(self) -> None:
        """Remove the cluster's folder with everything in it; what was removed already is fine."""
        with suppress(ClusterGoneError), self._lock():
            shutil.rmtree(self.folder)

    def exists(self) -> bool:
        """Whether there is such a cluster."""
        return self._path.exists()

    def read(self) -> "Contents":
        """
        Return what exists now, for looking only.

        Raises:
            ClusterGoneError: There is no such cluster.

        """
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise self._gone() from None
        return Contents(self.folder.name, document["version"], document["objects"])

    @contextmanager
    def transaction(self) -> Iterator["Contents"]:
        """
        Yield what exists under the lock, and keep its changes unless the body raises.

        Raises:
            ClusterGoneError: There is no such cluster.

        """
        with self._lock():
            contents = self.read()
            before = contents.version
            yield contents
            if contents.version != before:
                write_json(self._path, contents.dump())

    @contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            handle = (self.folder / "lock").open("w")
        except FileNotFoundError:
            raise self._gone() from None
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _gone(self) -> ClusterGoneError:
        return ClusterGoneError(f"the cluster {self.folder.name} does not exist.")


class Contents:
    """
    The objects of one cluster in memory; what goes in and out are copies.

    Removal follows the API server and its garbage collector: an object with finalizers is marked and goes when the
    last is taken off, what it owns goes with it, and a namespace goes when it is empty. Only a pod that has a node
    needs somebody else: it is marked until `drop` says that its containers have ended.
    """

    def __init__(self, cluster: str, version: int, objects: list[Manifest]) -> None:
        self.version = version
        self._cluster = cluster
        self._objects = {key(item): item for item in objects}

    def dump(self) -> dict[str, object]:
        """Return everything as it is written to the file."""
        return {"version": self.version, "objects": list(self._objects.values())}

    def all(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """Return the objects of *kind* in the order of their creation, of one namespace or of all."""
        return [
            deepcopy(item)
            for (of, place, _), item in self._objects.items()
            if of == kind and namespace in (None, place)
        ]

    def everything(self) -> list[Manifest]:
        """Return all objects in the order of their creation."""
        return deepcopy(list(self._objects.values()))

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return one object, if it exists; *namespace* is empty for what belongs to the cluster."""
        return deepcopy(self._objects.get((kind, namespace, name)))

    def owned(self, uid: str) -> list[Manifest]:
        """Return what the object with *uid* owns."""
        return [deepcopy(item) for item in self._objects.values() if uid in owners(item)]

    def put(self, manifest: Manifest) -> Manifest:
        """
        Keep *manifest*, new or changed, and return it as it is kept.

        A manifest without a status leaves the status as it was, and one that changes nothing leaves the version.
        """
        new, old = deepcopy(manifest), self._objects.get(key(manifest))
        if old is None:
            return deepcopy(self._add(new))
        for name in _OWN:
            if name in old["metadata"]:
                new["metadata"][name] = old["metadata"][name]
        if "status" in old:
            new.setdefault("status", deepcopy(old["status"]))
        if new != old:
            if _desired(new) != _desired(old):
                new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
            self._keep(new)
            self._finish(new)
        return deepcopy(new)

    def set_status(self, manifest: Manifest, status: Manifest) -> None:
        """Give *manifest* a new status, unless it is gone by now."""
        kept = self.get(*key(manifest))
        if kept is not None:
            self.put(kept | {"status": status})

    def remove(self, kind: str, namespace: str, name: str, *, foreground: bool = False) -> None:
        """Delete an object, or mark it for whoever must do something first; one that is gone already is fine."""
        item = self._objects.get((kind, namespace, name))
        if item is None:
            return
        metadata, owned = item["metadata"], self._owned(item)
        if foreground and owned and FOREGROUND not in metadata.get("finalizers", []):
            metadata["finalizers"] = [*metadata.get("finalizers", []), FOREGROUND]
        if "deletionTimestamp" not in metadata:
            metadata["deletionTimestamp"] = now()
            if kind == "Namespace":
                item["status"] = {"phase": "Terminating"}
            self._keep(item)
        for each in owned if foreground or kind == "Namespace" else []:
            self.remove(*each, foreground=foreground)
        self._finish(item)

    def drop(self, kind: str, namespace: str, name: str) -> None:
        """Take an object out of the cluster whatever its finalizers say, and what it owns with it."""
        item = self._objects.pop((kind, namespace, name), None)
        if item is None:
            return
        self.version += 1
        for owned in self._owned(item):
            self.remove(*owned)
        for waiting in [other for other in self._objects.values() if _waits_for(other, item)]:
            self._finish(waiting)

    def _add(self, new: Manifest) -> Manifest:
        metadata = new["metadata"]
        metadata["uid"] = str(uuid5(NAMESPACE_OID, f"{self._cluster}/{self.version + 1}"))
        metadata["creationTimestamp"] = now()
        metadata["generation"] = 1
        return self._keep(new)

    def _keep(self, item: Manifest) -> Manifest:
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        self._objects[key(item)] = item
        return item

    def _owned(self, item: Manifest) -> list[Key]:
        if item["kind"] == "Namespace":
            return [each for each in self._objects if each[1] == item["metadata"]["name"]]
        return [each for each, other in self._objects.items() if item["metadata"]["uid"] in owners(other)]

    def _finish(self, item: Manifest) -> None:
        """Drop *item* when it was deleted and nothing holds it any more."""
        metadata = item["metadata"]
        if "deletionTimestamp" not in metadata or key(item) not in self._objects:
            return
        if FOREGROUND in metadata.get("finalizers", []) and not self._owned(item):
            metadata["finalizers"].remove(FOREGROUND)
            self._keep(item)
        held = item["kind"] == "Namespace" and self._owned(item)
        running = item["kind"] == "Pod" and item["spec"].get("nodeName")
        if not (metadata.get("finalizers") or held or running):
            self.drop(*key(item))


def _desired(manifest: Manifest) -> Manifest:
    return {name: value for name, value in manifest.items() if name not in ("metadata", "status")}


def _waits_for(other: Manifest, gone: Manifest) -> bool:
    inside = other["kind"] == "Namespace" and other["metadata"]["name"] == gone["metadata"].get("namespace")
    return inside or other["metadata"]["uid"] in owners(gone)
