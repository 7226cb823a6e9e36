"""What SQS takes and what it says: the parameters of every operation, attributes of queues and messages, and their digests.

Knows: the rules of the API reference. Must never know: where a message lies.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import (
    LIST,
    MAP,
    NUMBER,
    TEXT,
    Answer,
    Given,
    Rule,
    check,
    invalid_parameters,
    needed,
    refused,
)

BATCH = 10
DEDUPLICATION = 300  # seconds that a FIFO queue remembers a MessageDeduplicationId
PAGE = 1000
_NO_TRACE = "nothing is traced here"

# Attribute -> (least, most, what a queue has that does not say); SQS API reference, SetQueueAttributes.
ATTRIBUTES: Mapping[str, tuple[int, int, int]] = {
    "DelaySeconds": (0, 900, 0),
    "MaximumMessageSize": (1024, 1_048_576, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600, 345_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20, 0),
    "VisibilityTimeout": (0, 43_200, 30),
}
FLAGS = ("FifoQueue", "ContentBasedDeduplication")
MESSAGE: dict[str, Rule] = {
    "MessageBody": needed(TEXT),
    "DelaySeconds": NUMBER,
    "MessageAttributes": MAP,
    "MessageDeduplicationId": TEXT,
    "MessageGroupId": TEXT,
    **refused(_NO_TRACE, "MessageSystemAttributes"),
}
_QUEUE: dict[str, Rule] = {"QueueUrl": needed(TEXT)}
_ENTRIES: dict[str, Rule] = {**_QUEUE, "Entries": needed(LIST)}
OPERATIONS: dict[str, dict[str, Rule]] = {
    "CreateQueue": {"QueueName": needed(TEXT), "Attributes": MAP, **refused("queues have no tags here", "tags")},
    "DeleteQueue": _QUEUE,
    "GetQueueUrl": {
        "QueueName": needed(TEXT),
        **refused("there is one account on this machine", "QueueOwnerAWSAccountId"),
    },
    "ListQueues": {"QueueNamePrefix": TEXT, "NextToken": TEXT, "MaxResults": NUMBER},
    "GetQueueAttributes": {**_QUEUE, "AttributeNames": LIST},
    "SetQueueAttributes": {**_QUEUE, "Attributes": needed(MAP)},
    "PurgeQueue": _QUEUE,
    "SendMessage": {**_QUEUE, **MESSAGE},
    "SendMessageBatch": _ENTRIES,
    "ReceiveMessage": {
        **_QUEUE,
        "AttributeNames": LIST,
        "MessageSystemAttributeNames": LIST,
        "MessageAttributeNames": LIST,
        "MaxNumberOfMessages": NUMBER,
        "VisibilityTimeout": NUMBER,
        "WaitTimeSeconds": NUMBER,
        **refused("a receive is never lost on its way here", "ReceiveRequestAttemptId"),
    },
    "DeleteMessage": {**_QUEUE, "ReceiptHandle": needed(TEXT)},
    "DeleteMessageBatch": _ENTRIES,
    "ChangeMessageVisibility": {**_QUEUE, "ReceiptHandle": needed(TEXT), "VisibilityTimeout": needed(NUMBER)},
    "ListMessages": _QUEUE,
}


def no_queue(here: str) -> ClientError:
    """The error for a queue that is not there; its code is older than its exception."""
    code, text = "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."
    return client_error(code, text, here, name="QueueDoesNotExist")


def within(name: str, value: Any, least: int, most: int, here: str) -> int:
    """A number of the request in its range."""
    if not least <= value <= most:
        why = f"Reason: Must be >= {least} and <= {most}, if provided."
        raise client_error("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. {why}", here)
    return int(value)


def check_attributes(given: Mapping[str, Any], here: str) -> dict[str, str]:
    """The attributes of a queue that a request sets, as texts."""
    for name, value in given.items():
        if name in FLAGS:
            valid = value in ("true", "false")
        elif name in ATTRIBUTES:
            least, most, _ = ATTRIBUTES[name]
            valid = re.fullmatch(r"\d{1,9}", str(value)) is not None and least <= int(value) <= most
        else:
            raise client_error("InvalidAttributeName", f"Unknown Attribute {name}.", here)
        if not valid:
            raise client_error("InvalidAttributeValue", f"Invalid value for the parameter {name}.", here)
    return {name: str(value) for name, value in given.items()}


def attribute(record: Mapping[str, Any], name: str) -> str | None:
    """An attribute that a queue has, if only because all have it."""
    told = record.get("Attributes", {}).get(name)
    if told is None and name in ATTRIBUTES:
        return str(ATTRIBUTES[name][2])
    return None if told is None else str(told)


def check_body(body: str, attributes: Mapping[str, Any], longest: int, here: str) -> None:
    """SQS API reference, SendMessage: a body has at least one character, of those that XML 1.0 has."""
    if not body:
        raise client_error("MissingParameter", "The request must contain the parameter MessageBody.", here)
    if re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", body):
        allowed = "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
        raise client_error(
            "InvalidMessageContents", f"Invalid characters found. Valid unicode characters are {allowed}", here
        )
    size = len(body.encode("utf-8", "surrogatepass")) + sum(
        len(name.encode()) + sum(len(str(part).encode()) for part in value.values())
        for name, value in attributes.items()
    )
    if size > longest:
        why = f"Reason: Message must be shorter than {longest} bytes."
        raise client_error("InvalidParameterValue", f"One or more parameters are invalid. {why}", here)


def check_message_attributes(given: Mapping[str, Any], here: str) -> dict[str, Any]:
    """The attributes of a message as they are stored: bytes are base64 text."""
    if len(given) > BATCH:
        raise client_error(
            "InvalidParameterValue",
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum [10].",
            here,
        )
    return {name: _message_attribute(str(name), value, here) for name, value in given.items()}


def _message_attribute(name: str, value: Any, here: str) -> dict[str, str]:
    def wrong(text: str) -> ClientError:
        return client_error("InvalidParameterValue", text, here)

    if not re.fullmatch(r"(?!AWS\.|Amazon\.|\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", name, re.IGNORECASE):
        raise wrong(f"Message attribute name '{name}' is invalid.")
    if (
        not isinstance(value, dict)
        or set(value) - {"DataType", "StringValue", "BinaryValue"}
        or "DataType" not in value
    ):
        problem = f"MessageAttributes.{name} has DataType and StringValue or BinaryValue, not {value!r}"
        raise invalid_parameters(here, problem)
    kind = str(value["DataType"])
    prefix = kind.partition(".")[0]
    if prefix not in {"String", "Number", "Binary"}:
        kinds = "the set of supported type prefixes is Binary, Number, and String."
        raise wrong(f"The message attribute '{name}' has an invalid message attribute type, {kinds}")
    field = "BinaryValue" if prefix == "Binary" else "StringValue"
    content = value.get(field)
    if not content:
        needs = f"must contain non-empty message attribute value for message attribute type '{kind}'."
        raise wrong(f"The message attribute '{name}' {needs}")
    if len(value) > 2:
        raise wrong(f"The message attribute '{name}' has both StringValue and BinaryValue.")
    if prefix == "Binary":
        content = base64.b64encode(content if isinstance(content, bytes) else str(content).encode()).decode()
    elif not isinstance(content, str):
        raise invalid_parameters(
            here, f"MessageAttributes.{name}.StringValue is a {type(content).__name__}, not a text"
        )
    elif prefix == "Number" and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", content):
        raise wrong(f"Could not cast message attribute '{name}' value to number.")
    return {"DataType": kind, field: content}


def in_bytes(value: Mapping[str, str]) -> dict[str, Any]:
    """A stored message attribute as a receive gives it."""
    if "BinaryValue" not in value:
        return dict(value)
    return {**value, "BinaryValue": base64.b64decode(value["BinaryValue"])}


def is_named(name: str, wanted: Iterable[str]) -> bool:
    """Whether MessageAttributeNames asks for an attribute: by name, `All`, `.*` or a prefix with `.*`."""
    return any(each in {name, "All", ".*"} or (each.endswith(".*") and name.startswith(each[:-2])) for each in wanted)


def md5(text: str) -> str:
    """The digest that a sender compares with its own."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def attributes_md5(attributes: Mapping[str, Any]) -> str:
    """MD5OfMessageAttributes, as the SQS Developer Guide computes it ("Calculating the MD5 message digest")."""
    digest = hashlib.md5(usedforsecurity=False)

    def part(data: bytes) -> None:
        digest.update(len(data).to_bytes(4, "big") + data)

    for name in sorted(attributes):
        value = in_bytes(attributes[name]) if isinstance(attributes[name].get("BinaryValue"), str) else attributes[name]
        part(name.encode())
        part(value["DataType"].encode())
        binary = "BinaryValue" in value
        digest.update(b"\x02" if binary else b"\x01")
        part(value["BinaryValue"] if binary else value["StringValue"].encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def batch(entries: Sequence[Any], here: str, rules: Mapping[str, Rule], perform: Callable[[Given], Answer]) -> Answer:
    """What became of each entry of a batch, by its Id; one that fails fails alone."""
    if not entries:
        text = f"There should be at least one {here}RequestEntry in the request."
        raise client_error("EmptyBatchRequest", text, here, name="EmptyBatchRequest")
    if len(entries) > BATCH:
        text = f"Maximum number of entries per request are {BATCH}. You have sent {len(entries)}."
        raise client_error("TooManyEntriesInBatchRequest", text, here)
    for entry in entries:
        if not isinstance(entry, dict):
            raise invalid_parameters(here, f"Entries has {entry!r}, not a dict")
        check(here, {"Id": needed(TEXT), **rules}, entry)
    names = [entry["Id"] for entry in entries]
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
            text = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            raise client_error("InvalidBatchEntryId", f"{text}It can be at most 80 letters long.", here)
        if names.count(name) > 1:
            raise client_error("BatchEntryIdsNotDistinct", f"Id {name} repeated.", here)
    done: list[Answer] = []
    failed: list[Answer] = []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], **perform(entry)})
        except ClientError as error:
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return {name: each for name, each in (("Successful", done), ("Failed", failed)) if each or name == "Successful"}
