"""Task tokens, activities and nested executions through the client, on both clocks."""

from __future__ import annotations

import json
import queue
from datetime import timedelta
from typing import Any

import pytest
from sfn_helpers import STATES, Checked, made, refusal

import asl_local

ARN = f"{STATES}:stateMachine:orders"
PACK = f"{STATES}:activity:pack"
SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
START = "arn:aws:states:::states:startExecution"


def task(resource: str, **fields: Any) -> str:
    state = {"Type": "Task", "Resource": resource, "End": True, **fields}
    return json.dumps({"StartAt": "T", "States": {"T": state}})


def asking(**fields: Any) -> str:
    """A machine that sends its task token away and waits."""
    return task(SEND, Parameters={"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}, **fields)


@pytest.fixture
def sent() -> list[str]:
    """The task tokens that were sent."""
    return []


@pytest.fixture
def client(sent: list[str]) -> Checked:
    def send(event: Any) -> Any:
        sent.append(event["MessageBody"]["token"])
        return {"MessageId": "1"}

    return Checked(asl_local.StepFunctions({SEND: send}, clock="virtual", seed=1))


def status(client: Checked, arn: str) -> str:
    return str(client.describe_execution(executionArn=arn)["status"])


def types(client: Checked, arn: str) -> list[str]:
    return [event["type"] for event in client.get_execution_history(executionArn=arn)["events"]]


def test_virtual_time_stands_still_until_a_token_is_answered(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking(TimeoutSeconds=60, HeartbeatSeconds=10))
    started = client.start_execution(stateMachineArn=ARN)
    arn = started["executionArn"]
    assert status(client, arn) == "RUNNING"
    assert types(client, arn)[-1] == "TaskSubmitted"
    assert client.send_task_heartbeat(taskToken=sent[0]) == {}
    assert client.send_task_success(taskToken=sent[0], output='{"a": 1}') == {}
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["output"]) == ("SUCCEEDED", '{"a":1}')
    assert described["stopDate"] == started["startDate"]


def test_a_failure_is_an_answer(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking())
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    client.send_task_failure(taskToken=sent[0], error="Declined", cause="no money")
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Declined", "no money")


def test_a_token_is_answered_once(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking())
    client.start_execution(stateMachineArn=ARN)
    client.send_task_success(taskToken=sent[0], output="1")
    # In the service's words, as its users quote them.
    late = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    assert refusal(client.send_task_success, taskToken=sent[0], output="2") == late
    assert refusal(client.send_task_failure, taskToken=sent[0]) == late
    assert refusal(client.send_task_heartbeat, taskToken=sent[0]) == late


def test_what_is_no_token_and_no_output(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking())
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    # Recorded: aws-sdk:sfn:sendTaskSuccess with such a token.
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refusal(client.send_task_success, taskToken="NoSuchTaskToken", output="1") == invalid
    code, message = refusal(client.send_task_success, taskToken=sent[0], output="{")
    assert code == "InvalidOutput"
    assert "Unexpected end-of-input" in message
    assert status(client, arn) == "RUNNING"


def test_time_passes_when_it_is_told_to(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking(TimeoutSeconds=60))
    started = client.start_execution(stateMachineArn=ARN)
    arn = started["executionArn"]
    client.client.advance(30)
    client.client.advance(29)
    assert status(client, arn) == "RUNNING"
    client.client.advance(1)
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["error"]) == ("FAILED", "States.Timeout")
    assert described["stopDate"] == started["startDate"] + timedelta(seconds=60)
    assert refusal(client.send_task_success, taskToken=sent[0], output="1")[0] == "TaskTimedOut"


def test_an_answer_comes_at_the_time_that_has_passed(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking(HeartbeatSeconds=10))
    started = client.start_execution(stateMachineArn=ARN)
    for _ in range(3):
        client.client.advance(9)
        client.send_task_heartbeat(taskToken=sent[0])
    client.send_task_success(taskToken=sent[0], output="1")
    described = client.describe_execution(executionArn=started["executionArn"])
    assert described["status"] == "SUCCEEDED"
    assert described["stopDate"] == started["startDate"] + timedelta(seconds=27)


