"""Exploration: every order in which tasks can come back, times every fault that they can meet.

An execution is a value: it is forked at each choice, and a point that was met before is recognised.
"""

from asl_local.testing.exploring.explorer import BUDGET, explore
from asl_local.testing.exploring.faults import KINDS, Fault
from asl_local.testing.exploring.following import Followed, Setting, follow, over, run_of
from asl_local.testing.exploring.graph import Edge, Graph
from asl_local.testing.exploring.report import (
    ENDLESS,
    HANGS,
    Asked,
    Exploration,
    InjectedFault,
    Outcome,
    Run,
    Violated,
    Violation,
)

__all__ = [
    "BUDGET", "ENDLESS", "HANGS", "KINDS", "Asked", "Edge", "Exploration", "Fault", "Followed", "Graph", "InjectedFault",
    "Outcome", "Run", "Setting", "Violated", "Violation", "explore", "follow", "over", "run_of",
]  # fmt: skip
