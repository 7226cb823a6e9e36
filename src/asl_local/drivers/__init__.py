"""The worlds an execution can live in: each owns a clock and performs commands.

Knows the engine's messages; must never know what a resource is or how a definition is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.drivers.drive import Ended, drive
from asl_local.drivers.driver import Driver, Later, Nested, TaskContext, Work
from asl_local.drivers.listening import Heard, Hearing, Listener, hear, listening
from asl_local.lazy import names

if TYPE_CHECKING:
    from asl_local.drivers.callbacks import ActivityTask, Callbacks
    from asl_local.drivers.simulate import Simulation
    from asl_local.drivers.threads import RealTime
else:
    __getattr__ = names(__name__, globals(), {
        "callbacks": "ActivityTask Callbacks",
        "simulate": "Simulation",
        "threads": "RealTime",
    })  # fmt: skip

__all__ = [
    "ActivityTask", "Callbacks", "Driver", "Ended", "Heard", "Hearing", "Later", "Listener", "Nested", "RealTime",
    "Simulation", "TaskContext", "Work", "drive", "hear", "listening",
]  # fmt: skip
