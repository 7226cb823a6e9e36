"""Many items at once: BatchGetItem, BatchWriteItem, TransactWriteItems."""

import pytest
from dynamodb_helpers import NAME, N, S, make_table, message, refused


@pytest.fixture
def client(tmp_path):
    make_table(tmp_path, "Others")
    return make_table(tmp_path)


def put(key, **more):
    return {"PutRequest": {"Item": {"pk": S(key), **more}}}


def remove(key):
    return {"DeleteRequest": {"Key": {"pk": S(key)}}}


def keys(client, table=NAME):
    return [item["pk"]["S"] for item in client.scan(TableName=table)["Items"]]


def test_a_batch_puts_and_deletes_in_several_tables(client):
    client.put_item(TableName=NAME, Item={"pk": S("old")})
    answer = client.batch_write_item(
        RequestItems={NAME: [put("a"), put("b"), remove("old"), remove("nobody")], "Others": [put("c")]},
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["UnprocessedItems"] == {}
    assert answer["ConsumedCapacity"] == [
        {"TableName": NAME, "CapacityUnits": 4.0},
        {"TableName": "Others", "CapacityUnits": 1.0},
    ]
    assert (keys(client), keys(client, "Others")) == (["a", "b"], ["c"])


def test_a_batch_with_one_bad_entry_writes_nothing(client):
    batch = {NAME: [put("a")], "Others": [{"PutRequest": {"Item": {"x": N(1)}}}]}
    expected = "The provided key element does not match the schema"
    assert message(client.batch_write_item, RequestItems=batch) == expected
    error = refused(client.batch_write_item, RequestItems={NAME: [put("a")], "Nobody": [put("a")]})
    assert error.code == "ResourceNotFoundException"
    assert keys(client) == []


def test_limits_of_a_batch_write(client):
    many = [put(str(i)) for i in range(26)]
    assert "Map value must satisfy constraint: [Member must have length less than or equal to 25" in message(
        client.batch_write_item, RequestItems={NAME: many}
    )
    expected = "Too many items requested for the BatchWriteItem call"
    assert message(client.batch_write_item, RequestItems={NAME: many[:13], "Others": many[13:]}) == expected
    client.batch_write_item(RequestItems={NAME: many[:25]})
    assert len(keys(client)) == 25
    expected = "Provided list of item keys contains duplicates"
    assert message(client.batch_write_item, RequestItems={NAME: [put("a"), remove("a")]}) == expected
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{NAME}"
    assert message(client.batch_write_item, RequestItems={NAME: [put("a")], arn: [put("a")]}) == expected
    expected = "The requestItems parameter is required for BatchWriteItem"
    assert message(client.batch_write_item, RequestItems={}) == expected


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({}, "Supplied AttributeValue has more than one datatypes set"),
        ({**put("a"), **remove("a")}, "Supplied AttributeValue has more than one datatypes set"),
        ({"Put": {}}, 'Unknown parameter in RequestItems.Riders[0]: "Put", must be one of: PutRequest, DeleteRequest'),
        ({"PutRequest": {"Key": {}}}, 'RequestItems.Riders[0].PutRequest takes exactly one member, "Item"'),
        ({"PutRequest": {"Item": {"pk": "a"}}}, "Invalid type for parameter RequestItems.Riders[0].PutRequest.Item.pk"),
        ("text", "Invalid type for parameter RequestItems.Riders[0], value: 'text'"),
    ],
)
def test_entries_of_a_batch_write_that_make_no_sense(client, entry, problem):
    assert problem in refused(client.batch_write_item, RequestItems={NAME: [entry]}).message


def test_a_batch_gets_from_several_tables(client):
    client.batch_write_item(RequestItems={NAME: [put("a", x=N(1)), put("b", x=N(2))], "Others": [put("c", y=N(3))]})
    wanted = {
        NAME: {"Keys": [{"pk": S(key)} for key in ("b", "nobody", "a")], "ConsistentRead": True},
        "Others": {
            "Keys": [{"pk": S("c")}],
            "ProjectionExpression": "#y",
            "ExpressionAttributeNames": {"#y": "y"},
        },
    }
    answer = client.batch_get_item(RequestItems=wanted, ReturnConsumedCapacity="INDEXES")
    assert answer["Responses"] == {
        NAME: [{"pk": S("b"), "x": N(2)}, {"pk": S("a"), "x": N(1)}],
        "Others": [{"y": N(3)}],
    }
    assert answer["UnprocessedKeys"] == {}
    assert [used["CapacityUnits"] for used in answer["ConsumedCapacity"]] == [3.0, 0.5]


def test_limits_of_a_batch_get(client):
    several = [{"pk": S(str(i))} for i in range(101)]
    place = "1 validation error detected: Value at 'RequestItems.Riders.member.Keys' failed to satisfy constraint: "
    for keys, bound in ((several, "less than or equal to 100"), ([], "greater than or equal to 1")):
        expected = f"{place}Member must have length {bound}"
        assert message(client.batch_get_item, RequestItems={NAME: {"Keys": keys}}) == expected
    expected = "The requestItems parameter is required for BatchGetItem"
    assert message(client.batch_get_item, RequestItems={}) == expected
    two = {NAME: {"Keys": several[:60]}, "Others": {"Keys": several[:41]}}
    assert message(client.batch_get_item, RequestItems=two) == "Too many items requested for the BatchGetItem call"
    twice = {NAME: {"Keys": [{"pk": S("a")}, {"pk": S("a")}]}}
    assert message(client.batch_get_item, RequestItems=twice) == "Provided list of item keys contains duplicates"
    expected = "1 validation error detected: Value null at 'keys' failed to satisfy constraint: Member must not be null"
    assert message(client.batch_get_item, RequestItems={NAME: {}}) == expected
    legacy = {NAME: {"Keys": [{"pk": S("a")}], "AttributesToGet": ["x"]}}
    assert "AttributesToGet is not supported by the local DynamoDB" in message(
        client.batch_get_item, RequestItems=legacy
    )


