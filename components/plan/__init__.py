"""
The serving plan: does the model fit, spread how, with what context. Plain values in and out; no Pulumi, no I/O.

What only pods need is imported from its own modules, so that a preview of machines does not load it.
"""

from components.plan.draft import Plan, draft
from components.plan.machines import Machines
from components.plan.make import alternatives, make_plan, works
from components.plan.nodes import Node, Nodes, Problem
from components.plan.request import PlanError, PlanRequest

__all__ = [
    "Machines",
    "Node",
    "Nodes",
    "Plan",
    "PlanError",
    "PlanRequest",
    "Problem",
    "alternatives",
    "draft",
    "make_plan",
    "works",
]
