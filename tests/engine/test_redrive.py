"""Redrive, state by state: what is done again, what is kept, and what the history and the Context Object say of it."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local
from asl_local.engine.messages import Redriven, Stopped, Timer

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + name, **({} if "Next" in fields else {"End": True}), **fields}


def block(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


class Broken:
    """Functions that fail until they are mended; `calls` says who was called with what."""

    def __init__(self, *names: str) -> None:
        self.broken = True
        self.calls: list[tuple[str, Any]] = []
        self.resources = {name: self.function(name, "good" not in name) for name in names}

    def function(self, name: str, breaks: bool) -> Any:
        def handler(event: Any) -> Any:
            self.calls.append((name, event))
            if self.broken and breaks:
                raise asl_local.StateError("Broken", name)
            return {name: event}

        return handler

    def fails_then_mended(self, machine: asl_local.Machine, event: Any) -> tuple[asl_local.Result, asl_local.Result]:
        first = machine.simulate(event, self.resources)
        assert first.status == "FAILED"
        self.broken, self.calls = False, []
        return first, machine.redrive(first, self.resources)


def test_a_task_is_scheduled_again_with_the_same_input() -> None:
    machine = asl_local.load(block(A=task("good", Next="B"), B=task("bad", ResultPath="$.b")))
    world = Broken("good", "bad")
    first, second = world.fails_then_mended(machine, 7)
    assert second.output == {"good": 7, "b": {"bad": {"good": 7}}}
    assert world.calls == [("bad", {"good": 7})]
    assert [*first.history.types()] == [*second.history.types()[: len(first.history)]]
    assert second.history.types()[len(first.history) :] == [
        "ExecutionRedriven", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded",
        "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    redriven = second.history[len(first.history)]
    assert redriven.to_aws()["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert second.identity == first.identity
    assert first.status == "FAILED", "the first result stays as it was"
    assert first.history[-1].type == "ExecutionFailed"


def test_branches_that_succeeded_are_kept() -> None:
    parallel = {"Type": "Parallel", "End": True, "Branches": [block(A=task("good")), block(B=task("bad"))]}
    world = Broken("good", "bad")
    _, second = world.fails_then_mended(asl_local.load(block(P=parallel)), 1)
    assert second.output == [{"good": 1}, {"bad": 1}]
    assert world.calls == [("bad", 1)]


def test_iterations_that_did_not_end_well_are_done_again_and_no_others() -> None:
    map_ = {
        "Type": "Map",
        "End": True,
        "MaxConcurrency": 1,
        "ItemProcessor": block(A=task("good", Next="B"), B=task("bad")),
    }
    machine = asl_local.load(block(M=map_))
    calls: list[Any] = []
    broken = {2}

    def bad(event: Any) -> Any:
        calls.append(event["good"])
        if event["good"] in broken:
            raise asl_local.StateError("Broken")
        return event["good"] * 10

    resources = {"good": lambda event: {"good": event}, "bad": bad}
    first = machine.simulate([1, 2, 3], resources)
    assert (first.status, calls) == ("FAILED", [1, 2])
    broken.clear()
    second = machine.redrive(first, resources)
    assert second.output == [10, 20, 30]
    assert calls == [1, 2, 2, 3]


def test_a_failure_deep_inside_is_taken_up_there() -> None:
    inner = {"Type": "Map", "End": True, "ItemProcessor": block(A=task("good", Next="B"), B=task("bad"))}
    machine = asl_local.load(
        block(P={"Type": "Parallel", "End": True, "Branches": [block(M=inner), block(C=task("good"))]})
    )
    world = Broken("good", "bad")
    _, second = world.fails_then_mended(machine, [1])
    assert second.output == [[{"bad": {"good": 1}}], {"good": [1]}]
    assert [name for name, _ in world.calls] == ["bad"]


def test_a_fail_state_is_entered_again() -> None:
    machine = asl_local.load(block(F={"Type": "Fail", "Error": "E", "Cause": "c"}))
    first = machine.simulate()
    second = machine.redrive(first)
    assert (second.status, second.error) == ("FAILED", "E")
    assert second.history.types()[-3:] == ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]
    third = machine.redrive(second)
    assert third.history.types().count("ExecutionRedriven") == 2
    assert third.history[-3].details == {"redriveCount": 2}


def test_retries_are_counted_anew() -> None:
    retry = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    machine = asl_local.load(block(A=task("bad", Retry=retry)))
    world = Broken("bad")
    first = machine.simulate(1, world.resources)
    assert len(world.calls) == 3
    again = machine.redrive(first, world.resources)
    assert again.status == "FAILED"
    assert len(world.calls) == 6


def test_the_machines_own_timeout_starts_anew() -> None:
    machine = asl_local.load(
        {"TimeoutSeconds": 10, **block(A={"Type": "Wait", "Seconds": 8, "Next": "B"}, B=task("slow"))}
    )
    slow = {"slow": lambda _event, context: context.sleep(5)}
    first = machine.simulate({}, slow)
    assert first.status == "TIMED_OUT"
    second = machine.redrive(first, slow)
    assert second.status == "SUCCEEDED"


def test_the_context_object_tells_of_the_redrive() -> None:
    machine = asl_local.load(block(A=task("bad", Parameters={"x.$": "$$.Execution"})))
    world = Broken("bad")
    first = machine.simulate({}, world.resources)
    world.broken, world.calls = False, []
    end = first.history[-1].at
    machine.redrive(first, world.resources, at=end + 3600)
    [(_, event)] = world.calls
    assert event["x"]["RedriveCount"] == 1
    assert event["x"]["RedriveTime"] == "2024-01-01T01:00:00.000Z"
    assert event["x"]["StartTime"] == "2024-01-01T00:00:00.000Z"


def test_real_time() -> None:
    machine = asl_local.load(block(A=task("bad")))
    world = Broken("bad")
    first = machine.run(1, world.resources)
    world.broken = False
    assert machine.redrive(first, world.resources).output == {"bad": 1}
    with pytest.raises(ValueError, match="virtual clock"):
        machine.redrive(first, world.resources, at=0.0)


def test_what_cannot_be_redriven() -> None:
    machine = asl_local.load(block(A={"Type": "Pass", "End": True}))
    with pytest.raises(asl_local.ExecutionNotRedrivable, match="SUCCEEDED"):
        machine.redrive(machine.simulate())
    failing = asl_local.load(block(A={"Type": "Fail"}))
    failed = failing.simulate()
    with pytest.raises(ValueError, match="not of an execution of"):
        machine.redrive(failed)
    with pytest.raises(asl_local.ExecutionNotRedrivable, match="14 days"):
        failing.redrive(failed, at=failed.history[-1].at + 14 * 86_400 + 1)
    full = failing.simulate(limits=asl_local.Limits(events=3))
    with pytest.raises(asl_local.ExecutionNotRedrivable, match="history is too long"):
        failing.redrive(full)


def test_a_machine_that_runs_cannot_be_redriven() -> None:
    execution = asl_local.load(block(A=task("a"))).execution()
    execution.step(None, 0.0)
    with pytest.raises(asl_local.ExecutionNotRedrivable, match="RUNNING"):
        execution.step(Redriven(), 1.0)


def test_the_clock_of_a_redriven_execution_outlives_a_dump() -> None:
    machine = asl_local.load({"TimeoutSeconds": 10, **block(A=task("slow"))})
    execution = machine.execution()
    execution.step(None, 0)
    execution.step(Stopped(), 5)
    execution.step(Redriven(), 100)
    loaded = asl_local.Execution.load(execution.dump(), machine.plan)
    assert [command.at for command in loaded.pending() if isinstance(command, Timer)] == [110]
