"""Pods that do what a test says, and write down what was asked of them."""

from collections.abc import Sequence
from typing import Any

from scripts.localcloud.machines.pods import Manifest, OssVolume, PodFacts
from scripts.localcloud.machines.pods.spec import ANYWHERE
from scripts.localcloud.machines.spec import MachineError


class FakePods:
    """The pods of a test, by the names of their objects."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.facts: dict[str, PodFacts] = {}
        self.unreadable: dict[str, str] = {}
        self.broken: set[str] = set()
        self.taken_ports: set[int] = set()
        self._names: dict[str, str] = {}
        self._status: dict[str, Manifest] = {}

    def available(self) -> str | None:
        """Return that pods run here."""
        return None

    def start(self, pod: Manifest, node: PodFacts) -> None:
        """Start a pod that is pending until `be` says otherwise."""
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        if name in self.broken:
            raise MachineError("no room")
        self._names[uid] = name
        self.facts[name] = node
        self._status[uid] = {"phase": "Pending", "podIP": node.address}
        self.told.append(("start", name))

    def be(self, name: str, phase: str, *, ready: bool = False) -> None:
        """Have the pod called *name* be in *phase*."""
        (uid,) = (uid for uid, known in self._names.items() if known == name and uid in self._status)
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:00Z"}
        self._status[uid] = {"phase": phase, "podIP": self.facts[name].address, "conditions": [condition]}

    def status(self, uid: str) -> Manifest:
        """Return how a pod is."""
        if uid not in self._status:
            raise MachineError(f"pod {uid}: was never started here.")
        return self._status[uid]

    def logs(self, uid: str, container: str, tail: int | None = None, *, previous: bool = False) -> str:  # noqa: ARG002
        """Return nothing: nothing ran."""
        return ""

    def stop(self, uid: str, grace_seconds: float) -> None:
        """Remove a pod."""
        self.told.append(("stop", self._names.get(uid, "?"), grace_seconds))
        self._status.pop(uid, None)

    def running(self) -> list[str]:
        """Return the uids of what was started and not stopped."""
        return sorted(self._status)

    def listen(
        self, address: str, port: int, uids: Sequence[str], target_port: int, sources: Sequence[str] = ANYWHERE
    ) -> None:
        """Write it down."""
        if port in self.taken_ports:
            raise MachineError(f"cannot listen on {address}:{port}: Address already in use")
        names = sorted(self._names[uid] for uid in uids)
        self.told.append(("listen", address, port, names, target_port, list(sources)))

    def release(self, address: str) -> None:
        """Write it down."""
        self.told.append(("release", address))

    def readable(self, volume: OssVolume) -> str | None:
        """Return what the test says about the bucket."""
        return self.unreadable.get(volume.bucket)
