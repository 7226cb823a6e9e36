"""Operations on items by their key: get, put, update, delete, and many of them at once.

Knows: how a write is checked and done. Must never know: how an expression is written, or how a file looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from asl_local.services.dynamodb import evaluate
from asl_local.services.dynamodb.keys import EMPTY_KEY, Schema
from asl_local.services.dynamodb.requests import (
    Answer,
    Request,
    capacity,
    checked,
    constraint,
    consumed,
    parse,
    read_units,
    refuse_all,
    write_units,
)
from asl_local.services.dynamodb.syntax import Action, Condition, Path, paths_of
from asl_local.services.dynamodb.values import (
    INVALID,
    ITEM_LIMIT,
    Item,
    Refusal,
    accept_item,
    give_item,
    malformed,
    size_of_item,
    wrong_type,
)

if TYPE_CHECKING:
    from asl_local.services.dynamodb.storage import Folder, TableFile

BATCH_LIMIT = 16 * 1024 * 1024  # bytes that one BatchGetItem returns
TRANSACTION_LIMIT = 4 * 1024 * 1024  # bytes that one TransactWriteItems writes
NOT_FOUND = "Requested resource not found"


class Table(NamedTuple):
    """An existing table: its name, file, and key."""

    name: str
    file: TableFile
    schema: Schema


def open_table(folder: Folder, name: str) -> Table:
    """The table of that name or ARN. Raises Refusal (ResourceNotFoundException)."""
    name = table_name(folder, name)
    folder.recover()
    file = folder.table(name)
    description = file.description()
    if description is None:
        raise Refusal(NOT_FOUND, "ResourceNotFoundException")
    return Table(name, file, Schema.of(description))


def table_name(folder: Folder, name: str, *, least: int = 1) -> str:
    """The table's name, out of its name or ARN; it can be part of a file's name. Raises Refusal."""
    name = name.removeprefix(folder.arn)
    problem = None
    if len(name) < least:
        problem = f"Member must have length greater than or equal to {least}"
    elif len(name) > 255:
        problem = "Member must have length less than or equal to 255"
    elif not re.fullmatch("[a-zA-Z0-9_.-]+", name):
        problem = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    if problem is not None:
        refuse_all([constraint("TableName", name, problem)])
    return name


def check_paths(paths: Iterable[Path], schema: Schema) -> None:
    """Refuse paths that reach into a key attribute."""
    for path in paths:
        if len(path.parts) > 1 and path.parts[0] in schema.names:
            raise Refusal(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"Key: {path.parts[0]}"
            )


class Write(NamedTuple):
    """One write, checked as far as that goes without its table."""

    kind: str  # Put, Update, Delete, ConditionCheck
    target: Item  # the item of a Put, the Key of the others
    condition: Condition | None = None
    actions: list[Action] | None = None
    reveal: bool = False  # whether a failed condition shows the item

    def check(self, schema: Schema) -> None:
        """Refuse what does not fit the table."""
        if self.kind == "Put":
            schema.check_item(self.target)
        else:
            schema.check_key(self.target)
        for action in self.actions or ():
            if action.path.parts[0] in schema.names and len(action.path.parts) == 1:
                raise Refusal(
                    INVALID + f"Cannot update attribute {action.path.parts[0]}. This attribute is part of the key"
                )
        check_paths((action.path for action in self.actions or ()), schema)
        check_paths(paths_of(self.condition), schema)

    def outcome(self, old: Item | None) -> Item | None:
        """The item after the write, None for none. Raises Refusal for a condition that fails, among others."""
        if self.condition is not None and not evaluate.holds(self.condition, old or {}):
            members = {"Item": give_item(old)} if self.reveal and old is not None else {}
            raise Refusal("The conditional request failed", "ConditionalCheckFailedException", **members)
        if self.kind == "Put":
            return self.target
        if self.kind == "Delete":
            return None
        if self.kind == "ConditionCheck":
            return old
        if old is None and self.actions and all(action.section in {"REMOVE", "DELETE"} for action in self.actions):
            return None  # as on AWS: taking away from an item that is not there makes none
        new = evaluate.update(self.actions or (), self.target if old is None else old)
        if size_of_item(new) > ITEM_LIMIT:
            raise Refusal("Item size to update has exceeded the maximum allowed size")
        return new


def prepare(kind: str, request: Request) -> Write:
    """The write that a PutItem, UpdateItem, DeleteItem or ConditionCheck request asks for."""
    name = "Item" if kind == "Put" else "Key"
    target = accept_item(request[name], name)
    if kind == "Put":
        check_size(target)
    wanted = ("UpdateExpression", "ConditionExpression") if kind == "Update" else ("ConditionExpression",)
    parsed = parse(request, *wanted)
    reveal = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Write(kind, target, parsed.condition, parsed.update, reveal)


def check_size(item: Item) -> None:
    """Refuse an item over 400 KB."""
    if size_of_item(item) > ITEM_LIMIT:
        raise Refusal("Item size has exceeded the maximum allowed size")


def write(folder: Folder, kind: str, request: Request) -> Answer:
    """PutItem, UpdateItem or DeleteItem."""
    returned = request.get("ReturnValues", "NONE")
    if kind != "Update" and returned not in {"ALL_OLD", "NONE"}:
        raise Refusal("ReturnValues can only be ALL_OLD or NONE")
    one = prepare(kind, request)
    open_table(folder, request["TableName"])  # before the lock, which would make the folder
    with folder.writing():
        table = open_table(folder, request["TableName"])
        one.check(table.schema)
        key = table.schema.text(one.target)
        old = table.file.get(key)
        new = one.outcome(old)
        if new is not None or old is not None:
            table.file.apply({key: new})
    units = write_units(*(size_of_item(item) for item in (old, new) if item is not None), 0)
    return {**_attributes(returned, one, old, new), **capacity(request, table.name, units)}


def _attributes(returned: str, one: Write, old: Item | None, new: Item | None) -> Answer:
    item = new if returned.endswith("_NEW") else old
    if returned == "NONE" or item is None:
        return {}
    if returned.startswith("UPDATED_"):
        item = evaluate.project((action.path for action in one.actions or ()), item)
    return {"Attributes": give_item(item)} if item else {}


def get(folder: Folder, request: Request) -> Answer:
    """GetItem. `ConsistentRead` costs more and changes nothing: every read here is consistent."""
    key = accept_item(request["Key"], "Key")
    projection = parse(request, "ProjectionExpression").projection
    table = open_table(folder, request["TableName"])
    table.schema.check_key(key)
    check_paths(projection or (), table.schema)
    item = table.file.get(table.schema.text(key))
    units = read_units(size_of_item(item or {}), request.get("ConsistentRead", False))
    answer = capacity(request, table.name, units)
    if item is not None:
        answer["Item"] = give_item(item if projection is None else evaluate.project(projection, item))
    return answer


def batch_get(folder: Folder, request: Request) -> Answer:
    """BatchGetItem: up to 100 keys and 16 MB; keys beyond the 16 MB come back as UnprocessedKeys."""
    wanted = {}
    for name, given in _tables("BatchGetItem", request):
        if not isinstance(given, Mapping):
            raise wrong_type(f"RequestItems.{name}", given, "<class 'dict'>")
        part = checked("BatchGetItem", "BatchGetItem.RequestItems", given)
        if not 1 <= len(part["Keys"]) <= 100:
            bound = "less than or equal to 100" if part["Keys"] else "greater than or equal to 1"
            where = f"Value at 'RequestItems.{name}.member.Keys'"
            refuse_all([f"{where} failed to satisfy constraint: Member must have length {bound}"])
        keys = [accept_item(key, f"RequestItems.{name}.Keys[{i}]") for i, key in enumerate(part["Keys"])]
        wanted[name] = part, keys, parse(part, "ProjectionExpression").projection
    if sum(len(keys) for _, keys, _ in wanted.values()) > 100:
        raise Refusal("Too many items requested for the BatchGetItem call")
    answer: Answer = {"Responses": {}, "UnprocessedKeys": {}}
    used, total = [], 0
    for name, (part, keys, projection) in wanted.items():
        table = open_table(folder, name)
        check_paths(projection or (), table.schema)
        for key in keys:
            table.schema.check_key(key)
        texts = [table.schema.text(key) for key in keys]
        _check_distinct([(table.name, text) for text in texts])
        found: list[Any] = []
        units = 0.0
        for i, text in enumerate(texts):
            item = table.file.get(text)
            size = size_of_item(item or {})
            if total + size > BATCH_LIMIT:
                answer["UnprocessedKeys"][name] = {**part, "Keys": list(part["Keys"][i:])}
                break
            total += size
            units += read_units(size, part.get("ConsistentRead", False))
            if item is not None:
                found.append(give_item(item if projection is None else evaluate.project(projection, item)))
        answer["Responses"][name] = found
        used.append((table.name, units))
    return {**answer, **_all_consumed(request, used)}


def batch_write(folder: Folder, request: Request) -> Answer:
    """BatchWriteItem: up to 25 puts and deletes, each table written once.

    Nothing is written if anything is refused. Tables are written one after the other, as AWS promises no more than
    that each single put or delete is atomic.
    """
    writes: dict[str, list[Write]] = {}
    for name, given in _tables("BatchWriteItem", request):
        writes[name] = [
            _batch_entry(f"RequestItems.{name}[{i}]", entry) for i, entry in enumerate(_listed(name, given))
        ]
        if not 1 <= len(given) <= 25:
            rule = (
                "Member must have length less than or equal to 25, Member must have length greater than or equal to 1"
            )
            refuse_all([constraint("RequestItems", given, f"Map value must satisfy constraint: [{rule}]")])
    if sum(map(len, writes.values())) > 25:
        raise Refusal("Too many items requested for the BatchWriteItem call")
    for name in writes:
        open_table(folder, name)
    used = []
    with folder.writing():
        prepared = []
        for name, group in writes.items():
            table = open_table(folder, name)
            for one in group:
                table.schema.check_key_in(one.target)
            prepared += [(table, table.schema.text(one.target), one) for one in group]
        _check_distinct([(table.name, key) for table, key, _ in prepared])
        for file in {table.name: table.file for table, _, _ in prepared}.values():
            changes = {key: one.outcome(None) for table, key, one in prepared if table.file is file}
            used.append((file.name, sum(_units(file.get(key), new) for key, new in changes.items())))
            file.apply(changes)
    return {"UnprocessedItems": {}, **_all_consumed(request, used)}


def _tables(operation: str, request: Request) -> list[tuple[str, Any]]:
    if not request["RequestItems"]:
        raise Refusal(f"The requestItems parameter is required for {operation}")
    return list(request["RequestItems"].items())


def _listed(name: str, given: object) -> list[Any] | tuple[Any, ...]:
    if not isinstance(given, (list, tuple)):
        raise wrong_type(f"RequestItems.{name}", given, "<class 'list'>", "<class 'tuple'>")
    return given


def transact_write(folder: Folder, request: Request) -> Answer:
    """TransactWriteItems: up to 100 writes and checks of distinct items, all of them or none, over any tables."""
    entries = [_transact_entry(i, entry) for i, entry in enumerate(request["TransactItems"])]
    for name, _ in entries:
        open_table(folder, name)
    with folder.writing():
        changes: dict[str, dict[str, Item | None]] = {}
        used: dict[str, float] = {}
        reasons: list[dict[str, Any]] = []
        seen: set[tuple[str, str]] = set()
        for name, one in entries:
            table = open_table(folder, name)
            try:
                one.check(table.schema)
            except Refusal as refusal:
                if refusal.message.startswith(EMPTY_KEY):  # AWS looks for these before it starts
                    raise
                reasons.append(_reason(refusal))
                continue
            key = table.schema.text(one.target)
            if (table.name, key) in seen:
                raise Refusal("Transaction request cannot include multiple operations on one item")
            seen.add((table.name, key))
            old = table.file.get(key)
            try:
                new = one.outcome(old)
            except Refusal as refusal:
                reasons.append(_reason(refusal))
                continue
            reasons.append({"Code": "None"})
            used[table.name] = used.get(table.name, 0.0) + 2 * _units(old, new)
            if one.kind != "ConditionCheck":
                changes.setdefault(table.name, {})[key] = new
        if sum(size_of_item(item) for group in changes.values() for item in group.values() if item) > TRANSACTION_LIMIT:
            raise Refusal(f"The items of the transaction exceed the maximum allowed size of {TRANSACTION_LIMIT} bytes")
        codes = [reason["Code"] for reason in reasons]
        if set(codes) != {"None"}:
            raise Refusal(
                f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]",
                "TransactionCanceledException",
                CancellationReasons=reasons,
            )
        folder.commit(changes)
    return _all_consumed(request, list(used.items()))


def _reason(refusal: Refusal) -> dict[str, Any]:
    failed = refusal.code == "ConditionalCheckFailedException"
    code = "ConditionalCheckFailed" if failed else "ValidationError"
    return {"Code": code, "Message": refusal.message, **refusal.members}


def _transact_entry(i: int, entry: object) -> tuple[str, Write]:
    where = f"TransactItems[{i}]"
    if not isinstance(entry, Mapping):
        raise wrong_type(where, entry, "<class 'dict'>")
    kinds = ("ConditionCheck", "Put", "Delete", "Update")
    for kind in entry:
        if kind not in kinds:
            raise malformed(f'Unknown parameter in {where}: "{kind}", must be one of: {", ".join(kinds)}')
    if len(entry) != 1:
        raise Refusal("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, given),) = entry.items()
    if not isinstance(given, Mapping):
        raise wrong_type(f"{where}.{kind}", given, "<class 'dict'>")
    part = checked("TransactWriteItems", f"TransactWriteItems.{kind}", given)
    return part["TableName"], prepare(kind, part)


_BATCH_ENTRIES = {"PutRequest": ("Put", "Item"), "DeleteRequest": ("Delete", "Key")}


def _batch_entry(where: str, entry: object) -> Write:
    if not isinstance(entry, Mapping):
        raise wrong_type(where, entry, "<class 'dict'>")
    for name in entry:
        if name not in _BATCH_ENTRIES:
            raise malformed(f'Unknown parameter in {where}: "{name}", must be one of: PutRequest, DeleteRequest')
    if len(entry) != 1:
        raise Refusal(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        )
    ((name, request),) = entry.items()
    kind, member = _BATCH_ENTRIES[name]
    if not isinstance(request, Mapping):
        raise wrong_type(f"{where}.{name}", request, "<class 'dict'>")
    if set(request) != {member}:
        raise malformed(f'{where}.{name} takes exactly one member, "{member}"')
    item = accept_item(request[member], f"{where}.{name}.{member}")
    if kind == "Put":
        check_size(item)
    return Write(kind, item)


def _check_distinct(keys: list[tuple[str, str]]) -> None:
    if len(set(keys)) < len(keys):
        raise Refusal("Provided list of item keys contains duplicates")


def _units(old: Item | None, new: Item | None) -> float:
    return write_units(size_of_item(old or {}), size_of_item(new or {}))


def _all_consumed(request: Request, used: list[tuple[str, float]]) -> Answer:
    wanted = request.get("ReturnConsumedCapacity", "NONE")
    return {} if wanted == "NONE" else {"ConsumedCapacity": [consumed(wanted, name, units) for name, units in used]}
