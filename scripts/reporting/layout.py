"""Says in words what was found: the verdict and its reasons first, then each stack."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scripts.reporting.assess import Assessment
from scripts.reporting.document import Block, Bullets, Code, Heading, Line, Notice, Tone, listed
from scripts.reporting.reasons import blocked, look, tone
from scripts.reporting.sections import sections

TITLES: dict[Tone, str] = {
    "bad": "Blocked",
    "look": "Look closely",
    "good": "Nothing stands out",
    "plain": "No stack changes",
}
_GONE = ": is gone. What that stack made is still there and billed, until somebody destroys it."


@dataclass(frozen=True)
class Report:
    """All that there is to say; *gone* are stack files that are no more, *notes* say how far this goes."""

    assessed: Sequence[Assessment]
    gone: Sequence[str]
    notes: Sequence[Line]

    @property
    def tone(self) -> Tone:
        """The worst of all stacks."""
        found = {tone(one) for one in self.assessed} | ({"look"} if self.gone else set())
        return next((worst for worst in TITLES if worst in found), "plain")

    @property
    def title(self) -> str:
        """The verdict in a few words."""
        return f"Preview: {TITLES[self.tone].lower()}"


def layout(report: Report) -> list[Block]:
    """Return *report* as a document."""
    changed = [one for one in report.assessed if tone(one) != "plain"]
    same = [one.stack.file for one in report.assessed if tone(one) == "plain"]
    blocks: list[Block] = [Heading(1, (report.title,)), *_verdict(report, changed)]
    for one in changed:
        blocks += [Heading(2, (Code(one.stack.file),)), *sections(one)]
    notes = [*([("No change: ", *listed(same), ".")] if same else []), *report.notes]
    return [*blocks, Heading(2, ("About this report",)), Bullets(notes)]


def _verdict(report: Report, changed: Sequence[Assessment]) -> Iterator[Block]:
    several = len(report.assessed) > 1

    def reasons(one: Assessment, found: Iterable[Line]) -> list[Line]:
        return [(Code(one.stack.file), ": ", *reason) if several else reason for reason in found]

    blocking = [reason for one in changed for reason in reasons(one, blocked(one))]
    looking = [reason for one in changed for reason in reasons(one, look(one))]
    looking += [(Code(file), _GONE) for file in report.gone]
    if blocking:
        yield Notice("bad", TITLES["bad"], blocking)
    if looking:
        yield Notice("look", TITLES["look"], looking)
    if not blocking and not looking:
        yield Notice(report.tone, TITLES[report.tone])
    if changed:
        yield Bullets([(Code(one.stack.file), ": ", _summary(one)) for one in changed])


def _summary(one: Assessment) -> str:
    if not one.after.good:
        return "cannot be previewed."
    counts = Counter(change.step for change in one.changes)
    steps = [f"{count} to {step}" for step, count in counts.items()] or ["no resource changes"]
    new = ["a new stack"] if one.before is None else []
    return f"{', '.join([*new, *steps])}{_total(one)}."


def _total(one: Assessment) -> str:
    before, after = one.cost_before.total, one.cost_after.total
    if not one.cost_after.items:
        return ""
    if after is None:
        return "; its cost is unknown"
    was = "" if one.before is None or before in (None, after) else f", it was {before}"
    return f"; {after} {one.cost_after.currency} an hour{was}"
