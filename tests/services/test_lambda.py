"""Lambda's side of a Python function: names, calls, failures."""

from __future__ import annotations

import base64
import io
import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asl_local.errors import NotJson, StateError
from asl_local.services import lambda_
from asl_local.services.errors import ClientError
from asl_local.services.lambda_ import (
    failure,
    failure_text,
    function_name,
    marshal,
    takes_context,
)
from asl_local.services.lambda_client import Lambda, LambdaContext
from asl_local.services.s3 import S3

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


class PhotoDoesNotMeetRequirementError(Exception):
    pass


def raised(handler: Callable[..., Any], *arguments: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:
        handler(*arguments)
    return caught.value


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("f", "f"),
        ("f:PROD", "f"),
        ("f:$LATEST", "f"),
        ("function:f", "f"),
        ("123456789012:function:f", "f"),
        ("123456789012:function:f:7", "f"),
        ("us-west-2:123456789012:function:f", "f"),
        (ARN, "f"),
        (ARN + ":$LATEST", "f"),
        ("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:my-f_1:PROD", "my-f_1"),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:f", "f"),
        ("REPLACE_WITH_FaceDetectionFunctionArn", "REPLACE_WITH_FaceDetectionFunctionArn"),
        ("${FaceDetectionFunctionArn}", "${FaceDetectionFunctionArn}"),
        ("", ""),
    ],
)
def test_function_names(text: str, name: str) -> None:
    assert function_name(text) == name


@pytest.mark.parametrize(
    ("handler", "wanted"),
    [
        (lambda event: 0, False),
        (lambda event, context: 0, True),
        (lambda event, _: 0, True),
        (lambda event, context=None: 0, True),
        (lambda event, retries=3: 0, False),
        (lambda *arguments: 0, True),
        (lambda event, *, context=None: 0, False),
        (len, False),
        (max, False),
    ],
)
def test_whether_a_handler_takes_the_context(handler: Callable[..., Any], wanted: bool) -> None:
    assert takes_context(handler) is wanted


def test_what_functions_want_is_seen_without_their_signature_as_with_it() -> None:
    shapes = [
        "event", "event, context", "event, context=None", "event, other=None", "a, b, c", "a, b, c=1", "event, *, context",
        "event, /", "event, context, /", "", "*events", "event, *more", "event, **more", "a=1", "a, b=1, context=2",
    ]  # fmt: skip
    for shape in shapes:
        function = eval(f"lambda {shape}: None")
        for handler in (function, partial(function, 1), partial(function, 1, 2), partial(function, context=1)):
            assert takes_context(handler) is lambda_._by_signature(handler), (shape, handler)


def test_marshal_takes_what_lambdas_runtime_takes() -> None:
    value = {1: (1, 2), None: Decimal("1.5"), False: [Decimal(2)], 1.5: {"a": ()}}
    assert marshal(value) == {"1": [1, 2], "null": 1.5, "false": [2.0], "1.5": {"a": []}}


def _circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [{1, 2}]}, "Object of type set is not JSON serializable at $.a[0]"),
        (b"x", "Object of type bytes is not JSON serializable at $"),
        ([float("nan")], "nan is not a JSON number at $[0]"),
        ({"a": Decimal("Infinity")}, "inf is not a JSON number at $.a"),
        (_circle(), "nested more than 500 levels deep at $[0][0]"),
        ([Decimal(1), _circle()], "Object of type Decimal is not JSON serializable at $[0]"),
        ({(1,): 1}, "key (1,) is a tuple, not a string at $"),
    ],
)
def test_what_is_not_json_is_a_marshal_error_with_its_place(value: Any, text: str) -> None:
    with pytest.raises(NotJson) as caught:
        marshal(value)
    error, cause = failure(caught.value, "id")
    assert error == "Runtime.MarshalError"
    assert cause["errorMessage"].startswith(f"Unable to marshal response: {text}")
    assert cause["errorType"] == "Runtime.MarshalError"
    assert cause["stackTrace"] == []


RAISE = 'raise PhotoDoesNotMeetRequirementError("Detected 2 faces in the photo.")'


def handler_that_raises(event: Any, context: Any) -> None:
    check_photo(event)


def check_photo(event: Any) -> None:
    raise PhotoDoesNotMeetRequirementError("Detected 2 faces in the photo.")


