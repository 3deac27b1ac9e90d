"""What a model runs on when it runs on ECS: the instance type, the disk for the weights."""

from collections.abc import Iterable
from typing import Annotated, Literal

from components import catalog
from components.args.base import rule
from components.args.serving import PLANNED as PLANNED_ANYWHERE
from components.args.values import InstanceTypeName, within
from components.args.weights import WeightsArgs
from components.catalog import Instance
from components.plan import Machines, PlanRequest, Problem

PLANNED = {*PLANNED_ANYWHERE, "instance_type", "weights_disk_gib"}
"""Arguments without which no plan for machines can be computed."""


class MachineArgs(WeightsArgs):
    """Instance type, and the disk that the weights are fetched to."""

    instance_type: InstanceTypeName = "ecs.gn7i-c8g1.2xlarge"
    """GPU instance type, one of the catalog's; `scripts/fit` lists those that run a model."""

    weights_disk_gib: Annotated[int, within(20, 32768)] | None = None
    """Size of the disk for the weights in GiB; default: computed. It can grow later, not shrink."""

    weights_disk_performance_level: Literal["PL0", "PL1", "PL2", "PL3"] = "PL1"
    """ESSD performance level of the disk for the weights; PL2 and PL3 need larger disks."""

    @property
    def instance(self) -> Instance:
        """The catalog row of the instance type."""
        return catalog.find(Instance, self.instance_type)

    @property
    def machines(self) -> Machines:
        """What the model is spread over."""
        return Machines(each=self.instance, weights_disk_gib=self.weights_disk_gib)

    @property
    def disk_gib(self) -> int:
        """GiB of the disk for the weights, as asked for or computed."""
        return self.machines.disk_gib(self.model_row)

    def _plan_request(self) -> PlanRequest:
        return self._request(self.machines)

    @rule(*PLANNED)
    def _fits(self) -> Iterable[Problem]:
        return super()._fits()

    @rule("weights_source", "oss_bucket")
    def _bucket_goes_with_oss(self) -> Iterable[Problem]:
        for name in ("oss_bucket", "oss_prefix"):
            given = name in self.model_fields_set and getattr(self, name) is not None
            if given and self.weights_source == "modelscope":
                yield Problem(name, "has no meaning with weightsSource 'modelscope'. Set weightsSource to 'oss'.")
