"""Calls beside which other lines of control are alive: whatever becomes of any one of them, the execution is the same one.

A stretch that is overtaken in a call, or whose call fails or gives what cannot be a result, has left in the history what
was done before, and the execution goes on as one does all of whose calls go out as commands, which `simulate` has.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import asl_local
from asl_local.drivers.overtaking import Watch

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
LONG = 60.0  # seconds until a test that went wrong fails; none that goes well waits for it
WARM = 6  # runs with three items: more visits than it takes for states to become source
ITEMS = [{"id": number} for number in range(3)]


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": ARN + name, **fields}


def fork(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": list(branches), **fields}


def row(name: str, *states: dict[str, Any], **beside: dict[str, Any]) -> dict[str, Any]:
    names = [f"{name}{number}" for number in range(len(states))]
    made = {}
    for number, state in enumerate(states):
        leads = state["Type"] in ("Choice", "Fail")
        after = {"Next": names[number + 1]} if number + 1 < len(names) else {"End": True}
        made[names[number]] = state if leads else {**state, **after}
    return {"StartAt": names[0], "States": {**made, **beside}}


COPY = {"Type": "Pass", "Parameters": {"id.$": "$.id", "kept": {"all.$": "$"}}}
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
CAUGHT = {"Caught": {"Type": "Pass", "End": True}}
CATCH_IN_BRANCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "CaughtInBranch"}]
CAUGHT_IN_BRANCH = {"CaughtInBranch": {**task("d"), "End": True}}
PLACE = {"Parameters": {"id.$": "$.id"}, "ResultPath": "$.placed"}

BODIES = {
    "tasks in a row": row("R", task("a"), task("b"), task("c")),
    "placed results": row("R", COPY, task("a", **PLACE), {"Type": "Pass", "Result": {"id": 7}, "ResultPath": "$.p"}, task("b")),
    "a context object": row(
        "R", task("a"), {"Type": "Pass", "Parameters": {"id.$": "$.id", "in.$": "$$.State.Name"}}, COPY, task("b")
    ),
    "caught": row("R", task("a"), task("b", Catch=CATCH), task("c", Catch=CATCH), **CAUGHT),
    "choices": row(
        "R",
        task("a"),
        {"Type": "Choice", "Choices": [{"Variable": "$.id", "NumericEquals": 1, "Next": "One"}], "Default": "Other"},
        One={**task("b"), "Next": "Other"},
        Other={**task("c"), "End": True},
    ),
    "branches": row(
        "R", task("a"), fork(row("X", task("b"), {"Type": "Pass"}, task("c")), row("Y", COPY, task("d"))),
        {"Type": "Pass", "Parameters": {"id.$": "$[0].id", "two.$": "$[1].by"}}, task("e"),
    ),
    "branches first": row(
        "R",
        fork(
            row("X", task("b", Catch=CATCH_IN_BRANCH), **CAUGHT_IN_BRANCH), row("Y", task("a"), task("c")), ResultPath="$.both",
            Catch=CATCH,
        ),
        task("e"), **CAUGHT,
    ),
    "branches last": row("R", COPY, fork(row("X", task("b")), row("Y", task("c")), ResultSelector={"x.$": "$[1].id"})),
    "a branch without calls": row(
        "R", {"Type": "Pass", "Result": {"id": 9}},
        fork(row("X", {"Type": "Pass", "Result": {"id": 7}}), row("Y", task("a")), ResultPath="$.both"), task("b"),
    ),
    "branches with choices": row(
        "R",
        fork(
            row(
                "X",
                {"Type": "Choice", "Choices": [{"Variable": "$.id", "NumericEquals": 1, "Next": "B"}], "Default": "C"},
                B={**task("b"), "End": True},
                C={**task("c"), "End": True},
            ),
            row("Y", task("d")),
        ),
    ),
}  # fmt: skip


def machine(body: str) -> asl_local.Machine:
    each = {"Type": "Map", "ItemProcessor": BODIES[body], "End": True}
    return asl_local.load({"StartAt": "Each", "States": {"Each": each}})


def id_in(event: Any) -> int:
    return next(id_in(each) for each in event if isinstance(each, dict)) if isinstance(event, list) else event["id"]


class Handlers:
    """Functions whose results say who gave them; `meddle` is asked with each call's name, item and count."""

    def __init__(self) -> None:
        self.meddle: Callable[[str, int, int], Any] | None = None
        self.calls = 0
        self.counting = threading.Lock()

    def named(self) -> dict[str, Callable[[Any], Any]]:
        return {name: self.function(name) for name in "abcde"}

    def function(self, name: str) -> Callable[[Any], Any]:
        def work(event: Any) -> Any:
            item = id_in(event)
            with self.counting:
                number, self.calls = self.calls, self.calls + 1
            result: dict[str, Any] = {"id": item, "by": name} if name in "ac" else {"id": item, "by": name, "of": event}
            other = None if self.meddle is None else self.meddle(name, item, number)
            if isinstance(event, dict):
                event["edited"] = True
            return result if other is None else other

        return work


