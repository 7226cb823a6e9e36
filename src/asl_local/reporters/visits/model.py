"""What an execution did, as values: runs, visits of states, attempts of tasks, iterations of Maps.

Knows: the words for what can become of a state. Must never know: how they are read off a history, or shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from asl_local.lazy import dataclass, field
from asl_local.reporters.aws import Event
from asl_local.values import Json

RUNNING: Final = "running"
SUCCEEDED: Final = "succeeded"
CAUGHT: Final = "caught"
FAILED: Final = "failed"
TIMED_OUT: Final = "timed out"
ABORTED: Final = "aborted"
OUTCOMES: Final = (RUNNING, SUCCEEDED, CAUGHT, FAILED, TIMED_OUT, ABORTED)
"""What became of a visit: `caught` failed and was led on by a catcher, `aborted` was cut short by somebody else's
failure or by a stop. A state without a visit was not reached."""


@dataclass(slots=True)
class Attempt:
    """One attempt of a Task, a Parallel or a Map; times in epoch seconds, None where it is not over.

    `number` counts from 0, as RetryCount does. `first` and `last` are the ids of its own events. `started` is when it was
    taken on (TaskStarted, LambdaFunctionStarted, ActivityStarted; a Parallel or Map starts at once); None where the
    history has no such event. `input` is what the task was called with, `output` what it answered; a Parallel or Map has
    neither. `resource` is the ARN of a function or activity, or `sqs:sendMessage`. `outcome` is running, succeeded,
    failed, timed out or aborted. After an attempt that was retried (or redriven), `retry_at` is when the next one began,
    None while it waits.
    """

    number: int
    first: int
    scheduled: float
    started: float | None = None
    ended: float | None = None
    last: int = 0
    outcome: str = RUNNING
    error: str | None = None
    cause: str | None = None
    resource: str = ""
    input: Json = None
    output: Json = None
    retry_at: float | None = None


@dataclass(slots=True)
class Iteration:
    """One iteration of an inline Map: the item's index, when it began and ended, and what became of it.

    `round` is the Map's attempt that it belongs to, from 0: a Map that is retried has iterations of the same index again.
    """

    index: int
    started: float
    ended: float | None = None
    outcome: str = RUNNING
    round: int = 0


@dataclass(slots=True)
class Visit:
    """One time that a state was entered.

    `number` counts the visits of a run from 0 in the order in which they began, `first` and `last` are the ids of the
    events by which it was entered and left (0 while it is not over). `parent` is the number of the visit of the Parallel
    or Map that it happened in (None at the top), `slot` the index of the branch or item there, and `round` which of the
    parent's attempts it belongs to, from 0. `pointer` is the state's in the definition, "" where that is not known.
    `input` and `output` are the state's own (StateEntered, StateExited), `assigned` the variables that it set.
    `edge` is the JSON pointer of what it was left by (`.../Next`, `.../Choices/0`, `.../Catch/1`, `.../Default`, or
    `.../End`, which Succeed and Fail have without saying so), "" where nothing led on. Times are epoch seconds.
    """

    number: int
    state: str
    type: str
    pointer: str
    first: int
    entered: float
    parent: int | None = None
    slot: int | None = None
    round: int = 0
    left: float | None = None
    last: int = 0
    outcome: str = RUNNING
    error: str | None = None
    cause: str | None = None
    input: Json = None
    output: Json = None
    assigned: dict[str, Json] = field(default_factory=dict)
    edge: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    iterations: list[Iteration] = field(default_factory=list)

    @property
    def retries(self) -> int:
        """How often it was tried again."""
        return max(0, len(self.attempts) - 1)


@dataclass(slots=True)
class Child:
    """An execution that a visit started: a child of its Map Run (with its index), or one of another machine (None).

    `round` is the visit's attempt that started it, from 0.
    """

    visit: int
    run: Run
    index: int | None = None
    round: int = 0


@dataclass(slots=True)
class Run:
    """An execution, read: its facts, its events, and what those say.

    `status` is AWS's word (RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED); `virtual` says that its clock was a simulated
    one. `definition` is None where nobody knows it. `visit_of[i]` is the number of the visit that event i + 1 belongs to,
    -1 for the execution's own events. `map_runs` are the visits that had a Map Run, with DescribeMapRun's counts of items,
    empty where nobody knows them; of the children those that were kept. `notes` are sentences for a reader: what a
    recorded history does not have, or where it does not fit the definition.
    """

    name: str
    status: str
    events: Sequence[Event]
    machine: str = ""
    arn: str = ""
    machine_arn: str = ""
    type: str = "STANDARD"
    started: float | None = None
    stopped: float | None = None
    input: Json = None
    output: Json = None
    error: str | None = None
    cause: str | None = None
    place: str = ""
    virtual: bool = False
    definition: Mapping[str, Json] | None = None
    visits: list[Visit] = field(default_factory=list)
    visit_of: list[int] = field(default_factory=list)
    map_runs: dict[int, dict[str, int]] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _inside: dict[int | None, list[Visit]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _in_slot: dict[tuple[int, int], list[Visit]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _indexed: int = field(default=0, init=False, repr=False, compare=False)

    def iterations_of(self, visit: int, round: int | None = None) -> list[Iteration]:
        """The iterations of a Map's visit, by index: those of its last attempt, unless `round` says of which."""
        given = self.visits[visit]
        wanted = max(0, len(given.attempts) - 1) if round is None else round
        return sorted((each for each in given.iterations if each.round == wanted), key=lambda each: each.index)

    def within(self, visit: int | None, slot: int | None = None) -> list[Visit]:
        """The visits right inside of a Parallel's or Map's visit, of all its attempts; of one branch or item, if `slot`
        says so. None stands for the machine itself. Takes as long as the list is.
        """
        for each in self.visits[self._indexed :]:
            self._inside.setdefault(each.parent, []).append(each)
            if each.parent is not None and each.slot is not None:
                self._in_slot.setdefault((each.parent, each.slot), []).append(each)
        self._indexed = len(self.visits)
        found = self._inside.get(visit) if visit is None or slot is None else self._in_slot.get((visit, slot))
        return list(found or ())


__all__ = [
    "ABORTED", "CAUGHT", "FAILED", "OUTCOMES", "RUNNING", "SUCCEEDED", "TIMED_OUT", "Attempt", "Child", "Iteration",
    "Run", "Visit",
]  # fmt: skip
