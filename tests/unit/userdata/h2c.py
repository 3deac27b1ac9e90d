"""HTTP/2 without TLS, by hand: the client libraries here do not speak it, and they would tidy up a header's spaces."""

import socket
from collections.abc import Iterator, Mapping

STATUS = {b"\x88": 200, b"\x4e\x82\x68\x01": 401}
"""How HPACK writes the two answers: an index of its static table, and ":status" with a Huffman-coded 401."""


def post(port: int, path: str, headers: Mapping[str, str]) -> int:
    """Send an empty POST and return the status."""
    fields = {":method": "POST", ":scheme": "http", ":authority": "llm", ":path": path, **headers}
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields.items())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b"") + _frame(1, 5, 1, block))
        block = next(body for kind, body in _frames(line) if kind == 1)
    return next(status for start, status in STATUS.items() if block.startswith(start))


def _text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def _frames(line: socket.socket) -> Iterator[tuple[int, bytes]]:
    with line.makefile("rb") as data:
        while head := data.read(9):
            yield head[3], data.read(int.from_bytes(head[:3], "big"))
