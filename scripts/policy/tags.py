"""What is billed says whose it is."""

from collections.abc import Iterator, Mapping

from .resources import UNKNOWN, Resource
from .rule import View

_BILLED = {
    "alicloud:alb/loadBalancer:LoadBalancer",
    "alicloud:cs/kubernetes:Kubernetes",
    "alicloud:cs/managedKubernetes:ManagedKubernetes",
    "alicloud:cs/nodePool:NodePool",
    "alicloud:cs/serverlessKubernetes:ServerlessKubernetes",
    "alicloud:ecs/disk:Disk",
    "alicloud:ecs/ecsDisk:EcsDisk",
    "alicloud:ecs/eip:Eip",
    "alicloud:ecs/eipAddress:EipAddress",
    "alicloud:ecs/instance:Instance",
    "alicloud:ess/scalingConfiguration:ScalingConfiguration",
    "alicloud:kms/instance:Instance",
    "alicloud:kvstore/instance:Instance",
    "alicloud:log/project:Project",
    "alicloud:nas/fileSystem:FileSystem",
    "alicloud:nlb/loadBalancer:LoadBalancer",
    "alicloud:oss/bucket:Bucket",
    "alicloud:rds/instance:Instance",
    "alicloud:slb/applicationLoadBalancer:ApplicationLoadBalancer",
    "alicloud:slb/loadBalancer:LoadBalancer",
    "alicloud:vpc/natGateway:NatGateway",
}
"""What is paid for by itself and takes tags. Source: pulumi_alicloud 4.0.0."""


def tags_present(resource: Resource, view: View) -> Iterator[str]:
    """Yield which tags *resource* lacks; any one will do where none is required."""
    tags = resource.props.get("tags") or {}
    if resource.type not in _BILLED or tags is UNKNOWN or not isinstance(tags, Mapping):
        return
    required = view.options.get("required", ())
    missing = [name for name in required if not tags.get(name)]
    if missing:
        yield f"tags lack {', '.join(missing)}. Set {'them' if len(missing) > 1 else 'it'}: the bill is split by tags."
    elif not tags:
        yield "it has no tags, so nobody can tell whose bill it is. Set tags."
