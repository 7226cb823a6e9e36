"""The history as lines of text: what happened, in which state, to which item of a Map.

Knows: the events and how they follow one another. Must never know: terminals, colours or files.
AWS's events do not say which iteration they belong to; the chain of previousEventIds does, and how many Maps a state
lies in is the plan's to tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from asl_local.lazy import dataclass
from asl_local.plan import Block, Plan
from asl_local.plan.plan import Retrier, matches
from asl_local.reporters.aws import Event
from asl_local.reporters.visits.words import took, whole
from asl_local.values import Json

_CAUSE_SHOWN = 160  # characters

_WORDS = {
    "StateEntered": "entered",
    "StateExited": "left",
    "StateAborted": "aborted",
    "TaskSubmitted": "submitted",
    "ActivityScheduled": "waits for a worker",
    "TimedOut": "timed out",
    "Failed": "failed",
}
_ATTEMPTED = ("LambdaFunction", "Task", "Activity")
# States' own failures are said by what failed inside them, and an execution's start by its first state.
_SILENT = {"ParallelStateFailed", "MapStateFailed", "MapIterationFailed", "ExecutionStarted"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event belongs: the state, and the index of the item in each Map around it, outermost first."""

    state: str
    items: tuple[int, ...]

    def __str__(self) -> str:
        return "".join(f"[{index}] " for index in self.items) + self.state


class Places:
    """Tells the place of each event of one execution; give it all of them, in order."""

    def __init__(self, plan: Plan) -> None:
        self._maps: dict[str, tuple[str, ...]] = {}
        self._distributed: set[str] = set()
        self._known: dict[int, tuple[Place, str]] = {0: (Place("", ()), "")}
        self._measure(plan.top, ())

    def of(self, event: Event) -> Place:
        """The event's place; for a MapIteration event, the Map state with the iteration's index as the last item."""
        before, kind = self._known.get(event.previous_event_id, self._known[0])
        name, index = event.details.get("name"), event.details.get("index")
        if isinstance(name, str):
            items = before.items[: len(self._maps.get(name, ()))]
            place = Place(name, (*items, index) if isinstance(index, int) else items)
        elif event.type in ("MapStateSucceeded", "MapStateFailed"):
            place = self._left(before, kind)
        else:
            place = before
        self._known[event.id] = (place, event.type)
        return place

    def is_distributed(self, state: str) -> bool:
        """Whether the state of that name is a Distributed Map."""
        return state in self._distributed

    def _left(self, before: Place, kind: str) -> Place:
        """The Map whose end follows an event: the state itself, if it never got to an item, else the Map around it."""
        around = self._maps.get(before.state, ())
        if kind.startswith("MapIteration") or kind in ("MapStateEntered", "MapStateStarted") or not around:
            return Place(before.state, before.items[: len(around)])
        return Place(around[-1], before.items[: len(around) - 1])

    def _measure(self, block: Block, maps: tuple[str, ...]) -> None:
        for name, state in block.states.items():
            self._maps[name] = maps
            if state.distributed is not None:
                self._distributed.add(name)
            for inner in state.blocks:
                self._measure(inner, (*maps, name) if state.type == "Map" else maps)


class Timeline:
    """Says each event of one execution in a line, for people who watch it run."""

    def __init__(self, plan: Plan) -> None:
        self._places = Places(plan)
        self._retries = _Retries(plan)
        self._began: float | None = None

    def line(self, event: Event) -> str | None:
        """`   0.132 s  [2] FaceDetection left`; None for events that say nothing new (a task scheduled, started).

        Of an attempt that failed it says which one it was and when it is made again, where the plan has it so.
        """
        place = self._places.of(event)
        if self._began is None:
            self._began = event.at
        said = _said(event)
        retry = self._retries.after(event, place)
        if said is not None and retry is not None:
            said = f"{retry.attempt} {said}, {retry.when}"
        if event.type == "MapStateStarted" and self._places.is_distributed(place.state):
            said = "starts a Map Run"  # its items have not been read yet, and the event's length is 0
        if said is None:
            return None
        words = said if event.type.startswith("Execution") else f"{place} {said}"
        return f"{event.at - self._began:8.3f} s  {one_line(words)}"


class _Retry(NamedTuple):
    attempt: str  # "attempt 1 of 4"
    when: str  # "again in 2 s"


