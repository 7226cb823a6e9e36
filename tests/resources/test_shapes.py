"""A mocked result against the service's API model: what is wrong, in AWS's words, and what needs which model."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

import asl_local
from asl_local.definition.resource_arns import OPTIMISED, ResourceArn, parse
from asl_local.errors import AslError
from asl_local.resources import shapes
from asl_local.resources.shapes import COMMON, Shape


def arn(text: str) -> ResourceArn:
    found = parse(f"arn:aws:states:::{text}")
    assert found is not None
    return found


def wrong(resource: str, result: Any, *, strict: bool = False) -> str | None:
    problem = shapes.problem(arn(resource), result, strict=strict)
    return None if problem is None else problem.sentence


ENTRIES = "events:putEvents"


@pytest.mark.parametrize(
    ("resource", "result", "expected"),
    [
        (ENTRIES, {"Entries": "x"}, "Field 'Entries' must be an array"),
        (ENTRIES, {"Entries": [{"EventId": "a"}, {"EventId": ["b"]}]}, "Field 'EventId' must be a string"),
        (ENTRIES, {"Entries": [3]}, "Field 'Entries' must be an object"),
        (ENTRIES, {"FailedEntryCount": True}, "Field 'FailedEntryCount' must be a number"),
        (ENTRIES, {"FailedEntryCount": None}, "Field 'FailedEntryCount' must be a number"),
        (ENTRIES, [], "Field 'Result' must be an object"),
        (ENTRIES, {"Other": 1, "entries": 1}, None),
        ("lambda:invoke", {"StatusCode": "200"}, "Field 'StatusCode' must be a number"),
        ("lambda:invoke", {"Payload": {"any": ["JSON"]}, "SdkHttpMetadata": {}}, None),
        ("aws-sdk:lambda:invoke", {"Payload": {"any": 1}}, "Field 'Payload' must be a string"),
        ("lambda:invoke", {"ExecutedVersion": ""}, "Field 'ExecutedVersion' is smaller than the minimum length"),
        ("lambda:invoke", {"ExecutedVersion": "9" * 1025}, "Field 'ExecutedVersion' exceeds the maximum length"),
        ("dynamodb:getItem", {"Item": {"a": {"M": {"b": {"N": 1}}}}}, "Field 'N' must be a string"),
        ("dynamodb:getItem", {"Item": {"a": {"BOOL": "true"}}}, "Field 'BOOL' must be a boolean"),
        ("aws-sdk:lambda:getFunction", {"Configuration": {"MemorySize": 127}},
         "Field 'MemorySize' is less than the minimum value"),
        ("aws-sdk:lambda:getFunction", {"Configuration": {"Timeout": 0}}, "Field 'Timeout' is less than the minimum value"),
        ("aws-sdk:sfn:describeExecution", {"StartDate": 1}, "Field 'StartDate' must be a string"),
        ("aws-sdk:cloudwatchlogs:putLogEvents", {"NextSequenceToken": 1}, "Field 'NextSequenceToken' must be a string"),
        ("states:startExecution.sync:2", {"Output": {"any": "JSON"}, "Status": "SUCCEEDED"}, None),
        ("states:startExecution.sync", {"Output": {"no": "text"}}, "Field 'Output' must be a string"),
        ("sqs:sendMessage.waitForTaskToken", [1], None),
        ("http:invoke", [1], None),
        ("glue:startJobRun.sync", [1], None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_result(resource: str, result: Any, expected: str | None) -> None:
    assert wrong(resource, result) == expected


def test_strict_wants_what_the_model_requires() -> None:
    assert wrong("states:startExecution", {"StartDate": "x"}) is None
    assert wrong("states:startExecution", {"StartDate": "x"}, strict=True) == "Required field 'ExecutionArn' is missing"
    assert wrong("states:startExecution", {"StartDate": "x", "ExecutionArn": "y"}, strict=True) is None


def differences(ours: Shape | None, theirs: Shape | None, at: str = "", seen: tuple[int, ...] = ()) -> list[str]:
    """Where our table says something else than the model; a newer model may have members that ours has not."""
    if ours is None or theirs is None or id(ours) in seen:
        return [] if ours is None or id(ours) in seen else [f"{at}: {ours.kind} and nothing"]
    seen = (*seen, id(ours))
    of_ours, of_theirs = ((s.kind, s.least, s.most, set(s.required)) for s in (ours, theirs))
    found = [] if of_ours == of_theirs else [f"{at}: {of_ours} and {of_theirs}"]
    for name, member in ours.members.items():
        found += differences(member, theirs.members.get(name), f"{at}/{name}", seen)
    return found + differences(ours.item, theirs.item, f"{at}[]", seen)


@pytest.mark.parametrize("called", sorted(COMMON))
def test_our_own_table_says_what_the_models_say(called: str) -> None:
    assert COMMON[called].members
    assert differences(COMMON[called], shapes._model_shape(*called.split(":"))) == []


def test_every_optimised_integration_has_a_model_or_is_known_to_have_none() -> None:
    for service, actions in OPTIMISED.items():
        for action, patterns in actions.items():
            for pattern in patterns:
                shapes.answer_shape(ResourceArn("optimised", service, action, pattern))


def test_what_no_model_knows_is_said_and_not_skipped() -> None:
    with pytest.raises(AslError, match="nothing here knows the API of 'nosuchthing'"):
        wrong("aws-sdk:nosuchthing:get", {})
    with pytest.raises(AslError, match="has no operation 'getNothing'"):
        wrong("aws-sdk:lambda:getNothing", {})


def test_without_botocore_common_integrations_are_compared_and_others_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "botocore":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    shapes._model.cache_clear()
    assert wrong("lambda:invoke", {"StatusCode": "200"}) == "Field 'StatusCode' must be a number"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:kms:encrypt",
        "Parameters": {"KeyId": "k"},
        "End": True,
    }
    with pytest.raises(AslError, match=r"pip install 'asl-local\[mocks\]', or say fieldValidationMode NONE"):
        asl_local.test_state(task, mock={"result": {"CiphertextBlob": 3}})
    none = asl_local.test_state(task, mock={"result": {"CiphertextBlob": 3}, "fieldValidationMode": "NONE"})
    assert none["output"] == '{"CiphertextBlob":3}'
