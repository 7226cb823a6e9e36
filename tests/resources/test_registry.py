"""Which handler answers, what it is given, and what becomes of what it returns or raises."""

from __future__ import annotations

import asyncio
import functools
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import Resources, StateError, UnknownResource

ARN = "arn:aws:lambda:eu-west-1:210987654321:function:Resize-AB12"
INVOKE = "arn:aws:states:::lambda:invoke"


def machine(resource: str = ARN, **fields: Any) -> asl_local.Machine:
    return asl_local.load(
        {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": resource, "End": True, **fields}}}
    )


def answer(text: str) -> Any:
    return lambda event: text


class TestWhoAnswers:
    def found(self, *names: str, asked: str = ARN) -> Any:
        handler = Resources({name: answer(name) for name in names}).find(asked)
        return handler and handler({})

    def test_the_arn_wins_over_the_name_and_the_name_over_patterns(self) -> None:
        assert self.found("*", "Resize-AB12", ARN) == ARN
        assert self.found("*", "Resize-AB12") == "Resize-AB12"
        assert self.found("*Res*", "*") == "*Res*"
        assert self.found("*", "*Res*") == "*"

    def test_patterns_are_the_shells(self) -> None:
        assert self.found("*function:Resize-????") is not None
        assert self.found("*:[QR]esize-*") is not None
        assert self.found("*resize*") is None

    @pytest.mark.parametrize("version", ["$LATEST", "3", "live"])
    def test_a_version_or_alias_leads_to_the_function(self, version: str) -> None:
        assert self.found(ARN, asked=f"{ARN}:{version}") == ARN
        assert self.found("Resize-AB12", asked=f"{ARN}:{version}") == "Resize-AB12"
        assert self.found(ARN, f"{ARN}:{version}", asked=f"{ARN}:{version}") == f"{ARN}:{version}"

    def test_a_placeholders_name_will_do(self) -> None:
        assert self.found("ResizeArn", asked="${ResizeArn}") == "ResizeArn"
        assert self.found("Other", asked="${ResizeArn}") is None
        assert self.found("ResizeArn", asked="${ResizeArn") is None
        assert self.found("esizeAr", asked="ResizeArn}") is None

    def test_nothing_else_answers(self) -> None:
        assert self.found("Resize", "AB12", "") is None

    def test_what_cannot_be_called_is_no_handler(self) -> None:
        child = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
        with pytest.raises(TypeError, match=r"'child': a function is wanted.*Resources\(machines=\{...\}\)"):
            Resources({"child": child})  # type: ignore[dict-item]
        with pytest.raises(TypeError, match=r"'Resize': a function is wanted, not \{\}"):
            Resources({"Resize": {}})  # type: ignore[dict-item]

    def test_what_has_no_name_or_is_no_machine_is_refused_at_once(self) -> None:
        with pytest.raises(TypeError, match="ARNs, names and patterns are texts, not None"):
            Resources({None: answer("f")})  # type: ignore[dict-item]
        with pytest.raises(TypeError, match=r"machine 'Child': what asl_local\.load gives is wanted, not \{'StartAt'"):
            Resources(machines={"Child": {"StartAt": "A"}})  # type: ignore[dict-item]

    def test_what_resources_may_be(self, tmp_path: Path) -> None:
        given = Resources({})
        assert Resources.of(given) is given
        assert Resources.of(None).handlers == {}
        assert Resources.of({"f": answer("f")}).find("f") is not None
        aws = asl_local.LocalAWS(tmp_path)
        assert Resources.of(aws).aws is aws
        with pytest.raises(TypeError, match=r"wanted, not \[\]"):
            Resources.of([])  # type: ignore[arg-type]

    def test_a_near_miss_is_named(self) -> None:
        with pytest.raises(
            UnknownResource,
            match=r"/States/A/Resource: .*Resize-AB12 \(1 handler given; did you mean 'Resise-AB12'\?\)",
        ):
            machine().run({}, {"Resise-AB12": answer("x")})

    def test_who_would_answer_a_placeholder_is_told(self) -> None:
        placeholder = asl_local.load({"StartAt": "A", "States": {"A": {
            "Type": "Task", "Resource": "${HelloLambdaFunction.Arn}", "End": True}}})  # fmt: skip
        with pytest.raises(UnknownResource, match="given; one of the name 'HelloLambdaFunction' would answer it"):
            placeholder.simulate({}, {"zzz": answer("x")})
        assert placeholder.simulate({}, {"HelloLambdaFunction": answer("x")}).status == "SUCCEEDED"

    def test_nothing_near_is_no_hint(self) -> None:
        with pytest.raises(UnknownResource) as caught:
            machine().simulate({}, {"zzz": answer("x")})
        assert "did you mean" not in str(caught.value)

    def test_nothing_runs_before_every_resource_is_known(self) -> None:
        called: list[Any] = []
        both = asl_local.load(
            {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": ARN, "Next": "B"},
                                        "B": {"Type": "Task", "Resource": ARN.replace("Resize", "Other"), "End": True}}}
        )  # fmt: skip
        with pytest.raises(UnknownResource, match="/States/B/Resource"):
            both.simulate({}, {"Resize-AB12": called.append})
        assert called == []


