"""Executions and their differences in words, for people whose test has just failed.

Knows: results, histories, where a state stands in its file. Must never know: pytest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from asl_local.drivers import Heard
from asl_local.interfaces.pytest_plugin.differences import differences, first_event, shown, ways
from asl_local.interfaces.pytest_plugin.recording import Recorded, Recording
from asl_local.interfaces.result import Result
from asl_local.plan import State
from asl_local.reporters import Event, History
from asl_local.reporters.timeline import Places, Timeline, one_line, reason

_LAST = 10  # lines of the timeline
_DETAILED = 4  # executions
_STEPS = 24  # of a path


def section(recording: Recording) -> str:
    """What a failed test's report says of its executions; "" if there were none."""
    recorded = recording.executions
    told = recorded[-_DETAILED:]
    lines = []
    if len(told) < recording.count:
        lines += [f"the last {len(told)} of {recording.count} executions:", ""]
    for each in told:
        lines += [*execution(each), ""]
    return "\n".join(lines[:-1])


def execution(recorded: Recorded) -> Iterator[str]:
    """One execution: how it ended, where, why, which way it went, and its last events."""
    result, machine = recorded.result, recorded.machine
    if recorded.kind == "explore":
        yield f"{machine.name}: explored"  # thousands of executions, which have a report of their own
        return
    kind = "" if recorded.kind in ("run", "simulate") else f" ({recorded.kind})"
    yield f"{machine.name}{kind}: {result.status} after {result.seconds:.3f} s"
    if isinstance(recorded.ended, BaseException):
        yield f"  it could not go on: {type(recorded.ended).__name__}: {one_line(str(recorded.ended))}"
    if result.place:
        yield f"  in {result.place}{_line(machine, result)}"
    if result.error or result.cause:
        yield f"  {': '.join(part for part in (result.error, reason(result.cause)) if part)}"
    if result.status == "SUCCEEDED":
        yield f"  output: {shown(result.output)}"
    yield f"  path: {route(result, machine)}"
    yield from last_events(result, machine)


def _line(machine: Heard, result: Result) -> str:
    state = failed(machine, result)
    line = machine.source.position(state.pointer, True)[0] if state and machine.source else None
    return f", {_near(machine.source.name)}:{line}" if line is not None and machine.source else ""


def _near(file: str) -> str:
    """A file's name as people here would write it."""
    here = Path.cwd()
    return str(Path(file).relative_to(here)) if Path(file).is_relative_to(here) else file


def failed(machine: Heard, result: Result) -> State | None:
    """The state that the result's place names; None if there is none."""
    found = [(result.place.rfind(f"{state.type} '{state.name}'"), state) for state in machine.plan.states.values()]
    at, state = max(found, key=lambda pair: (pair[0], len(pair[1].name)), default=(-1, None))
    return state if at >= 0 else None


def route(result: Result, machine: Heard) -> str:
    """The path taken, with the item of each Map around a state: `Orders > [0] Charge > [1] Charge`."""
    places = Places(machine.plan)
    steps = [one_line(str(place)) for event, place in _placed(result.history, places) if _entered(event)]
    if len(steps) > _STEPS:
        half = _STEPS // 2
        steps = [*steps[:half], f"... {len(steps) - 2 * half} more ...", *steps[-half:]]
    return " > ".join(steps) or "no state was entered"


def _placed(history: Sequence[Event], places: Places) -> Iterator[tuple[Event, object]]:
    return ((event, places.of(event)) for event in history)


def _entered(event: Event) -> bool:
    return event.type.endswith("StateEntered")


def last_events(result: Result, machine: Heard) -> list[str]:
    """The end of the timeline, indented."""
    timeline = Timeline(machine.plan)
    lines = [line for event in result.history if (line := timeline.line(event)) is not None]
    more = [f"     ... {len(lines) - _LAST} lines before"] if len(lines) > _LAST else []
    return [*more, *(f"  {line}" for line in lines[-_LAST:])]


def unequal(left: Result, right: Result) -> list[str]:
    """How two results differ, one line each; the left one is the expected one in the words for outputs."""
    lines = [
        f"{name}: {one_line(str(mine))} != {one_line(str(other))}"
        for name in ("status", "error", "place")
        if (mine := getattr(left, name)) != (other := getattr(right, name))
    ]
    if left.cause != right.cause:
        lines.append(f"cause: {reason(left.cause) or left.cause} != {reason(right.cause) or right.cause}")
    lines += [f"output at {path}: {words}" for _, path, words in differences(right.output, left.output)]
    parting = ways(right.path, left.path)
    if parting:
        lines.append(f"path: {parting}")
    if left.seconds != right.seconds:
        lines.append(f"seconds: {left.seconds:.3f} != {right.seconds:.3f}")
    if left.identity != right.identity:
        lines.append(f"names: {left.identity.execution_arn} != {right.identity.execution_arn}")
    if len(left.nested) != len(right.nested):
        lines.append(f"executions that it started: {len(left.nested)} != {len(right.nested)}")
    for number, (mine, other) in enumerate(zip(left.nested, right.nested, strict=False)):
        if mine != other:
            lines += [f"execution {number} that it started: {line}" for line in unequal(mine, other)]
    return lines + histories(left.history, right.history)


def histories(left: History, right: History) -> list[str]:
    """The first event that differs, in one line; none if they are the same."""
    found = first_event(left, right)
    if found is None:
        return []
    index, words = found
    return [f"the first event that differs is event {index + 1}: {words}"]


__all__ = ["execution", "failed", "histories", "last_events", "route", "section", "unequal"]
