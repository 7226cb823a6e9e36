"""Tables, and the parameters that every operation takes or refuses."""

from datetime import UTC, datetime

import pytest
from dynamodb_helpers import NAME, N, S, make_table, message, refused

from asl_local.services.dynamodb import DynamoDB
from asl_local.services.errors import ClientError

SCHEMA = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}
TABLE = {"TableName": NAME, **SCHEMA, "BillingMode": "PAY_PER_REQUEST"}


@pytest.fixture
def client(tmp_path):
    return DynamoDB(tmp_path / "dynamodb", now=lambda: 1_700_000_000.5)


def test_nothing_is_on_disk_before_the_first_table(client, tmp_path):
    assert client.list_tables()["TableNames"] == []
    for call, request in (
        (client.put_item, {"Item": {"pk": S("a")}}),
        (client.delete_table, {}),
        (client.describe_table, {}),
        (client.scan, {}),
    ):
        assert refused(call, TableName=NAME, **request).code == "ResourceNotFoundException"
    assert not list(tmp_path.iterdir())


def test_a_new_table(client):
    created = client.create_table(**TABLE)["TableDescription"]
    moment = datetime.fromtimestamp(1_700_000_000.5, UTC)
    identity = created.pop("TableId")
    assert len(identity) == 36
    assert created == {
        **SCHEMA,
        "TableName": NAME,
        "TableStatus": "ACTIVE",
        "CreationDateTime": moment,
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Riders",
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": moment},
        "DeletionProtectionEnabled": False,
    }
    client.put_item(TableName=NAME, Item={"pk": S("é"), "n": N(1)})
    described = client.describe_table(TableName=NAME)["Table"]
    assert (described["TableId"], described["ItemCount"], described["TableSizeBytes"]) == (identity, 1, 7)
    described["KeySchema"].clear()
    assert client.describe_table(TableName=NAME)["Table"]["KeySchema"] == SCHEMA["KeySchema"]


def test_region_and_account_are_in_the_arn_which_names_the_table_too(tmp_path):
    client = DynamoDB(tmp_path, region="eu-central-1", account="999999999999")
    arn = client.create_table(**TABLE)["TableDescription"]["TableArn"]
    assert arn == "arn:aws:dynamodb:eu-central-1:999999999999:table/Riders"
    client.put_item(TableName=arn, Item={"pk": S("a")})
    assert client.scan(TableName=NAME)["Count"] == 1
    elsewhere = "arn:aws:dynamodb:us-east-1:999999999999:table/Riders"
    assert "failed to satisfy constraint" in message(client.scan, TableName=elsewhere)
    client.delete_table(TableName=arn)
    assert client.list_tables()["TableNames"] == []


