"""Replay: the way in from Python and from the command line.

Knows definitions, machines and replays; must never know how a recording is driven or compared.
"""

from __future__ import annotations

from asl_local.interfaces.replaying.python import replay

__all__ = ["replay"]
