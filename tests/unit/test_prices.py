"""`scripts/prices` asks ECS and edits a list of prices, and every way to fail leaves the list as it was."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.pricing.__main__ import ROOT, run
from tests.unit.fake_openapi import FakeOpenApi, refusal

DAY = dt.date(2026, 11, 21)
A10, DISK = "ecs.gn7i-c8g1.2xlarge", "cloud_essd.PL1"

LISTED = """\
# Ours.
currency = "CNY"

[[row]]
name = "ecs.gn7i-c8g1.2xlarge"  # the usual one
regions = ["cn-shanghai", "cn-shenzhen"]
hourly = 9.74
covers = { "cloud_essd.PL1" = 100 }
source = "DescribePrice, somebody's"
checked = 2026-09-24

[[row]]
name = "nat-gateway"
regions = ["cn-hangzhou"]
hourly = 0.5
source = "our contract"
checked = 2026-10-01
"""


def answer(price: object, *, currency: str = "CNY", details: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Return what DescribePrice answers."""
    found = {"OriginalPrice": price, "TradePrice": 0.01, "DiscountPrice": 0, "Currency": currency}
    if details is None:
        return {"PriceInfo": {"Price": found}}
    parts = [{"Resource": name, "OriginalPrice": part} for name, part in details.items()]
    return {"PriceInfo": {"Price": {**found, "DetailInfos": {"DetailInfo": parts}}}}


def priced(asked: Mapping[str, str]) -> dict[str, Any]:
    """Answer as ECS does, a bit more in Shenzhen."""
    if asked["ResourceType"] == "disk":
        return answer(21)
    alone = 9.53 if asked["RegionId"] == "cn-shanghai" else 9.6
    return answer(alone + 0.21, details={"bandwidth": 0, "instanceType": str(alone), "systemDisk": 0.21})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a list of prices."""
    path = tmp_path / "p.toml"
    path.write_text(LISTED)
    return path


def test_prices_are_asked_for_again(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each region has its own, what was not asked for stays, and so do comments."""
    with FakeOpenApi({"DescribePrice": priced}) as fake:
        assert run(["--file", str(file)], fake.environment, DAY) == 0

    assert capsys.readouterr().out.splitlines() == [
        "cn-shanghai  ecs.gn7i-c8g1.2xlarge  9.53 CNY (was 9.74)",
        "cn-shenzhen  ecs.gn7i-c8g1.2xlarge  9.6 CNY (was 9.74)",
    ]
    assert (
        file.read_text()
        == """\
# Ours.
currency = "CNY"

[[row]]
name = "ecs.gn7i-c8g1.2xlarge"  # the usual one
regions = ["cn-shenzhen"]
hourly = 9.6
source = "DescribePrice"
checked = 2026-11-21

[[row]]
name = "nat-gateway"
regions = ["cn-hangzhou"]
hourly = 0.5
source = "our contract"
checked = 2026-10-01

[[row]]
name = "ecs.gn7i-c8g1.2xlarge"
regions = ["cn-shanghai"]
hourly = 9.53
source = "DescribePrice"
checked = 2026-11-21
"""
    )


def test_a_list_is_made(tmp_path: Path) -> None:
    """Of what is named, in the account's currency, with what ECS was asked."""
    file = tmp_path / "new.toml"
    with FakeOpenApi({"DescribePrice": [answer(12.5, currency="USD"), answer(21, currency="USD")]}) as fake:
        assert run(["--file", str(file), "--region", "cn-hangzhou", A10, DISK], fake.environment, DAY) == 0

        everywhere = {"RegionId": "cn-hangzhou", "PriceUnit": "Hour"}
        machine = {"ResourceType": "instance", "InstanceType": A10, "SystemDisk.Category": "cloud_essd"}
        disk = {"ResourceType": "disk", "DataDisk.1.Category": "cloud_essd", "DataDisk.1.Size": "10000"}
        assert [
            (
                "DescribePrice",
                {**everywhere, **machine, "SystemDisk.PerformanceLevel": "PL1", "SystemDisk.Size": "100"},
            ),
            ("DescribePrice", {**everywhere, **disk, "DataDisk.1.PerformanceLevel": "PL1"}),
        ] == fake.requests
    assert (
        file.read_text()
        == """\
# List prices for an hour, paid as you go. `scripts/prices` asks for more; docs/cost.md says what is in a row.

currency = "USD"

[[row]]
name = "ecs.gn7i-c8g1.2xlarge"
regions = ["cn-hangzhou"]
hourly = 12.5
covers = {"cloud_essd.PL1" = 100}
source = "DescribePrice"
checked = 2026-11-21

[[row]]
name = "cloud_essd.PL1"
regions = ["cn-hangzhou"]
hourly = 0.0021
source = "DescribePrice"
checked = 2026-11-21
"""
    )


