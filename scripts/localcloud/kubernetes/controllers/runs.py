"""What runs the pods of a cluster, and the stand-in for where none can run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.localcloud.kubernetes.controllers.status import stamp
from scripts.localcloud.machines.pods import Manifest, OssVolume, PodFacts, Pods, SandboxPods
from scripts.localcloud.machines.pods.spec import ANYWHERE
from scripts.localcloud.machines.spec import MachineError


class NoPods:
    """
    Pods of which nothing runs.

    With *pretend* they are ready, or have succeeded, as soon as they are started. Else those that are to run on wait,
    and those that are to end fail, for *reason*.
    """

    def __init__(self, reason: str, *, pretend: bool = False) -> None:
        self._reason = reason
        self._pretend = pretend
        self._status: dict[str, Manifest] = {}

    def available(self) -> str | None:
        """Return why nothing runs."""
        return self._reason

    def start(self, pod: Manifest, node: PodFacts) -> None:
        """Decide how *pod* is, for good."""
        ends = pod["spec"].get("restartPolicy", "Always") != "Always"
        phase, state = self._pretended(ends=ends) if self._pretend else self._refused(ends=ends)
        ready = phase == "Running"
        containers = [
            {"name": each["name"], "image": each["image"], "ready": ready, "restartCount": 0, "state": state}
            for each in pod["spec"]["containers"]
        ]
        self._status[pod["metadata"]["uid"]] = {
            "phase": phase,
            "podIP": node.address,
            "startTime": stamp(datetime.now(UTC)),
            "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": str(ready)}],
            "containerStatuses": containers,
        }

    def _pretended(self, *, ends: bool) -> tuple[str, Manifest]:
        if ends:
            return "Succeeded", {"terminated": {"exitCode": 0, "reason": "Completed"}}
        return "Running", {"running": {"startedAt": stamp(datetime.now(UTC))}}

    def _refused(self, *, ends: bool) -> tuple[str, Manifest]:
        if ends:
            return "Failed", {"terminated": {"exitCode": 1, "reason": "Error", "message": self._reason}}
        return "Pending", {"waiting": {"reason": "ContainerCreating", "message": self._reason}}

    def status(self, uid: str) -> Manifest:
        """Return what `start` decided."""
        if uid not in self._status:
            raise MachineError(f"pod {uid}: was never started here.")
        return self._status[uid]

    def logs(self, uid: str, container: str, tail: int | None = None, *, previous: bool = False) -> str:  # noqa: ARG002
        """Return nothing: nothing ran."""
        return ""

    def stop(self, uid: str, grace_seconds: float) -> None:  # noqa: ARG002
        """Forget a pod."""
        self._status.pop(uid, None)

    def running(self) -> list[str]:
        """Return no pod."""
        return []

    def listen(
        self, address: str, port: int, uids: Sequence[str], target_port: int, sources: Sequence[str] = ANYWHERE
    ) -> None:
        """Listen nowhere."""

    def release(self, address: str) -> None:
        """Release nothing."""

    def readable(self, volume: OssVolume) -> str | None:  # noqa: ARG002
        """Return that nothing is wrong where that is pretended."""
        return None if self._pretend else self._reason


def pods_at(home: Path, mode: str) -> Pods:
    """Return what runs the pods of the cloud at *home*; *mode* is one of `scripts.localcloud.machine.MODES`."""
    if mode != "boot":
        return NoPods(f"machines are switched off (LOCALCLOUD_MACHINES={mode})", pretend=mode == "pretend")
    pods = SandboxPods(home)
    reason = pods.available()
    return pods if reason is None else NoPods(reason)
