"""
Links, addresses and routes of the caller's network namespace, over rtnetlink.

Source: rtnetlink(7), linux/if_link.h; a laptop need not have the ip command.
"""

import ctypes
import itertools
import os
import socket
import struct

NEW_LINK, DELETE_LINK, NEW_ADDRESS, DELETE_ADDRESS, NEW_ROUTE = 16, 17, 20, 21, 24
REQUEST, ACKNOWLEDGE, EXCLUSIVE, CREATE = 1, 4, 0x200, 0x400
ERROR = 2
IFF_UP = 1
IFLA_IFNAME, IFLA_MASTER, IFLA_LINKINFO, IFLA_NET_NS_FD = 3, 10, 18, 28
INFO_KIND, INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_GATEWAY = 5
MAIN_TABLE, BOOT_PROTOCOL, UNICAST = 254, 3, 1
CLONE_NEWNET = 0x40000000
_numbers = itertools.count(1)


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("HH", length, kind) + value + b"\0" * (-length % 4)


def _link(index: int = 0, flags: int = 0) -> bytes:
    return struct.pack("BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


def _talk(kind: int, flags: int, payload: bytes) -> None:
    number = next(_numbers)
    message = struct.pack("IHHII", 16 + len(payload), kind, REQUEST | ACKNOWLEDGE | flags, number, 0) + payload
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as handle:
        handle.bind((0, 0))
        handle.send(message)
        answer = handle.recv(65536)
    if struct.unpack_from("H", answer, 4)[0] == ERROR:
        code = -struct.unpack_from("i", answer, 16)[0]
        if code:
            raise OSError(code, f"rtnetlink: {os.strerror(code)}")


def _name(name: str) -> bytes:
    return _attribute(IFLA_IFNAME, name.encode() + b"\0")


def bring_up(name: str) -> None:
    """Switch the interface *name* on."""
    _talk(NEW_LINK, 0, _link(socket.if_nametoindex(name), IFF_UP))


def add_bridge(name: str) -> None:
    """Make a bridge."""
    info = _attribute(IFLA_LINKINFO, _attribute(INFO_KIND, b"bridge"))
    _talk(NEW_LINK, CREATE | EXCLUSIVE, _link() + _name(name) + info)


def delete_link(name: str) -> None:
    """Remove an interface; a veth takes its peer along."""
    _talk(DELETE_LINK, 0, _link(socket.if_nametoindex(name)))


def add_veth(name: str, bridge: str, peer: str, namespace: int) -> None:
    """Join *bridge* and, as *peer*, the network namespace behind the descriptor *namespace*."""
    other = _link() + _name(peer) + _attribute(IFLA_NET_NS_FD, struct.pack("I", namespace))
    data = _attribute(INFO_DATA, _attribute(VETH_INFO_PEER, other))
    info = _attribute(IFLA_LINKINFO, _attribute(INFO_KIND, b"veth") + data)
    master = _attribute(IFLA_MASTER, struct.pack("I", socket.if_nametoindex(bridge)))
    _talk(NEW_LINK, CREATE | EXCLUSIVE, _link() + _name(name) + master + info)
    bring_up(name)


def _address(name: str, address: str, prefix: int) -> bytes:
    raw = socket.inet_aton(address)
    head = struct.pack("BBBBi", socket.AF_INET, prefix, 0, 0, socket.if_nametoindex(name))
    return head + _attribute(IFA_LOCAL, raw) + _attribute(IFA_ADDRESS, raw)


def add_address(name: str, address: str, prefix: int = 32) -> None:
    """Give the interface *name* an IPv4 address with a prefix of *prefix* bits."""
    _talk(NEW_ADDRESS, CREATE | EXCLUSIVE, _address(name, address, prefix))


def remove_address(name: str, address: str, prefix: int = 32) -> None:
    """Take an IPv4 address away: connecting to it is then "Network is unreachable"."""
    _talk(DELETE_ADDRESS, 0, _address(name, address, prefix))


def add_default_route(gateway: str) -> None:
    """Send what goes nowhere else to *gateway*."""
    route = struct.pack("BBBBBBBBI", socket.AF_INET, 0, 0, 0, MAIN_TABLE, BOOT_PROTOCOL, 0, UNICAST, 0)
    _talk(NEW_ROUTE, CREATE, route + _attribute(RTA_GATEWAY, socket.inet_aton(gateway)))


def new_namespace() -> int:
    """
    Move the calling thread, and no other, into an empty network namespace; return a descriptor of it.

    Raises:
        OSError: The kernel refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"unshare: {os.strerror(code)}")
    bring_up("lo")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
