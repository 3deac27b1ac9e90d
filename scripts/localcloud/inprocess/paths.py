"""Paths to properties as options name them: ``userData``, ``dataDisks[0].size``, ``tags["a.b"]``, ``*`` for any."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from scripts.localcloud.values import Value

Path: TypeAlias = Sequence[str | int]

_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[(\*)\]|([^.\[\]]+)')


def parse(text: str) -> Path:
    """Return the parts of the path *text*."""
    found = _PART.findall(text)
    return [int(index) if index else quoted.replace('\\"', '"') or star or name for quoted, index, star, name in found]


def contains(outer: Path, inner: Path) -> bool:
    """Whether *inner* is what *outer* leads to, or inside it."""
    return len(outer) <= len(inner) and all(a in ("*", b) for a, b in zip(outer, inner, strict=False))


def kept(path: Path, old: Value, new: Value) -> Value:
    """Return *new* with what is at *path* as it is in *old*; what a list gained or lost stays as it is in *new*."""
    if not path:
        return old
    first, rest = path[0], path[1:]
    if isinstance(old, dict) and isinstance(new, dict):
        names = {*old, *new} if first == "*" else {str(first)}
        merged = new | {name: kept(rest, old.get(name), new.get(name)) for name in names}
        return {name: value for name, value in merged.items() if value is not None}
    if isinstance(old, list) and isinstance(new, list):
        pairs = zip(old, new, strict=False)
        merged_items = [kept(rest, a, b) if first in ("*", index) else b for index, (a, b) in enumerate(pairs)]
        return merged_items + new[len(old) :]
    return new
