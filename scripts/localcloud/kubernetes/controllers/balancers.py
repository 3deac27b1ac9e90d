"""Load balancers for Services, as the cloud's controller manager makes them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud import faults
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import ACL, CLUSTER
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.laws import balancers
from scripts.localcloud.store import Store
from scripts.localcloud.world import Balancer, World

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"


@dataclass(frozen=True)
class Wanted:
    """The load balancer that the Service *service* (``namespace/name``) asks for: its ports, each with its list."""

    service: str
    public: bool
    acls: Mapping[str, str]


def wanted_by(service: Manifest) -> Wanted | None:
    """Return what *service* asks for, if it asks."""
    metadata, spec = service["metadata"], service["spec"]
    if spec.get("type") != "LoadBalancer":
        return None
    notes = metadata.get("annotations", {})
    listed = notes.get(f"{PREFIX}acl-status") == "on" and notes.get(f"{PREFIX}acl-type") == "white"
    acl: str = notes.get(f"{PREFIX}acl-id", "") if listed else ""
    return Wanted(
        f"{metadata['namespace']}/{metadata['name']}",
        notes.get(f"{PREFIX}address-type", "internet") == "internet",
        {str(port["port"]): acl for port in spec["ports"]},
    )


def settle(home: Path, cluster_id: str, wanted: Sequence[Wanted]) -> dict[str, Balancer | CloudError]:
    """Make, change and remove load balancers of the cluster; return each Service's, or why it has none."""
    store = Store(home)
    tried = store.read()
    before = deepcopy(tried.balancers)
    found = _settle(tried, home, cluster_id, wanted)
    if tried.balancers == before:
        return found
    with store.transaction() as world:
        return _settle(world, home, cluster_id, wanted)


def _settle(world: World, home: Path, cluster_id: str, wanted: Sequence[Wanted]) -> dict[str, Balancer | CloudError]:
    present = {each.service: each for each in world.balancers if each.cluster == cluster_id and each.service}
    for service in set(present) - {each.service for each in wanted}:
        balancers.remove(world, present[service])
    return {each.service: _one(world, home, cluster_id, present.get(each.service), each) for each in wanted}


def _one(world: World, home: Path, cluster_id: str, balancer: Balancer | None, wanted: Wanted) -> Balancer | CloudError:
    try:
        for acl in filter(None, wanted.acls.values()):
            world.need(ACL, acl, "AclNotExist")
        if balancer is None:
            _check_quota(world, home)
            cluster = world.need(CLUSTER, cluster_id, "ErrorClusterNotFound")
            return balancers.add(world, home, cluster, dict(wanted.acls), wanted.service, public=wanted.public)
    except CloudError as problem:
        return problem
    balancer.acls = dict(wanted.acls)
    return balancer


def _check_quota(world: World, home: Path) -> None:
    limit = faults.read(home).cluster.get("load_balancers")
    if isinstance(limit, int) and len(world.balancers) >= limit:
        raise CloudError("QuotaExceeded", f"slb_quota_instances_num: the account may have {limit} CLB instances.")
