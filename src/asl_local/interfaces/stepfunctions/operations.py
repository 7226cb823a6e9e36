"""THE TABLE: every operation of the client with its parameters, their limits, and AWS's spelling of all of them.

Knows: the service model "states" 2016-11-23 (a test compares the table with botocore's copy of it). Must never know: what
an operation does. The page docs/stepfunctions-client.md prints this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from asl_local.interfaces.stepfunctions.parameters import Flag, ListOf, Number, Shape, Struct, Text, needed

DATA_LIMIT = 262_144  # characters of an input or output
DEFINITION_LIMIT = 1_048_576  # characters
PAGE = 100  # results where maxResults is 0 or not given (API reference)

ARN = Text(1, 256)
_LONG_ARN = Text(1, 2000)
_NAME = Text(1, 80)
_DATA = Text(0, DATA_LIMIT)
_DEFINITION = Text(1, DEFINITION_LIMIT)
_DESCRIPTION = Text(0, 256)
_ERROR, _CAUSE = Text(0, 256), Text(0, 32_768)
_TOKEN = Text(1, 2048)
_TYPE = Text(choices=("STANDARD", "EXPRESS"))
_INCLUDED = Text(choices=("ALL_DATA", "METADATA_ONLY"))

# The service's message lists the statuses in this order (recorded).
_STATUS = Text(choices=("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"))
_ALIAS_NAME = Text(1, 80, pattern=r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$")

_TAGS = ListOf(Struct({"key": Text(1, 128), "value": Text(0, 256)}, name="Tag"))
_PAGED: Mapping[str, Shape] = {"maxResults": Number(0, 1000), "nextToken": Text(1, 1024)}

_ENCRYPTION = Struct(
    {
        "kmsKeyId": Text(1, 2048),
        "kmsDataKeyReusePeriodSeconds": Number(60, 900),
        "type": Text(choices=("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY")),
    },
    required=("type",),
    name="EncryptionConfiguration",
)
_LOGGING = Struct(
    {
        "level": Text(choices=("ALL", "ERROR", "FATAL", "OFF")),
        "includeExecutionData": Flag(),
        "destinations": ListOf(
            Struct(
                {"cloudWatchLogsLogGroup": Struct({"logGroupArn": ARN}, name="CloudWatchLogsLogGroup")},
                name="LogDestination",
            )
        ),
    },
    name="LoggingConfiguration",
)
_TRACING = Struct({"enabled": Flag()}, name="TracingConfiguration")
_ROUTING = ListOf(
    Struct(
        {"stateMachineVersionArn": ARN, "weight": Number(0, 100)},
        required=("stateMachineVersionArn", "weight"),
        name="RoutingConfigurationListItem",
    ),
    1,
    2,
)
_CONFIGURATIONS: Mapping[str, Shape] = {
    "loggingConfiguration": _LOGGING,
    "tracingConfiguration": _TRACING,
    "publish": Flag(),
    "versionDescription": _DESCRIPTION,
    "encryptionConfiguration": _ENCRYPTION,
}
_STATE_NAME = Text(1, 80)
_MOCK = Struct(
    {
        "result": _DATA,
        "errorOutput": Struct({"error": Text(0, 256), "cause": Text(0, 32_768)}, name="MockErrorOutput"),
        "fieldValidationMode": Text(choices=("STRICT", "PRESENT", "NONE")),
    },
    name="MockInput",
)
_STATE_CONFIGURATION = Struct(
    {
        "retrierRetryCount": Number(0),
        "errorCausedByState": _STATE_NAME,
        "mapIterationFailureCount": Number(0),
        "mapItemReaderData": _DATA,
    },
    name="TestStateConfiguration",
)
_START: Mapping[str, Shape] = {
    "stateMachineArn": ARN,
    "name": _NAME,
    "input": _DATA,
    "traceHeader": Text(0, 256, pattern=r"\p{ASCII}*"),
}


def _by(name: str, shape: Shape = ARN, **others: Shape) -> Struct:
    """An operation on one thing, which must be named."""
    return Struct({name: shape, **others}, required=(name,))


OPERATIONS: Mapping[str, Struct] = {
    "CreateStateMachine": Struct(
        {
            "name": _NAME, "definition": _DEFINITION, "roleArn": ARN, "type": _TYPE, "tags": _TAGS, **_CONFIGURATIONS,
        },
        required=("name", "definition", "roleArn"),
    ),
    "UpdateStateMachine": _by("stateMachineArn", definition=_DEFINITION, roleArn=ARN, **_CONFIGURATIONS),
    "DescribeStateMachine": _by("stateMachineArn", includedData=_INCLUDED),
    "ListStateMachines": Struct(_PAGED),
    "DeleteStateMachine": _by("stateMachineArn"),
    "ValidateStateMachineDefinition": _by(
        "definition", _DEFINITION, type=_TYPE, severity=Text(choices=("ERROR", "WARNING")), maxResults=Number(0, 100)
    ),
    "PublishStateMachineVersion": _by("stateMachineArn", revisionId=Text(), description=_DESCRIPTION),
    "ListStateMachineVersions": _by("stateMachineArn", **_PAGED),
    "DeleteStateMachineVersion": _by("stateMachineVersionArn", _LONG_ARN),
    "CreateStateMachineAlias": needed(
        Struct({"description": _DESCRIPTION, "name": _ALIAS_NAME, "routingConfiguration": _ROUTING}),
        "name", "routingConfiguration",
    ),
    "UpdateStateMachineAlias": _by("stateMachineAliasArn", description=_DESCRIPTION, routingConfiguration=_ROUTING),
    "DescribeStateMachineAlias": _by("stateMachineAliasArn"),
    "ListStateMachineAliases": _by("stateMachineArn", **_PAGED),
    "DeleteStateMachineAlias": _by("stateMachineAliasArn"),
    "StartExecution": needed(Struct(_START), "stateMachineArn"),
    "StartSyncExecution": needed(Struct({**_START, "includedData": _INCLUDED}), "stateMachineArn"),
    "DescribeExecution": _by("executionArn", includedData=_INCLUDED),
    "DescribeStateMachineForExecution": _by("executionArn", includedData=_INCLUDED),
    "ListExecutions": Struct(
        {
            "stateMachineArn": ARN,
            "statusFilter": _STATUS,
            "maxResults": Number(0, 1000),
            "nextToken": Text(1, 3096),
            "mapRunArn": _LONG_ARN,
            "redriveFilter": Text(choices=("REDRIVEN", "NOT_REDRIVEN")),
        },
    ),
    "GetExecutionHistory": _by("executionArn", reverseOrder=Flag(), includeExecutionData=Flag(), **_PAGED),
    "StopExecution": _by("executionArn", error=_ERROR, cause=_CAUSE),
    "RedriveExecution": _by("executionArn", clientToken=Text(1, 64, pattern="[!-~]+")),
    "ListMapRuns": _by("executionArn", **_PAGED),
    "DescribeMapRun": _by("mapRunArn", _LONG_ARN),
    "CreateActivity": _by("name", _NAME, tags=_TAGS, encryptionConfiguration=_ENCRYPTION),
    "DescribeActivity": _by("activityArn"),
    "ListActivities": Struct(_PAGED),
    "DeleteActivity": _by("activityArn"),
    "GetActivityTask": _by("activityArn", workerName=_NAME),
    "SendTaskSuccess": needed(Struct({"taskToken": _TOKEN, "output": _DATA}), "output", "taskToken"),
    "SendTaskFailure": _by("taskToken", _TOKEN, error=_ERROR, cause=_CAUSE),
    "SendTaskHeartbeat": _by("taskToken", _TOKEN),
    "TagResource": needed(Struct({"resourceArn": ARN, "tags": _TAGS}), "resourceArn", "tags"),
    "UntagResource": needed(
        Struct({"resourceArn": ARN, "tagKeys": ListOf(Text(1, 128))}), "resourceArn", "tagKeys"
    ),
    "ListTagsForResource": _by("resourceArn"),
    "TestState": _by(
        "definition", _DEFINITION, roleArn=ARN, input=_DATA, inspectionLevel=Text(choices=("INFO", "DEBUG", "TRACE")),
        revealSecrets=Flag(), variables=_DATA, stateName=_STATE_NAME, mock=_MOCK, context=_DATA,
        stateConfiguration=_STATE_CONFIGURATION,
    ),
}  # fmt: skip

MISSING: Mapping[str, str] = {
    "UpdateMapRun": "a Map run takes its limits from the definition",
}
"""Operations that AWS has and the client has not, and what to do instead."""

PAGED = ("get_execution_history", "list_activities", "list_executions", "list_map_runs", "list_state_machines")
"""What boto3 has paginators for."""

ERRORS: tuple[str, ...] = (
    "ActivityAlreadyExists", "ActivityDoesNotExist", "ActivityLimitExceeded", "ActivityWorkerLimitExceeded",
    "ConflictException", "ExecutionAlreadyExists", "ExecutionDoesNotExist", "ExecutionLimitExceeded",
    "ExecutionNotRedrivable", "InvalidArn", "InvalidDefinition", "InvalidEncryptionConfiguration",
    "InvalidExecutionInput", "InvalidLoggingConfiguration", "InvalidName", "InvalidOutput", "InvalidToken",
    "InvalidTracingConfiguration", "KmsAccessDeniedException", "KmsInvalidStateException", "KmsThrottlingException",
    "MissingRequiredParameter", "ResourceNotFound", "ServiceQuotaExceededException", "StateMachineAlreadyExists",
    "StateMachineDeleting", "StateMachineDoesNotExist", "StateMachineLimitExceeded", "StateMachineTypeNotSupported",
    "TaskDoesNotExist", "TaskTimedOut", "TooManyTags", "ValidationException",
)  # fmt: skip
"""What `client.exceptions` has."""
