"""What the tasks of a recorded execution were answered: a history -> mocks, and a MockConfigFile.

Knows: how a task's events follow one another. Must never know: who recorded the history, or how a mock is played.
A mock in Python is told the Map item that it answers for and how long it takes, so that it can answer as was recorded
also where iterations and branches ran side by side. A mock file has one list of replies per state, in the order in which
the tasks were scheduled, and answers at once; `notes` say what it cannot express.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from asl_local.errors import DATA_LIMIT_EXCEEDED, HEARTBEAT_TIMEOUT, TIMEOUT, InvalidHistory
from asl_local.lazy import dataclass, field
from asl_local.reporters.lines import Line, Lines, shown
from asl_local.reporters.map_runs import MapRun
from asl_local.reporters.recorded import Given, Recorded, Recording, read
from asl_local.resources.mocking.answers import After, Answer, Hangs, Returns, Submitted, Throws
from asl_local.resources.mocking.choices import Recorded as RecordedAnswers
from asl_local.testing.counterexamples.calls import Machine
from asl_local.testing.counterexamples.mock_file import MockFile, spans
from asl_local.values import PAYLOAD_LIMIT, Json

TEST_CASE: Final = "Recorded"
MACHINE: Final = "StateMachine"

_TASKS: Final = ("LambdaFunction", "Task", "Activity")
_FAILURES: Final = ("Failed", "StartFailed", "ScheduleFailed", "SubmitFailed")
_ROUNDING: Final = 0.5  # seconds by which a recorded time may be off
_WITH_DATA: Final = "get it with --include-execution-data"


@dataclass(slots=True)
class RecordedCall:
    """One call of a Task, as a history has it.

    `came` is "result", "error", "timeout", or "" where nothing did while anybody waited; `arguments` is None, too,
    where the history does not say. `timeout` is the task's TimeoutSeconds, None if it has none. `seconds` passed from
    its schedule to that, None in a history without times. `submitted` is what the request of a task that waits for more
    was answered with, None if it was not.
    """

    state: str
    line: Line
    at: float | None
    arguments: Json = None
    came: str = ""
    result: Json = None
    error: str | None = None
    cause: str | None = None
    submitted: Json = None
    timeout: float | None = None
    seconds: float | None = None

    @property
    def beat(self) -> bool:
        """Whether it was its heartbeat that was missed, which the history does not say: the timeout was not reached."""
        if self.came != "timeout" or self.timeout is None:
            return self.came == "timeout"
        return self.seconds is not None and self.seconds + _ROUNDING < self.timeout

    @property
    def oversized(self) -> bool:
        """Whether the answer was too large, which wildcards in Retry and Catch match, unlike the same error thrown."""
        return self.came == "error" and self.error == DATA_LIMIT_EXCEEDED

    @property
    def place(self) -> str:
        """Where in the machine: `Orders[1]/Charge`."""
        return shown(self.line, self.state)

    @property
    def indices(self) -> tuple[int, ...]:
        """The indices of the Map items around it, outermost first."""
        return tuple(index for _, index in self.line if isinstance(index, int))


@dataclass(frozen=True, slots=True)
class RecordedMocks:
    """The answers of a recorded execution: `mocks=` itself, or one state's mock, or a mapping to take some of.

    `input`, `status` (RUNNING for a history without an end), `output`, `error` and `cause` are the execution's, as
    DescribeExecution has them; `calls` its tasks' calls in the order in which they were scheduled.
    """

    source: str
    input: Json
    status: str
    output: Json
    error: str | None
    cause: str | None
    calls: tuple[RecordedCall, ...] = field(repr=False)
    lines: Mapping[Line, tuple[str, ...]] = field(repr=False)
    latency: bool = True
    notes: tuple[str, ...] = ()

    def keys(self) -> list[str]:
        """The names of the Tasks that were called."""
        return list(dict.fromkeys(call.state for call in self.calls))

    def __getitem__(self, state: str) -> Answer:
        if state not in self.keys():
            raise KeyError(state)
        return self.for_state(state)

    def for_state(self, state: str) -> Answer:
        """What one state was answered; nothing, if it never was."""
        answers: dict[tuple[int, ...], list[Answer]] = {}
        for call in self.calls:
            if call.state == state:
                answers.setdefault(call.indices, []).append(self._answer(call))
        return RecordedAnswers(self.source, {indices: tuple(each) for indices, each in answers.items()})

    def _answer(self, call: RecordedCall) -> Answer:
        if call.came in ("", "timeout"):
            return Hangs() if call.submitted is None else Submitted(call.submitted, Hangs())
        if call.oversized:
            return Returns("x" * PAYLOAD_LIMIT)  # and two quotation marks
        answer: Answer = Returns(call.result) if call.came == "result" else Throws(call.error, call.cause)
        if self.latency and call.seconds:
            answer = After(call.seconds, answer)
        return answer if call.submitted is None else Submitted(call.submitted, answer)

    def mock_file(self, *, machine: str = MACHINE, test_case: str = TEST_CASE) -> MockFile:
        """The same as a MockConfigFile with one test case; its notes say what it cannot express."""
        replies: dict[str, list[Json]] = {}
        notes = list(self.notes)
        for call in self.calls:
            replies.setdefault(call.state, []).append(_reply(call))
            if not call.came:
                notes.append(f"nobody waited for the answer of {call.place}: its reply is made up")
            if call.oversized:
                notes.append(
                    f"the answer of {call.place} was too large: the file throws {call.error}, which States.ALL does not match"
                )
            if call.beat:
                notes.append(
                    f"{call.place} missed its heartbeat, which ends an execution as {TIMEOUT}: the file throws {HEARTBEAT_TIMEOUT}, "
                    "which Retry and Catch see"
                )
        notes += _overlapping(self.calls)
        names = {state: f"{state} in {test_case}" for state in replies}
        config: dict[str, Json] = {
            "StateMachines": {machine: {"TestCases": {test_case: names}}},
            "MockedResponses": {names[state]: spans(each) for state, each in replies.items()},
        }
        return MockFile(config, test_case, tuple(dict.fromkeys(notes)))


def recorded_mocks(given: Given, *, latency: bool = True, map_runs: Sequence[MapRun] = ()) -> RecordedMocks:
    """The mocks of a history; see `replaying.recorded.Given` for its shapes. Raises InvalidHistory and OSError.

    With `latency` an answer takes as long as it was recorded to. `map_runs` have the children of its Distributed Maps,
    whose tasks are in histories of their own.
    """
    recording = read(given)
    if "input" not in recording.events[0].details:
        raise InvalidHistory(
            f"{recording.source}: the history has no data (ExecutionStarted has no `input`): {_WITH_DATA}"
        )
    walked = _walk(recording)
    calls = [*walked.calls, *_of_children(map_runs, walked.runs, ())]
    end = next((e for e in reversed(recording.events) if e.type.startswith("Execution")), recording.events[0])
    kind = end.type.removeprefix("Execution")
    status = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "TimedOut": "TIMED_OUT", "Aborted": "ABORTED"}.get(
        kind, "RUNNING"
    )
    return RecordedMocks(
        recording.source,
        recording.input,
        status,
        end.details.get("output"),
        None if kind == "TimedOut" else end.details.get("error"),
        None if kind == "TimedOut" else end.details.get("cause"),
        tuple(sorted(calls, key=lambda call: call.at or 0.0)),
        walked.entered,
        latency,
        tuple(_notes(recording, map_runs)),
    )


class _Walked(NamedTuple):
    """A history taken apart: its calls, the states that each line of control entered, and the lines of its Map Runs."""

    calls: list[RecordedCall]
    entered: dict[Line, tuple[str, ...]]
    runs: dict[str, Line]


def _walk(recording: Recording, outer: Line = ()) -> _Walked:
    """`outer` is the line that the whole history stands in."""
    lines, calls = Lines(), []
    out: dict[Line, RecordedCall] = {}
    entered: dict[Line, list[str]] = {}
    runs: dict[str, Line] = {}
    for event in recording.events:
        own = lines.of(event.id, event.type, event.previous, event.details)
        line = (*outer, *own)
        if event.type.endswith("StateEntered"):
            entered.setdefault(line, []).append(event.state or "")
        if event.type == "MapRunStarted":
            runs[str(event.details.get("mapRunArn"))] = line
        kind = next((each for each in _TASKS if event.type.startswith(each)), "")
        what = event.type.removeprefix(kind)
        if kind and what == "Scheduled":
            arguments = event.details.get("input", event.details.get("parameters"))
            timeout = event.details.get("timeoutInSeconds")
            out[line] = RecordedCall(lines.standing(own), line, event.at, arguments, timeout=timeout)
            calls.append(out[line])
        elif kind and line in out:
            _take(recording, out[line], event, what)
            if out[line].came:
                del out[line]
    return _Walked(calls, {line: tuple(names) for line, names in entered.items()}, runs)


def _of_children(map_runs: Iterable[MapRun], lines: Mapping[str, Line], outer: Line) -> Iterable[RecordedCall]:
    """The calls of children of Distributed Maps; `lines` are those in which the runs started."""
    for run in map_runs:
        for child in run.children:
            if len(child.history):
                line = (*lines.get(run.arn, outer), (run.state, child.index))
                walked = _walk(read(child.history), line)
                yield from walked.calls
                yield from _of_children(child.map_runs, walked.runs, line)


def _take(recording: Recording, call: RecordedCall, event: Recorded, what: str) -> None:
    if what == "Submitted":
        call.submitted = event.details.get("output", {})
    elif what == "Succeeded":
        if "output" not in event.details:
            raise InvalidHistory(
                f"{recording.source}: event {event.id}, {event.type}, has no output, or one that was truncated: {_WITH_DATA}"
            )
        call.came, call.result = "result", event.details["output"]
    elif what == "TimedOut":
        call.came, call.error = "timeout", event.details.get("error") or TIMEOUT
        call.cause = event.details.get("cause")
    elif what in _FAILURES:
        call.came, call.error, call.cause = "error", event.details.get("error"), event.details.get("cause")
    if event.at is not None and call.at is not None:
        call.seconds = max(0.0, event.at - call.at)


def _notes(recording: Recording, map_runs: Sequence[MapRun]) -> Iterable[str]:
    kinds = Counter(event.type for event in recording.events)
    left = sum(run.executions["total"] - len(run.children) for run in map_runs)
    if left:
        yield f"children of a Distributed Map that were not kept (Limits.kept_children): {left}; their tasks are not mocked"
    if kinds["MapRunStarted"] and not map_runs:
        yield "the children of a Distributed Map have histories of their own: their tasks are not mocked"
    if kinds["ExecutionRedriven"]:
        yield "the execution was redriven: without a redrive the replies after it are not asked for"


def _reply(call: RecordedCall) -> Json:
    if call.came == "result":
        return {"Return": call.result}
    if not call.came:
        return {"Return": {}}
    error = HEARTBEAT_TIMEOUT if call.beat else call.error
    return {"Throw": {"Error": error or "", "Cause": call.cause or ""}}


def _overlapping(calls: Sequence[RecordedCall]) -> Iterable[str]:
    """Of each state that ran for several items at once: a file's replies go to whoever asks first."""
    for state in dict.fromkeys(call.state for call in calls):
        items = [call for call in calls if call.state == state and call.indices]
        for one, other in pairwise(items):
            differ = _reply(one) != _reply(other)
            together = None in (one.at, one.seconds, other.at) or other.at < one.at + one.seconds  # type: ignore[operator]
            if one.indices != other.indices and together and differ:
                yield (
                    f"{one.place} and {other.place} were called side by side: a mock file counts them together, in the order "
                    "in which they are called"
                )
                break


def compared(machine: Machine, mocks: RecordedMocks, file: MockFile, **options: Any) -> str:
    """What differs if a machine is simulated with the file; "" if every line of control takes the same path to the same
    end.

    `options` are those of `simulate`. Errors' causes are not compared.
    """
    result = machine.simulate(mocks.input, mock_config=file.config, test_case=file.test_case, **options)
    ended = f"{result.status}{f' with {result.error}' if result.error else ''}"
    meant = f"{mocks.status}{f' with {mocks.error}' if mocks.error else ''}"
    lines = _walk(read(result.history)).entered
    for line in dict.fromkeys([*mocks.lines, *lines]):
        was, now = mocks.lines.get(line, ()), lines.get(line, ())
        if was != now:
            where = shown(line, "") or "the top level"
            return f"in {where} it goes {_way(now)} instead of {_way(was)}, and ends {ended} instead of {meant}"
    return "" if ended == meant else f"it ends {ended} instead of {meant}"


def _way(states: Sequence[str]) -> str:
    return " > ".join(states) or "nowhere"


__all__ = ["MACHINE", "TEST_CASE", "RecordedCall", "RecordedMocks", "compared", "recorded_mocks"]
