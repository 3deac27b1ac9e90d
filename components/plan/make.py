"""From a request to a plan, or to the reasons why there is none."""

import dataclasses
import math
from collections.abc import Iterator

from components import catalog, images
from components.catalog import Engine, Instance
from components.plan.budget import Budget, make_budget
from components.plan.checks import memory_problems, other_problems, weight_only_fp8
from components.plan.layout import choose_layout
from components.plan.request import PlanError, PlanRequest, Problem
from components.plan.verdict import verdict_text
from components.sizing import GIB, MINIMUM_CONTEXT, context_that_fits, disk_gib

_ALTERNATIVES = 3


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
        return self.request.instance.gpu_count

    @property
    def kv_tokens(self) -> int:
        """Tokens that the cache holds, all requests together."""
        return self.budget.tokens

    @property
    def max_concurrent(self) -> int:
        """Requests at full context that the cache holds at once; more of them wait in the engine's queue."""
        return self.kv_tokens // self.max_model_len

    @property
    def weights_gib_per_gpu(self) -> float:
        """GiB of weights on the fullest GPU."""
        return self.budget.weights / GIB

    @property
    def weights_disk_gib(self) -> int:
        """GiB of the disk for the weights, as asked for or computed."""
        return self.request.weights_disk_gib or disk_gib(self.request.model.weights_bytes)

    @property
    def mem_fraction_static(self) -> float:
        """What SGLang calls the share for weights and cache; vLLM's share also holds activations and CUDA's own."""
        share = (self.budget.weights + max(0, self.budget.cache)) / self.budget.usable
        return math.floor(share * 1000) / 1000

    def verdict(self) -> str:
        """Return what a reviewer reads in `preview`: the arithmetic, warnings, and what was overridden."""
        return verdict_text(self)


def make_plan(request: PlanRequest) -> Plan:
    """
    Return the plan for *request*.

    Raises:
        PlanError: It does not work; every problem found, the nearest instance types that work with the first.
    """
    plan = _draft(request)
    if plan.problems and not request.allow_unfit:
        raise PlanError(*_with_alternatives(request, plan.problems))
    return plan


def _draft(request: PlanRequest) -> Plan:
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
        warnings=tuple(_warnings(request, tensor * pipeline)),
    )


def _warnings(request: PlanRequest, used: int) -> Iterator[str]:
    row = catalog.find(Engine, request.engine)
    stated = images.engine_version(request.engine_image, request.engine)
    if used < request.gpus:
        yield f"{request.gpus - used} of {request.gpus} GPUs stay idle"
    if stated is None:
        yield f"the tag of {request.engine_image} does not state a {row.title} version, so it was not compared"
    elif images.parse_version(stated) != images.parse_version(row.version):
        yield f"the engine's flags were checked with {row.title} {row.version}, the image holds {stated}"
    if weight_only_fp8(request):
        yield f"{request.instance.gpu} has no FP8 units: the FP8 weights save memory, but compute runs in 16 bit"
    if request.gpu.confidence == "unverified":
        yield f"the memory of {request.instance.gpu} was not read on a machine; see gpus.toml"


def alternatives(request: PlanRequest) -> list[Plan]:
    """Return plans on other instance types that work, the least GPU memory first, one for each set of GPUs."""
    found: dict[tuple[str, int], Plan] = {}
    for instance in catalog.rows(Instance).values():
        key = (instance.gpu, instance.gpu_count)
        plan = _draft(dataclasses.replace(request, instance=instance, tensor_parallel=None, pipeline_parallel=None))
        if plan.request.gpu.confidence != "unverified" and not any(problem.hardware for problem in plan.problems):
            found.setdefault(key, plan)
    return sorted(found.values(), key=lambda plan: (plan.request.gpu.nominal_gb * plan.gpu_count, plan.gpu_count))


def _with_alternatives(request: PlanRequest, problems: tuple[Problem, ...]) -> Iterator[Problem]:
    first = next((problem for problem in problems if problem.hardware), None)
    for problem in problems:
        # Once is enough: all of these have the same way out.
        yield dataclasses.replace(problem, text=problem.text + _suggest(request)) if problem is first else problem


def _suggest(request: PlanRequest) -> str:
    reachable = min(request.max_model_len or request.model.max_context, request.model.max_context)
    wanted = dataclasses.replace(request, max_model_len=reachable if request.max_model_len else None)
    plans = alternatives(wanted)[:_ALTERNATIVES]
    if not plans:
        return " No instance type of the catalog works alone; use a smaller or quantized model, or more machines."
    names = ", ".join(
        f"{plan.request.instance.name} ({plan.request.hardware}, context {plan.max_model_len:,})" for plan in plans
    )
    return f" Nearest that works: {names}."
