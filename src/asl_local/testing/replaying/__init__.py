"""Replay: a recorded history drives the engine again, under today's definition, and is compared event by event.

Knows histories, plans and executions; must never know who recorded a history, or how a Result is shown.
"""

from __future__ import annotations

from asl_local.reporters.recorded import Recorded, Recording, read
from asl_local.testing.replaying.drive import replayed
from asl_local.testing.replaying.report import Divergence, Replay

__all__ = ["Divergence", "Recorded", "Recording", "Replay", "read", "replayed"]
