"""Live: what a run is doing, on a terminal, while it goes on. Must never know what runs."""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, names

if TYPE_CHECKING:
    from asl_local.reporters.live.watching import live
else:
    __getattr__ = names(__name__, globals(), {"watching": "live"})

__all__ = ["live"]
