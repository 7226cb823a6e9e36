"""A result, a history or any JSON -> a document for masks, and its text: lines that a person reads and a diff shows well.

Knows: how a snapshot looks. Must never know: files, or what is masked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from asl_local.interfaces.pytest_plugin.snapshots.masks import TIME, apply, without_traces
from asl_local.interfaces.result import Result
from asl_local.reporters import History
from asl_local.values import Json, accept, copy

_WIDE = 100  # characters of a value in one line


def written(value: object, masks: Iterable[str]) -> str:
    """The text of a Result, a History or a JSON value behind masks; it ends with a line break.

    Raises NotJson for other values, ValueError for masks that hide nothing.
    """
    names = [masks] if isinstance(masks, str) else list(masks)
    if isinstance(value, Result):
        times = [] if value.virtual or "times" in names else ["times"]  # a real clock never says the same twice
        return "\n".join(_result(apply(_document(value), [*times, *names]))) + "\n"
    if isinstance(value, History):
        return "\n".join(_history(apply({"events": _listed(value)}, names))) + "\n"
    return json.dumps(apply(accept(value), names), ensure_ascii=False, indent=2) + "\n"


def _document(result: Result) -> dict[str, Json]:
    """A result as plain JSON; JSONPaths of masks are paths into it."""
    ended: dict[str, Json] = {"status": result.status}
    if result.status == "SUCCEEDED":
        ended["output"] = copy(result.output)
    failed = {"error": result.error, "cause": without_traces(result.cause)}
    ended |= {name: text for name, text in failed.items() if text is not None}
    return {**ended, "seconds": _rounded(result.seconds), "events": _listed(result.history)}


def _listed(history: History) -> list[Json]:
    began = history[0].at if len(history) else 0.0
    return [
        {
            "id": event.id,
            "previous": event.previous_event_id,
            "seconds": _rounded(event.at - began),
            "type": event.type,
            **{name: without_traces(value) if name == "cause" else value for name, value in event.details.items()},
        }
        for event in history
    ]


def _rounded(seconds: float) -> float | int:
    near = round(seconds, 6)
    return int(near) if near == int(near) else near


def _result(document: Mapping[str, Json]) -> Iterator[str]:
    for name, value in document.items():
        if name != "events":
            yield from _member(name, value, "")
    yield ""
    yield from _history(document)


def _history(document: Mapping[str, Json]) -> Iterator[str]:
    events = document["events"]
    if not isinstance(events, list):  # masked as a whole
        yield f"events: {events}"
        return
    for event in events:
        if not isinstance(event, dict):
            yield str(event)
            continue
        own = dict(event)
        number, previous, seconds, kind = (own.pop(name) for name in ("id", "previous", "seconds", "type"))
        about = [str(own.pop(name)) for name in ("name", "index") if name in own]
        at = TIME if seconds == TIME else f"{seconds} s"
        place = f" at {at}{'' if previous is None else f', after {previous}'}"
        yield f"{'-' if number is None else f'{number}.'} {' '.join([str(kind), *about])}{place}"
        for name, value in own.items():
            yield from _member(name, value, "   ")


def _member(name: str, value: Json, indent: str) -> Iterator[str]:
    """`name: value`, over several lines where the value is long."""
    if name in ("status", "seconds", "error", "cause") and not (isinstance(value, str) and "\n" in value):
        yield f"{indent}{name}: {value}"
        return
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _WIDE or not isinstance(value, (dict, list)):
        yield f"{indent}{name}: {text}"
        return
    yield f"{indent}{name}:"
    for line in json.dumps(value, ensure_ascii=False, indent=2).splitlines():
        yield f"{indent}  {line}"


__all__ = ["written"]
