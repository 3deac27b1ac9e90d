"""TCP between nodes: listeners, connections that wait for the other side, and JSON one line at a time."""

import contextlib
import fcntl
import json
import select
import socket
import struct
import threading
import time
from typing import Any

RETRY_SECONDS = 0.05
SIOCGIFADDR = 0x8915


class LostError(Exception):
    """The other side is gone."""


class Line:
    """One connection; *peer* is the other side's address."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")
        self.peer = f"[{connection.getpeername()[0]}]:{connection.getpeername()[1]}"

    def send(self, value: object) -> None:
        """
        Send *value*.

        Raises:
            LostError: The other side is gone.
        """
        self.give(json.dumps(value).encode() + b"\n")

    def receive(self) -> Any:  # noqa: ANN401 - any JSON
        """
        Return the next value.

        Raises:
            LostError: The other side is gone.
            TimeoutError: It said nothing until the deadline.
        """
        try:
            line = self._reader.readline()
        except TimeoutError:
            raise
        except OSError:
            line = b""
        if not line:
            raise LostError(self.peer)
        return json.loads(line)

    def give(self, data: bytes) -> None:
        """
        Send *data* as they are.

        Raises:
            LostError: The other side is gone.
        """
        try:
            self._connection.sendall(data)
        except OSError:
            raise LostError(self.peer) from None

    def take(self, count: int) -> bytes:
        """
        Return the next *count* bytes.

        Raises:
            LostError: The other side is gone.
        """
        try:
            data = self._reader.read(count)
        except OSError:
            data = b""
        if len(data) < count:
            raise LostError(self.peer)
        return data

    def until(self, deadline: float | None) -> None:
        """Wait no longer than *deadline* of the monotonic clock; None is for ever."""
        self._connection.settimeout(None if deadline is None else left(deadline))

    def gone(self) -> bool:
        """Say whether the other side has closed the connection; only for one that says nothing by itself."""
        with contextlib.suppress(OSError):
            readable, _, _ = select.select([self._connection], [], [], 0)
            return bool(readable) and not self._connection.recv(1, socket.MSG_PEEK)
        return True

    def close(self) -> None:
        """End the connection."""
        self._reader.close()
        self._connection.close()


def left(deadline: float) -> float:
    """Return the seconds until *deadline*; never 0, which would mean not to block."""
    return max(deadline - time.monotonic(), 0.001)


def listen(address: str, port: int = 0) -> socket.socket:
    """Listen on *address*, all of them when it is empty, and a free port when *port* is 0."""
    return socket.create_server((address, port))


def accept(server: socket.socket, deadline: float) -> Line:
    """
    Return the next one who connects.

    Raises:
        TimeoutError: Nobody did until *deadline*.
    """
    server.settimeout(left(deadline))
    connection, _ = server.accept()
    connection.settimeout(left(deadline))
    return Line(connection)


def connect(place: tuple[str, int], deadline: float) -> Line:
    """
    Connect to address and port *place* as soon as somebody listens there.

    Raises:
        TimeoutError: Nobody did until *deadline*.
    """
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return Line(socket.create_connection(place, left(deadline)))
        threading.Event().wait(RETRY_SECONDS)  # time.sleep is the machine's, and too fast
    raise TimeoutError


def interface_address(name: str) -> str:
    """
    Return the address of the interface *name*.

    Raises:
        OSError: There is no such interface, or it has no address.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("256s", name.encode())
        return socket.inet_ntoa(fcntl.ioctl(probe, SIOCGIFADDR, request)[20:24])


def route(toward: str) -> str:
    """Return this machine's address on the way to *toward*."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((toward, 1))
        return str(probe.getsockname()[0])
