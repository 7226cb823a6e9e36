"""The client("lambda") of a LocalAWS: it invokes Python functions.

Knows: Lambda's Invoke API. Must never know: state machines, or where the functions come from.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from asl_local.lazy import dataclass
from asl_local.services.errors import ExceptionNames, client_error
from asl_local.services.lambda_ import NAME, Handler, failure, failure_text, marshal, parts, takes_context
from asl_local.services.parameters import (
    ANY,
    TEXT,
    Answer,
    Given,
    Rule,
    invalid_parameters,
    needed,
    no_operation,
    one_of,
    operation,
    refused,
    response_metadata,
)
from asl_local.services.streaming import StreamingBody
from asl_local.values import Json, accept

Functions: TypeAlias = Callable[[str], Handler | None] | Mapping[str, Handler]

LARGEST_PAYLOAD = 6 * 1024 * 1024  # bytes; Lambda quotas, synchronous invocation, each way

OPERATIONS: dict[str, dict[str, Rule]] = {
    "Invoke": {
        "FunctionName": needed(TEXT, shortest=1),
        "Payload": ANY,
        "InvocationType": one_of("RequestResponse", "Event", "DryRun"),
        "LogType": one_of("None", "Tail"),
        "ClientContext": TEXT,
        "Qualifier": TEXT,
        **refused("there is one account on this machine", "TenantId"),
        **refused("functions run once here", "DurableExecutionName"),
    },
}


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The second argument of a handler: the attributes that Lambda's Python runtime gives it.

    `remaining` answers get_remaining_time_in_millis; without it the function has Lambda's longest time, 15 minutes.
    """

    function_name: str
    aws_request_id: str
    invoked_function_arn: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "128"
    log_group_name: str = ""
    log_stream_name: str = ""
    identity: None = None
    client_context: ClientContext | None = None
    remaining: Callable[[], int] | None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds before the invocation times out."""
        return 900_000 if self.remaining is None else self.remaining()


@dataclass(frozen=True, slots=True)
class ClientContext:
    """What a caller put into Invoke's ClientContext: dicts, or None."""

    custom: Any
    env: Any
    client: Any


