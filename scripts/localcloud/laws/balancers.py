"""Load balancers that clusters make: for their API servers, and for Services of type LoadBalancer."""

from pathlib import Path

from scripts.localcloud import addresses
from scripts.localcloud.kinds import EIP_ASSOCIATION, SWITCH
from scripts.localcloud.laws.placement import free_address
from scripts.localcloud.values import strings
from scripts.localcloud.world import Balancer, Record, World


def add(
    world: World, home: Path, cluster: Record, acls: dict[str, str], service: str = "", *, public: bool = False
) -> Balancer:
    """
    Give *cluster* a CLB, for its API server unless *service* is named; its address is public or on its first switch.

    *acls* are the ports it listens on, each with its white list or an empty text.

    Raises:
        CloudError: The switch has no address left.

    """
    switch = world.need(SWITCH, strings(cluster.properties, "vswitchIds")[0], "InvalidVSwitchId.NotFound")
    if public:
        address = addresses.public(addresses.site_of(home), world.count("public"))
    else:
        address = free_address(world, home, switch)
    balancer = Balancer(
        id=world.new_id("lb", cluster.region),
        region=cluster.region,
        cluster=cluster.id,
        address=address,
        vswitch_id="" if public else switch.id,
        service=service,
        acls=acls,
    )
    world.balancers.append(balancer)
    return balancer


def remove(world: World, balancer: Balancer) -> None:
    """Take *balancer* away, and the EIP from it."""
    world.balancers.remove(balancer)
    for link in list(world.where(EIP_ASSOCIATION, "instanceId", balancer.id)):
        world.remove(link)
