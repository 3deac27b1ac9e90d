"""Deployments: one ReplicaSet for each template, and the way from one to the next."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime

from scripts.localcloud.kubernetes.controllers import deployment_status
from scripts.localcloud.kubernetes.controllers.owned import controlled, digest, part, reference, remove
from scripts.localcloud.kubernetes.controllers.status import is_active, is_going
from scripts.localcloud.kubernetes.objects import Contents, Manifest

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def control(cluster: Contents, moment: datetime) -> None:
    """Take each Deployment one step towards its present template and number of replicas."""
    for item in cluster.all("Deployment"):
        if not is_going(item):
            new, old = _sets(cluster, item)
            _step(cluster, item, new, old)
            _forget(cluster, item, old)
            least = item["spec"].get("replicas", 1) - _bounds(item)[1]
            deployment_status.report(cluster, item, new, least, moment)


def _sets(cluster: Contents, item: Manifest) -> tuple[Manifest, list[Manifest]]:
    """Return the ReplicaSet of the present template, made where it is missing, and the older ones."""
    sets = controlled(cluster, item, "ReplicaSet")
    name = digest(item["spec"]["template"])
    old = [each for each in sets if each["metadata"]["labels"][HASH] != name]
    revision = str(1 + max((revision_of(each) for each in old), default=0))
    new = next((each for each in sets if each not in old), None) or _new_set(item, name)
    if revision_of(new) < int(revision):
        new["metadata"]["annotations"][REVISION] = revision
        new = cluster.put(new)
    annotations = item["metadata"].setdefault("annotations", {})
    annotations[REVISION] = str(revision_of(new))
    cluster.put(item)
    return new, old


def revision_of(item: Manifest) -> int:
    """Return the number of the template that the ReplicaSet *item* has, the newest has the highest."""
    return int(item["metadata"].get("annotations", {}).get(REVISION, 0))


def _new_set(item: Manifest, name: str) -> Manifest:
    template = deepcopy(item["spec"]["template"])
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels[HASH] = name
    selector = deepcopy(item["spec"]["selector"])
    selector.setdefault("matchLabels", {})[HASH] = name
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "namespace": item["metadata"]["namespace"],
            "name": f"{item['metadata']['name']}-{name}",
            "labels": dict(labels),
            "annotations": {REVISION: "0"},
            "ownerReferences": [reference(item)],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": item["spec"].get("minReadySeconds", 0),
            "selector": selector,
            "template": template,
        },
    }


def _step(cluster: Contents, item: Manifest, new: Manifest, old: list[Manifest]) -> None:
    wanted = item["spec"].get("replicas", 1)
    if item["spec"].get("strategy", {}).get("type") == "Recreate":
        for each in old:
            _scale(cluster, each, 0)
        if not any(is_active(pod) or is_going(pod) for each in old for pod in controlled(cluster, each, "Pod")):
            _scale(cluster, new, wanted)
        return
    surge, missing = _bounds(item)
    present = sum(each["spec"]["replicas"] for each in [new, *old])
    more = min(wanted, new["spec"]["replicas"] + max(0, wanted + surge - present))
    if new["spec"]["replicas"] > wanted or more > new["spec"]["replicas"]:
        _scale(cluster, new, more)
        return
    _shrink(cluster, new, old, wanted - missing)


def _shrink(cluster: Contents, new: Manifest, old: list[Manifest], least: int) -> None:
    """Take pods from the *old* sets, the unavailable first, while *least* stay available."""
    lacking = new["spec"]["replicas"] - _available(new)
    spare = sum(each["spec"]["replicas"] for each in [new, *old]) - least - lacking
    for each in old:
        broken = min(spare, each["spec"]["replicas"] - _available(each))
        if broken > 0:
            spare -= broken
            _scale(cluster, each, each["spec"]["replicas"] - broken)
    for each in old:
        taken = min(spare, each["spec"]["replicas"])
        if taken > 0:
            spare -= taken
            _scale(cluster, each, each["spec"]["replicas"] - taken)


def _available(item: Manifest) -> int:
    return int(item.get("status", {}).get("availableReplicas", 0))


def _bounds(item: Manifest) -> tuple[int, int]:
    """Return how many pods above, and how many available pods below the wanted number the Deployment may have."""
    rolling = item["spec"].get("strategy", {}).get("rollingUpdate", {})
    wanted = item["spec"].get("replicas", 1)
    surge = part(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = part(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    return surge, missing if surge or missing else 1


def _scale(cluster: Contents, item: Manifest, replicas: int) -> None:
    item["spec"]["replicas"] = replicas
    item |= cluster.put(item)


def _forget(cluster: Contents, item: Manifest, old: Sequence[Manifest]) -> None:
    """Remove the oldest templates' empty sets beyond what the Deployment keeps for a rollback."""
    empty = [each for each in old if not each["spec"]["replicas"] and not each.get("status", {}).get("replicas")]
    kept = item["spec"].get("revisionHistoryLimit", 10)
    for each in sorted(empty, key=revision_of)[: max(0, len(empty) - kept)]:
        remove(cluster, each)
