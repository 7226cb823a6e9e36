"""Bounds: what a machine can cost at most, in seconds, events, retries and bytes; read off its definition and seen in runs.

Knows plans, definitions and explorations; must never know how somebody asked for it.
"""

from __future__ import annotations

from asl_local.testing.bounds.amounts import Amount
from asl_local.testing.bounds.analysis import bounds_of
from asl_local.testing.bounds.budgets import Budget, Loop, Retries
from asl_local.testing.bounds.explored import Explored, Reached, explored
from asl_local.testing.bounds.report import Bounds, MapBounds
from asl_local.testing.bounds.warned import WARNINGS

__all__ = [
    "WARNINGS", "Amount", "Bounds", "Budget", "Explored", "Loop", "MapBounds", "Reached", "Retries", "bounds_of",
    "explored",
]  # fmt: skip
