"""Which flows the security groups let one machine open to another of its VPC, as pure functions."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import pairwise

from scripts.localcloud import addresses
from scripts.localcloud.kinds import INSTANCE, SECURITY_GROUP, SECURITY_RULE, SWITCH
from scripts.localcloud.machines.spec import Ingress
from scripts.localcloud.values import number, strings
from scripts.localcloud.world import Record, World

LAST_PORT = 65535


def rules_of(world: World, instance: Record) -> list[Record]:
    """Return the ingress rules of the groups of *instance*; where several hold, the first decides."""
    groups = strings(instance.properties, "securityGroups")
    found = [rule for rule in world.all(SECURITY_RULE) if rule.text("securityGroupId") in groups]
    inward = [rule for rule in found if rule.text("type") == "ingress"]
    return sorted(inward, key=lambda rule: (number(rule.properties, "priority", 1), rule.text("policy") != "drop"))


def ports_of(rule: Record) -> range:
    """Return the ports of *rule*."""
    first, _, last = rule.text("portRange").partition("/")
    return range(1, LAST_PORT + 1) if first == "-1" else range(int(first), int(last) + 1)


def ingress(world: World, instance: Record) -> set[Ingress]:
    """Return the flows that the other instances of its VPC may open to *instance*."""
    others = world.where(INSTANCE, "vpcId", instance.text("vpcId"))
    return {flow for other in others if other.id != instance.id for flow in _flows(world, other, instance)}


def _flows(world: World, source: Record, target: Record) -> Iterator[Ingress]:
    rules = [rule for rule in rules_of(world, target) if _names(world, rule, source)]
    trusted = _trusted(world, source, target)
    accepted = {protocol: _accepted(rules, protocol, trusted=trusted) for protocol in ("tcp", "udp")}
    everything = [(1, LAST_PORT)]
    if all(spans == everything for spans in accepted.values()):
        accepted = {"all": everything}
    for protocol, spans in accepted.items():
        for first, last in spans:
            yield Ingress(source.text("primaryIpAddress"), protocol, first, last)


def _names(world: World, rule: Record, source: Record) -> bool:
    """Whether *rule* speaks about *source*: by its group, its address in the VPC, or the one that programs see."""
    group = rule.text("sourceSecurityGroupId")
    if group:
        return group in strings(source.properties, "securityGroups")
    switch = world.find(SWITCH, source.text("vswitchId"))
    if not rule.text("cidrIp") or switch is None:
        return False
    shown = source.text("primaryIpAddress")
    within = addresses.inside(IPv4Network(switch.text("cidrBlock")), shown)
    network = ip_network(rule.text("cidrIp"))
    return within in network or IPv4Address(shown) in network


def _trusted(world: World, source: Record, target: Record) -> bool:
    """Whether a group that both are in lets its members reach each other."""
    shared = set(strings(source.properties, "securityGroups")) & set(strings(target.properties, "securityGroups"))
    groups = [world.find(SECURITY_GROUP, group_id) for group_id in shared]
    return any(group is not None and group.text("innerAccessPolicy") == "Accept" for group in groups)


def _accepted(rules: list[Record], protocol: str, *, trusted: bool) -> list[tuple[int, int]]:
    """Return the first and last ports of what *rules* accept; where none speaks, *trusted* decides."""
    spans = [(ports_of(rule), rule.text("policy") == "accept") for rule in rules if _carries(rule, protocol)]
    edges = sorted({1, LAST_PORT + 1, *(edge for ports, _ in spans for edge in (ports.start, ports.stop))})
    found: list[tuple[int, int]] = []
    for first, stop in pairwise(edges):
        if not next((accept for ports, accept in spans if first in ports), trusted):
            continue
        if found and found[-1][1] == first - 1:
            first = found.pop()[0]  # noqa: PLW2901 one flow with the ports before it
        found.append((first, stop - 1))
    return found


def _carries(rule: Record, protocol: str) -> bool:
    return rule.text("ipProtocol") in {protocol, "all"}
