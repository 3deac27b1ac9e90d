"""A home with pods, and short ways to do what most tests do."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.localcloud.kubernetes.objects import Objects
from scripts.localcloud.machines.pods import Manifest, PodFacts, SandboxPods
from tests.localcloud.machines.booted import Site

CLUSTER = "c-one"
ENGINE_IMAGE = "registry-vpc.cn-hangzhou.aliyuncs.com/x/vllm:1"
GATE_IMAGE = "registry-vpc.cn-hangzhou.aliyuncs.com/x/caddy:2"
TOOLS_IMAGE = "registry-vpc.cn-hangzhou.aliyuncs.com/x/python:3.12-slim"


def pod(*containers: Manifest, name: str = "one", **spec: Any) -> Manifest:  # noqa: ANN401 - parts of a manifest
    """Return a pod of *containers* that is never restarted."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "llm", "uid": f"uid-{name}", "labels": {"app": "x"}},
        "spec": {"restartPolicy": "Never", "nodeName": "virtual", "containers": list(containers)} | spec,
    }


def python(script: str, *, name: str = "main", **more: Any) -> Manifest:  # noqa: ANN401 - parts of a manifest
    """Return a container that runs *script* in the tools image."""
    return {"name": name, "image": TOOLS_IMAGE, "command": ["python3", "-c", script]} | more


class Cluster:
    """The pods of one cluster in a home."""

    def __init__(self, site: Site, address: str) -> None:
        self.home: Path = site.home
        self.pods = SandboxPods(site.home)
        self.objects = Objects(site.home / "kubernetes" / CLUSTER)
        self._address = address

    def address(self, number: int = 0) -> str:
        """Return the address of the pod with *number*."""
        first, second, third, fourth = self._address.split(".")
        return f"{first}.{second}.{third}.{int(fourth) + number}"

    def start(self, manifest: Manifest, number: int = 0, **facts: Any) -> str:  # noqa: ANN401 - fields of the facts
        """Start *manifest* and return its uid."""
        node = PodFacts(CLUSTER, "cn-hangzhou", "cn-hangzhou-j", self.address(number), **facts)
        self.pods.start(manifest, node)
        return str(manifest["metadata"]["uid"])

    def wait(self, uid: str, holds: Callable[[Manifest], bool], seconds: float = 20) -> Manifest:
        """Return the status of the pod once *holds* is true of it."""
        deadline = time.monotonic() + seconds
        while not holds(status := self.pods.status(uid)):
            assert time.monotonic() < deadline, status
            time.sleep(0.02)
        return status

    def run(self, manifest: Manifest, number: int = 0, **facts: Any) -> tuple[str, str]:  # noqa: ANN401 - as above
        """Return phase and first container's log of a pod that ends."""
        uid = self.start(manifest, number, **facts)
        status = self.wait(uid, lambda now: now["phase"] in ("Succeeded", "Failed"))
        return status["phase"], self.pods.logs(uid, manifest["spec"]["containers"][0]["name"])


def ready(status: Manifest) -> bool:
    """Whether a pod of that *status* is ready."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status["conditions"])
