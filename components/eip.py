"""A public address, bound to what it belongs to."""

import dataclasses
from typing import TYPE_CHECKING

import pulumi
import pulumi_alicloud as alicloud

from components.names import Name

if TYPE_CHECKING:
    from components.args import LlmArgs


@dataclasses.dataclass(frozen=True)
class Bound:
    """An address, and what must be there before it leads anywhere."""

    ip_address: pulumi.Output[str]
    association: alicloud.ecs.EipAssociation


def public_address(name: Name, args: "LlmArgs", opts: pulumi.ResourceOptions) -> alicloud.ecs.EipAddress:
    """Return an EIP that leads nowhere yet."""
    return alicloud.ecs.EipAddress(
        f"{name}-eip",
        address_name=name.physical,
        bandwidth=str(args.eip_bandwidth_mbps),
        internet_charge_type="PayByTraffic",
        tags=args.tags,
        opts=opts,
    )


def bound_eip(
    name: Name,
    args: "LlmArgs",
    target: alicloud.ecs.Instance | alicloud.vpc.NatGateway,
    opts: pulumi.ResourceOptions,
) -> Bound:
    """Return an EIP bound to *target*; it outlives the target, so what it stands for keeps its address."""
    address = public_address(name, args, opts)
    association = alicloud.ecs.EipAssociation(
        f"{name}-eip-association",
        allocation_id=address.id,
        instance_id=target.id,
        instance_type="Nat" if isinstance(target, alicloud.vpc.NatGateway) else "EcsInstance",
        opts=opts,
    )
    return Bound(address.ip_address, association)
