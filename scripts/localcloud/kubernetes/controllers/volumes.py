"""Claims and the volumes they are bound to; only volumes that somebody made, none is made for a claim."""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.events import warn
from scripts.localcloud.kubernetes.controllers.owned import hold, let_go, selects
from scripts.localcloud.kubernetes.controllers.status import has_ended, is_going
from scripts.localcloud.kubernetes.objects import Contents, Manifest
from scripts.localcloud.kubernetes.quantities import amount

CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"
_CLAIM_HELD = "kubernetes.io/pvc-protection"
_VOLUME_HELD = "kubernetes.io/pv-protection"


def control(cluster: Contents, moment: datetime) -> None:
    """Bind claims, and hold those that a pod uses and volumes that a claim uses against deletion."""
    for claim in cluster.all(CLAIM):
        if not is_going(claim):
            _serve(cluster, hold(cluster, claim, _CLAIM_HELD), moment)
        elif not users(cluster, claim):
            let_go(cluster, claim, _CLAIM_HELD)
    for volume in cluster.all(VOLUME):
        if not is_going(volume):
            volume = hold(cluster, volume, _VOLUME_HELD)  # noqa: PLW2901 the same volume
            cluster.set_status(volume, {"phase": _phase(cluster, volume)})
        elif _phase(cluster, volume) != "Bound":
            let_go(cluster, volume, _VOLUME_HELD)


def claims_of(pod: Manifest) -> list[str]:
    """Return the names of the claims that *pod* mounts."""
    volumes = pod["spec"].get("volumes", [])
    return [each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each]


def users(cluster: Contents, claim: Manifest) -> list[Manifest]:
    """Return the pods that mount *claim* and have not ended."""
    pods = cluster.all("Pod", claim["metadata"]["namespace"])
    return [pod for pod in pods if claim["metadata"]["name"] in claims_of(pod) and not has_ended(pod)]


def is_bound(claim: Manifest) -> bool:
    """Whether *claim* has its volume."""
    return bool(claim.get("status", {}).get("phase") == "Bound")


def _serve(cluster: Contents, claim: Manifest, moment: datetime) -> None:
    if is_bound(claim):
        return
    fitting = [volume for volume in cluster.all(VOLUME) if not is_going(volume) and _fits(volume, claim)]
    if fitting:
        _bind(cluster, claim, min(fitting, key=lambda volume: amount(volume["spec"]["capacity"]["storage"])))
        return
    cluster.set_status(claim, {"phase": "Pending"})
    if not claim["spec"].get("volumeName"):
        message = "no persistent volumes available for this claim, and this cluster makes none by itself"
        warn(cluster, claim, "FailedBinding", message, moment)


def _fits(volume: Manifest, claim: Manifest) -> bool:
    spec, wanted = volume["spec"], claim["spec"]
    named, reserved = wanted.get("volumeName"), spec.get("claimRef")
    if reserved and not _is_for(reserved, claim):
        return False
    if named and volume["metadata"]["name"] != named:
        return False
    return (
        spec.get("storageClassName", "") == wanted.get("storageClassName", "")
        and set(wanted.get("accessModes", [])) <= set(spec.get("accessModes", []))
        and amount(spec["capacity"]["storage"]) >= amount(wanted["resources"]["requests"]["storage"])
        and selects(wanted.get("selector", {}), volume["metadata"].get("labels", {}))
    )


def _is_for(reserved: Manifest, claim: Manifest) -> bool:
    metadata = claim["metadata"]
    same = (reserved.get("namespace"), reserved.get("name")) == (metadata["namespace"], metadata["name"])
    return same and reserved.get("uid", metadata["uid"]) == metadata["uid"]


def _bind(cluster: Contents, claim: Manifest, volume: Manifest) -> None:
    metadata = claim["metadata"]
    volume["spec"]["claimRef"] = {
        "apiVersion": "v1",
        "kind": CLAIM,
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    cluster.put(volume | {"status": {"phase": "Bound"}})
    claim["spec"]["volumeName"] = volume["metadata"]["name"]
    metadata.setdefault("annotations", {})["pv.kubernetes.io/bind-completed"] = "yes"
    given = {name: volume["spec"][name] for name in ("accessModes", "capacity")}
    cluster.put(claim | {"status": {"phase": "Bound"} | given})


def _phase(cluster: Contents, volume: Manifest) -> str:
    reserved = volume["spec"].get("claimRef", {})
    if "uid" not in reserved:
        return "Available"
    claim = cluster.get(CLAIM, reserved["namespace"], reserved["name"])
    return "Bound" if claim is not None and claim["metadata"]["uid"] == reserved["uid"] else "Released"
