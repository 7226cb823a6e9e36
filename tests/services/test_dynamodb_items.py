"""Items by key: put, get, update, delete, batches and transactions, and AWS's sentences when they are refused."""

import pytest
from dynamodb_helpers import NAME, N, S, make_table, message, refused

from asl_local.services.errors import ClientError


@pytest.fixture
def client(tmp_path):
    return make_table(tmp_path)


@pytest.fixture
def sorted_client(tmp_path):
    return make_table(tmp_path, sort="sk:N")


def stored(client, key="a"):
    return client.get_item(TableName=NAME, Key={"pk": S(key)}).get("Item")


def test_an_item_comes_back_with_every_type(client):
    item = {
        "pk": S("a"),
        "n": N("12.5"),
        "b": {"B": b"\x00"},
        "m": {"M": {"l": {"L": [{"NULL": True}]}}},
        "ns": {"NS": ["1"]},
    }
    answer = client.put_item(TableName=NAME, Item=item)
    assert set(answer) == {"ResponseMetadata"}
    metadata = answer["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["HTTPHeaders"], metadata["RetryAttempts"]) == (200, {}, 0)
    assert len(metadata["RequestId"]) == 36
    assert client.get_item(TableName=NAME, Key={"pk": S("a")}, ConsistentRead=True)["Item"] == item


def test_the_answer_is_the_callers_to_edit(client):
    client.put_item(TableName=NAME, Item={"pk": S("a"), "l": {"L": [S("x")]}})
    stored(client)["l"]["L"].append(S("y"))
    client.scan(TableName=NAME)["Items"][0]["l"]["L"].clear()
    client.put_item(TableName=NAME, Item={"pk": S("b")}, ReturnValues="ALL_OLD")
    assert stored(client) == {"pk": S("a"), "l": {"L": [S("x")]}}


def test_what_was_put_is_not_changed_by_the_caller_later(client):
    item = {"pk": S("a"), "l": {"L": [S("x")]}}
    client.put_item(TableName=NAME, Item=item)
    item["l"]["L"].append(S("y"))
    assert stored(client)["l"] == {"L": [S("x")]}


def test_a_put_replaces_the_item_and_may_return_the_old_one(client):
    assert "Attributes" not in client.put_item(TableName=NAME, Item={"pk": S("a"), "x": N(1)}, ReturnValues="ALL_OLD")
    answer = client.put_item(TableName=NAME, Item={"pk": S("a"), "y": N(2)}, ReturnValues="ALL_OLD")
    assert answer["Attributes"] == {"pk": S("a"), "x": N(1)}
    assert stored(client) == {"pk": S("a"), "y": N(2)}
    assert "Attributes" not in client.put_item(TableName=NAME, Item={"pk": S("a")})


def test_a_delete_removes_the_item_and_may_return_it(client):
    client.put_item(TableName=NAME, Item={"pk": S("a"), "x": N(1)})
    assert client.delete_item(TableName=NAME, Key={"pk": S("a")}, ReturnValues="ALL_OLD")["Attributes"]["x"] == N(1)
    assert stored(client) is None
    assert "Attributes" not in client.delete_item(TableName=NAME, Key={"pk": S("a")}, ReturnValues="ALL_OLD")


def test_numeric_keys_are_one_however_they_are_written(sorted_client):
    sorted_client.put_item(TableName=NAME, Item={"pk": S("a"), "sk": N("1.0")})
    sorted_client.put_item(TableName=NAME, Item={"pk": S("a"), "sk": N("1"), "x": N(2)})
    got = sorted_client.get_item(TableName=NAME, Key={"pk": S("a"), "sk": N("0.1e1")})["Item"]
    assert got == {"pk": S("a"), "sk": N(1), "x": N(2)}
    assert sorted_client.scan(TableName=NAME)["Count"] == 1


def test_keys_with_separators_and_escapes_stay_apart(tmp_path):
    client = make_table(tmp_path, sort="sk:S")
    keys = [("a|b", "c"), ("a", "b|c"), ("a\\", "|c"), ("a\\|", "c"), ("a", "\\|c"), ("a|", "|c"), ("a", "||c")]
    for partition, sort in keys:
        client.put_item(TableName=NAME, Item={"pk": S(partition), "sk": S(sort)})
    for partition, sort in keys:
        key = {"pk": S(partition), "sk": S(sort)}
        assert client.get_item(TableName=NAME, Key=key)["Item"] == key
    assert client.scan(TableName=NAME)["Count"] == len(keys)


def test_binary_keys(tmp_path):
    client = make_table(tmp_path, partition="pk:B")
    for key in (b"\x00", b"a" * 17):
        client.put_item(TableName=NAME, Item={"pk": {"B": key}, "x": N(1)})
        assert client.get_item(TableName=NAME, Key={"pk": {"B": key}})["Item"]["x"] == N(1)


INVALID = "One or more parameter values were invalid: "
MISMATCH = "The provided key element does not match the schema"
EMPTY = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, INVALID + "Missing the key pk in the item"),
        ({"pk": S("a")}, INVALID + "Missing the key sk in the item"),
        ({"pk": N(1), "sk": N(1)}, INVALID + "Type mismatch for key pk expected: S actual: N"),
        ({"pk": S("a"), "sk": {"SS": ["a"]}}, INVALID + "Type mismatch for key sk expected: N actual: SS"),
        ({"pk": S(""), "sk": N(1)}, EMPTY + "string value. Key: pk"),
        (
            {"pk": S("a" * 2049), "sk": N(1)},
            INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        ({"pk": S("a"), "sk": N(1), "x": S("a" * 409_600)}, "Item size has exceeded the maximum allowed size"),
    ],
)
def test_items_that_fit_no_table(sorted_client, item, expected):
    assert message(sorted_client.put_item, TableName=NAME, Item=item) == expected
    batch = {NAME: [{"PutRequest": {"Item": item}}]}
    in_a_batch = MISMATCH if "Missing" in expected or "mismatch" in expected else expected
    assert message(sorted_client.batch_write_item, RequestItems=batch) == in_a_batch
    assert sorted_client.scan(TableName=NAME)["Count"] == 0


