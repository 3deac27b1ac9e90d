"""What a reviewer reads of a bill in `preview`."""

import datetime as dt
import math
import os
from collections.abc import Iterable

from components.cost.bill import HOURS_A_MONTH, Bill, Item, a_month
from components.cost.goods import quoted
from components.cost.prices import DEFAULT_FILE

OLD_DAYS = 30
"""Age from which on a price is called old: vendors change prices without a word."""


def lines(bill: Bill, budget: float | None, today: dt.date | None = None) -> list[str]:
    """Return *bill* in plain lines, with the warnings of the day."""
    rows = [(_amount(item.hourly), _counted(item)) for item in bill.items]
    rows += [("by use", text) for text in bill.by_usage]
    width = max(len(amount) for amount, _ in rows)
    return [
        f"cost:   {_total(bill)}{'' if budget is None else f'; the budget is {money(budget)}'}",
        *(f"        {amount:>{width}}  {what}" for amount, what in rows),
        *(f"        {text}" for text in warnings(bill, today or _today())),
    ]


def over_budget(bill: Bill, budget: float) -> str | None:
    """Return why *bill* is not known to stay within a monthly *budget*, and what to do; None where it does."""
    least, currency = a_month(bill.known), bill.prices.currency
    if least > budget:
        dearest = max((item for item in bill.items if item.hourly is not None), key=lambda item: item.hourly or 0)
        costs = f"{'at least ' if bill.missing else ''}{money(least)} {currency} a month"
        share = f"{money(a_month(dearest.hourly or 0))} of it for {_counted(dearest)}"
        return f"{money(budget)} {currency}, and it costs {costs}, {share}. Rent less, or give {math.ceil(least)}."
    if bill.missing:
        text = f"{money(budget)} {currency} cannot be checked: {_no_price(bill)}."
        by_hand = ", ".join(name for name in bill.missing if not quoted(name))
        row = f" Write a row for {by_hand} in {bill.prices.file}; see docs/cost.md." if by_hand else ""
        return f"{text}{''.join(f' {line}.' for line in _asking(bill, bill.missing))}{row}"
    return None


def warnings(bill: Bill, today: dt.date) -> list[str]:
    """Return which prices are missing or old, and how to get them."""
    old = [row for item in bill.items for row in item.rows if (today - row.checked).days > OLD_DAYS]
    names = list(dict.fromkeys(row.name for row in old))
    days = max(((today - row.checked).days for row in old), default=0)
    return [
        *([f"{_no_price(bill)}; see docs/cost.md"] if bill.missing else []),
        *([f"OLD: {', '.join(names)}, read up to {days} days ago"] if old else []),
        *_asking(bill, [*bill.missing, *names]),
    ]


def money(amount: float) -> str:
    """Return *amount* with its thousands apart."""
    return f"{amount:,.2f}"


def _total(bill: Bill) -> str:
    known, currency = bill.known, bill.prices.currency
    if bill.as_of is None:
        return f"unknown, by the prices of {bill.prices.file}"
    least = "at least " if bill.missing else ""
    sums = f"{least}{money(known)} {currency} an hour, {money(a_month(known))} a month of {HOURS_A_MONTH} hours"
    return f"{sums}, by list prices of {bill.as_of.isoformat()}"


def _no_price(bill: Bill) -> str:
    return f"no price of {', '.join(bill.missing)} in {bill.region}"


def _asking(bill: Bill, names: Iterable[str]) -> list[str]:
    """Return the command that asks for those of *names* that can be asked for, as a line of its own."""
    asked = [name for name in names if quoted(name)]
    file = [] if bill.prices.file == DEFAULT_FILE else ["--file", bill.prices.file]
    command = " ".join(["scripts/prices", "--region", bill.region, *file, *asked])
    return [f"`{command}` asks ECS"] if asked else []


def _counted(item: Item) -> str:
    return f"{item.quantity} x {item.what}" if item.quantity > 1 else item.what


def _amount(hourly: float | None) -> str:
    return "unknown" if hourly is None else money(hourly)


def _today() -> dt.date:
    # https://reproducible-builds.org/specs/source-date-epoch/: whoever needs the same text tomorrow sets it.
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return (dt.datetime.fromtimestamp(int(epoch), dt.UTC) if epoch.isdecimal() else dt.datetime.now(dt.UTC)).date()
