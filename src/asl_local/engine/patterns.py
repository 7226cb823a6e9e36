"""Tasks that are over when somebody says so: task tokens, jobs (`.sync`) and activities.

Knows: what such a task waits for, step by step, and its events. Must never know: who answers, or how he is reached.

    task      the request is out                        TaskScheduled, TaskStarted
    token     submitted: SendTaskSuccess is to come     TaskSubmitted
    job       submitted: the job's end is to come       TaskSubmitted
    activity  a worker has to take it, or has           ActivityScheduled, ActivityStarted

A task keeps one token from its schedule to its end. The text that people know it by (`$$.Task.Token`) is a function of
the execution's ARN, its seed and the token's number, so that a dump needs no more, and it exists before Parameters are
evaluated. AWS has it in jobs too, where it ends the task as well (recorded).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from asl_local.engine import failures, states
from asl_local.engine.messages import EXECUTION_TOKEN, TASKS, Call, Command, Inside, TaskFailed, TaskSucceeded, Timer
from asl_local.errors import RUNTIME, EvaluationError
from asl_local.lazy import later
from asl_local.values import Json, weigh

if TYPE_CHECKING:
    import base64
    import binascii
    import hashlib

    from asl_local.engine.execution import Execution, Strand
    from asl_local.plan import Resource
else:
    later(globals(), "base64", "binascii", "hashlib")

_new = tuple.__new__

_HEAD = b"\x01\x00"  # which makes tokens begin with AQ, as AWS's do


def task_token(x: Execution, number: int) -> str:
    """The text of a token."""
    seal = hashlib.blake2b(f"{x.identity.execution_arn}\n{x.seed}\n{number}".encode(), digest_size=40).digest()
    return base64.b64encode(_HEAD + number.to_bytes(6, "big") + seal).decode()


def number_of(x: Execution, text: str) -> int | None:
    """The token that a text of this execution stands for; None if it is none of its."""
    try:
        number = int.from_bytes(base64.b64decode(text, validate=True)[len(_HEAD) : len(_HEAD) + 6], "big")
    except (binascii.Error, ValueError):
        return None
    return number if 0 < number <= x.tokens and task_token(x, number) == text else None


def announce(x: Execution, strand: Strand) -> None:
    """Give a task that waits for more its token before its Parameters are evaluated; every attempt gets another."""
    x.tokens += 1
    strand.offered = x.tokens


def schedule(
    x: Execution, strand: Strand, arguments: Json, *, timeout: int | None, heartbeat: int | None, role: str | None
) -> None:
    """Let the call go out, and the clocks run.

    The heartbeat of a task that waits for more than its call begins when the call has been answered, or the activity
    taken (Developer Guide, Task state).
    """
    resource = strand.state.resource
    if resource is None:
        raise TypeError(f"{strand.state.pointer} is a Task without a resource")
    activity = resource.kind == "activity"
    x.suspend(strand, "activity" if activity else "task")
    strand.effective, strand.role = arguments, role
    strand.until = None if timeout is None else x.now + timeout
    strand.timeout, strand.heartbeat = timeout, heartbeat
    strand.beat_by = None if heartbeat is None or resource.waits else x.now + heartbeat
    x.commands.append(_call(x, strand, resource))
    if timeout is not None or heartbeat is not None:
        x.commands += _clocks(strand)
    if not activity:
        x.scheduled.append(strand)


def call(x: Execution, strand: Strand, resource: Resource, arguments: Json) -> None:
    """Let the call of a function go out, where no clock runs: what `schedule` does of that, in a third of the time."""
    x.tokens = token = x.tokens + 1
    strand.token, strand.why, strand.effective = token, "task", arguments
    x.waiting[token] = strand
    x.commands.append(_new(Call, (
        token, resource.arn, arguments, strand.state.name, strand.retries, None, "", "", False, None, "",
        () if strand.parent is None else within(strand),
    )))  # fmt: skip
    x.scheduled.append(strand)


def require_activity(x: Execution, arn: str) -> None:
    """Raises EvaluationError for an activity that does not exist (recorded: nothing is scheduled then)."""
    if x.activities is not None and arn not in x.activities:
        raise EvaluationError(RUNTIME, f"The activity {arn} does not exist.")


def submitted(x: Execution, strand: Strand, result: Json) -> None:
    """The request was answered: from here on the task waits for whoever ends it."""
    resource = strand.state.resource
    if resource is None:
        raise TypeError(f"{strand.state.pointer} is a Task without a resource")
    strand.event = x.history.add(
        "TaskSubmitted", x.now, strand.event, resource.service, resource.action, result
    )  # fmt: skip
    strand.why = resource.waits
    _beat(x, strand)
    early, strand.early = strand.early, None
    if early is not None:
        told: TaskSucceeded | TaskFailed = (
            TaskSucceeded(strand.token, early[0]) if len(early) == 1 else TaskFailed(strand.token, *early)
        )
        reported(x, strand, told)


def taken(x: Execution, strand: Strand, worker: str | None) -> None:
    """A worker has the activity's task: TimeoutSeconds and HeartbeatSeconds count from here."""
    if strand.why != "activity" or strand.begun:
        return
    strand.begun = True
    strand.event = x.history.add("ActivityStarted", x.now, strand.event, worker)
    if strand.timeout is not None:
        strand.until = x.now + strand.timeout
        x.commands.append(Timer(strand.token, strand.until))
    _beat(x, strand)


