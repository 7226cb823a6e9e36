"""Events, one by one -> visits: what an execution has done so far, kept up to date while it goes on.

Knows: what each type of event says about the state that it belongs to. Must never know: who writes the history, or who
looks. Our own histories and AWS's are read by the same rules (reporters/lines.py tells lines of control in both). A
history does not say everything: which of several branches failed follows from the event that the failure's event comes
after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from asl_local.errors import TIMEOUT
from asl_local.reporters.aws import Event
from asl_local.reporters.lines import Line, Lines, hangs_loose
from asl_local.reporters.visits.definition import Known
from asl_local.reporters.visits.ends import Ends
from asl_local.reporters.visits.model import (
    CAUGHT,
    FAILED,
    SUCCEEDED,
    TIMED_OUT,
    Attempt,
    Iteration,
    Run,
    Visit,
)
from asl_local.values import Json

_ENDED: Final = {
    "Succeeded": SUCCEEDED,
    "Failed": FAILED,
    "TimedOut": TIMED_OUT,
    "ScheduleFailed": FAILED,
    "StartFailed": FAILED,
    "SubmitFailed": FAILED,
}
_STATUS: Final = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "TimedOut": "TIMED_OUT", "Aborted": "ABORTED"}
_Reader: TypeAlias = "Callable[[Event, Line, str], Visit | None]"
_STARTS: Final = (":startExecution", ":startSyncExecution")


class Visits:
    """Takes the events of one execution in order; `run` is what they have said so far.

    `definition` is the machine's JSON, None where nobody knows it: then visits have no pointers and no edges, and branches
    are numbered as they appear. `started_by` has the visit and its attempt that started another execution, by that one's
    ARN, `asked` the attempts that were to start one, answered or not, `map_runs` whose a Map Run is, by its ARN. The events
    that are taken are kept as the run's, unless they are kept elsewhere already (`events`).
    """

    def __init__(
        self, definition: Mapping[str, Json] | None = None, *, name: str = "", machine: str = "",
        events: Sequence[Event] | None = None,
    ) -> None:  # fmt: skip
        own: list[Event] = []
        self._kept = own if events is None else None
        self.run = Run(name, "RUNNING", own if events is None else events, machine, definition=definition)
        self.started_by: dict[str, tuple[int, int]] = {}
        self.asked: list[tuple[Visit, int]] = []
        self.map_runs: dict[str, tuple[int, int]] = {}
        self._first: Event | None = None
        self._last = 0  # the id of the last event
        self._known = Known(definition)
        self._lines = Lines()
        self._ends = Ends(self.run, self._known)
        self._unseen: set[Line] = set()  # lines in which something has failed that was entered before a cut
        self._at: dict[Line, int] = {}  # the visit that a line of control is in, or was in last
        # In this order: the first that fits counts. What is between its beginning and its ending is handed on.
        self._kinds: tuple[tuple[str, str, _Reader], ...] = (
            ("", "StateEntered", self._entered),
            ("", "StateExited", self._exited),
            ("", "StateAborted", self._aborted),
            ("", "RunAborted", self._aborted),
            ("", "StateStarted", self._started),
            ("", "StateSucceeded", self._joined),
            ("", "StateFailed", self._broke),
            ("MapIteration", "", self._iteration),
            ("MapRun", "", self._map_run),
            ("EvaluationFailed", "", self._evaluation_failed),
            ("LambdaFunction", "", self._task),
            ("Activity", "", self._task),
            ("Task", "", self._task),
            ("", "", self._other),
        )
        self._readers: dict[str, tuple[_Reader, str]] = {}

    def take(self, event: Event) -> Visit | None:
        """Read the next event. The visit that it belongs to; None for the execution's own events, which may end every
        visit.

        When a state is entered, what the one before it was left by is known for certain: that visit may change too.
        """
        line = self._lines.of(event.id, event.type, event.previous_event_id, event.details)
        if self._first is None:
            self._first = event
        elif event.id > self._last + 1:
            self._ends.hole()
        self._last = event.id
        if self._kept is not None:
            self._kept.append(event)
        if event.type.startswith("Execution"):
            self._execution(event)
            self.run.visit_of.append(-1)
            return None
        read, what = self._readers.get(event.type) or self._reader(event.type)
        visit = read(event, line, what)
        if visit is None:
            self.run.visit_of.append(-1)
            return None
        self._ends.heard(visit, event)
        self.run.visit_of.append(visit.number)
        return visit

    @property
    def _begins(self) -> float:
        """When the history begins, be it cut or not."""
        return 0.0 if self._first is None else self._first.at

    def _reader(self, type: str) -> tuple[_Reader, str]:
        """What reads events of this type, and what it is told."""
        beginning, ending, read = next(
            each for each in self._kinds if type.startswith(each[0]) and type.endswith(each[1])
        )
        return self._readers.setdefault(type, (read, type.removeprefix(beginning).removesuffix(ending)))

    # -- the execution itself ------------------------------------------------------------------------------------------

    def _execution(self, event: Event) -> None:
        run, details, how = self.run, event.details, event.type.removeprefix("Execution")
        if how == "Started":
            run.started, run.input = event.at, details.get("input")
        elif how == "Redriven":
            run.status, run.stopped, run.error, run.cause = "RUNNING", None, None, None
            self._ends.redriven()
        elif how in _STATUS:
            run.status, run.stopped = _STATUS[how], event.at
            run.output, run.error, run.cause = details.get("output"), details.get("error"), details.get("cause")
            self._ends.over(event, run.status)

    # -- states --------------------------------------------------------------------------------------------------------

    def _entered(self, event: Event, line: Line, kind: str) -> Visit:
        name, before, parent = str(event.details.get("name")), self._visit(line), self._around(line)
        attempt = 0 if parent is None else max(0, len(parent.attempts) - 1)
        if before is not None and (before.parent, before.round) == (parent and parent.number, attempt):
            self._led_on(before, name, event)
        self._unseen.discard(line)
        visit = self._begun(event, line, name, kind, event.at)
        visit.input = event.details.get("input")
        return visit

    def _around(self, line: Line) -> Visit | None:
        """The Parallel or Map that a line is in; None at the top, and where a history that is cut does not say it."""
        visit = self._visit(line[:-1]) if line and not hangs_loose(line) else None
        return visit if visit is not None and visit.type in ("Parallel", "Map") else None

    def _begun(self, event: Event, line: Line, name: str, kind: str, at: float) -> Visit:
        """A new visit on a line."""
        parent = self._around(line)
        slot = None if parent is None else self._slot(parent, line)
        visit = Visit(
            len(self.run.visits),
            name,
            kind,
            self._known.pointer(None if parent is None else parent.pointer, slot, name),
            event.id,
            at,
            None if parent is None else parent.number,
            slot,
            0 if parent is None else max(0, len(parent.attempts) - 1),
        )
        self.run.visits.append(visit)
        self._at[line] = visit.number
        self._ends.began(visit)
        return visit

    def _slot(self, parent: Visit, line: Line) -> int:
        """The index of the item or branch; that of a branch which no definition has is the order of appearance."""
        step = line[-1][1]
        if isinstance(step, int):
            return step
        known = self._known.branch(parent.pointer, step)
        return self._ends.branch(parent, step) if known is None else known

    def _led_on(self, before: Visit, target: str, event: Event) -> None:
        """Now that the next state is known: by which of its ways the one before was left."""
        if before.outcome not in (SUCCEEDED, CAUGHT):
            self._ends.drop(before, event)
            return
        edge = self._known.leads(before.pointer, target) if before.outcome == SUCCEEDED else ""
        if not edge:  # or something failed after the task was done, of which no event tells
            edge = self._known.catches(before.pointer, before.error, target)
            if edge:
                before.outcome = CAUGHT
                self._ends.tell_caught(before, *self._known.error_output(edge, before.output))
        before.edge = edge or self._known.leads(before.pointer, target)

    def _exited(self, event: Event, line: Line, kind: str) -> Visit | None:
        visit, name = self._visit(line), str(event.details.get("name"))
        missed = visit is None or visit.state != name
        if visit is None or missed:  # it was entered before a history that is cut begins
            visit = self._begun(event, line, name, kind, self._begins)
        visit.output = event.details.get("output")
        assigned = event.details.get("assignedVariables")
        visit.assigned = dict(assigned) if isinstance(assigned, dict) else {}
        failed = self._ends.failing(visit) or (kind == "Task" and not visit.attempts and not missed)
        failed = failed or (missed and line in self._unseen)
        self._unseen.discard(line)
        if failed:
            visit.edge = self._known.catches(visit.pointer, self._ends.error(visit))
            self._ends.tell_caught(visit, *self._known.error_output(visit.edge, visit.output))
        else:
            visit.edge = self._known.goes_on(visit.pointer)
            visit.error = visit.cause = None
        self._ends.close(visit, CAUGHT if failed else SUCCEEDED, event)
        return visit

    def _aborted(self, event: Event, line: Line, kind: str) -> Visit | None:
        return self._ends.abort(event, kind, self._visit(line))

    def _evaluation_failed(self, event: Event, line: Line, _: str) -> Visit | None:
        visit = self._visit(line)
        if visit is not None:
            self._ends.fail(visit, event)
        return visit

    def _other(self, _event: Event, line: Line, _: str) -> Visit | None:
        return self._visit(line)

    def _visit(self, line: Line) -> Visit | None:
        number = self._at.get(line)
        return None if number is None else self.run.visits[number]

    # -- Parallel and Map ----------------------------------------------------------------------------------------------

    def _container(self, line: Line, kind: str) -> Visit | None:
        """The Parallel or Map that a line stands in, unless it was entered before a cut or has been left."""
        visit = self._visit(line)
        return None if visit is None or visit.type != kind or visit.outcome in (SUCCEEDED, CAUGHT) else visit

    def _started(self, event: Event, line: Line, kind: str) -> Visit | None:
        visit = self._container(line, kind)
        if visit is not None:
            self._ends.again(visit, event)
            _attempt(visit, event, started=event.at)
        return visit

    def _joined(self, event: Event, line: Line, kind: str) -> Visit | None:
        visit = self._container(line, kind)
        if visit is not None and visit.attempts:
            _succeeded(visit.attempts[-1], event)
        return visit

    def _broke(self, event: Event, line: Line, kind: str) -> Visit | None:
        visit = self._container(line, kind)
        if visit is None:
            self._unseen.add(line)
        else:
            self._ends.broke(visit, event)
        return visit

    def _iteration(self, event: Event, line: Line, how: str) -> Visit | None:
        visit, index = self._visit(line[:-1]), event.details.get("index")
        if not isinstance(index, int):
            return visit
        if how == "Aborted":
            visit = self._ends.cut_short(visit, str(event.details.get("name")), index)
        elif visit is None or visit.state != event.state or visit.type != "Map":
            visit = self._map_before(event, line[:-1])
        if visit is None or visit.state != event.state or visit.type != "Map":
            return visit
        if how != "Started" and hangs_loose(self._lines.before(event.previous_event_id)):
            self._ends.iterated_unseen(visit, index, event)
        if how == "Started":
            self._at.pop(line, None)
            iteration = Iteration(index, event.at, round=max(0, len(visit.attempts) - 1))
            visit.iterations.append(iteration)
            self._ends.iterates(visit, iteration)
        else:
            self._ends.iterated(visit, index, how, event)
        return visit

    def _map_before(self, event: Event, line: Line) -> Visit:
        """A Map that was entered before a cut, or in a hole: from the name that its iterations say."""
        at = self._begins
        visit = self._begun(event, line, str(event.details.get("name")), "Map", at)
        visit.attempts.append(Attempt(0, event.id, at, started=at, last=event.id))
        return visit

    def _map_run(self, event: Event, line: Line, how: str) -> Visit | None:
        visit = self._visit(line)
        if visit is None:
            return None
        if how in ("Started", "Redriven"):
            self.run.map_runs.setdefault(visit.number, {})
            self.map_runs[str(event.details.get("mapRunArn"))] = (visit.number, max(0, len(visit.attempts) - 1))
        elif how == "Failed":
            self._ends.fail(visit, event)
        return visit

    # -- tasks ---------------------------------------------------------------------------------------------------------

    def _task(self, event: Event, line: Line, how: str) -> Visit | None:
        visit = self._visit(line)
        if visit is None:
            if how == "Scheduled" or _ENDED.get(how) == SUCCEEDED:
                self._unseen.discard(line)
            elif how in _ENDED:
                self._unseen.add(line)
            return None
        details = event.details
        if how == "Scheduled" or not visit.attempts:
            self._ends.again(visit, event)
            kind, resource = details.get("resourceType"), details.get("resource", "")
            given = details.get("input", details.get("parameters"))
            _attempt(visit, event, input=given, resource=f"{kind}:{resource}" if kind else resource)
        attempt = visit.attempts[-1]
        attempt.last = event.id
        if how == "Started":
            attempt.started = event.at
        elif how == "Succeeded":
            attempt.output = details.get("output")
            _succeeded(attempt, event)
        elif how in _ENDED:
            error = details.get("error") or (TIMEOUT if how == "TimedOut" else None)
            self._ends.fail(visit, event, _ENDED[how], error)
        if _STARTS[0] in attempt.resource or _STARTS[1] in attempt.resource:
            self._starts(visit, how, details)
        return visit

    def _starts(self, visit: Visit, how: str, details: Mapping[str, Any]) -> None:
        """A task that starts an execution: the ARN of that from what Step Functions answers."""
        if how == "Scheduled":
            self.asked.append((visit, len(visit.attempts) - 1))
        output = details.get("output")
        arn = output.get("ExecutionArn") if isinstance(output, dict) else None
        if isinstance(arn, str):
            self.started_by.setdefault(arn, (visit.number, len(visit.attempts) - 1))


def _attempt(visit: Visit, event: Event, **more: Any) -> None:
    visit.attempts.append(Attempt(len(visit.attempts), event.id, event.at, last=event.id, **more))


def _succeeded(attempt: Attempt, event: Event) -> None:
    attempt.outcome, attempt.ended, attempt.last = SUCCEEDED, event.at, event.id
    attempt.error = attempt.cause = None  # of before a redrive


__all__ = ["Visits"]
