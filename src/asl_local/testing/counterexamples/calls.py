"""What happened in a run, task by task: a history -> the calls that were made, and what came of each.

Knows: how events of a history follow one another. Must never know: who answered, or what the calls are wanted for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from asl_local.engine import Identity
from asl_local.lazy import dataclass, field
from asl_local.plan import Plan
from asl_local.reporters import Event, History
from asl_local.reporters.map_runs import ChildExecution, MapRun
from asl_local.values import Json, text_of


class Ran(Protocol):
    """How a run ended; `asl_local.Result` is one."""

    @property
    def status(self) -> str:
        """SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    @property
    def output(self) -> Json:
        """A JSON value, None unless it SUCCEEDED."""

    @property
    def error(self) -> str | None:
        """The error's name."""

    @property
    def cause(self) -> str | None:
        """The error's cause."""

    @property
    def history(self) -> History:
        """The events."""

    @property
    def identity(self) -> Identity:
        """The names that the execution went by."""

    @property
    def map_runs(self) -> tuple[MapRun, ...]:
        """The Map Runs, with their children."""


class Machine(Protocol):
    """A state machine; `asl_local.Machine` is one."""

    name: str
    type: str
    definition: Json
    plan: Plan

    @property
    def simulate(self) -> Callable[..., Any]:
        """Runs it on a virtual clock."""


_EVENT_ID: Final = re.compile(r"(?<=event id #)\d+")
_ANSWERED: Final = ("Succeeded", "Failed", "TimedOut", "StartFailed", "ScheduleFailed", "SubmitFailed")
_TASKS: Final = ("LambdaFunction", "Task", "Activity")
_TIMEOUT: Final = "States.Timeout"


@dataclass(slots=True)
class Visit:
    """One stay in a state: `entered` is the id of the event, `place` such as `Orders[1]/Charge`, `input` the state's."""

    state: str
    place: str
    entered: int
    at: float
    input: Json
    calls: list[Made] = field(default_factory=list)


@dataclass(slots=True)
class Made:
    """One call of a Task: the `attempt` counts from 0 in this stay, times are epoch seconds.

    `came` is "result", "error" or "" (nothing did while anybody waited). `error` and `cause` are as the history has
    them; a timeout's are States.Timeout and "".
    """

    visit: Visit
    attempt: int
    scheduled: int
    at: float
    arguments: Json
    came: str = ""
    result: Json = None
    error: str = ""
    cause: str = ""
    until: float | None = None

    @property
    def state(self) -> str:
        """The state's name."""
        return self.visit.state

    @property
    def place(self) -> str:
        """Where in the machine: `Orders[1]/Charge`."""
        return self.visit.place


