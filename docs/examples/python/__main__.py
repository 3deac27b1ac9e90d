"""Two models behind one VPC of the team's own, each under a private DNS name."""

import pulumi
import pulumi_alicloud as alicloud
from network import CIDR, network

from components import SingleEcsLlm, SingleEcsLlmArgs

TAGS = {"team": "platform", "cost-center": "4711"}
GROUPED = {
    "alicloud:ecs/eipAddress:EipAddress",
    "alicloud:ecs/ecsDisk:EcsDisk",
    "alicloud:ecs/instance:Instance",
    "alicloud:ecs/securityGroup:SecurityGroup",
}
"""Resources that a resource group takes."""

config = pulumi.Config()
domain = config.require("domain")
models = config.require_object("models")
group = config.get("resourceGroupId")


def in_group(resource: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Put what a component creates into the team's resource group, for which the component has no argument."""
    if group is None or resource.type_ not in GROUPED:
        return None
    return pulumi.ResourceTransformResult({**resource.props, "resourceGroupId": group}, resource.opts)


def by_name(endpoint: SingleEcsLlm, name: str) -> pulumi.Output[str]:
    """Return the endpoint's URL as the VPC knows it."""
    known = pulumi.Output.all(endpoint.endpoint, endpoint.address)
    return known.apply(lambda both: both[0].replace(both[1], f"{name}.{domain}"))


net = network((given["zoneId"] for given in models.values()), TAGS)
zone = alicloud.pvtz.Zone("names", zone_name=domain, tags=TAGS)
alicloud.pvtz.ZoneAttachment("names", zone_id=zone.id, vpcs=[{"vpc_id": net.vpc_id}])

for name, given in models.items():
    own = {
        "vpcId": net.vpc_id,
        "vswitchId": net.vswitch_ids[given["zoneId"]],
        "privateAllowedCidrs": [CIDR],
        "physicalName": f"acme-{name}",
        "tags": TAGS | {"model": name},
    }
    endpoint = SingleEcsLlm(
        name,
        SingleEcsLlmArgs.from_config(own | given),
        pulumi.ResourceOptions(depends_on=net.way_out, transforms=[in_group]),
    )
    alicloud.pvtz.ZoneRecord(name, zone_id=zone.id, rr=name, type="A", value=endpoint.address, ttl=60)
    pulumi.export(f"{name}Endpoint", endpoint.endpoint)
    pulumi.export(f"{name}Url", by_name(endpoint, name))
    pulumi.export(f"{name}Key", endpoint.api_key)
