"""lambda:invoke: FunctionName says which handler, and the answer looks as Lambda's does in a state machine.

Knows: Invoke's parameters, its envelope, and how Step Functions words what Lambda refuses. Must never know: who the
handlers are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from asl_local.drivers.driver import TaskContext, Work, is_awaitable
from asl_local.engine.messages import Call
from asl_local.errors import StateError
from asl_local.resources.integrations.envelope import sdk_metadata
from asl_local.services import lambda_
from asl_local.values import LATEST, Json, accept, text_of

_UNPUBLISHED = "$LATEST"
_INVOCATION_TYPES = ("RequestResponse", "Event", "DryRun")


def invoke_lambda(function_named: Callable[[str], Work | None], functions: str) -> Work:
    """`arn:aws:states:::lambda:invoke`: FunctionName says which handler, Payload is its event.

    A string Payload is read as JSON, an absent or null one is `{}` (both recorded). InvocationType Event runs the
    handler before it answers 202, and drops what comes of it; DryRun only looks whether there is one.
    """

    def perform(call: Call, context: TaskContext) -> Json | Awaitable[Json]:
        parameters = call.arguments
        name, kind = parameters["FunctionName"], parameters.get("InvocationType", "RequestResponse")
        named, told = lambda_.qualifier(name), parameters.get("Qualifier")
        if told is not None and named not in {None, told}:
            text = "The derived qualifier from the function name does not match the specified qualifier."
            raise _lambda_error("InvalidParameterValueException", text, context)
        qualifier = told or named
        qualified = name if told is None or named is not None else f"{name}:{told}"
        function = function_named(qualified) or function_named(name)
        if function is None:
            stem = (
                name.removesuffix(f":{named}")
                if name.startswith("arn:")
                else f"{functions}:{lambda_.function_name(name)}"
            )
            arn = f"{stem}:{qualifier or _UNPUBLISHED}"
            raise _lambda_error("ResourceNotFoundException", f"Function not found: {arn}", context, 404)
        # What an alias leads to is not known here; a version is itself.
        version = qualifier if qualifier is not None and qualifier.isdecimal() else _UNPUBLISHED
        if kind not in _INVOCATION_TYPES:
            raise _lambda_error(
                "AWSLambdaException",
                f"1 validation error detected: Value '{_shown(kind)}' at 'invocationType' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(_INVOCATION_TYPES)}]",
                context,
            )
        if kind == "DryRun":
            return _unanswered(204, context)
        event = parameters.get("Payload")
        if isinstance(event, str):
            event = _read(event, context)
        try:
            result = function(call._replace(arguments={} if event is None else event), context)
        except StateError as error:
            if kind == "Event":
                return _unanswered(202, context)
            raise _compact(error) from error.__cause__
        if is_awaitable(result):
            return _later(result, parameters, context, version)
        return _envelope(result, parameters, context, version)

    return perform


def _read(payload: str, context: TaskContext) -> Json:
    try:
        return accept(json.loads(payload))
    except (ValueError, RecursionError) as error:
        raise _lambda_error(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}", context
        ) from None


def _lambda_error(code: str, message: str, context: TaskContext, status: int = 400) -> StateError:
    """An error of Lambda's own, before any function ran."""
    return StateError(
        f"Lambda.{code}",
        f"{message} (Service: AWSLambda; Status Code: {status}; "
        f"Error Code: {'ValidationException' if code == 'AWSLambdaException' else code}; "
        f"Request ID: {context.aws_request_id}; Proxy: null)",
    )


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else text_of(value)


async def _later(
    awaitable: Awaitable[Json], parameters: Mapping[str, Json], context: TaskContext, version: str
) -> Json:
    try:
        result = await awaitable
    except StateError as error:
        if parameters.get("InvocationType") == "Event":
            return _unanswered(202, context)
        raise _compact(error) from error.__cause__
    return _envelope(result, parameters, context, version)


def _unanswered(status: int, context: TaskContext) -> Json:
    return {"Payload": {}, **sdk_metadata({}, context.aws_request_id), "StatusCode": status}


def _compact(error: StateError) -> StateError:
    """lambda:invoke writes the function's error again, without blanks (recorded)."""
    try:
        return StateError(error.error, text_of(json.loads(error.cause)))
    except (TypeError, ValueError):
        return error


def _envelope(result: Json, parameters: Mapping[str, Json], context: TaskContext, version: str) -> Json:
    request = context.aws_request_id
    if parameters.get("InvocationType") == "Event":
        return _unanswered(202, context)
    tail = {}
    if parameters.get("LogType") == "Tail":
        log = f"START RequestId: {request} Version: {version}\nEND RequestId: {request}\n"
        tail = {"LogResult": base64.b64encode(log.encode()).decode()}
    headers = {
        # The length of the text that Lambda's Python runtime writes, with its blanks (recorded).
        "Content-Length": str(len(json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass"))),
        "Date": format_datetime(datetime.fromtimestamp(min(context.now(), LATEST), UTC), usegmt=True),
        "X-Amz-Executed-Version": version,
        "x-amzn-Remapped-Content-Length": "0",
        "X-Amzn-Trace-Id": f"Root=1-{request[:8]}-{request.replace('-', '')[8:]};Sampled=0",
        **({"X-Amz-Log-Result": tail["LogResult"]} if tail else {}),
    }
    return {
        "ExecutedVersion": version,
        **tail,
        "Payload": result,
        **sdk_metadata(result, request, headers),
        "StatusCode": 200,
    }
