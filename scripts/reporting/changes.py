"""What a change does to each resource, and which of its values differ."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.foreseen import SECRET, UNKNOWN, Foreseen, Planned

_LONGEST = 60
"""Characters of a value that are shown."""
_HOLDS_DATA = (
    "alicloud:ecs/ecsDisk:",
    "alicloud:ecs/disk:",
    "alicloud:kms/key:",
    "alicloud:nas/fileSystem:",
    "alicloud:oss/bucket:",
    "alicloud:rds/instance:",
    "kubernetes:core/v1:PersistentVolume",
)
"""How the types begin whose resources take something along that nobody else has."""
_ORDER = ("delete", "replace", "update", "create")


@dataclass(frozen=True)
class Difference:
    """One value that differs, or was added (*old* is empty) or taken away; both are texts to show."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """What becomes of one resource."""

    resource: Planned
    differences: tuple[Difference, ...]

    @property
    def step(self) -> str:
        """What is done to it."""
        return self.resource.step

    @property
    def loses_data(self) -> bool:
        """Whether what it holds goes with it."""
        return self.step in ("delete", "replace") and self.resource.type.startswith(_HOLDS_DATA)


def changes(before: Foreseen | None, after: Foreseen) -> list[Change]:
    """Return what changes, the worst first: deletions, replacements, updates, what is new."""
    old = {resource.urn: resource for resource in (before.resources if before else ())}
    found = [
        Change(resource, tuple(_differences(old.get(resource.urn), resource)))
        for resource in after.resources
        if resource.custom and resource.step in _ORDER
    ]
    return sorted(found, key=lambda change: _ORDER.index(change.step))


def _differences(old: Planned | None, new: Planned) -> Iterator[Difference]:
    if old is None or new.step not in ("update", "replace"):
        return
    for name in new.changed:
        yield from _compared(name, old.inputs.get(name), new.inputs.get(name))


def _compared(path: str, old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401 any JSON
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _compared(f"{path}.{name}", old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _compared(f"{path}[{index}]", one, other)
    elif isinstance(old, str) and isinstance(new, str) and "\n" in old and "\n" in new:
        yield from _lines(path, old, new)
    elif old != new or old is SECRET:
        yield Difference(path, _shown(old), _shown(new))


def _lines(path: str, old: str, new: str) -> Iterator[Difference]:
    """Yield the lines that only one of two texts has, in pairs as far as they go."""
    before, after = old.splitlines(), new.splitlines()
    gone = [line.strip() for line in before if line not in after]
    come = [line.strip() for line in after if line not in before]
    for index in range(max(len(gone), len(come))):
        yield Difference(path, _cut("".join(gone[index : index + 1])), _cut("".join(come[index : index + 1])))


def _shown(value: Any) -> str:  # noqa: ANN401 any JSON
    if value is None:
        return ""
    if value is SECRET:
        return "a secret"
    if value is UNKNOWN:
        return "known after the update"
    return _cut(value if isinstance(value, str) else json.dumps(value, default=_shown, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
