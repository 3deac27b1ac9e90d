"""The bill: sums, what is unknown, what is old, and lists of prices that are not usable."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.catalog import Instance, Series, rows
from components.cost import Bill, Good, PriceError, goods, make_bill, price_list
from components.cost.goods import essd
from components.cost.prices import Prices, read
from components.cost.words import lines, over_budget

DAY = dt.date(2026, 11, 21)
A10 = "ecs.gn7i-c8g1.2xlarge"
MACHINE = goods.machine(A10, 1, 100)
DISK = goods.disk("weights disk", "PL1", 60, 1)


def row(name: str, hourly: object, **more: object) -> dict[str, Any]:
    """Return a row of a list of prices."""
    return {"name": name, "regions": ["cn-hangzhou"], "hourly": hourly, "source": "a test", "checked": DAY, **more}


def prices(*found: Mapping[str, Any]) -> Prices:
    """Return a list of prices."""
    return read("prices.toml", {"currency": "CNY", "row": list(found)})


KNOWN = prices(row(A10, 9.5), row(essd("PL1"), 0.002), row("nat-gateway", 0.2))


def bill(*rented: Good, by: Prices = KNOWN, use: tuple[str, ...] = ()) -> Bill:
    """Return the bill of what is *rented* in Hangzhou."""
    return make_bill(rented, use, by, "cn-hangzhou")


@pytest.mark.parametrize(
    ("good", "by", "hourly"),
    [
        (MACHINE, KNOWN, 9.7),
        (goods.machine(A10, 2, 200), KNOWN, 19.8),
        (DISK, KNOWN, 0.12),
        (DISK, prices(), None),
        (goods.disk("weights disk", "PL2", 60, 1), KNOWN, None),
        # The quote was for a machine with 100 GiB: those are paid, and only what is larger needs a price.
        (MACHINE, prices(row(A10, 9.7, covers={essd("PL1"): 100})), 9.7),
        (goods.machine(A10, 1, 150), prices(row(A10, 9.7, covers={essd("PL1"): 100})), None),
        (goods.machine(A10, 1, 150), prices(row(A10, 9.7, covers={essd("PL1"): 100}), row(essd("PL1"), 0.002)), 9.8),
        (goods.machine(A10, 1, 100, spot=True), KNOWN, 9.7),
        (goods.machine(A10, 1, 100, spot=True, spot_limit=3), KNOWN, 3.2),
        (goods.machine(A10, 1, 100, spot=True, spot_limit=30), KNOWN, 9.7),
        (goods.machine(A10, 1, 100, spot=True, spot_limit=3), prices(row(essd("PL1"), 0.002)), 3.2),
        # A limit below the quote is for the machine alone, so the disk needs a price again.
        (
            goods.machine(A10, 1, 100, spot=True, spot_limit=3),
            prices(row(A10, 9.7, covers={essd("PL1"): 100})),
            None,
        ),
        (
            goods.pods("GU8TF pod", "GU8TF", 3, 64, 512, 8),
            prices(row("acs.GU8TF.gpu", 20), row("acs.GU8TF.vcpu", 0.1), row("acs.GU8TF.gib", 0.05)),
            576.0,
        ),
        (
            goods.pods("cache worker", "performance", 2, 10, 80),
            prices(row("acs.performance.vcpu", 0.078), row("acs.performance.gib", 0.039)),
            7.8,
        ),
        (goods.nat_gateway(), prices(row("nat-gateway", 0)), 0.0),
        (goods.load_balancers(2), KNOWN, None),
    ],
)
def test_what_is_rented_has_its_price(good: Good, by: Prices, hourly: float | None) -> None:
    """Every part of it counts, once for each, and one part without a price leaves the whole without one."""
    [item] = bill(good, by=by).items

    assert hourly == item.hourly
    assert good.count == item.quantity


def test_a_bill_is_plain_values() -> None:
    """Other programs read the sums, the items, and what is in no sum."""
    assert bill(MACHINE, DISK, use=("traffic",)).output() == {
        "currency": "CNY",
        "asOf": "2026-11-21",
        "hourly": 9.82,
        "monthly": 7168.6,
        "items": [
            {"what": "ecs.gn7i-c8g1.2xlarge with a system disk of 100 GiB", "quantity": 1, "hourly": 9.7},
            {"what": "weights disk, 60 GiB of ESSD PL1", "quantity": 1, "hourly": 0.12},
        ],
        "unknown": [],
        "byUsage": ["traffic"],
    }


def test_the_unknown_is_no_sum() -> None:
    """One price that is missing leaves no hourly sum: it would be read as the cost."""
    found = bill(MACHINE, goods.load_balancers(2)).output()

    assert (None, None) == (found["hourly"], found["monthly"])
    assert ["load balancer"] == found["unknown"]


def test_another_region_has_no_price() -> None:
    """A price is a region's."""
    assert make_bill([DISK], [], KNOWN, "cn-beijing").hourly is None


