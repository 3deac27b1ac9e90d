"""Events: what a controller has to say about an object."""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.owned import digest
from scripts.localcloud.kubernetes.controllers.status import stamp
from scripts.localcloud.kubernetes.objects import Contents, Manifest


def warn(cluster: Contents, about: Manifest, reason: str, message: str, moment: datetime) -> None:
    """Say, once, what goes wrong with the object *about*."""
    metadata = about["metadata"]
    namespace, name = metadata.get("namespace", "default"), metadata["name"]
    own = f"{name}.{digest([metadata['uid'], reason, message])}"
    if cluster.get("Event", namespace, own) is not None:
        return
    involved = {"apiVersion": about["apiVersion"], "kind": about["kind"], "name": name, "uid": metadata["uid"]}
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": namespace, "name": own},
            "involvedObject": involved | ({"namespace": namespace} if "namespace" in metadata else {}),
            "type": "Warning",
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": stamp(moment),
            "lastTimestamp": stamp(moment),
        }
    )
