"""Who reaches a machine, and what it reaches."""

import pytest

from scripts.localcloud.kinds import EIP_ASSOCIATION, SNAT_ENTRY
from scripts.localcloud.values import Value
from tests.localcloud.cloud.world import RecordedMachines, Region

PRIVATE = ("127.64.1.4", 8000)
PUBLIC = ("127.64.255.1", 8000)

RULES: list[tuple[list[dict[str, Value]], list[tuple[str, int]]]] = [
    ([], []),
    ([{}], [PRIVATE]),
    ([{"cidrIp": "203.0.113.0/24"}], [PUBLIC]),
    ([{"cidrIp": "0.0.0.0/0"}], [PRIVATE, PUBLIC]),
    ([{}, {"cidrIp": "203.0.113.0/24"}], [PRIVATE, PUBLIC]),
    ([{"cidrIp": "192.168.0.0/16"}], []),
    ([{"cidrIp": "127.64.1.9/32"}], []),
    ([{"type": "egress"}], []),
    ([{"ipProtocol": "udp"}], []),
    ([{}, {"policy": "drop"}], []),
    ([{}, {"policy": "drop", "priority": 2}], [PRIVATE]),
    ([{"portRange": "8000/8001"}], [PRIVATE, ("127.64.1.4", 8001)]),
]


@pytest.mark.parametrize(("rules", "expected"), RULES)
def test_listeners(
    region: Region, machines: RecordedMachines, rules: list[dict[str, Value]], expected: list[tuple[str, int]]
) -> None:
    """Rules decide at which of its two addresses a machine is reachable, the private and the public one."""
    vpc = region.vpc()
    group = region.group(vpc)
    instance = region.instance(region.switch(vpc), group)
    region.make(EIP_ASSOCIATION, allocationId=region.eip().id, instanceId=instance.id)
    for rule in rules:
        region.rule(group, **rule)

    assert ("set_listeners", instance.id, expected) == [c for c in machines.calls if c[0] == "set_listeners"][-1]


def test_a_wide_range_is_cut(region: Region, machines: RecordedMachines) -> None:
    """A rule for every port opens the first 64 on this host."""
    vpc = region.vpc()
    group = region.group(vpc)
    region.rule(group, portRange="1/65535")
    region.instance(region.switch(vpc), group)

    assert [("127.64.1.4", port) for port in range(1, 65)] == machines.calls[-2][2]


def test_an_eip_is_a_way_out(region: Region, machines: RecordedMachines) -> None:
    """A machine reaches the internet while it has a public address, and is told of every change."""
    instance = region.machine()
    link = region.make(EIP_ASSOCIATION, allocationId=region.eip().id, instanceId=instance.id)
    region.delete(link)

    assert [False, True, False] == [call[2] for call in machines.calls if call[0] == "set_internet"]


def test_snat_is_a_way_out_for_its_switch_alone(region: Region, machines: RecordedMachines) -> None:
    """A gateway with an address and an entry for the switch gives its machines the internet, others not."""
    vpc = region.vpc()
    inside, outside = region.switch(vpc), region.switch(vpc, cidrBlock="10.0.2.0/24")
    group = region.group(vpc)
    first, second = region.instance(inside, group), region.instance(outside, group)
    gateway, eip = region.gateway(inside), region.eip()
    region.make(EIP_ASSOCIATION, allocationId=eip.id, instanceId=gateway.id)
    region.make(
        SNAT_ENTRY,
        snatTableId=gateway.text("snatTableIds"),
        snatIp=eip.text("ipAddress"),
        sourceVswitchId=inside.id,
    )

    told = [call[1:] for call in machines.calls if call[0] == "set_internet"]
    assert [(first.id, False), (second.id, False), (first.id, True)] == told


def test_a_machine_that_starts_later_knows_its_route(region: Region, machines: RecordedMachines) -> None:
    """An instance on a switch with SNAT boots with the internet."""
    vpc = region.vpc()
    switch = region.switch(vpc)
    gateway, eip = region.gateway(switch), region.eip()
    region.make(EIP_ASSOCIATION, allocationId=eip.id, instanceId=gateway.id)
    region.make(
        SNAT_ENTRY, snatTableId=gateway.text("snatTableIds"), snatIp=eip.text("ipAddress"), sourceCidr="10.0.0.0/8"
    )
    region.instance(switch, region.group(vpc))

    assert machines.specs[0].internet
