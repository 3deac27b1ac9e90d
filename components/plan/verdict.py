"""The text of a plan, as a reviewer reads it in `preview`."""

from collections.abc import Iterator
from typing import Protocol

from pydantic.alias_generators import to_camel

from components import catalog
from components.catalog import Engine
from components.plan.budget import Budget
from components.plan.nodes import Problem
from components.plan.request import PlanRequest
from components.plan.words import counted, percent
from components.sizing import GIB, REPLICATED_WEIGHTS

_SHORT_REQUEST = 4096


class _Plan(Protocol):
    """What the text needs of a plan."""

    @property
    def request(self) -> PlanRequest: ...
    @property
    def budget(self) -> Budget: ...
    @property
    def tensor_parallel(self) -> int: ...
    @property
    def pipeline_parallel(self) -> int: ...
    @property
    def max_model_len(self) -> int: ...
    @property
    def max_concurrent(self) -> int: ...
    @property
    def alone(self) -> "_Plan | None": ...
    @property
    def problems(self) -> tuple[Problem, ...]: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


def verdict_text(plan: _Plan) -> str:
    """Return the arithmetic of *plan*, one line for each step."""
    request, title = plan.request, catalog.find(Engine, plan.request.engine).title
    said = "does not fit by this arithmetic, allowed by allowUnfit" if plan.problems else "fits"
    rows = [(name, text) for name, text in _rows(plan) if text]
    return "\n".join(
        [
            f"{request.model.name} with {title} on {request.on.words} ({request.hardware}): {said}",
            *(f"  {name:<13} {text}" for name, text in rows),
            *(f"  warning       {text}" for text in plan.warnings),
            *(f"  hint          {text}" for text in _hints(plan)),
            *(f"  OVERRIDDEN    {to_camel(problem.argument)}: {problem.text}" for problem in plan.problems),
        ]
    )


def _rows(plan: _Plan) -> list[tuple[str, str]]:
    request, budget = plan.request, plan.budget
    used = plan.tensor_parallel * plan.pipeline_parallel
    copied = f", {REPLICATED_WEIGHTS:.0%} of it copied" if used > 1 else ""
    layout = f"tensor parallel {plan.tensor_parallel} x pipeline parallel {plan.pipeline_parallel}"
    origin = "as given" if request.max_model_len else "computed"
    weights, limit = request.model.weights_bytes / GIB, request.model.max_context
    return [
        ("layout", f"{layout} on {used} of {counted(request.gpus, 'GPU')}"),
        ("GPU memory", f"{_gib(budget.usable)}  each; {percent(request.gpu_memory_utilization)} of it is planned:"),
        ("  planned", _gib(budget.planned)),
        ("  weights", f"{_gib(-budget.weights)}  ({weights:.2f} GiB over {counted(used, 'GPU')}{copied})"),
        ("  activations", f"{_gib(-budget.activation)}  (estimate)"),
        ("  CUDA, NCCL", f"{_gib(-budget.non_torch)}  (estimate)"),
        ("  KV cache", f"{_gib(budget.cache)}  = {budget.tokens:,} tokens of {budget.token:,} B per GPU"),
        ("CUDA graphs", f"{_gib(budget.graphs)}  (estimate) in the {budget.outside / GIB:.2f} GiB outside the plan"
                        if budget.graphs else ""),
        ("context", f"{plan.max_model_len:,} tokens, {origin}; the model allows {limit:,}"),
        ("concurrency", _concurrency(plan)),
        *request.on.rows(request.model),
    ]  # fmt: skip


def _hints(plan: _Plan) -> Iterator[str]:
    if plan.alone:
        name, context = plan.request.on.each.name, plan.alone.max_model_len
        yield f"one {name} runs it, too, with context {context:,}: {plan.request.on.ALONE}"


def _concurrency(plan: _Plan) -> str:
    text = f"{counted(plan.max_concurrent, 'request')} at full context"
    if plan.max_model_len > _SHORT_REQUEST:
        text += f", {plan.budget.tokens // _SHORT_REQUEST:,} at {_SHORT_REQUEST:,} tokens"
    return text + "; more wait in the queue"


def _gib(size: int) -> str:
    return f"{size / GIB:8.2f} GiB"