class Lambda:
    """The client("lambda") of a LocalAWS: invokes Python functions.

    `functions` gives the handler for a name: a mapping or a callable (None: there is none). It is asked with the name
    as it was written (with qualifier, or ARN), then with the bare name. Handlers take `(event)` or `(event, context)`
    and may be coroutine functions.
    """

    def __init__(self, functions: Functions, *, region: str = "us-east-1", account: str = "123456789012") -> None:
        self._functions = functions
        self._region, self._account = region, account
        self.exceptions = ExceptionNames(
            "InvalidParameterValueException",
            "InvalidRequestContentException",
            "RequestTooLargeException",
            "ResourceNotFoundException",
        )

    def __getattr__(self, name: str) -> Any:
        no_operation(self, "lambda", name)

    @operation("Invoke", OPERATIONS["Invoke"])
    def invoke(self, given: Given) -> Answer:
        """Calls a function: `{"StatusCode", "ExecutedVersion", "Payload": StreamingBody, "FunctionError"?}`.

        Payload is JSON as text, bytes or a binary file; without one the event is `{}`. InvocationType Event runs the
        function once before it answers (202), and its outcome is dropped; DryRun only looks whether it exists (204).
        Raises ResourceNotFoundException, InvalidRequestContentException, InvalidParameterValueException,
        RequestTooLargeException, ValidationException.
        """
        if given.get("LogType") == "Tail":
            raise invalid_parameters(
                "Invoke", 'LogType "Tail" is not supported: what a function prints is not collected here'
            )
        handler, name, arn, version = self._find(given)
        kind = given.get("InvocationType", "RequestResponse")
        if kind == "DryRun":
            return {"ResponseMetadata": response_metadata(204), "StatusCode": 204, "Payload": StreamingBody(b"")}
        event = _event(given.get("Payload", b""))
        request_id = str(uuid.uuid4())
        context = LambdaContext(name, request_id, arn, version, client_context=_client_context(given))
        payload, failed = _run(handler, event, context)
        if kind == "Event":
            return {"ResponseMetadata": response_metadata(202), "StatusCode": 202, "Payload": StreamingBody(b"")}
        answer: Answer = {"StatusCode": 200, "ExecutedVersion": version, "Payload": StreamingBody(payload.encode())}
        return {**answer, "FunctionError": "Unhandled"} if failed else answer

    def _find(self, given: Given) -> tuple[Handler, str, str, str]:
        asked: str = given["FunctionName"]
        found = parts(asked)
        if found is None:
            text = (
                f"1 validation error detected: Value '{asked}' at 'functionName' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {NAME.pattern}"
            )
            raise client_error("ValidationException", text, "Invoke")
        name, named = found
        qualifier = given.get("Qualifier", named)
        if named not in {None, qualifier}:
            text = "The derived qualifier from the function name does not match the specified qualifier."
            raise client_error("InvalidParameterValueException", text, "Invoke")
        arn = f"arn:aws:lambda:{self._region}:{self._account}:function:{name}"
        arn = f"{arn}:{qualifier}" if qualifier else arn
        versions = (f"{name}:{qualifier}", arn) if qualifier else ()
        for each in (*versions, asked, name, f"arn:aws:lambda:{self._region}:{self._account}:function:{name}"):
            handler = self._functions.get(each) if isinstance(self._functions, Mapping) else self._functions(each)
            if handler is not None:
                # There is one version of everything; an alias leads to it.
                return handler, name, arn, "$LATEST"
        raise client_error("ResourceNotFoundException", f"Function not found: {arn}", "Invoke", 404)


def _run(handler: Handler, event: Json, context: LambdaContext) -> tuple[str, bool]:
    try:
        result = handler(event, context) if takes_context(handler) else handler(event)
        if isinstance(result, Awaitable):
            result = asyncio.run(_awaited(result))
        payload = json.dumps(marshal(result), ensure_ascii=False)
    except (Exception, SystemExit) as error:  # whatever the handler raises is its answer
        return failure_text(failure(error, context.aws_request_id)[1]), True
    if len(payload.encode("utf-8", "surrogatepass")) <= LARGEST_PAYLOAD:
        return payload, False
    cause = {
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({LARGEST_PAYLOAD} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return failure_text(cause), True


async def _awaited(result: Any) -> Any:
    return await result


def _event(payload: Any) -> Json:
    if hasattr(payload, "read"):
        payload = payload.read()
    if isinstance(payload, str):
        payload = payload.encode("utf-8", "surrogatepass")
    if not isinstance(payload, (bytes, bytearray)):
        problem = f"Invalid type for parameter Payload, value: {payload!r}, type: {type(payload)}"
        raise invalid_parameters("Invoke", f"{problem}, valid types: {bytes}, {bytearray}, file-like object")
    if len(payload) > LARGEST_PAYLOAD:
        text = f"Request must be smaller than {LARGEST_PAYLOAD} bytes for the InvokeFunction operation"
        raise client_error("RequestTooLargeException", text, "Invoke", 413)
    if not payload:
        return {}
    try:
        return accept(json.loads(payload))
    except (ValueError, RecursionError) as error:
        text = f"Could not parse request body into json: {error}"
        raise client_error("InvalidRequestContentException", text, "Invoke") from None


def _client_context(given: Given) -> ClientContext | None:
    if "ClientContext" not in given:
        return None
    try:
        told = json.loads(base64.b64decode(given["ClientContext"], validate=True))
    except (binascii.Error, ValueError):
        told = None
    if not isinstance(told, dict):
        raise client_error(
            "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.", "Invoke"
        )
    return ClientContext(told.get("custom"), told.get("env"), told.get("client"))
