"""The engine, driven by what a history says happened outside: answers, failures, timeouts, times, somebody's stop.

Knows: what each recorded event needs in order to come to pass. Must never know: how values are compared, or shown.
The clock is the recording's. A timer fires when the recording says that it did, and what the definition would have made
of the time is told beside it; a timeout that came, or that would have come, is a divergence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from asl_local.drivers import Heard, hear
from asl_local.drivers.listening import Ended
from asl_local.engine import Identity, Limits, Outcome
from asl_local.engine.execution import Strand
from asl_local.engine.messages import (
    EXECUTION_TOKEN,
    TASKS,
    Failed,
    Fired,
    Redriven,
    Refused,
    Stimulus,
    Stopped,
    Succeeded,
    Taken,
    TaskFailed,
    TaskSucceeded,
)
from asl_local.errors import (
    DATA_LIMIT_EXCEEDED,
    INTRINSIC_FAILURE,
    PARAMETER_PATH_FAILURE,
    QUERY_EVALUATION_ERROR,
    RESULT_PATH_MATCH_FAILURE,
    RUNTIME,
    ExecutionHangs,
    ExecutionNotRedrivable,
    InvalidHistory,
)
from asl_local.plan import Plan
from asl_local.reporters.lines import Line, shown
from asl_local.reporters.recorded import Recorded, Recording
from asl_local.testing.replaying.execution import Replayed, line_of
from asl_local.testing.replaying.explain import Explainer, waiting_in
from asl_local.testing.replaying.report import Divergence, Replay
from asl_local.testing.replaying.same import is_volatile
from asl_local.testing.replaying.script import LEVELS, OUTCOMES, Diverged, Script
from asl_local.testing.replaying.states_only import followed
from asl_local.values import Json

SLACK = 1.0
"""Seconds by which AWS may be late; what is later than that is told, or is a timeout that would have come."""

_ROUNDING = 0.01  # seconds: timestamps have milliseconds
_START = 1_704_067_200.0  # 2024-01-01T00:00:00Z, for a history without times
_FROM_STATE = re.compile(
    r"An error occurred while executing the state '.*?' \(entered at the event id #\d+\)\. ", re.DOTALL
)
_NO_ACTIVITY = re.compile(r"The activity (\S+) does not exist\.")
_FROM_ABOVE = ("ExecutionAborted", "ExecutionTimedOut", "ExecutionRedriven")
_TIMERS = ("wait", "retry")
_WAKES = {
    "StateExited": ("wait",),
    "StateStarted": ("retry",),
    "StateFailed": _TIMERS,
    "MapIterationFailed": ("wait",),
}
_BROKEN = (
    RUNTIME, QUERY_EVALUATION_ERROR, DATA_LIMIT_EXCEEDED, INTRINSIC_FAILURE, PARAMETER_PATH_FAILURE,
    RESULT_PATH_MATCH_FAILURE,
)  # fmt: skip


def replayed(
    recording: Recording,
    machine: Heard,
    *,
    identity: Identity,
    level: str = "path",
    limits: Limits | None = None,
) -> Replay:
    """Drive an execution of a machine through a recording and compare.

    Of a history without data only the order of states is compared. Raises ValueError for a level that there is not, and
    InvalidHistory for one that such a history is too poor for.
    """
    if level not in LEVELS:
        raise ValueError(f"level={level!r}: there are {', '.join(LEVELS)}")
    source, plan = machine.source, machine.plan
    line_at = None if source is None else lambda pointer: source.position(pointer, key=True)[0]
    shown_as = machine.name if source is None or source.text is None or source.name == "definition" else source.name
    explainer = Explainer(machine.definition, {each.name: pointer for pointer, each in plan.states.items()}, line_at)
    if "input" not in recording.events[0].details:
        if level != "path":
            raise InvalidHistory(
                f"{recording.source}: the history has no data (ExecutionStarted has no `input`), which level={level!r} "
                "compares: get it with --include-execution-data"
            )
        return followed(recording, machine.definition, explainer.place_of, machine=shown_as)
    volatile = {each.name: is_volatile(explainer.definition(each.name)) for each in plan.states.values()}
    script = Script(recording, level, lambda name: volatile.get(name, False))
    execution = Replayed(plan, script, identity=identity, limits=limits)
    execution.activities = _activities(recording, plan)
    hearing = hear(execution, machine, "replay")
    found: Divergence | None = None
    ended: Ended | BaseException = Ended(Outcome("RUNNING"), None)
    try:
        _Drive(script, execution, explainer).through()
        ended = Ended(execution.outcome or Outcome("RUNNING"), None)
    except Diverged as diverged:
        ended, found = diverged, explainer.divergence(diverged, script, execution)
    finally:
        if hearing is not None:
            hearing.ends(execution, ended)
    return Replay(
        level,
        len(recording.events),
        sum(script.done),
        found,
        tuple(script.notes),
        tuple(shown(*step) for step in script.path),
        recording.source,
        shown_as,
        execution=execution,
    )


def _activities(recording: Recording, plan: Plan) -> frozenset[str] | None:
    """The activities that exist, by ARN: all, but for one that the recording failed for."""
    missing = {
        arn for event in recording.events if event.type == "ExecutionFailed"
        for arn in _NO_ACTIVITY.findall(str(event.details.get("cause")))
    }  # fmt: skip
    if not missing:
        return None
    return frozenset(state.resource.arn for state in plan.tasks() if state.resource is not None) - missing


class _Drive:
    def __init__(self, script: Script, execution: Replayed, explainer: Explainer) -> None:
        self.script, self.x, self.explainer = script, execution, explainer

    def through(self) -> None:
        """From the first event to the last. Raises Diverged."""
        script, events = self.script, self.script.recording.events
        try:
            self.x.step(None, _START if events[0].at is None else events[0].at)
            left = list(range(len(events)))
            while left:
                postponed = self.lead_to_all(left)
                if len(postponed) == len(left):
                    index = postponed[0]
                    raise Diverged(events[index], script.lines[index])
                left = postponed
        except ExecutionHangs as hangs:
            missing = next((event for index, event in enumerate(events) if not script.done[index]), None)
            if missing is not None:
                raise Diverged(missing, (), instead=f"the execution hangs: {hangs}") from None
        if script.level == "exact":
            script.in_order()

    def lead_to_all(self, indices: list[int]) -> list[int]:
        """Let these events come to pass; those to which nothing has led, as long as others could come first.

        Paths are the same where lines of control only take turns otherwise, as with another MaxConcurrency.
        """
        script = self.script
        missing: list[int] = []
        for index in indices:
            event = script.recording.events[index]
            if script.done[index]:
                continue
            if missing and event.type in _FROM_ABOVE:
                missing.append(index)
                continue
            self.lead_to(index, event, script.lines[index])
            if not script.done[index] and self.is_missing(event, script.lines[index]):
                missing.append(index)
                if script.level != "path":
                    raise Diverged(event, script.lines[index])
        return missing

    def lead_to(self, index: int, event: Recorded, line: Line) -> None:
        """Let the event come to pass. Raises Diverged where nothing leads to it."""
        script = self.script
        at = self.x.now if event.at is None else event.at
        strand = waiting_in(self.x, line)
        self.nobody_is_late(event, line)
        if event.type == "ExecutionAborted":
            self.x.step(Stopped(event.details.get("error"), event.details.get("cause")), at)
        elif event.type == "ExecutionTimedOut":
            self.time_is_up(event, at)
        elif event.type == "ExecutionRedriven":
            self.redrive(event, at)
        elif event.type in ("MapRunSucceeded", "MapRunFailed"):
            self.end_run(event, line, at)
        elif event.type in OUTCOMES:
            if strand is not None and strand.why in TASKS:
                if script.level == "path":
                    script.take(index)
                self.answer(event, line, strand, at)
        elif (sleeping := self.sleeping(event, line)) is not None:
            self.fire(event, sleeping)
        elif event.type == "ExecutionFailed" and event.details.get("error") == RUNTIME:
            self.refuse(event, at)

    def is_missing(self, event: Recorded, line: Line) -> bool:
        """Whether an event that has not come to pass should have."""
        script = self.script
        if event.type.endswith("Aborted") and not event.type.startswith("Execution"):
            return False
        if not script.counts(event.type) and event.type not in OUTCOMES:
            return False
        return not line or not script.cut(line) or waiting_in(self.x, line) is not None

    def nobody_is_late(self, event: Recorded, line: Line) -> None:
        """Raises Diverged if something would have timed out before the event."""
        if event.at is None or event.type.endswith("TimedOut"):
            return
        limit = self.x.plan.timeout
        goes_on = self.x.outcome is None and event.type != "ExecutionRedriven"
        if limit is not None and goes_on and self.x.times_out_at(limit) + SLACK < event.at:
            text = f"the execution has timed out after its {limit:g} s (TimeoutSeconds)"
            raise Diverged(event, line, instead=text)
        for strand in self.x.waiting.values():
            if strand.why not in TASKS or strand.until is None or strand.timeout is None:
                continue
            begun = self.script.begun_at.get(line_of(strand))  # on AWS, which may be later than the engine would be
            until = strand.until if begun is None else max(strand.until, begun + strand.timeout)
            if until + SLACK < event.at:
                text = f"'{strand.state.name}' has timed out after its {strand.timeout:g} s (TimeoutSeconds)"
                raise Diverged(event, line_of(strand), instead=text)

    # -- what a task comes to ------------------------------------------------------------------------------------------

    def answer(self, event: Recorded, line: Line, strand: Strand, at: float) -> None:
        """Somebody answers a task, or nobody does in time."""
        how = re.sub("^(Task|LambdaFunction|Activity)", "", event.type)
        if how == "TimedOut":
            self.time_out(event, line, strand, at)
            return
        token, name = strand.token, strand.state.name
        waits = strand.state.resource.waits if strand.state.resource else ""
        stimulus: Stimulus
        if how == "Submitted":
            if strand.why != "task" or not waits:
                raise Diverged(event, line, instead=f"'{name}' is over when its call is answered")
            stimulus = Succeeded(token, self.output(event))
        elif how == "Started":
            stimulus = Taken(token, event.details.get("workerName"))
        elif how == "Succeeded" or _was_too_large(event):
            result = "x" * (self.x.limits.payload_bytes or 0) if how != "Succeeded" else self.output(event)
            if strand.why == "task" and waits and how == "Succeeded":
                raise Diverged(event, line, instead=f"'{name}' waits for more than its call ({waits})")
            stimulus = Succeeded(token, result) if strand.why == "task" else TaskSucceeded(token, result)
        else:
            failed = Failed if strand.why == "task" else TaskFailed
            stimulus = failed(token, event.details.get("error"), event.details.get("cause"))
        self.x.step(stimulus, at)

    def output(self, event: Recorded) -> Json:
        """What a task came to."""
        if "output" not in event.details:
            raise InvalidHistory(
                f"{self.script.recording.source}: event {event.id} ({event.type}) has no `output`, without which nothing "
                "goes on: get the history with --include-execution-data"
            )
        return event.details["output"]

    def time_out(self, event: Recorded, line: Line, strand: Strand, at: float) -> None:
        """Nobody answered within TimeoutSeconds, or was heard of within HeartbeatSeconds."""
        name, until, beat_by = strand.state.name, strand.until, strand.beat_by
        if until is None and beat_by is None:
            raise Diverged(event, line, instead=f"'{name}' waits on: it has no TimeoutSeconds")
        if event.at is None:
            at = min(each for each in (until, beat_by) if each is not None)
        elif beat_by is None and until is not None and until > at + SLACK:
            raise Diverged(event, line, instead=f"'{name}' waits on: its TimeoutSeconds are {strand.timeout:g}")
        if until is not None and (beat_by is None or until <= at + _ROUNDING):
            strand.until = min(until, at)
        elif beat_by is not None:  # heartbeats are not in a history: the last one may have been at any time
            strand.beat_by = min(beat_by, at)
        self.others_are_due(event, strand, at)
        self.x.step(Fired(strand.token), at)

    def others_are_due(self, event: Recorded, strand: Strand, at: float) -> None:
        """Let the tasks time out beside this one that did so in the recording, and no others."""
        late = set()
        for index in range(event.id - 1, len(self.script.recording.events)):
            other = self.script.recording.events[index]
            apart = 0.0 if event.at is None or other.at is None else abs(other.at - event.at)
            if not other.type.endswith("TimedOut") or apart > _ROUNDING:
                break
            late.add(self.script.lines[index])
        for each in self.x.waiting.values():
            if each is strand or each.why not in TASKS:
                continue
            if line_of(each) in late:
                each.until = at if each.beat_by is None else each.until
                each.beat_by = None if each.beat_by is None else min(each.beat_by, at)
            else:
                each.until = None if each.until is None else max(each.until, at + SLACK)
                each.beat_by = None if each.beat_by is None else max(each.beat_by, at + SLACK)

    def refuse(self, event: Recorded, at: float) -> None:
        """States.Runtime out of a task that was on its way: its arguments were not to be used."""
        said = _FROM_STATE.sub("", str(event.details.get("cause") or ""), count=1)
        strand = waiting_in(self.x, self.came_from(event))
        if strand is not None and strand.why == "task":
            self.x.step(Refused(strand.token, said), at)

    # -- time, and people ----------------------------------------------------------------------------------------------

    def came_from(self, event: Recorded) -> Line:
        """The line of the event that this one follows."""
        return self.script.lines[event.previous - 1] if event.previous else ()

    def sleeping(self, event: Recorded, line: Line) -> Strand | None:
        """The strand whose timer leads to the event: to the end of its wait, to its next attempt, or to a broken field."""
        kinds = _WAKES.get(event.type[event.type.rfind("State") :] if "State" in event.type else event.type, ())
        strand = waiting_in(self.x, line) or waiting_in(self.x, self.came_from(event))
        if strand is None or strand.why not in _TIMERS:
            return None
        error = str(event.details.get("error") or "")
        if strand.why in kinds or (error in _BROKEN and event.type in ("ExecutionFailed", "EvaluationFailed")):
            return strand
        return strand if event.type.endswith("Scheduled") and strand.why == "retry" else None

    def fire(self, event: Recorded, strand: Strand) -> None:
        """A wait or the pause before a retry is over."""
        line = line_of(strand)
        due = self.x.now if strand.until is None else strand.until
        at = due if event.at is None else event.at
        began = self.x.history.rows[strand.event - 1][1]
        late = self.script.came_at.get(line, began) - began  # how far AWS was behind before the pause began
        jitter = any(retrier.jitter for retrier in strand.state.retry)
        if not jitter and abs(due - at) > SLACK and abs(due + late - at) > SLACK:
            what = "waits" if strand.why == "wait" else "is retried after"
            self.script.note(line, f"{what} {due - began:g} s, not {at - began:g} s as recorded")
        strand.until = min(due, at)
        self.x.step(Fired(strand.token), at)

    def time_is_up(self, event: Recorded, at: float) -> None:
        """The machine's own TimeoutSeconds."""
        limit = self.x.plan.timeout
        if limit is None:
            raise Diverged(event, (), instead="the execution runs on: the machine has no TimeoutSeconds")
        due = self.x.times_out_at(limit)
        if event.at is not None and due > at + SLACK:
            raise Diverged(event, (), instead=f"the execution runs on: the machine's TimeoutSeconds are {limit:g}")
        self.x.step(Fired(EXECUTION_TOKEN), max(at, due))

    def redrive(self, event: Recorded, at: float) -> None:
        """Somebody redrives the execution."""
        try:
            self.x.step(Redriven(), at)
        except ExecutionNotRedrivable as error:
            raise Diverged(event, (), instead=str(error)) from None

    def end_run(self, event: Recorded, line: Line, at: float) -> None:
        """A Map Run comes to its end, of which the history knows no more."""
        run = self.x.run_in(line)
        if run is None:
            return
        name = run.state.name
        self.script.note(line, f"what the children of '{name}' did is not in the history; their recorded result stands")
        if event.type == "MapRunFailed":
            self.x.fail_run(run, at, event.details.get("error"), event.details.get("cause"))
        else:
            self.x.end_run(run, at, self.explainer.definition(name))


def _was_too_large(event: Recorded) -> bool:
    """Whether a failure stands for a result that was too large: the engine finds that out for itself."""
    cause: Mapping[str, Json] | Json = event.details.get("cause")
    return event.details.get("error") == DATA_LIMIT_EXCEEDED and "returned a result with a size" in str(cause)


__all__ = ["SLACK", "replayed"]
