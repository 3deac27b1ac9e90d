"""What a machine is given, and what goes wrong with it."""

import difflib
from dataclasses import asdict, dataclass, field
from typing import Any

FAULTS: dict[str, tuple[type, ...]] = {
    "no_docker": (bool,),
    "no_gpu": (bool,),
    "gpu_count": (int,),
    "image_pull_fails": (bool,),
    "image_missing": (bool,),
    "truncate_shard": (str, int),
    "wrong_hash_shard": (str, int),
    "slow_weights": (float, int),
    "no_disk": (bool,),
    "engine_exit_code": (int,),
    "engine_exit_after": (float, int),
    "engine_slow_seconds": (float, int),
    "engine_stuck": (bool,),
    "role_never": (bool,),
    "never_boots": (bool,),
    "mtu": (int,),
    "no_rdma": (bool,),
    "rdma_devices": (int,),
}
"""
Fault name to the types of its value.

``gpu_count``: how many GPUs the driver shows. ``truncate_shard`` and ``wrong_hash_shard``: a file name or the index
of a shard. ``slow_weights``: bytes per second. ``engine_exit_after``: seconds from ready to the exit with
``engine_exit_code``; without it the engine exits at the start. ``engine_slow_seconds``: added to each answer.
``engine_stuck``: completions hang while /health stays 200. ``mtu``: of the interface, whatever the cloud says.
``no_rdma``: the driver finds no device. ``rdma_devices``: how many it finds. ``never_boots``: the machine runs, and its
user data does not.
"""


ANYONE = "0.0.0.0"  # noqa: S104 - a source, no address to listen at
"""The source of what every machine of the VPC may open."""


class MachineError(Exception):
    """Something about a machine cannot be done; the text is a sentence."""


@dataclass(frozen=True)
class CommandResult:
    """How a Cloud Assistant command ended; *output* is the last 12,000 bytes."""

    exit_code: int
    output: str
    timed_out: bool = False


@dataclass(frozen=True, order=True)
class Ingress:
    """
    A flow that another machine of the VPC, at *source* or at any address, may open to this one.

    *protocol* is tcp, udp or all; ports are inclusive.
    """

    source: str
    protocol: str
    first_port: int
    last_port: int


@dataclass(frozen=True)
class MachineSpec:
    """
    What the cloud decides about a machine before it boots.

    *private_ip* is a loopback address of this host, *user_data* decoded text, *internet* whether there is egress,
    *rdma_devices* how many of the interfaces carry RDMA. *kind* names what its first program makes of it: an instance,
    a pod or a balancer, and *own* is what only such a program reads.
    """

    instance_id: str
    region: str
    zone: str
    instance_type: str
    gpu_count: int
    gpu_name: str
    gpu_memory_mib: int
    image_id: str
    user_data: str
    private_ip: str
    hostname: str
    role_name: str | None = None
    http_tokens: str = "required"
    internet: bool = True
    mtu: int = 1500
    rdma_devices: int = 0
    faults: dict[str, object] = field(default_factory=dict)
    kind: str = "instance"
    own: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse unknown faults: a misspelt one would test nothing."""
        check_faults(self.faults)

    @property
    def own_mtu(self) -> int:
        """The interface's MTU as the machine has it."""
        fault = self.faults.get("mtu")
        return fault if isinstance(fault, int) else self.mtu

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def check_faults(faults: dict[str, object]) -> None:
    """
    Check names and types of *faults*.

    Raises:
        MachineError: No such fault, or the wrong kind of value.
    """
    for name, value in faults.items():
        if name not in FAULTS:
            near = difflib.get_close_matches(name, FAULTS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(FAULTS)}."
            raise MachineError(f"faults: no such fault, {name!r}. {hint}")
        if not isinstance(value, FAULTS[name]) or (isinstance(value, bool) and bool not in FAULTS[name]):
            wanted = " or ".join(kind.__name__ for kind in FAULTS[name])
            raise MachineError(f"faults.{name}: wrong kind of value, {value!r}. Give {wanted}.")