def test_real_time_is_not_advanced() -> None:
    with pytest.raises(ValueError, match="clock='virtual'"):
        asl_local.StepFunctions().advance(1)


def test_other_branches_wait_too_and_go_on_afterwards(client: Checked, sent: list[str]) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    parallel = {"Type": "Parallel", "Branches": [json.loads(asking()), wait], "End": True}
    made(client, definition=json.dumps({"StartAt": "P", "States": {"P": parallel}}))
    started = client.start_execution(stateMachineArn=ARN)
    client.send_task_success(taskToken=sent[0], output="1")
    described = client.describe_execution(executionArn=started["executionArn"])
    assert described["output"] == "[1,{}]"
    assert described["stopDate"] == started["startDate"] + timedelta(minutes=1)


def test_a_handler_answers_its_own_token() -> None:
    def send(event: Any, context: Any) -> Any:
        inner.send_task_success(taskToken=event["MessageBody"]["token"], output='"done"')
        return {}

    inner = asl_local.StepFunctions({SEND: send}, clock="virtual")
    client = Checked(inner)
    made(client, definition=asking())
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    assert client.describe_execution(executionArn=arn)["output"] == '"done"'


def test_a_handler_answers_the_token_of_another_execution(client: Checked, sent: list[str]) -> None:
    def answer(event: Any, context: Any) -> Any:
        context.send_task_success("from another", token=event)

    client = Checked(
        asl_local.StepFunctions(
            {SEND: lambda event: sent.append(event["MessageBody"]["token"]), "answer": answer}, clock="virtual"
        )
    )
    made(client, definition=asking())
    waiting = client.start_execution(stateMachineArn=ARN)["executionArn"]
    other = made(client, "other", task("arn:aws:lambda:us-east-1:123456789012:function:answer"))
    client.start_execution(stateMachineArn=other, input=json.dumps(sent[0]))
    assert client.describe_execution(executionArn=waiting)["output"] == '"from another"'


def test_an_execution_that_waits_is_stopped(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking())
    given = {"stateMachineArn": ARN, "name": "one", "input": "{}"}
    started = client.start_execution(**given)
    arn = started["executionArn"]
    assert client.start_execution(**given) == started
    assert refusal(client.start_execution, **{**given, "input": "1"})[0] == "ExecutionAlreadyExists"
    client.stop_execution(executionArn=arn, error="Enough")
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["error"]) == ("ABORTED", "Enough")
    assert refusal(client.send_task_success, taskToken=sent[0], output="1")[0] == "TaskTimedOut"


def test_errors_and_causes_have_a_length(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking())
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    for refused in ({"error": "e" * 257}, {"cause": "c" * 32_769}):
        (name,) = refused
        code, message = refusal(client.send_task_failure, taskToken=sent[0], **refused)
        assert code == "ValidationException"
        assert f"at '{name}' failed to satisfy constraint" in message
        assert refusal(client.stop_execution, executionArn=arn, **refused)[0] == "ValidationException"
    assert refusal(client.send_task_heartbeat, taskToken="t" * 2_049)[0] == "ValidationException"
    client.send_task_failure(taskToken=sent[0], error="e" * 256, cause="c" * 32_768)
    described = client.describe_execution(executionArn=arn)
    assert (len(described["error"]), len(described["cause"])) == (256, 32_768)

    def fails(event: Any) -> Any:
        raise asl_local.StateError("e" * 257, "c" * 32_769)

    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    result = asl_local.load(json.loads(task(function))).simulate({}, {"f": fails})
    assert (result.error, result.cause) == ("e" * 257, "c" * 32_769)


