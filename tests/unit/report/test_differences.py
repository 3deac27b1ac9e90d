"""The values that differ are shown so that a reviewer sees what is different, and no secret."""

import base64
from typing import Any

import pytest

from scripts.foreseen import SECRET, UNKNOWN
from scripts.reporting.differences import Difference, differences
from tests.unit.report.test_reach import made


def encoded(text: str) -> str:
    """Return *text* in Base64."""
    return base64.b64encode(text.encode()).decode()


LONG = "x" * 90


def cut(different: str) -> str:
    """Return what is shown of a long value around the one letter that is *different*."""
    return f"…{'x' * 30}{different}{'x' * 29}…"


CASES: dict[str, tuple[Any, Any, list[Difference]]] = {
    "a word": ("one", "two", [Difference("p", "one", "two")]),
    "a number": (1, 2, [Difference("p", "1", "2")]),
    "added": (None, "two", [Difference("p", "", "two")]),
    "taken away": ("one", None, [Difference("p", "one", "")]),
    "inside a map": ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [Difference("p.b", "2", "3")]),
    "inside a list": ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}], [Difference("p[1].a", "2", "3")]),
    "a longer list": (["a"], ["a", "b"], [Difference("p", '["a"]', '["a", "b"]')]),
    "lines": ("a\nb\nc\n", "a\nB\nc\nd\n", [Difference("p", "b", "B"), Difference("p", "", "d")]),
    "the value of a flag": ("--size\n1\n", "--size\n2\n", [Difference("p --size", "1", "2")]),
    "lines in Base64": (encoded("a\nb\n"), encoded("a\nc\n"), [Difference("p", "b", "c")]),
    "a long value": (
        f"{LONG}1{LONG}",
        f"{LONG}2{LONG}",
        [Difference("p", *(f"…{'x' * 30}{end}{'x' * 29}…" for end in "12"))],
    ),
    "a secret": (SECRET, SECRET, [Difference("p", "a secret", "a secret")]),
    "not known yet": ("id-1", UNKNOWN, [Difference("p", "id-1", "known after the update", "other")]),
}


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES)
def test_differences(old: object, new: object, expected: list[Difference]) -> None:
    """Each sort of value shows what is different in it."""
    before = made("a:b:C", "one", {"p": old})
    after = made("a:b:C", "one", {"p": new}, "update", p="other")
    object.__setattr__(after, "changed", ("p",))

    assert expected == list(differences(before, after, {"other": "other"}))


def test_a_new_resource() -> None:
    """What is new has no values to compare."""
    assert list(differences(None, made("a:b:C", "one", {"p": 1}), {})) == []
