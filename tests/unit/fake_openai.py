"""A small OpenAI server on loopback, for the tests of the clients; every way to be wrong is a field of it."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

SENTINEL = "sk-sentinel-9f3b1c"
"""The key of every test: found in an output, it is a leak."""
WORDS = [f"word{number} " for number in range(24)]


@dataclass
class FakeOpenAI:
    """What the server does right by default, and what a test may break; ``with`` starts and stops it."""

    key: str = SENTINEL
    models: tuple[str, ...] = ("tiny",)
    takes_no_key: bool = False
    takes_any_key: bool = False
    open_paths: tuple[str, ...] = ()
    buffered: bool = False
    breaks_off: bool = False
    hangs_after: str = ""
    complains: str = ""
    reasoning_field: str = "reasoning"
    token_seconds: float = 0.002
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Base URL ending in ``/v1``."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def deltas(self) -> Iterator[dict[str, str]]:
        """Return what a stream adds, piece by piece: some reasoning, then the answer."""
        yield {"role": "assistant"}
        yield {self.reasoning_field: "hm, "}
        yield {self.reasoning_field: "words."}
        yield from ({"content": word} for word in WORDS)


class _Server(ThreadingHTTPServer):
    def __init__(self, fake: FakeOpenAI) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _serve(self, body: dict[str, Any]) -> None:
        fake, given = self.server.fake, self.headers.get("Authorization", "")
        if self.path in {"/health", *fake.open_paths}:
            self._json(200, {})
        elif self.path not in {"/v1/models", "/v1/chat/completions"}:
            self._json(404, {"error": {"message": "no such route"}})
        elif given != f"Bearer {fake.key}" and not (fake.takes_any_key if given else fake.takes_no_key):
            self._json(401, {"error": {"message": "wrong key"}})
        elif self.path == "/v1/models":
            self._json(200, {"data": [{"id": name} for name in fake.models]})
        elif fake.complains:
            fake.requests.append(body)
            self._json(500, {"error": {"message": f"{fake.complains} ({given})"}})
        else:
            self._complete(body)

    def _complete(self, body: dict[str, Any]) -> None:
        self.server.fake.requests.append(body)
        if body.get("stream"):
            self._stream()
        else:
            message = {"role": "assistant", "content": "hello"}
            self._json(200, {"choices": [{"message": message}], "usage": {"completion_tokens": 1}})

    def _stream(self) -> None:
        fake = self.server.fake
        events = [b"data: %s\n\n" % json.dumps({"choices": [{"delta": one}]}).encode() for one in fake.deltas()]
        events += [] if fake.breaks_off else [b"data: [DONE]\n\n"]
        self._head(200, "text/event-stream", {"Connection": "close"})
        self.close_connection = True
        for event in [b"".join(events)] if fake.buffered else events:
            self.wfile.write(event)
            if fake.hangs_after and fake.hangs_after.encode() in event:
                self.connection.recv(1)  # returns when the client hangs up
                return
            time.sleep(fake.token_seconds)  # the time a token takes; nobody waits for it to pass

    def _json(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self._head(status, "application/json", {"Content-Length": str(len(data))})
        self.wfile.write(data)

    def _head(self, status: int, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **more}.items():
            self.send_header(name, value)
        self.end_headers()
