"""Executions of `<ARN of a machine>#<test case>`, as Step Functions Local starts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import StepFunctions

ROLE = "arn:aws:iam::123456789012:role/any"

# A loan is checked from two sides, rated by a service, and told of; each test case mocks what is on its path only.
DEFINITION = {
    "StartAt": "Checks",
    "States": {
        "Checks": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Check income", "States": {"Check income": {
                    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, "OutputPath": "$.Payload",
                    "Parameters": {"FunctionName": "${IncomeFunction}", "Payload.$": "$"}}}},
                {"StartAt": "Check debts", "States": {"Check debts": {
                    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, "OutputPath": "$.Payload",
                    "Parameters": {"FunctionName": "${DebtsFunction}", "Payload.$": "$"}}}},
            ],
            "Catch": [{"ErrorEquals": ["Refused"], "Next": "Tell no", "ResultPath": "$.error"}],
            "ResultPath": "$.checks",
            "Next": "Rate",
        },
        "Rate": {
            "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:comprehend:detectSentiment",
            "Parameters": {"LanguageCode": "en", "Text": "good"}, "ResultPath": "$.rate",
            "Retry": [{"ErrorEquals": ["Comprehend.InternalServerException"], "MaxAttempts": 3, "IntervalSeconds": 1}],
            "Next": "Tell yes",
        },
        "Tell yes": {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": []}, "End": True},
        "Tell no": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "t", "Message": "no"}, "End": True},
    },
}  # fmt: skip
MOCKS = {
    "StateMachines": {
        "Loans": {
            "TestCases": {
                "Yes": {"Check income": "Fine", "Check debts": "Fine", "Rate": "Rated", "Tell yes": "Told"},
                "YesAtLast": {"Check income": "Fine", "Check debts": "Fine", "Rate": "RatedAtLast", "Tell yes": "Told"},
                "No": {"Check income": "Fine", "Check debts": "Refused", "Tell no": "Told"},
                "NotTold": {"Check income": "Fine", "Check debts": "Refused"},
                "Misspelt": {"Check incom": "Fine"},
            }
        }
    },
    "MockedResponses": {
        "Fine": {"0": {"Return": {"StatusCode": 200, "Payload": {"approved": True}}}},
        "Refused": {"0-3": {"Throw": {"Error": "Refused", "Cause": "too many"}}},
        "Rated": {"0": {"Return": {"Sentiment": "POSITIVE"}}},
        "RatedAtLast": {
            "0-1": {"Throw": {"Error": "Comprehend.InternalServerException", "Cause": "try again"}},
            "2": {"Return": {"Sentiment": "POSITIVE"}},
        },
        "Told": {"0": {"Return": {"FailedEntryCount": 0}}},
    },
}


def client(**more: Any) -> tuple[StepFunctions, str]:
    sfn = StepFunctions(**{"clock": "virtual", "mock_config": MOCKS, **more})
    made = sfn.create_state_machine(name="Loans", definition=json.dumps(DEFINITION), roleArn=ROLE)
    return sfn, made["stateMachineArn"]


@pytest.mark.parametrize(
    ("case", "tasks", "failures"),
    [
        ("Yes", ["Check income", "Check debts", "Rate", "Tell yes"], 0),
        ("YesAtLast", ["Check income", "Check debts", "Rate", "Tell yes"], 2),
        ("No", ["Check income", "Tell no"], 1),
    ],
)
def test_a_test_case_runs_and_needs_no_more_than_is_on_its_path(case: str, tasks: list[str], failures: int) -> None:
    sfn, arn = client()
    started = sfn.start_execution(stateMachineArn=f"{arn}#{case}", name=case)["executionArn"]
    assert started == f"{arn.replace(':stateMachine:', ':execution:')}:{case}"
    shown = sfn.describe_execution(executionArn=started)
    assert (shown["status"], shown["stateMachineArn"]) == ("SUCCEEDED", arn)
    events = sfn.get_execution_history(executionArn=started)["events"]
    assert [e["stateExitedEventDetails"]["name"] for e in events if e["type"] == "TaskStateExited"] == tasks
    assert [e["type"] for e in events].count("TaskFailed") == failures


def test_a_task_that_nobody_answers_is_told_when_it_is_called() -> None:
    sfn, arn = client()
    with pytest.raises(asl_local.UnknownResource, match="/States/Tell no/Resource: arn:aws:states:::sns:publish needs"):
        sfn.start_execution(stateMachineArn=f"{arn}#NotTold")
    with pytest.raises(asl_local.UnknownResource, match="/States/Checks/Branches/0/States/Check income"):
        sfn.start_execution(stateMachineArn=arn)


def test_states_that_are_not_mocked_call_the_clients_resources(tmp_path: Path) -> None:
    path = tmp_path / "MockConfigFile.json"
    path.write_text(json.dumps(MOCKS), "utf-8")
    heard = []

    def publish(event: Any) -> Any:
        heard.append(event)
        return {"MessageId": "m"}

    sfn, arn = client(resources={"arn:aws:states:::sns:publish": publish}, mock_config=path)
    started = sfn.start_execution(stateMachineArn=f"{arn}#NotTold")["executionArn"]
    assert sfn.describe_execution(executionArn=started)["output"] == '{"MessageId":"m"}'
    assert heard == [{"TopicArn": "t", "Message": "no"}]


def test_start_sync_execution_takes_test_cases_too() -> None:
    sfn = StepFunctions(clock="virtual", mock_config=MOCKS)
    made = sfn.create_state_machine(name="Loans", definition=json.dumps(DEFINITION), roleArn=ROLE, type="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=f"{made['stateMachineArn']}#Yes")
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '{"FailedEntryCount":0}')


def test_what_cannot_be_used_is_told_before_anything_runs() -> None:
    sfn, arn = client()
    with pytest.raises(asl_local.InvalidMockConfig, match="there is no 'Yess'; did you mean 'Yes'"):
        sfn.start_execution(stateMachineArn=f"{arn}#Yess")
    with pytest.raises(
        asl_local.InvalidMockConfig, match="the machine has no Task 'Check incom'; did you mean 'Check income'"
    ):
        sfn.start_execution(stateMachineArn=f"{arn}#Misspelt")
    assert sfn.list_executions(stateMachineArn=arn)["executions"] == []
    sfn, arn = client(mock_config=None)
    with pytest.raises(sfn.exceptions.InvalidArn, match="names a test case, and this client has no mock_config"):
        sfn.start_execution(stateMachineArn=f"{arn}#Yes")
