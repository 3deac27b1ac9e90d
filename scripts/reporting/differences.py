"""Which values of a resource differ, as texts to show."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from scripts.foreseen import SECRET, UNKNOWN, Planned

_LONGEST = 60
"""Characters of a value that are shown."""
_LATER = "known after the update"


@dataclass(frozen=True)
class Difference:
    """
    One value that differs, or was added (*old* is empty) or taken away.

    Where the new one is not known yet, *cause* names the resources that it comes from.
    """

    path: str
    old: str
    new: str
    cause: str = ""


def differences(old: Planned | None, new: Planned, names: Mapping[str, str]) -> Iterator[Difference]:
    """Yield what differs between two inputs of a resource; *names* are those of all resources, by URN."""
    if old is None or new.step not in ("update", "replace"):
        return
    for name in new.changed:
        cause = " and ".join(names[urn] for urn in new.sources.get(name, ()) if urn in names)
        for found in _compared(name, old.inputs.get(name), new.inputs.get(name)):
            yield replace(found, cause=cause) if found.new == _LATER else found


def _compared(path: str, old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401 any JSON
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _compared(f"{path}.{name}", old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _compared(f"{path}[{index}]", one, other)
    elif isinstance(old, str) and isinstance(new, str):
        yield from _texts(path, _readable(old), _readable(new))
    elif old != new or old is SECRET:
        yield Difference(path, _shown(old), _shown(new))


def _texts(path: str, old: str, new: str) -> Iterator[Difference]:
    """Yield the lines that differ."""
    before, after = old.splitlines() or [""], new.splitlines() or [""]
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            flag = before[a - 1].strip() if a and before[a - 1].strip().startswith("--") else ""
            where = f"{path} {flag}".rstrip()
            for gone, come in zip_longest(before[a:b], after[c:d], fillvalue=""):
                yield Difference(where, *_cut(gone.strip(), come.strip()))


def _readable(text: str) -> str:
    """Return what is in *text* if it is Base64 of some lines."""
    try:
        lines = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
    return lines if "\n" in lines else text


def _shown(value: Any) -> str:  # noqa: ANN401 any JSON
    match value:
        case None:
            return ""
        case _ if value is SECRET:
            return "a secret"
        case _ if value is UNKNOWN:
            return _LATER
        case str():
            return _cut(value, "")[0]
        case _:
            return _cut(json.dumps(value, default=_shown, ensure_ascii=False), "")[0]


def _cut(one: str, other: str) -> tuple[str, str]:
    """Return both texts, shortened around where they begin to differ."""
    same = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, same - _LONGEST // 2) if max(len(one), len(other)) > _LONGEST else 0
    return _part(one, start), _part(other, start)


def _part(text: str, start: int) -> str:
    shown = text[start : start + _LONGEST]
    return ("…" if start and shown else "") + shown + ("…" if len(text) > start + _LONGEST else "")
