"""An execution as a value: step by step, with stimuli that come late, twice, or not at all; dumped, loaded, forked."""

from __future__ import annotations

import json
from typing import Any

import pytest

import asl_local
from asl_local import Execution, Limits
from asl_local.engine.messages import (
    EXECUTION_TOKEN,
    Call,
    Cancel,
    Failed,
    Fired,
    Heartbeat,
    Inside,
    Refused,
    Stopped,
    Succeeded,
    Timer,
    Waiting,
)

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def task(name: str = "work", **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + name, "End": True, **fields}


def block(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def machine(**states: Any) -> asl_local.Machine:
    return asl_local.load(block(**states))


def types(execution: Execution) -> list[str]:
    return [row[0] for row in execution.history.rows]


PARALLEL = {
    "Type": "Parallel",
    "End": True,
    "Branches": [block(A=task("a")), block(B=task("b", HeartbeatSeconds=5)), block(W={"Type": "Wait", "Seconds": 9, "End": True})],
}  # fmt: skip


class TestStep:
    def test_commands_say_what_is_wanted(self) -> None:
        execution = machine(A=task(TimeoutSeconds=5, HeartbeatSeconds=2, Parameters={"x.$": "$.y"})).execution({"y": 1})
        assert execution.step(None, 100.0) == [
            Call(1, LAMBDA + "work", {"x": 1}, "A", 0, 105.0),
            Timer(1, 105.0),
            Timer(1, 102.0),
        ]
        assert execution.waiting_for() == [Waiting(1, "/States/A", "task", 105.0)]
        assert execution.place_of(1) == "Task 'A'"
        assert execution.step(Succeeded(1, 7), 101.0) == []
        assert execution.outcome is not None
        assert execution.outcome[:2] == ("SUCCEEDED", 7)

    def test_a_second_start_is_an_error(self) -> None:
        execution = machine(A=task()).execution()
        execution.step(None, 0.0)
        with pytest.raises(ValueError, match="has begun"):
            execution.step(None, 1.0)
        assert execution.step(Succeeded(1, 1), 1.0) == []

    def test_time_never_runs_backwards(self) -> None:
        execution = machine(A=task()).execution()
        execution.step(None, 10.0)
        execution.step(Succeeded(1, 1), 5.0)
        assert {row[1] for row in execution.history.rows} == {10.0}

    def test_what_is_stale_changes_nothing(self) -> None:
        execution = machine(A=task(Retry=[{"ErrorEquals": ["E"]}], TimeoutSeconds=50)).execution()
        execution.step(None, 0.0)
        before = execution.dump()
        for stale in (
            Succeeded(9, 1),
            Failed(9, "E", ""),
            Refused(9, ""),
            Heartbeat(9),
            Fired(9),
            Fired(EXECUTION_TOKEN),
        ):
            assert execution.step(stale, 0.0) == []
            assert execution.dump() == before
        assert execution.step(Failed(1, "E", ""), 1.0) == [Timer(2, 2.0)]
        before = execution.dump()
        for stale in (Succeeded(1, 1), Failed(1, "E", ""), Fired(1), Succeeded(2, 1), Failed(2, "E", ""), Heartbeat(2)):
            assert execution.step(stale, 1.0) == []
            assert execution.dump() == before
        assert len(execution.step(Fired(2), 2.0)) == 2
        assert execution.waiting_for() == [Waiting(3, "/States/A", "task", 52.0)]
        assert execution.step(Fired(2), 99.0) == []
        assert execution.outcome is None

    def test_nothing_happens_after_the_end(self) -> None:
        execution = machine(A=task()).execution()
        execution.step(None, 0.0)
        execution.step(Succeeded(1, 1), 0.0)
        before = execution.dump()
        for late in (None, Succeeded(1, 2), Stopped(), Fired(0)):
            assert execution.step(late, 9.0) == []
        assert execution.dump() == before

    def test_a_stop_before_the_start_leaves_a_whole_history(self) -> None:
        execution = machine(A=task()).execution()
        execution.step(Stopped("Changed", "my mind"), 3.0)
        assert types(execution) == ["ExecutionStarted", "ExecutionAborted"]
        assert execution.outcome is not None
        assert execution.outcome[:4] == ("ABORTED", None, "Changed", "my mind")

    def test_a_stop_tells_those_at_work(self) -> None:
        execution = machine(P=PARALLEL).execution()
        execution.step(None, 0.0)
        assert execution.step(Stopped(), 1.0) == [Cancel(1), Cancel(2)]
        assert execution.history.rows[-1] == ("ExecutionAborted", 1.0, 0, None, None)
        assert execution.waiting_for() == []
        assert execution.outcome is not None
        assert execution.outcome.place == "Parallel 'P', branch 0 > Task 'A'"

    def test_the_machines_timer_fires_only_when_its_time_has_come(self) -> None:
        definition = {**block(A=task()), "TimeoutSeconds": 30}
        execution = asl_local.load(definition).execution()
        assert execution.step(None, 100.0)[0] == Timer(EXECUTION_TOKEN, 130.0)
        assert execution.step(Fired(EXECUTION_TOKEN), 129.0) == []
        assert execution.outcome is None
        assert execution.step(Fired(EXECUTION_TOKEN), 130.0) == [Cancel(1)]
        assert execution.outcome is not None
        assert execution.outcome == ("TIMED_OUT", None, None, None, "Task 'A'")
        assert execution.history.rows[-1] == ("ExecutionTimedOut", 130.0, 0, "States.Timeout", None)

    def test_one_timer_serves_all_heartbeats(self) -> None:
        execution = machine(A=task(HeartbeatSeconds=10)).execution()
        assert execution.step(None, 0.0)[1:] == [Timer(1, 10.0)]
        assert execution.step(Heartbeat(1), 4.0) == []
        assert execution.step(Heartbeat(1), 8.0) == []
        assert execution.step(Fired(1), 10.0) == [Timer(1, 18.0)]
        assert execution.step(Fired(1), 18.0) == [Cancel(1)]
        assert execution.outcome is not None
        assert execution.outcome.error == "States.Timeout"

    def test_timers_that_come_too_early_have_to_come_again(self) -> None:
        execution = machine(A=task(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 7}])).execution()
        execution.step(None, 0.0)
        assert execution.step(Failed(1, "E", ""), 1.0) == [Timer(2, 8.0)]
        assert execution.step(Fired(2), 7.5) == [Timer(2, 8.0)]
        assert [type(command) for command in execution.step(Fired(2), 8.0)] == [Call]
        waiting = machine(W={"Type": "Wait", "Seconds": 9, "End": True}).execution()
        waiting.step(None, 0.0)
        assert waiting.step(Fired(1), 8.9) == [Timer(1, 9.0)]
        assert waiting.outcome is None

    def test_a_call_that_cannot_be_made_ends_the_execution(self) -> None:
        execution = machine(
            A=task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Z"}]), Z={"Type": "Succeed"}
        ).execution()
        execution.step(None, 0.0)
        execution.step(Refused(1, "No."), 0.0)
        assert execution.outcome is not None
        assert execution.outcome.error == "States.Runtime"
        assert (
            execution.outcome.cause
            == "An error occurred while executing the state 'A' (entered at the event id #2). No."
        )
        assert types(execution)[-2:] == ["LambdaFunctionStarted", "ExecutionFailed"]

    def test_siblings_that_are_at_work_are_told(self) -> None:
        execution = machine(P=PARALLEL).execution()
        execution.step(None, 0.0)
        assert execution.step(Failed(1, "E", "c"), 1.0) == [Cancel(2)]
        assert execution.outcome is not None
        assert execution.outcome.place == "Parallel 'P', branch 0 > Task 'A'"

    def test_without_a_limit_on_events_the_history_goes_on(self) -> None:
        loop = machine(
            A={"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "C"},
            C={
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericLessThan": 7_000, "Next": "A"}],
                "Default": "Z",
            },
            Z={"Type": "Succeed"},
        )
        execution = loop.execution({"n": 0}, limits=Limits(events=None))
        execution.step(None, 0.0)
        assert execution.outcome is not None
        assert execution.outcome.status == "SUCCEEDED"
        assert len(execution.history.rows) == 4 * 7_000 + 4

    def test_the_limit_counts_where_a_task_comes_back(self) -> None:
        execution = machine(A=task()).execution(limits=Limits(events=5))
        execution.step(None, 0.0)
        execution.step(Succeeded(1, 1), 0.0)
        assert types(execution) == [
            "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "ExecutionFailed",
        ]  # fmt: skip

    def test_tasks_that_the_limit_cuts_off_are_never_called(self) -> None:
        execution = machine(P=PARALLEL).execution(limits=Limits(events=8))
        commands = execution.step(None, 0.0)
        assert [command for command in commands if type(command) is Call] == []
        assert types(execution)[-1] == "ExecutionFailed"

    def test_random_numbers_are_a_function_of_the_seed(self) -> None:
        draws = [[machine(A=task()).execution(seed=seed).draw() for _ in range(2)] for seed in (1, 1, 2)]
        assert draws[0] == draws[1]
        assert draws[0] != draws[2]
        execution = machine(A=task()).execution(seed=3)
        numbers = [execution.draw() for _ in range(1_000)]
        assert all(0 <= number < 1 for number in numbers)
        assert 0.45 < sum(numbers) / 1_000 < 0.55

    def test_full_jitter_is_anywhere_up_to_the_delay(self) -> None:
        here = machine(A=task(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 100, "JitterStrategy": "FULL"}]))
        delays = []
        for seed in range(200):
            execution = here.execution(seed=seed)
            execution.step(None, 0.0)
            [timer] = execution.step(Failed(1, "E", ""), 0.0)
            assert isinstance(timer, Timer)
            delays.append(timer.at)
        assert all(0 <= delay <= 100 for delay in delays)
        assert min(delays) < 10
        assert max(delays) > 90

    @pytest.mark.parametrize(("length", "status"), [(262_142, "SUCCEEDED"), (262_143, "FAILED")])
    def test_a_results_limit_is_256_kib_of_json(self, length: int, status: str) -> None:
        execution = machine(A=task()).execution()
        execution.step(None, 0.0)
        execution.step(Succeeded(1, "x" * length), 0.0)
        assert execution.outcome is not None
        assert execution.outcome.status == status


