"""Whether a RAM document is one: its elements, and how their values look."""

import dataclasses
import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .resources import Level


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is wrong with a document, and where."""

    where: str
    """``Statement[1].Action``; empty for the whole."""
    text: str
    level: Level = "mandatory"


_ELEMENTS = (
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
    "Principal",
    "NotPrincipal",
    # KMS writes it into policies of keys and secrets.
    "Sid",
)

_ACTION = re.compile(r"\*|[\w-]+:[\w*?./:-]+")
_RESOURCE = re.compile(r"\*|acs:[\w*-]+:[^:]*:[^:]*:.+")

_OPERATOR = re.compile(
    r"String(Equals|NotEquals|EqualsIgnoreCase|NotEqualsIgnoreCase|Like|NotLike)"
    r"|(Numeric|Date)(Equals|NotEquals|LessThan|LessThanEquals|GreaterThan|GreaterThanEquals)"
    r"|Bool|(Not)?IpAddress\w*"
)
"""Source: https://www.alibabacloud.com/help/en/ram/conditional-operator, 2025-12-09; the last two are recalled."""


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return *value* as the list it may be written as, or not."""
    return value if isinstance(value, list) else [value]


def problems(document: object) -> Iterator[Problem]:
    """Yield why RAM would not take *document*, or take it for another than was meant."""
    if not isinstance(document, Mapping):
        yield Problem("", 'it is no object. Begin with { "Version": "1", "Statement": [ … ] }.')
        return
    yield from _unknown("", document, ("Version", "Statement"))
    if document.get("Version") != "1":
        yield Problem("Version", f"{document.get('Version')!r}, and RAM knows '1' only.")
    statements = document.get("Statement")
    if not isinstance(statements, list) or not statements:
        yield Problem("Statement", "it is no list of statements. Write at least one.")
        return
    for index, statement in enumerate(statements):
        where = f"Statement[{index}]"
        if isinstance(statement, Mapping):
            yield from _statement(where, statement)
        else:
            yield Problem(where, f"{statement!r} is no statement. Write an object with Effect, Action and Resource.")


def _statement(where: str, statement: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unknown(f"{where}.", statement, _ELEMENTS)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield Problem(f"{where}.Effect", f"{statement.get('Effect')!r} is neither 'Allow' nor 'Deny'.")
    yield from _one_of(where, statement, "Action")
    if "Principal" not in statement:
        yield from _one_of(where, statement, "Resource")
    yield from _texts(where, statement, "Action", _ACTION, "an action such as 'oss:GetObject'")
    yield from _texts(where, statement, "Resource", _RESOURCE, "a resource such as 'acs:oss:*:*:bucket/*'")
    yield from _condition(f"{where}.Condition", statement.get("Condition", {}))


def _one_of(where: str, statement: Mapping[str, Any], name: str) -> Iterator[Problem]:
    given = [one for one in (name, f"Not{name}") if one in statement]
    if len(given) != 1:
        found = f"both {name} and Not{name} are" if given else f"neither {name} nor Not{name} is"
        yield Problem(f"{where}.{name}", f"{found} there. Write one.")


def _texts(where: str, statement: Mapping[str, Any], name: str, form: re.Pattern[str], what: str) -> Iterator[Problem]:
    for element in (name, f"Not{name}"):
        for value in listed(statement.get(element, [])):
            if not isinstance(value, str) or not form.fullmatch(value):
                yield Problem(f"{where}.{element}", f"{value!r} is not {what}.")


def _condition(where: str, condition: object) -> Iterator[Problem]:
    if not isinstance(condition, Mapping):
        yield Problem(where, f"{condition!r} is no object of operators.")
        return
    for operator, keys in condition.items():
        if not _OPERATOR.fullmatch(operator):
            yield Problem(
                f"{where}.{operator}",
                "RAM documents no such operator; there are StringEquals, IpAddress, Bool and others.",
            )
        elif not isinstance(keys, Mapping) or not keys:
            yield Problem(f"{where}.{operator}", 'it compares nothing. Write { "key": ["value"] }.')


def _unknown(where: str, given: Mapping[str, Any], known: Collection[str]) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else f" There are {', '.join(known)}."
            yield Problem(f"{where}{name}", f"no such element.{meant}")
