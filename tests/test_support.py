"""README's table of what is supported says what `load` says: a probe for every row."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import asl_local

README = Path(__file__).resolve().parent.parent / "README.md"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}
DISTRIBUTED = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "P",
    "States": {"P": PASS},
}


def task(resource: str = LAMBDA, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def branch(name: str, **state: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state}}


# Feature, as the table words it, to the states that need it; each must load, or be refused as not yet supported.
PROBES: dict[str, list[dict[str, Any]]] = {
    "Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map (inline)": [
        task(),
        PASS,
        {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Last"}], "Default": "Last"},
        {"Type": "Wait", "Seconds": 1, "End": True},
        {"Type": "Succeed"},
        {"Type": "Fail"},
        {"Type": "Parallel", "Branches": [branch("A", **PASS), branch("B", **PASS)], "End": True},
        {"Type": "Map", "ItemProcessor": branch("I", **PASS), "End": True},
    ],
    "InputPath, Parameters, ResultSelector, ResultPath, OutputPath, ItemSelector, Context Object": [
        task(InputPath="$.a", Parameters={"x.$": "$$.Execution.Id"}, ResultSelector={"y.$": "$"}, ResultPath="$.r",
             OutputPath="$.r"),
        {"Type": "Map", "ItemSelector": {"i.$": "$$.Map.Item.Index"}, "ItemProcessor": branch("I", **PASS),
         "End": True},
    ],
    "JSONPath as AWS evaluates it, all 18 intrinsic functions, all Choice operators": [
        {**PASS, "Parameters": {"x.$": "$.a[?(@.b == c)]", "y.$": "States.Format('{}', States.UUID())"}},
    ],
    "Retry, Catch, TimeoutSeconds, HeartbeatSeconds and their Path forms": [
        task(TimeoutSecondsPath="$.t", HeartbeatSeconds=1, Retry=[{"ErrorEquals": ["States.ALL"]}],
             Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Last"}]),
    ],
    "Lambda functions by ARN, lambda:invoke": [
        task(),
        task("arn:aws:states:::lambda:invoke", Parameters={"FunctionName": "f"}),
    ],
    "dynamodb, sns, sqs, events; aws-sdk for s3, dynamodb, rekognition, sns, sqs, eventbridge": [
        task("arn:aws:states:::dynamodb:getItem"),
        task("arn:aws:states:::sns:publish"),
        task("arn:aws:states:::aws-sdk:s3:getObject"),
        task("arn:aws:states:::aws-sdk:dynamodb:query"),
        task("arn:aws:states:::aws-sdk:rekognition:detectFaces"),
        task("arn:aws:states:::aws-sdk:sns:publish"),
        task("arn:aws:states:::sqs:sendMessage"),
        task("arn:aws:states:::events:putEvents"),
        task("arn:aws:states:::aws-sdk:sqs:receiveMessage"),
        task("arn:aws:states:::aws-sdk:eventbridge:putEvents"),
    ],
    "Every other integration by a client of yours (boto3's, moto's, a fake), http and apigateway, MockConfigFile.json": [
        task("arn:aws:states:::http:invoke"),
        task("arn:aws:states:::apigateway:invoke"),
        task("arn:aws:states:::ecs:runTask"),
        task("arn:aws:states:::aws-sdk:secretsmanager:getSecretValue"),
    ],
    "JSONata": [{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a %}", "End": True}],
    "Variables (Assign)": [{**PASS, "Assign": {"x.$": "$.a"}}],
    "Distributed Map": [{"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True}],
    ".waitForTaskToken, activities, .sync": [
        task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        task("arn:aws:states:us-east-1:123456789012:activity:a"),
        task("arn:aws:states:::states:startExecution.sync"),
    ],
}  # fmt: skip
ELSEWHERE = {
    "Graphs as SVG, Mermaid and DOT; reports in HTML, of histories recorded on AWS too; live progress",  # tests/browser
    "JSON and YAML definitions, definition substitutions",  # below
    "CloudFormation and SAM templates, CDK's output, serverless.yml, folders of them",  # tests/definition/test_templates_*
    "Mocks, coverage, a pytest plugin, property tests, exploration, bounds, replay",  # docs/testing.md, worked through
    "Standard and Express, StopExecution, RedriveExecution",  # docs/running.md, whose code is executed
    "TestState; the Step Functions API, all but UpdateMapRun, by a client with boto3's methods",  # the client's table
}


def rows() -> dict[str, str]:
    block = README.read_text("utf-8").split("<!-- support -->")[1].split("<!-- end -->")[0]
    return dict(re.findall(r"^\| (?!feature|---)(.+?) \| (.+?) \|$", block, re.MULTILINE))


def test_every_row_has_a_probe() -> None:
    assert set(rows()) == set(PROBES) | ELSEWHERE


@pytest.mark.parametrize("feature", PROBES)
def test_the_row_is_true(feature: str) -> None:
    says = rows()[feature]
    for state in PROBES[feature]:
        definition = {"StartAt": "First", "States": {"First": state}}
        if "Last" in str(state):
            definition["States"]["Last"] = {"Type": "Succeed"}
        assert says == "yes"
        assert asl_local.load(definition).plan.states


def test_the_other_row_is_true(tmp_path: Path) -> None:
    text = "StartAt: A\nStates:\n  A:\n    Type: Task\n    Resource: ${Arn}\n    End: true\n"
    path = tmp_path / "machine.asl.yaml"
    path.write_text(text, "utf-8")
    machine = asl_local.load(path, substitutions={"Arn": LAMBDA})
    assert machine.simulate(1, {"f": lambda event: event + 1}).output == 2