def test_keys_beyond_16_megabytes_are_left_for_another_request(client):
    names = [f"{i:02}" for i in range(44)]
    for start in (0, 22):
        client.batch_write_item(
            RequestItems={NAME: [put(name, x=S("x" * 400_000)) for name in names[start : start + 22]]}
        )
    wanted = {NAME: {"Keys": [{"pk": S(name)} for name in names], "ConsistentRead": True}}
    answer = client.batch_get_item(RequestItems=wanted)
    found = [item["pk"]["S"] for item in answer["Responses"][NAME]]
    assert 0 < len(found) < 44
    left = answer["UnprocessedKeys"]
    assert left[NAME]["ConsistentRead"] is True
    rest = client.batch_get_item(RequestItems=left)
    assert found + [item["pk"]["S"] for item in rest["Responses"][NAME]] == names
    assert rest["UnprocessedKeys"] == {}


# Transactions.


def counter(key, table=NAME, **more):
    return {
        "Update": {
            "TableName": table,
            "Key": {"pk": S(key)},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": N(1)},
            **more,
        }
    }


def test_a_transaction_does_everything(client):
    client.put_item(TableName=NAME, Item={"pk": S("gone")})
    answer = client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": NAME, "Item": {"pk": S("new")}, "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Delete": {"TableName": NAME, "Key": {"pk": S("gone")}}},
            {
                "ConditionCheck": {
                    "TableName": "Others",
                    "Key": {"pk": S("x")},
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
            counter("count", "Others"),
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert [used["CapacityUnits"] for used in answer["ConsumedCapacity"]] == [4.0, 4.0]
    assert keys(client) == ["new"]
    assert client.scan(TableName="Others")["Items"] == [{"pk": S("count"), "n": N(1)}]


def test_a_transaction_with_a_failed_condition_does_nothing(client):
    client.put_item(TableName="Others", Item={"pk": S("x"), "n": N(7)})
    request = [
        counter("count"),
        counter("x", "Others", ConditionExpression="n < :one", ReturnValuesOnConditionCheckFailure="ALL_OLD"),
        {"Put": {"TableName": NAME, "Item": {"nokey": N(1)}}},
    ]
    error = refused(client.transact_write_items, TransactItems=request)
    assert error.code == "TransactionCanceledException"
    assert error.message == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed, ValidationError]"
    )
    assert error.response["CancellationReasons"] == [
        {"Code": "None"},
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": {"pk": S("x"), "n": N(7)},
        },
        {
            "Code": "ValidationError",
            "Message": "One or more parameter values were invalid: Missing the key pk in the item",
        },
    ]
    assert keys(client) == []


def test_empty_keys_and_too_much_stop_a_transaction_before_it_begins(client):
    expected = (
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: pk"
    )
    for entry in (counter(""), {"Put": {"TableName": NAME, "Item": {"pk": S("")}}}):
        assert message(client.transact_write_items, TransactItems=[counter("a"), entry]) == expected
    puts = [{"Put": {"TableName": NAME, "Item": {"pk": S(str(i)), "x": S("x" * 350_000)}}} for i in range(12)]
    assert "exceed the maximum allowed size" in message(client.transact_write_items, TransactItems=puts)
    assert keys(client) == []
    client.transact_write_items(TransactItems=puts[:11])
    assert client.describe_table(TableName=NAME)["Table"]["ItemCount"] == 11


def test_transactions_that_make_no_sense(client):
    def wrong(*entries):
        return refused(client.transact_write_items, TransactItems=list(entries)).message

    assert wrong(counter("a"), counter("a")) == "Transaction request cannot include multiple operations on one item"
    assert wrong({}) == "TransactItems can only contain one of Check, Put, Update or Delete"
    assert wrong({**counter("a"), "Delete": {}}) == "TransactItems can only contain one of Check, Put, Update or Delete"
    assert 'Unknown parameter in TransactItems[0]: "Get"' in wrong({"Get": {}})
    check = {"ConditionCheck": {"TableName": NAME, "Key": {"pk": S("a")}}}
    assert "Value null at 'conditionExpression' failed to satisfy constraint: Member must not be null" in wrong(check)
    assert "Member must have length greater than or equal to 1" in wrong()
    assert "Member must have length less than or equal to 100" in wrong(*[counter(str(i)) for i in range(101)])
    error = refused(client.transact_write_items, TransactItems=[counter("a")], ClientRequestToken="x")
    assert "ClientRequestToken is not supported by the local DynamoDB stand-in" in error.message
    assert (
        refused(client.transact_write_items, TransactItems=[counter("a", "Nobody")]).code == "ResourceNotFoundException"
    )
