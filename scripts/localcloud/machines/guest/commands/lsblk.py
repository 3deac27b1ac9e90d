"""lsblk: the system disk and the data disks."""

import json
import os
from dataclasses import dataclass

from scripts.localcloud.machines.guest import mounts
from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, last

COLUMNS = ("NAME", "TYPE", "SIZE", "SERIAL", "FSTYPE", "LABEL", "UUID", "MOUNTPOINT", "PATH", "RO", "PKNAME", "FSVER")
OPTIONS = Options(
    [
        "-d",
        "-n",
        "-P",
        "-J",
        "-r",
        "-b",
        "-p",
        "--nodeps",
        "--noheadings",
        "--pairs",
        "--json",
        "--raw",
        "--bytes",
        "--paths",
    ],
    ("-o", "--output"),
)
GIB = 1024**3
SYSTEM_DISK_GIB = 100


@dataclass(frozen=True)
class Row:
    """One block device."""

    values: dict[str, str]
    child: bool = False


def _row(name: str, kind: str, size_gib: int, **values: str) -> Row:
    empty = dict.fromkeys(COLUMNS, "")
    known = {"NAME": name, "PATH": f"/dev/{name}", "TYPE": kind, "SIZE": str(size_gib * GIB), "RO": "0"}
    return Row(empty | known | values, kind == "part")


def rows() -> list[Row]:
    """Return the machine's block devices: vda with its partition, then the data disks."""
    mounted = mounts.table()
    found = [
        _row("vda", "disk", SYSTEM_DISK_GIB, SERIAL="system"),
        _row("vda1", "part", SYSTEM_DISK_GIB, FSTYPE="ext4", LABEL="root", MOUNTPOINT="/", PKNAME="vda", UUID="0-1"),
    ]
    for disk in mounts.disks():
        facts = {"SERIAL": disk.serial, "FSTYPE": disk.file_system, "LABEL": disk.label, "UUID": disk.uuid}
        name = disk.device.removeprefix("/dev/")
        found.append(_row(name, "disk", disk.size_gib, MOUNTPOINT=mounted.get(disk.device, ""), **facts))
    return found


def _split_clusters(arguments: list[str]) -> list[str]:
    """Take ``-dno NAME`` apart into ``-d -n -o NAME``."""
    single: list[str] = []
    for argument in arguments:
        cluster = argument.startswith("-") and not argument.startswith("--")
        single += [f"-{letter}" for letter in argument[1:]] if cluster else [argument]
    return single


def _selected(devices: list[str], *, only_whole: bool) -> list[Row]:
    every = [row for row in rows() if not (only_whole and row.child and not devices)]
    if not devices:
        return every
    wanted = {os.path.realpath(device) for device in devices}
    known = {row.values["PATH"] for row in every}
    for missing in sorted(wanted - known):
        complain(f"lsblk: {missing}: not a block device")
    picked = [row for row in every if row.values["PATH"] in wanted]
    parents = set() if only_whole else {row.values["NAME"] for row in picked}
    return [row for row in every if row in picked or row.values["PKNAME"] in parents - {""}]


def _human(size: str) -> str:
    return f"{int(size) // GIB}G"


def main(_name: str, arguments: list[str]) -> int:
    """Print the devices in one of the forms for programs, or as a table."""
    given, devices = OPTIONS.read(_split_clusters(arguments))
    columns = last(given, "-o", "--output", default="NAME,SIZE,TYPE,MOUNTPOINT").upper().split(",")
    unknown = sorted(set(columns) - set(COLUMNS))
    if unknown:
        raise RefusedError(f"unknown column: {','.join(unknown)}")
    chosen = _selected(devices, only_whole="-d" in given or "--nodeps" in given)
    table = [_values(row, columns, given) for row in chosen]
    if "-J" in given or "--json" in given:
        say(json.dumps({"blockdevices": _tree(chosen, columns, given)}, indent=3))
    elif "-P" in given or "--pairs" in given:
        for row in table:
            say(" ".join(f'{key}="{value}"' for key, value in zip(columns, row, strict=True)))
    else:
        if "-n" not in given and "--noheadings" not in given:
            say(" ".join(columns))
        for row in table:
            say(" ".join(row).rstrip())
    return 0 if chosen or not devices else 32


def _tree(chosen: list[Row], columns: list[str], given: dict[str, list[str]]) -> list[dict[str, object]]:
    """Return the devices as lsblk's JSON has them: partitions inside their disks."""
    top: list[dict[str, object]] = []
    by_name: dict[str, dict[str, object]] = {}
    for row in chosen:
        values = _values(row, columns, given)
        node: dict[str, object] = {key.lower(): value or None for key, value in zip(columns, values, strict=True)}
        by_name[row.values["NAME"]] = node
        parent = by_name.get(row.values["PKNAME"])
        if parent is None:
            top.append(node)
        else:
            children = parent.setdefault("children", [])
            assert isinstance(children, list)  # noqa: S101 - made in the line above
            children.append(node)
    return top


def _values(row: Row, columns: list[str], given: dict[str, list[str]]) -> list[str]:
    shown = dict(row.values)
    if "-b" not in given and "--bytes" not in given:
        shown["SIZE"] = _human(shown["SIZE"])
    if "-p" in given or "--paths" in given:
        shown["NAME"] = shown["PATH"]
    return [shown[column] for column in columns]
