"""Executions for the tests of the report's page, each made by running a machine: what is looked at is what happens."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import asl_local

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def task(function: str, **fields: Any) -> dict[str, Any]:
    """A Task state that calls a function."""
    return {
        "Type": "Task",
        "Resource": ARN + function,
        **({} if {"Next", "End"} & set(fields) else {"End": True}),
        **fields,
    }


ORDER = {
    "StartAt": "Check order",
    "States": {
        "Check order": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.items", "IsPresent": True, "Next": "Charge card"}],
            "Default": "Nothing to do",
        },
        "Nothing to do": {"Type": "Succeed"},
        "Charge card": task(
            "Charge",
            ResultPath="$.paid",
            Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxAttempts": 3}],
            Assign={"charged.$": "$.euros"},
            Next="Cool off",
        ),
        "Cool off": {"Type": "Wait", "Seconds": 3600, "Next": "Prepare"},
        "Prepare": {
            "Type": "Parallel",
            "ResultPath": None,
            "Branches": [
                {"StartAt": "Print label", "States": {"Print label": task("Print")}},
                {"StartAt": "Reserve van", "States": {"Reserve van": {"Type": "Wait", "Seconds": 60, "End": True}}},
            ],
            "Next": "Pack items",
        },
        "Pack items": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 2,
            "ResultPath": "$.packed",
            "ItemProcessor": {
                "StartAt": "Pack",
                "States": {
                    "Pack": task(
                        "Pack",
                        Next="Weigh",
                        Catch=[{"ErrorEquals": ["Broken"], "ResultPath": "$.problem", "Next": "Replace"}],
                    ),
                    "Replace": task("Replace", Next="Weigh"),
                    "Weigh": {"Type": "Pass", "End": True},
                },
            },
            "Next": "Send",
        },
        "Send": task("Send"),
    },
}
"""Everything a report shows: a rule taken and one not, retries, a wait, branches, iterations, a caught error,
a variable.
"""


def order(items: int = 5, *, sent: bool = True) -> asl_local.Result:
    """An order: the card is busy twice, item 2 is broken; where it is not sent, the execution fails."""
    busy = iter([True, True])

    async def charge(event: Any) -> Any:
        await asyncio.sleep(0)
        if next(busy, False):
            raise asl_local.StateError("Busy", "the bank says: later")
        return {"euros": 20}

    def pack(event: Any) -> Any:
        if event["name"] == "item 2":
            raise asl_local.StateError("Broken", f"{event['name']} is in pieces")
        return event

    def send(event: Any) -> Any:
        if not sent:
            raise asl_local.StateError("NoTruck", "There is no truck today.")
        return {"sent": event["packed"]}

    return asl_local.load(ORDER, name="order").simulate(
        {"items": [{"name": f"item {n}", "size": n} for n in range(items)]},
        {
            "Charge": charge, "Pack": pack, "Replace": lambda event: event, "Print": lambda event: "label", "Send": send,
        },
        execution_name="order-7",
    )  # fmt: skip


HOSTILE = (
    "<script>document.title = 'run'; alert(1)</script>",
    "</script><script>document.title = 'run'</script>",
    "<!--<script>",
    "\"'><img src=x onerror=\"document.title = 'run'\">",
    "]]>&lt;b&gt;&amp;&#60;",
    "javascript:document.title='run'",
    "\u202eright to left \u2066 \u200f",
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0301\u0301",
    "\u0000\u0007\u001b[31m\u2028\u2029\u007f\ufeff\ufffe",
    "${alert(1)} `${1}` {{7*7}} \\u003cscript\\u003e",
    "__proto__",
)
"""What could be taken for markup or script, or confuses what shows text."""


NOT_IN_NAMES = "[\x00-\x1f\ufffe]"  # a picture is XML, which cannot hold them


def hostile() -> asl_local.Result:
    """An execution all of whose names, data and errors are hostile, and many long."""
    names = [f"{n} {re.sub(NOT_IN_NAMES, '', text)}"[:80] for n, text in enumerate(HOSTILE)]
    follows = dict(zip(names, [*names[1:], "<i>Each</i>"], strict=True))
    catch = {"ErrorEquals": ["States.ALL"], "ResultPath": None}
    states: dict[str, Any] = {
        name: task(f"f{n}", ResultPath=None, Next=follows[name], Catch=[{**catch, "Next": follows[name]}])
        for n, name in enumerate(names)
    }
    inner = {"StartAt": "<b>", "States": {"<b>": {"Type": "Pass", "End": True}}}
    states["<i>Each</i>"] = {
        "Type": "Map",
        "ItemsPath": "$.texts",
        "ItemProcessor": inner,
        "ResultPath": None,
        "Next": "W" * 80,
    }
    states["W" * 80] = task("last")

    def fail(text: str) -> Any:
        def called(event: Any) -> Any:
            raise asl_local.StateError(text[:200], text * 3)

        return called

    handlers = {f"f{n}": fail(text) if n % 2 else (lambda event, text=text: text) for n, text in enumerate(HOSTILE)}
    given = {"texts": list(HOSTILE), "long": "x" * 5000, **dict.fromkeys(HOSTILE, "key")}
    return asl_local.load({"StartAt": names[0], "States": states}, name=HOSTILE[0]).simulate(
        given, {**handlers, "last": fail("E" * 200)}, execution_name="hostile"
    )


def big(iterations: int = 10_000) -> asl_local.Result:
    """A Map of many iterations with six events each, every hundredth of which fails and is caught."""
    inner = task("Work", Catch=[{"ErrorEquals": ["Odd"], "Next": "Aside"}])
    processor = {"StartAt": "Work", "States": {"Work": inner, "Aside": {"Type": "Pass", "End": True}}}
    machine = asl_local.load(
        {
            "StartAt": "All",
            "States": {"All": {"Type": "Map", "ItemProcessor": processor, "ResultPath": None, "End": True}},
        },
        name="big",
    )

    def work(event: Any) -> Any:
        if event["n"] % 100 == 99:
            raise asl_local.StateError("Odd", f"number {event['n']} is odd")
        return {"n": event["n"]}

    limits = asl_local.Limits(events=None, payload_bytes=None)
    given = [{"n": n, "customer": f"customer-{n % 977}"} for n in range(iterations)]
    return machine.simulate(given, {"Work": work}, limits=limits, execution_name="big")


def photos(project: Path, root: Path) -> tuple[asl_local.Result, Any]:
    """The photo workflow's batch, really run; and the local world that its pictures lie in."""
    import sys

    example = str(project / "examples" / "rider_photos")
    sys.path.insert(0, example)
    try:
        import functions
        import setup

        aws = asl_local.LocalAWS(root)
        setup.make(aws)
        setup.upload(aws, setup.pictures(setup.SAMPLES))
        given = json.loads((project / "examples" / "rider_photos" / "inputs" / "batch.json").read_text("utf-8"))
        machine = asl_local.load(project / "definitions" / "6-dynamic-parallelism.asl.json")
        return machine.run(given, asl_local.Resources(functions.resources(aws), aws=aws)), aws
    finally:
        sys.path.remove(example)
        for name in ("functions", "setup"):
            sys.modules.pop(name, None)
