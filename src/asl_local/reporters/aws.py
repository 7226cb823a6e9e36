"""The history as people and AWS's API read it: events with names, and GetExecutionHistory's shapes.

Knows: AWS's spelling (botocore service model, "states", GetExecutionHistory). Must never know: why an event happened.
Shapes are made when somebody reads; the log itself holds bare tuples.
"""

from __future__ import annotations

from _thread import allocate_lock as _lock  # threading's Lock, without what that imports
from collections.abc import Sequence
from itertools import islice

from asl_local.engine.history import EVENTS, Row
from asl_local.engine.history import History as Log
from asl_local.lazy import TYPE_CHECKING, dataclass, hinted, later
from asl_local.values import LATEST, Json, copy, text_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, overload
else:
    later(globals(), dt="datetime")

_TEXTS = {"input": "inputDetails", "output": "outputDetails"}
_WRITTEN = frozenset({*_TEXTS, "parameters"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `at` is in epoch seconds; `details` has AWS's names and parsed JSON values."""

    id: int
    type: str
    at: float
    previous_event_id: int
    details: dict[str, Json]

    @property
    def timestamp(self) -> dt.datetime:
        """When it happened, UTC."""
        return dt.datetime.fromtimestamp(min(self.at, LATEST), dt.UTC)

    @property
    def state(self) -> str | None:
        """The state's name, for StateEntered, StateExited and MapIteration events."""
        name = self.details.get("name")
        return name if isinstance(name, str) else None

    def to_aws(self) -> dict[str, Any]:
        """The event as GetExecutionHistory gives it through boto3: inputs and outputs as JSON text."""
        shape: dict[str, Any] = {
            "timestamp": self.timestamp,
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous_event_id,
        }
        member = EVENTS[self.type][0] if self.type in EVENTS else f"{self.type[:1].lower()}{self.type[1:]}EventDetails"
        if member is not None:
            shape[member] = _spelt(self.details, text_of)
        return shape


def _spelt(details: Mapping[str, Json], text: Callable[[Json], str]) -> dict[str, Any]:
    """Details as AWS spells them; `text` writes JSON."""
    spelt: dict[str, Any] = {}
    for name, value in details.items():
        if name in _WRITTEN:
            spelt[name] = text(value)
            if name in _TEXTS:
                spelt[_TEXTS[name]] = {"truncated": False}
        elif name == "assignedVariables":
            spelt[name] = {variable: text(assigned) for variable, assigned in value.items()}
            spelt[f"{name}Details"] = {"truncated": False}
        else:
            spelt[name] = value if value.__class__ is str else copy(value)
    return spelt


class _Texts(dict[int, str]):
    """The JSON texts of values by their identity: what travels from state to state is written once.

    For as long as somebody else keeps the values.
    """

    def of(self, value: Json) -> str:
        if value.__class__ is not dict and value.__class__ is not list:
            return text_of(value)
        text = self.get(id(value))
        if text is None:
            text = self[id(value)] = text_of(value)
        return text


_READING = _lock()
"""Held while a log is written out: several threads may read one result for the first time."""


class History(Sequence[Event]):
    """The events of an execution, in order. A view: events are made when they are looked at."""

    __slots__ = ("_log",)

    def __init__(self, log: Sequence[Row] | Log) -> None:
        self._log = log

    @property
    def _rows(self) -> Sequence[Row]:
        log = self._log
        if not isinstance(log, Log):
            return log
        with _READING:
            return log.rows

    def __len__(self) -> int:
        return len(self._rows)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> Event: ...
        @overload
        def __getitem__(self, index: slice) -> list[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        rows = self._rows
        number = index if index >= 0 else len(rows) + index
        if number < 0:
            raise IndexError(f"the history has {len(rows)} events")
        return event(number + 1, rows[number])

    def __iter__(self) -> Iterator[Event]:
        number = 0
        while number < len(rows := self._rows):  # it may have grown meanwhile
            for row in islice(rows, number, None):
                number += 1
                yield event(number, row)

    def shared(self) -> Iterator[Event]:
        """The events with the history's own values, for readers that keep to looking: nothing is copied."""
        for number, row in enumerate(self._rows, 1):
            yield Event(number, row[0], row[1], row[2], _details(row))

    def to_aws(self) -> list[dict[str, Any]]:
        """The `events` of GetExecutionHistory, as boto3 gives them; times are aware datetimes."""
        text = _Texts().of
        shapes: list[dict[str, Any]] = []
        last, moment = None, dt.datetime.fromtimestamp(0, dt.UTC)
        for number, row in enumerate(self._rows, 1):
            type_, at, previous = row[:3]
            if at != last:
                last, moment = at, dt.datetime.fromtimestamp(min(at, LATEST), dt.UTC)
            shape: dict[str, Any] = {"timestamp": moment, "type": type_, "id": number, "previousEventId": previous}
            member = EVENTS[type_][0]
            if member is not None:
                shape[member] = _spelt(_details(row), text)
            shapes.append(shape)
        return shapes

    def types(self) -> list[str]:
        """The events' types, in order."""
        return [row[0] for row in self._rows]

    def entered(self) -> list[str]:
        """The names of the states in the order in which they were entered; not those of child executions."""
        return [row[3] for row in self._rows if row[0].endswith("StateEntered")]

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        rows = self._rows
        return float(rows[-1][1] - rows[0][1]) if rows else 0.0

    def __eq__(self, other: object) -> bool:
        """Whether the other is a history of the same events: types, times, details and what follows what."""
        return list(self._rows) == list(other._rows) if isinstance(other, History) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the history of an execution that still runs grows

    def find(self, path: str) -> list[Json]:
        """What a JSONPath (jsonpath-ng's dialect) finds in the list of events, details as parsed JSON."""
        return query(path, [{"id": e.id, "type": e.type, "at": e.at, **e.details} for e in self])

    def __repr__(self) -> str:
        return f"<History of {len(self)} events>"


def event(number: int, row: Row) -> Event:
    """The event of a row, its values copied: the reader may do with them as he likes."""
    details = _details(row)
    for name, value in details.items():
        if value.__class__ is dict or value.__class__ is list:
            details[name] = copy(value)
    return Event(number, row[0], row[1], row[2], details)


def _details(row: Row) -> dict[str, Json]:
    """Details that are absent are left out, but an input or output may be null; a row may end before the last ones."""
    return {
        name: value
        for name, value in zip(EVENTS[row[0]][1], row[3:], strict=False)
        if value is not None or name in _NULLABLE
    }


_NULLABLE = frozenset({"input", "output", "parameters"})


def query(path: str, document: Json) -> list[Json]:
    """All that a JSONPath finds, by jsonpath-ng with its extensions (filters, len, arithmetic).

    This is not the dialect of definitions, where AWS's own counts; it is for questions about results.
    """
    from jsonpath_ng.ext.parser import parse  # noqa: PLC0415 - 0.1 s that only a query should pay

    return [match.value for match in parse(path).find(document)]


hinted(globals())
