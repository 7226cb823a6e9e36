"""The worlds an execution can live in: each owns a clock and performs commands.

Knows the engine's messages; must never know what a resource is or how a definition is written.
"""

from __future__ import annotations

from asl_local.drivers.listening import Ended, Heard, Hearing, Listener, hear, listening
from asl_local.lazy import TYPE_CHECKING, names

if TYPE_CHECKING:
    from asl_local.drivers.callbacks import ActivityTask, Callbacks
    from asl_local.drivers.driver import Driver, Later, Nested, TaskContext, Work
    from asl_local.drivers.simulate import Simulation
    from asl_local.drivers.threads import RealTime
else:
    __getattr__ = names(__name__, globals(), {
        "callbacks": "ActivityTask Callbacks",
        "driver": "Driver Later Nested TaskContext Work",
        "simulate": "Simulation",
        "threads": "RealTime",
    })  # fmt: skip

START = 1_704_067_200.0
"""2024-01-01T00:00:00Z, where virtual time starts unless somebody says otherwise."""

__all__ = [
    "START", "ActivityTask", "Callbacks", "Driver", "Ended", "Heard", "Hearing", "Later", "Listener", "Nested", "RealTime",
    "Simulation", "TaskContext", "Work", "hear", "listening",
]  # fmt: skip
