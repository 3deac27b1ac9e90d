"""The pods that load a Dataset into its cache: played here, because the cache is not made."""

from datetime import datetime
from pathlib import Path

from scripts.localcloud import faults
from scripts.localcloud.kubernetes.controllers.data_load import KIND, LOADER, dataset_of
from scripts.localcloud.kubernetes.controllers.fluid import RUNTIME, bytes_text, capacity_bytes
from scripts.localcloud.kubernetes.controllers.mounts import NotMountableError, behind_dataset
from scripts.localcloud.kubernetes.controllers.status import has_ended, stamp
from scripts.localcloud.kubernetes.objects import Contents, Key, Manifest, key
from scripts.localcloud.laws.oss import root_of
from scripts.localcloud.machines.pods import OssVolume, Pods


class Loads:
    """Plays the loading pods of one cluster in the cloud at *home*, reading OSS as *pods* may."""

    def __init__(self, home: Path, pods: Pods) -> None:
        self._home = home
        self._pods = pods
        self._outcomes: dict[Key, str] = {}
        self._loaded: dict[Key, float] = {}

    def look(self, cluster: Contents) -> None:
        """Load what the pods of *cluster* are to load."""
        self._outcomes, self._loaded = {}, {}
        for pod in cluster.all("Pod"):
            if pod["spec"].get("schedulerName") == LOADER and not has_ended(pod):
                try:
                    self._load(cluster, pod)
                    self._outcomes[key(pod)] = ""
                except NotMountableError as problem:
                    self._outcomes[key(pod)] = str(problem)

    def tell(self, cluster: Contents, moment: datetime) -> None:
        """Write into *cluster* how it went."""
        for each, problem in self._outcomes.items():
            pod = cluster.get(*each)
            if pod is not None:
                cluster.set_status(pod, _ended(pod, problem, moment))
        for each, size in self._loaded.items():
            dataset = cluster.get(*each)
            if dataset is not None:
                states = dataset["status"].get("cacheStates", {})
                full = states | {"cached": bytes_text(size), "cachedPercentage": "100.0%"}
                cluster.set_status(dataset, dataset["status"] | {"cacheStates": full, "ufsTotal": bytes_text(size)})

    def _load(self, cluster: Contents, pod: Manifest) -> None:
        if faults.read(self._home).cluster.get("data_load_fails"):
            raise NotMountableError("the load was told to fail")
        namespace = pod["metadata"]["namespace"]
        order = cluster.get(KIND, namespace, pod["metadata"]["labels"]["release"].removesuffix("-loader"))
        dataset = None if order is None else dataset_of(cluster, order)
        runtime = None if dataset is None else cluster.get(RUNTIME, namespace, dataset["metadata"]["name"])
        if dataset is None or runtime is None:
            raise NotMountableError("the dataset or its runtime is gone")
        volume = behind_dataset(cluster, dataset)
        problem = self._pods.readable(volume)
        if problem is not None:
            raise NotMountableError(f"cannot read oss://{volume.bucket}/{volume.path}: {problem}")
        size, room = self._size(volume), capacity_bytes(runtime)
        if size > room:
            raise NotMountableError(f"{bytes_text(size)} do not fit into a cache of {bytes_text(room)}")
        self._loaded[key(dataset)] = size

    def _size(self, volume: OssVolume) -> int:
        folder = root_of(self._home, volume.bucket) / volume.path
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _ended(pod: Manifest, problem: str, moment: datetime) -> Manifest:
    how = {"exitCode": int(bool(problem)), "reason": "Error" if problem else "Completed", "finishedAt": stamp(moment)}
    state = {"terminated": how | ({"message": problem} if problem else {})}
    containers = [
        {"name": each["name"], "image": each["image"], "ready": False, "restartCount": 0, "state": state}
        for each in pod["spec"]["containers"]
    ]
    return {"phase": "Failed" if problem else "Succeeded", "containerStatuses": containers}
