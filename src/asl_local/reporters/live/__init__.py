"""Live: what a run is doing, on a terminal, while it goes on. Must never know what runs."""

from __future__ import annotations

from asl_local.reporters.live.watching import live

__all__ = ["live"]
