"""Where one GPU's memory goes."""

import dataclasses

from components.plan.request import PlanRequest
from components.sizing import (
    CUDA_GRAPHS_GIB,
    GIB,
    MIB,
    activation_bytes,
    kv_bytes_per_token,
    kv_tokens,
    non_torch_bytes,
    weights_per_gpu,
)


@dataclasses.dataclass(frozen=True)
class Budget:
    """Bytes on the fullest GPU."""

    usable: int
    planned: int
    """What the engine may plan with: utilisation times *usable*."""
    weights: int
    activation: int
    non_torch: int
    graphs: int
    """CUDA graphs; they come on top of *planned*."""
    token: int
    """Cache bytes of one token."""

    @property
    def taken(self) -> int:
        """Everything planned except the cache."""
        return self.weights + self.activation + self.non_torch

    @property
    def cache(self) -> int:
        """Left for the cache; negative when the rest alone is too much."""
        return self.planned - self.taken

    @property
    def tokens(self) -> int:
        """Tokens that the cache holds."""
        return kv_tokens(self.cache, self.token)

    @property
    def outside(self) -> int:
        """Left outside the plan, for the CUDA graphs."""
        return self.usable - self.planned


def make_budget(request: PlanRequest, tensor: int, pipeline: int) -> Budget:
    """Return the budget of *request* laid out over *tensor* x *pipeline* GPUs."""
    usable = request.gpu.usable_mib * MIB
    element = 1 if request.kv_cache_dtype == "fp8" else 2
    return Budget(
        usable=usable,
        planned=int(usable * request.gpu_memory_utilization),
        weights=weights_per_gpu(request.model, tensor, pipeline),
        activation=activation_bytes(request.gpu),
        non_torch=non_torch_bytes(tensor, nvlink=request.on.each.nvlink),
        graphs=round(CUDA_GRAPHS_GIB * GIB) if request.cuda_graphs else 0,
        token=kv_bytes_per_token(request.model, tensor, pipeline, element),
    )
