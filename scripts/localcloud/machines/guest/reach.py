"""What a machine reaches and what reaches it: its interface, the cloud's hosts and their names."""

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path

from scripts.localcloud.machines.guest import fence, interface, names, netlink, relay, wire
from scripts.localcloud.machines.guest.places import HTTPS_SOCKET, INBOUND_SOCKET, machine

Host = tuple[str, int, Path]
"""Address and port of a host of the cloud, and the socket where it is served."""

VPC_HOST: Host = (names.VPC_ADDRESS, 443, HTTPS_SOCKET)


class Reach:
    """The network of this machine; *hosts* are always there, those of the internet as long as there is a way out."""

    def __init__(self, hosts: Iterable[Host], resolve: names.Resolve = names.cloud_address) -> None:
        self._hosts = hosts
        self._resolve = resolve
        self._servers: list[asyncio.Server] = []
        self._internet: asyncio.Server | None = None

    async def open(self) -> None:
        """Plug the machine in and serve what it finds there."""
        facts = machine()
        interface.plug_in(facts["private_ip"], facts["mtu"])
        for address, port, target in self._hosts:
            netlink.add_address("lo", address)
            self._servers.append(await _relay(address, port, target))
        await self.follow()
        await names.serve_names(names.datagram_socket(names.RESOLVER_ADDRESS), self._resolve)
        self._servers.append(await asyncio.start_unix_server(_inbound, sock=wire.listening(INBOUND_SOCKET)))

    async def follow(self) -> None:
        """Follow machine.json: with egress the internet hosts have an address, without it they are unreachable."""
        wanted = machine()["internet"]
        if wanted and self._internet is None:
            netlink.add_address("lo", names.INTERNET_ADDRESS)
            self._internet = await _relay(names.INTERNET_ADDRESS, 443, HTTPS_SOCKET)
        elif not wanted and self._internet is not None:
            self._internet.close()
            self._internet = None
            netlink.remove_address("lo", names.INTERNET_ADDRESS)


async def _relay(address: str, port: int, target: Path) -> asyncio.Server:
    def allows(client: tuple[str, int]) -> bool:
        return not fence.forbids(client, (address, port))

    return await relay.relay(relay.tcp_listener(address, port), relay.to_unix(target), allows)


async def _inbound(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection from outside: the first line is the port that it came for."""
    try:
        port = int(await reader.readline())
        other = await relay.to_tcp(machine()["private_ip"], port)()
    except (OSError, ValueError):
        writer.transport.abort()
        return
    with contextlib.suppress(OSError):
        await relay.join((reader, writer), other)
