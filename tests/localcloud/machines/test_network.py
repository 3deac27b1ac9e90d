"""The network between machines: real flows through real interfaces, and only those that a rule or a question allows."""

import socket
import struct

import pytest

from scripts.localcloud.machines.network.group import Group
from scripts.localcloud.machines.network.packet import Flow, read
from scripts.localcloud.machines.spec import Ingress
from tests.localcloud.machines.booted import Site

ONE, TWO, THREE = "127.254.0.5", "127.254.0.6", "127.254.0.7"
MTU = 8500
OPEN = {Ingress(TWO, "all", 1, 65535)}

ECHO = """\
import hashlib, socket, threading
def answer(client, peer):
    got = b"".join(iter(lambda: client.recv(1 << 20), b""))
    client.sendall(f"{peer[0]} {len(got)} {hashlib.sha256(got).hexdigest()[:8]}".encode())
    client.close()
def datagrams():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", 40404))
    while True:
        got, peer = udp.recvfrom(65536)
        udp.sendto(f"{peer[0]} {len(got)}".encode(), peer)
threading.Thread(target=datagrams).start()
with socket.create_server(("0.0.0.0", 40404)) as server:
    while True:
        threading.Thread(target=answer, args=server.accept()).start()
"""
ASK = """\
import socket, sys, time
UDP_SEGMENT = 103
kind, address, count, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
while True:
    try:
        ask = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        ask.settimeout(seconds)
        if kind == "cut":
            ask.setsockopt(socket.SOL_UDP, UDP_SEGMENT, 4000)
        ask.connect((address, 40404))
        ask.sendall(bytes(count))
        if kind == "tcp":
            ask.shutdown(socket.SHUT_WR)
        print(ask.recv(100).decode())
        break
    except ConnectionRefusedError:
        time.sleep(1)
    except TimeoutError:
        print("nothing")
        break
"""
USER_DATA = f"""#!/bin/sh
cat >/srv/echo.py <<'END'
{ECHO}END
cat >/srv/ask.py <<'END'
{ASK}END
cat >/etc/systemd/system/echo.service <<'END'
[Service]
ExecStart=/usr/bin/python3 /srv/echo.py
[Install]
WantedBy=multi-user.target
END
systemctl enable --now echo
"""
SHA_OF_ZEROS = {1: "6e340b9c", 64 << 20: "3b6a07d0"}


def boot(site: Site) -> None:
    """Boot the machines one and two. One lets two in."""
    site.boot(USER_DATA, private_ip=ONE, mtu=MTU)
    site.boot(USER_DATA, instance_id="i-two", private_ip=TWO, mtu=MTU)
    site.machines.set_ingress("i-one", OPEN)


def ask(site: Site, on: str, address: str, kind: str = "tcp", count: int = 1, seconds: float = 20) -> str:
    """Return what the machine *on* hears from *address* within *seconds* after sending *count* bytes."""
    return site.output(f"python3 /srv/ask.py {kind} {address} {count} {seconds}", on=on).strip()


def hears_nothing(site: Site, on: str, address: str, kind: str = "tcp", count: int = 1) -> bool:
    """Return whether the machine *on* waits for *address* in vain."""
    return ask(site, on, address, kind, count, seconds=0.4) == "nothing"


@pytest.mark.machine
def test_machines_reach_each_other_where_a_rule_says_so(site: Site) -> None:
    """A stream of 64 MiB arrives whole, a datagram is answered, and the other direction and a third stay out."""
    boot(site)
    site.boot(USER_DATA, instance_id="i-three", private_ip=THREE)

    size = 64 << 20
    assert f"{TWO} {size} {SHA_OF_ZEROS[size]}" == ask(site, "i-two", ONE, count=size)
    assert f"{TWO} 1" == ask(site, "i-two", ONE, "udp")
    assert f"{TWO} 4000" == ask(site, "i-two", ONE, "cut", 12000)
    assert hears_nothing(site, "i-one", TWO)
    assert hears_nothing(site, "i-one", TWO, "udp")
    assert hears_nothing(site, "i-three", ONE)
    assert f"{ONE} 1 {SHA_OF_ZEROS[1]}" == ask(site, "i-one", ONE)

    site.machines.set_ingress("i-one", set())
    assert hears_nothing(site, "i-two", ONE)


@pytest.mark.machine
def test_private_names_lead_to_their_addresses(site: Site) -> None:
    """A machine finds the names of its VPC as they are now, in any case, and no others, also after a reboot."""
    boot(site)
    look = "getent ahostsv4 %s | head -1 | cut -d' ' -f1"
    assert "" == site.output(look % "echo.llm.internal", on="i-two").strip()

    site.machines.set_names("i-two", {"echo.llm.internal": ONE})
    assert ONE == site.output(look % "ECHO.llm.internal", on="i-two").strip()
    assert f"{TWO} 1 {SHA_OF_ZEROS[1]}" == ask(site, "i-two", "echo.llm.internal")
    assert "" == site.output(look % "echo.llm.internal").strip()
    site.machines.reboot("i-two")
    assert ONE == site.output(look % "echo.llm.internal", on="i-two").strip()


@pytest.mark.machine
def test_the_network_outlives_restarts_of_either_side(site: Site) -> None:
    """After a reboot, a stop and a start, and the deletion of another machine, both are as reachable as before."""
    boot(site)
    heard = f"{TWO} 1 {SHA_OF_ZEROS[1]}"

    site.machines.reboot("i-one")
    assert heard == ask(site, "i-two", ONE)
    site.machines.stop("i-two")
    site.boot(instance_id="i-two", private_ip=TWO, mtu=MTU)
    assert heard == ask(site, "i-two", ONE)
    site.machines.delete("i-one")
    assert hears_nothing(site, "i-two", ONE)
    assert [TWO] == [file.name for file in (site.home / "network").iterdir()]


