"""Events -> something to look at. Knows the engine's history; must never know drivers or resources."""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, names
from asl_local.reporters.aws import Event, History

if TYPE_CHECKING:
    from asl_local.reporters.map_runs import ChildExecution, MapRun
else:
    __getattr__ = names(__name__, globals(), {"map_runs": "ChildExecution MapRun"})

__all__ = ["ChildExecution", "Event", "History", "MapRun"]
