"""The straight way through states in which nothing unusual happens."""

from __future__ import annotations

from asl_local.engine.straight.at_once import Over, at_once, execution_of
from asl_local.engine.straight.follow import UNKNOWN, follow, prepare, warm

__all__ = ["UNKNOWN", "Over", "at_once", "execution_of", "follow", "prepare", "warm"]
