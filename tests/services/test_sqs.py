"""SQS on a folder: queues, receipts, order, and messages that a person can read."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asl_local.services.errors import ClientError
from asl_local.services.sqs import SQS
from asl_local.services.sqs.rules import OPERATIONS, attributes_md5

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
FIFO = f"{URL}.fifo"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_700_000_000.5

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sqs(tmp_path: Path, clock: Clock) -> SQS:
    made = SQS(tmp_path / "sqs", region="us-east-1", account="123456789012", now=clock)
    made.create_queue(QueueName="jobs")
    made.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
    return made


def refusal(call: Callable[[], Any]) -> tuple[str, str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.code, type(caught.value).__name__, caught.value.message


def bodies(answer: dict[str, Any]) -> list[str]:
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_message_lies_in_the_folder_until_it_is_deleted(sqs: SQS, tmp_path: Path) -> None:
    sent = sqs.send_message(
        QueueUrl=URL, MessageBody="grüß", MessageAttributes={"Kind": {"DataType": "String", "StringValue": "a"}}
    )
    assert sent["MD5OfMessageBody"] == hashlib.md5("grüß".encode()).hexdigest()
    folder = tmp_path / "sqs" / "jobs"
    (path,) = folder.glob("2*.json")
    assert path.name == f"20231114T221320.500000Z-000001-{sent['MessageId']}.json"
    assert json.loads(path.read_text("utf-8")) == {
        "MessageId": sent["MessageId"],
        "Sent": "2023-11-14T22:13:20.500000Z",
        "VisibleFrom": "2023-11-14T22:13:20.500000Z",
        "ReceiveCount": 0,
        "Body": "grüß",
        "MessageAttributes": {"Kind": {"DataType": "String", "StringValue": "a"}},
    }
    assert sqs.list_messages(QueueUrl=URL)["Messages"][0]["Body"] == "grüß"
    received = sqs.receive_message(QueueUrl=URL)["Messages"][0]
    assert path.exists()
    sqs.delete_message(QueueUrl=URL, ReceiptHandle=received["ReceiptHandle"])
    assert [each.name for each in folder.iterdir()] == ["queue.json"]


def test_what_is_out_comes_back_when_its_time_is_over(sqs: SQS, clock: Clock) -> None:
    sqs.send_message(QueueUrl=URL, MessageBody="a")
    first = sqs.receive_message(QueueUrl=URL, AttributeNames=["All"])["Messages"][0]
    assert first["Attributes"] == {
        "SenderId": "123456789012",
        "SentTimestamp": "1700000000500",
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": "1700000000500",
    }
    assert "Messages" not in sqs.receive_message(QueueUrl=URL)
    clock.at += 29
    assert "Messages" not in sqs.receive_message(QueueUrl=URL)
    clock.at += 1
    again = sqs.receive_message(QueueUrl=URL, MessageSystemAttributeNames=["ApproximateReceiveCount"])["Messages"][0]
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    sqs.delete_message(QueueUrl=URL, ReceiptHandle=first["ReceiptHandle"])  # replaced: does nothing
    assert len(sqs.list_messages(QueueUrl=URL)["Messages"]) == 1
    sqs.delete_message(QueueUrl=URL, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=URL, ReceiptHandle=again["ReceiptHandle"])  # gone: no error
    assert sqs.list_messages(QueueUrl=URL)["Messages"] == []


def test_visibility_can_be_changed_and_given_back(sqs: SQS, clock: Clock) -> None:
    sqs.send_message(QueueUrl=URL, MessageBody="a")
    receipt = sqs.receive_message(QueueUrl=URL, VisibilityTimeout=100)["Messages"][0]["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=URL, ReceiptHandle=receipt, VisibilityTimeout=0)
    assert bodies(sqs.receive_message(QueueUrl=URL)) == ["a"]
    code, _, _ = refusal(
        lambda: sqs.change_message_visibility(QueueUrl=URL, ReceiptHandle=receipt, VisibilityTimeout=5)
    )
    assert code == "MessageNotInflight"
    assert refusal(lambda: sqs.delete_message(QueueUrl=URL, ReceiptHandle="../queue"))[0] == "ReceiptHandleIsInvalid"


def test_a_delay_a_count_and_a_retention(sqs: SQS, clock: Clock) -> None:
    sqs.send_message(QueueUrl=URL, MessageBody="later", DelaySeconds=60)
    sqs.send_message(QueueUrl=URL, MessageBody="now")
    assert bodies(sqs.receive_message(QueueUrl=URL, MaxNumberOfMessages=10)) == ["now"]
    counts = sqs.get_queue_attributes(QueueUrl=URL, AttributeNames=["All"])["Attributes"]
    assert {name: counts[name] for name in counts if name.startswith("Approximate")} == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "1",
        "ApproximateNumberOfMessagesDelayed": "1",
    }
    assert counts["QueueArn"] == "arn:aws:sqs:us-east-1:123456789012:jobs"
    clock.at += 60
    assert bodies(sqs.receive_message(QueueUrl=URL, MaxNumberOfMessages=10)) == ["later", "now"]
    clock.at += 345_600
    assert sqs.list_messages(QueueUrl=URL)["Messages"] == []


def test_a_fifo_queue_keeps_the_order_of_a_group_and_holds_it_back(sqs: SQS, clock: Clock) -> None:
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        sqs.send_message(QueueUrl=FIFO, MessageBody=body, MessageGroupId=group)
    first = sqs.receive_message(QueueUrl=FIFO)["Messages"]
    assert bodies({"Messages": first}) == ["a1"]
    assert bodies(sqs.receive_message(QueueUrl=FIFO, MaxNumberOfMessages=10)) == ["b1"]
    sqs.delete_message(QueueUrl=FIFO, ReceiptHandle=first[0]["ReceiptHandle"])
    rest = sqs.receive_message(QueueUrl=FIFO, AttributeNames=["MessageGroupId"])["Messages"][0]
    assert (rest["Body"], rest["Attributes"]) == ("a2", {"MessageGroupId": "a"})


def test_a_fifo_queue_forgets_duplicates_of_five_minutes(sqs: SQS, clock: Clock) -> None:
    one = sqs.send_message(QueueUrl=FIFO, MessageBody="a", MessageGroupId="g")
    two = sqs.send_message(QueueUrl=FIFO, MessageBody="a", MessageGroupId="g")
    assert (two["MessageId"], two["SequenceNumber"]) == (one["MessageId"], one["SequenceNumber"])
    other = sqs.send_message(QueueUrl=FIFO, MessageBody="a", MessageGroupId="g", MessageDeduplicationId="x")
    assert other["SequenceNumber"] > one["SequenceNumber"]
    clock.at += 300
    assert sqs.send_message(QueueUrl=FIFO, MessageBody="a", MessageGroupId="g")["MessageId"] != one["MessageId"]
    assert len(sqs.list_messages(QueueUrl=FIFO)["Messages"]) == 3


def test_a_fifo_queue_wants_a_group_and_a_key(sqs: SQS) -> None:
    assert refusal(lambda: sqs.send_message(QueueUrl=FIFO, MessageBody="a"))[0] == "MissingParameter"
    sqs.set_queue_attributes(QueueUrl=FIFO, Attributes={"ContentBasedDeduplication": "false"})
    code, _, text = refusal(lambda: sqs.send_message(QueueUrl=FIFO, MessageBody="a", MessageGroupId="g"))
    assert (code, "MessageDeduplicationId" in text) == ("InvalidParameterValue", True)
    late = {"QueueUrl": FIFO, "MessageBody": "a", "MessageGroupId": "g", "DelaySeconds": 1}
    assert refusal(lambda: sqs.send_message(**late))[0] == "InvalidParameterValue"
    with pytest.raises(ClientError, match="not valid for this queue type"):
        sqs.send_message(QueueUrl=URL, MessageBody="a", MessageDeduplicationId="x")


def test_a_batch_fails_entry_by_entry(sqs: SQS) -> None:
    entries = [{"Id": "a", "MessageBody": "A"}, {"Id": "b", "MessageBody": ""}]
    answer = sqs.send_message_batch(QueueUrl=URL, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["a"]
    assert answer["Failed"] == [
        {
            "Id": "b",
            "SenderFault": True,
            "Code": "MissingParameter",
            "Message": "The request must contain the parameter MessageBody.",
        }
    ]
    receipt = sqs.receive_message(QueueUrl=URL)["Messages"][0]["ReceiptHandle"]
    gone = sqs.delete_message_batch(
        QueueUrl=URL, Entries=[{"Id": "a", "ReceiptHandle": receipt}, {"Id": "b", "ReceiptHandle": "?"}]
    )
    assert (gone["Successful"], gone["Failed"][0]["Code"]) == ([{"Id": "a"}], "ReceiptHandleIsInvalid")


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "MessageBody": "a"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "a"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "a"}], "InvalidBatchEntryId"),
        ([{"Id": "a"}], "ParamValidationError"),
        ([1], "ParamValidationError"),
    ],
)
def test_a_batch_as_a_whole(sqs: SQS, entries: list[Any], code: str) -> None:
    assert refusal(lambda: sqs.send_message_batch(QueueUrl=URL, Entries=entries))[0] == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "a\x00"}, "InvalidMessageContents"),
        ({"MessageBody": "a" * 1_048_577}, "InvalidParameterValue"),
        ({"MessageBody": "a", "DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageBody": "a", "MessageSystemAttributes": {}}, "ParamValidationError"),
        ({"MessageBody": "a", "Body": "a"}, "ParamValidationError"),
        ({"MessageBody": "a", "MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "v"}}}, "InvalidParameterValue"),
        ({"MessageBody": "a", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "v"}}}, "InvalidParameterValue"),
        ({"MessageBody": "a", "MessageAttributes": {"a": {"DataType": "String"}}}, "InvalidParameterValue"),
        ({"MessageBody": "a", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}}, "InvalidParameterValue"),
        ({"MessageBody": "a", "MessageAttributes": {"a": "v"}}, "ParamValidationError"),
        ({"MessageBody": "a", "MessageAttributes": {str(number): {} for number in range(11)}}, "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_messages_have_rules(sqs: SQS, given: dict[str, Any], code: str) -> None:
    assert refusal(lambda: sqs.send_message(QueueUrl=URL, **given))[0] == code
    assert sqs.list_messages(QueueUrl=URL)["Messages"] == []


@pytest.mark.parametrize("url", [f"{URL}2", "jobs2", "https://sqs.us-east-1.amazonaws.com/999999999999/jobs", "..", ""])
def test_a_queue_that_is_not_there(sqs: SQS, url: str) -> None:
    assert refusal(lambda: sqs.send_message(QueueUrl=url, MessageBody="a")) == (
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "The specified queue does not exist.",
    )


def test_queues_are_made_found_listed_and_deleted(sqs: SQS, tmp_path: Path) -> None:
    assert sqs.create_queue(QueueName="jobs")["QueueUrl"] == URL
    assert sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "30"})["QueueUrl"] == URL
    assert (
        refusal(lambda: sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "31"}))[1]
        == "QueueNameExists"
    )
    assert sqs.list_queues()["QueueUrls"] == [URL, FIFO]
    page = sqs.list_queues(MaxResults=1)
    assert (page["QueueUrls"], sqs.list_queues(NextToken=page["NextToken"])["QueueUrls"]) == ([URL], [FIFO])
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="x")
    assert sqs.get_queue_url(QueueName="jobs")["QueueUrl"] == URL
    sqs.send_message(QueueUrl="jobs", MessageBody="a")
    sqs.purge_queue(QueueUrl=URL)
    assert sqs.list_messages(QueueUrl=URL)["Messages"] == []
    sqs.send_message(QueueUrl=URL, MessageBody="a")
    sqs.delete_queue(QueueUrl=URL)
    assert not (tmp_path / "sqs" / "jobs").exists()
    for name in ("jobs", "../sqs/jobs.fifo", ""):
        assert refusal(lambda name=name: sqs.get_queue_url(QueueName=name))[1] == "QueueDoesNotExist"


@pytest.mark.parametrize("name", ["", "a b", "../a", "a.b", "a" * 81, "b.fifo"])
def test_a_queue_name_has_rules(sqs: SQS, name: str) -> None:
    assert refusal(lambda: sqs.create_queue(QueueName=name))[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ({"VisibilityTimeout": "x"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": "{}"}, "InvalidAttributeName"),
        ({"FifoQueue": "true"}, "InvalidParameterValue"),
    ],
)
def test_attributes_have_rules(sqs: SQS, attributes: dict[str, str], code: str) -> None:
    assert refusal(lambda: sqs.create_queue(QueueName="other", Attributes=attributes))[0] == code


def test_the_digest_of_attributes_is_the_developer_guides() -> None:
    value = {"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}}
    assert attributes_md5(value) == "235c5c510d26fb653d073faed50ae77c"  # as SQS itself gave it
    assert attributes_md5({"b": {"DataType": "Binary", "BinaryValue": b"\x00"}}) == attributes_md5(
        {"b": {"DataType": "Binary", "BinaryValue": "AA=="}}
    )


def test_message_attributes_come_when_they_are_asked_for(sqs: SQS) -> None:
    given = {"my.a": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": b"\xff"}}
    sent = sqs.send_message(QueueUrl=URL, MessageBody="a", MessageAttributes=given)
    some = sqs.receive_message(QueueUrl=URL, MessageAttributeNames=["my.*"], VisibilityTimeout=0)["Messages"][0]
    assert list(some["MessageAttributes"]) == ["my.a"]
    everything = sqs.receive_message(QueueUrl=URL, MessageAttributeNames=["All"], VisibilityTimeout=0)["Messages"][0]
    assert everything["MessageAttributes"] == given
    assert everything["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"] == attributes_md5(given)
    assert "MessageAttributes" not in sqs.receive_message(QueueUrl=URL)["Messages"][0]


def test_two_receivers_never_get_the_same_message(sqs: SQS, tmp_path: Path, clock: Clock) -> None:
    other = SQS(tmp_path / "sqs", region="us-east-1", account="123456789012", now=clock)
    for number in range(40):
        sqs.send_message(QueueUrl=URL, MessageBody=str(number))
    taken: list[str] = []

    def receive(client: SQS) -> None:
        while found := bodies(client.receive_message(QueueUrl=URL, MaxNumberOfMessages=3)):
            taken.extend(found)

    threads = [threading.Thread(target=receive, args=(client,)) for client in (sqs, other) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=int) == [str(number) for number in range(40)]


def test_what_the_client_has_not_is_named(sqs: SQS) -> None:
    with pytest.raises(AttributeError, match="the local sqs has no 'sendmessage'"):
        _ = sqs.sendmessage


def test_botocore_knows_every_parameter() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    service = session.get_service_model("sqs")
    for name, rules in OPERATIONS.items():
        if name != "ListMessages":
            shape = service.operation_model(name).input_shape
            assert set(rules) == set(shape.members), name
            assert {key for key, rule in rules.items() if rule.required} == set(shape.required_members), name
