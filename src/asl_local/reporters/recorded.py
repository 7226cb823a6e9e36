"""A history in whatever shape people have it -> events with parsed details.

Knows: GetExecutionHistory's answer as the AWS CLI, boto3 and this library write it. Must never know: what an event means.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from asl_local.engine.history import EVENTS
from asl_local.errors import InvalidHistory
from asl_local.lazy import dataclass, field
from asl_local.reporters import History
from asl_local.reporters.logged import history_of, lines_of
from asl_local.values import Json

Given: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any] | History"
"""A path, JSON text, `{"events": [...]}`, a list of events, of such pages or of paths of such, or a History of ours."""

_JSON_TEXTS = ("input", "output", "parameters")
_LARGE = re.compile(r"\d[eE]\+?\d{3}")
_MOST_NAMED = 10  # events that a sentence lists
_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event of a history. `at` is in epoch seconds, None where the history has no times.

    `details` has AWS's names and parsed JSON values; what the history leaves out (includeExecutionData false, data that
    was truncated) is not in it. `cut` names the details that were truncated.
    """

    id: int
    type: str
    at: float | None
    previous: int
    details: dict[str, Json] = field(default_factory=dict)
    cut: tuple[str, ...] = ()

    @property
    def state(self) -> str | None:
        """The state's name, where the event has one."""
        name = self.details.get("name")
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Recording:
    """A history: its events in order, `source` to name it in messages; `notes` say what is missing from it.

    `beside` is what stands beside the events: of a record of `asl-local run` its other members.
    """

    events: tuple[Recorded, ...]
    source: str = "the history"
    notes: tuple[str, ...] = ()
    beside: Mapping[str, Json] = field(default_factory=dict)

    @property
    def input(self) -> Json:
        """The execution's input. Raises KeyError where the history was asked for without data."""
        return self.events[0].details["input"]

    @property
    def ended(self) -> bool:
        """Whether the last event is the execution's end."""
        return self.events[-1].type in _ENDS


def read(given: Given, *, whole: bool = True) -> Recording:
    """The events of a history, sorted by id. Raises InvalidHistory for what is none, OSError for a file that is not there.

    It may also be the log of an Express execution (reporters/logged.py).
    A history that is not `whole` may be cut at either end and have holes; texts that are not JSON (AWS cuts long ones)
    stay texts, and events of unknown types keep their details. What is missing then stands in the Recording's notes.
    """
    source, document = _document(given, whole=whole)
    if lines := lines_of(document):
        document = history_of(lines, source)
    events = [_event(source, number, each, whole=whole) for number, each in enumerate(_events(source, document))]
    events = sorted(_once(given, source, events), key=lambda event: event.id)
    if not whole:
        if not events:
            raise InvalidHistory(f"{source}: there is no event in it")
        return Recording(tuple(events), source, tuple(_missing(document, events)), _beside(document))
    if not events or events[0].type != "ExecutionStarted":
        raise InvalidHistory(f"{source}: the first event is not ExecutionStarted: an Express or a cut history?")
    for number, event in enumerate(events, 1):
        if event.id != number:
            raise InvalidHistory(
                f"{source}: event {number} is missing, the next one is {event.id}: get every page of the history"
            )
    return Recording(tuple(events), source, beside=_beside(document))


def _once(given: Given, source: str, events: Sequence[Recorded]) -> list[Recorded]:
    """Each event once, if the histories that were given are of one execution."""
    by_id: dict[int, Recorded] = {}
    for event in events:
        if (first := by_id.setdefault(event.id, event)) is not event and first != event:
            raise InvalidHistory(
                f"{_sources(given, event.id) or source}: event {event.id} is there twice, as {_told(by_id[event.id])} and as {_told(event)}: "
                "are these histories of different executions?"
            )
    return list(by_id.values())


def _sources(given: Given, id: int) -> str:
    """The files that have an event of this id; "" unless several files were given."""
    if isinstance(given, (str, os.PathLike, Mapping)) or not all(
        isinstance(each, (str, os.PathLike)) for each in given
    ):
        return ""
    files = [_document(file, whole=False) for file in given if isinstance(file, (str, os.PathLike))]
    return " and ".join(name for name, each in files if any(int(event["id"]) == id for event in _events(name, each)))


def _told(event: Recorded) -> str:
    when = "" if event.at is None else f" of {datetime.fromtimestamp(event.at, UTC).isoformat(sep=' ')}"
    return f"{event.type}{when}"


def _missing(document: Any, events: Sequence[Recorded]) -> Iterator[str]:
    """What a history that was read as it is does not have, a sentence each."""
    before = 0
    for event in events:
        if event.id > before + 1:
            gap = f"Event {before + 1} is" if event.id == before + 2 else f"Events {before + 1} to {event.id - 1} are"
            yield f"{gap} missing: the history is cut, or lacks pages."
        before = event.id
    last = document[-1] if isinstance(document, list) and document else document
    if len(events) == before and events[-1].type in _ENDS:
        pass  # the pages may have come in any order
    elif isinstance(last, Mapping) and (last.get("nextToken") or last.get("NextToken")):
        yield f"The history goes on after event {before}: its last page has a nextToken."
    elif events[-1].type not in _ENDS and isinstance(document, Mapping) and "status" in document:
        yield f"The record ends with event {before}: the execution was interrupted, or still runs."
    elif events[-1].type not in _ENDS:
        yield f"The history ends with event {before}: the execution was running when it was asked for, or pages are missing."
    if not any(name in event.details for event in events for name in (*_JSON_TEXTS, "assignedVariables")):
        yield "The history was asked for without data: there are no inputs and outputs."
    if all(event.at is None for event in events):
        yield "The history has no times."
    unknown = sorted({event.type for event in events} - set(EVENTS))
    if unknown:
        yield f"Events of a type that is not known here are shown as they are: {', '.join(unknown)}."
    cut = [event.id for event in events if event.cut]
    if cut:
        shown = ", ".join(map(str, cut[:_MOST_NAMED])) + (", …" if len(cut) > _MOST_NAMED else "")
        yield f"AWS has cut data of event{'s' if len(cut) > 1 else ''} {shown}, which is shown as text."


