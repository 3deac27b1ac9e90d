"""Claims and volumes: which are bound, what holds them, which pods wait for them."""

import pytest

from scripts.localcloud.kubernetes.quantities import amount
from tests.localcloud.kubernetes.controllers.cluster import Cluster

VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {{name: weights, labels: {{model: qwq}}}}
spec:
  capacity: {{storage: {size}}}
  accessModes: [ReadOnlyMany]
  storageClassName: {kind}
  csi: {{driver: ossplugin.csi.alibabacloud.com, volumeHandle: weights}}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: weights}}
spec:
  accessModes: [{mode}]
  storageClassName: ""
  {more}
  resources: {{requests: {{storage: 100Gi}}}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: engine}
spec:
  containers: [{name: engine, image: vllm}]
  volumes: [{name: weights, persistentVolumeClaim: {claimName: weights}}]
"""


@pytest.mark.parametrize(
    ("size", "kind", "mode", "more", "phase"),
    [
        ("100Gi", '""', "ReadOnlyMany", "", "Bound"),
        ("1Ti", '""', "ReadOnlyMany", "volumeName: weights", "Bound"),
        ("100Gi", '""', "ReadOnlyMany", "selector: {matchLabels: {model: qwq}}", "Bound"),
        ("100Gi", '""', "ReadOnlyMany", "selector: {matchLabels: {model: r1}}", "Pending"),
        ("100Gi", '""', "ReadOnlyMany", "volumeName: other", "Pending"),
        ("100G", '""', "ReadOnlyMany", "", "Pending"),
        ("100Gi", "oss", "ReadOnlyMany", "", "Pending"),
        ("100Gi", '""', "ReadWriteOnce", "", "Pending"),
    ],
)
def test_binding(size: str, kind: str, mode: str, more: str, phase: str) -> None:
    """A claim is bound to a volume of its class that is large enough, may be used so and is chosen by it."""
    cluster = Cluster()
    cluster.add(VOLUME, size=size, kind=kind)
    cluster.add(CLAIM, mode=mode, more=more)

    assert phase == cluster.status("PersistentVolumeClaim", "weights")["phase"]
    assert ("Bound" if phase == "Bound" else "Available") == cluster.status("PersistentVolume", "weights")["phase"]


def test_pod_waits_for_its_claim() -> None:
    """A pod has no node until its claim exists and is bound, and says what it waits for."""
    cluster = Cluster()
    seen = []
    cluster.add(POD)
    for step in (
        lambda: None,
        lambda: cluster.add(CLAIM, mode="ReadOnlyMany", more=""),
        lambda: cluster.add(VOLUME, size="1Ti", kind='""'),
    ):
        step()
        pod = cluster.get("Pod", "engine")
        seen.append((pod["spec"].get("nodeName"), pod["status"]["conditions"][0].get("message")))

    assert [
        (None, '0/1 nodes are available: persistentvolumeclaim "weights" not found.'),
        (None, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
        ("virtual-kubelet", None),
    ] == seen


def test_deletion() -> None:
    """A claim stays while a pod uses it, its volume while the claim is there; then both go."""
    cluster = Cluster()
    cluster.add(VOLUME, size="1Ti", kind='""')
    cluster.add(CLAIM, mode="ReadOnlyMany", more="")
    cluster.add(POD)
    cluster.play()

    cluster.remove("PersistentVolume", "weights")
    cluster.remove("PersistentVolumeClaim", "weights")
    held = cluster.kinds()
    cluster.remove("Pod", "engine")
    cluster.play()

    assert ["PersistentVolume", "PersistentVolumeClaim", "Pod"] == held
    assert [] == cluster.kinds()


def test_released() -> None:
    """A volume whose claim is gone is bound to no other."""
    cluster = Cluster()
    cluster.add(VOLUME, size="1Ti", kind='""')
    cluster.add(CLAIM, mode="ReadOnlyMany", more="")

    cluster.remove("PersistentVolumeClaim", "weights")
    cluster.add(CLAIM, mode="ReadOnlyMany", more="")

    assert "Released" == cluster.status("PersistentVolume", "weights")["phase"]
    assert "Pending" == cluster.status("PersistentVolumeClaim", "weights")["phase"]


def test_namespace() -> None:
    """Deleting the namespace takes the pod and the claim, in the order that their finalizers ask for."""
    cluster = Cluster()
    cluster.add(VOLUME, size="1Ti", kind='""')
    cluster.add(CLAIM, mode="ReadOnlyMany", more="")
    cluster.add(POD)
    cluster.play()

    cluster.remove("Namespace", "llm")
    cluster.play()

    assert ["PersistentVolume"] == cluster.kinds()


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("100Gi", 100 * 2**30), ("500m", 0.5), ("1k", 1000), ("2", 2), (3, 3), ("1.5Ti", 1.5 * 2**40), ("1e3", 1000)],
)
def test_quantities(quantity: str, number: float) -> None:
    """Quantities are read as the API reads them."""
    assert number == amount(quantity)
