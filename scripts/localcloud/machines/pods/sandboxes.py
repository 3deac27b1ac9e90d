"""Pods that run: each a machine of its home, as is each address of a load balancer."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.authority import certificates
from scripts.localcloud.machines.guest.kubelet.configured import GPUS
from scripts.localcloud.machines.guest.places import STATUS
from scripts.localcloud.machines.hosts import tokens
from scripts.localcloud.machines.hosts.state import Account
from scripts.localcloud.machines.layout import Place
from scripts.localcloud.machines.machines import Machines
from scripts.localcloud.machines.pods.spec import ANYWHERE, Manifest, OssVolume, PodFacts
from scripts.localcloud.machines.pods.volumes import folder_of, refusal
from scripts.localcloud.machines.spec import MachineError, MachineSpec

CONTAINERS = "var/lib/docker/containers"
FINISHED = ("Succeeded", "Failed")
_BALANCER = "lb-"


class SandboxPods:
    """The pods and balancers of one home."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()
        self._account = Account(self._home)
        self._machines = Machines(home)

    def available(self) -> str | None:
        """Return None when pods can run here, else the reason in one sentence."""
        return self._machines.available()

    def start(self, pod: Manifest, node: PodFacts) -> None:
        """Start *pod*; returns when it can be asked."""
        metadata, spec = pod["metadata"], pod["spec"]
        certificates(self._home)
        own = {
            "manifest": pod,
            "objects": list(node.objects),
            "cluster_id": node.cluster_id,
            "tokens": self._tokens(pod, node),
            "volumes": {
                claim: {"folder": str(folder_of(self._account, volume)), "read_only": volume.read_only}
                for claim, volume in node.volumes.items()
            },
        }
        self._machines.start(
            MachineSpec(
                instance_id=metadata["uid"],
                region=node.region,
                zone=node.zone,
                instance_type="",
                gpu_count=_gpus(spec),
                gpu_name=node.gpu_name,
                gpu_memory_mib=node.gpu_memory_mib,
                image_id="",
                user_data="",
                private_ip=node.address,
                hostname=spec.get("hostname", metadata["name"])[:63],
                internet=node.internet,
                rdma_devices=node.rdma_devices,
                faults=dict(node.faults),
                kind="pod",
                own=own,
            )
        )

    def status(self, uid: str) -> Manifest:
        """Return the pod's status; one whose process died with no word of its own is Failed."""
        place = self._place(uid)
        alive = self._machines.lives(uid)
        try:
            status: Manifest = json.loads((place.exchange / STATUS.name).read_text())
        except FileNotFoundError:
            raise MachineError(f"pod {uid}: was never started here.") from None
        if not alive and status["phase"] not in FINISHED:
            status |= {"phase": "Failed", "reason": "NodeLost", "message": "its sandbox is gone"}
        return status

    def logs(self, uid: str, container: str, tail: int | None = None, *, previous: bool = False) -> str:
        """Return the last *tail* lines of a container."""
        status = self.status(uid)
        every = [*status.get("initContainerStatuses", []), *status["containerStatuses"]]
        found = next((one for one in every if one["name"] == container), None)
        if found is None:
            raise MachineError(f"container {container} is not valid for pod {uid}")
        run = _run_of(found, previous=previous)
        if not run:
            which = "previous terminated container" if previous else "container"
            raise MachineError(f"{which} {container!r} in pod {uid} not found")
        file = self._place(uid).root / CONTAINERS / run / f"{run}-json.log"
        lines = [json.loads(line)["log"] for line in file.read_text().splitlines()] if file.exists() else []
        return "".join(lines if tail is None else lines[len(lines) - min(tail, len(lines)) :])

    def stop(self, uid: str, grace_seconds: float) -> None:
        """End the pod and remove it."""
        with contextlib.suppress(MachineError):
            self._machines.stop(uid, grace_seconds)
        self._machines.delete(uid)

    def running(self) -> list[str]:
        """Return the uids of the pods whose processes live."""
        return [uid for uid in self._machines.running() if self._place(uid).spec().kind == "pod"]

    def listen(
        self, address: str, port: int, uids: Sequence[str], target_port: int, sources: Sequence[str] = ANYWHERE
    ) -> None:
        """Lead what comes to *address*:*port* to *target_port* of the pods."""
        name = f"{_BALANCER}{address}"
        targets = [self._place(uid).spec().private_ip for uid in uids]
        told = {"targets": targets, "target_port": target_port, "sources": list(sources)}
        if not self._machines.lives(name):
            self._machines.start(_balancer(name, address))
        ports = self._place(name).spec().own["ports"] | {str(port): told}
        self._machines.set_own(name, {"ports": ports})
        open_now = {(address, int(number)) for number, entry in ports.items() if entry["targets"] and entry["sources"]}
        self._machines.set_listeners(name, open_now)

    def release(self, address: str) -> None:
        """Listen no longer at *address*."""
        self._machines.delete(f"{_BALANCER}{address}")

    def readable(self, volume: OssVolume) -> str | None:
        """Return why the identity of *volume* may not read it, None when it may."""
        return refusal(self._account, volume)

    def _place(self, uid: str) -> Place:
        return Place(self._home, uid)

    def _tokens(self, pod: Manifest, node: PodFacts) -> dict[str, str]:
        """Return a token for each audience that the pod's volumes ask for, and one for the API."""
        spec, metadata = pod["spec"], pod["metadata"]
        account = spec.get("serviceAccountName", "default")
        claims = {
            "iss": tokens.issuer(node.region, node.cluster_id),
            "sub": f"system:serviceaccount:{metadata['namespace']}:{account}",
            "kubernetes.io": {
                "namespace": metadata["namespace"],
                "pod": {"name": metadata["name"], "uid": metadata["uid"]},
                "serviceaccount": {"name": account},
            },
        }
        return {
            audience: tokens.mint(self._home, claims | {"aud": [audience or tokens.API_AUDIENCE]})
            for audience in {"", *_audiences(spec)}
        }


def _audiences(spec: Manifest) -> Iterator[str]:
    for volume in spec.get("volumes", []):
        for source in volume.get("projected", {}).get("sources", []):
            if "serviceAccountToken" in source:
                yield source["serviceAccountToken"].get("audience", "")


def _gpus(spec: Manifest) -> int:
    limits = [container.get("resources", {}).get("limits", {}) for container in spec["containers"]]
    return sum(int(limit.get(name, 0)) for limit in limits for name in GPUS)


def _run_of(status: Manifest, *, previous: bool) -> str:
    """Return which run of a container its log is wanted of, empty when there was none."""
    last = status["lastState"].get("terminated", {}).get("containerID", "")
    waits = "waiting" in status["state"]
    return str(last if previous or waits else status["containerID"]).rpartition("/")[2]


def _balancer(name: str, address: str) -> MachineSpec:
    own: dict[str, Any] = {"ports": {}}
    return MachineSpec(
        instance_id=name,
        region="",
        zone="",
        instance_type="",
        gpu_count=0,
        gpu_name="",
        gpu_memory_mib=0,
        image_id="",
        user_data="",
        private_ip=address,
        hostname="balancer",
        kind="balancer",
        own=own,
    )
