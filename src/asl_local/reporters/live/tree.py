"""What a run has come to, indexed so that a picture of it costs what it shows and not what has happened.

Knows: which visits follow one another in a line, and what of a Map runs, is done, failed. Must never know: terminals,
clocks, or where the visits come from.
A line is the top level, a branch of a Parallel, an iteration of a Map. A state that a loop comes to again has one place
in its line: the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from asl_local.lazy import dataclass, field
from asl_local.reporters.aws import Event
from asl_local.reporters.visits.model import ABORTED, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Run, Visit

SMALL = 10
"""A Map of so many items is shown item by item even when they are done; of a larger one only what runs and what failed."""

_ENDED = {"MapIterationSucceeded": SUCCEEDED, "MapIterationFailed": FAILED, "MapIterationAborted": ABORTED}


class Wait(NamedTuple):
    """What a visit waits for: `why` is "task", "token", "job", "activity", "retry" or "wait", `until` epoch seconds.

    `token` is the task token that an answer must name; `begun` says that a worker has the activity's task.
    """

    why: str
    until: float | None = None
    token: str = ""
    begun: bool = False


_PATIENT = ("retry", "wait", "token", "job", "activity")


def is_idle(wait: Wait | None) -> bool:
    """Whether nothing is done meanwhile: no call is out, and no worker has the task."""
    return wait is not None and wait.why in _PATIENT and not wait.begun


class Idle(NamedTuple):
    """What of a Map only waits: the items (executions of a Map Run) by number, and how many items that are.

    `until` is the latest moment, in epoch seconds, at which a Wait or a pause before a retry ends, of all that goes on.
    """

    slots: frozenset[int] = frozenset()
    items: int = 0
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A child execution of a Map Run: the state that it is in, or what became of it. Times are epoch seconds."""

    index: int
    outcome: str
    state: str
    since: float
    until: float | None = None
    error: str | None = None
    cause: str | None = None
    wait: Wait | None = None
    attempts: int = 1


@dataclass(slots=True)
class Parts:
    """How far a Map is. `total` is None while nobody knows it; `running` and `failed` are slots, the oldest first.

    `aborted` counts those that were cut short. Of a Map Run these are items in child executions: `items` are some of those
    that run or failed, `running_count` and `failed_count` how many there are, `idle` says which of them only wait.
    """

    total: int | None = None
    done: int = 0
    running: dict[int, None] = field(default_factory=dict)
    failed: dict[int, None] = field(default_factory=dict)
    aborted: int = 0
    items: list[Item] | None = None
    running_count: int = 0
    failed_count: int = 0
    idle: Idle = field(default_factory=Idle)

    def counted(self) -> tuple[int, int]:
        """How many run, how many have failed."""
        if self.items is not None:
            return self.running_count, self.failed_count
        return len(self.running), len(self.failed)


@dataclass(slots=True)
class _Line:
    round: int
    states: dict[str, tuple[int, int]] = field(default_factory=dict)  # by name: the last visit, how many there were


