"""ClientError: boto3's shape, and one class per name."""

from __future__ import annotations

import sys
import types

import pytest

from asl_local.services.errors import ClientError, ExceptionNames, client_error


def test_the_shape() -> None:
    error = client_error("NoSuchKey", "The specified key does not exist.", "GetObject", 404)
    assert (
        str(error)
        == "An error occurred (NoSuchKey) when calling the GetObject operation: The specified key does not exist."
    )
    assert error.response["Error"] == {"Code": "NoSuchKey", "Message": "The specified key does not exist."}
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert (error.operation_name, error.code, type(error).__name__) == ("GetObject", "NoSuchKey", "NoSuchKey")


def test_a_clients_exceptions_catch_what_was_made_under_their_names() -> None:
    names = ExceptionNames("NoSuchKey", "NotFoundException")
    with pytest.raises(names.NoSuchKey):
        raise client_error("NoSuchKey", "", "GetObject")
    with pytest.raises(names.NotFoundException) as caught:
        raise client_error("NotFound", "", "Publish", name="NotFoundException")
    assert caught.value.code == "NotFound"
    with pytest.raises(names.ClientError):
        raise client_error("Anything", "", "Publish")
    with pytest.raises(AttributeError, match="NoSuchKey, NotFoundException"):
        _ = names.NoSuchBucket


def test_where_botocore_is_loaded_its_client_error_catches_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class ForeignClientError(Exception):
        def __init__(self, error_response: dict[str, object], operation_name: str) -> None:
            raise AssertionError("its constructor has other rules")

    module = types.ModuleType("botocore.exceptions")
    module.ClientError = ForeignClientError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "botocore.exceptions", module)
    with pytest.raises(ForeignClientError) as caught:
        raise client_error("OnlyInThisTest", "text", "GetObject")
    assert isinstance(caught.value, ClientError)
    with pytest.raises(ExceptionNames("OnlyInThisTest").OnlyInThisTest):
        raise caught.value
