"""A cluster that somebody else made, for stacks that are given one."""

from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.values import Value, Values
from scripts.localcloud.world import Record

_PLACE = Target("cn-hangzhou")


def theirs(cloud: Cloud, **given: Value) -> str:
    """Return the id of a cluster in a network with a way out; *given* changes its inputs."""
    network = _make(cloud, "vpc/network:Network", cidrBlock="10.0.0.0/16")
    switch = _make(cloud, "vpc/switch:Switch", vpcId=network.id, cidrBlock="10.0.0.0/24", zoneId="cn-hangzhou-i")
    _way_out(cloud, network, switch)
    wanted: Values = {
        "name": "theirs",
        "profile": "Acs",
        "enableRrsa": True,
        "vswitchIds": [switch.id],
        "newNatGateway": False,
        "slbInternetEnabled": False,
        "serviceCidr": "172.21.0.0/20",
    }
    return _make(cloud, "cs/managedKubernetes:ManagedKubernetes", **wanted | given).id


def _way_out(cloud: Cloud, network: Record, switch: Record) -> None:
    gateway = _make(
        cloud,
        "vpc/natGateway:NatGateway",
        vpcId=network.id,
        vswitchId=switch.id,
        natType="Enhanced",
        paymentType="PayAsYouGo",
    )
    address = _make(cloud, "ecs/eipAddress:EipAddress")
    _make(
        cloud,
        "ecs/eipAssociation:EipAssociation",
        allocationId=address.id,
        instanceId=gateway.id,
        instanceType="Nat",
    )
    _make(
        cloud,
        "vpc/snatEntry:SnatEntry",
        snatTableId=gateway.text("snatTableIds"),
        sourceVswitchId=switch.id,
        snatIp=address.text("ipAddress"),
    )


def _make(cloud: Cloud, kind: str, **inputs: Value) -> Record:
    return cloud.create(f"alicloud:{kind}", inputs, frozenset(), _PLACE)
