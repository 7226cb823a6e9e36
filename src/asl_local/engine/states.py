"""What each state type does when a strand is in it, and what a timer means there: two tables.

Knows: the eight state types. Must never know: how results are caught or joined (failures.py, children.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING

from asl_local.engine.history import Mark
from asl_local.engine.messages import TASKS, Timer
from asl_local.errors import HEARTBEAT_TIMEOUT, NO_CHOICE_MATCHED, RUNTIME, TIMEOUT, EvaluationError
from asl_local.lazy import later
from asl_local.values import Json, exceeds

if TYPE_CHECKING:
    from asl_local.engine import children, failures, patterns
    from asl_local.engine.execution import Execution, Strand
    from asl_local.engine.map_runs import flow
    from asl_local.plan import Rule, State
else:
    later(
        globals(), "asl_local.engine.children", "asl_local.engine.failures", "asl_local.engine.patterns",
        "asl_local.engine.map_runs.flow",
    )  # fmt: skip

_LONGEST_WAIT = 2**31 - 1  # seconds: 24,855 days are accepted, 24,856 are "too long" (recorded)


def enter(x: Execution, strand: Strand) -> None:
    """Step into the strand's state and work; a strand that is redriven stands in it already, and its Map Run too."""
    if strand.entered:
        if strand.run is None:
            work(x, strand)
        else:
            flow.pump(x, strand.run)
        return
    state = strand.state
    if x.marks is not None:
        x.marks.add((state.pointer, "entered", 0))
    strand.attempts, strand.retries, strand.entered_at = None, 0, x.now
    strand.event = strand.entered = x.history.add(state.entered, x.now, strand.event, state.name, strand.raw)
    work(x, strand)


def work(x: Execution, strand: Strand) -> None:
    """Do what the state does; a retry comes here again, so that Parameters see the new RetryCount."""
    state, resource = strand.state, strand.state.resource
    strand.offered = 0
    if resource is not None and resource.waits:
        patterns.announce(x, strand)
    try:
        arguments = strand.raw
        if state.arguments is not None:
            x.current = strand
            arguments = state.arguments(arguments, x)
            if state.templated and exceeds(arguments, x.limits.payload_bytes):
                raise failures.too_large(state.name)
        WORK[state.type](x, strand, arguments)
    except EvaluationError as error:
        failures.broken(x, strand, error)


# -- one function per state type ---------------------------------------------------------------------------------------


def _pass(x: Execution, strand: Strand, arguments: Json) -> None:
    fixed = strand.state.fixed
    x.leave(strand, arguments if fixed is None else fixed[0])


def _succeed(x: Execution, strand: Strand, arguments: Json) -> None:
    x.leave(strand, arguments)


def _fail(x: Execution, strand: Strand, arguments: Json) -> None:
    state = strand.state
    x.current = strand
    error = None if state.error is None else state.error(arguments, x)
    cause = None if state.cause is None else state.cause(arguments, x)
    failures.fail(x, strand, failures.Failure(error, cause))


def _choice(x: Execution, strand: Strand, arguments: Json) -> None:
    state = strand.state
    x.current = strand
    for rule in state.rules:
        if rule.test(arguments, x):
            if x.marks is not None:
                _mark_rules(x.marks, state, rule)
            x.leave(strand, arguments, rule)
            return
    if x.marks is not None:
        _mark_rules(x.marks, state, None)
    if state.next is None:
        raise EvaluationError(
            NO_CHOICE_MATCHED, "Failed to transition out of the state. The state does not point to a next state."
        )
    x.leave(strand, arguments)


def _mark_rules(marks: set[Mark], state: State, chosen: Rule | None) -> None:
    """Those before the chosen rule were not true; those after it were not asked."""
    for number, rule in enumerate(state.rules):
        if rule is chosen:
            marks.add((state.pointer, "true", number))
            return
        marks.add((state.pointer, "false", number))


def _wait(x: Execution, strand: Strand, arguments: Json) -> None:
    state = strand.state
    x.current = strand
    if state.seconds is not None:
        delay = state.seconds(arguments, x)
    elif state.until is not None:
        delay = state.until(arguments, x) - x.now
    else:
        raise TypeError(f"{state.pointer} has nothing to wait for")
    if delay > _LONGEST_WAIT:
        raise EvaluationError(RUNTIME, "Wait state delay is too long.")
    if delay <= 0:
        x.leave(strand, arguments)
        return
    strand.effective = arguments
    x.sleep(strand, "wait", x.now + delay)


def _task(x: Execution, strand: Strand, arguments: Json) -> None:
    state, resource, raw = strand.state, strand.state.resource, strand.raw
    if resource is None:
        raise TypeError(f"{state.pointer} is a Task without a resource")
    x.current = strand
    plain = resource.kind == "lambda" and resource.fields is None
    if plain and state.timeout is None and state.heartbeat is None and state.credentials is None:
        strand.event = x.history.add(
            "LambdaFunctionScheduled", x.now, strand.event, resource.arn, arguments, None, None
        )  # fmt: skip
        patterns.call(x, strand, resource, arguments)
        return
    if resource.fields is not None:
        resource.fields.check(arguments)
    timeout = heartbeat = credentials = None
    if state.timeout is not None:
        timeout = state.timeout.constant if state.timeout.flow is None else state.timeout.flow(raw, x)
    if state.heartbeat is not None:
        heartbeat = state.heartbeat.constant if state.heartbeat.flow is None else state.heartbeat.flow(raw, x)
    if state.credentials is not None:
        given = state.credentials(raw, x)
        if "RoleArn" in given:  # other spellings pass the checks with a warning
            credentials = {"roleArn": given["RoleArn"]}
    if resource.kind == "lambda":
        strand.event = x.history.add(
            "LambdaFunctionScheduled", x.now, strand.event, resource.arn, arguments, timeout, credentials
        )
    elif resource.kind == "activity":
        patterns.require_activity(x, resource.arn)
        strand.event = x.history.add(
            "ActivityScheduled", x.now, strand.event, resource.arn, arguments, timeout, heartbeat
        )  # fmt: skip
    else:
        strand.event = x.history.add(
            "TaskScheduled", x.now, strand.event, resource.service, resource.action, x.identity.region, arguments,
            timeout, heartbeat, credentials,
        )  # fmt: skip
    role = None if credentials is None else credentials["roleArn"]
    patterns.schedule(x, strand, arguments, timeout=timeout, heartbeat=heartbeat, role=role)