def _document(given: Given, *, whole: bool) -> tuple[str, Any]:
    if isinstance(given, History):
        return "the history", given.to_aws()
    if isinstance(given, str) and given.lstrip().startswith(("{", "[")):
        return "the history", _parsed(given, "the history", whole=whole)
    if isinstance(given, (str, os.PathLike)):
        path = Path(given)
        return str(path), _parsed(path.read_bytes(), str(path), whole=whole)
    paths = [each for each in given if isinstance(each, (str, os.PathLike))] if isinstance(given, Sequence) else []
    if paths and len(paths) == len(given):
        pages = [_document(path, whole=whole) for path in paths]
        return pages[0][0], [page for _, each in pages for page in (each if _are_pages(each) else [_page(each)])]
    return "the history", given


def _are_pages(document: Any) -> bool:
    return isinstance(document, Sequence) and any(isinstance(each, Mapping) and "events" in each for each in document)


def _page(document: Any) -> Any:
    return {"events": document} if isinstance(document, list) else document


def _beside(document: Any) -> dict[str, Json]:
    if not isinstance(document, Mapping):
        return {}
    return {name: value for name, value in document.items() if name not in ("events", "history")}


def _parsed(text: str | bytes, source: str, *, whole: bool) -> Any:
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        raise InvalidHistory(f"{source}: the text is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        if "Extra data" not in str(error):
            raise InvalidHistory(f"{source}: not JSON: {error}") from None
        if whole:
            hint = "several JSON documents in one file: put them into a list"
            raise InvalidHistory(f"{source}: not JSON: {error}; {hint}") from None
    try:
        return list(_documents(text if isinstance(text, str) else text.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise InvalidHistory(f"{source}: not JSON: {error}") from None


def _documents(text: str) -> Iterator[Any]:
    """Several JSON documents in one text: pages that were appended to a file, one after the other."""
    at = _blanks(text, 0)
    while at < len(text):
        document, end = _DECODER.raw_decode(text, at)
        yield document
        at = _blanks(text, end)


def _blanks(text: str, at: int) -> int:
    """Where the blanks that begin at `at` end."""
    match = _BLANKS.match(text, at)
    return at if match is None else match.end()


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


def _event(source: str, number: int, given: Any, *, whole: bool) -> Recorded:
    try:
        kind, number_of, previous = given["type"], int(given["id"]), int(given.get("previousEventId", 0))
    except (TypeError, KeyError, AttributeError, ValueError):
        raise InvalidHistory(
            f"{source}: events[{number}] is no event: it needs `id`, `type` and `previousEventId`"
        ) from None
    member, names = EVENTS[kind] if kind in EVENTS else _unknown(given)
    shown: Mapping[str, Any] = given.get(member) or {} if member and (not whole or kind in EVENTS) else {}
    if not isinstance(shown, Mapping):
        raise InvalidHistory(f"{source}: events[{number}].{member} is no object")
    details = {name: shown[name] for name in names if name in shown}
    cut = tuple([name for name in _JSON_TEXTS if name in details and _is_cut(shown.get(f"{name}Details"))])
    for name in _JSON_TEXTS:
        if name in cut and whole:
            del details[name]
        elif name in details:
            details[name] = _json(source, f"events[{number}].{member}.{name}", details[name], whole=whole)
    if "assignedVariables" in details:
        at = f"events[{number}].{member}.assignedVariables"
        details["assignedVariables"] = {
            name: _json(source, f"{at}.{name}", text, whole=whole)
            for name, text in (details["assignedVariables"] or {}).items()
        }
    return Recorded(number_of, kind, _moment(source, number, given.get("timestamp")), previous, details, cut)


def _unknown(given: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """Where an event of a type that came after this library has its details, and their names."""
    member = next((name for name in given if str(name).endswith("EventDetails")), None)
    details = given[member] if member is not None and isinstance(given[member], Mapping) else {}
    return member, tuple(
        name for name in details if name.removesuffix("Details") not in _JSON_TEXTS or name in _JSON_TEXTS
    )


def _is_cut(details: Any) -> bool:
    return (details.__class__ is dict or isinstance(details, Mapping)) and bool(details.get("truncated"))


def _json(source: str, place: str, text: Any, *, whole: bool) -> Json:
    if not isinstance(text, str):
        if not whole:
            return text
        raise InvalidHistory(f"{source}: {place} is {type(text).__name__}, where AWS has JSON text")
    try:
        return json.loads(text) if whole else _strict(text)
    except (ValueError, RecursionError) as error:
        if not whole:
            return text
        raise InvalidHistory(f"{source}: {place} is not JSON: {error}") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float | str:
    """Numbers that no double holds stay texts."""
    return float(number) if math.isfinite(float(number)) else number


def _strict(text: str) -> Json:
    return (_STRICT if _LARGE.search(text) is None else _FINITE).decode(text)


_DECODER: Final = json.JSONDecoder()
_STRICT: Final = json.JSONDecoder(parse_constant=_refuse)
_FINITE: Final = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
_BLANKS: Final = re.compile(r"\s*")


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
