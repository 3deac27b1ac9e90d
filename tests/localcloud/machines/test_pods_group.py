"""Pods that serve one model together: they find each other by name, split it, and have RDMA where their node has."""

from typing import Any

import pytest

from scripts.localcloud.machines.pods import Manifest
from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.podded import ENGINE_IMAGE, Cluster, pod, python, ready
from tests.localcloud.machines.test_pods_serving import FACTS, bucket, engine

pytestmark = pytest.mark.machine

LEADER = "group-0.group.llm"
NAMES = """\
import socket
for name in ("{leader}", "group.llm.svc.cluster.local", "group", "front", "kubernetes.default.svc", "nobody", "x.y"):
    try:
        print(name, socket.gethostbyname(name))
    except OSError as problem:
        print(name, problem)
"""


def member(rank: int) -> Manifest:
    """Return the pod of one node of two."""
    argv = ["--tensor-parallel-size", "2", "--pipeline-parallel-size", "2", "--nnodes", "2", "--node-rank", str(rank)]
    argv += ["--master-addr", "$(LWS_LEADER_ADDRESS)", "--master-port", "29500", *(["--headless"] if rank else [])]
    env = [
        {"name": "LWS_LEADER_ADDRESS", "value": LEADER},
        {"name": "VLLM_HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "GLOO_SOCKET_IFNAME", "value": "eth0"},
    ]
    name = f"group-0-{rank}" if rank else "group-0"
    more: dict[str, Any] = {"env": env} | ({"startupProbe": {"exec": {"command": ["true"]}}} if rank else {})
    return pod(
        engine(*argv, gpus=2, **more),
        name=name,
        hostname=name,
        subdomain="group",
        restartPolicy="Always",
        volumes=[{"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}}],
    )


def kept(cluster: Cluster, manifests: list[Manifest]) -> list[Manifest]:
    """Put *manifests* into the cluster, where pods are known by their addresses."""
    cluster.objects.folder.mkdir(parents=True)
    cluster.objects.create()
    services: list[Manifest] = [
        {"metadata": {"name": "group"}, "spec": {"clusterIP": "None", "selector": {"app": "x"}}},
        {"metadata": {"name": "front"}, "spec": {}, "status": {"loadBalancer": {"ingress": [{"ip": "127.254.0.9"}]}}},
    ]
    with cluster.objects.transaction() as contents:
        for service in services:
            metadata = service["metadata"] | {"namespace": "llm"}
            contents.put(service | {"apiVersion": "v1", "kind": "Service", "metadata": metadata})
        return [
            contents.put(each | {"status": {"podIP": cluster.address(number)}}) for number, each in enumerate(manifests)
        ]


def test_two_pods_serve_one_model(site: Site, address: str) -> None:
    """The second finds the first by its name; alone it would wait."""
    bucket(site)
    cluster = Cluster(site, address)
    first, second = kept(cluster, [member(0), member(1)])

    cluster.start(second, 1, **FACTS)
    uid = cluster.start(first, **FACTS)
    cluster.wait(uid, ready)

    front = cluster.address(9)
    script = f"import urllib.request; print(urllib.request.urlopen('http://{front}/health').status)"
    cluster.pods.listen(front, 80, [uid], 30000)
    phase, said = cluster.run(pod(python(script), name="late"), 3)
    assert "Failed" == phase, "the engine listens on its pod's loopback address only"
    assert "reset" in said


def test_names_lead_where_the_cluster_says(site: Site, address: str) -> None:
    """To a pod, to the pods of a headless Service, to a balancer, and otherwise nowhere."""
    cluster = Cluster(site, address)
    kept(cluster, [member(0)])

    _, said = cluster.run(pod(python(NAMES.format(leader=LEADER)), name="asks"), 1)

    nowhere = "[Errno -2] Name or service not known"
    assert [
        f"{LEADER} {address}",
        f"group.llm.svc.cluster.local {address}",
        f"group {address}",
        "front 127.254.0.9",
        "kubernetes.default.svc 172.16.0.1",
        f"nobody {nowhere}",
        f"x.y {nowhere}",
    ] == said.splitlines()


DEVICES = """\
import glob, subprocess, torch
print(sorted(glob.glob("/dev/infiniband/*")), len(glob.glob("/dev/nvidia[0-9]*")))
"""


@pytest.mark.parametrize(
    ("devices", "gpus", "shown"),
    [
        (2, 16, "['/dev/infiniband/rdma_cm', '/dev/infiniband/uverbs0', '/dev/infiniband/uverbs1'] 16"),
        (0, 0, "[] 0"),
    ],
)
def test_devices_are_those_of_the_node(site: Site, address: str, devices: int, gpus: int, shown: str) -> None:
    """RDMA without a driver that the pod would load, and as many GPUs as its limits say."""
    container = {
        "name": "main",
        "image": ENGINE_IMAGE,
        "command": ["python3", "-c", DEVICES],
        "resources": {"limits": {"nvidia.com/gpu": gpus}},
    }

    assert ("Succeeded", f"{shown}\n") == Cluster(site, address).run(pod(container), rdma_devices=devices)
