"""Model -> compiled plan. Knows definition and language; must never know time, tasks or concurrency."""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, names
from asl_local.plan.compile import compile_machine
from asl_local.plan.plan import Block, Catcher, Number, Plan, Resource, Retrier, Rule, State

if TYPE_CHECKING:
    from asl_local.plan.requests import unusable
else:
    __getattr__ = names(__name__, globals(), {"requests": "unusable"})

__all__ = ["Block", "Catcher", "Number", "Plan", "Resource", "Retrier", "Rule", "State", "compile_machine", "unusable"]
