"""Texts in and out: definitions loaded and checked, histories in AWS's shape, reports.

Knows: load, validate, to_aws, to_html. Must never know: how anything is timed.
Results and texts are made anew for each call: what the library keeps of one that it has seen is no part of the figures.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import asl_local
from workloads import shapes
from workloads.base import Side, Sides, Workload
from workloads.machines import limits_of

_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
_ROLE = "arn:aws:iam::123456789012:role/asl-local"
_EVENTS_PER_ITEM = 6
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _load(size: int) -> Sides:
    """A definition of many states of several types, of the fields that people write."""
    kinds: list[Callable[[int], dict[str, Any]]] = [
        lambda n: {
            "Type": "Task",
            "Resource": f"{shapes.ARN}Order{n}",
            "Parameters": {"order.$": "$.order", "number": n, "id.$": "States.Format('{}-{}', $.order.id, $.number)"},
            "Retry": [{"ErrorEquals": ["Busy", "States.Timeout"], "IntervalSeconds": 2, "MaxAttempts": 4}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Sorry"}],
            "ResultPath": f"$.results.order{n}",
        },
        lambda n: {"Type": "Pass", "Parameters": {"total.$": "$.order.lines[0].total", "n": n}, "ResultPath": "$.sum"},
        lambda n: {"Type": "Wait", "Seconds": 10 + n % 60},
        lambda n: {"Type": "Pass", "Result": {"checked": True, "step": n, "by": ["Ada", "Grace"]}, "ResultPath": "$.check"},
    ]  # fmt: skip
    states = [(f"Step {n}", kinds[n % len(kinds)](n)) for n in range(max(1, size - 1))]
    definition = shapes.in_a_row(states)
    definition["States"]["Sorry"] = {"Type": "Fail", "Error": "Sorry", "Cause": "an order could not be fulfilled"}
    numbers = itertools.count()

    def fresh() -> tuple[str]:
        return (json.dumps({"Comment": f"copy {next(numbers)}", **definition}, indent=2),)

    def told(tree: Any) -> Any:
        return {name: value for name, value in tree.items() if name != "Comment"}

    return Sides(
        Side(json.loads, fresh, told),
        {
            "load": Side(asl_local.load, fresh, lambda machine: told(machine.definition)),
            "validate": Side(asl_local.validate, fresh, lambda problems: problems or definition),
        },
    )


def _as_aws(rows: list[tuple[str, str, Any]]) -> list[dict[str, Any]]:
    """A history in AWS's shape, by hand: (type, state, value) of each event."""
    events: list[dict[str, Any]] = []
    for number, (kind, state, value) in enumerate(rows, 1):
        event: dict[str, Any] = {
            "timestamp": _BEGAN,
            "type": kind,
            "id": number,
            "previousEventId": 0 if number <= 2 else number - 1,
        }
        text = _compact(value)
        whole = {"truncated": False}
        if kind == "PassStateEntered":
            event["stateEnteredEventDetails"] = {"name": state, "input": text, "inputDetails": whole}
        elif kind == "PassStateExited":
            event["stateExitedEventDetails"] = {"name": state, "output": text, "outputDetails": whole}
        elif kind == "ExecutionStarted":
            event["executionStartedEventDetails"] = {"input": text, "inputDetails": whole, "roleArn": _ROLE}
        else:
            event["executionSucceededEventDetails"] = {"output": text, "outputDetails": whole}
        events.append(event)
    return events


def _history(size: int) -> Sides:
    """The history of a chain of Pass states; `size` counts the events."""
    states = max(1, size // 2 - 1)
    shape = shapes.chain(states)
    machine, limits = asl_local.load(shape.definition), limits_of(size)
    rows: list[tuple[str, str, Any]] = [("ExecutionStarted", "", shape.input)]
    value = shape.input
    for stage in range(states):
        rows.append(("PassStateEntered", f"Stage {stage}", value))
        value = {**value, "order": {**value["order"], "note": {"stage": stage, "owner": "Ada"}}}
        rows.append(("PassStateExited", f"Stage {stage}", value))
    rows.append(("ExecutionSucceeded", "", value))
    return Sides(
        Side(_as_aws, lambda: (rows,)),
        {
            "to_aws": Side(
                lambda result: result.history.to_aws(), lambda: (machine.simulate(shape.input, limits=limits),)
            )
        },
    )


def _page(rows: list[tuple[str, str, str, Any]]) -> str:
    """A page of a table of events, by hand: what each is, where, when, and its value as JSON."""
    lines = [
        f"<tr><td>{number}</td><td>{at}</td><td>{html.escape(kind)}</td><td>{html.escape(state)}</td>"
        f"<td>{html.escape(_compact(value))}</td></tr>"
        for number, (at, kind, state, value) in enumerate(rows, 1)
    ]
    return f"<!doctype html><title>Events</title><table>{''.join(lines)}</table>"


def _report(size: int) -> Sides:
    """The report of a Map whose iterations are of two Pass states; `size` counts the events."""
    items = max(1, size // _EVENTS_PER_ITEM)
    step = {"Type": "Pass", "Parameters": {"order.$": "$.order", "seen": True}}
    each = {"Type": "Map", "ItemProcessor": shapes.in_a_row([("Look", step), ("Note", step)])}
    machine, limits = asl_local.load(shapes.in_a_row([("Each", each)])), limits_of(size)
    given = [{"order": number, "seen": False} for number in range(items)]

    def run() -> asl_local.Result:
        result = machine.simulate(given, limits=limits)
        result.unwrap()
        return result

    rows = [(str(event.timestamp), event.type, event.state or "", event.details) for event in run().history]

    def counted(page: str) -> int:
        held = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
        if held is None:
            return page.count("<tr>")
        column = json.loads(held[1])["events"]["shape"]  # all values, or each with how often it follows
        return len(column["list"]) if "list" in column else sum(column["runs"][1::2])

    return Sides(
        Side(_page, lambda: (rows,), counted),
        {"to_html": Side(lambda result: result.to_html(), lambda: (run(),), counted)},
    )


WORKLOADS = [
    Workload(
        "load", "A definition of 1,000 states, as text: `load` (checked and compiled), `validate`", "json.loads of the text",
        1_000, 12, _load, items="states", grows=True, sizes=(100, 1_000, 3_000),
    ),
    Workload(
        "history", "A history of 10,000 events in AWS's shape: `history.to_aws()`", "a loop that makes equal dicts with an encoder's `encode`",
        10_000, 12, _history, items="events", grows=True,
    ),
    Workload(
        "report", "The report of 60,000 events: `to_html()`", "a loop that makes a table of the same events in HTML",
        60_000, 60, _report, items="events", grows=True,
    ),
]  # fmt: skip
