"""The network an endpoint lives in: VPC, vSwitch, security group, and egress when the boot needs it."""

import dataclasses
import ipaddress
from typing import TYPE_CHECKING

import pulumi
import pulumi_alicloud as alicloud

from components.args import EcsLlmArgs
from components.eip import bound_eip
from components.names import Name
from components.order import after

if TYPE_CHECKING:
    from components.args import LlmArgs


@dataclasses.dataclass(frozen=True)
class Subnet:
    """Ids of a VPC and its vSwitch, created here or the user's own."""

    vpc_id: pulumi.Input[str] | None
    """Unknown when the vSwitch and the security group are the user's own."""
    vswitch_id: pulumi.Input[str]
    egress: tuple[pulumi.Resource, ...]
    """What must exist before anything in it can reach the internet."""


@dataclasses.dataclass(frozen=True)
class Network(Subnet):
    """A subnet with the endpoint's security group."""

    security_group_id: pulumi.Input[str]


def vswitch_cidr(vpc_cidr: str) -> str:
    """Return the first /24 of *vpc_cidr*, or all of it when it is smaller."""
    vpc = ipaddress.ip_network(vpc_cidr)
    return str(next(vpc.subnets(new_prefix=max(24, vpc.prefixlen))))


def network(name: Name, args: EcsLlmArgs, opts: pulumi.ResourceOptions) -> Network:
    """Return the network of *args*, creating the parts that are not given."""
    net = subnet(name, args, opts)
    group_id = args.security_group_id
    if group_id is None:
        group_id = _security_group(name, args, net.vpc_id, opts).id
    return Network(net.vpc_id, net.vswitch_id, net.egress, group_id)


def subnet(name: Name, args: "LlmArgs", opts: pulumi.ResourceOptions) -> Subnet:
    """Return the VPC and vSwitch of *args*, and the way out where one is needed, creating what is not given."""
    vpc_id: pulumi.Input[str] | None = args.vpc_id
    vswitch_id: pulumi.Input[str] | None = args.vswitch_id
    if vswitch_id is None:
        vpc = alicloud.vpc.Network(
            f"{name}-vpc", vpc_name=name.physical, cidr_block=args.vpc_cidr, tags=args.tags, opts=opts
        )
        vpc_id = vpc.id
        vswitch_id = _vswitch(name, args, vpc.id, opts).id
    egress = _nat(name, args, vpc_id, vswitch_id, opts) if args.nat_gateway else ()
    return Subnet(vpc_id, vswitch_id, egress)


def _vswitch(
    name: Name, args: "LlmArgs", vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> alicloud.vpc.Switch:
    return alicloud.vpc.Switch(
        f"{name}-vswitch",
        vswitch_name=name.physical,
        vpc_id=vpc_id,
        zone_id=args.zone_id,
        cidr_block=vswitch_cidr(args.vpc_cidr),
        tags=args.tags,
        opts=opts,
    )


def _security_group(
    name: Name, args: EcsLlmArgs, vpc_id: pulumi.Input[str] | None, opts: pulumi.ResourceOptions
) -> alicloud.ecs.SecurityGroup:
    return alicloud.ecs.SecurityGroup(
        f"{name}-security-group",
        security_group_name=name.physical,
        vpc_id=vpc_id,
        # The provider's default lets members of the group reach each other on every port.
        inner_access_policy="Drop",
        tags=args.tags,
        opts=opts,
    )


def _nat(
    name: Name,
    args: "LlmArgs",
    vpc_id: pulumi.Input[str] | None,
    vswitch_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Resource, ...]:
    gateway = alicloud.vpc.NatGateway(
        f"{name}-nat",
        nat_gateway_name=name.physical,
        vpc_id=vpc_id,
        vswitch_id=vswitch_id,
        nat_type="Enhanced",
        payment_type="PayAsYouGo",
        tags=args.tags,
        opts=opts,
    )
    address = bound_eip(name.part("nat"), args, gateway, opts)
    entry = alicloud.vpc.SnatEntry(
        f"{name}-snat",
        snat_entry_name=name.physical,
        snat_table_id=gateway.snat_table_ids,
        source_vswitch_id=vswitch_id,
        snat_ip=address.ip_address,
        # The service accepts only an address that is already bound to the gateway.
        opts=after(opts, [address.association]),
    )
    return (entry,)
