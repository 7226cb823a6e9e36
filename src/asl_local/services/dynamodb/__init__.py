"""A local DynamoDB on TinyDB, with boto3's client methods.

Knows: tables and which operations there are. Must never know: state machines, or who calls.

What it is not: there are no secondary indexes, streams, TTL, PartiQL or legacy parameters, and asking for one is
refused, never ignored. Reads are always consistent. Writes are durable when they return (see `storage`). Every table that
is used is in memory: right for thousands of items, not for millions.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from asl_local.services.dynamodb import items, reads, values
from asl_local.services.dynamodb.requests import Answer, Request, constraint, operation, refuse_all
from asl_local.services.dynamodb.values import INVALID, Refusal, wrong_type
from asl_local.services.errors import ExceptionNames, client_error
from asl_local.services.parameters import no_operation
from asl_local.values import copy

if TYPE_CHECKING:
    from asl_local.services.dynamodb.storage import Folder

__all__ = ["DynamoDB", "binary_from_json", "binary_to_json"]

binary_to_json = values.binary_to_json


def binary_from_json(parameters: Any, operation_name: str) -> Any:
    """A copy of request parameters given as JSON (by a state machine), with the base64 text of B and BS as bytes.

    Raises ClientError (SerializationException) for text that is not base64; `operation_name` is such as `PutItem`.
    """
    try:
        return values.binary_from_json(parameters)
    except Refusal as refusal:
        raise client_error(refusal.code, refusal.message, operation_name) from None


class DynamoDB:
    """The client: boto3's method names, parameters, answers and errors, over one folder.

    One JSON file per table lies in `folder`, which is made by the first `create_table`; beside that of a large table its
    newest changes. Any number of clients, threads and processes may share it. `now` gives seconds since 1970 and is
    asked when a table is made.
    """

    exceptions = ExceptionNames(
        "ConditionalCheckFailedException",
        "InternalServerError",
        "ParamValidationError",
        "ResourceInUseException",
        "ResourceNotFoundException",
        "SerializationException",
        "TransactionCanceledException",
        "ValidationException",
    )

    def __init__(
        self,
        folder: Path,
        *,
        region: str = "us-east-1",
        account: str = "123456789012",
        now: Callable[[], float] | None = None,
    ) -> None:
        self._path = folder
        self._arn = f"arn:aws:dynamodb:{region}:{account}:table/"
        self._now = time.time if now is None else now
        self._opening = threading.Lock()
        self._opened: Folder | None = None

    @property
    def _folder(self) -> Folder:
        with self._opening:
            if self._opened is None:
                from asl_local.services.dynamodb.storage import Folder  # noqa: PLC0415 - TinyDB only when it is used

                self._opened = Folder(self._path, self._arn)
            return self._opened

    def __getattr__(self, name: str) -> NoReturn:
        no_operation(self, "DynamoDB", name)

    @operation("CreateTable")
    def create_table(self, request: Request) -> Answer:
        """Make a table; it is ACTIVE at once.

        `TableName`, `AttributeDefinitions`, `KeySchema` (HASH, or HASH and RANGE), `BillingMode` and
        `ProvisionedThroughput`. Raises ResourceInUseException if there is one of that name, ValidationException.
        """
        name = items.table_name(self._folder, request["TableName"], least=3)
        description = {
            "TableName": name,
            **_keys(request),
            "TableStatus": "ACTIVE",
            "CreationDateTime": self._now(),
            "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **_throughput(request)},
            "TableArn": self._arn + name,
            "TableId": str(uuid.uuid4()),
            "DeletionProtectionEnabled": False,
        }
        if request.get("BillingMode") == "PAY_PER_REQUEST":
            description["BillingModeSummary"] = {
                "BillingMode": "PAY_PER_REQUEST",
                "LastUpdateToPayPerRequestDateTime": description["CreationDateTime"],
            }
        with self._folder.writing():
            file = self._folder.table(name)
            if file.description() is not None:
                raise Refusal(f"Table already exists: {name}", "ResourceInUseException")
            if file.path.exists():
                raise Refusal(f"{file.path} exists already and is not the table {name}", "ResourceInUseException")
            file.create(description)
        return {"TableDescription": self._described(name)}

    @operation("DescribeTable")
    def describe_table(self, request: Request) -> Answer:
        """`{"Table": {...}}` with `ItemCount` and `TableSizeBytes` as of now. Raises ResourceNotFoundException."""
        return {"Table": self._described(request["TableName"])}

    @operation("DeleteTable")
    def delete_table(self, request: Request) -> Answer:
        """Delete a table with all its items. Raises ResourceNotFoundException."""
        self._described(request["TableName"])
        with self._folder.writing():
            description = self._described(request["TableName"])
            self._folder.remove(description["TableName"])
        return {"TableDescription": {**description, "TableStatus": "DELETING"}}

    @operation("ListTables")
    def list_tables(self, request: Request) -> Answer:
        """The names in order, at most `Limit` (100) after `ExclusiveStartTableName`, with LastEvaluatedTableName."""
        names = [name for name in self._folder.names() if name > request.get("ExclusiveStartTableName", "")]
        limit = request.get("Limit", 100)
        more = {"LastEvaluatedTableName": names[limit - 1]} if len(names) > limit else {}
        return {"TableNames": names[:limit], **more}

    @operation("PutItem")
    def put_item(self, request: Request) -> Answer:
        """Put `Item`, in place of the one with its key. `ReturnValues` NONE or ALL_OLD.

        Raises ConditionalCheckFailedException, ResourceNotFoundException, ValidationException.
        """
        return items.write(self._folder, "Put", request)

    @operation("UpdateItem")
    def update_item(self, request: Request) -> Answer:
        """Change the item of `Key` by `UpdateExpression`, or make it. `ReturnValues` also ALL_NEW, UPDATED_OLD,
        UPDATED_NEW.

        Raises ConditionalCheckFailedException, ResourceNotFoundException, ValidationException.
        """
        return items.write(self._folder, "Update", request)

    @operation("DeleteItem")
    def delete_item(self, request: Request) -> Answer:
        """Delete the item of `Key`, if there is one. `ReturnValues` NONE or ALL_OLD.

        Raises ConditionalCheckFailedException, ResourceNotFoundException, ValidationException.
        """
        return items.write(self._folder, "Delete", request)

    @operation("GetItem")
    def get_item(self, request: Request) -> Answer:
        """`{"Item": ...}`, without `Item` if there is none of that `Key`. Raises ResourceNotFoundException."""
        return items.get(self._folder, request)

    @operation("BatchGetItem")
    def batch_get_item(self, request: Request) -> Answer:
        """`{"Responses": {table: [items]}, "UnprocessedKeys": {}}` for up to 100 keys of `RequestItems`."""
        return items.batch_get(self._folder, request)

    @operation("BatchWriteItem")
    def batch_write_item(self, request: Request) -> Answer:
        """Up to 25 PutRequests and DeleteRequests, with one write of the file for each table."""
        return items.batch_write(self._folder, request)

    @operation("TransactWriteItems")
    def transact_write_items(self, request: Request) -> Answer:
        """Up to 100 of Put, Update, Delete and ConditionCheck, over any tables: all of them or none.

        Raises TransactionCanceledException, whose `response["CancellationReasons"]` has one entry for each.
        """
        return items.transact_write(self._folder, request)

    @operation("Query")
    def query(self, request: Request) -> Answer:
        """The items of one partition: `{"Items", "Count", "ScannedCount", "LastEvaluatedKey"?}`."""
        return reads.query(self._folder, request)

    @operation("Scan")
    def scan(self, request: Request) -> Answer:
        """All items of a table, a page at a time: `{"Items", "Count", "ScannedCount", "LastEvaluatedKey"?}`."""
        return reads.scan(self._folder, request)

    def _described(self, name: str) -> dict[str, Any]:
        """The table's description in boto3's shape."""
        name = items.table_name(self._folder, name)
        self._folder.recover()
        file = self._folder.table(name)
        description = copy(file.description())
        if description is None:
            raise Refusal(f"{items.NOT_FOUND}: Table: {name} not found", "ResourceNotFoundException")
        count, size = file.measure()
        for row in (description, description.get("BillingModeSummary", {})):
            for member in ("CreationDateTime", "LastUpdateToPayPerRequestDateTime"):
                if member in row:
                    row[member] = datetime.fromtimestamp(row[member], UTC)
        return {**description, "ItemCount": count, "TableSizeBytes": size}


_ROWS: dict[str, dict[str, tuple[str, ...] | None]] = {
    "AttributeDefinitions": {"AttributeName": None, "AttributeType": ("B", "N", "S")},
    "KeySchema": {"AttributeName": None, "KeyType": ("HASH", "RANGE")},
}


def _rows(member: str, request: Request) -> list[dict[str, str]]:
    rows, problems = [], []
    for i, row in enumerate(request[member], 1):
        if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
            raise wrong_type(f"{member}[{i - 1}]", row, "<class 'dict'>")
        for name, choices in _ROWS[member].items():
            where = f"{member}.{i}.member.{name[0].lower()}{name[1:]}"
            if name not in row:
                problems.append(constraint(where, None, "Member must not be null"))
            elif choices is not None and row[name] not in choices:
                rule = f"Member must satisfy enum value set: [{', '.join(choices)}]"
                problems.append(constraint(where, row[name], rule))
            elif choices is None and not 1 <= len(row[name]) <= 255:
                bound = "greater than or equal to 1" if not row[name] else "less than or equal to 255"
                problems.append(constraint(where, row[name], f"Member must have length {bound}"))
        rows.append(dict(row))
    refuse_all(problems)
    return rows


def _keys(request: Request) -> dict[str, list[dict[str, str]]]:
    """AttributeDefinitions and KeySchema, checked in AWS's order."""
    definitions, schema = _rows("AttributeDefinitions", request), _rows("KeySchema", request)
    keys = [row["AttributeName"] for row in schema]
    defined = [row["AttributeName"] for row in definitions]
    if len(keys) > len(defined):
        raise Refusal("Invalid KeySchema: Some index key attribute have no definition")
    if any(key not in defined for key in keys):
        raise Refusal(
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(keys)}], AttributeDefinitions: [{', '.join(defined)}]"
        )
    if len(set(keys)) < len(keys):
        raise Refusal("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if schema[0]["KeyType"] != "HASH":
        raise Refusal("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) == 2 and schema[1]["KeyType"] != "RANGE":
        raise Refusal("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    if len(keys) != len(defined):
        raise Refusal(
            INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    return {"AttributeDefinitions": definitions, "KeySchema": schema}


def _throughput(request: Request) -> dict[str, int]:
    given = request.get("ProvisionedThroughput")
    names = ("ReadCapacityUnits", "WriteCapacityUnits")
    if request.get("BillingMode") == "PAY_PER_REQUEST":
        if given is not None:
            raise Refusal(
                INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST"
            )
        return dict.fromkeys(names, 0)
    if given is None or set(given) != set(names):
        raise Refusal(
            INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    for name in names:
        if not isinstance(given[name], int) or isinstance(given[name], bool):
            raise wrong_type(f"ProvisionedThroughput.{name}", given[name], "<class 'int'>")
        if given[name] < 1:
            where = f"ProvisionedThroughput.{name[0].lower()}{name[1:]}"
            refuse_all([constraint(where, given[name], "Member must have value greater than or equal to 1")])
    return {name: given[name] for name in names}
