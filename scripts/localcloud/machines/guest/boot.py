"""What the first program of every kind of machine does."""

import asyncio
import os
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from scripts.localcloud.machines.guest import wire
from scripts.localcloud.machines.guest.places import INIT_SOCKET, base_environment
from scripts.localcloud.machines.guest.reach import Reach

REBOOT_STATUS = 42
"""Exit status that tells the host side to boot again."""


class Boot(ABC):
    """Boots, answers its supervisor until it is told to shut down, and holds what must live as long as the machine."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.operations: dict[str, Callable[[wire.Message], Awaitable[wire.Message]]] = {
            "ping": self._ping,
            "changed": self._changed,
            "shutdown": self._shutdown,
        }
        self._background: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @abstractmethod
    async def begin(self) -> None:
        """Make of the machine what it is; its network is there."""

    @abstractmethod
    async def follow(self) -> None:
        """Follow what the host side has changed."""

    @abstractmethod
    async def end(self, grace_seconds: float | None) -> None:
        """End what runs, which has *grace_seconds* of the machine's time for it, or as long as it wants."""

    async def run(self) -> int:
        """Boot, answer until told to shut down, and return the exit status."""
        await self.reach.open()
        await self.begin()
        server = await wire.serve(INIT_SOCKET, self._handle)
        try:
            return await self._over
        finally:
            server.close()

    def keep(self, work: Awaitable[None]) -> None:
        """Have *work* done in the background."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def finish(self, status: int) -> None:
        """Let `run` return *status*."""
        if not self._over.done():
            self._over.set_result(status)

    async def _handle(self, message: wire.Message) -> wire.Message:
        operation = self.operations.get(message["op"])
        if operation is None:
            raise ValueError(f"op: no such operation, {message['op']}.")
        return await operation(message)

    async def _ping(self, _message: wire.Message) -> wire.Message:
        return {}

    async def _changed(self, _message: wire.Message) -> wire.Message:
        await self.follow()
        await self.reach.follow()
        return {}

    async def _shutdown(self, message: wire.Message) -> wire.Message:
        self.keep(self._shut_down(message["status"], message.get("grace_seconds")))
        return {}

    async def _shut_down(self, status: int, grace_seconds: float | None) -> None:
        await self.end(grace_seconds)
        self.finish(status)


def run(kind: Callable[[], Boot]) -> None:
    """Run the machine until it is shut down."""

    async def work() -> int:
        return await kind().run()

    os.environ.clear()
    os.environ.update(base_environment())
    os.umask(0o022)
    socket.setdefaulttimeout(None)
    sys.exit(asyncio.run(work()))
