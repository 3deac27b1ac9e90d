"""From a request to a plan, or to the reasons why there is none."""

import contextlib
import dataclasses
from collections.abc import Iterator

from components import catalog
from components.catalog import Model
from components.plan.draft import Plan, draft
from components.plan.nodes import Problem
from components.plan.request import PlanError, PlanRequest

_ALTERNATIVES = 3


def make_plan(request: PlanRequest) -> Plan:
    """
    Return the plan for *request*.

    Raises:
        PlanError: It does not work; every problem found, the nearest nodes that work with the first.
    """
    plan = draft(request)
    refused = tuple(problem for problem in plan.problems if problem.final or not request.allow_unfit)
    if refused:
        raise PlanError(*_with_alternatives(request, refused))
    return plan


def works(request: PlanRequest) -> bool:
    """Say whether there is a plan for *request* on its nodes, whatever else is wrong."""
    with contextlib.suppress(PlanError):
        return not any(problem.hardware for problem in draft(request).problems)
    return False


def alternatives(request: PlanRequest) -> list[Plan]:
    """Return plans on other nodes that work, the least GPU memory first, one for each set of GPUs."""
    found: dict[tuple[str, int], Plan] = {}
    for nodes in request.on.others():
        with contextlib.suppress(PlanError):
            plan = draft(request.elsewhere(nodes))
            if plan.request.gpu.confidence != "unverified" and not any(problem.hardware for problem in plan.problems):
                found.setdefault((nodes.each.gpu, nodes.each.gpu_count), plan)
    return sorted(found.values(), key=lambda plan: (plan.request.gpu.nominal_gb * plan.request.gpus, plan.gpu_count))


def _with_alternatives(request: PlanRequest, problems: tuple[Problem, ...]) -> Iterator[Problem]:
    first = next((problem for problem in problems if problem.hardware), None)
    for problem in problems:
        # Once is enough: all of these have the same way out.
        yield dataclasses.replace(problem, text=problem.text + _suggest(request)) if problem is first else problem


def _suggest(request: PlanRequest) -> str:
    reachable = min(request.max_model_len or request.model.max_context, request.model.max_context)
    wanted = dataclasses.replace(request, max_model_len=reachable if request.max_model_len else None)
    if instead := _without_fp8(wanted):
        return f" {instead} works on them."
    if plans := alternatives(wanted):
        return f" Nearest that works: {_names(plans)}."
    if more := request.on.more():
        text, nodes = more
        if plans := alternatives(dataclasses.replace(wanted, on=nodes)):
            return f" {text}: {_names(plans)}."
    return f" {request.on.none_works}; use a smaller or quantized model."


def _without_fp8(request: PlanRequest) -> str | None:
    """Return the name of another checkpoint of the model that works, where FP8 is what keeps it from working."""
    name = request.model.without_fp8
    if name is None or request.gpu.fp8:
        return None
    return name if works(dataclasses.replace(request, model=catalog.find(Model, name))) else None


def _names(plans: list[Plan]) -> str:
    return ", ".join(
        f"{plan.request.on.choice} ({plan.request.hardware}, context {plan.max_model_len:,})"
        for plan in plans[:_ALTERNATIVES]
    )
