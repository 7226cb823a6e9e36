"""A history as a table: a line for each event, with what it is about.

Knows: events in AWS's shape. Must never know: where they are from, or terminals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from asl_local.reporters.timeline import items, one_line, reason


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


def _about(event: Mapping[str, Any]) -> str:
    details: dict[str, Any] = next((v for k, v in event.items() if k.endswith("EventDetails")), {})
    parts = [str(details["name"])] if "name" in details else []
    if "index" in details:
        parts.append(f"item {details['index']}")
    if "length" in details:
        parts.append(items(details["length"]))
    if "mapRunArn" in details:
        parts.append(str(details["mapRunArn"]))
    if "resource" in details:
        kind = details.get("resourceType")
        parts.append(f"{kind}:{details['resource']}" if kind else str(details["resource"]))
    why = [part for part in (details.get("error"), reason(details.get("cause"))) if part]
    if why:
        parts.append(": ".join(why))
    return one_line(", ".join(parts))
