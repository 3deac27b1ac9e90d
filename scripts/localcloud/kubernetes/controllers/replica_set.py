"""ReplicaSets: as many pods of one template as asked for."""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.owned import NotMadeError, controlled, make_pod, remove
from scripts.localcloud.kubernetes.controllers.status import (
    is_active,
    is_available,
    is_going,
    is_ready,
    phase,
    restarts,
    with_condition,
)
from scripts.localcloud.kubernetes.objects import Contents, Manifest


def control(cluster: Contents, moment: datetime) -> None:
    """Make and remove pods until each ReplicaSet has what it asks for."""
    for item in cluster.all("ReplicaSet"):
        if not is_going(item):
            refused = _count(cluster, item)
            _report(cluster, item, refused, moment)


def _count(cluster: Contents, item: Manifest) -> str:
    """Have the right number of pods; return why one could not be made, else nothing."""
    pods = [pod for pod in controlled(cluster, item, "Pod") if is_active(pod)]
    missing = item["spec"]["replicas"] - len(pods)
    pods.reverse()  # of equals the youngest goes first
    for pod in sorted(pods, key=_worth)[: max(0, -missing)]:
        remove(cluster, pod)
    try:
        for _ in range(missing):
            make_pod(cluster, item, item["spec"]["template"])
    except NotMadeError as problem:
        return str(problem)
    return ""


def _worth(pod: Manifest) -> tuple[bool, bool, bool, int]:
    """Order pods by how much would be lost with them."""
    return bool(pod["spec"].get("nodeName")), phase(pod) == "Running", is_ready(pod), -restarts(pod)


def _report(cluster: Contents, item: Manifest, refused: str, moment: datetime) -> None:
    pods = [pod for pod in controlled(cluster, item, "Pod") if is_active(pod)]
    old, seconds = item.get("status", {}), item["spec"].get("minReadySeconds", 0)
    status = {
        "replicas": len(pods),
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": sum(map(is_ready, pods)),
        "availableReplicas": sum(is_available(pod, seconds, moment) for pod in pods),
        "observedGeneration": item["metadata"]["generation"],
    }
    if refused:
        failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refused}
        status["conditions"] = with_condition(old, failure, moment)
    cluster.set_status(item, status)
