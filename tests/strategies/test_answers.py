"""answers and scenarios: every integration answers in its form, and what rules read of results goes every way."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from ways import taken, ways_in

import asl_local
from asl_local.definition.resource_arns import OPTIMISED, parse
from asl_local.resources import shapes
from asl_local.strategies import answers, scenarios

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"
STATES = "arn:aws:states:::"
ONCE = settings(
    max_examples=40, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def asking(resource: str, *rules: Any, **fields: Any) -> dict[str, Any]:
    """A Task whose result a Choice reads."""
    names = [f"Rule{at}" for at in range(len(rules))]
    return {"StartAt": "Task", "States": {
        "Task": {"Type": "Task", "Resource": resource, **fields, "Next": "Choose"},
        "Choose": {"Type": "Choice", "Choices": [{**rule, "Next": name} for rule, name in zip(rules, names, strict=True)],
                   "Default": "Default"},
        **{name: {"Type": "Succeed"} for name in [*names, "Default"]}}}  # fmt: skip


class _All(Exception):
    """Every way was taken."""


def missed(definition: dict[str, Any], *, together: bool = False, resources: bool = False) -> set[Any]:
    machine = asl_local.load(definition)
    left = {(name, target) for name, _, target in ways_in(definition)}

    @ONCE
    @given(scenarios(machine))
    def run_together(scenario: Any) -> None:
        look(machine.simulate(scenario.input, mocks=scenario.answers))

    @ONCE
    @given(answers(machine))
    def run(found: Any) -> None:
        value = asl_local.mock_input(machine)
        look(machine.simulate(value, found.resources()) if resources else machine.simulate(value, mocks=found))

    def look(result: asl_local.Result) -> None:
        left.difference_update(taken(result))
        if not left:
            raise _All

    with contextlib.suppress(_All):
        (run_together if together else run)()
    return left


N = "NumericGreaterThan"
ASKING = {
    "a function": asking(LAMBDA, {"Variable": "$.n", N: 3}, {"Variable": "$.kind", "StringEquals": "big"}),
    "lambda:invoke": asking(f"{STATES}lambda:invoke", {"Variable": "$.Payload.n", N: 3}, Parameters={"FunctionName": "f"}),
    "getItem": asking(
        f"{STATES}dynamodb:getItem", {"And": [{"Variable": "$.Item", "IsPresent": True}, {"Variable": "$.Item.status.S", "StringEquals": "DONE"}]}, {"Variable": "$.Item", "IsPresent": True},
        Parameters={"TableName": "t", "Key": {"id": {"S": "1"}}},
    ),
    "a task token": asking(
        f"{STATES}sqs:sendMessage.waitForTaskToken", {"Variable": "$.approved", "BooleanEquals": True},
        Parameters={"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
    ),
    "an activity": asking("arn:aws:states:us-east-1:123456789012:activity:a", {"Variable": "$.n", "IsNumeric": True}),
    "a job": asking(
        f"{STATES}batch:submitJob.sync", {"Variable": "$.Status", "StringEquals": "SUCCEEDED"},
        Parameters={"JobName": "j", "JobDefinition": "d", "JobQueue": "q"},
    ),
    "aws-sdk": asking(
        f"{STATES}aws-sdk:s3:listObjectsV2", {"Variable": "$.KeyCount", "NumericEquals": 0}, {"Variable": "$.NextContinuationToken", "IsPresent": True},
        Parameters={"Bucket": "b"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ASKING)
def test_rules_that_read_results_go_every_way(kind: str) -> None:
    assert missed(ASKING[kind]) == set()
    assert missed(ASKING[kind], resources=True) == set()


def test_input_and_answers_go_together() -> None:
    machine = asking(LAMBDA, {"And": [{"Variable": "$.in.total", N: 1000}, {"Variable": "$.out.score", "NumericLessThan": 7}]},
                     {"Variable": "$.in.total", "NumericLessThanPath": "$.out.score"}, ResultPath="$.out")  # fmt: skip
    assert missed(machine, together=True) == set()


def test_a_machine_that_polls_comes_to_its_end() -> None:
    machine = asl_local.load({"StartAt": "Poll", "States": {
        "Poll": {"Type": "Task", "Resource": LAMBDA, "Next": "Done?"},
        "Done?": {"Type": "Choice", "Choices": [{"Variable": "$.status", "StringEquals": "DONE", "Next": "End"}], "Default": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Poll"},
        "End": {"Type": "Succeed"}}})  # fmt: skip

    @given(answers(machine))
    def run(found: Any) -> None:
        assert machine.simulate({}, mocks=found).status == "SUCCEEDED"

    run()


INTEGRATIONS = [
    f"{STATES}{service}:{action}{pattern}" for service, actions in OPTIMISED.items() for action, patterns in actions.items()
    for pattern in patterns
] + [f"{STATES}aws-sdk:{name}" for name in ("dynamodb:query", "s3:listObjectsV2", "ssm:getParameter", "sfn:describeExecution")]  # fmt: skip


@pytest.mark.parametrize("resource", INTEGRATIONS)
def test_every_integration_answers_in_its_form(resource: str) -> None:
    arn = parse(resource)
    machine = asl_local.load({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": LAMBDA, "End": True}}})
    state = next(machine.plan.tasks())
    assert arn is not None
    assert state.resource is not None
    state.resource.arn, state.resource.kind = resource, "service"
    state.resource.service = f"aws-sdk:{arn.service}" if arn.kind == "sdk" else arn.service
    state.resource.action, state.resource.pattern = arn.action + arn.pattern, arn.pattern
    state.resource.waits = {".waitForTaskToken": "token", "": ""}.get(arn.pattern, "job")

    @settings(max_examples=5)
    @given(answers(machine))
    def run(found: Any) -> None:
        for result in found.results["T"]:
            assert isinstance(result, dict) or arn.pattern == ".waitForTaskToken"
            assert shapes.problem(arn, result, strict=True) is None

    run()


def test_items_of_a_reader_are_answered_too() -> None:
    machine = asl_local.load({"StartAt": "M", "States": {"M": {
        "Type": "Map", "ItemReader": {"Resource": f"{STATES}s3:getObject", "ReaderConfig": {"InputType": "JSON"},
                                      "Parameters": {"Bucket": "b", "Key": "k"}},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "C", "States": {
                "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", N: 41, "Next": "Much"}], "Default": "Little"},
                "Much": {"Type": "Succeed"}, "Little": {"Type": "Succeed"}}},
        "End": True}}})  # fmt: skip
    wanted = lambda found: ("C", "Much") in taken(machine.simulate({}, found.resources()))  # noqa: E731
    found = find(answers(machine), wanted)
    assert [item["n"] for items in found.items.values() for item in items] == [42]


def test_answers_shrink_and_are_written_as_they_are() -> None:
    machine = asl_local.load(ASKING["lambda:invoke"])
    found = find(answers(machine), lambda found: ("Choose", "Rule0") in taken(machine.simulate({}, mocks=found)))
    assert repr(found) == (
        "Answers({'Task': [{'ExecutedVersion': '$LATEST', 'StatusCode': 200, 'Payload': {'n': 4}}]})"
    )
    assert machine.simulate({}, mocks=found).history == machine.simulate({}, mocks=found).history
