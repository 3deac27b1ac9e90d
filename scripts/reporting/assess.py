"""What is known of one stack after a look ahead: the facts that a reviewer's questions are answered with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.foreseen import SECRET, UNKNOWN, Foreseen
from scripts.policy import resources as policy
from scripts.policy.rules import findings
from scripts.reporting.changes import Change, changes
from scripts.reporting.costs import Cost, cost
from scripts.reporting.reach import Reach, reach
from scripts.reporting.real import Real
from scripts.reporting.stacks import Stack


@dataclass(frozen=True)
class Broken:
    """A rule that is broken, and whether it was so already."""

    finding: policy.Finding
    old: bool


@dataclass(frozen=True)
class Assessment:
    """The facts; *before* is None for a stack that is new, *real* where `pulumi preview` could not be run."""

    stack: Stack
    before: Foreseen | None
    after: Foreseen
    real: Real | None
    changes: tuple[Change, ...]
    reach_before: frozenset[Reach]
    reach_after: frozenset[Reach]
    cost_before: Cost
    cost_after: Cost
    broken: tuple[Broken, ...]


def assess(
    stack: Stack, seen: tuple[Foreseen | None, Foreseen], real: Real | None, rules: Mapping[str, Any]
) -> Assessment:
    """
    Return the facts of *stack*, *seen* before and after; *rules* changes the rules, as docs/policy.md says.

    Raises:
        ValueError: *rules* is not usable.
    """
    before, after = seen
    known = before if before and before.good else None
    old = {(one.rule, one.resource.urn) for one in findings(judged(known), rules)} if known else set()
    return Assessment(
        stack=stack,
        before=before,
        after=after,
        real=real,
        changes=tuple(changes(known, after)) if after.good else (),
        reach_before=frozenset(reach(known)) if known else frozenset(),
        reach_after=frozenset(reach(after)),
        cost_before=cost(known),
        cost_after=cost(after),
        broken=tuple(Broken(one, (one.rule, one.resource.urn) in old) for one in findings(judged(after), rules)),
    )


def judged(seen: Foreseen) -> list[policy.Resource]:
    """Return the resources of *seen* as the rules look at them; what is deleted breaks none."""
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
