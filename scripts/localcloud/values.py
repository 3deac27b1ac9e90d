"""Property values as both doors hand them to the cloud: plain JSON-like data, and one mark for "not known yet"."""

from enum import Enum
from typing import Final, TypeAlias


class Unknown(Enum):
    """The type of `UNKNOWN`; an enum, so that a copy is still the same object."""

    VALUE = "unknown"


UNKNOWN: Final = Unknown.VALUE
"""A value that only an update will know; it passes every check that needs the value."""

Value: TypeAlias = "bool | int | float | str | Unknown | list[Value] | dict[str, Value] | None"
Values: TypeAlias = dict[str, Value]


def has_unknown(value: Value) -> bool:
    """Whether *value* is, or holds, a value not known yet."""
    if isinstance(value, dict):
        return any(has_unknown(inner) for inner in value.values())
    if isinstance(value, list):
        return any(has_unknown(inner) for inner in value)
    return value is UNKNOWN


def text(values: Values, name: str) -> str:
    """Return the string *name* of *values*, empty when absent or unknown."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def number(values: Values, name: str, default: int = 0) -> int:
    """Return the integer *name* of *values*, *default* when absent or unknown."""
    value = values.get(name)
    return int(value) if isinstance(value, int | float) else default


def strings(values: Values, name: str) -> list[str]:
    """Return the strings of the list *name* of *values*, empty when absent or unknown."""
    value = values.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
