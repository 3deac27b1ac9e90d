"""The laws of deployment sets and network interfaces: what lies near what, and what carries RDMA."""

import pytest

from scripts.localcloud.kinds import NETWORK_INTERFACE, VPC
from scripts.localcloud.values import Value
from scripts.localcloud.world import Record
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import RecordedMachines, Region

BIG = "ecs.ebmgn8v.48xlarge"
RDMA: dict[str, Value] = {"networkInterfaceTrafficMode": "HighPerformance", "queuePairNumber": 100}
FIRST = "i-bp100000000000000001"


def second(**inputs: Value) -> dict[str, Value]:
    """Return a second interface with RDMA, to be made together with an instance on the first switch."""
    given: dict[str, Value] = {"vswitchId": "vsw-bp100000000000000001", "networkCardIndex": 1}
    return {"networkInterfaces": given | RDMA | inputs}


ACCEPTED: list[tuple[dict[str, Value], tuple[int, int]]] = [
    ({}, (1500, 0)),
    ({"instanceType": BIG}, (8500, 0)),
    ({"instanceType": BIG, "enableJumboFrame": True}, (8500, 0)),
    ({"instanceType": BIG, "enableJumboFrame": False}, (1500, 0)),
    ({"instanceType": "ecs.gn8is.2xlarge", "networkInterfaceTrafficMode": "HighPerformance"}, (8500, 1)),
    ({"instanceType": BIG, **RDMA}, (8500, 1)),
    ({"instanceType": BIG, **RDMA, **second()}, (8500, 2)),
    ({"instanceType": BIG, **second(queuePairNumber=None)}, (8500, 1)),
    ({"instanceType": "ecs.gn8v-8x.48xlarge", **RDMA, **second()}, (8500, 2)),
]


@pytest.mark.parametrize(("inputs", "expected"), ACCEPTED)
def test_what_the_machine_gets(
    region: Region, machines: RecordedMachines, inputs: dict[str, Value], expected: tuple[int, int]
) -> None:
    """Jumbo frames from the eighth generation on unless they are switched off, and a device for each RDMA interface."""
    region.machine(**inputs)

    assert [expected] == [(spec.mtu, spec.rdma_devices) for spec in machines.specs]
    assert [("set_rdma_devices", FIRST, expected[1])] == [c for c in machines.calls if c[0] == "set_rdma_devices"]


REFUSED: list[tuple[dict[str, Value], str]] = [
    (
        {"instanceType": "ecs.ebmgn7e.32xlarge", "networkInterfaceTrafficMode": "HighPerformance"},
        (
            "InvalidOperation.InstanceTypeNotSupportHighPerformanceTrafficMode: ecs.ebmgn7e.32xlarge has no eRDMA: "
            "the primary interface cannot be HighPerformance. Write Standard."
        ),
    ),
    (
        {"instanceType": "ecs.gn8is.2xlarge", **RDMA, **second(networkCardIndex=0)},
        (
            "InvalidOperation.HighPerformanceEniPerInstanceLimitExceeded: ecs.gn8is.2xlarge takes 1 HighPerformance "
            "interfaces, 2 are asked for."
        ),
    ),
    (
        {"queuePairNumber": 8},
        (
            "InvalidParameter.QueuePairNumberMustEmpty: queuePairNumber of the primary interface needs "
            "networkInterfaceTrafficMode HighPerformance."
        ),
    ),
    (
        {"instanceType": BIG, "networkCardIndex": 1},
        "InvalidParameter.NetworkCardIndexInvalid: networkCardIndex 1: the primary interface is on network card 0.",
    ),
    (
        {"instanceType": BIG, **second(networkCardIndex=2)},
        (f"InvalidParameter.NetworkCardIndexInvalid: networkCardIndex 2 of networkInterfaces: {BIG} has 2, from 0 on."),
    ),
    (
        {"instanceType": BIG, **second(networkInterfaceId="eni-1")},
        (
            "InvalidParameter: The local cloud does not take networkInterfaces.networkInterfaceId: use "
            "EcsNetworkInterfaceAttachment."
        ),
    ),
    (
        {"instanceType": BIG, **second(securityGroupIds=["sg-9"])},
        "InvalidSecurityGroupId.NotFound: The specified SecurityGroup 'sg-9' does not exist.",
    ),
    (
        {"enableJumboFrame": True},
        "InvalidParam.NotSupportJumboFrame: ecs.gn7i-c8g1.2xlarge has no jumbo frames. Leave enableJumboFrame out.",
    ),
    (
        {"deploymentSetId": "ds-9"},
        "InvalidDeploymentSetId.NotFound: The specified EcsDeploymentSet 'ds-9' does not exist.",
    ),
]


