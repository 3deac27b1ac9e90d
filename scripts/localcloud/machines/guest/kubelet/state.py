"""What a pod and its containers say of themselves, in the words of the API."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from scripts.localcloud.machines.guest.kubelet.pod import Manifest, Pod

MESSAGE_BYTES = 4096
NEVER = "1970-01-01T00:00:00Z"
LOG_BYTES, LOG_LINES = 2048, 80
"""How much of a log stands for a missing message. Source: kubernetes pkg/kubelet/container/helpers.go."""


class Contained(Protocol):
    """What must be known of a container."""

    name: str
    image: str
    state: Manifest
    last: Manifest
    identity: str
    ready: bool
    started: bool
    restarts: int


def now() -> str:
    """Return the time as the API writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(reason: str, message: str = "") -> Manifest:
    """Return the state of a container that does not run yet."""
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def terminated(identity: str, code: int, begun: str, message: str) -> Manifest:
    """Return the state of a container that has just ended; *begun* is empty when it has not started at all."""
    reason = "Error" if code else "Completed"
    told: Manifest = {"containerID": identity, "exitCode": code, "reason": reason if begun else "StartError"}
    told |= {"startedAt": begun or NEVER, "finishedAt": now()}
    return {"terminated": told | ({"message": message} if message else {})}


def last_words(message: Path, log: Path, policy: str, code: int) -> str:
    """Return a container's termination message."""
    words = message.read_bytes()[:MESSAGE_BYTES].decode(errors="replace")
    if words or not code or policy != "FallbackToLogsOnError" or not log.exists():
        return words
    lines = [json.loads(line)["log"] for line in log.read_text().splitlines()[-LOG_LINES:]]
    return "".join(lines).encode()[-LOG_BYTES:].decode(errors="replace")


def of_pod(pod: Pod, begun: str, inits: Sequence[Contained], containers: Sequence[Contained]) -> Manifest:
    """Return the pod's ``status``."""
    initialized = all(_exit_code(one) == 0 for one in inits)
    unready = [one.name for one in containers if not one.ready]
    about = f"containers with unready status: [{' '.join(unready)}]"
    policy = pod.spec.get("restartPolicy", "Always")
    gave_up = policy == "Never" and any(_exit_code(one) for one in inits)
    phase = "Failed" if gave_up else phase_of(containers, policy)
    reason = "PodCompleted" if phase == "Succeeded" else "ContainersNotReady"
    all_ready = _condition("Ready", not unready, reason, about)
    status: Manifest = {
        "phase": phase,
        "startTime": begun,
        "hostIP": pod.address,
        "podIP": pod.address,
        "podIPs": [{"ip": pod.address}],
        "qosClass": "Guaranteed",
        "conditions": [
            _condition("Initialized", initialized, "ContainersNotInitialized", "an init container has not completed"),
            all_ready,
            all_ready | {"type": "ContainersReady"},
            _condition("PodScheduled", True, "", ""),  # noqa: FBT003 - it runs here
        ],
        "containerStatuses": [_of_container(one) for one in containers],
    }
    return status | ({"initContainerStatuses": [_of_container(one, init=True) for one in inits]} if inits else {})


def _exit_code(one: Contained) -> int | None:
    ended = one.state.get("terminated")
    return None if ended is None else int(ended["exitCode"])


def phase_of(containers: Sequence[Contained], policy: str) -> str:
    """Return the phase; a container that is to be started again has not ended."""
    codes = [_exit_code(one) for one in containers]
    final = {"Always": [], "OnFailure": [0]}.get(policy, codes)
    if None not in codes and all(code in final for code in codes):
        return "Failed" if any(codes) else "Succeeded"
    begun = all(one.last or "waiting" not in one.state for one in containers)
    return "Running" if begun else "Pending"


def _condition(kind: str, holds: bool, reason: str, message: str) -> Manifest:  # noqa: FBT001 - it is what is said
    told = {"type": kind, "status": str(holds)}
    return told if holds else told | {"reason": reason, "message": message}


def _of_container(one: Contained, *, init: bool = False) -> Manifest:
    return {
        "name": one.name,
        "image": one.image,
        "imageID": one.image,
        "containerID": one.identity,
        "state": one.state,
        "lastState": one.last,
        "ready": one.ready or (init and _exit_code(one) == 0),
        "started": one.started,
        "restartCount": one.restarts,
    }
