"""TestState of a Map: what it reads, selects and batches, and how many failures are too many."""

from __future__ import annotations

import json
from typing import Any

import pytest

import asl_local
from asl_local.services.errors import ClientError

EACH = {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **EACH}
MAP: dict[str, Any] = {"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True}
JSONATA = {**MAP, "QueryLanguage": "JSONata"}


def run(state: Any, input: Any, result: Any = None, **configuration: Any) -> dict[str, Any]:
    """The answer at level DEBUG, its JSON texts parsed."""
    answer = asl_local.test_state(
        state, input=input, mock={"result": json.dumps(result if result is not None else [])}, inspectionLevel="DEBUG",
        **({"stateConfiguration": configuration} if configuration else {}),
    )  # fmt: skip
    data = {k: json.loads(v) if isinstance(v, str) else v for k, v in answer["inspectionData"].items()}
    return {**answer, "inspectionData": data}


def reader(kind: str, **config: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": kind, **config},
        "Parameters": {"Bucket.$": "$.bucket", "Key": "k"},
    }


def seen(state: Any, **configuration: Any) -> dict[str, Any]:
    return run(state, {"bucket": "b", "n": 3}, **configuration)["inspectionData"]


# -- what it maps over -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "config", "data", "items"),
    [
        ("JSON", {}, "[1, 2]", [1, 2]),
        ("JSONL", {}, '{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ("CSV", {"CSVHeaderLocation": "FIRST_ROW"}, "a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("CSV", {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x"]}, "1\n2\n", [{"x": "1"}, {"x": "2"}]),
        ("JSON", {"MaxItems": 2}, "[1, 2, 3]", [1, 2]),
    ],
)
def test_reader_data_is_read_as_the_reader_says(kind: str, config: Any, data: str, items: Any) -> None:
    selecting = {"ItemSelector": {"v.$": "$$.Map.Item.Value", "from.$": "$$.Map.Item.Source", "n.$": "$.n"}}
    found = seen({**MAP, "ItemReader": reader(kind, **config), **selecting}, mapItemReaderData=data)
    assert found["afterItemSelector"] == [{"v": item, "from": "S3://b/k", "n": 3} for item in items]
    assert "afterItemsPath" not in found


def test_an_items_pointer_shows_what_it_points_at() -> None:
    state = {**MAP, "ItemReader": reader("JSON", ItemsPointer="/orders/lines")}
    found = seen(state, mapItemReaderData='{"orders": {"lines": [4, 5]}}')
    assert found["afterItemsPointer"] == [4, 5]


def test_data_that_is_not_what_the_reader_says_fails_the_state() -> None:
    answer = run({**MAP, "ItemReader": reader("JSON")}, {"bucket": "b"}, mapItemReaderData="7")
    assert (answer["status"], answer["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert answer["cause"] == "Attempting to map over non-iterable node."


def test_without_reader_data_the_items_are_not_known() -> None:
    found = seen({**MAP, "ItemReader": reader("JSON"), "ItemSelector": {"v.$": "$$.Map.Item.Value"}})
    assert set(found) == {"input", "afterInputPath", "maxConcurrency", "afterResultSelector", "afterResultPath"}


def test_the_members_of_an_object_are_items_in_jsonata_only() -> None:
    item = {"k": "{% $states.context.Map.Item.Key %}", "v": "{% $states.context.Map.Item.Value %}"}
    found = run({**JSONATA, "Items": "{% $states.input %}", "ItemSelector": item}, {"a": 1, "b": 2})["inspectionData"]
    assert found["afterItemSelector"] == [{"k": "a", "v": 1}, {"k": "b", "v": 2}]
    answer = run(MAP, {"a": 1})
    assert (answer["error"], answer["cause"]) == ("States.Runtime", 'Reference path "$" must point to array.')


def test_items_may_come_from_the_context_object() -> None:
    def items(path: str) -> dict[str, Any]:
        context = {"Execution": {"Input": {"values": [7]}}}
        return asl_local.test_state(
            {**MAP, "ItemsPath": path}, input=[], mock={"result": [1]}, context=context, inspectionLevel="DEBUG"
        )

    assert items("$$.Execution.Input.values")["inspectionData"]["afterItemsPath"] == "[7]"
    assert items("$$.Execution.Input")["cause"] == 'Reference path "$.Execution.Input" must point to array.'


def test_batches_hold_what_was_selected() -> None:
    state = {
        **MAP, "ItemsPath": "$.items", "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "ItemBatcher": {"MaxItemsPerBatchPath": "$.size", "BatchInput": {"size.$": "$.size"}},
    }  # fmt: skip
    found = run(state, {"items": [1, 2, 3], "size": 2})["inspectionData"]
    assert found["afterItemSelector"] == [{"v": 1}, {"v": 2}, {"v": 3}]
    assert found["afterItemBatcher"] == [
        {"BatchInput": {"size": 2}, "Items": [{"v": 1}, {"v": 2}]},
        {"BatchInput": {"size": 2}, "Items": [{"v": 3}]},
    ]


def test_jsonata_shows_limits_and_what_is_selected() -> None:
    state = {
        **JSONATA, "Items": "{% $states.input.items %}", "MaxConcurrency": "{% 2 + 3 %}",
        "ItemSelector": {"v": "{% $states.context.Map.Item.Value * 10 %}"},
        "ToleratedFailurePercentage": "{% 25 %}",
    }  # fmt: skip
    found = run(state, {"items": [1, 2]})["inspectionData"]
    assert found == {
        "input": {"items": [1, 2]},
        "maxConcurrency": 5,
        "toleratedFailurePercentage": 25.0,
        "afterItemSelector": [{"v": 10}, {"v": 20}],
    }


def test_a_result_writer_wants_an_object() -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}
    state = {**MAP, "ResultWriter": writer}
    assert run(state, [1], {"MapRunArn": "x"})["status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="Mocked result must be a JSON object"):
        asl_local.test_state(state, input=[1], mock={"result": []})


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "failed", "exceeded"),
    [
        ({}, 4, False),  # recorded: where there is no threshold, any number passes
        ({"ToleratedFailureCount": 1}, 1, False),
        ({"ToleratedFailureCount": 1}, 2, True),
        ({"ToleratedFailureCount": 0}, 0, False),
        ({"ToleratedFailurePercentage": 50}, 2, False),
        ({"ToleratedFailurePercentage": 49.9}, 2, True),
        ({"ToleratedFailureCountPath": "$[0]"}, 2, True),
        ({"ToleratedFailureCount": 4, "ToleratedFailurePercentage": 10}, 1, True),
    ],
)
def test_too_many_failed_iterations(threshold: dict[str, Any], failed: int, exceeded: bool) -> None:
    answer = run({**MAP, **threshold}, [1, 1, 1, 1], [0, 0, 0, 0], mapIterationFailureCount=failed)
    if exceeded:
        assert (answer["status"], answer["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    else:
        assert (answer["status"], answer["output"]) == ("SUCCEEDED", "[0,0,0,0]")


def test_the_percentage_of_items_that_are_not_known_is_one_of_the_results() -> None:
    state = {**MAP, "ItemReader": reader("JSON"), "ToleratedFailurePercentage": 50}
    assert run(state, {"bucket": "b"}, [0, 1], mapIterationFailureCount=1)["status"] == "SUCCEEDED"
    assert run(state, {"bucket": "b"}, [0, 0], mapIterationFailureCount=2)["status"] == "FAILED"


def test_the_threshold_is_an_error_for_retry_and_catch() -> None:
    retry = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    state = {**MAP, "ToleratedFailureCount": 0, "Retry": retry, "Catch": catch}
    answer = run(state, [1], [0], mapIterationFailureCount=1)
    assert (answer["status"], answer["inspectionData"]["errorDetails"]["retryIndex"]) == ("RETRIABLE", 0)
    answer = run(state, [1], [0], mapIterationFailureCount=1, retrierRetryCount=1)
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "B")
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "catchIndex": 0}


def test_a_mocked_error_comes_from_a_state_inside() -> None:
    answer = asl_local.test_state(
        MAP, input=[1], mock={"errorOutput": {"error": "E"}}, inspectionLevel="DEBUG",
        stateConfiguration={"errorCausedByState": "Each", "mapIterationFailureCount": 1},
    )  # fmt: skip
    assert (answer["status"], answer["error"]) == ("FAILED", "E")
    assert set(answer["inspectionData"]) == {"input", "afterInputPath", "afterItemsPath", "maxConcurrency"}
