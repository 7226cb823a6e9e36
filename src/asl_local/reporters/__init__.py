"""Events -> something to look at. Knows the engine's history; must never know drivers or resources."""

from __future__ import annotations

from asl_local.reporters.aws import Event, History
from asl_local.reporters.map_runs import ChildExecution, MapRun

__all__ = ["ChildExecution", "Event", "History", "MapRun"]
