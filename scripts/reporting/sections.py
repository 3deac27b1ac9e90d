"""What is said of one stack: what changes, who can reach it, what it costs, whether it fits, what it breaks."""

from collections.abc import Iterator, Sequence

from scripts.foreseen import Foreseen
from scripts.reporting.assess import Assessment, Broken
from scripts.reporting.changes import Change
from scripts.reporting.costs import HOURS, Cost, Counted, growth, signed
from scripts.reporting.differences import Difference
from scripts.reporting.document import (
    Block,
    Bullets,
    Code,
    Fold,
    Heading,
    Line,
    Listing,
    Paragraph,
    Row,
    Strong,
    Table,
    Tone,
    listed,
)
from scripts.reporting.reach import Reach
from scripts.reporting.reasons import who

_TONES: dict[str, Tone] = {"delete": "bad", "replace": "look"}
"""Steps that must not be missed."""
_MOST_VALUES = 6
"""Values shown of one resource."""
_MOST_NEW = 8
"""New resources that are listed without a fold."""
_MOST_ROWS = 100


def sections(one: Assessment) -> Iterator[Block]:
    """Yield what is said of the stack *one*."""
    if one.after.good:
        yield Heading(3, ("What changes",))
        yield from _changes(one.changes)
        yield Heading(3, ("Who can reach it",))
        yield from _reach(one)
        yield from _cost(one.cost_before, one.cost_after)
    yield from _real(one)
    yield from _fit(one)
    yield from _said(one)
    yield from _policy(one.broken)


def _changes(found: Sequence[Change]) -> Iterator[Block]:
    new = [change for change in found if change.step == "create"]
    others = [change for change in found if change.step != "create"]
    folded = len(new) > _MOST_NEW
    shown = others if folded else [*others, *new]
    if shown:
        yield from _resources(shown)
    if folded:
        yield Fold((f"{len(new)} to create",), list(_resources(new)))
    if not found:
        yield Paragraph(("No resource changes.",))


def _resources(found: Sequence[Change]) -> Iterator[Block]:
    rows = [
        Row(
            (_step(change.step), (Code(change.resource.name),), (_type(change.resource.type),), _what(change)),
            _TONES.get(change.step, "plain"),
        )
        for change in found[:_MOST_ROWS]
    ]
    told = any(row.cells[3] for row in rows)
    header = ("", "resource", "type", "what")
    yield Table(header, rows) if told else Table(header[:3], [Row(row.cells[:3], row.tone) for row in rows])
    if len(found) > _MOST_ROWS:
        yield Paragraph((f"And {len(found) - _MOST_ROWS} more.",))


def _step(step: str) -> Line:
    return (Strong(step.upper()),) if step in _TONES else (step,)


def _type(token: str) -> str:
    package, _, name = token.split(":")
    return f"{package} {name}"


def _what(change: Change) -> Line:
    lines: list[Line] = [(Strong("the data in it goes, too"),)] if change.loses_data else []
    lines += [_difference(found) for found in change.differences[:_MOST_VALUES]]
    more = len(change.differences) - _MOST_VALUES
    lines += [(f"and {more} more",)] if more > 0 else []
    return tuple(part for line in lines for part in ("\n", *line))[1:]


def _difference(found: Difference) -> Line:
    if found.old == found.new:
        return (Code(found.path), f" is another {found.new.removeprefix('a ')}")
    if found.cause:
        return (Code(found.path), " follows ", Code(found.cause))
    if not found.old:
        return (Code(found.path), " + ", Code(found.new))
    if not found.new:
        return (Code(found.path), " - ", Code(found.old))
    return (Code(found.path), " ", Code(found.old), " → ", Code(found.new))


def _reach(one: Assessment) -> Iterator[Block]:
    everyone = sorted(one.reach_before | one.reach_after, key=lambda found: (not found.public, found))
    if everyone:
        yield Table(("who", "reaches", "before", "after"), [_reach_row(found, one) for found in everyone])
    if not any(found.public for found in one.reach_after):
        yield Paragraph(("Nobody on the internet." if everyone else "Nobody: nothing in it listens.",))


def _reach_row(found: Reach, one: Assessment) -> Row:
    before, after = ("yes" if found in side else "no" for side in (one.reach_before, one.reach_after))
    return Row(
        (
            (*who(found.source), " on the internet" if found.public else ""),
            (found.target,),
            ("-" if one.before is None else before,),
            (after,) if before == after else (Strong(after),),
        ),
        "look" if found.public and before < after else "plain",
    )