def test_provisioned_throughput(client):
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
    description = client.create_table(TableName=NAME, **SCHEMA, ProvisionedThroughput=units)["TableDescription"]
    assert description["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **units}
    assert "BillingModeSummary" not in description


def test_a_table_exists_once(client):
    client.create_table(**TABLE)
    client.put_item(TableName=NAME, Item={"pk": S("a")})
    with pytest.raises(client.exceptions.ResourceInUseException, match="Table already exists: Riders"):
        client.create_table(**TABLE)
    assert client.scan(TableName=NAME)["Count"] == 1


def test_deleting_a_table(client):
    client.create_table(**TABLE)
    client.put_item(TableName=NAME, Item={"pk": S("a")})
    assert client.delete_table(TableName=NAME)["TableDescription"]["TableStatus"] == "DELETING"
    for call in (client.delete_table, client.describe_table):
        with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
            call(TableName=NAME)
        assert caught.value.message == "Requested resource not found: Table: Riders not found"
    client.create_table(**TABLE)
    assert client.scan(TableName=NAME)["Items"] == []


def test_listing_tables(client):
    names = ["a.b", "Zebra", "under_score-", "...", "x" * 255, "x" * 254]
    for name in names:
        client.create_table(**{**TABLE, "TableName": name})
    assert client.list_tables()["TableNames"] == sorted(names)
    first = client.list_tables(Limit=2)
    assert first["LastEvaluatedTableName"] == sorted(names)[1]
    rest = client.list_tables(ExclusiveStartTableName=first["LastEvaluatedTableName"])
    assert first["TableNames"] + rest["TableNames"] == sorted(names)
    assert "LastEvaluatedTableName" not in rest
    assert "LastEvaluatedTableName" not in client.list_tables(Limit=len(names))
    client.put_item(TableName="x" * 255, Item={"pk": S("a")})
    assert client.scan(TableName="x" * 254)["Count"] == 0
    client.delete_table(TableName="x" * 255)
    assert client.list_tables()["TableNames"] == sorted(set(names) - {"x" * 255})


@pytest.mark.parametrize("name", ["", "x" * 256, "non!existent", "../outside", "a/b", "ä-table", "tab\nle"])
def test_names_that_no_table_can_have(client, name, tmp_path):
    rule = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    if len(name) > 255:
        rule = "Member must have length less than or equal to 255"
    for call, request in ((client.create_table, SCHEMA), (client.scan, {}), (client.describe_table, {})):
        if not name:
            least = 3 if call == client.create_table else 1
            rule = f"Member must have length greater than or equal to {least}"
        expected = f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: {rule}"
        assert message(call, TableName=name, **request) == expected
    assert not list(tmp_path.iterdir())


def test_names_have_three_characters_at_least(client):
    rule = "Member must have length greater than or equal to 3"
    assert message(client.create_table, TableName="xx", **SCHEMA).endswith(rule)
    assert refused(client.scan, TableName="xx").code == "ResourceNotFoundException"


def hash_key(name="pk"):
    return {"AttributeName": name, "KeyType": "HASH"}


def range_key(name="sk"):
    return {"AttributeName": name, "KeyType": "RANGE"}


def attribute(name, kind="S"):
    return {"AttributeName": name, "AttributeType": kind}


INVALID = "One or more parameter values were invalid: "
DETECTED = "1 validation error detected: Value "


@pytest.mark.parametrize(
    ("keys", "attributes", "expected"),
    [
        ([range_key("pk")], [attribute("pk")], "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
        ([hash_key(), hash_key("sk")], [attribute("pk"), attribute("sk")], "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"),
        ([hash_key(), range_key("pk")], [attribute("pk")], "Invalid KeySchema: Some index key attribute have no definition"),
        ([hash_key(), range_key("pk")], [attribute("pk"), attribute("x")], "Both the Hash Key and the Range Key element in the KeySchema have the same name"),
        ([hash_key("x")], [attribute("pk")], INVALID + "Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [pk]"),
        ([hash_key()], [attribute("pk"), attribute("x")], INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"),
        ([hash_key()], [attribute("pk"), attribute("pk")], INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"),
        ([hash_key()], [attribute("pk", "BOOL")], DETECTED + "'BOOL' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]"),
        ([hash_key()], [{"AttributeName": "pk"}], DETECTED + "null at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must not be null"),
        ([{"AttributeName": "pk", "KeyType": "SORT"}], [attribute("pk")], DETECTED + "'SORT' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]"),
        ([hash_key("")], [attribute("pk")], DETECTED + "'' at 'keySchema.1.member.attributeName' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ],
)  # fmt: skip
def test_schemas_that_are_refused(client, keys, attributes, expected):
    request = {
        "TableName": NAME,
        "KeySchema": keys,
        "AttributeDefinitions": attributes,
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert message(client.create_table, **request) == expected
    assert client.list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    ("request_part", "expected"),
    [
        ({}, "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"),
        ({"ProvisionedThroughput": {"ReadCapacityUnits": 1}}, "ReadCapacityUnits and WriteCapacityUnits must both be specified"),
        ({"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 0}}, "Value '0' at 'provisionedThroughput.writeCapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ({"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}, "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"),
        ({"BillingMode": "FREE"}, "Value 'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"),
        ({"KeySchema": []}, "Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ({"KeySchema": None, "AttributeDefinitions": None}, "2 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; Value null at 'keySchema' failed to satisfy constraint: Member must not be null"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(client, request_part, expected):
    assert expected in message(client.create_table, **{"TableName": NAME, **SCHEMA, **request_part})


# Parameters: never ignored.


@pytest.mark.parametrize(
    ("operation", "name", "value", "reason"),
    [
        ("create_table", "GlobalSecondaryIndexes", [{}], "it keeps no secondary indexes"),
        ("create_table", "LocalSecondaryIndexes", [], "it keeps no secondary indexes"),
        ("create_table", "StreamSpecification", {"StreamEnabled": True}, "it has no streams"),
        ("create_table", "Tags", [{"Key": "a", "Value": "b"}], "it keeps no tags"),
        ("create_table", "DeletionProtectionEnabled", True, "it could not be switched off again"),
        ("put_item", "Expected", {"a": {"Exists": False}}, "it is a legacy parameter"),
        ("put_item", "ConditionalOperator", "OR", "it is a legacy parameter"),
        ("put_item", "ReturnItemCollectionMetrics", "SIZE", "it has no item collections to measure"),
        ("update_item", "AttributeUpdates", {}, "it is a legacy parameter"),
        ("get_item", "AttributesToGet", ["a"], "it is a legacy parameter"),
        ("query", "IndexName", "by-name", "it keeps no secondary indexes"),
        ("query", "KeyConditions", {}, "it is a legacy parameter"),
        ("query", "QueryFilter", {}, "it is a legacy parameter"),
        ("scan", "ScanFilter", {}, "it is a legacy parameter"),
        ("scan", "IndexName", "by-name", "it keeps no secondary indexes"),
    ],
)
def test_parameters_that_aws_has_and_this_has_not(client, operation, name, value, reason):
    expected = f"{name} is not supported by the local DynamoDB stand-in: {reason}"
    assert message(getattr(client, operation), **{"TableName": NAME, name: value}).startswith(expected)


def test_values_that_ask_for_nothing_are_taken(client):
    client.create_table(
        **TABLE,
        StreamSpecification={"StreamEnabled": False},
        SSESpecification={"Enabled": False},
        DeletionProtectionEnabled=False,
        TableClass="STANDARD",
        Tags=[],
    )
    client.put_item(TableName=NAME, Item={"pk": S("a")}, ReturnItemCollectionMetrics="NONE", ReturnValues="NONE")


def test_unknown_parameters_name_what_was_meant(client):
    error = refused(client.put_item, TableName=NAME, Items={})
    assert error.code == "ParamValidationError"
    assert 'Unknown parameter in input: "Items", must be one of: TableName,' in error.message
    assert error.message.endswith('did you mean "Item"?')
    with pytest.raises(client.exceptions.ParamValidationError, match='did you mean "KeyConditionExpression"'):
        client.query(TableName=NAME, keyConditionExpression="a = :b")


@pytest.mark.parametrize(
    ("operation", "request_part", "expected"),
    [
        ("put_item", {}, "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null"),
        ("put_item", {"Item": None}, "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null"),
        ("get_item", {"TableName": None}, "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null; Value null at 'key' failed to satisfy constraint: Member must not be null"),
        ("put_item", {"Item": {}, "ReturnValues": "DOG"}, "1 validation error detected: Value 'DOG' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
        ("put_item", {"Item": {}, "ReturnValues": "ALL_NEW"}, "ReturnValues can only be ALL_OLD or NONE"),
        ("delete_item", {"Key": {}, "ReturnValues": "UPDATED_OLD"}, "ReturnValues can only be ALL_OLD or NONE"),
        ("scan", {"Limit": 0}, "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ("scan", {"ReturnConsumedCapacity": "ALL"}, "1 validation error detected: Value 'ALL' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"),
        ("put_item", {"Item": {}, "ExpressionAttributeValues": {":a": S("a")}}, "ExpressionAttributeValues can only be specified when using expressions"),
        ("update_item", {"Key": {}, "ExpressionAttributeValues": {":a": S("a")}}, "ExpressionAttributeValues can only be specified when using expressions"),
        ("update_item", {"Key": {}, "UpdateExpression": ""}, "Invalid UpdateExpression: The expression can not be empty;"),
    ],
)  # fmt: skip
def test_requests_that_break_a_constraint(client, operation, request_part, expected):
    assert message(getattr(client, operation), **{"TableName": NAME, **request_part}) == expected


@pytest.mark.parametrize(
    ("operation", "request_part", "expected"),
    [
        ("put_item", {"Item": "text"}, "Invalid type for parameter Item, value: 'text', type: <class 'str'>, valid types: <class 'dict'>"),
        ("put_item", {"Item": {"a": "text"}}, "Invalid type for parameter Item.a, value: 'text', type: <class 'str'>, valid types: <class 'dict'>"),
        ("scan", {"Limit": "5"}, "Invalid type for parameter Limit, value: '5', type: <class 'str'>, valid types: <class 'int'>"),
        ("scan", {"ConsistentRead": 1}, "Invalid type for parameter ConsistentRead, value: 1, type: <class 'int'>, valid types: <class 'bool'>"),
    ],
)  # fmt: skip
def test_requests_of_a_wrong_shape(client, operation, request_part, expected):
    error = refused(getattr(client, operation), **{"TableName": NAME, **request_part})
    assert error.code == "ParamValidationError"
    assert expected in error.message


def test_positional_arguments_and_unknown_operations(client):
    with pytest.raises(TypeError, match=r"put_item\(\) only accepts keyword arguments"):
        client.put_item(NAME)
    with pytest.raises(AttributeError, match="the local DynamoDB has no 'putItem'"):
        client.putItem(TableName=NAME)


def test_errors_are_classes_of_their_code(tmp_path):
    client = make_table(tmp_path)
    error = refused(client.put_item, TableName=NAME, Item={})
    assert type(error).__name__ == "ValidationException"
    assert isinstance(error, ClientError)
    assert isinstance(error, client.exceptions.ClientError)
    assert error.operation_name == "PutItem"
