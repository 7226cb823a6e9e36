"""The history: the table of event types, and the log that holds one bare tuple per event. Marks: what was come past.

Knows: which details an event carries. Must never know: how AWS's JSON spells them (reporters do), or why it happened.
A row is `(type, at, previous, *details)`, its id is its place counted from 1. Rows refer to JSON values that nobody
edits, so an event costs a tuple and no copy; shapes are made when somebody reads. A state that a strand went straight
through (straight/) is one entry in the log and becomes its rows only then.
"""

from __future__ import annotations

from itertools import islice
from sys import maxsize

from asl_local.errors import AslError
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeAlias

Row: TypeAlias = "tuple[Any, ...]"

_STATE_ENTERED = ("stateEnteredEventDetails", ("name", "input"))
_STATE_EXITED = ("stateExitedEventDetails", ("name", "output", "assignedVariables"))
_NONE: tuple[None, tuple[str, ...]] = (None, ())
_FAILURE = ("error", "cause")

EVENTS: Mapping[str, tuple[str | None, tuple[str, ...]]] = {
    "ExecutionStarted": ("executionStartedEventDetails", ("input", "roleArn")),
    "ExecutionSucceeded": ("executionSucceededEventDetails", ("output",)),
    "ExecutionFailed": ("executionFailedEventDetails", _FAILURE),
    "ExecutionTimedOut": ("executionTimedOutEventDetails", _FAILURE),
    "ExecutionAborted": ("executionAbortedEventDetails", _FAILURE),
    "ExecutionRedriven": ("executionRedrivenEventDetails", ("redriveCount",)),
    "EvaluationFailed": ("evaluationFailedEventDetails", ("state", "error", "cause", "location")),
    **{f"{kind}StateEntered": _STATE_ENTERED
       for kind in ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")},
    **{f"{kind}StateExited": _STATE_EXITED
       for kind in ("Task", "Pass", "Choice", "Wait", "Succeed", "Parallel", "Map")},
    **{f"{kind}StateAborted": _NONE for kind in ("Task", "Wait", "Parallel", "Map")},
    "LambdaFunctionScheduled": (
        "lambdaFunctionScheduledEventDetails", ("resource", "input", "timeoutInSeconds", "taskCredentials")),
    "LambdaFunctionScheduleFailed": ("lambdaFunctionScheduleFailedEventDetails", _FAILURE),
    "LambdaFunctionStarted": _NONE,
    "LambdaFunctionStartFailed": ("lambdaFunctionStartFailedEventDetails", _FAILURE),
    "LambdaFunctionSucceeded": ("lambdaFunctionSucceededEventDetails", ("output",)),
    "LambdaFunctionFailed": ("lambdaFunctionFailedEventDetails", _FAILURE),
    "LambdaFunctionTimedOut": ("lambdaFunctionTimedOutEventDetails", _FAILURE),
    "TaskScheduled": (
        "taskScheduledEventDetails",
        ("resourceType", "resource", "region", "parameters", "timeoutInSeconds", "heartbeatInSeconds",
         "taskCredentials")),
    "TaskStarted": ("taskStartedEventDetails", ("resourceType", "resource")),
    "TaskStartFailed": ("taskStartFailedEventDetails", ("resourceType", "resource", *_FAILURE)),
    "TaskSubmitted": ("taskSubmittedEventDetails", ("resourceType", "resource", "output")),
    "TaskSubmitFailed": ("taskSubmitFailedEventDetails", ("resourceType", "resource", *_FAILURE)),
    "TaskSucceeded": ("taskSucceededEventDetails", ("resourceType", "resource", "output")),
    "TaskFailed": ("taskFailedEventDetails", ("resourceType", "resource", *_FAILURE)),
    "TaskTimedOut": ("taskTimedOutEventDetails", ("resourceType", "resource", *_FAILURE)),
    "ActivityScheduled": (
        "activityScheduledEventDetails", ("resource", "input", "timeoutInSeconds", "heartbeatInSeconds")),
    "ActivityScheduleFailed": ("activityScheduleFailedEventDetails", _FAILURE),
    "ActivityStarted": ("activityStartedEventDetails", ("workerName",)),
    "ActivitySucceeded": ("activitySucceededEventDetails", ("output",)),
    "ActivityFailed": ("activityFailedEventDetails", _FAILURE),
    "ActivityTimedOut": ("activityTimedOutEventDetails", _FAILURE),
    "ParallelStateStarted": _NONE,
    "ParallelStateSucceeded": _NONE,
    "ParallelStateFailed": _NONE,
    "MapStateStarted": ("mapStateStartedEventDetails", ("length",)),
    "MapStateSucceeded": _NONE,
    "MapStateFailed": _NONE,
    "MapRunStarted": ("mapRunStartedEventDetails", ("mapRunArn",)),
    "MapRunSucceeded": _NONE,
    "MapRunFailed": ("mapRunFailedEventDetails", _FAILURE),
    "MapRunAborted": _NONE,
    "MapRunRedriven": ("mapRunRedrivenEventDetails", ("mapRunArn", "redriveCount")),
    "MapIterationStarted": ("mapIterationStartedEventDetails", ("name", "index")),
    "MapIterationSucceeded": ("mapIterationSucceededEventDetails", ("name", "index")),
    "MapIterationFailed": ("mapIterationFailedEventDetails", ("name", "index")),
    "MapIterationAborted": ("mapIterationAbortedEventDetails", ("name", "index")),
}  # fmt: skip
"""Every event type: the member that holds its details in GetExecutionHistory, and the details, as rows have them."""


Mark: TypeAlias = tuple[str, str, int]
"""Something that an execution has come past: the state's JSON pointer ("" for the machine itself), what, and a number."""

MARKS: Mapping[str, str] = {
    "entered": "The state was entered",
    "left": "The state did its work and was left by its Next, its End or its Default",
    "true": "The Choice rule of that number was true",
    "false": "The Choice rule of that number was not true",
    "retried": "The retrier of that number gave another attempt",
    "exhausted": "The retrier of that number matched and had no attempt left",
    "caught": "The catcher of that number led on",
    "items": "The Map had no item, one item, or (2) several",
    "timed out": "The Task, or the machine, took longer than it may",
    "heartbeat": "The Task missed a heartbeat",
    "tolerated": "A Map Run has succeeded though some of its items failed",
}
"""What marks say; the number is 0 where nothing is counted."""


Part: TypeAlias = "Any"
"""What a trail has of a state: the State, or `(state, branches)` of a Parallel, each branch a tuple of parts."""


class Trail:
    """The states of a stretch (straight/stretches.py), in order, and how many events they have."""

    __slots__ = ("events", "parts")

    def __init__(self, parts: tuple[Part, ...], events: int) -> None:
        self.parts, self.events = parts, events


class HistoryFull(AslError):
    """The next event would pass the limit; the engine turns it into the execution's last event."""


_MOST_AT_ONCE = 5
"""Events that one entry stands for: those of a Task."""


class History:
    """The append-only log of one execution.

    `log` has what was written since `rows` was last read: rows, and entries that begin with a State or a Trail and stand
    for several. A row is a tuple. An entry's values follow each other in the log itself: a tuple for each entry would be
    one more object that Python's garbage collector goes through again and again while the history grows.

    `count` is the number of events; up to `room` of them there is room for one entry more, of whatever kind.

    Reading `rows` turns entries into rows, so it is for the thread that steps, and for others when nobody steps. While
    another thread does, `written` is for them: with `followed`, it has every event of the steps that are done.
    """

    __slots__ = ("_rows", "count", "followed", "limit", "log", "room")

    def __init__(self, limit: int | None, rows: list[Row] | None = None) -> None:
        self.limit = limit
        self.room = maxsize if limit is None else limit - 1 - _MOST_AT_ONCE
        self._rows: list[Row] = [] if rows is None else rows
        self.count = len(self._rows)
        self.log: list[Any] = []
        self.followed = False

    @property
    def written(self) -> list[Row]:
        """The rows that somebody has read before, which only grow."""
        return self._rows

    @property
    def rows(self) -> list[Row]:
        """Every event so far, in order."""
        if self.log:
            found = iter(self.log)
            for row in found:
                if row.__class__ is tuple:
                    self._rows.append(row)
                elif row.__class__ is Trail:
                    _trodden(row.parts, (next(found), next(found), next(found)), found, self._rows)
                else:
                    _written_out(self._rows, row, *islice(found, 8 if row.type == "Task" else 5))
            self.log.clear()
        return self._rows

    def add(self, type: str, at: float, previous: int, *details: Any) -> int:
        """Append an event and return its id. Raises HistoryFull where only the last event still fits."""
        count = self.count
        if count > self.room and self.limit is not None and count >= self.limit - 1:
            raise HistoryFull(f"{self.limit} events")
        self.log.append((type, at, previous) + details)  # noqa: RUF005 - which would be made of a list
        self.count = count = count + 1
        return count

    def iteration(self, type: str, at: float, previous: int, name: str, index: int) -> int:
        """As `add`, which takes any number of details and so half as long again, for what a Map writes of each item."""
        count = self.count
        if count > self.room:
            return self.add(type, at, previous, name, index)
        self.log.append((type, at, previous, name, index))
        self.count = count = count + 1
        return count

    def add_last(self, type: str, at: float, previous: int, *details: Any) -> int:
        """Append the event that ends the execution, for which there is always room."""
        self.log.append((type, at, previous, *details))
        self.count += 1
        return self.count

    def cut(self, count: int) -> None:
        """Forget all events but so many."""
        del self.rows[count:]
        self.count = count


def _written_out(rows: list[Row], state: Any, at: float, previous: int, *values: Any) -> None:
    """The rows of an entry `(state, at, previous, raw, output, variables)`, or of a Task's, which has what it was given
    and what that came to, `(..., arguments, result, over)`. Each row follows the one before it.
    """
    raw, output, assigned, *task = values
    number = len(rows) + 1
    rows.append((state.entered, at, previous, state.name, raw))
    if task:
        arguments, result, over = task
        rows.append(("LambdaFunctionScheduled", at, number, state.resource.arn, arguments, None, None))
        rows.append(("LambdaFunctionStarted", at, number + 1))
        rows.append(("LambdaFunctionSucceeded", over, number + 2, result))
        number, at = number + 3, over
    rows.append(
        (state.exited, at, number, state.name, output)
        if not assigned
        else (state.exited, at, number, state.name, output, assigned)
    )


def _trodden(parts: tuple[Part, ...], start: Row, values: Iterator[Any], rows: list[Row]) -> int:
    """The rows of a trail, `(trail, at, previous, raw, *values)`: the values are a state's output; arguments, time, result
    and output of a Task, without arguments that are its input and an output that is its result; those of its branches
    and the output of a Parallel. Gives the last row's id.
    """
    at, previous, raw = start
    for part in parts:
        if part.__class__ is tuple:
            state, branches = part
            rows.append((state.entered, at, previous, state.name, raw))
            entered = len(rows)
            rows.append(("ParallelStateStarted", at, entered))
            for branch in branches:
                previous = _trodden(branch, (at, entered + 1, raw), values, rows)
            rows.append(("ParallelStateSucceeded", at, previous))
            out = next(values)
            rows.append((state.exited, at, previous, state.name, out))
        elif part.type == "Task":
            arguments = raw if part.arguments is None else next(values)
            over, result = next(values), next(values)
            out = result if part.output is None else next(values)
            _written_out(rows, part, at, previous, raw, out, None, arguments, result, over)
            at = over
        else:
            out = next(values)
            _written_out(rows, part, at, previous, raw, out, None)
        previous, raw = len(rows), out
    return len(rows)
