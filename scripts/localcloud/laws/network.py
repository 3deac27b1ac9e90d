"""VPCs and the switches inside them."""

from ipaddress import IPv4Network, ip_network

from scripts.localcloud.errors import CloudError
from scripts.localcloud.facts import regions
from scripts.localcloud.kinds import (
    CLUSTER,
    INSTANCE,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    SECURITY_GROUP,
    SNAT_ENTRY,
    SWITCH,
    VPC,
)
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, strings, text
from scripts.localcloud.world import Record, World, now

_DEFAULT_CIDR = "172.16.0.0/12"
_RANGES = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_SHORTEST, _LONGEST = 16, 29


def network_of(cidr: str, code: str) -> IPv4Network:
    """
    Return *cidr* as a network.

    Raises:
        CloudError: It is not an IPv4 network; *code* is the vendor's code for that.

    """
    try:
        network = ip_network(cidr)
    except ValueError as problem:
        raise CloudError(code, f"Specified CIDR block {cidr!r} is not valid: {problem}.") from None
    if not isinstance(network, IPv4Network):
        raise CloudError(code, f"Specified CIDR block {cidr!r} is not IPv4.")
    return network


def refuse_while(world: World, record: Record, children: dict[str, str]) -> None:
    """
    Refuse to remove *record* while a resource of *children* (type to error code) names it.

    Raises:
        CloudError: One does.

    """
    name = "vpcId" if record.type == VPC else "vswitchId"
    for type_, code in children.items():
        left = [child.id for child in world.where(type_, name, record.id)]
        if left:
            noun = type_.rsplit(":", 1)[1]
            raise CloudError(code, f"{record.id} still has {noun} {', '.join(left)}. Delete them first.")


class Network(Law):
    """A VPC."""

    type = VPC

    def create(self, ask: Ask) -> Record:
        """Add a VPC with its route table."""
        cidr = text(ask.inputs, "cidrBlock") or _DEFAULT_CIDR
        network = network_of(cidr, "InvalidCidrBlock")
        if not any(network.subnet_of(allowed) for allowed in _RANGES):
            allowed = ", ".join(map(str, _RANGES))
            raise CloudError("InvalidCidrBlock", f"VPC CIDR block {cidr} is not inside {allowed}.")
        vpc_id = ask.world.new_id("vpc", ask.region)
        table = ask.world.new_id("vtb", ask.region)
        outputs: Values = {
            "cidrBlock": _DEFAULT_CIDR,
            "createTime": now(),
            "regionId": ask.region,
            "routeTableId": table,
            "routerTableId": table,
            "routerId": ask.world.new_id("vrt", ask.region),
            "status": "Available",
        }
        return ask.world.add(record_of(self.type, ask, vpc_id, outputs))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while anything is inside."""
        children = {
            CLUSTER: "DependencyViolation",
            SWITCH: "DependencyViolation.VSwitch",
            SECURITY_GROUP: "DependencyViolation.SecurityGroup",
            NAT_GATEWAY: "DependencyViolation.NatGateway",
            INSTANCE: "DependencyViolation.Instance",
        }
        refuse_while(ask.world, record, children)


class Switch(Law):
    """A switch: one zone's part of a VPC."""

    type = SWITCH

    def create(self, ask: Ask) -> Record:
        """Add a switch whose zone, CIDR and VPC agree."""
        vpc = ask.world.need(VPC, text(ask.inputs, "vpcId"), "InvalidVpcId.NotFound")
        zone = text(ask.inputs, "zoneId") or text(ask.inputs, "availabilityZone")
        if not regions()[ask.region].has_zone(zone):
            raise CloudError("InvalidZoneId.NotFound", f"Zone {zone!r} does not belong to region {ask.region}.")
        self._room(ask.world, vpc, text(ask.inputs, "cidrBlock"))
        outputs: Values = {"createTime": now(), "zoneId": zone, "availabilityZone": zone, "status": "Available"}
        switch_id = ask.world.new_id("vsw", ask.region)
        return ask.world.add(record_of(self.type, ask, switch_id, outputs))

    def _room(self, world: World, vpc: Record, cidr: str) -> None:
        network = network_of(cidr, "InvalidCidrBlock")
        whole = network_of(vpc.text("cidrBlock"), "InvalidCidrBlock")
        if not _SHORTEST <= network.prefixlen <= _LONGEST:
            message = f"Switch CIDR block {cidr} must have a prefix of /{_SHORTEST} to /{_LONGEST}."
            raise CloudError("InvalidCidrBlock.Malformed", message)
        if not network.subnet_of(whole):
            raise CloudError("InvalidCidrBlock", f"Switch CIDR block {cidr} is not inside that of {vpc.id}, {whole}.")
        for other in world.where(SWITCH, "vpcId", vpc.id):
            taken = network_of(other.text("cidrBlock"), "InvalidCidrBlock")
            if network.overlaps(taken):
                message = f"Switch CIDR block {cidr} overlaps {taken} of {other.id}."
                raise CloudError("InvalidCidrBlock.Overlapped", message)

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while an instance, a NAT gateway, a SNAT entry, a cluster or its load balancer is on it."""
        children = {
            INSTANCE: "DependencyViolation.Instance",
            NETWORK_INTERFACE: "DependencyViolation.NetworkInterface",
            NAT_GATEWAY: "DependencyViolation.NatGateway",
        }
        refuse_while(ask.world, record, children)
        clusters = [each.id for each in ask.world.all(CLUSTER) if record.id in strings(each.properties, "vswitchIds")]
        left = clusters + [each.id for each in ask.world.balancers if each.vswitch_id == record.id]
        if left:
            raise CloudError("DependencyViolation", f"{record.id} still has {', '.join(left)}. Delete them first.")
        entries = [entry.id for entry in ask.world.where(SNAT_ENTRY, "sourceVswitchId", record.id)]
        if entries:
            message = f"{record.id} still has SnatEntry {', '.join(entries)}. Delete them first."
            raise CloudError("DependencyViolation.SnatEntry", message)
