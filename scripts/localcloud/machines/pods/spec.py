"""What whoever runs a cluster asks of whatever runs its pods."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from scripts.localcloud.machines.spec import check_faults

Manifest = dict[str, Any]
"""A Kubernetes object, or a part of one, as its JSON."""

ANYWHERE = ("0.0.0.0/0",)


@dataclass(frozen=True)
class OidcRole:
    """A RAM role that is taken with the token of a service account, written ``namespace/name``."""

    role_arn: str
    provider_arn: str
    service_account: str


@dataclass(frozen=True)
class AccessKey:
    """A RAM user's pair."""

    key_id: str
    secret: str


Identity = OidcRole | AccessKey


@dataclass(frozen=True)
class OssVolume:
    """The objects of *bucket* below the folder *path*, as *identity* sees them; *path* has no slash at its ends."""

    bucket: str
    path: str
    identity: Identity
    read_only: bool = True


@dataclass(frozen=True)
class PodFacts:
    """
    What the cluster decides about a pod before it starts.

    *address* is a loopback address of this host that nobody else has, *objects* the Secrets and ConfigMaps that the
    pod names, *volumes* what its claims lead to (a Dataset's claim to what the Dataset caches), *internet* whether
    there is a way out, *rdma_devices* how many such interfaces its node gives it, *faults* as a machine has them. How
    many GPUs it gets is the sum of its containers' limits.
    """

    cluster_id: str
    region: str
    zone: str
    address: str
    gpu_name: str = ""
    gpu_memory_mib: int = 0
    rdma_devices: int = 0
    internet: bool = False
    objects: Sequence[Manifest] = ()
    volumes: Mapping[str, OssVolume] = field(default_factory=dict)
    faults: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse unknown faults: a misspelt one would test nothing."""
        check_faults(dict(self.faults))

    def to_json(self) -> Manifest:
        """Return the fields as plain values."""
        return asdict(self)


class Pods(Protocol):
    """
    The pods of one state home, by the uid of their objects; every method may raise `MachineError`.

    Nothing is held in memory, so that several processes can use one home; the pods outlive all of them.
    """

    def available(self) -> str | None:
        """Return None when pods can run here, else the reason in one sentence."""

    def start(self, pod: Manifest, node: PodFacts) -> None:
        """Start *pod*, the whole object with its uid; returns when it can be asked, not when its containers run."""

    def status(self, uid: str) -> Manifest:
        """
        Return the pod's ``status`` as a kubelet writes it: phase, podIP, conditions, containerStatuses and so on.

        A pod whose process died with no word of its own is Failed, reason NodeLost.

        Raises:
            MachineError: It was never started, or is stopped.
        """

    def logs(self, uid: str, container: str, tail: int | None = None, *, previous: bool = False) -> str:
        """
        Return the last *tail* lines of a container, of the run before the present one with *previous*.

        Raises:
            MachineError: No such pod or container, or it has not run.
        """

    def stop(self, uid: str, grace_seconds: float) -> None:
        """Ask its containers to end, end them after *grace_seconds* of a pod's time, and remove it. Absent is fine."""

    def running(self) -> list[str]:
        """Return the uids of the pods whose processes live, sorted; a finished pod's do not."""

    def listen(
        self, address: str, port: int, uids: Sequence[str], target_port: int, sources: Sequence[str] = ANYWHERE
    ) -> None:
        """
        Lead what comes to *address*:*port*, from this host and from pods in *sources*, to *target_port* of the pods.

        The networks of *sources* are parts of the loopback network, as pods see each other. Calling again replaces what
        was said; without pods or sources, connections are refused.
        """

    def release(self, address: str) -> None:
        """Listen no longer at any port of *address*. Absent is fine."""

    def readable(self, volume: OssVolume) -> str | None:
        """Return None when the identity of *volume* may list and read it now, else OSS's or STS's reason."""