class TestWhatAHandlerIsGiven:
    def test_a_copy_that_it_may_spoil(self) -> None:
        def spoil(event: Any) -> Any:
            event["list"].append(2)
            event["deep"]["er"]["x"] = 1
            return event

        mine = {"list": [1], "deep": {"er": {}}}
        result = machine(ResultPath="$.result").simulate(mine, {"Resize-AB12": spoil})
        assert mine == {"list": [1], "deep": {"er": {}}}
        assert result.output == {**mine, "result": {"list": [1, 2], "deep": {"er": {"x": 1}}}}
        assert result.history[0].details["input"] == mine

    def test_what_it_returns_stays_its_own(self) -> None:
        kept: list[Any] = []

        def keep(event: Any) -> Any:
            kept.append([1])
            return kept[0]

        def spoil(event: Any) -> None:
            kept[0].append("spoiled")

        both = asl_local.load(
            {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": ARN, "Next": "B"},
                                        "B": {"Type": "Task", "Resource": ARN.replace("Resize", "Other"), "ResultPath": None, "End": True}}}
        )  # fmt: skip
        assert both.simulate({}, {"Resize-AB12": keep, "Other-AB12": spoil}).output == [1]

    @pytest.mark.parametrize(
        "handler",
        [
            lambda event: "one",
            lambda event, context: context.state and "two",
            lambda event, context=None: context.state and "named",
            lambda event, factor=3: "default" if factor == 3 else "wrong",
            lambda *arguments: "any" if len(arguments) == 2 else "wrong",
            functools.partial(lambda first, event: first, "bound"),
            str,
        ],
    )
    def test_the_context_is_for_those_who_ask(self, handler: Any) -> None:
        output = machine().simulate(7, {"Resize-AB12": handler}).output
        assert output in ("one", "two", "named", "default", "any", "bound", "7")

    def test_an_object_may_be_a_handler(self) -> None:
        class Counter:
            count = 0

            def __call__(self, event: int, context: Any) -> int:
                self.count += event
                return self.count

        counter = Counter()
        assert machine().simulate(2, {"Resize-AB12": counter}).output == 2
        assert machine().simulate(3, {"Resize-AB12": counter.__call__}).output == 5

    def test_one_that_takes_nothing_fails_as_it_does_in_lambda(self) -> None:
        result = machine().simulate({}, {"Resize-AB12": lambda: 1})
        assert result.error == "TypeError"
        assert "0 positional arguments" in str(result.cause)

    def test_the_context_has_lambdas_attributes_and_ours(self) -> None:
        seen: dict[str, Any] = {}

        def look(event: Any, context: Any) -> None:
            names = [
                "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb", "aws_request_id",
                "log_group_name", "log_stream_name", "identity", "client_context", "state", "attempt", "cancelled",
                "execution_arn", "deadline",
            ]  # fmt: skip
            seen.update({name: getattr(context, name) for name in names})
            seen["remaining"] = [context.get_remaining_time_in_millis()]
            context.sleep(2)
            seen["remaining"].append(context.get_remaining_time_in_millis())
            seen["now"] = context.now()

        machine(TimeoutSeconds=3).simulate({}, {"Resize-AB12": look}, start=100, execution_name="mine")
        arn = seen.pop("execution_arn")
        assert arn.endswith(":execution:StateMachine:mine")
        assert seen.pop("aws_request_id") == str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}#1"))
        assert seen == {
            "function_name": "Resize-AB12", "function_version": "$LATEST", "invoked_function_arn": ARN,
            "memory_limit_in_mb": "128", "log_group_name": "/aws/lambda/asl_local", "log_stream_name": "asl_local",
            "identity": None, "client_context": None, "state": "A", "attempt": 0, "cancelled": False,
            "deadline": 103.0, "remaining": [3000, 1000], "now": 102.0,
        }  # fmt: skip

    def test_every_attempt_of_every_execution_has_its_own_request_id(self) -> None:
        seen: list[str] = []

        def look(event: Any, context: Any) -> None:
            seen.append(context.aws_request_id)
            raise StateError("Again")

        here = machine(Retry=[{"ErrorEquals": ["Again"], "MaxAttempts": 1}])
        for name in ("a", "b", "a"):
            here.simulate({}, {"Resize-AB12": look}, execution_name=name)
        assert len(set(seen[:4])) == 4
        assert seen[4:] == seen[:2]

    def test_a_function_that_lambda_invoke_names_has_an_arn_too(self) -> None:
        arns: list[str] = []

        def look(event: Any, context: Any) -> None:
            arns.append(context.invoked_function_arn)

        for name in ("f", "f:live", ARN):
            machine(INVOKE, Parameters={"FunctionName": name}).simulate({}, {"f": look, ARN: look})
        assert arns == ["arn:aws:lambda:us-east-1:123456789012:function:f"] * 2 + [ARN]


