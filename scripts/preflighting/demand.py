"""What a stack asks of an account: its own preview, read as a list of things to buy."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts.foreseen import SECRET, UNKNOWN, Foreseen, Planned
from scripts.localcloud.kinds import DISK, INSTANCE
from scripts.operator_policy import permissions

SERVICE = "kubernetes:core/v1:Service"
LOAD_BALANCER = "kubernetes:core/v1:Service of type LoadBalancer"
"""What a `Service` counts as, besides itself."""


@dataclass(frozen=True)
class Machine:
    """ECS instances that are alike; what is only known at `up` is empty."""

    instance_type: str
    zone: str
    spot: str
    """The API's ``SpotStrategy``."""
    disk: str
    """The category of the system disk."""
    disk_gib: str
    image: str
    vswitch: str
    security_group: str


@dataclass(frozen=True)
class Demand:
    """One stack's wishes, as if it had nothing yet."""

    project: str
    stack: str
    region: str
    resources: tuple[Planned, ...]

    @property
    def kinds(self) -> Counter[str]:
        """How many of each type."""
        return Counter(kind for row in self.resources for kind in _kinds(row))

    @property
    def topology(self) -> str:
        """The one whose operator's policy covers it: those of both ECS topologies are the same."""
        return "acs-cluster" if any(kind.startswith("kubernetes:") for kind in self.kinds) else "single-ecs"

    @property
    def machines(self) -> Counter[Machine]:
        """How many of each kind of machine."""
        return Counter(_machine(row.inputs) for row in self.resources if row.type == INSTANCE)

    @property
    def disks(self) -> set[tuple[str, str]]:
        """The category and the zone of every data disk."""
        rows = (row.inputs for row in self.resources if row.type == DISK)
        return {(_text(row.get("category")), _text(row.get("zoneId"))) for row in rows}

    @property
    def actions(self) -> set[str]:
        """What `up` of it calls, as RAM writes it, for the types that docs/operator-permissions.toml knows."""
        rows = {row["type"]: row["actions"] for row in permissions()["permission"]}
        return {action for kind in self.kinds for action in rows.get(_short(kind), ())}

    @property
    def strange(self) -> set[str]:
        """The provider's types that it does not know."""
        known = {row["type"] for row in permissions()["permission"]}
        return {_short(kind) for kind in self.kinds if kind.startswith("alicloud:")} - known


def demand(project: str, stack: str, region: str, foreseen: Foreseen) -> Demand:
    """Return what *foreseen* asks for."""
    return Demand(project, stack, region, tuple(row for row in foreseen.resources if row.custom))


def _short(kind: str) -> str:
    return re.sub(r"^(\w+):(\w+)/\w+:(\w+)$", r"\1.\2.\3", kind)


def _kinds(resource: Planned) -> Iterator[str]:
    yield resource.type
    spec = resource.inputs.get("spec")
    if resource.type == SERVICE and isinstance(spec, Mapping) and spec.get("type") == "LoadBalancer":
        yield LOAD_BALANCER


def _machine(inputs: Mapping[str, object]) -> Machine:
    groups = inputs.get("securityGroups")
    return Machine(
        instance_type=_text(inputs.get("instanceType")),
        zone=_text(inputs.get("availabilityZone")),
        spot=_text(inputs.get("spotStrategy")) or "NoSpot",
        disk=_text(inputs.get("systemDiskCategory")),
        disk_gib=_text(inputs.get("systemDiskSize")),
        image=_text(inputs.get("imageId")),
        vswitch=_text(inputs.get("vswitchId")),
        security_group=_text(groups[0]) if isinstance(groups, list) and groups else "",
    )


def _text(value: object) -> str:
    return "" if value in (None, UNKNOWN, SECRET) else str(value)
