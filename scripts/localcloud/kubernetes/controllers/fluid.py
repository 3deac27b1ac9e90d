"""
Fluid: Datasets and the runtimes that cache them; of the cache itself, its pods and its memory, nothing is made.

Source: GitHub fluid-cloudnative/fluid pkg/{controllers,ddc/jindofsx,utils/dataset/volume} @2026-07-02.
"""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.events import warn
from scripts.localcloud.kubernetes.controllers.mounts import FLUID_DRIVER, NotMountableError, behind_dataset
from scripts.localcloud.kubernetes.controllers.owned import hold, let_go, remove
from scripts.localcloud.kubernetes.controllers.status import is_going, stamp, with_condition
from scripts.localcloud.kubernetes.controllers.volumes import CLAIM, VOLUME, users
from scripts.localcloud.kubernetes.objects import Contents, Manifest
from scripts.localcloud.kubernetes.quantities import amount

DATASET, RUNTIME = "Dataset", "JindoRuntime"
_DATASET_HELD = "fluid-dataset-controller-finalizer"
_RUNTIME_HELD = "jindo-runtime-controller-finalizer"
_CLASS = "fluid"
_MADE = {"CreatedBy": "fluid"}
"""The annotations by which Fluid knows its own claims and volumes."""
_CAPACITY = "100Pi"
_PROBLEM = "ErrorProcessRuntime"


def control(cluster: Contents, moment: datetime) -> None:
    """Bind Datasets to the runtimes of their names, with a claim of that name for pods."""
    for dataset in cluster.all(DATASET):
        if is_going(dataset):
            _leave_dataset(cluster, dataset, moment)
        else:
            hold(cluster, dataset, _DATASET_HELD)
            if not dataset.get("status"):
                cluster.set_status(dataset, {"phase": "NotBound", "conditions": []})
    for runtime in cluster.all(RUNTIME):
        if is_going(runtime):
            _leave_runtime(cluster, runtime)
        else:
            _bind(cluster, runtime, moment)