def test_a_worker_takes_an_activitys_tasks(client: Checked) -> None:
    client.create_activity(name="pack")
    made(client, definition=task(PACK, TimeoutSeconds=60, HeartbeatSeconds=5))
    assert client.get_activity_task(activityArn=PACK) == {}
    first = client.start_execution(stateMachineArn=ARN, input='{"n": 1}')["executionArn"]
    second = client.start_execution(stateMachineArn=ARN, input='{"n": 2}')["executionArn"]
    tasks = [client.get_activity_task(activityArn=PACK, workerName="ann") for _ in range(2)]
    assert [each["input"] for each in tasks] == ['{"n":1}', '{"n":2}']
    assert client.get_activity_task(activityArn=PACK) == {}
    started = client.get_execution_history(executionArn=first)["events"][-1]
    assert started["activityStartedEventDetails"] == {"workerName": "ann"}
    client.send_task_success(taskToken=tasks[1]["taskToken"], output="2")
    client.send_task_failure(taskToken=tasks[0]["taskToken"], error="Torn")
    assert (status(client, first), status(client, second)) == ("FAILED", "SUCCEEDED")


def test_an_activity_that_is_not_there(client: Checked) -> None:
    assert refusal(client.get_activity_task, activityArn=PACK)[0] == "ActivityDoesNotExist"
    made(client, definition=task(PACK))
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "does not exist" in described["cause"]


def test_an_activity_may_be_made_while_an_execution_runs(client: Checked, sent: list[str]) -> None:
    states = {
        "First": {**json.loads(asking())["States"]["T"], "Next": "Then"},
        "Then": {"Type": "Task", "Resource": PACK, "End": True},
    }
    del states["First"]["End"]
    made(client, definition=json.dumps({"StartAt": "First", "States": states}))
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    client.create_activity(name="pack")
    client.send_task_success(taskToken=sent[0], output="1")
    assert client.get_activity_task(activityArn=PACK)["input"] == "1"
    assert status(client, arn) == "RUNNING"


def test_a_handler_may_be_an_activitys_worker() -> None:
    client = Checked(asl_local.StepFunctions({PACK: lambda event: event + 1}, clock="virtual"))
    made(client, definition=task(PACK))
    arn = client.start_execution(stateMachineArn=ARN, input="1")["executionArn"]
    assert client.describe_execution(executionArn=arn)["output"] == "2"


# -- machines that start machines --------------------------------------------------------------------------------------


def test_a_machine_starts_another_one_of_the_client(client: Checked) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    child = made(client, "child", json.dumps(wait))
    parameters = {"StateMachineArn": child, "Name": "kid", "Input": {"a": 1}}
    made(client, definition=task(f"{START}.sync:2", Parameters=parameters))
    started = client.start_execution(stateMachineArn=ARN)
    described = client.describe_execution(executionArn=started["executionArn"])
    assert described["stopDate"] == started["startDate"] + timedelta(minutes=1)
    assert json.loads(described["output"])["Output"] == {"a": 1}
    kid = f"{STATES}:execution:child:kid"
    assert [each["executionArn"] for each in client.list_executions(stateMachineArn=child)["executions"]] == [kid]
    seen = client.describe_execution(executionArn=kid)
    assert (seen["status"], seen["input"], seen["output"]) == ("SUCCEEDED", '{"a":1}', '{"a":1}')
    assert types(client, kid)[-1] == "ExecutionSucceeded"


def test_a_nested_execution_waits_for_a_token_and_cannot_be_stopped_by_itself(client: Checked, sent: list[str]) -> None:
    child = made(client, "child", asking())
    made(client, definition=task(f"{START}.sync", Parameters={"StateMachineArn": child, "Name": "kid"}))
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    kid = f"{STATES}:execution:child:kid"
    assert (status(client, arn), status(client, kid)) == ("RUNNING", "RUNNING")
    with pytest.raises(asl_local.AslError, match=r"cannot be stopped .* by itself here"):
        client.stop_execution(executionArn=kid)
    client.send_task_success(taskToken=sent[0], output="1")
    assert (status(client, arn), status(client, kid)) == ("SUCCEEDED", "SUCCEEDED")


