"""What a state's JSON becomes at a stand-in's client, and what comes back."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

import asl_local

PHOTO = Path(__file__).resolve().parents[2] / "examples" / "rider_photos" / "photos" / "1_collins.jpg"


def call(aws: asl_local.LocalAWS, resource: str, parameters: dict[str, Any], value: Any = None) -> asl_local.Result:
    machine = asl_local.load(
        {
            "StartAt": "Call",
            "States": {
                "Call": {
                    "Type": "Task",
                    "Resource": f"arn:aws:states:::{resource}",
                    "Parameters": parameters,
                    "End": True,
                }
            },
        }
    )
    return machine.simulate({} if value is None else value, asl_local.Resources(aws=aws))


@pytest.fixture
def aws(tmp_path: Path) -> asl_local.LocalAWS:
    return asl_local.LocalAWS(tmp_path)


def test_binary_attributes_are_base64_text_on_both_ways(aws: asl_local.LocalAWS) -> None:
    client = aws.client("dynamodb")
    client.create_table(
        TableName="Table",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"Id": {"S": "a"}, "Data": {"B": base64.b64encode(b"\x00\xff").decode()}}
    assert call(aws, "dynamodb:putItem", {"TableName": "Table", "Item": item}).status == "SUCCEEDED"
    assert client.get_item(TableName="Table", Key={"Id": {"S": "a"}})["Item"]["Data"] == {"B": b"\x00\xff"}
    found = call(aws, "aws-sdk:dynamodb:getItem", {"TableName": "Table", "Key": {"Id": {"S": "a"}}})
    assert found.output == {"Item": item}
    wrong = call(aws, "dynamodb:putItem", {"TableName": "Table", "Item": {"Id": {"S": "b"}, "Data": {"B": "?"}}})
    assert wrong.error == "DynamoDB.AmazonDynamoDBException"
    assert "Blob" in str(wrong.cause)


def test_a_pictures_bytes_are_base64_text(aws: asl_local.LocalAWS) -> None:
    text = base64.b64encode(PHOTO.read_bytes()).decode()
    # Through the input: a definition's constant may not be as long as a picture.
    found = call(aws, "aws-sdk:rekognition:detectFaces", {"Image": {"Bytes.$": "$.picture"}}, {"picture": text})
    assert len(found.output["FaceDetails"]) == 1
    wrong = call(aws, "aws-sdk:rekognition:detectFaces", {"Image": {"Bytes": "???"}})
    assert wrong.error == "Rekognition.InvalidImageFormatException"
    assert "Image.Bytes is not base64 text" in str(wrong.cause)


def test_an_object_as_body_is_stored_as_json_text(aws: asl_local.LocalAWS) -> None:
    aws.client("s3").create_bucket(Bucket="bucket-a")
    put = {"Bucket": "bucket-a", "Key": "a.json", "Body": {"n": [1, 2]}}
    assert call(aws, "aws-sdk:s3:putObject", put).status == "SUCCEEDED"
    got = call(aws, "aws-sdk:s3:getObject", {"Bucket": "bucket-a", "Key": "a.json"})
    assert got.output["Body"] == '{"n":[1,2]}'


def test_errors_are_named_by_the_exception_not_by_its_code(aws: asl_local.LocalAWS) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:nowhere"
    failed = call(aws, "sns:publish", {"TopicArn": topic, "Message": "m"})
    assert failed.error == "SNS.NotFoundException"
    assert "Error Code: NotFound;" in str(failed.cause)


@pytest.mark.parametrize("action", ["s3:read", "s3:uploadFile", "s3:exceptions", "dynamodb:close"])
def test_helpers_of_a_client_are_no_actions(aws: asl_local.LocalAWS, action: str) -> None:
    with pytest.raises(asl_local.UnknownResource, match="has no stand-in here"):
        call(aws, f"aws-sdk:{action}", {})


@pytest.mark.parametrize("raised", [GeneratorExit, asyncio.CancelledError, SystemExit])
@pytest.mark.parametrize("mode", ["run", "simulate"])
def test_whatever_a_handler_raises_is_its_own_failure(raised: type[BaseException], mode: str) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    machine = asl_local.load({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": arn, "End": True}}})

    def handler(_event: Any) -> None:
        raise raised

    result = getattr(machine, mode)({}, {"f": handler})
    assert result.status == "FAILED"
    assert result.error in (raised.__name__, "Runtime.ExitError")
