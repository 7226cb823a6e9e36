"""`asl-local aws ...`: the AWS commands that a workshop uses, against the local stand-ins.

Knows: the aws command's options, output and exit codes. Must never know: how a stand-in keeps what it is told.

Option names follow the operations' parameters (`--collection-id` is CollectionId); answers are printed as JSON without
ResponseMetadata. Exit codes are the aws command's: 0, 252 for a command that cannot be read, 254 for a service's
refusal, 255 for other trouble, and for `s3` commands 1 where something could not be copied or found.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from asl_local.errors import AslError
from asl_local.interfaces.aws import s3 as s3_commands
from asl_local.interfaces.aws.values import ValueProblem, bytes_value, list_value, structure_value, text_value
from asl_local.services.errors import ClientError
from asl_local.services.local import LocalAWS

USAGE, REFUSED, TROUBLE = 252, 254, 255
DEFAULT_ROOT = "asl-local-data"
ROOT_VARIABLE = "ASL_LOCAL_ROOT"

# How an option's text becomes a parameter.
TEXT, NUMBER, REAL, FLAG, STRUCTURE, LIST = "text", "number", "real", "flag", "structure", "list"

_COLLECTION = {"CollectionId": TEXT}
_QUEUE = {"QueueUrl": TEXT}
_PAGE = {"NextToken": TEXT, "MaxResults": NUMBER}
_NAMES = {"ExpressionAttributeNames": STRUCTURE, "ReturnConsumedCapacity": TEXT}
_WRITE = {
    "TableName": TEXT,
    "ConditionExpression": TEXT,
    "ExpressionAttributeValues": STRUCTURE,
    "ReturnValues": TEXT,
    "ReturnValuesOnConditionCheckFailure": TEXT,
    **_NAMES,
}
_READ = {"TableName": TEXT, "ConsistentRead": FLAG, "ProjectionExpression": TEXT, **_NAMES}
_SEVERAL = {
    **_READ,
    "Select": TEXT,
    "Limit": NUMBER,
    "ExclusiveStartKey": STRUCTURE,
    "FilterExpression": TEXT,
    "ExpressionAttributeValues": STRUCTURE,
}

# service: command: parameter: kind. A test compares it with the stand-ins' own tables.
COMMANDS: dict[str, dict[str, dict[str, str]]] = {
    "dynamodb": {
        "create-table": {
            "TableName": TEXT,
            "AttributeDefinitions": LIST,
            "KeySchema": LIST,
            "BillingMode": TEXT,
            "ProvisionedThroughput": STRUCTURE,
        },
        "describe-table": {"TableName": TEXT},
        "delete-table": {"TableName": TEXT},
        "list-tables": {"ExclusiveStartTableName": TEXT, "Limit": NUMBER},
        "put-item": {**_WRITE, "Item": STRUCTURE},
        "get-item": {**_READ, "Key": STRUCTURE},
        "update-item": {**_WRITE, "Key": STRUCTURE, "UpdateExpression": TEXT},
        "delete-item": {**_WRITE, "Key": STRUCTURE},
        "query": {**_SEVERAL, "KeyConditionExpression": TEXT, "ScanIndexForward": FLAG},
        "scan": {**_SEVERAL, "Segment": NUMBER, "TotalSegments": NUMBER},
    },
    "rekognition": {
        "create-collection": _COLLECTION,
        "describe-collection": _COLLECTION,
        "delete-collection": _COLLECTION,
        "list-collections": _PAGE,
        "detect-faces": {"Image": STRUCTURE, "Attributes": LIST},
        "index-faces": {
            **_COLLECTION,
            "Image": STRUCTURE,
            "ExternalImageId": TEXT,
            "DetectionAttributes": LIST,
            "MaxFaces": NUMBER,
            "QualityFilter": TEXT,
        },
        "search-faces-by-image": {
            **_COLLECTION,
            "Image": STRUCTURE,
            "MaxFaces": NUMBER,
            "FaceMatchThreshold": REAL,
            "QualityFilter": TEXT,
        },
        "search-faces": {**_COLLECTION, "FaceId": TEXT, "MaxFaces": NUMBER, "FaceMatchThreshold": REAL},
        "compare-faces": {
            "SourceImage": STRUCTURE,
            "TargetImage": STRUCTURE,
            "SimilarityThreshold": REAL,
            "QualityFilter": TEXT,
        },
        "list-faces": {**_COLLECTION, **_PAGE, "FaceIds": LIST},
        "delete-faces": {**_COLLECTION, "FaceIds": LIST},
    },
    "sns": {
        "create-topic": {"Name": TEXT, "Attributes": STRUCTURE},
        "delete-topic": {"TopicArn": TEXT},
        "list-topics": {"NextToken": TEXT},
        "get-topic-attributes": {"TopicArn": TEXT},
        "publish": {
            "TopicArn": TEXT,
            "TargetArn": TEXT,
            "PhoneNumber": TEXT,
            "Message": TEXT,
            "Subject": TEXT,
            "MessageStructure": TEXT,
            "MessageAttributes": STRUCTURE,
        },
        "list-messages": {"TopicArn": TEXT, "PhoneNumber": TEXT},
    },
    "sqs": {
        "create-queue": {"QueueName": TEXT, "Attributes": STRUCTURE},
        "delete-queue": _QUEUE,
        "get-queue-url": {"QueueName": TEXT},
        "list-queues": {"QueueNamePrefix": TEXT, "NextToken": TEXT, "MaxResults": NUMBER},
        "get-queue-attributes": {**_QUEUE, "AttributeNames": LIST},
        "set-queue-attributes": {**_QUEUE, "Attributes": STRUCTURE},
        "purge-queue": _QUEUE,
        "send-message": {
            **_QUEUE,
            "MessageBody": TEXT,
            "DelaySeconds": NUMBER,
            "MessageAttributes": STRUCTURE,
            "MessageDeduplicationId": TEXT,
            "MessageGroupId": TEXT,
        },
        "send-message-batch": {**_QUEUE, "Entries": LIST},
        "receive-message": {
            **_QUEUE,
            "AttributeNames": LIST,
            "MessageSystemAttributeNames": LIST,
            "MessageAttributeNames": LIST,
            "MaxNumberOfMessages": NUMBER,
            "VisibilityTimeout": NUMBER,
            "WaitTimeSeconds": NUMBER,
        },
        "delete-message": {**_QUEUE, "ReceiptHandle": TEXT},
        "delete-message-batch": {**_QUEUE, "Entries": LIST},
        "change-message-visibility": {**_QUEUE, "ReceiptHandle": TEXT, "VisibilityTimeout": NUMBER},
        "list-messages": _QUEUE,
    },
    "events": {
        "put-events": {"Entries": LIST},
        "create-event-bus": {"Name": TEXT, "Description": TEXT},
        "delete-event-bus": {"Name": TEXT},
        "list-event-buses": {"NamePrefix": TEXT},
        "list-events": {"EventBusName": TEXT},
    },
}  # fmt: skip
_READERS: dict[str, Callable[[Any], Any]] = {
    TEXT: text_value,
    NUMBER: int,
    REAL: float,
    STRUCTURE: structure_value,
    LIST: list_value,
}
_TOLD = {NUMBER: "a whole number", REAL: "a number"}


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Adds the command `aws` to a command line; `run` does what it was given."""
    parser = subparsers.add_parser(
        "aws",
        help="the workshop's AWS commands, offline",
        description="AWS commands against the local stand-ins: s3, " + ", ".join(COMMANDS) + ".",
        epilog="for example: asl-local aws rekognition list-faces --collection-id rider-photos",
    )
    _add_place(parser, None)
    parser.add_argument("aws_command", nargs=argparse.REMAINDER, metavar="SERVICE COMMAND [OPTIONS]")


