"""The machine's eth0, whose far end is a socket that carries whole frames."""

import os
import socket
import threading

from scripts.localcloud.machines.guest import names, netlink, wire
from scripts.localcloud.machines.guest.places import CABLE_SOCKET

NAME = "eth0"
FAR_END = "far"
LOOPBACK = "127.0.0.1"
PREFIX = 16
_SOL_PACKET, _PACKET_VNET_HDR, _ETH_P_IP = 263, 15, 0x0800
_MAC_PREFIX = bytes.fromhex("00163e")
"""Of the virtual machines of Alibaba Cloud."""


def mac_address(address: str) -> bytes:
    """Return the hardware address of the interface that has *address*."""
    return _MAC_PREFIX + socket.inet_aton(address)[1:]


def plug_in(address: str, mtu: int) -> None:
    """Make eth0 with *address*, hand its far end to the host side, and route everything else there."""
    with open_far_end(address, mtu) as far_end, wire.connected(CABLE_SOCKET) as host:
        socket.send_fds(host, [b"\0"], [far_end.fileno()])
    # The machines' addresses are loopback ones, so that the laptop can listen at them: what is left local is narrowed.
    netlink.remove_address("lo", LOOPBACK, 8)
    netlink.add_address("lo", LOOPBACK, PREFIX)
    netlink.bring_up_for_loopback(NAME)
    netlink.add_address(NAME, address, PREFIX)
    netlink.add_default_route(_gateway(address))
    netlink.exclude(names.INTERNET_ADDRESS)


def _gateway(address: str) -> str:
    first, second, _, _ = address.split(".")
    return f"{first}.{second}.255.253"


def open_far_end(address: str, mtu: int) -> socket.socket:
    """Return a socket at the far end of a new eth0, which lies in a network namespace of its own, out of sight."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    made: list[socket.socket | OSError] = []

    def make() -> None:
        try:
            os.close(netlink.new_namespace())
            netlink.add_interface(FAR_END, NAME, own, mac_address(address), mtu)
            made.append(_frames_of(FAR_END))
        except OSError as problem:
            made.append(problem)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    os.close(own)
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _frames_of(name: str) -> socket.socket:
    """Return a socket that reads and writes the IPv4 frames of interface *name*, large ones uncut."""
    frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    frames.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    frames.bind((name, _ETH_P_IP))
    return frames
