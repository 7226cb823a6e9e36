"""A run as compact JSON: what the report's page holds, and decodes line by line when somebody looks at it.

Knows: how to write many events in few bytes. Must never know: HTML, or how the page shows things (page/data.js reads this).
Every distinct value is in one table, as JSON text: numbers stay as they are written, however many digits they have. A
long object or list is pieces of text around the numbers of its long members, so that what travels from state to state
is held once. Everything that there are many of is a column of whole numbers for all runs together, the execution's own
and those of its children; times are microseconds, told from an event's wherever they follow from it.
"""

from __future__ import annotations

import hashlib
import operator
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from math import inf
from typing import Any, Final, TypeAlias

from asl_local.engine.history import EVENTS
from asl_local.reporters.aws import Event, History
from asl_local.reporters.visits.model import Attempt, Child, Iteration, Run, Visit
from asl_local.values import Json, encoder

FORMAT: Final = 1
VALUES_BYTES: Final = 12_000_000
"""What all values together may take in the file, before long ones are cut."""

_CUTS: Final = (
    1_000_000,
    300_000,
    100_000,
    30_000,
    10_000,
    3_000,
    1_000,
    300,
)  # bytes; the first that is enough is taken
_SHARED: Final = 120  # characters: a longer member of a long value is an entry of its own
_WHOLE: Final = 360  # characters: a value up to this length is never taken apart
_DEEP: Final = 60  # levels that are taken apart; the walk recurses
_ESCAPED: Final = re.compile("[<\u2028\u2029\ud800-\udfff]")

Entry: TypeAlias = "str | list[str | int]"

_text = encoder(allow_nan=True)  # a recorded history may have what is no JSON number


def document(run: Run, *, values_bytes: int = VALUES_BYTES) -> dict[str, Any]:
    """The run and all its children as JSON for the page; equal runs give equal documents.

    Where all values together take more than `values_bytes`, the longest are cut, down to 300 bytes each; each such value
    says so where it is shown, and `cut` tells how many there are.
    """
    writer = _Writer(run)
    writer.add(run)
    return writer.written(values_bytes)


def embedded(document: Mapping[str, Any]) -> str:
    """The document as JSON text that can stand in a `<script type="application/json">` and be encoded as UTF-8.

    Nothing in it can end the element or open a comment: every `<` is escaped, and so are lone surrogates.
    """
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", _text(document))