@pytest.mark.machine
def test_a_frame_larger_than_the_receivers_mtu_is_lost(site: Site) -> None:
    """The fault mtu makes one side's frames small: large datagrams vanish, pieces too; TCP agrees on a size."""
    boot(site)
    site.machines.set_faults("i-one", {"mtu": 1500})
    site.machines.reboot("i-one")

    assert f"{TWO} 1400" == ask(site, "i-two", ONE, "udp", 1400)
    assert hears_nothing(site, "i-two", ONE, "udp", 4000)
    assert hears_nothing(site, "i-two", ONE, "cut", 12000)
    assert f"{TWO} {1 << 20} 30e14955" == ask(site, "i-two", ONE, count=1 << 20)


def frame(protocol: int, source: str, target: str, rest: bytes, *, segment: int = 0, offset: int = 0) -> memoryview:
    """Return an IPv4 packet as it travels; *segment* is the payload of each of the frames it is to be cut into."""
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(rest), 7, offset, 64, protocol, 0) + addresses
    return memoryview(struct.pack("=BBHHHH", 0, bool(segment), 0, segment, 0, 0) + bytes(14) + head + rest)


def tcp(source_port: int, target_port: int, flags: int, payload: int = 0) -> bytes:
    """Return a TCP segment."""
    return struct.pack("!HHIIBBHHH", source_port, target_port, 0, 0, 0x50, flags, 0, 0, 0) + bytes(payload)


def udp(source_port: int, target_port: int) -> bytes:
    """Return an empty UDP datagram."""
    return struct.pack("!HHHH", source_port, target_port, 8, 0)


SYN, SYN_ACK, ACK = 2, 18, 16
QUESTION = frame(6, ONE, TWO, tcp(1000, 80, SYN))
DATAGRAM = frame(17, ONE, TWO, udp(1000, 53))
PING = frame(1, ONE, TWO, struct.pack("!BBHHH", 8, 0, 0, 77, 1))
ANSWERS = [
    (QUESTION, frame(6, TWO, ONE, tcp(80, 1000, SYN_ACK)), True),
    (QUESTION, frame(6, TWO, ONE, tcp(80, 1001, SYN_ACK)), False),
    (QUESTION, frame(6, THREE, ONE, tcp(80, 1000, SYN_ACK)), False),
    (frame(6, ONE, TWO, tcp(1000, 80, SYN_ACK)), frame(6, TWO, ONE, tcp(80, 1000, ACK)), False),
    (DATAGRAM, frame(17, TWO, ONE, udp(53, 1000)), True),
    (DATAGRAM, frame(6, TWO, ONE, tcp(53, 1000, SYN)), False),
    (PING, frame(1, TWO, ONE, struct.pack("!BBHHH", 0, 0, 0, 77, 1)), True),
    (PING, frame(1, TWO, ONE, struct.pack("!BBHHH", 0, 0, 0, 78, 1)), False),
    (DATAGRAM, frame(1, TWO, ONE, bytes([3, 3, 0, 0, 0, 0, 0, 0]) + DATAGRAM[24:]), True),
    (QUESTION, frame(1, TWO, ONE, bytes([3, 3, 0, 0, 0, 0, 0, 0]) + DATAGRAM[24:]), False),
    (DATAGRAM, frame(17, TWO, ONE, bytes(8), offset=185), True),
]


@pytest.mark.parametrize(("sent", "comes", "enters"), ANSWERS)
def test_only_answers_to_what_the_machine_asked_enter_by_themselves(
    sent: memoryview,
    comes: memoryview,
    enters: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Same protocol, peer and ports; errors about an own packet and later fragments belong to it."""
    group = Group()
    for packet in filter(None, [read(sent)]):
        group.leaving(packet)

    arrived = read(comes)

    assert arrived is not None
    assert enters == group.lets_in(arrived)


@pytest.mark.parametrize(
    ("rule", "enters"),
    [
        (Ingress(TWO, "tcp", 80, 80), True),
        (Ingress(TWO, "tcp", 1, 79), False),
        (Ingress(TWO, "udp", 80, 80), False),
        (Ingress(THREE, "tcp", 80, 80), False),
        (Ingress(TWO, "all", -1, -1), True),
    ],
)
def test_a_rule_opens_its_ports_to_its_source(rule: Ingress, enters: bool) -> None:  # noqa: FBT001 - a table's column
    """The protocol, the source and the port must all fit; "all" has no ports."""
    group = Group()
    group.allow([rule])
    arrived = read(frame(6, TWO, ONE, tcp(1000, 80, SYN)))

    assert arrived is not None
    assert enters == group.lets_in(arrived)


@pytest.mark.parametrize(
    ("sent", "size"),
    [
        (frame(6, ONE, TWO, tcp(1, 2, ACK, payload=60000), segment=1448), 20 + 20 + 1448),
        (frame(17, ONE, TWO, udp(1, 2) + bytes(60000), segment=1000), 20 + 8 + 1000),
        (frame(6, ONE, TWO, tcp(1, 2, ACK, payload=1448)), 20 + 20 + 1448),
    ],
)
def test_a_packet_is_as_large_as_its_largest_segment(sent: memoryview, size: int) -> None:
    """A packet that the card would cut is judged by its pieces."""
    packet = read(sent)

    assert packet is not None
    assert size == packet.size


def test_what_is_no_packet_is_not_read() -> None:
    """A frame that ends within its headers belongs to no flow."""
    assert None is read(QUESTION[:50])
    assert Flow(6, socket.inet_aton(ONE), 1000, socket.inet_aton(TWO), 80) == getattr(read(QUESTION), "flow", None)
