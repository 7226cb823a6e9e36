"""Who is told what happens while an execution runs: events, the progress of Map Runs, child executions that have ended.

Knows: what a step has changed. Must never know: why, or what becomes of it.
"""

from __future__ import annotations

from asl_local.engine import Execution
from asl_local.lazy import TYPE_CHECKING, NamedTuple, later
from asl_local.reporters import Event
from asl_local.reporters.aws import event

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from asl_local.reporters import map_runs
    from asl_local.reporters.map_runs import ChildExecution, MapRun
else:
    later(globals(), "asl_local.reporters.map_runs")

OnEvent: TypeAlias = "Callable[[Event], None]"
OnProgress: TypeAlias = "Callable[[MapRun], None]"
OnChild: TypeAlias = "Callable[[ChildExecution], None]"
Observer: TypeAlias = "Callable[[Execution], None]"


class Told(NamedTuple):
    """Who wants to be told of what."""

    on_event: OnEvent | None = None
    on_map_progress: OnProgress | None = None
    on_child: OnChild | None = None

    def observer(self, execution: Execution) -> Observer | None:
        """What to call after each step of the execution; None where nobody wants to know anything."""
        told: list[Observer] = []
        if self.on_event is not None:
            told.append(_events(self.on_event, execution.history.count))
        if self.on_child is not None:
            execution.finished = []
            told.append(_children(self.on_child))
        if self.on_map_progress is not None:
            told.append(_progress(self.on_map_progress))
        if not told:
            return None

        def observe(execution: Execution) -> None:
            for tell in told:
                tell(execution)

        return observe


def _events(on_event: OnEvent, seen: int) -> Observer:
    """Tells each event that comes after the first `seen`."""

    def observe(execution: Execution) -> None:
        nonlocal seen
        rows = execution.history.rows
        while seen < len(rows):
            seen += 1
            on_event(event(seen, rows[seen - 1]))

    return observe


def _children(on_child: OnChild) -> Observer:
    def observe(execution: Execution) -> None:
        finished, execution.finished = execution.finished or [], []
        for run, child in finished:
            on_child(map_runs.child_execution(run, child))

    return observe


def _progress(on_map_progress: OnProgress) -> Observer:
    """Tells the state of a run whenever that has changed: while it runs, and once when it has ended."""
    known: dict[int, tuple[object, ...]] = {}
    over = 0  # runs that have ended and were told; the ones before are not looked at again

    def observe(execution: Execution) -> None:
        nonlocal over
        for number in range(over, len(execution.map_runs)):
            run = execution.map_runs[number]
            now = (run.status, run.started, len(run.live), run.position, run.done, run.redrives)
            if known.get(number) != now:
                known[number] = now
                on_map_progress(map_runs.map_run(run))
        while over < len(execution.map_runs) and execution.map_runs[over].status == "SUCCEEDED":
            known.pop(over, None)
            over += 1

    return observe


__all__ = ["Observer", "OnChild", "OnEvent", "OnProgress", "Told"]