class TestWhatItRaises:
    def test_an_exception_becomes_what_lambda_makes_of_it(self) -> None:
        def fails(event: Any) -> None:
            raise KeyError("kéy")

        result = machine().simulate({}, {"Resize-AB12": fails})
        cause = json.loads(str(result.cause))
        assert (result.error, cause["errorType"], cause["errorMessage"]) == ("KeyError", "KeyError", "'kéy'")
        assert [line for line in cause["stackTrace"] if "fails" in line]
        assert not [line for line in cause["stackTrace"] if "asl_local" in line]

    def test_a_state_error_keeps_its_name_and_cause_and_where_it_came_from(self) -> None:
        def fails(event: Any) -> None:
            try:
                _ = 1 / 0
            except ZeroDivisionError as error:
                raise StateError("Own", "my cause") from error

        result = machine().simulate({}, {"Resize-AB12": fails})
        assert (result.error, result.cause) == ("Own", "my cause")
        assert type(result.exception) is StateError
        assert isinstance(result.exception.__cause__, ZeroDivisionError)

    def test_names_and_causes_are_texts(self) -> None:
        def fails(event: Any) -> None:
            raise StateError(404, {"a": 1})  # type: ignore[arg-type]

        result = machine().simulate({}, {"Resize-AB12": fails})
        assert (result.error, result.cause) == ("404", "{'a': 1}")

    def test_a_local_class_with_a_long_name(self) -> None:
        class FaceAlreadyExistsError(Exception):
            pass

        async def fails(event: Any) -> None:
            raise FaceAlreadyExistsError("seen")

        result = machine(
            Catch=[{"ErrorEquals": ["FaceAlreadyExistsError"], "Next": "A", "ResultPath": "$.e"}]
        ).simulate({}, {"Resize-AB12": fails}, limits=asl_local.Limits(events=40))
        assert result.error == "States.Runtime"
        assert len(result.history.find("$[?(@.type == 'TaskStateExited')]")) > 3

    @pytest.mark.parametrize("value", [{1, 2}, float("nan"), b"x", object(), (i for i in range(2)), 1j])
    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_what_is_not_json_says_so(self, value: Any, asynchronous: bool) -> None:
        async def later(event: Any) -> Any:
            await asyncio.sleep(0)
            return {"a": value}

        handler = later if asynchronous else lambda event: {"a": value}
        result = machine().simulate({}, {"Resize-AB12": handler})
        assert result.error == "Runtime.MarshalError"
        assert "$.a" in str(result.cause)

    def test_an_async_generator_is_not_json(self) -> None:
        async def generate(event: Any) -> Any:
            yield 1

        assert machine().simulate({}, {"Resize-AB12": generate}).error == "Runtime.MarshalError"

    def test_decimals_of_dynamodb_are_numbers(self) -> None:
        assert machine().simulate({}, {"Resize-AB12": lambda event: [Decimal("1.5")]}).output == [1.5]


