"""The network interfaces of an instance: its primary one, the one made beside it, and those attached to it."""

from dataclasses import dataclass

from scripts.localcloud.kinds import NETWORK_INTERFACE, NETWORK_INTERFACE_ATTACHMENT
from scripts.localcloud.values import Values, number, text
from scripts.localcloud.world import Record, World


@dataclass(frozen=True)
class Interface:
    """One network interface; *queue_pairs* is 0 where nobody chose a number."""

    name: str
    card: int
    rdma: bool
    queue_pairs: int = 0


def interfaces(world: World, instance_id: str, properties: Values) -> list[Interface]:
    """Return the interfaces of an instance with *properties*, the primary one first."""
    found = [_interface("the primary interface", properties)]
    second = properties.get("networkInterfaces")
    if isinstance(second, dict) and second:
        found.append(_interface("networkInterfaces", second))
    for link in world.where(NETWORK_INTERFACE_ATTACHMENT, "instanceId", instance_id):
        attached = world.find(NETWORK_INTERFACE, link.text("networkInterfaceId"))
        if attached is not None:
            found.append(of_record(attached, link.properties))
    return found


def of_record(interface: Record, link: Values) -> Interface:
    """Return *interface* as the attachment with the properties *link* puts it on an instance."""
    return _interface(interface.id, interface.properties | {"networkCardIndex": number(link, "networkCardIndex")})


def rdma_devices(world: World, instance: Record) -> int:
    """Return how many of the interfaces of *instance* carry RDMA."""
    return sum(interface.rdma for interface in interfaces(world, instance.id, instance.properties))


def _interface(name: str, properties: Values) -> Interface:
    rdma = text(properties, "networkInterfaceTrafficMode") == "HighPerformance"
    return Interface(name, number(properties, "networkCardIndex"), rdma, number(properties, "queuePairNumber"))
