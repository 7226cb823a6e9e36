"""Query and Scan: pages of items in the order of their keys.

Knows: pages, filters, projections. Must never know: how an expression is written, or how a file looks.
"""

from __future__ import annotations

import bisect
import zlib
from typing import TYPE_CHECKING, Any

from asl_local.services.dynamodb import evaluate
from asl_local.services.dynamodb.items import Table, check_paths, open_table
from asl_local.services.dynamodb.keys import KeyCondition, key_condition
from asl_local.services.dynamodb.requests import Answer, Expressions, Request, capacity, parse, read_units
from asl_local.services.dynamodb.syntax import paths_of
from asl_local.services.dynamodb.values import Item, Refusal, accept_item, give_item, order_of, size_of_item

if TYPE_CHECKING:
    from asl_local.services.dynamodb.storage import Folder

PAGE_LIMIT = 1024 * 1024  # bytes that one request reads, before any filter
BAD_START = "The provided starting key is invalid"


def query(folder: Folder, request: Request) -> Answer:
    """Query: the items of one partition in the order of the sort key, or backwards."""
    _check_select(request)
    parsed = parse(request, "FilterExpression", "KeyConditionExpression", "ProjectionExpression")
    if parsed.key_condition is None:
        raise Refusal("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    start = _start(request)
    table = open_table(folder, request["TableName"])
    asked = key_condition(parsed.key_condition, table.schema)
    for path in paths_of(parsed.filter):
        if path.parts[0] in table.schema.names:
            raise Refusal(
                f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {path.parts[0]}"
            )
    items = _partition(table, asked)
    backwards = request.get("ScanIndexForward") is False
    if backwards:
        items = items[::-1]
    if start is not None:
        _check_start(start, table)
        _check_start_of_query(start, table, asked)
        items = _after(items, table.schema.order(start), backwards)
    return _page(request, table, parsed, [item for _, item in items])


def scan(folder: Folder, request: Request) -> Answer:
    """Scan: all items, in the order of their keys (AWS promises no order at all), or one segment of them."""
    _check_select(request)
    parsed = parse(request, "FilterExpression", "ProjectionExpression")
    start = _start(request)
    segment, segments = _segment(request)
    table = open_table(folder, request["TableName"])
    items = table.file.ordered(table.schema.order)
    if start is not None:
        _check_start(start, table)
        items = _after(items, table.schema.order(start), backwards=False)
    chosen = [item for _, item in items]
    if segments > 1:
        chosen = [item for item in chosen if _segment_of(item, table, segments) == segment]
        if start is not None and _segment_of(start, table, segments) != segment:
            raise Refusal("The provided starting key is outside query boundaries based on provided conditions")
    return _page(request, table, parsed, chosen)


def _partition(table: Table, asked: KeyCondition) -> list[tuple[Any, Item]]:
    ordered = table.file.ordered(table.schema.order)
    wanted = order_of(asked.partition)
    first = bisect.bisect_left(ordered, wanted, key=lambda row: row[0][0])
    last = bisect.bisect_right(ordered, wanted, lo=first, key=lambda row: row[0][0])
    sort = table.schema.sort
    if sort is None:
        return ordered[first:last]
    return [row for row in ordered[first:last] if asked.allows(row[1][sort.name])]


def _after(items: list[tuple[Any, Item]], start: Any, backwards: bool) -> list[tuple[Any, Item]]:
    """The items past the key, which need not be there any more."""
    if backwards:
        return [row for row in items if row[0] < start]
    return items[bisect.bisect_right(items, start, key=lambda row: row[0]) :]


def _segment(request: Request) -> tuple[int, int]:
    segment, segments = request.get("Segment"), request.get("TotalSegments")
    if segment is None and segments is None:
        return 0, 1
    if segments is None:
        raise Refusal(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
        )
    if segment is None:
        raise Refusal(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
        )
    if segment >= segments:
        raise Refusal(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {segments}"
        )
    return segment, segments


def _segment_of(item: Item, table: Table, segments: int) -> int:
    partition = table.schema.partition
    return zlib.crc32(item[partition.name][partition.type].encode()) % segments


def _start(request: Request) -> Item | None:
    if "ExclusiveStartKey" not in request:
        return None
    try:
        return accept_item(request["ExclusiveStartKey"], "ExclusiveStartKey")
    except Refusal as refusal:
        if refusal.code != "ValidationException":
            raise
        raise Refusal(f"{BAD_START}: {refusal.message}") from None


def _check_start(start: Item, table: Table) -> None:
    try:
        table.schema.check_key(start)
    except Refusal as refusal:
        raise Refusal(f"{BAD_START}: {refusal.message}") from None


def _check_start_of_query(start: Item, table: Table, asked: KeyCondition) -> None:
    if start[table.schema.partition.name] != asked.partition:
        raise Refusal("The provided starting key is outside query boundaries based on provided conditions")
    if table.schema.sort is not None and not asked.allows(start[table.schema.sort.name]):
        raise Refusal("The provided starting key does not match the range key predicate")


def _check_select(request: Request) -> None:
    select, projected = request.get("Select"), "ProjectionExpression" in request
    if select == "ALL_PROJECTED_ATTRIBUTES":
        raise Refusal("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if select == "SPECIFIC_ATTRIBUTES" and not projected:
        raise Refusal(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if projected and select in {"ALL_ATTRIBUTES", "COUNT"}:
        what = "only the Count" if select == "COUNT" else select
        raise Refusal(f"Cannot specify the ProjectionExpression when choosing to get {what}")


def _page(request: Request, table: Table, parsed: Expressions, items: list[Item]) -> Answer:
    """As many items as one page reads, filtered and projected.

    A page ends at Limit or once 1 MB has been read; LastEvaluatedKey then tells where, even if that was the last item.
    """
    check_paths((*paths_of(parsed.filter), *(parsed.projection or ())), table.schema)
    limit = request.get("Limit", len(items) + 1)
    found, size, read = [], 0, 0
    ended = False
    for item in items:
        read += 1
        size += size_of_item(item)
        if parsed.filter is None or evaluate.holds(parsed.filter, item):
            found.append(item)
        ended = read >= limit or size >= PAGE_LIMIT
        if ended:
            break
    answer: Answer = {"Count": len(found), "ScannedCount": read}
    if request.get("Select") != "COUNT":
        paths = parsed.projection
        answer["Items"] = [give_item(item if paths is None else evaluate.project(paths, item)) for item in found]
    if ended:
        answer["LastEvaluatedKey"] = give_item(table.schema.key_of(items[read - 1]))
    return {**answer, **capacity(request, table.name, read_units(size, request.get("ConsistentRead", False)))}
