"""Who can reach the endpoint: the allow-list rules, and an EIP only when public access is asked for."""

import re

import pulumi
import pulumi_alicloud as alicloud

from components.args import SingleEcsLlmArgs
from components.names import physical_name


def allow_rules(
    name: str, args: SingleEcsLlmArgs, security_group_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> list[alicloud.ecs.SecurityGroupRule]:
    """Return one ingress rule for each CIDR that may call the endpoint's port."""
    return [
        alicloud.ecs.SecurityGroupRule(
            f"{name}-allow-{re.sub(r'[^0-9a-f]+', '-', cidr)}",
            security_group_id=security_group_id,
            type="ingress",
            ip_protocol="tcp",
            port_range=f"{args.port}/{args.port}",
            cidr_ip=cidr,
            description=f"LLM endpoint {name}",
            opts=opts,
        )
        for cidr in dict.fromkeys((*args.allowed_private, *(args.public_allowed_cidrs or ())))
    ]


def public_address(name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions) -> alicloud.ecs.EipAddress | None:
    """Return the EIP of a public endpoint; it outlives the machine, so the endpoint keeps its address."""
    if not args.public_allowed_cidrs:
        return None
    return alicloud.ecs.EipAddress(
        f"{name}-eip",
        address_name=physical_name(name),
        bandwidth=str(args.eip_bandwidth_mbps),
        internet_charge_type="PayByTraffic",
        tags=args.tags,
        opts=opts,
    )
