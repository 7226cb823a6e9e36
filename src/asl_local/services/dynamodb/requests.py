"""Requests: which members an operation takes, which are refused and why, and how an answer or a refusal looks.

Knows: the API's tables and boto3's shapes. Must never know: what an operation does.

A member of the wrong Python type or an unknown one is refused as botocore does before it sends anything
(ParamValidationError); a missing, unsupported or out-of-range one as DynamoDB does (ValidationException).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, TypeAlias, TypeVar

from asl_local.lazy import dataclass
from asl_local.services import parameters
from asl_local.services.dynamodb.expressions import Parser
from asl_local.services.dynamodb.syntax import Action, Condition, Path, Placeholders
from asl_local.services.dynamodb.values import Refusal
from asl_local.services.errors import client_error

Request: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = dict[str, Any]
Service = TypeVar("Service")


@dataclass(frozen=True, slots=True)
class Member:
    """What one member of a request may be; `least` and `most` bound a number, or the length of a list or map."""

    types: tuple[type, ...] = (str,)
    required: bool = False
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    refused: str | None = None
    harmless: tuple[Any, ...] = ()  # values of a refused member that ask for nothing


_TEXT, _FLAG, _NEEDED_TEXT = Member(), Member((bool,)), Member(required=True)
_MAP, _NEEDED_MAP = Member((dict,)), Member((dict,), required=True)
_CAPACITY = Member(choices=("INDEXES", "TOTAL", "NONE"))
_LEGACY = Member((), refused="it is a legacy parameter; use the expression that replaced it")
_INDEXES = Member((), refused="it keeps no secondary indexes")
_METRICS = Member((), refused="it has no item collections to measure", harmless=("NONE",))
_KEPT_NOT = {
    "GlobalSecondaryIndexes": Member((), refused="it keeps no secondary indexes; scan with a FilterExpression instead"),
    "LocalSecondaryIndexes": Member((), refused="it keeps no secondary indexes; query with a FilterExpression instead"),
    "StreamSpecification": Member((), refused="it has no streams", harmless=({"StreamEnabled": False},)),
    "SSESpecification": Member((), refused="it does not encrypt", harmless=({"Enabled": False},)),
    "Tags": Member((), refused="it keeps no tags", harmless=([],)),
    "TableClass": Member((), refused="it has one class of tables", harmless=("STANDARD",)),
    "DeletionProtectionEnabled": Member((), refused="it could not be switched off again", harmless=(False,)),
    "WarmThroughput": Member((), refused="it has no capacity to warm"),
    "OnDemandThroughput": Member((), refused="it limits no throughput"),
    "ResourcePolicy": Member((), refused="it checks no permissions"),
    "GlobalTableSourceArn": Member((), refused="it has no global tables"),
    "GlobalTableSettingsReplicationMode": Member((), refused="it has no global tables"),
}
_WRITE = {
    "TableName": _NEEDED_TEXT,
    "ConditionExpression": _TEXT,
    "ExpressionAttributeNames": _MAP,
    "ExpressionAttributeValues": _MAP,
    "ReturnValues": Member(choices=("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")),
    "ReturnConsumedCapacity": _CAPACITY,
    "ReturnItemCollectionMetrics": _METRICS,
    "ReturnValuesOnConditionCheckFailure": Member(choices=("ALL_OLD", "NONE")),
    "Expected": _LEGACY,
    "ConditionalOperator": _LEGACY,
}
_READ = {
    "TableName": _NEEDED_TEXT,
    "ConsistentRead": _FLAG,
    "ProjectionExpression": _TEXT,
    "ExpressionAttributeNames": _MAP,
    "ReturnConsumedCapacity": _CAPACITY,
    "AttributesToGet": _LEGACY,
}
_PAGE = {
    **_READ,
    "IndexName": _INDEXES,
    "Select": Member(choices=("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")),
    "Limit": Member((int,), least=1),
    "ExclusiveStartKey": _MAP,
    "FilterExpression": _TEXT,
    "ExpressionAttributeValues": _MAP,
    "ConditionalOperator": _LEGACY,
}

MEMBERS: dict[str, dict[str, Member]] = {
    "CreateTable": {
        "TableName": _NEEDED_TEXT,
        "AttributeDefinitions": Member((list, tuple), required=True),
        "KeySchema": Member((list, tuple), required=True, least=1, most=2),
        "BillingMode": Member(choices=("PROVISIONED", "PAY_PER_REQUEST")),
        "ProvisionedThroughput": _MAP,
        **_KEPT_NOT,
    },
    "DescribeTable": {"TableName": _NEEDED_TEXT},
    "DeleteTable": {"TableName": _NEEDED_TEXT},
    "ListTables": {"ExclusiveStartTableName": _TEXT, "Limit": Member((int,), least=1, most=100)},
    "PutItem": {**_WRITE, "Item": _NEEDED_MAP},
    "UpdateItem": {**_WRITE, "Key": _NEEDED_MAP, "UpdateExpression": _TEXT, "AttributeUpdates": _LEGACY},
    "DeleteItem": {**_WRITE, "Key": _NEEDED_MAP},
    "GetItem": {**_READ, "Key": _NEEDED_MAP},
    "Query": {
        **_PAGE,
        "KeyConditionExpression": _TEXT,
        "ScanIndexForward": _FLAG,
        "KeyConditions": _LEGACY,
        "QueryFilter": _LEGACY,
    },
    "Scan": {
        **_PAGE,
        "Segment": Member((int,), least=0, most=999_999),
        "TotalSegments": Member((int,), least=1, most=1_000_000),
        "ScanFilter": _LEGACY,
    },
    "BatchGetItem": {
        "RequestItems": _NEEDED_MAP,
        "ReturnConsumedCapacity": _CAPACITY,
    },
    "BatchWriteItem": {
        "RequestItems": _NEEDED_MAP,
        "ReturnConsumedCapacity": _CAPACITY,
        "ReturnItemCollectionMetrics": _METRICS,
    },
    "TransactWriteItems": {
        "TransactItems": Member((list, tuple), required=True, least=1, most=100),
        "ReturnConsumedCapacity": _CAPACITY,
        "ReturnItemCollectionMetrics": _METRICS,
        "ClientRequestToken": Member(refused="it remembers no tokens, so a repeated request is done again"),
    },
    # The parts of requests that are requests themselves.
    "BatchGetItem.RequestItems": {
        "Keys": Member((list, tuple), required=True),
        **{name: _READ[name] for name in ("ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames")},
        "AttributesToGet": _LEGACY,
    },
    **{
        f"TransactWriteItems.{kind}": {
            **{
                name: member
                for name, member in _WRITE.items()
                if not name.startswith("Return") and member is not _LEGACY
            },
            "ReturnValuesOnConditionCheckFailure": _WRITE["ReturnValuesOnConditionCheckFailure"],
            **more,
        }
        for kind, more in {
            "Put": {"Item": _NEEDED_MAP},
            "Update": {"Key": _NEEDED_MAP, "UpdateExpression": _NEEDED_TEXT},
            "Delete": {"Key": _NEEDED_MAP},
            "ConditionCheck": {"Key": _NEEDED_MAP, "ConditionExpression": _NEEDED_TEXT},
        }.items()
    },
}


_RULES = {
    table: {name: parameters.Rule(member.types) for name, member in rows.items() if member.refused is None}
    for table, rows in MEMBERS.items()
}


def operation(
    name: str,
) -> Callable[[Callable[[Service, Request], Answer]], Callable[Concatenate[Service, ...], Answer]]:
    """Makes of a method that takes a checked request one that takes boto3's keywords and raises boto3's errors."""

    def wrap(method: Callable[[Service, Request], Answer]) -> Callable[Concatenate[Service, ...], Answer]:
        @functools.wraps(method)
        def call(self: Service, *arguments: Any, **given: Any) -> Answer:
            if arguments:
                raise TypeError(f"{method.__name__}() only accepts keyword arguments.")
            try:
                answer = method(self, checked(name, name, given))
            except Refusal as refusal:
                status = 500 if refusal.code == "InternalServerError" else 400
                error = client_error(refusal.code, refusal.message, name, status)
                error.response.update(refusal.members)
                raise error from None
            except OSError as problem:
                message = f"the local stand-in could not reach its files, nothing was changed: {problem}"
                raise client_error("InternalServerError", message, name, 500) from problem
            answer["ResponseMetadata"] = parameters.response_metadata()
            return answer

        call.api_name = name  # type: ignore[attr-defined]  # how a state machine finds what it may call
        return call

    return wrap


def checked(operation_name: str, table: str, given: Request) -> Request:
    """The members that were given, checked against the rows `table`; None stands for a member that was not given.

    Raises ClientError (ParamValidationError) or Refusal.
    """
    rows = MEMBERS[table]
    present = {name: value for name, value in given.items() if value is not None}
    for name, member in rows.items():
        if member.refused is not None and name in present:
            if present[name] not in member.harmless:
                raise Refusal(f"{name} is not supported by the local DynamoDB stand-in: {member.refused}")
            del present[name]
    parameters.check(operation_name, _RULES[table], present)
    problems = [
        constraint(name, None, "Member must not be null")
        for name, member in rows.items()
        if member.required and name not in present
    ]
    for name, value in present.items():
        problems += _out_of_bounds(name, rows[name], value)
    refuse_all(problems)
    return present


def refuse_all(problems: list[str]) -> None:
    """Refuse a request for the constraints it fails, in AWS's words; nothing if there are none."""
    if problems:
        count = f"{len(problems)} validation error{'' if len(problems) == 1 else 's'} detected"
        raise Refusal(f"{count}: {'; '.join(problems)}")


