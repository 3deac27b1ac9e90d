"""mount, umount, mountpoint and findmnt."""

import os
from pathlib import Path

from scripts.localcloud.machines.guest import mounts
from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, last

FAILED = 32
"""Exit status of mount and of mountpoint when it is none. Source: mount(8), mountpoint(1)."""


def _source(given: dict[str, list[str]], words: list[str]) -> tuple[str, list[str]]:
    if "-L" in given:
        return f"/dev/disk/by-label/{given['-L'][-1]}", words
    if words and words[0].startswith("LABEL="):
        return f"/dev/disk/by-label/{words[0].removeprefix('LABEL=')}", words[1:]
    if words and words[0].startswith("UUID="):
        disk = next((disk for disk in mounts.disks() if disk.uuid == words[0].removeprefix("UUID=")), None)
        return disk.device if disk else words[0], words[1:]
    return (words[0], words[1:]) if words else ("", [])


def _mount(arguments: list[str]) -> int:
    given, words = Options(("--bind",), ("-o", "-t", "-L")).read(arguments)
    source, rest = _source(given, words)
    if len(rest) != 1:
        raise RefusedError(f"give a device and a folder, got: {' '.join(arguments)}")
    target = os.path.realpath(rest[0])
    if not Path(target).is_dir():
        complain(f"mount: {rest[0]}: mount point does not exist.")
        return FAILED
    if "--bind" in given:
        mounts.bind(source, target)
        return 0
    disk = mounts.find(source)
    if disk is None:
        complain(f"mount: {rest[0]}: special device {source} does not exist.")
        return FAILED
    if not disk.file_system or last(given, "-t", default=disk.file_system) not in (disk.file_system, "auto"):
        complain(f"mount: {rest[0]}: wrong fs type, bad option, bad superblock on {source}.")
        return FAILED
    if disk.device in mounts.table():
        complain(f"mount: {rest[0]}: {source} already mounted on {mounts.table()[disk.device]}.")
        return FAILED
    mounts.mount(disk, target)
    return 0


def _unmount(arguments: list[str]) -> int:
    _, words = Options(("-l", "-f")).read(arguments)
    if len(words) != 1:
        raise RefusedError(f"give one folder or device, got: {' '.join(words)}")
    table = mounts.table()
    target = table.get(os.path.realpath(words[0]), os.path.realpath(words[0]))
    if target not in table.values():
        complain(f"umount: {words[0]}: not mounted.")
        return FAILED
    mounts.unmount(target)
    return 0


def _is_mount_point(arguments: list[str]) -> int:
    given, words = Options(("-q",)).read(arguments)
    if len(words) != 1:
        raise RefusedError("give one path")
    found = os.path.realpath(words[0]) in mounts.table().values() or os.path.ismount(words[0])
    if "-q" not in given:
        say(f"{words[0]} is {'' if found else 'not '}a mountpoint")
    return 0 if found else FAILED


FINDMNT = Options(("-n", "--noheadings", "-r", "--raw"), ("-o", "--output", "-S", "--source", "-M", "--mountpoint"))


def _find(arguments: list[str]) -> int:
    split = [part for argument in arguments for part in (["-n", "-o"] if argument == "-no" else [argument])]
    given, words = FINDMNT.read(split)
    columns = last(given, "-o", "--output", default="TARGET,SOURCE,FSTYPE").split(",")
    source = last(given, "-S", "--source")
    if source.startswith("LABEL="):
        source = f"/dev/disk/by-label/{source.removeprefix('LABEL=')}"
    target = last(given, "-M", "--mountpoint", default=words[0] if words else "")
    facts = [
        {"TARGET": point, "SOURCE": device, "FSTYPE": "ext4", "LABEL": _label(device)}
        for device, point in mounts.table().items()
        if (not source or os.path.realpath(source) == device) and (not target or target.rstrip("/") in (point, device))
    ]
    if unknown := set(columns) - {"TARGET", "SOURCE", "FSTYPE", "LABEL"}:
        raise RefusedError(f"unknown column: {','.join(sorted(unknown))}")
    for fact in facts:
        say(" ".join(fact[column] for column in columns))
    return 0 if facts else 1


def _label(device: str) -> str:
    disk = mounts.find(device)
    return disk.label if disk else ""


def main(name: str, arguments: list[str]) -> int:
    """Run one of the four commands."""
    known = {"mount": _mount, "umount": _unmount, "mountpoint": _is_mount_point, "findmnt": _find}
    return known[name](arguments)
