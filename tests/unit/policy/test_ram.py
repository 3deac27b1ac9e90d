"""The linter of RAM documents."""

import json

import pytest

from components.policy import TRUST_ECS, boot_policy, trust_account, weights_policy
from scripts.operator_policy import DEFAULT_PROJECT, DEFAULT_REGION, operator_policy, permissions, text
from scripts.policy.ram import lint
from scripts.policy.ram_shape import Problem

READ = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:weights/*"}
PROVIDER = "acs:ram::100:oidc-provider/cluster"
POD = "system:serviceaccount:llm:stage"


def document(*statements: object) -> str:
    """Return a document of *statements*."""
    return json.dumps({"Version": "1", "Statement": statements})


def trust(principal: object, **more: object) -> str:
    """Return a document that lets *principal* take a role."""
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})


def workload(operator: str, subject: str) -> str:
    """Return a document that lets those workloads take a role."""
    return trust({"Federated": [PROVIDER]}, Condition={operator: {"oidc:aud": "x", "oidc:sub": subject}})


BROKEN = [
    (
        "{",
        "",
        "it is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1).",
    ),
    (
        '{"Version": "1", "Version": "1"}',
        "",
        "it is not JSON: 'Version' stands twice in one object, and only the last one counts.",
    ),
    ("[]", "", 'it is no object. Begin with { "Version": "1", "Statement": [ … ] }.'),
    (
        json.dumps({"Version": "2012-10-17", "Statement": [READ]}),
        "Version",
        "'2012-10-17', and RAM knows '1' only.",
    ),
    (json.dumps({"Version": "1", "Statement": []}), "Statement", "it is no list of statements. Write at least one."),
    (document("all"), "Statement[0]", "'all' is no statement. Write an object with Effect, Action and Resource."),
    (
        json.dumps({"Version": "1", "Statements": [READ], "Statement": [READ]}),
        "Statements",
        "no such element. Did you mean 'Statement'?",
    ),
    (document(READ | {"Resources": "*"}), "Statement[0].Resources", "no such element. Did you mean 'Resource'?"),
    (document(READ | {"Effect": "allow"}), "Statement[0].Effect", "'allow' is neither 'Allow' nor 'Deny'."),
    (
        document({"Effect": "Allow", "Action": "oss:GetObject"}),
        "Statement[0].Resource",
        "neither Resource nor NotResource is there. Write one.",
    ),
    (
        document(READ | {"NotAction": "oss:PutObject"}),
        "Statement[0].Action",
        "both Action and NotAction are there. Write one.",
    ),
    (
        document(READ | {"Action": "GetObject"}),
        "Statement[0].Action",
        "'GetObject' is not an action such as 'oss:GetObject'.",
    ),
    (
        document(READ | {"Resource": "arn:aws:s3:::weights"}),
        "Statement[0].Resource",
        "'arn:aws:s3:::weights' is not a resource such as 'acs:oss:*:*:bucket/*'.",
    ),
    (
        document(READ | {"Condition": {"StringEqual": {"oss:Prefix": "a"}}}),
        "Statement[0].Condition.StringEqual",
        "RAM documents no such operator; there are StringEquals, IpAddress, Bool and others.",
    ),
    (
        document(READ | {"Condition": {"StringEquals": "a"}}),
        "Statement[0].Condition.StringEquals",
        'it compares nothing. Write { "key": ["value"] }.',
    ),
    (document(READ | {"Condition": "a"}), "Statement[0].Condition", "'a' is no object of operators."),
    (
        document(READ | {"Resource": ["acs:oss:*:*:" + "w" * 6100 + "/*"]}),
        "",
        "it has 6211 characters, and RAM accepts 6144. Split it.",
    ),
    (
        document(READ | {"Action": "*", "Resource": "*"}),
        "Statement[0].Action",
        "'*' allows everything, now and in future. Name the actions.",
    ),
    (
        document({"Effect": "Allow", "NotAction": ["ram:*", "sts:*"], "Resource": "acs:oss:*:*:weights"}),
        "Statement[0].NotAction",
        "all but ram:*, sts:* is allowed. Name what is.",
    ),
    (
        document(READ | {"Action": ["ram:Attach*", "ram:GetRole"], "Resource": ["acs:ram:*:*:role/*"]}),
        "Statement[0].Resource",
        "ram:Attach* on every identity is as good as every permission. Name the roles, users and policies.",
    ),
    (
        document(READ | {"Action": "sts:AssumeRole", "Resource": "*"}),
        "Statement[0].Resource",
        "sts:AssumeRole on every identity is as good as every permission. Name the roles, users and policies.",
    ),
    (trust({"RAM": ["*"]}), "Statement[0].Principal.RAM", "'*' is everybody. Name who."),
    (trust({"RAM": "acs:ram::*:root"}), "Statement[0].Principal.RAM", "'acs:ram::*:root' is everybody. Name who."),
    (
        trust({"Services": "ecs.aliyuncs.com"}),
        "Statement[0].Principal.Services",
        "no such kind of principal. There are RAM, Service, Federated.",
    ),
    (
        document(
            {"Effect": "Allow", "Principal": ["*"], "Action": "oss:GetObject", "Resource": "acs:oss:*:100:weights/*"}
        ),
        "Statement[0].Principal",
        "'*' is everybody. Name who.",
    ),
    (
        trust({"Federated": PROVIDER}),
        "Statement[0].Condition",
        "every workload of the provider may take the role. Compare oidc:sub by StringEquals.",
    ),
    (
        workload("StringLike", "system:serviceaccount:*"),
        "Statement[0].Condition",
        "oidc:sub 'system:serviceaccount:*' is more than one workload. Name one, by StringEquals.",
    ),
]

WIDE = [
    (
        document(READ | {"Action": "oss:*"}),
        "Statement[0].Action",
        "oss:* allows whatever the service can do, now and in future. Name the actions.",
    ),
    (
        document(READ | {"Action": ["ecs:StopInstance", "oss:GetObject"]}),
        "Statement[0].Resource",
        "no resource is of the service of ecs:StopInstance, so nothing is allowed. Add one.",
    ),
    (
        document(READ | {"Resource": "acs:oss:*:*:*"}),
        "Statement[0].Resource",
        "oss:GetObject on every resource reads what others keep secret. Name the resources.",
    ),
    (
        document(READ | {"Action": [f"ecs:Stop{n}" for n in range(7)], "Resource": "*"}),
        "Statement[0].Resource",
        (
            "ecs:Stop0, ecs:Stop1, ecs:Stop2, ecs:Stop3, ecs:Stop4 and 2 more on '*'. Name the resources, unless the "
            "service takes nothing else."
        ),
    ),
    (
        trust({"RAM": ["acs:ram::100:root"]}),
        "Statement[0].Principal.RAM",
        "acs:ram::100:root is whoever that account gives the permission. Name the roles or users.",
    ),
    (
        workload("StringLike", "system:serviceaccount:llm:*"),
        "Statement[0].Condition",
        "oidc:sub 'system:serviceaccount:llm:*' is more than one workload. Name one, by StringEquals.",
    ),
]

FINE = [
    document(READ),
    document(READ | {"Effect": "Deny", "Action": "*", "Resource": "*"}),
    document(READ | {"Action": ["ecs:Describe*", "oss:ListBuckets"], "Resource": "*"}),
    document(READ | {"Action": "ram:PassRole", "Resource": "acs:ram:*:*:role/llm-*"}),
    document(
        READ
        | {
            "Action": "ram:CreateServiceLinkedRole",
            "Resource": "*",
            "Condition": {"StringEquals": {"ram:ServiceName": "nat.aliyuncs.com"}},
        }
    ),
    document(READ | {"Action": "sts:AssumeRole", "Resource": "acs:ram:*:*:role/llm-boot"}),
    trust({"Service": ["ecs.aliyuncs.com"]}),
    trust({"RAM": "*"}, Condition={"IpAddress": {"acs:SourceIp": ["203.0.113.0/24"]}}),
    trust({"RAM": ["acs:ram::100:role/ci"]}),
    workload("StringEquals", POD),
]


@pytest.mark.parametrize(("text", "where", "sentence"), BROKEN)
def test_what_is_broken_or_open_is_mandatory(text: str, where: str, sentence: str) -> None:
    """RAM would refuse it, or it lets in or allows anybody anything."""
    assert [Problem(where, sentence)] == lint(text)


@pytest.mark.parametrize(("text", "where", "sentence"), WIDE)
def test_what_is_wide_is_advice(text: str, where: str, sentence: str) -> None:
    """It works, and allows more than it may have to."""
    assert [Problem(where, sentence, "advisory")] == lint(text)


@pytest.mark.parametrize("text", FINE)
def test_what_is_narrow_is_left_alone(text: str) -> None:
    """Nothing is wrong with it."""
    assert [] == lint(text)


def test_what_the_components_let_in_and_allow() -> None:
    """One thing is wider than it should be: no page says how OOS names the KMS secret behind a parameter."""
    wide = "kms:GetSecretValue on every resource reads what others keep secret. Name the resources."
    expected = {"boot": [Problem("Statement[1].Resource", wide, "advisory")]}
    made = {
        "machine": TRUST_ECS,
        "pod": trust_account(PROVIDER, "https://issuer.example.com", POD),
        "read": weights_policy("weights", "qwen", write=False),
        "write": weights_policy("weights", "qwen", write=True),
        "boot": boot_policy("cn-hangzhou", ["llm-key"], ("weights", "qwen")),
    }
    found = {name: lint(json.dumps(one)) for name, one in made.items()}
    assert expected == {name: problems for name, problems in found.items() if problems}


@pytest.mark.parametrize("topology", permissions()["platforms"])
def test_what_the_operator_is_allowed(topology: str) -> None:
    """Nothing is mandatory in it; where it is wide, docs/operator-permissions.toml says why."""
    found = lint(text(operator_policy(topology, DEFAULT_REGION, DEFAULT_PROJECT)))
    assert ["advisory"] * len(found) == [problem.level for problem in found]
    assert {"Statement[3].Resource"} <= {problem.where for problem in found}
