"""Where a cluster is: what its cloud says about the network, the hardware and the faults around its pods."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from scripts.localcloud import addresses, exposure, faults
from scripts.localcloud.kinds import CLUSTER, INSTANCE, NETWORK_INTERFACE, SWITCH
from scripts.localcloud.kubernetes.controllers.hardware import hardware_of
from scripts.localcloud.kubernetes.controllers.mounts import NotMountableError, objects_of, volumes_of
from scripts.localcloud.kubernetes.controllers.owned import workload_of
from scripts.localcloud.kubernetes.objects import Contents, Manifest
from scripts.localcloud.machines.layout import network_folder
from scripts.localcloud.machines.pods import PodFacts
from scripts.localcloud.store import Store
from scripts.localcloud.values import strings
from scripts.localcloud.world import Record, World


class Site:
    """The surroundings of the cluster *cluster_id* in the cloud at *home*."""

    def __init__(self, home: Path, cluster_id: str) -> None:
        self._home = home
        self._cluster_id = cluster_id
        self._site = addresses.site_of(home)
        self._given: dict[str, str] = {}

    def facts(self, cluster: Contents, pod: Manifest) -> PodFacts:
        """
        Return what *pod* of *cluster* finds around it.

        Raises:
            NotMountableError: What it mounts is not there yet.

        """
        objects, volumes = objects_of(cluster, pod), volumes_of(cluster, pod)
        world = Store(self._home).read()
        switch, hardware, asked = self._switch(world), hardware_of(pod), faults.read(self._home)
        return PodFacts(
            cluster_id=self._cluster_id,
            region=switch.region,
            zone=switch.text("zoneId"),
            address=self._address(world, cluster, switch, pod),
            gpu_name=hardware.gpu_name,
            gpu_memory_mib=hardware.gpu_memory_mib,
            rdma_devices=hardware.rdma_devices,
            internet=exposure.routed(world, switch),
            objects=objects,
            volumes=volumes,
            faults=asked.of_machine(workload_of(cluster, pod)) | asked.of_machine(pod["metadata"]["name"]),
        )

    def _switch(self, world: World) -> Record:
        cluster = world.find(CLUSTER, self._cluster_id)
        switch = None if cluster is None else world.find(SWITCH, strings(cluster.properties, "vswitchIds")[0])
        if switch is None:
            raise NotMountableError("the cluster's vSwitch is gone")
        return switch

    def _address(self, world: World, cluster: Contents, switch: Record, pod: Manifest) -> str:
        """Return an address of *switch*, from its end: instances are given those from its start."""
        living = {each["metadata"]["uid"] for each in cluster.all("Pod")}
        self._given = {uid: address for uid, address in self._given.items() if uid in living}
        taken = {each.get("status", {}).get("podIP", "") for each in cluster.all("Pod")} | set(self._given.values())
        taken |= {machine.name for machine in network_folder(self._home).glob("*")}
        taken |= {each.address for each in world.balancers}
        taken |= {each.text("primaryIpAddress") for kind in (INSTANCE, NETWORK_INTERFACE) for each in world.all(kind)}
        for address in _from_the_end(IPv4Network(switch.text("cidrBlock"))):
            local = addresses.private(self._site, address)
            if local not in taken and not addresses.is_public(local):
                return self._given.setdefault(pod["metadata"]["uid"], local)
        raise NotMountableError(f"{switch.id} has no address left")


def _from_the_end(network: IPv4Network) -> Iterator[IPv4Address]:
    last = network.num_addresses - 2
    return (network.network_address + offset for offset in range(last, addresses.RESERVED_HOSTS - 1, -1))
