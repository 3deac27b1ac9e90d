"""From a request to a plan, or to the reasons why there is none."""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator

from components import catalog
from components.catalog import Instance
from components.plan.draft import Plan, draft
from components.plan.request import PlanError, PlanRequest, Problem

_ALTERNATIVES = 3


def make_plan(request: PlanRequest) -> Plan:
    """
    Return the plan for *request*.

    Raises:
        PlanError: It does not work; every problem found, the nearest instance types that work with the first.
    """
    plan = draft(request)
    refused = tuple(problem for problem in plan.problems if problem.final or not request.allow_unfit)
    if refused:
        raise PlanError(*_with_alternatives(request, refused))
    return plan


def alternatives(request: PlanRequest) -> list[Plan]:
    """Return plans on other instance types that work, the least GPU memory first, one for each set of GPUs."""
    found: dict[tuple[str, int], Plan] = {}
    for instance in _candidates(request):
        with contextlib.suppress(PlanError):
            plan = draft(request.elsewhere(instance=instance))
            if plan.request.gpu.confidence != "unverified" and not any(problem.hardware for problem in plan.problems):
                found.setdefault((instance.gpu, instance.gpu_count), plan)
    return sorted(found.values(), key=lambda plan: (plan.request.gpu.nominal_gb * plan.gpu_count, plan.gpu_count))


def _candidates(request: PlanRequest) -> Iterable[Instance]:
    found = catalog.rows(Instance).values()
    return found if request.nodes == 1 else sorted(found, key=lambda row: row.network_gbps or 0, reverse=True)


def _with_alternatives(request: PlanRequest, problems: tuple[Problem, ...]) -> Iterator[Problem]:
    first = next((problem for problem in problems if problem.hardware), None)
    for problem in problems:
        # Once is enough: all of these have the same way out.
        yield dataclasses.replace(problem, text=problem.text + _suggest(request)) if problem is first else problem


def _suggest(request: PlanRequest) -> str:
    reachable = min(request.max_model_len or request.model.max_context, request.model.max_context)
    wanted = dataclasses.replace(request, max_model_len=reachable if request.max_model_len else None)
    if plans := alternatives(wanted):
        return f" Nearest that works: {_names(plans)}."
    if request.nodes > 1:
        return " No two machines of the catalog work; use a smaller or quantized model."
    if pairs := alternatives(dataclasses.replace(wanted, nodes=2, rdma=True)):
        return f" No instance type of the catalog works alone; topology dual-ecs-ray works: {_names(pairs)}."
    return " No instance type of the catalog works, nor two of them; use a smaller or quantized model."


def _names(plans: list[Plan]) -> str:
    return ", ".join(
        f"{plan.request.machines} ({plan.request.hardware}, context {plan.max_model_len:,})"
        for plan in plans[:_ALTERNATIVES]
    )
