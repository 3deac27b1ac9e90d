"""What the cloud asks of whatever runs its machines, and the stand-in for where none can run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from scripts.localcloud.machines.spec import CommandResult, Ingress, MachineError, MachineSpec


class Machines(Protocol):
    """The machines of one local cloud; every method may raise `MachineError`."""

    def available(self) -> str | None:
        """Return why machines cannot boot here, or nothing when they can."""

    def start(self, spec: MachineSpec) -> None:
        """Boot a machine, or boot it again, and return when it answers."""

    def stop(self, instance_id: str) -> None:
        """Shut a machine down and keep its disks."""

    def reboot(self, instance_id: str) -> None:
        """Shut a machine down and boot it again."""

    def delete(self, instance_id: str) -> None:
        """Remove a machine and its system disk."""

    def create_disk(self, disk_id: str) -> None:
        """Make a blank disk."""

    def delete_disk(self, disk_id: str) -> None:
        """Remove a disk and what is on it."""

    def attach_disk(self, instance_id: str, disk_id: str, size_gib: int) -> None:
        """Give a disk to a machine."""

    def detach_disk(self, instance_id: str, disk_id: str) -> None:
        """Take a disk from a machine."""

    def set_role(self, instance_id: str, role_name: str | None) -> None:
        """Say which RAM role a machine has."""

    def set_listeners(self, instance_id: str, listeners: set[tuple[str, int]]) -> None:
        """Say at which addresses and ports of this host a machine is reachable."""

    def set_internet(self, instance_id: str, internet: bool) -> None:  # noqa: FBT001 the agreed signature
        """Say whether a machine reaches the internet."""

    def set_ingress(self, instance_id: str, ingress: set[Ingress]) -> None:
        """Say which flows other machines of the VPC may open to a machine; it refuses all others."""

    def set_names(self, instance_id: str, names: Mapping[str, str]) -> None:
        """Say which private names a machine finds, and their addresses."""

    def set_rdma_devices(self, instance_id: str, count: int) -> None:
        """Say how many RDMA interfaces a machine has."""

    def run_command(self, instance_id: str, script: str, timeout_seconds: float) -> CommandResult:
        """Run *script* on a machine and wait for its end."""


class NoMachines:
    """Instances that exist and never boot; a command succeeds only where that was asked for."""

    def __init__(self, reason: str, *, pretend: bool = False) -> None:
        self._reason = reason
        self._pretend = pretend

    def available(self) -> str | None:
        """Return why nothing boots."""
        return self._reason

    def start(self, spec: MachineSpec) -> None:
        """Boot nothing."""

    def stop(self, instance_id: str) -> None:
        """Stop nothing."""

    def reboot(self, instance_id: str) -> None:
        """Reboot nothing."""

    def delete(self, instance_id: str) -> None:
        """Delete nothing."""

    def create_disk(self, disk_id: str) -> None:
        """Make nothing."""

    def delete_disk(self, disk_id: str) -> None:
        """Remove nothing."""

    def attach_disk(self, instance_id: str, disk_id: str, size_gib: int) -> None:
        """Attach nothing."""

    def detach_disk(self, instance_id: str, disk_id: str) -> None:
        """Detach nothing."""

    def set_role(self, instance_id: str, role_name: str | None) -> None:
        """Tell nobody."""

    def set_listeners(self, instance_id: str, listeners: set[tuple[str, int]]) -> None:
        """Listen nowhere."""

    def set_internet(self, instance_id: str, internet: bool) -> None:  # noqa: FBT001 the agreed signature
        """Tell nobody."""

    def set_ingress(self, instance_id: str, ingress: set[Ingress]) -> None:
        """Filter nothing."""

    def set_names(self, instance_id: str, names: Mapping[str, str]) -> None:
        """Tell nobody."""

    def set_rdma_devices(self, instance_id: str, count: int) -> None:
        """Tell nobody."""

    def run_command(self, instance_id: str, script: str, timeout_seconds: float) -> CommandResult:  # noqa: ARG002
        """
        Succeed when pretending.

        Raises:
            MachineError: No machine boots here and nobody asked to pretend.

        """
        if self._pretend:
            return CommandResult(0, "pretended: no machine boots in this local cloud\n")
        raise MachineError(f"{instance_id} did not boot, so nothing can run on it: {self._reason}")


MODES = ("boot", "none", "pretend")
"""What `LOCALCLOUD_MACHINES` may say: boot where possible; boot nothing; boot nothing and let commands succeed."""


def machines_at(home: Path, mode: str) -> Machines:
    """
    Return the machines of the cloud at *home*.

    Raises:
        MachineError: *mode* is none of `MODES`.

    """
    if mode not in MODES:
        raise MachineError(f"LOCALCLOUD_MACHINES: {mode!r} is not known. One of {', '.join(MODES)}.")
    if mode != "boot":
        return NoMachines(f"machines are switched off (LOCALCLOUD_MACHINES={mode})", pretend=mode == "pretend")
    from scripts.localcloud.machines import Machines as Sandboxes  # noqa: PLC0415 slow, and not needed to preview

    sandboxes: Machines = Sandboxes(home)
    reason = sandboxes.available()
    return NoMachines(reason) if reason is not None else sandboxes
