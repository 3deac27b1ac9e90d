"""Who can reach what: read from the resources alone, not from what a component says of itself."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.foreseen import UNKNOWN, Foreseen, Planned
from scripts.localcloud.kinds import (
    ACL,
    ACL_ENTRY,
    CLUSTER,
    EIP_ASSOCIATION,
    INSTANCE,
    NETWORK_INTERFACE,
    SECURITY_RULE,
)

_SERVICE = "kubernetes:core/v1:Service"
_MACHINES = (INSTANCE, NETWORK_INTERFACE)
_BALANCERS = (
    "alicloud:alb/loadBalancer:LoadBalancer",
    "alicloud:nlb/loadBalancer:LoadBalancer",
    "alicloud:slb/applicationLoadBalancer:ApplicationLoadBalancer",
    "alicloud:slb/loadBalancer:LoadBalancer",
)
_PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
_PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
EVERYBODY = "0.0.0.0/0"
NOT_SEEN = "callers that are not seen here"


@dataclass(frozen=True, order=True)
class Reach:
    """Somebody who gets a connection to something; *public* when through a public address."""

    public: bool
    source: str
    target: str


def reach(seen: Foreseen) -> set[Reach]:
    """Return who can reach what, once all of *seen* is there."""
    stack = _Stack(seen)
    found = {*_by_rules(stack), *_by_services(stack), *_by_api(stack), *_by_balancers(stack)}
    # A private network does not come by a public address, though the list that lets it in may be the same.
    return {one for one in found if not (one.public and is_private(one.source))}


def is_private(source: str) -> bool:
    """Say whether *source* is a private network."""
    try:
        network = ipaddress.ip_network(source, strict=False)
    except ValueError:
        return False
    if isinstance(network, ipaddress.IPv6Network):
        return network.is_private
    return any(network.subnet_of(private) for private in _PRIVATE)


class _Stack:
    """The resources there will be, and how they refer to each other."""

    def __init__(self, seen: Foreseen) -> None:
        self.resources = [one for one in seen.resources if one.step != "delete"]

    def of(self, *types: str) -> list[Planned]:
        return [one for one in self.resources if one.type in types]

    def behind(self, one: Planned, name: str, *types: str) -> list[Planned]:
        """Return the resources of *types* that the property *name* of *one* comes from."""
        urns = one.sources.get(name, ())
        return [other for other in self.of(*types) if other.urn in urns]

    def same(self, one: Planned, name: str, other: Planned, other_name: str) -> bool:
        """Whether two properties hold the same id, known or not."""
        if set(one.sources.get(name, ())) & set(other.sources.get(other_name, ())):
            return True
        ids, others = (_known(resource.inputs.get(key)) for resource, key in ((one, name), (other, other_name)))
        return bool(ids & others)

    def is_public(self, machine: Planned) -> bool:
        """Whether *machine* has a public address."""
        bandwidth = machine.inputs.get("internetMaxBandwidthOut")
        if isinstance(bandwidth, int) and bandwidth > 0:
            return True
        return any(self.behind(link, "instanceId", machine.type).count(machine) for link in self.of(EIP_ASSOCIATION))

    def listed(self, one: Planned, name: str) -> list[str]:
        """Return the networks of the access lists that the property *name* of *one* comes from."""
        lists = {acl.urn for acl in self.behind(one, name, ACL)}
        entries = [entry for entry in self.of(ACL_ENTRY) if lists & set(entry.sources.get("aclId", ()))]
        return [str(entry.inputs.get("entry")) for entry in entries]


def _known(value: object) -> set[str]:
    values = value if isinstance(value, list) else [value]
    return {one for one in values if isinstance(one, str)}


def _by_rules(stack: _Stack) -> Iterator[Reach]:
    for rule in stack.of(SECURITY_RULE):
        if rule.inputs.get("type") != "ingress" or rule.inputs.get("policy") == "drop":
            continue
        members = [one for one in stack.of(*_MACHINES) if stack.same(one, "securityGroups", rule, "securityGroupId")]
        ports, source = _ports(rule.inputs), _source(rule, stack)
        for machine in members:
            public = stack.is_public(machine) and not is_private(source)
            yield Reach(public, source, f"{ports} of {machine.name}")
        if not members:
            yield Reach(public=False, source=source, target=f"{ports} of the members of {_group(rule, stack)}")


def _group(rule: Planned, stack: _Stack) -> str:
    made = [one.name for one in stack.resources if one.urn in rule.sources.get("securityGroupId", ())]
    return made[0] if made else str(rule.inputs.get("securityGroupId"))


def _source(rule: Planned, stack: _Stack) -> str:
    for name in ("cidrIp", "ipv6CidrIp", "sourceSecurityGroupId", "prefixListId"):
        value = rule.inputs.get(name)
        made = [one.name for one in stack.resources if one.urn in rule.sources.get(name, ())]
        if made or isinstance(value, str):
            return made[0] if value is UNKNOWN else str(value)
    return NOT_SEEN


def _ports(inputs: Mapping[str, Any]) -> str:
    protocol, ports = str(inputs.get("ipProtocol", "all")), str(inputs.get("portRange", "-1/-1"))
    first, _, last = ports.partition("/")
    if protocol == "all" or ports == "-1/-1":
        return "every port" if protocol == "all" else f"every {protocol.upper()} port"
    return f"{protocol.upper()} {first if first == last else f'{first}-{last}'}"


def _by_services(stack: _Stack) -> Iterator[Reach]:
    for service in stack.of(_SERVICE):
        spec, metadata = service.inputs.get("spec"), service.inputs.get("metadata")
        if not isinstance(spec, Mapping) or spec.get("type") != "LoadBalancer":
            continue
        notes = metadata.get("annotations") if isinstance(metadata, Mapping) else {}
        notes = notes if isinstance(notes, Mapping) else {}
        public = notes.get(f"{_PREFIX}address-type", "internet") == "internet"
        ports = ", ".join(f"{one.get('protocol', 'TCP')} {one.get('port')}" for one in spec.get("ports") or [])
        for source in _callers(service, spec, notes, stack, public=public):
            yield Reach(public, source, f"{ports} of {service.name}")


def _callers(
    service: Planned, spec: Mapping[str, Any], notes: Mapping[str, Any], stack: _Stack, *, public: bool
) -> list[str]:
    if notes.get(f"{_PREFIX}acl-status") == "on":
        return stack.listed(service, "metadata") or [NOT_SEEN]
    ranges = spec.get("loadBalancerSourceRanges")
    if isinstance(ranges, list) and ranges:
        return [str(one) for one in ranges]
    return [EVERYBODY if public else "everybody in the VPC"]


def _by_api(stack: _Stack) -> Iterator[Reach]:
    """Yield who reaches the API of a cluster: everybody, or those on the list that guards its load balancer."""
    for cluster in stack.of(CLUSTER):
        target = f"the API server of {cluster.name}"
        if cluster.inputs.get("slbInternetEnabled") is True:
            yield Reach(public=True, source=EVERYBODY, target=target)
        for link in stack.of(EIP_ASSOCIATION):
            if cluster in stack.behind(link, "instanceId", CLUSTER):
                guards = [one for one in stack.resources if one.urn in link.sources["instanceId"]]
                listed = [source for one in guards for name in one.sources for source in stack.listed(one, name)]
                yield from (Reach(public=True, source=source, target=target) for source in listed or [NOT_SEEN])


def _by_balancers(stack: _Stack) -> Iterator[Reach]:
    for balancer in stack.of(*_BALANCERS):
        if str(balancer.inputs.get("addressType")).lower() == "internet":
            yield Reach(public=True, source=NOT_SEEN, target=balancer.name)
