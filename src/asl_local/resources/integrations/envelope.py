"""Envelopes: how Step Functions shows a service's response, and how it words what a service refuses.

Knows: what optimised and `aws-sdk:` integrations add to a response, and their error names. Must never know: who answers.
Optimised integrations add SdkHttpMetadata and SdkResponseMetadata to the response and name errors after the first SDK's
services; `aws-sdk:` integrations give the bare response and name errors after the second SDK's (both recorded).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asl_local.errors import StateError
from asl_local.lazy import dataclass, hinted, later
from asl_local.values import Json, accept, text_of

if TYPE_CHECKING:
    import base64
    import http

    from asl_local.resources.integrations import sdk_names
    from asl_local.services import lambda_
    from asl_local.services.errors import ClientError
else:  # a handler that fails needs none of these but lambda_
    later(
        globals(), "base64", "http", "asl_local.resources.integrations.sdk_names",
        "asl_local.services.lambda_",
    )  # fmt: skip

SDK = "aws-sdk:"


@dataclass(frozen=True, slots=True)
class Words:
    """How Step Functions words what comes from one service.

    `prefix` begins error names, `label` stands in causes, `generic` is the error for codes that the SDK has no
    exception for. `sdk` tells an `aws-sdk:` integration; `metadata` whether the response is given the SDK's members.
    """

    prefix: str
    label: str
    generic: str
    sdk: bool = False
    metadata: bool = True

    def result(self, response: Mapping[str, Any], request: str) -> Json:
        """What the Task's result is for this response of a client; `request` is the request's id."""
        shown = {name: plain(value) for name, value in response.items() if name != "ResponseMetadata"}
        return {**shown, **sdk_metadata(shown, request)} if self.metadata else shown

    def error(self, name: str | None, code: str, status: int, message: str, request: str) -> StateError:
        """The error as the machine sees it; `name` is the exception's, None for a code that has no exception."""
        if name is None:
            name = self.generic
        elif not name.endswith("Exception"):
            name = f"{name}Exception"
        if self.sdk:
            more = f", Extended Request ID: {request}" if self.label == "S3" else ""
            # The count came with a later SDK (recorded in November 2025, absent in 2023).
            where = (
                f"(Service: {self.label}, Status Code: {status}, Request ID: {request}{more}) (SDK Attempt Count: 1)"
            )
        else:
            where = f"(Service: {self.label}; Status Code: {status}; Error Code: {code}; Request ID: {request}; Proxy: null)"
        return StateError(f"{self.prefix}.{name}", f"{message} {where}")

    def failure(self, error: ClientError, request: str, unmodelled: Collection[str] = ()) -> StateError:
        """The error of a refusal in boto3's shape; `unmodelled` are the codes that have no exception."""
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        # The exception's name, which is not always the code (SNS: NotFoundException, NotFound).
        name = None if error.code in unmodelled else type(error).__name__
        return self.error(name, error.code, status, error.message, request)

    def unreachable(self, message: str) -> StateError:
        """The error of a request that the SDK could not send (recorded for SQS)."""
        return StateError(f"{self.prefix}.SdkClientException", message)


