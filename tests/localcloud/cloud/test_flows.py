"""Which flows machines of one VPC may open to each other."""

import pytest

from scripts.localcloud.machines.spec import Ingress
from scripts.localcloud.values import Value
from tests.localcloud.cloud.world import RecordedMachines, Region

ADDRESS = "127.64.1.4"
"""Of the machine that calls: 10.0.1.4 in its VPC."""
EVERYTHING = Ingress(ADDRESS, "all", 1, 65535)


def tcp(first: int, last: int) -> Ingress:
    """Return the flow over TCP from the machine that calls."""
    return Ingress(ADDRESS, "tcp", first, last)


RULES: list[tuple[list[dict[str, Value]], list[Ingress]]] = [
    ([], []),
    ([{}], [tcp(8000, 8000)]),
    ([{"cidrIp": "10.0.1.4/32"}], [tcp(8000, 8000)]),
    ([{"cidrIp": "127.64.1.4/32"}], [tcp(8000, 8000)]),
    ([{"cidrIp": "0.0.0.0/0"}], [tcp(8000, 8000)]),
    ([{"cidrIp": "10.0.1.5/32"}], []),
    ([{"cidrIp": "203.0.113.0/24"}], []),
    ([{"cidrIp": None, "ipv6CidrIp": "::/0"}], []),
    ([{"type": "egress"}], []),
    ([{"ipProtocol": "udp"}], [Ingress(ADDRESS, "udp", 8000, 8000)]),
    ([{"ipProtocol": "icmp", "portRange": "-1/-1"}], []),
    ([{"ipProtocol": "all", "portRange": "-1/-1"}], [EVERYTHING]),
    ([{}, {"portRange": "8001/9000"}], [tcp(8000, 9000)]),
    ([{"portRange": "1/100"}, {"portRange": "50/60", "policy": "drop"}], [tcp(1, 49), tcp(61, 100)]),
    ([{"portRange": "1/100"}, {"portRange": "50/60", "policy": "drop", "priority": 2}], [tcp(1, 100)]),
    (
        [{"ipProtocol": "all", "portRange": "-1/-1"}, {"portRange": "22/22", "policy": "drop"}],
        [tcp(1, 21), tcp(23, 65535), Ingress(ADDRESS, "udp", 1, 65535)],
    ),
]


def told(machines: RecordedMachines) -> dict[object, object]:
    """Return the flows that each machine knows of."""
    return {call[1]: call[2] for call in machines.calls if call[0] == "set_ingress"}


@pytest.mark.parametrize(("rules", "expected"), RULES)
def test_rules(
    region: Region, machines: RecordedMachines, rules: list[dict[str, Value]], expected: list[Ingress]
) -> None:
    """A rule that speaks about the caller's address opens its ports; where several do, the first decides each port."""
    vpc = region.vpc()
    switch, closed, group = region.switch(vpc), region.group(vpc), region.group(vpc)
    region.instance(switch, closed)
    callee = region.instance(switch, group)
    for rule in rules:
        region.rule(group, **rule)

    assert expected == told(machines)[callee.id]


def test_a_group_as_the_source(region: Region, machines: RecordedMachines) -> None:
    """A rule may name the caller's group; it opens nothing to anybody else, on this host neither."""
    vpc = region.vpc()
    switch, callers, callees = region.switch(vpc), region.group(vpc), region.group(vpc)
    caller = region.instance(switch, callers)
    callee = region.instance(switch, callees)
    region.rule(callees, cidrIp=None, sourceSecurityGroupId=callers.id)

    assert {caller.id: [], callee.id: [tcp(8000, 8000)]} == told(machines)
    assert [] == [call[2] for call in machines.calls if call[:2] == ("set_listeners", callee.id)][-1]


def test_members_of_a_group_trust_each_other(region: Region, machines: RecordedMachines) -> None:
    """Unless the group says otherwise, which may change while they run; a rule goes before that trust."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)
    region.instance(switch, group)
    callee = region.instance(switch, group)

    assert [EVERYTHING] == told(machines)[callee.id]
    region.rule(group, policy="drop", ipProtocol="all", portRange="-1/-1", cidrIp="10.0.1.4/32")
    assert [] == told(machines)[callee.id]


def test_trust_is_withdrawn(region: Region, machines: RecordedMachines) -> None:
    """A group whose innerAccessPolicy becomes Drop lets its members in by its rules alone."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)
    region.instance(switch, group)
    callee = region.instance(switch, group)
    region.update(group, innerAccessPolicy="Drop")

    assert [] == told(machines)[callee.id]


def test_several_groups(region: Region, machines: RecordedMachines) -> None:
    """A machine in several groups has the rules of all, and the trust of each."""
    vpc = region.vpc()
    switch, shared = region.switch(vpc), region.group(vpc)
    first, second = region.group(vpc), region.group(vpc)
    region.rule(second)
    region.instance(switch, first, securityGroups=[first.id, shared.id])
    callee = region.instance(switch, second, securityGroups=[second.id, shared.id])

    assert [EVERYTHING] == told(machines)[callee.id]
    region.update(shared, innerAccessPolicy="Drop")
    assert [tcp(8000, 8000)] == told(machines)[callee.id]


def test_another_vpc_is_another_world(region: Region, machines: RecordedMachines) -> None:
    """Machines of two VPCs reach each other by no rule."""
    vpc, other = region.vpc(), region.vpc()
    group, foreign = region.group(vpc), region.group(other)
    region.rule(group, cidrIp="0.0.0.0/0")
    callee = region.instance(region.switch(vpc), group)
    region.instance(region.switch(other), foreign)

    assert [] == told(machines)[callee.id]


def test_a_machine_that_goes_is_forgotten(region: Region, machines: RecordedMachines) -> None:
    """The others no longer know its address, which somebody else may get."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)
    caller = region.instance(switch, group)
    callee = region.instance(switch, group)
    region.delete(caller)

    assert [] == told(machines)[callee.id]
