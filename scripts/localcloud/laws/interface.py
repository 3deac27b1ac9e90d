"""
Network interfaces beside the primary one, and what an instance type takes of them.

Source: RunInstances, CreateNetworkInterface and AttachNetworkInterface in
https://pypi.org/project/alibabacloud-ecs20140526/7.11.8/, read 2026-11-21. It says that an RDMA interface without a
number of queue pairs takes all of the type; on GPU types, the only ones here, each network card has as many
(AliyunContainerService/alibabacloud-erdma-controller, internal/controller/eri.go, 2026-07-24), so nothing is refused.
"""

from scripts.localcloud.errors import CloudError, suggestion
from scripts.localcloud.facts import family
from scripts.localcloud.interfaces import Interface, interfaces, of_record
from scripts.localcloud.kinds import INSTANCE, NETWORK_INTERFACE, NETWORK_INTERFACE_ATTACHMENT, SWITCH
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.laws.placement import check_groups, free_address, groups_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, World

_MODES = ("Standard", "HighPerformance")
_LEFT_OUT = (
    "primaryIpAddress",
    "privateIp",
    "privateIpAddresses",
    "privateIps",
    "privateIpsCount",
    "secondaryPrivateIpAddressCount",
    "ipv4PrefixCount",
    "ipv4Prefixes",
    "ipv6AddressCount",
    "ipv6Addresses",
)


