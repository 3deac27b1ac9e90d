"""A machine's cable: frames between its interface and the other machines of its home."""

import contextlib
import os
import socket
import struct
import threading
from pathlib import Path

from scripts.localcloud.machines.guest import wire
from scripts.localcloud.machines.guest.interface import mac_address
from scripts.localcloud.machines.guest.places import CABLE_SOCKET
from scripts.localcloud.machines.layout import Place, network_folder
from scripts.localcloud.machines.network.group import Group
from scripts.localcloud.machines.network.packet import FRAME_BYTES, VNET_BYTES, read

PATIENCE_MICROSECONDS = 200_000
"""How long a frame waits for a machine that does not take any before it is lost."""


class Cable:
    """
    Carries frames for one machine, whose init hands over the far end of its interface at each boot.

    A machine is found by its address: it is the name of its socket. The ``group`` filters where frames arrive, out of
    the machine's reach, and frames larger than ``mtu`` are lost.
    """

    def __init__(self, place: Place, address: str) -> None:
        self.group = Group()
        self.mtu = 0
        self._address = socket.inet_aton(address)
        self._far_end: socket.socket | None = None
        folder = network_folder(place.home)
        folder.mkdir(exist_ok=True)
        self._name = folder / address
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self._socket = _bound(self._name)
        self._plug = wire.listening(place.exchange / CABLE_SOCKET.name)
        for work in (self._carry_out, self._carry_in):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        """Leave the network."""
        self._name.unlink(missing_ok=True)

    def _carry_out(self) -> None:
        while True:
            client, _ = self._plug.accept()
            with client:
                _, handles, _, _ = socket.recv_fds(client, 1, 1)
            self.group.forget()
            with socket.socket(fileno=handles[0]) as far_end:
                self._far_end = far_end
                with contextlib.suppress(OSError):  # the interface is gone: the machine is off
                    self._send_all(far_end)
                self._far_end = None

    def _send_all(self, far_end: socket.socket) -> None:
        buffer = memoryview(bytearray(FRAME_BYTES))
        while True:
            frame = buffer[: far_end.recv_into(buffer)]
            packet = read(frame)
            if packet is None or packet.flow.source != self._address:
                continue
            self.group.leaving(packet)
            with contextlib.suppress(OSError):  # nobody has the address, or does not listen
                self._socket.sendto(frame, f"/proc/self/fd/{self._folder}/{socket.inet_ntoa(packet.flow.target)}")

    def _carry_in(self) -> None:
        buffer = memoryview(bytearray(FRAME_BYTES))
        mac = mac_address(socket.inet_ntoa(self._address))
        while True:
            frame = buffer[: self._socket.recv_into(buffer)]
            packet = read(frame)
            far_end = self._far_end
            if packet is None or far_end is None or packet.size > self.mtu or not self.group.lets_in(packet):
                continue
            frame[VNET_BYTES : VNET_BYTES + len(mac)] = mac
            with contextlib.suppress(OSError):  # the machine is going down
                far_end.send(frame)


def _bound(path: Path) -> socket.socket:
    """Return a datagram socket at *path*, replacing what a dead process left there."""
    path.unlink(missing_ok=True)
    handle = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with wire.short_name(path) as name:
        handle.bind(name)
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, PATIENCE_MICROSECONDS))
    return handle
