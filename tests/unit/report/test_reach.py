"""Who can reach what is read from resources of any stack, whether their ids are known yet or not."""

from collections.abc import Mapping
from typing import Any

import pytest

from scripts.foreseen import UNKNOWN, Foreseen, Planned
from scripts.reporting.reach import EVERYBODY, NOT_SEEN, Reach, is_private, reach

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
RULE = {"type": "ingress", "ipProtocol": "tcp", "portRange": "80/80", "cidrIp": "203.0.113.0/24"}


def made(
    type_: str, name: str, inputs: Mapping[str, Any], step: str = "create", **sources: str | tuple[str, ...]
) -> Planned:
    """Return a resource whose URN is its name; *sources* are the names of those its inputs come from."""
    return Planned(
        urn=name,
        type=type_,
        name=name,
        parent="",
        custom=True,
        step=step,  # type: ignore[arg-type]  # one of them
        changed=(),
        inputs={**dict.fromkeys(sources, UNKNOWN), **inputs},
        outputs={},
        secret=frozenset(),
        sources={prop: (urns,) if isinstance(urns, str) else urns for prop, urns in sources.items()},
    )


def group(name: str = "group") -> Planned:
    """Return a security group."""
    return made("alicloud:ecs/securityGroup:SecurityGroup", name, {})


def rule(**inputs: object) -> Planned:
    """Return a rule of that group."""
    return made("alicloud:ecs/securityGroupRule:SecurityGroupRule", "rule", RULE | inputs, securityGroupId="group")


def machine(**inputs: object) -> Planned:
    """Return a machine in that group."""
    return made("alicloud:ecs/instance:Instance", "machine", inputs, securityGroups="group")


def bound(kind: str, *to: str) -> Planned:
    """Return the public address of something."""
    return made("alicloud:ecs/eipAssociation:EipAssociation", "bound", {"instanceType": kind}, instanceId=to)


def service(annotations: Mapping[str, object], spec: Mapping[str, object] | None = None, *acls: str) -> Planned:
    """Return a load balancer in front of pods."""
    notes = {PREFIX + name: value for name, value in annotations.items()}
    whole = {"type": "LoadBalancer", "ports": [{"port": 80}]} | dict(spec or {})
    return made(
        "kubernetes:core/v1:Service", "service", {"metadata": {"annotations": notes}, "spec": whole}, metadata=acls
    )


ENTRIES = [
    made("alicloud:slb/acl:Acl", "acl", {}),
    made("alicloud:slb/aclEntryAttachment:AclEntryAttachment", "one", {"entry": "203.0.113.0/24"}, aclId="acl"),
    made("alicloud:slb/aclEntryAttachment:AclEntryAttachment", "two", {"entry": "10.0.0.0/8"}, aclId="acl"),
]
LISTED = {"acl-status": "on", "acl-id": UNKNOWN, "address-type": "internet"}
TEAM = "203.0.113.0/24"
CLUSTER = "alicloud:cs/managedKubernetes:ManagedKubernetes"

