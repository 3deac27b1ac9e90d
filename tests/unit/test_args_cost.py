"""What each component rents, and a budget that fails before there is any resource."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from components import SingleEcsLlm
from components.args import AcsLlmClusterArgs, ArgsError, DualEcsRayLlmArgs, EcsLlmArgs, SingleEcsLlmArgs
from tests.preview import Preview

ZONE = {"zoneId": "cn-hangzhou-i"}
PAIR = ZONE | {"systemImageId": "m-uefi"}
CLUSTER = ZONE | {"apiAccess": "private"}
OWN_CLUSTER = ZONE | {"clusterId": "c-1", "privateAllowedCidrs": ["10.0.0.0/8"]}
BUCKET = {"weightsSource": "oss", "ossBucket": "acme-models"}
IMAGES = {
    "engineImage": "registry-vpc.cn-hangzhou.aliyuncs.com/a/vllm:v0.29.0",
    "gateImage": "registry-vpc.cn-hangzhou.aliyuncs.com/a/caddy:2",
}
PUBLIC = {"publicAllowedCidrs": ["203.0.113.0/24"]}

PRICES = """\
currency = "CNY"

[[row]]
name = "ecs.gn7i-c8g1.2xlarge"
regions = ["cn-hangzhou"]
hourly = 9.5
source = "a test"
checked = 2026-11-21

[[row]]
name = "cloud_essd.PL1"
regions = ["cn-hangzhou"]
hourly = 0.002
source = "a test"
checked = 2026-11-21
"""

A10 = "ecs.gn7i-c8g1.2xlarge with a system disk of 100 GiB"
H20 = "ecs.ebmgn8v.48xlarge with a system disk of 100 GiB"
THROUGH_NAT = "traffic through the NAT gateway, and its public address"
OUT = "traffic out of the public address, by the GB"
BALANCED = "traffic through the load balancers"
PASSING = "pods of Jobs while they run, and those of the charts"


@pytest.mark.parametrize(
    ("kind", "given", "items", "by_usage"),
    [
        (
            SingleEcsLlmArgs,
            ZONE,
            {A10: 1, "weights disk, 100 GiB of ESSD PL1": 1, "NAT gateway": 1},
            [THROUGH_NAT],
        ),
        (
            SingleEcsLlmArgs,
            ZONE | BUCKET | IMAGES | {"systemDiskGib": 200, "weightsDiskPerformanceLevel": "PL2"},
            {
                "ecs.gn7i-c8g1.2xlarge with a system disk of 200 GiB": 1,
                "weights disk, 100 GiB of ESSD PL2": 1,
            },
            [],
        ),
        (
            SingleEcsLlmArgs,
            ZONE | PUBLIC | {"spotStrategy": "SpotAsPriceGo", "weightsDiskGib": 1500},
            {f"{A10}, spot: at its highest price": 1, "weights disk, 1,500 GiB of ESSD PL1": 1},
            [OUT],
        ),
        (
            DualEcsRayLlmArgs,
            PAIR,
            {H20: 2, "weights disk, 800 GiB of ESSD PL1": 2, "NAT gateway": 1},
            [THROUGH_NAT],
        ),
        (
            AcsLlmClusterArgs,
            CLUSTER | PUBLIC | {"auditLog": True},
            {
                "GU8TF pod, 1 GPU, 8 vCPUs, 32 GiB": 1,
                "cache worker, 10 vCPUs, 80 GiB": 1,
                "cache master, 2 vCPUs, 4 GiB": 1,
                "load balancer": 3,
                "NAT gateway": 1,
            },
            ["66 GB of weights in OSS", BALANCED, OUT, THROUGH_NAT, "the audit log", PASSING],
        ),
        (
            AcsLlmClusterArgs,
            OWN_CLUSTER | BUCKET | {"maxReplicas": 4, "replicas": 2, "fluidEnabled": False},
            {"GU8TF pod at 4 replicas, 1 GPU, 8 vCPUs, 32 GiB": 4, "load balancer": 1},
            [BALANCED, PASSING],
        ),
        (
            AcsLlmClusterArgs,
            CLUSTER | {"replicas": 3, "gpusPerPod": 8, "podsPerReplica": 2, "fluidEnabled": False},
            {"GU8TF pod, 8 GPUs, 64 vCPUs, 128 GiB": 6, "load balancer": 2, "NAT gateway": 1},
            ["66 GB of weights in OSS", BALANCED, THROUGH_NAT, PASSING],
        ),
    ],
)
def test_what_is_rented_is_on_the_bill(
    kind: type[EcsLlmArgs] | type[AcsLlmClusterArgs],
    given: Mapping[str, object],
    items: Mapping[str, int],
    by_usage: list[str],
) -> None:
    """Each with its number; what is paid by use is named."""
    found = kind.from_config(given).bill

    assert items == {item.what: item.quantity for item in found.items}
    assert by_usage == list(found.by_usage)


@pytest.fixture
def priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return arguments of a program whose folder has a list of prices, in which everything it rents is."""
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "ours.toml").write_text(PRICES)
    monkeypatch.chdir(tmp_path)
    return {**ZONE, **BUCKET, **IMAGES, "priceFile": "prices/ours.toml"}


