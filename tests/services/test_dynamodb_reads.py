"""Query and Scan: order, ranges, pages, filters, projections, segments."""

import pytest
from dynamodb_helpers import NAME, N, S, make_table, message, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_local.services.dynamodb import DynamoDB


def fill(client, rows):
    rows = list(rows)
    for start in range(0, len(rows), 25):
        client.batch_write_item(
            RequestItems={NAME: [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]}
        )


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Partitions a (sort keys 0 to 11, written backwards), b (one item)."""
    client = make_table(tmp_path_factory.mktemp("reads"), sort="sk:N")
    rows = [{"pk": S("a"), "sk": N(i), "even": {"BOOL": i % 2 == 0}, "x": N(i * i)} for i in reversed(range(12))]
    fill(client, [*rows, {"pk": S("b"), "sk": N(123)}])
    return client


def ask(client, condition="pk = :p", more=None, **request):
    values = {":p": S("a"), **{f":{name}": value for name, value in (more or {}).items()}}
    return client.query(TableName=NAME, KeyConditionExpression=condition, ExpressionAttributeValues=values, **request)


def numbers(answer):
    return [int(item["sk"]["N"]) for item in answer["Items"]]


def test_a_query_gives_one_partition_in_the_order_of_the_sort_key(client):
    answer = ask(client)
    assert numbers(answer) == list(range(12))
    assert (answer["Count"], answer["ScannedCount"]) == (12, 12)
    assert "LastEvaluatedKey" not in answer
    assert numbers(ask(client, ScanIndexForward=False)) == list(range(11, -1, -1))
    nobody = client.query(
        TableName=NAME, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": S("nobody")}
    )
    assert (nobody["Items"], nobody["Count"]) == ([], 0)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("pk = :p AND sk = :c", [3]),
        ("sk = :c and pk = :p", [3]),
        (":p = pk AND :c = sk", [3]),
        ("pk = :p AND sk < :c", [0, 1, 2]),
        ("pk = :p AND :c > sk", [0, 1, 2]),
        ("pk = :p AND sk <= :c", [0, 1, 2, 3]),
        ("pk = :p AND sk > :c", [4, 5, 6, 7, 8, 9, 10, 11]),
        ("pk = :p AND :c <= sk", [3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ("((sk = :c) AND (pk = :p))", [3]),
    ],
)
def test_ranges_of_the_sort_key(client, condition, expected):
    if condition.startswith("(("):  # one pair of parentheses a level, as AWS has it
        assert numbers(ask(client, condition, {"c": N(3)})) == expected
        assert "redundant parentheses" in message(
            client.query,
            TableName=NAME,
            KeyConditionExpression="(pk = :p) AND ((sk = :c))",
            ExpressionAttributeValues={":p": S("a"), ":c": N(3)},
        )
    else:
        assert numbers(ask(client, condition, {"c": N("3.0")})) == expected


def test_between_includes_both_ends(client):
    assert numbers(ask(client, "pk = :p aNd sk bEtWeEn :x And :y", {"x": N(4), "y": N(7)})) == [4, 5, 6, 7]


def test_begins_with_on_strings_and_bytes(tmp_path):
    for kind, make in (("S", lambda text: {"S": text}), ("B", lambda text: {"B": text.encode()})):
        client = make_table(tmp_path / kind, sort=f"sk:{kind}")
        fill(client, [{"pk": S("a"), "sk": make(text)} for text in ("b", "a", "ab", "abc", "ac", "é")])
        found = ask(client, "pk = :p AND begins_with(sk, :c)", {"c": make("ab")})["Items"]
        assert [item["sk"] for item in found] == [make("ab"), make("abc")]
        everything = ask(client)["Items"]
        assert [item["sk"] for item in everything] == [make(text) for text in ("a", "ab", "abc", "ac", "b", "é")]


def test_bytes_are_ordered_unsigned(tmp_path):
    client = make_table(tmp_path, sort="sk:B")
    fill(client, [{"pk": S("a"), "sk": {"B": bytes([i])}} for i in (128, 127, 126)])
    found = ask(client, "pk = :p AND sk >= :c", {"c": {"B": b"\x7f"}})["Items"]
    assert [item["sk"]["B"] for item in found] == [b"\x7f", b"\x80"]


KEYS = "Invalid KeyConditionExpression: "


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("sk = :c", {":c": N(1)}, "Query condition missed key schema element: pk"),
        ("pk = :p AND x = :c", {":p": S("a"), ":c": N(1)}, "Query condition missed key schema element: sk"),
        ("pk < :p", {":p": S("a")}, "Query key condition not supported"),
        ("begins_with(pk, :p)", {":p": S("a")}, "Query key condition not supported"),
        (
            "pk = :p AND sk = :c AND x = :c",
            {":p": S("a"), ":c": N(1)},
            "Query key condition not supported",
        ),
        ("pk = :p AND pk = :p", {":p": S("a")}, KEYS + "KeyConditionExpressions must only contain one condition per key"),
        ("pk = :p OR sk = :c", {":p": S("a"), ":c": N(1)}, KEYS + "Invalid operator used in KeyConditionExpression: OR"),
        ("NOT pk = :p", {":p": S("a")}, KEYS + "Invalid operator used in KeyConditionExpression: NOT"),
        ("pk IN (:p)", {":p": S("a")}, KEYS + "Invalid operator used in KeyConditionExpression: IN"),
        ("pk = :p AND sk <> :c", {":p": S("a"), ":c": N(1)}, KEYS + "Invalid operator used in KeyConditionExpression: <>"),
        (
            "pk = :p AND attribute_exists(sk)",
            {":p": S("a")},
            KEYS + "Invalid operator used in KeyConditionExpression: attribute_exists",
        ),
        ("pk = :p AND size(sk) = :c", {":p": S("a"), ":c": N(1)}, KEYS + "KeyConditionExpressions cannot contain nested operations"),
        (
            "pk = :p AND begins_with(:p, sk)",
            {":p": S("a")},
            KEYS + "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its "
            "first operand",
        ),
        (
            "pk = sk",
            None,
            KEYS + "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        ),
        (":p = :p", {":p": S("a")}, KEYS + "Invalid condition in KeyConditionExpression: No key attribute specified"),
        ("pk.x = :p", {":p": S("a")}, KEYS + "KeyConditionExpressions cannot have conditions on nested attributes"),
        (
            "pk = :p AND begins_with(sk, :c)",
            {":p": S("a"), ":c": N(1)},
            KEYS + "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "pk = :p",
            {":p": N(1)},
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "pk = :p",
            {":p": S("")},
            ("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: pk"),
        ),
        ("", None, KEYS + "The expression can not be empty;"),
    ],
)  # fmt: skip
def test_key_conditions_that_are_refused(client, condition, values, expected):
    request = {} if values is None else {"ExpressionAttributeValues": values}
    assert message(client.query, TableName=NAME, KeyConditionExpression=condition, **request) == expected


def test_a_query_needs_a_key_condition(client):
    assert message(client.query, TableName=NAME) == (
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
    )
    assert message(client.query, TableName=NAME, ExpressionAttributeValues={":p": S("a")}) == (
        "ExpressionAttributeValues can only be specified when using expressions"
    )


def test_filters_drop_items_that_were_read(client):
    answer = ask(client, more={"yes": {"BOOL": True}}, FilterExpression="even = :yes", Limit=4)
    assert (numbers(answer), answer["Count"], answer["ScannedCount"]) == ([0, 2], 2, 4)
    assert answer["LastEvaluatedKey"] == {"pk": S("a"), "sk": N(3)}
    expected = "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
    request = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": S("a")}}
    assert message(client.query, TableName=NAME, FilterExpression="attribute_exists(sk)", **request) == expected
    assert client.scan(TableName=NAME, FilterExpression="attribute_exists(sk) AND pk <> x")["Count"] == 13


def test_projections_of_pages(client):
    answer = ask(client, ProjectionExpression="sk, #e", ExpressionAttributeNames={"#e": "even"}, Limit=1)
    assert answer["Items"] == [{"sk": N(0), "even": {"BOOL": True}}]
    assert answer["LastEvaluatedKey"] == {"pk": S("a"), "sk": N(0)}  # though it was not asked for


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 5, 12, 50])
def test_pages_join_to_the_whole(client, limit, forward):
    found, more, pages = [], {}, 0
    while True:
        answer = ask(client, Limit=limit, ScanIndexForward=forward, **more)
        found += numbers(answer)
        pages += 1
        if "LastEvaluatedKey" not in answer:
            break
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    assert found == (list(range(12)) if forward else list(range(11, -1, -1)))
    # A page that ends exactly with the last item still has a LastEvaluatedKey, as on AWS.
    assert pages == 12 // limit + 1


def test_a_page_starts_after_a_key_that_is_gone(tmp_path):
    client = make_table(tmp_path, sort="sk:N")
    fill(client, [{"pk": S("a"), "sk": N(i)} for i in range(6)])
    last = ask(client, Limit=3)["LastEvaluatedKey"]
    client.delete_item(TableName=NAME, Key=last)
    assert numbers(ask(client, ExclusiveStartKey=last)) == [3, 4, 5]
    assert numbers(ask(client, ExclusiveStartKey=last, ScanIndexForward=False)) == [1, 0]
    assert numbers(client.scan(TableName=NAME, ExclusiveStartKey=last)) == [3, 4, 5]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({}, "The provided starting key is invalid: The provided key element does not match the schema"),
        ({"pk": S("a")}, "The provided starting key is invalid: The provided key element does not match the schema"),
        ({"pk": S("a"), "sk": {}}, "The provided starting key is invalid: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"pk": S("b"), "sk": N(1)}, "The provided starting key is outside query boundaries based on provided conditions"),
        ({"pk": S("a"), "sk": N(9)}, "The provided starting key does not match the range key predicate"),
    ],
)  # fmt: skip
def test_starting_keys_that_are_refused(client, start, expected):
    request = {
        "KeyConditionExpression": "pk = :p AND sk < :c",
        "ExpressionAttributeValues": {":p": S("a"), ":c": N(9)},
        "ExclusiveStartKey": start,
    }
    assert message(client.query, TableName=NAME, **request) == expected
    if "invalid" in expected:
        assert message(client.scan, TableName=NAME, ExclusiveStartKey=start) == expected


def test_a_scan_goes_through_everything_in_the_order_of_the_keys(client):
    answer = client.scan(TableName=NAME)
    assert numbers(answer) == [*range(12), 123]
    first = client.scan(TableName=NAME, Limit=12)
    assert first["LastEvaluatedKey"] == {"pk": S("a"), "sk": N(11)}
    rest = client.scan(TableName=NAME, ExclusiveStartKey=first["LastEvaluatedKey"], ConsistentRead=True)
    assert numbers(rest) == [123]


def test_select(client):
    answer = client.scan(TableName=NAME, Select="COUNT", FilterExpression="attribute_exists(x)")
    assert "Items" not in answer
    assert (answer["Count"], answer["ScannedCount"]) == (12, 13)
    assert ask(client, Select="COUNT")["Count"] == 12
    assert ask(client, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="x", Limit=1)["Items"] == [{"x": N(0)}]
    for request, expected in (
        ({"Select": "ALL_PROJECTED_ATTRIBUTES"}, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"),
        ({"Select": "SPECIFIC_ATTRIBUTES"}, "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"),
        ({"Select": "COUNT", "ProjectionExpression": "x"}, "Cannot specify the ProjectionExpression when choosing to get only the Count"),
        ({"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "x"}, "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES"),
    ):  # fmt: skip
        assert message(client.scan, TableName=NAME, **request) == expected


def test_segments_share_a_table_out(tmp_path):
    client = make_table(tmp_path)
    fill(client, [{"pk": S(f"user{i}")} for i in range(60)])
    found = [client.scan(TableName=NAME, Segment=i, TotalSegments=4)["Items"] for i in range(4)]
    assert all(found)
    assert sorted(item["pk"]["S"] for part in found for item in part) == sorted(f"user{i}" for i in range(60))
    first = client.scan(TableName=NAME, Segment=1, TotalSegments=4, Limit=3)
    rest = client.scan(TableName=NAME, Segment=1, TotalSegments=4, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert first["Items"] + rest["Items"] == found[1]
    for request, expected in (
        ({"Segment": 1}, "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"),
        ({"TotalSegments": 1}, "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"),
        ({"Segment": 4, "TotalSegments": 4}, "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less than TotalSegments: 4"),
        ({"Segment": 0, "TotalSegments": 4, "ExclusiveStartKey": first["LastEvaluatedKey"]}, "The provided starting key is outside query boundaries based on provided conditions"),
    ):  # fmt: skip
        assert message(client.scan, TableName=NAME, **request) == expected


def test_a_page_ends_after_a_megabyte(tmp_path):
    client = make_table(tmp_path, sort="sk:N")
    fill(client, [{"pk": S("a"), "sk": N(i), "x": S("x" * 300_000)} for i in range(6)])
    total = {"ReturnConsumedCapacity": "TOTAL"}
    answer = ask(client, FilterExpression="sk2 = :p", **total)
    assert (answer["Items"], answer["ScannedCount"]) == ([], 4)  # the item that goes over it is the last
    assert answer["LastEvaluatedKey"] == {"pk": S("a"), "sk": N(3)}
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 146.5  # 293 times 4 KB, halved
    rest = client.scan(TableName=NAME, ExclusiveStartKey=answer["LastEvaluatedKey"], ConsistentRead=True, **total)
    assert (numbers(rest), "LastEvaluatedKey" in rest) == ([4, 5], False)
    assert rest["ConsumedCapacity"]["CapacityUnits"] == 147.0


def test_an_empty_read_costs_half_a_unit(tmp_path):
    client = make_table(tmp_path)
    answer = client.scan(TableName=NAME, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": NAME, "CapacityUnits": 0.5}
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 0)


rows = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.decimals(-50, 50, allow_nan=False, places=1)), st.integers(0, 9), max_size=12
)


@settings(max_examples=25, deadline=None)
@given(rows, st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.booleans(), st.integers(0, 9)))
def test_pages_of_filtered_queries_against_a_list(tmp_path_factory, table, asked):
    partition, limit, forward, least = asked
    client: DynamoDB = make_table(tmp_path_factory.mktemp("property"), sort="sk:N")
    fill(client, [{"pk": S(pk), "sk": N(sk), "x": N(x)} for (pk, sk), x in table.items()])
    expected = [
        float(sk)
        for (pk, sk), x in sorted(table.items(), reverse=not forward)
        if pk == partition and x >= least
    ]  # fmt: skip
    found, start = [], {}
    for _ in range(20):
        answer = client.query(
            TableName=NAME,
            KeyConditionExpression="pk = :p",
            FilterExpression="x >= :least",
            ExpressionAttributeValues={":p": S(partition), ":least": N(least)},
            Limit=limit,
            ScanIndexForward=forward,
            **start,
        )
        found += [float(item["sk"]["N"]) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            break
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    assert found == expected


def test_unused_placeholders_of_a_read_are_refused(client):
    expected = "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}"
    request = {"ProjectionExpression": "pk", "ExpressionAttributeNames": {"#x": "x"}}
    assert message(client.scan, TableName=NAME, **request) == expected
    assert message(client.get_item, TableName=NAME, Key={"pk": S("a"), "sk": N(1)}, **request) == expected
    expected = "ExpressionAttributeNames can only be specified when using expressions"
    assert message(client.scan, TableName=NAME, ExpressionAttributeNames={"#x": "x"}) == expected
    expected = "ExpressionAttributeValues can only be specified when using expressions"
    assert message(client.scan, TableName=NAME, ExpressionAttributeValues={":x": N(1)}) == expected
    assert refused(client.scan, TableName=NAME, Limit=0).code == "ValidationException"
