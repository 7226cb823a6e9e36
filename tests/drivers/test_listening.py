"""The seam for whoever wants to know of every execution: each kind is told, begin and end, once, to those who listened."""

from __future__ import annotations

import json
from typing import Any

import pytest

import asl_local
from asl_local.drivers import Ended, Heard, Nested, Simulation, TaskContext, listening
from asl_local.drivers.drive import drive
from asl_local.engine import Execution

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "No"}}}
TASK = {
    "StartAt": "A",
    "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}},
}
STARTS: dict[str, Any] = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync",
            "Parameters": {"StateMachineArn": "inner"},
            "End": True,
        }
    },
}
TOKEN = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
            "End": True,
        }
    },
}


class Ear:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.live: dict[int, Execution] = {}

    def begins(self, execution: Execution, machine: Heard, kind: str) -> None:
        assert execution.plan.fingerprint == machine.plan.fingerprint or kind == "test_state"
        self.begun.append((kind, machine.name))
        self.live[id(execution)] = execution

    def ends(self, execution: Execution, ended: Ended | BaseException) -> None:
        del self.live[id(execution)]  # each that ends has begun, and ends once
        self.ended.append(ended.outcome.status if isinstance(ended, Ended) else type(ended).__name__)


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_each_way_of_running_is_told(ear: Ear) -> None:
    machine = asl_local.load(PASS, name="pass")
    waits = asl_local.load(TOKEN, name="waits")
    with listening(ear):
        machine.run()
        machine.simulate()
        machine.start().result(10)
        started = waits.start({}, {"f": lambda event: None})
        dump = started.dump()
        started.stop()
        started.result(10)
        resumed = waits.resume(dump, {"f": lambda event: None})
        (token,) = resumed.tokens()
        resumed.send_task_success(token, 1)
        resumed.result(10)
        asl_local.test_state(definition=PASS, stateName="A", input="{}")
    assert ear.begun == [
        ("run", "pass"), ("simulate", "pass"), ("start", "pass"), ("start", "waits"), ("resume", "waits"),
        ("test_state", "definition"),
    ]  # fmt: skip
    assert ear.ended == ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "ABORTED", "SUCCEEDED", "SUCCEEDED"]


def test_a_state_that_is_no_part_of_a_machine_is_not_told(ear: Ear) -> None:
    with listening(ear):
        asl_local.test_state(definition={"Type": "Pass", "End": True}, input="{}")
    assert ear.begun == []


def test_redrive_and_a_simulation_that_goes_on(ear: Ear) -> None:
    machine = asl_local.load(TASK, name="task")

    def fails(event: Any) -> Any:
        raise ValueError("no")

    failed = machine.simulate({}, {"f": fails})
    execution = machine.execution({})
    execution.step(None, 0.0)
    with listening(ear):
        machine.redrive(failed, {"f": fails})
        machine.resume_simulation(execution.dump(), {"f": lambda event: 1})
    assert ear.begun == [("redrive", "task"), ("resume_simulation", "task")]
    assert ear.ended == ["FAILED", "SUCCEEDED"]


def test_executions_that_a_task_starts(ear: Ear) -> None:
    inner = asl_local.load(PASS, name="inner")
    outer = asl_local.load(STARTS, name="outer")
    with listening(ear):
        outer.simulate({}, asl_local.Resources(machines={"inner": inner}))
    assert ear.begun == [("simulate", "outer"), ("nested", "inner")]
    assert ear.ended == ["SUCCEEDED", "SUCCEEDED"]
    assert not ear.live


def test_an_execution_that_cannot_go_on_ends_with_the_exception(ear: Ear) -> None:
    machine = asl_local.load(TOKEN, name="waits")
    with listening(ear), pytest.raises(asl_local.UnansweredToken):
        machine.simulate({}, {"f": lambda event: None})
    assert ear.ended == ["UnansweredToken"]


def test_what_nobody_waits_for_and_never_ends_is_told_to_end(ear: Ear) -> None:
    definition = {
        "StartAt": "A",
        "States": {"A": {**STARTS["States"]["A"], "Resource": "arn:aws:states:::states:startExecution"}},
    }
    resources = asl_local.Resources({"f": lambda event: None}, machines={"inner": asl_local.load(TOKEN, name="inner")})
    with listening(ear):
        asl_local.load(definition, name="outer").simulate({}, resources)
    assert ear.ended == ["SUCCEEDED", "UnansweredToken"]
    assert not ear.live


def test_a_client_s_executions(ear: Ear) -> None:
    client = asl_local.StepFunctions(clock="virtual")
    role = "arn:aws:iam::123456789012:role/r"
    with listening(ear):
        made = client.create_state_machine(name="m", definition=json.dumps(FAIL), roleArn=role)
        arn = client.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
        assert client.describe_execution(executionArn=arn)["status"] == "FAILED"
        client.redrive_execution(executionArn=arn)
        assert client.describe_execution(executionArn=arn)["redriveCount"] == 1
    assert ear.begun == [("start_execution", "m"), ("redrive", "m")]
    assert ear.ended == ["FAILED", "FAILED"]


def test_only_those_who_listened_at_the_beginning_hear_of_the_end(ear: Ear) -> None:
    machine = asl_local.load(TOKEN, name="waits")
    late = Ear()
    with listening(ear):
        started = machine.start({}, {"f": lambda event: None})
    with listening(late):
        started.stop()
        started.result(10)
    assert ear.ended == ["ABORTED"]
    assert not late.begun
    assert not late.ended


def test_listeners_stand_in_a_stack(ear: Ear) -> None:
    inner = Ear()
    machine = asl_local.load(PASS, name="m")
    with listening(ear):
        with listening(inner):
            machine.simulate()
        machine.simulate()
        with pytest.raises(RuntimeError), listening(ear):
            raise RuntimeError
        machine.simulate()
    machine.simulate()  # the pytest plugin may hear it; these two do not any more
    assert (len(ear.begun), len(inner.begun)) == (3, 1)


def test_an_execution_of_the_driver_s_own_is_nobody_s(ear: Ear) -> None:
    """`Nested` without a machine: somebody else's driver code starts it, and no Machine is there to be named."""
    machine = asl_local.load(PASS, name="m")

    def work(call: Any, context: TaskContext) -> Nested:
        return Nested(machine.execution(), lambda call, context: None, {}, None)

    execution = asl_local.load(TASK, name="task").execution({})
    with listening(ear):
        ended = drive(execution, Simulation(work))
    assert ended.outcome.status == "SUCCEEDED"
    assert ear.begun == []
