"""Mock answers and inputs: what a machine reads is there, of the kind that it needs, and loops come to their end."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
DONE: dict[str, Any] = {"Type": "Succeed"}
TASK: dict[str, Any] = {"Type": "Task", "Resource": LAMBDA + "f"}


def machine(*, language: str = "JSONPath", **states: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": next(iter(states)), "QueryLanguage": language, "States": states})


def mocked(loaded: asl_local.Machine, turn: int = 0) -> asl_local.Result:
    return loaded.simulate(
        asl_local.mock_input(loaded, turn=turn),
        asl_local.mock_answers(loaded, turn=turn),
        limits=asl_local.Limits(events=500),
    )


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ({"Type": "Pass", "InputPath": "$.a.b"}, {"a": {"b": "text"}}),
        ({"Type": "Pass", "Parameters": {"x": [{"y.$": "$.a[1].b"}]}}, {"a": [{"b": "text"}, {"b": "text"}]}),
        ({"Type": "Pass", "Parameters": {"x.$": "$['a','b']"}}, {"a": "text", "b": "text"}),
        ({"Type": "Pass", "Parameters": {"x.$": "$$.Execution.Input.a"}}, {"a": "text"}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.MathAdd($.a, 1)"}}, {"a": 1}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.JsonMerge($.a, $.b, false)"}}, {"a": {}, "b": {}}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.Base64Decode($.a)"}}, {"a": "dGV4dA=="}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.Format($.a, 1, $.b)"}}, {"a": "{} {}", "b": "text"}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.MathRandom($.a, $.b)"}}, {"a": 1, "b": 10}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.Hash($.a, $.b)"}}, {"a": "text", "b": "SHA-256"}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.StringToJson($.a)"}}, {"a": "{}"}),
        ({"Type": "Pass", "Parameters": {"x.$": "States.ArrayGetItem(States.StringSplit($.a, '/'), 2)"}},
         {"a": "text/text/text"}),
        ({"Type": "Pass", "Parameters": {"x.$": "$.a[?(@.k == 'v')].b"}},
         {"a": [{"k": "v", "b": "text"}, {"k": "text", "b": "text"}]}),
        ({"Type": "Pass", "ResultPath": "$.a.b", "Result": 1}, {}),
        ({"Type": "Wait", "SecondsPath": "$.a"}, {"a": 1}),
        ({"Type": "Wait", "TimestampPath": "$.a"}, {"a": "2024-01-31T12:00:00Z"}),
        ({"Type": "Map", "ItemsPath": "$.a", "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Pass", "InputPath": "$.b", "End": True}}}}, {"a": [{"b": "text"}, {"b": "text"}]}),
        ({"Type": "Map", "ItemsPath": "$.a", "ItemSelector": {"c.$": "$$.Map.Item.Value.b", "d.$": "$.e"},
          "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Wait", "SecondsPath": "$.c", "End": True}}}},
         {"a": [{"b": 1}, {"b": 1}], "e": "text"}),
        ({"Type": "Parallel", "Branches": [
            {"StartAt": "L", "States": {"L": {"Type": "Pass", "InputPath": "$.a", "End": True}}},
            {"StartAt": "R", "States": {"R": {"Type": "Wait", "SecondsPath": "$.b", "End": True}}}]},
         {"a": "text", "b": 1}),
        ({**TASK, "TimeoutSecondsPath": "$.a"}, {"a": 1}),
    ],
)  # fmt: skip
def test_the_input_has_what_a_state_reads(state: dict[str, Any], wanted: Any) -> None:
    loaded = machine(First={**state, "End": True})
    assert asl_local.mock_input(loaded) == wanted
    assert mocked(loaded).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ({"Type": "Pass", "Output": {"x": "{% $states.input.a.b %}"}}, {"a": {"b": "text"}}),
        ({"Type": "Pass", "Output": "{% $states.input.a + 1 %}"}, {"a": 1}),
        ({"Type": "Pass", "Output": "{% $sum($states.input.a) %}"}, {"a": [1, 1]}),
        ({"Type": "Pass", "Output": "{% $uppercase($states.input.a.`b c`) %}"}, {"a": {"b c": "text"}}),
        ({"Type": "Pass", "Output": "{% $merge([$states.input.a, {'b': 1}]) %}"}, {"a": {}}),
        ({"Type": "Pass", "Output": "{% $parse($states.input.a).b %}"}, {"a": '{"b": "text"}'}),
        ({"Type": "Pass", "Output": "{% $states.input.a[k = 'v'].b %}"},
         {"a": [{"k": "v", "b": "text"}, {"k": "text", "b": "text"}]}),
        ({"Type": "Pass", "Output": "{% $states.context.Execution.Input.a %}"}, {"a": "text"}),
        ({"Type": "Wait", "Seconds": "{% $states.input.a %}"}, {"a": 1}),
        ({"Type": "Map", "Items": "{% $states.input.a %}", "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Pass", "Output": "{% $states.input.b > 5 %}", "End": True}}}},
         {"a": [{"b": 6}, {"b": 4}]}),
    ],
)  # fmt: skip
def test_the_input_has_what_a_jsonata_state_reads(state: dict[str, Any], wanted: Any) -> None:
    loaded = machine(language="JSONata", First={**state, "End": True})
    assert asl_local.mock_input(loaded) == wanted
    assert mocked(loaded).status == "SUCCEEDED"


def test_a_choice_asks_for_its_values_in_turn() -> None:
    rules = [
        {"Variable": "$.kind", "StringEquals": "a", "Next": "A"},
        {
            "And": [{"Variable": "$.kind", "StringEquals": "b"}, {"Variable": "$.n", "NumericGreaterThan": 5}],
            "Next": "B",
        },
    ]
    loaded = machine(C={"Type": "Choice", "Choices": rules, "Default": "D"}, A=DONE, B=DONE, D=DONE)
    assert [asl_local.mock_input(loaded, turn=turn)["kind"] for turn in range(4)] == ["a", "b", "text", "a"]
    assert [asl_local.mock_input(loaded, turn=turn)["n"] for turn in range(3)] == [6, 4, 7]


def test_a_result_is_followed_through_selector_path_and_output() -> None:
    loaded = machine(
        First={**TASK, "ResultSelector": {"in": {"x.$": "$.deep.number"}}, "ResultPath": "$.r", "Next": "Second"},
        Second={"Type": "Wait", "SecondsPath": "$.r.in.x", "OutputPath": "$.r.in", "Next": "Third"},
        Third={"Type": "Pass", "Parameters": {"y.$": "$.x"}, "End": True},
    )
    assert asl_local.mock_input(loaded) == {}
    result = mocked(loaded)
    assert (result.status, result.output) == ("SUCCEEDED", {"y": 1})
    (answered,) = [event for event in result.history if event.type == "LambdaFunctionSucceeded"]
    assert answered.details["output"] == {"deep": {"number": 1}}


def test_variables_lead_back_to_what_was_assigned() -> None:
    loaded = machine(
        First={**TASK, "Assign": {"v": {"w.$": "$.answer"}}, "Next": "Second"},
        Second={"Type": "Pass", "Parameters": {"x.$": "States.MathAdd($v.w, 1)"}, "End": True},
    )
    assert mocked(loaded).output == {"x": 2}


def test_branches_and_iterations_lead_back_into_them() -> None:
    inner = {"StartAt": "Ask", "States": {"Ask": {**TASK, "End": True}}}
    other = {"StartAt": "Idle", "States": {"Idle": {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": True}}}
    loaded = machine(
        Both={"Type": "Parallel", "Branches": [inner, other], "Next": "Each"},
        Each={"Type": "Map", "ItemsPath": "$[0].list", "ItemProcessor": {"StartAt": "One", "States": {
            "One": {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}}}, "ResultPath": "$[1]", "Next": "Last"},
        Last={"Type": "Pass", "Parameters": {"x.$": "$[1][0].seconds"}, "End": True},
    )  # fmt: skip
    assert mocked(loaded).output == {"x": 1}


POLL = {
    "Ask": {**TASK, "ResultPath": "$.job", "Next": "Done?"},
    "Done?": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.job.status", "StringEquals": "RUNNING", "Next": "Wait"}],
        "Default": "End",
    },
    "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Ask"},
    "End": {"Type": "Succeed"},
}


def test_a_machine_that_polls_comes_to_its_end() -> None:
    result = mocked(machine(**POLL))
    assert (result.status, result.output["job"]) == ("SUCCEEDED", {"status": "text"})
    assert sum(event.type == "WaitStateEntered" for event in result.history) == 1


def test_a_machine_that_turns_pages_comes_to_its_last() -> None:
    loaded = machine(
        Page={**TASK, "Parameters": {"all.$": "$"}, "Next": "More?"},
        **{"More?": {"Type": "Choice", "Default": "End",
                     "Choices": [{"Variable": "$.NextToken", "IsPresent": True, "Next": "Page"}]}},
        End=DONE,
    )  # fmt: skip
    result = mocked(loaded)
    assert result.status == "SUCCEEDED"
    assert sum(event.type == "LambdaFunctionSucceeded" for event in result.history) == 2


@pytest.mark.parametrize(
    ("resource", "parameters", "part"),
    [
        ("arn:aws:states:::lambda:invoke", {"FunctionName": "f"}, {"StatusCode": 200}),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", {"FunctionName": "f", "Payload.$": "$$.Task.Token"}, {}),
        ("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "m"}, {"MessageId": "mock"}),
        ("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": "a"}, {"Status": "SUCCEEDED"}),
        ("arn:aws:states:::aws-sdk:s3:listBuckets", {}, {}),
        ("arn:aws:states:::glue:startJobRun.sync", {"JobName": "j"}, {}),
        ("arn:aws:states:us-east-1:123456789012:activity:a", None, {}),
        ("${Function.Arn}", None, {}),
    ],
)
def test_every_kind_of_task_is_answered(resource: str, parameters: Any, part: dict[str, Any]) -> None:
    given = {} if parameters is None else {"Parameters": parameters}
    loaded = machine(
        Ask={"Type": "Task", "Resource": resource, **given, "Next": "Read"},
        Read={"Type": "Pass", "Parameters": {"all.$": "$", "x.$": "$.Some.Member"}, "End": True},
    )
    output = mocked(loaded).output
    assert output["x"] == "text"
    assert output["all"].items() >= part.items()


def test_members_of_dynamodb_items_have_the_type_that_they_are_named_by() -> None:
    loaded = machine(
        Get={"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem",
             "Parameters": {"TableName": "t", "Key": {"id": {"S": "1"}}}, "Next": "Read"},
        Read={"Type": "Pass", "Parameters": {"n.$": "States.StringToJson($.Item.count.N)", "s.$": "$.Item.name.S"},
              "End": True},
    )  # fmt: skip
    assert mocked(loaded).output == {"n": 1, "s": "text"}


def test_a_distributed_map_reads_mocked_items_and_writes_nowhere() -> None:
    loaded = machine(
        Each={
            "Type": "Map",
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
                           "Parameters": {"Bucket.$": "$.bucket", "Key": "k"}},
            "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b.$": "$.extra"}},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Read",
                "States": {"Read": {"Type": "Pass", "End": True,
                                    "Parameters": {"n.$": "$.Items[0].n", "e.$": "$.BatchInput.b.c"}}},
            },
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},
            "End": True,
        }
    )  # fmt: skip
    assert asl_local.mock_input(loaded) == {"bucket": "text", "extra": {"c": "text"}}
    assert mocked(loaded).status == "SUCCEEDED"


def test_a_loop_that_wraps_its_input_is_read_once_around() -> None:
    loaded = machine(
        Wrap={"Type": "Pass", "Parameters": {"inner.$": "$"}, "Next": "Again"},
        Again={"Type": "Choice", "Choices": [{"Variable": "$.inner.inner.a", "StringEquals": "x", "Next": "Wrap"}],
               "Default": "End"},
        End=DONE,
    )  # fmt: skip
    asl_local.mock_answers(loaded)
    assert asl_local.mock_input(loaded)["inner"]["a"] == "x"


def test_the_same_answers_twice() -> None:
    loaded = machine(**POLL)
    assert mocked(loaded).history.to_aws() == mocked(loaded).history.to_aws()


@pytest.mark.parametrize(
    "block",
    [
        {"StartAt": "A", "States": "${x}"},
        {"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": "${x}", "End": True}}},
        {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": "${x}", "Default": "B"}, "B": DONE}},
        {"StartAt": "A", "States": {"A": {**TASK, "Catch": "${x}", "End": True}}},
    ],
)
def test_a_placeholder_that_nobody_filled_asks_for_nothing(block: dict[str, Any]) -> None:
    loaded = asl_local.load(
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [block]}}}
    )  # fmt: skip
    assert loaded.unresolved
    assert asl_local.mock_input(loaded) == {}
    asl_local.mock_answers(loaded)
