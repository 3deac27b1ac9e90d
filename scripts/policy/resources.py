"""What rules look at and what they say. Plain values."""

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

Level = Literal["mandatory", "advisory"]


class _Unknown(enum.Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown.UNKNOWN
"""Stands for a value that only the deployment knows. What may break a rule is no finding before it is known."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource as the program asks for it."""

    type: str
    """As Pulumi has it: ``alicloud:ecs/instance:Instance``, ``kubernetes:core/v1:Service``."""
    name: str
    """What a finding calls it."""
    props: Mapping[str, Any]
    """Its inputs, named as in the state (camelCase); UNKNOWN may stand anywhere."""
    urn: str = ""
    refers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """URNs of the resources from which a property's value comes, by property, as far as that is known."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that breaks a rule."""

    rule: str
    level: Level
    resource: Resource
    text: str
    """What is wrong, with the value, and the way out. Never a secret."""


def may_be(value: object, *wanted: object) -> bool:
    """Say whether *value* is one of *wanted*, or may turn out to be."""
    return value is UNKNOWN or value in wanted


def is_on(value: object) -> bool:
    """Say whether *value* switches something on, or may turn out to; some properties are texts."""
    return value is UNKNOWN or str(value).lower() in ("true", "yes", "1")


def places(value: object, where: str = "") -> Iterator[tuple[str, object]]:
    """Yield *value* and everything within it, each with where it is: ``spec.containers[0].image``."""
    yield where, value
    if isinstance(value, Mapping):
        for key in value:
            yield from places(value[key], f"{where}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from places(item, f"{where}[{index}]")


def at(value: object, path: str, where: str = "") -> Iterator[tuple[str, Any]]:
    """
    Yield each place to which *path* leads, and what is there: None for nothing, UNKNOWN for what is not known yet.

    ``dataDisks[].encrypted`` leads to ``dataDisks[0].encrypted``, ``dataDisks[1].encrypted`` and so on.
    """
    if not path or value is UNKNOWN:
        yield f"{where}.{path}".strip("."), value
        return
    head, _, rest = path.partition(".")
    key = head.removesuffix("[]")
    found = value.get(key) if isinstance(value, Mapping) else None
    where = f"{where}.{key}".lstrip(".")
    if key == head:
        yield from at(found, rest, where)
    elif isinstance(found, (list, tuple)):
        for index, item in enumerate(found):
            yield from at(item, rest, f"{where}[{index}]")


def one(value: object, path: str) -> Any:  # noqa: ANN401 - a property's value
    """Return what is at the one place to which *path* leads."""
    return next(found for _, found in at(value, path))
