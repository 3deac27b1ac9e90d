"""What rules look at and what they say. Plain values."""

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeGuard

Level = Literal["mandatory", "advisory", "disabled"]


class _Unknown(enum.Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown.UNKNOWN
"""Stands for a value that only the deployment knows. What may break a rule is no finding before it is known."""


def known(value: object) -> TypeGuard[object]:
    """Say whether *value* can be judged already."""
    return value is not UNKNOWN


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
    level: Literal["mandatory", "advisory"]
    resource: Resource
    text: str
    """What is wrong, with the value, and the way out. Never a secret."""


def strings(value: object) -> Iterator[str]:
    """Yield every text within *value*."""
    if isinstance(value, str):
        yield value
    else:
        for part in _parts(value):
            yield from strings(part)


def mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping within *value*, itself included."""
    if isinstance(value, Mapping):
        yield value
    for part in _parts(value):
        yield from mappings(part)


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()
