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
    return [pod for pod in pods if revision(pod) == revision(pods[-1]) and "deletionTimestamp" not in pod["metadata"]]


def containers(pod):
    status = pod.get("status", {})
    return status.get("initContainerStatuses", []) + status.get("containerStatuses", [])


# How a container last ended, and whether it runs again.
def end(container):
    for state in ("state", "lastState"):
        ended = container.get(state, {}).get("terminated")
        if ended:
            return ended, state == "lastState"
    return None, False


def obituary(kube, pod, container):
    ended, previous = end(container)
    name, what = pod["metadata"]["name"], container["name"]
    said = kube.last_words(name, what, previous) or ended.get("message", "") or "(nothing)"
    how = f"code {ended['exitCode']}, {ended.get('reason', 'Error')}"
    return f"{name}: {what} ended ({how}) after {container['restartCount']} restarts. Its last lines:\n{said}"


def dead(container):
    return container["restartCount"] >= RESTARTS and not container["ready"] and end(container)[0]


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


def doing(pod):
    for container in containers(pod):
        if container["ready"]:
            continue
        [state] = container.get("state") or ["waiting"]
        again = f", restarted {container['restartCount']} times" if container["restartCount"] else ""
        return f"{pod['metadata']['name']}: {container['name']} is {state}, not ready{again}"
    status = pod.get("status", {})
    why = f" ({status['reason']}: {status.get('message', '')})" if "reason" in status else ""
    return f"{pod['metadata']['name']} is {status.get('phase', 'Pending')}{why}"


# What they are doing; raises what ends the waiting, or may.
def check(kube, pods):
    for pod in pods:
        for container in filter(dead, containers(pod)):
            raise FatalError(obituary(kube, pod, container))
    troubles = [trouble for pod in pods for trouble in stuck(pod)]
    if troubles:
        raise StuckError("; ".join(troubles[:3]))
    return "; ".join(doing(pod) for pod in pods[:3])
