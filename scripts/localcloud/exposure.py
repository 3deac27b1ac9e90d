"""What reaches a machine and what it reaches: security groups, public addresses and routes, told to the machines."""

from dataclasses import astuple
from ipaddress import ip_network
from itertools import islice

from scripts.localcloud import addresses
from scripts.localcloud.flows import ingress, ports_of, rules_of
from scripts.localcloud.interfaces import rdma_devices
from scripts.localcloud.kinds import (
    EIP,
    EIP_ASSOCIATION,
    INSTANCE,
    NAT_GATEWAY,
    SNAT_ENTRY,
    SWITCH,
    VPC,
    ZONE,
    ZONE_ATTACHMENT,
    ZONE_RECORD,
)
from scripts.localcloud.machine import Machines
from scripts.localcloud.values import strings
from scripts.localcloud.world import Record, World

MOST_PORTS = 64
"""How many ports of one rule are opened on this host; a wider range is cut after these."""


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
    return switch is not None and routed(world, switch)


def routed(world: World, switch: Record) -> bool:
    """Whether *switch* has a route to the internet."""
    return any(_covers(world, entry, switch) for entry in world.all(SNAT_ENTRY))


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
    rules = [rule for rule in rules_of(world, instance) if rule.text("ipProtocol") in {"tcp", "all"}]
    decided: dict[int, bool] = {}
    for rule in (rule for rule in rules if _lets_in(world, instance, rule, public=public)):
        for port in islice(ports_of(rule), MOST_PORTS):
            decided.setdefault(port, rule.text("policy") == "accept")
    return {port for port, accepted in decided.items() if accepted}


def _lets_in(world: World, instance: Record, rule: Record, *, public: bool) -> bool:
    """Whether the source of *rule* is of the asked kind: somebody on the internet, or no machine's in the VPC."""
    source = rule.text("cidrIp")
    if public:
        return bool(source) and addresses.of_internet(source)
    vpc = world.find(VPC, instance.text("vpcId"))
    return bool(source) and vpc is not None and addresses.of_network(source, vpc.text("cidrBlock"))


def names(world: World, instance: Record) -> dict[str, str]:
    """Return the private names that *instance* finds, and their addresses."""
    seen = {
        zone.id: zone.text("zoneName")
        for zone in world.all(ZONE)
        for attached in world.where(ZONE_ATTACHMENT, "zoneId", zone.id)
        if instance.text("vpcId") in strings(attached.properties, "vpcIds")
    }
    return {
        _full_name(record.text("rr"), seen[record.text("zoneId")]): record.text("value")
        for record in world.where(ZONE_RECORD, "type", "A")
        if record.text("zoneId") in seen and record.text("status") == "ENABLE"
    }


def _full_name(prefix: str, zone: str) -> str:
    return (zone if prefix == "@" else f"{prefix}.{zone}").lower()


def apply(world: World, machines: Machines) -> None:
    """Tell the machines what changed about their listeners, routes, flows and interfaces since the last time."""
    alive = [instance for instance in world.all(INSTANCE) if instance.text("status") == "Running"]
    for instance in alive:
        world.exposed[instance.id] = _tell(world, instance, machines)
    gone = set(world.exposed) - {instance.id for instance in alive}
    for instance_id in gone:
        del world.exposed[instance_id]


def _tell(world: World, instance: Record, machines: Machines) -> dict[str, object]:
    open_now, routed = listeners(world, instance), internet(world, instance)
    flows, devices, found = ingress(world, instance), rdma_devices(world, instance), names(world, instance)
    now: dict[str, object] = {
        "ingress": [list(astuple(flow)) for flow in sorted(flows)],
        "rdma_devices": devices,
        "names": found,
        "listeners": sorted(map(list, open_now)),
        "internet": routed,
    }
    told = world.exposed.get(instance.id, {})
    if told.get("ingress") != now["ingress"]:
        machines.set_ingress(instance.id, flows)
    if told.get("rdma_devices") != devices:
        machines.set_rdma_devices(instance.id, devices)
    if told.get("names", {}) != found:
        machines.set_names(instance.id, found)
    if told.get("listeners") != now["listeners"]:
        machines.set_listeners(instance.id, open_now)
    if told.get("internet") != routed:
        machines.set_internet(instance.id, routed)
    return now