def test_the_longest_keys_and_items_fit(tmp_path):
    client = make_table(tmp_path, sort="sk:S")
    item = {"pk": S("a" * 2048), "sk": S("b" * 1024)}
    client.put_item(TableName=NAME, Item=item)
    item["x"] = S("x" * (409_600 - 2048 - 1024 - 5))
    client.put_item(TableName=NAME, Item=item)
    expected = INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
    assert message(client.put_item, TableName=NAME, Item={"pk": S("a"), "sk": S("b" * 1025)}) == expected
    grow = {"UpdateExpression": "SET y = :y", "ExpressionAttributeValues": {":y": S("")}}
    key = {"pk": item["pk"], "sk": item["sk"]}
    expected = "Item size to update has exceeded the maximum allowed size"
    assert message(client.update_item, TableName=NAME, Key=key, **grow) == expected


@pytest.mark.parametrize(
    "key", [{}, {"pk": S("a")}, {"sk": N(1)}, {"pk": S("a"), "sk": S("1")}, {"pk": S("a"), "sk": N(1), "x": N(1)}]
)
def test_keys_that_do_not_match_the_schema(sorted_client, key):
    for call in (sorted_client.get_item, sorted_client.delete_item, sorted_client.update_item):
        assert message(call, TableName=NAME, Key=key) == MISMATCH
    assert message(sorted_client.batch_get_item, RequestItems={NAME: {"Keys": [key]}}) == MISMATCH


def test_an_empty_key_is_refused_wherever_it_is_used(client):
    for call in (client.get_item, client.delete_item, client.update_item):
        assert message(call, TableName=NAME, Key={"pk": S("")}) == EMPTY + "string value. Key: pk"


