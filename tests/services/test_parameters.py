"""The keyword parameters of stand-ins: nothing is ignored, and boto3's words."""

from __future__ import annotations

import pytest

from asl_local.services.errors import ClientError
from asl_local.services.parameters import (
    FLAG,
    NUMBER,
    TEXT,
    check,
    needed,
    no_operation,
    one_of,
    operation,
    refused,
    response_metadata,
)

RULES = {
    "Bucket": needed(TEXT),
    "Key": needed(TEXT, shortest=1),
    "MaxKeys": NUMBER,
    "FetchOwner": FLAG,
    "Mode": one_of("A", "B"),
    **refused("there are no accounts", "ACL"),
}


def problem(**given: object) -> str:
    with pytest.raises(ClientError) as caught:
        check("GetThing", RULES, given)
    assert caught.value.code == "ParamValidationError"
    assert caught.value.operation_name == "GetThing"
    return caught.value.message.removeprefix("Parameter validation failed: ")


def test_a_good_request_passes() -> None:
    check("GetThing", RULES, {"Bucket": "b", "Key": "k", "MaxKeys": 3, "FetchOwner": True, "Mode": "A"})


def test_a_missing_parameter_is_named() -> None:
    assert problem(Key="k") == 'Missing required parameter in input: "Bucket"'


def test_an_unknown_parameter_is_named_with_those_there_are_and_a_guess() -> None:
    assert problem(Bucket="b", Key="k", maxkeys=1) == (
        'Unknown parameter in input: "maxkeys", must be one of: Bucket, Key, MaxKeys, FetchOwner, Mode; did you mean "MaxKeys"?'
    )


def test_a_parameter_that_only_aws_has_is_refused_with_the_reason() -> None:
    assert problem(Bucket="b", Key="k", ACL="private") == (
        'Parameter "ACL" is not supported by the local stand-in: there are no accounts'
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"Bucket": 3},
            "Invalid type for parameter Bucket, value: 3, type: <class 'int'>, valid types: <class 'str'>",
        ),
        (
            {"MaxKeys": True},
            "Invalid type for parameter MaxKeys, value: True, type: <class 'bool'>, valid types: <class 'int'>",
        ),
        (
            {"FetchOwner": None},
            "Invalid type for parameter FetchOwner, value: None, type: <class 'NoneType'>, valid types: <class 'bool'>",
        ),
        ({"Mode": "C"}, "Invalid value for parameter Mode, value: 'C', valid values: A, B"),
        ({"Key": ""}, "Invalid length for parameter Key, value: 0, valid min length: 1"),
    ],
)
def test_a_value_out_of_its_rule_is_refused(given: dict[str, object], expected: str) -> None:
    assert problem(**{"Bucket": "b", "Key": "k", **given}) == expected


def test_all_problems_come_at_once() -> None:
    assert problem(Mode="C").count(";") == 2


class Service:
    @operation("GetThing", RULES)
    def get_thing(self, given: object) -> dict[str, object]:
        return {"Given": given}


def test_an_operation_takes_keywords_only_and_answers_with_metadata() -> None:
    answer = Service().get_thing(Bucket="b", Key="k")
    assert answer["Given"] == {"Bucket": "b", "Key": "k"}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    with pytest.raises(TypeError, match=r"get_thing\(\) only accepts keyword arguments"):
        Service().get_thing("b")


def test_response_metadata_has_botos_shape() -> None:
    made = response_metadata(204)
    assert set(made) == {"RequestId", "HTTPStatusCode", "HTTPHeaders", "RetryAttempts"}
    assert made["HTTPStatusCode"] == 204
    assert made["RequestId"] != response_metadata()["RequestId"]


def test_an_operation_that_is_not_there_is_told_with_those_there_are() -> None:
    with pytest.raises(AttributeError) as caught:
        no_operation(Service(), "thing", "get_thin")
    assert str(caught.value) == "the local thing has no 'get_thin'; it has get_thing; did you mean \"get_thing\"?"
