"""Paths to properties, as resource options write them."""

import pytest

from scripts.localcloud.inprocess.paths import contains, kept, parse
from scripts.localcloud.values import Value

OLD: dict[str, Value] = {"name": "a", "tags": {"team": "x", "a.b": "1"}, "disks": [{"size": 1, "kind": "ssd"}]}
NEW: dict[str, Value] = {"tags": {"team": "y", "new": "1"}, "disks": [{"size": 2, "kind": "hdd"}, {"size": 3}]}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("userData", ["userData"]),
        ("disks[0].size", ["disks", 0, "size"]),
        ("disks[*].size", ["disks", "*", "size"]),
        ('tags["a.b"]', ["tags", "a.b"]),
        (r'tags["a\"b"]', ["tags", 'a"b']),
        ("*", ["*"]),
    ],
)
def test_reading(text: str, parts: list[str | int]) -> None:
    """Names, places in lists, quoted names and any."""
    assert parts == parse(text)


@pytest.mark.parametrize(
    ("outer", "inner", "is_inside"),
    [
        ("disks", "disks[0].size", True),
        ("disks[0].size", "disks", False),
        ("disks[*].size", "disks[1].size", True),
        ("disks[1]", "disks[0]", False),
        ("*", "name", True),
    ],
)
def test_what_is_inside(outer: str, inner: str, *, is_inside: bool) -> None:
    """A path holds itself and what is below it."""
    assert is_inside == contains(parse(outer), parse(inner))


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("name", {"name": "a"}),
        ("tags.team", {"tags": {"team": "x", "new": "1"}}),
        ('tags["a.b"]', {"tags": {"team": "y", "new": "1", "a.b": "1"}}),
        ("tags.new", {"tags": {"team": "y"}}),
        ("tags", {"tags": {"team": "x", "a.b": "1"}}),
        ("disks[0].size", {"disks": [{"size": 1, "kind": "hdd"}, {"size": 3}]}),
        ("disks[*].size", {"disks": [{"size": 1, "kind": "hdd"}, {"size": 3}]}),
        ("disks[1].size", {}),
        ("tags.team.deeper", {}),
    ],
)
def test_keeping(path: str, changed: dict[str, Value]) -> None:
    """What the path leads to is as it was, also when it was not there; the length of a list is the new one."""
    assert NEW | changed == kept(parse(path), OLD, NEW)
