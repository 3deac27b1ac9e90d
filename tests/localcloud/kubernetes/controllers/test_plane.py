"""A control plane on disk: what it asks of whatever runs pods, and what it writes down."""

from ipaddress import IPv4Address

import pytest

from scripts.localcloud import addresses
from scripts.localcloud.kubernetes.controllers.plane import ControlPlane
from scripts.localcloud.kubernetes.objects import ClusterGoneError
from scripts.localcloud.store import kept_at, write_json
from tests.localcloud.kubernetes.controllers.site import ID, POD, PRIVATE, REGION, SERVICE, Site

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{namespace: llm, name: qwq}}
spec:
  selector: {{matchLabels: {{app: qwq}}}}
  template:
    metadata: {{labels: {{app: qwq, alibabacloud.com/gpu-model-series: GU8TF, alibabacloud.com/hpn-type: rdma}}}}
    spec: {{containers: [{{name: engine, image: vllm}}]}}
"""


def test_a_pods_life(site: Site) -> None:
    """A pod is started with what surrounds it, its status is written down, and it goes when it has ended."""
    site.add(POD, name="a", volumes="[]")
    site.ready("a")
    facts = site.pods.facts["a"]
    status = site.status("Pod", "a")
    site.remove("Pod", "a")
    site.until(lambda: site.find("Pod", "a") is None)

    assert (ID, REGION, "cn-hangzhou-k", False) == (facts.cluster_id, facts.region, facts.zone, facts.internet)
    assert facts.address.endswith(".2.254")
    assert facts.address == status["podIP"]
    assert {"Ready": "True", "PodScheduled": "True"} == {each["type"]: each["status"] for each in status["conditions"]}
    assert [("start", "a"), ("stop", "a", 7)] == site.pods.told


def test_addresses(site: Site) -> None:
    """No two pods have one address, and that of a pod that is gone is given again."""
    for name in ("a", "b"):
        site.add(POD, name=name, volumes="[]")
    for name in ("a", "b"):
        site.ready(name)
    site.remove("Pod", "a")
    site.until(lambda: site.find("Pod", "a") is None)
    site.add(POD, name="c", volumes="[]")
    site.ready("c")

    a, b, c = (site.pods.facts[name].address for name in "abc")
    assert (True, a) == (a != b, c)


def test_address_of_another_cluster(site: Site) -> None:
    """A pod gets no address at which a machine of the cloud is already reached."""
    other = addresses.private(addresses.site_of(site.home), IPv4Address("10.1.2.254"))
    (site.home / "network").mkdir()
    (site.home / "network" / other).touch()
    site.add(POD, name="a", volumes="[]")
    site.ready("a")

    assert site.pods.facts["a"].address.endswith(".2.253")


def test_finalizer(site: Site) -> None:
    """A pod that something holds is ended, and stays until it is let go."""
    site.add(POD.replace("name: {name},", "name: {name}, finalizers: [example.com/held],"), name="a", volumes="[]")
    site.ready("a")
    site.remove("Pod", "a")
    site.until(lambda: ("stop", "a", 7) in site.pods.told)
    for _ in range(3):
        site.plane.step()
    held = site.find("Pod", "a")
    assert held is not None
    with site.objects.transaction() as contents:
        contents.put(held | {"metadata": held["metadata"] | {"finalizers": []}})
    site.until(lambda: site.find("Pod", "a") is None)


def test_hardware_and_faults(site: Site) -> None:
    """A pod finds the GPUs of its series, RDMA when it asks for it, and the faults of what it belongs to."""
    write_json(site.home / "faults.json", {"machine": {"mtu": 1400}, "machines": {"qwq": {"no_gpu": True}}})
    site.add(DEPLOYMENT)
    site.until(lambda: site.pods.facts)
    (facts,) = site.pods.facts.values()

    assert ("H20", 97871, 1) == (facts.gpu_name, facts.gpu_memory_mib, facts.rdma_devices)
    assert {"mtu": 1400, "no_gpu": True} == facts.faults


def test_missing_secret(site: Site) -> None:
    """A pod whose Secret is missing waits and says so; with it, it starts and is handed it."""
    site.add(POD, name="a", volumes="[{name: key, secret: {secretName: keys}}]")
    site.until(lambda: site.phase("a"))
    (container,) = site.status("Pod", "a")["containerStatuses"]
    site.add("{{apiVersion: v1, kind: Secret, metadata: {{namespace: llm, name: keys}}, data: {{}}}}")
    site.ready("a")

    assert {"waiting": {"reason": "ContainerCreating", "message": 'secret "keys" not found'}} == container["state"]
    assert ["keys"] == [item["metadata"]["name"] for item in site.pods.facts["a"].objects]


def test_pod_that_does_not_start(site: Site) -> None:
    """A pod for which there is no room is tried again."""
    site.pods.broken.add("a")
    site.add(POD, name="a", volumes="[]")
    site.until(lambda: "no room" in str(site.status("Pod", "a")))
    site.pods.broken.clear()
    site.ready("a")

    assert "Running" == site.phase("a")


def test_second_control_plane(site: Site) -> None:
    """A control plane that follows another finds the pods and starts none again."""
    site.add(POD, name="a", volumes="[]")
    site.ready("a")
    site.plane.close()
    site.plane = ControlPlane(site.home, ID, site.pods)
    site.pods.be("a", "Succeeded")
    site.until(lambda: site.phase("a") == "Succeeded")

    assert [("start", "a")] == site.pods.told


def test_rest(site: Site) -> None:
    """A cluster at rest is not written to."""
    site.add(SERVICE, annotations=PRIVATE)
    site.add(POD, name="a", volumes="[]")
    site.ready("a")
    site.until(lambda: len(site.pods.told) == 3)
    version = site.objects.read().version
    state = kept_at(site.home).stat().st_mtime_ns
    for _ in range(5):
        site.plane.step()

    assert version == site.objects.read().version
    assert state == kept_at(site.home).stat().st_mtime_ns


def test_cluster_gone(site: Site) -> None:
    """A control plane whose cluster is gone says so, and ends the pods when it is told to."""
    site.add(POD, name="a", volumes="[]")
    site.ready("a")
    site.objects.destroy()
    with pytest.raises(ClusterGoneError):
        site.until(lambda: False)
    site.plane.end_pods()

    assert ("stop", "a", 0) == site.pods.told[-1]
