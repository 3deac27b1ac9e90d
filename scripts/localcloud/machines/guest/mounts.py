"""Disks: which devices the machine has, what is on them, and where they are mounted."""

import ctypes
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.localcloud.machines.guest.places import DISKS, machine

MS_BIND, MS_REC, MNT_DETACH = 4096, 16384, 2
TABLE = Path("/run/localcloud-mounts.json")
"""Device to mount point, of this boot."""


@dataclass(frozen=True)
class Disk:
    """A data disk: *file_system* and *label* are empty on a blank one; *size_gib* is what was bought."""

    disk_id: str
    device: str
    size_gib: int
    file_system: str = ""
    label: str = ""
    uuid: str = ""
    formatted_gib: int = 0

    @property
    def serial(self) -> str:
        """Serial number as the guest sees it: the disk's id without its prefix."""
        return self.disk_id.removeprefix("d-")

    @property
    def content(self) -> Path:
        """Folder that holds the disk's files."""
        return DISKS / self.disk_id / "content"


def _header(disk_id: str) -> Path:
    return DISKS / disk_id / "header.json"


def disks() -> list[Disk]:
    """Return the attached data disks in the order of their devices."""
    found = []
    for entry in machine()["disks"]:
        header = _header(entry["disk_id"])
        written = json.loads(header.read_text()) if header.exists() else {}
        found.append(Disk(disk_id=entry["disk_id"], device=entry["device"], size_gib=entry["size_gib"], **written))
    return found


def find(device: str) -> Disk | None:
    """Return the disk behind a device path or a /dev/disk link, None when there is none."""
    real = os.path.realpath(device)
    return next((disk for disk in disks() if disk.device == real), None)


def write_header(disk: Disk) -> None:
    """Keep what formatting or growing *disk* changed."""
    kept = {key: value for key, value in asdict(disk).items() if key not in ("disk_id", "device", "size_gib")}
    _header(disk.disk_id).write_text(json.dumps(kept))
    disk.content.mkdir(exist_ok=True)


def table() -> dict[str, str]:
    """Return device to mount point."""
    return dict(json.loads(TABLE.read_text())) if TABLE.exists() else {}


def _write_table(mounted: dict[str, str]) -> None:
    TABLE.write_text(json.dumps(mounted))


def mount(disk: Disk, target: str) -> None:
    """
    Mount *disk* at the folder *target*.

    Raises:
        OSError: The folder is missing.
    """
    _call("mount", str(disk.content).encode(), target.encode(), None, MS_BIND, None)
    _write_table(table() | {disk.device: target})


def unmount(target: str) -> None:
    """Unmount the folder *target*, also when files on it are open."""
    unbind(target)
    _write_table({device: point for device, point in table().items() if point != target})


def bind(source: str, target: str) -> None:
    """Make *source* visible at *target* too."""
    _call("mount", source.encode(), target.encode(), None, MS_BIND | MS_REC, None)


def unbind(target: str) -> None:
    """Undo `bind`."""
    _call("umount2", target.encode(), MNT_DETACH)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def apply_disks() -> None:
    """Make /dev follow the attached disks; a detached one takes its mount with it."""
    present = {disk.device for disk in disks()}
    for device, target in table().items():
        if device not in present:
            unmount(target)
    for stale in Path("/dev").glob("vd[b-z]"):
        if str(stale) not in present:
            stale.unlink()
    for disk in disks():
        Path(disk.device).touch()
    _link("by-id", {f"virtio-{disk.serial}": disk.device for disk in disks()})
    _link("by-label", {disk.label: disk.device for disk in disks() if disk.label})


def _link(kind: str, links: dict[str, str]) -> None:
    folder = Path("/dev/disk") / kind
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        link.unlink()
    for name, device in links.items():
        (folder / name).symlink_to(device)
