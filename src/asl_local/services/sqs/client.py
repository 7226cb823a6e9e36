"""SQS's operations with boto3's names, keywords and answers.

Knows: queues and messages as files in a folder. Must never know: state machines, or who sends and receives.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asl_local.services import files
from asl_local.services.errors import ExceptionNames, client_error
from asl_local.services.parameters import TEXT, Answer, Given, needed, no_operation, operation
from asl_local.services.sqs.rules import (
    ATTRIBUTES,
    BATCH,
    DEDUPLICATION,
    FLAGS,
    MESSAGE,
    OPERATIONS,
    PAGE,
    attribute,
    attributes_md5,
    batch,
    check_attributes,
    check_body,
    check_message_attributes,
    in_bytes,
    is_named,
    md5,
    no_queue,
    within,
)  # fmt: skip

_RECORD = "queue.json"  # a queue exists as long as this file does
_SEEN = "deduplication.json"
_NAME = r"[A-Za-z0-9_-]{1,80}(\.fifo)?"


class SQS:
    """The client("sqs") of a LocalAWS. A message is the file `folder/<queue>/<time>-<number>-<id>.json` until it is
    deleted.

    Its members are MessageId, Sent, VisibleFrom (times in UTC), ReceiveCount and Body, and MessageAttributes,
    MessageGroupId, MessageDeduplicationId, SequenceNumber, FirstReceived and Receipt if there are any. The names sort
    by time. FIFO queues keep the order of a group, hold it back while one of its messages is out, and forget
    duplicates of five minutes. There are no dead-letter queues, policies, keys and tags. Receiving never waits:
    WaitTimeSeconds is the longest wait, and what is not there now is answered as an empty receive.

    Refusals are ClientError with SQS's codes: QueueDoesNotExist, MissingParameter, InvalidParameterValue,
    ReceiptHandleIsInvalid, ...; a disk that takes no message is InternalError (500). Thread-safe, and safe for several
    processes on one folder.
    """

    def __init__(self, folder: Path, *, region: str, account: str, now: Callable[[], float]) -> None:
        self._folder = folder
        self._region, self._account, self._now = region, account, now
        self._numbers = itertools.count(1)
        self._lock = files.FileLock(folder / ".lock")
        self.exceptions = ExceptionNames(
            "BatchEntryIdsNotDistinct", "EmptyBatchRequest", "InvalidAddress", "InvalidAttributeName",
            "InvalidAttributeValue", "InvalidMessageContents", "MessageNotInflight", "QueueDoesNotExist",
            "QueueNameExists", "ReceiptHandleIsInvalid", "TooManyEntriesInBatchRequest", "UnsupportedOperation",
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        no_operation(self, "sqs", name)

    # -- queues --------------------------------------------------------------------------------------------------------

    @operation("CreateQueue", OPERATIONS["CreateQueue"])
    def create_queue(self, given: Given) -> Answer:
        """Makes a queue, or finds it if it has the same attributes: `{"QueueUrl"}`."""
        here, name = "CreateQueue", given["QueueName"]
        fifo = name.endswith(".fifo")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name.removesuffix(".fifo")) or len(name) > 80:
            text = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            raise client_error("InvalidParameterValue", text, here)
        attributes = check_attributes(given.get("Attributes", {}), here)
        if fifo is not (attributes.get("FifoQueue") == "true"):
            why = "FifoQueue must be true" if fifo else "the name of a FIFO queue ends in .fifo"
            raise client_error("InvalidParameterValue", f"The queue {name} cannot be made: {why}", here)
        with self._lock:
            known = self._record(name)
            if known is None:
                self._write(self._folder / name / _RECORD, {"QueueName": name, "Attributes": attributes}, here)
            elif any(attribute(known, key) != value for key, value in attributes.items()):
                text = "A queue already exists with the same name and a different value for attribute "
                differing = next(key for key, value in attributes.items() if attribute(known, key) != value)
                raise client_error("QueueAlreadyExists", text + differing, here, name="QueueNameExists")
        return {"QueueUrl": self._url(name)}

    @operation("DeleteQueue", OPERATIONS["DeleteQueue"])
    def delete_queue(self, given: Given) -> Answer:
        """Removes a queue and its messages."""
        with self._lock:
            box = self._queue(given, "DeleteQueue")
            for path in [*self._paths(box), box / _SEEN, box / _RECORD]:
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something of somebody else's lies there
                box.rmdir()
        return {}

    @operation("GetQueueUrl", OPERATIONS["GetQueueUrl"])
    def get_queue_url(self, given: Given) -> Answer:
        """The URL of a queue that exists."""
        if self._record(given["QueueName"]) is None:
            raise no_queue("GetQueueUrl")
        return {"QueueUrl": self._url(given["QueueName"])}

    @operation("ListQueues", OPERATIONS["ListQueues"])
    def list_queues(self, given: Given) -> Answer:
        """Queues by name; without any, the answer has no QueueUrls, as SQS's has not."""
        names = sorted(record.parent.name for record in self._folder.glob(f"*/{_RECORD}"))
        prefix, after = given.get("QueueNamePrefix", ""), given.get("NextToken", "")
        names = [name for name in names if name.startswith(prefix) and name > after]
        most = within("MaxResults", given.get("MaxResults", PAGE), 1, PAGE, "ListQueues")
        answer: Answer = {"QueueUrls": [self._url(name) for name in names[:most]]} if names else {}
        return {**answer, "NextToken": names[most - 1]} if len(names) > most else answer

    @operation("GetQueueAttributes", OPERATIONS["GetQueueAttributes"])
    def get_queue_attributes(self, given: Given) -> Answer:
        """The attributes that AttributeNames names (`All`), texts all of them, the counts of messages among them."""
        here = "GetQueueAttributes"
        box = self._queue(given, here)
        record = self._record(box.name) or {}
        now, messages = self._moment(), [content for _, content in self._messages(box)]
        late = [each for each in messages if _time(each["VisibleFrom"]) > now]
        out = sum(1 for each in late if each["ReceiveCount"])
        found = {name: attribute(record, name) for name in (*ATTRIBUTES, *FLAGS)}
        found |= {
            "QueueArn": f"arn:aws:sqs:{self._region}:{self._account}:{box.name}",
            "ApproximateNumberOfMessages": str(len(messages) - len(late)),
            "ApproximateNumberOfMessagesNotVisible": str(out),
            "ApproximateNumberOfMessagesDelayed": str(len(late) - out),
        }
        wanted = given.get("AttributeNames", [])
        for name in wanted:
            if name != "All" and name not in found:
                raise client_error("InvalidAttributeName", f"Unknown Attribute {name}.", here)
        chosen = {name: text for name, text in found.items() if text is not None and ({name, "All"} & set(wanted))}
        return {"Attributes": chosen} if chosen else {}

    @operation("SetQueueAttributes", OPERATIONS["SetQueueAttributes"])
    def set_queue_attributes(self, given: Given) -> Answer:
        """Changes attributes; what kind of queue it is stays."""
        here = "SetQueueAttributes"
        changed = check_attributes(given["Attributes"], here)
        with self._lock:
            box = self._queue(given, here)
            record = self._record(box.name) or {}
            if changed.get("FifoQueue", attribute(record, "FifoQueue")) != attribute(record, "FifoQueue"):
                raise client_error("InvalidAttributeName", "Unknown Attribute FifoQueue.", here)
            self._write(box / _RECORD, {**record, "Attributes": {**record["Attributes"], **changed}}, here)
        return {}

    @operation("PurgeQueue", OPERATIONS["PurgeQueue"])
    def purge_queue(self, given: Given) -> Answer:
        """Deletes every message of a queue."""
        with self._lock:
            for path in self._paths(self._queue(given, "PurgeQueue")):
                path.unlink(missing_ok=True)
        return {}

    # -- messages ------------------------------------------------------------------------------------------------------

    @operation("SendMessage", OPERATIONS["SendMessage"])
    def send_message(self, given: Given) -> Answer:
        """Puts a message into a queue: `{"MD5OfMessageBody", "MessageId", "MD5OfMessageAttributes"?,
        "SequenceNumber"?}`.
        """
        with self._lock:
            return self._send(self._queue(given, "SendMessage"), given, "SendMessage")

    @operation("SendMessageBatch", OPERATIONS["SendMessageBatch"])
    def send_message_batch(self, given: Given) -> Answer:
        """Up to ten messages, each with an Id: `{"Successful": [{"Id", ...}], "Failed"?}`."""
        here = "SendMessageBatch"
        with self._lock:
            box = self._queue(given, here)
            return batch(given["Entries"], here, MESSAGE, lambda entry: self._send(box, entry, here))

    @operation("ReceiveMessage", OPERATIONS["ReceiveMessage"])
    def receive_message(self, given: Given) -> Answer:
        """Takes out up to MaxNumberOfMessages (1) for VisibilityTimeout seconds: `{"Messages"}`, or `{}` if
        there is none.
        """
        here = "ReceiveMessage"
        within("WaitTimeSeconds", given.get("WaitTimeSeconds", 0), 0, 20, here)
        most = within("MaxNumberOfMessages", given.get("MaxNumberOfMessages", 1), 1, BATCH, here)
        system = [*given.get("AttributeNames", []), *given.get("MessageSystemAttributeNames", [])]
        taken: list[Answer] = []
        with self._lock:
            box = self._queue(given, here)
            hidden = within("VisibilityTimeout", self._number(box, given, "VisibilityTimeout"), 0, 43_200, here)
            now, held = self._moment(), set()
            for path, message in self._messages(box):
                group = message.get("MessageGroupId") if box.name.endswith(".fifo") else None
                if group in held or len(taken) == most:
                    continue
                if _time(message["VisibleFrom"]) > now:
                    held |= {group} - {None}
                    continue
                receipt = str(uuid.uuid4())
                message |= {
                    "ReceiveCount": message["ReceiveCount"] + 1,
                    "FirstReceived": message.get("FirstReceived", _iso(now)),
                    "VisibleFrom": _iso(now + timedelta(seconds=hidden)),
                    "Receipt": receipt,
                }
                self._write(path, message, here)
                taken.append(self._shown(path, message, system, given.get("MessageAttributeNames", [])))
        return {"Messages": taken} if taken else {}

    @operation("DeleteMessage", OPERATIONS["DeleteMessage"])
    def delete_message(self, given: Given) -> Answer:
        """Removes a message that was received; a receipt that a later receive has replaced does nothing, as on AWS."""
        with self._lock:
            self._delete(self._queue(given, "DeleteMessage"), given["ReceiptHandle"], "DeleteMessage")
        return {}

    @operation("DeleteMessageBatch", OPERATIONS["DeleteMessageBatch"])
    def delete_message_batch(self, given: Given) -> Answer:
        """Up to ten receipts, each with an Id."""
        here = "DeleteMessageBatch"
        with self._lock:
            box = self._queue(given, here)

            def delete(entry: Given) -> Answer:
                self._delete(box, entry["ReceiptHandle"], here)
                return {}

            return batch(given["Entries"], here, {"ReceiptHandle": needed(TEXT)}, delete)

    @operation("ChangeMessageVisibility", OPERATIONS["ChangeMessageVisibility"])
    def change_message_visibility(self, given: Given) -> Answer:
        """Lets a message that is out come back in so many seconds from now; 0 gives it back."""
        here = "ChangeMessageVisibility"
        seconds = within("VisibilityTimeout", given["VisibilityTimeout"], 0, 43_200, here)
        with self._lock:
            path, message = self._received(self._queue(given, here), given["ReceiptHandle"], here)
            now = self._moment()
            if message is None or _time(message["VisibleFrom"]) <= now:
                text = f"Value {given['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: "
                raise client_error(
                    "MessageNotInflight",
                    f"{text}Message does not exist or is not available for visibility timeout change.",
                    here,
                )
            self._write(path, {**message, "VisibleFrom": _iso(now + timedelta(seconds=seconds))}, here)
        return {}

    @operation("ListMessages", OPERATIONS["ListMessages"])
    def list_messages(self, given: Given) -> Answer:
        """Not an AWS operation: `{"Messages"}` of a queue, oldest first, as they lie in the folder; nothing is
        taken out.
        """
        return {"Messages": [message for _, message in self._messages(self._queue(given, "ListMessages"))]}

    # -- what they share -----------------------------------------------------------------------------------------------

    def _send(self, box: Path, given: Given, here: str) -> Answer:
        fifo = box.name.endswith(".fifo")
        attributes = check_message_attributes(given.get("MessageAttributes", {}), here)
        check_body(given["MessageBody"], attributes, self._number(box, {}, "MaximumMessageSize"), here)
        group = given.get("MessageGroupId")
        if fifo and group is None:
            raise client_error("MissingParameter", "The request must contain the parameter MessageGroupId.", here)
        if fifo and "DelaySeconds" in given:
            why = "Reason: The request include parameter that is not valid for this queue type."
            raise client_error(
                "InvalidParameterValue",
                f"Value {given['DelaySeconds']} for parameter DelaySeconds is invalid. {why}",
                here,
            )
        delay = within("DelaySeconds", self._number(box, given, "DelaySeconds"), 0, 900, here)
        moment, number, key = self._moment(), next(self._numbers), self._deduplication(box, given, here)
        message: dict[str, Any] = {
            "MessageId": str(uuid.uuid4()),
            "Sent": _iso(moment),
            "VisibleFrom": _iso(moment + timedelta(seconds=delay)),
            "ReceiveCount": 0,
            "Body": given["MessageBody"],
        }
        if attributes:
            message["MessageAttributes"] = attributes
        if group is not None:
            message["MessageGroupId"] = group
        if key is not None:
            message["MessageDeduplicationId"] = key
            message["SequenceNumber"] = f"{int(moment.timestamp() * 1000):014}{number:06}"
        seen = {} if key is None else self._seen(box, moment)
        if key in seen:
            return _sent(message, seen[key])
        # The number keeps the order where the clock stands still.
        name = f"{moment:%Y%m%dT%H%M%S.%fZ}-{number:06}-{message['MessageId']}.json"
        self._write(box / name, message, here)
        if key is not None:
            seen[key] = {name: message[name] for name in ("MessageId", "SequenceNumber", "Sent")}
            self._write(box / _SEEN, seen, here)
        return _sent(message, message)

    def _deduplication(self, box: Path, given: Given, here: str) -> str | None:
        """What a FIFO queue knows a message by; None in a standard queue."""
        key = given.get("MessageDeduplicationId")
        if not box.name.endswith(".fifo"):
            if key is not None:
                why = "The request include parameter that is not valid for this queue type"
                raise client_error(
                    "InvalidParameterValue",
                    f"Value {key} for parameter MessageDeduplicationId is invalid. Reason: {why}.",
                    here,
                )
            return None
        if key is None and attribute(self._record(box.name) or {}, "ContentBasedDeduplication") == "true":
            return hashlib.sha256(given["MessageBody"].encode("utf-8", "surrogatepass")).hexdigest()
        if key is None:
            text = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
            raise client_error("InvalidParameterValue", text, here)
        return str(key)

    @staticmethod
    def _seen(box: Path, moment: datetime) -> dict[str, Any]:
        """The messages of the last five minutes by what a FIFO queue knows them by."""
        record = _json(box / _SEEN) or {}
        since = moment - timedelta(seconds=DEDUPLICATION)
        return {known: each for known, each in record.items() if _time(each["Sent"]) > since}

    def _shown(self, path: Path, message: Mapping[str, Any], system: list[str], named: list[str]) -> Answer:
        """A message as a receive gives it."""
        known = {
            "SenderId": self._account,
            "SentTimestamp": _milliseconds(message["Sent"]),
            "ApproximateReceiveCount": str(message["ReceiveCount"]),
            "ApproximateFirstReceiveTimestamp": _milliseconds(message["FirstReceived"]),
        }
        known |= {
            name: message[name]
            for name in ("MessageGroupId", "MessageDeduplicationId", "SequenceNumber")
            if name in message
        }
        attributes = {
            name: in_bytes(value)
            for name, value in message.get("MessageAttributes", {}).items()
            if is_named(name, named)
        }
        answer = {
            "MessageId": message["MessageId"],
            "ReceiptHandle": base64.urlsafe_b64encode(f"{message['Receipt']} {path.name}".encode()).decode(),
            "MD5OfBody": md5(message["Body"]),
            "Body": message["Body"],
        }
        chosen = {name: value for name, value in known.items() if {name, "All"} & set(system)}
        if chosen:
            answer["Attributes"] = chosen
        if attributes:
            answer |= {"MD5OfMessageAttributes": attributes_md5(attributes), "MessageAttributes": attributes}
        return answer

    def _delete(self, box: Path, receipt: str, here: str) -> None:
        path, message = self._received(box, receipt, here)
        if message is not None:
            path.unlink(missing_ok=True)

    def _received(self, box: Path, receipt: str, here: str) -> tuple[Path, dict[str, Any] | None]:
        """The message of a receipt; None if it is gone or was received again since."""
        try:
            token, _, name = base64.urlsafe_b64decode(receipt.encode()).decode().partition(" ")
        except (ValueError, binascii.Error):
            name = ""
        if not re.fullmatch(r"[\w.-]+\.json", name):
            text = f'The input receipt handle "{receipt}" is not a valid receipt handle.'
            raise client_error("ReceiptHandleIsInvalid", text, here, 404)
        message = _json(box / name)
        return box / name, message if message and message.get("Receipt") == token else None

    def _messages(self, box: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The messages of a queue, oldest first; those that it has kept for long enough are dropped."""
        kept = timedelta(seconds=self._number(box, {}, "MessageRetentionPeriod"))
        for path in self._paths(box):
            message = _json(path)
            if message is not None and _time(message["Sent"]) + kept <= self._moment():
                path.unlink(missing_ok=True)
            elif message is not None:
                yield path, message

    @staticmethod
    def _paths(box: Path) -> list[Path]:
        return sorted(path for path in box.glob("*.json") if path.name not in {_RECORD, _SEEN})

    def _number(self, box: Path, given: Given, name: str) -> Any:
        """A number as the request has it, or the queue."""
        return given[name] if name in given else int(attribute(self._record(box.name) or {}, name) or 0)

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _url(self, name: str) -> str:
        return f"https://sqs.{self._region}.amazonaws.com/{self._account}/{name}"

    def _record(self, name: str) -> dict[str, Any] | None:
        return _json(self._folder / name / _RECORD) if re.fullmatch(_NAME, name) else None

    def _queue(self, given: Given, here: str) -> Path:
        """The folder of the queue that QueueUrl names; a bare name will do, as it does for SQS."""
        url = given["QueueUrl"]
        name = url.rpartition("/")[2]
        if "/" in url and urlsplit(url).hostname != f"sqs.{self._region}.amazonaws.com":
            raise client_error("InvalidAddress", f"The address {url} is not valid for this endpoint.", here, 404)
        known = name if url in {name, self._url(name)} or url.endswith(f"/{self._account}/{name}") else ""
        if self._record(known) is None:
            raise no_queue(here)
        return self._folder / known

    @staticmethod
    def _write(path: Path, content: Mapping[str, Any], here: str) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        try:
            files.write_atomically(path, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            reason = f"{error.strerror or error} at {error.filename or path}; nothing was written"
            raise client_error("InternalError", reason, here, 500) from error


def _json(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return content


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _milliseconds(text: str) -> str:
    return str(int(_time(text).timestamp() * 1000))


def _sent(message: Mapping[str, Any], known: Mapping[str, Any]) -> Answer:
    """The answer to a message; `known` is the one that the queue has, itself or the one that it repeats."""
    answer: Answer = {"MD5OfMessageBody": md5(message["Body"]), "MessageId": known["MessageId"]}
    if "MessageAttributes" in message:
        answer["MD5OfMessageAttributes"] = attributes_md5(message["MessageAttributes"])
    if "SequenceNumber" in known:
        answer["SequenceNumber"] = known["SequenceNumber"]
    return answer
