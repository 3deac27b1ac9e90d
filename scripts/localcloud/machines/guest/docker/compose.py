"""
Compose files: text in, container configurations out.

Only the keys in use are known; any other is refused, also where compose would take it.
Source: https://docs.docker.com/reference/compose-file/services/.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.localcloud.machines.guest.docker.config import ContainerConfig, Mount, Port
from scripts.localcloud.machines.guest.docker.interpolate import interpolate

TOP_KEYS = {"name", "services", "networks"}
NETWORK_KEYS = {"internal", "name", "driver"}
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_PORT = re.compile(r"(?:(?P<address>\d+\.\d+\.\d+\.\d+):)?(?P<host>\d+):(?P<inside>\d+)(?:/tcp)?")


class ComposeError(ValueError):
    """The file is not one that the stand-in can run."""


@dataclass(frozen=True)
class Network:
    """One network of the project."""

    name: str
    internal: bool


@dataclass(frozen=True)
class Project:
    """A compose file, resolved; *services* in the order in which they start."""

    name: str
    services: dict[str, ContainerConfig]
    networks: list[Network]
    unset: list[str]
    document: dict[str, Any]


def load(file: Path, name: str, variables: Mapping[str, str]) -> Project:
    """
    Return the project of *file*.

    Raises:
        ComposeError: A key is unknown or a value illegal.
        OSError: There is no such file.
    """
    unset: set[str] = set()
    try:
        document = interpolate(yaml.safe_load(file.read_text()), variables, unset)
    except yaml.YAMLError as problem:
        raise ComposeError(f"yaml: {problem}") from problem
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise ComposeError(f"{file}: has no services")
    _only(document, TOP_KEYS, "file")
    networks = {key: _network(name, key, value or {}) for key, value in document.get("networks", {}).items()}
    services = document["services"]
    configs = {
        key: _service(_Context(name, networks, file.parent, variables), key, services[key])
        for key in _start_order(services)
    }
    used = {network for config in configs.values() for network in config.networks}
    every = [*networks.values(), Network(f"{name}_default", internal=False)]
    return Project(name, configs, [one for one in every if one.name in used], sorted(unset), document)


def _only(given: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ComposeError(f"stand-in: {where}: {', '.join(unknown)} is not supported")


def _network(project: str, key: str, value: dict[str, Any]) -> Network:
    _only(value, NETWORK_KEYS, f"networks.{key}")
    if value.get("driver", "bridge") != "bridge":
        raise ComposeError(f"stand-in: networks.{key}.driver: only bridge")
    internal = value.get("internal", False)
    if not isinstance(internal, bool):
        raise ComposeError(f"networks.{key}.internal must be a boolean")
    return Network(value.get("name", f"{project}_{key}"), internal)


def _dependencies(key: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, dict):
        for other, how in value.items():
            if how.get("condition", "service_started") != "service_started":
                raise ComposeError(f"stand-in: services.{key}.depends_on.{other}: only service_started is supported")
        return list(value)
    raise ComposeError(f"services.{key}.depends_on must be a list or a mapping")


def _start_order(services: dict[str, dict[str, Any]]) -> list[str]:
    order: list[str] = []

    def visit(key: str, above: tuple[str, ...]) -> None:
        if key not in services:
            raise ComposeError(f'service "{above[-1]}" depends on undefined service "{key}": invalid compose project')
        if key in above:
            raise ComposeError(f"dependency cycle detected: {' -> '.join([*above, key])}")
        for other in _dependencies(key, services[key].get("depends_on", [])):
            visit(other, (*above, key))
        if key not in order:
            order.append(key)

    for key in services:
        visit(key, ())
    return order


def _words(value: object, where: str) -> list[str]:
    if isinstance(value, str):
        return shlex.split(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise ComposeError(f"{where} must be a string or a list of strings")


def _environment(value: object, where: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a service; a name without a value takes the caller's, and is left out without one."""
    if isinstance(value, list):
        pairs = [str(item).partition("=") for item in value]
        return {
            name: text if equals else variables[name] for name, equals, text in pairs if equals or name in variables
        }
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(item, str | int | float) or isinstance(item, bool):
                raise ComposeError(f"{where}.{name} must be a string or a number")
        return {name: str(item) for name, item in value.items()}
    raise ComposeError(f"{where} must be a mapping or a list")


def _volume(value: object, where: str, folder: Path) -> Mount:
    if isinstance(value, dict):
        _only(value, {"type", "source", "target", "read_only", "bind"}, where)
        if value.get("type") != "bind":
            raise ComposeError(f"stand-in: {where}: only bind mounts are supported")
        return Mount(str(folder / value["source"]), value["target"], bool(value.get("read_only", False)))
    parts = str(value).split(":")
    if len(parts) not in (2, 3) or not all(parts) or parts[2:] not in ([], ["ro"], ["rw"]):
        raise ComposeError(f"invalid spec: {value}: empty section between colons or unknown mode")
    if not parts[0].startswith(("/", "./", "../")):
        raise ComposeError(f"stand-in: {where}: {value}: named volumes are not supported")
    return Mount(str(folder / parts[0]), parts[1], parts[2:] == ["ro"])


