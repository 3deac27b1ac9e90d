"""The bill: what is rented, at the prices of a list; what has no price is unknown, never nothing."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from components.cost.goods import Good
from components.cost.prices import Price, Prices

HOURS_A_MONTH = 730


@dataclasses.dataclass(frozen=True, kw_only=True)
class Item:
    """One line of a bill."""

    what: str
    quantity: int
    hourly: float | None
    """Of all of them together; None where a price is missing."""
    missing: tuple[str, ...] = ()
    """Names that the list has no price of."""
    rows: tuple[Price, ...] = ()
    """The prices it was computed with."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bill:
    """What an endpoint costs an hour, as far as the list knows."""

    prices: Prices
    region: str
    items: tuple[Item, ...]
    by_usage: tuple[str, ...]
    """What is paid by use, and so is not in any sum."""

    @property
    def known(self) -> float:
        """What the items with a price cost an hour: all of it, or at least so much."""
        return round(sum(item.hourly for item in self.items if item.hourly is not None), 4)

    @property
    def hourly(self) -> float | None:
        """What it costs an hour; None where a price is missing."""
        return None if self.missing else self.known

    @property
    def monthly(self) -> float | None:
        """What it costs a month; None where a price is missing."""
        return None if self.missing else a_month(self.known)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names that the list has no price of in the region."""
        return tuple(dict.fromkeys(name for item in self.items for name in item.missing))

    @property
    def unknown(self) -> tuple[str, ...]:
        """The items without a price."""
        return tuple(item.what for item in self.items if item.missing)

    @property
    def as_of(self) -> dt.date | None:
        """When the oldest price in it was read; None where it has none."""
        return min((row.checked for item in self.items for row in item.rows), default=None)

    def output(self) -> dict[str, Any]:
        """Return it as plain values, for other programs."""
        return {
            "currency": self.prices.currency,
            "asOf": self.as_of and self.as_of.isoformat(),
            "hourly": self.hourly,
            "monthly": self.monthly,
            "items": [{"what": item.what, "quantity": item.quantity, "hourly": item.hourly} for item in self.items],
            "unknown": list(self.unknown),
            "byUsage": list(self.by_usage),
        }


def make_bill(goods: Iterable[Good], by_usage: Iterable[str], prices: Prices, region: str) -> Bill:
    """Return the bill of *goods* rented in *region*."""
    items = tuple(_item(good, prices, region) for good in goods)
    return Bill(prices=prices, region=region, items=items, by_usage=tuple(by_usage))


def a_month(hourly: float) -> float:
    """Return what *hourly* comes to in a month."""
    return round(hourly * HOURS_A_MONTH, 2)


def _item(good: Good, prices: Prices, region: str) -> Item:
    found = {name: prices.rows.get((name, region)) for name in good.each}
    limited = sum(limit for name, limit in good.limits.items() if _below(limit, found[name]))
    used = {name: row for name, row in found.items() if not _below(good.limits.get(name), row)}
    rows = {name: row for name, row in used.items() if row}
    # What another price covers is rented with it.
    amounts = {name: max(0, good.each[name] - sum(row.covers.get(name, 0) for row in rows.values())) for name in used}
    missing = tuple(name for name, amount in amounts.items() if amount and name not in rows)
    hourly = limited + sum(amounts[name] * row.hourly for name, row in rows.items())
    return Item(
        what=good.what,
        quantity=good.count,
        hourly=None if missing else round(good.count * hourly, 4),
        missing=missing,
        rows=tuple(row for name, row in rows.items() if amounts[name]),
    )


def _below(limit: float | None, row: Price | None) -> bool:
    return limit is not None and (row is None or limit < row.hourly)
