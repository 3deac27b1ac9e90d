"""What joins the machines of a pair: one place, and a group in which they trust each other."""

import dataclasses

import pulumi
import pulumi_alicloud as alicloud

from components.args import DualEcsRayLlmArgs
from components.machine import Placement
from components.names import Name
from components.network import Network


@dataclasses.dataclass(frozen=True)
class Fabric:
    """Where both machines stand, and what must be there before they find each other."""

    place: Placement
    group: alicloud.ecs.SecurityGroup
    """The machines' own, in which they trust each other."""
    rules: tuple[pulumi.Resource, ...]


def fabric(name: Name, args: DualEcsRayLlmArgs, net: Network, opts: pulumi.ResourceOptions) -> Fabric:
    """Return a LowLatency deployment set, if one takes the machines, and a group whose members reach each other."""
    # A group of their own: whoever else is in the endpoint's group stays outside.
    group = alicloud.ecs.SecurityGroup(
        f"{name}-nodes",
        security_group_name=f"{name.physical}-nodes",
        vpc_id=net.vpc_id,
        inner_access_policy="Accept",
        tags=args.tags,
        opts=opts,
    )
    rule = alicloud.ecs.SecurityGroupRule(
        f"{name}-nodes-trust-each-other",
        security_group_id=group.id,
        type="ingress",
        # NCCL, gloo and the engines' message queues take random ports in both directions.
        ip_protocol="all",
        port_range="-1/-1",
        # Said as a rule as well: the endpoint's group isolates its members, and only a rule surely outweighs that.
        source_security_group_id=group.id,
        description=f"LLM endpoint {name.physical}, between its own nodes",
        opts=opts,
    )
    # Left to its default without RDMA: jumbo frames where the type has them, and nothing depends on it.
    jumbo = True if args.mtu else None
    return Fabric(Placement(_placed(name, args, opts), (group.id,), args.rdma_devices, jumbo), group, (rule,))


def _placed(name: Name, args: DualEcsRayLlmArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str] | None:
    if not args.low_latency:
        return None
    return alicloud.ecs.EcsDeploymentSet(
        f"{name}-deployment-set", deployment_set_name=name.physical, strategy="LowLatency", opts=opts
    ).id
