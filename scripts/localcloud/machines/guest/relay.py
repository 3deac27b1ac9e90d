"""Join two byte streams: what stands for a network between namespaces."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from scripts.localcloud.machines.guest.wire import connected

_AT_ONCE = struct.pack("ii", 1, 0)
CHUNK_BYTES = 256 * 1024
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Streams]]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without the orderly goodbye, so that the peer sees a reset and not an empty answer."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


async def join(left: Streams, right: Streams) -> None:
    """Copy both ways until both sides have ended; a broken side breaks the other."""
    copies = [
        asyncio.ensure_future(_copy(left[0], right[1])),
        asyncio.ensure_future(_copy(right[0], left[1])),
    ]
    try:
        await asyncio.gather(*copies)
    except OSError:
        for copy in copies:
            copy.cancel()
        _reset(left[1])
        _reset(right[1])
    finally:
        await asyncio.gather(*copies, return_exceptions=True)
        left[1].close()
        right[1].close()


def _anybody(_client: tuple[str, int]) -> bool:
    return True


async def relay(
    listener: socket.socket, dial: Dial, allows: Callable[[tuple[str, int]], bool] = _anybody
) -> asyncio.Server:
    """Join every connection that *listener* accepts to one that *dial* opens; resets it when it may not or cannot."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not allows(writer.get_extra_info("peername")):
            _reset(writer)
            return
        try:
            other = await dial()
        except OSError:
            _reset(writer)
            return
        with contextlib.suppress(OSError):
            await join((reader, writer), other)

    return await asyncio.start_server(accept, sock=listener, limit=CHUNK_BYTES)


def to_unix(path: Path, greeting: bytes = b"") -> Dial:
    """Return a dial to the unix socket *path* that says *greeting* first."""

    async def dial() -> Streams:
        client = connected(path)
        client.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        streams = await asyncio.open_unix_connection(sock=client, limit=CHUNK_BYTES)
        streams[1].write(greeting)
        return streams

    return dial


def to_tcp(address: str, port: int) -> Dial:
    """Return a dial to *address*:*port*."""

    async def dial() -> Streams:
        return await asyncio.open_connection(address, port, limit=CHUNK_BYTES)

    return dial


def tcp_listener(address: str, port: int) -> socket.socket:
    """
    Return a TCP socket listening on *address*:*port* in the caller's network namespace.

    Raises:
        OSError: The port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError:
        listener.close()
        raise
    listener.listen(512)
    listener.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return listener