def reported(x: Execution, strand: Strand, told: TaskSucceeded | TaskFailed) -> None:
    """Somebody says how the task ended. Whoever is quicker than the request's own answer is heard after it."""
    resource = strand.state.resource
    if resource is None or not resource.waits:
        return
    if strand.why == "task":
        if strand.early is None:
            strand.early = [told.output] if isinstance(told, TaskSucceeded) else [told.error, told.cause]
        return
    x.wake(strand)
    if isinstance(told, TaskFailed):
        states.record_failed(x, strand, told.error, told.cause)
        failures.fail(x, strand, failures.Failure(told.error, told.cause, told=True))
        return
    succeeded(x, strand, told.output)


def succeeded(x: Execution, strand: Strand, result: Json) -> None:
    """The task is over and well, unless its result is too large."""
    state, most = strand.state, x.most_bytes
    resource = state.resource
    bound: float = weigh(result, most)
    if bound > most and resource is not None:
        # Recorded: the cause names the service, or the function by its ARN; wildcards match this one.
        error = failures.too_large(resource.service or resource.arn)
        states.record_failed(x, strand, error.error, error.cause)
        failures.fail(x, strand, failures.Failure(error.error, error.cause, task_result=True))
        return
    states.record_succeeded(x, strand, result)
    if state.assign is not None:
        x.leave(strand, result)
        return
    # As `leave`, which would measure again what has just been measured.
    output = result
    if state.output is not None:
        x.current = strand
        try:
            output = state.output(strand.raw, result, x)
        except EvaluationError as wrong:
            failures.broken(x, strand, wrong)
            return
        if output is strand.raw:
            bound = strand.bound
        elif output is not result:
            bound = inf if state.placed is None else strand.bound + bound + state.placed
            if bound > most:
                bound = weigh(output, most)
                if bound > most:
                    failures.broken(x, strand, failures.too_large(state.name))
                    return
    if x.marks is not None:
        x.marks.add((state.pointer, "left", 0))
    x.go(strand, output, state.next, None, bound)


def pending(x: Execution) -> list[Command]:
    """What somebody who goes on with a loaded execution has to perform: calls that were out, clocks that ran.

    A call is made again unless it was answered already: whoever did it before may not have got to its end. A job is
    submitted again, since nobody is left who would report its end.
    """
    commands: list[Command] = []
    if x.plan.timeout is not None and x.outcome is None:
        commands.append(Timer(EXECUTION_TOKEN, x.times_out_at(x.plan.timeout)))
    for token in sorted(x.waiting):
        strand = x.waiting[token]
        resource = strand.state.resource
        if strand.why in TASKS and resource is not None:
            commands.append(_call(x, strand, resource))
            commands += _clocks(strand)
        elif strand.until is not None:
            commands.append(Timer(token, strand.until))
    return commands


def _call(x: Execution, strand: Strand, resource: Resource) -> Call:
    token, state = strand.token, strand.state
    named = task_token(x, token) if resource.waits else ""
    made = strand.why == "token" or strand.begun
    return Call(
        token, resource.arn, strand.effective, state.name, strand.retries, strand.until, resource.waits, named, made,
        strand.role, within=within(strand),
    )  # fmt: skip


def _clocks(strand: Strand) -> list[Timer]:
    return [Timer(strand.token, at) for at in (strand.until, strand.beat_by) if at is not None]


def within(strand: Strand) -> tuple[Inside, ...]:
    """The Map iterations and Parallel branches that a strand stands in, outermost first."""
    parent = strand.parent
    if parent is None:
        return ()
    here = _new(Inside, (parent.state.type, parent.state.name, strand.index))
    return (here,) if parent.parent is None else (*within(parent), here)


def place(strand: Strand) -> str:
    """A strand's place in words, outermost first."""
    here = f"{strand.state.type} '{strand.state.name}'"
    if strand.run is not None and strand.run.culprit:
        here = f"{here}, {strand.run.culprit}"
    if strand.parent is None:
        return here
    kind = "item" if strand.parent.state.type == "Map" else "branch"
    return f"{place(strand.parent)}, {kind} {strand.index} > {here}"


def _beat(x: Execution, strand: Strand) -> None:
    if strand.heartbeat is not None:
        strand.beat_by = x.now + strand.heartbeat
        x.commands.append(Timer(strand.token, strand.beat_by))


__all__ = [
    "announce", "call", "number_of", "pending", "place", "reported", "require_activity", "schedule", "submitted", "succeeded", "taken",
    "task_token", "within",
]  # fmt: skip
