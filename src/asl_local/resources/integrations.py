"""Service integrations: which stand-in answers `arn:aws:states:::service:action`, and how AWS words what comes back.

Knows: envelopes and error names of optimised and SDK integrations. Must never know: how a stand-in stores things.
Optimised integrations add SdkHttpMetadata and SdkResponseMetadata to the response and name errors after the old SDK's
service; `aws-sdk:` integrations give the bare response and name errors after the new SDK's (both recorded).
"""

from __future__ import annotations

import base64
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from asl_local.drivers.driver import TaskContext, Work
from asl_local.engine.messages import Call
from asl_local.errors import RUNTIME, EvaluationError, StateError
from asl_local.plan import Resource
from asl_local.services import lambda_
from asl_local.services.errors import ClientError, client_error
from asl_local.values import LATEST, Json, accept, copy, text_of

if TYPE_CHECKING:
    from asl_local.services.local import LocalAWS


@dataclass(frozen=True, slots=True)
class Integration:
    """One service as a Task calls it.

    `client` names the stand-in, `actions` what is offered (None: every operation of the client). `prefix` begins error
    names, `label` stands in causes, `generic` is the error for codes that the SDK has no exception for. `sdk` tells an
    `aws-sdk:` integration. `texts` are parameters that go out as text even when they are objects; `request` makes of
    the JSON of a state what the client takes (bytes, above all), given the API's name.
    """

    client: str
    prefix: str
    label: str
    generic: str
    sdk: bool = False
    actions: frozenset[str] | None = None
    unmodelled: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    request: Callable[[Json, str], dict[str, Any]] | None = None

    def work(self, aws: LocalAWS, resource: Resource) -> Work | None:
        """The work of one action; None if the service, or our stand-in of it, has no such action."""
        if self.actions is not None and resource.action not in self.actions:
            return None
        method = operation(aws, self.client, resource.action)
        if method is None:
            return None

        def perform(call: Call, context: TaskContext) -> Json:
            if not isinstance(call.arguments, dict):
                raise unusable(call.arguments, "The Parameters must be an object")
            parameters = {
                name: text_of(value) if name in self.texts and not isinstance(value, str) else value
                for name, value in copy(call.arguments).items()
            }
            try:
                if self.request is not None:
                    parameters = self.request(parameters, api_name(resource.action))
                response = method(**parameters)
            except ClientError as error:
                raise self.failure(error, context.aws_request_id) from error
            return self.envelope(response, context.aws_request_id)

        return perform

    def envelope(self, response: Mapping[str, Any], request: str) -> Json:
        """What the Task's result is for this response of the client; `request` is the request's id."""
        result = {name: plain(value) for name, value in response.items() if name != "ResponseMetadata"}
        return result if self.sdk else {**result, **sdk_metadata(result, request)}

    def failure(self, error: ClientError, request: str) -> StateError:
        """The error's name and cause as the machine sees them."""
        code, status = error.code, error.response["ResponseMetadata"]["HTTPStatusCode"]
        name = type(error).__name__  # the exception's, which is not always the code (SNS: NotFoundException, NotFound)
        name = name if name.endswith("Exception") else f"{name}Exception"
        if code in self.unmodelled:
            name = self.generic
        if self.sdk:
            extra = f", Extended Request ID: {request}" if self.client == "s3" else ""
            where = f"(Service: {self.label}, Status Code: {status}, Request ID: {request}{extra})"
        else:
            where = f"(Service: {self.label}; Status Code: {status}; Error Code: {code}; Request ID: {request}; Proxy: null)"
        return StateError(f"{self.prefix}.{name}", f"{error.message} {where}")


def _dynamodb_request(parameters: Json, name: str) -> dict[str, Any]:
    """B and BS are base64 text in a state and bytes at the client."""
    from asl_local.services.dynamodb import binary_from_json  # noqa: PLC0415 - with TinyDB, only when used

    converted: dict[str, Any] = binary_from_json(parameters, name)
    return converted


