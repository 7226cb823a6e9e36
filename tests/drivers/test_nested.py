"""Executions that start others: one world, one clock, several histories."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import asl_local
from asl_local import Resources
from asl_local.drivers import Simulation
from asl_local.drivers.drive import drive

START = "arn:aws:states:::states:startExecution"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def arn(name: str) -> str:
    return f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}"


def chain(name: str, *states: dict[str, Any], **more: Any) -> asl_local.Machine:
    """A machine of these states in a row."""
    named = {f"S{number}": dict(state) for number, state in enumerate(states)}
    for number, state in enumerate(named.values()):
        if number + 1 < len(named):
            state["Next"] = f"S{number + 1}"
        elif state["Type"] != "Fail":
            state["End"] = True
    return asl_local.load({"StartAt": "S0", "States": named, **more}, name=name)


def starting(name: str, pattern: str = "", **parameters: Any) -> dict[str, Any]:
    return {
        "Type": "Task", "Resource": START + pattern, "Parameters": {"StateMachineArn": arn(name), **parameters},
    }  # fmt: skip


def calling(name: str) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + name}


def waiting(seconds: int) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds}


def test_they_take_turns_as_time_goes_by() -> None:
    heard: list[tuple[str, float]] = []

    def note(_event: Any, context: Any) -> None:
        heard.append((context.execution_arn.split(":")[-2], context.now() - 1_704_067_200))

    child = chain("Child", waiting(2), calling("note"), waiting(2), calling("note"))
    parent = chain("Parent", starting("Child"), waiting(1), calling("note"), waiting(2), calling("note"))
    result = parent.simulate({}, Resources({"note": note}, machines={"Child": child}))
    assert heard == [("Parent", 1), ("Child", 2), ("Parent", 3), ("Child", 4)]
    (nested,) = result.nested
    assert nested.status == "SUCCEEDED"
    assert nested.history[0].at == result.history[0].at


def test_machines_start_machines_that_start_machines() -> None:
    machines = {
        "B": chain("B", starting("C", ".sync:2", **{"Input.$": "$"}), waiting(1)),
        "C": chain("C", waiting(5), {"Type": "Pass", "Parameters": {"deep.$": "$.n"}}),
    }
    result = chain("A", starting("B", ".sync:2", Input={"n": 7})).simulate({}, Resources(machines=machines))
    assert result.output["Output"]["Output"] == {"deep": 7}
    assert result.history[-1].at - result.history[0].at == 6
    assert [nested.identity.machine_name for nested in result.nested] == ["B", "C"]


def test_a_machine_may_start_itself() -> None:
    itself = asl_local.load({"StartAt": "More", "States": {
        "More": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Again"}], "Default": "Done"},
        "Again": {**starting("Itself", ".sync:2", Input={"n.$": "States.MathAdd($.n, -1)"}), "OutputPath": "$.Output", "End": True},
        "Done": {"Type": "Pass", "Result": "down", "End": True},
    }}, name="Itself")  # fmt: skip
    result = itself.simulate({"n": 5}, Resources(machines={"Itself": itself}))
    assert result.output == "down"
    assert len(result.nested) == 5


def test_equal_seeds_give_equal_children() -> None:
    child = chain("Child", {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}})
    parent = chain("Parent", starting("Child", ".sync:2"))
    resources = Resources(machines={"Child": child})
    runs = [parent.simulate({}, resources, seed=seed) for seed in (1, 1, 2)]
    assert [nested.history.to_aws() for nested in runs[0].nested] == [n.history.to_aws() for n in runs[1].nested]
    assert runs[0].output["Output"] != runs[2].output["Output"]


def test_a_timeout_of_the_machine_stops_all_that_wait_for_it_to_end() -> None:
    machines = {"B": chain("B", starting("C", ".sync")), "C": chain("C", waiting(100))}
    result = chain("A", starting("B", ".sync"), TimeoutSeconds=7).simulate({}, Resources(machines=machines))
    assert result.status == "TIMED_OUT"
    assert [(nested.status, nested.history[-1].at - result.history[0].at) for nested in result.nested] == [
        ("ABORTED", 7), ("ABORTED", 7),
    ]  # fmt: skip


def test_a_child_that_times_out_is_a_task_that_failed() -> None:
    child = chain("Child", waiting(100), TimeoutSeconds=3)
    result = chain("A", starting("Child", ".sync")).simulate({}, Resources(machines={"Child": child}))
    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")
    assert result.cause is not None
    assert '"Status":"TIMED_OUT"' in result.cause


def test_whoever_is_waited_for_by_nobody_may_stand_still() -> None:
    ask = chain("Ask", {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}},
    })  # fmt: skip
    resources = Resources({"arn:aws:states:::sqs:sendMessage": lambda event: {}}, machines={"Ask": ask})
    result = chain("A", starting("Ask"), waiting(9)).simulate({}, resources)
    assert result.status == "SUCCEEDED"
    assert [nested.status for nested in result.nested] == ["RUNNING"]
    with pytest.raises(asl_local.UnansweredToken, match="'S0' waits for its task token"):
        chain("A", starting("Ask", ".sync")).simulate({}, resources)


def test_ctrl_c_in_a_child_aborts_everybody() -> None:
    def interrupt(_event: Any) -> None:
        raise KeyboardInterrupt

    machine = chain("A", starting("Child", ".sync"))
    resources = Resources({"f": interrupt}, machines={"Child": chain("Child", calling("f"))})
    execution = machine.execution({})
    work = resources.bind(machine.plan, execution.identity, like=execution)
    with pytest.raises(KeyboardInterrupt):
        drive(execution, Simulation(work))
    assert execution.outcome is not None
    assert execution.outcome.status == "ABORTED"


def test_it_is_the_childs_handler_that_raised() -> None:
    def broken(_event: Any) -> None:
        raise ValueError("child's")

    resources = Resources({"f": broken}, machines={"Child": chain("Child", calling("f"))})
    result = chain("A", starting("Child", ".sync")).simulate({}, resources)
    assert result.error == "States.TaskFailed"
    assert [nested.error for nested in result.nested] == ["ValueError"]


def test_the_sdks_own_start_comes_back_bare() -> None:
    state = {**starting("Child", Name="c"), "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution"}
    result = chain("A", state).simulate({}, Resources(machines={"Child": chain("Child", waiting(1))}))
    assert result.output == {
        "ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:Child:c", "StartDate": "2024-01-01T00:00:00.000Z",
    }  # fmt: skip


def test_an_express_machine_can_be_waited_for_in_the_call_itself() -> None:
    state = {**starting("Child", Name="c", Input="[1]"), "Resource": "arn:aws:states:::aws-sdk:sfn:startSyncExecution"}
    child = asl_local.load(chain("Child", waiting(2), {"Type": "Pass"}).definition, name="Child", type="EXPRESS")
    result = chain("A", state).simulate({}, Resources(machines={"Child": child}))
    output = result.output
    assert output.pop("ExecutionArn").startswith("arn:aws:states:us-east-1:123456789012:express:Child:c:")
    assert output == {
        "BillingDetails": {"BilledDurationInMilliseconds": 2_000, "BilledMemoryUsedInMB": 64},
        "Input": "[1]", "InputDetails": {"Included": True}, "Name": "c", "Output": "[1]",
        "OutputDetails": {"Included": True}, "StartDate": "2024-01-01T00:00:00.000Z", "StateMachineArn": arn("Child"),
        "Status": "SUCCEEDED", "StopDate": "2024-01-01T00:00:02.000Z",
    }  # fmt: skip
    assert result.history.types()[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]


def test_a_failed_express_execution_is_an_answer_too() -> None:
    state = {**starting("Child"), "Resource": "arn:aws:states:::aws-sdk:sfn:startSyncExecution"}
    failing = chain("Child", {"Type": "Fail", "Error": "E", "Cause": "c"})
    child = asl_local.load(failing.definition, name="Child", type="EXPRESS")
    result = chain("A", state).simulate({}, Resources(machines={"Child": child}))
    assert [result.output[name] for name in ("Status", "Error", "Cause")] == ["FAILED", "E", "c"]
    standard = chain("A", state).simulate({}, Resources(machines={"Child": failing}))
    assert standard.error == "Sfn.StateMachineTypeNotSupportedException"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"Input": "no JSON"}, "StepFunctions.InvalidExecutionInputException"),
        ({"Name": "a b"}, "StepFunctions.InvalidNameException"),
        ({"Name": "x" * 81}, "StepFunctions.InvalidNameException"),
    ],
)
def test_what_start_execution_refuses(parameters: dict[str, Any], error: str) -> None:
    machines = {"Child": chain("Child", waiting(1))}
    result = chain("A", starting("Child", **parameters)).simulate({}, Resources(machines=machines))
    assert (result.status, result.error) == ("FAILED", error)
    assert result.nested == ()


@pytest.mark.parametrize("key", [arn("Child"), "Child", "*:Chi*", "*Child*"])
def test_a_machine_is_found_by_arn_name_or_pattern(key: str) -> None:
    resources = Resources(machines={key: chain("Other", {"Type": "Pass", "Result": 1})})
    assert chain("A", starting("Child", ".sync:2")).simulate({}, resources).output["Output"] == 1


def test_a_version_or_alias_is_the_machine() -> None:
    state = starting("Child:7", ".sync:2")
    resources = Resources(machines={"Child": chain("Child", {"Type": "Pass", "Result": 1})})
    result = chain("A", state).simulate({}, resources)
    assert result.output["StateMachineArn"] == arn("Child")


@pytest.mark.parametrize("pattern", ["", ".sync:2"])
def test_a_machine_that_starts_itself_without_end_is_told(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["asl_local.drivers.drive"], "_MOST_IN_A_ROW", 50)
    machine = chain("Loop", starting("Loop", pattern))
    with pytest.raises(asl_local.AslError, match=r"51 executions .* the last one of 'Loop'"):
        machine.simulate({}, Resources(machines={"Loop": machine}))


def test_many_executions_that_one_starts_are_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["asl_local.drivers.drive"], "_MOST_IN_A_ROW", 2)
    child = chain("Child", {"Type": "Pass"})
    parent = chain("Parent", *[starting("Child", ".sync:2")] * 5)
    assert len(parent.simulate({}, Resources(machines={"Child": child})).nested) == 5
