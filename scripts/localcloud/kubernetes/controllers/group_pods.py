"""The pods of a LeaderWorkerSet's groups: their names, labels and environment, and the Service that names them."""

import hashlib
from copy import deepcopy

from scripts.localcloud.kubernetes.controllers.owned import digest, make_pod, reference
from scripts.localcloud.kubernetes.objects import Contents, Manifest

_PREFIX = "leaderworkerset.sigs.k8s.io/"
SET, INDEX, WORKER = f"{_PREFIX}name", f"{_PREFIX}group-index", f"{_PREFIX}worker-index"
GROUP, REVISION = f"{_PREFIX}group-key", f"{_PREFIX}template-revision-hash"


def revision_of(item: Manifest) -> str:
    """Return what names the present template of the set *item*."""
    return digest([item["spec"]["leaderWorkerTemplate"], item["spec"].get("networkConfig")])


def make_leader(cluster: Contents, item: Manifest, index: int) -> None:
    """
    Add the leader of group *index*.

    Raises:
        NotMadeError: Its service account does not exist.

    """
    templates = item["spec"]["leaderWorkerTemplate"]
    name = f"{item['metadata']['name']}-{index}"
    labels = _labels(item, index, 0)
    template = _template(item, templates.get("leaderTemplate", templates["workerTemplate"]), name, name, labels)
    make_pod(cluster, item, template, name)


def make_worker(cluster: Contents, item: Manifest, leader: Manifest, number: int) -> None:
    """
    Add worker *number* to the group of *leader*.

    Raises:
        NotMadeError: Its service account does not exist.

    """
    first = leader["metadata"]["name"]
    name = f"{first}-{number}"
    labels = _labels(item, int(leader["metadata"]["labels"][INDEX]), number)
    template = _template(item, item["spec"]["leaderWorkerTemplate"]["workerTemplate"], name, first, labels)
    template["metadata"]["annotations"][f"{_PREFIX}leader-name"] = first
    make_pod(cluster, leader, template, name)


def ensure_service(cluster: Contents, item: Manifest, owner: Manifest) -> None:
    """Have the headless Service called like *owner*; one of that name that exists is left as it is."""
    space, name = owner["metadata"]["namespace"], owner["metadata"]["name"]
    if cluster.get("Service", space, name) is not None:
        return
    selector = {SET: item["metadata"]["name"]}
    if owner["kind"] == "Pod":
        selector[INDEX] = owner["metadata"]["labels"][INDEX]
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "namespace": space,
                "name": name,
                "labels": {SET: item["metadata"]["name"]},
                "ownerReferences": [reference(owner)],
            },
            "spec": {
                "type": "ClusterIP",
                "clusterIP": "None",
                "selector": selector,
                "publishNotReadyAddresses": True,
            },
        }
    )


def _labels(item: Manifest, index: int, number: int) -> Manifest:
    name = item["metadata"]["name"]
    group = hashlib.sha1(f"{item['metadata']['namespace']}/{name}-{index}".encode(), usedforsecurity=False)
    return {
        SET: name,
        INDEX: str(index),
        WORKER: str(number),
        GROUP: group.hexdigest(),
        REVISION: revision_of(item),
    }


def _template(item: Manifest, given: Manifest, name: str, leader: str, labels: Manifest) -> Manifest:
    """Return the pod template *given* as the pod called *name* of the group of *leader* has it."""
    template, size = deepcopy(given), str(item["spec"]["leaderWorkerTemplate"].get("size", 1))
    metadata = template.setdefault("metadata", {})
    metadata["labels"] = metadata.get("labels", {}) | labels
    metadata["annotations"] = metadata.get("annotations", {}) | {f"{_PREFIX}size": size}
    unique = item["spec"].get("networkConfig", {}).get("subdomainPolicy") == "UniquePerReplica"
    subdomain = leader if unique else item["metadata"]["name"]
    template["spec"] |= {"hostname": name, "subdomain": subdomain}
    environment = {
        "LWS_LEADER_ADDRESS": f"{leader}.{subdomain}.{item['metadata']['namespace']}",
        "LWS_GROUP_SIZE": size,
        "LWS_WORKER_INDEX": labels[WORKER],
    }
    for container in (*template["spec"].get("initContainers", []), *template["spec"]["containers"]):
        own = [entry for entry in container.get("env", []) if entry["name"] not in environment]
        container["env"] = [*({"name": key, "value": value} for key, value in environment.items()), *own]
    return template
