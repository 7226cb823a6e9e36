"""The core: what happens next. Knows the plan; must never know clocks, I/O, randomness, threads or async."""

from __future__ import annotations

from asl_local.engine.execution import Execution
from asl_local.engine.messages import Identity, Limits, Outcome

__all__ = ["Execution", "Identity", "Limits", "Outcome"]
