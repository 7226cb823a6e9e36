"""Service integrations: which stand-in answers `arn:aws:states:::service:action`, and what becomes of a state's JSON on
the way.

Knows: what each stand-in offers and which of its parameters are bytes or text. Must never know: how one stores things.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asl_local.drivers.driver import TaskContext, Work
from asl_local.engine.messages import Call
from asl_local.errors import StateError
from asl_local.lazy import dataclass
from asl_local.plan import Resource, unusable
from asl_local.resources.integrations.envelope import SDK, Words, accepted, added_to, api_name, words_of
from asl_local.services.errors import ClientError, client_error
from asl_local.values import Json, copy, text_of

if TYPE_CHECKING:
    from asl_local.services.local import LocalAWS

Request = Callable[[dict[str, Any], str, TaskContext], dict[str, Any]]
"""(parameters, the API's name, context) -> what the client takes."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One service as a Task calls it and a stand-in answers.

    `client` names the stand-in, `actions` what is offered (None: every operation of the client). `unmodelled` are codes
    that the SDK has no exception for. `texts` are parameters that go out as text even when they are objects; `request`
    makes of the JSON of a state what the client takes (bytes, above all). `refused` finds the error in a refusal that
    has words of its own.
    """

    client: str
    actions: frozenset[str] | None = None
    unmodelled: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    request: Request | None = None
    refused: Callable[[Words, ClientError, Json], StateError | None] | None = None

    def work(self, aws: LocalAWS, resource: Resource) -> Work | None:
        """The work of one action; None if the service, or our stand-in of it, has no such action."""
        action, words = resource.operation, words_of(resource.service)
        if self.actions is not None and action not in self.actions:
            return None
        method = operation(aws, self.client, action)
        if method is None:
            return None

        def perform(call: Call, context: TaskContext) -> Json:
            arguments = call.arguments
            if not isinstance(arguments, dict):
                raise unusable(arguments, "The Parameters must be an object")
            parameters = {
                name: text_of(value) if name in self.texts and not isinstance(value, str) else value
                for name, value in added_to(resource.service, copy(arguments), context.execution_arn).items()
            }
            try:
                if self.request is not None:
                    parameters = self.request(parameters, api_name(action), context)
                response = method(**parameters)
            except ClientError as error:
                raise self.failure(words, error, arguments, context.aws_request_id) from error
            return accepted(resource.service, words.result(response, context.aws_request_id))

        return perform

    def failure(self, words: Words, error: ClientError, arguments: Json, request: str) -> StateError:
        """The error's name and cause as the machine sees them."""
        special = None if self.refused is None else self.refused(words, error, arguments)
        return words.failure(error, request, self.unmodelled) if special is None else special


# -- on the way to a client --------------------------------------------------------------------------------------------


def _dynamodb_request(parameters: dict[str, Any], name: str, _context: TaskContext) -> dict[str, Any]:
    """B and BS are base64 text in a state and bytes at the client."""
    from asl_local.services.dynamodb import binary_from_json  # noqa: PLC0415 - with TinyDB, only when used

    converted: dict[str, Any] = binary_from_json(parameters, name)
    return converted


def _rekognition_request(parameters: dict[str, Any], name: str, _context: TaskContext) -> dict[str, Any]:
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


def _details_as_text(parameters: dict[str, Any], name: str, _context: TaskContext) -> dict[str, Any]:
    """An event's Detail is a text at the client and may be an object in a state (recorded)."""
    entries = parameters.get("Entries")
    if name != "PutEvents" or not isinstance(entries, list):
        return parameters

    def sent(entry: Json) -> Json:
        if not isinstance(entry, dict) or isinstance(entry.get("Detail", ""), str):
            return entry
        return {**entry, "Detail": text_of(entry["Detail"])}

    return {**parameters, "Entries": [sent(entry) for entry in entries]}


# -- on the way back ---------------------------------------------------------------------------------------------------


def _no_such_host(words: Words, error: ClientError, arguments: Json) -> StateError | None:
    """SQS is sought at the host of the QueueUrl; that there is none is the SDK's own error (recorded)."""
    if words.sdk or error.code != "InvalidAddress":
        return None
    host = urlsplit(arguments["QueueUrl"]).hostname or arguments["QueueUrl"]
    return words.unreachable(f"Unable to execute HTTP request: {host}: Name or service not known")


_UNMODELLED = frozenset(
    {"ValidationException", "SerializationException", "ParamValidationError", "InternalError", "AccessDenied"}
)
_UNMODELLED_SQS = _UNMODELLED | {"MissingParameter", "InvalidParameterValue"}

INTEGRATIONS: Mapping[str, Integration] = {
    "dynamodb": Integration(
        "dynamodb", actions=frozenset({"getItem", "putItem", "updateItem", "deleteItem"}), unmodelled=_UNMODELLED,
        request=_dynamodb_request,
    ),
    "events": Integration(
        "events", actions=frozenset({"putEvents"}), unmodelled=_UNMODELLED, request=_details_as_text,
    ),
    "sns": Integration(
        "sns", actions=frozenset({"publish"}), unmodelled=_UNMODELLED, texts=frozenset({"Message"}),
    ),
    "sqs": Integration(
        "sqs", actions=frozenset({"sendMessage"}), unmodelled=_UNMODELLED_SQS, texts=frozenset({"MessageBody"}),
        refused=_no_such_host,
    ),
    "aws-sdk:dynamodb": Integration("dynamodb", unmodelled=_UNMODELLED, request=_dynamodb_request),
    "aws-sdk:eventbridge": Integration("events", unmodelled=_UNMODELLED, request=_details_as_text),
    "aws-sdk:s3": Integration(
        "s3", texts=frozenset({"Body"}),
        unmodelled=_UNMODELLED | {"InvalidBucketName", "KeyTooLongError", "InvalidRange", "PreconditionFailed", "404"},
    ),
    "aws-sdk:rekognition": Integration("rekognition", unmodelled=_UNMODELLED, request=_rekognition_request),
    "aws-sdk:sns": Integration("sns", unmodelled=_UNMODELLED, texts=frozenset({"Message"})),
    "aws-sdk:sqs": Integration("sqs", unmodelled=_UNMODELLED_SQS, texts=frozenset({"MessageBody"})),
}  # fmt: skip
"""Every service integration that a stand-in answers. lambda:invoke is not among them: it calls the user's handlers."""


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


__all__ = ["INTEGRATIONS", "SDK", "Integration", "actions", "operation"]