def _cost(before: Cost, after: Cost) -> Iterator[Block]:
    if not before.items and not after.items:
        return
    yield Heading(3, ("What it costs",))
    if any(item.hourly is not None for item in (*before.items, *after.items)):
        names = dict.fromkeys(item.what for item in (*before.items, *after.items))
        rows = [_item(name, before.of(name), after.of(name)) for name in names]
        yield Table(("", "before", "after", "change"), [*rows, *_sums(before, after)])
    yield Bullets(list(_remarks(after)))


def _item(name: str, before: Counted, after: Counted) -> Row:
    more = None if before[1] is None or after[1] is None else after[1] - before[1]
    return Row(((name,), (_price(before),), (_price(after),), (signed(more),)))


def _price(found: Counted) -> str:
    count, hourly = found
    if not count:
        return "-"
    price = "unknown" if hourly is None else f"{hourly:,.2f}"
    return f"{price}, {count} of them" if count > 1 else price


def _sums(before: Cost, after: Cost) -> Iterator[Row]:
    more = growth(before, after)
    for word, factor in (("an hour", 1), (f"a month of {HOURS} hours", HOURS)):
        sums = [_sum(side, factor) for side in (before, after)]
        title = f"{after.currency or before.currency} {word}"
        change = signed(None if more is None else more * factor)
        yield Row(((Strong(title),), *((Strong(one),) for one in sums), (Strong(change),)))


def _sum(side: Cost, factor: int) -> str:
    if not side.items:
        return "-"
    return str(side.total.times(factor)) if side.total else "unknown"


def _remarks(bill: Cost) -> Iterator[Line]:
    if bill.as_of:
        yield (f"List prices, the oldest of {bill.as_of}.",)
    if bill.unknown:
        yield (Strong("No price is known"), f" of {', '.join(bill.unknown)}.")
    if bill.by_usage:
        yield (f"Paid by use, and in no sum: {', '.join(bill.by_usage)}.",)


def _real(one: Assessment) -> Iterator[Block]:
    if one.real is None:
        return
    yield Heading(3, ("With credentials",))
    found = one.real.differences(one.after)
    if one.real.absent:
        yield Paragraph(("The backend has no such stack yet, so ", Code("pulumi preview"), " was not run."))
    elif one.real.error:
        yield Listing(one.real.error)
    elif not found:
        yield Paragraph((Code("pulumi preview"), " plans the same against the account."))
    else:
        rows = [Row(((Code(name),), (foreseen,), (Strong(planned),))) for name, (foreseen, planned) in found.items()]
        yield Table(("resource", "foreseen here", "pulumi preview"), rows)


def _fit(one: Assessment) -> Iterator[Block]:
    """Yield what components say of themselves: the verdict, and all of it for whoever wants to know."""
    old, new = _verdicts(one.before), _verdicts(one.after)
    if new:
        yield Heading(3, ("Whether it fits",))
    for urn, text in new.items():
        first, _, rest = text.partition("\n")
        was = old.get(urn, first).partition("\n")[0]
        if was != first:
            yield Paragraph((f"Before: {was}",))
        yield Fold((first,), [Listing(rest)]) if rest else Paragraph((first,))


def _verdicts(seen: Foreseen | None) -> dict[str, str]:
    return {said.urn: said.text for said in seen.messages if said.severity == "info" and said.urn} if seen else {}


def _said(one: Assessment) -> Iterator[Block]:
    """Yield what else the program says."""
    others = [said for said in one.after.messages if not (said.severity == "info" and said.urn)]
    if others:
        yield Heading(3, ("What the program says",))
        yield Listing("\n".join(f"{said.severity}: {said.text}" for said in others))


def _policy(broken: Sequence[Broken]) -> Iterator[Block]:
    old = [one for one in broken if one.old]
    new = [one for one in broken if not one.old]
    if broken:
        yield Heading(3, ("Policy",))
    if new:
        yield _findings(new)
    if old:
        yield Fold((f"{len(old)} as before this change",), [_findings(old)])


def _findings(broken: Sequence[Broken]) -> Table:
    """Return a table in which resources that break a rule the same way share a row."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in broken:
        found = one.finding
        groups.setdefault((found.level, found.rule, found.text), []).append(found.resource.name)
    rows = [
        Row((_level(level), (Code(rule),), listed(names), (text,)), "bad" if level == "mandatory" else "plain")
        for (level, rule, text), names in groups.items()
    ]
    return Table(("", "rule", "resource", "what"), rows)


def _level(level: str) -> Line:
    return (Strong("MANDATORY"),) if level == "mandatory" else (level,)
