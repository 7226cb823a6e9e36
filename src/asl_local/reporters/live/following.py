"""An execution that goes on, as it can be looked at from another thread: its visits so far, and what they wait for.

Knows: executions as values, and which of their parts only ever grow. Must never know: terminals, threads, or who runs it.
Nobody tells of anything here: whoever wants to know looks. That is safe while the execution runs in another thread, since
events are only ever added, values are never edited, and what is read of a strand is read slot by slot; a look that came
in the middle of a step is put right by the next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, cast

from asl_local.engine import Execution
from asl_local.engine.execution import Strand
from asl_local.engine.map_runs.run import RUNNING as RUN_GOES_ON
from asl_local.engine.map_runs.run import Child, MapRun
from asl_local.engine.patterns import task_token
from asl_local.reporters.aws import event
from asl_local.reporters.live.tree import Idle, Item, Parts, Tree, Wait, is_idle, latest
from asl_local.reporters.timeline import Timeline, is_failure
from asl_local.reporters.visits.model import ABORTED, FAILED, RUNNING, TIMED_OUT
from asl_local.reporters.visits.reading import Visits

_LINES = 20  # of what happened last
_ITEMS = 100  # of a Map Run's children that run, and of those that failed: no terminal is higher
_COUNTED = 1_000  # children of a Map Run of which each is asked whether it only waits; of more none is
_OUTCOMES = {"FAILED": FAILED, "TIMED_OUT": TIMED_OUT, "ABORTED": ABORTED}
_CLOCKS: Final = {"run": False, "start": False, "resume": False, "simulate": True, "resume_simulation": True}
"""Whether time is virtual, by how an execution was asked for."""
_UNREAL: Final = 60.0  # seconds: what happens in real time is looked at soon


class Followed:
    """One execution. `look` takes in what has happened; `tree` is how it stands, `lines` what happened last.

    `kind` is how it was asked for (drivers/listening.py), `clock` the real time in epoch seconds.
    """

    def __init__(
        self, execution: Execution, *, machine: str, definition: Mapping[str, Any], kind: str, clock: Callable[[], float],
        virtual: bool | None = None,
    ) -> None:  # fmt: skip
        self.execution, self.kind, self.over = execution, kind, False
        execution.history.followed = True
        _ = execution.history.rows
        self._visits = Visits(definition, name=execution.identity.execution_name, machine=machine)
        self._timeline = Timeline(execution.plan)
        self._clock = clock
        self._seen = 0
        self._before: tuple[object, ...] = ()
        self._failed: dict[int, tuple[int, list[Item]]] = {}  # by Map Run, so many and which ones
        self.tree = Tree(self._visits.run)
        self.lines: deque[tuple[str, str]] = deque(maxlen=_LINES)
        self.virtual = _CLOCKS.get(kind, False) if virtual is None else virtual
        # The first event that is new tells which clock it is, where nothing else does; old ones may be of any age.
        self._telling = execution.history.count + 1 if virtual is None and kind not in _CLOCKS else 0

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return self.execution.identity.execution_arn

    @property
    def started(self) -> Mapping[str, tuple[int, int]]:
        """The executions that this one has started, by their ARNs: the visit that did, and its attempt."""
        return self._visits.started_by

    def now(self) -> float:
        """The moment that it is for the execution, in epoch seconds."""
        return self.execution.now if self.virtual else self._clock()

    def look(self) -> bool:
        """Take in what has happened since the last look; gives whether anything has."""
        execution = self.execution
        rows = execution.history.written
        known = (len(rows), execution.tokens, execution.outcome is None, *self._runs())
        if known == self._before:
            return False
        self._before = known
        while self._seen < len(rows):
            self._take(rows[self._seen])
        self.tree.waits = dict(self._waits())
        for run in execution.map_runs.copy():
            found = self._visits.map_runs.get(run.arn)
            if found is not None:
                self.tree.set_parts(found[0], self._parts(run))
        return True

    def _runs(self) -> Iterator[tuple[object, ...]]:
        """What changes while a Map Run goes on."""
        for run in self.execution.map_runs.copy():
            # The children's own steps leave no trace in the parent, but those that run take new tokens for them.
            yield run.status, run.started, len(run.live), run.position, run.done, *run.items.values()

    def _take(self, row: Any) -> None:
        self._seen += 1
        happened = event(self._seen, row)
        if self._seen == self._telling:
            self.virtual = abs(happened.at - self._clock()) > _UNREAL
        self._visits.run.virtual = self.virtual
        self._visits.take(happened)
        self.tree.take(happened)
        line = self._timeline.line(happened)
        if line is not None:
            self.lines.append((line, FAILED if is_failure(happened) else "dim"))

    # -- what is waited for ------------------------------------------------------------------------------------------

    def _waits(self) -> Iterator[tuple[int, Wait]]:
        visits = self._visits.run.visit_of
        for strand in self.execution.waiting.copy().values():
            entered = strand.entered
            if (
                0 < entered <= len(visits)
                and visits[entered - 1] >= 0
                and (wait := _wait(self.execution, strand)) is not None
            ):
                yield visits[entered - 1], wait

    # -- Map Runs ----------------------------------------------------------------------------------------------------

    def _parts(self, run: MapRun) -> Parts:
        items, live = run.items.copy(), run.live.copy()
        failed = items["failed"] + items["timedOut"]
        at_work = run.status == RUN_GOES_ON
        running = [_item(child) for child in islice(live.values(), _ITEMS)] if at_work else []
        return Parts(
            total=(len(run.source) if run.source is not None else run.position) if run.source is not None or run.done else None,
            done=failed + items["succeeded"] + items["aborted"],
            aborted=items["aborted"],
            items=[*running, *self._unsuccessful(run, failed)],
            running_count=len(live) if at_work else 0,
            failed_count=failed,
            idle=_idle(list(live.values())) if at_work and len(live) <= _COUNTED else Idle(),
        )  # fmt: skip

    def _unsuccessful(self, run: MapRun, failed: int) -> list[Item]:
        known, items = self._failed.get(id(run), (0, []))
        if known != failed:
            kept = run.kept.copy()
            found = (child for child in reversed(kept.values()) if child.execution.outcome is not None)
            bad = (child for child in found if cast("Any", child.execution.outcome).status in ("FAILED", "TIMED_OUT"))
            items = [_item(child) for child in islice(bad, _ITEMS)]
            self._failed[id(run)] = (failed, items)
        return items


def _wait(execution: Execution, strand: Strand) -> Wait | None:
    """What a strand waits for; None for the children of a Parallel or Map, and while it is on its way."""
    why, until, beat, token = strand.why, strand.until, strand.beat_by, strand.token
    if not why or not token:
        return None
    if beat is not None:
        until = beat if until is None else min(until, beat)
    return Wait(why, until, task_token(execution, token) if why == "token" else "", strand.begun)


def _idle(children: Sequence[Child]) -> Idle:
    idle: list[Child] = []
    known: list[Wait] = []
    for child in children:
        strands = list(child.execution.waiting.copy().values())
        waits = [wait for strand in strands if (wait := _wait(child.execution, strand)) is not None]
        known += waits
        if waits and all(map(is_idle, waits)):
            idle.append(child)
    return Idle(frozenset(child.index for child in idle), sum(child.count for child in idle), latest(known))


def _item(child: Child) -> Item:
    execution = child.execution
    outcome = execution.outcome
    since = execution.started_at
    if outcome is not None:
        state = outcome.place.rpartition(" > ")[2].partition(" ")[2].strip("'")
        return Item(
            child.index,
            _OUTCOMES.get(outcome.status, RUNNING),
            state,
            since,
            execution.now,
            outcome.error,
            outcome.cause,
        )
    strands = list(execution.waiting.copy().values())
    if not strands:
        return Item(child.index, RUNNING, execution.root.state.name, since)
    strand = strands[0]
    names = " + ".join(dict.fromkeys(each.state.name for each in strands[:3]))
    return Item(
        child.index, RUNNING, names, since, wait=_wait(execution, strand), attempts=strand.retries + 1,
    )  # fmt: skip


__all__ = ["Followed"]
