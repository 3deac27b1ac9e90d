"""A linter of RAM documents: what a role or a user may do, who may take a role, who may read a bucket."""

import json
from collections.abc import Iterator
from typing import Any

from . import ram_grants, ram_principals, ram_shape
from .ram_shape import Problem, listed

MOST_CHARACTERS = 6144
"""
What RAM accepts in one custom policy, white space included.

Source: https://www.alibabacloud.com/help/doc-detail/28753.htm, 2026-11-21.
"""


def lint(text: str) -> list[Problem]:
    """Return what is wrong with the RAM document *text*: what breaks it, and where it allows more than it should."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        return [Problem("", f"it is not JSON: {error}.")]
    problems = list(ram_shape.problems(document))
    if problems:
        return problems
    return list(_judged(document, text))


def _judged(document: Any, text: str) -> Iterator[Problem]:  # noqa: ANN401 - of the right shape
    statements = list(enumerate(listed(document["Statement"])))
    if not any("Principal" in statement for _, statement in statements) and len(text) > MOST_CHARACTERS:
        yield Problem("", f"it has {len(text)} characters, and RAM accepts {MOST_CHARACTERS}. Split it.")
    for index, statement in statements:
        if statement["Effect"] == "Allow":
            judge = ram_principals if "Principal" in statement else ram_grants
            yield from judge.problems(f"Statement[{index}]", statement)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} stands twice in one object, and only the last one counts")
    return dict(pairs)
