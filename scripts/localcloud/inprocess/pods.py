"""What a person sees of the pods in the local cloud's clusters."""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.localcloud.cloud import Cloud, mode_from_environment
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.commands import Say
from scripts.localcloud.kinds import CLUSTER
from scripts.localcloud.kubernetes.objects import Manifest, Objects, folder_of


@dataclass(frozen=True)
class Asked:
    """Whose words are asked for: a pod by the beginning of its name, and one of its containers."""

    pod: str
    container: str = ""
    previous: bool = False


def show(cloud: Cloud, say: Say) -> bool:
    """Show every pod: how it is, how many of its containers are ready, how often they were started again."""
    for pod in _pods(cloud):
        metadata, status = pod["metadata"], pod.get("status", {})
        containers = status.get("containerStatuses", [])
        ready = f"{sum(each.get('ready', False) for each in containers)}/{len(pod['spec']['containers'])}"
        restarts = sum(each.get("restartCount", 0) for each in containers)
        going = "Terminating" if "deletionTimestamp" in metadata else status.get("phase", "")
        facts = f"{going}  {ready} ready  {restarts} restarts  {status.get('podIP', '')}"
        say(f"{metadata['namespace']}/{metadata['name']}  {facts}".rstrip())
    return True


def logs(cloud: Cloud, asked: Asked, say: Say) -> bool:
    """
    Show what a container of a pod said.

    Raises:
        LocalCloudError: There is not exactly one such pod, or no such container.

    """
    from scripts.localcloud.kubernetes.controllers.runs import pods_at  # noqa: PLC0415 slow, and seldom needed

    everyone = list(_pods(cloud))
    meant = [pod for pod in everyone if pod["metadata"]["name"].startswith(asked.pod)]
    if len(meant) != 1:
        names = ", ".join(pod["metadata"]["name"] for pod in meant or everyone) or "there is none"
        message = f"logs: {len(meant)} of {len(everyone)} pods are meant, and it needs exactly one."
        raise LocalCloudError(f"{message} Give the beginning of a name: {names}.")
    containers = [each["name"] for each in meant[0]["spec"]["containers"]]
    container = asked.container or (containers[0] if len(containers) == 1 else "")
    if not container:
        raise LocalCloudError(f"logs: name one of its containers with --container: {', '.join(containers)}.")
    runs = pods_at(cloud.home, mode_from_environment())
    say(runs.logs(meant[0]["metadata"]["uid"], container, previous=asked.previous).rstrip())
    return True


def _pods(cloud: Cloud) -> Iterator[Manifest]:
    for cluster in cloud.store.read().all(CLUSTER):
        yield from Objects(folder_of(cloud.home, cluster.id)).read().all("Pod")
