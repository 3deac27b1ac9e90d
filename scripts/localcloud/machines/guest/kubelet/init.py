"""A pod's first program: its volumes, its init containers, its containers, and what it says of itself."""

import asyncio
import json
import sys
from pathlib import Path

from scripts.localcloud.machines.guest import boot, gpus, names, rdma, wire
from scripts.localcloud.machines.guest.kubelet import state
from scripts.localcloud.machines.guest.kubelet.life import Life
from scripts.localcloud.machines.guest.kubelet.pod import ConfigError, Manifest, Pod
from scripts.localcloud.machines.guest.kubelet.volumes import Volumes
from scripts.localcloud.machines.guest.places import HTTPS_SOCKET, NAMES_SOCKET, STATUS, machine
from scripts.localcloud.machines.guest.reach import VPC_HOST, Reach

DOMAIN = "cluster.local"
RESOLVER = """\
nameserver {address}
search {namespace}.svc.{domain} svc.{domain} {domain}
options ndots:5
"""


class Kubelet(boot.Boot):
    """Makes the machine a pod, and ends it with the last container that is not to run again."""

    def __init__(self) -> None:
        super().__init__(Reach([VPC_HOST, (names.API_ADDRESS, 443, HTTPS_SOCKET)], _address))
        self._pod = Pod()
        self._begun = state.now()
        restart = self._pod.spec.get("restartPolicy", "Always")
        self._inits = self._lives("initContainers", "Never" if restart == "Never" else "OnFailure")
        self._containers = self._lives("containers", restart)
        self._noticed = asyncio.Event()
        self.operations["ping"] = self._greet

    def _lives(self, kind: str, restart: str) -> list[Life]:
        return [Life(self._pod, one, restart, self._write) for one in self._pod.spec.get(kind, [])]

    async def begin(self) -> None:
        """Start the containers in the background."""
        self._write_resolver()
        gpus.make_devices()
        if machine()["rdma_devices"]:
            rdma.load("Y")
        self._write()
        self.keep(self._live())

    def _write_resolver(self) -> None:
        text = RESOLVER.format(address=names.RESOLVER_ADDRESS, namespace=self._pod.namespace, domain=DOMAIN)
        Path("/etc/resolv.conf").write_text(text)

    async def follow(self) -> None:
        """Change nothing: a pod's devices stay."""

    async def end(self, grace_seconds: float | None) -> None:
        """End every container."""
        grace = self._pod.grace_seconds if grace_seconds is None else grace_seconds
        await asyncio.gather(*(one.stop(grace) for one in [*self._inits, *self._containers]))

    async def _greet(self, _message: wire.Message) -> wire.Message:
        self._noticed.set()
        return {}

    async def _live(self) -> None:
        volumes = Volumes(self._pod)
        try:
            volumes.make()
        except ConfigError as problem:
            sys.stderr.write(f"Warning FailedMount: {problem}\n")
            for one in self._containers:
                one.set(state.waiting("ContainerCreating"))
            return
        for one in self._inits:
            if await one.live(volumes):
                break
        else:
            await asyncio.gather(*(one.live(volumes) for one in self._containers))
        await self._noticed.wait()
        self.finish(0)

    def _write(self) -> None:
        """Let the host side see how things are."""
        status: Manifest = state.of_pod(self._pod, self._begun, self._inits, self._containers)
        draft = STATUS.with_suffix(".new")
        draft.write_text(json.dumps(status))
        draft.replace(STATUS)


def _address(name: str) -> str | None:
    """Return the address of a host of the cloud, of the cluster's API, or of what the cluster has given a name."""
    if not name.endswith(f".{DOMAIN}"):
        return names.cloud_address(name)
    if name == f"kubernetes.default.svc.{DOMAIN}":
        return names.API_ADDRESS
    found: str | None = wire.request(NAMES_SOCKET, {"name": name})["address"]
    return found


def main() -> None:
    """Run the pod until it ends or is told to."""
    boot.run(Kubelet)
