"""How an instance is joined to the network: security groups, deployment set, interfaces, jumbo frames."""

from scripts.localcloud.errors import CloudError
from scripts.localcloud.facts import family
from scripts.localcloud.interfaces import interfaces
from scripts.localcloud.kinds import SWITCH
from scripts.localcloud.laws.deployment import check_member
from scripts.localcloud.laws.interface import check_interfaces, check_same_place
from scripts.localcloud.laws.placement import check_groups, groups_of
from scripts.localcloud.machines.spec import MachineSpec
from scripts.localcloud.values import Values, strings, text
from scripts.localcloud.world import Record, World

_JUMBO_MTU = 8500


def check(world: World, wanted: Values, switch: Record, instance_id: str = "") -> None:
    """
    Check that the *wanted* instance on *switch*, new unless *instance_id* names it, can be joined to the network.

    Raises:
        CloudError: The service, or the local cloud, does not sell this.

    """
    check_groups(world, groups_of(wanted, "securityGroups"), switch)
    check_member(world, wanted, switch.text("zoneId"), instance_id)
    _check_second(world, wanted, switch)
    check_interfaces(text(wanted, "instanceType"), interfaces(world, instance_id, wanted))


def check_frames(asked: Values) -> None:
    """
    Check the jumbo frames that were *asked* for, not those that an instance has by itself.

    Raises:
        CloudError: Its type has none.

    """
    kind = text(asked, "instanceType")
    if asked.get("enableJumboFrame") is True and not family(kind).jumbo_frames:
        raise CloudError(
            "InvalidParam.NotSupportJumboFrame", f"{kind} has no jumbo frames. Leave enableJumboFrame out."
        )


def _check_second(world: World, wanted: Values, switch: Record) -> None:
    second = wanted.get("networkInterfaces")
    if not isinstance(second, dict) or not second:
        return
    if second.get("networkInterfaceId"):
        message = (
            "The local cloud does not take networkInterfaces.networkInterfaceId: use EcsNetworkInterfaceAttachment."
        )
        raise CloudError("InvalidParameter", message)
    own = world.need(SWITCH, text(second, "vswitchId"), "InvalidVSwitchId.NotFound")
    check_same_place(own, switch.text("zoneId"), switch.text("vpcId"))
    check_groups(world, strings(second, "securityGroupIds"), own)


def mtu(instance: Record) -> int:
    """Return the largest packet that the interfaces of *instance* carry, in bytes."""
    jumbo = instance.properties.get("enableJumboFrame") is True
    return _JUMBO_MTU if jumbo and family(instance.text("instanceType")).jumbo_frames else MachineSpec.mtu
