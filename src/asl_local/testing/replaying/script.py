"""The recorded side of a replay: what comes next in each line of control, and whether an event of ours is that.

Knows: events, lines, and what counts at which level. Must never know: the engine's strands, or why an event happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from asl_local.engine.history import EVENTS, History
from asl_local.reporters.lines import Line, Lines
from asl_local.reporters.recorded import Recorded, Recording
from asl_local.testing.replaying.same import Difference, difference, shown_value
from asl_local.values import Json

LEVELS = ("path", "events", "exact")
"""What is compared. path: the states that each line of control enters and leaves, with their data, and the end; events:
every event of each line with all of its details; exact: also the order of events across lines, and their ids."""

_PATH = ("StateEntered", "StateExited", "MapIterationStarted", "MapIterationSucceeded", "MapIterationFailed")
_REQUESTS = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_ALIKE = {
    f"{kind}{how}": f"{kind}Failed"
    for kind, how in (
        ("LambdaFunction", "ScheduleFailed"), ("LambdaFunction", "StartFailed"), ("Task", "StartFailed"),
        ("Activity", "ScheduleFailed"), ("Task", "SubmitFailed"),
    )
}  # fmt: skip
_EVENT_ID = re.compile(r"event id #\d+")
_ELSEWHERE = ("mapRunArn", "roleArn", "region", "workerName", "redriveCount")  # who ran it, and where
_NO_TIMEOUT = 99_999_999  # what AWS writes where the definition says nothing (Developer Guide, Task state)
OUTCOMES = frozenset(
    f"{kind}{how}"
    for kind, hows in {
        "Task": ("Submitted", "SubmitFailed", "StartFailed", "Succeeded", "Failed", "TimedOut"),
        "LambdaFunction": ("ScheduleFailed", "StartFailed", "Succeeded", "Failed", "TimedOut"),
        "Activity": ("ScheduleFailed", "Started", "Succeeded", "Failed", "TimedOut"),
    }.items() for how in hows
)  # fmt: skip
"""Events that happen because somebody outside did something, or was too slow."""


class Row(NamedTuple):
    """An event of ours: what it is called, and its details by name."""

    id: int
    type: str
    previous: int
    line: Line
    details: dict[str, Json]


class Diverged(Exception):
    """The event `recorded` did not come to pass: `row` did instead, or what `instead` says, or nothing at all."""

    def __init__(
        self, recorded: Recorded, line: Line, row: Row | None = None, found: Difference | None = None, instead: str = ""
    ) -> None:
        super().__init__(recorded.id)
        self.recorded, self.line, self.row, self.found, self.instead = recorded, line, row, found, instead


class Script:
    """A recording that is gone through; `volatile` tells states whose data a history does not fully determine."""

    def __init__(self, recording: Recording, level: str, volatile: Callable[[str], bool]) -> None:
        self.recording, self.level, self.volatile = recording, level, volatile
        self.notes: dict[str, None] = {}
        self.path: list[tuple[Line, str]] = []
        self.rows: list[Row] = []
        lines = Lines()
        self.lines = [lines.of(each.id, each.type, each.previous, each.details) for each in recording.events]
        self.queues: dict[Line, list[int]] = {}
        for index, line in enumerate(self.lines):
            self.queues.setdefault(line, []).append(index)
        self._at = dict.fromkeys(self.queues, 0)
        self._branches: dict[tuple[Line, str], list[Line]] = {}  # the lines in each Parallel
        for line in self.queues:
            if line and isinstance(line[-1][1], str):
                self._branches.setdefault((line[:-1], line[-1][0]), []).append(line)
        self.done = bytearray(len(recording.events))
        self.came_at: dict[Line, float] = {}  # when the last event of a line that has come to pass was recorded
        self.begun_at: dict[Line, float] = {}  # when a line's task was scheduled, or its activity taken
        self.ours = Lines()

    # -- what comes next -----------------------------------------------------------------------------------------------

    def next(self, line: Line) -> int | None:
        """The index of the first event of a line that has not come to pass; None if there is none."""
        queue, at = self.queues.get(line, []), self._at.get(line, 0)
        while at < len(queue) and self.done[queue[at]]:
            at += 1
        self._at[line] = at
        return queue[at] if at < len(queue) else None

    def pending(self, line: Line) -> Iterator[int]:
        """The indices of the events of a line that have not come to pass, in order."""
        if self.next(line) is not None:
            queue = self.queues[line]
            yield from (queue[at] for at in range(self._at[line], len(queue)) if not self.done[queue[at]])

    def after(self, line: Line) -> Iterator[Recorded]:
        """The events of a line that have not come to pass, in order."""
        return (self.recording.events[index] for index in self.pending(line))

    def exited(self, line: Line, state: str) -> Recorded | None:
        """The recorded end of a state that a line stands in now."""
        for event in self.after(line):
            if event.type.endswith("StateExited") and event.state == state:
                return event
            if event.type.endswith("StateEntered"):
                return None
        return None

    def entered(self, line: Line, state: str) -> Recorded | None:
        """The recorded entry of the state that a line is about to enter."""
        found = next((e for e in self.after(line) if e.type.endswith("StateEntered")), None)
        return found if found is not None and found.state == state else None

    def turn(self, line: Line) -> int:
        """When a line goes on, among others: the id of its next state's Entered event, or of whatever comes next in it."""
        first = None
        for event in self.after(line):
            first = first or event.id
            if event.type.endswith("StateEntered"):
                return event.id
        return first or len(self.recording.events) + 1

    def is_again(self, scheduled: Recorded) -> bool:
        """Whether a task was scheduled before in the state that its line is in."""
        before = [
            self.recording.events[i].type for i in self.queues[self.lines[scheduled.id - 1]] if i < scheduled.id - 1
        ]
        since = next((i for i, kind in enumerate(reversed(before)) if kind.endswith("StateEntered")), 0)
        return any(kind.endswith("Scheduled") for kind in before[len(before) - since :])

    def take(self, index: int) -> None:
        """The event has come to pass."""
        self.done[index] = 1
        event, line = self.recording.events[index], self.lines[index]
        if event.at is not None:
            self.came_at[line] = event.at
            if event.type.endswith("Scheduled") or event.type == "ActivityStarted":
                self.begun_at[line] = event.at

    def counts(self, type: str) -> bool:
        """Whether an event of this type is compared."""
        return self.level != "path" or type.endswith(_PATH) or type.startswith("Execution")

    def cut(self, line: Line) -> bool:
        """Whether a line was given up in the recording, by a failure beside it or by the execution's end."""
        if not line:
            return not self.recording.ended
        last = self.queues.get(line)
        if last and self.recording.events[last[-1]].type == "MapIterationSucceeded":
            return False
        around = self.queues.get(line[:-1], [])
        begun = last[-1] if last else -1
        ends = (self.recording.events[i].type for i in around if i > begun)
        return not any(kind in ("ParallelStateSucceeded", "MapStateSucceeded") for kind in ends)

    # -- an event of ours ----------------------------------------------------------------------------------------------

    def happened(self, id: int, type: str, previous: int, details: dict[str, Json]) -> None:
        """An event of ours: raises Diverged unless it is the next one of its line."""
        line = self.ours.of(id, type, previous, details)
        row = Row(id, type, previous, line, details)
        self.rows.append(row)
        if type == "ParallelStateSucceeded":
            self._joined(line)
        passed = self._candidates(row)
        if not passed:
            return
        first, recorded = self.recording.events[passed[0]], self.recording.events[passed[-1]]
        if _called(recorded.type, recorded.details) != _called(type, details):
            if self.counts(type):
                raise Diverged(first, line, row)
            return
        found = self.compared(recorded, row)
        if found is not None and not self._tolerated(recorded, row, found):
            raise Diverged(recorded, line, row, found)
        for index in passed:
            self.take(index)
        if type.endswith("StateEntered"):
            self.path.append((line, str(details.get("name"))))

    def _candidates(self, row: Row) -> list[int]:
        """The recorded event that this one should be, after those that do not count; empty where it need be none."""
        events = self.recording.events
        passed: list[int] = []
        for index in self.pending(row.line):
            passed.append(index)
            kind = events[index].type
            if self.level != "path" or not self.counts(row.type) or self.counts(kind) or kind in OUTCOMES:
                break
        if passed and kind == "MapIterationAborted" != row.type:
            return []  # on AWS, an iteration beside it had failed before this one came so far
        if not passed:
            if self.cut(row.line) or not self.counts(row.type):
                return []
            raise Diverged(self._instead_of(row.line), row.line, row)
        last = events[passed[-1]].type
        if row.type.endswith("Started") and last.endswith(("ScheduleFailed", "StartFailed")):
            return []  # it never started, says AWS; the engine learns of it only afterwards
        if row.type.endswith("Aborted") and last != row.type and not row.type.startswith("Execution"):
            return []
        return passed

    def _instead_of(self, line: Line) -> Recorded:
        """What was recorded where a line of ours has nothing more: a branch that we have not, or how it went on around."""
        if line and isinstance(line[-1][1], str):
            for other in self._branches.get((line[:-1], line[-1][0]), ()):
                if not self.done[self.queues[other][0]]:
                    return self.recording.events[self.queues[other][0]]
        while line:
            line = line[:-1]
            if (index := self.next(line)) is not None:
                return self.recording.events[index]
        return self.recording.events[-1]

    def _joined(self, line: Line) -> None:
        """A Parallel ends well: raises Diverged for a recorded branch that has not begun."""
        for branch in self._branches.get((line, self.ours.standing(line)), ()):
            first = self.queues[branch][0]
            if not self.done[first]:
                raise Diverged(self.recording.events[first], branch)

    def compared(self, recorded: Recorded, row: Row) -> Difference | None:
        """Where the details differ that both have."""
        kind = recorded.type
        state = row.details.get("name") or row.details.get("state") or self.ours.standing(row.line)
        loosely = self.volatile(str(state))
        for name in EVENTS.get(kind, (None, ()))[1]:
            before, now = recorded.details.get(name), row.details.get(name)
            if name in _ELSEWHERE:
                continue
            if name not in recorded.details and (now is None or name in ("input", "output", "parameters")):
                continue
            if name == "timeoutInSeconds" and before == _NO_TIMEOUT and now is None:
                continue
            found = difference(before, now, loosely=loosely, path=_PATH_OF.get(name, name))
            if found is not None:
                return found
        return None

    def _tolerated(self, recorded: Recorded, row: Row, found: Difference) -> bool:
        if self.counts(row.type):
            return False
        if recorded.type in _REQUESTS:
            what = "its request" if found.path.startswith("$") else "its task"
            at = f"{found.path} is {shown_value(found.now)}, not {shown_value(found.recorded)}"
            self.note(row.line, f"in {what}, {at} as recorded; the recorded answer stands")
        return True

    def in_order(self) -> None:
        """Whether the events came in the recorded order, each after the same one. Raises Diverged."""
        for index, event in enumerate(self.recording.events):
            row = self.rows[index] if index < len(self.rows) else None
            if row is None or row.type != event.type or row.line != self.lines[index]:
                raise Diverged(event, self.lines[index], row)
            if row.previous != event.previous:
                raise Diverged(event, row.line, row, Difference("previousEventId", event.previous, row.previous))
            before, now = event.details.get("cause"), row.details.get("cause")
            if _EVENT_ID.findall(str(before)) != _EVENT_ID.findall(str(now)):
                raise Diverged(event, row.line, row, Difference("cause", before, now))

    def note(self, line: Line, text: str) -> None:
        """Something to tell that is no divergence at this level."""
        place = "".join(f"{name}[{index}]/" for name, index in line) + self.ours.standing(line)
        self.notes[f"{place}: {text}" if place else text] = None


