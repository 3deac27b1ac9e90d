"""What a Deployment says about its progress."""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.owned import controlled
from scripts.localcloud.kubernetes.controllers.status import age_seconds, condition, stamp, with_condition
from scripts.localcloud.kubernetes.objects import Contents, Manifest

_COUNTED = ("replicas", "readyReplicas", "availableReplicas")


def report(cluster: Contents, item: Manifest, new: Manifest, least: int, moment: datetime) -> None:
    """Write the status of the Deployment *item*, whose present set is *new*; with *least* pods it is available."""
    old: Manifest = item.get("status", {})
    sets = [each.get("status", {}) for each in controlled(cluster, item, "ReplicaSet")]
    status: Manifest = {name: sum(each.get(name, 0) for each in sets) for name in _COUNTED}
    status["updatedReplicas"] = new.get("status", {}).get("replicas", 0)
    wanted = item["spec"].get("replicas", 1)
    status["unavailableReplicas"] = max(0, wanted - status["availableReplicas"])
    status["observedGeneration"] = item["metadata"]["generation"]
    status["conditions"] = old.get("conditions", [])
    enough = status["availableReplicas"] >= least
    fresh = [
        _condition(
            "Available",
            enough,
            "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        ),
        _progress(item, status, new, moment),
    ]
    failure = next((found for each in sets if (found := condition(each, "ReplicaFailure"))), None)
    if failure:
        fresh.append({name: failure[name] for name in ("type", "status", "reason", "message")})
    else:
        status["conditions"] = [each for each in status["conditions"] if each["type"] != "ReplicaFailure"]
    for each in fresh:
        status["conditions"] = with_condition(status, each, moment)
    cluster.set_status(item, status)


def _condition(type_: str, holds: bool, reason: str, message: str) -> Manifest:  # noqa: FBT001 - the value is the point
    return {"type": type_, "status": str(holds), "reason": reason, "message": message}


def _progress(item: Manifest, status: Manifest, new: Manifest, moment: datetime) -> Manifest:
    """Return the condition that says how far the newest template is, with the time of the last progress."""
    name, old = new["metadata"]["name"], condition(status, "Progressing")
    about = f'ReplicaSet "{name}"'
    done = _condition(
        "Progressing", holds=True, reason="NewReplicaSetAvailable", message=f"{about} has successfully progressed."
    )
    if old.get("message") == done["message"] and status["replicas"] == status["updatedReplicas"]:
        return old
    wanted = item["spec"].get("replicas", 1)
    if all(status[count] == wanted for count in (*_COUNTED, "updatedReplicas")):
        return done | {"lastUpdateTime": stamp(moment)}
    going = _condition("Progressing", holds=True, reason="ReplicaSetUpdated", message=f"{about} is progressing.")
    if _moved(item.get("status", {}), status) or about not in old.get("message", ""):
        return going | {"lastUpdateTime": stamp(moment)}
    limit = item["spec"].get("progressDeadlineSeconds", 600)
    if age_seconds(old["lastUpdateTime"], moment) > limit:
        late = f"{about} has timed out progressing."
        over = _condition("Progressing", holds=False, reason="ProgressDeadlineExceeded", message=late)
        return over | {"lastUpdateTime": stamp(moment)}
    return old


def _moved(before: Manifest, now: Manifest) -> bool:
    grown = any(now[name] > before.get(name, 0) for name in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return grown or now["replicas"] - now["updatedReplicas"] < before.get("replicas", 0) - before.get(
        "updatedReplicas", 0
    )
