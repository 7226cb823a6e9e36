"""Failing: Retry, then Catch, then the parent, and at the top the end of the execution.

Knows: error names and who may see them. Must never know: what was attempted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.engine import children, variables
from asl_local.errors import (
    DATA_LIMIT_EXCEEDED,
    HEARTBEAT_TIMEOUT,
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    TIMEOUT,
    EvaluationError,
)
from asl_local.lazy import NamedTuple
from asl_local.plan.plan import matches
from asl_local.values import Json, exceeds

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand


_CLOCKS = {TIMEOUT: "timed out", HEARTBEAT_TIMEOUT: "heartbeat"}
"""Marks of a Task by the error it fails with."""


class Failure(NamedTuple):
    """An error on its way up. `seen` is what Retry and Catch see where the history has something else.

    A missed heartbeat is States.Timeout in the history and at the execution's end (recorded), States.HeartbeatTimeout
    to Retry and Catch; a timeout has no cause in the history and an empty one in the Error Output (recorded).
    `origin` is the strand that failed first, where that is not the one that fails now; `told` says that the failure is
    what the step was told of, and not what became of it here.
    """

    error: str | None
    cause: str | None
    seen: tuple[str, str] | None = None
    task_result: bool = False
    origin: Strand | None = None
    told: bool = False

    @property
    def name(self) -> str:
        """What ErrorEquals is compared with; "" for an error without a name, which only States.ALL matches."""
        return self.seen[0] if self.seen else self.error or ""

    @property
    def output(self) -> Json:
        """The Error Output."""
        error, cause = self.seen or (self.error, self.cause)
        return {"Error": error, "Cause": cause}


def too_large(what: str) -> EvaluationError:
    """States.DataLimitExceeded in AWS's words (recorded)."""
    return EvaluationError(
        DATA_LIMIT_EXCEEDED,
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def broken(x: Execution, strand: Strand, error: EvaluationError) -> None:
    """A field of the strand's state could not be evaluated."""
    children.drop(x, strand)
    fail(x, strand, _failure(x, strand, error))


def _failure(x: Execution, strand: Strand, error: EvaluationError) -> Failure:
    """What fails because a field could not be evaluated; a JSONata field has an event of its own (recorded).

    That event follows what the Entered event follows, as long as nothing else has happened in the state; a Wait, which
    computes its time after it has entered, is the exception (both recorded).
    """
    failure = _located(strand, error)
    if error.error == QUERY_EVALUATION_ERROR:
        previous = strand.event
        if strand.event == strand.entered and strand.state.type != "Wait":
            previous = x.history.rows[strand.entered - 1][2]
        strand.event = x.history.add(
            "EvaluationFailed", x.now, previous, strand.state.name, failure.error, failure.cause, error.location
        )
    return failure


def _located(strand: Strand, error: EvaluationError) -> Failure:
    """AWS's causes begin by saying where (recorded), but for a value that is too large."""
    if error.error == DATA_LIMIT_EXCEEDED:
        return Failure(error.error, error.cause)
    where = f"An error occurred while executing the state '{strand.state.name}' (entered at the event id #{strand.entered})."
    return Failure(error.error, f"{where} {error.cause}")


def fail(x: Execution, strand: Strand, failure: Failure) -> None:
    """The strand's state has failed. States.Runtime ends the whole execution at once, from however deep (floci#2868)."""
    if failure.error == RUNTIME:
        _end(x, strand, failure)
        return
    state, marks = strand.state, x.marks
    if marks is not None and state.type == "Task" and failure.name in _CLOCKS:
        marks.add((state.pointer, _CLOCKS[failure.name], 0))
    for number, retrier in enumerate(state.retry):
        if matches(retrier.errors, failure.name, task_result=failure.task_result):
            attempts = strand.attempts = strand.attempts or {}
            used = attempts.get(number, 0)
            if used < retrier.attempts:
                attempts[number] = used + 1
                if marks is not None:
                    marks.add((state.pointer, "retried", number))
                strand.retries += 1
                children.forget(strand)
                delay = retrier.delay(used)
                x.sleep(strand, "retry", x.now + (delay * x.draw() if retrier.jitter else delay))
                return
            if marks is not None:
                marks.add((state.pointer, "exhausted", number))
            break  # an exhausted retrier hands over to Catch; no other retrier is tried
    if state.type in ("Parallel", "Map"):
        strand.event = x.history.add(f"{state.type}StateFailed", x.now, strand.event)
    for number, catcher in enumerate(state.catch):
        if matches(catcher.errors, failure.name, task_result=failure.task_result):
            x.current = strand
            output, assigned = failure.output, None
            try:
                if catcher.assign is not None:
                    assigned = catcher.assign(strand.raw, output, x)
                if catcher.output is not None:
                    output = catcher.output(strand.raw, output, x)
                if exceeds(output, x.limits.payload_bytes):
                    raise too_large(state.name)
                if assigned:
                    variables.check(x, strand, assigned)
            except EvaluationError as wrong:
                failure = _failure(x, strand, wrong)
                break
            children.forget(strand)
            if marks is not None:
                marks.add((state.pointer, "caught", number))
            x.go(strand, output, catcher.next, assigned)
            return
    if strand.parent is None:
        _end(x, strand, failure)
        return
    children.fail_parent(x, strand.parent, strand)
    fail(x, strand.parent, failure._replace(task_result=False, origin=failure.origin or strand))


def _end(x: Execution, strand: Strand, failure: Failure) -> None:
    at = failure.origin or strand
    x.end("FAILED", strand.event, error=failure.error, cause=failure.cause, at=at, told=failure.told)