def test_an_exception_as_lambda_reports_it() -> None:
    # Lambda's runtime calls the handler, so the trace begins there; here the test does, one frame above.
    error, cause = failure(raised(handler_that_raises, {}, None), "request-1")
    assert error == "PhotoDoesNotMeetRequirementError"
    assert list(cause) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert cause["errorMessage"] == "Detected 2 faces in the photo."
    assert cause["requestId"] == "request-1"
    here = handler_that_raises.__code__.co_firstlineno
    assert cause["stackTrace"][-2:] == [
        f'  File "{__file__}", line {here + 1}, in handler_that_raises\n    check_photo(event)\n',
        f'  File "{__file__}", line {here + 5}, in check_photo\n    {RAISE}\n',
    ]
    assert failure_text(cause).startswith('{"errorMessage": "Detected 2 faces in the photo.", "errorType": "Photo')


def again(times: int) -> None:
    if times:
        again(times - 1)
    raise ValueError("no luck")


def once_more(times: int) -> None:
    exec(compile("again(times)", "<nowhere>", "exec"), {"again": again, "times": times})


@pytest.mark.parametrize("times", [0, 1, 3, 4, 5, 20])
@pytest.mark.parametrize("handler", [again, once_more])
def test_a_stack_trace_is_the_standard_librarys(handler: Callable[[int], None], times: int) -> None:
    error = raised(handler, times)
    frames = traceback.extract_tb(error.__traceback__)
    expected = traceback.format_list([(each.filename, each.lineno or 0, each.name, each.line) for each in frames])
    assert failure(error)[1]["stackTrace"] == expected


def test_request_ids_differ() -> None:
    assert failure(ValueError())[1]["requestId"] != failure(ValueError())[1]["requestId"]


def test_our_own_frames_are_not_the_handlers(tmp_path: Path) -> None:
    s3 = S3(tmp_path, region="us-east-1", account="123456789012", now=lambda: 0)

    def handler(event: Any) -> None:
        s3.get_object(Bucket="nope", Key="k")

    answer = Lambda({"f": handler}).invoke(FunctionName="f")
    cause = json.loads(answer["Payload"].read())
    assert cause["errorType"] == "NoSuchBucket"
    assert len(cause["stackTrace"]) == 1
    assert "in handler" in cause["stackTrace"][0]


def test_frames_of_the_library_below_a_handler_stay_those_above_it_go() -> None:
    import concurrent.futures

    def handler() -> Any:
        return json.loads("{")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        error = pool.submit(handler).exception()
    assert error is not None
    name, cause = failure(error)
    assert name == "JSONDecodeError"
    assert "in handler" in cause["stackTrace"][0]
    assert "in raw_decode" in cause["stackTrace"][-1]


def test_failures_of_other_kinds() -> None:
    assert failure(KeyError("a"))[1]["errorMessage"] == "'a'"
    name, cause = failure(StateError("Custom", "text"), "id")
    assert (name, cause["errorType"], cause["errorMessage"]) == ("Custom", "Custom", "text")

    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert failure(Unprintable())[1]["errorMessage"] == "<unprintable Unprintable object>"


@pytest.mark.parametrize(
    ("code", "reason"),
    [(3, "with error: exit status 3"), ("text", "with error: exit status 1"), (None, "without providing a reason")],
)
def test_an_exit_ends_the_function_not_the_caller(code: Any, reason: str) -> None:
    def handler(event: Any) -> None:
        raise SystemExit(code)

    answer = Lambda({"f": handler}).invoke(FunctionName="f")
    cause = json.loads(answer["Payload"].read())
    assert cause["errorType"] == "Runtime.ExitError"
    assert cause["errorMessage"].startswith("RequestId: ")
    assert cause["errorMessage"].endswith(f"Error: Runtime exited {reason}")


def test_invoke() -> None:
    client = Lambda({"f": lambda event: {"got": event, "ü": (1,)}})
    answer = client.invoke(FunctionName="f", Payload='{"a": 1}')
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert answer.pop("Payload").read().decode() == '{"got": {"a": 1}, "ü": [1]}'
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}


@pytest.mark.parametrize("payload", [b'"x"', '"x"', io.BytesIO(b'"x"'), bytearray(b'"x"')])
def test_payloads(payload: Any) -> None:
    assert Lambda({"f": lambda event: event}).invoke(FunctionName="f", Payload=payload)["Payload"].read() == b'"x"'


def test_without_a_payload_the_event_is_empty() -> None:
    assert Lambda({"f": lambda event: event}).invoke(FunctionName="f")["Payload"].read() == b"{}"


