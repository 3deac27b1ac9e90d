# What pods are doing, and what keeps them from it, as their status tells.

from cloud import FatalError
from jobs import StuckError

# A container is started again a few times before it is given up.
RESTARTS = 3
# Reasons of a container that has not begun to run, and may never.
BROKEN = ("ImagePull", "ErrImage", "InvalidImage", "CreateContainer", "RunContainer", "CreatePod")
# Where what runs them notes of which of its revisions a pod is.
REVISIONS = ("pod-template-hash", "leaderworkerset.sigs.k8s.io/template-revision-hash")


def revision(pod):
    return [pod["metadata"].get("labels", {}).get(label) for label in REVISIONS]


# Those of the youngest one's revision: others are on their way out, whatever keeps them.
def newest(pods):
    pods = sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])
    return [pod for pod in pods if revision(pod) == revision(pods[-1])]


def containers(pod):
    status = pod.get("status", {})
    return status.get("initContainerStatuses", []) + status.get("containerStatuses", [])


# How a container ended last, and what it said then.
def obituary(kube, pod, container):
    now = container.get("state", {}).get("terminated")
    ended = now or container.get("lastState", {}).get("terminated") or {}
    name, what = pod["metadata"]["name"], container["name"]
    said = kube.last_words(name, what, previous=not now) or ended.get("message") or "(none)"
    how = f"code {ended.get('exitCode', '?')}, {ended.get('reason', 'Error')}"
    return f"{name}: {what} ended ({how}); restarts: {container['restartCount']}; its last lines:\n{said}"


def failed(pod):
    return [c for c in containers(pod) if (c.get("state", {}).get("terminated") or {}).get("exitCode")]


def stuck(pod):
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"{name} cannot be scheduled: {condition.get('message') or condition.get('reason')}"
    for container in containers(pod):
        waits = container.get("state", {}).get("waiting") or {}
        if waits.get("reason", "").startswith(BROKEN):
            yield f"{name}: {container['name']}: {waits['reason']}: {waits.get('message', '')}"


def is_ready(pod):
    return bool(containers(pod)) and all(container["ready"] for container in containers(pod))


def doing(kube, pod):
    for container in containers(pod):
        if not container["ready"]:
            [state] = container.get("state") or ["waiting"]
            return f"{pod['metadata']['name']}: {container['name']} is {state}, not ready"
    name, status = pod["metadata"]["name"], pod.get("status", {})
    why = status.get("message") or status.get("reason") or kube.complaint(name)
    return f"{name} is {status.get('phase', 'Pending')}" + (f": {why}" if why else "")


# Follows pods from one look to the next.
class Watch:
    def __init__(self, kube):
        self.kube = kube
        # How often a container ended, by the name of its pod and its own, then by the pod's uid: where several pods
        # are one replica, all of them are made anew, under their old names, when a container of one of them ends.
        self.ends = {}

    # What the pods of name are doing; raises what ends the waiting, or may.
    def look(self, pods, name):
        for pod in pods:
            for container in containers(pod):
                self.count(pod, container)
        pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        troubles = [trouble for pod in pods for trouble in stuck(pod)]
        if troubles:
            raise StuckError("; ".join(troubles[:3]))
        complaint = "" if pods else self.kube.complaint(name)
        if complaint:
            raise StuckError(f"there is no pod of {name}: {complaint}")
        rest = [doing(self.kube, pod) for pod in pods if not is_ready(pod)]
        return "; ".join(rest[:3]) or ("all pods are ready" if pods else "no pod yet")

    def count(self, pod, container):
        ends = self.ends.setdefault((pod["metadata"]["name"], container["name"]), {})
        times, uid = container["restartCount"], pod["metadata"]["uid"]
        if container["ready"] or times <= ends.get(uid, 0):
            return
        ends[uid] = times
        said = obituary(self.kube, pod, container)
        if sum(ends.values()) >= RESTARTS:
            raise FatalError(said)
        print(said, flush=True)
