"""TestState: what one state gives, who handles its failure, what is shown of it, and what is refused.

What AWS answers is recorded (the conformance corpus); these cases are our own, one per rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import asl_local
from asl_local.services.errors import ClientError

ROLE = "arn:aws:iam::123456789012:role/tests"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Price"
TASK: dict[str, Any] = {"Type": "Task", "Resource": FUNCTION, "End": True}
INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f"},
    "End": True,
}
MAP = {
    "Type": "Map", "End": True,
    "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}},
}  # fmt: skip
PARALLEL = {
    "Type": "Parallel", "End": True,
    "Branches": [
        {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": True}}},
        {"StartAt": "Right", "States": {"Right": {"Type": "Pass", "End": True}}},
    ],
}  # fmt: skip


def run(definition: Any, input: Any = None, **request: Any) -> dict[str, Any]:
    """The answer, its JSON texts parsed."""
    answer = asl_local.test_state(definition, input={} if input is None else input, **request)
    if "output" in answer:
        answer["output"] = json.loads(answer["output"])
    data = answer.get("inspectionData", {})
    for name, value in data.items():
        if isinstance(value, str):
            data[name] = json.loads(value)
    return answer


def refusal(definition: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        asl_local.test_state(definition, **request)
    return caught.value.code, caught.value.message


def failing(error: str = "Busy", cause: str | None = None) -> dict[str, Any]:
    return {"errorOutput": {"error": error} if cause is None else {"error": error, "cause": cause}}


# -- statuses ----------------------------------------------------------------------------------------------------------


def test_a_state_leads_on_to_states_that_are_not_there() -> None:
    answer = run({"Type": "Pass", "Parameters": {"n.$": "$.a"}, "Next": "Elsewhere"}, {"a": 1})
    assert answer == {"status": "SUCCEEDED", "output": {"n": 1}, "nextState": "Elsewhere"}


def test_a_state_that_leads_back_to_itself_leads_to_its_name() -> None:
    wait = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "StateName"}], "Default": "B"}
    assert run(wait, {"n": 1})["nextState"] == "StateName"
    assert run(wait, {"n": 2})["nextState"] == "B"


def test_waiting_takes_no_time_but_five_minutes_are_the_most() -> None:
    assert run({"Type": "Wait", "Seconds": 299, "Next": "B"}, [1]) == {
        "status": "SUCCEEDED", "output": [1], "nextState": "B",
    }  # fmt: skip
    assert run({"Type": "Wait", "Seconds": 301, "Next": "B"}) == {"status": "FAILED", "error": "States.Timeout"}


def test_a_task_without_a_mock_calls_its_handler() -> None:
    calls: list[Any] = []

    def price(event: Any) -> Any:
        calls.append(event)
        return {"total": event["n"] * 2}

    task = {**TASK, "ResultPath": "$.price"}
    answer = run(task, {"n": 4}, roleArn=ROLE, resources={"Price": price})
    assert answer == {"status": "SUCCEEDED", "output": {"n": 4, "price": {"total": 8}}}
    assert calls == [{"n": 4}]


def test_a_handler_that_fails_is_called_once_and_its_error_finds_its_retrier() -> None:
    calls: list[Any] = []

    def busy(event: Any) -> Any:
        calls.append(event)
        raise asl_local.StateError("Busy", "later")

    task = {**TASK, "Retry": [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["Busy"], "IntervalSeconds": 7}]}
    answer = run(task, roleArn=ROLE, resources={"Price": busy}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"], answer["cause"]) == ("RETRIABLE", "Busy", "later")
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": 7}
    assert len(calls) == 1


@pytest.mark.parametrize(("retries", "seconds"), [(0, 2), (1, 6), (2, 18), (3, 20)])
def test_backoff_grows_with_the_retries_that_have_been(retries: int, seconds: int) -> None:
    retrier = {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 20, "MaxAttempts": 9}
    answer = run(
        {**TASK, "Retry": [retrier]}, mock=failing(), stateConfiguration={"retrierRetryCount": retries},
        inspectionLevel="DEBUG",
    )  # fmt: skip
    assert answer["status"] == "RETRIABLE"
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": seconds}


def test_a_used_up_retrier_hands_over_to_catch_and_says_so() -> None:
    task = {**TASK, "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]}
    spent = {"retrierRetryCount": 2}
    answer = run(task, mock=failing("Busy", "full"), stateConfiguration=spent, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Busy", "full")
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0}
    task["Catch"] = [
        {"ErrorEquals": ["Other"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.why", "Next": "B"},
    ]  # fmt: skip
    answer = run(task, {"n": 1}, mock=failing("Busy", "full"), stateConfiguration=spent, inspectionLevel="DEBUG")
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "B")
    assert answer["output"] == {"n": 1, "why": {"Error": "Busy", "Cause": "full"}}
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "catchIndex": 1}


def test_retries_count_for_an_error_before_the_call_and_in_the_context_object() -> None:
    task = {
        **TASK, "QueryLanguage": "JSONata", "Arguments": "{% $states.context.State.RetryCount + $states.input.gone %}",
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "IntervalSeconds": 3, "MaxAttempts": 2}],
    }  # fmt: skip
    request = {"mock": {"result": 1}, "inspectionLevel": "DEBUG"}
    for retries, details in (
        (1, {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}), (2, {"retryIndex": 0}),
    ):  # fmt: skip
        answer = run(task, stateConfiguration={"retrierRetryCount": retries}, **request)
        assert answer["inspectionData"]["errorDetails"] == details
        assert answer["status"] == ("RETRIABLE" if retries == 1 else "FAILED")
    task["Arguments"] = "{% $states.context.State.RetryCount %}"
    assert run(task, stateConfiguration={"retrierRetryCount": 2}, **request)["inspectionData"]["afterArguments"] == 2


def test_a_result_that_is_too_large_is_caught_where_a_task_gave_it() -> None:
    task = {
        **TASK,
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "Next": "B"}],
    }
    answer = run(task, mock={"result": ["x" * 262_144]}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"], answer["nextState"]) == ("CAUGHT_ERROR", "States.DataLimitExceeded", "A")
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 0}


def test_a_missed_heartbeat_finds_its_catcher() -> None:
    def sleep(_event: Any, context: Any) -> Any:
        context.sleep(60)

    task = {**TASK, "TimeoutSeconds": 100, "HeartbeatSeconds": 5, "Catch": [
        {"ErrorEquals": ["Other"], "Next": "A"}, {"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "B"},
    ]}  # fmt: skip
    answer = run(task, roleArn=ROLE, resources={"Price": sleep}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"], answer["nextState"]) == ("CAUGHT_ERROR", "States.Timeout", "B")
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 1}


def test_a_catcher_whose_output_fails_fails_the_state() -> None:
    task = {**TASK, "QueryLanguage": "JSONata",
            "Catch": [{"ErrorEquals": ["Busy"], "Output": "{% $states.errorOutput.gone %}", "Next": "B"}]}  # fmt: skip
    answer = run(task, mock=failing())
    assert (answer["status"], answer["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert "Catch[0]/Output" in answer["cause"]


def test_a_mocked_error_without_a_cause_has_none() -> None:
    assert run(TASK, mock=failing()) == {"status": "FAILED", "error": "Busy"}


def test_the_runtime_error_of_a_field_says_what_and_not_where() -> None:
    answer = run({"Type": "Pass", "InputPath": "$.gone", "End": True}, inspectionLevel="DEBUG")
    assert answer == {
        "status": "FAILED",
        "error": "States.Runtime",
        "cause": "Invalid path '$.gone' : No results for path: $['gone']",
        "inspectionData": {"input": {}},
    }


def test_a_result_that_cannot_be_used_fails_after_it_was_seen() -> None:
    answer = run({**TASK, "ResultSelector": {"x.$": "$.gone"}}, mock={"result": {"a": 1}}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert answer["inspectionData"]["result"] == {"a": 1}
    assert "afterResultSelector" not in answer["inspectionData"]


# -- inspection --------------------------------------------------------------------------------------------------------


def test_every_step_of_a_tasks_data_flow() -> None:
    task = {
        **TASK, "InputPath": "$.order", "Parameters": {"id.$": "$.id"}, "ResultSelector": {"sum.$": "$.total"},
        "ResultPath": "$.price", "OutputPath": "$.price.sum",
    }  # fmt: skip
    given = {"order": {"id": 7, "x": 0}}
    answer = run(task, given, mock={"result": {"total": 12}}, inspectionLevel="DEBUG")
    assert answer["output"] == 12
    assert answer["inspectionData"] == {
        "input": given,
        "afterInputPath": {"id": 7, "x": 0},
        "afterParameters": {"id": 7},
        "result": {"total": 12},
        "afterResultSelector": {"sum": 12},
        "afterResultPath": {**given, "price": {"sum": 12}},
    }


def test_a_jsonata_task_shows_its_arguments_and_its_result() -> None:
    task = {**TASK, "QueryLanguage": "JSONata", "Arguments": {"n": "{% $states.input.a + 1 %}"},
            "Output": "{% $states.result.total * 2 %}"}  # fmt: skip
    answer = run(task, {"a": 1}, mock={"result": {"total": 12}}, inspectionLevel="TRACE")
    assert answer["output"] == 24
    assert answer["inspectionData"] == {"input": {"a": 1}, "afterArguments": {"n": 2}, "result": {"total": 12}}


def test_a_jsonata_error_names_the_field_and_can_be_caught() -> None:
    task = {**TASK, "QueryLanguage": "JSONata", "Output": "{% $states.result.gone %}",
            "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}]}  # fmt: skip
    answer = run(task, mock={"result": {}})
    assert (answer["status"], answer["nextState"], answer["error"]) == (
        "CAUGHT_ERROR", "B", "States.QueryEvaluationError",
    )  # fmt: skip
    assert answer["cause"].startswith("The JSONata expression '$states.result.gone' specified for the field 'Output'")


def test_a_map_shows_what_it_maps_over() -> None:
    state = {
        **MAP, "InputPath": "$.order", "ItemsPath": "$.lines", "MaxConcurrency": 3,
        "ItemSelector": {"line.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "id.$": "$.id"},
    }  # fmt: skip
    order = {"id": 7, "lines": ["a", "b"]}
    answer = run(state, {"order": order}, mock={"result": [1, 2]}, inspectionLevel="DEBUG")
    assert answer["output"] == [1, 2]
    assert answer["inspectionData"] == {
        "input": {"order": order},
        "afterInputPath": order,
        "maxConcurrency": 3,
        "afterItemsPath": ["a", "b"],
        "afterItemSelector": [{"line": "a", "at": 0, "id": 7}, {"line": "b", "at": 1, "id": 7}],
        "afterResultSelector": [1, 2],
        "afterResultPath": [1, 2],
    }


def test_a_map_over_no_array_fails_with_its_own_words() -> None:
    answer = run({**MAP, "ItemsPath": "$.lines"}, {"lines": 1}, mock={"result": []})
    assert answer == {
        "status": "FAILED",
        "error": "States.Runtime",
        "cause": 'Reference path "$.lines" must point to array.',
    }


def test_a_parallel_shows_results_only() -> None:
    answer = run({**PARALLEL, "ResultPath": "$.both"}, {"a": 1}, mock={"result": [1, 2]}, inspectionLevel="DEBUG")
    assert answer["output"] == {"a": 1, "both": [1, 2]}
    assert set(answer["inspectionData"]) == {"input", "afterResultSelector", "afterResultPath"}


def test_variables_are_read_assigned_and_shown() -> None:
    state = {"Type": "Pass", "Parameters": {"n.$": "$count"}, "Assign": {"last.$": "$.n"}, "End": True}
    answer = run(state, {"n": 5}, variables={"count": 3}, inspectionLevel="DEBUG")
    assert answer["output"] == {"n": 3}
    assert answer["inspectionData"]["variables"]["count"] == 3
    assert set(answer["inspectionData"]["variables"]) == {"count", "last"}
    assert "variables" not in run({"Type": "Pass", "End": True}, inspectionLevel="DEBUG")["inspectionData"]


def test_trace_shows_what_an_http_task_sends_and_gets() -> None:
    task = {
        "Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True,
        "Parameters": {
            "ApiEndpoint": "https://example.com/v1", "Method": "POST", "QueryParameters": {"q": ["a b", "c"]},
            "Headers": {"X-Of": "mine"}, "RequestBody.$": "$", "InvocationConfig": {"ConnectionArn": "arn:c"},
        },
    }  # fmt: skip
    handlers = {
        "arn:aws:states:::http:invoke": lambda _event: {
            "StatusCode": 201, "StatusText": "Created", "Headers": {"date": ["now"]}, "ResponseBody": {"id": 7},
        },
    }  # fmt: skip
    data = run(task, {"n": 1}, roleArn=ROLE, resources=handlers, inspectionLevel="TRACE")["inspectionData"]
    assert data["request"] == {
        "protocol": "https",
        "method": "POST",
        "url": "https://example.com/v1?q=a+b&q=c",
        "headers": "[X-Of: mine, User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1, Range: bytes=0-262144]",
        "body": '{"n":1}',
    }
    assert data["response"] == {
        "protocol": "https", "statusCode": "201", "statusMessage": "Created", "headers": "[date: now]", "body": '{"id":7}',
    }  # fmt: skip
    shown = run(task, {"n": 1}, roleArn=ROLE, resources=handlers, inspectionLevel="DEBUG")["inspectionData"]
    assert not {"request", "response"} & set(shown)


def test_a_form_is_sent_as_a_form_and_no_answer_is_none() -> None:
    task = {
        "Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True, "QueryLanguage": "JSONata",
        "Arguments": {
            "ApiEndpoint": "https://example.com/?a=1", "Method": "POST", "QueryParameters": {"b": 2},
            "RequestBody": {"x": "y z"}, "Transform": {"RequestBodyEncoding": "URL_ENCODED"},
            "InvocationConfig": {"ConnectionArn": "arn:c"},
        },
    }  # fmt: skip

    def refuse(_event: Any) -> Any:
        raise asl_local.StateError("States.Http.StatusCode.503", "busy")

    answer = run(
        task, roleArn=ROLE, resources={"arn:aws:states:::http:invoke": refuse}, inspectionLevel="TRACE"
    )  # fmt: skip
    assert answer["status"] == "FAILED"
    assert answer["inspectionData"]["request"]["url"] == "https://example.com/?a=1&b=2"
    assert answer["inspectionData"]["request"]["body"] == "x=y+z"
    assert "response" not in answer["inspectionData"]


def test_a_mock_does_not_excuse_parameters_that_start_no_task() -> None:
    task = {**INVOKE, "Parameters": {"FunctionName.$": "$.n"}}
    answer = run(task, {"n": 7}, mock={"result": {}})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")


def test_info_shows_nothing() -> None:
    assert run({"Type": "Succeed"}, 3) == {"status": "SUCCEEDED", "output": 3}


# -- the Context Object ------------------------------------------------------------------------------------------------


def test_the_context_object_is_a_tests_own() -> None:
    answer = run({**TASK, "ResultSelector": {"c.$": "$$"}}, {"n": 1}, mock={"result": 1}, roleArn=ROLE)
    context = answer["output"]["c"]
    assert set(context) == {"Execution", "StateMachine", "State"}
    assert context["Execution"]["Input"] == {"n": 1}
    assert context["Execution"]["RoleArn"] == ROLE
    assert ":express:" in context["Execution"]["Id"]
    assert context["State"]["Name"] == "StateName"


def test_a_given_context_object_is_all_there_is() -> None:
    answer = run({**TASK, "ResultSelector": {"c.$": "$$"}}, mock={"result": 1}, context={"State": {"RetryCount": 2}})
    assert answer["output"]["c"] == {"State": {"RetryCount": 2}}


def test_a_task_token_is_the_given_one_or_one_of_ours() -> None:
    task = {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
    }  # fmt: skip
    shown = {"mock": {"result": {"any": "thing"}}, "inspectionLevel": "DEBUG"}
    answer = run(task, context={"Task": {"Token": "abc"}}, **shown)
    assert answer["inspectionData"]["afterParameters"]["MessageBody"] == {"token": "abc"}
    ours = run(task, **shown)["inspectionData"]["afterParameters"]["MessageBody"]["token"]
    assert ours
    assert ours == run(task, **shown)["inspectionData"]["afterParameters"]["MessageBody"]["token"]


# -- a state of a machine ----------------------------------------------------------------------------------------------

MACHINE = {
    "QueryLanguage": "JSONata",
    "StartAt": "Outer",
    "States": {
        "Outer": {
            "Type": "Parallel", "Next": "Done",
            "Branches": [{"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "Output": "{% 1 + 1 %}", "End": True}}}],
        },
        "Done": {"Type": "Succeed"},
    },
}  # fmt: skip


def test_a_state_is_found_at_any_depth_and_has_the_machines_language() -> None:
    assert run(MACHINE, stateName="Inner") == {"status": "SUCCEEDED", "output": 2}
    assert run(MACHINE, stateName="Outer", mock={"result": [3]})["nextState"] == "Done"


def test_a_machine_may_be_a_file_with_placeholders(tmp_path: Any) -> None:
    file = tmp_path / "machine.asl.json"
    file.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 7, "End": True}}}))
    file.write_text(file.read_text().replace("7", '"${seconds}"'))
    assert run(file, stateName="A", substitutions={"seconds": 9})["status"] == "SUCCEEDED"
    assert refusal(file, stateName="A")[0] == "InvalidDefinition"


def test_all_problems_of_a_definition_are_behind_the_refusal() -> None:
    with pytest.raises(ClientError) as caught:
        asl_local.test_state({"Type": "Pass", "Nxt": "B", "ResultPath": 3, "End": True})
    assert caught.value.code == "InvalidDefinition"
    assert caught.value.message.startswith("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ")
    assert isinstance(caught.value.__cause__, asl_local.InvalidDefinition)
    hints = [problem.hint for problem in caught.value.__cause__.diagnostics]
    assert "did you mean 'Next'?" in hints


# -- refusals ----------------------------------------------------------------------------------------------------------

V = "ValidationException"
REFUSALS: list[tuple[str, Any, dict[str, Any], tuple[str, str]]] = [
    ("no such state", MACHINE, {"stateName": "Gone"}, (V, "State not found in definition")),
    ("machine", MACHINE, {}, ("InvalidDefinition", "say with stateName which state is meant")),
    ("map", MAP, {}, ("InvalidDefinition", "TestState API does not support Map or Parallel states")),
    ("role", TASK, {}, (V, "RoleArn must be specified when testing a Task state")),
    ("job", {**TASK, "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": "j"}}, {"roleArn": ROLE},
     ("InvalidDefinition", "'.sync'")),
    ("activity", {**TASK, "Resource": "arn:aws:states:us-east-1:123456789012:activity:a"}, {"roleArn": ROLE},
     ("InvalidDefinition", "Activity")),
    ("mocked Pass", {"Type": "Pass", "End": True}, {"mock": {"result": 1}},
     (V, "State type 'Pass' is not supported when a mock is specified")),
    ("two mocks", TASK, {"mock": {"result": 1, "errorOutput": {"error": "E"}}},
     (V, "A test mock should have only one of the following fields: [result, errorOutput].")),
    ("no mock in it", TASK, {"mock": {"fieldValidationMode": "NONE"}}, (V, "[result, errorOutput]")),
    ("no name", TASK, {"mock": {"errorOutput": {"cause": "c"}}}, (V, "'error' is required")),
    ("mock no JSON", TASK, {"mock": {"result": "not JSON"}}, (V, "Mocked result must be valid JSON")),
    ("map's result", MAP, {"mock": {"result": {}}}, (V, "Mocked result must be an array.")),
    ("branches", PARALLEL, {"mock": {"result": [1]}}, (V, "same number of items as number of Parallel branches")),
    ("context alone", TASK, {"context": {}, "roleArn": ROLE}, (V, "when a mock is specified")),
    ("context", TASK, {"mock": {"result": 1}, "context": {"Execution": {"Nme": 1}}},
     (V, "Invalid Context object provided: Field 'Nme' is not allowed")),
    ("context's type", TASK, {"mock": {"result": 1}, "context": {"State": {"RetryCount": "1"}}},
     (V, "Invalid Context object provided: Field 'RetryCount' must be a number")),
    ("token", TASK, {"mock": {"result": 1}, "context": {"Task": {"Token": "t"}}}, (V, "Context object contains 'Task'")),
    ("secrets", TASK, {"mock": {"result": 1}, "revealSecrets": True}, (V, "RevealSecrets")),
    ("input", {"Type": "Succeed"}, {"input": "{"}, ("InvalidExecutionInput", "Invalid State Machine Execution Input")),
    ("no input", {"Type": "Succeed"}, {"input": ""}, ("InvalidExecutionInput", "Invalid execution input.")),
    ("large input", {"Type": "Succeed"}, {"input": ["x" * 262_144]}, (V, "at 'input'")),
    ("variables", {"Type": "Succeed"}, {"variables": "[]"}, (V, "Variables must be a JSON object")),
    ("role's form", {"Type": "Succeed"}, {"roleArn": "tests"}, ("InvalidArn", "Invalid ARN prefix: tests")),
    ("iterations", TASK, {"mock": {"result": 1}, "stateConfiguration": {"mapIterationFailureCount": 1}},
     (V, "StateConfiguration.mapIterationFailureCount can only be specified for a Map state")),
    ("reader", MAP, {"mock": {"result": []}, "stateConfiguration": {"mapItemReaderData": "[]"}}, (V, "mapItemReaderData")),
    ("retries", {"Type": "Succeed"}, {"stateConfiguration": {"retrierRetryCount": 1}}, (V, "retrierRetryCount")),
    ("less than none", TASK, {"mock": failing(), "stateConfiguration": {"retrierRetryCount": -1}},
     (V, "Member must have value greater than or equal to 0")),
    ("whose error", TASK, {"mock": failing(), "stateConfiguration": {"errorCausedByState": "X"}},
     (V, "errorCausedByState can only be specified for a Map or Parallel state")),
    ("no such cause", MAP, {"mock": failing(), "stateConfiguration": {"errorCausedByState": "X"}},
     (V, "no state 'X' inside 'StateName'; it has Each")),
    ("a stranger", TASK, {"inspectionlevel": "DEBUG"}, ("ParamValidationError", 'did you mean "inspectionLevel"?')),
    ("a level", TASK, {"inspectionLevel": "ALL"}, ("ParamValidationError", "INFO, DEBUG, TRACE")),
    ("text for a number", TASK, {"mock": failing(), "stateConfiguration": {"retrierRetryCount": "1"}},
     ("ParamValidationError", "retrierRetryCount")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("definition", "request_", "expected"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_refusals(definition: Any, request_: dict[str, Any], expected: tuple[str, str]) -> None:
    code, message = refusal(definition, **request_)
    assert code == expected[0]
    assert expected[1] in message


def test_json_may_come_as_text_or_as_values() -> None:
    texts = run(
        json.dumps(TASK), '{"n": 1}', mock={"result": '{"a": [1]}'}, context='{"State": {}}', variables='{"v": 1}'
    )
    values = run(TASK, {"n": 1}, mock={"result": {"a": [1]}}, context={"State": {}}, variables={"v": 1})
    assert texts == values == {"status": "SUCCEEDED", "output": {"a": [1]}}


def test_nobody_answers() -> None:
    with pytest.raises(asl_local.UnknownResource, match="Price"):
        asl_local.test_state(TASK, roleArn=ROLE)


def test_pytest_takes_it_for_no_test() -> None:
    called: Callable[..., Any] = asl_local.test_state
    assert called.__test__ is False  # type: ignore[attr-defined]
