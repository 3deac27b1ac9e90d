"""A machine's first program: addresses, names, relays, services, user data, Cloud Assistant."""

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path

from scripts.localcloud.machines.guest import (
    agent,
    cloudinit,
    fence,
    gpus,
    interface,
    mounts,
    names,
    netlink,
    rdma,
    relay,
    wire,
)
from scripts.localcloud.machines.guest.places import (
    EXCHANGE,
    HTTPS_SOCKET,
    INBOUND_SOCKET,
    INIT_SOCKET,
    METADATA_SOCKET,
    SYSTEMD_SOCKET,
    base_environment,
    machine,
)
from scripts.localcloud.machines.guest.systemd.manager import Manager

REBOOT_STATUS = 42
"""Exit status that tells the host side to boot again."""


class Init:
    """Holds what must live as long as the machine."""

    def __init__(self) -> None:
        self._manager = Manager()
        self._servers: list[asyncio.Server] = []
        self._internet: asyncio.Server | None = None
        self._background: set[asyncio.Task[object]] = set()
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self) -> int:
        """Boot, answer until told to shut down, and return the exit status."""
        _prepare_folders()
        await self._network()
        self._servers.append(await wire.serve(SYSTEMD_SOCKET, self._manager.handle))
        mounts.apply_disks()
        gpus.make_devices()
        self._manager.boot()
        self._keep(asyncio.ensure_future(self._user_data()))
        self._servers.append(await wire.serve(INIT_SOCKET, self._handle))
        return await self._over

    def _keep(self, task: asyncio.Task[object]) -> None:
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _network(self) -> None:
        facts = machine()
        interface.plug_in(facts["private_ip"], facts["mtu"])
        netlink.add_address("lo", names.METADATA_ADDRESS)
        netlink.add_address("lo", names.VPC_ADDRESS)
        for address, port, target in (
            (names.METADATA_ADDRESS, 80, METADATA_SOCKET),
            (names.VPC_ADDRESS, 443, HTTPS_SOCKET),
        ):
            self._servers.append(await self._relay(address, port, target))
        await self._set_internet()
        await names.serve_names(names.datagram_socket(names.RESOLVER_ADDRESS), names.cloud_address)
        self._servers.append(await asyncio.start_unix_server(_inbound, sock=wire.listening(INBOUND_SOCKET)))

    async def _relay(self, address: str, port: int, target: Path) -> asyncio.Server:
        def allows(client: tuple[str, int]) -> bool:
            return not fence.forbids(client, (address, port))

        return await relay.relay(relay.tcp_listener(address, port), relay.to_unix(target), allows)

    async def _set_internet(self) -> None:
        """Follow machine.json: with egress the internet hosts have an address, without it they are unreachable."""
        wanted = machine()["internet"]
        if wanted and self._internet is None:
            netlink.add_address("lo", names.INTERNET_ADDRESS)
            self._internet = await self._relay(names.INTERNET_ADDRESS, 443, HTTPS_SOCKET)
        elif not wanted and self._internet is not None:
            self._internet.close()
            self._internet = None
            netlink.remove_address("lo", names.INTERNET_ADDRESS)

    async def _user_data(self) -> None:
        if machine()["faults"].get("never_boots"):
            return
        text = (EXCHANGE / "user-data").read_text()
        await asyncio.to_thread(cloudinit.run, text, machine()["instance_id"])
        self._manager.user_data_done.set()

    async def _handle(self, message: wire.Message) -> wire.Message:
        match message["op"]:
            case "ping":
                return {}
            case "command":
                return await agent.run(message["script"], message["timeout_seconds"])
            case "changed":
                mounts.apply_disks()
                rdma.follow()
                await self._set_internet()
                return {}
            case "shutdown":
                self._keep(asyncio.ensure_future(self._shut_down(message["status"])))
                return {}
            case unknown:
                raise ValueError(f"op: no such operation, {unknown}.")

    async def _shut_down(self, status: int) -> None:
        await self._manager.shut_down()
        if not self._over.done():
            self._over.set_result(status)


def _prepare_folders() -> None:
    for folder in ("/run/systemd/system", "/run/lock", "/run/cloud-init", "/var/log/journal"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    Path("/tmp").chmod(0o1777)  # noqa: S108 - the machine's own


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


async def _main() -> int:
    return await Init().run()


def main() -> None:
    """Run the machine until it is shut down."""
    os.environ.clear()
    os.environ.update(base_environment())
    os.umask(0o022)
    socket.setdefaulttimeout(None)
    sys.exit(asyncio.run(_main()))