def _called(type: str, details: dict[str, Json]) -> tuple[str, Json, Json]:
    return _ALIKE.get(type, type), details.get("name"), details.get("index")


_PATH_OF = {"input": "$", "output": "$", "parameters": "$", "assignedVariables": "$"}


class Checked(History):
    """A history that asks of each event, as it is written, whether it was recorded."""

    __slots__ = ("_script",)

    def __init__(self, limit: int | None, script: Script) -> None:
        super().__init__(limit)
        self._script = script

    def add(self, type: str, at: float, previous: int, *details: Any) -> int:
        """Append an event. Raises Diverged, and HistoryFull as ever."""
        number = super().add(type, at, previous, *details)
        self._tell(number)
        return number

    def iteration(self, type: str, at: float, previous: int, name: str, index: int) -> int:
        """Append an item's event, as any other."""
        return self.add(type, at, previous, name, index)

    def add_last(self, type: str, at: float, previous: int, *details: Any) -> int:
        """Append the execution's last event. Raises Diverged."""
        number = super().add_last(type, at, previous, *details)
        self._tell(number)
        return number

    def _tell(self, number: int) -> None:
        kind, _, previous, *details = self.rows[number - 1]
        self._script.happened(number, kind, previous, dict(zip(EVENTS[kind][1], details, strict=False)))


__all__ = ["LEVELS", "OUTCOMES", "Checked", "Diverged", "Row", "Script"]
