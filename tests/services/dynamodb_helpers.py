"""What the DynamoDB tests share: a client over a table, short ways to write values, and the error of a call."""

from pathlib import Path
from typing import Any

import pytest

from asl_local.services.dynamodb import DynamoDB
from asl_local.services.errors import ClientError

NAME = "Riders"


def S(text: str) -> dict[str, str]:
    return {"S": text}


def N(number: object) -> dict[str, str]:
    return {"N": str(number)}


def make_table(folder: Path, name: str = NAME, partition: str = "pk:S", sort: str | None = None) -> DynamoDB:
    """A client with one table; keys are written `name:type`."""
    client = DynamoDB(folder)
    keys = [key.split(":") for key in (partition, sort) if key]
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys],
        KeySchema=[
            {"AttributeName": key, "KeyType": role} for (key, _), role in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def refused(call: Any, /, **request: Any) -> ClientError:
    """The ClientError that the call raises."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value


def message(call: Any, /, **request: Any) -> str:
    """The sentence of the ValidationException that the call raises."""
    error = refused(call, **request)
    assert error.code == "ValidationException", error
    return error.message