# Optimised integrations, after the SDK for Java 1: recorded for dynamodb, sns, sqs, states and events; named in real
# definitions for ecs and glue; the others by the same SDK's class names.
OPTIMISED_WORDS: Mapping[str, Words] = {
    "apigateway": Words("ApiGateway", "ApiGateway", "ApiGatewayException", metadata=False),
    "athena": Words("Athena", "AmazonAthena", "AmazonAthenaException"),
    "batch": Words("Batch", "AWSBatch", "AWSBatchException"),
    "bedrock": Words("Bedrock", "Bedrock", "BedrockException", metadata=False),
    "codebuild": Words("CodeBuild", "AWSCodeBuild", "AWSCodeBuildException"),
    "databrew": Words("DataBrew", "AWSGlueDataBrew", "AWSGlueDataBrewException"),
    "dynamodb": Words("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
    "ecs": Words("ECS", "AmazonECS", "AmazonECSException"),
    "eks": Words("EKS", "AmazonEKS", "AmazonEKSException"),
    "elasticmapreduce": Words("EMR", "AmazonElasticMapReduce", "AmazonElasticMapReduceException"),
    "emr-containers": Words("EMRContainers", "AmazonEMRContainers", "AmazonEMRContainersException"),
    "emr-serverless": Words("EMRServerless", "AmazonEMRServerless", "AmazonEMRServerlessException"),
    "events": Words("EventBridge", "AmazonEventBridge", "AmazonEventBridgeException", metadata=False),
    "glue": Words("Glue", "AWSGlue", "AWSGlueException"),
    "http": Words("States.Http", "Http", "HttpException", metadata=False),
    "lambda": Words("Lambda", "AWSLambda", "AWSLambdaException"),
    "mediaconvert": Words("MediaConvert", "AWSMediaConvert", "AWSMediaConvertException"),
    "sagemaker": Words("SageMaker", "AmazonSageMaker", "AmazonSageMakerException"),
    "sns": Words("SNS", "AmazonSNS", "AmazonSNSException"),
    "sqs": Words("SQS", "AmazonSQS", "AmazonSQSException"),
    "states": Words("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
}


def words_of(service: str) -> Words:
    """The words of a service as an ARN names it: `dynamodb`, `aws-sdk:secretsmanager`."""
    if not service.startswith(SDK):
        return OPTIMISED_WORDS[service]
    prefix = sdk_names.prefix(service.removeprefix(SDK))
    return Words(prefix, prefix, f"{prefix}Exception", sdk=True, metadata=False)


def added_to(service: str, parameters: dict[str, Any], execution_arn: str) -> dict[str, Any]:
    """The parameters with what Step Functions adds to them: an event's Resources name the execution and its machine.

    Developer Guide, "Add EventBridge events with Step Functions".
    """
    entries = parameters.get("Entries")
    if service != "events" or not isinstance(entries, list):
        return parameters
    ours = [execution_arn, re.sub(r":(?:execution|express):([^:]+):.+$", r":stateMachine:\1", execution_arn)]

    def named(entry: Json) -> Json:
        if not isinstance(entry, dict) or not isinstance(entry.get("Resources", []), list):
            return entry
        return {**entry, "Resources": [*entry.get("Resources", []), *ours]}

    return {**parameters, "Entries": [named(entry) for entry in entries]}


def accepted(service: str, result: Json) -> Json:
    """The same result, or StateError for a response that Step Functions takes as a failure.

    Entries that EventBridge rejected fail the whole task, with the response as cause (recorded).
    """
    if service == "events" and result.get("FailedEntryCount"):
        raise StateError(f"{OPTIMISED_WORDS[service].prefix}.FailedEntry", text_of(result))
    return result


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
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        body = value.read()
        return body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return value


def sdk_metadata(
    result: Json, request: str, extra: Mapping[str, str] | None = None, status: int = 200
) -> dict[str, Json]:
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
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request},
    }


def failed(error: BaseException, context: Any) -> StateError:
    """The error that a machine sees for what a handler raised; to be raised from that, which is for people."""
    if isinstance(error, StateError):
        name, cause = error.error, error.cause
        return StateError(None if name is None else str(name), None if cause is None else str(cause))
    name, details = lambda_.failure(error, context.aws_request_id)
    return StateError(name, lambda_.failure_text(details))


def service_response(response: Mapping[str, Any], context: Any = None, *, status: int = 200) -> Json:
    """What an optimised integration's Task has as its result, for a handler that stands for the service.

    `response` is the API's own response, in the spelling that the state machine is to see; times, bytes and streams
    in it become text, as Step Functions shows them. `context` is the handler's second argument and gives the request's
    id; without it the id is all zeros. `aws-sdk:` integrations have the bare response: return that from the handler.

    ```
    def run_task(event, context):
        return asl_local.service_response({"Tasks": [{"TaskArn": "..."}], "Failures": []}, context)
    ```
    """
    request = getattr(context, "aws_request_id", "00000000-0000-0000-0000-000000000000")
    shown = accept(plain({name: value for name, value in response.items() if name != "ResponseMetadata"}))
    return {**shown, **sdk_metadata(shown, request, status=http.HTTPStatus(status).value)}


hinted(globals())
