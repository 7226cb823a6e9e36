"""Lambda's side of a Python function: how it is named, called, and how its failure looks.

Knows: Lambda's Invoke API and Python runtime. Must never know: state machines, or where the functions come from.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import inspect
import json
import re
import sysconfig
import traceback
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import FunctionType, TracebackType
from typing import Any, TypeAlias

from asl_local.errors import NotJson, StateError
from asl_local.lazy import dataclass
from asl_local.services.errors import ExceptionNames, client_error
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

Handler: TypeAlias = Callable[..., Any]
Functions: TypeAlias = Callable[[str], Handler | None] | Mapping[str, Handler]

LARGEST_PAYLOAD = 6 * 1024 * 1024  # bytes; Lambda quotas, synchronous invocation, each way
MARSHAL_ERROR = "Runtime.MarshalError"
EXIT_ERROR = "Runtime.ExitError"

_NAME = re.compile(
    r"(arn:(?P<partition>aws[a-zA-Z-]*)?:lambda:)?((?P<region>[a-z]{2}(-gov)?(-iso[a-z]?)?-[a-z]+-\d):)?"
    r"((?P<account>\d{12}):)?(function:)?(?P<name>[a-zA-Z0-9-_]+)(:(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)
_PACKAGE = str(Path(__file__).resolve().parents[1]) + "/"
_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + "/"

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


def function_name(arn_or_name: str) -> str:
    """The bare name of a function: `f` out of `f`, `f:alias`, `123456789012:function:f`, and full ARNs with or without a
    version or alias. A text that is none of these (a placeholder, say) is its own name.
    """
    return (_parts(arn_or_name) or (arn_or_name, None))[0]


def qualifier(arn_or_name: str) -> str | None:
    """The version or alias that a name or ARN ends with, None if it names the function alone."""
    return (_parts(arn_or_name) or (arn_or_name, None))[1]


def _parts(arn_or_name: str) -> tuple[str, str | None] | None:
    match = _NAME.fullmatch(arn_or_name)
    return None if match is None else (match["name"], match["qualifier"])


def takes_context(handler: Handler) -> bool:
    """Whether a handler wants `(event, context)` or only `(event)`."""
    plain = _plain(handler)
    return _by_signature(handler) if plain is None else plain


def _plain(handler: Handler) -> bool | None:
    """The same of a function, or of one with first arguments given, without inspect's price; None for anything else."""
    function: Any = handler
    given = 0
    if type(function) is partial and not function.keywords:
        function, given = function.func, len(function.args)
    if type(function) is not FunctionType or function.__dict__:  # a decorator may say that its signature is another
        return None
    code = function.__code__
    places = code.co_argcount - given
    if code.co_flags & inspect.CO_VARARGS or places < 0:
        return None
    required = max(0, places - len(function.__defaults__ or ()))
    return required >= 2 or (places >= 2 and code.co_varnames[given + 1] == "context")


def _by_signature(handler: Handler) -> bool:
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):  # a built-in without a signature
        return False
    places = [each for each in parameters if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}]
    required = [each for each in places if each.default is each.empty]
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return len(required) <= 2
    # A second parameter with a default is the handler's own business, unless it is called what Lambda calls it.
    return len(required) >= 2 or (len(places) >= 2 and places[1].name == "context")


def marshal(value: Any) -> Json:
    """A handler's return value as JSON, by the rules of Lambda's Python runtime: tuples are arrays, Decimals numbers, keys
    that are numbers, booleans or None become texts.

    Raises NotJson, which says the place, for what has no JSON form: sets, bytes, NaN, a value that contains itself.
    """
    try:
        return accept(value)
    except NotJson as error:
        refusal = error
    try:
        return accept(_simplified(value))
    except RecursionError:  # it contains itself
        raise refusal from None


def _simplified(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {_key(key): _simplified(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_simplified(item) for item in value]
    return value


def _key(key: Any) -> Any:
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    return key


def failure(exception: BaseException, request_id: str | None = None) -> tuple[str, dict[str, Json]]:
    """(error name, cause) of what a handler raised, as Lambda's Python runtime reports it.

    The cause is `{"errorMessage", "errorType", "requestId", "stackTrace": [texts]}`. The stack trace has the handler's own
    frames: those of this library, and of the standard library before them, are left out. NotJson (of `marshal`) becomes
    Runtime.MarshalError; a StateError has the name and text that it was made with; SystemExit becomes Runtime.ExitError,
    whose cause, as on Lambda, has neither requestId nor stackTrace.
    """
    request_id = request_id or str(uuid.uuid4())
    if isinstance(exception, SystemExit):
        reason = (
            "without providing a reason"
            if exception.code in {0, None}
            else f"with error: exit status {_status(exception)}"
        )
        text = f"RequestId: {request_id} Error: Runtime exited {reason}"
        return EXIT_ERROR, {"errorType": EXIT_ERROR, "errorMessage": text}
    name, message = type(exception).__name__, _text(exception)
    trace = _stack_trace(exception.__traceback__)
    if isinstance(exception, NotJson):
        name, message, trace = MARSHAL_ERROR, _marshal_text(exception), []
    elif isinstance(exception, StateError):
        name, message = exception.error, exception.cause
    cause: dict[str, Json] = {
        "errorMessage": message,
        "errorType": name,
        "requestId": request_id,
        "stackTrace": trace,
    }
    return name, cause


def failure_text(cause: Mapping[str, Json]) -> str:
    """The payload of a failed invocation: Python's spacing, and non-ASCII characters as they are."""
    return json.dumps(cause, ensure_ascii=False)


def _status(exception: SystemExit) -> int:
    # sys.exit("text") prints the text and ends with 1.
    return exception.code if isinstance(exception.code, int) else 1


def _text(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # whatever a foreign __str__ raises must not hide the failure itself
        return f"<unprintable {type(exception).__name__} object>"


def _marshal_text(error: NotJson) -> str:
    return f"Unable to marshal response: {error.reason} at {error.path}"


def _stack_trace(trace: TracebackType | None) -> list[str]:
    frames = [frame for frame in traceback.extract_tb(trace) if not frame.filename.startswith((_PACKAGE, "<frozen"))]
    while frames and frames[0].filename.startswith(_STANDARD_LIBRARY) and "site-packages" not in frames[0].filename:
        frames.pop(0)
    # Tuples have no columns, so that there are no lines of ~~~^^^ marks, as in Lambda.
    return traceback.format_list([(f.filename, f.lineno or 0, f.name, f.line) for f in frames])


class Lambda:
    """The client("lambda") of a LocalAWS: invokes Python functions.

    `functions` gives the handler for a name: a mapping or a callable (None: there is none). It is asked with the name as it was
    written (with qualifier, or ARN), then with the bare name. Handlers take `(event)` or `(event, context)` and may be
    coroutine functions.
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

        Payload is JSON as text, bytes or a binary file; without one the event is `{}`. InvocationType Event runs the function once before
        it answers (202), and its outcome is dropped; DryRun only looks whether it exists (204).
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
        parts = _parts(asked)
        if parts is None:
            text = (
                f"1 validation error detected: Value '{asked}' at 'functionName' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {_NAME.pattern}"
            )
            raise client_error("ValidationException", text, "Invoke")
        name, named = parts
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
        if inspect.isawaitable(result):
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