class _Values:
    """The table of values: each JSON text once, in the order in which they are first seen."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._known: dict[str | bytes, int] = {}
        self._strings: dict[str, int] = {}
        self._seen: dict[int, int] = {}
        self._alive: list[Json] = []  # what `_seen` knows: what is alive shares its id with nothing

    def of(self, value: Json, depth: int = 0) -> int:
        """The number of a value's text in the table."""
        if type(value) is str:  # most are names, asked for again and again
            number = self._strings.get(value)
            if number is None:
                number = self._strings[value] = self._number(_text(value), value, depth)
            return number
        if type(value) is not dict and type(value) is not list:
            return self._number(_text(value), value, depth)
        seen = self._seen.get(id(value))
        if seen is None:
            seen = self._seen[id(value)] = self._number(_text(value), value, depth)
            self._alive.append(value)
        return seen

    def maybe(self, value: Json) -> int | None:
        """The same, None where there is no value."""
        return None if value is None else self.of(value)

    def _number(self, text: str, value: Json, depth: int) -> int:
        key = text if len(text) < _WHOLE else hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(key)
        if known is None:
            taken_apart = len(text) > _WHOLE and depth < _DEEP and isinstance(value, (dict, list))
            entry = self._pieces(value, depth) if taken_apart else text
            known = self._known[key] = len(self.entries)
            self.entries.append(entry)
        return known

    def _pieces(self, value: dict[str, Json] | list[Json], depth: int) -> Entry:
        """Text, the number of a member, text, ...; the pieces with the members' texts in between are the value's text."""
        is_object = isinstance(value, dict)
        members: Iterable[tuple[str, Json]] = (
            ((_text(name) + ":", member) for name, member in value.items()) if isinstance(value, dict)
            else (("", member) for member in value)
        )  # fmt: skip
        pieces: list[str | int] = []
        written = ["{" if is_object else "["]
        between = ""
        for name, member in members:
            written += (between, name)
            between = ","
            text = _text(member)
            if len(text) <= _SHARED:
                written.append(text)
            else:
                pieces += ("".join(written), self._number(text, member, depth + 1))
                written = []
        pieces.append("".join((*written, "}" if is_object else "]")))
        return pieces if len(pieces) > 1 else str(pieces[0])

    def written(self, most: int) -> tuple[list[Any], dict[str, int] | None]:
        """The entries for the file, the longest cut if all take more than `most` bytes; and what was cut."""
        sizes = [_bytes(_text(entry)) for entry in self.entries]
        if sum(sizes) <= most:
            return list(self.entries), None
        longest = next((cut for cut in _CUTS if sum(min(size, cut) for size in sizes) <= most), _CUTS[-1])
        entries = [
            self._cut(number, longest) if size > longest else self.entries[number] for number, size in enumerate(sizes)
        ]
        return entries, {"values": sum(size > longest for size in sizes), "bytes": longest}

    def _cut(self, number: int, longest: int) -> dict[str, Any]:
        """The beginning of a value's text, and how many bytes all of it has."""
        begun: list[str] = []
        size = length = 0
        for piece in self._flat(number):
            if length < longest:
                begun.append(piece[: longest - length])
                length += len(begun[-1])
            size += _bytes(piece)
        return {"cut": "".join(begun), "bytes": size}

    def _flat(self, number: int) -> Iterator[str]:
        entry = self.entries[number]
        for piece in (entry,) if isinstance(entry, str) else entry:
            if isinstance(piece, int):
                yield from self._flat(piece)
            else:
                yield piece


