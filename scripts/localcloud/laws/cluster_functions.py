"""What the provider's functions answer about clusters."""

import re
from datetime import UTC, datetime, timedelta

from scripts.localcloud.api_server import credential, kubeconfig
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import CLUSTER, NAT_GATEWAY, SWITCH
from scripts.localcloud.values import Value, Values, number, strings, text
from scripts.localcloud.world import Record, World

_TYPE = "ManagedKubernetes"
_STATE = "running"
_FILTERS = ("clusterId", "clusterName", "clusterSpec", "clusterType", "profile")
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
    wanted = [name for name in _FILTERS if inputs.get(name)]
    found = [
        _described(cluster) for cluster in world.all(CLUSTER) if cluster.region == region and _named(cluster, inputs)
    ]
    rows = [row for row in found if all(row[name] == inputs[name] for name in wanted)]
    names: list[Value] = [row["clusterName"] for row in rows]
    return inputs | {"id": "clusters", "ids": [row["id"] for row in rows], "names": names, "clusters": list(rows)}


def managed_clusters(world: World, region: str, inputs: Values) -> Values:
    """Return what ``getManagedKubernetesClusters`` answers: more than names only with ``enableDetails``."""
    _check(inputs)
    found = [cluster for cluster in world.all(CLUSTER) if cluster.region == region and _named(cluster, inputs)]
    rows: list[Values] = [{"id": cluster.id, "name": cluster.text("name")} for cluster in found]
    if inputs.get("enableDetails") is True:
        rows = [row | _detailed(world, cluster) for row, cluster in zip(rows, found, strict=True)]
    names: list[Value] = [row["name"] for row in rows]
    return inputs | {"id": "clusters", "ids": [row["id"] for row in rows], "names": names, "clusters": list(rows)}


def _detailed(world: World, cluster: Record) -> Values:
    gateway = next(iter(world.where(NAT_GATEWAY, "vpcId", cluster.text("vpcId"))), None)
    switch = world.find(SWITCH, strings(cluster.properties, "vswitchIds")[0])
    return {
        "availabilityZone": "" if switch is None else switch.text("zoneId"),
        "connections": cluster.properties["connections"],
        "natGatewayId": "" if gateway is None else gateway.id,
        "rrsaConfig": cluster.properties["rrsaMetadata"],
        "securityGroupId": cluster.text("securityGroupId"),
        "state": _STATE,
        "vpcId": cluster.text("vpcId"),
        "workerNodes": [],
    }


def _check(inputs: Values) -> None:
    for name in ("outputFile", "kubeConfigFilePrefix"):
        if inputs.get(name):
            raise CloudError("InvalidParameter", f"The local cloud writes no {name}.")


def _named(cluster: Record, inputs: Values) -> bool:
    ids = strings(inputs, "ids")
    return (not ids or cluster.id in ids) and re.search(text(inputs, "nameRegex"), cluster.text("name")) is not None


def _described(cluster: Record) -> Values:
    shown = {name: cluster.properties[name] for name in _SHOWN if name in cluster.properties}
    return shown | {
        "id": cluster.id,
        "clusterId": cluster.id,
        "clusterName": cluster.text("name"),
        "clusterType": _TYPE,
        "currentVersion": cluster.text("version"),
        "regionId": cluster.region,
        "state": _STATE,
    }
