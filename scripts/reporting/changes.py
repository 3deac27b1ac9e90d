"""What a change does to each resource."""

from dataclasses import dataclass

from scripts.foreseen import Foreseen, Planned
from scripts.reporting.differences import Difference, differences

_HOLDS_DATA = (
    "alicloud:ecs/ecsDisk:",
    "alicloud:ecs/disk:",
    "alicloud:kms/key:",
    "alicloud:nas/fileSystem:",
    "alicloud:oss/bucket:",
    "alicloud:rds/instance:",
    "kubernetes:core/v1:PersistentVolume",
)
"""How the types begin whose resources take something along that nobody else has."""
_ORDER = ("delete", "replace", "update", "create")


@dataclass(frozen=True)
class Change:
    """What becomes of one resource."""

    resource: Planned
    differences: tuple[Difference, ...]

    @property
    def step(self) -> str:
        """What is done to it."""
        return self.resource.step

    @property
    def loses_data(self) -> bool:
        """Whether what it holds goes with it."""
        return self.step in ("delete", "replace") and self.resource.type.startswith(_HOLDS_DATA)


def changes(before: Foreseen | None, after: Foreseen) -> list[Change]:
    """Return what changes, the worst first: deletions, replacements, updates, what is new."""
    old = {resource.urn: resource for resource in (before.resources if before else ())}
    names = {resource.urn: resource.name for resource in after.resources}
    found = [
        Change(resource, tuple(differences(old.get(resource.urn), resource, names)))
        for resource in after.resources
        if resource.custom and resource.step in _ORDER
    ]
    return sorted(found, key=lambda change: _ORDER.index(change.step))