def constraint(name: str, value: object, rule: str) -> str:
    """One failed constraint; `name` is the member with AWS's capital letter, or a path below it."""
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{name[0].lower() + name[1:]}' failed to satisfy constraint: {rule}"


def _out_of_bounds(name: str, member: Member, value: Any) -> list[str]:
    if member.choices and value not in member.choices:
        return [constraint(name, value, f"Member must satisfy enum value set: [{', '.join(member.choices)}]")]
    sized = not isinstance(value, int)
    amount = "length" if sized else "value"
    bounded = len(value) if sized and (member.least, member.most) != (None, None) else value
    if member.least is not None and bounded < member.least:
        return [constraint(name, value, f"Member must have {amount} greater than or equal to {member.least}")]
    if member.most is not None and bounded > member.most:
        return [constraint(name, value, f"Member must have {amount} less than or equal to {member.most}")]
    return []


@dataclass(frozen=True, slots=True)
class Expressions:
    """The parsed expressions of one request."""

    condition: Condition | None = None
    key_condition: Condition | None = None
    filter: Condition | None = None
    projection: list[Path] | None = None
    update: list[Action] | None = None


_EXPRESSIONS = {  # in AWS's order
    "UpdateExpression": "update",
    "ConditionExpression": "condition",
    "KeyConditionExpression": "key_condition",
    "FilterExpression": "filter",
    "ProjectionExpression": "projection",
}