def test_a_machine_is_started_as_it_is_now(client: Checked) -> None:
    child = made(client, "child")
    parameters = {"StateMachineArn": child}
    made(client, definition=task(f"{START}.sync:2", Parameters=parameters))

    def says() -> Any:
        arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
        described = client.describe_execution(executionArn=arn)
        return json.loads(described["output"])["Output"] if "output" in described else described["error"]

    assert says() == {}
    new = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "new", "End": True}}})
    client.update_state_machine(stateMachineArn=child, definition=new)
    assert says() == "new"
    made(client, "other")
    client.delete_state_machine(stateMachineArn=child)
    assert says() == "StepFunctions.StateMachineDoesNotExistException"


def test_a_machine_that_nobody_can_start_is_in_nobodys_way(client: Checked) -> None:
    child = made(client, "child")
    unanswered = made(client, "unanswered", task("arn:aws:lambda:us-east-1:123456789012:function:nobody"))
    made(client, definition=task(f"{START}.sync:2", Parameters={"StateMachineArn": child}))
    assert status(client, client.start_execution(stateMachineArn=ARN)["executionArn"]) == "SUCCEEDED"
    # It is known by then which one is started, if only to the input.
    by_input = made(client, "by-input", task(f"{START}.sync:2", Parameters={"StateMachineArn.$": "$"}))
    for arn, ends in ((child, "SUCCEEDED"), (unanswered, "FAILED")):
        started = client.start_execution(stateMachineArn=by_input, input=json.dumps(arn))
        assert status(client, started["executionArn"]) == ends
    named = made(client, "named", task(START, Parameters={"StateMachineArn": unanswered}))
    with pytest.raises(asl_local.UnknownResource, match="function:nobody"):
        client.start_execution(stateMachineArn=named)


def test_a_state_may_speak_to_the_client(client: Checked, sent: list[str]) -> None:
    made(client, definition=asking())
    waiting = client.start_execution(stateMachineArn=ARN)["executionArn"]
    parameters = {"TaskToken.$": "$.token", "Output": {"a": 1}}
    answering = made(client, "answering", task("arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", Parameters=parameters))
    given = {"stateMachineArn": answering, "input": json.dumps({"token": sent[0]})}
    assert status(client, client.start_execution(**given)["executionArn"]) == "SUCCEEDED"
    assert client.describe_execution(executionArn=waiting)["output"] == '{"a":1}'
    given["input"] = '{"token": "NoSuchTaskToken"}'
    described = client.describe_execution(executionArn=client.start_execution(**given)["executionArn"])
    assert described["error"] == "Sfn.InvalidTokenException"
    assert described["cause"].startswith("Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ")


def test_a_state_describes_an_execution(client: Checked) -> None:
    parameters = {"ExecutionArn.$": "$$.Execution.Id"}
    made(client, definition=task("arn:aws:states:::aws-sdk:sfn:describeExecution", Parameters=parameters))
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    output = json.loads(client.describe_execution(executionArn=arn)["output"])
    assert (output["ExecutionArn"], output["Status"]) == (arn, "RUNNING")


# -- real time ---------------------------------------------------------------------------------------------------------


def test_in_real_time_tokens_are_answered_from_any_thread() -> None:
    tokens: queue.Queue[str] = queue.Queue()

    def send(event: Any) -> Any:
        tokens.put(event["MessageBody"]["token"])
        return {}

    inner = asl_local.StepFunctions({SEND: send})
    client = Checked(inner)
    made(client, definition=asking())
    arn = client.start_execution(stateMachineArn=ARN)["executionArn"]
    token = tokens.get(timeout=30)
    client.send_task_success(taskToken=token, output="1")
    assert inner._account.executions[arn].run.wait(30) is not None
    assert client.describe_execution(executionArn=arn)["output"] == "1"


def test_in_real_time_a_worker_waits_for_a_task() -> None:
    inner = asl_local.StepFunctions()
    client = Checked(inner)
    client.create_activity(name="pack")
    made(client, definition=task(PACK))
    arn = client.start_execution(stateMachineArn=ARN, input="5")["executionArn"]
    given = client.get_activity_task(activityArn=PACK)
    assert given["input"] == "5"
    client.send_task_success(taskToken=given["taskToken"], output="6")
    assert inner._account.executions[arn].run.wait(30) is not None
    assert client.describe_execution(executionArn=arn)["output"] == "6"
