"""The serving plan: does the model fit, spread how, with what context. Plain values in and out; no Pulumi, no I/O."""

from components.plan.cache import Cache, make_cache
from components.plan.draft import Plan, draft
from components.plan.machines import Machines
from components.plan.make import alternatives, make_plan, works
from components.plan.nodes import Node, Nodes, Problem
from components.plan.pod import PodShape
from components.plan.pods import Pods, choices
from components.plan.request import PlanError, PlanRequest

__all__ = [
    "Cache",
    "Machines",
    "Node",
    "Nodes",
    "Plan",
    "PlanError",
    "PlanRequest",
    "PodShape",
    "Pods",
    "Problem",
    "alternatives",
    "choices",
    "draft",
    "make_cache",
    "make_plan",
    "works",
]
