"""MockConfigFile.json: replies by invocation, and faults in the file with their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local

RETRY = [{"ErrorEquals": ["Busy"], "MaxAttempts": 5}]
CALL = "arn:aws:states:::glue:startJobRun"


def machine(**states: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": next(iter(states)), "States": states}, name="Orders")


def task(resource: str = CALL, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **more}


def config(case: dict[str, Any], responses: dict[str, Any], name: str = "Orders") -> dict[str, Any]:
    return {"StateMachines": {name: {"TestCases": {"Case": case}}}, "MockedResponses": responses}


def throw(error: str) -> dict[str, Any]:
    return {"Throw": {"Error": error, "Cause": f"{error} it was"}}


def test_invocations_count_through_retries_by_number_and_by_range() -> None:
    mocks = config({"A": "R"}, {"R": {"0": throw("Busy"), "1-2": throw("Busy"), "3": {"Return": {"Payload": 7}}}})
    result = machine(A=task(Retry=RETRY)).simulate({}, mock_config=mocks, test_case="Case")
    assert result.output == {"Payload": 7}
    assert [event.type for event in result.history].count("TaskFailed") == 3
    assert result.history[4].details["cause"] == "Busy it was"


def test_one_counter_counts_for_the_whole_execution_and_anew_in_the_next() -> None:
    body = {"StartAt": "Call", "States": {"Call": task(Retry=RETRY)}}
    mapped = machine(M={"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": body, "End": True})
    replies = {"0": throw("Busy"), "1": {"Return": "one"}, "2": {"Return": "two"}}
    mocks = config({"Call": "R"}, {"R": replies})
    for _ in range(2):
        assert mapped.simulate([1, 2], mock_config=mocks, test_case="Case").output == ["one", "two"]
    assert mapped.run([1], mock_config=config({"Call": "R"}, {"R": {"0": {"Return": 1}}}), test_case="Case").output == [
        1
    ]


def test_states_that_are_not_named_call_whoever_answers_them() -> None:
    both = machine(
        A={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "B"},
        B=task("arn:aws:lambda:us-east-1:123456789012:function:work"),
    )
    mocks = config({"A": "R"}, {"R": {"0": {"Return": {"MessageId": "m"}}}})
    given = {"QueueUrl": "q", "MessageBody": "b"}
    result = both.simulate(given, {"work": lambda event: [event]}, mock_config=mocks, test_case="Case")
    assert result.output == [{"MessageId": "m"}]
    for run in (both.simulate, both.run):  # told when it is called: a test case mocks what is on its path
        with pytest.raises(asl_local.UnknownResource, match=r"/States/B/Resource: .*function:work"):
            run(given, mock_config=mocks, test_case="Case")


def test_tasks_off_the_path_need_nobody_who_answers_them() -> None:
    reader = {
        "ReaderConfig": {"InputType": "JSON"},
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "C",
        "States": {"C": task()},
    }
    either = machine(
        A={"Type": "Task", "Resource": CALL, "Next": "Which"},
        Which={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Invoke"}, {"Variable": "$.n", "NumericEquals": 2, "Next": "M"}], "Default": "Z"},
        Invoke=task("arn:aws:states:::lambda:invoke", Parameters={"FunctionName": "nobody"}),
        M={"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True},
        Z={"Type": "Succeed"},
    )  # fmt: skip
    for number, wanted in ((0, None), (1, "/States/Invoke"), (2, "/States/M/ItemReader/Resource")):
        mocks = config({"A": "R"}, {"R": {"0": {"Return": {"n": number}}}})
        if wanted is None:
            assert either.simulate({}, mock_config=mocks, test_case="Case").status == "SUCCEEDED"
        else:
            with pytest.raises(asl_local.UnknownResource, match=wanted):
                either.simulate({}, mock_config=mocks, test_case="Case")


def test_a_name_twice_and_numbers_that_are_none_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mocks.json"
    path.write_text(
        '{"StateMachines": {"Orders": {"TestCases": {"Case": {"A": "R"}}}},\n "MockedResponses": {"R": {"0": {"Return": 1},\n  "0": {"Return": 2}}}}',
        "utf-8",
    )
    with pytest.raises(asl_local.InvalidMockConfig, match=r"mocks\.json:3:3: this is no JSON: Duplicate"):
        machine(A=task()).simulate({}, mock_config=path, test_case="Case")
    path.write_text(
        '{"StateMachines": {"Orders": {"TestCases": {"Case": {"A": "R"}}}},\n "MockedResponses": {"R": {\n  "0": {"Return": 1, "Throw": {}}}}}',
        "utf-8",
    )
    with pytest.raises(asl_local.InvalidMockConfig) as caught:
        machine(A=task()).simulate({}, mock_config=path, test_case="Case")
    assert (
        str(caught.value)
        == f"{path}:3:3: either Return or Throw is wanted, not an object with Return, Throw at /MockedResponses/R/0"
    )


def test_what_a_reply_returns_is_the_result_as_it_is() -> None:
    reply = {"StatusCode": 200, "Payload": {"a": [1]}}
    mocks = config({"A": "R"}, {"R": {"0": {"Return": reply}}})
    done = machine(A=task(ResultSelector={"x.$": "$.Payload.a"})).simulate({}, mock_config=mocks, test_case="Case")
    assert done.output == {"x": [1]}
    caught = machine(A=task(Catch=[{"ErrorEquals": ["Busy"], "Next": "B"}]), B={"Type": "Pass", "End": True})
    failed = caught.simulate({}, mock_config=config({"A": "R"}, {"R": {"0": throw("Busy")}}), test_case="Case")
    assert failed.output == {"Error": "Busy", "Cause": "Busy it was"}


def test_more_invocations_than_replies_end_the_execution() -> None:
    again = machine(
        A={"Type": "Task", "Resource": CALL, "Next": "A2", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "A2"}]},
        A2={"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "Z"}], "Default": "A"},
        Z={"Type": "Succeed"},
    )
    mocks = config({"A": "R"}, {"R": {"0": {"Return": {}}}})
    result = again.simulate({}, mock_config=mocks, test_case="Case")
    assert result.error == "States.Runtime"
    assert "The mocked response 'R' has replies for 1 invocations" in str(result.cause)


def test_the_file_is_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "MockConfigFile.json"
    path.write_text(json.dumps(config({"A": "R"}, {"R": {"0-999999999": {"Return": 1}}})), "utf-8")
    assert machine(A=task()).simulate({}, mock_config=path, test_case="Case").output == 1
    path.write_text("{", "utf-8")
    with pytest.raises(asl_local.InvalidMockConfig, match=r"MockConfigFile\.json:1:2: this is no JSON"):
        machine(A=task()).simulate({}, mock_config=path, test_case="Case")


def test_a_file_with_one_machine_need_not_have_its_name() -> None:
    mocks = config({"A": "R"}, {"R": {"0": {"Return": 1}}}, name="Other")
    assert machine(A=task()).simulate({}, mock_config=mocks, test_case="Case").output == 1
    mocks["StateMachines"]["Third"] = {"TestCases": {}}
    with pytest.raises(asl_local.InvalidMockConfig, match="there is no 'Orders'; there is Other, Third"):
        machine(A=task()).simulate({}, mock_config=mocks, test_case="Case")


def test_what_the_case_does_not_use_is_not_looked_at() -> None:
    mocks = config({"A": "R"}, {"R": {"0": {"Return": 1}}, "Broken": 7})
    mocks["StateMachines"]["Orders"]["TestCases"]["Other"] = {"Nowhere": "Nothing"}
    assert machine(A=task()).simulate({}, mock_config=mocks, test_case="Case").output == 1


GOOD = {"0": {"Return": 1}}


@pytest.mark.parametrize(
    ("given", "place", "reason"),
    [
        ({}, "/", "StateMachines is required but missing"),
        ({"StateMachines": {}, "MockedResponse": {}}, "/", "MockedResponses is required but missing; did you mean 'MockedResponse'?"),
        ({"StateMachines": [], "MockedResponses": {}}, "/StateMachines", "an object is wanted, not []"),
        ({"StateMachines": {"Orders": {}}, "MockedResponses": {}}, "/StateMachines/Orders", "TestCases is required but missing"),
        (config({"B": "R"}, {"R": GOOD}), "/StateMachines/Orders/TestCases/Case/B", "the machine has no Task 'B'"),
        (config({"A": 7}, {"R": GOOD}), "/StateMachines/Orders/TestCases/Case/A", "the name of a mocked response is wanted, not 7"),
        (config({"A": "Rr"}, {"R": GOOD}), "/StateMachines/Orders/TestCases/Case/A", "there is no mocked response 'Rr'; did you mean 'R'?"),
        (config({"A": "R"}, {"R": {}}), "/MockedResponses/R", "an object with replies is wanted, not an object with nothing"),
        (config({"A": "R"}, {"R": {"a": {"Return": 1}}}), "/MockedResponses/R/a", 'an invocation such as "0" or a range such as "1-2" is wanted'),
        (config({"A": "R"}, {"R": {"2-1": {"Return": 1}}}), "/MockedResponses/R/2-1", 'an invocation such as "0" or a range such as "1-2" is wanted'),
        (config({"A": "R"}, {"R": {"1": {"Return": 1}}}), "/MockedResponses/R", "invocation 0 has no reply; they count from 0 without gaps"),
        (config({"A": "R"}, {"R": {**GOOD, "2": {"Return": 1}}}), "/MockedResponses/R", "invocation 1 has no reply; they count from 0 without gaps"),
        (config({"A": "R"}, {"R": {"0-1": {"Return": 1}, "1": {"Return": 1}}}), "/MockedResponses/R", "invocation 1 has two replies; they count from 0 without gaps"),
        (config({"A": "R"}, {"R": {"0": {}}}), "/MockedResponses/R/0", "either Return or Throw is wanted, not an object with nothing"),
        (config({"A": "R"}, {"R": {"0": {"Return": 1, **throw("E")}}}), "/MockedResponses/R/0", "either Return or Throw is wanted, not an object with Return, Throw"),
        (config({"A": "R"}, {"R": {"0": {"Throw": {"Error": "E"}}}}), "/MockedResponses/R/0/Throw", "Error and Cause are wanted, not an object with Error"),
        (config({"A": "R"}, {"R": {"0": {"Throw": {"Error": "E", "Cause": 7}}}}), "/MockedResponses/R/0/Throw/Cause", "a text is wanted, not 7"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_place_before_anything_runs(given: Any, place: str, reason: str) -> None:
    with pytest.raises(asl_local.InvalidMockConfig) as caught:
        machine(A=task()).simulate({}, mock_config=given, test_case="Case")
    assert (caught.value.path, caught.value.reason) == (place, reason)
    assert str(caught.value) == f"the mock configuration: {reason} at {place}"


@pytest.mark.parametrize(
    ("resource", "more"),
    [
        ("arn:aws:states:::glue:startJobRun.sync", {}),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", {"Parameters": {"FunctionName": "f", "Payload": {}}}),
        ("arn:aws:states:us-east-1:123456789012:activity:a", {}),
        ("arn:aws:states:::states:startExecution.sync:2", {"Parameters": {"StateMachineArn": "none"}}),
    ],
)
def test_a_task_that_waits_for_more_than_its_call_comes_to_its_reply(resource: str, more: dict[str, Any]) -> None:
    replies = {"0": throw("Busy"), "1": {"Return": {"done": True}}}
    waiting = machine(A=task(resource, Retry=RETRY, **more))
    for run in (waiting.simulate, waiting.run):
        result = run({}, mock_config=config({"A": "R"}, {"R": {"0": replies["1"]}}), test_case="Case")
        assert (result.status, result.output) == ("SUCCEEDED", {"done": True})
    result = waiting.simulate({}, mock_config=config({"A": "R"}, {"R": replies}), test_case="Case")
    assert result.output == {"done": True}
    assert [event.type for event in result.history if "Failed" in event.type] in (["TaskFailed"], ["ActivityFailed"])


def test_children_of_a_distributed_map_count_together() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Call",
        "States": {"Call": task()},
    }
    mapped = machine(M={"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True})
    mocks = config({"Call": "R"}, {"R": {"0": {"Return": "one"}, "1": {"Return": "two"}}})
    assert mapped.simulate([1, 2], mock_config=mocks, test_case="Case").output == ["one", "two"]


def test_both_arguments_or_none() -> None:
    for given in ({"test_case": "Case"}, {"mock_config": config({}, {})}):
        with pytest.raises(ValueError, match="mock_config and test_case go together"):
            machine(A=task()).simulate({}, **given)
    with pytest.raises(asl_local.InvalidMockConfig, match="there is no 'Cases'; did you mean 'Case'"):
        machine(A=task()).simulate({}, mock_config=config({"A": "R"}, {"R": GOOD}), test_case="Cases")
