"""
Fluid's DataLoads: each is a Job whose one pod fills the cache of a Dataset.

Source: GitHub fluid-cloudnative/fluid pkg/ddc/base/operation.go, charts/fluid-dataloader/jindo @2026-07-02.
"""

from copy import deepcopy
from datetime import datetime

from scripts.localcloud.kubernetes.controllers.fluid import DATASET
from scripts.localcloud.kubernetes.controllers.owned import hold, let_go, reference
from scripts.localcloud.kubernetes.controllers.status import age_seconds, condition, holds, is_going
from scripts.localcloud.kubernetes.objects import Contents, Manifest

KIND = "DataLoad"
LOADER = "local-cloud-loader"
"""The scheduler of pods that load: they get no node, `loads` plays them."""
_HELD = "fluid-dataload-controller-finalizer"
_RETRIES = 3


def control(cluster: Contents, moment: datetime) -> None:  # noqa: ARG001 the same for all controllers
    """Take each DataLoad from Pending by Executing to Complete or Failed."""
    for item in cluster.all(KIND):
        if is_going(item):
            _lock(cluster, item, held=False)
            let_go(cluster, item, _HELD)
            continue
        hold(cluster, item, _HELD)
        match item.get("status", {}).get("phase"):
            case None:
                cluster.set_status(item, _begun(item))
            case "Pending" if _lock(cluster, item, held=True):
                cluster.set_status(item, item["status"] | {"phase": "Executing"})
            case "Executing":
                _execute(cluster, item)


def dataset_of(cluster: Contents, item: Manifest) -> Manifest | None:
    """Return the Dataset that the DataLoad *item* loads."""
    named = item["spec"]["dataset"]
    return cluster.get(DATASET, named.get("namespace", item["metadata"]["namespace"]), named["name"])


def _begun(item: Manifest) -> Manifest:
    if item["spec"]["dataset"].get("namespace", item["metadata"]["namespace"]) == item["metadata"]["namespace"]:
        return {"phase": "Pending", "conditions": [], "duration": "Unfinished", "infos": {}}
    apart = "dataLoad namespace is not same as dataset"
    failed = {"type": "Failed", "status": "True", "reason": "TargetDatasetNamespaceNotSame", "message": apart}
    return {"phase": "Failed", "conditions": [failed], "duration": "", "infos": {}}


def _lock(cluster: Contents, item: Manifest, *, held: bool) -> bool:
    """Have *item* be the one operation on its bound Dataset, or not any more; whether it is."""
    dataset, name = dataset_of(cluster, item), item["metadata"]["name"]
    if dataset is None:
        return False
    status = dataset.get("status", {})
    now = status.get("operationRef", {}).get(KIND)
    if held and now is None and status.get("phase") == "Bound":
        cluster.set_status(dataset, status | {"operationRef": {KIND: name}})
        return True
    if not held and now == name:
        cluster.set_status(dataset, {key: value for key, value in status.items() if key != "operationRef"})
    return held and now == name


def _execute(cluster: Contents, item: Manifest) -> None:
    namespace, release = item["metadata"]["namespace"], f"{item['metadata']['name']}-loader"
    job = cluster.get("Job", namespace, f"{release}-job")
    if job is None:
        cluster.put(_job(item, release))
        return
    status = job.get("status", {})
    for verdict, phase in (("Complete", "Complete"), ("Failed", "Failed")):
        if holds(status, verdict):
            ended = condition(status, verdict)
            taken = age_seconds(job["metadata"]["creationTimestamp"], _moment(ended))
            told = {"phase": phase, "conditions": [ended], "duration": f"{taken:.0f}s"}
            cluster.set_status(item, item["status"] | told)
            _lock(cluster, item, held=False)


def _moment(ended: Manifest) -> datetime:
    return datetime.fromisoformat(ended["lastTransitionTime"])


def _job(item: Manifest, release: str) -> Manifest:
    labels = {"release": release, "app": "jindofs", "targetDataset": item["spec"]["dataset"]["name"]}
    given: Manifest = deepcopy(item["spec"].get("podMetadata", {}))
    given["labels"] = given.get("labels", {}) | labels | {"role": "dataload-pod"}
    container = {"name": "dataloader", "image": "fluid-dataloader", "resources": item["spec"].get("resources", {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "namespace": item["metadata"]["namespace"],
            "name": f"{release}-job",
            "labels": labels | {"role": "dataload-job"},
            "ownerReferences": [reference(item)],
        },
        "spec": {
            "backoffLimit": _RETRIES,
            "completions": 1,
            "parallelism": 1,
            "template": {
                "metadata": given,
                "spec": {"schedulerName": LOADER, "restartPolicy": "Never", "containers": [container]},
            },
        },
    }
