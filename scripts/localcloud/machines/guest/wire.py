"""One JSON object per line over a unix socket: how the parts of a machine talk."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

Message = dict[str, Any]
Handler = Callable[[Message], Awaitable[Message]]
LINE_LIMIT_BYTES = 32 * 1024 * 1024
"""Longest message, in bytes: user data and command output travel in one line."""


class WireError(Exception):
    """The other side refused a request; the text is its sentence."""


@contextlib.contextmanager
def short_name(path: Path) -> Iterator[str]:
    """Yield a name of *path* that fits the kernel's 107 bytes for a socket address, however deep the folder is."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listening(path: Path) -> socket.socket:
    """Return a listening socket at *path*, replacing what a dead process left there."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_name(path) as name:
        listener.bind(name)
    listener.listen(128)
    return listener


def connected(path: Path) -> socket.socket:
    """
    Return a socket connected to *path*.

    Raises:
        OSError: Nobody listens there.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_name(path) as name:
            client.connect(name)
    except OSError:
        client.close()
        raise
    return client


def request(path: Path, message: Message) -> Message:
    """
    Send *message* to the server at *path* and return its answer; waits as long as the answer takes.

    Raises:
        OSError: Nobody listens, or the server went away.
        WireError: The server refused.
    """
    with connected(path) as client, client.makefile("rwb") as stream:
        stream.write(json.dumps(message).encode() + b"\n")
        stream.flush()
        line = stream.readline()
    if not line:
        raise ConnectionResetError(f"{path.name}: closed without an answer")
    answer: Message = json.loads(line)
    if "error" in answer:
        raise WireError(str(answer["error"]))
    return answer


async def serve(path: Path, handle: Handler) -> asyncio.Server:
    """Answer requests at *path*; a WireError or ValueError of *handle* becomes the caller's WireError."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                try:
                    answer = await handle(json.loads(line))
                except (WireError, ValueError, OSError) as problem:
                    answer = {"error": str(problem)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()

    return await asyncio.start_unix_server(talk, sock=listening(path), limit=LINE_LIMIT_BYTES)