def test_a_budget_that_is_kept_is_silent(priced: dict[str, object]) -> None:
    """9.90 an hour are 7,227 a month."""
    assert SingleEcsLlmArgs.from_config(priced | {"monthlyBudget": 7227}).bill.monthly == 7227.0


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (
            {"monthlyBudget": 7226},
            [
                (
                    f"monthlyBudget: 7,226.00 CNY, and it costs 7,227.00 CNY a month, 7,081.00 of it for {A10}. "
                    "Rent less, or give 7227."
                )
            ],
        ),
        (
            {"monthlyBudget": 9000, "weightsDiskPerformanceLevel": "PL2"},
            [
                (
                    "monthlyBudget: 9,000.00 CNY cannot be checked: no price of cloud_essd.PL2 in cn-hangzhou. "
                    "`scripts/prices --region cn-hangzhou --file prices/ours.toml cloud_essd.PL2` asks ECS."
                )
            ],
        ),
        ({"monthlyBudget": -3}, ["monthlyBudget: -3.0 is not within 0.01 to 1000000000."]),
        (
            {"monthlyBudget": 1, "priceFile": "prices/gone.toml"},
            ["priceFile: 'prices/gone.toml' does not exist. A path begins at the program's folder."],
        ),
        ({"priceFile": "prices.json"}, ["priceFile: 'prices.json' is not the path of a TOML file."]),
        # What is not known to be right yet is not reckoned with.
        (
            {"monthlyBudget": 1, "systemDiskGib": 3},
            ["systemDiskGib: 3 is not within 100 to 2048."],
        ),
    ],
)
def test_a_budget_is_an_argument_like_others(
    priced: dict[str, object], change: dict[str, object], problems: list[str]
) -> None:
    """What is wrong with it is said with the rest, in the user's spelling."""
    with pytest.raises(ArgsError) as refused:
        SingleEcsLlmArgs.from_config(priced | change)

    assert problems == list(refused.value.problems)


def test_a_preview_shows_the_cost(preview: Preview, priced: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """For the reviewer as lines, for other programs as an output that is known before anything exists."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795219200")
    seen = preview(lambda: SingleEcsLlm("llm", SingleEcsLlmArgs.from_config(priced | {"monthlyBudget": 8000})))

    assert seen.said.splitlines()[-3:] == [
        "cost:   9.90 CNY an hour, 7,227.00 a month of 730 hours, by list prices of 2026-11-21; the budget is 8,000.00",
        f"        9.70  {A10}",
        "        0.20  weights disk, 100 GiB of ESSD PL1",
    ]
    assert seen.resources["llm"].outputs["cost"] == {
        "currency": "CNY",
        "asOf": "2026-11-21",
        "hourly": 9.9,
        "monthly": 7227.0,
        "items": [
            {"what": A10, "quantity": 1, "hourly": 9.7},
            {"what": "weights disk, 100 GiB of ESSD PL1", "quantity": 1, "hourly": 0.2},
        ],
        "unknown": [],
        "byUsage": [],
    }


def test_a_budget_fails_a_preview_before_any_resource(preview: Preview, priced: dict[str, object]) -> None:
    """As every other argument does."""
    seen = preview(lambda: SingleEcsLlm("llm", SingleEcsLlmArgs.from_config(priced | {"monthlyBudget": 10})))

    assert not seen.good
    assert "monthlyBudget: 10.00 CNY, and it costs 7,227.00 CNY a month" in seen.said
    assert set(seen.resources) == {"llm-dev"}
