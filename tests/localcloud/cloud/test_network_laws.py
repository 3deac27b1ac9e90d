"""The laws of VPCs, switches, security groups, NAT gateways and addresses."""

from collections.abc import Callable
from functools import partial

import pytest

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import EIP_ASSOCIATION, SNAT_ENTRY, SWITCH
from scripts.localcloud.values import Values
from tests.localcloud.cloud.world import ZONE, Region


def refusal(call: Callable[[], object]) -> str:
    """Return how the cloud refuses *call*."""
    with pytest.raises(CloudError) as refused:
        call()
    return str(refused.value)


SWITCHES: list[tuple[Values, str]] = [
    (
        {"cidrBlock": "10.0.0.0/33"},
        (
            "InvalidCidrBlock: Specified CIDR block '10.0.0.0/33' is not valid: "
            "'10.0.0.0/33' does not appear to be an IPv4 or IPv6 network."
        ),
    ),
    (
        {"cidrBlock": "192.168.0.0/24"},
        (
            "InvalidCidrBlock: Switch CIDR block 192.168.0.0/24 is not inside that of "
            "vpc-bp100000000000000001, 10.0.0.0/8."
        ),
    ),
    (
        {"cidrBlock": "10.0.0.0/30"},
        "InvalidCidrBlock.Malformed: Switch CIDR block 10.0.0.0/30 must have a prefix of /16 to /29.",
    ),
    (
        {"cidrBlock": "10.0.1.128/25"},
        (
            "InvalidCidrBlock.Overlapped: Switch CIDR block 10.0.1.128/25 overlaps 10.0.1.0/24 of "
            "vsw-bp100000000000000001."
        ),
    ),
    ({"zoneId": "cn-beijing-k"}, "InvalidZoneId.NotFound: Zone 'cn-beijing-k' does not belong to region cn-hangzhou."),
    ({"vpcId": "vpc-2"}, "InvalidVpcId.NotFound: The specified Network 'vpc-2' does not exist."),
]


@pytest.mark.parametrize(("change", "message"), SWITCHES)
def test_switches_that_cannot_be(region: Region, change: Values, message: str) -> None:
    """A switch lies in its VPC, beside its neighbours, in a zone of the region."""
    vpc = region.vpc()
    region.switch(vpc)
    good: Values = {"vpcId": vpc.id, "zoneId": ZONE, "cidrBlock": "10.0.2.0/24"}

    assert message == refusal(lambda: region.make(SWITCH, **(good | change)))


def test_a_vpc_lies_in_private_space(region: Region) -> None:
    """Public ranges are refused."""
    message = "InvalidCidrBlock: VPC CIDR block 8.0.0.0/8 is not inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16."

    assert message == refusal(lambda: region.vpc(cidrBlock="8.0.0.0/8"))


def test_what_has_children_stays(region: Region) -> None:
    """A VPC, a switch and a group cannot go before what is in them."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)
    instance = region.instance(switch, group)

    assert [
        f"DependencyViolation.VSwitch: {vpc.id} still has Switch {switch.id}. Delete them first.",
        f"DependencyViolation.Instance: {switch.id} still has Instance {instance.id}. Delete them first.",
        f"DependencyViolation: {group.id} still holds {instance.id}.",
    ] == [refusal(partial(region.delete, thing)) for thing in (vpc, switch, group)]

    for thing in (instance, group, switch, vpc):
        region.delete(thing)
    assert region.cloud.store.read().records == []


def test_rules_of_a_group(region: Region) -> None:
    """A rule exists once, its CIDR is one, and a group that another's rule names stays."""
    vpc = region.vpc()
    group, other = region.group(vpc), region.group(vpc)
    rule = region.rule(group)
    region.rule(other, cidrIp=None, sourceSecurityGroupId=group.id)

    assert rule.id == "sg-bp100000000000000001:ingress:tcp:8000/8000:intranet:10.0.0.0/8:accept:1"
    assert refusal(lambda: region.rule(group)) == f"InvalidPermission.Duplicate: The rule {rule.id} already exists."
    assert refusal(lambda: region.rule(group, cidrIp="10.0.0.1/8")).startswith(
        "InvalidSourceCidrIp.Malformed: Specified CIDR block '10.0.0.1/8' is not valid:"
    )
    assert refusal(lambda: region.delete(group)).startswith(
        "DependencyViolation: sg-bp100000000000000001 is still named"
    )


def test_an_eip_is_bound_once(region: Region) -> None:
    """An address has one owner, an owner one address, and a bound address stays."""
    first = region.machine()
    eip, spare = region.eip(), region.eip()
    region.make(EIP_ASSOCIATION, allocationId=eip.id, instanceId=first.id)

    assert "InUse" == region.read(eip)["status"]
    assert eip.text("ipAddress") == region.read(first)["publicIp"]
    assert (
        refusal(lambda: region.make(EIP_ASSOCIATION, allocationId=eip.id, instanceId="i-2"))
        == f"IncorrectEipStatus: {eip.id} is bound to {first.id}. An EIP is bound to one thing at a time."
    )
    assert (
        refusal(lambda: region.make(EIP_ASSOCIATION, allocationId=spare.id, instanceId=first.id))
        == f"InvalidParams.AlreadyBound: {first.id} already has a public address."
    )
    assert refusal(lambda: region.delete(eip)) == f"IncorrectEipStatus: {eip.id} is bound to {first.id}."


def test_nat_gateways_and_their_entries(region: Region) -> None:
    """A gateway is Enhanced, on a switch of its VPC; an entry has its gateway's address and a source of its own."""
    vpc = region.vpc()
    switch = region.switch(vpc)
    stranger = region.switch(region.vpc(cidrBlock="192.168.0.0/16"), cidrBlock="192.168.0.0/24")
    gateway, eip = region.gateway(switch), region.eip()
    entry: Values = {
        "snatTableId": gateway.text("snatTableIds"),
        "snatIp": eip.text("ipAddress"),
        "sourceVswitchId": switch.id,
    }

    assert refusal(lambda: region.gateway(switch, natType=None)).startswith("InvalidNatType.NotSupport")
    assert refusal(lambda: region.gateway(stranger, vpcId=vpc.id)).startswith("InvalidVSwitchId.NotFound")
    assert refusal(lambda: region.make(SNAT_ENTRY, **entry)) == (
        f"InvalidIp.NotInNatgw: {eip.text('ipAddress')} is not an EIP bound to {gateway.id}. "
        "Make the entry depend on the EipAssociation."
    )
    region.make(EIP_ASSOCIATION, allocationId=eip.id, instanceId=gateway.id)
    made = region.make(SNAT_ENTRY, **entry)
    assert refusal(lambda: region.make(SNAT_ENTRY, **entry)).startswith("Forbidden.SourceCidr.Duplicated")
    assert refusal(lambda: region.delete(gateway)).startswith("DependencyViolation.BandwidthPackages")
    assert refusal(lambda: region.delete(switch)).startswith("DependencyViolation.NatGateway")
    assert made.properties["sourceCidr"] == "10.0.1.0/24"