def test_a_bill_reads_well() -> None:
    """A reviewer sees the sums, the items, the budget, and when the prices were read."""
    found = bill(MACHINE, goods.disk("weights disk", "PL1", 60, 2), use=("traffic",))

    assert lines(found, 8000, DAY) == [
        "cost:   9.94 CNY an hour, 7,256.20 a month of 730 hours, by list prices of 2026-11-21; the budget is 8,000.00",
        "          9.70  ecs.gn7i-c8g1.2xlarge with a system disk of 100 GiB",
        "          0.24  2 x weights disk, 60 GiB of ESSD PL1",
        "        by use  traffic",
    ]


def test_an_incomplete_bill_reads_well() -> None:
    """A reviewer sees that it is not all, what is missing, and the command that asks for it."""
    found = bill(MACHINE, goods.disk("weights disk", "PL2", 600, 1), goods.load_balancers(2))

    assert lines(found, None, DAY) == [
        "cost:   at least 9.70 CNY an hour, 7,081.00 a month of 730 hours, by list prices of 2026-11-21",
        "           9.70  ecs.gn7i-c8g1.2xlarge with a system disk of 100 GiB",
        "        unknown  weights disk, 600 GiB of ESSD PL2",
        "        unknown  2 x load balancer",
        "        no price of cloud_essd.PL2, load-balancer in cn-hangzhou; see docs/cost.md",
        "        `scripts/prices --region cn-hangzhou --file prices.toml cloud_essd.PL2` asks ECS",
    ]


def test_a_bill_without_any_price_reads_well() -> None:
    """Nothing is said of sums where there is none."""
    assert lines(bill(goods.nat_gateway(), by=prices()), None, DAY) == [
        "cost:   unknown, by the prices of prices.toml",
        "        unknown  NAT gateway",
        "        no price of nat-gateway in cn-hangzhou; see docs/cost.md",
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (30, []),
        (
            31,
            [
                "        OLD: ecs.gn7i-c8g1.2xlarge, cloud_essd.PL1, read up to 31 days ago",
                f"        `scripts/prices --region cn-hangzhou --file prices.toml {A10} cloud_essd.PL1` asks ECS",
            ],
        ),
    ],
)
def test_an_old_price_is_called_old(days: int, expected: list[str]) -> None:
    """After thirty days, with the command that refreshes it; only prices in the bill count."""
    assert expected == lines(bill(MACHINE), None, DAY + dt.timedelta(days))[2:]


def test_today_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who needs the same text tomorrow sets SOURCE_DATE_EPOCH, as for any reproducible output."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1798761600")

    assert "OLD: nat-gateway, read up to 41 days ago" in lines(bill(goods.nat_gateway()), None)[2]


@pytest.mark.parametrize(
    ("rented", "budget", "expected"),
    [
        ([MACHINE, DISK], 7168.6, None),
        (
            [MACHINE, DISK],
            7000,
            (
                "7,000.00 CNY, and it costs 7,168.60 CNY a month, 7,081.00 of it for ecs.gn7i-c8g1.2xlarge with a "
                "system disk of 100 GiB. Rent less, or give 7169."
            ),
        ),
        (
            [MACHINE, goods.load_balancers(2)],
            7000,
            (
                "7,000.00 CNY, and it costs at least 7,081.00 CNY a month, 7,081.00 of it for ecs.gn7i-c8g1.2xlarge "
                "with a system disk of 100 GiB. Rent less, or give 7081."
            ),
        ),
        (
            [MACHINE, goods.load_balancers(2), goods.disk("weights disk", "PL3", 60, 1)],
            9000,
            (
                "9,000.00 CNY cannot be checked: no price of load-balancer, cloud_essd.PL3 in cn-hangzhou. "
                "`scripts/prices --region cn-hangzhou --file prices.toml cloud_essd.PL3` asks ECS. "
                "Write a row for load-balancer in prices.toml; see docs/cost.md."
            ),
        ),
    ],
)
def test_a_budget_is_kept_or_not(rented: list[Good], budget: float, expected: str | None) -> None:
    """One that cannot be checked is not kept."""
    assert expected == over_budget(bill(*rented), budget)


