"""How visits end: who failed, who was only cut short by that, and what a redrive takes up again.

Knows: visits, and which events say that something is over. Must never know: lines of control, or how events are told apart.
Most failures have no event of the state that failed: a Fail state in a branch is only entered. Whoever is told of a failure
says after which event it came, and the visit of that event is the culprit; all others beside it are aborted.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

from asl_local.lazy import dataclass, field
from asl_local.reporters.aws import Event
from asl_local.reporters.visits.definition import Known
from asl_local.reporters.visits.model import (
    ABORTED,
    CAUGHT,
    FAILED,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    Iteration,
    Run,
    Visit,
)

_OPEN_ENDS = {"TIMED_OUT": TIMED_OUT, "ABORTED": ABORTED, "FAILED": ABORTED, "SUCCEEDED": ABORTED}
_CONTAINERS: Final = ("Parallel", "Map")
_NOTHING: Final[Any] = MappingProxyType({})


@dataclass(slots=True)
class _Standing:
    """What is known of a visit besides: its last event, what failed in it since it was last tried, who in it failed.

    `open` are the visits inside that are not over, `current` the last visit of each branch or item, `iterations` those
    of the present round by index. `own` says that an event has told the error of the state itself, `told` that its
    StateAborted event has come, `before` what it was before a redrive, `lost` that nothing was heard of it since a hole in
    the history, which may have its end; `unsure` are such iterations of it.
    """

    last: int
    at: float
    failing: str = ""
    error: str | None = None
    cause: str | None = None
    culprit: Visit | None = None
    open: dict[int, None] = _NOTHING
    current: dict[int, Visit] = _NOTHING
    iterations: dict[int, Iteration] = _NOTHING
    branches: dict[str, int] = _NOTHING
    own: bool = False
    told: bool = False
    before: tuple[str, float | None, int] | None = None
    lost: bool = False
    unsure: set[int] = field(default_factory=set)

    def holds(self) -> _Standing:
        """The same, of a state that others run in: nothing can be put into the rest."""
        self.open, self.current, self.iterations, self.branches = {}, {}, {}, {}
        return self


class Ends:
    """Keeps the ends of the visits of one run."""

    def __init__(self, run: Run, known: Known) -> None:
        self._run, self._known = run, known
        self._standing: list[_Standing] = []
        self._open: dict[int, None] = {}  # the visits at the top that are not over
        self._current: Visit | None = None  # the last visit at the top
        self._owners: dict[int, Visit] = {}  # by the event's id: a history may have holes
        self._items_told: set[tuple[int, int]] = set()  # of what is cut short, those whose MapIterationAborted has come
        self._holes = False
        self._cut: list[Visit] = []  # visits that an aborted iteration has cut short, whose StateAborted is to come

    # -- while it goes on ----------------------------------------------------------------------------------------------

    def began(self, visit: Visit) -> None:
        """A state was entered."""
        standing = _Standing(visit.first, visit.entered)
        self._standing.append(standing.holds() if visit.type in _CONTAINERS else standing)
        self._beside(visit)[visit.number] = None
        if visit.parent is None:
            self._current = visit
        elif visit.slot is not None:
            self._standing[visit.parent].current[visit.slot] = visit

    def heard(self, visit: Visit, event: Event) -> None:
        """An event belongs to this visit."""
        standing = self._standing[visit.number]
        standing.last, standing.at = event.id, event.at
        self._owners[event.id] = visit
        if self._holes:
            self._found(visit)
        while standing.before is not None:
            standing.before = None
            if visit.parent is None:
                break
            visit = self._run.visits[visit.parent]
            standing = self._standing[visit.number]

    def hole(self) -> None:
        """Events are missing here: what was going on may have ended in any way."""
        self._holes = True
        for visit in self._deep(self._open):
            standing = self._standing[visit.number]
            standing.lost = True
            standing.unsure |= {index for index, each in standing.iterations.items() if each.outcome == RUNNING}

    def _found(self, visit: Visit) -> None:
        """It goes on after a hole, and with it all that it is in."""
        self._standing[visit.number].lost = False
        while visit.parent is not None:
            slot, visit = visit.slot, self._run.visits[visit.parent]
            standing = self._standing[visit.number]
            standing.lost = False
            standing.unsure.discard(-1 if slot is None else slot)

    def branch(self, parallel: Visit, first: str) -> int:
        """The index of the branch that begins with this state, in order of appearance."""
        branches = self._standing[parallel.number].branches
        return branches.setdefault(first, len(branches))

    def failing(self, visit: Visit) -> bool:
        """Whether something has failed in it since it was last tried."""
        return bool(self._standing[visit.number].failing)

    def error(self, visit: Visit) -> str | None:
        """The error that it fails with, where that is known."""
        return self._standing[visit.number].error

    def fail(self, visit: Visit, event: Event, how: str = FAILED, error: str | None = None) -> None:
        """Something in it has failed: retry and catch are to come."""
        standing = self._standing[visit.number]
        standing.failing, standing.own = how, True
        standing.error, standing.cause = error or event.details.get("error"), event.details.get("cause")
        visit.error, visit.cause = standing.error, standing.cause
        if visit.attempts and visit.attempts[-1].outcome in (RUNNING, SUCCEEDED):
            attempt = visit.attempts[-1]
            attempt.outcome, attempt.ended, attempt.last = how, event.at, event.id
            attempt.error, attempt.cause = standing.error, standing.cause

    def again(self, visit: Visit, event: Event) -> None:
        """It is tried again, or for the first time."""
        standing = self._standing[visit.number]
        if visit.outcome != RUNNING:
            self._reopen(visit)
        outcome, ended, _ = standing.before or (FAILED, None, 0)
        standing.before = None
        self._settle(visit, event)
        if visit.attempts:
            attempt = visit.attempts[-1]
            if attempt.outcome in (RUNNING, SUCCEEDED):  # nothing told of the failure, or its answer could not be used
                attempt.outcome = outcome
                attempt.ended = (standing.at if ended is None else ended) if attempt.ended is None else attempt.ended
            if attempt.error is None and standing.culprit is not None:
                attempt.error, attempt.cause = standing.culprit.error, standing.culprit.cause
            attempt.retry_at = event.at
        standing.failing, standing.own, standing.error, standing.cause, standing.culprit = "", False, None, None, None
        visit.error = visit.cause = None
        if visit.type in _CONTAINERS:
            standing.current.clear()
            standing.iterations.clear()
        standing.unsure.clear()

    def iterates(self, visit: Visit, iteration: Iteration) -> None:
        """An iteration of this Map has begun."""
        standing = self._standing[visit.number]
        standing.iterations[iteration.index] = iteration
        standing.current.pop(iteration.index, None)

    def iterated_unseen(self, visit: Visit, index: int, event: Event) -> None:
        """An iteration of which a cut has left the end only is over; what it was in last hangs loose."""
        standing, before = self._standing[visit.number], self._at(event.previous_event_id)
        if index not in standing.iterations:
            iteration = Iteration(index, visit.entered, round=max(0, len(visit.attempts) - 1))
            visit.iterations.append(iteration)
            standing.iterations[index] = iteration
        failed = event.type == "MapIterationFailed" and before is not None and before.parent is None
        if failed and before is not None and before is not visit and self._is_open(before):
            self._blame(before, event.at)
            self._fails(visit, before, event.at)

    def iterated(self, visit: Visit, index: int, how: str, event: Event) -> None:
        """An iteration has ended in this way."""
        standing = self._standing[visit.number]
        iteration, inside = standing.iterations.get(index), standing.current.get(index)
        if how == "Failed":
            going = inside is not None and inside.number in standing.open and not self._standing[inside.number].lost
            if inside is not None and (going or inside.outcome in (FAILED, TIMED_OUT)):
                self._blame(inside, event.at)
            else:
                self._fails(visit, None, event.at)
        elif inside is not None and inside.number in standing.open:
            self._cut += self._close_all(inside, ABORTED, event.at)
        if iteration is not None and iteration.outcome == RUNNING:
            iteration.ended = event.at
            iteration.outcome = {"Succeeded": SUCCEEDED, "Failed": FAILED}.get(how, ABORTED)

    def cut_short(self, beside: Visit | None, name: str, index: int) -> Visit | None:
        """The Map whose iteration was aborted; `beside` is the visit that the events of the failure say, if any.

        Such an event comes after that of the failure, wherever the Map is.
        """
        if beside is not None and beside.state == name and self._goes_on(beside, index):
            return beside
        for cut in self._cut:
            item = (cut.number, index)
            if cut.state == name and index in self._standing[cut.number].iterations and item not in self._items_told:
                self._items_told.add(item)
                return cut
        around = beside
        while around is not None:
            for visit in self._deep(self._beside(around)):
                if visit.state == name and self._goes_on(visit, index):
                    return visit
            around = None if around.parent is None else self._run.visits[around.parent]
        return beside

    def _goes_on(self, visit: Visit, index: int) -> bool:
        iteration = self._standing[visit.number].iterations.get(index)
        return self._is_open(visit) and iteration is not None and iteration.outcome == RUNNING

    # -- how it ends ---------------------------------------------------------------------------------------------------

    def close(self, visit: Visit, outcome: str, event: Event) -> None:
        """It is over, with what was still open inside of it."""
        standing = self._standing[visit.number]
        if outcome == SUCCEEDED:
            for iteration in map(standing.iterations.__getitem__, standing.unsure):
                if iteration.outcome == RUNNING:
                    iteration.outcome, iteration.ended = SUCCEEDED, event.at
        self._settle(visit, event)
        self._end(visit, outcome, event.at, event.id)

    def broke(self, visit: Visit, event: Event) -> None:
        """A Parallel or Map has failed for good: its Failed event. It may still be caught."""
        self._settle(visit, event)
        standing = self._standing[visit.number]
        self._fails(visit, standing.culprit, event.at)
        if visit.attempts:
            visit.attempts[-1].last = event.id
        self._end(visit, FAILED, event.at, event.id)

    def abort(self, event: Event, kind: str, beside: Visit | None) -> Visit | None:
        """A StateAborted event; the visit that it is about. `beside` is that of the event it came after.

        A Task or Wait that has failed itself is "aborted" in a branch or iteration, too, and first of all.
        """
        visit = self._meant(kind, beside)
        if visit is None:
            return beside
        standing = self._standing[visit.number]
        if event.type != "MapRunAborted":
            standing.told = True
        if visit.number in self._beside(visit):
            if visit is beside:
                self._blame(visit, event.at)
            elif event.type != "MapRunAborted":
                self._close_all(visit, ABORTED, event.at)
        if visit.outcome != RUNNING:
            visit.last = event.id
        return visit

    def drop(self, visit: Visit, event: Event) -> None:
        """The line of control goes on without it: whatever it was, it is over."""
        if visit.number in self._beside(visit):
            self._close_all(visit, ABORTED, event.at)

    def over(self, event: Event, status: str) -> None:
        """The execution has ended."""
        if status == "FAILED":
            culprit = self._who_failed(event)
            if culprit is not None:
                self._blame(culprit, event.at, top=True)
        top = self._current
        if status == "FAILED" and top is not None and top.outcome in (FAILED, TIMED_OUT):
            self._overrule(top, event.details.get("error"), event.details.get("cause"))
        for number in list(self._open):
            self._close_all(self._run.visits[number], _OPEN_ENDS[status], event.at)

    def _who_failed(self, event: Event) -> Visit | None:
        """The visit that an execution has failed in. Where the event before says nothing, it is one that has had a failure
        and was not tried again, or one that a redrive has taken up and that has had no event since.
        """
        culprit = self._at(event.previous_event_id)
        if culprit is not None and (culprit.outcome in (FAILED, TIMED_OUT) or self._is_open(culprit)):
            return culprit
        going = [each for each in self._deep(self._open) if not self._standing[each.number].lost]
        fresh = going if culprit is None else []
        return next(
            (each for each in going if self.failing(each)),
            next(
                (each for each in fresh if self._standing[each.number].before is not None), going[-1] if going else None
            ),
        )

    def tell_error(self, visit: Visit, error: str | None, cause: str | None) -> None:
        """What it failed with, and those inside who were the reason, as far as nothing has said so before."""
        if visit.error is None and error is not None:
            visit.error, visit.cause = error, cause
        if visit.error is None:
            return
        if visit.attempts and visit.attempts[-1].outcome in (FAILED, TIMED_OUT) and visit.attempts[-1].error is None:
            visit.attempts[-1].error, visit.attempts[-1].cause = visit.error, visit.cause
        culprit = self._standing[visit.number].culprit
        if culprit is not None:
            self.tell_error(culprit, visit.error, visit.cause)

    def tell_caught(self, visit: Visit, error: str | None, cause: str | None) -> None:
        """What its catcher was given, as far as its output says: of a Parallel or Map no event does."""
        if error is not None and visit.type in ("Parallel", "Map") and not self._standing[visit.number].own:
            self._overrule(visit, error, cause)
        else:
            self.tell_error(visit, error, cause)

    def _overrule(self, visit: Visit, error: str | None, cause: str | None) -> None:
        """What the execution has failed with is what the state has: its Catch may have failed after its task.

        That is so for the reason inside of it, too, unless it is its own Catch that may have.
        """
        self.tell_error(visit, error, cause)
        if (visit.error, visit.cause) != (error, cause):
            visit.error, visit.cause = error, cause
            if visit.attempts and visit.type != "Task":
                visit.attempts[-1].error, visit.attempts[-1].cause = error, cause
            culprit = self._standing[visit.number].culprit
            if culprit is not None and not self._known.may_catch(visit.pointer):
                self._overrule(culprit, error, cause)

    # -- redrive -------------------------------------------------------------------------------------------------------

    def redriven(self) -> None:
        """What was entered and not left goes on. A Fail state is entered anew."""
        if self._current is not None:
            self._take_up(self._current)

    def _take_up(self, visit: Visit) -> None:
        if visit.outcome in (SUCCEEDED, CAUGHT) or visit.type == "Fail":
            return
        self._reopen(visit)
        if visit.type != "Task" and visit.attempts and visit.attempts[-1].outcome != RUNNING:
            return  # it waits for its retry: what was in it is let go
        standing = self._standing[visit.number]
        for slot, inner in standing.current.items():
            self._take_up(inner)
            if slot in standing.iterations and standing.iterations[slot].outcome != SUCCEEDED:
                standing.iterations[slot].outcome, standing.iterations[slot].ended = RUNNING, None

    def _reopen(self, visit: Visit) -> None:
        standing = self._standing[visit.number]
        if visit.type != "Task" and visit.attempts and visit.attempts[-1].outcome == visit.outcome:
            visit.attempts[-1].outcome, visit.attempts[-1].ended = RUNNING, None
        standing.before = (visit.outcome, visit.left, visit.last)
        visit.outcome, visit.left, visit.last = RUNNING, None, 0
        visit.error = visit.cause = None
        standing.failing, standing.error, standing.cause, standing.culprit = "", None, None, None
        standing.told = standing.own = False
        self._beside(visit)[visit.number] = None

    # -- the parts -----------------------------------------------------------------------------------------------------

    def _beside(self, visit: Visit) -> dict[int, None]:
        """The visits that are not over, in what this one happens in."""
        return self._open if visit.parent is None else self._standing[visit.parent].open

    def _is_open(self, visit: Visit) -> bool:
        return visit.number in self._beside(visit)

    def _at(self, event: int) -> Visit | None:
        """The visit that an event belongs to."""
        return self._owners.get(event)

    def _settle(self, container: Visit, event: Event) -> None:
        """Whatever is still open in a Parallel or Map is over: the culprit failed, the others were aborted by that."""
        standing, at = self._standing[container.number], event.at
        if self._cut:
            self._cut.clear()
            self._items_told.clear()
        culprit = self._at(event.previous_event_id)
        if culprit is not None and self._is_open(culprit) and self._is_inside(culprit, container):
            self._blame(culprit, at, within=container)
        while culprit is not None and culprit.parent != container.number:
            culprit = None if culprit.parent is None else self._run.visits[culprit.parent]
        if culprit is not None and culprit.outcome in (FAILED, TIMED_OUT):
            standing.culprit = standing.culprit or culprit
            at = at if culprit.left is None else culprit.left
        for number in list(standing.open):
            inner, before = self._run.visits[number], self._standing[number].before
            self._close_all(inner, ABORTED, at)
            if before is not None:  # a redrive had taken it up, and what it is in started anew instead
                inner.outcome, inner.left, inner.last = before
        self._abort_iterations(container, at)

    def _abort_iterations(self, container: Visit, at: float, outcome: str = ABORTED) -> None:
        standing = self._standing[container.number]
        for iteration in standing.iterations.values():
            if iteration.outcome == RUNNING and (outcome != ABORTED or iteration.index not in standing.unsure):
                iteration.outcome, iteration.ended = outcome, at

    def _is_inside(self, visit: Visit, container: Visit) -> bool:
        parent = visit.parent
        while parent is not None and parent != container.number:
            parent = self._run.visits[parent].parent
        return parent is not None

    def _blame(self, visit: Visit, at: float, *, top: bool = False, within: Visit | None = None) -> None:
        """It has failed; with `top`, all that it is in has too, without an event of their own; `within` one says which."""
        standing = self._standing[visit.number]
        if self._is_open(visit):
            for number in list(standing.open):
                self._close_all(self._run.visits[number], ABORTED, at)
            self._abort_iterations(visit, at)
            if visit.type == "Fail":
                visit.error, visit.cause = self._known.fails_with(visit.pointer)
                visit.edge = self._known.leads(visit.pointer, None)
            if visit.attempts and visit.type != "Task" and visit.attempts[-1].outcome == SUCCEEDED:
                visit.attempts[-1].outcome = FAILED  # its result could not be used
            self._end(visit, TIMED_OUT if standing.failing == TIMED_OUT else FAILED, standing.at, standing.last)
        if visit.parent is None:
            return
        parent = self._run.visits[visit.parent]
        self._fails(parent, visit, at)
        if top or (within is not None and parent is not within):
            iteration = self._standing[parent.number].iterations.get(-1 if visit.slot is None else visit.slot)
            if iteration is not None and iteration.outcome == RUNNING:
                iteration.outcome, iteration.ended = FAILED, at
            self._blame(parent, at, top=top, within=within)

    def _fails(self, container: Visit, culprit: Visit | None, at: float) -> None:
        """Something inside of a Parallel or Map has failed, and with it this attempt."""
        standing = self._standing[container.number]
        standing.failing = FAILED
        if standing.culprit is None and culprit is not container:
            standing.culprit = culprit
        if culprit is not None and standing.error is None:
            standing.error, standing.cause = culprit.error, culprit.cause
        if container.error is None:
            container.error, container.cause = standing.error, standing.cause
        if container.attempts:
            attempt = container.attempts[-1]
            if attempt.outcome in (RUNNING, SUCCEEDED):  # its result could not be used
                attempt.outcome, attempt.ended = FAILED, at if culprit is None or culprit.left is None else culprit.left
            if attempt.error is None:
                attempt.error, attempt.cause = standing.error, standing.cause

    def _close_all(self, visit: Visit, outcome: str, at: float) -> list[Visit]:
        """It is over, and all inside of it; these, innermost first."""
        closed = []
        for number in list(self._standing[visit.number].open):
            closed += self._close_all(self._run.visits[number], outcome, at)
        self._abort_iterations(visit, at, outcome)
        if outcome == ABORTED and self._standing[visit.number].lost:
            self._beside(visit).pop(visit.number, None)  # nobody knows
            return closed
        self._end(visit, outcome, at, self._standing[visit.number].last)
        return [*closed, visit]

    def _end(self, visit: Visit, outcome: str, at: float, last: int) -> None:
        visit.outcome, visit.left, visit.last = outcome, at, last
        self._standing[visit.number].before = None
        self._beside(visit).pop(visit.number, None)
        if visit.attempts and visit.attempts[-1].outcome == RUNNING:
            attempt = visit.attempts[-1]
            attempt.outcome, attempt.ended = SUCCEEDED if outcome in (SUCCEEDED, CAUGHT) else outcome, at

    def _meant(self, kind: str, beside: Visit | None) -> Visit | None:
        """The visit that a StateAborted event is about; "Map" for MapRunAborted, too."""
        if beside is None:
            return None
        fresh = beside.type == kind and not self._standing[beside.number].told
        if fresh and beside.outcome not in (SUCCEEDED, CAUGHT) and (kind in ("Task", "Wait") or self._is_open(beside)):
            return beside
        for cut in self._cut:
            if cut.type == kind and not self._standing[cut.number].told:
                return cut
        around = beside.parent
        while around is not None:
            for visit in self._deep(self._standing[around].open):
                if visit.type == kind:
                    return visit
            around = self._run.visits[around].parent
        return None

    def _deep(self, open: dict[int, None]) -> Iterator[Visit]:
        """Visits that are not over, innermost first."""
        for number in list(open):
            yield from self._deep(self._standing[number].open)
            yield self._run.visits[number]


__all__ = ["Ends"]
