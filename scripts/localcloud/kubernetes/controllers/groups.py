"""
LeaderWorkerSets: replicas of several pods each, which start, fail and are updated as one.

Source: GitHub kubernetes-sigs/lws pkg/{controllers,webhooks,utils/pod} @2026-08-21.
"""

from contextlib import suppress
from datetime import datetime

from scripts.localcloud.kubernetes.controllers.group_pods import (
    INDEX,
    REVISION,
    SET,
    WORKER,
    ensure_service,
    make_leader,
    make_worker,
    revision_of,
)
from scripts.localcloud.kubernetes.controllers.owned import NotMadeError, controlled, part, remove
from scripts.localcloud.kubernetes.controllers.status import (
    is_active,
    is_going,
    is_ready,
    phase,
    restarts,
    with_condition,
)
from scripts.localcloud.kubernetes.objects import Contents, Manifest

_EXCLUSIVE = {
    "Available": {"Progressing", "UpdateInProgress"},
    "Progressing": {"Available"},
    "UpdateInProgress": {"Available"},
}
_TOLD = {
    "Available": ("AllGroupsReady", "All replicas are ready"),
    "Progressing": ("GroupsProgressing", "Replicas are progressing"),
    "UpdateInProgress": ("GroupsUpdating", "Rolling Upgrade is in progress"),
}


def control(cluster: Contents, moment: datetime) -> None:
    """Take each set one step towards its present template and number of groups."""
    for item in cluster.all("LeaderWorkerSet"):
        if not is_going(item):
            with suppress(NotMadeError):
                _Groups(cluster, item).step()
            _report(cluster, item, moment)


class _Groups:
    """The groups of one set."""

    def __init__(self, cluster: Contents, item: Manifest) -> None:
        self._cluster = cluster
        self._item = item
        self._spec = item["spec"]
        self._size: int = item["spec"]["leaderWorkerTemplate"].get("size", 1)
        self._wanted: int = item["spec"].get("replicas", 1)
        self._revision = revision_of(item)
        self._leaders = {_index(leader): leader for leader in controlled(cluster, item, "Pod")}

    def step(self) -> None:
        if self._spec.get("networkConfig", {}).get("subdomainPolicy") != "UniquePerReplica":
            ensure_service(self._cluster, self._item, self._item)
        for leader in self._leaders.values():
            if not is_going(leader) and self._failed(leader):
                remove(self._cluster, leader, foreground=True)
            elif not is_going(leader):
                self._complete(leader)
        self._update()

    def _failed(self, leader: Manifest) -> bool:
        """Whether a container of the group was started again, or a pod is lost, where that ends the whole group."""
        policy = self._spec["leaderWorkerTemplate"].get("restartPolicy", "RecreateGroupOnPodRestart")
        pods = [leader, *controlled(self._cluster, leader, "Pod")]
        if policy == "RecreateGroupAfterStart" and (
            len(pods) < self._size or any(phase(pod) == "Pending" for pod in pods)
        ):
            return False
        return policy.startswith("Recreate") and any(restarts(pod) or not is_active(pod) for pod in pods)

    def _complete(self, leader: Manifest) -> None:
        """Give the group of *leader* the workers that it lacks."""
        if self._spec.get("networkConfig", {}).get("subdomainPolicy") == "UniquePerReplica":
            ensure_service(self._cluster, self._item, leader)
        waits = self._spec.get("startupPolicy", "LeaderCreated") == "LeaderReady" and not is_ready(leader)
        if waits or leader["metadata"]["labels"][REVISION] != self._revision:
            return
        namespace, name = leader["metadata"]["namespace"], leader["metadata"]["name"]
        for number in range(1, self._size):
            if self._cluster.get("Pod", namespace, f"{name}-{number}") is None:
                make_worker(self._cluster, self._item, leader, number)

    def _update(self) -> None:
        """Make missing groups, end those that are too many, and replace outdated ones as far as the limits allow."""
        rolling = self._spec.get("rolloutStrategy", {}).get("rollingUpdateConfiguration", {})
        surge = part(rolling.get("maxSurge", 0), self._wanted, up=True)
        missing = part(rolling.get("maxUnavailable", 1), self._wanted, up=False)
        own = [self._leaders.get(index) for index in range(self._wanted)]
        behind = sum(leader is not None and not self._present(leader) for leader in own)
        lacking = sum(leader is None or not self._ready(leader) for leader in own)
        most = self._wanted + (min(surge, behind + max(0, lacking - missing)) if behind or self._surging() else 0)
        for index in range(most):
            if index not in self._leaders:
                make_leader(self._cluster, self._item, index)
        for index, leader in self._leaders.items():
            if index >= most and not is_going(leader):
                remove(self._cluster, leader, foreground=True)
        extra = sum(index >= self._wanted and self._ready(leader) for index, leader in self._leaders.items())
        self._replace(missing + extra - lacking)

    def _replace(self, allowed: int) -> None:
        """End outdated groups from the last to the first: those that are not ready, and *allowed* others."""
        lowest = self._spec.get("rolloutStrategy", {}).get("rollingUpdateConfiguration", {}).get("partition", 0)
        for index in range(self._wanted - 1, lowest - 1, -1):
            leader = self._leaders.get(index)
            if leader is None or is_going(leader) or self._present(leader):
                continue
            ready = self._ready(leader)
            if not ready or allowed > 0:
                allowed -= ready
                remove(self._cluster, leader, foreground=True)

    def _surging(self) -> bool:
        return any(index >= self._wanted and not is_going(leader) for index, leader in self._leaders.items())

    def _present(self, leader: Manifest) -> bool:
        return bool(leader["metadata"]["labels"][REVISION] == self._revision)

    def _ready(self, leader: Manifest) -> bool:
        return group_is_ready(self._cluster, leader, self._size)


