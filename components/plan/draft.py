"""The plan, with all that is wrong with it: what becomes of that is decided elsewhere."""

import dataclasses
import math
from collections.abc import Iterator

from components import catalog, images
from components.catalog import Engine
from components.plan.budget import Budget, make_budget
from components.plan.checks import holds_ray, memory_problems, other_problems, weight_only_fp8
from components.plan.layout import choose_layout
from components.plan.nodes import Problem
from components.plan.request import PlanRequest
from components.plan.verdict import verdict_text
from components.sizing import MINIMUM_CONTEXT, context_that_fits


@dataclasses.dataclass(frozen=True)
class Plan:
    """The computed serving plan: every number the engine is started with, and why."""

    request: PlanRequest
    budget: Budget
    tensor_parallel: int
    pipeline_parallel: int
    max_model_len: int
    problems: tuple[Problem, ...]
    """What `allowUnfit` let pass; empty otherwise."""
    warnings: tuple[str, ...]

    @property
    def gpu_count(self) -> int:
        """GPUs of one node."""
        return self.request.on.each.gpu_count

    @property
    def kv_tokens(self) -> int:
        """Tokens that the cache holds, all requests together."""
        return self.budget.tokens

    @property
    def max_concurrent(self) -> int:
        """Requests at full context that the cache holds at once; more of them wait in the engine's queue."""
        return self.kv_tokens // self.max_model_len

    @property
    def mem_fraction_static(self) -> float:
        """What SGLang calls the share for weights and cache; vLLM's share also holds activations and CUDA's own."""
        share = (self.budget.weights + max(0, self.budget.cache)) / self.budget.usable
        return math.floor(share * 1000) / 1000

    @property
    def alone(self) -> "Plan | None":
        """The plan on one of several nodes, where that is enough."""
        if self.request.on.count == 1:
            return None
        plan = draft(self.request.elsewhere(self.request.on.alone()))
        return None if plan.problems else plan

    def verdict(self) -> str:
        """Return what a reviewer reads in `preview`: the arithmetic, warnings, and what was overridden."""
        return verdict_text(self)


def draft(request: PlanRequest) -> Plan:
    """
    Return the plan for *request*, its problems among it.

    Raises:
        PlanError: What is asked for cannot be laid out.
    """
    tensor, pipeline = choose_layout(request)
    budget = make_budget(request, tensor, pipeline)
    fitting = context_that_fits(budget.tokens, request.model.max_context)
    return Plan(
        request=request,
        budget=budget,
        tensor_parallel=tensor,
        pipeline_parallel=pipeline,
        max_model_len=request.max_model_len or max(fitting, min(MINIMUM_CONTEXT, request.model.max_context)),
        problems=(*memory_problems(request, budget), *other_problems(request)),
        warnings=tuple(_warnings(request, tensor, pipeline)),
    )


def _warnings(request: PlanRequest, tensor: int, pipeline: int) -> Iterator[str]:
    idle = request.gpus - tensor * pipeline
    row = catalog.find(Engine, request.engine)
    stated = images.engine_version(request.engine_image, request.engine)
    if idle:
        yield f"{idle} of {request.gpus} GPUs stay idle"
    if stated is None:
        yield f"the tag of {request.engine_image} does not state a {row.title} version, so it was not compared"
    elif images.parse_version(stated) != images.parse_version(row.version):
        yield f"the engine's flags were checked with {row.title} {row.version}, the image holds {stated}"
    if weight_only_fp8(request):
        yield f"{request.gpu.name} has no FP8 units: the FP8 weights save memory, but compute runs in 16 bit"
    yield from request.on.warnings(request.gpu)
    if tensor > request.on.each.gpu_count and not request.on.rdma:
        yield f"tensor parallel {tensor} shares each layer over TCP, which takes longer than computing it"
    if request.launcher == "ray" and not holds_ray(request):
        least = row.ray_minimum
        yield f"the name of {request.engine_image} does not tell whether it holds Ray {least} or newer; the boot looks"
