"""Autoscalers: they keep what they scale within its bounds."""

import pytest

from tests.localcloud.kubernetes.controllers.cluster import Cluster

TARGET = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: qwq}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: qwq}}}}
  template: {{metadata: {{labels: {{app: qwq}}}}, spec: {{containers: [{{name: engine, image: vllm}}]}}}}
"""
HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: qwq}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: qwq}, minReplicas: 2, maxReplicas: 4}
"""
KEDA = """
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: qwq}
spec: {scaleTargetRef: {name: qwq}, minReplicaCount: 2, maxReplicaCount: 4}
"""


@pytest.mark.parametrize("scaler", [HPA, KEDA])
@pytest.mark.parametrize(("before", "after"), [(1, 2), (3, 3), (5, 4), (0, 0)])
def test_bounds(scaler: str, before: int, after: int) -> None:
    """Replicas outside the bounds are brought inside; what was switched off stays so."""
    cluster = Cluster()
    cluster.add(TARGET, replicas=before)
    cluster.add(scaler)

    assert after == cluster.get("Deployment", "qwq")["spec"]["replicas"]
    assert after == len(cluster.pods())


def test_no_target() -> None:
    """Without its target it says so, and acts when the target comes."""
    cluster = Cluster()
    cluster.add(HPA)
    before = cluster.conditions("HorizontalPodAutoscaler", "qwq")
    cluster.add(TARGET, replicas=1)

    assert {"AbleToScale": ("False", "FailedGetScale")} == before
    assert 2 == len(cluster.pods())


def test_deletion() -> None:
    """With a ScaledObject goes the autoscaler that it made."""
    cluster = Cluster()
    cluster.add(TARGET, replicas=1)
    cluster.add(KEDA)

    cluster.remove("ScaledObject", "qwq", foreground=True)

    assert [] == cluster.contents.all("HorizontalPodAutoscaler") + cluster.contents.all("ScaledObject")