def group_is_ready(cluster: Contents, leader: Manifest, size: int) -> bool:
    """Whether all *size* pods of the group of *leader* are ready."""
    workers = [pod for pod in controlled(cluster, leader, "Pod") if is_ready(pod)]
    return is_ready(leader) and len(workers) == size - 1


def _index(leader: Manifest) -> int:
    return int(leader["metadata"]["labels"][INDEX])


def _report(cluster: Contents, item: Manifest, moment: datetime) -> None:
    size, wanted, revision = (
        item["spec"]["leaderWorkerTemplate"].get("size", 1),
        item["spec"].get("replicas", 1),
        revision_of(item),
    )
    leaders = controlled(cluster, item, "Pod")
    ready = [leader for leader in leaders if group_is_ready(cluster, leader, size)]
    updated = [leader for leader in leaders if leader["metadata"]["labels"][REVISION] == revision]
    own = [leader for leader in leaders if _index(leader) < wanted]
    done = [leader for leader in own if leader in ready and leader in updated]
    if any(leader not in updated for leader in own):
        types = ["UpdateInProgress", "Progressing"]
    else:
        types = ["Available"] if len(done) == wanted else ["Progressing"]
    status: Manifest = {
        "replicas": len(leaders),
        "readyReplicas": len(ready),
        "updatedReplicas": len(updated),
        "hpaPodSelector": f"{SET}={item['metadata']['name']},{WORKER}=0",
        "observedGeneration": item["metadata"]["generation"],
        "conditions": item.get("status", {}).get("conditions", []),
    }
    for type_ in types:
        status["conditions"] = _said(status, type_, item["metadata"]["generation"], moment)
    cluster.set_status(item, status)


def _said(status: Manifest, type_: str, generation: int, moment: datetime) -> list[Manifest]:
    """Return the conditions with *type_* true, and those that exclude it false."""
    reason, message = _TOLD[type_]
    fresh = {"type": type_, "status": "True", "reason": reason, "message": message}
    conditions = with_condition(status, fresh, moment)
    for each in status["conditions"]:
        if each["type"] in _EXCLUSIVE[type_]:
            conditions = with_condition({"conditions": conditions}, _false(each), moment)
    return [each | {"observedGeneration": generation} for each in conditions]


def _false(condition: Manifest) -> Manifest:
    return {name: condition[name] for name in ("type", "reason", "message")} | {"status": "False"}