def warm(body: str) -> tuple[asl_local.Machine, Handlers, int]:
    """A machine that is known, its handlers, and how many calls a run has."""
    known, handlers = machine(body), Handlers()
    functions = handlers.named()
    for _ in range(WARM):
        handlers.calls = 0
        known.run(ITEMS, functions).unwrap()
    return known, handlers, handlers.calls


JOINS = ("MapStateSucceeded", "MapStateExited", "ParallelStateSucceeded", "ParallelStateExited")


def told(result: asl_local.Result) -> tuple[Any, ...]:
    """What has happened and what came before it, whatever the order of lines of control: which of them was the last one
    to be joined is chance.
    """
    events = {event.id: event for event in result.history}
    chains: dict[int, int] = {0: 0}
    for number, event in events.items():
        before = 0 if event.type in JOINS else chains[event.previous_event_id]
        chains[number] = hash((before, event.type, repr(event.details)))
    return result.status, result.output, Counter(chains.values())


def without_causes(value: Any) -> Any:
    """A value without the texts that say where in which execution something was raised."""
    if isinstance(value, list):
        return [without_causes(each) for each in value]
    if isinstance(value, dict):
        return {name: without_causes(each) for name, each in value.items() if name != "Cause"}
    return value


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a call has been overtaken."""
    happened = threading.Event()
    overtake = Watch._overtake

    def noted(self: Watch, *given: Any) -> Any:
        happened.set()
        return overtake(self, *given)

    monkeypatch.setattr(Watch, "_overtake", noted)
    return happened


@pytest.mark.parametrize("body", BODIES)
def test_any_call_may_be_overtaken(body: str, overtaken: threading.Event) -> None:
    _, _, calls = warm(body)
    for wanted in range(calls):
        known, handlers, _ = warm(body)
        overtaken.clear()

        def meddle(_name: str, _item: int, number: int, wanted: int = wanted) -> None:
            if number == wanted:
                assert overtaken.wait(LONG)

        handlers.calls, handlers.meddle = 0, meddle
        functions = handlers.named()
        result = known.run(ITEMS, functions)
        assert overtaken.is_set()
        handlers.meddle = None
        assert told(result) == told(known.simulate(ITEMS, functions)), wanted


@pytest.mark.parametrize("late", [False, True], ids=["at once", "overtaken"])
@pytest.mark.parametrize("what", ["raises", "no json", "too large"])
@pytest.mark.parametrize("body", ["caught", "branches first"])
def test_any_call_may_go_wrong(body: str, what: str, late: bool, overtaken: threading.Event) -> None:
    for wanted in [(name, item) for name in "bc" for item in range(3)]:
        known, handlers, _ = warm(body)
        seen: list[Any] = []

        def meddle(name: str, item: int, _number: int, wanted: Any = wanted, seen: list[Any] = seen) -> Any:
            if (name, item) != wanted or seen:
                return None
            seen.append(wanted)
            if late and threading.current_thread().name == "asl-local-step":
                assert overtaken.wait(LONG)
            if what == "raises":
                raise ValueError("not this one")
            return object() if what == "no json" else "x" * 300_000

        results = []
        for go in (known.run, known.simulate):
            seen.clear()
            overtaken.clear()
            handlers.meddle = meddle
            results.append(go(ITEMS, handlers.named()))
            assert seen
        ours, theirs = results
        assert (ours.status, ours.error) == (theirs.status, theirs.error)
        assert without_causes(ours.output) == without_causes(theirs.output)
        if ours.status == "FAILED" or (body, wanted[0]) == ("branches first", "c"):
            continue  # how far the others have come by then is chance
        assert Counter(event.type for event in ours.history) == Counter(event.type for event in theirs.history), wanted


@pytest.mark.parametrize("body", BODIES)
def test_there_may_be_room_for_so_many_events_only(body: str) -> None:
    known, handlers, _ = warm(body)
    functions = handlers.named()
    complete = len(known.run(ITEMS, functions).history)
    for most in range(2, complete + 2):
        result = known.run(ITEMS, functions, limits=asl_local.Limits(events=most))
        assert [event.id for event in result.history] == list(range(1, len(result.history) + 1))
        assert all(event.previous_event_id < event.id for event in result.history)
        if most < complete:
            assert (result.status, result.error, len(result.history)) == ("FAILED", "States.Runtime", most), most
        else:
            assert result.status == "SUCCEEDED"


@pytest.mark.parametrize("body", BODIES)
def test_values_may_be_of_so_many_bytes_only(body: str) -> None:
    known, handlers, _ = warm(body)
    functions = handlers.named()
    ended = set()
    for most in (*range(20, 140, 3), *range(140, 800, 20)):
        ours, theirs = (
            go([ITEMS[1]], functions, limits=asl_local.Limits(payload_bytes=most)) for go in (known.run, known.simulate)
        )
        assert (ours.status, ours.error, ours.place) == (theirs.status, theirs.error, theirs.place), most
        ended.add(ours.status)
    assert ended == {"FAILED", "SUCCEEDED"}
