"""What a container is to be: the form in which the client asks and the engine answers."""

from dataclasses import asdict, dataclass, field
from typing import Any

DEFAULT_CAPABILITIES = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
]
"""Source: https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities"""


@dataclass(frozen=True)
class Mount:
    """A bind mount; *source* is a path of the machine."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True)
class Device:
    """A device file of the machine, or a folder of them."""

    source: str
    target: str


@dataclass(frozen=True)
class Port:
    """A published port."""

    host_address: str
    host_port: int
    container_port: int


@dataclass
class ContainerConfig:
    """Everything that the engine needs to make a container; *user* and *group* are numbers."""

    name: str
    image: str
    entrypoint: list[str] | None = None
    command: list[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    mounts: list[Mount] = field(default_factory=list)
    tmpfs: list[str] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    cap_drop: list[str] = field(default_factory=list)
    cap_add: list[str] = field(default_factory=list)
    read_only: bool = False
    init: bool = False
    host_ipc: bool = False
    host_network: bool = False
    gpus: bool = False
    devices: list[Device] = field(default_factory=list)
    user: int = 0
    group: int = 0
    working_dir: str = "/"
    stop_grace_seconds: float = 10
    log_options: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ContainerConfig":
        """Return the configuration that to_json made *values* of."""
        mounts = [Mount(**mount) for mount in values["mounts"]]
        ports = [Port(**port) for port in values["ports"]]
        devices = [Device(**device) for device in values["devices"]]
        return cls(**(values | {"mounts": mounts, "ports": ports, "devices": devices}))

    def capabilities(self) -> list[str]:
        """Return the capabilities that are left."""
        dropped = {_full(name) for name in self.cap_drop}
        kept = [] if "CAP_ALL" in dropped else [name for name in DEFAULT_CAPABILITIES if name not in dropped]
        return sorted({*kept, *map(_full, self.cap_add)})


def _full(name: str) -> str:
    upper = name.upper()
    return upper if upper.startswith("CAP_") else f"CAP_{upper}"
