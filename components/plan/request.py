"""What a plan is asked for, and how it says no."""

import dataclasses
from typing import Any, Self

from components import catalog
from components.catalog import Gpu, Instance, Model


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """A model, the machines to run it on, and the choices a user may leave open (None)."""

    model: Model
    instance: Instance
    nodes: int = 1
    launcher: str = "native"
    """What starts the engine on several nodes: ``native``, its own way, or ``ray``."""
    rdma: bool = False
    """The nodes reach each other over eRDMA."""
    engine: str
    engine_image: str
    gpu_memory_utilization: float
    """Share of GPU memory the engine may plan with, CUDA graphs aside; the same meaning for both engines."""
    kv_cache_dtype: str
    """``auto`` (two bytes) or ``fp8`` (one)."""
    max_model_len: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    weights_disk_gib: int | None = None
    cuda_graphs: bool = True
    expert_parallel: bool = False
    allow_unfit: bool = False

    @property
    def gpu(self) -> Gpu:
        """The GPU of the instance type."""
        return catalog.find(Gpu, self.instance.gpu)

    @property
    def gpus(self) -> int:
        """GPUs of all nodes together."""
        return self.instance.gpu_count * self.nodes

    @property
    def rdma_devices(self) -> int:
        """How many eRDMA interfaces each machine has; one where the catalog knows only that there are some."""
        return self.instance.rdma_interfaces or 1 if self.rdma else 0

    @property
    def hardware(self) -> str:
        """The GPUs in words, such as ``8 x A10``."""
        return f"{self.gpus} x {self.instance.gpu}"

    @property
    def machines(self) -> str:
        """The machines in words: the instance type, counted unless it is one."""
        return self.instance.name if self.nodes == 1 else f"{self.nodes} x {self.instance.name}"

    @property
    def machines_have(self) -> str:
        """The beginning of a sentence about what the machines have."""
        return f"{self.machines} {'has' if self.nodes == 1 else 'have'}"

    def elsewhere(self, **change: Any) -> Self:  # noqa: ANN401
        """Return the request with *change*, for other machines, so without the layout that was asked for."""
        return dataclasses.replace(self, tensor_parallel=None, pipeline_parallel=None, **change)


@dataclasses.dataclass(frozen=True)
class Problem:
    """One reason why a plan does not work, and the argument to change."""

    argument: str
    """In snake_case."""
    text: str
    """``what, value. Way out.``"""
    hardware: bool = False
    """Another instance type would solve it."""
    final: bool = False
    """Not a matter of estimates, so `allowUnfit` does not let it pass."""


class PlanError(ValueError):
    """The plan does not work; *argument* is the first to change, *problems* are all that were found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(f"{problem.argument}: {problem.text}" for problem in problems))
        self.problems = problems
        self.argument = problems[0].argument
