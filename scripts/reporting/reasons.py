"""The judgement of one stack: what blocks the change, and what a reviewer should not miss."""

import re
from collections.abc import Iterator, Sequence

from scripts.foreseen import Foreseen
from scripts.reporting.assess import Assessment
from scripts.reporting.changes import Change
from scripts.reporting.costs import HOURS, growth, signed
from scripts.reporting.document import Code, Line, Strong, Tone, listed
from scripts.reporting.reach import EVERYBODY

_NAMED = 4
"""How many resources a reason names."""


def tone(one: Assessment) -> Tone:
    """Return how much a reviewer should mind *one*."""
    if any(blocked(one)):
        return "bad"
    return "look" if any(look(one)) else "good" if one.changes else "plain"


def blocked(one: Assessment) -> Iterator[Line]:
    """Yield why *one* cannot be merged."""
    for error in one.after.errors:
        yield (Strong("It cannot be previewed"), f": {gist(error)}")
    if one.after.good and one.real and one.real.error and not one.real.absent:
        yield (Code("pulumi preview"), " ", Strong("fails"), f" with credentials: {gist(one.real.error)}")
    for broken in one.broken:
        finding = broken.finding
        if finding.level == "mandatory":
            already = " It did so before this change." if broken.old else ""
            yield (Strong(finding.rule), ": ", Code(finding.resource.name), f": {finding.text}{already}")


def look(one: Assessment) -> Iterator[Line]:
    """Yield what a reviewer of *one* should not miss, the worst first."""
    if not one.after.good:
        return
    if one.before and not one.before.good:
        yield (Strong("Shown as new"), f": before this change it cannot be previewed: {gist(one.before.errors[0])}")
    yield from _opened(one)
    yield from _lost(one.changes)
    more = growth(one.cost_before, one.cost_after) if one.before else None
    if more is not None and round(more, 2) > 0:
        month = f"{signed(more * HOURS)} a month of {HOURS} hours"
        yield (Strong("Costs more"), f": {signed(more)} {one.cost_after.currency} an hour, {month}.")
    if one.real and not one.real.error and (differing := one.real.differences(one.after)):
        yield (Code("pulumi preview"), " ", Strong("plans something else"), " for ", *_names(list(differing)))
    for text in sorted(_loud(one.after) - _loud(one.before)):
        yield (text,)
    advised = [broken.finding.rule for broken in one.broken if not broken.old and broken.finding.level == "advisory"]
    if advised:
        yield (f"The policy has new advice: {', '.join(dict.fromkeys(advised))}.",)


def _opened(one: Assessment) -> Iterator[Line]:
    for new in sorted(one.reach_after - one.reach_before):
        if new.public:
            yield (Strong("Open to the internet"), ": ", *who(new.source), f" can reach {new.target}.")


def _lost(changes: Sequence[Change]) -> Iterator[Line]:
    for losing in (True, False):
        for step, word in (("delete", "Deleted"), ("replace", "Replaced")):
            found = [change for change in changes if change.step == step and change.loses_data is losing]
            if found:
                yield (
                    Strong(f"{word}{' with the data in it' if losing else ''}"),
                    ": ",
                    *_names([change.resource.name for change in found]),
                )


def _names(names: Sequence[str]) -> Line:
    more = len(names) - _NAMED
    return (*listed(names[:_NAMED]), f" and {more} more." if more > 0 else ".")


def who(source: str) -> Line:
    """Return who *source* is."""
    return (Strong("everybody"),) if source == EVERYBODY else (Code(source),)


def _loud(seen: Foreseen | None) -> set[str]:
    """Return what the components say in capitals, but who can reach them: that is seen from the resources."""
    said = "\n".join(message.text for message in seen.messages) if seen else ""
    return {found[1] for found in re.finditer(r"(?m)^ +((?!PUBLIC:)[A-Z][A-Z ]+: .*)$", said)}


def gist(error: str) -> str:
    """Return what to read first of *error*: of a traceback its last line."""
    return error.strip().splitlines()[-1] if "Traceback (most recent call last)" in error else error
