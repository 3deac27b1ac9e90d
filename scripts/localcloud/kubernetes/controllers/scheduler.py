"""Which pods may start: a node for each whose claims are bound."""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.status import is_going, with_condition
from scripts.localcloud.kubernetes.controllers.volumes import CLAIM, claims_of, is_bound
from scripts.localcloud.kubernetes.objects import Contents, Manifest

NODE = "virtual-kubelet"
_OWN = "default-scheduler"


def control(cluster: Contents, moment: datetime) -> None:
    """Give a node to every pod that can have one, and write on the others why they wait."""
    for pod in cluster.all("Pod"):
        spec = pod["spec"]
        if not is_going(pod) and "nodeName" not in spec and spec.get("schedulerName", _OWN) == _OWN:
            _place(cluster, pod, moment)


def _place(cluster: Contents, pod: Manifest, moment: datetime) -> None:
    obstacle = next(filter(None, (_obstacle(cluster, pod, claim) for claim in claims_of(pod))), "")
    scheduled = {"type": "PodScheduled", "status": str(not obstacle)}
    if obstacle:
        scheduled |= {"reason": "Unschedulable", "message": f"0/1 nodes are available: {obstacle}."}
    else:
        pod["spec"]["nodeName"] = NODE
    status: Manifest = pod.get("status", {})
    status["conditions"] = with_condition(status, scheduled, moment)
    cluster.put(pod | {"status": status})


def _obstacle(cluster: Contents, pod: Manifest, name: str) -> str:
    claim = cluster.get(CLAIM, pod["metadata"]["namespace"], name)
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    if is_going(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    return "" if is_bound(claim) else "pod has unbound immediate PersistentVolumeClaims"
