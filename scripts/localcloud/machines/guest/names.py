"""Names of the cloud's hosts as a machine sees them, and the small DNS server that answers them."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from typing import cast

from scripts.localcloud.machines.guest.places import machine

METADATA_ADDRESS = "100.100.100.200"
"""Source: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata"""

VPC_ADDRESS = "100.100.0.10"
"""Every in-VPC host of the local cloud; TLS and Host say which one is meant."""

INTERNET_ADDRESS = "198.18.0.1"
"""Every internet host of the local cloud (a benchmarking address, RFC 2544); absent without egress."""

API_ADDRESS = "172.16.0.1"
"""The Kubernetes API inside a cluster; absent outside pods."""

RESOLVER_ADDRESS = "127.0.0.53"
CONTAINER_RESOLVER_ADDRESS = "127.0.0.11"
NXDOMAIN = 3
A_RECORD = 1
Resolve = Callable[[str], str | None]

_VPC = re.compile(r"(oos|sts)-vpc\.[a-z0-9-]+\.aliyuncs\.com|[a-z0-9-]+\.oss-[a-z0-9-]+-internal\.aliyuncs\.com")
_INTERNET = re.compile(
    r"(www\.)?modelscope\.cn|mirrors\.ustc\.edu\.cn|(oos|sts)\.[a-z0-9-]+\.aliyuncs\.com|[a-z0-9-]+\.oss-[a-z0-9-]+\.aliyuncs\.com"
)


def cloud_address(name: str) -> str | None:
    """Return the address of the cloud host *name*, None when there is no such host."""
    if _VPC.fullmatch(name):
        return VPC_ADDRESS
    if _INTERNET.fullmatch(name):
        return INTERNET_ADDRESS
    return None


def instance_address(name: str) -> str | None:
    """Return the address of a private name of the VPC, or else of a host of the cloud."""
    private: str | None = machine()["names"].get(name)
    return private or cloud_address(name)


def _question(query: bytes) -> tuple[str, int, int]:
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    kind = struct.unpack_from("!H", query, at + 1)[0]
    return ".".join(labels).lower(), kind, at + 5


def answer(query: bytes, resolve: Resolve) -> bytes:
    """Return the reply to the DNS message *query*: one A record, no record, or NXDOMAIN."""
    name, kind, end = _question(query)
    address = resolve(name)
    code = 0 if address else NXDOMAIN
    records = [address] if address and kind == A_RECORD else []
    head = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(records), 0, 0)
    body = b"".join(struct.pack("!HHHIH4s", 0xC00C, A_RECORD, 1, 1, 4, socket.inet_aton(ip)) for ip in records)
    return head + query[12:end] + body


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if self._transport is not None and len(data) > 16:  # noqa: PLR2004 - a header and the shortest question
            self._transport.sendto(answer(data, self._resolve), addr)


def datagram_socket(address: str) -> socket.socket:
    """Return a UDP socket on port 53 of *address* in the caller's network namespace."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    server.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return server


async def serve_names(server: socket.socket, resolve: Resolve) -> asyncio.BaseTransport:
    """Answer DNS questions arriving at *server*."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Protocol(resolve), sock=server)
    return transport
