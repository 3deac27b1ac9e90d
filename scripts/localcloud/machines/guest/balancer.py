"""A load balancer's first program: it leads what comes to its ports to pods."""

import asyncio
import ipaddress
import itertools
from typing import Any

from scripts.localcloud.machines.guest import boot, relay
from scripts.localcloud.machines.guest.places import machine, own
from scripts.localcloud.machines.guest.reach import Reach

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
            come = ipaddress.IPv4Address(client[0])
            return client[0] == self._address or any(
                come in ipaddress.IPv4Network(source) for source in told()["sources"]
            )

        async def dial() -> relay.Streams:
            here = told()
            target = here["targets"][next(turns) % len(here["targets"])]
            return await relay.to_tcp(target, here["target_port"])()

        return await relay.relay(relay.tcp_listener(self._address, port), dial, allows)


def main() -> None:
    """Run the balancer until it is told to end."""
    boot.run(Balancer)
