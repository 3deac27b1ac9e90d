"""The policy for whoever runs `pulumi up`: fresh, least, and complete for every resource the components make."""

import ast
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from scripts.operator_policy import MAX_CHARACTERS, Row, main, operator_policy, permissions, text

ROOT = Path(__file__).resolve().parents[2]
TYPES = sorted(row["type"] for row in permissions()["permission"])
ROWS: list[Row] = [row for table in permissions().values() for row in table]
SOURCE = re.compile(
    r"https://github\.com/aliyun/terraform-provider-alicloud/blob/[0-9a-f]{40}/alicloud/(resource|data_source)_\w+\.go"
)
NO_PROJECT = (
    "project: {!r} is not what a role's name can begin with. Write the name of Pulumi.yaml in letters, "
    "digits and single dashes, at most 31 characters.\n"
)


def used_types() -> list[str]:
    """Return every ``alicloud.<module>.<name>`` that components/ calls, but argument classes; without ``_output``."""
    calls = [
        call.func
        for path in (ROOT / "components").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
    ]
    names = {ast.unparse(called).removesuffix("_output") for called in calls if isinstance(called, ast.Attribute)}
    return sorted(name for name in names if re.fullmatch(r"alicloud\.\w+\.\w+(?<!Args)", name))


def statements(region: str = "cn-hangzhou", project: str = "llm") -> list[Row]:
    """Return the statements of the policy for *region* and *project*."""
    return json.loads(text(operator_policy(region, project)))["Statement"]  # type: ignore[no-any-return]


def test_every_resource_has_permissions() -> None:
    """A resource or function used in components/ has one row, and no row is left from one that went away."""
    assert used_types() == TYPES


def test_the_file_in_docs_is_fresh() -> None:
    """docs/operator-policy.json is what the command prints for the dev stack."""
    region = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]["alicloud:region"]
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"]

    assert (ROOT / "docs" / "operator-policy.json").read_text() == text(operator_policy(region, project)), (
        "run scripts/operator-policy > docs/operator-policy.json"
    )


def test_the_command_prints_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments the command prints the committed policy."""
    status = main([])

    assert (0, (ROOT / "docs" / "operator-policy.json").read_text()) == (status, capsys.readouterr().out)


def test_policy_has_the_shape_ram_accepts() -> None:
    """Version 1, only Allow, known keys, and short enough for one custom policy."""
    policy = operator_policy("cn-hangzhou", "x" * 31)

    assert {"Version": "1"} == {key: value for key, value in policy.items() if key != "Statement"}
    assert {"Allow"} == {statement["Effect"] for statement in statements()}
    assert {"Effect", "Action", "Resource", "Condition"} == {key for statement in statements() for key in statement}
    assert len(text(policy)) <= MAX_CHARACTERS


def test_actions_are_exactly_those_needed() -> None:
    """Each action of a row is allowed once, nothing else is, and none holds a wildcard or a system policy's name."""
    needed = {action for row in permissions()["permission"] for action in row["actions"]}
    allowed = [action for statement in statements() for action in statement["Action"]]

    assert sorted(needed) == sorted(allowed)
    assert [] == [action for action in allowed if not re.fullmatch(r"(vpc|ecs|ram|oos|kms):[A-Z][A-Za-z0-9]+", action)]
    assert "FullAccess" not in text(operator_policy("cn-hangzhou", "llm"))


def test_each_statement_is_of_one_service() -> None:
    """No statement mixes services, so that a reader finds all of a service in one place."""
    services = [{action.partition(":")[0] for action in statement["Action"]} for statement in statements()]

    assert [1] * len(services) == [len(service) for service in services]


def test_whole_account_only_where_ram_knows_no_narrower_resource() -> None:
    """The actions on every resource are these, each named in the table with its reason."""
    assert [
        "vpc:ListTagResources",
        "ecs:AuthorizeSecurityGroup",
        "ecs:CreateDeploymentSet",
        "ecs:DescribeInstanceMaintenanceAttributes",
        "ecs:ModifySecurityGroupRule",
        "ecs:RunInstances",
        "ram:ListTagResources",
        "ram:CreateServiceLinkedRole",
        "oos:ListTagResources",
    ] == [action for statement in statements() if "*" in statement["Resource"] for action in statement["Action"]]


def test_region_and_project_narrow_the_resources() -> None:
    """Regional ARNs carry the region, and roles, policies and secret parameters only the project's names."""
    arns = {arn for statement in statements("ap-southeast-1", "team-prod") for arn in statement["Resource"]} - {"*"}

    assert {"ap-southeast-1"} == {arn.split(":")[2] for arn in arns if not arn.startswith("acs:ram:")}
    assert {
        "acs:ram:*:*:role/team-prod-*",
        "acs:ram:*:*:policy/team-prod-*",
        "acs:oos:ap-southeast-1:*:secretparameter/llm-team-prod-*",
    } == {arn for arn in arns if "team-prod" in arn}


def test_only_nat_may_get_a_service_linked_role() -> None:
    """CreateServiceLinkedRole is bound to the NAT gateway's service."""
    conditions = {
        action: statement.get("Condition")
        for statement in statements()
        for action in statement["Action"]
        if action == "ram:CreateServiceLinkedRole"
    }

    assert {"ram:CreateServiceLinkedRole": {"StringEquals": {"ram:ServiceName": "nat.aliyuncs.com"}}} == conditions


def test_permission_names_its_provider_file() -> None:
    """The source of a permission is a file of the provider at one commit, another for each row."""
    sources = [row["source"] for row in permissions()["permission"]]

    assert [] == [source for source in sources if not SOURCE.fullmatch(source)]
    assert len(sources) == len(set(sources))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.get("type", row.get("service")))
def test_row_was_checked(row: Row) -> None:
    """Every row says where it comes from and when that was read."""
    assert row["source"].startswith("https://")
    assert row["checked"] <= datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--region", "Hangzhou"], "region: 'Hangzhou' is no region id. Write it like cn-hangzhou.\n"),
        (["--project", "llm*"], NO_PROJECT.format("llm*")),
        (["--project", "x" * 32], NO_PROJECT.format("x" * 32)),
    ],
)
def test_what_cannot_stand_in_an_arn_is_refused(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wildcard or a malformed name widens nothing: one sentence, exit code 2."""
    status = main(arguments)

    assert (2, sentence) == (status, capsys.readouterr().err)
