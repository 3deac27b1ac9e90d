"""
Values of a compose file's keys: checked, and turned into what a container is made of.

Source: https://docs.docker.com/reference/compose-file/services/.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.guest.docker.config import Device, Mount, Port

_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_PORT = re.compile(r"(?:(?P<address>\d+\.\d+\.\d+\.\d+):)?(?P<host>\d+):(?P<inside>\d+)(?:/tcp)?")
_USER = re.compile(r"(?:root|0)(?::(?:root|(?P<group>\d+)))?")


class ComposeError(ValueError):
    """The file is not one that the stand-in can run."""


def only(given: Mapping[str, object], known: set[str], where: str) -> None:
    """
    Check that *given* has *known* keys only.

    Raises:
        ComposeError: It has others.
    """
    unknown = sorted(set(given) - known)
    if unknown:
        raise ComposeError(f"stand-in: {where}: {', '.join(unknown)} is not supported")


def words(value: object, where: str) -> list[str]:
    """Return a command line or a list as its words."""
    if isinstance(value, str):
        return shlex.split(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise ComposeError(f"{where} must be a string or a list of strings")


def environment(value: object, where: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a service; a name without a value takes the caller's, and is left out without one."""
    given = pairs(value, where)
    for name, item in given.items():
        if not isinstance(item, str | int | float | None) or isinstance(item, bool):
            raise ComposeError(f"{where}.{name} must be a string or a number")
    filled = {name: variables.get(name) if item is None else item for name, item in given.items()}
    return {name: str(item) for name, item in filled.items() if item is not None}


def pairs(value: object, where: str) -> dict[str, Any]:
    """Return a mapping, or a list of NAME=value and NAME, as a mapping."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        split = [str(item).partition("=") for item in value]
        return {name: text if equals else None for name, equals, text in split}
    raise ComposeError(f"{where} must be a mapping or a list")


def volume(value: object, where: str, folder: Path) -> Mount:
    """Return a bind mount; *folder* is what relative sources start from."""
    if isinstance(value, dict):
        only(value, {"type", "source", "target", "read_only", "bind"}, where)
        if value.get("type") != "bind":
            raise ComposeError(f"stand-in: {where}: only bind mounts are supported")
        return Mount(str(folder / value["source"]), value["target"], bool(value.get("read_only", False)))
    parts = str(value).split(":")
    if len(parts) not in (2, 3) or not all(parts) or parts[2:] not in ([], ["ro"], ["rw"]):
        raise ComposeError(f"invalid spec: {value}: empty section between colons or unknown mode")
    if not parts[0].startswith(("/", "./", "../")):
        raise ComposeError(f"stand-in: {where}: {value}: named volumes are not supported")
    return Mount(str(folder / parts[0]), parts[1], parts[2:] == ["ro"])


def port(value: object, where: str) -> Port:
    """Return a published port."""
    match = _PORT.fullmatch(str(value))
    if not match:
        raise ComposeError(f"{where}: invalid port {value!r}; the stand-in knows [ADDRESS:]HOST:CONTAINER")
    return Port(match["address"] or "0.0.0.0", int(match["host"]), int(match["inside"]))  # noqa: S104 - docker's default


def seconds(value: object, where: str) -> float:
    """Return a duration."""
    match = _SPAN.fullmatch(str(value))
    if not match or not any(match.groups()):
        raise ComposeError(f"{where}: {value!r} is not a duration such as 1m30s")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)


def gpus(value: dict[str, Any], where: str) -> bool:
    """Return whether the service has the machine's GPUs."""
    devices = value.get("resources", {}).get("reservations", {}).get("devices", [])
    if set(value) - {"resources"} or set(value.get("resources", {})) - {"reservations"}:
        raise ComposeError(f"stand-in: {where}: only resources.reservations.devices is supported")
    for device in devices:
        only(device, {"driver", "count", "device_ids", "capabilities"}, f"{where}.devices")
        if "gpu" not in device.get("capabilities", []):
            raise ComposeError(f"{where}: capabilities: [gpu] is required")
        if "count" in device and "device_ids" in device:
            raise ComposeError(f'{where}: "count" and "device_ids" attributes are exclusive')
    return bool(devices)


def logging(value: dict[str, Any], where: str) -> dict[str, str]:
    """Return the options of the log."""
    only(value, {"driver", "options"}, where)
    options = value.get("options", {})
    if value.get("driver", "json-file") not in ("json-file", "local"):
        raise ComposeError(f"stand-in: {where}.driver: only json-file and local")
    only(options, {"max-size", "max-file", "compress"}, f"{where}.options")
    if any(not isinstance(option, str) for option in options.values()):
        raise ComposeError(f"{where}.options values must be strings")
    if not re.fullmatch(r"\d+[kmg]?", options.get("max-size", "1m")):
        raise ComposeError(f"{where}.options.max-size: {options['max-size']!r} is not a size")
    return dict(options)


def device(value: object, where: str) -> Device:
    """Return a device of the machine, as HOST:CONTAINER or one path for both."""
    parts = str(value).split(":")
    if len(parts) not in (1, 2) or not all(part.startswith("/") for part in parts):
        raise ComposeError(f"stand-in: {where}: {value!r} is not HOST or HOST:CONTAINER")
    return Device(parts[0], parts[-1])


def group(value: object, where: str) -> int:
    """Return the group of ``user``, which must be root."""
    match = _USER.fullmatch(str(value))
    if not match:
        raise ComposeError(f"stand-in: {where}: {value!r} is not root, with or without a group's number")
    return int(match["group"] or 0)


def _security(value: object, where: str) -> None:
    if not isinstance(value, list) or set(value) - {"no-new-privileges:true", "no-new-privileges"}:
        raise ComposeError(f"stand-in: {where}: only no-new-privileges is supported, got {value!r}")


def _one_of(*allowed: object) -> Callable[[object, str], None]:
    def check(value: object, where: str) -> None:
        if value not in allowed:
            raise ComposeError(f"stand-in: {where}: {value!r} is not one of {', '.join(map(repr, allowed))}")

    return check


def _size(value: object, where: str) -> None:
    if not re.fullmatch(r"\d+(b|k|kb|m|mb|g|gb)?", str(value)):
        raise ComposeError(f"{where}: {value!r} is not a size")


def _limits(value: object, where: str) -> None:
    if not isinstance(value, dict) or set(value) - {"memlock", "stack", "nofile", "core"}:
        raise ComposeError(f"stand-in: {where}: {value!r} is not supported")


CHECKED: dict[str, Callable[[Any, str], None]] = {
    "restart": _one_of("no"),
    "ipc": _one_of("host", "private"),
    "network_mode": _one_of("host"),
    "pull_policy": _one_of("never", "missing", "if_not_present"),
    "shm_size": _size,
    "ulimits": _limits,
    "security_opt": _security,
}
"""Keys that are checked and change nothing, or little."""
