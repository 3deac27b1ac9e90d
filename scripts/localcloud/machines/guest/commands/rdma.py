"""
ibv_devinfo and eadm.

What ibv_devinfo prints is rdma-core's libibverbs/examples/devinfo.c; no source shows what eadm prints.
"""

import fcntl
import socket
import struct
import sys

from scripts.localcloud.machines.guest import rdma
from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, last

FAILED = 255
DRIVER_VERSION = "1.5.7"
INTERFACE = "eth0"
_SIOCGIFMTU, _SIOCGIFHWADDR = 0x8921, 0x8927
_TRANSPORTS = {"Y": "InfiniBand (0)", "N": "iWARP (1)"}
_FULL_MTU_BYTES = 4200
"""From this MTU of the interface on, RDMA packets carry 4,096 bytes; below, 1,024."""

_DEVICE = """\
hca_id:\t{name}
\ttransport:\t\t\t{transport}
\tfw_ver:\t\t\t\t0.2.0
\tnode_guid:\t\t\t{guid}
\tsys_image_guid:\t\t\t{guid}
\tvendor_id:\t\t\t0x1ded
\tvendor_part_id:\t\t\t4223
\thw_ver:\t\t\t\t0x0
\tphys_port_cnt:\t\t\t1
\t\tport:\t1
\t\t\tstate:\t\t\tPORT_ACTIVE (4)
\t\t\tmax_mtu:\t\t4096 (5)
\t\t\tactive_mtu:\t\t{mtu}
\t\t\tsm_lid:\t\t\t0
\t\t\tport_lid:\t\t0
\t\t\tport_lmc:\t\t0x00
\t\t\tlink_layer:\t\tEthernet

"""


def _ask(what: int) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        answer: bytes = fcntl.ioctl(handle, what, struct.pack("256s", INTERFACE.encode()))
    return answer


def _mtu() -> int:
    return int(struct.unpack_from("i", _ask(_SIOCGIFMTU), 16)[0])


def _guid(name: str) -> str:
    """Return the device's EUI-64, which begins with the interface's address for the first device."""
    mac = _ask(_SIOCGIFHWADDR)[18:24]
    number = int(name.rpartition("_")[2])
    raw = bytes([mac[0] ^ 2, *mac[1:3], 0xFF, 0xFE, *mac[3:5], (mac[5] + number) % 256])
    return raw.hex(":", 2)


def _show(name: str) -> None:
    mtu = "4096 (5)" if _mtu() >= _FULL_MTU_BYTES else "1024 (3)"
    sys.stdout.write(_DEVICE.format(name=name, transport=_TRANSPORTS[rdma.MODE.read_text()], guid=_guid(name), mtu=mtu))


def _devinfo(arguments: list[str]) -> int:
    given, words = Options(("-l", "--list"), ("-d", "--ib-dev")).read(arguments)
    if words:
        raise RefusedError(f"unexpected: {' '.join(words)}")
    if not rdma.MODE.exists():
        complain("Failed to get IB devices list: Function not implemented")
        return FAILED
    names = rdma.devices()
    if {"-l", "--list"} & set(given):
        say(f"{len(names)} HCA{'' if len(names) == 1 else 's'} found:")
        say("".join(f"\t{name}\n" for name in names))
        return 0
    if not names:
        complain("No IB devices found")
        return FAILED
    wanted = last(given, "-d", "--ib-dev", default=names[0])
    if wanted not in names:
        complain(f"IB device '{wanted}' wasn't found")
        return FAILED
    for name in names if not given else [wanted]:
        _show(name)
    return 0


def _eadm(arguments: list[str]) -> int:
    match arguments:
        case ["ver"]:
            say(f"Driver version: {DRIVER_VERSION}\nLib version: {DRIVER_VERSION}")
            return 0
        case ["info"]:
            for name in rdma.devices():
                say(f"{name}: interface {INTERFACE}, MTU {_mtu()}, compat mode {rdma.MODE.read_text()}")
            if not rdma.devices():
                complain("No erdma device found")
            return int(not rdma.devices())
    raise RefusedError(f"only info and ver are known, got: {' '.join(arguments)}")


def main(name: str, arguments: list[str]) -> int:
    """Run one of the two commands."""
    return {"ibv_devinfo": _devinfo, "eadm": _eadm}[name](arguments)
