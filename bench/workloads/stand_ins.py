"""The stand-ins of S3 and DynamoDB, per operation, against plain files and a bare TinyDB.

Knows: boto3's shapes, files, TinyDB. Must never know: how anything is timed.
`size` counts the objects or items that are there; each call is one operation.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tinydb import TinyDB, where
from tinydb.middlewares import CachingMiddleware
from tinydb.storages import JSONStorage
from tinydb.table import Document

from asl_local import LocalAWS
from workloads.base import Side, Sides, Workload

_T = TypeVar("_T")

BODY = bytes(range(256)) * 64  # 16 KiB
HERE = {"Bucket": "bench"}


def _in_turn(make: Callable[[int], _T]) -> Callable[[], _T]:
    """What `make` makes of 0, 1, 2, ...: one a call."""
    turns = itertools.count()
    return lambda: make(next(turns))


def _objects(size: int) -> tuple[Any, Path, tempfile.TemporaryDirectory[str]]:
    """A bucket with objects, a plain folder with equal files, and the folder to be removed in the end."""
    folder = tempfile.TemporaryDirectory()
    s3, plain = LocalAWS(Path(folder.name, "aws")).client("s3"), Path(folder.name, "plain")
    s3.create_bucket(**HERE)
    plain.mkdir()
    for number in range(size):
        s3.put_object(**HERE, Key=f"object-{number:06}", Body=BODY)
        (plain / f"object-{number:06}").write_bytes(BODY)
    return s3, plain, folder


def _s3_put(size: int) -> Sides:
    s3, plain, folder = _objects(size)

    def by_hand(key: str, body: bytes) -> str:
        staged = plain / f".{key}"
        with staged.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(plain / key)
        return key

    def put(key: str, body: bytes) -> str:
        s3.put_object(**HERE, Key=key, Body=body)
        return key

    def bodies() -> Callable[[], tuple[str, bytes]]:
        return _in_turn(lambda turn: (f"object-{turn % size:06}", BODY[:-8] + turn.to_bytes(8, "big")))

    return Sides(
        Side(by_hand, bodies(), lambda key: (plain / key).read_bytes()),
        {"call": Side(put, bodies(), lambda key: s3.get_object(**HERE, Key=key)["Body"].read())},
        folder.cleanup,
    )


def _s3_get(size: int) -> Sides:
    s3, plain, folder = _objects(size)

    def keys() -> Callable[[], tuple[str]]:
        return _in_turn(lambda turn: (f"object-{turn % size:06}",))

    return Sides(
        Side(lambda key: (plain / key).read_bytes(), keys()),
        {"call": Side(lambda key: s3.get_object(**HERE, Key=key)["Body"].read(), keys())},
        folder.cleanup,
    )


def _s3_list(size: int) -> Sides:
    s3, plain, folder = _objects(size)

    def by_hand() -> list[dict[str, Any]]:
        found = []
        with os.scandir(plain) as entries:
            for entry in entries:
                state = entry.stat()
                found.append({"Key": entry.name, "Size": state.st_size, "LastModified": state.st_mtime})
        return sorted(found, key=lambda each: each["Key"])[:1000]

    def told(found: list[dict[str, Any]]) -> list[tuple[str, int]]:
        return [(each["Key"], each["Size"]) for each in found]

    return Sides(
        Side(by_hand, answer=told),
        {"call": Side(lambda: s3.list_objects_v2(**HERE)["Contents"], answer=told)},
        folder.cleanup,
    )


def _item(number: int, seen: int = 0) -> dict[str, Any]:
    return {
        "shop": f"shop {number % 20}",
        "order": number,
        "seen": seen,
        "lines": ["pen", "ink", "paper"],
        "paid": True,
    }


def _key(number: int) -> dict[str, Any]:
    return {"shop": {"S": f"shop {number % 20}"}, "order": {"N": str(number)}}


def _typed(item: dict[str, Any]) -> dict[str, Any]:
    """An item as boto3's client has it."""
    return {
        "shop": {"S": item["shop"]},
        "order": {"N": str(item["order"])},
        "seen": {"N": str(item["seen"])},
        "lines": {"L": [{"S": line} for line in item["lines"]]},
        "paid": {"BOOL": item["paid"]},
    }


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "shop": item["shop"]["S"],
        "order": int(item["order"]["N"]),
        "seen": int(item["seen"]["N"]),
        "lines": [line["S"] for line in item["lines"]["L"]],
        "paid": item["paid"]["BOOL"],
    }


