"""What is in front of a cluster: the load balancers of its Services and where they lead."""

from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path

from scripts.localcloud import acls
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import ACL, SWITCH, VPC
from scripts.localcloud.kubernetes.controllers import balancers
from scripts.localcloud.kubernetes.controllers.events import warn
from scripts.localcloud.kubernetes.controllers.owned import hold, let_go
from scripts.localcloud.kubernetes.controllers.services import selected, target_port
from scripts.localcloud.kubernetes.controllers.status import is_going, is_ready
from scripts.localcloud.kubernetes.objects import Contents, Manifest
from scripts.localcloud.machines.pods import Pods
from scripts.localcloud.machines.pods.spec import ANYWHERE
from scripts.localcloud.machines.spec import MachineError
from scripts.localcloud.store import Store
from scripts.localcloud.world import Balancer, World

_HELD = "service.k8s.alibaba/resources"
Place = tuple[str, int]
Lead = tuple[tuple[str, ...], int, tuple[str, ...]]
"""Pods, their port, and who of the other pods may come."""
_NOWHERE: Lead = ((), 0, ())


class Front:
    """The load balancers of the Services of one cluster."""

    def __init__(self, home: Path, cluster_id: str, pods: Pods) -> None:
        self._home = home
        self._cluster_id = cluster_id
        self._pods = pods
        self._led: dict[Place, Lead] = {}
        self._settled: dict[str, Balancer | CloudError] = {}

    def look(self, cluster: Contents) -> None:
        """Have the load balancers that the Services of *cluster* ask for, and lead them to the pods that are ready."""
        wanted = [each for service in _alive(cluster) if (each := balancers.wanted_by(service))]
        self._settled = balancers.settle(self._home, self._cluster_id, wanted)
        world = Store(self._home).read()
        kept: set[str] = set()
        for service in _alive(cluster):
            balancer = self._settled.get(_name(service))
            if isinstance(balancer, Balancer):
                kept.add(balancer.address)
                closed = {place: _NOWHERE for place in self._led if place[0] == balancer.address}
                self._lead(service, closed | _leads(world, cluster, service, balancer))
        for address in {address for address, _ in self._led} - kept:
            self._pods.release(address)
        self._led = {place: lead for place, lead in self._led.items() if place[0] in kept}

    def tell(self, cluster: Contents, moment: datetime) -> None:
        """Write on the Services of *cluster* which address they have, or why none."""
        for service in cluster.all("Service"):
            settled = self._settled.get(_name(service))
            if isinstance(settled, Balancer) and not is_going(service):
                ingress = [{"ip": settled.address, "ipMode": "VIP"}]
                cluster.set_status(hold(cluster, service, _HELD), {"loadBalancer": {"ingress": ingress}})
            elif isinstance(settled, CloudError):
                warn(cluster, service, "SyncLoadBalancerFailed", f"Error syncing load balancer: {settled}", moment)
            elif settled is None and (is_going(service) or not balancers.wanted_by(service)):
                cluster.set_status(service, {"loadBalancer": {}})
                let_go(cluster, service, _HELD)

    def _lead(self, service: Manifest, leads: dict[Place, Lead]) -> None:
        try:
            for (address, port), lead in leads.items():
                if self._led.get((address, port)) != lead:
                    self._pods.listen(address, port, *lead)
                    self._led[address, port] = lead
        except MachineError as problem:
            self._settled[_name(service)] = CloudError("InternalError", str(problem))


def _name(service: Manifest) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _alive(cluster: Contents) -> list[Manifest]:
    return [service for service in cluster.all("Service") if not is_going(service)]


def _leads(world: World, cluster: Contents, service: Manifest, balancer: Balancer) -> dict[Place, Lead]:
    ready = [pod for pod in selected(cluster, service) if is_ready(pod)]
    found: dict[Place, Lead] = {}
    for port in service["spec"]["ports"]:
        sources = _sources(world, balancer, port["port"])
        targets = {pod["metadata"]["uid"]: target_port(port, pod) for pod in ready}
        numbers = {number for number in targets.values() if number is not None}
        lead = (tuple(targets), min(numbers, default=0), sources)
        found[balancer.address, port["port"]] = lead if sources else _NOWHERE
    return found


def _sources(world: World, balancer: Balancer, port: int) -> tuple[str, ...]:
    """Return who may come to *port*, as pods see addresses; nobody when the list leaves out who runs the program."""
    acl = world.find(ACL, balancer.acls.get(str(port), ""))
    if acl is None:
        return ANYWHERE
    switch = world.find(SWITCH, balancer.vswitch_id)
    vpc = None if switch is None else world.find(VPC, switch.text("vpcId"))
    if vpc is None:
        return ANYWHERE if acls.admits_internet(world, acl.id) else ()
    if not acls.admits_network(world, acl.id, vpc.text("cidrBlock")):
        return ()
    return tuple(_shown(entry, balancer.address) for entry in acls.entries(world, acl))


def _shown(cidr: str, neighbour: str) -> str:
    """Return where on this host the addresses of *cidr* are: in the part of the loopback network of *neighbour*."""
    network = ip_network(cidr)
    site = IPv4Network(f"{neighbour}/16", strict=False)
    if network.prefixlen <= site.prefixlen:
        return str(site)
    _, _, third, fourth = network.network_address.packed
    return f"{IPv4Address(int(site.network_address) + third * 256 + fourth)}/{network.prefixlen}"