def test_a_call_knows_the_iterations_and_branches_that_it_was_made_in() -> None:
    inner = {"Type": "Map", "ItemsPath": "$.b", "ItemProcessor": block(A=task()), "End": True}
    outer = {"Type": "Map", "ItemProcessor": block(P={"Type": "Parallel", "Branches": [block(M=inner)], "End": True})}
    execution = machine(All={**outer, "End": True}).execution([{"b": []}, {"b": [1, 2]}])
    calls = [command for command in execution.step(None, 0.0) if isinstance(command, Call)]
    assert [call.place for call in calls] == ["All[1]/P[0]/M[0]/A", "All[1]/P[0]/M[1]/A"]
    assert calls[1].within == (Inside("Map", "All", 1), Inside("Parallel", "P", 0), Inside("Map", "M", 1))
    again = Execution.load(execution.dump(), execution.plan)
    assert [command.place for command in again.pending() if isinstance(command, Call)] == [call.place for call in calls]
    top = machine(A=task()).execution().step(None, 0.0)[0]
    assert isinstance(top, Call)
    assert (top.within, top.place) == ((), "A")


class TestSnapshot:
    def stopped_in_the_middle(self) -> tuple[asl_local.Machine, Execution]:
        here = machine(
            M={
                "Type": "Map", "MaxConcurrency": 2, "End": True, "ItemSelector": {"v.$": "$$.Map.Item.Value", "all.$": "$"},
                "ItemProcessor": block(A=task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 2}], Parameters={"i.$": "$$.Map.Item.Index"})),
            }
        )  # fmt: skip
        execution = here.execution([{"a": [1]}, "ü\ud800", None])
        execution.step(None, 5.0)
        execution.step(Failed(1, "E", "c"), 6.0)
        execution.step(Succeeded(2, {"r": 1.5}), 7.0)
        return here, execution

    def test_a_dump_is_the_execution(self) -> None:
        here, execution = self.stopped_in_the_middle()
        again = Execution.load(execution.dump(), here.plan)
        assert again == execution
        assert again.dump() == execution.dump()
        assert again.waiting_for() == execution.waiting_for()
        assert again.history.rows == execution.history.rows
        for x in (execution, again):
            assert x.step(Fired(3), 8.0) == [
                Call(5, LAMBDA + "work", {"i": 0}, "A", 1, None, within=(Inside("Map", "M", 0),))
            ]
            x.step(Succeeded(5, 1), 9.0)
            x.step(Succeeded(4, 2), 9.0)
        assert again == execution
        assert again.outcome is not None
        assert again.outcome.output == [1, {"r": 1.5}, 2]

    def test_a_fork_goes_its_own_way(self) -> None:
        _, execution = self.stopped_in_the_middle()
        twin = execution.fork()
        assert twin == execution
        before = execution.dump()
        twin.step(Stopped(), 8.0)
        assert execution.dump() == before
        assert execution.outcome is None
        execution.step(Fired(3), 8.0)
        assert twin.outcome is not None
        assert twin.history.rows[-1][0] == "ExecutionAborted"
        assert len(execution.history.rows) > len(twin.history.rows)

    def test_an_ended_execution_can_be_dumped_too(self) -> None:
        here, execution = self.stopped_in_the_middle()
        execution.step(Stopped(cause="enough"), 8.0)
        for again in (Execution.load(execution.dump(), here.plan), execution.fork()):
            assert again == execution
            assert again.outcome == execution.outcome
            assert again.waiting_for() == []
            assert again.step(Fired(3), 9.0) == []

    def test_one_that_has_not_begun_too(self) -> None:
        here = machine(A=task())
        again = Execution.load(here.execution({"a": 1}).dump(), here.plan)
        assert again.step(None, 0.0) == [Call(1, LAMBDA + "work", {"a": 1}, "A", 0, None)]

    def test_a_dump_belongs_to_its_definition(self) -> None:
        _, execution = self.stopped_in_the_middle()
        other = machine(A={"Type": "Pass", "End": True})
        with pytest.raises(ValueError, match=f"not to {other.plan.fingerprint}"):
            Execution.load(execution.dump(), other.plan)

    def test_a_dump_of_another_version_is_refused(self) -> None:
        here, execution = self.stopped_in_the_middle()
        document = {**json.loads(execution.dump()), "version": 0}
        with pytest.raises(ValueError, match="version 0"):
            Execution.load(json.dumps(document), here.plan)

    def test_values_that_are_shared_are_written_once(self) -> None:
        here = machine(
            M={
                "Type": "Map",
                "End": True,
                "ItemSelector": {"i.$": "$$.Map.Item.Index"},
                "ItemProcessor": block(A=task()),
            }
        )
        big = ["x" * 1_000] * 100
        execution = here.execution(big)
        execution.step(None, 0.0)
        assert len(execution.dump()) < 1.3 * len(json.dumps(big))

    def test_executions_are_equal_when_they_say_the_same(self) -> None:
        here = machine(A=task())
        assert here.execution({"a": 1}) == here.execution({"a": 1})
        assert here.execution({"a": 1}) != here.execution({"a": True})
        assert here.execution([1]) != here.execution([1.0])
        assert here.execution({"a": 1, "b": 2}) != here.execution({"b": 2, "a": 1})

    def test_executions_have_no_hash_and_differ_from_other_things(self) -> None:
        _, execution = self.stopped_in_the_middle()
        assert execution != execution.dump()
        with pytest.raises(TypeError, match="unhashable"):
            hash(execution)


