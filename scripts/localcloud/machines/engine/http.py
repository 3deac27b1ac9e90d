"""A small HTTP/1.1 server on asyncio: requests as values, answers whole or as a stream."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

HEAD_BYTES = 64 * 1024
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Request:
    """One request; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Return the decoded path."""
        return unquote(urlsplit(self.target).path)

    def json(self) -> dict[str, Any]:
        """
        Return the body as a JSON object.

        Raises:
            ValueError: It is none.
        """
        value = json.loads(self.body or b"null")
        if not isinstance(value, dict):
            raise ValueError("the body must be a JSON object")  # noqa: TRY004 - one error for whatever is no such body
        return value


@dataclass(frozen=True)
class Answer:
    """One answer: *body*, or *stream* chunk by chunk."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    stream: AsyncIterator[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def as_json(status: int, value: object) -> Answer:
    """Return *value* as a JSON answer."""
    return Answer(status, json.dumps(value).encode())


def text(status: int, content: str, kind: str = "text/plain; charset=utf-8") -> Answer:
    """Return *content* as an answer."""
    return Answer(status, content.encode(), kind)


Handle = Callable[[Request], Awaitable[Answer]]


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunked(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


async def _write(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> None:
    length = "transfer-encoding: chunked" if answer.stream else f"content-length: {len(answer.body)}"
    extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    reason = REASONS.get(answer.status, "Unknown")
    fixed = f"server: uvicorn\r\ncontent-type: {answer.kind}\r\n{length}\r\n"
    writer.write(f"HTTP/1.1 {answer.status} {reason}\r\n{fixed}{extra}\r\n".encode())
    if answer.stream is None:
        writer.write(b"" if request.method == "HEAD" else answer.body)
        await writer.drain()
        return
    async for chunk in answer.stream:
        writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def serve(host: str, port: int, handle: Handle, tls: ssl.SSLContext | None = None) -> asyncio.Server:
    """Listen on *host*:*port* and answer with *handle*."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            while request := await _read(reader):
                await _write(writer, request, await handle(request))
                if request.headers.get("connection", "").lower() == "close":
                    return

    return await asyncio.start_server(talk, host, port, limit=HEAD_BYTES, ssl=tls, reuse_port=True)
