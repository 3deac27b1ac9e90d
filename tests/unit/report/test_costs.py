"""Bills are added up, and what is not known of them stays unknown."""

from dataclasses import replace

import pytest

from components.cost.bill import HOURS_A_MONTH
from scripts.foreseen import Foreseen
from scripts.reporting.costs import HOURS, Amount, Cost, Item, cost, growth, signed
from tests.unit.report.test_reach import made

GPU, DISK, NAT = Item("gpu", 1, 10.0), Item("disk", 2, 0.5), Item("nat", 1, None)


def test_bills_of_several_components() -> None:
    """The bills of all components of a stack are one."""
    bills = [
        {
            "currency": "CNY",
            "asOf": day,
            "items": [{"what": what, "quantity": 1, "hourly": hourly}],
            "byUsage": ["traffic"],
        }
        for day, what, hourly in (("2026-11-02", "gpu", 10.0), ("2026-11-01", "nat", None))
    ]
    resources = [replace(made("a:b:C", bill["asOf"], {}), outputs={"cost": bill}) for bill in bills]  # type: ignore[arg-type]

    expected = Cost((Item("gpu", 1, 10.0), NAT), ("traffic",), "CNY", "2026-11-01")

    assert expected == cost(Foreseen(good=True, resources=tuple(resources)))


TOTALS = {
    "known": ((GPU, DISK), "CNY", Amount(10.5)),
    "in part": ((GPU, NAT), "CNY", Amount(10.0, least=True)),
    "nothing rented": ((), "", Amount(0)),
    "nothing known": ((NAT,), "CNY", None),
    "two currencies": ((GPU, DISK), "CNY and USD", None),
}


@pytest.mark.parametrize(("items", "currency", "total"), TOTALS.values(), ids=TOTALS)
def test_totals(items: tuple[Item, ...], currency: str, total: Amount | None) -> None:
    """A sum says whether it is all."""
    assert total == Cost(items, currency=currency).total


GROWTH = {
    "more": ((GPU,), (GPU, DISK), 0.5),
    "less": ((GPU, DISK), (GPU,), -0.5),
    "beside what is unknown": ((NAT,), (NAT, GPU), None),
    "the unknown stays": ((GPU, NAT), (GPU, DISK, NAT), 0.5),
    "the unknown goes": ((GPU, NAT), (GPU,), None),
}


@pytest.mark.parametrize(("before", "after", "more"), GROWTH.values(), ids=GROWTH)
def test_growth(before: tuple[Item, ...], after: tuple[Item, ...], more: float | None) -> None:
    """A change of the cost is known where what is unknown does not change."""
    assert more == growth(Cost(before), Cost(after))


SIGNED = {None: "unknown", 0.0: "none", 0.001: "none", 1234.5: "+1,234.50", -0.3: "-0.30"}


@pytest.mark.parametrize(("more", "text"), SIGNED.items())
def test_signed(more: float | None, text: str) -> None:
    """A change is written with its sign."""
    assert text == signed(more)


def test_a_month_is_as_long_as_in_preview() -> None:
    """The report knows no component, and multiplies as they do."""
    assert HOURS_A_MONTH == HOURS
