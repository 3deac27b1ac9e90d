"""Put many connections of chat completions on one port and note when every chunk arrives."""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field

LENGTH = re.compile(rb"content-length: ?(\d+)", re.IGNORECASE)
SENT = re.compile(rb'"sent": ([0-9.]+)')


@dataclass(frozen=True)
class Load:
    """What every connection asks, one request after the other."""

    connections: int
    requests: int
    """Requests per connection."""
    first_seconds: float
    gap_seconds: float = 0
    tokens: int = 1

    @property
    def body(self) -> bytes:
        """The request as JSON, with the times that the stub engine takes."""
        return json.dumps(
            {
                "model": "bench",
                "messages": [{"role": "user", "content": "word " * 20}],
                "max_tokens": self.tokens,
                "stream": self.tokens > 1,
                "first_seconds": self.first_seconds,
                "gap_seconds": self.gap_seconds,
            }
        ).encode()


@dataclass
class Measured:
    """What one run of a load saw; all times in seconds."""

    wall: float = 0
    answers: int = 0
    """Requests, or chunks of streams."""
    first: list[float] = field(default_factory=list)
    """From a request to the first byte of its answer."""
    delays: list[float] = field(default_factory=list)
    """From the moment the engine sends a chunk to its arrival."""
    gaps: list[float] = field(default_factory=list)
    """Between the chunks of one stream."""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.wall


class Connection(asyncio.Protocol):
    """One connection that sends its next request when an answer is complete."""

    def __init__(self, request: bytes, count: int, measured: Measured) -> None:
        self.request, self.left, self.measured = request, count, measured
        self.asked, self.last, self.answer = 0.0, 0.0, b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # what a TCP client gets
        self.transport = transport
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail when the other side hangs up before the last answer."""
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"hung up with {self.left} requests to go: {error}"))

    def data_received(self, data: bytes) -> None:
        """Note the arrival, and go on when the answer is complete."""
        now = time.monotonic()
        if not self.answer:
            self.measured.first.append(now - self.asked)
        for sent in SENT.findall(data):
            self.measured.delays.append(now - float(sent))
            self.measured.gaps += [now - self.last] if self.last else []
            self.last = now
        self.answer += data
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if end and not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(ConnectionError(self.answer[:300].decode()))
            self.transport.close()
        elif end and _complete(head, body):
            self._next()

    def _send(self) -> None:
        self.answer, self.last, self.asked = b"", 0.0, time.monotonic()
        self.transport.write(self.request)

    def _next(self) -> None:
        self.left -= 1
        if self.left:
            self._send()
        else:
            self.done.set_result(None)
            self.transport.close()


def _complete(head: bytes, body: bytes) -> bool:
    length = LENGTH.search(head)
    return len(body) == int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def run(load: Load, port: int, key: str) -> Measured:
    """
    Put *load* on *port* of loopback and return what came back.

    Raises:
        ConnectionError: An answer is no 200, or a connection ends early.
    """
    return asyncio.run(_run(load, port, key))


async def _run(load: Load, port: int, key: str) -> Measured:
    measured, body = Measured(), load.body
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (key.encode(), len(body), body)
    )
    loop, start = asyncio.get_running_loop(), time.monotonic()
    opened = [
        await loop.create_connection(lambda: Connection(request, load.requests, measured), "127.0.0.1", port)
        for _ in range(load.connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    measured.answers = load.connections * load.requests * load.tokens
    measured.wall = time.monotonic() - start
    return measured
