"""Who can reach the endpoint: the allow-list rules, and an EIP only when public access is asked for."""

import dataclasses
from collections.abc import Iterable

import pulumi
import pulumi_alicloud as alicloud

from components.args import EcsLlmArgs
from components.eip import bound_eip
from components.names import Name, slug


@dataclasses.dataclass(frozen=True)
class Reached:
    """Where the endpoint is reached, and what must be there for that."""

    address: pulumi.Output[str]
    joined: tuple[pulumi.Resource, ...]


def allow_rules(
    name: Name, args: EcsLlmArgs, security_group_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> list[alicloud.ecs.SecurityGroupRule]:
    """Return one ingress rule for each CIDR that may call the endpoint's port."""
    cidrs = (*args.allowed_private, *(args.public_allowed_cidrs or ()))
    return let_in(name.part("allow"), security_group_id, args.port, cidrs, opts)


def let_in(
    name: Name, security_group_id: pulumi.Input[str], port: int, cidrs: Iterable[str], opts: pulumi.ResourceOptions
) -> list[alicloud.ecs.SecurityGroupRule]:
    """Return one ingress rule for each of *cidrs* to that TCP *port*."""
    return [
        alicloud.ecs.SecurityGroupRule(
            f"{name}-{slug(cidr)}",
            security_group_id=security_group_id,
            type="ingress",
            ip_protocol="tcp",
            port_range=f"{port}/{port}",
            cidr_ip=cidr,
            description=f"LLM endpoint {name.physical}",
            opts=opts,
        )
        for cidr in dict.fromkeys(cidrs)
    ]


def address(name: Name, args: EcsLlmArgs, instance: alicloud.ecs.Instance, opts: pulumi.ResourceOptions) -> Reached:
    """Return the private address of *instance*, or of a public endpoint the EIP joined to it."""
    if not args.public_allowed_cidrs:
        return Reached(instance.primary_ip_address, ())
    eip = bound_eip(name, args, instance, opts)
    return Reached(eip.ip_address, (eip.association,))
