"""What a replay comes to, and how it reads.

Knows: events, places and values. Must never know: how the engine is driven.
"""

from __future__ import annotations

from typing import Any

from asl_local.engine import Execution
from asl_local.lazy import dataclass, field
from asl_local.reporters.recorded import Recorded
from asl_local.testing.replaying.same import Difference, shown_value
from asl_local.values import Json

_STEPS = 8  # of the path so far


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first event of a history that the definition would not have led to.

    `event` is the recorded event (the last one where the recording ends and the definition goes on), `recorded` and
    `instead` say in words what happened then and what happens now; `difference` is where their data differ, if they do
    not differ in more. `state` is the state that acts differently, `place` where it stands (`Orders[1]/Charge`),
    `pointer` its JSON pointer, and `line` its line in the definition, None where that has none (a dict).
    `path` are the places that were entered so far, in order. `hint` is a guess at the reason, or "".
    """

    event: Recorded
    recorded: str
    instead: str
    state: str
    place: str
    pointer: str
    line: int | None = None
    difference: Difference | None = None
    path: tuple[str, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        where = self.pointer or "/"
        if self.line is not None:
            where += f", line {self.line}"
        lines = [
            f"diverges at event {self.event.id} ({self.event.type}), in {self.place or 'the execution'} ({where})",
            f"  recorded: {self.recorded}",
            f"  now:      {self.instead}",
        ]
        if self.difference is not None:
            at, before, now = self.difference
            lines += [f"  at {at}: recorded {shown_value(before)}, now {shown_value(now)}"]
        if self.path:
            told = [*(["..."] if len(self.path) > _STEPS else []), *self.path[-_STEPS:]]
            lines.append(f"  path so far: {' -> '.join(told)}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a recorded execution under a definition.

    `agrees` says whether all that was recorded happens again, as far as `level` compares; `divergence` is the first
    thing that does not. `events` counts the events of the history, `matched` those that came to pass. `notes` are
    differences that do not count at this level: other requests, other delays, results that a history does not tell.
    `path` are the places that were entered, `result` how the execution ends under the definition (a Result, with its
    own history), None where it diverges or the recording does not reach the end.
    """

    level: str
    events: int
    matched: int
    divergence: Divergence | None = None
    notes: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    source: str = "the history"
    machine: str = "the machine"
    result: Any = field(default=None, repr=False)
    execution: Execution | None = field(default=None, repr=False, compare=False)

    @property
    def agrees(self) -> bool:
        """Whether the definition leads to what was recorded."""
        return self.divergence is None

    def __bool__(self) -> bool:
        """True if it agrees: `assert asl_local.replay(history, definition)`."""
        return self.agrees

    def __str__(self) -> str:
        head = f"{self.source}, {self.events} events, with {self.machine}: "
        if self.divergence is not None:
            lines = [f"{head}{self.divergence}"]
        else:
            end = "" if self.execution is None else _end(self.execution)
            lines = [f"{head}agrees ({self.level}){end}"]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def _end(execution: Execution) -> str:
    outcome = execution.outcome
    return "; the recording ends before the execution does" if outcome is None else f", {outcome.status}"


_WORDS = {
    "Scheduled": "is scheduled",
    "Started": "starts",
    "Submitted": "is submitted",
    "Succeeded": "succeeds",
    "Failed": "fails",
    "TimedOut": "times out",
    "Aborted": "is aborted",
    "Redriven": "is redriven",
}


def in_words(type: str, details: dict[str, Json]) -> str:
    """An event in a few words: `enters Pass 'B'`, `the task fails with Busy`."""
    name, error = details.get("name"), details.get("error")
    for ending, verb in (("StateEntered", "enters"), ("StateExited", "leaves")):
        if type.endswith(ending):
            return f"{verb} {type.removesuffix(ending)} '{name}'"
    if type == "EvaluationFailed":
        return f"an expression of '{details.get('state')}' fails with {error}"
    for ending, verb in _WORDS.items():
        if type.endswith(ending):
            subject = _subject(type.removesuffix(ending), details)
            failure = f" with {error}" if error and ending != "Submitted" else ""
            return f"{subject} {verb}{failure}"
    return type


def _subject(kind: str, details: dict[str, Json]) -> str:
    if kind == "Execution":
        return "the execution"
    if kind == "MapIteration":
        return f"item {details.get('index')} of '{details.get('name')}'"
    if kind == "MapRun":
        return "the Map Run"
    return "the task" if kind.startswith(("Task", "Lambda", "Activity")) else f"the {kind.removesuffix('State')}"


__all__ = ["Divergence", "Replay", "in_words"]