def _rekognition_request(parameters: Json, name: str) -> dict[str, Any]:
    """A picture's Bytes are base64 text in a state and bytes at the client."""
    converted = dict(parameters)
    for member in ("Image", "SourceImage", "TargetImage"):
        image = converted.get(member)
        if isinstance(image, dict) and isinstance(image.get("Bytes"), str):
            try:
                data = base64.b64decode(image["Bytes"], validate=True)
            except ValueError:
                problem = f"{member}.Bytes is not base64 text"
                raise client_error("InvalidImageFormatException", problem, name) from None
            converted[member] = {**image, "Bytes": data}
    return converted


_UNMODELLED = frozenset(
    {"ValidationException", "SerializationException", "ParamValidationError", "InternalError", "AccessDenied"}
)

INTEGRATIONS: Mapping[str, Integration] = {
    "dynamodb": Integration(
        "dynamodb", "DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException",
        actions=frozenset({"getItem", "putItem", "updateItem", "deleteItem"}), unmodelled=_UNMODELLED,
        request=_dynamodb_request,
    ),
    "sns": Integration(
        "sns", "SNS", "AmazonSNS", "AmazonSNSException", actions=frozenset({"publish"}), unmodelled=_UNMODELLED,
        texts=frozenset({"Message"}),
    ),
    "aws-sdk:dynamodb": Integration(
        "dynamodb", "DynamoDb", "DynamoDb", "DynamoDbException", sdk=True, unmodelled=_UNMODELLED,
        request=_dynamodb_request,
    ),
    "aws-sdk:s3": Integration(
        "s3", "S3", "S3", "S3Exception", sdk=True, texts=frozenset({"Body"}),
        unmodelled=_UNMODELLED | {"InvalidBucketName", "KeyTooLongError", "InvalidRange", "PreconditionFailed", "404"},
    ),
    "aws-sdk:rekognition": Integration(
        "rekognition", "Rekognition", "Rekognition", "RekognitionException", sdk=True, unmodelled=_UNMODELLED,
        request=_rekognition_request,
    ),
    "aws-sdk:sns": Integration("sns", "Sns", "Sns", "SnsException", sdk=True, unmodelled=_UNMODELLED),
}  # fmt: skip
"""Every service integration that a stand-in answers. lambda:invoke is not among them: it calls the user's handlers."""


def unusable(parameters: Json, *problems: str) -> EvaluationError:
    """Parameters that a task cannot be started with, in AWS's words (recorded); nothing catches that."""
    listed = ", ".join(problems)
    return EvaluationError(
        RUNTIME, f"The Parameters '{text_of(parameters)}' could not be used to start the Task: [{listed}]"
    )


def operation(aws: LocalAWS, client: str, action: str) -> Callable[..., Mapping[str, Any]] | None:
    """The client's method for an action: `putItem` -> `put_item`. Helpers of a client that AWS's API lacks are none."""
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", action).lower()
    method = getattr(aws.client(client), name, None) if not name.startswith("_") else None
    return method if callable(method) and getattr(method, "api_name", None) == api_name(action) else None


def actions(aws: LocalAWS, integration: Integration) -> list[str]:
    """Every action that may be named after the service, in the spelling of an ARN."""
    if integration.actions is not None:
        return sorted(integration.actions)
    methods = vars(type(aws.client(integration.client))).values()
    names = [str(method.api_name) for method in methods if hasattr(method, "api_name")]
    return sorted(name[:1].lower() + name[1:] for name in names)


def api_name(action: str) -> str:
    """`putItem` -> `PutItem`."""
    return action[:1].upper() + action[1:]


