"""
Compose files: text in, container configurations out.

Only the keys in use are known; any other is refused, also where compose would take it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.localcloud.machines.guest.docker.compose.interpolate import interpolate
from scripts.localcloud.machines.guest.docker.compose.merge import merged
from scripts.localcloud.machines.guest.docker.compose.service import Context, Network, dependencies, read
from scripts.localcloud.machines.guest.docker.compose.values import ComposeError, only
from scripts.localcloud.machines.guest.docker.config import ContainerConfig

TOP_KEYS = {"name", "services", "networks"}
NETWORK_KEYS = {"internal", "name", "driver"}


@dataclass(frozen=True)
class Project:
    """Compose files, resolved; *services* in the order in which they start."""

    name: str
    services: dict[str, ContainerConfig]
    networks: list[Network]
    unset: list[str]
    document: dict[str, Any]

    def with_dependencies(self, wanted: list[str]) -> list[str]:
        """
        Return the services *wanted*, or all, with those they depend on, in the order in which they start.

        Raises:
            ComposeError: There is no such service.
        """
        chosen: set[str] = set()
        waiting = list(wanted or self.services)
        while waiting:
            name = waiting.pop()
            if name not in self.services:
                raise ComposeError(f"no such service: {name}")
            if name not in chosen:
                chosen.add(name)
                waiting += dependencies(name, self.document["services"][name].get("depends_on", []))
        return [name for name in self.services if name in chosen]


def load(files: list[Path], name: str, variables: Mapping[str, str]) -> Project:
    """
    Return the project of *files*, each laid over those before it.

    Raises:
        ComposeError: A key is unknown or a value illegal.
        OSError: There is no such file.
    """
    unset: set[str] = set()
    document: dict[str, Any] = {}
    for file in files:
        document = merged(document, _read(file, variables, unset))
    networks = {key: _network(name, key, value or {}) for key, value in (document.get("networks") or {}).items()}
    services = document["services"]
    context = Context(name, networks, files[0].parent, variables)
    configs = {key: read(context, key, services[key]) for key in _start_order(services)}
    used = {network for config in configs.values() for network in config.networks}
    every = [*networks.values(), Network(f"{name}_default", internal=False)]
    return Project(name, configs, [one for one in every if one.name in used], sorted(unset), document)


def _read(file: Path, variables: Mapping[str, str], unset: set[str]) -> dict[str, Any]:
    try:
        document = interpolate(yaml.safe_load(file.read_text()), variables, unset)
    except yaml.YAMLError as problem:
        raise ComposeError(f"yaml: {problem}") from problem
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise ComposeError(f"{file}: has no services")
    only(document, TOP_KEYS, "file")
    return document


def _network(project: str, key: str, value: dict[str, Any]) -> Network:
    only(value, NETWORK_KEYS, f"networks.{key}")
    if value.get("driver", "bridge") != "bridge":
        raise ComposeError(f"stand-in: networks.{key}.driver: only bridge")
    internal = value.get("internal", False)
    if not isinstance(internal, bool):
        raise ComposeError(f"networks.{key}.internal must be a boolean")
    return Network(value.get("name", f"{project}_{key}"), internal)


def _start_order(services: dict[str, dict[str, Any]]) -> list[str]:
    order: list[str] = []

    def visit(key: str, above: tuple[str, ...]) -> None:
        if key not in services:
            raise ComposeError(f'service "{above[-1]}" depends on undefined service "{key}": invalid compose project')
        if key in above:
            raise ComposeError(f"dependency cycle detected: {' -> '.join([*above, key])}")
        for other in dependencies(key, services[key].get("depends_on", [])):
            visit(other, (*above, key))
        if key not in order:
            order.append(key)

    for key in services:
        visit(key, ())
    return order
