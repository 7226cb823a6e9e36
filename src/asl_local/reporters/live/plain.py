"""What happens, line by line, on a stream: one for each event, and of Map Runs now and then how far they are.

Knows: streams and their colours. Must never know: what runs, or who tells.
"""

from __future__ import annotations

import os

from asl_local.lazy import TYPE_CHECKING, later
from asl_local.reporters.timeline import Timeline, is_failure

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from asl_local.plan import Plan
    from asl_local.reporters.aws import Event
    from asl_local.reporters.live import progress
    from asl_local.reporters.map_runs import MapRun
else:
    later(globals(), "asl_local.reporters.live.progress")

_DIM, _RED, _GREEN, _PLAIN = "\033[2m", "\033[31m", "\033[32m", "\033[0m"


class Plain:
    """Tells of one execution as it goes on; give it every event, and Map Runs whenever they change."""

    def __init__(self, plan: Plan, stream: TextIO) -> None:
        self._timeline = Timeline(plan)
        self._stream: TextIO | None = stream
        self._colours = colours(stream)
        self._bar: progress.Progress | None = None

    def __enter__(self) -> Plain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        """The bar of a Map Run that never ended goes away."""
        if self._bar is not None:
            self._bar.clear()

    def on_map_progress(self, run: MapRun) -> None:
        """Take the state of a Map Run."""
        if self._bar is None and self._stream is not None:
            self._bar = progress.Progress(self._stream, terminal=moves(self._stream))
        if self._bar is not None:
            self._bar.tell(run)

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if self._stream is None:
            return
        line = self._timeline.line(event)
        if line is None:
            return
        if self._bar is not None:
            self._bar.clear()
        if self._colours:
            style = _RED if is_failure(event) else _GREEN if event.type == "ExecutionSucceeded" else ""
            time, words = line[:10], line[10:]
            line = f"{_DIM}{time}{_PLAIN}{style}{words}{_PLAIN if style else ''}"
        try:
            print(line, file=self._stream, flush=True)
        except OSError:
            self._stream = None  # nobody looks any more; the execution goes on


def moves(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def colours(stream: TextIO) -> bool:
    """Whether a stream shows colours: a terminal, and nobody has said no (no-color.org)."""
    return moves(stream) and not os.environ.get("NO_COLOR")


__all__ = ["Plain", "colours", "moves"]
