"""
Several compose files as one.

Source: https://docs.docker.com/reference/compose-file/merge/.
"""

from collections.abc import Callable
from typing import Any

from scripts.localcloud.machines.guest.docker.compose.values import ComposeError, pairs

Document = dict[str, Any]


def merged(first: Document, second: Document) -> Document:
    """
    Return *first* with *second* laid over it.

    Raises:
        ComposeError: A mapping meets something else.
    """
    result = _deep({**first, "services": {}}, {**second, "services": {}}, "file")
    services = dict(first.get("services") or {})
    for name, service in (second.get("services") or {}).items():
        services[name] = _service(services.get(name) or {}, service or {}, f"services.{name}")
    return {**result, "services": services}


def _service(first: Document, second: Document, where: str) -> Document:
    result = dict(first)
    for key, value in second.items():
        merge = RULES.get(key, _deep)
        result[key] = merge(first[key], value, f"{where}.{key}") if key in first else value
    return result


def _deep(first: Any, second: Any, where: str) -> Any:  # noqa: ANN401 - any YAML
    """Merge mappings, join lists, replace anything else."""
    if first is None or second is None:
        return first if second is None else second
    if isinstance(first, dict) != isinstance(second, dict) or isinstance(first, list) != isinstance(second, list):
        raise ComposeError(f"{where}: cannot be merged: {first!r} and {second!r}")
    if isinstance(first, list):
        return first + second
    if not isinstance(first, dict):
        return second
    both = {key: _deep(first[key], value, f"{where}.{key}") for key, value in second.items() if key in first}
    return {**first, **second, **both}


def _replace(_first: object, second: object, _where: str) -> object:
    return second


def _named(first: object, second: object, where: str) -> Document:
    return pairs(first, where) | pairs(second, where)


def _unique(key: Callable[[Any], object]) -> Callable[[Any, Any, str], Any]:
    """Return how lists are joined in which a later item replaces an earlier one with the same *key*."""

    def join(first: Any, second: Any, _where: str) -> list[Any]:  # noqa: ANN401 - any YAML
        lists = [value if isinstance(value, list) else [value] for value in (first, second)]
        return list({key(item): item for items in lists for item in items}.values())

    return join


def _target(item: object) -> object:
    return item["target"] if isinstance(item, dict) else [*str(item).split(":"), ""][1] or str(item)


RULES: dict[str, Callable[[Any, Any, str], Any]] = {
    "command": _replace,
    "entrypoint": _replace,
    "environment": _named,
    "depends_on": _named,
    "networks": _named,
    "volumes": _unique(_target),
    "devices": _unique(_target),
    "ports": _unique(str),
    "cap_add": _unique(str),
    "cap_drop": _unique(str),
    "tmpfs": _unique(str),
    "env_file": _unique(str),
}
"""Keys of a service that are not simply merged."""
