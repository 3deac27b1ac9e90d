"""What a plan is asked for, and how it says no."""

import dataclasses

from components import catalog
from components.catalog import Gpu, Instance, Model


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """A model, the machines to run it on, and the choices a user may leave open (None)."""

    model: Model
    instance: Instance
    nodes: int = 1
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
    def hardware(self) -> str:
        """The machines in words, such as ``8 x A10``."""
        return f"{self.gpus} x {self.instance.gpu}"


@dataclasses.dataclass(frozen=True)
class Problem:
    """One reason why a plan does not work, and the argument to change."""

    argument: str
    """In snake_case."""
    text: str
    """``what, value. Way out.``"""
    hardware: bool = False
    """Another instance type would solve it."""


class PlanError(ValueError):
    """The plan does not work; *argument* is the first to change, *problems* are all that were found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(f"{problem.argument}: {problem.text}" for problem in problems))
        self.problems = problems
        self.argument = problems[0].argument
