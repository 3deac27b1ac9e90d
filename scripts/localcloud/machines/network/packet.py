"""What the network must know of a frame: which flow it belongs to, whether it opens one, how large it is."""

import socket
import struct
from typing import NamedTuple

VNET_BYTES = 10
"""In front of each frame: what of segmentation and checksums is still to be done. Source: linux/virtio_net.h."""

LINK_BYTES = 14
FRAME_BYTES = VNET_BYTES + LINK_BYTES + 65536
_IP = VNET_BYTES + LINK_BYTES
_NO_SEGMENTS = 0
_CONGESTION_MARK = 0x80
_FRAGMENT_OFFSET = 0x1FFF
_SYN, _ACK = 0x02, 0x10
_ECHO_REPLY, _UNREACHABLE, _ECHO_REQUEST, _TIME_EXCEEDED = 0, 3, 8, 11
_UDP_HEADER_BYTES = 8


class Flow(NamedTuple):
    """One direction of a conversation; an echo has its identifier for both ports."""

    protocol: int
    source: bytes
    source_port: int
    target: bytes
    target_port: int

    def reverse(self) -> "Flow":
        """Return the other direction."""
        return Flow(self.protocol, self.target, self.target_port, self.source, self.source_port)


class Packet(NamedTuple):
    """
    An IPv4 packet; *size* is that of its largest segment, in bytes.

    *about* is the flow that an ICMP error complains of; a later fragment has no ports and is *headless*.
    """

    flow: Flow
    size: int
    opens: bool = False
    headless: bool = False
    about: Flow | None = None


def read(frame: memoryview) -> Packet | None:
    """Return the packet in *frame*, None where it is too short to be one."""
    try:
        return _read(frame)
    except (IndexError, struct.error):
        return None


def _read(frame: memoryview) -> Packet:
    kind, segment = struct.unpack_from("=xBxxH", frame)
    start = _start(frame, _IP)
    flow = _flow(frame, _IP)
    length = len(frame) - _IP
    if struct.unpack_from("!H", frame, _IP + 6)[0] & _FRAGMENT_OFFSET:
        return Packet(flow._replace(source_port=0, target_port=0), length, headless=True)
    size = (
        length
        if kind & ~_CONGESTION_MARK == _NO_SEGMENTS
        else start - _IP + _header_bytes(frame, start, flow) + segment
    )
    match flow.protocol:
        case socket.IPPROTO_TCP:
            return Packet(flow, size, opens=frame[start + 13] & (_SYN | _ACK) == _SYN)
        case socket.IPPROTO_ICMP if frame[start] in (_UNREACHABLE, _TIME_EXCEEDED):
            return Packet(flow, size, about=_flow(frame, start + 8))
        case socket.IPPROTO_ICMP:
            return Packet(flow, size, opens=frame[start] == _ECHO_REQUEST)
    return Packet(flow, size, opens=True)


def _start(frame: memoryview, at: int) -> int:
    """Return where the payload of the IP header at *at* begins."""
    return at + (frame[at] & 0x0F) * 4


def _header_bytes(frame: memoryview, start: int, flow: Flow) -> int:
    return (frame[start + 12] >> 4) * 4 if flow.protocol == socket.IPPROTO_TCP else _UDP_HEADER_BYTES


def _flow(frame: memoryview, at: int) -> Flow:
    protocol, start = frame[at + 9], _start(frame, at)
    source, target = struct.unpack_from("!4s4s", frame, at + 12)
    first = second = 0
    if protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
        first, second = struct.unpack_from("!HH", frame, start)
    elif protocol == socket.IPPROTO_ICMP and frame[start] in (_ECHO_REPLY, _ECHO_REQUEST):
        first = second = struct.unpack_from("!H", frame, start + 4)[0]
    return Flow(protocol, source, first, target, second)
