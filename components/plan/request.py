"""What a plan is asked for, and how it says no."""

import dataclasses
from typing import Self

from components import catalog
from components.catalog import Gpu, Model
from components.plan.nodes import Node, Nodes, Problem


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """A model, the nodes to run it on, and the choices a user may leave open (None)."""

    model: Model
    on: Nodes[Node]
    launcher: str = "native"
    """What starts the engine on several nodes: ``native``, its own way, or ``ray``."""
    engine: str
    engine_image: str
    gpu_memory_utilization: float
    """Share of GPU memory the engine may plan with, CUDA graphs aside; the same meaning for both engines."""
    kv_cache_dtype: str
    """``auto`` (two bytes) or ``fp8`` (one)."""
    max_model_len: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    cuda_graphs: bool = True
    expert_parallel: bool = False
    allow_unfit: bool = False

    @property
    def gpu(self) -> Gpu:
        """The GPU of every node."""
        return catalog.find(Gpu, self.on.each.gpu)

    @property
    def gpus(self) -> int:
        """GPUs of all nodes together."""
        return self.on.each.gpu_count * self.on.count

    @property
    def hardware(self) -> str:
        """The GPUs in words, such as ``8 x A10``."""
        return f"{self.gpus} x {self.gpu.name}"

    def elsewhere(self, on: Nodes[Node]) -> Self:
        """Return the request for other nodes, so without the layout that was asked for."""
        return dataclasses.replace(self, on=on, tensor_parallel=None, pipeline_parallel=None)


class PlanError(ValueError):
    """The plan does not work; *argument* is the first to change, *problems* are all that were found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(f"{problem.argument}: {problem.text}" for problem in problems))
        self.problems = problems
        self.argument = problems[0].argument