def _parallel(x: Execution, strand: Strand, arguments: Json) -> None:
    children.start_parallel(x, strand, arguments)


def _map(x: Execution, strand: Strand, arguments: Json) -> None:
    state = strand.state
    if state.distributed is not None:
        flow.start(x, strand, arguments)
        return
    x.current = strand
    if state.items is None or state.concurrency is None:
        raise TypeError(f"{state.pointer} is a Map without items")
    concurrency = state.concurrency.of(arguments, x)
    items = state.items(arguments, x)
    for tolerance in state.tolerances:
        tolerance.of(arguments, x)  # AWS evaluates them in an inline Map, too, where they tolerate nothing (recorded)
    if x.marks is not None:
        x.marks.add((state.pointer, "items", min(len(items), 2)))
    children.start_map(x, strand, arguments, items, concurrency or 0)


WORK: Mapping[str, Callable[[Execution, Strand, Json], None]] = {
    "Pass": _pass,
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _succeed,
    "Fail": _fail,
    "Parallel": _parallel,
    "Map": _map,
}


# -- what a timer means, by what the strand waits for ------------------------------------------------------------------


def _task_timer(x: Execution, strand: Strand) -> None:
    """The task's clock, or its heartbeat's; where there was a heartbeat meanwhile, come back when the next is due.

    AWS writes the TimedOut events of all tasks that are due at one moment before it deals with the first of them
    (recorded).
    """
    due, _ = _deadline(strand)
    if x.now < due:
        if strand.beat_by is not None:
            x.commands.append(Timer(strand.token, strand.beat_by))
        return
    others = [other for other in x.waiting.values() if other is not strand and other.why in TASKS]
    late = [(each, _deadline(each)[1]) for each in (strand, *others) if _deadline(each)[0] <= due]
    for each, _ in late:
        x.cancel(each)
        x.wake(each)
        _record_end(x, each, "TimedOut", TIMEOUT, None)
    for each, seen in late:
        if each.alive and x.outcome is None:
            failures.fail(x, each, failures.Failure(TIMEOUT, None, (seen, "")))


def _deadline(strand: Strand) -> tuple[float, str]:
    """When the task times out unless it is heard of, and what Retry and Catch see then."""
    until = inf if strand.until is None else strand.until
    beat_by = inf if strand.beat_by is None else strand.beat_by
    return (until, TIMEOUT) if until <= beat_by else (beat_by, HEARTBEAT_TIMEOUT)


def _retry_timer(x: Execution, strand: Strand) -> None:
    x.wake(strand)
    work(x, strand)


def _wait_timer(x: Execution, strand: Strand) -> None:
    x.wake(strand)
    x.leave(strand, strand.effective)


FIRED: Mapping[str, Callable[[Execution, Strand], None]] = {
    "task": _task_timer,
    "token": _task_timer,
    "job": _task_timer,
    "activity": _task_timer,
    "retry": _retry_timer,
    "wait": _wait_timer,
}


# -- a task's events ---------------------------------------------------------------------------------------------------


def record_started(x: Execution, strand: Strand) -> None:
    """The task is on its way."""
    resource = strand.state.resource
    if resource is None or resource.kind == "lambda":
        strand.event = x.history.add("LambdaFunctionStarted", x.now, strand.event)
    else:
        strand.event = x.history.add("TaskStarted", x.now, strand.event, resource.service, resource.action)


def record_succeeded(x: Execution, strand: Strand, result: Json) -> None:
    """The task came back."""
    resource = strand.state.resource
    if resource is not None and resource.kind == "lambda":
        strand.event = x.history.add("LambdaFunctionSucceeded", x.now, strand.event, result)
    else:
        _record_end(x, strand, "Succeeded", result)


def record_failed(
    x: Execution, strand: Strand, error: str | None, cause: str | None, *, unsubmitted: bool = False
) -> None:
    """The task came back with an error; `unsubmitted`: that is what its request was answered with.

    AWS has TaskSubmitFailed for the request of a task that waits for more (seen with batch:submitJob.sync).
    """
    waits = strand.state.resource is not None and strand.state.resource.waits
    _record_end(x, strand, "SubmitFailed" if unsubmitted and waits else "Failed", error, cause)


def _record_end(x: Execution, strand: Strand, how: str, *details: Json) -> None:
    resource = strand.state.resource
    if resource is None or resource.kind == "lambda":
        strand.event = x.history.add(f"LambdaFunction{how}", x.now, strand.event, *details)
    elif resource.kind == "activity":
        strand.event = x.history.add(f"Activity{how}", x.now, strand.event, *details)
    else:
        strand.event = x.history.add(
            f"Task{how}", x.now, strand.event, resource.service, resource.action, *details
        )  # fmt: skip


__all__ = ["FIRED", "WORK", "enter", "record_failed", "record_started", "record_succeeded", "work"]
