"""mkfs.ext4, blkid and resize2fs on data disks."""

import os
from dataclasses import replace

from scripts.localcloud.machines.guest import mounts
from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, last

NOTHING_FOUND = 2
"""Exit status of blkid when no device matches. Source: blkid(8)."""


def _make(arguments: list[str]) -> int:
    given, words = Options(("-q", "-F"), ("-L", "-m", "-E", "-O", "-T")).read(arguments)
    disk = _disk("mke2fs", words)
    if disk is None:
        return 1
    if disk.device in mounts.table():
        complain(f"{disk.device} is mounted; will not make a filesystem here!")
        return 1
    if disk.file_system and "-F" not in given:
        complain(f"{disk.device} contains a {disk.file_system} file system; proceed anyway? (y,N)")
        return 1
    label = last(given, "-L")
    if len(label) > 16:  # noqa: PLR2004 - the length of an ext4 label
        raise RefusedError(f"label {label!r} is longer than 16 bytes")
    made = replace(disk, file_system="ext4", label=label, uuid=_new_uuid(), formatted_gib=disk.size_gib)
    for entry in disk.content.glob("*"):
        raise RefusedError(f"{entry} is in the way on a disk that is being formatted")
    mounts.write_header(made)
    mounts.apply_disks()
    return 0


def _new_uuid() -> str:
    raw = os.urandom(16).hex()
    return "-".join([raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]])


def _disk(tool: str, words: list[str]) -> mounts.Disk | None:
    if len(words) != 1:
        raise RefusedError(f"give one device, got: {' '.join(words)}")
    disk = mounts.find(words[0])
    if disk is None:
        complain(f"{tool}: No such file or directory while trying to open {words[0]}")
    return disk


SYSTEM_DISK = {
    "/dev/vda": {"PTUUID": "0c8e2a5e-0000-4000-8000-000000000001", "PTTYPE": "gpt"},
    "/dev/vda1": {"LABEL": "root", "UUID": "0c8e2a5e-0000-4000-8000-000000000002", "TYPE": "ext4"},
}
"""What blkid says of the disk that the machine boots from."""


def _tags() -> dict[str, dict[str, str]]:
    """Return device to tags, of every device that holds anything."""
    data = {
        disk.device: {"LABEL": disk.label, "UUID": disk.uuid, "TYPE": disk.file_system}
        for disk in mounts.disks()
        if disk.file_system
    }
    return SYSTEM_DISK | data


def _identify(arguments: list[str]) -> int:
    given, words = Options(("-p",), ("-L", "-s", "-o", "-c")).read(arguments)
    tags = _tags()
    if "-L" in given:
        found = [device for device, values in tags.items() if values.get("LABEL") == given["-L"][-1]]
        for device in found[:1]:
            say(device)
        return 0 if found else NOTHING_FOUND
    wanted = [os.path.realpath(word) for word in words] or list(tags)
    chosen = {device: tags[device] for device in wanted if device in tags}
    for device, values in chosen.items():
        _print_tags(device, values, last(given, "-s"), last(given, "-o"))
    return 0 if chosen else NOTHING_FOUND


def _print_tags(device: str, values: dict[str, str], tag: str, form: str) -> None:
    shown = {key: value for key, value in values.items() if value and tag in ("", key)}
    if form == "value":
        for value in shown.values():
            say(value)
    elif shown:
        say(f"{device}: " + " ".join(f'{key}="{value}"' for key, value in shown.items()))


def _grow(arguments: list[str]) -> int:
    _, words = Options(("-p", "-f")).read(arguments)
    disk = _disk("resize2fs", words[:1])
    if disk is None:
        return 1
    if not disk.file_system:
        complain(f"resize2fs: Bad magic number in super-block while trying to open {disk.device}")
        return 1
    if disk.formatted_gib == disk.size_gib:
        say("The filesystem is already the full size. Nothing to do!")
    mounts.write_header(replace(disk, formatted_gib=disk.size_gib))
    return 0


def main(name: str, arguments: list[str]) -> int:
    """Run one of the three commands."""
    return {"mkfs.ext4": _make, "blkid": _identify, "resize2fs": _grow}[name](arguments)
