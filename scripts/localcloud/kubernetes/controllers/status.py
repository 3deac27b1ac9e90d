"""Conditions, times and what a pod's status says."""

from datetime import UTC, datetime

from scripts.localcloud.kubernetes.objects import Manifest

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def stamp(moment: datetime) -> str:
    """Return *moment* as the API writes it."""
    return moment.strftime(_FORMAT)


def age_seconds(since: str, moment: datetime) -> float:
    """Return how long before *moment* the time *since*, as the API writes it, was."""
    return (moment - datetime.strptime(since, _FORMAT).replace(tzinfo=UTC)).total_seconds()


def condition(status: Manifest, type_: str) -> Manifest:
    """Return the condition *type_* of *status*, empty when it has none."""
    found: list[Manifest] = status.get("conditions", [])
    return next((each for each in found if each["type"] == type_), {})


def holds(status: Manifest, type_: str) -> bool:
    """Whether the condition *type_* of *status* is true."""
    return condition(status, type_).get("status") == "True"


def with_condition(status: Manifest, fresh: Manifest, moment: datetime) -> list[Manifest]:
    """
    Return the conditions of *status* with *fresh* (type, status, reason, message) among them.

    The time of the last transition moves only when the condition's status does.
    """
    old = condition(status, fresh["type"])
    same = old.get("status") == fresh["status"]
    made = fresh | {"lastTransitionTime": old["lastTransitionTime"] if same else stamp(moment)}
    kept: list[Manifest] = status.get("conditions", [])
    if not old:
        return [*kept, made]
    return [made if each["type"] == fresh["type"] else each for each in kept]


def is_going(item: Manifest) -> bool:
    """Whether *item* was deleted and still exists."""
    return "deletionTimestamp" in item["metadata"]


def phase(pod: Manifest) -> str:
    """Return the phase of *pod*."""
    return str(pod.get("status", {}).get("phase", "Pending"))


def has_ended(pod: Manifest) -> bool:
    """Whether the containers of *pod* have ended for good."""
    return phase(pod) in {"Succeeded", "Failed"}


def is_active(pod: Manifest) -> bool:
    """Whether *pod* runs or will run."""
    return not has_ended(pod) and not is_going(pod)


def is_ready(pod: Manifest) -> bool:
    """Whether *pod* takes requests."""
    return is_active(pod) and holds(pod.get("status", {}), "Ready")


def is_available(pod: Manifest, seconds: float, moment: datetime) -> bool:
    """Whether *pod* has been ready for *seconds*."""
    since = condition(pod.get("status", {}), "Ready").get("lastTransitionTime", stamp(moment))
    return is_ready(pod) and age_seconds(since, moment) >= seconds


def restarts(pod: Manifest) -> int:
    """Return how often containers of *pod* were started again."""
    status = pod.get("status", {})
    every = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return sum(each.get("restartCount", 0) for each in every)
