"""What a stack costs before and after, from what its components say in their output `cost`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from scripts.foreseen import Foreseen

HOURS = 730
"""Of a month."""
Counted: TypeAlias = tuple[int, float | None]
"""How many there are of something, and what they cost an hour; None where a price is missing."""


@dataclass(frozen=True)
class Amount:
    """So much of a currency an hour; *least* when some of what is rented has no known price."""

    hourly: float
    least: bool = False

    def __str__(self) -> str:
        """Return what is written of it."""
        return f"{'at least ' if self.least else ''}{self.hourly:,.2f}"

    def times(self, factor: int) -> "Amount":
        """Return so many times as much."""
        return Amount(self.hourly * factor, self.least)


@dataclass(frozen=True)
class Item:
    """One line of a bill, known or not."""

    what: str
    quantity: int
    hourly: float | None


@dataclass(frozen=True)
class Cost:
    """The bills of all components of a stack, together."""

    items: tuple[Item, ...] = ()
    by_usage: tuple[str, ...] = ()
    currency: str = ""
    as_of: str = ""

    @property
    def unknown(self) -> tuple[str, ...]:
        """What has no known price."""
        return tuple(dict.fromkeys(item.what for item in self.items if item.hourly is None))

    def of(self, what: str) -> Counted:
        """Return how many there are of *what*, and what they cost."""
        found = [item for item in self.items if item.what == what]
        known = [item.hourly for item in found if item.hourly is not None]
        return sum(item.quantity for item in found), sum(known) if len(known) == len(found) else None

    @property
    def total(self) -> Amount | None:
        """The sum; None where nothing at all is known of what is rented, or it is in several currencies."""
        if " and " in self.currency:
            return None
        known = [item.hourly for item in self.items if item.hourly is not None]
        return Amount(sum(known), bool(self.unknown)) if known or not self.items else None


def cost(seen: Foreseen | None) -> Cost:
    """Return what *seen* costs."""
    there = [one for one in seen.resources if one.step != "delete"] if seen else []
    bills = [one.outputs["cost"] for one in there if isinstance(one.outputs.get("cost"), Mapping)]
    return Cost(
        items=tuple(_items(bills)),
        by_usage=tuple(dict.fromkeys(str(use) for bill in bills for use in bill.get("byUsage") or ())),
        currency=" and ".join(dict.fromkeys(str(bill["currency"]) for bill in bills)),
        as_of=min((str(bill["asOf"]) for bill in bills if bill.get("asOf")), default=""),
    )


def _items(bills: Iterable[Mapping[str, Any]]) -> Iterable[Item]:
    for bill in bills:
        for row in bill.get("items") or ():
            yield Item(str(row["what"]), int(row["quantity"]), row["hourly"])


def growth(before: Cost, after: Cost) -> float | None:
    """Return how much more *after* costs an hour; None where that is not known."""
    missing = [Counter(item for item in side.items if item.hourly is None) for side in (before, after)]
    if missing[0] != missing[1] or before.total is None or after.total is None:
        return None
    return after.total.hourly - before.total.hourly


def signed(more: float | None) -> str:
    """Return what is written of a change by *more*."""
    if more is None:
        return "unknown"
    return f"{more:+,.2f}" if round(more, 2) else "none"