class _Retries:
    """Which attempts are followed by another one: no event says it, but the state's retriers do.

    Of a Parallel or Map there is no event for an attempt that failed.
    """

    def __init__(self, plan: Plan) -> None:
        self._retriers: dict[str, tuple[Retrier, ...]] = {}
        self._used: dict[Place, dict[int, int]] = {}  # how often each retrier was used, by its number
        self._learn(plan.top)

    def after(self, event: Event, place: Place) -> _Retry | None:
        """What follows this event: None where it is no attempt that failed, or where none follows."""
        if event.type.endswith("StateEntered"):
            self._used.pop(place, None)
        elif event.type == "ExecutionRedriven":
            self._used.clear()
        elif event.type.startswith(_ATTEMPTED) and event.type.endswith(("Failed", "TimedOut")):
            return self._next(place, str(event.details.get("error") or ""))
        return None

    def _next(self, place: Place, error: str) -> _Retry | None:
        for number, retrier in enumerate(self._retriers.get(place.state, ())):
            if not matches(retrier.errors, error, task_result=True):
                continue
            used = self._used.setdefault(place, {})
            before = used.get(number, 0)
            if before >= retrier.attempts:
                return None
            tried = sum(used.values()) + 1
            used[number] = before + 1
            most = tried + retrier.attempts - before
            delay = retrier.delay(before)
            told = whole(int(delay)) if delay == int(delay) else took(delay)
            return _Retry(f"attempt {tried} of {most}", f"again {'within' if retrier.jitter else 'in'} {told}")
        return None

    def _learn(self, block: Block) -> None:
        for name, state in block.states.items():
            if state.type == "Task":
                self._retriers[name] = tuple(state.retry)
            for inner in state.blocks:
                self._learn(inner)


def is_failure(event: Event) -> bool:
    """Whether something went wrong with this event."""
    return event.type.endswith(("Failed", "TimedOut", "Aborted"))


def _said(event: Event) -> str | None:
    kind = event.type
    if kind in _SILENT:
        return None
    if kind == "MapStateStarted":
        return f"has {_items(event.details.get('length'))}"
    if kind.startswith("Execution"):
        return f"execution {kind.removeprefix('Execution').lower().replace('timedout', 'timed out')}{_why(event)}"
    for ending, words in _WORDS.items():
        if kind.endswith(ending):
            return f"{words}{_why(event)}"
    return None


def _why(event: Event) -> str:
    error, cause = event.details.get("error"), event.details.get("cause")
    parts = [part for part in (error, reason(cause)) if part]
    return f": {': '.join(parts)}" if parts else ""


def reason(cause: Json) -> str:
    """What a Cause says in a few words: a Lambda function's errorMessage, or the text itself, cut where it is long."""
    if not isinstance(cause, str):
        return ""
    try:
        told = json.loads(cause)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict) and isinstance(told.get("errorMessage"), str):
        cause = told["errorMessage"]
    cause = " ".join(cause.split())
    return cause if len(cause) <= _CAUSE_SHOWN else f"{cause[: _CAUSE_SHOWN - 1]}…"


def one_line(text: str) -> str:
    """Without line breaks and control characters, which a state's name may hold and a terminal would obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def table(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Events in AWS's shape as a table: id, the event before, seconds since the first one, type, and what it is about.

    `timestamp` may be a datetime or the text that `datetime.isoformat` makes of it.
    """
    rows = [("ID", "PREV", "SECONDS", "TYPE", "ABOUT")]
    began: datetime | None = None
    events = list(events)
    # The length of a Distributed Map is 0 in the event that precedes its Map Run: nothing has been read by then.
    distributed = {event["previousEventId"] for event in events if event["type"] == "MapRunStarted"}
    for event in events:
        at = event["timestamp"]
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        began = began or moment
        seconds = f"{(moment - began).total_seconds():.3f}"
        rows.append(
            (
                str(event["id"]),
                str(event["previousEventId"]),
                seconds,
                event["type"],
                "" if event["id"] in distributed else _about(event),
            )
        )
    if len(rows) == 1:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"{a:>{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d:<{widths[3]}}  {e}".rstrip()
        for a, b, c, d, e in rows
    ]


def _items(count: Json) -> str:
    return f"{count} item{'' if count == 1 else 's'}"


def _about(event: Mapping[str, Any]) -> str:
    details: dict[str, Any] = next((v for k, v in event.items() if k.endswith("EventDetails")), {})
    parts = [str(details["name"])] if "name" in details else []
    if "index" in details:
        parts.append(f"item {details['index']}")
    if "length" in details:
        parts.append(_items(details["length"]))
    if "mapRunArn" in details:
        parts.append(str(details["mapRunArn"]))
    if "resource" in details:
        kind = details.get("resourceType")
        parts.append(f"{kind}:{details['resource']}" if kind else str(details["resource"]))
    why = [part for part in (details.get("error"), reason(details.get("cause"))) if part]
    if why:
        parts.append(": ".join(why))
    return one_line(", ".join(parts))


__all__ = ["Place", "Places", "Timeline", "is_failure", "one_line", "reason", "table"]
