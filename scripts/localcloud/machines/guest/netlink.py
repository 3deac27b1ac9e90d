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
IFF_UP, IFF_NOARP = 1, 0x80
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_MASTER, IFLA_LINKINFO, IFLA_AF_SPEC, IFLA_NET_NS_FD = 1, 3, 4, 10, 18, 26, 28
IFLA_INET_CONF, ROUTE_LOCALNET = 1, 26
INFO_KIND, INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_DESTINATION, RTA_GATEWAY = 1, 5
MAIN_TABLE, BOOT_PROTOCOL, UNICAST, THROW = 254, 3, 1, 9
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


def _add_pair(name: str, more: bytes, peer: bytes) -> None:
    data = _attribute(INFO_DATA, _attribute(VETH_INFO_PEER, _link() + peer))
    info = _attribute(IFLA_LINKINFO, _attribute(INFO_KIND, b"veth") + data)
    _talk(NEW_LINK, CREATE | EXCLUSIVE, _link() + _name(name) + more + info)
    bring_up(name)


def _placed(name: str, namespace: int) -> bytes:
    return _name(name) + _attribute(IFLA_NET_NS_FD, struct.pack("I", namespace))


def add_veth(name: str, bridge: str, peer: str, namespace: int) -> None:
    """Join *bridge* and, as *peer*, the network namespace behind the descriptor *namespace*."""
    master = _attribute(IFLA_MASTER, struct.pack("I", socket.if_nametoindex(bridge)))
    _add_pair(name, master, _placed(peer, namespace))


def add_interface(far_end: str, name: str, namespace: int, mac: bytes, mtu: int) -> None:
    """Make *name* in the network namespace behind the descriptor *namespace*; what it sends arrives at *far_end*."""
    size = _attribute(IFLA_MTU, struct.pack("I", mtu))
    _add_pair(far_end, size, _placed(name, namespace) + size + _attribute(IFLA_ADDRESS, mac))


def bring_up_for_loopback(name: str) -> None:
    """Switch the interface *name* on, for addresses of 127.0.0.0/8 too and without ARP, which has none of them."""
    flags = IFF_UP | IFF_NOARP
    routed = _attribute(IFLA_INET_CONF, _attribute(ROUTE_LOCALNET, struct.pack("I", 1)))
    family = _attribute(IFLA_AF_SPEC, _attribute(socket.AF_INET, routed))
    _talk(NEW_LINK, 0, _link(socket.if_nametoindex(name), flags) + family)


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


def _route(kind: int, prefix: int, attributes: bytes) -> None:
    head = struct.pack("BBBBBBBBI", socket.AF_INET, prefix, 0, 0, MAIN_TABLE, BOOT_PROTOCOL, 0, kind, 0)
    _talk(NEW_ROUTE, CREATE, head + attributes)


def add_default_route(gateway: str) -> None:
    """Send what goes nowhere else to *gateway*."""
    _route(UNICAST, 0, _attribute(RTA_GATEWAY, socket.inet_aton(gateway)))


def exclude(address: str) -> None:
    """Keep *address* from the default route: connecting to it is "Network is unreachable"."""
    _route(THROW, 32, _attribute(RTA_DESTINATION, socket.inet_aton(address)))


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
