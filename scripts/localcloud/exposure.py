"""What reaches a machine and what it reaches: security groups, public addresses and routes, as pure functions."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from itertools import islice

from scripts.localcloud.kinds import (
    EIP,
    EIP_ASSOCIATION,
    INSTANCE,
    NAT_GATEWAY,
    SECURITY_RULE,
    SNAT_ENTRY,
    SWITCH,
    VPC,
)
from scripts.localcloud.machine import Machines
from scripts.localcloud.values import number, strings
from scripts.localcloud.world import Record, World

MOST_PORTS = 64
"""How many ports of one rule are opened on this host; a wider range is cut after these."""
_INSIDE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
_LAST_PORT = 65535


def public_address(world: World, instance: Record) -> str:
    """Return the public address of *instance*, empty when it has none."""
    for link in world.where(EIP_ASSOCIATION, "instanceId", instance.id):
        eip = world.find(EIP, link.text("allocationId"))
        if eip is not None:
            return eip.text("ipAddress")
    return instance.text("publicIp")


def internet(world: World, instance: Record) -> bool:
    """Whether *instance* has a route to the internet: its own address, or SNAT for its switch."""
    if public_address(world, instance):
        return True
    switch = world.find(SWITCH, instance.text("vswitchId"))
    return switch is not None and any(_covers(world, entry, switch) for entry in world.all(SNAT_ENTRY))


def _covers(world: World, entry: Record, switch: Record) -> bool:
    gateway = next(iter(world.where(NAT_GATEWAY, "snatTableIds", entry.text("snatTableId"))), None)
    if gateway is None or gateway.text("vpcId") != switch.text("vpcId"):
        return False
    source, inside = ip_network(entry.text("sourceCidr")), ip_network(switch.text("cidrBlock"))
    return source.version == inside.version and inside.subnet_of(source)  # type: ignore[arg-type]  # same version


def listeners(world: World, instance: Record) -> set[tuple[str, int]]:
    """Return the addresses and ports at which somebody may reach *instance*."""
    if instance.text("status") != "Running":
        return set()
    private = instance.text("primaryIpAddress")
    found = {(private, port) for port in _open_ports(world, instance, public=False)}
    address = public_address(world, instance)
    if address:
        found |= {(address, port) for port in _open_ports(world, instance, public=True)}
    return found


def _open_ports(world: World, instance: Record, *, public: bool) -> set[int]:
    groups = strings(instance.properties, "securityGroups")
    rules = [rule for rule in world.all(SECURITY_RULE) if rule.text("securityGroupId") in groups]
    rules = [
        rule for rule in rules if rule.text("type") == "ingress" and _lets_in(world, instance, rule, public=public)
    ]
    decided: dict[int, bool] = {}
    for rule in sorted(rules, key=lambda rule: (number(rule.properties, "priority", 1), rule.text("policy") != "drop")):
        for port in _ports(rule):
            decided.setdefault(port, rule.text("policy") == "accept")
    return {port for port, accepted in decided.items() if accepted}


def _lets_in(world: World, instance: Record, rule: Record, *, public: bool) -> bool:
    """Whether the source of *rule* is of the asked kind: somebody on the internet, or somebody in the VPC."""
    cidr = rule.text("cidrIp")
    if not cidr:
        return not public and bool(rule.text("sourceSecurityGroupId"))
    source = ip_network(cidr)
    if not isinstance(source, IPv4Network):
        return False
    if public:
        return not any(source.subnet_of(inside) for inside in _INSIDE)
    vpc = world.find(VPC, instance.text("vpcId"))
    return vpc is not None and source.overlaps(IPv4Network(vpc.text("cidrBlock")))


def _ports(rule: Record) -> Iterator[int]:
    if rule.text("ipProtocol") not in {"tcp", "all"}:
        return iter(())
    first, _, last = rule.text("portRange").partition("/")
    span = range(1, _LAST_PORT + 1) if first == "-1" else range(int(first), int(last) + 1)
    return islice(span, MOST_PORTS)


def apply(world: World, machines: Machines) -> None:
    """Tell the machines what changed about their listeners and routes since the last time."""
    alive = [instance for instance in world.all(INSTANCE) if instance.text("status") == "Running"]
    for instance in alive:
        open_now = listeners(world, instance)
        routed = internet(world, instance)
        told = world.exposed.get(instance.id, {})
        if told.get("listeners") != sorted(map(list, open_now)):
            machines.set_listeners(instance.id, open_now)
        if told.get("internet") != routed:
            machines.set_internet(instance.id, routed)
        world.exposed[instance.id] = {"listeners": sorted(map(list, open_now)), "internet": routed}
    gone = set(world.exposed) - {instance.id for instance in alive}
    for instance_id in gone:
        del world.exposed[instance_id]