def bytes_text(size: float) -> str:
    """Return *size* as Fluid writes sizes: 1.50GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004 the step from unit to unit
            return f"{size:.2f}{unit}"
        size /= 1024
    return f"{size:.2f}TiB"


def capacity_bytes(runtime: Manifest) -> float:
    """Return how much the workers of *runtime* can hold."""
    levels = runtime["spec"].get("tieredstore", {}).get("levels", [])
    return float(runtime["spec"].get("replicas", 1) * sum(amount(level.get("quota", 0)) for level in levels))


def _leave_dataset(cluster: Contents, dataset: Manifest, moment: datetime) -> None:
    namespace, name = dataset["metadata"]["namespace"], dataset["metadata"]["name"]
    claim = cluster.get(CLAIM, namespace, name)
    pods = users(cluster, claim) if claim is not None and _is_ours(claim) else []
    if not pods:
        let_go(cluster, dataset, _DATASET_HELD)
        return
    pod = pods[0]["metadata"]["name"]
    message = f"can not delete dataset because Pod {pod} in Namespace {namespace} is using it"
    warn(cluster, dataset, "ErrorDeleteDataset", f"Failed to delete dataset because err: {message}", moment)


def _leave_runtime(cluster: Contents, runtime: Manifest) -> None:
    """Remove the claim and the volume, then let the runtime go and its Dataset be without."""
    namespace, name = runtime["metadata"]["namespace"], runtime["metadata"]["name"]
    claim, volume = cluster.get(CLAIM, namespace, name), cluster.get(VOLUME, "", f"{namespace}-{name}")
    ours = [item for item in (claim, volume) if item is not None and _is_ours(item)]
    for item in ours:
        remove(cluster, item)
    if any(cluster.get(item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]) for item in ours):
        return
    dataset = cluster.get(DATASET, namespace, name)
    if dataset is not None:
        cluster.set_status(dataset, {"phase": "NotBound", "conditions": []})
    let_go(cluster, runtime, _RUNTIME_HELD)


def _bind(cluster: Contents, runtime: Manifest, moment: datetime) -> None:
    dataset = cluster.get(DATASET, runtime["metadata"]["namespace"], runtime["metadata"]["name"])
    if dataset is None or is_going(dataset):
        warn(cluster, runtime, _PROBLEM, "No dataset can be bound to the runtime, waiting.", moment)
        return
    _adopt(cluster, runtime, dataset)
    try:
        behind_dataset(cluster, dataset)
    except NotMountableError as problem:
        cluster.set_status(runtime, _phases(runtime, "NotReady"))
        warn(cluster, runtime, _PROBLEM, f"Failed to setup ddc engine due to error {problem}", moment)
        return
    cluster.set_status(runtime, _phases(runtime, "Ready"))
    cluster.set_status(dataset, _bound(dataset, runtime, moment))
    _make_volume(cluster, dataset, moment)


def _adopt(cluster: Contents, runtime: Manifest, dataset: Manifest) -> None:
    metadata = runtime["metadata"]
    owner = {name: dataset[name] for name in ("apiVersion", "kind")}
    owner |= {name: dataset["metadata"][name] for name in ("name", "uid")}
    if owner not in metadata.get("ownerReferences", []):
        metadata["ownerReferences"] = [*metadata.get("ownerReferences", []), owner]
        runtime |= cluster.put(runtime)
    runtime |= hold(cluster, runtime, _RUNTIME_HELD)


def _phases(runtime: Manifest, phase: str) -> Manifest:
    workers = runtime["spec"].get("replicas", 1)
    ready = phase == "Ready"
    return {
        "valueFile": f"{runtime['metadata']['name']}-jindofs-values",
        "masterPhase": phase,
        "workerPhase": phase,
        "fusePhase": phase,
        "desiredMasterNumberScheduled": 1,
        "currentMasterNumberScheduled": int(ready),
        "masterNumberReady": int(ready),
        "desiredWorkerNumberScheduled": workers,
        "currentWorkerNumberScheduled": workers if ready else 0,
        "workerNumberReady": workers if ready else 0,
        "workerNumberAvailable": workers if ready else 0,
        "desiredFuseNumberScheduled": 0,
        "currentFuseNumberScheduled": 0,
        "fuseNumberReady": 0,
    }


def _bound(dataset: Manifest, runtime: Manifest, moment: datetime) -> Manifest:
    old: Manifest = dataset["status"]
    metadata = runtime["metadata"]
    told = {"type": "Ready", "status": "True", "reason": "DatasetReady", "message": "The ddc runtime is ready."}
    own = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "category": "Accelerate",
        "type": "jindo",
        "masterReplicas": 1,
    }
    kept = old.get("cacheStates", {"cached": "0.00B", "cachedPercentage": "0.0%"})
    return old | {
        "phase": "Bound",
        "mounts": dataset["spec"].get("mounts", []),
        "runtimes": [own],
        "cacheStates": kept | {"cacheCapacity": bytes_text(capacity_bytes(runtime))},
        "conditions": with_condition(old, {"lastUpdateTime": stamp(moment)} | told, moment)
        if old.get("phase") != "Bound"
        else old["conditions"],
    }


def _make_volume(cluster: Contents, dataset: Manifest, moment: datetime) -> None:
    """Make the claim of the Dataset's name; where somebody's is, pods get that one and no cache."""
    namespace, name = dataset["metadata"]["namespace"], dataset["metadata"]["name"]
    claim = cluster.get(CLAIM, namespace, name)
    if claim is not None:
        if not _is_ours(claim):
            taken = f'persistentvolumeclaims "{name}" already exists'
            warn(cluster, dataset, _PROBLEM, f"Failed to setup volume due to error {taken}", moment)
        return
    modes = dataset["spec"].get("accessModes") or ["ReadOnlyMany"]
    own, known = (
        f"{namespace}-{name}",
        {"labels": {f"fluid.io/s-{namespace}-{name}": "true"}, "annotations": dict(_MADE)},
    )
    attributes = {
        "fluid_path": f"/runtime-mnt/jindo/{namespace}/{name}/jindofs-fuse",
        "mount_type": "jindo",
        "runtime_namespace": namespace,
        "runtime_name": name,
    }
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": VOLUME,
            "metadata": {"name": own, **known},
            "spec": {
                "accessModes": modes,
                "capacity": {"storage": _CAPACITY},
                "claimRef": {"namespace": namespace, "name": name},
                "storageClassName": _CLASS,
                "persistentVolumeReclaimPolicy": "Retain",
                "csi": {"driver": FLUID_DRIVER, "volumeHandle": own, "volumeAttributes": attributes},
            },
        }
    )
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": CLAIM,
            "metadata": {"namespace": namespace, "name": name, **known},
            "spec": {
                "accessModes": modes,
                "volumeName": own,
                "storageClassName": _CLASS,
                "resources": {"requests": {"storage": _CAPACITY}},
            },
        }
    )


def _is_ours(item: Manifest) -> bool:
    notes: Manifest = item["metadata"].get("annotations", {})
    return _MADE.items() <= notes.items()
