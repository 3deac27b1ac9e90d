"""The serving plan: does the model fit, spread how, with what context. Plain values in and out; no Pulumi, no I/O."""

from components.plan.draft import Plan, draft
from components.plan.make import alternatives, make_plan
from components.plan.request import PlanError, PlanRequest, Problem

__all__ = ["Plan", "PlanError", "PlanRequest", "Problem", "alternatives", "draft", "make_plan"]