class Tree:
    """The index over a run. Give it each event after `Visits` has taken it; or use `Tree.of` for a run that is there.

    `waits` are what visits wait for, by their number; whoever knows puts them there. `nested` are the executions that
    a visit has started, None those of which nobody knows which one did.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.waits: dict[int, Wait] = {}
        self.nested: dict[int | None, list[Tree]] = {}
        self._parts: dict[int, Parts] = {}
        self._lines: dict[tuple[int | None, int | None], _Line] = {}
        self._rounds: dict[int | None, int] = {}
        self._slots: dict[int, dict[int, None]] = {}

    @classmethod
    def of(cls, run: Run) -> Tree:
        """The index over a run's visits."""
        tree = cls(run)
        for visit in run.visits:
            tree._enter(visit)
            if visit.iterations:
                parts = tree._parts[visit.number] = Parts(total=len(visit.iterations))
                for each in visit.iterations:
                    if each.outcome == RUNNING:
                        parts.running[each.index] = None
                    else:
                        tree._end(parts, each.index, each.outcome)
        return tree

    def take(self, event: Event) -> int:
        """Take the run's latest event; gives the number of the visit that it belongs to, -1 for none."""
        number = self.run.visit_of[event.id - 1]
        if number < 0:
            return number
        visit = self.run.visits[number]
        if visit.first == event.id:
            self._enter(visit)
        kind = event.type
        if kind == "MapStateStarted":
            self._parts[number] = Parts(total=int(event.details.get("length") or 0))
        elif kind == "MapIterationStarted":
            self._parts.setdefault(number, Parts()).running[int(event.details["index"])] = None
        elif kind in _ENDED:
            self._end(self._parts.setdefault(number, Parts()), int(event.details["index"]), _ENDED[kind])
        return number

    def set_parts(self, visit: int, parts: Parts) -> None:
        """How far a Map Run is: the events of its parent do not say it."""
        self._parts[visit] = parts

    # -- questions -------------------------------------------------------------------------------------------------

    def line(self, parent: int | None = None, slot: int | None = None) -> list[Visit]:
        """The states of a line in the order in which they were come to last."""
        line = self._lines.get((parent, slot))
        if line is None or line.round != self._rounds[parent]:
            return []
        return [self.run.visits[number] for number, _ in line.states.values()]

    def times(self, visit: Visit) -> int:
        """How often its line has come to that state."""
        line = self._lines.get((visit.parent, visit.slot))
        return 1 if line is None else line.states.get(visit.state, (0, 1))[1]

    def parts(self, visit: Visit) -> Parts | None:
        """How far a Map is; None for everything else, and before it knows its items."""
        return self._parts.get(visit.number) if visit.type == "Map" else None

    def idle(self, visit: Visit) -> Idle:
        """What of a Map only waits."""
        parts = self._parts.get(visit.number)
        if parts is None or parts.items is not None:
            return Idle() if parts is None else parts.idle
        waits: dict[int, list[Wait]] = {}
        for number, wait in self.waits.items():
            within = self.run.visits[number]
            while within.parent is not None and within.parent != visit.number:
                within = self.run.visits[within.parent]
            if within.parent is not None and within.slot in parts.running:
                waits.setdefault(within.slot, []).append(wait)
        slots = frozenset(slot for slot, known in waits.items() if all(map(is_idle, known)))
        return Idle(slots, len(slots), latest(wait for known in waits.values() for wait in known))

    def branches(self, visit: Visit) -> list[int]:
        """The branches of a Parallel that have begun."""
        return sorted(self._slots.get(visit.number, ()))

    def failed(self, visit: Visit, most: int) -> Iterator[int]:
        """The iterations of a Map that have failed, the latest first."""
        parts = self._parts.get(visit.number)
        return islice(reversed(parts.failed), most) if parts is not None else iter(())

    def running(self, visit: Visit, most: int) -> Iterator[int]:
        """The iterations of a Map that run, the oldest first."""
        parts = self._parts.get(visit.number)
        return islice(parts.running, most) if parts is not None else iter(())

    def is_small(self, visit: Visit) -> bool:
        """Whether a Map has so few items that each can be shown."""
        parts = self._parts.get(visit.number)
        return parts is not None and parts.items is None and (parts.total or 0) <= SMALL

    def done(self, visit: Visit) -> Iterator[int]:
        """The other iterations of a small Map."""
        parts = self._parts.get(visit.number)
        if parts is None or not self.is_small(visit):
            return iter(())
        slots = sorted(self._slots.get(visit.number, ()))
        return (slot for slot in slots if slot not in parts.running and slot not in parts.failed)

    # -- what happens ----------------------------------------------------------------------------------------------

    def _enter(self, visit: Visit) -> None:
        parent, slot = visit.parent, visit.slot
        if visit.round > self._rounds.setdefault(parent, visit.round):
            self._rounds[parent] = visit.round
            if parent is not None:
                self._slots[parent] = {}
        if parent is not None and slot is not None:
            self._slots.setdefault(parent, {})[slot] = None
        line = self._lines.get((parent, slot))
        if line is None or line.round != visit.round:
            line = self._lines[parent, slot] = _Line(visit.round)
        _, times = line.states.pop(visit.state, (0, 0))
        line.states[visit.state] = (visit.number, times + 1)

    def _end(self, parts: Parts, slot: int, outcome: str) -> None:
        parts.running.pop(slot, None)
        parts.done += 1
        parts.aborted += outcome == ABORTED
        if outcome in (FAILED, TIMED_OUT):
            parts.failed[slot] = None


def latest(waits: Iterable[Wait]) -> float | None:
    """The latest moment that a wait ends by itself, in epoch seconds; None where there is none."""
    return max((wait.until for wait in waits if wait.why in ("retry", "wait") and wait.until is not None), default=None)


__all__ = ["SMALL", "Idle", "Item", "Parts", "Tree", "Wait", "is_idle", "latest"]