def _port(value: object, where: str) -> Port:
    match = _PORT.fullmatch(str(value))
    if not match:
        raise ComposeError(f"{where}: invalid port {value!r}; the stand-in knows [ADDRESS:]HOST:CONTAINER")
    return Port(match["address"] or "0.0.0.0", int(match["host"]), int(match["inside"]))  # noqa: S104 - docker's default


def _seconds(value: object, where: str) -> float:
    match = _SPAN.fullmatch(str(value))
    if not match or not any(match.groups()):
        raise ComposeError(f"{where}: {value!r} is not a duration such as 1m30s")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)


def _gpus(value: dict[str, Any], where: str) -> bool:
    devices = value.get("resources", {}).get("reservations", {}).get("devices", [])
    if set(value) - {"resources"} or set(value.get("resources", {})) - {"reservations"}:
        raise ComposeError(f"stand-in: {where}: only resources.reservations.devices is supported")
    for device in devices:
        _only(device, {"driver", "count", "device_ids", "capabilities"}, f"{where}.devices")
        if "gpu" not in device.get("capabilities", []):
            raise ComposeError(f"{where}: capabilities: [gpu] is required")
        if "count" in device and "device_ids" in device:
            raise ComposeError(f'{where}: "count" and "device_ids" attributes are exclusive')
    return bool(devices)


def _logging(value: dict[str, Any], where: str) -> dict[str, str]:
    _only(value, {"driver", "options"}, where)
    options = value.get("options", {})
    if value.get("driver", "json-file") not in ("json-file", "local"):
        raise ComposeError(f"stand-in: {where}.driver: only json-file and local")
    _only(options, {"max-size", "max-file", "compress"}, f"{where}.options")
    if any(not isinstance(option, str) for option in options.values()):
        raise ComposeError(f"{where}.options values must be strings")
    if not re.fullmatch(r"\d+[kmg]?", options.get("max-size", "1m")):
        raise ComposeError(f"{where}.options.max-size: {options['max-size']!r} is not a size")
    return dict(options)


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
    "user": _one_of("root", "0", "0:0"),
    "pull_policy": _one_of("never", "missing", "if_not_present"),
    "shm_size": _size,
    "ulimits": _limits,
    "security_opt": _security,
}
"""Keys that are checked and change nothing, or little."""

READ = {
    "image",
    "entrypoint",
    "command",
    "environment",
    "volumes",
    "tmpfs",
    "networks",
    "ports",
    "deploy",
    "cap_drop",
    "cap_add",
    "read_only",
    "init",
    "working_dir",
    "stop_grace_period",
    "logging",
    "depends_on",
}


@dataclass(frozen=True)
class _Context:
    """What a service is read in."""

    project: str
    networks: dict[str, Network]
    folder: Path
    variables: Mapping[str, str]


def _service(context: _Context, key: str, value: dict[str, Any]) -> ContainerConfig:
    where = f"services.{key}"
    _only(value, READ | set(CHECKED), where)
    for name, check in CHECKED.items():
        if name in value:
            check(value[name], f"{where}.{name}")
    if not value.get("image"):
        raise ComposeError(
            f'service "{key}" has neither an image nor a build context specified: invalid compose project'
        )
    config = ContainerConfig(name=f"{context.project}-{key}-1", image=value["image"], aliases=[key])
    config.labels = {"com.docker.compose.project": context.project, "com.docker.compose.service": key}
    config.networks = _networks(context, key, value.get("networks", []))
    _fill(config, value, where, context)
    return config


def _networks(context: _Context, key: str, wanted: object) -> list[str]:
    if not isinstance(wanted, list):
        raise ComposeError(f"stand-in: services.{key}.networks must be a list")
    for name in wanted:
        if name not in context.networks:
            raise ComposeError(f'service "{key}" refers to undefined network {name}: invalid compose project')
    return [context.networks[name].name for name in wanted] or [f"{context.project}_default"]


def _fill(config: ContainerConfig, value: dict[str, Any], where: str, context: _Context) -> None:
    for name in ("entrypoint", "command"):
        if value.get(name) is not None:
            setattr(config, name, _words(value[name], f"{where}.{name}"))
    config.environment = _environment(value.get("environment", {}), f"{where}.environment", context.variables)
    config.mounts = [_volume(item, f"{where}.volumes", context.folder) for item in value.get("volumes", [])]
    config.tmpfs = _words(value.get("tmpfs", []), f"{where}.tmpfs")
    config.ports = [_port(item, f"{where}.ports") for item in value.get("ports", [])]
    config.cap_drop = _words(value.get("cap_drop", []), f"{where}.cap_drop")
    config.cap_add = _words(value.get("cap_add", []), f"{where}.cap_add")
    config.gpus = _gpus(value.get("deploy", {}), f"{where}.deploy")
    config.log_options = _logging(value.get("logging", {}), f"{where}.logging")
    config.stop_grace_seconds = _seconds(value.get("stop_grace_period", "10s"), f"{where}.stop_grace_period")
    config.working_dir = str(value.get("working_dir", "/"))
    config.host_ipc = value.get("ipc") == "host"
    for name in ("read_only", "init"):
        if not isinstance(value.get(name, False), bool):
            raise ComposeError(f"{where}.{name} must be a boolean")
        setattr(config, name, value.get(name, False))
