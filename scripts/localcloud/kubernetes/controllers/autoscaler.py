"""HorizontalPodAutoscalers, and KEDA's ScaledObjects: they keep to their bounds, and no metric ever reaches them."""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.owned import hold, let_go, reference
from scripts.localcloud.kubernetes.controllers.status import is_going, with_condition
from scripts.localcloud.kubernetes.objects import Contents, Manifest

_KIND = "HorizontalPodAutoscaler"
_HELD = "finalizer.keda.sh"
_MOST = 100
"""How many replicas a ScaledObject allows that does not say. Source: https://keda.sh/docs/2.17/reference/scaledobject-spec/."""


def control(cluster: Contents, moment: datetime) -> None:
    """Bring what is scaled within its bounds."""
    for item in cluster.all("ScaledObject"):
        if is_going(item):
            let_go(cluster, item, _HELD)
        else:
            _delegate(cluster, hold(cluster, item, _HELD), moment)
    for item in cluster.all(_KIND):
        if not is_going(item):
            _scale(cluster, item, moment)


def _delegate(cluster: Contents, item: Manifest, moment: datetime) -> None:
    """Make the autoscaler that KEDA makes, and feeds with its own metrics."""
    metadata, spec = item["metadata"], item["spec"]
    name = f"keda-hpa-{metadata['name']}"
    target = {"apiVersion": "apps/v1", "kind": "Deployment"} | spec["scaleTargetRef"]
    cluster.put(
        {
            "apiVersion": "autoscaling/v2",
            "kind": _KIND,
            "metadata": {
                "namespace": metadata["namespace"],
                "name": name,
                "ownerReferences": [reference(item)],
            },
            "spec": {
                "scaleTargetRef": target,
                "minReplicas": max(1, spec.get("minReplicaCount", 0)),
                "maxReplicas": spec.get("maxReplicaCount", _MOST),
            },
        }
    )
    told = {"type": "Ready", "status": "True", "reason": "ScaledObjectReady"}
    status = item.get("status", {})
    cluster.set_status(item, {"hpaName": name, "conditions": with_condition(status, told, moment)})


def _scale(cluster: Contents, item: Manifest, moment: datetime) -> None:
    spec, old = item["spec"], item.get("status", {})
    target = cluster.get(spec["scaleTargetRef"]["kind"], item["metadata"]["namespace"], spec["scaleTargetRef"]["name"])
    if target is None:
        lost = {"type": "AbleToScale", "status": "False", "reason": "FailedGetScale"}
        cluster.set_status(item, {"desiredReplicas": 0, "conditions": with_condition(old, lost, moment)})
        return
    now = target["spec"].get("replicas", 1)
    wanted = now and min(max(now, spec.get("minReplicas", 1)), spec["maxReplicas"])
    if wanted != now and not is_going(target):
        target["spec"]["replicas"] = wanted
        cluster.put(target)
    able = {"type": "AbleToScale", "status": "True", "reason": "SucceededGetScale"}
    blind = {"type": "ScalingActive", "status": "False", "reason": "FailedGetPodsMetric"}
    conditions = with_condition({"conditions": with_condition(old, able, moment)}, blind, moment)
    cluster.set_status(item, {"currentReplicas": now, "desiredReplicas": wanted, "conditions": conditions})
