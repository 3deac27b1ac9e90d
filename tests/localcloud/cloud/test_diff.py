"""Update or replace: what each change of a property means."""

import pytest

from scripts.localcloud.diff import Change, diff
from scripts.localcloud.kinds import (
    COMMAND,
    DEPLOYMENT_SET,
    DISK,
    EIP_ASSOCIATION,
    INSTANCE,
    INVOCATION,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    NETWORK_INTERFACE_ATTACHMENT,
    POLICY,
    SECRET_PARAMETER,
    SECURITY_GROUP,
    SECURITY_RULE,
    SWITCH,
    VPC,
)
from scripts.localcloud.rules import rule
from scripts.localcloud.values import UNKNOWN, Values

UPDATE = "update"
REPLACE = "replace"
NOTHING = "nothing"

CHANGES = [
    (VPC, {"cidrBlock": "10.0.0.0/8"}, {"cidrBlock": "10.0.0.0/16"}, UPDATE),
    (VPC, {"cidrBlock": "10.0.0.0/8"}, {}, NOTHING),
    (VPC, {"description": "a"}, {}, UPDATE),
    (VPC, {"tags": {"a": "1"}}, {"tags": {"a": "1", "b": "2"}}, UPDATE),
    (VPC, {}, {"tags": {}}, NOTHING),
    (VPC, {"secondaryCidrBlocks": ["a", "b"]}, {"secondaryCidrBlocks": ["b", "a"]}, NOTHING),
    (SWITCH, {"cidrBlock": "10.0.1.0/24"}, {"cidrBlock": "10.0.2.0/24"}, REPLACE),
    (SWITCH, {"vswitchName": "a"}, {"vswitchName": "b"}, UPDATE),
    (SWITCH, {"vpcId": "vpc-1"}, {"vpcId": UNKNOWN}, REPLACE),
    (SECURITY_RULE, {"cidrIp": "10.0.0.0/8"}, {"cidrIp": "10.0.0.0/16"}, REPLACE),
    (SECURITY_RULE, {"description": "a"}, {"description": "b"}, UPDATE),
    (SECURITY_RULE, {"ipProtocol": "all", "portRange": "-1/-1"}, {"ipProtocol": "all", "portRange": "1/2"}, NOTHING),
    (INSTANCE, {"userData": "a"}, {"userData": "b"}, UPDATE),
    (INSTANCE, {"imageId": "m-1"}, {"imageId": "m-2"}, UPDATE),
    (INSTANCE, {"instanceType": "ecs.a"}, {"instanceType": "ecs.b"}, UPDATE),
    (INSTANCE, {"systemDiskCategory": "cloud_essd"}, {"systemDiskCategory": "cloud_auto"}, REPLACE),
    (INSTANCE, {"spotStrategy": "NoSpot"}, {"spotStrategy": "SpotAsPriceGo"}, REPLACE),
    (INSTANCE, {"spotPriceLimit": 1.5}, {"spotPriceLimit": 2.5}, NOTHING),
    (INSTANCE, {"securityGroups": ["sg-1", "sg-2"]}, {"securityGroups": ["sg-2", "sg-1"]}, NOTHING),
    (INSTANCE, {"securityGroups": ["sg-1"]}, {"securityGroups": ["sg-2"]}, UPDATE),
    (INSTANCE, {"hostName": "service-given"}, {}, NOTHING),
    (INSTANCE, {}, {"dataDisks": [{"size": 20}]}, REPLACE),
    (INSTANCE, {"dataDisks": [{"size": 20}]}, {"dataDisks": [{"size": 40}]}, REPLACE),
    (INSTANCE, {"dataDisks": [{"size": 20, "kmsKeyId": "a"}]}, {"dataDisks": [{"size": 20, "kmsKeyId": "b"}]}, UPDATE),
    (INSTANCE, {"dataDisks": [{"size": 20}]}, {}, REPLACE),
    (INSTANCE, {"deletionProtection": True, "instanceChargeType": "PrePaid"}, {}, NOTHING),
    (INSTANCE, {"forceDelete": False}, {"forceDelete": True}, NOTHING),
    (INSTANCE, {"period": 1}, {"period": 2, "instanceChargeType": "PrePaid"}, UPDATE),
    (INSTANCE, {"deploymentSetId": "ds-1"}, {"deploymentSetId": "ds-2"}, UPDATE),
    (INSTANCE, {"deploymentSetId": "ds-1"}, {}, UPDATE),
    (INSTANCE, {"enableJumboFrame": True}, {"enableJumboFrame": False}, UPDATE),
    (INSTANCE, {"networkInterfaceTrafficMode": "Standard"}, {}, NOTHING),
    (INSTANCE, {}, {"networkInterfaceTrafficMode": "HighPerformance"}, REPLACE),
    (INSTANCE, {"queuePairNumber": 8}, {"queuePairNumber": 9}, REPLACE),
    (INSTANCE, {}, {"networkInterfaces": {"vswitchId": "vsw-1"}}, REPLACE),
    (INSTANCE, {"networkInterfaces": {"networkCardIndex": 1}}, {"networkInterfaces": {"networkCardIndex": 0}}, REPLACE),
    (
        INSTANCE,
        {"networkInterfaces": {"networkCardIndex": 1, "queuePairNumber": 8}},
        {"networkInterfaces": {"networkCardIndex": 1}},
        NOTHING,
    ),
    (SECURITY_GROUP, {"innerAccessPolicy": "Accept"}, {"innerAccessPolicy": "Drop"}, UPDATE),
    (DEPLOYMENT_SET, {"strategy": "LowLatency"}, {"strategy": "Availability"}, REPLACE),
    (DEPLOYMENT_SET, {"deploymentSetName": "a-b"}, {"deploymentSetName": "a-c"}, UPDATE),
    (
        NETWORK_INTERFACE,
        {"networkInterfaceTrafficMode": "Standard"},
        {"networkInterfaceTrafficMode": "HighPerformance"},
        REPLACE,
    ),
    (NETWORK_INTERFACE, {"securityGroupIds": ["sg-1", "sg-2"]}, {"securityGroupIds": ["sg-2", "sg-1"]}, NOTHING),
    (NETWORK_INTERFACE, {"securityGroupIds": ["sg-1"]}, {"securityGroupIds": ["sg-2"]}, UPDATE),
    (NETWORK_INTERFACE_ATTACHMENT, {"networkCardIndex": 0}, {"networkCardIndex": 1}, REPLACE),
    (DISK, {"size": 100}, {"size": 200}, UPDATE),
    (DISK, {"encrypted": True}, {"encrypted": False}, REPLACE),
    (
        DISK,
        {"category": "cloud_auto", "performanceLevel": "PL1"},
        {"category": "cloud_auto", "performanceLevel": "PL0"},
        NOTHING,
    ),
    (EIP_ASSOCIATION, {"instanceId": "i-1"}, {"instanceId": "i-2"}, REPLACE),
    (NAT_GATEWAY, {"natType": "Enhanced", "vswitchId": "a"}, {"natType": "Enhanced", "vswitchId": "b"}, UPDATE),
    (COMMAND, {"commandContent": "YQ=="}, {"commandContent": "Yg=="}, REPLACE),
    (INVOCATION, {"instanceIds": ["i-1"]}, {"instanceIds": ["i-2"]}, REPLACE),
    (POLICY, {"policyDocument": '{"a": 1}'}, {"policyDocument": '{ "a":1 }'}, NOTHING),
    (POLICY, {"policyDocument": '{"a": 1}'}, {"policyDocument": '{"a": 2}'}, UPDATE),
    (SECRET_PARAMETER, {"value": "a"}, {"value": "b"}, UPDATE),
]