def plain(value: Any) -> Json:
    """A response's value as Step Functions shows it: times as ISO text, bytes as base64, bodies as text."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        body = value.read()
        return body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return value


def sdk_metadata(result: Json, request: str, extra: Mapping[str, str] | None = None) -> dict[str, Json]:
    """The two members that optimised integrations add to a response."""
    headers = {
        "Connection": "keep-alive",
        "Content-Length": str(len(text_of(result).encode())),
        "Content-Type": "application/json",
        "x-amzn-RequestId": request,
        **(extra or {}),
    }
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request},
    }


# -- lambda:invoke -----------------------------------------------------------------------------------------------------

_INVOKE_PARAMETERS = frozenset({"FunctionName", "Payload", "InvocationType", "LogType", "ClientContext", "Qualifier"})
_INVOCATION_TYPES = ("RequestResponse", "Event", "DryRun")


def invoke_lambda(function_named: Callable[[str], Work | None], functions: str) -> Work:
    """`arn:aws:states:::lambda:invoke`: FunctionName says which handler, Payload is its event.

    A string Payload is read as JSON, an absent or null one is `{}` (both recorded). InvocationType Event runs the
    handler before it answers 202, and drops what comes of it; DryRun only looks whether there is one.
    """

    def perform(call: Call, context: TaskContext) -> Json | Awaitable[Json]:
        parameters = call.arguments
        problems = _problems(parameters)
        if problems:
            raise unusable(parameters, *problems)
        name, kind = parameters["FunctionName"], parameters.get("InvocationType", "RequestResponse")
        function = function_named(name)
        if function is None:
            arn = name if name.startswith("arn:") else f"{functions}:{name}"
            raise _lambda_error("ResourceNotFoundException", f"Function not found: {arn}:$LATEST", context, 404)
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
        if inspect.isawaitable(result):
            return _later(result, parameters, context)
        return _envelope(result, parameters, context)

    return perform


def _problems(parameters: Json) -> list[str]:
    """What AWS says about parameters before it calls anything."""
    if not isinstance(parameters, dict):
        return ["The Parameters must be an object"]
    problems = [
        f"The field '{name}' is not supported by Step Functions"
        for name in parameters
        if name not in _INVOKE_PARAMETERS
    ]
    if "FunctionName" not in parameters:
        problems.append("The field 'FunctionName' is required but was missing")
    problems += [
        f"The value for the field '{name}' must be a STRING"
        for name, value in parameters.items()
        if name in _INVOKE_PARAMETERS and name != "Payload" and not isinstance(value, str)
    ]
    return problems


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


async def _later(awaitable: Awaitable[Json], parameters: Mapping[str, Json], context: TaskContext) -> Json:
    try:
        result = await awaitable
    except StateError as error:
        if parameters.get("InvocationType") == "Event":
            return _unanswered(202, context)
        raise _compact(error) from error.__cause__
    return _envelope(result, parameters, context)


def _unanswered(status: int, context: TaskContext) -> Json:
    return {"Payload": {}, **sdk_metadata({}, context.aws_request_id), "StatusCode": status}


def _compact(error: StateError) -> StateError:
    """lambda:invoke writes the function's error again, without blanks (recorded)."""
    try:
        return StateError(error.error, text_of(json.loads(error.cause)))
    except (TypeError, ValueError):
        return error


def _envelope(result: Json, parameters: Mapping[str, Json], context: TaskContext) -> Json:
    request = context.aws_request_id
    if parameters.get("InvocationType") == "Event":
        return _unanswered(202, context)
    tail = {}
    if parameters.get("LogType") == "Tail":
        log = f"START RequestId: {request} Version: $LATEST\nEND RequestId: {request}\n"
        tail = {"LogResult": base64.b64encode(log.encode()).decode()}
    headers = {
        # The length of the text that Lambda's Python runtime writes, with its blanks (recorded).
        "Content-Length": str(len(json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass"))),
        "Date": format_datetime(datetime.fromtimestamp(min(context.now(), LATEST), UTC), usegmt=True),
        "X-Amz-Executed-Version": "$LATEST",
        "x-amzn-Remapped-Content-Length": "0",
        "X-Amzn-Trace-Id": f"Root=1-{request[:8]}-{request.replace('-', '')[8:]};Sampled=0",
        **({"X-Amz-Log-Result": tail["LogResult"]} if tail else {}),
    }
    return {
        "ExecutedVersion": "$LATEST",
        **tail,
        "Payload": result,
        **sdk_metadata(result, request, headers),
        "StatusCode": 200,
    }


__all__ = ["INTEGRATIONS", "Integration", "invoke_lambda", "lambda_", "operation", "plain", "sdk_metadata"]
