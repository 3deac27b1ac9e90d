"""The team's own network: one VPC, a vSwitch in each zone, and one way out for all of them."""

import dataclasses
import ipaddress
from collections.abc import Iterable, Mapping

import pulumi
import pulumi_alicloud as alicloud

NAME = "acme-llm"
CIDR = "10.20.0.0/16"


@dataclasses.dataclass(frozen=True)
class Network:
    """What an endpoint is put into."""

    vpc_id: pulumi.Output[str]
    vswitch_ids: Mapping[str, pulumi.Output[str]]
    """By zone."""
    way_out: tuple[pulumi.Resource, ...]
    """What must be there before a machine can fetch its model."""


def network(zones: Iterable[str], tags: Mapping[str, str]) -> Network:
    """Create the network with a vSwitch in each of *zones*."""
    vpc = alicloud.vpc.Network("platform", vpc_name=NAME, cidr_block=CIDR, tags=tags)
    subnets = ipaddress.ip_network(CIDR).subnets(new_prefix=24)
    switches = {
        zone: alicloud.vpc.Switch(
            zone, vswitch_name=f"{NAME}-{zone}", vpc_id=vpc.id, zone_id=zone, cidr_block=str(subnet), tags=tags
        )
        for zone, subnet in zip(sorted(set(zones)), subnets, strict=False)
    }
    gateway = alicloud.vpc.NatGateway(
        "way-out",
        nat_gateway_name=NAME,
        vpc_id=vpc.id,
        vswitch_id=next(iter(switches.values())).id,
        nat_type="Enhanced",
        payment_type="PayAsYouGo",
        tags=tags,
    )
    address = alicloud.ecs.EipAddress(
        "way-out", address_name=NAME, bandwidth="200", internet_charge_type="PayByTraffic", tags=tags
    )
    bound = alicloud.ecs.EipAssociation(
        "way-out", allocation_id=address.id, instance_id=gateway.id, instance_type="Nat"
    )
    entries = tuple(
        alicloud.vpc.SnatEntry(
            zone,
            snat_table_id=gateway.snat_table_ids,
            source_vswitch_id=switch.id,
            snat_ip=address.ip_address,
            # The service takes only an address that is bound to the gateway.
            opts=pulumi.ResourceOptions(depends_on=[bound]),
        )
        for zone, switch in switches.items()
    )
    return Network(vpc.id, {zone: switch.id for zone, switch in switches.items()}, entries)
