"""
Deployment sets: which instances are kept near each other, or apart.

Source: https://www.alibabacloud.com/help/zh/doc-detail/91258.htm, read 2026-11-21.
"""

from scripts.localcloud.errors import CloudError
from scripts.localcloud.facts import family
from scripts.localcloud.kinds import DEPLOYMENT_SET, INSTANCE
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, World


class EcsDeploymentSet(Law):
    """A deployment set."""

    type = DEPLOYMENT_SET

    def create(self, ask: Ask) -> Record:
        """Add an empty set."""
        outputs: Values = {"strategy": "Availability", "domain": "Default", "granularity": "Host"}
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("ds", ask.region), outputs))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while an instance is in it."""
        left = [member.id for member in _members(ask.world, record.id)]
        if left:
            raise CloudError("DependencyViolation.NotEmpty", f"{record.id} still holds {', '.join(left)}.")


def _members(world: World, set_id: str) -> list[Record]:
    return list(world.where(INSTANCE, "deploymentSetId", set_id))


def check_member(world: World, wanted: Values, zone: str, instance_id: str) -> None:
    """
    Check that the *wanted* instance in *zone*, new unless *instance_id* names it, may be in its deployment set.

    Raises:
        CloudError: No such set, or its strategy forbids this instance.

    """
    set_id = text(wanted, "deploymentSetId")
    if not set_id:
        return
    chosen = world.need(DEPLOYMENT_SET, set_id, "InvalidDeploymentSetId.NotFound")
    if text(wanted, "spotStrategy").startswith("Spot"):
        raise CloudError("InvalidParameter", f"{set_id} takes no spot instances.")
    if chosen.text("strategy") == "LowLatency":
        _check_near(
            chosen, text(wanted, "instanceType"), zone, [m for m in _members(world, set_id) if m.id != instance_id]
        )


def _check_near(chosen: Record, kind: str, zone: str, others: list[Record]) -> None:
    if not family(kind).low_latency:
        raise CloudError("InvalidInstanceType.NotSupported", f"{kind} is not sold in a LowLatency set, {chosen.id}.")
    for other in others:
        if other.text("availabilityZone") != zone:
            message = f"{chosen.id} has {other.id} in {other.text('availabilityZone')}: a LowLatency set has one zone."
            raise CloudError("InvalidDestinationZone.DeploymentSetMismatch", message)
