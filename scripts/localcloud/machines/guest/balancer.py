"""A load balancer's first program: it leads what comes to its ports to pods."""

import asyncio
import ipaddress
import itertools
from typing import Any

from scripts.localcloud.machines.guest import boot, relay
from scripts.localcloud.machines.guest.places import machine, own
from scripts.localcloud.machines.guest.reach import Reach

_INSIDE = [
    ipaddress.IPv4Network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
]
"""Networks that may be a VPC's, as a rule may name them."""

Address = tuple[str, int]


class Balancer(boot.Boot):
    """Makes the machine a balancer."""

    def __init__(self) -> None:
        super().__init__(Reach([]))
        self._address: str = machine()["private_ip"]
        self._servers: dict[int, asyncio.Server] = {}

    async def begin(self) -> None:
        """Listen."""
        await self.follow()

    async def follow(self) -> None:
        """Listen at the ports that lead somewhere, and at no others."""
        wanted = {int(port) for port, told in own()["ports"].items() if told["targets"]}
        for gone in set(self._servers) - wanted:
            self._servers.pop(gone).close()
        for port in wanted - set(self._servers):
            self._servers[port] = await self._serve(port)

    async def end(self, grace_seconds: float | None) -> None:
        """Leave connections to their end: they die with the machine."""

    async def _serve(self, port: int) -> asyncio.Server:
        turns = itertools.count()

        def told() -> dict[str, Any]:
            here: dict[str, Any] = own()["ports"][str(port)]
            return here

        def allows(client: Address) -> bool:
            return client[0] == self._address or any(_covers(source, client[0]) for source in told()["sources"])

        async def dial() -> relay.Streams:
            here = told()
            target = here["targets"][next(turns) % len(here["targets"])]
            return await relay.to_tcp(target, here["target_port"])()

        return await relay.relay(relay.tcp_listener(self._address, port), dial, allows)


def _covers(source: str, client: str) -> bool:
    """Whether *source*, which says 10.1.0.0/16 of what is 127.x.0.0/16 on this host, has *client*."""
    network = ipaddress.IPv4Network(source)
    if not any(network.overlaps(inside) for inside in _INSIDE):
        return False
    first, second, _, _ = network.network_address.packed
    _, _, third, fourth = ipaddress.IPv4Address(client).packed
    return ipaddress.IPv4Address(bytes((first, second, third, fourth))) in network


def main() -> None:
    """Run the balancer until it is told to end."""
    boot.run(Balancer)
