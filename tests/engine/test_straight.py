"""Corners of the straight way: sizes that only a measurement tells, times, names and ends."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise
from typing import Any

import pytest

import asl_local
from asl_local.drivers import Ended, Heard, listening
from asl_local.engine import Execution

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
CONTEXT = {"q.$": "$$.Execution.Input.b"}


def machine(language: str | None = None, **states: dict[str, Any]) -> asl_local.Machine:
    names = list(states)
    for name, after in pairwise(names):
        states[name].setdefault("Next", after)
    states[names[-1]]["End"] = True
    top = {} if language is None else {"QueryLanguage": language}
    return asl_local.load({**top, "StartAt": names[0], "States": states})


def passing(**fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", **fields}


TWICE = {"a.$": "$", "b.$": "$"}
TOO_LARGE: dict[str, tuple[asl_local.Machine, Any, int]] = {
    "Parameters that are dropped": (machine(P=passing(Parameters=TWICE, ResultPath=None)), {"x": "x" * 600}, 1_000),
    "Parameters that OutputPath leads out of": (
        machine(P=passing(Parameters=TWICE, OutputPath="$.a")), {"x": "x" * 600}, 1_000,
    ),
    "a Result in the place of Parameters": (
        machine(
            P=passing(Parameters=CONTEXT, ResultPath="$.z"),
            Q=passing(Parameters=CONTEXT, Result="x" * 700, ResultPath="$.y"),
        ), {"a": "a" * 500, "b": 1}, 1_000,
    ),
    "an OutputPath out of the state": (
        machine(
            S=passing(Parameters={"p.$": "$$.Execution.Name"}),
            P=passing(Parameters=CONTEXT, ResultPath="$.z"),
            Q=passing(Parameters=CONTEXT, ResultPath="$.y", OutputPath="$$.Execution.Input"),
            R=passing(Parameters=TWICE),
        ), {"a": "a" * 2_000, "b": 1}, 3_000,
    ),
    "new members that are null": (
        machine(
            "JSONata", P=passing(Output={"a": "{% $states.input.a %}", "c": 1}),
            Q=passing(Output={"a": "{% $states.input.a %}", "n" * 9_000: None, "m" * 9_000: None}),
        ), {"a": "a" * 22_000}, 30_000,
    ),
}  # fmt: skip


@pytest.mark.parametrize("visits", [1, 16])
@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_found(name: str, visits: int) -> None:
    tried, given, most = TOO_LARGE[name]
    for _ in range(visits):
        result = tried.simulate(given, limits=asl_local.Limits(payload_bytes=most))
    assert (result.status, result.error) == ("FAILED", "States.DataLimitExceeded")


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": ARN, **fields}


def test_a_handler_may_run_an_event_loop_where_the_caller_stands_in_one() -> None:
    async def inner() -> int:
        return 7

    def handler(event: Any) -> int:
        return asyncio.run(inner())

    async def outer() -> asl_local.Result:
        return machine(T=task()).run({}, {ARN: handler})

    assert asyncio.run(outer()).unwrap() == 7


def test_each_failed_call_has_a_request_id_of_its_own() -> None:
    def handler(event: Any) -> None:
        raise ValueError("no")

    failing = machine(T=task())
    causes = {failing.run({}, {ARN: handler}).cause for _ in range(3)}
    assert len(causes) == 3


def test_a_handler_knows_the_request_id_that_its_failure_shows() -> None:
    seen: list[str] = []

    def handler(event: Any, context: Any) -> None:
        seen.append(context.aws_request_id)
        raise ValueError("no")

    cause = machine(T=task()).run({}, {ARN: handler}).cause
    assert cause is not None
    assert seen[0] in cause


def test_the_output_of_a_task_is_made_when_its_answer_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_704_067_200.0]
    monkeypatch.setattr("time.time", lambda: clock[0])

    def handler(event: Any) -> int:
        clock[0] += 2
        return 1

    both = {"after": "{% $millis() %}", "entered": "{% $states.context.State.EnteredTime %}"}
    output = machine("JSONata", T=task(Output=both)).run({}, {ARN: handler}).unwrap()
    assert output == {"after": 1_704_067_202_000, "entered": "2024-01-01T00:00:00.000Z"}


def test_threads_that_read_one_result_find_one_name() -> None:
    for _ in range(20):
        result = machine(P=passing()).run({})
        ready, names = threading.Barrier(4), []

        def read(result: asl_local.Result = result, ready: threading.Barrier = ready, names: list[str] = names) -> None:
            ready.wait()
            names.append(result.identity.execution_name)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(names)) == 1


class Ear:
    """Hears how executions end."""

    def __init__(self) -> None:
        self.ends_heard: list[Any] = []
        self.executions: list[Execution] = []

    def begins(self, execution: Execution, machine: Heard, kind: str) -> None:
        self.executions.append(execution)

    def ends(self, execution: Execution, ended: Ended | BaseException) -> None:
        self.ends_heard.append(ended)


@pytest.mark.parametrize("way", ["run", "simulate"])
def test_ctrl_c_in_a_call_aborts_the_execution(way: str) -> None:
    def handler(event: Any) -> None:
        raise KeyboardInterrupt

    ear = Ear()
    with listening(ear), pytest.raises(KeyboardInterrupt):
        getattr(machine(T=task()), way)({}, {ARN: handler})
    (ended,), (execution,) = ear.ends_heard, ear.executions
    assert (ended.outcome.status, ended.outcome.cause, ended.outcome.place) == ("ABORTED", "interrupted", "Task 'T'")
    assert [row[0] for row in execution.history.rows] == [
        "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "ExecutionAborted",
    ]  # fmt: skip


@pytest.mark.parametrize("runs", [0, 20], ids=["new", "known"])
@pytest.mark.parametrize("fans", ["Map", "Parallel"])
def test_ctrl_c_in_a_call_beside_others_aborts_the_execution(fans: str, runs: int) -> None:
    calls = 0

    def handler(event: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise KeyboardInterrupt
        return event

    call = {"Type": "Task", "Resource": ARN, "End": True}
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Next": "T"}, "T": call}}
    other = {"StartAt": "Other", "States": {"Other": call}}
    fan = {"Map": {"ItemProcessor": inner}, "Parallel": {"Branches": [inner, other]}}[fans]
    known = asl_local.load({"StartAt": "Fan", "States": {"Fan": {"Type": fans, "End": True, **fan}}})
    for _ in range(runs):
        known.run([1, 2, 3], {ARN: lambda event: event}).unwrap()
    ear = Ear()
    with listening(ear), pytest.raises(KeyboardInterrupt):
        known.run([1, 2, 3], {ARN: handler})
    (ended,), (execution,) = ear.ends_heard, ear.executions
    assert (ended.outcome.status, ended.outcome.cause) == ("ABORTED", "interrupted")
    kinds = [row[0] for row in execution.history.rows]
    assert kinds.count("LambdaFunctionSucceeded") == 1
    assert kinds[-1] == "ExecutionAborted"
