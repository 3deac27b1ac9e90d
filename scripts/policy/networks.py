"""What listens to the internet has a list of who may call."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from .resources import Resource, at, is_on, may_be, one
from .rule import View

_WIDEST = {4: 8, 6: 16}
"""Length of the shortest prefix that can be one organization's, by version; what is wider is everybody."""

_LOCAL_IPV6 = ipaddress.IPv6Network("fc00::/7")
"""Source: RFC 4193."""

_LISTS = {
    "alicloud:slb/aclEntryAttachment:AclEntryAttachment": "entry",
    "alicloud:slb/acl:Acl": "entryLists[].entry",
    "alicloud:gpdb/instance:Instance": "securityIpLists[]",
    "alicloud:kvstore/instance:Instance": "securityIps[]",
    "alicloud:mongodb/instance:Instance": "securityIpLists[]",
    "alicloud:polardb/cluster:Cluster": "securityIps[]",
    "alicloud:rds/instance:Instance": "securityIps[]",
}
"""Where resources list who may call. Source: pulumi_alicloud 4.0.0."""

_API_SERVERS = {
    "alicloud:cs/kubernetes:Kubernetes": ("slbInternetEnabled", True),
    "alicloud:cs/managedKubernetes:ManagedKubernetes": ("slbInternetEnabled", True),
    "alicloud:cs/serverlessKubernetes:ServerlessKubernetes": ("endpointPublicAccessEnabled", False),
}
"""What opens a cluster's API server to the internet, and whether it does when left out. Source: the same."""

_PREFIXES = tuple(f"service.beta.kubernetes.io/{vendor}-loadbalancer-" for vendor in ("alibaba-cloud", "alicloud"))
"""
Of a Service's annotations, the present prefix and the former one.

Source of these, of their defaults, and of which load balancer reads loadBalancerSourceRanges:
GitHub kubernetes/cloud-provider-alibaba-cloud pkg/controller/service @eeb0ddc6, 2026-04-10.
"""

_NLB_GROUP = "alicloud:nlb/loadBalancerSecurityGroupAttachment:LoadBalancerSecurityGroupAttachment"
_ALB_LIST = "alicloud:alb/listenerAclAttachment:ListenerAclAttachment"


def allow_lists(resource: Resource, _view: View) -> Iterator[str]:
    """Yield where *resource* by itself lets in everybody."""
    props = resource.props
    if resource.type in _LISTS:
        yield from _listed(props, _LISTS[resource.type])
    elif resource.type in _API_SERVERS:
        name, default = _API_SERVERS[resource.type]
        if props.get(name, default) is True:
            left_out = "" if name in props else " unless turned off"
            yield f"{name} is on{left_out}: everybody reaches its API server. Set it to false."
    elif resource.type == "alicloud:ecs/securityGroupRule:SecurityGroupRule" and lets_in(props):
        yield from _rule(props)
    elif resource.type == "kubernetes:core/v1:Service" and one(props, "spec.type") == "LoadBalancer":
        yield from _service(props)


def lets_in(rule: Mapping[str, Any]) -> bool:
    """Say whether the *rule* of a security group lets connections in."""
    protocol = str(rule.get("ipProtocol"))
    return rule.get("type") == "ingress" and rule.get("policy", "accept") == "accept" and protocol[:4] != "icmp"


def whole_internet(value: object) -> bool:
    """Say whether *value* is a network that is nobody's own."""
    try:
        network = ipaddress.ip_network(str(value).strip(), strict=False)
    except ValueError:
        return False
    local = isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_LOCAL_IPV6)
    return network.prefixlen < _WIDEST[network.version] and not local


def _rule(props: Mapping[str, Any]) -> Iterator[str]:
    first, _, last = str(props.get("portRange", "-1/-1")).partition("/")
    what = "every port" if first == "-1" else f"port {first}" if first == last else f"ports {first} to {last}"
    for name in ("cidrIp", "ipv6CidrIp"):
        if whole_internet(props.get(name)):
            yield f"{name} {props[name]} lets everybody reach {what}. Name the networks that may call."


