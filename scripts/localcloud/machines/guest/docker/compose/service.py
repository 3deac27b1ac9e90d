"""One service of a compose file as the container that it is to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.guest.docker.compose import env_file, values
from scripts.localcloud.machines.guest.docker.compose.values import CHECKED, ComposeError
from scripts.localcloud.machines.guest.docker.config import ContainerConfig

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
    "devices",
    "env_file",
    "user",
}


@dataclass(frozen=True)
class Network:
    """One network of the project."""

    name: str
    internal: bool


@dataclass(frozen=True)
class Context:
    """What a service is read in."""

    project: str
    networks: dict[str, Network]
    folder: Path
    variables: Mapping[str, str]


def dependencies(key: str, value: object) -> list[str]:
    """Return the services that the service *key* is started after."""
    named = values.pairs(value, f"services.{key}.depends_on")
    for other, how in named.items():
        if (how or {}).get("condition", "service_started") != "service_started":
            raise ComposeError(f"stand-in: services.{key}.depends_on.{other}: only service_started is supported")
    return list(named)


def read(context: Context, key: str, value: dict[str, Any]) -> ContainerConfig:
    """
    Return the container of the service *key*.

    Raises:
        ComposeError: A key is unknown or a value illegal.
    """
    where = f"services.{key}"
    values.only(value, READ | set(CHECKED), where)
    for name, check in CHECKED.items():
        if name in value:
            check(value[name], f"{where}.{name}")
    if not value.get("image"):
        raise ComposeError(
            f'service "{key}" has neither an image nor a build context specified: invalid compose project'
        )
    config = ContainerConfig(name=f"{context.project}-{key}-1", image=value["image"], aliases=[key])
    config.labels = {
        "com.docker.compose.project": context.project,
        "com.docker.compose.service": key,
        "com.docker.compose.oneoff": "False",
    }
    _connect(config, context, key, value)
    _fill(config, value, where)
    _take_from_machine(config, value, where, context)
    return config


def _connect(config: ContainerConfig, context: Context, key: str, value: dict[str, Any]) -> None:
    where = f"services.{key}"
    config.host_network = value.get("network_mode") == "host"
    config.ports = [values.port(item, f"{where}.ports") for item in value.get("ports", [])]
    if not config.host_network:
        config.networks = _networks(context, key, value.get("networks", []))
    elif value.get("networks"):
        raise ComposeError(
            f"service {key} declares mutually exclusive `network_mode` and `networks`: invalid compose project"
        )
    elif config.ports:
        raise ComposeError(f"stand-in: {where}.ports: docker would ignore them, its network is the machine's")


def _networks(context: Context, key: str, wanted: object) -> list[str]:
    named = values.pairs(wanted, f"services.{key}.networks")
    if any(named.values()):
        raise ComposeError(f"stand-in: services.{key}.networks must be a list")
    for name in named:
        if name not in context.networks:
            raise ComposeError(f'service "{key}" refers to undefined network {name}: invalid compose project')
    return [context.networks[name].name for name in named] or [f"{context.project}_default"]


def _fill(config: ContainerConfig, value: dict[str, Any], where: str) -> None:
    for name in ("entrypoint", "command"):
        if value.get(name) is not None:
            setattr(config, name, values.words(value[name], f"{where}.{name}"))
    config.tmpfs = values.words(value.get("tmpfs", []), f"{where}.tmpfs")
    config.cap_drop = values.words(value.get("cap_drop", []), f"{where}.cap_drop")
    config.cap_add = values.words(value.get("cap_add", []), f"{where}.cap_add")
    config.gpus = values.gpus(value.get("deploy", {}), f"{where}.deploy")
    config.log_options = values.logging(value.get("logging", {}), f"{where}.logging")
    config.stop_grace_seconds = values.seconds(value.get("stop_grace_period", "10s"), f"{where}.stop_grace_period")
    config.working_dir = str(value.get("working_dir", "/"))
    config.host_ipc = value.get("ipc") == "host"
    config.group = values.group(value.get("user", "root"), f"{where}.user")
    for name in ("read_only", "init"):
        if not isinstance(value.get(name, False), bool):
            raise ComposeError(f"{where}.{name} must be a boolean")
        setattr(config, name, value.get(name, False))


def _take_from_machine(config: ContainerConfig, value: dict[str, Any], where: str, context: Context) -> None:
    own = values.environment(value.get("environment", {}), f"{where}.environment", context.variables)
    config.environment = env_file.read(value.get("env_file", []), f"{where}.env_file", context.folder) | own
    config.mounts = [values.volume(item, f"{where}.volumes", context.folder) for item in value.get("volumes", [])]
    config.devices = [values.device(item, f"{where}.devices") for item in value.get("devices", [])]
