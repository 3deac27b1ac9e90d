"""Whatever a program or a person hands in, the rules and the linter answer; they never raise."""

import json
from collections.abc import Iterator

import pytest

from scripts.policy.ram import lint
from scripts.policy.resources import UNKNOWN, Resource
from scripts.policy.rules import findings
from tests.unit.policy import test_ram, test_rules

ODD: list[object] = [None, True, 3, "", "odd", [], [None], ["odd"], {}, {"odd": 1}, {"": [{}]}]
KNOWN: list[tuple[str, object]] = [(type_, props) for _, type_, props, _ in test_rules.BROKEN] + test_rules.FINE
DOCUMENTS = [row[0] for row in (*test_ram.BROKEN, *test_ram.WIDE)] + test_ram.FINE


def spoiled(value: object, odd: list[object]) -> Iterator[object]:
    """Yield *value* with each place within it taken by each of *odd*."""
    yield from odd
    if isinstance(value, dict):
        for key in value:
            yield from (value | {key: part} for part in spoiled(value[key], odd))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], part, *value[index + 1 :]] for part in spoiled(item, odd))


@pytest.mark.parametrize(("type_", "props"), KNOWN)
def test_rules_answer_on_any_properties(type_: str, props: object) -> None:
    """A property may have any shape: to refuse it is for the provider."""
    spoilt = [one for one in spoiled(props, [*ODD, UNKNOWN]) if isinstance(one, dict)]
    assert all(isinstance(findings([Resource(type_, "it", one)]), list) for one in spoilt)


@pytest.mark.parametrize("text", [text for text in DOCUMENTS if text.startswith('{"Version": "1", "Statement"')])
def test_the_linter_answers_on_any_document(text: str) -> None:
    """A document may say anything, and stop anywhere."""
    assert all(isinstance(lint(json.dumps(one)), list) for one in spoiled(json.loads(text), ODD))
    assert all(lint(text[:end])[0].text.startswith("it is not JSON") for end in range(0, len(text), 97))
