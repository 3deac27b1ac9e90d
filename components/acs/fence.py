"""Who reaches the pods of a replica that is several: each other, and callers the gate alone."""

import dataclasses

import pulumi
import pulumi_alicloud as alicloud

from components.acs.callers import private_callers
from components.args import AcsLlmClusterArgs
from components.exposure import let_in
from components.manifests.base import GATE_PORT, METRICS_PORT
from components.names import Name

_BALANCERS = "100.64.0.0/10"
"""
From where classic load balancers look whether a pod is well.

Source: https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/clb-health-checks, recalled.
"""


@dataclasses.dataclass(frozen=True)
class Fence:
    """A security group and its rules."""

    group: alicloud.ecs.SecurityGroup
    rules: tuple[alicloud.ecs.SecurityGroupRule, ...]

    @property
    def resources(self) -> tuple[pulumi.Resource, ...]:
        """The group and its rules."""
        return (self.group, *self.rules)

    @property
    def id(self) -> pulumi.Output[str]:
        """The group's id, known when its rules are there."""
        return pulumi.Output.all(self.group.id, *(rule.id for rule in self.rules)).apply(lambda known: known[0])


def fence(
    name: Name, args: AcsLlmClusterArgs, vpc_id: pulumi.Input[str] | None, opts: pulumi.ResourceOptions
) -> Fence | None:
    """
    Return the security group of the pods of *args*; None where one serves alone, which listens to nobody but the gate.

    Several talk on random ports that know no password, and ACS enforces no NetworkPolicy on pods with GPUs.
    """
    if args.pods == 1 or args.security_group_id is not None or vpc_id is None:
        return None
    own = name.part("replicas")
    group = alicloud.ecs.SecurityGroup(
        str(own),
        security_group_name=own.physical,
        vpc_id=vpc_id,
        inner_access_policy="Accept",
        tags=args.tags,
        opts=opts,
    )
    callers = (*private_callers(args), *(args.public_allowed_cidrs or ()), _BALANCERS)
    rules = let_in(own.part("gate"), group.id, GATE_PORT, callers, opts)
    if args.elastic:
        rules += let_in(own.part("metrics"), group.id, METRICS_PORT, private_callers(args), opts)
    return Fence(group, tuple(rules))
