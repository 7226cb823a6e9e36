"""The progress of Map Runs on a stream: a bar that rewrites itself on a terminal, a line now and then elsewhere.

Knows: terminals. Must never know: what runs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from asl_local.reporters.map_runs import MapRun

_WIDTH = 24  # characters of the bar
_SHORTEST = 0.1  # seconds between two pictures of the bar
_STEPS = 10  # lines that a run with a known total gets without a terminal


class Progress:
    """Shows runs as they go on. `clear` before anything else is written to the stream."""

    def __init__(self, stream: TextIO, *, terminal: bool) -> None:
        self._stream: TextIO | None = stream
        self._terminal = terminal
        self._shown = ""
        self._drawn = 0.0
        self._told: dict[str, int] = {}

    def tell(self, run: MapRun) -> None:
        """Take the state of a run."""
        over = run.status != "RUNNING"
        if not self._terminal:
            if self._is_news(run, over=over):
                self._write(f"{line(run)}\n")
            return
        now = time.monotonic()
        if over:
            self.clear()
            self._write(f"{line(run)}\n")
        elif now - self._drawn >= _SHORTEST:
            self._drawn = now
            text = line(run)
            self._write(f"\r{text.ljust(len(self._shown))}")
            self._shown = text

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._write(f"\r{' ' * len(self._shown)}\r")
            self._shown = ""

    def _is_news(self, run: MapRun, *, over: bool) -> bool:
        """Every tenth of a known total; else whenever there are twice as many items as were told of."""
        done = _done(run)
        step = done * _STEPS // run.items["total"] if run.complete and run.items["total"] else done.bit_length()
        if not over and step <= self._told.get(run.arn, 0):
            return False
        self._told[run.arn] = step
        return True

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._stream = None  # nobody looks any more; the execution goes on


def line(run: MapRun) -> str:
    """`Orders [######..................] 250/1,000 items, 4 running, 2 failed`"""
    done, total = _done(run), run.items["total"]
    words = [f"{done:,}/{total:,} items" if run.complete else f"{done:,} items, reading"]
    if run.complete and total:
        filled = _WIDTH * done // total
        words[0] = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {words[0]}"
    if run.executions["running"]:
        words.append(f"{run.executions['running']:,} running")
    failed = run.items["failed"] + run.items["timedOut"]
    if failed:
        words.append(f"{failed:,} failed")
    if run.status != "RUNNING":
        words.append(run.status)
    return f"{run.state} {', '.join(words)}"


def _done(run: MapRun) -> int:
    return sum(run.items[how] for how in ("succeeded", "failed", "timedOut", "aborted"))
