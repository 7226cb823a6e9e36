"""test_state of the client: the same answer and the same refusals as asl_local.test_state."""

from __future__ import annotations

import json

import pytest
from sfn_helpers import ROLE, Checked, refusal

import asl_local

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Double"
TASK = json.dumps({"Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": ["Busy"]}], "Next": "B"})


@pytest.fixture
def client() -> Checked:
    handlers = {"Double": lambda event: event["n"] * 2}
    return Checked(asl_local.StepFunctions(handlers, clock="virtual", seed=1))


def test_a_task_calls_the_clients_handlers(client: Checked) -> None:
    answer = client.test_state(definition=TASK, input='{"n": 4}', roleArn=ROLE)
    assert (answer["status"], answer["output"], answer["nextState"]) == ("SUCCEEDED", "8", "B")


def test_a_mock_answers_instead(client: Checked) -> None:
    answer = client.test_state(
        definition=TASK, mock={"errorOutput": {"error": "Busy", "cause": "c"}}, inspectionLevel="DEBUG"
    )
    assert (answer["status"], answer["error"], answer["cause"]) == ("RETRIABLE", "Busy", "c")
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 1}


def test_refusals_carry_the_services_codes(client: Checked) -> None:
    assert refusal(client.test_state, definition=TASK) == (
        "ValidationException", "RoleArn must be specified when testing a Task state",
    )  # fmt: skip
    code, message = refusal(client.test_state, definition="{")
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: ")
