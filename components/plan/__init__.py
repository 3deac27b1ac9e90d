"""The serving plan: does the model fit, spread how, with what context. Plain values in and out; no Pulumi, no I/O."""

from components.plan.make import Plan, alternatives, make_plan
from components.plan.request import PlanError, PlanRequest, Problem

__all__ = ["Plan", "PlanError", "PlanRequest", "Problem", "alternatives", "make_plan"]
