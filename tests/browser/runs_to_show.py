"""Runs for the tests of the report's views: orders that fail, are tried again and wait; and a Map of very many items."""

from __future__ import annotations

from typing import Any

import asl_local
from asl_local.reporters.aws import Event
from asl_local.reporters.visits.model import SUCCEEDED, Attempt, Iteration, Run, Visit
from asl_local.reporters.visits.whole import run_of

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
MARKUP = "</script><script>alert(1)</script>"
DIGITS = 12345678901234567890


def machine(night: int) -> dict[str, Any]:
    """`night` is how long it waits, in seconds."""
    charge = {
        "Type": "Task",
        "Resource": f"{ARN}charge",
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 3}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Note"}],
        "Next": "Both",
    }
    both = {
        "Type": "Parallel",
        "Branches": [
            {"StartAt": "Mail", "States": {"Mail": {"Type": "Task", "Resource": f"{ARN}mail", "End": True}}},
            {"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 5, "End": True}}},
        ],
        "End": True,
    }
    processor = {"StartAt": "Charge", "States": {"Charge": charge, "Both": both, "Note": {"Type": "Pass", "End": True}}}
    return {
        "StartAt": "Prepare",
        "States": {
            "Prepare": {"Type": "Pass", "Next": "Orders"},
            "Orders": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 3, "ItemProcessor": processor,
                       "ResultPath": "$.orders", "Next": "Night"},
            "Night": {"Type": "Wait", "Seconds": night, "Next": "Report"},
            "Report": {"Type": "Task", "Resource": f"{ARN}report", "End": True},
        },
    }  # fmt: skip


def orders(items: int = 8, night: int = 60) -> Run:
    """Item 1 is Busy at every attempt and caught, item 5 at its first two; in the end, Report fails."""
    tried: dict[int, int] = {}

    class Busy(Exception):
        pass

    def charge(order: dict[str, Any], context: Any) -> dict[str, Any]:
        number = order["n"]
        tried[number] = tried.get(number, 0) + 1
        context.sleep(0.25 + number / 8)
        if number == 1 or (number == 5 and tried[number] < 3):
            raise Busy("try later")
        return {"n": number, "charged": DIGITS}

    def mail(order: dict[str, Any], context: Any) -> dict[str, Any]:
        context.sleep(1.3)
        return {"sent": True, "text": MARKUP}

    def report(order: dict[str, Any], context: Any) -> None:
        context.sleep(0.4)
        raise ValueError("no printer")

    handlers = {"charge": charge, "mail": mail, "report": report}
    return run_of(
        asl_local.load(machine(night), name="orders").simulate({"items": [{"n": n} for n in range(items)]}, handlers)
    )


def children(items: int = 5) -> Run:
    """A Distributed Map whose child with item 3 fails."""

    def add(item: int, context: Any) -> int:
        context.sleep(1 + item)
        if item == 3:
            raise ValueError("three")
        return item

    task = {"Type": "Task", "Resource": f"{ARN}add", "End": True}
    rows = {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Add",
                          "States": {"Add": task}},
        "ToleratedFailureCount": 1,
        "End": True,
    }  # fmt: skip
    machine = asl_local.load({"StartAt": "Rows", "States": {"Rows": rows}}, name="rows")
    return run_of(machine.simulate(list(range(items)), {"add": add}))


def map_of(items: int) -> Run:
    """What a Map with one Task leaves, six events for each item and all of them side by side, made without running it."""
    steps = ("MapIterationStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
             "LambdaFunctionSucceeded", "TaskStateExited")  # fmt: skip
    first = 1_700_000_000.0
    made = [
        Event(1, "ExecutionStarted", first, 0, {"input": []}),
        Event(2, "MapStateEntered", first, 0, {"name": "Orders", "input": []}),
    ]
    definition = {
        "StartAt": "Orders",
        "States": {
            "Orders": {
                "Type": "Map",
                "ItemProcessor": {
                    "StartAt": "Charge",
                    "States": {"Charge": {"Type": "Task", "Resource": f"{ARN}charge", "End": True}},
                },
                "End": True,
            }
        },
    }
    orders = Visit(0, "Orders", "Map", "/States/Orders", 2, first, outcome=SUCCEEDED)
    run = Run(
        "big", "SUCCEEDED", made, started=first, virtual=True, definition=definition, visits=[orders], visit_of=[-1, 0]
    )
    for step, kind in enumerate(steps):
        for item in range(items):
            number, at = len(made) + 1, first + step + item / 64
            value = {"order": item, "customer": f"customer {item % 977}", "amount": item * 1.25, "step": step // 4}
            details: dict[str, Any] = {"name": "Orders", "index": item}
            if step:
                details = {"name": "Charge"} if "State" in kind else {}
                if kind != "LambdaFunctionStarted":
                    details["output" if step > 3 else "input"] = value
            made.append(Event(number, kind, at, 2 if step == 0 else number - items, details))
            run.visit_of.append(1 + item if step else 0)
            visit = run.visits[1 + item] if step > 1 else None
            if step == 0:
                orders.iterations.append(Iteration(item, at, at + 5, SUCCEEDED))
            elif step == 1:
                pointer = "/States/Orders/ItemProcessor/States/Charge"
                run.visits.append(Visit(1 + item, "Charge", "Task", pointer, number, at, 0, item, input=value))
            elif visit is not None and step == 2:
                visit.attempts.append(Attempt(0, number, at, resource=f"{ARN}charge", input=value))
            elif visit is not None and step == 4:
                visit.attempts[0].ended, visit.attempts[0].last, visit.attempts[0].outcome = at, number, SUCCEEDED
            elif visit is not None and step == 5:
                visit.left, visit.last, visit.outcome, visit.output = at, number, SUCCEEDED, value
    end = made[-1].at
    made.append(Event(len(made) + 1, "MapStateExited", end, len(made), {"name": "Orders", "output": []}))
    made.append(Event(len(made) + 1, "ExecutionSucceeded", end, len(made), {"output": []}))
    run.visit_of += [0, -1]
    orders.left, orders.last, run.stopped, run.output = end, len(made) - 1, end, []
    return run