def _tables(size: int, *, cached: bool) -> tuple[Any, Any, Callable[[], None]]:
    """A DynamoDB table with items, a table of a bare TinyDB with the same ones, and what takes both away."""
    folder = tempfile.TemporaryDirectory()
    dynamodb = LocalAWS(Path(folder.name, "aws")).client("dynamodb")
    dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "shop", "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "shop", "AttributeType": "S"},
            {"AttributeName": "order", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for numbers in _pages(size):
        requests = [{"PutRequest": {"Item": _typed(_item(number))}} for number in numbers]
        dynamodb.batch_write_item(RequestItems={"orders": requests})
    storage = CachingMiddleware(JSONStorage) if cached else JSONStorage
    database = TinyDB(Path(folder.name, "tiny.json"), storage=storage)
    table = database.table("orders")
    table.insert_multiple(Document(_item(number), number) for number in range(size))

    def close() -> None:
        database.close()
        folder.cleanup()

    return dynamodb, table, close


def _pages(size: int) -> Iterator[range]:
    for first in range(0, size, 25):
        yield range(first, min(size, first + 25))


def _dynamodb_put(size: int) -> Sides:
    dynamodb, table, close = _tables(size, cached=False)

    def by_hand(item: dict[str, Any]) -> int:
        table.upsert(Document(item, item["order"]))
        return int(item["order"])

    def put(item: dict[str, Any]) -> int:
        dynamodb.put_item(TableName="orders", Item=item)
        return int(item["order"]["N"])

    def read(number: int) -> dict[str, Any]:
        return _plain(dynamodb.get_item(TableName="orders", Key=_key(number))["Item"])

    return Sides(
        Side(
            by_hand, _in_turn(lambda turn: (_item(turn % size, turn),)), lambda number: dict(table.get(doc_id=number))
        ),
        {"call": Side(put, _in_turn(lambda turn: (_typed(_item(turn % size, turn)),)), read)},
        close,
    )


def _dynamodb_get(size: int) -> Sides:
    dynamodb, table, close = _tables(size, cached=True)

    def get(key: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = dynamodb.get_item(TableName="orders", Key=key)["Item"]
        return found

    return Sides(
        Side(lambda number: table.get(doc_id=number), _in_turn(lambda turn: (turn % size,)), dict),
        {"call": Side(get, _in_turn(lambda turn: (_key(turn % size),)), _plain)},
        close,
    )


def _dynamodb_query(size: int) -> Sides:
    """Each call asks for other items: TinyDB remembers its last searches."""
    dynamodb, table, close = _tables(size, cached=True)
    names = {"#shop": "shop", "#order": "order"}

    def query(first: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = dynamodb.query(
            TableName="orders",
            KeyConditionExpression="#shop = :shop AND #order >= :first",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":shop": {"S": "shop 7"}, ":first": {"N": str(first)}},
        )["Items"]
        return found

    def by_hand(first: int) -> list[Any]:
        found = table.search((where("shop") == "shop 7") & (where("order") >= first))
        return sorted(found, key=lambda item: item["order"])

    def firsts() -> Callable[[], tuple[int]]:
        return _in_turn(lambda turn: (turn * 37 % size,))

    return Sides(
        Side(by_hand, firsts(), lambda found: [dict(item) for item in found]),
        {"call": Side(query, firsts(), lambda found: [_plain(item) for item in found])},
        close,
    )


WORKLOADS = [
    Workload(
        "s3-put", "S3's put_object of 16 KiB", "a file written, synced to the disk and renamed", 200, 3,
        _s3_put, items="objects",
    ),
    Workload("s3-get", "S3's get_object of 16 KiB", "`read_bytes` of the file", 200, 3, _s3_get, items="objects"),
    Workload("s3-list", "S3's list_objects_v2 of 1,000 objects", "scandir, stat and a sort", 1_000, 5, _s3_list, items="objects"),
    Workload(
        "dynamodb-put", "DynamoDB's put_item in a table of 1,000 items", "`upsert` of a bare TinyDB, which is never synced to the disk",
        1_000, 5, _dynamodb_put,
    ),
    Workload(
        "dynamodb-get", "DynamoDB's get_item from 1,000 items", "`get` by its number of a bare TinyDB, cached in memory", 1_000, 5,
        _dynamodb_get,
    ),
    Workload(
        "dynamodb-query", "DynamoDB's query of about 25 items of 1,000", "`search` of a bare TinyDB, cached in memory, and a sort", 1_000, 40,
        _dynamodb_query,
    ),
]  # fmt: skip