@pytest.mark.parametrize(("type_", "state", "inputs", "expected"), CHANGES)
def test_what_a_change_means(type_: str, state: Values, inputs: Values, expected: str) -> None:
    """Each change is ignored, done in place, or needs another resource."""
    found = diff(rule(type_), "thing", state, inputs)

    assert expected == (REPLACE if found.replaces else UPDATE if found.changes else NOTHING)


def test_paths_name_what_changed() -> None:
    """A change inside an object or a list is named by its path."""
    found = diff(
        rule(INSTANCE),
        "m",
        {"dataDisks": [{"size": 20}], "tags": {"a": "1", "b": "2"}},
        {"dataDisks": [{"size": 40}], "tags": {"a": "3", "c": "4"}},
    )

    assert (
        Change("dataDisks[0].size", "update", replaces=True),
        Change("tags.a", "update", replaces=False),
        Change("tags.b", "delete", replaces=False),
        Change("tags.c", "add", replaces=False),
    ) == found.changes
    assert found.names == ("dataDisks", "tags")


def test_ignored_properties_do_not_change() -> None:
    """What ignore_changes names is not looked at."""
    found = diff(rule(INSTANCE), "m", {"userData": "a"}, {"userData": "b"}, ignore=frozenset({"userData"}))

    assert found.changes == ()


def test_the_image_feature_replaces_only_on_a_known_value() -> None:
    """With replaceOnImageUpdate a known new image replaces, an unknown one updates."""
    image = frozenset({"imageId"})
    known = diff(rule(INSTANCE), "m", {"imageId": "m-1"}, {"imageId": "m-2"}, replace_known=image)
    unknown = diff(rule(INSTANCE), "m", {"imageId": "m-1"}, {"imageId": UNKNOWN}, replace_known=image)

    assert (True, False) == (known.replaces, unknown.replaces)


@pytest.mark.parametrize(("name", "expected"), [("ready-0123abc", False), ("chosen", True)])
def test_a_chosen_name_must_be_free_before_the_replacement(name: str, expected: bool) -> None:  # noqa: FBT001
    """A name made by the provider lets the new resource come first; a chosen one does not."""
    state: Values = {"name": name, "commandContent": "YQ=="}

    assert expected == diff(rule(COMMAND), "ready", state, state | {"commandContent": "Yg=="}).delete_before_replace
