"""The policies for whoever runs `pulumi up`: fresh, least, and short enough for RAM."""

import json
import re
from pathlib import Path

import pytest
import yaml

from scripts.operator_policy import MAX_CHARACTERS, Row, main, operator_policy, permissions, rows, text

ROOT = Path(__file__).resolve().parents[2]
ECS, ACS = "single-ecs", "acs-cluster"
FILES = {
    ECS: ROOT / "docs" / "operator-policy.json",
    "dual-ecs-ray": ROOT / "docs" / "operator-policy.json",
    ACS: ROOT / "docs" / "operator-policy-acs-cluster.json",
}
POLICIES = (ECS, ACS)
"""A topology of each."""
NO_PROJECT = (
    "project: {!r} is not what a role's name can begin with. Write the name of Pulumi.yaml in letters, "
    "digits and single dashes, at most 31 characters.\n"
)


def statements(topology: str, region: str = "cn-hangzhou", project: str = "llm") -> list[Row]:
    """Return the statements of the policy for *topology*, *region* and *project*."""
    return json.loads(text(operator_policy(topology, region, project)))["Statement"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("topology", FILES)
def test_the_file_in_docs_is_fresh(topology: str) -> None:
    """Each policy in docs/ is what the command prints for the dev stack's region and the project."""
    region = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]["alicloud:region"]
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"]

    assert FILES[topology].read_text() == text(operator_policy(topology, region, project)), (
        f"run scripts/operator-policy --topology {topology} > docs/{FILES[topology].name}"
    )


@pytest.mark.parametrize(("arguments", "topology"), [([], ECS), (["--topology", ACS], ACS)])
def test_the_command_prints_the_file(arguments: list[str], topology: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments the command prints the committed policy for machines; a topology names the other."""
    status = main(arguments)

    assert (0, FILES[topology].read_text()) == (status, capsys.readouterr().out)


@pytest.mark.parametrize("topology", POLICIES)
def test_policy_has_the_shape_ram_accepts(topology: str) -> None:
    """Version 1, only Allow, known keys, and short enough for one custom policy."""
    policy = operator_policy(topology, "ap-southeast-1", "x" * 31)

    assert {"Version": "1"} == {key: value for key, value in policy.items() if key != "Statement"}
    assert {"Allow"} == {statement["Effect"] for statement in statements(topology)}
    assert {"Effect", "Action", "Resource", "Condition"} == {key for one in statements(topology) for key in one}
    assert len(text(policy)) <= MAX_CHARACTERS


@pytest.mark.parametrize(
    ("topology", "services"), [(ECS, "vpc|ecs|ram|oos|kms"), (ACS, "vpc|ecs|cs|slb|oss|ram|oos")], ids=POLICIES
)
def test_actions_are_exactly_those_needed(topology: str, services: str) -> None:
    """Each action of a row is allowed once, nothing else is, and none holds a wildcard or a system policy's name."""
    needed = {action for row in rows(permissions(), topology) for action in row["actions"]}
    allowed = [action for statement in statements(topology) for action in statement["Action"]]

    assert sorted(needed) == sorted(allowed)
    assert [] == [action for action in allowed if not re.fullmatch(rf"({services}):[A-Z][A-Za-z0-9]+", action)]
    assert "FullAccess" not in text(operator_policy(topology, "cn-hangzhou", "llm"))


@pytest.mark.parametrize("topology", POLICIES)
def test_each_statement_is_of_one_service(topology: str) -> None:
    """No statement mixes services, so that a reader finds all of a service in one place."""
    services = [{action.partition(":")[0] for action in statement["Action"]} for statement in statements(topology)]

    assert [1] * len(services) == [len(service) for service in services]


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        (
            ECS,
            [
                "vpc:ListTagResources",
                "ecs:AuthorizeSecurityGroup",
                "ecs:CreateDeploymentSet",
                "ecs:DescribeInstanceMaintenanceAttributes",
                "ecs:ModifySecurityGroupRule",
                "ecs:RunInstances",
                "ram:ListTagResources",
                "ram:CreateServiceLinkedRole",
                "oos:ListTagResources",
            ],
        ),
        (
            ACS,
            [
                "vpc:ListTagResources",
                "ecs:AuthorizeSecurityGroup",
                "ecs:ModifySecurityGroupRule",
                "ram:ListTagResources",
                "ram:CreateServiceLinkedRole",
                "ram:CreateUser",
                "ram:ListUsers",
                "cs:GetClusters",
                "cs:CancelTask",
                "cs:CreateCluster",
                "cs:DescribeClusterEndpoints",
                "cs:DescribeClustersForRegion",
                "cs:DescribeTaskInfo",
                "slb:ListTagResources",
                "oss:ListBuckets",
            ],
        ),
    ],
    ids=POLICIES,
)
def test_whole_account_only_where_ram_knows_no_narrower_resource(topology: str, expected: list[str]) -> None:
    """The actions on everything, or on all of a kind in all regions, each named in the table with its reason."""
    whole = {"*", "acs:ram:*:*:user/*", "acs:cs:*:*:cluster/*", "acs:oss:*:*:*"}

    assert expected == [
        action for one in statements(topology) if whole.intersection(one["Resource"]) for action in one["Action"]
    ]


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        (
            ECS,
            {
                "acs:ram:*:*:role/Team-prod-*",
                "acs:ram:*:*:policy/Team-prod-*",
                "acs:oos:ap-southeast-1:*:secretparameter/llm-Team-prod-*",
            },
        ),
        (
            ACS,
            {
                "acs:ram:*:*:role/Team-prod-*",
                "acs:ram:*:*:policy/Team-prod-*",
                "acs:ram:*:*:user/Team-prod-*",
                "acs:oss:*:*:team-prod-*",
                "acs:oss:*:*:team-prod-*/*",
            },
        ),
    ],
    ids=POLICIES,
)
def test_region_and_project_narrow_the_resources(topology: str, expected: set[str]) -> None:
    """Regional ARNs carry the region; roles, policies, users, secret parameters and buckets the project's names."""
    arns = {arn for one in statements(topology, "ap-southeast-1", "Team-prod") for arn in one["Resource"]} - {"*"}
    everywhere = {arn for arn in arns if arn.startswith(("acs:ram:*", "acs:oss:*", "acs:cs:*"))}

    assert {"ap-southeast-1"} == {arn.split(":")[2] for arn in arns - everywhere}
    assert expected == {arn for arn in arns if "team-prod" in arn.lower()}


@pytest.mark.parametrize("topology", POLICIES)
def test_only_nat_may_get_a_service_linked_role(topology: str) -> None:
    """CreateServiceLinkedRole is bound to the NAT gateway's service."""
    conditions = {
        action: statement.get("Condition")
        for statement in statements(topology)
        for action in statement["Action"]
        if action == "ram:CreateServiceLinkedRole"
    }

    assert {"ram:CreateServiceLinkedRole": {"StringEquals": {"ram:ServiceName": "nat.aliyuncs.com"}}} == conditions


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
