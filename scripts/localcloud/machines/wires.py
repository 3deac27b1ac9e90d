"""Loopback listeners of the laptop that lead into a machine: what security group and EIP let through."""

import asyncio

from scripts.localcloud.machines.guest import relay
from scripts.localcloud.machines.guest.places import INBOUND_SOCKET
from scripts.localcloud.machines.layout import Place

Listener = tuple[str, int]


class Wires:
    """The open listeners of one machine."""

    def __init__(self, place: Place) -> None:
        self._inbound = place.exchange / INBOUND_SOCKET.name
        self._open: dict[Listener, asyncio.Server] = {}

    async def set(self, wanted: set[Listener]) -> None:
        """
        Listen on exactly *wanted*.

        Raises:
            OSError: An address is taken by another program, or not of this host.
        """
        for gone in set(self._open) - wanted:
            self._open.pop(gone).close()
        for address, port in sorted(wanted - set(self._open)):
            try:
                listener = relay.tcp_listener(address, port)
            except OSError as problem:
                raise OSError(f"cannot listen on {address}:{port}: {problem.strerror}") from problem
            dial = relay.to_unix(self._inbound, f"{port}\n".encode())
            self._open[address, port] = await relay.relay(listener, dial)
