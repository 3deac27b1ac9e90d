"""Where something sits: its switch's VPC, its security groups, its address."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path

from scripts.localcloud import addresses
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import INSTANCE, NETWORK_INTERFACE, SECURITY_GROUP
from scripts.localcloud.values import Values, strings
from scripts.localcloud.world import Record, World

_HOLDERS = (INSTANCE, NETWORK_INTERFACE)


def groups_of(wanted: Values, name: str) -> list[str]:
    """
    Return the security groups in the property *name* of *wanted*.

    Raises:
        CloudError: None.

    """
    groups = strings(wanted, name)
    if not groups:
        raise CloudError("MissingParameter", f"{name}: at least one is needed in a VPC.")
    return groups


def check_groups(world: World, groups: list[str], switch: Record) -> None:
    """
    Check that something on *switch* may be in *groups*.

    Raises:
        CloudError: Unknown ones, or ones of another VPC.

    """
    for group_id in groups:
        group = world.need(SECURITY_GROUP, group_id, "InvalidSecurityGroupId.NotFound")
        if group.text("vpcId") != switch.text("vpcId"):
            message = f"{group.id} is in {group.text('vpcId')}, {switch.id} in {switch.text('vpcId')}."
            raise CloudError("InvalidSecurityGroupId.VPCMismatch", message)


def free_address(world: World, home: Path, switch: Record, wanted: str = "") -> str:
    """
    Return a free address of *switch*, as it is reachable on this host; *wanted*, unless that is empty.

    Raises:
        CloudError: Taken, outside, or none left.

    """
    network = IPv4Network(switch.text("cidrBlock"))
    taken = {other.text("primaryIpAddress") for type_ in _HOLDERS for other in world.all(type_)}
    taken |= {balancer.address for balancer in world.balancers}
    site = addresses.site_of(home)
    if wanted:
        address = _wanted_address(wanted, network)
        if addresses.private(site, address) in taken:
            raise CloudError("InvalidPrivateIpAddress.Duplicated", f"{wanted} is taken in {switch.id}.")
        return addresses.private(site, address)
    for address in addresses.hosts(network):
        local = addresses.private(site, address)
        if local not in taken and not addresses.is_public(local):
            return local
    raise CloudError("InvalidVSwitchId.IpNotEnough", f"{switch.id} has no address left.")


def _wanted_address(wanted: str, network: IPv4Network) -> IPv4Address:
    try:
        address = IPv4Address(wanted)
    except AddressValueError:
        raise CloudError("InvalidPrivateIpAddress.Malformed", f"privateIp {wanted!r} is not an address.") from None
    if address not in set(addresses.hosts(network)):
        raise CloudError("InvalidPrivateIpAddress.Malformed", f"privateIp {wanted} is not a free host of {network}.")
    return address
