"""Model -> compiled plan. Knows definition and language; must never know time, tasks or concurrency."""

from __future__ import annotations

from asl_local.plan.compile import compile_machine
from asl_local.plan.plan import Block, Catcher, Number, Plan, Resource, Retrier, Rule, State
from asl_local.plan.requests import unusable

__all__ = ["Block", "Catcher", "Number", "Plan", "Resource", "Retrier", "Rule", "State", "compile_machine", "unusable"]