NAT = row("nat-gateway", 0.2)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"row": []}, ' currency is None. Write the code of one, such as currency = "CNY".'),
        ({"currency": "yuan"}, " currency is 'yuan'. Write the code of one, such as currency = \"CNY\"."),
        ({"currency": "CNY"}, " there are no prices. Write each as a [[row]]."),
        ({"currency": "CNY", "row": 3}, " there are no prices. Write each as a [[row]]."),
        ({"currency": "CNY", "row": [3]}, " row 1: 3 is not a table. Write it as a [[row]]."),
        ({"currency": "CNY", "row": [NAT, NAT]}, " two rows are called 'nat-gateway' in cn-hangzhou. Leave one out."),
        ({"currency": "CNY", "row": [{"hourly": 1}]}, " row 1: 'name' is missing."),
        ({"currency": "CNY", "row": [NAT, NAT | {"name": 3}]},
         ' row 2: name is 3, and not a name such as "nat-gateway".'),
    ],
)  # fmt: skip
def test_a_bad_list_is_refused(document: dict[str, Any], message: str) -> None:
    """With what is wrong, and how to write it."""
    with pytest.raises(PriceError) as refused:
        read("p.toml", document)

    assert f"'p.toml':{message}" == str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hourly": -3}, "hourly is -3, and not a price of 0 or more."),
        ({"hourly": "3"}, "hourly is '3', and not a price of 0 or more."),
        ({"hourly": True}, "hourly is True, and not a price of 0 or more."),
        ({"hourly": float("nan")}, "hourly is nan, and not a price of 0 or more."),
        ({"currency": "USD"}, "currency is 'USD', and the list's is 'CNY'. Keep a file for each."),
        ({"hourley": 1}, "'hourley' is not known. Did you mean 'hourly'?"),
        ({"checked": "2026-11-21"}, "checked is '2026-11-21', and not a date such as 2026-11-21."),
        ({"source": " "}, "source is ' ', and not a text that says where it was read."),
        ({"regions": "cn-hangzhou"}, "regions is 'cn-hangzhou', and not a list of regions such as [\"cn-hangzhou\"]."),
        ({"regions": []}, 'regions is [], and not a list of regions such as ["cn-hangzhou"].'),
        ({"covers": [1]}, "covers is [1], and not a table of names and amounts."),
        ({"notes": 1}, "notes is 1, and not a text."),
    ],
)
def test_a_bad_row_is_refused(change: dict[str, Any], message: str) -> None:
    """With the row, the value and what it should be."""
    with pytest.raises(PriceError) as refused:
        prices(NAT | change)

    assert f"'prices.toml': row 'nat-gateway': {message}" == str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("gone.toml", None, "'gone.toml' does not exist. A path begins at the program's folder."),
        (".", None, "'.' cannot be read: Is a directory."),
        ("p.toml", "currency = \n", "'p.toml' is not TOML: Invalid value (at line 1, column 12)."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str | None, message: str
) -> None:
    """By the name that the user gave it."""
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path(name).write_text(text)

    with pytest.raises(PriceError) as refused:
        price_list(name)

    assert message == str(refused.value)


def test_a_list_is_parsed_once_until_it_changes(tmp_path: Path) -> None:
    """A hundred endpoints of one stack read it once."""
    file = tmp_path / "p.toml"
    file.write_text('currency = "CNY"\nrow = []\n')
    first = price_list(str(file))

    assert first is price_list(str(file))


def test_the_list_that_comes_along_is_sound() -> None:
    """Its names are those of goods, and none of its prices was read in the future."""
    known = {*rows(Instance), *(f"acs.{series}.{part}" for series in rows(Series) for part in ("gpu", "vcpu", "gib"))}
    found = price_list(None)

    assert "CNY" == found.currency
    assert {name for name, _ in found.rows} <= known
    assert all(price.checked <= DAY for price in found.rows.values())
