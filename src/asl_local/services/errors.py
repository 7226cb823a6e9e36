"""How the stand-ins refuse: AWS's error codes in boto3's shape.

Knows: codes, texts, HTTP statuses. Must never know: which service stores what, or how a state machine names the error.
"""

from __future__ import annotations

import sys
import uuid
from functools import cache
from typing import Any

from asl_local.errors import AslError


class ClientError(AslError):
    """A refused request, shaped as botocore shapes it.

    `response` is `{"Error": {"Code", "Message"}, "ResponseMetadata": {"RequestId", "HTTPStatusCode"}}`;
    `operation_name` is the API's name (`GetObject`). The class's own name is the code, so that a handler's
    uncaught error has it as errorType, as with boto3's modelled exceptions.
    """

    def __init__(self, response: dict[str, Any], operation_name: str) -> None:
        error = response["Error"]
        # Not super(): botocore's class may come next in the order of bases, with a signature of its own.
        Exception.__init__(
            self, f"An error occurred ({error['Code']}) when calling the {operation_name} operation: {error['Message']}"
        )
        self.response, self.operation_name = response, operation_name

    @property
    def code(self) -> str:
        """The error code, such as NoSuchKey."""
        return str(self.response["Error"]["Code"])

    @property
    def message(self) -> str:
        """The service's own sentence, without boto3's preamble."""
        return str(self.response["Error"]["Message"])


@cache
def error_class(name: str) -> type[ClientError]:
    """The exception class of one name, which is the code unless `client_error` was told otherwise."""
    return type(name, (ClientError,), {"__module__": __name__})


@cache
def _error_class_beside_botocore(name: str) -> type[ClientError]:
    """The same class as a botocore ClientError too, where botocore is loaded.

    So the `except ClientError` of a handler written for boto3 goes on working.
    """
    bases = (error_class(name), sys.modules["botocore.exceptions"].ClientError)
    return type(name, bases, {"__module__": __name__})


def client_error(code: str, message: str, operation: str, status: int = 400, *, name: str | None = None) -> ClientError:
    """The error `code` of `operation`, ready to raise; `name` where the exception is not called like its code.

    SNS is such a case: its NotFoundException has the code NotFound.
    """
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {
            "RequestId": str(uuid.uuid4()),
            "HTTPStatusCode": status,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        },
    }
    make = _error_class_beside_botocore if "botocore.exceptions" in sys.modules else error_class
    return make(name or code)(response, operation)


class ExceptionNames:
    """`client.exceptions`: one exception class per code, as boto3's clients have it.

    `except client.exceptions.NoSuchKey` catches what `client_error("NoSuchKey", ...)` made.
    """

    def __init__(self, *codes: str) -> None:
        self._codes = codes

    def __getattr__(self, code: str) -> type[ClientError]:
        if code == "ClientError":
            return ClientError
        if code not in self._codes:
            raise AttributeError(f"this client has no exception {code!r}; it has {', '.join(self._codes)}")
        return error_class(code)
