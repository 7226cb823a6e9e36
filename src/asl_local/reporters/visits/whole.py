"""Whole runs: an execution with the children of its Map Runs and the executions of other machines that it started.

Knows: what a Result has, and what a recorded history has. Must never know: how an execution was run, or where a page goes.
Every run stands for itself: the definition of a Map Run's child is the block that its Map runs, and the pointers of its
visits are pointers into that; the definition of a nested execution is its own machine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from asl_local.engine import Execution, Identity
from asl_local.reporters.aws import Event, History
from asl_local.reporters.map_runs import ChildExecution, MapRun
from asl_local.reporters.recorded import Recording
from asl_local.reporters.visits.definition import processor_at
from asl_local.reporters.visits.model import Child, Run, Visit
from asl_local.reporters.visits.reading import Visits
from asl_local.values import Json


class Ended(Protocol):
    """What a run is made of; `asl_local.Result` is one, and says what each member is."""

    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def output(self) -> Json: ...  # noqa: D102
    @property
    def error(self) -> str | None: ...  # noqa: D102
    @property
    def cause(self) -> str | None: ...  # noqa: D102
    @property
    def place(self) -> str: ...  # noqa: D102
    @property
    def history(self) -> History: ...  # noqa: D102
    @property
    def identity(self) -> Identity: ...  # noqa: D102
    @property
    def virtual(self) -> bool: ...  # noqa: D102
    @property
    def execution(self) -> Execution | None: ...  # noqa: D102
    @property
    def map_runs(self) -> tuple[MapRun, ...]: ...  # noqa: D102
    @property
    def nested(self) -> Sequence[Ended]: ...  # noqa: D102


def run_of(result: Ended) -> Run:
    """The run of a result, with all that it started as `children`: of Map Runs those that were kept, and other machines'
    executions at the Task that started them, wherever that was.
    """
    whole = _Whole(result.virtual)
    run = whole.read_result(result)
    for nested in result.nested:  # those that a nested one has started come after it
        whole.hang_in(whole.read_result(nested))
    return run


def run_of_recording(recording: Recording, definition: Mapping[str, Json] | None = None, *, name: str = "") -> Run:
    """The run of a real execution, from its history: RUNNING if that has no end. Children of Map Runs are not in it.

    A history without times is read as if everything had happened at once, at 0, and has neither `started` nor `stopped`.
    """
    visits, at = Visits(definition, name=name), 0.0
    for recorded in recording.events:
        at = at if recorded.at is None else recorded.at
        visits.take(Event(recorded.id, recorded.type, at, recorded.previous, recorded.details))
    if recording.events[0].at is None:
        visits.run.started = visits.run.stopped = None
    visits.run.notes += recording.notes
    return visits.run


class _Whole:
    """Reads the runs of one result, and remembers which visit of which run started what."""

    def __init__(self, virtual: bool) -> None:
        self._virtual = virtual
        self._starters: dict[str, tuple[Run, int, int]] = {}  # by the ARN of what was started
        self._asked: list[tuple[Run, Visit, int]] = []  # attempts to start something that nobody has answered

    def read_result(self, result: Ended) -> Run:
        """A result's run, with the children of its Map Runs."""
        definition = None if result.execution is None else result.execution.plan.definition or None
        names = result.identity
        run = self._read(result.history, definition, names.execution_name, names.machine_name, result.map_runs)
        run.arn, run.machine_arn, run.type = names.execution_arn, names.machine_arn, _type(names.execution_arn)
        run.status, run.output, run.error, run.cause = result.status, result.output, result.error, result.cause
        run.place = result.place
        return run

    def hang_in(self, run: Run) -> None:
        """Make a run the child of the visit that has started it."""
        starter = self._starters.get(run.arn)
        for number, (parent, visit, attempt) in enumerate(self._asked if starter is None else ()):
            if _is_for(run, visit, attempt):
                starter = (parent, visit.number, attempt)
                del self._asked[number]
                break
        if starter is not None:
            starter[0].children.append(Child(starter[1], run, None, starter[2]))

    def _read(
        self,
        history: History,
        definition: Mapping[str, Json] | None,
        name: str,
        machine: str,
        map_runs: Iterable[MapRun],
    ) -> Run:
        visits = Visits(definition, name=name, machine=machine, events=history)
        for event in history.shared():
            visits.take(event)
        run = visits.run
        run.virtual = self._virtual
        for arn, (visit, attempt) in visits.started_by.items():
            self._starters.setdefault(arn, (run, visit, attempt))
        answered = set(visits.started_by.values())
        self._asked += [(run, each, number) for each, number in visits.asked if (each.number, number) not in answered]
        for map_run in map_runs:
            if map_run.arn in visits.map_runs:  # else it could not begin
                self._add(run, *visits.map_runs[map_run.arn], map_run, definition)
        return run

    def _add(self, run: Run, visit: int, attempt: int, map_run: MapRun, definition: Mapping[str, Json] | None) -> None:
        run.map_runs[visit] = dict(map_run.items)
        block = _alone(definition, run.visits[visit].pointer)
        run.children += [Child(visit, self._child(each, block), each.index, attempt) for each in map_run.children]

    def _child(self, child: ChildExecution, block: Mapping[str, Json] | None) -> Run:
        stem, kind, rest = child.arn.partition(":express:" if _type(child.arn) == "EXPRESS" else ":execution:")
        machine = rest.split(":")[0] if kind else ""
        run = self._read(child.history, block, child.name, machine, child.map_runs)
        run.arn, run.machine_arn, run.type = child.arn, f"{stem}:stateMachine:{machine}", _type(child.arn)
        run.status, run.output, run.error, run.cause = child.status, child.output, child.error, child.cause
        run.place = child.place
        return run


def _type(arn: str) -> str:
    return "EXPRESS" if ":express:" in arn else "STANDARD"


def _is_for(run: Run, visit: Visit, attempt: int) -> bool:
    """Whether a task asked for an execution of this run's machine."""
    asked = visit.attempts[attempt].input
    wanted = asked.get("StateMachineArn") if isinstance(asked, dict) else None
    return isinstance(wanted, str) and (wanted == run.machine_arn or wanted.rpartition(":")[2] == run.machine)


def _alone(definition: Mapping[str, Json] | None, pointer: str) -> Mapping[str, Json] | None:
    """What a Map runs, as a definition of its own: in the machine's query language, where it does not say another."""
    block = processor_at(definition, pointer)
    if definition is None or block is None:
        return None
    language = {"QueryLanguage": definition["QueryLanguage"]} if "QueryLanguage" in definition else {}
    return {**language, **block}


__all__ = ["Ended", "run_of", "run_of_recording"]
