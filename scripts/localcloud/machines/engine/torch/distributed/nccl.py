"""
NCCL's choice of a network, and the lines in which it tells of it.

Source: logs of NCCL 2.19 to 2.25 in the issues of NVIDIA/nccl, NVIDIA/nccl-tests and Azure/aks-rdma-infiniband.
"""

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud.machines.engine import lines

DEVICES = Path("/dev/infiniband")
VERSION = "2.28.9+cuda13.0"


class NcclError(RuntimeError):
    """NCCL cannot work as it is told to."""


@dataclass(frozen=True)
class Network:
    """What the ranks talk over: the *devices* of RDMA, or the interface alone where there are none."""

    interface: str
    address: str
    devices: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return NCCL's name of the network."""
        return "IB" if self.devices else "Socket"


def log(text: str, level: str = "INFO") -> None:
    """Write one line of NCCL's log, to the output as it does."""
    wanted = os.environ.get("NCCL_DEBUG", "").upper()
    if wanted in ("INFO", "TRACE") or wanted == level:
        local = os.environ["LOCAL_RANK"]
        # In one piece: all ranks of a node write to the same pipe.
        sys.stdout.write(f"{socket.gethostname()}:{os.getpid()}:{os.getpid()} [{local}] NCCL {level} {text}\n")
        sys.stdout.flush()


def _matches(name: str, wanted: str) -> bool:
    """Say whether *name* is among the beginnings *wanted*; ``=`` before them wants whole names, ``^`` all others."""
    exact, refused = "=" in wanted[:2], "^" in wanted[:2]
    listed = [part.partition(":")[0] for part in wanted.lstrip("^=").split(",")]
    found = name in listed if exact else name.startswith(tuple(listed))
    return found != refused


def _interface() -> tuple[str, str]:
    wanted = os.environ.get("NCCL_SOCKET_IFNAME", "^lo,docker")
    for _, name in socket.if_nameindex():
        if _matches(name, wanted):
            return name, lines.interface_address(name)
    log("Bootstrap : no socket interface found", "WARN")
    raise NcclError("ncclInvalidUsage: This usually reflects invalid usage of NCCL library.")


def _devices(interface: str, address: str) -> tuple[str, ...]:
    if os.environ.get("NCCL_IB_DISABLE", "0") != "0":
        log(f"NCCL_IB_DISABLE set by environment to {os.environ['NCCL_IB_DISABLE']}.")
        return ()
    present = [f"erdma_{number}" for number, _ in enumerate(sorted(DEVICES.glob("uverbs*")))]
    wanted = os.environ.get("NCCL_IB_HCA", "")
    devices = tuple(name for name in present if not wanted or _matches(name, wanted))
    if devices:
        listed = " ".join(f"[{number}]{name}:1/RoCE" for number, name in enumerate(devices))
        log(f"NET/IB : Using {listed} [RO]; OOB {interface}:{address}<0>")
    else:
        log("NET/IB : No device found.")
    return devices


def choose() -> Network:
    """
    Return the network that the environment and the devices lead to.

    Raises:
        NcclError: No interface fits NCCL_SOCKET_IFNAME.
    """
    interface, address = _interface()
    log(f"Bootstrap: Using {interface}:{address}<0>")
    if os.environ["RANK"] == "0":
        log(f"NCCL version {VERSION}")
    network = Network(interface, address, _devices(interface, address))
    if not network.devices:
        log(f"NET/Socket : Using [0]{interface}:{address}<0>")
    log(f"Using network {network.name}")
    return network


def announce(network: Network) -> None:
    """Tell of this rank's channel to the one with the same number on the next node."""
    rank, local, beside = (int(os.environ[name]) for name in ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE"))
    world = int(os.environ["WORLD_SIZE"])
    if world == beside:
        return
    way = f"NET/IB/{local % len(network.devices)}/GDRDMA" if network.devices else "NET/Socket/0"
    for sender, receiver, what in (
        (rank, (rank + beside) % world, "send"),
        ((rank - beside) % world, rank, "receive"),
    ):
        log(f"Channel {local:02}/0 : {sender}[{local}] -> {receiver}[{local}] [{what}] via {way}")
