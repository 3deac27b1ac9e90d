"""What the provider's functions answer about clusters."""

import re
from datetime import UTC, datetime, timedelta

from scripts.localcloud.api_server import credential, kubeconfig
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import CLUSTER
from scripts.localcloud.values import Value, Values, number, strings, text
from scripts.localcloud.world import Record, World

_TYPE = "ManagedKubernetes"
_PERMANENT_MINUTES = 3 * 365 * 24 * 60
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_SHOWN = (
    "clusterDomain",
    "clusterSpec",
    "deletionProtection",
    "ipStack",
    "podCidr",
    "profile",
    "proxyMode",
    "resourceGroupId",
    "securityGroupId",
    "serviceCidr",
    "tags",
    "timezone",
    "vpcId",
    "vswitchIds",
)


def cluster_credential(world: World, region: str, inputs: Values) -> Values:  # noqa: ARG001 ids are global
    """Return what ``getClusterCredential`` answers: the one credential of the cluster's owner, or a temporary one."""
    _check(inputs)
    cluster = world.need(CLUSTER, text(inputs, "clusterId"), "ErrorClusterNotFound")
    minutes = number(inputs, "temporaryDurationMinutes")
    begins = datetime.now(UTC) if minutes else datetime.strptime(text(cluster.hidden, "created"), _FORMAT)  # noqa: DTZ007 UTC both
    expiration = (begins + timedelta(minutes=minutes or _PERMANENT_MINUTES)).strftime(_FORMAT)
    return inputs | {
        "id": cluster.id,
        "clusterName": cluster.text("name"),
        "kubeConfig": kubeconfig(cluster, expiration if minutes else ""),
        "certificateAuthorities": [{**credential(cluster)}],
        "expiration": expiration,
    }


def clusters(world: World, region: str, inputs: Values) -> Values:
    """Return what ``getClusters`` answers: the clusters of one region."""
    _check(inputs)
    found = [_described(cluster) for cluster in world.all(CLUSTER) if cluster.region == region]
    rows = [row for row in found if _meant(row, inputs)]
    names: list[Value] = [row["clusterName"] for row in rows]
    return inputs | {"id": "clusters", "ids": [row["id"] for row in rows], "names": names, "clusters": list(rows)}


def _check(inputs: Values) -> None:
    if inputs.get("outputFile"):
        raise CloudError("InvalidParameter", "The local cloud writes no outputFile.")


def _meant(row: Values, inputs: Values) -> bool:
    wanted = [
        name for name in ("clusterId", "clusterName", "clusterSpec", "clusterType", "profile") if inputs.get(name)
    ]
    ids = strings(inputs, "ids")
    return (
        all(row[name] == inputs[name] for name in wanted)
        and (not ids or row["id"] in ids)
        and re.search(text(inputs, "nameRegex"), text(row, "clusterName")) is not None
    )


def _described(cluster: Record) -> Values:
    shown = {name: cluster.properties[name] for name in _SHOWN if name in cluster.properties}
    return shown | {
        "id": cluster.id,
        "clusterId": cluster.id,
        "clusterName": cluster.text("name"),
        "clusterType": _TYPE,
        "currentVersion": cluster.text("version"),
        "regionId": cluster.region,
        "state": "running",
    }
