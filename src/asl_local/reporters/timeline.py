"""The history as lines of text: what happened, in which state, to which item of a Map.

Knows: the events and how they follow one another. Must never know: terminals, colours or files.
AWS's events do not say which iteration they belong to; the chain of previousEventIds does, and how many Maps a state
lies in is the plan's to tell.
"""

from __future__ import annotations

import json

from asl_local.lazy import TYPE_CHECKING, dataclass, later

if TYPE_CHECKING:
    from asl_local.plan import Block, Plan
    from asl_local.reporters import retried
    from asl_local.reporters.aws import Event
    from asl_local.values import Json
else:
    later(globals(), "asl_local.reporters.retried")

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
        self._retries = retried.Retries(plan) if _retries(plan.top) else None
        self._began: float | None = None

    def line(self, event: Event) -> str | None:
        """`   0.132 s  [2] FaceDetection left`; None for events that say nothing new (a task scheduled, started).

        Of an attempt that failed it says which one it was and when it is made again, where the plan has it so.
        """
        place = self._places.of(event)
        if self._began is None:
            self._began = event.at
        said = _said(event)
        retry = None if self._retries is None else self._retries.after(event, place)
        if said is not None and retry is not None:
            said = f"{retry.attempt} {said}, {retry.when}"
        if event.type == "MapStateStarted" and self._places.is_distributed(place.state):
            said = "starts a Map Run"  # its items have not been read yet, and the event's length is 0
        if said is None:
            return None
        words = said if event.type.startswith("Execution") else f"{place} {said}"
        return f"{event.at - self._began:8.3f} s  {one_line(words)}"


def _retries(block: Block) -> bool:
    """Whether a Task in it is ever tried again."""
    return any(
        (state.type == "Task" and bool(state.retry)) or any(map(_retries, state.blocks))
        for state in block.states.values()
    )


def is_failure(event: Event) -> bool:
    """Whether something went wrong with this event."""
    return event.type.endswith(("Failed", "TimedOut", "Aborted"))


def _said(event: Event) -> str | None:
    kind = event.type
    if kind in _SILENT:
        return None
    if kind == "MapStateStarted":
        return f"has {items(event.details.get('length'))}"
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


def items(count: Json) -> str:
    """`3 items`"""
    return f"{count} item{'' if count == 1 else 's'}"


__all__ = ["Place", "Places", "Timeline", "is_failure", "items", "one_line", "reason"]
