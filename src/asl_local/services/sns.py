"""SNS on a folder: topics, and an outbox that a person can read.

Knows: SNS's API. Must never know: state machines, or who would receive a message.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from asl_local.services import files
from asl_local.services.errors import ClientError, ExceptionNames, client_error
from asl_local.services.parameters import (
    MAP,
    TEXT,
    Answer,
    Given,
    Rule,
    invalid_parameters,
    needed,
    no_operation,
    operation,
    refused,
)

LONGEST_MESSAGE = 262_144  # bytes of UTF-8, attributes included; SNS quotas
LONGEST_SUBJECT = 100
PAGE = 100
_RECORD = "topic.json"  # a topic exists as long as this file does
_NO_FIFO = "there are no FIFO topics here"

_TOPIC: dict[str, Rule] = {"TopicArn": needed(TEXT)}
OPERATIONS: dict[str, dict[str, Rule]] = {
    "CreateTopic": {
        "Name": needed(TEXT),
        "Attributes": MAP,
        **refused("topics have no tags here", "Tags"),
        **refused("messages are not searched here", "DataProtectionPolicy"),
    },
    "DeleteTopic": _TOPIC,
    "ListTopics": {"NextToken": TEXT},
    "GetTopicAttributes": _TOPIC,
    "Publish": {
        "TopicArn": TEXT,
        "TargetArn": TEXT,
        "PhoneNumber": TEXT,
        "Message": needed(TEXT),
        "Subject": TEXT,
        "MessageStructure": TEXT,
        "MessageAttributes": MAP,
        **refused(_NO_FIFO, "MessageDeduplicationId", "MessageGroupId"),
    },
    "ListMessages": {"TopicArn": TEXT, "PhoneNumber": TEXT},
}


class SNS:
    """The client("sns") of a LocalAWS. A published message is the file `folder/<topic>/<time>-<number>-<id>.json`.

    Its members are MessageId, TopicArn (or PhoneNumber), Timestamp, Subject, Message, and MessageStructure and
    MessageAttributes if there are any. The names sort by time. Text messages to a phone number lie in a folder named
    after the number. Nothing is delivered: there are no subscriptions. A deleted topic's messages stay, since they had
    been sent.

    Refusals are ClientError with SNS's codes: InvalidParameter, NotFound, ParameterValueInvalid; a disk that takes no
    message is InternalError (500). Thread-safe, and safe for several processes on one folder.
    """

    def __init__(self, folder: Path, *, region: str, account: str, now: Callable[[], float]) -> None:
        self._folder = folder
        self._region, self._account, self._now = region, account, now
        self._numbers = itertools.count(1)
        self.exceptions = ExceptionNames(
            "InternalErrorException", "InvalidParameterException", "InvalidParameterValueException", "NotFoundException"
        )

    def __getattr__(self, name: str) -> Any:
        no_operation(self, "sns", name)

    @operation("CreateTopic", OPERATIONS["CreateTopic"])
    def create_topic(self, given: Given) -> Answer:
        """Makes a topic, or finds it; the only attribute is DisplayName."""
        here, name = "CreateTopic", given["Name"]
        if name.endswith(".fifo"):
            raise invalid_parameters(here, f"Name {name!r} is that of a FIFO topic; {_NO_FIFO}")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", name):
            raise _invalid("Topic Name", here)
        attributes = given.get("Attributes", {})
        if set(attributes) - {"DisplayName"}:
            raise invalid_parameters(here, f"Attributes has DisplayName only here, not {sorted(attributes)}")
        known = self._record(name)
        if known is None:
            self._write(self._folder / name / _RECORD, {"Name": name, "Attributes": attributes}, here)
        elif attributes and attributes != known["Attributes"]:
            raise _invalid("Attributes Reason: Topic already exists with different attributes", here)
        return {"TopicArn": self._arn(name)}

    @operation("DeleteTopic", OPERATIONS["DeleteTopic"])
    def delete_topic(self, given: Given) -> Answer:
        """Removes a topic; one that is not there is no error."""
        name = self._topic_name(given["TopicArn"], "TopicArn", "DeleteTopic")
        if name is not None:
            (self._folder / name / _RECORD).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there are messages, which stay, or there was no topic
                (self._folder / name).rmdir()
        return {}

    @operation("ListTopics", OPERATIONS["ListTopics"])
    def list_topics(self, given: Given) -> Answer:
        """Topics by name, 100 at a time."""
        names = sorted(record.parent.name for record in self._folder.glob(f"*/{_RECORD}"))
        after = given.get("NextToken")
        if after is not None:
            names = [name for name in names if name > after]
        answer: Answer = {"Topics": [{"TopicArn": self._arn(name)} for name in names[:PAGE]]}
        return {**answer, "NextToken": names[PAGE - 1]} if len(names) > PAGE else answer

    @operation("GetTopicAttributes", OPERATIONS["GetTopicAttributes"])
    def get_topic_attributes(self, given: Given) -> Answer:
        """The attributes that a topic without policies and subscriptions has."""
        name = self._topic(given["TopicArn"], "TopicArn", "GetTopicAttributes")
        attributes = (self._record(name) or {"Attributes": {}})["Attributes"]
        counts = dict.fromkeys(("SubscriptionsConfirmed", "SubscriptionsPending", "SubscriptionsDeleted"), "0")
        return {
            "Attributes": {
                "TopicArn": self._arn(name),
                "Owner": self._account,
                "DisplayName": "",
                **attributes,
                **counts,
            }
        }

    @operation("Publish", OPERATIONS["Publish"])
    def publish(self, given: Given) -> Answer:
        """Puts a message into the outbox of TopicArn (or TargetArn, or PhoneNumber): `{"MessageId"}`."""
        here = "Publish"
        box, target = self._target(given, here)
        _check_message(given, here)
        moment = datetime.fromtimestamp(self._now(), UTC)
        message = {
            "MessageId": str(uuid.uuid4()),
            **target,
            "Timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **{name: given[name] for name in ("Subject", "Message", "MessageStructure") if name in given},
        }
        attributes = _check_attributes(given.get("MessageAttributes", {}), here)
        if attributes:
            message["MessageAttributes"] = attributes
        # The number keeps the order where the clock stands still.
        name = f"{moment:%Y%m%dT%H%M%S.%fZ}-{next(self._numbers):06}-{message['MessageId']}.json"
        self._write(box / name, message, here)
        return {"MessageId": message["MessageId"]}

    @operation("ListMessages", OPERATIONS["ListMessages"])
    def list_messages(self, given: Given) -> Answer:
        """Not an AWS operation: `{"Messages"}` of a topic or phone number, oldest first, as they lie in the outbox."""
        box, _ = self._target(given, "ListMessages")
        names = sorted(path for path in box.glob("*.json") if path.name != _RECORD)
        return {"Messages": [json.loads(path.read_bytes()) for path in names]}

    def subscribe(self, **_given: Any) -> NoReturn:
        """Refused: a subscriber would have to be called, and nothing here calls anybody."""
        text = f"nothing is delivered here, messages lie as JSON files below {self._folder}; use list_messages"
        raise client_error("NotImplemented", text, "Subscribe", 501)

    def _arn(self, name: str) -> str:
        return f"arn:aws:sns:{self._region}:{self._account}:{name}"

    def _record(self, name: str) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = json.loads((self._folder / name / _RECORD).read_bytes())
        except FileNotFoundError:
            return None
        return record

    def _topic_name(self, arn: str, parameter: str, here: str) -> str | None:
        """The topic's name if the ARN is one of this region and account."""
        parts = arn.split(":")
        if len(parts) < 6:
            raise _invalid(f"{parameter} Reason: An ARN must have at least 6 elements, not {len(parts)}", here)
        name = ":".join(parts[5:])
        return name if arn == self._arn(name) and re.fullmatch(r"[A-Za-z0-9_-]{1,256}", name) else None

    def _topic(self, arn: str, parameter: str, here: str) -> str:
        name = self._topic_name(arn, parameter, here)
        if name is None or self._record(name) is None:
            raise client_error("NotFound", "Topic does not exist", here, 404, name="NotFoundException")
        return name

    def _target(self, given: Given, here: str) -> tuple[Path, dict[str, str]]:
        told = [name for name in ("TopicArn", "TargetArn", "PhoneNumber") if name in given]
        if not told:
            raise _invalid("TopicArn or TargetArn Reason: no value for required parameter", here)
        if len(told) > 1:
            raise _invalid(f"{' and '.join(told)} Reason: only one of them may be given", here)
        if told == ["PhoneNumber"]:
            number = given["PhoneNumber"]
            if not re.fullmatch(r"\+[1-9]\d{1,14}", number):  # E.164
                raise _invalid(f"PhoneNumber Reason: {number} is not valid to publish to", here)
            return self._folder / number, {"PhoneNumber": number}
        name = self._topic(given[told[0]], told[0], here)
        return self._folder / name, {"TopicArn": self._arn(name)}

    @staticmethod
    def _write(path: Path, content: Mapping[str, Any], here: str) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        try:
            files.write_atomically(path, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            reason = f"{error.strerror or error} at {error.filename or path}; nothing was written"
            raise client_error("InternalError", reason, here, 500, name="InternalErrorException") from error


def _invalid(what: str, here: str) -> ClientError:
    return client_error("InvalidParameter", f"Invalid parameter: {what}", here, name="InvalidParameterException")


def _check_message(given: Given, here: str) -> None:
    """SNS API reference, Publish: Subject is printable ASCII in one line and begins with no blank; Message has 1 byte
    to 256 KiB.
    """
    message = given["Message"]
    if not message:
        raise _invalid("Empty message", here)
    if len(message.encode("utf-8", "surrogatepass")) + _size(given.get("MessageAttributes", {})) > LONGEST_MESSAGE:
        raise _invalid("Message too long", here)
    subject = given.get("Subject")
    if subject is not None and not re.fullmatch(rf"[!-~][ -~]{{0,{LONGEST_SUBJECT - 1}}}", subject):
        rule = "1 to 100 printable ASCII characters in one line, the first not a blank"
        raise _invalid(f"Subject Reason: it must be {rule}", here)
    if "MessageStructure" not in given:
        return
    if given["MessageStructure"] != "json":
        raise _invalid(f"MessageStructure Reason: it must be json, not {given['MessageStructure']}", here)
    try:
        per_protocol = json.loads(message)
    except (ValueError, RecursionError):
        per_protocol = None
    if not isinstance(per_protocol, dict):
        raise _invalid("Message Structure - JSON message body failed to parse", here)
    if not isinstance(per_protocol.get("default"), str):
        raise _invalid("Message Structure - No default entry in JSON message body", here)


def _size(attributes: Mapping[str, Any]) -> int:
    return sum(len(str(name).encode()) + len(str(value).encode()) for name, value in attributes.items())


def _check_attributes(attributes: Mapping[str, Any], here: str) -> dict[str, Any]:
    """The attributes as they are written into the message: `{name: {"Type", "Value"}}`, as SNS delivers them."""

    def wrong(text: str) -> ClientError:
        return client_error("ParameterValueInvalid", text, here, name="InvalidParameterValueException")

    result: dict[str, Any] = {}
    for name, value in attributes.items():
        if not re.fullmatch(r"(?!AWS\.|Amazon\.|\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", str(name), re.IGNORECASE):
            raise wrong(f"Message attribute name '{name}' is invalid.")
        unknown = set(value) - {"DataType", "StringValue", "BinaryValue"} if isinstance(value, dict) else {"no dict"}
        if unknown or "DataType" not in value:
            raise invalid_parameters(
                here, f"MessageAttributes.{name} has DataType and StringValue or BinaryValue, not {value!r}"
            )
        kind = value["DataType"]
        prefix = str(kind).partition(".")[0]
        if prefix not in {"String", "Number", "Binary"}:
            raise wrong(
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes "
                "is Binary, Number, and String."
            )
        field = "BinaryValue" if prefix == "Binary" else "StringValue"
        if not value.get(field):
            raise wrong(
                f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
            )
        if len(value) > 2:
            raise wrong(f"The message attribute '{name}' has both StringValue and BinaryValue.")
        content = value[field]
        if prefix == "Binary":
            content = base64.b64encode(content if isinstance(content, bytes) else str(content).encode()).decode()
        elif not isinstance(content, str):
            raise invalid_parameters(
                here, f"MessageAttributes.{name}.StringValue is a {type(content).__name__}, not a text"
            )
        elif prefix == "Number" and not _is_number(content):
            raise wrong(f"Could not cast message attribute '{name}' value to number.")
        elif kind == "String.Array" and not _is_array(content):
            raise wrong(f"Message attribute '{name}' value is not a JSON array.")
        result[name] = {"Type": kind, "Value": content}
    return result


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None


def _is_array(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False
