"""What every object has: a name, a namespace, labels; and where things are inside the pods."""

import hashlib
import json
from typing import Any

from components.args import AcsLlmClusterArgs

NAME = "llm"
"""What the endpoint is called in its namespace, which is its own."""

Manifest = dict[str, Any]
"""A Kubernetes object, or a part of one, as its JSON."""

Later = Any
"""A value that only the deployment knows: what Pulumi calls an Output, or the value itself."""

GATE_PORT = 8000
ENGINE_PORT = 30000
METRICS_PORT = 9000

PROGRAMS = "/opt/llm"
"""Folder of the programs in every pod."""

USER = 10001
"""Who runs whatever need not be root."""

CPU_POD = {"alibabacloud.com/compute-class": "general-purpose", "alibabacloud.com/compute-qos": "default"}
"""
Labels of pods without GPU.

Source: https://www.alibabacloud.com/help/en/cs/user-guide/acs-pod-instance-overview, 2026-11-21.
"""

TMP: Manifest = {"name": "tmp", "emptyDir": {}}
TMP_MOUNT: Manifest = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - inside a container, of its own


def labels(component: str) -> dict[str, str]:
    """Return what tells the objects of *component* from others; selectors use it, so nothing else belongs here."""
    return {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": component}


def workload(args: AcsLlmClusterArgs) -> Manifest:
    """Return what kind of object runs the replicas: groups, where each is several pods."""
    if args.pods == 1:
        return {"apiVersion": "apps/v1", "kind": "Deployment"}
    return {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet"}


def answering(args: AcsLlmClusterArgs) -> str:
    """
    Return the component of the pods that callers reach.

    It is another where a replica has several pods: when a change of the arguments turns the one into the other, both
    are there for a while, and only the new ones are asked.
    """
    return "engine" if args.pods == 1 else "leader"


def metadata(args: AcsLlmClusterArgs, component: str, full_name: str = "") -> Manifest:
    """Return the metadata of an object of *component*, called *full_name* or else like the endpoint."""
    return {"name": full_name or NAME, "namespace": args.namespace, "labels": labels(component)}


def digest(value: object) -> str:
    """Return another short text whenever *value*, of plain values only, is another."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]


def variables(values: dict[str, Later]) -> list[Manifest]:
    """Return *values* as a container's `env`."""
    return [{"name": key, "value": value} for key, value in values.items()]


def resources(cpu: str, memory: str, **devices: int) -> Manifest:
    """Return a container's resources; ACS takes what is requested and what is the limit as one."""
    amounts = {"cpu": cpu, "memory": memory, **devices}
    return {"requests": amounts, "limits": dict(amounts)}


def unprivileged(*capabilities: str) -> Manifest:
    """Return a container's security context without any privilege but *capabilities*."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], **({"add": list(capabilities)} if capabilities else {})},
    }
