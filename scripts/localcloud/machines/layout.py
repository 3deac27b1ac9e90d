"""Where a home keeps its machines: the one place that knows file names."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.spec import MachineError, MachineSpec


def write_json(path: Path, value: object, mode: int = 0o600) -> None:
    """Write *value* to *path* at once or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w") as file:
        json.dump(value, file, indent=1, sort_keys=True)
    temporary.replace(path)


@dataclass(frozen=True)
class Place:
    """The folder of one machine."""

    home: Path
    instance_id: str

    @property
    def folder(self) -> Path:
        """Everything of this machine but its data disks."""
        return self.home / "machines" / self.instance_id

    @property
    def root(self) -> Path:
        """The machine's system disk."""
        return self.folder / "root"

    @property
    def commands(self) -> Path:
        """The machine's /usr/bin."""
        return self.folder / "bin"

    @property
    def exchange(self) -> Path:
        """Sockets and facts shared with the inside."""
        return self.folder / "run"

    @property
    def control(self) -> Path:
        """The supervisor's socket."""
        return self.folder / "control.sock"

    @property
    def pid_file(self) -> Path:
        """Pid and start time of the supervisor."""
        return self.folder / "supervisor.pid"

    @property
    def console(self) -> Path:
        """What the supervisor and the machine's init had to say."""
        return self.folder / "console.log"

    def read(self) -> dict[str, Any]:
        """
        Return the machine's state: spec, role, internet, disks, listeners.

        Raises:
            MachineError: There is no such machine.
        """
        try:
            state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        except FileNotFoundError:
            raise MachineError(f"instance_id: no such machine, {self.instance_id!r}.") from None
        return state

    def spec(self) -> MachineSpec:
        """Return what the machine boots as now."""
        return MachineSpec(**self.read()["spec"])

    def write(self, state: dict[str, Any]) -> None:
        """Keep *state*."""
        write_json(self.folder / "state.json", state)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the machine against other processes."""
        folder = self.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / self.instance_id).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def disk_folder(home: Path, disk_id: str) -> Path:
    """Return the folder of a data disk."""
    return home / "disks" / disk_id


def network_folder(home: Path) -> Path:
    """Return the folder of the network's sockets: one for each running machine, by the machine's address."""
    return home / "network"
