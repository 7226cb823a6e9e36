"""The log of an execution in CloudWatch Logs -> events as GetExecutionHistory has them.

Knows: Step Functions' log lines, and how people get at them. Must never know: what an event means.
An Express execution has no GetExecutionHistory; its log is all that is left of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from asl_local.engine.history import EVENTS
from asl_local.errors import InvalidHistory
from asl_local.values import Json

_MARK: Final = "event_timestamp"  # a member that every line of such a log has, and no event of GetExecutionHistory
_MOST_NAMED: Final = 5


def lines_of(document: Any) -> list[Mapping[str, Any]]:
    """The lines of a log, of one execution or several; empty for what is no log.

    It may be the lines themselves (in a list, or one), or what `aws logs filter-log-events`, `get-log-events` or
    `get-query-results` has written.
    """
    return [line for line in _lines(document) if _MARK in line]


def _lines(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, list):
        for each in document:
            yield from _lines(each)
    elif isinstance(document, str) and document.startswith("{"):
        try:
            yield from _lines(json.loads(document))
        except (ValueError, RecursionError):
            return
    elif isinstance(document, Mapping):
        if _MARK in document:
            yield document
        elif "message" in document:
            yield from _lines(document["message"])
        elif document.get("field") == "@message":
            yield from _lines(document.get("value"))
        else:
            for name in ("events", "results"):
                if isinstance(document.get(name), list):
                    yield from _lines(document[name])


def history_of(lines: list[Mapping[str, Any]], source: str) -> dict[str, Json]:
    """The lines as GetExecutionHistory's answer, with the `executionArn` beside. Raises InvalidHistory for several
    executions.
    """
    arns = list(dict.fromkeys(str(line.get("execution_arn", "")) for line in lines))
    if len(arns) > 1:
        shown = ", ".join(arns[:_MOST_NAMED]) + (", …" if len(arns) > _MOST_NAMED else "")
        raise InvalidHistory(f"{source}: a log of {len(arns)} executions; keep the lines of one execution_arn: {shown}")
    return {"executionArn": arns[0], "events": [_event(line) for line in lines]}


def _event(line: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(line.get("type", ""))
    member = EVENTS[kind][0] if kind in EVENTS else f"{kind[:1].lower()}{kind[1:]}EventDetails"
    shape: dict[str, Any] = {
        "id": line.get("id"), "type": kind, "previousEventId": line.get("previous_event_id", 0),
        "timestamp": _moment(line[_MARK]),
    }  # fmt: skip
    if member and isinstance(line.get("details"), Mapping):
        shape[member] = dict(line["details"])
    return shape


def _moment(milliseconds: Any) -> Any:
    try:
        return float(milliseconds) / 1000
    except (TypeError, ValueError):
        return milliseconds


__all__ = ["history_of", "lines_of"]