def test_tables_that_are_not_there(client):
    key = {"pk": S("a")}
    for call, request in (
        (client.put_item, {"Item": key}),
        (client.get_item, {"Key": key}),
        (client.update_item, {"Key": key}),
        (client.delete_item, {"Key": key}),
        (client.scan, {}),
        (client.query, {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": S("a")}}),
    ):
        error = refused(call, TableName="Nobody", **request)
        assert (error.code, error.message) == ("ResourceNotFoundException", "Requested resource not found")
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400


# Conditions.


def test_a_put_may_ask_that_there_be_none_yet(client):
    first = {"TableName": NAME, "Item": {"pk": S("a"), "n": N(1)}, "ConditionExpression": "attribute_not_exists(pk)"}
    client.put_item(**first)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.put_item(**{**first, "Item": {"pk": S("a"), "n": N(2)}})
    assert caught.value.message == "The conditional request failed"
    assert str(caught.value) == (
        "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: "
        "The conditional request failed"
    )
    assert "Item" not in caught.value.response
    assert stored(client)["n"] == N(1)


def test_a_failed_condition_shows_the_item_if_asked(client):
    request = {
        "TableName": NAME,
        "ConditionExpression": "n = :no",
        "ExpressionAttributeValues": {":no": N(7)},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    for call, target in (
        (client.put_item, {"Item": {"pk": S("a")}}),
        (client.delete_item, {"Key": {"pk": S("a")}}),
        (client.update_item, {"Key": {"pk": S("a")}, "UpdateExpression": "REMOVE n"}),
    ):
        assert "Item" not in refused(call, **request, **target).response  # there is none
        client.put_item(TableName=NAME, Item={"pk": S("a"), "n": N(1), "b": {"B": b"x"}})
        assert refused(call, **request, **target).response["Item"] == {"pk": S("a"), "n": N(1), "b": {"B": b"x"}}
        assert stored(client)["n"] == N(1)
        client.delete_item(TableName=NAME, Key={"pk": S("a")})


def test_a_condition_that_holds_lets_the_write_through(client):
    client.put_item(TableName=NAME, Item={"pk": S("a"), "version": N(1)})
    step = {
        "UpdateExpression": "SET version = version + :one",
        "ConditionExpression": "version = :one",
        "ExpressionAttributeValues": {":one": N(1)},
    }
    client.update_item(TableName=NAME, Key={"pk": S("a")}, **step)
    assert (
        refused(client.update_item, TableName=NAME, Key={"pk": S("a")}, **step).code
        == "ConditionalCheckFailedException"
    )
    client.delete_item(
        TableName=NAME,
        Key={"pk": S("a")},
        ConditionExpression="#v = :v",
        ExpressionAttributeNames={"#v": "version"},
        ExpressionAttributeValues={":v": N("2.0")},
    )
    assert stored(client) is None


# Updates.


def change(client, text, values=None, returned="NONE", **more):
    values = {"ExpressionAttributeValues": values} if values else {}
    request = {"TableName": NAME, "Key": {"pk": S("a")}, "UpdateExpression": text, "ReturnValues": returned}
    return client.update_item(**request, **values, **more)


def test_an_update_makes_the_item_or_changes_it(client):
    change(client, "SET x = :x", {":x": N(1)})
    assert stored(client) == {"pk": S("a"), "x": N(1)}
    change(client, "ADD x :x SET y = pk", {":x": N(2)})
    assert stored(client) == {"pk": S("a"), "x": N(3), "y": S("a")}
    client.update_item(TableName=NAME, Key={"pk": S("new")})
    assert stored(client, "new") == {"pk": S("new")}


def test_taking_away_from_no_item_makes_none(client):
    for text, values in (
        ("REMOVE x", None),
        ("REMOVE x.y", None),
        ("REMOVE x[0]", None),
        ("DELETE x :s", {":s": {"SS": ["a"]}}),
    ):
        assert "Attributes" not in change(client, text, values, "ALL_NEW")
        assert stored(client) is None


def test_what_an_update_returns(client):
    client.put_item(TableName=NAME, Item={"pk": S("a"), "x": S("old"), "y": N(1), "l": {"L": [N(1), N(2), N(3)]}})
    values = {":v": S("new"), ":w": N(9)}
    expected = {
        "ALL_OLD": {"pk": S("a"), "x": S("old"), "y": N(1), "l": {"L": [N(1), N(2), N(3)]}},
        "UPDATED_OLD": {"x": S("new"), "l": {"L": [N(9)]}, "z": S("new")},
        "UPDATED_NEW": {"x": S("new"), "l": {"L": [N(9)]}, "z": S("new")},
        "ALL_NEW": {"pk": S("a"), "x": S("new"), "y": N(1), "z": S("new"), "l": {"L": [N(1), N(9), N(3)]}},
    }
    for returned, attributes in expected.items():
        assert change(client, "SET x = :v, z = :v, l[1] = :w", values, returned)["Attributes"] == attributes, returned
    assert "Attributes" not in change(client, "SET x = :v", {":v": S("n")})
    assert "Attributes" not in change(client, "SET q = :v", {":v": S("n")}, "UPDATED_OLD")
    assert "Attributes" not in change(client, "REMOVE q", None, "UPDATED_NEW")
    # As on AWS: the path is looked up as it was written, although an element beyond the end landed elsewhere.
    assert "Attributes" not in change(client, "SET l[100] = :w", {":w": N(70)}, "UPDATED_NEW")
    assert change(client, "REMOVE l[1]", None, "UPDATED_NEW")["Attributes"] == {"l": {"L": [N(3)]}}


def test_a_refused_update_changes_nothing(client):
    client.put_item(TableName=NAME, Item={"pk": S("a"), "x": N(1)})
    expected = "The document path provided in the update expression is invalid for update"
    with pytest.raises(ClientError, match=expected):
        change(client, "SET x = :v, q.r = :v", {":v": N(2)})
    assert stored(client) == {"pk": S("a"), "x": N(1)}


@pytest.mark.parametrize("text", ["SET pk = :v", "REMOVE pk", "ADD pk :n", "DELETE pk :s"])
def test_keys_cannot_be_updated(client, text):
    values = {":v": S("b"), ":n": N(1), ":s": {"SS": ["a"]}}
    used = {name: value for name, value in values.items() if name in text}
    request = {"ExpressionAttributeValues": used} if used else {}
    expected = INVALID + "Cannot update attribute pk. This attribute is part of the key"
    assert message(client.update_item, TableName=NAME, Key={"pk": S("a")}, UpdateExpression=text, **request) == expected


def test_keys_are_scalars(client):
    expected = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk"
    key = {"TableName": NAME, "Key": {"pk": S("a")}}
    assert message(client.update_item, **key, UpdateExpression="REMOVE pk.x") == expected
    assert message(client.delete_item, **key, ConditionExpression="attribute_exists(pk[0])") == expected
    assert message(client.get_item, **key, ProjectionExpression="pk.x") == expected
    assert message(client.scan, TableName=NAME, FilterExpression="attribute_exists(pk.x)") == expected


# Capacity: a KB written, 4 KB read, half of it for eventually consistent reads.


def units(answer):
    return answer["ConsumedCapacity"]["CapacityUnits"]


def test_consumed_capacity(client):
    big = {"pk": S("a"), "x": S("x" * 4096)}
    total = {"TableName": NAME, "ReturnConsumedCapacity": "TOTAL"}
    assert client.put_item(**total, Item=big)["ConsumedCapacity"] == {"TableName": NAME, "CapacityUnits": 5.0}
    key = {"Key": {"pk": S("a")}}
    assert units(client.get_item(**total, **key)) == 1.0
    assert units(client.get_item(**total, **key, ConsistentRead=True, ProjectionExpression="pk")) == 2.0
    assert units(client.get_item(**total, Key={"pk": S("nobody")})) == 0.5
    assert units(client.update_item(**total, **key, UpdateExpression="REMOVE x")) == 5.0
    assert units(client.put_item(**total, Item={"pk": S("a")})) == 1.0
    assert units(client.delete_item(**total, **key)) == 1.0
    indexes = client.delete_item(TableName=NAME, **key, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert indexes == {"TableName": NAME, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}
    assert "ConsumedCapacity" not in client.get_item(TableName=NAME, **key, ReturnConsumedCapacity="NONE")
