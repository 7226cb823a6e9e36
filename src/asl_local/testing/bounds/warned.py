"""What is wrong with a machine's budgets: THE TABLE of warnings, and the checks that give them.

Knows: thresholds, and what can be done. Must never know: how a budget was added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from asl_local.errors import ALL, RUNTIME, TASK_FAILED, TIMEOUT, Diagnostic
from asl_local.plan import Block, Plan, State
from asl_local.plan.plan import matches
from asl_local.testing.bounds.amounts import Amount
from asl_local.testing.bounds.budgets import Budget, Budgets, Loop

MOST_EVENTS = 25_000
PART = 0.8
"""Warnings of a limit begin at this part of it."""

STORM = 9
"""Attempts of one task, multiplied over the states around it, from which on they are a storm."""

HAMMERING = (10, 10.0)
"""More attempts than this of one retrier, with a mean delay below so many seconds, are a storm by themselves."""

WARNINGS: Mapping[str, str] = {
    "RETRY_STORM": "retries around retries multiply, or one state retries many times within a short time",
    "UNBOUNDED_LOOP": "nothing ends a loop, or only what a task answers does and nothing limits the turns",
    "TIMEOUT_BELOW_RETRIES": "an enclosing time limit (TimeoutSeconds, Express's 300 s) is over before the retries are",
    "TIMEOUT_NEVER_FIRES": "a Task's TimeoutSeconds are no less than the time limit around it",
    "WAITS_WITHOUT_END": "a task waits for a task token or an activity's worker, and neither a timeout nor a heartbeat ends it",
    "DURATION": "a way through the machine takes 80 % of its time limit or more (the machine's TimeoutSeconds, Express's 300 s)",
    "EVENTS": "a way through the machine writes 80 % of 25,000 history events or more",
    "PAYLOAD": "in an explored run an input or output has 80 % of 262,144 bytes or more",
    "LOOP_EXPLORED": "explored runs come back to where they were, and need never end",
}
"""Every code of a warning, and what it says."""

PlaceOf = Callable[[str], tuple[int | None, int | None]]
"""Line and column of the value at a JSON pointer; Nones where they are not known."""

_ANY = "an error that no Retry names"


class Subject(NamedTuple):
    """What is checked: a plan and its budgets, its loops, its time limit in seconds and what that is called.

    `sure` are the seconds of the longest way without what services' own limits allow their tasks.
    """

    plan: Plan
    budgets: Budgets
    sure: Amount
    loops: Sequence[Loop]
    limit: float | None
    limit_name: str
    place_of: PlaceOf


def warnings_of(subject: Subject) -> list[Diagnostic]:
    """All that the definition alone tells, in the order of the definition."""
    found = [
        *_storms(subject), *_hammering(subject), *_loops(subject), *_retries(subject), *_never_fires(subject),
        *_waits(subject), *_events(subject),
    ]  # fmt: skip
    if not any(each.code == "TIMEOUT_BELOW_RETRIES" for each in found):  # which says it better
        found += _longest(subject)
    order = {pointer: at for at, pointer in enumerate(subject.budgets.states)}
    return sorted(
        found, key=lambda each: (order.get(_state_pointer(each.path, order), -1), list(WARNINGS).index(each.code))
    )


def _state_pointer(path: str, known: Mapping[str, int]) -> str:
    while path and path not in known:
        path = path.rpartition("/")[0]
    return path


def warning(place_of: PlaceOf, code: str, pointer: str, message: str, hint: str) -> Diagnostic:
    """A warning, placed."""
    line, column = place_of(pointer)
    return Diagnostic(code, "WARNING", pointer, line, column, message, hint)


# -- retries -----------------------------------------------------------------------------------------------------------


def _storms(subject: Subject) -> Iterator[Diagnostic]:
    """Retries around retries: a failure that the inner ones give up on is retried by the outer ones, with all of theirs."""
    for around in _nested(subject.plan.top, ()):
        *outside, state = around
        if state.type != "Task" or not outside:
            continue
        attempts, error, factors = max(
            (_multiplied(around, error) for error in _errors(around)), key=lambda each: each[0]
        )  # fmt: skip
        if attempts >= STORM and len(factors) > 1:
            sums = " x ".join(f"{count} ('{name}')" for name, count in factors)
            yield warning(
                subject.place_of, "RETRY_STORM", f"{state.pointer}/Retry" if state.retry else state.pointer,
                f"'{state.name}' is tried up to {attempts} times when it keeps failing with {error}: {sums}",
                "let one level retry: Catch in the inner state what the outer one need not retry, or take a Retry away",
            )  # fmt: skip


def _nested(block: Block, outside: tuple[State, ...]) -> Iterator[tuple[State, ...]]:
    for state in block.states.values():
        around = (*outside, state)
        yield around
        if state.distributed is not None:
            yield from _nested(state.distributed.child, around)
        for inner in state.blocks:
            if state.distributed is None:
                yield from _nested(inner, around)


def _errors(around: Sequence[State]) -> list[str]:
    named = {
        error for state in around for errors in (*(r.errors for r in state.retry), *(c.errors for c in state.catch))
        for error in errors if error not in (ALL, TASK_FAILED, RUNTIME)
    }  # fmt: skip
    return [*sorted(named - {TIMEOUT}), _ANY, TIMEOUT]


def _multiplied(around: Sequence[State], error: str) -> tuple[int, str, list[tuple[str, int]]]:
    """How often the innermost state is tried when it keeps failing with this error, and by whose retriers."""
    total, factors = 1, []
    for state in reversed(around):
        retrier = next((each for each in state.retry if matches(each.errors, error)), None)
        if retrier is not None and retrier.attempts:
            total *= 1 + retrier.attempts
            factors.append((state.name, 1 + retrier.attempts))
        if any(matches(catcher.errors, error) for catcher in state.catch):
            break
    return total, error, factors


def _hammering(subject: Subject) -> Iterator[Diagnostic]:
    many, fast = HAMMERING
    for budget in subject.budgets.states.values():
        for number, retrier in enumerate(budget.state.retry):
            delays = budget.retries.delays[number]
            mean = sum(delays) / len(delays) if delays else 0.0
            if retrier.attempts > many and mean < fast:
                yield warning(
                    subject.place_of, "RETRY_STORM", f"{budget.state.pointer}/Retry/{number}",
                    f"'{budget.state.name}' is retried up to {retrier.attempts} times, every {mean:.3g} s on average",
                    "give BackoffRate above 1, MaxDelaySeconds and JitterStrategy FULL, or fewer MaxAttempts",
                )  # fmt: skip


def _retries(subject: Subject) -> Iterator[Diagnostic]:
    if subject.limit is None:
        return
    for budget in subject.budgets.states.values():
        state, retries = budget.state, budget.retries
        if retries.attempts == 1:
            continue
        tasks = 0.0
        if state.timeout is not None and budget.task_seconds is not None:
            tasks = retries.attempts * budget.task_seconds
        needed = retries.seconds + tasks
        if needed <= subject.limit:
            continue
        sums = f"{retries.seconds:,.6g} s between the {retries.attempts} attempts"
        if tasks:
            sums += f" and {retries.attempts} x {budget.task_seconds:,.6g} s (TimeoutSeconds) in them"
        if retries.seconds > subject.limit:
            sums += "; the last attempts and the Catch never come" if state.catch else "; the last attempts never come"
        yield warning(
            subject.place_of, "TIMEOUT_BELOW_RETRIES", f"{state.pointer}/Retry",
            f"the retries of '{state.name}' take up to {needed:,.6g} s, and {subject.limit_name} is {subject.limit:,.6g} s: {sums}",
            "raise the limit, or lower MaxAttempts, IntervalSeconds, BackoffRate or MaxDelaySeconds",
        )  # fmt: skip


# -- time --------------------------------------------------------------------------------------------------------------


def _never_fires(subject: Subject) -> Iterator[Diagnostic]:
    if subject.limit is None:
        return
    for budget in subject.budgets.states.values():
        state = budget.state
        if state.timeout is not None and budget.task_seconds is not None and budget.task_seconds >= subject.limit:
            yield warning(
                subject.place_of, "TIMEOUT_NEVER_FIRES", f"{state.pointer}/TimeoutSeconds",
                f"the TimeoutSeconds of '{state.name}' are {budget.task_seconds:,.6g}, and {subject.limit_name} is "
                f"{subject.limit:,.6g} s: no Retry or Catch of States.Timeout ever sees it",
                "give the state less time than the whole has",
            )  # fmt: skip


_WAITED_FOR = {
    "token": "nobody answers its task token",
    "activity": "no worker takes it or answers",
}  # jobs end by themselves


def _waits(subject: Subject) -> Iterator[Diagnostic]:
    for state in subject.plan.tasks():
        resource = state.resource
        if resource is None or resource.waits not in _WAITED_FOR or state.timeout or state.heartbeat:
            continue
        until = "for a year" if subject.limit is None else f"until {subject.limit_name} is over"
        yield warning(
            subject.place_of, "WAITS_WITHOUT_END", state.pointer,
            f"'{state.name}' waits {until} when {_WAITED_FOR[resource.waits]}",
            "give it TimeoutSeconds, or HeartbeatSeconds, and Catch States.Timeout",
        )  # fmt: skip


def _longest(subject: Subject) -> Iterator[Diagnostic]:
    """The longest way as far as it is known, without what Lambda's own limit allows its functions."""
    if subject.limit is None:
        return
    sure = subject.sure
    if sure.known >= PART * subject.limit:
        yield warning(
            subject.place_of, "DURATION", "/TimeoutSeconds" if subject.limit_name.startswith("the machine") else "",
            f"a way through the machine takes up to {sure.known:,.6g} s, and {subject.limit_name} is {subject.limit:,.6g} s: "
            f"{' -> '.join(sure.path)}",
            "raise the limit, or wait and retry for less time on this way",
        )  # fmt: skip


