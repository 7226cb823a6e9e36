"""Map runs and their child executions through the client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sfn_helpers import STATES, Checked, made, refusal

import asl_local

ARN = f"{STATES}:stateMachine:orders"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def mapping(**fields: Any) -> str:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": FUNCTION, "End": True}},
    }
    state = {"Type": "Map", "Label": "each", "ItemProcessor": processor, "End": True, **fields}
    return json.dumps({"StartAt": "M", "States": {"M": state}})


def handler(event: Any) -> Any:
    if event == 3:
        raise ValueError("three")
    return event * 10


@pytest.fixture
def client() -> Checked:
    return Checked(asl_local.StepFunctions({"f": handler}, clock="virtual", seed=1))


def map_run(client: Checked, execution: str) -> str:
    runs = client.list_map_runs(executionArn=execution)["mapRuns"]
    assert len(runs) == 1
    assert runs[0]["executionArn"] == execution
    assert runs[0]["stateMachineArn"] == f"{ARN}/each"
    return str(runs[0]["mapRunArn"])


def test_a_map_run_is_counted(client: Checked) -> None:
    made(client, definition=mapping(MaxConcurrency=2, ToleratedFailureCount=1))
    execution = client.start_execution(stateMachineArn=ARN, input="[1, 2, 3, 4]")["executionArn"]
    assert client.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"
    arn = map_run(client, execution)
    assert arn.startswith(f"{STATES}:mapRun:orders/each:")
    described = client.describe_map_run(mapRunArn=arn)
    assert (described["status"], described["maxConcurrency"]) == ("SUCCEEDED", 2)
    assert (described["toleratedFailureCount"], described["toleratedFailurePercentage"]) == (1, 0.0)
    for counts in (described["itemCounts"], described["executionCounts"]):
        assert {name: number for name, number in counts.items() if number} == {"succeeded": 3, "failed": 1, "total": 4}


def test_no_limit_is_shown_as_zero(client: Checked) -> None:
    made(client, definition=mapping())
    execution = client.start_execution(stateMachineArn=ARN, input="[1]")["executionArn"]
    assert client.describe_map_run(mapRunArn=map_run(client, execution))["maxConcurrency"] == 0


def test_the_children_are_executions(client: Checked) -> None:
    made(client, definition=mapping(ToleratedFailureCount=1))
    execution = client.start_execution(stateMachineArn=ARN, input="[1, 2, 3]")["executionArn"]
    arn = map_run(client, execution)
    children = client.list_executions(mapRunArn=arn)["executions"]
    assert [child["status"] for child in children] == ["FAILED", "SUCCEEDED", "SUCCEEDED"]
    assert {child["itemCount"] for child in children} == {1}
    first = client.list_executions(mapRunArn=arn, maxResults=2)
    rest = client.list_executions(mapRunArn=arn, nextToken=first["nextToken"])
    assert [*first["executions"], *rest["executions"]] == children
    assert len(client.list_executions(mapRunArn=arn, statusFilter="FAILED")["executions"]) == 1

    described = client.describe_execution(executionArn=children[1]["executionArn"])
    assert (described["input"], described["output"], described["mapRunArn"]) == ("2", "20", arn)
    assert described["stateMachineArn"] == f"{ARN}/each"
    history = client.get_execution_history(executionArn=children[1]["executionArn"])["events"]
    assert history[-1]["type"] == "ExecutionSucceeded"
    failed = client.describe_execution(executionArn=children[0]["executionArn"])
    assert (failed["error"], failed["redriveStatus"]) == ("ValueError", "REDRIVABLE_BY_MAP_RUN")
    shown = client.describe_state_machine_for_execution(executionArn=children[0]["executionArn"])
    assert (shown["label"], shown["mapRunArn"], shown["stateMachineArn"]) == ("each", arn, f"{ARN}/each")
    # The machine's own executions do not have them among them.
    own = client.list_executions(stateMachineArn=ARN)["executions"]
    assert [each["executionArn"] for each in own] == [execution]


def test_stopping_a_child_that_has_ended_changes_nothing(client: Checked) -> None:
    made(client, definition=mapping())
    execution = client.start_execution(stateMachineArn=ARN, input="[1]")["executionArn"]
    child = client.list_executions(mapRunArn=map_run(client, execution))["executions"][0]
    assert client.stop_execution(executionArn=child["executionArn"]) == {"stopDate": child["stopDate"]}


def test_map_runs_that_are_not_there(client: Checked) -> None:
    arn = f"{STATES}:mapRun:orders/each:1"
    assert refusal(client.describe_map_run, mapRunArn=arn) == ("ResourceNotFound", f"Resource not found: '{arn}'")
    assert refusal(client.list_executions, mapRunArn=arn)[0] == "ResourceNotFound"
    assert refusal(client.describe_map_run, mapRunArn=ARN)[0] == "InvalidArn"
    child = f"{STATES}:execution:orders/each:1"
    assert refusal(client.describe_execution, executionArn=child)[0] == "ExecutionDoesNotExist"
    assert refusal(client.list_map_runs, executionArn=f"{STATES}:execution:orders:1")[0] == "ExecutionDoesNotExist"
    both = {"stateMachineArn": ARN, "mapRunArn": arn}
    assert refusal(client.list_executions, **both)[0] == "ValidationException"


def test_executions_without_map_runs_have_none(client: Checked) -> None:
    made(client)
    execution = client.start_execution(stateMachineArn=ARN)["executionArn"]
    assert client.list_map_runs(executionArn=execution) == {"mapRuns": []}
