"""Executions on both clocks. Sentences in quotes are recorded from AWS."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sfn_helpers import ROLE, STATES, TASK, Checked, made, passing, refusal

import asl_local

ARN = f"{STATES}:stateMachine:orders"
WAIT = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}})
FAIL = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken", "Cause": "by design"}}})


@pytest.fixture
def client() -> Checked:
    return Checked(asl_local.StepFunctions({"f": lambda event: event}, clock="virtual", seed=1))


def test_an_execution_from_start_to_end(client: Checked) -> None:
    made(client, definition=WAIT)
    started = client.start_execution(stateMachineArn=ARN, name="one", input='{"a": 1}')
    arn = started["executionArn"]
    assert arn == f"{STATES}:execution:orders:one"
    assert client.describe_execution(executionArn=arn) == {
        "executionArn": arn,
        "stateMachineArn": ARN,
        "name": "one",
        "status": "SUCCEEDED",
        "startDate": started["startDate"],
        "stopDate": started["startDate"] + timedelta(hours=1),
        "input": '{"a": 1}',
        "inputDetails": {"included": True},
        "output": '{"a":1}',
        "outputDetails": {"included": True},
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }


def test_virtual_time_goes_on_with_every_execution(client: Checked) -> None:
    made(client, definition=WAIT)
    first = client.start_execution(stateMachineArn=ARN)["startDate"]
    assert client.start_execution(stateMachineArn=ARN)["startDate"] == first + timedelta(hours=1)


def test_a_failed_execution_has_error_and_cause_and_no_output(client: Checked) -> None:
    made(client, definition=FAIL)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Broken", "by design")
    assert "output" not in described
    assert described["redriveStatus"] == "REDRIVABLE"


def test_metadata_only_hides_the_data(client: Checked) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    described = client.describe_execution(executionArn=arn, includedData="METADATA_ONLY")
    assert not {"input", "output"} & set(described)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not some json", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"),
        ("{'not': 'json'", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        ("", "Invalid execution input."),
        ("NaN", "NaN is not a JSON number"),
    ],
)  # fmt: skip
def test_input_is_json(client: Checked, text: str, why: str) -> None:
    made(client)
    expected = ("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{why}'")
    assert refusal(client.start_execution, stateMachineArn=ARN, input=text) == expected


@pytest.mark.parametrize("text", ["2", '"some text"', "null", "[]", " {} ", '{"a":1,"a":2}'])
def test_any_json_is_an_input(client: Checked, text: str) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN, input=text)["executionArn"]
    assert client.describe_execution(executionArn=arn)["input"] == text
    started = client.get_execution_history(executionArn=arn)["events"][0]
    assert started["executionStartedEventDetails"]["input"] == text


def test_no_input_is_an_empty_object(client: Checked) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    assert client.describe_execution(executionArn=arn)["input"] == "{}"


def test_a_name_is_used_once(client: Checked) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN, name="one")["executionArn"]
    expected = ("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
    assert refusal(client.start_execution, stateMachineArn=ARN, name="one") == expected
    refused = refusal(client.start_execution, stateMachineArn=ARN, name="o/ne")
    assert refused == ("InvalidName", "Invalid Name: 'o/ne'")


def test_a_task_that_nobody_answers_is_reported_before_anything_runs() -> None:
    client = Checked(asl_local.StepFunctions(clock="virtual"))
    made(client, definition=TASK)
    with pytest.raises(asl_local.UnknownResource, match="function:f"):
        client.start_execution(stateMachineArn=ARN)
    assert client.list_executions(stateMachineArn=ARN)["executions"] == []


def test_the_history_in_pages_and_backwards(client: Checked) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    events = client.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert client.get_execution_history(executionArn=arn, reverseOrder=True)["events"] == events[::-1]
    first = client.get_execution_history(executionArn=arn, maxResults=3)
    assert first["events"] == events[:3]
    rest = client.get_execution_history(executionArn=arn, nextToken=first["nextToken"])
    assert rest == {"events": events[3:]}
    other = client.start_execution(stateMachineArn=ARN)["executionArn"]
    given = {"executionArn": other, "nextToken": first["nextToken"]}
    assert refusal(client.get_execution_history, **given)[0] == "InvalidToken"


def test_the_history_without_data(client: Checked) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    events = client.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert events[0]["executionStartedEventDetails"] == {"roleArn": ROLE}
    assert events[1]["stateEnteredEventDetails"] == {"name": "P"}


@pytest.mark.parametrize(
    "method", ["describe_execution", "get_execution_history", "describe_state_machine_for_execution"]
)
def test_executions_that_are_not_there(client: Checked, method: str) -> None:
    ask = getattr(client, method)
    arn = f"{STATES}:execution:orders:one"
    assert refusal(ask, executionArn=arn) == ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    refused = refusal(ask, executionArn="invalid_arn")
    assert refused == ("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: invalid_arn'")


def test_executions_are_listed_newest_first(client: Checked) -> None:
    made(client)
    for number in range(13):
        client.start_execution(stateMachineArn=ARN, name=f"e{number}")

    def names(answer: dict[str, Any]) -> list[str]:
        return [each["name"] for each in answer["executions"]]

    first = client.list_executions(stateMachineArn=ARN, maxResults=10)
    assert names(first) == [f"e{number}" for number in range(12, 2, -1)]
    client.start_execution(stateMachineArn=ARN, name="late")
    rest = client.list_executions(stateMachineArn=ARN, maxResults=3, nextToken=first["nextToken"])
    assert names(rest) == ["e2", "e1", "e0"]
    assert "nextToken" not in rest
    entry = first["executions"][0]
    assert (entry["status"], entry["stateMachineArn"], entry["redriveCount"]) == ("SUCCEEDED", ARN, 0)


def test_pages_one_after_the_other(client: Checked) -> None:
    made(client)
    for number in range(5):
        client.start_execution(stateMachineArn=ARN, name=f"e{number}")
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=ARN, PaginationConfig={"PageSize": 2})
    assert [[each["name"] for each in page["executions"]] for page in pages] == [["e4", "e3"], ["e2", "e1"], ["e0"]]
    with pytest.raises(ValueError, match="list_state_machines have pages, not list_tags"):
        client.get_paginator("list_tags")
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=ARN, PaginationConfig={"MaxItems": 2})
    with pytest.raises(asl_local.AslError, match="PaginationConfig has PageSize only here"):
        next(pages)


def test_executions_by_status(client: Checked) -> None:
    made(client)
    made(client, "broken", FAIL)
    for name in ("orders", "broken"):
        client.start_execution(stateMachineArn=f"{STATES}:stateMachine:{name}")
    assert len(client.list_executions(stateMachineArn=ARN, statusFilter="SUCCEEDED")["executions"]) == 1
    assert client.list_executions(stateMachineArn=ARN, statusFilter="RUNNING")["executions"] == []
    assert client.list_executions(stateMachineArn=ARN, redriveFilter="REDRIVEN")["executions"] == []
    broken = client.list_executions(stateMachineArn=f"{STATES}:stateMachine:broken", statusFilter="FAILED")
    assert len(broken["executions"]) == 1
    assert refusal(client.list_executions)[0] == "ValidationException"


def test_an_execution_of_a_version_says_so(client: Checked) -> None:
    made(client, publish=True)
    client.update_state_machine(stateMachineArn=ARN, definition=passing("2", Result="new"))
    arn = client.start_execution(stateMachineArn=f"{ARN}:1", name="old")["executionArn"]
    assert arn == f"{STATES}:execution:orders:old"
    described = client.describe_execution(executionArn=arn)
    assert (described["stateMachineArn"], described["stateMachineVersionArn"]) == (ARN, f"{ARN}:1")
    assert described["output"] == "{}"
    started = client.get_execution_history(executionArn=arn)["events"][0]["executionStartedEventDetails"]
    assert started["stateMachineVersionArn"] == f"{ARN}:1"
    client.start_execution(stateMachineArn=ARN)
    listed = client.list_executions(stateMachineArn=f"{ARN}:1")["executions"]
    assert [each["name"] for each in listed] == ["old"]


def test_the_machine_of_an_execution_is_the_one_it_started_with(client: Checked) -> None:
    made(client)
    revision = client.update_state_machine(stateMachineArn=ARN, definition=passing("2"))["revisionId"]
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    client.update_state_machine(stateMachineArn=ARN, definition=passing("3"), roleArn=f"{ROLE}3")
    described = client.describe_state_machine_for_execution(executionArn=arn)
    assert (described["definition"], described["revisionId"], described["roleArn"]) == (passing("2"), revision, ROLE)


def test_a_machine_made_anew_has_no_executions(client: Checked) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    client.delete_state_machine(stateMachineArn=ARN)
    made(client)
    assert client.list_executions(stateMachineArn=ARN)["executions"] == []
    assert client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_equal_seeds_give_equal_answers() -> None:
    def told(seed: int) -> list[Any]:
        client = asl_local.StepFunctions(clock="virtual", seed=seed)
        uuid = json.dumps(
            {"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True}}}
        )
        made(client, definition=uuid)
        arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
        return [arn, client.describe_execution(executionArn=arn)["output"]]

    assert told(7) == told(7)
    assert told(7)[0] != told(8)[0]
    assert told(7)[1] != told(8)[1]


def test_another_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="clock: one of real, virtual is wanted, not 'wall'"):
        asl_local.StepFunctions(clock="wall")


# -- Express -----------------------------------------------------------------------------------------------------------


def test_an_express_execution_that_is_waited_for(client: Checked) -> None:
    made(client, definition=TASK, type="EXPRESS")
    answer = client.start_sync_execution(stateMachineArn=ARN, name="one", input='{"a":1}')
    assert answer["executionArn"].startswith(f"{STATES}:express:orders:one:")
    assert (answer["status"], answer["output"], answer["name"]) == ("SUCCEEDED", '{"a":1}', "one")
    assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}
    assert answer["stateMachineArn"] == ARN


def test_an_express_execution_that_fails_is_an_answer(client: Checked) -> None:
    made(client, definition=FAIL, type="EXPRESS")
    answer = client.start_sync_execution(stateMachineArn=ARN)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Broken", "by design")
    assert "output" not in answer


def test_express_executions_cannot_be_looked_at(client: Checked) -> None:
    made(client, type="EXPRESS")
    arn = client.start_execution(stateMachineArn=ARN, name="one")["executionArn"]
    assert client.start_execution(stateMachineArn=ARN, name="one")["executionArn"] != arn  # names may repeat
    text = "This operation is not supported by this type of state machine"
    assert refusal(client.list_executions, stateMachineArn=ARN) == ("StateMachineTypeNotSupported", text)
    invalid = ("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
    assert refusal(client.describe_execution, executionArn=arn) == invalid
    assert refusal(client.get_execution_history, executionArn=arn) == invalid


def test_standard_machines_are_not_waited_for(client: Checked) -> None:
    made(client)
    text = "This operation is not supported by this type of state machine"
    assert refusal(client.start_sync_execution, stateMachineArn=ARN) == ("StateMachineTypeNotSupported", text)


# -- real time ---------------------------------------------------------------------------------------------------------


def test_in_real_time_an_execution_runs_in_the_background() -> None:
    asked, answered = threading.Event(), threading.Event()

    def handler(event: Any) -> Any:
        asked.set()
        answered.wait(30)
        return event

    inner = asl_local.StepFunctions({"f": handler})
    client = Checked(inner)
    made(client, definition=TASK)
    given = {"stateMachineArn": ARN, "name": "one", "input": '{"a":1}'}
    started = client.start_execution(**given)
    arn = started["executionArn"]
    assert asked.wait(30)
    described = client.describe_execution(executionArn=arn)
    assert described["status"] == "RUNNING"
    assert "stopDate" not in described
    assert described["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    # The same request again is the same execution; another input is another one.
    assert client.start_execution(**given) == started
    assert refusal(client.start_execution, **{**given, "input": "{}"})[0] == "ExecutionAlreadyExists"
    assert [each["status"] for each in client.list_executions(stateMachineArn=ARN)["executions"]] == ["RUNNING"]
    answered.set()
    assert inner._account.executions[arn].run.wait(30) is not None
    assert client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_in_real_time_an_express_execution_is_waited_for() -> None:
    client = Checked(asl_local.StepFunctions({"f": lambda event: event}))
    made(client, definition=TASK, type="EXPRESS")
    assert client.start_sync_execution(stateMachineArn=ARN, input="5")["output"] == "5"


# -- stopping and redriving --------------------------------------------------------------------------------------------


def test_an_execution_that_is_stopped_is_aborted() -> None:
    asked, never = threading.Event(), threading.Event()

    def handler(event: Any) -> Any:
        asked.set()
        never.wait(30)
        return event

    client = Checked(asl_local.StepFunctions({"f": handler}))
    made(client, definition=TASK)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    assert asked.wait(30)
    stopped = client.stop_execution(executionArn=arn, error="Enough", cause="of it")
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "of it")
    assert described["stopDate"] == stopped["stopDate"]
    assert client.get_execution_history(executionArn=arn)["events"][-1]["type"] == "ExecutionAborted"
    assert client.stop_execution(executionArn=arn) == stopped
    never.set()


def test_stopping_what_has_ended_changes_nothing(client: Checked) -> None:
    made(client)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    assert (
        client.stop_execution(executionArn=arn)["stopDate"] == client.describe_execution(executionArn=arn)["stopDate"]
    )
    assert client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_deleting_a_machine_stops_its_executions() -> None:
    asked, never = threading.Event(), threading.Event()

    def handler(event: Any) -> Any:
        asked.set()
        never.wait(30)
        return event

    client = Checked(asl_local.StepFunctions({"f": handler}))
    made(client, definition=TASK)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    assert asked.wait(30)
    client.delete_state_machine(stateMachineArn=ARN)
    assert client.describe_execution(executionArn=arn)["status"] == "ABORTED"
    never.set()


def test_a_failed_execution_is_redriven() -> None:
    answers = iter([ValueError("not yet"), ValueError("not yet"), {"done": True}])

    def handler(event: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = Checked(asl_local.StepFunctions({"f": handler}, clock="virtual", seed=1))
    made(client, definition=TASK)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    first = client.redrive_execution(executionArn=arn, clientToken="one")
    assert client.describe_execution(executionArn=arn)["status"] == "FAILED"
    assert client.redrive_execution(executionArn=arn, clientToken="one") == first  # the same request
    assert client.describe_execution(executionArn=arn)["redriveCount"] == 1
    client.redrive_execution(executionArn=arn)
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["output"], described["redriveCount"]) == ("SUCCEEDED", '{"done":true}', 2)
    assert described["redriveDate"] >= first["redriveDate"]
    types = [event["type"] for event in client.get_execution_history(executionArn=arn)["events"]]
    assert types.count("ExecutionRedriven") == 2
    listed = client.list_executions(stateMachineArn=ARN, redriveFilter="REDRIVEN")["executions"]
    assert [each["redriveCount"] for each in listed] == [2]
    assert client.list_executions(stateMachineArn=ARN, redriveFilter="NOT_REDRIVEN")["executions"] == []
    assert refusal(client.redrive_execution, executionArn=arn) == (
        "ExecutionNotRedrivable",
        "Execution is SUCCEEDED and cannot be redriven",
    )


def test_in_real_time_too() -> None:
    answers = iter([ValueError("not yet"), {"done": True}])

    def handler(event: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    inner = asl_local.StepFunctions({"f": handler})
    client = Checked(inner)
    made(client, definition=TASK)
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    assert inner._account.executions[arn].run.wait(30) is not None
    client.redrive_execution(executionArn=arn)
    assert inner._account.executions[arn].run.wait(30) is not None
    assert client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_a_handler_may_use_the_client() -> None:
    """On the virtual clock handlers run while start_execution waits."""
    seen: list[str] = []

    def handler(event: Any) -> Any:
        seen.extend(each["status"] for each in inner.list_executions(stateMachineArn=ARN)["executions"])
        return event

    inner = asl_local.StepFunctions({"f": handler}, clock="virtual")
    made(inner, definition=TASK)
    inner.start_execution(stateMachineArn=ARN)
    assert seen == ["RUNNING"]


def test_a_run_that_breaks_says_so_to_whoever_asks() -> None:
    async def never(event: Any) -> Any:
        await asyncio.Event().wait()

    client = asl_local.StepFunctions({"f": never}, clock="virtual")
    made(client, definition=TASK)
    with pytest.raises(asl_local.AslError, match="waits for something that never comes"):
        client.start_execution(stateMachineArn=ARN, name="one")
    with pytest.raises(asl_local.AslError, match="waits for something that never comes"):
        client.describe_execution(executionArn=f"{STATES}:execution:orders:one")
