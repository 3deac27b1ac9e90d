"""Jobs: pods that must succeed once."""

from contextlib import suppress
from copy import deepcopy
from datetime import datetime

from scripts.localcloud.kubernetes.controllers.owned import NotMadeError, controlled, make_pod, remove
from scripts.localcloud.kubernetes.controllers.status import (
    age_seconds,
    condition,
    has_ended,
    holds,
    is_active,
    is_going,
    is_ready,
    phase,
    restarts,
    stamp,
    with_condition,
)
from scripts.localcloud.kubernetes.objects import Contents, Manifest

_LABELS = {
    "batch.kubernetes.io/controller-uid": "uid",
    "batch.kubernetes.io/job-name": "name",
    "controller-uid": "uid",
    "job-name": "name",
}
_VERDICTS = {"FailureTarget": "Failed", "SuccessCriteriaMet": "Complete"}
"""What decides how a Job will end, to what says that it has, when its last pod is gone."""
_FAILED = {"type": "FailureTarget", "status": "True"}
_SUCCEEDED = {"type": "SuccessCriteriaMet", "status": "True"}


def control(cluster: Contents, moment: datetime) -> None:
    """Take each Job towards its end; a pod that failed is replaced at once, without the pause a real cluster makes."""
    for item in cluster.all("Job"):
        if is_going(item):
            continue
        ended = _ended(item)
        if not ended:
            _run(cluster, item, moment)
        elif _expired(item, ended, moment):
            remove(cluster, item)


def _ended(item: Manifest) -> Manifest:
    status = item.get("status", {})
    return next((condition(status, type_) for type_ in ("Complete", "Failed") if holds(status, type_)), {})


def _expired(item: Manifest, ended: Manifest, moment: datetime) -> bool:
    limit = item["spec"].get("ttlSecondsAfterFinished")
    return limit is not None and age_seconds(ended["lastTransitionTime"], moment) >= limit


def _run(cluster: Contents, item: Manifest, moment: datetime) -> None:
    pods, status = controlled(cluster, item, "Pod"), deepcopy(item.get("status", {}))
    status.setdefault("startTime", stamp(moment))
    status["succeeded"] = sum(phase(pod) == "Succeeded" for pod in pods)
    status["failed"] = sum(phase(pod) == "Failed" for pod in pods)
    target = _target(item, status, pods, moment)
    if target:
        status["conditions"] = with_condition(status, target, moment)
        _finish(cluster, item, status, moment)
    else:
        _have_pods(cluster, item, pods, status["succeeded"])
    pods = [pod for pod in controlled(cluster, item, "Pod") if is_active(pod)]
    cluster.set_status(item, status | {"active": len(pods), "ready": sum(map(is_ready, pods))})


def _target(item: Manifest, status: Manifest, pods: list[Manifest], moment: datetime) -> Manifest:
    """Return the condition that decides how the Job will end, empty while that is open."""
    decided = next((found for type_ in _VERDICTS if (found := condition(status, type_))), {})
    if decided:
        return decided
    limit, seconds = item["spec"].get("backoffLimit", 6), item["spec"].get("activeDeadlineSeconds")
    if _failures(pods) > limit:
        return _FAILED | {
            "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit",
        }
    if seconds is not None and age_seconds(status["startTime"], moment) >= seconds:
        return _FAILED | {
            "reason": "DeadlineExceeded",
            "message": "Job was active longer than specified deadline",
        }
    if status["succeeded"] < item["spec"].get("completions", 1):
        return {}
    return _SUCCEEDED | {"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}


def _failures(pods: list[Manifest]) -> int:
    """Return how often the Job failed: a pod that ended so, or a container that its pod started again."""
    return sum(phase(pod) == "Failed" for pod in pods) + sum(map(restarts, filter(is_active, pods)))


def _finish(cluster: Contents, item: Manifest, status: Manifest, moment: datetime) -> None:
    """End what still runs, and say how the Job ended when nothing does."""
    for pod in controlled(cluster, item, "Pod"):
        if is_active(pod):
            remove(cluster, pod)
    if any(is_going(pod) for pod in controlled(cluster, item, "Pod")):
        return
    for target, verdict in _VERDICTS.items():
        told = condition(status, target)
        if told:
            final = {"type": verdict, "status": "True", "reason": told["reason"], "message": told["message"]}
            status["conditions"] = with_condition(status, final, moment)
    if holds(status, "Complete"):
        status["completionTime"] = stamp(moment)


def _have_pods(cluster: Contents, item: Manifest, pods: list[Manifest], succeeded: int) -> None:
    template = deepcopy(item["spec"]["template"])
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels |= {label: item["metadata"][source] for label, source in _LABELS.items()}
    wanted = min(item["spec"].get("parallelism", 1), item["spec"].get("completions", 1) - succeeded)
    with suppress(NotMadeError):
        for _ in range(wanted - sum(not has_ended(pod) for pod in pods)):
            make_pod(cluster, item, template)