@pytest.mark.parametrize(("inputs", "message"), REFUSED)
def test_instances_that_cannot_be_joined(region: Region, inputs: dict[str, Value], message: str) -> None:
    """Each thing an instance type, or its vendor, does not offer is refused in these words."""
    assert message == refusal(lambda: region.machine(**inputs))


def test_a_second_interface_is_near_the_first(region: Region) -> None:
    """Both interfaces of an instance are in its zone."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)
    far = region.switch(vpc, zoneId="cn-hangzhou-i", cidrBlock="10.0.2.0/24")

    assert refusal(lambda: region.instance(switch, group, instanceType=BIG, **second(vswitchId=far.id))) == (
        f"InvalidOperation.AvailabilityZoneMismatch: {far.id} is in cn-hangzhou-i, the instance in cn-hangzhou-k."
    )


def test_another_type_must_take_what_the_instance_has(region: Region, machines: RecordedMachines) -> None:
    """A change of the type is refused while the new one lacks RDMA; jumbo frames go with the type that has them."""
    instance = region.machine(instanceType=BIG)
    link = region.attach(region.interface(instance), instance)
    smaller = "ecs.gn7i-c16g1.4xlarge"

    assert refusal(lambda: region.update(instance, instanceType=smaller)).startswith(
        "InvalidOperation.InstanceTypeNotSupportHighPerformanceTrafficMode"
    )
    region.delete(link)
    region.update(instance, instanceType=smaller)
    assert [8500, 1500] == [spec.mtu for spec in machines.specs]


def test_a_low_latency_set_has_one_zone(region: Region) -> None:
    """Its instances are of a family that has such sets, in one zone, and not spot."""
    vpc, near = region.vpc(), region.deployment_set()
    switch, group = region.switch(vpc), region.group(vpc)
    far = region.switch(vpc, zoneId="cn-hangzhou-i", cidrBlock="10.0.2.0/24")
    head = region.instance(switch, group, instanceType=BIG, deploymentSetId=near.id)
    region.machine_beside(head)

    assert refusal(lambda: region.machine_beside(head, vswitchId=far.id)) == (
        f"InvalidDestinationZone.DeploymentSetMismatch: {near.id} has {FIRST} in cn-hangzhou-k: "
        "a LowLatency set has one zone."
    )
    assert refusal(lambda: region.machine_beside(head, instanceType="ecs.ebmgn8is.32xlarge")) == (
        f"InvalidInstanceType.NotSupported: ecs.ebmgn8is.32xlarge is not sold in a LowLatency set, {near.id}."
    )
    assert refusal(lambda: region.machine_beside(head, spotStrategy="SpotAsPriceGo")) == (
        f"InvalidParameter: {near.id} takes no spot instances."
    )


def test_a_deployment_set_goes_last(region: Region) -> None:
    """A set stays while an instance is in it; an instance leaves it in place, by update or by going."""
    near, other = region.deployment_set(), region.deployment_set(strategy=None)
    instance = region.machine(instanceType=BIG, deploymentSetId=near.id)

    assert refusal(lambda: region.delete(near)) == f"DependencyViolation.NotEmpty: {near.id} still holds {FIRST}."
    region.update(instance, deploymentSetId=other.id)
    region.delete(near)
    region.delete(instance)
    region.delete(other)


def big_with(region: Region, **inputs: Value) -> Record:
    """Return an instance that takes two interfaces with RDMA."""
    return region.machine(instanceType=BIG, **inputs)


def test_an_attached_interface_reaches_a_running_machine(region: Region, machines: RecordedMachines) -> None:
    """A machine is told how many devices it has as interfaces come and go, and knows them when it boots again."""
    instance = big_with(region)
    link = region.attach(interface := region.interface(instance), instance)
    region.update(instance, userData="#cloud-config\n")
    region.delete(link)

    assert [0, 1, 1, 0] == [call[2] for call in machines.calls if call[0] == "set_rdma_devices"]
    assert [0, 1] == [spec.rdma_devices for spec in machines.specs]
    assert ("Available", "127.64.1.5") == (region.read(interface)["status"], interface.text("primaryIpAddress"))


def test_an_interface_has_one_instance_at_a_time(region: Region) -> None:
    """Attached once and detached before it goes; its switch and its groups stay while it is there."""
    instance = big_with(region)
    interface = region.interface(instance)
    link = region.attach(interface, instance)
    taken = f"InvalidOperation.InvalidEniState: {interface.id} is attached to {instance.id}. Detach it first."

    assert f"{interface.id}:{instance.id}" == link.id
    assert "InUse" == region.read(interface)["status"]
    assert taken == refusal(lambda: region.delete(interface))
    assert taken == refusal(lambda: region.attach(interface, instance))
    region.delete(link)
    region.delete(instance)
    state = region.cloud.store.read()
    switch, group = (next(r for r in state.records if r.id.startswith(kind)) for kind in ("vsw-", "sg-"))
    assert refusal(lambda: region.delete(switch)) == (
        f"DependencyViolation.NetworkInterface: {switch.id} still has EcsNetworkInterface {interface.id}. "
        "Delete them first."
    )
    assert refusal(lambda: region.delete(group)) == f"DependencyViolation: {group.id} still holds {interface.id}."
    region.delete(interface)
    region.delete(switch)
    region.delete(group)


@pytest.mark.parametrize(("keeps", "left"), [(None, 0), (True, 0), (False, 1)])
def test_an_instance_takes_its_interfaces_with_it(region: Region, keeps: Value, left: int) -> None:
    """An interface goes with its instance unless deleteOnRelease is off; the attachment always does."""
    instance = big_with(region)
    link = region.attach(region.interface(instance, deleteOnRelease=keeps), instance)
    region.delete(instance)

    assert region.cloud.read(link.type, link.id, {}) is None
    assert left == len(list(region.cloud.store.read().all(NETWORK_INTERFACE)))


INTERFACES: list[tuple[dict[str, Value], str]] = [
    (
        {"networkInterfaceTrafficMode": "Highperformance"},
        (
            "InvalidParameter.EniTrafficMode: networkInterfaceTrafficMode 'Highperformance' is not one of Standard, "
            "HighPerformance. Did you mean 'HighPerformance'?"
        ),
    ),
    ({"securityGroupIds": None}, "MissingParameter: securityGroupIds: at least one is needed in a VPC."),
    ({"vswitchId": "vsw-9"}, "InvalidVSwitchId.NotFound: The specified Switch 'vsw-9' does not exist."),
    (
        {"primaryIpAddress": "10.0.1.9"},
        (
            "InvalidParameter: The local cloud does not take primaryIpAddress: an interface has one address, which "
            "it chooses."
        ),
    ),
]


@pytest.mark.parametrize(("inputs", "message"), INTERFACES)
def test_interfaces_that_cannot_be(region: Region, inputs: dict[str, Value], message: str) -> None:
    """An interface has a switch, groups and one of two traffic modes, which the provider does not check."""
    instance = region.machine()

    assert message == refusal(lambda: region.interface(instance, **inputs))


def test_an_interface_has_an_address_of_its_own(region: Region) -> None:
    """Neither an instance nor another interface gets it."""
    instance = region.machine()
    first, other = region.interface(instance), region.interface(instance)

    assert ("127.64.1.5", "127.64.1.6") == (first.text("privateIp"), other.text("privateIp"))
    assert "127.64.1.7" == region.machine_beside(instance).text("primaryIpAddress")


def test_attachments_that_cannot_be(region: Region) -> None:
    """The zone and the VPC must be those of the instance, and RDMA must be left to take."""
    vpc, other = region.vpc(), region.vpc()
    switch, group, foreign = region.switch(vpc), region.group(vpc), region.group(other)
    far, outside = region.switch(vpc, zoneId="cn-hangzhou-i", cidrBlock="10.0.2.0/24"), region.switch(other)
    instance = region.instance(switch, group, instanceType=BIG, networkInterfaceTrafficMode="HighPerformance")
    cases = {
        "InvalidOperation.AvailabilityZoneMismatch": region.interface(instance, vswitchId=far.id),
        "InvalidOperation.VpcMismatch": region.interface(instance, vswitchId=outside.id, securityGroupIds=[foreign.id]),
    }

    for code, interface in cases.items():
        assert refusal(lambda one=interface: region.attach(one, instance)).startswith(code)  # type: ignore[misc]


def test_an_interface_changes_its_groups(region: Region) -> None:
    """Groups change in place, under both of their names."""
    instance = big_with(region)
    interface = region.interface(instance)
    vpcs = region.cloud.store.read().all(VPC)
    groups: Value = [region.group(vpc).id for vpc in vpcs]

    changed = region.update(interface, securityGroupIds=groups)

    assert (groups, groups) == (changed.properties["securityGroups"], changed.properties["securityGroupIds"])