class _Writer:
    """Collects the columns of a run and its children."""

    def __init__(self, top: Run) -> None:
        first = top.events[0].at if top.events else top.started
        self._zero = int(first or 0)
        # A history that was recorded without times is read as if all of it had happened at 0.
        self._timeless = top.started is None and bool(top.events) and all(event.at == 0 for event in top.events)
        self._values = _Values()
        self._shapes: dict[tuple[str, tuple[str, ...]], int] = {}
        self._places: dict[tuple[str, str, str, str], int] = {}
        self._definitions: dict[str, int] = {}
        self._definition_seen: dict[int, int] = {}
        self._groups: dict[str, list[list[int | None]]] = {
            group: [[] for _ in names] for group, names in _COLUMNS.items()
        }
        self._last: tuple[float, int] = (self._zero, 0)
        self._map_runs: list[list[Any]] = []
        self._notes: list[list[Any]] = []
        self._runs = 0

    def add(self, run: Run, parent: int | None = None, child: Child | None = None) -> None:
        """A run, and those that it started; parents come before their children."""
        number = self._runs
        self._runs += 1
        values, last = self._values, run.events[-1].id if run.events else 0
        self._put(
            "runs", parent, *(child.visit, child.index, child.round) if child else (None, None, 0), len(run.events), len(run.visits),
            *(values.of(word) for word in (run.name, run.status, run.machine, run.arn, run.machine_arn, run.type, run.place)),
            self._moment(run.started), self._moment(run.stopped),
            self._told(run.input, run, 1, ("input",)), self._told(run.output, run, last, ("output",)),
            values.maybe(run.error), values.maybe(run.cause), int(run.virtual), self._definition(run.definition),
        )  # fmt: skip
        times = self._events(run)
        for visit in run.visits:
            self._visit(visit, run, times)
        self._notes += [[number, note] for note in run.notes]
        self._map_runs += [[number, at, dict(counts)] for at, counts in run.map_runs.items()]
        for each in run.children:
            self.add(each.run, number, each)

    def _events(self, run: Run) -> list[int | None]:
        """Writes the events; returns their times."""
        times: list[int | None] = []
        visits: Sequence[int] = run.visit_of
        events = run.events.shared() if isinstance(run.events, History) else run.events
        of, shapes, moment = self._values.of, self._shapes, self._moment
        skipped, shape, moments, back, visit = self._groups["events"]
        (values,) = self._groups["details"]
        for number, event in enumerate(events):
            details = event.details
            at = moment(event.at)
            times.append(at)
            skipped.append(event.id - number - 1)
            shape.append(shapes.setdefault((event.type, tuple(details)), len(shapes)))
            moments.append(at)
            back.append(event.id - event.previous_event_id)
            visit.append(visits[number] if number < len(visits) else -1)
            for value in details.values():
                values.append(of(value))
        return times

    def _visit(self, visit: Visit, run: Run, times: Sequence[int | None]) -> None:
        values = self._values
        place = (visit.state, visit.type, visit.pointer, visit.edge)
        entered = self._moment(visit.entered)
        self._put(
            "visits",
            self._places.setdefault(place, len(self._places)), visit.first, visit.last,
            visit.parent, visit.slot, visit.round,
            _since(entered, _time(times, visit.first)), _since(self._moment(visit.left), _time(times, visit.last)),
            values.of(visit.outcome), values.maybe(visit.error), values.maybe(visit.cause),
            self._told(visit.input, run, visit.first, ("input",)), self._told(visit.output, run, visit.last, ("output",)),
            len(visit.assigned), len(visit.attempts), len(visit.iterations),
        )  # fmt: skip
        for name, value in visit.assigned.items():
            self._put("assigned", values.of(name), values.of(value))
        for attempt in visit.attempts:
            self._attempt(attempt, run, times)
        for iteration in visit.iterations:
            self._iteration(iteration, entered)

    def _attempt(self, attempt: Attempt, run: Run, times: Sequence[int | None]) -> None:
        values = self._values
        scheduled = self._moment(attempt.scheduled)
        self._put(
            "attempts",
            attempt.number, attempt.first, attempt.last,
            _since(scheduled, _time(times, attempt.first)), _since(self._moment(attempt.started), scheduled or 0),
            _since(self._moment(attempt.ended), _time(times, attempt.last)),
            _since(self._moment(attempt.retry_at), scheduled or 0),
            values.of(attempt.outcome), values.maybe(attempt.error), values.maybe(attempt.cause), values.of(attempt.resource),
            self._told(attempt.input, run, attempt.first, ("input", "parameters")),
            self._told(attempt.output, run, attempt.last, ("output",)),
        )  # fmt: skip

    def _iteration(self, iteration: Iteration, entered: int | None) -> None:
        started = self._moment(iteration.started)
        ended = _since(self._moment(iteration.ended), started or 0)
        outcome = self._values.of(iteration.outcome)
        attempt = iteration.round
        self._put("iterations", iteration.index, attempt, _since(started, entered or 0), ended, outcome)

    def _told(self, value: Json, run: Run, id: int, names: Sequence[str]) -> int | None:
        """A value; null is one only where the event has it."""
        if value is None:
            event = _event_of(run.events, id)
            if event is None or not any(name in event.details for name in names):
                return None
        return self._values.of(value)

    def _definition(self, definition: Mapping[str, Json] | None) -> int | None:
        """Definitions are never cut: the page draws graphs from them. Children share their parent's object."""
        if definition is None:
            return None
        if id(definition) not in self._definition_seen:
            number = self._definitions.setdefault(_text(definition), len(self._definitions))
            self._definition_seen[id(definition)] = number
        return self._definition_seen[id(definition)]

    def _moment(self, at: float | None) -> int | None:
        if at is None:
            return None
        if at != self._last[0]:  # many events have the time of the one before
            self._last = (at, round((at - self._zero) * 1_000_000))
        return self._last[1]

    def _put(self, group: str, *numbers: int | None) -> None:
        for column, number in zip(self._groups[group], numbers, strict=True):
            column.append(number)

    def written(self, values_bytes: int) -> dict[str, Any]:
        """The document."""
        entries, cut = self._values.written(values_bytes)
        return {
            "format": FORMAT,
            "zero": self._zero,
            "timeless": self._timeless,
            "values": entries,
            "cut": cut,
            "definitions": list(self._definitions),
            "shapes": [[kind, EVENTS.get(kind, (None,))[0], list(names)] for kind, names in self._shapes],
            "places": [list(place) for place in self._places],
            "mapRuns": self._map_runs,
            "notes": self._notes,
            **{
                group: dict(zip(_COLUMNS[group], map(_column, columns), strict=True))
                for group, columns in self._groups.items()
            },
        }


