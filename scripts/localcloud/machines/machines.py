"""Running machines: the door that the cloud uses."""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.localcloud.machines import sandbox
from scripts.localcloud.machines.filesystem import make_root
from scripts.localcloud.machines.guest import wire
from scripts.localcloud.machines.identity import living_pid
from scripts.localcloud.machines.layout import Place, disk_folder
from scripts.localcloud.machines.spec import ANYONE, CommandResult, Ingress, MachineError, MachineSpec, check_faults

SOURCE_ROOT = Path(__file__).parents[3]
KILL_SECONDS = 10
POLL_SECONDS = 0.02
FIRST_DATA_DEVICE = ord("b")


@functools.cache
def _unavailable() -> str | None:
    if sys.platform != "linux":
        return f"machines boot on Linux only, this is {sys.platform}"
    try:
        tried = subprocess.run(sandbox.probe_command(), capture_output=True, text=True, check=False)
    except (MachineError, OSError) as problem:
        return str(problem)
    return (
        None
        if tried.returncode == 0
        else f"no sandbox with a network for this user: {tried.stderr.strip().splitlines()[-1]}"
    )


class Machines:
    """
    Everything about the machines of one state home.

    Holds no state of its own, so that several processes can use one home; the machines outlive all of them.
    """

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()

    def available(self) -> str | None:
        """Return None when machines can boot here, else the reason in one sentence."""
        return _unavailable()

    def start(self, spec: MachineSpec) -> None:
        """
        Boot *spec*, or boot it again after a stop; returns when its init answers, not when its user data has run.

        Raises:
            MachineError: It runs already, or its sandbox does not boot.
        """
        place = self._place(spec.instance_id)
        with place.locked():
            if self._pid(place):
                raise MachineError(f"{spec.instance_id}: runs already. Stop it first.")
            self._lay_out(place, spec)
            self._boot(place)

    def stop(self, instance_id: str, grace_seconds: float | None = None) -> None:
        """
        Shut the machine down as its power button would; it can be started again.

        *grace_seconds* is how long a pod's containers may take, in its own time.
        """
        place = self._place(instance_id)
        with place.locked():
            place.read()
            if pid := self._pid(place):
                self._ask(place, {"op": "stop", "grace_seconds": grace_seconds})
                self._end(pid, place)

    def reboot(self, instance_id: str) -> None:
        """Shut down and boot again; returns when init answers."""
        self._require_running(instance_id)
        self._ask(self._place(instance_id), {"op": "reboot"})

    def delete(self, instance_id: str) -> None:
        """End every process of the machine and remove its system disk; data disks stay. Absent is fine."""
        place = self._place(instance_id)
        with place.locked():
            if pid := self._pid(place):
                self._end(pid, place)
            if place.folder.exists():
                shutil.rmtree(place.folder, onerror=_make_removable)

    def running(self) -> list[str]:
        """Return the ids of the machines whose processes live, sorted."""
        folders = (self._home / "machines").glob("*")
        return sorted(folder.name for folder in folders if self._pid(self._place(folder.name)))

    def lives(self, instance_id: str) -> bool:
        """Whether the machine's processes live."""
        return self._pid(self._place(instance_id)) is not None

    def create_disk(self, disk_id: str) -> None:
        """Make a blank data disk."""
        disk_folder(self._home, disk_id).mkdir(parents=True, exist_ok=True)

    def delete_disk(self, disk_id: str) -> None:
        """Remove a data disk and what is on it. Absent is fine."""
        folder = disk_folder(self._home, disk_id)
        if folder.exists():
            shutil.rmtree(folder, onerror=_make_removable)

    def attach_disk(self, instance_id: str, disk_id: str, size_gib: int) -> None:
        """
        Give the machine a data disk, running or not; attaching again with another size grows it.

        Raises:
            MachineError: No such machine or disk.
        """
        if not disk_folder(self._home, disk_id).is_dir():
            raise MachineError(f"disk_id: no such disk, {disk_id!r}.")

        def change(state: dict[str, Any]) -> None:
            disks = {disk["disk_id"]: disk for disk in state["disks"]}
            taken = {disk["device"] for disk in state["disks"]}
            free = next(name for name in map(_device, range(24)) if name not in taken)
            device = disks[disk_id]["device"] if disk_id in disks else free
            disks[disk_id] = {"disk_id": disk_id, "device": device, "size_gib": size_gib}
            state["disks"] = list(disks.values())

        self._change(instance_id, change)

    def detach_disk(self, instance_id: str, disk_id: str) -> None:
        """Take a data disk away, mounted or not."""

        def change(state: dict[str, Any]) -> None:
            state["disks"] = [disk for disk in state["disks"] if disk["disk_id"] != disk_id]

        self._change(instance_id, change)

    def set_role(self, instance_id: str, role_name: str | None) -> None:
        """Set which RAM role the metadata service gives out credentials for."""
        self._change(instance_id, lambda state: state.update(role=role_name))

    def set_internet(self, instance_id: str, internet: bool) -> None:  # noqa: FBT001 - the value is the point
        """Set whether the machine reaches hosts outside its VPC."""
        self._change(instance_id, lambda state: state.update(internet=internet))

    def set_ingress(self, instance_id: str, ingress: set[Ingress]) -> None:
        """Set which flows other machines of the VPC may open to this one."""
        flows = [asdict(flow) for flow in sorted(ingress)]
        self._change(instance_id, lambda state: state.update(ingress=flows))

    def set_names(self, instance_id: str, names: Mapping[str, str]) -> None:
        """Set which private names this machine finds."""
        self._change(instance_id, lambda state: state.update(names=dict(names)))

    def set_rdma_devices(self, instance_id: str, count: int) -> None:
        """Set how many RDMA interfaces the machine has."""
        self._change(instance_id, lambda state: state.update(rdma_devices=count))

    def set_faults(self, instance_id: str, faults: dict[str, object]) -> None:
        """
        Replace the machine's faults; those of its files take effect at the next boot.

        Raises:
            MachineError: Unknown fault.
        """
        check_faults(faults)
        self._change(instance_id, lambda state: state["spec"].update(faults=faults))

    def set_own(self, instance_id: str, own: dict[str, Any]) -> None:
        """Replace what only a machine of this kind is told."""
        self._change(instance_id, lambda state: state["spec"].update(own=own))

    def set_listeners(self, instance_id: str, listeners: set[tuple[str, int]]) -> None:
        """
        Set the addresses and ports of this host that lead to the same port inside the machine.

        Raises:
            MachineError: One cannot be listened on.
        """
        self._change(instance_id, lambda state: state.update(listeners=sorted(listeners)))

    def run_command(self, instance_id: str, script: str, timeout_seconds: float) -> CommandResult:
        """
        Run *script* as root, as Cloud Assistant does, and wait for its end.

        Raises:
            MachineError: The machine does not run.
        """
        self._require_running(instance_id)
        message = {"op": "command", "script": script, "timeout_seconds": timeout_seconds}
        answer = self._ask(self._place(instance_id), message)
        return CommandResult(answer["exit_code"], answer["output"], answer["timed_out"])

    def _place(self, instance_id: str) -> Place:
        return Place(self._home, instance_id)

    def _pid(self, place: Place) -> int | None:
        try:
            return living_pid(place.pid_file.read_text())
        except OSError:
            return None

    def _lay_out(self, place: Place, spec: MachineSpec) -> None:
        from scripts.localcloud.machines.authority import certificates  # noqa: PLC0415 - slow, and not needed to look

        authority = certificates(self._home)
        place.exchange.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._home / "disks").mkdir(exist_ok=True)
        make_root(place, spec, authority.read_text())
        open_to_all = [asdict(Ingress(ANYONE, "all", 0, 0))] if spec.kind != "instance" else []
        fresh: dict[str, Any] = {"disks": [], "listeners": [], "ingress": open_to_all, "names": {}}
        kept = fresh | place.read() if (place.folder / "state.json").exists() else fresh
        given = {"role": spec.role_name, "internet": spec.internet, "rdma_devices": spec.rdma_devices}
        place.write(kept | given | {"spec": spec.to_json()})

    def _boot(self, place: Place) -> None:
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        search = [
            str(SOURCE_ROOT),
            *(entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))),
        ]
        started = subprocess.run(
            [sys.executable, "-m", "scripts.localcloud.machines.supervisor", str(self._home), place.instance_id],
            env=environment | {"PYTHONPATH": os.pathsep.join(search)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if started.returncode != 0:
            raise MachineError(started.stderr.strip() or f"{place.instance_id}: its supervisor did not start.")

    def _end(self, pid: int, place: Place) -> None:
        """Have the supervisor cut its sandbox off and go; kill it if it does not."""
        until = time.monotonic() + KILL_SECONDS
        number = signal.SIGTERM
        while self._pid(place) == pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if time.monotonic() > until:
                number = signal.SIGKILL
            time.sleep(POLL_SECONDS)

    def _require_running(self, instance_id: str) -> None:
        place = self._place(instance_id)
        place.read()
        if not self._pid(place):
            raise MachineError(f"{instance_id}: does not run. Start it first.")

    def _change(self, instance_id: str, change: Callable[[dict[str, Any]], None]) -> None:
        place = self._place(instance_id)
        with place.locked():
            state = place.read()
            change(state)
            place.write(state)
            if self._pid(place):
                self._ask(place, {"op": "changed"})

    def _ask(self, place: Place, message: wire.Message) -> wire.Message:
        try:
            return wire.request(place.control, message)
        except wire.WireError as problem:
            raise MachineError(f"{place.instance_id}: {problem}") from None
        except OSError as problem:
            raise MachineError(f"{place.instance_id}: went down meanwhile: {problem}") from None


def _device(index: int) -> str:
    return f"/dev/vd{chr(FIRST_DATA_DEVICE + index)}"


def _make_removable(function: Callable[[str], object], path: str, _problem: object) -> None:
    """Let a folder without write permission be removed: its owner may change that."""
    Path(path).parent.chmod(0o700)
    if Path(path).is_dir() and not Path(path).is_symlink():
        Path(path).chmod(0o700)
    function(path)