CASES: dict[str, tuple[list[Planned], set[Reach]]] = {
    "nothing listens": ([group(), machine()], set()),
    "inside": ([group(), rule(), machine()], {Reach(public=False, source=TEAM, target="TCP 80 of machine")}),
    "a public address": (
        [group(), rule(), machine(), bound("EcsInstance", "machine")],
        {Reach(public=True, source=TEAM, target="TCP 80 of machine")},
    ),
    "a public address of its own": (
        [group(), rule(), machine(internetMaxBandwidthOut=10)],
        {Reach(public=True, source=TEAM, target="TCP 80 of machine")},
    ),
    "private callers of a public machine": (
        [group(), rule(cidrIp="10.0.0.0/8"), machine(), bound("EcsInstance", "machine")],
        {Reach(public=False, source="10.0.0.0/8", target="TCP 80 of machine")},
    ),
    "a NAT gateway lets nobody in": (
        [group(), rule(), machine(), made("alicloud:vpc/natGateway:NatGateway", "nat", {}), bound("Nat", "nat")],
        {Reach(public=False, source=TEAM, target="TCP 80 of machine")},
    ),
    "a group of the user's own": (
        [
            made("alicloud:ecs/securityGroupRule:SecurityGroupRule", "rule", RULE | {"securityGroupId": "sg-mine"}),
            made("alicloud:ecs/instance:Instance", "machine", {"securityGroups": ["sg-mine"]}),
        ],
        {Reach(public=False, source=TEAM, target="TCP 80 of machine")},
    ),
    "a group with nobody in it": (
        [group(), rule()],
        {Reach(public=False, source=TEAM, target="TCP 80 of the members of group")},
    ),
    "every port": (
        [group(), rule(ipProtocol="all", portRange="-1/-1"), machine()],
        {Reach(public=False, source=TEAM, target="every port of machine")},
    ),
    "some ports": (
        [group(), rule(portRange="80/90"), machine()],
        {Reach(public=False, source=TEAM, target="TCP 80-90 of machine")},
    ),
    "what is refused": ([group(), rule(policy="drop"), machine()], set()),
    "what goes out": ([group(), rule(type="egress"), machine()], set()),
    "what is deleted": (
        [group(), machine(), made("alicloud:ecs/securityGroupRule:SecurityGroupRule", "rule", RULE, "delete")],
        set(),
    ),
    "members of another group": (
        [
            group(),
            group("peers"),
            machine(),
            made(
                "alicloud:ecs/securityGroupRule:SecurityGroupRule",
                "rule",
                {"type": "ingress", "ipProtocol": "all", "portRange": "-1/-1"},
                securityGroupId="group",
                sourceSecurityGroupId="peers",
            ),
        ],
        {Reach(public=False, source="peers", target="every port of machine")},
    ),
    "a list in front of pods": (
        [*ENTRIES, service(LISTED, None, "acl")],
        {Reach(public=True, source=TEAM, target="TCP 80 of service")},
    ),
    "a list that is not seen": (
        [service(LISTED | {"acl-id": "acl-mine"})],
        {Reach(public=True, source=NOT_SEEN, target="TCP 80 of service")},
    ),
    "no list in front of pods": (
        [service({})],
        {Reach(public=True, source=EVERYBODY, target="TCP 80 of service")},
    ),
    "pods inside": (
        [service({"address-type": "intranet"})],
        {Reach(public=False, source="everybody in the VPC", target="TCP 80 of service")},
    ),
    "ranges of the Service": (
        [service({"address-type": "intranet"}, {"loadBalancerSourceRanges": ["10.1.0.0/16"]})],
        {Reach(public=False, source="10.1.0.0/16", target="TCP 80 of service")},
    ),
    "a Service inside the cluster": ([service({}, {"type": "ClusterIP"})], set()),
    "an open API server": (
        [made(CLUSTER, "cluster", {"slbInternetEnabled": True})],
        {Reach(public=True, source=EVERYBODY, target="the API server of cluster")},
    ),
    "an API server behind a list": (
        [
            *ENTRIES,
            made(CLUSTER, "cluster", {"slbInternetEnabled": False}),
            made("alicloud:oos/execution:Execution", "guard", {}, parameters=("acl", "cluster")),
            bound("SlbInstance", "cluster", "guard"),
        ],
        {Reach(public=True, source=TEAM, target="the API server of cluster")},
    ),
    "a load balancer": (
        [made("alicloud:slb/applicationLoadBalancer:ApplicationLoadBalancer", "balancer", {"addressType": "internet"})],
        {Reach(public=True, source=NOT_SEEN, target="balancer")},
    ),
}


@pytest.mark.parametrize(("resources", "expected"), CASES.values(), ids=CASES)
def test_reach(resources: list[Planned], expected: set[Reach]) -> None:
    """Everybody who gets a connection is found, and nobody else."""
    assert expected == reach(Foreseen(good=True, resources=tuple(resources)))


PRIVATE = {
    "10.1.0.0/16": True,
    "100.64.0.0/10": True,
    "203.0.113.0/24": False,
    "0.0.0.0/0": False,
    "peers": False,
    "fd00::/8": True,
    "::/0": False,
}


@pytest.mark.parametrize(("source", "private"), PRIVATE.items(), ids=PRIVATE)
def test_private(source: str, private: bool) -> None:  # noqa: FBT001 a column of the table
    """Private networks are told from the internet."""
    assert private is is_private(source)
