"""The nodes of a cluster: they start, watch and end the pods that the scheduler gave them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from scripts.localcloud.kubernetes.controllers.mounts import NotMountableError
from scripts.localcloud.kubernetes.controllers.status import has_ended, is_going, with_condition
from scripts.localcloud.kubernetes.objects import Contents, Key, Manifest, key
from scripts.localcloud.machines.pods import PodFacts, Pods
from scripts.localcloud.machines.spec import MachineError

_WORKERS = 4
GRACE_SECONDS = 30
"""How long a pod may take to end when it does not say."""
Facts = Callable[[Contents, Manifest], PodFacts]


class Nodes:
    """Runs the pods of one cluster on *pods*; *facts* says what surrounds a pod, or raises what it waits for."""

    def __init__(self, pods: Pods, facts: Facts) -> None:
        self._pods = pods
        self._facts = facts
        self._work = ThreadPoolExecutor(_WORKERS)
        self._starts: dict[str, Future[None]] = {}
        self._stops: dict[str, Future[None]] = {}
        self._alive: set[str] = set()
        self._seen: dict[Key, Manifest] = {}
        self._ended: list[Key] = []

    def look(self, cluster: Contents) -> bool:
        """Start and end what is due in *cluster*, and see how the others are; return whether there is news to tell."""
        before, self._seen, self._ended = self._seen, {}, []
        placed = [pod for pod in cluster.all("Pod") if pod["spec"].get("nodeName")]
        for pod in placed:
            if is_going(pod):
                self._end(pod)
            elif not has_ended(pod):
                self._seen[key(pod)] = self._status(cluster, pod)
        for uid in self._alive - {pod["metadata"]["uid"] for pod in placed}:
            self._stop(uid, 0)
        return bool(self._ended) or self._seen != before

    def tell(self, cluster: Contents, moment: datetime) -> None:
        """Write what `look` saw into *cluster*."""
        for each in self._ended:
            ended = cluster.get(*each)
            if ended is not None and not ended["metadata"].get("finalizers"):
                cluster.drop(*each)
        for each, status in self._seen.items():
            pod = cluster.get(*each)
            if pod is not None and status:
                cluster.set_status(pod, _merged(pod.get("status", {}), status, moment))

    def close(self) -> None:
        """Wait for what is being started and ended."""
        self._work.shutdown(cancel_futures=True)

    def end_all(self) -> None:
        """End every pod at once."""
        for uid in self._alive | set(self._starts):
            self._stop(uid, 0)
        self._work.shutdown()

    def _status(self, cluster: Contents, pod: Manifest) -> Manifest:
        uid = pod["metadata"]["uid"]
        started = self._starts.get(uid)
        if started is None:
            return self._start(cluster, pod)
        if not started.done():
            return {}
        problem = started.exception()
        if problem is not None:
            del self._starts[uid]
            return waiting(pod, "ContainerCreating", f"failed to start the pod: {problem}")
        self._alive.add(uid)
        try:
            return self._pods.status(uid)
        except MachineError as problem:
            return {"phase": "Failed", "reason": "NodeLost", "message": str(problem)}

    def _start(self, cluster: Contents, pod: Manifest) -> Manifest:
        uid = pod["metadata"]["uid"]
        try:
            facts = self._facts(cluster, pod)
        except NotMountableError as problem:
            return waiting(pod, "ContainerCreating", str(problem))
        self._starts[uid] = self._work.submit(self._ensure, pod, facts)
        return waiting(pod, "ContainerCreating", "")

    def _ensure(self, pod: Manifest, facts: PodFacts) -> None:
        """Start *pod*, unless a control plane before this one did."""
        try:
            self._pods.status(pod["metadata"]["uid"])
        except MachineError:
            self._pods.start(pod, facts)

    def _end(self, pod: Manifest) -> None:
        uid = pod["metadata"]["uid"]
        started = self._starts.get(uid)
        if started is not None and not started.done():
            return
        if uid not in self._stops:
            self._stop(uid, pod["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS))
        elif self._stops[uid].done():
            self._ended.append(key(pod))

    def _stop(self, uid: str, grace_seconds: float) -> None:
        self._alive.discard(uid)
        self._stops[uid] = self._work.submit(self._pods.stop, uid, grace_seconds)


def waiting(pod: Manifest, reason: str, message: str) -> Manifest:
    """Return the status of *pod* while none of its containers was started."""
    state = {"waiting": {"reason": reason} | ({"message": message} if message else {})}
    containers = [
        {"name": each["name"], "image": each["image"], "ready": False, "restartCount": 0, "state": state}
        for each in pod["spec"]["containers"]
    ]
    return {"phase": "Pending", "containerStatuses": containers}


def _merged(old: Manifest, new: Manifest, moment: datetime) -> Manifest:
    """Return *new* with the conditions of *old* that it does not have, and the times at which its own changed."""
    merged = {"conditions": old.get("conditions", [])}
    for each in new.get("conditions", []):
        merged["conditions"] = with_condition(merged, each, moment)
    return new | merged
