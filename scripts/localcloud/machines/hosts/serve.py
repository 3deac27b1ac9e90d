"""Serve the hosts of one machine on unix sockets, in threads of its supervisor."""

import contextlib
import http.server
import os
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.authority import issue
from scripts.localcloud.machines.guest import wire
from scripts.localcloud.machines.guest.names import API_ADDRESS
from scripts.localcloud.machines.guest.places import HTTPS_SOCKET, METADATA_SOCKET
from scripts.localcloud.machines.hosts.messages import Answer, Request, text
from scripts.localcloud.machines.hosts.metadata import Metadata
from scripts.localcloud.machines.hosts.modelscope import Hub
from scripts.localcloud.machines.hosts.oos import Oos
from scripts.localcloud.machines.hosts.oss import Oss
from scripts.localcloud.machines.hosts.state import CloudState
from scripts.localcloud.machines.hosts.sts import Sts
from scripts.localcloud.machines.layout import Place
from scripts.localcloud.machines.spec import MachineSpec

Handle = Callable[[Request], Answer]
API = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    API_ADDRESS,
)
"""What a pod may call its cluster's API."""

IDLE_SECONDS = 60


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = False
    server: "_Server"

    def address_string(self) -> str:
        return "machine"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's signature
        """Keep quiet: a request line may hold a token."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(Request(self.command, self.path, headers, body))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        if self.command == "HEAD":
            return
        sent = 0
        for chunk in answer.body:
            self.wfile.write(chunk)
            sent += len(chunk)
        if sent != answer.length:
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815 - the base class's names


class _Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    """An HTTP server on a socket that somebody else has bound; with *tls* every connection is wrapped."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, answer: Handle, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("machine", 0), _Handler)
        self.socket = listener
        self.answer = answer
        self._tls = tls

    def fileno(self) -> int:
        return self.socket.fileno()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, _ = self.socket.accept()
        if self._tls is not None:
            connection.settimeout(IDLE_SECONDS)
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, ("machine", 0)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a peer that went away is its own business."""

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base class's signature
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_WR)
        request.close()

    def server_close(self) -> None:
        self.socket.close()


def _tls(home: Path, place: Place, region: str) -> ssl.SSLContext:
    """Return the TLS side of every HTTPS host of *region*; the key lives in memory only."""
    names = [
        *(f"{service}{where}.{region}.aliyuncs.com" for service in ("oos", "sts") for where in ("-vpc", "")),
        f"*.oss-{region}-internal.aliyuncs.com",
        f"*.oss-{region}.aliyuncs.com",
        "modelscope.cn",
        "www.modelscope.cn",
        "mirrors.ustc.edu.cn",
        *API,
    ]
    file = place.folder / "hosts.pem"
    issue(home, names, file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Hosts:
    """The servers of one machine."""

    def __init__(self, place: Place, spec: MachineSpec) -> None:
        state = CloudState(place)
        (place.home / "cache").mkdir(exist_ok=True)
        self._oss = Oss(state, spec)
        self._region = spec.region
        self._by_host = _named(state, spec)
        tls = _tls(place.home, place, spec.region)
        self._servers = [
            _Server(wire.listening(place.exchange / METADATA_SOCKET.name), Metadata(state, spec).answer),
            _Server(wire.listening(place.exchange / HTTPS_SOCKET.name), self._by_name, tls),
        ]
        for server in self._servers:
            threading.Thread(target=partial(server.serve_forever, poll_interval=0.5), daemon=True).start()

    def close(self) -> None:
        """Close the sockets; answers under way die with the process."""
        for server in self._servers:
            with contextlib.suppress(OSError):
                server.socket.close()
                os.sched_yield()

    def _by_name(self, request: Request) -> Answer:
        name = request.headers.get("host", "").partition(":")[0]
        if name in self._by_host:
            return self._by_host[name](request)
        bucket, _, rest = name.partition(".")
        if rest in (f"oss-{self._region}-internal.aliyuncs.com", f"oss-{self._region}.aliyuncs.com"):
            return self._oss.answer(bucket, request)
        return text(421, f"no host {name} in {self._region}")


def _named(state: CloudState, spec: MachineSpec) -> dict[str, Handle]:
    """Return what answers for the hosts whose names are known beforehand."""
    found: dict[str, Handle] = dict.fromkeys(("modelscope.cn", "www.modelscope.cn"), Hub(state).answer)
    found["mirrors.ustc.edu.cn"] = _docker_key
    for where in ("-vpc", ""):
        found[f"oos{where}.{spec.region}.aliyuncs.com"] = Oos(state, spec).answer
        found[f"sts{where}.{spec.region}.aliyuncs.com"] = Sts(state).answer
    if spec.kind == "pod":
        from scripts.localcloud.machines.hosts.kube import Kube  # noqa: PLC0415 - slow, and only pods need it

        found |= dict.fromkeys(API, Kube(state, spec.own["cluster_id"]).answer)
    return found


def _docker_key(_request: Request) -> Answer:
    return text(200, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n(made by the local cloud)\n")
