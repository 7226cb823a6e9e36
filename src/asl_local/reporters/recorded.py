"""A history in whatever shape people have it -> events with parsed details.

Knows: GetExecutionHistory's answer as the AWS CLI, boto3 and this library write it. Must never know: what an event means.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from asl_local.engine.history import EVENTS
from asl_local.errors import InvalidHistory
from asl_local.reporters import History
from asl_local.values import Json

Given: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any] | History"
"""A path, JSON text, `{"events": [...]}`, a list of events or of such pages, or a History of this library."""

_JSON_TEXTS = ("input", "output", "parameters")
_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event of a history. `at` is in epoch seconds, None where the history has no times.

    `details` has AWS's names and parsed JSON values; what the history leaves out (includeExecutionData false, data that
    was truncated) is not in it.
    """

    id: int
    type: str
    at: float | None
    previous: int
    details: dict[str, Json] = field(default_factory=dict)

    @property
    def state(self) -> str | None:
        """The state's name, where the event has one."""
        name = self.details.get("name")
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Recording:
    """A history: its events in order, `source` to name it in messages."""

    events: tuple[Recorded, ...]
    source: str = "the history"

    @property
    def input(self) -> Json:
        """The execution's input. Raises KeyError where the history was asked for without data."""
        return self.events[0].details["input"]

    @property
    def ended(self) -> bool:
        """Whether the last event is the execution's end."""
        return self.events[-1].type in _ENDS


def read(given: Given) -> Recording:
    """The events of a history, sorted by id. Raises InvalidHistory for what is none, OSError for a file that is not there."""
    source, document = _document(given)
    events = [_event(source, number, each) for number, each in enumerate(_events(source, document))]
    events.sort(key=lambda event: event.id)
    if not events or events[0].type != "ExecutionStarted":
        raise InvalidHistory(f"{source}: the first event is not ExecutionStarted: an Express or a cut history?")
    for number, event in enumerate(events, 1):
        if event.id != number:
            raise InvalidHistory(
                f"{source}: event {number} is missing, the next one is {event.id}: get every page of the history"
            )
    return Recording(tuple(events), source)


def _document(given: Given) -> tuple[str, Any]:
    if isinstance(given, History):
        return "the history", given.to_aws()
    if isinstance(given, str) and given.lstrip().startswith(("{", "[")):
        return "the history", _parsed(given, "the history")
    if isinstance(given, (str, os.PathLike)):
        path = Path(given)
        return str(path), _parsed(path.read_bytes(), str(path))
    return "the history", given


def _parsed(text: str | bytes, source: str) -> Any:
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        raise InvalidHistory(f"{source}: the text is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        hint = "" if "Extra data" not in str(error) else "; several JSON documents in one file: put them into a list"
        raise InvalidHistory(f"{source}: not JSON: {error}{hint}") from None


def _events(source: str, document: Any) -> list[Any]:
    """`events` of an answer, or of a list of pages; `history` of a record that `asl-local run` has left."""
    if isinstance(document, Mapping):
        for name in ("events", "history"):
            if isinstance(document.get(name), (list, tuple)):
                return list(document[name])
        raise InvalidHistory(f"{source}: there are no `events`: is it the output of get-execution-history?")
    if isinstance(document, Sequence) and not isinstance(document, (str, bytes)):
        pages = [page for page in document if isinstance(page, Mapping) and "events" in page]
        return [event for page in pages for event in page["events"]] if pages else list(document)
    raise InvalidHistory(f"{source}: a history is an object with `events`, not {type(document).__name__}")


def _event(source: str, number: int, given: Any) -> Recorded:
    try:
        kind, number_of, previous = given["type"], int(given["id"]), int(given.get("previousEventId", 0))
    except (TypeError, KeyError, AttributeError, ValueError):
        raise InvalidHistory(
            f"{source}: events[{number}] is no event: it needs `id`, `type` and `previousEventId`"
        ) from None
    if kind not in EVENTS:
        return Recorded(number_of, kind, _moment(source, number, given.get("timestamp")), previous)
    member, names = EVENTS[kind]
    shown: Mapping[str, Any] = given.get(member) or {} if member else {}
    if not isinstance(shown, Mapping):
        raise InvalidHistory(f"{source}: events[{number}].{member} is no object")
    details = {name: shown[name] for name in names if name in shown}
    for name in _JSON_TEXTS:
        if name in details:
            truncated = shown.get(f"{name}Details") or {}
            if truncated.get("truncated"):
                del details[name]
            else:
                details[name] = _json(source, f"events[{number}].{member}.{name}", details[name])
    if "assignedVariables" in details:
        at = f"events[{number}].{member}.assignedVariables"
        details["assignedVariables"] = {
            name: _json(source, f"{at}.{name}", text) for name, text in details["assignedVariables"].items()
        }
    return Recorded(number_of, kind, _moment(source, number, given.get("timestamp")), previous, details)


def _json(source: str, place: str, text: Any) -> Json:
    if not isinstance(text, str):
        raise InvalidHistory(f"{source}: {place} is {type(text).__name__}, where AWS has JSON text")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidHistory(f"{source}: {place} is not JSON: {error}") from None


def _moment(source: str, number: int, given: Any) -> float | None:
    """Epoch seconds of a datetime, of ISO text or of a number, as the CLI's versions and boto3 have them."""
    if given is None:
        return None
    try:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return float(given)
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError):
        raise InvalidHistory(
            f"{source}: events[{number}].timestamp is {given!r}: give ISO text, a datetime or epoch seconds"
        ) from None


__all__ = ["Given", "Recorded", "Recording", "read"]