class EcsNetworkInterface(Law):
    """A secondary network interface."""

    type = NETWORK_INTERFACE

    def create(self, ask: Ask) -> Record:
        """Add an interface to a switch."""
        _check_asked(ask.inputs)
        switch = ask.world.need(SWITCH, text(ask.inputs, "vswitchId"), "InvalidVSwitchId.NotFound")
        groups = _groups(ask, switch)
        address = free_address(ask.world, ask.home, switch)
        number = ask.world.count("mac")
        outputs: Values = {
            "securityGroups": list(groups),
            "securityGroupIds": list(groups),
            "networkInterfaceTrafficMode": _MODES[0],
            "primaryIpAddress": address,
            "privateIp": address,
            "instanceType": "Secondary",
            "deleteOnRelease": True,
            "status": "Available",
            "mac": f"00:16:3e:00:{number // 256:02x}:{number % 256:02x}",
        }
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("eni", ask.region), outputs))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:
        """Put the interface into other security groups of its VPC."""
        _check_asked(ask.inputs)
        if changed & {"securityGroups", "securityGroupIds"}:
            switch = ask.world.need(SWITCH, record.text("vswitchId"), "InvalidVSwitchId.NotFound")
            groups = _groups(ask, switch)
            ask.inputs.update(securityGroups=list(groups), securityGroupIds=list(groups))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while attached."""
        link = _attachment(ask.world, record.id)
        if link is not None:
            message = f"{record.id} is attached to {link.text('instanceId')}. Detach it first."
            raise CloudError("InvalidOperation.InvalidEniState", message)

    def read(self, world: World, record: Record) -> Values:
        """Return the interface; its status says whether it is attached."""
        return record.properties | ({} if _attachment(world, record.id) is None else {"status": "InUse"})


class EcsNetworkInterfaceAttachment(Law):
    """The attachment of one interface to one instance."""

    type = NETWORK_INTERFACE_ATTACHMENT

    def create(self, ask: Ask) -> Record:
        """Attach an interface that is free to an instance of its zone and VPC."""
        interface = ask.world.need(NETWORK_INTERFACE, text(ask.inputs, "networkInterfaceId"), "InvalidEniId.NotFound")
        instance = ask.world.need(INSTANCE, text(ask.inputs, "instanceId"), "InvalidEcsId.NotFound")
        link = _attachment(ask.world, interface.id)
        if link is not None:
            message = f"{interface.id} is attached to {link.text('instanceId')}. Detach it first."
            raise CloudError("InvalidOperation.InvalidEniState", message)
        switch = ask.world.need(SWITCH, interface.text("vswitchId"), "InvalidVSwitchId.NotFound")
        check_same_place(switch, instance.text("availabilityZone"), instance.text("vpcId"))
        added = of_record(interface, ask.inputs)
        check_interfaces(
            instance.text("instanceType"), [*interfaces(ask.world, instance.id, instance.properties), added]
        )
        return ask.world.add(record_of(self.type, ask, f"{interface.id}:{instance.id}", {}))


def check_same_place(switch: Record, zone: str, vpc_id: str) -> None:
    """
    Check that an interface on *switch* can belong to an instance in *zone* of *vpc_id*.

    Raises:
        CloudError: Another zone or VPC.

    """
    if switch.text("vpcId") != vpc_id:
        message = f"{switch.id} is in {switch.text('vpcId')}, the instance in {vpc_id}."
        raise CloudError("InvalidOperation.VpcMismatch", message)
    if switch.text("zoneId") != zone:
        message = f"{switch.id} is in {switch.text('zoneId')}, the instance in {zone}."
        raise CloudError("InvalidOperation.AvailabilityZoneMismatch", message)


def check_interfaces(instance_type: str, found: list[Interface]) -> None:
    """
    Check that an instance of *instance_type* may have the interfaces *found*, the primary one first.

    Raises:
        CloudError: A card it lacks, or more RDMA than it has.

    """
    _check_rdma(instance_type, [interface for interface in found if interface.rdma])
    cards = family(instance_type).network_cards
    if found[0].card:
        message = f"networkCardIndex {found[0].card}: {found[0].name} is on network card 0."
        raise CloudError("InvalidParameter.NetworkCardIndexInvalid", message)
    for interface in found:
        if cards is not None and interface.card >= cards:
            message = f"networkCardIndex {interface.card} of {interface.name}: {instance_type} has {cards}, from 0 on."
            raise CloudError("InvalidParameter.NetworkCardIndexInvalid", message)
        if interface.queue_pairs and not interface.rdma:
            message = f"queuePairNumber of {interface.name} needs networkInterfaceTrafficMode HighPerformance."
            raise CloudError("InvalidParameter.QueuePairNumberMustEmpty", message)


def _check_rdma(instance_type: str, found: list[Interface]) -> None:
    most = family(instance_type).rdma_interfaces
    if found and most == 0:
        message = f"{instance_type} has no eRDMA: {found[0].name} cannot be HighPerformance. Write Standard."
        raise CloudError("InvalidOperation.InstanceTypeNotSupportHighPerformanceTrafficMode", message)
    if most is not None and len(found) > most:
        message = f"{instance_type} takes {most} HighPerformance interfaces, {len(found)} are asked for."
        raise CloudError("InvalidOperation.HighPerformanceEniPerInstanceLimitExceeded", message)


def _attachment(world: World, interface_id: str) -> Record | None:
    return next(iter(world.where(NETWORK_INTERFACE_ATTACHMENT, "networkInterfaceId", interface_id)), None)


def _check_asked(inputs: Values) -> None:
    for name in _LEFT_OUT:
        if inputs.get(name):
            message = f"The local cloud does not take {name}: an interface has one address, which it chooses."
            raise CloudError("InvalidParameter", message)
    mode = text(inputs, "networkInterfaceTrafficMode") or _MODES[0]
    if mode not in _MODES:
        message = f"networkInterfaceTrafficMode {mode!r} is not one of {', '.join(_MODES)}.{suggestion(mode, _MODES)}"
        raise CloudError("InvalidParameter.EniTrafficMode", message)


def _groups(ask: Ask, switch: Record) -> list[str]:
    groups = groups_of(ask.inputs, "securityGroups" if "securityGroups" in ask.inputs else "securityGroupIds")
    check_groups(ask.world, groups, switch)
    return groups