def _listed(props: Mapping[str, Any], path: str) -> Iterator[str]:
    for place, value in at(props, path):
        for network in str(value).split(","):
            if whole_internet(network):
                yield f"{place} {network.strip()} is everybody, and so no list. Name the networks that may call."


def _service(props: Mapping[str, Any]) -> Iterator[str]:
    if may_be(_annotation(props, "address-type", "internet"), "intranet", "Intranet"):
        return
    if one(props, "spec.loadBalancerClass") == "alibabacloud.com/nlb":
        if not one(props, "spec.loadBalancerSourceRanges") and not _annotation(props, "security-group-ids"):
            yield "everybody reaches its load balancer. Name the networks that may call in loadBalancerSourceRanges."
        yield from _listed(props, "spec.loadBalancerSourceRanges[]")
    elif not _has_list(props):
        yield (
            "everybody reaches its load balancer, which takes no loadBalancerSourceRanges. Set the annotations "
            f"{_PREFIXES[0]}acl-status 'on', …-acl-type 'white' and …-acl-id, or …-address-type 'intranet'."
        )


def _has_list(service: Mapping[str, Any]) -> bool:
    status, kind, acl = (_annotation(service, name) for name in ("acl-status", "acl-type", "acl-id"))
    return may_be(status, "on") and may_be(kind, "white") and bool(acl)


def _annotation(service: Mapping[str, Any], name: str, default: str = "") -> Any:  # noqa: ANN401 - or UNKNOWN
    annotations = one(service, "metadata.annotations")
    if not isinstance(annotations, Mapping):
        return annotations or default
    return next((annotations[prefix + name] for prefix in _PREFIXES if prefix + name in annotations), default)


def listeners(resource: Resource, view: View) -> Iterator[str]:
    """Yield which listener of a public load balancer of this stack has no list."""
    props = resource.props
    balancer = view.behind(resource, "loadBalancerId")
    match resource.type:
        case "alicloud:slb/listener:Listener" if balancer and _is_public(balancer):
            if not may_be(props.get("aclStatus"), "on") or not may_be(props.get("aclType"), "white"):
                yield _open_through(balancer, "Set aclStatus 'on', aclType 'white' and aclIds")
        case "alicloud:alb/listener:Listener" if balancer and balancer.props.get("addressType") == "Internet":
            kinds = [kind for _, kind in at(props, "aclConfig.aclType")]
            kinds += [one.props.get("aclType") for one in view.pointing(resource, _ALB_LIST, "listenerId")]
            if not any(may_be(kind, "White") for kind in kinds):
                yield _open_through(balancer, "Add an alb.ListenerAclAttachment whose aclType is 'White'")
        case "alicloud:nlb/loadBalancer:LoadBalancer" if props.get("addressType") == "Internet":
            if not props.get("securityGroupIds") and not any(view.pointing(resource, _NLB_GROUP, "loadBalancerId")):
                yield "everybody reaches it. Give it securityGroupIds, with rules that name the networks that may call."


def _is_public(classic: Resource) -> bool:
    # Outside a VPC the service makes a public one unless told otherwise.
    default = "intranet" if classic.props.get("vswitchId") else "internet"
    return bool(classic.props.get("addressType", default) == "internet")


def _open_through(balancer: Resource, way_out: str) -> str:
    return f"everybody reaches it through {balancer.name}. {way_out}, or make {balancer.name} private."


def private_buckets(resource: Resource, _view: View) -> Iterator[str]:
    """Yield how everybody could read *resource* or the bucket it is about."""
    if not resource.type.startswith("alicloud:oss/"):
        return
    acl = str(resource.props.get("acl"))
    if acl.startswith("public-"):
        yield f"acl {acl} lets everybody read. Set it to private, and give readers a role."
    block = resource.props.get("blockPublicAccess", True)
    if resource.type == "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock" and not is_on(block):
        yield "blockPublicAccess is off, so an ACL or a policy may let everybody read. Set it to true."
