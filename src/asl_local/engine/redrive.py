"""Redrive: an execution that has ended badly goes on from where it stopped.

Knows: which strands were left in the middle of a state. Must never know: why they were, or what a state does.
The rules are the Developer Guide's ("Redriving executions"): a state that was entered and not left is done again, with
the same input and with its retries counted anew; branches and iterations that ended well keep their results; the
execution keeps its name, its input and its start, and its own timeout starts anew. A state that is done again is not
entered again, but for Fail, which "re-enters and fails again". AWS's history of a redriven execution is not among the
recordings: that ExecutionRedriven follows the last event, and what is done again follows ExecutionRedriven, is our reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.engine.map_runs import again
from asl_local.engine.messages import EXECUTION_TOKEN, Timer
from asl_local.errors import ExecutionNotRedrivable

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand

MOST_EVENTS = 24_999
"""Events of an execution that can be redriven: one more must fit besides ExecutionRedriven (API_RedriveExecution)."""

LONGEST_AGO = 14 * 86_400
"""Seconds since the execution ended: the redrivable period (API_RedriveExecution)."""


def why_not(x: Execution, now: float) -> str | None:
    """Why the execution cannot be redriven at this time, in words; None if it can."""
    if x.outcome is None:
        return "Execution is RUNNING and cannot be redriven"
    if not x.identity.redrivable:
        return "Execution is that of an Express state machine and cannot be redriven"
    if x.outcome.status == "SUCCEEDED":
        return "Execution is SUCCEEDED and cannot be redriven"
    if x.history.limit is not None and x.history.count >= min(MOST_EVENTS, x.history.limit - 1):
        return "Execution cannot be redriven because its event history is too long"
    if now - x.history.rows[-1][1] > LONGEST_AGO:
        return "Execution cannot be redriven because the redrivable period of 14 days is over"
    return again.why_not(x)


def redrive(x: Execution) -> None:
    """Take up every strand that was stopped. Raises ExecutionNotRedrivable."""
    reason = why_not(x, x.now)
    if reason is not None:
        raise ExecutionNotRedrivable(reason)
    x.outcome = None
    x.redrives += 1
    x.redriven_at = x.now
    event = x.history.add("ExecutionRedriven", x.now, x.history.count, x.redrives)
    if x.plan.timeout is not None:
        x.commands.append(Timer(EXECUTION_TOKEN, x.times_out_at(x.plan.timeout)))
    _take_up(x, x.root, event)


def _take_up(x: Execution, strand: Strand, event: int) -> None:
    strand.alive = True
    strand.attempts, strand.retries = None, 0
    if strand.live:
        for child in strand.live.values():
            _take_up(x, child, event)
        return
    if strand.run is not None:
        again.redrive(x, strand, event)
    if strand.entered and strand.run is None:
        strand.event = event
        if strand.state.type == "Fail":
            strand.entered = 0
    x.ready.append(strand)
