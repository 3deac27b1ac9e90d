"""HTTP requests and answers as plain values, so that each host is a function."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """One request: *path* decoded and without query, *raw_path* as it was sent, header names in lower case."""

    method: str
    raw_path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """Return the decoded path."""
        return unquote(urlsplit(self.raw_path).path)

    @property
    def query(self) -> dict[str, str]:
        """Return the decoded query; of a repeated name the last counts."""
        return dict(parse_qsl(urlsplit(self.raw_path).query, keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """One answer; *body* is sent chunk by chunk and *length* is what Content-Length promises."""

    status: int
    body: Iterable[bytes] = ()
    length: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A service refuses: HTTP status, vendor code, vendor text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def text(status: int, content: str, kind: str = "text/plain") -> Answer:
    """Return *content* as an answer."""
    raw = content.encode()
    return Answer(status, [raw], len(raw), {"Content-Type": kind})


def as_json(status: int, value: object) -> Answer:
    """Return *value* as a JSON answer."""
    return text(status, json.dumps(value), "application/json")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """
    Return first and one-past-last byte of a Range *header* over *size* bytes, None without a header.

    Raises:
        ValueError: The range cannot be satisfied.
    """
    if header is None or not header.startswith("bytes="):
        return None
    first, _, last = header.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1, size) if first and last else size
    if start >= size or start >= end:
        raise ValueError(f"{header} of {size} bytes")
    return start, end