class TestLambdaInvoke:
    def test_parameters_that_are_no_texts_are_refused_together(self) -> None:
        result = machine(INVOKE, Parameters={"FunctionName.$": "$.f", "LogType": 1, "Nope": 2}).simulate({"f": [1]}, {})
        assert result.error == "States.Runtime"
        assert str(result.cause).endswith(
            "could not be used to start the Task: [The field 'Nope' is not supported by Step Functions, "
            "The value for the field 'FunctionName' must be a STRING, The value for the field 'LogType' must be a STRING]"
        )

    def test_parameters_that_are_no_object_are_refused(self) -> None:
        result = machine(INVOKE, InputPath="$.p").simulate({"p": 7}, {})
        assert "The Parameters '7' could not be used to start the Task" in str(result.cause)

    def test_an_invocation_type_that_does_not_exist(self) -> None:
        result = machine(INVOKE, Parameters={"FunctionName": "f", "InvocationType": "Later"}).simulate(
            {}, {"f": answer("x")}
        )
        assert result.error == "Lambda.AWSLambdaException"
        assert "enum value set: [RequestResponse, Event, DryRun]" in str(result.cause)

    def test_async_functions_too(self) -> None:
        async def later(event: Any) -> Any:
            await asyncio.sleep(3)
            return event

        async def fails(event: Any) -> None:
            raise ValueError("boom")

        here = machine(INVOKE, Parameters={"FunctionName": "f", "Payload": [1]}, OutputPath="$.Payload")
        assert here.simulate({}, {"f": later}).output == [1]
        failed = here.simulate({}, {"f": fails})
        assert failed.error == "ValueError"
        assert str(failed.cause).startswith('{"errorMessage":"boom"')
        event = machine(INVOKE, Parameters={"FunctionName": "f", "InvocationType": "Event"}, OutputPath="$.StatusCode")
        assert event.simulate({}, {"f": fails}).output == 202
        assert event.simulate({}, {"f": later}).output == 202

    def test_the_length_of_the_answer_is_a_header(self) -> None:
        result = machine(INVOKE, Parameters={"FunctionName": "f"}).simulate({}, {"f": lambda event: {"a": "é"}})
        headers = result.output["SdkHttpMetadata"]["HttpHeaders"]
        assert headers["Content-Length"] == str(len('{"a": "é"}'.encode()))
        assert result.output["SdkHttpMetadata"]["AllHttpHeaders"]["Content-Length"] == [headers["Content-Length"]]
        assert headers["Date"] == "Mon, 01 Jan 2024 00:00:00 GMT"
        assert result.output["SdkResponseMetadata"]["RequestId"] == headers["x-amzn-RequestId"]
