"""A cluster on disk in a cloud of its own, with pods that do what a test says."""

import time
from collections.abc import Callable
from pathlib import Path

import yaml

from scripts.localcloud.kinds import CLUSTER, SWITCH, VPC
from scripts.localcloud.kubernetes.controllers.plane import ControlPlane
from scripts.localcloud.kubernetes.objects import Manifest, Objects, folder_of
from scripts.localcloud.store import Store
from scripts.localcloud.world import Record
from tests.localcloud.kubernetes.controllers.cluster import release
from tests.localcloud.kubernetes.controllers.fake_pods import FakePods

REGION, ID = "cn-hangzhou", "c1"
POD = """
apiVersion: v1
kind: Pod
metadata: {{namespace: llm, name: {name}, labels: {{app: qwq}}}}
spec: {{terminationGracePeriodSeconds: 7, containers: [{{name: engine, image: vllm}}], volumes: {volumes}}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata:
  namespace: llm
  name: qwq
  annotations: {{{annotations}}}
spec: {{type: LoadBalancer, selector: {{app: qwq}}, ports: [{{port: 80, targetPort: 8000}}]}}
"""
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
PRIVATE = f"{PREFIX}address-type: intranet"


def found(home: Path) -> Objects:
    """Return the objects of a new cluster on a switch of the cloud at *home*."""
    with Store(home).transaction() as world:
        world.add(Record(VPC, "vpc-1", REGION, {"cidrBlock": "10.0.0.0/8"}))
        network = {"vpcId": "vpc-1", "cidrBlock": "10.1.2.0/24", "zoneId": "cn-hangzhou-k"}
        world.add(Record(SWITCH, "vsw-1", REGION, {**network}))
        world.add(Record(CLUSTER, ID, REGION, {"vswitchIds": ["vsw-1"]}))
    objects = Objects(folder_of(home, ID))
    objects.create()
    with objects.transaction() as contents:
        contents.put(release("ack-fluid"))
    return objects


def until(holds: Callable[[], object], meanwhile: Callable[[], object]) -> None:
    """Do *meanwhile* until *holds*."""
    limit = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < limit, "the control plane did not get there"
        meanwhile()


class Site:
    """A cluster in a cloud of its own, its control plane and its pods."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.pods = FakePods()
        self.objects = found(home)
        self.plane = ControlPlane(home, ID, self.pods)

    def add(self, text: str, **values: object) -> None:
        """Put an object into the cluster."""
        with self.objects.transaction() as contents:
            contents.put(yaml.safe_load(text.format(**values)))

    def remove(self, kind: str, name: str) -> None:
        """Delete an object."""
        with self.objects.transaction() as contents:
            contents.remove(kind, "llm", name)

    def find(self, kind: str, name: str) -> Manifest | None:
        """Return an object of the cluster, if it exists."""
        return self.objects.read().get(kind, "llm", name)

    def status(self, kind: str, name: str) -> Manifest:
        """Return the status of an object, empty without either."""
        item = self.find(kind, name)
        return {} if item is None else dict(item.get("status", {}))

    def until(self, holds: Callable[[], object]) -> None:
        """Let the control plane work until *holds*."""
        until(holds, self.plane.step)

    def phase(self, name: str) -> str:
        """Return the phase of a pod."""
        return str(self.status("Pod", name).get("phase", ""))

    def ready(self, name: str) -> None:
        """Let a pod start and get ready."""
        self.until(lambda: name in self.pods.facts)
        self.pods.be(name, "Running", ready=True)
        self.until(lambda: self.phase(name) == "Running")

    def ingress(self) -> list[Manifest]:
        """Return the addresses of the Service."""
        found: list[Manifest] = self.status("Service", "qwq").get("loadBalancer", {}).get("ingress", [])
        return found
