"""The history as GetExecutionHistory gives it through boto3."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

import asl_local
from asl_local.engine.history import EVENTS
from asl_local.reporters import History
from asl_local.reporters.aws import event

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def history(definition: dict[str, Any], input: Any = None, **handlers: Any) -> History:
    return asl_local.load(definition).simulate(input, handlers, start=1.25).history


SERVICE = {
    "StartAt": "A",
    "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload": {"ü": [1, 0.5]}},
                     "TimeoutSeconds": 9, "HeartbeatSeconds": 8, "Credentials": {"RoleArn.$": "$.role"}, "End": True}},
}  # fmt: skip


def test_a_service_task_in_aws_shapes() -> None:
    shapes = history(SERVICE, {"a": None, "role": "arn:aws:iam::123456789012:role/r"}, f=lambda event: event).to_aws()
    assert shapes[0] == {
        "timestamp": datetime(1970, 1, 1, 0, 0, 1, 250_000, tzinfo=UTC), "type": "ExecutionStarted", "id": 1,
        "previousEventId": 0,
        "executionStartedEventDetails": {
            "input": '{"a":null,"role":"arn:aws:iam::123456789012:role/r"}', "inputDetails": {"truncated": False}, "roleArn": "arn:aws:iam::123456789012:role/asl-local",
        },
    }  # fmt: skip
    assert shapes[2]["taskScheduledEventDetails"] == {
        "resourceType": "lambda", "resource": "invoke", "region": "us-east-1",
        "parameters": '{"FunctionName":"f","Payload":{"ü":[1,0.5]}}', "timeoutInSeconds": 9, "heartbeatInSeconds": 8,
        "taskCredentials": {"roleArn": "arn:aws:iam::123456789012:role/r"},
    }  # fmt: skip
    assert shapes[3]["taskStartedEventDetails"] == {"resourceType": "lambda", "resource": "invoke"}
    output = shapes[4]["taskSucceededEventDetails"]["output"]
    assert json.loads(output)["Payload"] == {"ü": [1, 0.5]}
    assert shapes[5]["stateExitedEventDetails"] == {
        "name": "A",
        "output": output,
        "outputDetails": {"truncated": False},
    }
    assert shapes[6]["executionSucceededEventDetails"]["output"] == output


def test_details_that_are_absent_are_left_out_but_null_is_a_value() -> None:
    failed = history({"StartAt": "F", "States": {"F": {"Type": "Fail"}}}).to_aws()
    assert failed[1]["stateEnteredEventDetails"]["input"] == "null"
    assert failed[2]["executionFailedEventDetails"] == {}
    task = {"Type": "Task", "Resource": LAMBDA + "f", "End": True}
    null = history({"StartAt": "A", "States": {"A": task}}, f=lambda event: None).to_aws()
    assert null[2]["lambdaFunctionScheduledEventDetails"] == {
        "resource": LAMBDA + "f", "input": "null", "inputDetails": {"truncated": False},
    }  # fmt: skip
    assert "lambdaFunctionStartedEventDetails" not in null[3]
    assert null[4]["lambdaFunctionSucceededEventDetails"]["output"] == "null"


_VALUES = ("input", "output", "parameters", "assignedVariables")


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_can_be_shown(kind: str) -> None:
    member, names = EVENTS[kind]
    values = [{"deep": [1]} if name in _VALUES else name for name in names]
    shape = event(7, (kind, 0.0, 3, *values)).to_aws()
    assert (shape["type"], shape["id"], shape["previousEventId"]) == (kind, 7, 3)
    assert set(shape) == {"timestamp", "type", "id", "previousEventId"} | ({member} if member else set())
    for name in names:
        wanted = {"deep": "[1]"} if name == "assignedVariables" else '{"deep":[1]}' if name in _VALUES else name
        assert shape[member][name] == wanted


def test_a_history_is_a_sequence() -> None:
    here = history({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    assert len(here) == 4
    assert [each.id for each in here] == [1, 2, 3, 4]
    assert [each.id for each in reversed(here)] == [4, 3, 2, 1]
    assert here[-1] == here[3] == here[1:][-1]
    assert here[-4].id == 1
    assert here[1] in here
    for wrong in (4, -5, 100, -100):
        with pytest.raises(IndexError):
            here[wrong]
    assert here.types() == [each.type for each in here]
    assert repr(here) == "<History of 4 events>"


def test_the_whole_history_is_its_events_one_by_one() -> None:
    values: list[Any] = [{"deep": [1]}, {"deep": [1]}, [], None, "text", 0, 1.5, True]
    details = [
        {"x": {"y": 1}} if name == "assignedVariables" else None for name in ("name", "output", "assignedVariables")
    ]
    rows: list[Any] = [("ExecutionStarted", 1e12, 0, values)]  # a time that no timestamp can name
    rows += [("PassStateEntered", float(at // 3), at, "A", value) for at, value in enumerate([*values, *values], 1)]
    rows += [(kind, 9.0, 3, *([{"x": 1}] * len(names))) for kind, (_, names) in EVENTS.items()]
    rows += [("PassStateExited", 9.0, 3, *details)]
    here = History(rows)
    assert here.to_aws() == [each.to_aws() for each in here] == [each.to_aws() for each in here.shared()]


def test_a_history_that_grows_is_read_to_its_end() -> None:
    rows: list[Any] = [("LambdaFunctionStarted", 0.0, 0)]
    seen = []
    for each in History(rows):
        seen.append(each.id)
        if len(seen) < 4:
            rows.append(("LambdaFunctionStarted", 0.0, each.id))
    assert seen == [1, 2, 3, 4]


def test_what_the_reader_does_with_an_event_is_his_own_business() -> None:
    given = {"a": [1]}
    here = History([("PassStateEntered", 0.0, 0, "A", given)])
    for each in (here[0], next(iter(here))):
        assert each.details == {"name": "A", "input": {"a": [1]}}
        each.details["input"]["a"].append(2)
    assert given == {"a": [1]}


def test_events_know_their_state_and_moment() -> None:
    first, second = history({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})[:2]
    assert (first.state, second.state) == (None, "A")
    assert second.timestamp == datetime(1970, 1, 1, 0, 0, 1, 250_000, tzinfo=UTC)


def test_what_the_reader_does_with_aws_shapes_is_his_own_business() -> None:
    here = history(SERVICE, {"role": "r"}, f=lambda event: 1)
    here.to_aws()[2]["taskScheduledEventDetails"]["taskCredentials"].clear()
    assert here.to_aws()[2]["taskScheduledEventDetails"]["taskCredentials"] != {}


def test_every_detail_that_awss_model_has_is_there() -> None:
    session = pytest.importorskip("botocore.session").Session()
    model = session.get_service_model("stepfunctions")
    assert set(model.shape_for("HistoryEventType").enum) == set(EVENTS)
    members = model.shape_for("HistoryEvent").members
    of_the_client = {"stateMachineAliasArn", "stateMachineVersionArn"}  # only an account has versions and aliases
    for kind, (member, details) in EVENTS.items():
        if member is not None:
            flags = {f"{name}Details" for name in details if name in ("input", "output", "assignedVariables")}
            assert set(members[member].members) - of_the_client == {*details, *flags}, kind