def run(args: argparse.Namespace) -> int:
    """Performs what `add_parser` read; prints the answer, or one line on standard error. Returns the exit code."""
    try:
        told = _parser().parse_args(args.aws_command)
    except SystemExit as end:
        return int(end.code or 0)
    root = told.root or args.root or os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT
    try:
        aws = LocalAWS(root, region=told.region or args.region or "us-east-1")
        if told.service == "s3":
            return s3_commands.run(aws.client("s3"), told)
        given = _parameters(told)
        answer = getattr(aws.client(told.service), told.operation.replace("-", "_"))(**given)
    except ValueProblem as problem:
        return _failed(f"Error parsing parameter {problem}", USAGE)
    except ClientError as error:
        if error.code == "ParamValidationError":
            return _failed(error.message, USAGE)
        return _failed(str(error), REFUSED)
    except AslError as error:
        return _failed(str(error), TROUBLE)
    _print(answer)
    return 0


def option(parameter: str) -> str:
    """The option of a parameter: `CollectionId` -> `--collection-id`."""
    return "--" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", parameter).lower()


class _Parser(argparse.ArgumentParser):
    """As argparse's, with the aws command's exit code and errors at the command that they belong to."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: error: {message}", file=sys.stderr)
        raise SystemExit(USAGE)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        told, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"Unknown options: {' '.join(unknown)}")
        return told, unknown


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="asl-local aws", allow_abbrev=False)
    services = parser.add_subparsers(dest="service", required=True, metavar="SERVICE", parser_class=_Parser)
    _add_place(parser, None)
    # A default here would overwrite what was given further left.
    s3_commands.add_parser(services, lambda command: _add_place(command, argparse.SUPPRESS))
    for service, commands in COMMANDS.items():
        under = services.add_parser(service, help=f"{len(commands)} commands", allow_abbrev=False)
        operations = under.add_subparsers(dest="operation", required=True, metavar="COMMAND", parser_class=_Parser)
        for command, parameters in commands.items():
            leaf = operations.add_parser(command, allow_abbrev=False)
            _add_place(leaf, argparse.SUPPRESS)
            for parameter, kind in parameters.items():
                _add_option(leaf, parameter, kind)
    return parser


def _add_place(parser: argparse.ArgumentParser, default: str | None) -> None:
    root = f"the folder of the local state (${ROOT_VARIABLE}, else ./{DEFAULT_ROOT})"
    parser.add_argument("--root", metavar="DIR", default=default, help=root)
    parser.add_argument("--region", default=default, help="the region that ARNs name (us-east-1)")


def _add_option(parser: argparse.ArgumentParser, parameter: str, kind: str) -> None:
    name = option(parameter)
    if kind == FLAG:
        parser.add_argument(name, dest=parameter, action=argparse.BooleanOptionalAction)
        return
    parser.add_argument(name, dest=parameter, nargs="+" if kind == LIST else None, metavar=kind.upper())
    if parameter.endswith("Image"):
        # As in the aws command: a structure cannot name a file for the bytes inside it.
        parser.add_argument(f"{name}-bytes", dest=f"{parameter}Bytes", metavar="fileb://FILE")


def _parameters(told: argparse.Namespace) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for parameter, kind in COMMANDS[told.service][told.operation].items():
        text = getattr(told, parameter)
        data = getattr(told, f"{parameter}Bytes", None)
        if data is not None:
            if text is not None:
                raise ValueProblem(f"'{option(parameter)}': give it or {option(parameter)}-bytes, not both")
            given[parameter] = {"Bytes": _read(f"{parameter}-bytes", bytes_value, data, "")}
        elif kind == FLAG:
            if text is not None:
                given[parameter] = text
        elif text is not None:
            given[parameter] = _read(parameter, _READERS[kind], text, _TOLD.get(kind, ""))
    return given


def _read(parameter: str, reader: Callable[[Any], Any], text: Any, wanted: str) -> Any:
    try:
        return reader(text)
    except ValueProblem as problem:
        raise ValueProblem(f"'{option(parameter)}': {problem}") from None
    except ValueError:
        raise ValueProblem(f"'{option(parameter)}': {text!r} is not {wanted or 'UTF-8 text'}") from None


def _print(answer: Mapping[str, Any]) -> None:
    shown = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    if shown:
        print(json.dumps(shown, indent=4, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    raise TypeError(f"an answer holds a {type(value).__name__}")


def _failed(text: str, code: int) -> int:
    print(" ".join(text.split("\n")), file=sys.stderr)
    return code
