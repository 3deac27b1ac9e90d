"""Before `up`, the account itself is asked whether it can succeed; whatever stops it is a line with a way out."""

import functools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.foreseen import Source, foresee
from scripts.openapi import connect
from scripts.preflighting.command import ask, show
from scripts.preflighting.demand import Demand, demand
from tests.unit.fake_account import ZONES, attributes, good, quotas, sold
from tests.unit.fake_openapi import SECRET, FakeOpenApi, Parameters, refusal

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "preflight.md").read_text()
STACKS = ROOT / "docs" / "stacks"
DENIED = refusal("Forbidden.RAM", "User not authorized to operate on the specified resource.", 403)
NO_ROLE = refusal("EntityNotExist.Role", "The role does not exist.", 404)


@functools.cache
def wanted(stack: str) -> Demand:
    """Return what the program needs with the stack file of that name."""
    file = STACKS / f"Pulumi.{stack}.yaml"
    return demand("llm", stack, "cn-hangzhou", foresee(Source(ROOT, stack, file if file.exists() else None)))


def asked(stack: str, changes: Mapping[str, Any]) -> int:
    """Ask a good account with *changes* in what it answers, and return the exit code."""
    with FakeOpenApi({**good(), **changes}) as fake:
        code = show(ask(connect(fake.environment, "cn-hangzhou"), wanted(stack)))
    bought = [parameters for action, parameters in fake.requests if action in {"RunInstances", "CreateVpc"}]
    assert all(parameters["DryRun"] == "true" for parameters in bought)
    return code


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what was printed."""

    def printed() -> str:
        said = capsys.readouterr()
        assert "" == said.err
        assert SECRET not in said.out
        return said.out

    return printed


def test_a_good_account(lines: Callable[[], str], golden: Callable[[str, str], None]) -> None:
    """Everything that can be asked is there; exit code 0."""
    assert 0 == asked("dev", {})
    golden("preflight/single-ecs.txt", lines())


def test_an_account_in_which_nothing_is_there(lines: Callable[[], str], golden: Callable[[str, str], None]) -> None:
    """Each reason is one line, and the next says what to do; exit code 1."""

    def stock(asked: Parameters) -> dict[str, Any]:
        machines = asked["DestinationResource"] == "InstanceType"
        name, state = ("ecs.gn7i-c8g1.2xlarge", "WithoutStock") if machines else ("cloud_auto", "WithStock")
        return sold({ZONES[0]: {name: state}, ZONES[1]: {name: "ClosedWithStock"}})

    full = {"used-postpaid-instance-vcpu-count": "96", "max-postpaid-instance-vcpu-count": "100"}
    used_up = {"vpc": {"vpc_quota_instances_num": (3, 10), "vpc_quota_instances_num_cn-hangzhou": (5, 5)}}
    changes = {
        "DescribeAvailableResource": stock,
        "DescribeAccountAttributes": attributes({**full, "real-name-authentication": "none"}),
        "ListProductQuotas": lambda asked: quotas(asked["ProductCode"], used_up.get(asked["ProductCode"], {})),
        "GetSecretValue": refusal("Forbidden.UserNotOpened", "KMS is not opened for this account.", 403),
        "GetSecretParameter": DENIED,
        "DescribeEipAddresses": DENIED,
        "GetRole": NO_ROLE,
        "RunInstances": refusal("InvalidAccountStatus.NotEnoughBalance", "Your account balance is too low."),
    }

    assert 1 == asked("dev", changes)
    said = lines()
    golden("preflight/single-ecs-stopped.txt", said)
    assert f"as user/deploy\n{said}```\n" in PAGE


def test_a_cluster(lines: Callable[[], str], golden: Callable[[str, str], None]) -> None:
    """ACS is asked what it tells; what no call tells is said."""
    role = good()["GetRole"]

    assert 1 == asked(
        "acs-cluster", {"GetRole": lambda asked: NO_ROLE if asked["RoleName"] == "AliyunCCNECRole" else role(asked)}
    )
    golden("preflight/acs-cluster.txt", lines())


def test_a_pair(lines: Callable[[], str], golden: Callable[[str, str], None]) -> None:
    """Two machines that are alike are one line, and count twice."""
    assert 1 == asked("dual-ecs-ray", {})
    golden("preflight/dual-ecs-ray.txt", lines())


@pytest.mark.parametrize("stack", ["dev", "acs-cluster"])
def test_an_account_that_tells_nothing(
    stack: str, lines: Callable[[], str], golden: Callable[[str, str], None]
) -> None:
    """Who may do nothing but sign in sees which permission is missing, and finds it in the page or the policy."""
    assert 1 == asked(stack, dict.fromkeys(good(), DENIED))

    said = lines()
    golden(f"preflight/{stack}-denied.txt", said)
    policy = json.loads(PAGE.split("```json\n")[1].split("```")[0])
    named = {
        action
        for found in re.findall(r"cannot be seen without ((?:\w+:\w+(?: and )?)+)", said)
        for action in found.split(" and ")
    }
    assert named <= {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"DescribeAvailableResource": sold({ZONES[0]: {"ecs.g7.large": "WithStock"}})},
            [
                "  STOP  ecs.gn7i-c8g1.2xlarge in cn-hangzhou-i: not sold.",
                "        No zone of the region has it: another type.",
            ],
        ),
        (
            {"DescribeAccountAttributes": attributes({})},
            [
                "  ?     vCPUs, pay as you go: 8 needed; the limit is not said.",
                "  ?     real-name registration: the account says nothing, not yes.",
                "        Mainland regions sell no machine without it.",
            ],
        ),
        (
            {"ListProductQuotas": {"Quotas": [{"QuotaActionCode": "q_security-groups", "TotalQuota": 0}]}},
            [
                "  ?     VPCs: Quota Center says nothing of vpc_quota_instances_num.",
                "  STOP  security groups: 1 needed, and 0 are allowed.",
            ],
        ),
        (
            {"ListProductQuotas": {"Quotas": [{"QuotaActionCode": "q_security-groups", "TotalQuota": 100}]}},
            ["  ?     security groups: 1 needed; the limit is 100, and how many are used is not said."],
        ),
        (
            {"DescribeVSwitches": {"VSwitches": {"VSwitch": []}}},
            [
                "  ?     dry run of 1 x ecs.gn7i-c8g1.2xlarge in cn-hangzhou-i: the zone has no network yet",
                "        Ask again after the first `up`, or give vswitchId and securityGroupId.",
            ],
        ),
        (
            {"RunInstances": DENIED},
            [
                "  STOP  not allowed: ecs:RunInstances.",
                "        Attach what scripts/operator-policy --topology single-ecs --region cn-hangzhou --project",
            ],
        ),
        (
            {"RunInstances": refusal("InvalidVSwitchId.IpNotEnough", "No private IP address is left.")},
            [
                "  ?     dry run of 1 x ecs.gn7i-c8g1.2xlarge in cn-hangzhou-i: cannot be seen. ecs RunInstances",
            ],
        ),
        (
            {"DescribeDisks": refusal("InternalError", "The request processing has failed.", 500)},
            ["  ?     ecs DescribeDisks: InternalError: The request processing has failed."],
        ),
    ],
    ids=[
        "elsewhere",
        "no attributes",
        "none allowed",
        "usage unknown",
        "no vSwitch",
        "no right",
        "full vSwitch",
        "fault",
    ],
)
def test_what_an_account_may_say(changes: dict[str, Any], expected: list[str], lines: Callable[[], str]) -> None:
    """Each answer has its own words."""
    asked("dev", changes)

    said = lines()
    assert [start for start in expected if f"\n{start}" not in said] == []


def test_an_api_that_is_out_of_reach(lines: Callable[[], str]) -> None:
    """What the others say stands; the line says which host did not answer."""
    with FakeOpenApi({}) as gone:
        nobody = gone.environment["ALIBABA_CLOUD_ENDPOINT_QUOTAS"]
    with FakeOpenApi(good()) as fake:
        away = fake.environment | {"ALIBABA_CLOUD_ENDPOINT_QUOTAS": nobody}
        code = show(ask(connect(away, "cn-hangzhou"), wanted("dev")))

    host = nobody.removeprefix("http://")
    text = f"VPCs: cannot be seen. {host}: no connection. Is this machine on a network that reaches it?"
    assert (0, True) == (code, f"  ?     {text}\n" in lines())


def test_a_stack_that_makes_more_than_the_components_do(lines: Callable[[], str]) -> None:
    """What nobody here knows the rights for is named."""
    source = Source(ROOT / "docs" / "examples" / "python", "dev")
    more = demand("consumer", "dev", "cn-hangzhou", foresee(source))
    with FakeOpenApi(good()) as fake:
        show(ask(connect(fake.environment, "cn-hangzhou"), more))

    kinds = "alicloud.pvtz.Zone, alicloud.pvtz.ZoneAttachment, alicloud.pvtz.ZoneRecord"
    assert f"  ?     {kinds}: which actions they need is not known here.\n" in lines()