def test_a_failed_function_is_an_answer() -> None:
    answer = Lambda({"f": handler_that_raises}).invoke(FunctionName="f")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    cause = json.loads(answer["Payload"].read())
    assert cause["errorType"] == "PhotoDoesNotMeetRequirementError"
    assert "in handler_that_raises" in cause["stackTrace"][0]


def test_a_result_that_is_not_json_is_a_failed_function() -> None:
    answer = Lambda({"f": lambda event: {"a": {1}}}).invoke(FunctionName="f")
    assert answer["FunctionError"] == "Unhandled"
    cause = json.loads(answer["Payload"].read())
    assert cause["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable at $.a"


def test_a_result_beyond_6_mb_is_a_failed_function() -> None:
    answer = Lambda({"f": lambda event: "x" * 6_291_456}).invoke(FunctionName="f")
    assert json.loads(answer["Payload"].read()) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291456 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }


def test_a_coroutine_function() -> None:
    async def handler(event: Any, context: LambdaContext) -> Any:
        return [event, context.function_name]

    assert Lambda({"f": handler}).invoke(FunctionName="f", Payload="1")["Payload"].read() == b'[1, "f"]'


def test_the_context() -> None:
    seen: list[LambdaContext] = []
    told = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    Lambda({"f": lambda event, context: seen.append(context)}, region="eu-west-1", account="111111111111").invoke(
        FunctionName="f:PROD", ClientContext=told
    )
    (context,) = seen
    assert context.function_name == "f"
    assert context.invoked_function_arn == "arn:aws:lambda:eu-west-1:111111111111:function:f:PROD"
    assert context.function_version == "$LATEST"
    assert context.client_context is not None
    assert context.client_context.custom == {"a": 1}
    assert context.get_remaining_time_in_millis() == 900_000
    assert len(context.aws_request_id) == 36


def test_events_and_dry_runs() -> None:
    seen: list[Any] = []
    client = Lambda({"f": seen.append, "bad": handler_that_raises})
    assert client.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    assert seen == []
    assert client.invoke(FunctionName="f", InvocationType="Event", Payload="1")["StatusCode"] == 202
    assert seen == [1]
    answer = client.invoke(FunctionName="bad", InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert "FunctionError" not in answer


@pytest.mark.parametrize("asked", ["f", "f:PROD", ARN, ARN + ":PROD", "123456789012:function:f"])
def test_a_function_is_found_by_all_its_names(asked: str) -> None:
    for functions in (
        {"f": lambda event: 1},
        {ARN: lambda event: 1} if asked in {"f", ARN} else {asked: lambda event: 1},
    ):
        assert Lambda(functions).invoke(FunctionName=asked)["Payload"].read() == b"1"
        assert Lambda(functions.get).invoke(FunctionName=asked)["Payload"].read() == b"1"


def test_a_version_of_its_own_comes_first() -> None:
    client = Lambda({"f": lambda event: "latest", "f:PROD": lambda event: "prod"})
    assert client.invoke(FunctionName="f", Qualifier="PROD")["Payload"].read() == b'"prod"'
    assert client.invoke(FunctionName="f", Qualifier="TEST")["Payload"].read() == b'"latest"'


def test_a_function_that_is_not_there() -> None:
    client = Lambda({})
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.invoke(FunctionName="nope")
    assert caught.value.message == "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nope"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({"FunctionName": "no such name!"}, "ValidationException", "at 'functionName'"),
        ({"Payload": "{"}, "InvalidRequestContentException", "Could not parse request body into json"),
        ({"Payload": "NaN"}, "InvalidRequestContentException", "nan is not a JSON number"),
        ({"Payload": {"a": 1}}, "ParamValidationError", "Payload"),
        ({"Payload": "x" * 6_291_457}, "RequestTooLargeException", "6291456"),
        ({"FunctionName": "f:A", "Qualifier": "B"}, "InvalidParameterValueException", "does not match"),
        ({"LogType": "Tail"}, "ParamValidationError", "not collected"),
        ({"ClientContext": "x"}, "InvalidRequestContentException", "Base64"),
        ({"ClientContext": base64.b64encode(b"[]").decode()}, "InvalidRequestContentException", "Base64"),
        ({"InvocationType": "Async"}, "ParamValidationError", "RequestResponse, Event, DryRun"),
        ({"Functionname": "f"}, "ParamValidationError", 'did you mean "FunctionName"?'),
    ],
)
def test_bad_requests(given: dict[str, Any], code: str, text: str) -> None:
    found = refusal(lambda: Lambda({"f": lambda event: 1}).invoke(**{"FunctionName": "f", **given}))
    assert found[0] == code
    assert text in found[1]
