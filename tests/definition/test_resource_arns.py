"""Resource ARNs and their parts."""

from __future__ import annotations

import pytest

from asl_local.definition.resource_arns import ResourceArn, parse

LAMBDA = ResourceArn("lambda")
OTHER = ResourceArn("other")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:function:f", LAMBDA),
        ("arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:a_B-9:$LATEST", LAMBDA),
        ("arn:aws:lambda:::function:publish", LAMBDA),
        ("arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f-${Stage}", LAMBDA),
        ("arn:aws:lambda:#{AWS::Region}:#{AWS::AccountId}:function:f", LAMBDA),
        ("arn:aws:lambda:us-east-1:1:function:f:${Alias}", LAMBDA),
        ("arn:aws:states:eu-west-1:123456789012:activity:Approve-it.now", ResourceArn("activity")),
        ("arn:aws:states:::lambda:invoke", ResourceArn("optimised", "lambda", "invoke")),
        ("arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken", ResourceArn("optimised", "sqs", "sendMessage", ".waitForTaskToken")),
        ("arn:aws:states:::states:startExecution.sync:2", ResourceArn("optimised", "states", "startExecution", ".sync:2")),
        ("arn:${P}:states:${R}:${A}:athena:getQueryResults", ResourceArn("optimised", "athena", "getQueryResults")),
        ("arn:aws:states:::aws-sdk:s3:getObject", ResourceArn("sdk", "s3", "getObject")),
        ("arn:aws:states:::aws-sdk:s3:getObject.waitForTaskToken", ResourceArn("sdk", "s3", "getObject", ".waitForTaskToken")),
        ("arn:aws:states:::${service}:${action}", ResourceArn("optimised", "$", "$")),
        ("${FunctionArn}", OTHER),
        ("${Prefix}:function:f", OTHER),
        ("foo:bar", OTHER),
        ("arn:aws:swf:us-east-1:123456789012:task:X", OTHER),
    ],
)  # fmt: skip
def test_what_is_a_resource(text: str, parts: ResourceArn) -> None:
    assert parse(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "", "MyFunction", "arn:aws:lambda:us-east-1:1:function", "arn:aws:lambda:us-east-1:1:function:f:",
        "arn:aws:lambda:us-east-1:1:function:f:a:b", "arn:aws:lambda:us-east-1:1:function:f g", "foo: bar",
        "arn:aws:states:::lambda", "arn:aws:states:::lambda:invoke.sync", "arn:aws:states:::lambda:invoke.", "://x",
        "arn:aws:states:::aws-sdk:s3:getObject.sync:2", "arn:aws:states:::aws-sdk:s3", "arn:aws:states:::S3:getObject",
        "arn:aws:states:eu-west-1:1:activity:a b", "arn:aws:states:::activity:a", "arn:aws:states:::states:startExecution.sync:3",
        "arn:${P}:states:::dynamodb:query",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert parse(text) is None
