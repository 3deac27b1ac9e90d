"""What an update would change, and what it could only do by replacing; from the rules, no state but what is passed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from scripts.localcloud.check import auto_named
from scripts.localcloud.rules import Property, Rule
from scripts.localcloud.suppress import suppressed
from scripts.localcloud.values import UNKNOWN, Value, Values


@dataclass(frozen=True)
class Change:
    """One changed property; *path* as in ``dataDisks[0].size``."""

    path: str
    kind: Literal["add", "delete", "update"]
    replaces: bool


@dataclass(frozen=True)
class Diff:
    """All changes between a resource and its new inputs."""

    changes: tuple[Change, ...] = ()
    delete_before_replace: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the service cannot do this in place."""
        return any(change.replaces for change in self.changes)

    @property
    def names(self) -> tuple[str, ...]:
        """Changed top-level properties, each once."""
        return tuple(dict.fromkeys(_top(change.path) for change in self.changes))


def diff(
    rule: Rule,
    name: str,
    state: Values,
    inputs: Values,
    *,
    ignore: frozenset[str] = frozenset(),
    replace_known: frozenset[str] = frozenset(),
) -> Diff:
    """
    Compare the *inputs* of resource *name* with its *state*.

    A property that is left out keeps the service's value when the service has one to keep (optional and computed).
    *ignore* names properties nobody looks at, *replace_known* those whose change to a known value replaces.
    """
    changes: list[Change] = []
    for prop, row in rule.properties.items():
        if row.output or prop in ignore or suppressed(rule.type, prop, state, inputs):
            continue
        old, new = state.get(prop), inputs.get(prop)
        force = rule.no_update or (prop in replace_known and bool(old) and bool(new) and new is not UNKNOWN)
        changes += _changes(prop, row, old, new, force=force)
    return Diff(tuple(changes), _delete_first(rule, name, state, inputs))


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


def _delete_first(rule: Rule, name: str, state: Values, inputs: Values) -> bool:
    """Whether a replacement must wait for the delete: a name chosen by hand cannot exist twice."""
    named = [prop for prop, row in rule.properties.items() if row.auto_name]
    return any(inputs.get(p) == state.get(p) and not auto_named(name, inputs.get(p)) for p in named)


def _changes(path: str, row: Property, old: Value, new: Value, *, force: bool) -> Iterator[Change]:
    force = force or row.force_new
    if new is UNKNOWN:
        yield Change(path, "update", force)
    elif new is None:
        if not row.computed and not _empty(old):
            yield Change(path, "delete", force or _nested_force(row))
    elif old is None:
        if not _empty(new):
            yield Change(path, "add", force or _nested_force(row))
    else:
        yield from _compare(path, row, old, new, force=force)


def _nested_force(row: Property) -> bool:
    return any(inner.force_new or _nested_force(inner) for inner in row.properties.values())


def _empty(value: Value) -> bool:
    return value is None or value is False or value in ("", 0, [], {})


def _compare(path: str, row: Property, old: Value, new: Value, *, force: bool) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_objects(path, row, old, new, force=force)
    elif isinstance(old, list) and isinstance(new, list):
        if row.kind == "set" or not row.properties:
            changed = _bag(old) != _bag(new) if row.kind == "set" else old != new
            if changed:
                yield Change(path, "update", force)
        else:
            yield from _compare_lists(path, row, old, new, force=force)
    elif old != new:
        yield Change(path, "update", force)


def _bag(items: list[Value]) -> list[str]:
    return sorted(map(repr, items))


def _compare_objects(
    path: str, row: Property, old: Mapping[str, Value], new: Mapping[str, Value], *, force: bool
) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        inner = row.properties.get(name, Property(kind=row.elem or "string"))
        yield from _changes(f"{path}.{name}", inner, old.get(name), new.get(name), force=force)


def _compare_lists(path: str, row: Property, old: list[Value], new: list[Value], *, force: bool) -> Iterator[Change]:
    item = Property(kind="object", properties=row.properties)
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        yield from _changes(f"{path}[{index}]", item, before, after, force=force)