REFUSED = refusal("InvalidInstanceType.ValueNotSupported", "The type is not sold here.")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (REFUSED, "ecs DescribePrice: InvalidInstanceType.ValueNotSupported: The type is not sold here."),
        ({"PriceInfo": {}}, "the answer holds no price."),
        (answer("dear"), "the answer holds no price."),
    ],
)
def test_one_price_may_fail(
    file: Path, capsys: pytest.CaptureFixture[str], given: Mapping[str, Any], message: str
) -> None:
    """The others are written down, and the exit code says that one was not."""
    with FakeOpenApi({"DescribePrice": [given, answer(22)]}) as fake:
        assert run(["--file", str(file), "--region", "cn-hangzhou", A10, DISK], fake.environment, DAY) == 1

    assert capsys.readouterr().err == f"cn-hangzhou  {A10}  not changed: {message}\n"
    assert "hourly = 0.0022" in file.read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            refusal("Forbidden.RAM", "User not authorized to operate on the specified resource.", 403),
            "ecs DescribePrice: Forbidden.RAM: User not authorized to operate on the specified resource.",
        ),
        (
            answer(3, currency="USD"),
            "the account pays in USD, and the list is in CNY. Give another --file.",
        ),
    ],
)
def test_what_no_price_survives_ends_it(
    file: Path, capsys: pytest.CaptureFixture[str], given: Mapping[str, Any], message: str
) -> None:
    """With one sentence, and the list as it was."""
    with FakeOpenApi({"DescribePrice": given}) as fake:
        assert run(["--file", str(file)], fake.environment, DAY) == 1
        assert len(fake.requests) == 1

    assert capsys.readouterr().err == f"scripts/prices: {message} Nothing was changed.\n"
    assert file.read_text() == LISTED


def test_without_credentials_nothing_is_asked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says which to set."""
    assert run(["--file", str(file)], {}, DAY) == 1
    assert capsys.readouterr().err.startswith(
        "scripts/prices: credentials: none found. Set ALIBABA_CLOUD_ACCESS_KEY_ID"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([DISK], "names need a --region, such as cn-hangzhou."),
        (
            ["--region", "cn-hangzhou", "nat-gateway"],
            "'nat-gateway': ECS has no price of it. Write a row for it by hand; see docs/cost.md.",
        ),
        (
            ["--region", "cn-hangzhou", "ecs.gn7i-c8g1.2xlarg"],
            "'ecs.gn7i-c8g1.2xlarg' is no machine of the catalog, and no disk. Did you mean 'ecs.gn7i-c8g1.2xlarge'?",
        ),
        (
            ["--region", "cn-beijing"],
            "nothing was asked for before. Name something, such as cloud_essd.PL1, and a --region.",
        ),
    ],
)
def test_a_wrong_call_is_explained(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Before anything is asked."""
    assert run(["--file", str(file), *arguments], {}, DAY) == 2
    assert capsys.readouterr().err == f"scripts/prices: {message}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('currency = "CNY"\nrow = [3]\n', "row 1: 3 is not a table. Write it as a [[row]]."),
        ("row = [\n", "is not TOML: Invalid value (at end of document)."),
    ],
)
def test_a_bad_list_is_not_edited(file: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    """What cannot be read is not written."""
    file.write_text(text)

    assert run(["--file", str(file)], {}, DAY) == 2
    assert message in capsys.readouterr().err
    assert file.read_text() == text


def test_a_list_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the name it was given."""
    file = tmp_path / "no" / "p.toml"
    with FakeOpenApi({"DescribePrice": answer(21)}) as fake:
        assert run(["--file", str(file), "--region", "cn-hangzhou", DISK], fake.environment, DAY) == 1

    said = f"scripts/prices: '{file}' cannot be written: No such file or directory. Nothing was changed.\n"
    assert capsys.readouterr().err == said


def test_it_is_a_command() -> None:
    """Run as a module, as the script does, it prints its help."""
    command = [sys.executable, "-m", "scripts.pricing", "--help"]
    shown = subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=True, capture_output=True, text=True).stdout

    assert "default components/catalog/prices.toml" in " ".join(shown.split())
