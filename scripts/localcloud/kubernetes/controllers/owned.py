"""Objects that a controller makes for another object: owner references, selectors, pods from templates."""

import hashlib
import json
from copy import deepcopy
from math import ceil, floor

from scripts.localcloud.kubernetes.objects import Contents, Manifest

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes makes the ends of names of: no vowels, so that no words appear."""
_HASH_LENGTH = 10
_SUFFIX_LENGTH = 5


class NotMadeError(Exception):
    """An object could not be made; the text is what the API server answers."""


def controlled(cluster: Contents, owner: Manifest, kind: str) -> list[Manifest]:
    """Return what *owner* controls of *kind*, oldest first."""
    return [item for item in cluster.owned(owner["metadata"]["uid"]) if item["kind"] == kind]


def reference(owner: Manifest) -> Manifest:
    """Return the entry of ``ownerReferences`` that makes *owner* the controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def workload_of(cluster: Contents, item: Manifest) -> str:
    """Return the name of what somebody asked for to get *item*: the last of its controllers, or its own."""
    metadata: Manifest = item["metadata"]
    owner = next((each for each in metadata.get("ownerReferences", []) if each.get("controller")), None)
    above = cluster.get(owner["kind"], metadata["namespace"], owner["name"]) if owner is not None else None
    return str(metadata["name"]) if above is None else workload_of(cluster, above)


def digest(value: object, length: int = _HASH_LENGTH) -> str:
    """Return a short name for *value*: equal values have equal names."""
    number = int.from_bytes(hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest())
    letters = []
    for _ in range(length):
        number, index = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[index])
    return "".join(letters)


def selects(selector: Manifest, labels: Manifest) -> bool:
    """Whether the label selector *selector* takes something with *labels*."""
    exact: Manifest = selector.get("matchLabels", {})
    return all(labels.get(name) == value for name, value in exact.items()) and all(
        _meets(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _meets(expression: Manifest, labels: Manifest) -> bool:
    name, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(name) in values
        case "NotIn":
            return labels.get(name) not in values
        case "Exists":
            return name in labels
        case _:
            return name not in labels


def part(limit: int | str, whole: int, *, up: bool) -> int:
    """Return how many of *whole* the *limit* of an update is: a number, or a percentage rounded *up* or down."""
    if isinstance(limit, int):
        return limit
    share = whole * float(limit.removesuffix("%")) / 100
    return ceil(share) if up else floor(share)


def make_pod(cluster: Contents, owner: Manifest, template: Manifest, name: str = "") -> Manifest:
    """
    Add a pod of *template* to the cluster; without *name* it gets one that begins with its owner's.

    Raises:
        NotMadeError: Its service account does not exist.

    """
    space = owner["metadata"]["namespace"]
    stem = f"{owner['metadata']['name']}-"
    account = template["spec"].get("serviceAccountName", "default")
    if account != "default" and cluster.get("ServiceAccount", space, account) is None:
        cause = f'error looking up service account {space}/{account}: serviceaccount "{account}" not found'
        raise NotMadeError(f'pods "{name or stem}" is forbidden: {cause}')
    metadata = deepcopy(template.get("metadata", {}))
    metadata |= {"namespace": space, "name": name or f"{stem}{_suffix(cluster, owner)}"}
    metadata["ownerReferences"] = [reference(owner)]
    spec = deepcopy(template["spec"]) | {"serviceAccountName": account}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}
    return cluster.put(pod)


def _suffix(cluster: Contents, owner: Manifest) -> str:
    return digest([owner["metadata"]["uid"], cluster.version], _SUFFIX_LENGTH)


def remove(cluster: Contents, item: Manifest, *, foreground: bool = False) -> None:
    """Delete *item* from the cluster."""
    metadata = item["metadata"]
    cluster.remove(item["kind"], metadata.get("namespace", ""), metadata["name"], foreground=foreground)


def hold(cluster: Contents, item: Manifest, finalizer: str) -> Manifest:
    """Put *finalizer* on *item*, once, and return it."""
    finalizers = item["metadata"].get("finalizers", [])
    if finalizer in finalizers:
        return item
    item["metadata"]["finalizers"] = [*finalizers, finalizer]
    return cluster.put(item)


def let_go(cluster: Contents, item: Manifest, finalizer: str) -> None:
    """Take *finalizer* off *item*."""
    finalizers = item["metadata"].get("finalizers", [])
    if finalizer in finalizers:
        item["metadata"]["finalizers"] = [each for each in finalizers if each != finalizer]
        cluster.put(item)