_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "runs": (
        "parent", "visit", "index", "round", "events", "visits", "name", "status", "machine", "arn", "machineArn", "type", "place",
        "started", "stopped", "input", "output", "error", "cause", "virtual", "definition",
    ),
    "events": ("skipped", "shape", "at", "back", "visit"),
    "details": ("value",),
    "visits": (
        "place", "first", "last", "parent", "slot", "round", "entered", "left", "outcome", "error", "cause", "input",
        "output", "assigned", "attempts", "iterations",
    ),
    "assigned": ("name", "value"),
    "attempts": (
        "number", "first", "last", "scheduled", "started", "ended", "retryAt", "outcome", "error", "cause", "resource",
        "input", "output",
    ),
    "iterations": ("index", "round", "started", "ended", "outcome"),
}  # fmt: skip
"""The columns. Counts of events, visits, assigned, attempts and iterations say whose the next ones are. An event's id
is its place from 1 and `skipped`, how many a history that is cut lacks before it. Texts are numbers in the table of
values, times microseconds: an event's since `zero`, a visit's since those of its events `first` and `last`, an
attempt's start and retry since it was scheduled, an iteration's start since its Map was entered."""


def _column(numbers: list[int | None]) -> dict[str, list[int | None]]:
    """A column as `list`, as `runs` (value, how often, ...), as `steps` from one number to the next, or as
    runs of steps.
    """
    steps = _steps(numbers)
    short = {"runs": _runs(numbers), "stepRuns": _runs(steps)}
    lengths = {form: _length(written) for form, written in short.items() if written is not None}
    if min(lengths.values(), default=inf) > 2 * len(numbers):  # else it is shorter than any list of so many numbers
        lengths = {"list": _length(numbers), **lengths, "steps": _length(steps)}
    name = min(lengths, key=lambda form: (lengths[form], _FORMS.index(form)))
    return {name: {"list": numbers, "steps": steps}.get(name) or short.get(name) or []}


_FORMS: Final = ("list", "runs", "steps", "stepRuns")


def _length(numbers: list[int | None]) -> int:
    """How long the numbers' JSON text is: Python writes them alike, but for the blanks, and None is as long as null."""
    return len(repr(numbers)) - max(0, len(numbers) - 1)


def _steps(numbers: list[int | None]) -> list[int | None]:
    if None not in numbers:
        return list(map(operator.sub, numbers, (0, *numbers)))
    steps: list[int | None] = []
    last = 0
    for number in numbers:
        steps.append(None if number is None else number - last)
        last = last if number is None else number
    return steps


def _runs(numbers: list[int | None]) -> list[int | None] | None:
    """Each number and how often it stands there in a row; None where that would be longer than the numbers."""
    changes = sum(map(operator.ne, numbers, islice(numbers, 1, None)))
    if 2 * changes + 2 > len(numbers):
        return None
    return [part for number, alike in groupby(numbers) for part in (number, len(list(alike)))]


def _time(times: Sequence[int | None], id: int) -> int:
    """The time of the event with this id; 0 where there is none, or it has no time."""
    return (times[id - 1] or 0) if 0 < id <= len(times) else 0


def _event_of(events: Sequence[Event], id: int) -> Event | None:
    """The event with this id: it stands in its place, but in a history that has holes."""
    if 0 < id <= len(events) and (event := events[id - 1]).id == id:
        return event
    at = bisect_left(events, id, key=lambda each: each.id)
    return events[at] if at < len(events) and events[at].id == id else None


def _since(moment: int | None, other: int) -> int | None:
    return None if moment is None else moment - other


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


__all__ = ["FORMAT", "VALUES_BYTES", "document", "embedded"]
