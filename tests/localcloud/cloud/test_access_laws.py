"""The laws of who may do what: access control lists, executions that put them on, RAM users, trust."""

import json
from functools import partial
from typing import Any

import pytest

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kinds import (
    ACCESS_KEY,
    ACL,
    ACL_ENTRY,
    EXECUTION,
    POLICY,
    ROLE,
    USER,
    USER_POLICY_ATTACHMENT,
)
from scripts.localcloud.marks import SECRET_MARK
from scripts.localcloud.store import kept_at
from scripts.localcloud.values import Value, Values
from scripts.localcloud.world import Record
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import Region

READ = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Resource":["acs:oss:*:*:weights/*"]}]}'


@pytest.fixture
def cluster(region: Region) -> Record:
    """Return a cluster, whose API server has a listener."""
    return region.cluster(region.switch(region.vpc()), enableRrsa=True)


def test_entries_are_cidrs(region: Region) -> None:
    """An entry is a CIDR block, once on its list, written into the list or attached to it."""
    acl = region.acl("10.0.0.0/8")
    region.make(ACL_ENTRY, aclId=acl.id, entry="203.0.113.0/24")

    assert [
        "InvalidParameter: entry '203.0.113.9/24' is not a CIDR block: 203.0.113.9/24 has host bits set.",
        "InvalidParameter: entry 'office' is not a CIDR block: 'office' does not appear to be an IPv4 or IPv6 network.",
        f"InvalidParameter: {acl.id} has the entry 203.0.113.0/24 already.",
        "AclNotExist: The specified Acl 'acl-9' does not exist.",
    ] == [
        refusal(partial(region.acl, "203.0.113.9/24")),
        refusal(partial(region.update, acl, entryLists=[{"entry": "office"}])),
        refusal(partial(region.make, ACL_ENTRY, aclId=acl.id, entry="203.0.113.0/24")),
        refusal(partial(region.make, ACL_ENTRY, aclId="acl-9", entry="203.0.113.0/24")),
    ]


def test_a_list_stays_while_a_listener_has_it(region: Region, cluster: Record, cloud: Cloud) -> None:
    """The execution's end takes nothing off; the load balancer's does."""
    acl = region.acl("10.0.0.0/8")
    region.make(ACL_ENTRY, aclId=acl.id, entry="203.0.113.0/24")
    run = region.put_acl(cluster, acl)
    region.delete(run)

    assert (run.text("status"), {"6443": acl.id}) == ("Success", cloud.store.read().balancers[0].acls)
    assert refusal(lambda: region.delete(acl)) == (
        "OperationFailed.AclBindedWithVip: The ACL has binded with vip. "
        f"{acl.id} is on a listener of {cluster.text('slbId')}."
    )
    region.delete(cluster)
    region.delete(acl)
    assert [] == [record for type_ in (ACL, ACL_ENTRY) for record in cloud.store.read().all(type_)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"LoadBalancerId": "lb-9"}, "InvalidLoadBalancerId.NotFound: The specified LoadBalancerId does not exist."),
        ({"ListenerPort": 443}, "ListenerNotFound: lb-bp100000000000000001 has no listener on port 443."),
        ({"AclId": "acl-9"}, "AclNotExist: The specified Acl 'acl-9' does not exist."),
    ],
)
def test_a_run_that_fails_is_made_all_the_same(
    region: Region, cluster: Record, cloud: Cloud, change: Values, message: str
) -> None:
    """What the API refuses is in the execution's status, not an error of the program; nothing was changed."""
    run = region.put_acl(cluster, region.acl("10.0.0.0/8"), **change)

    assert ("Failed", message) == (run.text("status"), run.text("statusMessage"))
    assert {"6443": ""} == cloud.store.read().balancers[0].acls


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"templateContent": None}, "templateContent: the local cloud keeps no templates. Give the content."),
        ({"templateContent": "a: ["}, "InvalidTemplate: templateContent is neither JSON nor YAML."),
        ({"templateContent": "[]"}, "InvalidTemplate: templateContent is not an object."),
        ({"templateContent": "{}"}, "InvalidTemplate: templateContent: FormatVersion is not OOS-2019-06-01."),
        (
            {"templateContent": "{FormatVersion: OOS-2019-06-01}"},
            "InvalidTemplate: templateContent: Tasks has no task.",
        ),
        (
            {"templateContent": "{FormatVersion: OOS-2019-06-01, Tasks: ['{{ name }}']}"},
            "InvalidParameter: parameters: the template needs 'name'.",
        ),
        (
            {"templateContent": "{FormatVersion: OOS-2019-06-01, Tasks: [{Properties: {Service: ECS, API: Run}}]}"},
            ("templateContent: the local cloud executes the API SetLoadBalancerTCPListenerAttribute, not ECS Run."),
        ),
    ],
)
def test_templates_that_cannot_run(region: Region, inputs: Values, message: str) -> None:
    """A template that is none, or asks for what is not known here, is an error."""
    with pytest.raises(LocalCloudError) as refused:
        region.execution({}, **inputs)

    assert message == str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Bandwith": 5}, "SetLoadBalancerTCPListenerAttribute: the local cloud knows no Bandwith."),
        (
            {"AclType": "black"},
            ("SetLoadBalancerTCPListenerAttribute: the local cloud takes AclStatus off, or on with AclType white."),
        ),
    ],
)
def test_parameters_that_are_not_known(region: Region, cluster: Record, change: Values, message: str) -> None:
    """A misspelt parameter is not quietly left out."""
    with pytest.raises(LocalCloudError) as refused:
        region.put_acl(cluster, region.acl("10.0.0.0/8"), **change)

    assert message == str(refused.value)


def test_a_template_takes_parameters(region: Region, cluster: Record, cloud: Cloud) -> None:
    """Places in the template are filled from the execution, or from the template's own defaults."""
    acl = region.acl("10.0.0.0/8")
    asked: Values = {
        "LoadBalancerId": "{{ balancer }}",
        "ListenerPort": "{{port}}",
        "AclStatus": "on",
        "AclType": "white",
        "AclId": acl.id,
    }
    call = {"Service": "slb", "API": "SetLoadBalancerTCPListenerAttribute", "Parameters": asked}
    template = {
        "FormatVersion": "OOS-2019-06-01",
        "Parameters": {"balancer": {"Type": "String"}, "port": {"Type": "Number", "Default": 6443}},
        "Tasks": [{"Name": "list", "Action": "ACS::ExecuteApi", "Properties": call}],
    }
    region.make(
        EXECUTION,
        templateName="list",
        templateContent=json.dumps(template),
        parameters=json.dumps({"balancer": cluster.text("slbId")}),
    )

    assert {"6443": acl.id} == cloud.store.read().balancers[0].acls


def services(cloud: Cloud) -> dict[str, Any]:
    """Return what the endpoints are given."""
    loaded: dict[str, Any] = json.loads((cloud.home / "services.json").read_text())
    return loaded


def test_a_user_has_keys_and_policies(region: Region, cloud: Cloud) -> None:
    """A user's key is known to the endpoints with what its policies allow, while it is active; its secret is marked."""
    region.make(USER, name="reader")
    region.make(POLICY, policyName="read", policyDocument=READ)
    region.make(USER_POLICY_ATTACHMENT, userName="reader", policyName="read", policyType="Custom")
    key = region.make(ACCESS_KEY, userName="reader")
    statement = {"effect": "Allow", "actions": ["oss:GetObject"], "resources": ["acs:oss:*:*:weights/*"]}
    known = services(cloud)["users"]
    state = json.loads(kept_at(cloud.home).read_text().splitlines()[-1])["records"][-1]["properties"]

    assert {key.id: {"name": "reader", "secret": key.text("secret"), "statements": [statement]}} == known
    assert (["secret"], {SECRET_MARK: key.text("secret")}) == (key.secret, state["secret"])
    region.update(key, status="Inactive")
    assert {} == services(cloud)["users"]


def test_users_that_cannot_be_changed_so(region: Region) -> None:
    """A user is there once, has two keys at most, and goes after what it has, unless forced."""
    policy = region.make(POLICY, policyName="read", policyDocument=READ)
    user, loose = region.make(USER, name="reader"), region.make(USER, name="loose", force=True)
    attach = partial(region.make, USER_POLICY_ATTACHMENT, policyName="read", policyType="Custom")
    link = attach(userName="reader")
    attach(userName="loose")
    keys = [region.make(ACCESS_KEY, userName="reader") for _ in range(2)]
    region.delete(loose)

    assert [
        "EntityAlreadyExists.User: The user 'reader' already exists.",
        "EntityNotExist.User: The user 'nobody' does not exist.",
        "EntityNotExist.User: The user 'nobody' does not exist.",
        "EntityAlreadyExists.User.Policy: read is already attached to reader.",
        "LimitExceeded.User.AccessKey: reader has 2 access keys already.",
        "InvalidParameter: The local cloud takes no pgpKey: the secret is in the state.",
        "DeleteConflict.Policy.User: read is still attached to reader.",
        f"DeleteConflict.User.AccessKey: reader still has {keys[0].id}, {keys[1].id}.",
    ] == [
        refusal(partial(region.make, USER, name="reader")),
        refusal(partial(region.make, ACCESS_KEY, userName="nobody")),
        refusal(partial(attach, userName="nobody")),
        refusal(partial(attach, userName="reader")),
        refusal(partial(region.make, ACCESS_KEY, userName="reader")),
        refusal(partial(region.make, ACCESS_KEY, userName="reader", pgpKey="keybase:me")),
        refusal(partial(region.delete, policy)),
        refusal(partial(region.delete, user)),
    ]
    for gone in (*keys, link, user, policy):
        region.delete(gone)


def trust(provider: str, **conditions: Value) -> str:
    """Return the trust policy of a role that service accounts take."""
    equals = {f"oidc:{name}": value for name, value in conditions.items()}
    principal = {"Federated": [provider]}
    row = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "1", "Statement": [row | {"Condition": {"StringEquals": equals}}]})


def test_service_accounts_take_roles(region: Region, cluster: Record, cloud: Cloud) -> None:
    """The endpoints know the cluster's OIDC provider and whom a role trusts, in one form."""
    rrsa: Any = cluster.properties["rrsaMetadata"]
    arn, issuer = rrsa["ramOidcProviderArn"], rrsa["rrsaOidcIssuerUrl"]
    account = "system:serviceaccount:llm:stage"
    region.role("stage", assumeRolePolicyDocument=trust(arn, iss=issuer, aud=["sts.aliyuncs.com"], sub=account))

    known = services(cloud)

    assert {arn: {"issuer": issuer, "cluster": cluster.id}} == known["oidc"]
    assert {
        "arn": "acs:ram::1234567890123456:role/stage",
        "statements": [],
        "trust": [
            {
                "services": [],
                "providers": [arn],
                "conditions": [
                    {"operator": "StringEquals", "key": "oidc:iss", "values": [issuer]},
                    {"operator": "StringEquals", "key": "oidc:aud", "values": ["sts.aliyuncs.com"]},
                    {"operator": "StringEquals", "key": "oidc:sub", "values": [account]},
                ],
            }
        ],
    } == known["roles"]["stage"]
    region.delete(cluster)
    assert {} == services(cloud)["oidc"]


@pytest.mark.parametrize("document", ["{}", '{"Statement":[{"Effect":"Deny"}]}', trust("x").replace("Allow", "Deny")])
def test_a_trust_policy_is_one(region: Region, document: str) -> None:
    """A role is made, and changed, with a trust policy only."""
    role = region.role()

    for call in (
        partial(region.make, ROLE, roleName="new", assumeRolePolicyDocument=document),
        partial(region.update, role, assumeRolePolicyDocument=document),
    ):
        assert refusal(call).startswith("MalformedPolicyDocument: the trust policy: ")