class TestVariables:
    TEXT = "x" * 250_000  # 42 variables of it are more than 10 MiB, 41 are not

    def assign(self, *names: str) -> asl_local.Result:
        states: dict[str, Any] = {
            f"S{n}": {"Type": "Pass", "Assign": {f"{name}.$": "$"}, "Next": f"S{n + 1}"} for n, name in enumerate(names)
        }
        return machine(**states, **{f"S{len(names)}": {"Type": "Succeed"}}).simulate(self.TEXT)

    def test_an_execution_holds_ten_mebibytes_of_them(self) -> None:
        result = self.assign(*(f"v{n}" for n in range(42)))
        assert (result.status, result.error) == ("FAILED", "States.DataLimitExceeded")
        assert "'S41'" in (result.cause or "")
        assert "10485760 bytes" in (result.cause or "")
        assert self.assign(*(f"v{n}" for n in range(41))).status == "SUCCEEDED"

    def test_what_is_assigned_again_counts_once(self) -> None:
        assert self.assign(*("v", "w") * 40).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("language", "field"),
    [
        ("JSONata", {"Output": "{% $pad('x', 300000) %}"}),
        ("JSONata", {"Output": {"text": "{% $pad('x', 300000) %}"}}),
        ("JSONata", {"Assign": {"n": 1}, "Output": {"text": "{% $pad('x', 300000) %}"}}),
        ("JSONPath", {"Parameters": {f"text{n}.$": f"States.Format('{'x' * 9000}{{}}', $.n)" for n in range(40)}}),
    ],
)
def test_an_output_that_grows_out_of_nothing_is_too_large_in_the_first_state(
    language: str, field: dict[str, Any]
) -> None:
    state = {"Type": "Pass", **field, "End": True}
    machine = asl_local.load({"QueryLanguage": language, "StartAt": "S", "States": {"S": state}})
    for _ in range(2):
        assert machine.simulate({"n": 1}).error == "States.DataLimitExceeded"


@pytest.mark.parametrize(
    "output",
    ["{% $merge([$states.input, {'a0': $part & 'a0'}]) %}", {"a0": "{% $part %}", "text": "{% $states.input.text %}"}],
)
def test_what_is_kept_of_a_large_input_counts_for_the_limit(output: Any) -> None:
    states: dict[str, Any] = {"Part": {"Type": "Pass", "Assign": {"part": "x" * 1000}, "Next": "S0"}}
    for number in range(9):
        step = json.loads(json.dumps(output).replace("a0", f"a{number}"))
        if isinstance(step, dict):
            step.update({f"a{earlier}": f"{{% $states.input.a{earlier} %}}" for earlier in range(number)})
        states[f"S{number}"] = {"Type": "Pass", "Output": step, "Next": f"S{number + 1}"}
    states["S9"] = {"Type": "Succeed"}
    machine = asl_local.load({"QueryLanguage": "JSONata", "StartAt": "Part", "States": states})
    whole = machine.simulate({"text": ""}).output
    for room, error in ((0, None), (1, "States.DataLimitExceeded")):
        longest = 262_144 - len(json.dumps(whole, separators=(",", ":"))) + room
        assert machine.simulate({"text": "y" * longest}).error == error
