"""The Python programs of machines and of pods, as modules."""

import http.client
import importlib
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMPONENTS = Path(__file__).parents[3] / "components"
MACHINE = COMPONENTS / "userdata" / "machine"
FOLDERS = [str(MACHINE / "python"), str(COMPONENTS / "manifests" / "programs")]
Connect = Callable[[str, str], http.client.HTTPConnection]


def program(name: str) -> Any:  # noqa: ANN401  an untyped program
    """Return the program of that name; they import each other as neighbours, as on the machine and in the pod."""
    sys.path[:0] = FOLDERS
    try:
        return importlib.import_module(name)
    finally:
        del sys.path[: len(FOLDERS)]


def loopback(port: int, timeout: float = 10) -> Connect:
    """Return what opens a plain connection to *port* whatever host is asked for; the Host header stays."""

    def connect(_scheme: str, host: str) -> http.client.HTTPConnection:
        line = http.client.HTTPConnection(host)
        line._create_connection = lambda *_: socket.create_connection(("127.0.0.1", port), timeout=timeout)  # type: ignore[attr-defined]  # noqa: SLF001
        return line

    return connect


@contextmanager
def web(connect: Connect) -> Iterator[Any]:
    """Yield the programs' Web over *connect*, and close its connections at the end."""
    opened = []

    def tracked(scheme: str, host: str) -> http.client.HTTPConnection:
        opened.append(connect(scheme, host))
        return opened[-1]

    try:
        yield program("cloud").Web(tracked)
    finally:
        for line in opened:
            line.close()
