"""The machine's own Caddyfile in a real Caddy, before an engine that answers every route."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

CADDYFILE = Path(__file__).parents[3] / "components" / "userdata" / "machine" / "Caddyfile"
CADDY = shutil.which("caddy", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
KEY = "sk-test.of_the~gate+/="


class Engine(ThreadingHTTPServer):
    """Answers 200 on every path and method; notes the requests; a stream waits for *go* before its second half."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Engine)
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.go = threading.Event()
        self.completion = ""


class _Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Engine

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _answer(self) -> None:
        body = self._body()
        self.server.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        if b'"stream"' in body:
            return self._stream()
        text = (self.server.completion or json.dumps({"path": self.path})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
        return None

    def _body(self) -> bytes:
        if "Transfer-Encoding" not in self.headers:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline() or b"0", 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        return b"".join(pieces)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Return the answer to every method."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Accept"])
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"data: one\n\n", b"data: [DONE]\n\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.server.go.wait(10)
        self.wfile.write(b"0\r\n\r\n")


@contextmanager
def engine() -> Iterator[Engine]:
    """Run an engine on loopback."""
    with Engine() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.go.set()
            server.shutdown()
            thread.join()


@contextmanager
def gate(folder: Path, engine_port: int, tls: str = "off", **more: str) -> Iterator[int]:
    """Run Caddy with secrets, and sites if any, in *folder*, and *more* variables; yield its port. Its log is there."""
    port = free_port()
    places = {"\n:{$GATE_PORT} {": "\n:{$GATE_PORT} {\n\tbind 127.0.0.1", "/run/secrets": str(folder)}
    text = CADDYFILE.read_text()
    for old, new in places.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "Caddyfile").write_text(text)
    settings = {
        "LLM_TLS": tls,
        "LLM_MAX_REQUEST_MIB": "1",
        "GATE_PORT": str(port),
        "GATE_ENGINE": f"127.0.0.1:{engine_port}",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        **more,
    }
    with (folder / "log").open("wb") as log:
        command = [str(CADDY), "run", "--config", str(folder / "Caddyfile")]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=settings, cwd=folder)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.kill()
        process.wait()


def call(port: int, method: str, target: str, key: str | None = KEY, body: bytes = b"") -> tuple[int, str]:
    """Send the request line exactly as given, which a client library would tidy up; return status and body."""
    lines = [f"{method} {target} HTTP/1.1", "Host: llm", "Connection: close", f"Content-Length: {len(body)}"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        reply = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, text = reply.partition(b"\r\n\r\n")
    return int(head.split()[1]), text.decode()


def client(port: int, key: str | None = KEY, **options: object) -> httpx.Client:
    """Return an httpx client of the gate."""
    head = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=head, trust_env=False, **options)  # type: ignore[arg-type]


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        assert process.poll() is None, "caddy ended"
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("caddy does not listen")
