"""A stub engine that takes exactly the time it is told to; its own process, so that it shares no interpreter."""

import asyncio
import json
import sys
import time
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWER = json.dumps({"choices": [{"message": {"role": "assistant", "content": "word " * 16}}]}).encode()


class Engine(asyncio.Protocol):
    """
    One connection.

    A request says ``max_tokens``, ``stream`` and, for the bench, ``first_seconds`` (until the answer or its first
    chunk) and ``gap_seconds`` (between chunks). Every chunk says on the monotonic clock when it was sent.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # what a TCP server hands over
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        if not end or len(body) < length:
            return
        self.buffer = body[length:]
        self._answer(json.loads(body[:length]))

    def _answer(self, request: dict[str, Any]) -> None:
        loop, start = asyncio.get_running_loop(), asyncio.get_running_loop().time() + request["first_seconds"]
        if not request["stream"]:
            loop.call_at(start, self.transport.write, HEAD % (len(ANSWER), ANSWER))
            return
        loop.call_at(start, self._chunk, STREAM_HEAD, request["max_tokens"], start, request["gap_seconds"])

    def _chunk(self, head: bytes, left: int, due: float, gap: float) -> None:
        sent = b'data: {"sent": %.6f, "choices": [{"index": 0, "delta": {"content": "word "}}]}\n\n' % time.monotonic()
        if left == 1:
            self.transport.write(head + _framed(sent) + _framed(b"data: [DONE]\n\n") + _framed(b""))
            return
        self.transport.write(head + _framed(sent))
        asyncio.get_running_loop().call_at(due + gap, self._chunk, b"", left - 1, due + gap, gap)


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def main() -> None:
    """Print the port and serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Engine, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
