"""A listener is judged together with the load balancer that it is of."""

from typing import Any

import pytest

from scripts.policy.resources import UNKNOWN, Resource
from scripts.policy.rules import findings

LISTED = {"aclStatus": "on", "aclType": "white", "aclIds": [UNKNOWN]}
TAGS = {"tags": {"team": "search"}}
CLASSIC = "slb/loadBalancer:LoadBalancer"
APPLICATION = "alb/loadBalancer:LoadBalancer"
NETWORK = "nlb/loadBalancer:LoadBalancer"
GROUP = "nlb/loadBalancerSecurityGroupAttachment:LoadBalancerSecurityGroupAttachment"
ENTRY = "alb/listenerAclAttachment:ListenerAclAttachment"

CLASSIC_TEXT = (
    "everybody reaches it through front. Set aclStatus 'on', aclType 'white' and aclIds, or make front private."
)
APPLICATION_TEXT = (
    "everybody reaches it through front. Add an alb.ListenerAclAttachment whose aclType is 'White', "
    "or make front private."
)
NETWORK_TEXT = "everybody reaches it. Give it securityGroupIds, with rules that name the networks that may call."


def made(type_: str, name: str, props: dict[str, Any], **refers: str) -> Resource:
    """Return a resource whose properties in *refers* come from the resources named there."""
    unknown = dict.fromkeys(refers, UNKNOWN)
    sources = {prop: (f"urn:{other}",) for prop, other in refers.items()}
    return Resource(f"alicloud:{type_}", name, props | unknown, f"urn:{name}", sources)


def front(type_: str, **props: object) -> Resource:
    """Return the load balancer."""
    return made(type_, "front", props | TAGS)


def listener(service: str, **props: object) -> Resource:
    """Return a listener of it."""
    return made(f"{service}/listener:Listener", "http", props, loadBalancerId="front")


OPEN = [
    (CLASSIC_TEXT, front(CLASSIC, addressType="internet"), listener("slb")),
    (CLASSIC_TEXT, front(CLASSIC), listener("slb", **LISTED | {"aclType": "black"})),
    (APPLICATION_TEXT, front(APPLICATION, addressType="Internet"), listener("alb", aclConfig={"aclType": "Black"})),
    (NETWORK_TEXT, front(NETWORK, addressType="Internet"), listener("nlb")),
]

SHUT = [
    (front(CLASSIC, addressType="internet"), listener("slb", **LISTED)),
    (front(CLASSIC, addressType="intranet"), listener("slb")),
    (front(CLASSIC, vswitchId=UNKNOWN), listener("slb")),
    (made("slb/listener:Listener", "http", {"loadBalancerId": "lb-of-another-stack"}),),
    (
        front(APPLICATION, addressType="Internet"),
        listener("alb"),
        made(ENTRY, "list", {"aclType": "White"}, listenerId="http"),
    ),
    (front(APPLICATION, addressType="Intranet"), listener("alb")),
    (front(NETWORK, addressType="Internet", securityGroupIds=[UNKNOWN]),),
    (front(NETWORK, addressType="Internet"), made(GROUP, "group", {}, loadBalancerId="front")),
]


@pytest.mark.parametrize(("text", "balancer", "one"), OPEN)
def test_a_public_listener_without_a_list_is_found(text: str, balancer: Resource, one: Resource) -> None:
    """It is named together with the load balancer through which it is reached."""
    assert [("listeners-have-lists", text)] == [(found.rule, found.text) for found in findings([balancer, one])]


@pytest.mark.parametrize("stack", SHUT)
def test_other_listeners_are_left_alone(stack: tuple[Resource, ...]) -> None:
    """Private ones, those with a list, and those of a load balancer that this stack cannot see."""
    assert [] == findings(stack)
