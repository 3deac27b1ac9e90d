"""A cluster in memory whose pods do what a test says."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import yaml

from scripts.localcloud.kubernetes.controllers.plane import agree
from scripts.localcloud.kubernetes.controllers.status import is_going, stamp
from scripts.localcloud.kubernetes.objects import Contents, Manifest

START = datetime(2026, 1, 1, tzinfo=UTC)
SPACE = "llm"


def release(chart: str) -> Manifest:
    """Return what Helm remembers of a release of *chart*."""
    metadata = {"namespace": "kube-system", "name": f"sh.helm.release.v1.{chart}", "labels": {"chart": chart}}
    return {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata}


class Cluster:
    """Objects, a clock that a test turns, and nodes on which a pod becomes what it is told."""

    def __init__(self) -> None:
        self.contents = Contents("c1", 0, [])
        self.moment = START
        for chart in ("ack-fluid", "lws"):
            self.contents.put(release(chart))
        self.add("{apiVersion: v1, kind: Namespace, metadata: {name: llm}}")

    def add(self, text: str, **values: object) -> Manifest:
        """Put the object written as YAML into the namespace and let the controllers act."""
        manifest = yaml.safe_load(text.format(**values) if values else text)
        if manifest["kind"] not in ("Namespace", "PersistentVolume"):
            manifest["metadata"].setdefault("namespace", SPACE)
        self.contents.put(manifest)
        self.act()
        return self.get(manifest["kind"], manifest["metadata"]["name"])

    def change(self, kind: str, name: str, change: Callable[[Manifest], object]) -> None:
        """Change an object as a user does and let the controllers act."""
        item = self.get(kind, name)
        change(item)
        self.contents.put(item)
        self.act()

    def remove(self, kind: str, name: str, *, foreground: bool = False) -> None:
        """Delete an object as a user does and let the controllers act."""
        namespace = "" if kind in ("Namespace", "PersistentVolume") else SPACE
        self.contents.remove(kind, namespace, name, foreground=foreground)
        self.act()

    def kinds(self) -> list[str]:
        """Return what is there, oldest first, besides what the cluster began with and what was said about it."""
        found = [item for item in self.contents.everything() if item["metadata"].get("namespace") != "kube-system"]
        return [item["kind"] for item in found if item["kind"] not in ("Namespace", "Event")]

    def act(self) -> None:
        """Let the controllers act until they agree."""
        agree(self.contents, self.moment)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)
        self.act()

    def get(self, kind: str, name: str) -> Manifest:
        """Return an object that exists."""
        namespace = "" if kind in ("Namespace", "PersistentVolume") else SPACE
        found = self.contents.get(kind, namespace, name)
        assert found is not None, f"no {kind} {name}"
        return found

    def status(self, kind: str, name: str) -> Manifest:
        """Return the status of an object."""
        return dict(self.get(kind, name).get("status", {}))

    def conditions(self, kind: str, name: str) -> dict[str, tuple[str, str]]:
        """Return status and reason of the conditions of an object."""
        found = self.status(kind, name)["conditions"]
        return {each["type"]: (each["status"], each.get("reason", "")) for each in found}

    def pods(self) -> list[Manifest]:
        """Return the pods that are not being deleted."""
        return [pod for pod in self.contents.all("Pod") if not is_going(pod)]

    def play(self, pods: list[Manifest] | None = None, **status: object) -> None:
        """Have *pods*, or all, be so (ready, unless said otherwise), and those being deleted gone."""
        for pod in self.contents.all("Pod"):
            if is_going(pod):
                self.contents.drop("Pod", SPACE, pod["metadata"]["name"])
        chosen = {pod["metadata"]["name"] for pod in self.pods() if pods is None or pod in pods}
        for name in chosen:
            self.contents.set_status(self.get("Pod", name), self._status(name, status))
        self.act()

    def _status(self, name: str, asked: Manifest) -> Manifest:
        ready = {"type": "Ready", "status": str(asked.get("ready", True)), "lastTransitionTime": stamp(self.moment)}
        address = f"10.0.0.{len(name)}"
        status = {"phase": "Running", "podIP": address, "conditions": [ready]} | deepcopy(asked)
        status.pop("ready", None)
        return status
