"""SNS on a folder: topics, and messages that a person can read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asl_local.services.errors import ClientError
from asl_local.services.sns import SNS

NOW = 1_700_000_000.5
ARN = "arn:aws:sns:us-east-1:123456789012:rider-photos"


def open_sns(folder: Path) -> SNS:
    return SNS(folder, region="us-east-1", account="123456789012", now=lambda: NOW)


@pytest.fixture
def sns(tmp_path: Path) -> SNS:
    made = open_sns(tmp_path / "sns")
    made.create_topic(Name="rider-photos")
    return made


def refusal(call: Callable[[], Any]) -> tuple[str, str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    status = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return caught.value.code, caught.value.message, status, type(caught.value).__name__


def test_the_folder_is_made_with_the_first_topic(tmp_path: Path) -> None:
    sns = open_sns(tmp_path / "sns")
    assert sns.list_topics()["Topics"] == []
    assert not (tmp_path / "sns").exists()


def test_a_topic_is_made_once(sns: SNS) -> None:
    assert sns.create_topic(Name="rider-photos")["TopicArn"] == ARN
    assert sns.create_topic(Name="a", Attributes={"DisplayName": "A"})["TopicArn"].endswith(":a")
    assert sns.create_topic(Name="a")["TopicArn"].endswith(":a")
    code, text, _, _ = refusal(lambda: sns.create_topic(Name="a", Attributes={"DisplayName": "B"}))
    assert (code, text) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    assert [topic["TopicArn"].rpartition(":")[2] for topic in sns.list_topics()["Topics"]] == ["a", "rider-photos"]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", "a.b", "é", "a" * 257, "a\n"])
def test_a_topic_name_has_rules(sns: SNS, name: str) -> None:
    assert refusal(lambda: sns.create_topic(Name=name)) == (
        "InvalidParameter",
        "Invalid parameter: Topic Name",
        400,
        "InvalidParameterException",
    )


def test_what_topics_have_not_here_is_refused(sns: SNS) -> None:
    assert "FIFO" in refusal(lambda: sns.create_topic(Name="a.fifo"))[1]
    assert "DisplayName" in refusal(lambda: sns.create_topic(Name="a", Attributes={"Policy": "{}"}))[1]
    assert "FIFO" in refusal(lambda: sns.publish(TopicArn=ARN, Message="m", MessageGroupId="1"))[1]
    assert refusal(lambda: sns.subscribe(TopicArn=ARN, Protocol="email"))[0] == "NotImplemented"
    with pytest.raises(AttributeError, match=r"did you mean \"publish\""):
        sns.publish_batch(TopicArn=ARN)


def test_attributes_of_a_topic(sns: SNS) -> None:
    arn = sns.create_topic(Name="a", Attributes={"DisplayName": "A"})["TopicArn"]
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"] == {
        "TopicArn": arn,
        "Owner": "123456789012",
        "DisplayName": "A",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsPending": "0",
        "SubscriptionsDeleted": "0",
    }


def test_topics_come_a_hundred_at_a_time(sns: SNS, tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / "sns" / f"t{number:03}").mkdir()
        (tmp_path / "sns" / f"t{number:03}" / "topic.json").write_text('{"Attributes": {}}')
    first = sns.list_topics()
    second = sns.list_topics(NextToken=first["NextToken"])
    assert (len(first["Topics"]), len(second["Topics"])) == (100, 21)
    assert "NextToken" not in second


def test_a_message_is_a_file_that_a_person_can_read(sns: SNS, tmp_path: Path) -> None:
    answer = sns.publish(TopicArn=ARN, Subject="Non-compliant photo", Message="Grüße")
    (file,) = (tmp_path / "sns" / "rider-photos").glob("2*.json")
    assert file.name == f"20231114T221320.500000Z-000001-{answer['MessageId']}.json"
    assert "Grüße" in file.read_text("utf-8")
    message = {
        "MessageId": answer["MessageId"],
        "TopicArn": ARN,
        "Timestamp": "2023-11-14T22:13:20.500Z",
        "Subject": "Non-compliant photo",
        "Message": "Grüße",
    }
    assert json.loads(file.read_text("utf-8")) == message
    assert sns.list_messages(TopicArn=ARN)["Messages"] == [message]


def test_messages_keep_their_order_where_the_clock_stands_still(sns: SNS) -> None:
    for number in range(12):
        sns.publish(TargetArn=ARN, Message=str(number))
    assert [message["Message"] for message in sns.list_messages(TopicArn=ARN)["Messages"]] == [
        str(n) for n in range(12)
    ]


def test_messages_outlive_the_process_and_the_topic(sns: SNS, tmp_path: Path) -> None:
    sns.publish(TopicArn=ARN, Message="m")
    assert len(open_sns(tmp_path / "sns").list_messages(TopicArn=ARN)["Messages"]) == 1
    sns.delete_topic(TopicArn=ARN)
    sns.delete_topic(TopicArn=ARN)
    assert sns.list_topics()["Topics"] == []
    assert refusal(lambda: sns.publish(TopicArn=ARN, Message="m"))[0] == "NotFound"
    assert len(list((tmp_path / "sns" / "rider-photos").glob("*.json"))) == 1


def test_a_topic_without_messages_leaves_nothing(sns: SNS, tmp_path: Path) -> None:
    sns.delete_topic(TopicArn=ARN)
    assert list((tmp_path / "sns").iterdir()) == []


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sns:us-east-1:123456789012:nope",
        "arn:aws:sns:us-west-2:123456789012:rider-photos",
        "arn:aws:sns:us-east-1:999999999999:rider-photos",
        "arn:aws:sns:us-east-1:123456789012:../rider-photos",
        "arn:aws:sqs:us-east-1:123456789012:rider-photos",
    ],
)
def test_a_topic_that_is_not_there(sns: SNS, arn: str) -> None:
    for call in (sns.publish, sns.get_topic_attributes):
        given = {"Message": "m"} if call == sns.publish else {}
        found = refusal(lambda call=call, given=given: call(TopicArn=arn, **given))
        assert found == ("NotFound", "Topic does not exist", 404, "NotFoundException")
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn=arn, Message="m")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "TopicArn or TargetArn Reason: no value for required parameter"),
        ({"TopicArn": "rider-photos"}, "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ({"TopicArn": ARN, "TargetArn": ARN}, "TopicArn and TargetArn Reason: only one of them may be given"),
        ({"PhoneNumber": "0791234567"}, "PhoneNumber Reason: 0791234567 is not valid to publish to"),
        ({"PhoneNumber": "../x"}, "PhoneNumber Reason: ../x is not valid to publish to"),
        ({"TopicArn": ARN, "Message": ""}, "Empty message"),
        ({"TopicArn": ARN, "Message": "é" * 131_073}, "Message too long"),
        ({"TopicArn": ARN, "MessageStructure": "xml"}, "MessageStructure Reason: it must be json, not xml"),
        (
            {"TopicArn": ARN, "MessageStructure": "json"},
            "Message Structure - JSON message body failed to parse",
        ),
        (
            {"TopicArn": ARN, "MessageStructure": "json", "Message": '{"email": "x"}'},
            "Message Structure - No default entry in JSON message body",
        ),
    ],
)
def test_a_publication_has_rules(sns: SNS, given: dict[str, Any], text: str) -> None:
    code, message, status, name = refusal(lambda: sns.publish(**{"Message": "m", **given}))
    assert (code, message, status, name) == (
        "InvalidParameter",
        f"Invalid parameter: {text}",
        400,
        "InvalidParameterException",
    )


@pytest.mark.parametrize("subject", ["", " a", "a\nb", "a\tb", "é", "a" * 101, "\x7f"])
def test_a_subject_has_rules(sns: SNS, subject: str) -> None:
    code, text, _, _ = refusal(lambda: sns.publish(TopicArn=ARN, Message="m", Subject=subject))
    assert code == "InvalidParameter"
    assert text.startswith("Invalid parameter: Subject")


def test_the_largest_that_is_taken(sns: SNS) -> None:
    sns.publish(TopicArn=ARN, Message="é" * 131_072, Subject="a" * 100)
    sns.publish(TopicArn=ARN, Message='{"default": "d", "email": "e"}', MessageStructure="json")
    assert sns.list_messages(TopicArn=ARN)["Messages"][1]["MessageStructure"] == "json"


def test_a_text_message_lies_under_its_number(sns: SNS, tmp_path: Path) -> None:
    sns.publish(PhoneNumber="+41791234567", Message="m")
    assert sns.list_messages(PhoneNumber="+41791234567")["Messages"][0]["PhoneNumber"] == "+41791234567"
    assert len(list((tmp_path / "sns" / "+41791234567").iterdir())) == 1


def test_attributes_are_kept(sns: SNS) -> None:
    sns.publish(
        TopicArn=ARN,
        Message="m",
        MessageAttributes={
            "s": {"DataType": "String", "StringValue": "x"},
            "n": {"DataType": "Number", "StringValue": "-1.5e3"},
            "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
            "a": {"DataType": "String.Array", "StringValue": '["x", 1]'},
        },
    )
    assert sns.list_messages(TopicArn=ARN)["Messages"][0]["MessageAttributes"] == {
        "s": {"Type": "String", "Value": "x"},
        "n": {"Type": "Number", "Value": "-1.5e3"},
        "b": {"Type": "Binary", "Value": "AP8="},
        "a": {"Type": "String.Array", "Value": '["x", 1]'},
    }


@pytest.mark.parametrize(
    ("name", "value", "code", "text"),
    [
        ("a", {"DataType": "Text", "StringValue": "x"}, "ParameterValueInvalid", "Binary, Number, and String"),
        ("a", {"DataType": "Number", "StringValue": "x"}, "ParameterValueInvalid", "number"),
        ("a", {"DataType": "String"}, "ParameterValueInvalid", "non-empty"),
        ("a", {"DataType": "String", "StringValue": ""}, "ParameterValueInvalid", "non-empty"),
        ("a", {"DataType": "String", "BinaryValue": b"x"}, "ParameterValueInvalid", "non-empty"),
        ("a", {"DataType": "String", "StringValue": "x", "BinaryValue": b"x"}, "ParameterValueInvalid", "both"),
        ("a", {"DataType": "String.Array", "StringValue": "x"}, "ParameterValueInvalid", "array"),
        ("a b", {"DataType": "String", "StringValue": "x"}, "ParameterValueInvalid", "'a b'"),
        ("AWS.x", {"DataType": "String", "StringValue": "x"}, "ParameterValueInvalid", "'AWS.x'"),
        ("a", {"DataType": "String", "StringValue": 3}, "ParamValidationError", "StringValue"),
        ("a", {"StringValue": "x"}, "ParamValidationError", "DataType"),
        ("a", "x", "ParamValidationError", "DataType"),
    ],
)
def test_attributes_have_rules(sns: SNS, name: str, value: Any, code: str, text: str) -> None:
    found = refusal(lambda: sns.publish(TopicArn=ARN, Message="m", MessageAttributes={name: value}))
    assert found[0] == code
    assert text in found[1]
    assert sns.list_messages(TopicArn=ARN)["Messages"] == []


def test_many_threads_publish(sns: SNS) -> None:
    def publish() -> None:
        for _ in range(10):
            sns.publish(TopicArn=ARN, Message="m")

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = sns.list_messages(TopicArn=ARN)["Messages"]
    assert len({message["MessageId"] for message in messages}) == 40


def test_a_disk_that_takes_no_message(sns: SNS, tmp_path: Path) -> None:
    (tmp_path / "sns" / "+41791234567").write_text("a file in the way")
    code, text, status, _ = refusal(lambda: sns.publish(PhoneNumber="+41791234567", Message="m"))
    assert (code, status) == ("InternalError", 500)
    assert "nothing was written" in text
