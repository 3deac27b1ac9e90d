"""dockerd: the container engine as a service."""

import asyncio
import signal

from scripts.localcloud.machines.guest import wire
from scripts.localcloud.machines.guest.commands.options import Options
from scripts.localcloud.machines.guest.places import DOCKER_SOCKET


async def _serve() -> int:
    from scripts.localcloud.machines.guest.docker.engine import Engine  # noqa: PLC0415 - slow, and only the daemon needs it

    engine = Engine()
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = await wire.serve(DOCKER_SOCKET, engine.handle)
    await over.wait()
    server.close()
    await engine.shut_down()
    DOCKER_SOCKET.unlink(missing_ok=True)
    return 0


def main(_name: str, arguments: list[str]) -> int:
    """Serve until SIGTERM."""
    Options().read(arguments)
    return asyncio.run(_serve())
