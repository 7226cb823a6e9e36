"""An execution that keeps to a recording where the engine is free to choose, and takes over what it cannot know.

Knows: the engine's strands. Must never know: what a stimulus is, or how a difference is told.
The engine runs ready strands in the order of the definition; AWS runs them at once, so here the one goes first whose
event was recorded first. What the clock and chance gave (a UUID, the time a state was entered) is taken over from the
recording where the state reads it, so that the rest of the execution works with the recorded value.
Children of a Distributed Map are executions with histories of their own, which are not at hand: a run starts none, and
ends as was recorded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import inf
from typing import Any

from asl_local.engine import Execution, Identity, Limits, failures
from asl_local.engine.execution import Strand
from asl_local.engine.map_runs.run import FAILED, RUNNING, SUCCEEDED, MapRun
from asl_local.language import Scope
from asl_local.lazy import dataclass, replace
from asl_local.plan import Plan, State
from asl_local.plan.plan import Number
from asl_local.reporters.lines import Line
from asl_local.testing.replaying.same import difference
from asl_local.testing.replaying.script import Checked, Script
from asl_local.values import Json, copy


def line_of(strand: Strand) -> Line:
    """The line of control that a strand is, by the names that lines have."""
    steps: list[tuple[str, int | str]] = []
    while strand.parent is not None:
        around = strand.parent.state
        steps.append((around.name, strand.index if around.type == "Map" else strand.block.start.name))
        strand = strand.parent
    return tuple(reversed(steps))


class _InRecordedOrder(deque[Strand]):
    """The ready strands: first the one whose next state was entered first."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script

    def popleft(self) -> Strand:
        """Take the next strand, with the input that was recorded where ours cannot be known."""
        strand = self[0] if len(self) == 1 else min(self, key=lambda each: self._script.turn(line_of(each)))
        self.remove(strand)
        if strand.state.distributed is not None:
            strand.state = _without_children(strand.state)
        parent = strand.parent
        if parent is not None and not strand.entered and self._script.volatile(parent.state.name):
            recorded = self._script.entered(line_of(strand), strand.state.name)
            if recorded is not None:
                strand.raw = _adopted(recorded.details, "input", strand.raw)
        return strand


class Replayed(Execution):
    """An execution under a script. Steps raise Diverged."""

    def __init__(self, plan: Plan, script: Script, *, identity: Identity, limits: Limits | None = None) -> None:
        super().__init__(plan, script.recording.input, identity=identity, limits=limits)
        self.script = script
        self.history = Checked(self.limits.events, script)
        self.ready = _InRecordedOrder(script)
        self.straight = False  # every state is to come past `go`

    def go(
        self, strand: Strand, output: Json, next: str | None, assigned: dict[str, Json] | None = None,
        bound: float = inf,
    ) -> None:  # fmt: skip
        """Leave the state, with what was recorded where ours cannot be known."""
        if self.script.volatile(strand.state.name):
            recorded = self.script.exited(line_of(strand), strand.state.name)
            if recorded is not None:
                output = _adopted(recorded.details, "output", output)
                assigned = _adopted(recorded.details, "assignedVariables", assigned)
                bound = inf
        super().go(strand, output, next, assigned, bound)

    def run_in(self, line: Line) -> MapRun | None:
        """The Map Run that goes on in a line."""
        return next((run for run in self.map_runs if run.status == RUNNING and line_of(run.strand) == line), None)

    def end_run(self, run: MapRun, now: float, definition: Mapping[str, Any]) -> None:
        """The Map Run has succeeded; its result is what the recorded output has in the place of the state's result."""
        strand = run.strand
        self.now = max(self.now, now)
        run.status, run.stopped_at = SUCCEEDED, self.now
        ended = self.history.add("MapRunSucceeded", self.now, run.event)
        self.history.add("MapStateSucceeded", self.now, ended)
        strand.event, strand.run = ended, None
        exited = self.script.exited(line_of(strand), strand.state.name)
        output = {} if exited is None else exited.details.get("output")
        if exited is not None and _is_opaque(definition):
            self.go(strand, copy(output), strand.state.next, copy(exited.details.get("assignedVariables")))
        else:
            self.leave(strand, copy(_at(output, definition.get("ResultPath", "$"))))
        self._run()

    def fail_run(self, run: MapRun, now: float, error: str | None, cause: str | None) -> None:
        """The Map Run has failed."""
        strand = run.strand
        self.now = max(self.now, now)
        run.status, run.error, run.cause, run.stopped_at = FAILED, error, cause, self.now
        strand.event = self.history.add("MapRunFailed", self.now, run.event, error, cause)
        failures.fail(self, strand, failures.Failure(error, cause))
        self._run()


def _adopted(details: Mapping[str, Json], name: str, ours: Json) -> Json:
    """The recorded value in the place of ours, if they are alike but for texts and numbers."""
    if name not in details or difference(details[name], ours) is None:
        return ours
    return copy(details[name]) if difference(details[name], ours, loosely=True) is None else ours


@dataclass(slots=True)
class _Nobody(Number):
    """A MaxConcurrency that lets no child start, after the state's own has been evaluated."""

    def of(self, value: Json, scope: Scope) -> Json:
        Number.of(self, value, scope)
        return -1


def _without_children(state: State) -> State:
    if isinstance(state.concurrency, _Nobody) or state.concurrency is None:
        return state
    return replace(state, concurrency=_Nobody(state.concurrency.constant, state.concurrency.flow))


def _is_opaque(definition: Mapping[str, Any]) -> bool:
    """Whether a state's result cannot be read off its output."""
    return (
        "ResultSelector" in definition
        or definition.get("OutputPath", "$") != "$"
        or "Output" in definition
        or "Assign" in definition
    )


def _at(output: Json, path: str | None) -> Json:
    """The value at a ResultPath; None where there is none."""
    if path is None:
        return None
    for name in path.removeprefix("$").strip(".").split("."):
        if name:
            output = output.get(name) if isinstance(output, dict) else None
    return output


__all__ = ["Replayed", "line_of"]