def parse(request: Request, *names: str) -> Expressions:
    """Parse those of the named expressions that the request has, with the placeholders that they share."""
    given = [name for name in _EXPRESSIONS if name in names and name in request]
    if "ExpressionAttributeNames" in request and not given:
        raise Refusal("ExpressionAttributeNames can only be specified when using expressions")
    taking_values = [name for name in names if name != "ProjectionExpression"]
    if "ExpressionAttributeValues" in request and not set(taking_values) & set(given):
        raise Refusal("ExpressionAttributeValues can only be specified when using expressions")
    placeholders = Placeholders(request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues"))
    parsed: dict[str, Any] = {}
    for name in given:
        parser = Parser(name, request[name], placeholders)
        kind = _EXPRESSIONS[name]
        parsed[kind] = {"update": parser.update, "projection": parser.projection}.get(kind, parser.condition)()
    placeholders.check_used()
    return Expressions(**parsed)


def capacity(request: Request, table: str, units: float) -> Answer:
    """`{"ConsumedCapacity": ...}` if the request asks for it, else nothing to merge into the answer."""
    wanted = request.get("ReturnConsumedCapacity", "NONE")
    return {} if wanted == "NONE" else {"ConsumedCapacity": consumed(wanted, table, units)}


def consumed(wanted: str, table: str, units: float) -> Answer:
    """One ConsumedCapacity."""
    answer: Answer = {"TableName": table, "CapacityUnits": float(units)}
    if wanted == "INDEXES":
        answer["Table"] = {"CapacityUnits": float(units)}
    return answer


def read_units(size: int, consistent: bool) -> float:
    """Capacity of reading `size` bytes: one unit per 4 KB begun, half of it for an eventually consistent read."""
    return max(-(-size // 4096), 1) * (1.0 if consistent else 0.5)


def write_units(*sizes: int) -> float:
    """Capacity of a write: one unit per KB begun of the larger of the item before and after it."""
    return float(max(-(-max(sizes) // 1024), 1))
