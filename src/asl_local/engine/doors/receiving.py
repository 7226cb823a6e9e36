"""Stimuli: what each means for the strand that waits for it.

Knows: tokens, and who is to act. Must never know: why a stimulus comes, or what it leads to.
"""

from __future__ import annotations

from asl_local.engine.messages import (
    EXECUTION_TOKEN,
    TASKS,
    Failed,
    Fired,
    Heartbeat,
    Redriven,
    Refused,
    Stopped,
    Succeeded,
    Taken,
    TakenOver,
    TaskFailed,
    TaskSucceeded,
    Timer,
)  # fmt: skip
from asl_local.errors import RUNTIME, TIMEOUT, EvaluationError
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.values import weigh

if TYPE_CHECKING:
    from asl_local.engine import children, failures, patterns, redrive, states
    from asl_local.engine.execution import Execution, Strand
    from asl_local.engine.map_runs import flow
    from asl_local.engine.messages import Stimulus
else:
    later(
        globals(), "asl_local.engine.children", "asl_local.engine.failures", "asl_local.engine.patterns", "asl_local.engine.redrive",
        "asl_local.engine.states", "asl_local.engine.map_runs.flow",
    )  # fmt: skip


def receive(x: Execution, stimulus: Stimulus) -> None:
    """Take one stimulus; one whose token nobody waits for is ignored."""
    if x.errands and (errand := x.errands.get(getattr(stimulus, "token", EXECUTION_TOKEN))) is not None:
        flow.receive(x, errand, stimulus)
        return
    if isinstance(stimulus, Succeeded):
        _succeeded(x, stimulus)
    elif isinstance(stimulus, Failed):
        _failed(x, stimulus)
    elif isinstance(stimulus, Refused):
        _refused(x, stimulus)
    elif isinstance(stimulus, Fired):
        _fired(x, stimulus)
    elif isinstance(stimulus, (TaskSucceeded, TaskFailed)):
        if (strand := x.waiting.get(stimulus.token)) is not None:
            patterns.reported(x, strand, stimulus)
    elif isinstance(stimulus, Taken):
        if (strand := x.waiting.get(stimulus.token)) is not None:
            patterns.taken(x, strand, stimulus.worker)
    elif isinstance(stimulus, Heartbeat):
        _heartbeat(x, stimulus)
    elif isinstance(stimulus, Stopped):
        _stopped(x, stimulus)
    elif isinstance(stimulus, TakenOver):
        children.unfold(x, stimulus.strand, stands=True)
        states.enter(x, stimulus.strand)
    elif isinstance(stimulus, Redriven):
        redrive.redrive(x)


def _task_waiting(x: Execution, token: int) -> Strand | None:
    strand = x.waiting.get(token)
    return strand if strand is not None and strand.why == "task" else None


def _succeeded(x: Execution, stimulus: Succeeded) -> None:
    token, result = stimulus
    strand = x.waiting.get(token)
    if strand is None or strand.why != "task":
        return
    resource = strand.state.resource
    if resource is not None and resource.waits and weigh(result, x.most_bytes) <= x.most_bytes:
        patterns.submitted(x, strand, result)
        return
    x.wake(strand)
    patterns.succeeded(x, strand, result)


def _failed(x: Execution, stimulus: Failed) -> None:
    strand = _task_waiting(x, stimulus.token)
    if strand is not None:
        x.wake(strand)
        states.record_failed(x, strand, stimulus.error, stimulus.cause, unsubmitted=True)
        failures.fail(x, strand, failures.Failure(stimulus.error, stimulus.cause, told=True))


def _refused(x: Execution, stimulus: Refused) -> None:
    strand = _task_waiting(x, stimulus.token)
    if strand is not None:
        x.wake(strand)
        failures.broken(x, strand, EvaluationError(RUNTIME, stimulus.cause))


def _fired(x: Execution, stimulus: Fired) -> None:
    if stimulus.token == EXECUTION_TOKEN:
        seconds = x.plan.timeout
        if seconds is not None and x.history.count and x.now >= x.times_out_at(seconds):
            if x.marks is not None:
                x.marks.add((x.plan.top.pointer, "timed out", 0))
            x.end("TIMED_OUT", 0, error=TIMEOUT)
        return
    strand = x.waiting.get(stimulus.token)
    if strand is None:
        return
    if strand.why not in TASKS and strand.until is not None and x.now < strand.until:
        x.commands.append(Timer(stimulus.token, strand.until))  # too early: come back
        return
    states.FIRED[strand.why](x, strand)


def _heartbeat(x: Execution, stimulus: Heartbeat) -> None:
    strand = x.waiting.get(stimulus.token)
    if strand is not None and strand.heartbeat is not None and strand.beat_by is not None:
        strand.beat_by = x.now + strand.heartbeat  # the timer that runs already will see it


def _stopped(x: Execution, stimulus: Stopped) -> None:
    if not x.history.count:
        x.begin()
    x.end("ABORTED", 0, error=stimulus.error, cause=stimulus.cause)