def _events(subject: Subject) -> Iterator[Diagnostic]:
    events = subject.budgets.events
    if events.known + 2 >= PART * MOST_EVENTS:
        yield warning(
            subject.place_of, "EVENTS", "/States",
            f"a way through the machine writes up to {events.known + 2:,.0f} of {MOST_EVENTS:,} history events: "
            f"{' -> '.join(events.path)}",
            "let a Distributed Map or a nested execution do part of it: each child has a history of its own",
        )  # fmt: skip


# -- loops -------------------------------------------------------------------------------------------------------------


def _loops(subject: Subject) -> Iterator[Diagnostic]:
    by_name = {budget.state.name: budget for budget in subject.budgets.states.values()}
    for loop in subject.loops:
        if loop.kind == "counted" or (loop.kind == "answered" and subject.limit is not None):
            continue
        budgets = [by_name[name] for name in loop.states]
        yield warning(
            subject.place_of, "UNBOUNDED_LOOP", loop.pointer,
            f"{loop} need not end: {loop.why}{_how_far(budgets)}{_growing(loop)}",
            "count the turns and let a Choice end them, or give the machine TimeoutSeconds",
        )  # fmt: skip


def _growing(loop: Loop) -> str:
    return f"; {', '.join(loop.grows)} grow{'s' if len(loop.grows) == 1 else ''} with every turn" if loop.grows else ""


def _how_far(budgets: Sequence[Budget]) -> str:
    events = sum(each.ordinary.known for each in budgets)
    waits = sum(each.seconds.known for each in budgets if each.state.type == "Wait")
    turns = MOST_EVENTS / events if events else 0.0
    hours = f", {turns * waits / 3600:,.3g} hours of waiting," if waits else ""
    return f"; after about {turns:,.0f} turns{hours} event {MOST_EVENTS:,} ends the execution"


__all__ = ["HAMMERING", "MOST_EVENTS", "PART", "STORM", "WARNINGS", "PlaceOf", "Subject", "warning", "warnings_of"]
