"""Says in words what was found: the verdict and its reasons first, then each stack."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.reporting.assess import Assessment, who
from scripts.reporting.changes import Change, Difference
from scripts.reporting.costs import HOURS, Amount, Cost
from scripts.reporting.document import (
    Block,
    Bullets,
    Code,
    Fold,
    Heading,
    Line,
    Listing,
    Notice,
    Paragraph,
    Row,
    Strong,
    Table,
    Tone,
)
from scripts.reporting.reach import Reach

TITLES: dict[Tone, str] = {
    "bad": "Blocked",
    "look": "Look closely",
    "good": "Nothing stands out",
    "plain": "No stack changes",
}
_WORDS = {"delete": "DELETE", "replace": "REPLACE", "update": "update", "create": "create"}
_TONES: dict[str, Tone] = {"delete": "bad", "replace": "look"}
_MOST = 6
"""Values shown of one resource."""
_OPEN = 8
"""New resources that are listed without a fold."""


@dataclass(frozen=True)
class Report:
    """All that there is to say, and where it comes from."""

    base: str
    assessed: Sequence[Assessment]
    notes: Sequence[Line] = ()
    """About stacks that were not looked at, and how far this goes."""

    @property
    def tone(self) -> Tone:
        """The worst of all stacks."""
        found = {one.tone for one in self.assessed}
        return next((tone for tone in ("bad", "look", "good") if tone in found), "plain")

    @property
    def title(self) -> str:
        """The verdict in two words."""
        return TITLES[self.tone]


def layout(report: Report) -> list[Block]:
    """Return *report* as a document."""
    changed = [one for one in report.assessed if one.tone != "plain"]
    same = [one for one in report.assessed if one.tone == "plain"]
    blocks: list[Block] = [Heading(1, (f"Preview: {report.title.lower()}",)), *_verdict(report, changed)]
    for one in changed:
        blocks += _stack(one)
    notes = list(report.notes)
    if same:
        notes.insert(0, ("No change: ", *_listed([one.stack.file for one in same]), "."))
    return [*blocks, Heading(2, ("About this report",)), Bullets(notes)] if notes else blocks


def _verdict(report: Report, changed: Sequence[Assessment]) -> Iterator[Block]:
    several = len(report.assessed) > 1

    def lines(one: Assessment, reasons: Sequence[Line]) -> list[Line]:
        return [((Code(one.stack.file), ": ", *reason) if several else reason) for reason in reasons]

    blocked = [line for one in changed for line in lines(one, one.blocked)]
    look = [line for one in changed for line in lines(one, one.look)]
    if blocked:
        yield Notice("bad", TITLES["bad"], blocked)
    if look:
        yield Notice("look", TITLES["look"], look)
    if not blocked and not look:
        yield Notice(report.tone, report.title)
    if changed:
        yield Bullets([(Code(one.stack.file), ": ", *_summary(one)) for one in changed])


def _summary(one: Assessment) -> Line:
    if not one.after.good:
        return ("not previewed.",)
    counts = Counter(change.step for change in one.changes)
    steps = ", ".join(f"{counts[step]} to {word}" for step, word in _WORDS.items() if counts[step])
    return (f"{'a new stack, ' if one.before is None else ''}{steps or 'no resource changes'}{_total(one)}.",)


def _total(one: Assessment) -> str:
    before, after = one.cost_before, one.cost_after
    if not after.items or after.total is None:
        return "; cost unknown" if after.items else ""
    now = f"; {after.total.text} {after.currency} an hour"
    if one.before is None or before.total is None or before.total == after.total:
        return now
    return f"{now}, it was {before.total.text}"


def _stack(one: Assessment) -> Iterator[Block]:
    yield Heading(2, (Code(one.stack.file),))
    if one.after.good:
        yield Heading(3, ("What changes",))
        yield from _changes(one.changes)
        yield Heading(3, ("Who can reach it",))
        yield from _reach(one)
        if one.cost_before.items or one.cost_after.items:
            yield Heading(3, ("What it costs",))
            yield from _cost(one)
    yield from _fit(one)
    if one.broken:
        yield Heading(3, ("Policy",))
        yield _policy(one)


def _changes(found: Sequence[Change]) -> Iterator[Block]:
    new = [change for change in found if change.step == "create"]
    others = [change for change in found if change.step != "create"]
    folded = len(new) > _OPEN
    shown = others if folded else [*others, *new]
    if shown:
        yield _table(shown)
    if folded:
        yield Fold((f"{len(new)} to create",), [_table(new)])
    if not found:
        yield Paragraph(("No resource changes.",))


def _table(found: Sequence[Change]) -> Table:
    rows = [
        Row(
            (_step(change), (Code(change.resource.name),), (_type(change),), _what(change)),
            _TONES.get(change.step, "plain"),
        )
        for change in found
    ]
    return Table(("", "resource", "type", "what"), rows)


def _step(change: Change) -> Line:
    word = _WORDS[change.step]
    return (Strong(word),) if change.step in _TONES else (word,)


def _type(change: Change) -> str:
    package, _, name = change.resource.type.split(":")
    return f"{package} {name}"


def _what(change: Change) -> Line:
    spans: list[str | Code | Strong] = [Strong("its data goes with it"), "\n"] if change.loses_data else []
    for difference in change.differences[:_MOST]:
        spans += [*_difference(difference), "\n"]
    more = len(change.differences) - _MOST
    return (*spans[:-1], f"\nand {more} more values" if more > 0 else "") if spans else ("",)


def _difference(found: Difference) -> Line:
    if not found.old:
        return (Code(found.path), " + ", Code(found.new))
    if not found.new:
        return (Code(found.path), " - ", Code(found.old))
    return (Code(found.path), " ", Code(found.old), " → ", Code(found.new))


def _reach(one: Assessment) -> Iterator[Block]:
    everyone = sorted(one.reach_before | one.reach_after, key=lambda found: (not found.public, found))
    if not everyone:
        yield Paragraph(("Nobody: nothing in it listens.",))
        return
    rows = [_reach_row(found, one) for found in everyone]
    yield Table(("who", "reaches", "before", "after"), rows)
    if not any(found.public for found in one.reach_after):
        yield Paragraph(("Nobody on the internet.",))


def _reach_row(found: Reach, one: Assessment) -> Row:
    before, after = found in one.reach_before, found in one.reach_after
    where = " on the internet" if found.public else ""
    came = after and not before
    return Row(
        ((*who(found.source), where), (found.target,), _yes(before), (Strong("yes"),) if came else _yes(after)),
        "bad" if came and found.public else "plain",
    )


def _yes(it: bool) -> Line:  # noqa: FBT001 what is asked is the name
    return ("yes" if it else "no",)


def _cost(one: Assessment) -> Iterator[Block]:
    before, after = one.cost_before, one.cost_after
    names = list(dict.fromkeys(item.what for item in (*before.items, *after.items)))
    rows = [Row(((name,), *(_priced(bill, name) for bill in (before, after)))) for name in names]
    totals = [
        Row(
            (
                (Strong(f"{word}, {after.currency or before.currency}"),),
                *(_sum(bill, month=month) for bill in (before, after)),
            )
        )
        for word, month in (("an hour", False), (f"a month of {HOURS} hours", True))
    ]
    yield Table(("", "before", "after"), [*rows, *totals])
    yield Bullets(list(_remarks(after)))


def _priced(bill: Cost, name: str) -> Line:
    found = [item for item in bill.items if item.what == name]
    if not found:
        return ("",)
    count = sum(item.quantity for item in found)
    known = [item.hourly for item in found if item.hourly is not None]
    price = f"{sum(known):,.2f}" if len(known) == len(found) else "unknown"
    return (f"{price}{f' ({count} x)' if count > 1 else ''}",)


def _sum(bill: Cost, *, month: bool) -> Line:
    total: Amount | None = bill.total
    if total is None:
        return (Strong("unknown"),)
    return (Strong(total.monthly if month else total.text),)


def _remarks(bill: Cost) -> Iterator[Line]:
    if bill.as_of:
        yield (f"List prices of {bill.as_of} and later.",)
    if bill.unknown:
        yield (Strong("No price is known of"), " ", ", ".join(bill.unknown), ".")
    if bill.by_usage:
        yield (f"Paid by use, and in no sum: {', '.join(bill.by_usage)}.",)


def _fit(one: Assessment) -> Iterator[Block]:
    said = [message for message in one.after.messages if message.severity in ("info", "warning")]
    if not said:
        return
    yield Heading(3, ("What the program says",))
    for message in said:
        first, _, rest = message.text.partition("\n")
        mark = "warning: " if message.severity == "warning" else ""
        if rest:
            yield Fold((f"{mark}{first}",), [Listing(rest)])
        else:
            yield Paragraph((f"{mark}{first}",))


def _policy(one: Assessment) -> Table:
    rows = [
        Row(
            (
                (Strong(broken.finding.level) if broken.finding.level == "mandatory" else broken.finding.level,),
                (Code(broken.finding.rule),),
                (Code(broken.finding.resource.name),),
                (broken.finding.text, " (as before)" if broken.old else ""),
            ),
            "bad" if broken.finding.level == "mandatory" else "plain",
        )
        for broken in one.broken
    ]
    return Table(("", "rule", "resource", "what"), rows)


def _listed(names: Sequence[str]) -> Line:
    spans: list[str | Code | Strong] = []
    for name in names:
        spans += [", ", Code(name)]
    return tuple(spans[1:])
