"""What the tests of the Step Functions client share: definitions, and botocore's service model as a yardstick."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel, Shape

import asl_local

ROLE = "arn:aws:iam::123456789012:role/states"
STATES = "arn:aws:states:us-east-1:123456789012"


def passing(comment: str = "", **fields: Any) -> str:
    """A machine of one Pass state; texts with different comments are different definitions."""
    return json.dumps({"Comment": comment, "StartAt": "P", "States": {"P": {"Type": "Pass", **fields, "End": True}}})


TASK = json.dumps(
    {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}},
    }
)


@cache
def service_model() -> ServiceModel:
    """botocore's copy of the service model."""
    return botocore.session.get_session().get_service_model("stepfunctions")


class Checked:
    """A client each answer of which is compared with the service model's output shape."""

    def __init__(self, client: asl_local.StepFunctions) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if not hasattr(method, "api_name"):
            return method

        def call(**given: Any) -> Any:
            answer = method(**given)
            metadata = answer.pop("ResponseMetadata")
            assert metadata["HTTPStatusCode"] == 200
            shape = service_model().operation_model(method.api_name).output_shape
            assert shape is not None
            conforms(shape, answer, method.api_name)
            return answer

        return call


def conforms(shape: Shape, value: Any, place: str) -> None:
    """Whether the value is what boto3 could have parsed out of an answer."""
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), place
        assert set(value) <= set(shape.members), f"{place}: {set(value) - set(shape.members)}"
        assert set(shape.required_members) <= set(value), f"{place}: {set(shape.required_members) - set(value)}"
        for name, member in value.items():
            conforms(shape.members[name], member, f"{place}.{name}")
    elif kind == "list":
        assert isinstance(value, list), place
        for item in value:
            conforms(shape.member, item, f"{place}[]")
    elif kind == "map":
        assert isinstance(value, dict), place
        for name, member in value.items():
            conforms(shape.value, member, f"{place}.{name}")
    elif kind == "string":
        assert isinstance(value, str), place
        assert not shape.enum or value in shape.enum, f"{place}: {value}"
    elif kind == "timestamp":
        assert isinstance(value, datetime), place
        assert value.tzinfo is not None, place
    elif kind == "boolean":
        assert isinstance(value, bool), place
    elif kind == "float":
        assert isinstance(value, float), place
    elif kind in ("integer", "long"):
        assert type(value) is int, place
    else:
        raise AssertionError(f"{place}: a {kind}")


def made(client: Any, name: str = "orders", definition: str | None = None, **given: Any) -> str:
    """A new machine's ARN."""
    answer = client.create_state_machine(name=name, definition=definition or passing(), roleArn=ROLE, **given)
    return str(answer["stateMachineArn"])


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    """Code and message of the ClientError that the call must raise."""
    with pytest.raises(asl_local.AslError) as raised:
        call(**given)
    error = raised.value
    return error.code, error.message  # type: ignore[attr-defined]