class Chains:
    """A history that can be walked back along what follows what."""

    def __init__(
        self, history: Sequence[Event], definition: dict[str, Any], indices: Mapping[str, int] | None = None
    ) -> None:
        """`indices` say which items of the Distributed Maps around it a child execution has."""
        self._outer = dict(indices or {})
        self.events = list(history)
        self._within, self._plain_maps = _shape(definition)
        self.visits: list[Visit] = []
        self.calls: list[Made] = []
        self._stay: dict[int, Visit | None] = {0: None}
        self._call: dict[int, Made | None] = {0: None}
        for event in self.events:
            self._take(event)

    def back(self, event: int) -> Iterator[Event]:
        """The events that led to one, itself first."""
        while event:
            each = self.events[event - 1]
            yield each
            event = each.previous_event_id

    def visit(self, event: int) -> Visit | None:
        """The stay in a state that an event belongs to; None before the first state."""
        return self._stay[event]

    def variables(self, visit: Visit) -> dict[str, Json]:
        """The variables that could be read in a state when it was entered, by name."""
        found: dict[str, Json] = {}
        inside = ""  # a Parallel or Map that is over: what was assigned in it is gone
        for event in self.back(self.events[visit.entered - 1].previous_event_id):
            if event.type.endswith("StateExited"):
                if not inside:
                    for name, value in (event.details.get("assignedVariables") or {}).items():
                        found.setdefault(name, value)
                    inside = (event.state or "") if event.type.startswith(("Parallel", "Map")) else ""
            elif inside and event.type.endswith("StateEntered") and event.state == inside:
                inside = ""
        return found

    def item(self, visit: Visit) -> dict[str, Json]:
        """What is known of the item of the innermost Map around a stay: `Index`, and `Value` if its iteration got that."""
        first: Json = None
        for event in self.back(visit.entered):
            if event.type.endswith("StateEntered"):
                first = event.details.get("input")
            elif event.type == "MapIterationStarted":
                name = event.details["name"]
                if f"{name}[{event.details['index']}]/" in visit.place:
                    value = {"Value": first} if name in self._plain_maps else {}
                    return {"Index": event.details["index"], **value}
        return {}

    def _take(self, event: Event) -> None:
        visit, call = self._stay.get(event.previous_event_id), self._call.get(event.previous_event_id)
        kind = next((each for each in _TASKS if event.type.startswith(each)), "")
        what = event.type.removeprefix(kind)
        if event.type.endswith("StateEntered"):
            visit = Visit(event.state or "", self._place(event), event.id, event.at, event.details.get("input"))
            self.visits.append(visit)
            call = None
        elif kind and what == "Scheduled" and visit is not None:
            arguments = event.details.get("input", event.details.get("parameters"))
            call = Made(visit, len(visit.calls), event.id, event.at, arguments)
            visit.calls.append(call)
            self.calls.append(call)
        elif kind and what in _ANSWERED and call is not None:
            call.until = event.at
            if what == "Succeeded":
                call.came, call.result = "result", event.details.get("output")
            else:
                call.came = "error"
                call.error = event.details.get("error") or (_TIMEOUT if what == "TimedOut" else "")
                call.cause = event.details.get("cause") or ""
        self._stay[event.id], self._call[event.id] = visit, call

    def _place(self, event: Event) -> str:
        indices: dict[str, int] = {}
        for each in self.back(event.previous_event_id):
            if each.type == "MapIterationStarted":
                indices.setdefault(each.details["name"], each.details["index"])
        within = self._within.get(event.state or "", [])
        return "/".join(
            [*(f"{name}[{(self._outer | indices).get(name, index)}]" for name, index in within), event.state or ""]
        )


def _shape(definition: dict[str, Any]) -> tuple[dict[str, list[tuple[str, int]]], set[str]]:
    """The states by name, each with the Parallels and Maps around it; and the Maps whose iterations get the item itself."""
    found: dict[str, list[tuple[str, int]]] = {}
    plain: set[str] = set()
    waiting: list[tuple[Any, list[tuple[str, int]]]] = [(definition, [])]
    for block, within in waiting:
        for name, state in block["States"].items():
            found[name] = within
            waiting += [(branch, [*within, (name, number)]) for number, branch in enumerate(state.get("Branches", ()))]
            waiting += [(state[each], [*within, (name, 0)]) for each in ("ItemProcessor", "Iterator") if each in state]
            if state["Type"] == "Map" and not {"ItemSelector", "Parameters", "ItemBatcher"} & state.keys():
                plain.add(name)
    return found, plain


def calls_of(result: Ran | ChildExecution, definition: Json, indices: Mapping[str, int] | None = None) -> list[Made]:
    """The calls of a run, those of a Distributed Map's children among them, in the order in which they were made."""
    outer = dict(indices or {})
    calls = list(Chains(result.history, definition, outer).calls)
    for run in result.map_runs:
        for child in run.children:
            calls += calls_of(child, definition, {**outer, run.state: child.index})
    return sorted(calls, key=lambda call: call.at)


def alike(one: Ran, other: Ran) -> bool:
    """Whether two runs ended alike. Causes are left out, and the ids of events in outputs, which depend on the order."""
    return _end(one) == _end(other)


def _end(result: Ran) -> tuple[str, str, str | None]:
    return result.status, _EVENT_ID.sub("", text_of(result.output)), result.error


def told(result: Ran) -> str:
    """How a run ended, in a few words."""
    if result.status == "SUCCEEDED":
        text = text_of(result.output)
        return f"SUCCEEDED with {text if len(text) <= 120 else text[:117] + '...'}"
    return result.status + (f" with {result.error}" if result.error else "")
