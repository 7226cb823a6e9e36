"""The same signs and the same words for times, wherever visits are shown as text.

Knows: outcomes, and how people count time. Must never know: rows, widths or terminals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from asl_local.reporters.visits.model import ABORTED, CAUGHT, FAILED, RUNNING, SUCCEEDED, TIMED_OUT

SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    RUNNING: ("●", "*"),
    SUCCEEDED: ("✓", "+"),
    CAUGHT: ("↷", "~"),
    FAILED: ("✗", "x"),
    TIMED_OUT: ("✗", "x"),
    ABORTED: ("■", "-"),
}
"""The sign of each outcome, and the one for streams that have ASCII only."""

OUTCOME_OF: Final[Mapping[str, str]] = {
    "RUNNING": RUNNING, "SUCCEEDED": SUCCEEDED, "FAILED": FAILED, "TIMED_OUT": TIMED_OUT, "ABORTED": ABORTED,
}  # fmt: skip
"""The outcome that an execution's status stands for."""


def took(seconds: float) -> str:
    """How long something took: `0 s`, `12 ms`, `3.2 s`, `2 min 5 s`, `3 h 12 min`, `4 d 3 h`."""
    if seconds < 0.0005:
        return "0 s"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.1f} s"
    return whole(round(seconds))


def whole(seconds: int) -> str:
    """Whole seconds as people say them: `5 s`, `2 min 5 s`, `3 h 12 min`, `4 d 3 h`."""
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} min {seconds % 60} s"
    if days == 0:
        return f"{hours} h {minutes % 60} min"
    return f"{days:,} d {hours % 24} h"


__all__ = ["OUTCOME_OF", "SIGNS", "took", "whole"]
