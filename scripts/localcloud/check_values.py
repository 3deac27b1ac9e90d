"""Is one value legal for its property? Type, allowed values, ranges, patterns, nested properties."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.localcloud.errors import suggestion
from scripts.localcloud.rules import Kind, Property, Row
from scripts.localcloud.values import UNKNOWN, Value

_WORDS: dict[Kind, str] = {
    "string": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "map": "an object",
    "object": "an object",
    "list": "a list",
    "set": "a list",
}


@dataclass(frozen=True)
class Failure:
    """One thing wrong with one property; *path* is written as in a program's camelCase inputs."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def failures(path: str, row: Property, value: Value, *, quiet: bool = False) -> Iterator[Failure]:
    """Yield what is wrong with *value* at *path*; with *quiet* the value itself is not quoted."""
    if value is UNKNOWN or value is None:
        return
    shown = "a secret value" if quiet else repr(value)
    if not _is(row.kind, value):
        yield Failure(path, f"must be {_WORDS[row.kind]}, {shown} is not.")
        return
    yield from (Failure(path, reason) for reason in _scalar(row, value, shown))
    if isinstance(value, list):
        yield from _items(path, row, value, quiet=quiet)
    elif isinstance(value, dict):
        yield from _object(path, row, value, quiet=quiet)


def _is(kind: Kind, value: Value) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            return not isinstance(value, bool) and (isinstance(value, int) or _whole(value))
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "list" | "set":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)


def _whole(value: Value) -> bool:
    return isinstance(value, float) and value.is_integer()


def _scalar(row: Property, value: Value, shown: str) -> Iterator[str]:
    if row.allowed and value not in row.allowed:
        words = ", ".join(str(word) for word in row.allowed)
        yield f"{shown} is not allowed. One of {words}.{suggestion(str(value), map(str, row.allowed))}"
    if row.any_of and not any(_alternative(option, value) for option in row.any_of):
        yield f"{shown} is not allowed. {' or '.join(map(_describe, row.any_of))}."
    if row.range is not None and isinstance(value, int | float) and not _within(row.range, value):
        yield f"{shown} is outside {_describe({'range': row.range})}."
    if isinstance(value, str):
        yield from _text(row, value, shown)


def _text(row: Property, value: str, shown: str) -> Iterator[str]:
    if row.length is not None and not row.length[0] <= len(value) <= row.length[1]:
        yield f"has {len(value)} characters. {row.length[0]} to {row.length[1]} are allowed."
    if row.pattern is not None and re.search(row.pattern, value) is None:
        yield f"{shown} does not match {row.pattern}."
    if row.format == "json":
        try:
            json.loads(value)
        except ValueError as problem:
            yield f"is not JSON: {problem}."


def _within(bounds: tuple[float | None, float | None], value: float) -> bool:
    low, high = bounds
    return (low is None or value >= low) and (high is None or value <= high)


def _alternative(option: Row, value: Value) -> bool:
    allowed, bounds = option.get("allowed"), option.get("range")
    if isinstance(allowed, list):
        return value in allowed
    return isinstance(bounds, list) and isinstance(value, int | float) and _within((bounds[0], bounds[1]), value)


def _describe(option: Row) -> str:
    allowed, bounds = option.get("allowed"), option.get("range")
    if isinstance(allowed, list):
        return "one of " + ", ".join(map(str, allowed))
    low, high = bounds if isinstance(bounds, list | tuple) else (None, None)
    return f"{low} to {high}" if high is not None else f"{low} or more"


def _items(path: str, row: Property, value: list[Value], *, quiet: bool) -> Iterator[Failure]:
    if row.min_items is not None and len(value) < row.min_items:
        yield Failure(path, f"has {len(value)} entries. At least {row.min_items}.")
    if row.max_items is not None and len(value) > row.max_items:
        yield Failure(path, f"has {len(value)} entries. At most {row.max_items}.")
    inner = Property(kind=row.elem or "object", properties=row.properties, pattern=row.elem_pattern)
    for index, item in enumerate(value):
        yield from failures(f"{path}[{index}]", inner, item, quiet=quiet)


def _object(path: str, row: Property, value: dict[str, Value], *, quiet: bool) -> Iterator[Failure]:
    if row.kind == "map":
        yield from _map(path, row, value, quiet=quiet)
        return
    for name, inner in value.items():
        nested = row.properties.get(name)
        if nested is None:
            yield Failure(f"{path}.{name}", f"no such property.{suggestion(name, row.properties)}")
        else:
            yield from failures(f"{path}.{name}", nested, inner, quiet=quiet)
    for name, nested in row.properties.items():
        if nested.required and name not in value:
            yield Failure(f"{path}.{name}", "is required and missing.")


def _map(path: str, row: Property, value: dict[str, Value], *, quiet: bool) -> Iterator[Failure]:
    inner = Property(kind=row.elem or "string")
    for name, item in value.items():
        yield from failures(f"{path}.{name}", inner, item, quiet=quiet)
        if row.elem_not_pattern and isinstance(item, str) and re.search(row.elem_not_pattern, item):
            yield Failure(f"{path}.{name}", f"{item!r} is a reserved value.")
