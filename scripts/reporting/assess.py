"""The judgement of one stack: what blocks the change, what to look at closely, and the facts both come from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.foreseen import SECRET, UNKNOWN, Foreseen
from scripts.policy import resources as policy
from scripts.policy.rules import findings
from scripts.reporting.changes import Change, changes
from scripts.reporting.costs import Cost, cost
from scripts.reporting.document import Code, Line, Strong, Tone
from scripts.reporting.reach import EVERYBODY, Reach, reach
from scripts.reporting.stacks import Stack

_NAMED = 4
"""How many resources a reason names."""


@dataclass(frozen=True)
class Broken:
    """A rule that is broken, and whether it was so already."""

    finding: policy.Finding
    old: bool


@dataclass(frozen=True)
class Assessment:
    """What is known of one stack after a look ahead; *before* is None for a stack that is new."""

    stack: Stack
    before: Foreseen | None
    after: Foreseen
    changes: tuple[Change, ...]
    reach_before: frozenset[Reach]
    reach_after: frozenset[Reach]
    cost_before: Cost
    cost_after: Cost
    broken: tuple[Broken, ...]

    @property
    def blocked(self) -> tuple[Line, ...]:
        """Why this cannot be merged."""
        return tuple(_blocked(self))

    @property
    def look(self) -> tuple[Line, ...]:
        """What a reviewer should not miss."""
        return tuple(_look(self)) if self.after.good else ()

    @property
    def tone(self) -> Tone:
        """How much a reviewer should mind."""
        if self.blocked:
            return "bad"
        return "look" if self.look else "good" if self.changes else "plain"


def assess(stack: Stack, before: Foreseen | None, after: Foreseen, rules: Mapping[str, Any]) -> Assessment:
    """
    Return the judgement of *stack*; *rules* changes the rules, as docs/policy.md says.

    Raises:
        ValueError: *rules* is not usable.
    """
    known = before if before and before.good else None
    old = {(one.rule, one.resource.urn) for one in findings(_judged(known), rules)} if known else set()
    return Assessment(
        stack=stack,
        before=before,
        after=after,
        changes=tuple(changes(known, after)) if after.good else (),
        reach_before=frozenset(reach(known)) if known else frozenset(),
        reach_after=frozenset(reach(after)),
        cost_before=cost(known),
        cost_after=cost(after),
        broken=tuple(Broken(one, (one.rule, one.resource.urn) in old) for one in findings(_judged(after), rules)),
    )


def _judged(seen: Foreseen) -> list[policy.Resource]:
    return [
        policy.Resource(one.type, one.name, _plain(one.inputs), one.urn, one.sources)
        for one in seen.resources
        if one.custom and one.step != "delete"
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401 any JSON
    """Return *value* with the policy's own mark in the place of what is unknown or hidden."""
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return policy.UNKNOWN if value in (UNKNOWN, SECRET) else value


def _blocked(one: Assessment) -> Iterator[Line]:
    for error in one.after.errors:
        yield (Strong("It cannot be previewed."), f" {error}")
    for broken in one.broken:
        if broken.finding.level == "mandatory":
            already = " It did so before this change." if broken.old else ""
            finding = broken.finding
            yield (Strong(finding.rule), ": ", Code(finding.resource.name), f": {finding.text}{already}")


def _look(one: Assessment) -> Iterator[Line]:
    if one.before and not one.before.good:
        yield ("The stack before this change cannot be previewed, so it is shown as new: ", one.before.errors[0])
    for new in sorted(one.reach_after - one.reach_before):
        if new.public:
            yield (Strong("Open to the internet"), ": ", *who(new.source), f" can reach {new.target}.")
    for step, words in (("delete", "Deleted"), ("replace", "Replaced")):
        found = [change for change in one.changes if change.step == step]
        losing = [change for change in found if change.loses_data]
        if losing:
            yield (Strong(f"{words} with the data in it"), ": ", *_names(losing))
        if len(found) > len(losing):
            yield (Strong(words), ": ", *_names([change for change in found if change not in losing]))
    advised = [broken for broken in one.broken if broken.finding.level == "advisory" and not broken.old]
    if advised:
        yield (f"{len(advised)} new advice of the policy: see below.",)


def who(source: str) -> Line:
    """Return who *source* is."""
    return (Strong("everybody"),) if source == EVERYBODY else (Code(source),)


def _names(found: list[Change]) -> Line:
    shown: list[str | Code | Strong] = []
    for change in found[:_NAMED]:
        shown += [", ", Code(change.resource.name)]
    more = len(found) - _NAMED
    return (*shown[1:], f" and {more} more." if more > 0 else ".")
