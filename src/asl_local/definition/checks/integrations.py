"""Checks of what a Task hands to an integration, as far as AWS looks at it when a state machine is created.

Knows: which parameters the optimised integrations must have and may have. Must never know: who answers a resource here.

AWS refuses a machine for what is told here; here it can still run, with a handler that does without, so these are
warnings. Required fields: measured on AWS; fields that may be: the services' API models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from asl_local.definition import diagnostics as codes
from asl_local.definition import resource_arns
from asl_local.definition.diagnostics import Findings, did_you_mean
from asl_local.values import Json

_HINT: Final = "AWS refuses this when the state machine is created"

REQUIRED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("lambda", "invoke"): ("FunctionName",),
    ("sqs", "sendMessage"): ("QueueUrl", "MessageBody"),
    ("sns", "publish"): ("Message",),
    ("dynamodb", "putItem"): ("TableName", "Item"),
    ("dynamodb", "getItem"): ("TableName", "Key"),
    ("dynamodb", "updateItem"): ("TableName", "Key"),
    ("dynamodb", "deleteItem"): ("TableName", "Key"),
    ("states", "startExecution"): ("StateMachineArn",),
    ("events", "putEvents"): ("Entries",),
    ("ecs", "runTask"): ("TaskDefinition",),
    ("glue", "startJobRun"): ("JobName",),
}
ALLOWED: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("lambda", "invoke"): frozenset({"FunctionName", "Payload", "ClientContext", "InvocationType", "LogType", "Qualifier"}),
    ("sqs", "sendMessage"): frozenset(
        {
            "QueueUrl", "MessageBody", "DelaySeconds", "MessageAttributes", "MessageSystemAttributes",
            "MessageDeduplicationId", "MessageGroupId",
        }
    ),
    ("sns", "publish"): frozenset(
        {
            "TopicArn", "TargetArn", "PhoneNumber", "Message", "Subject", "MessageStructure", "MessageAttributes",
            "MessageDeduplicationId", "MessageGroupId",
        }
    ),
    ("states", "startExecution"): frozenset({"StateMachineArn", "Name", "Input", "TraceHeader"}),
    ("events", "putEvents"): frozenset({"Entries", "EndpointId"}),
}  # fmt: skip


def check(findings: Findings, state: dict[str, Any], pointer: str, language: str) -> None:
    """The parameters of a Task state that calls an integration."""
    resource = state.get("Resource")
    arn = resource_arns.parse(resource) if isinstance(resource, str) else None
    if arn is None or arn.kind not in ("optimised", "sdk"):
        if arn is not None and arn.kind == "activity" and "Credentials" in state:
            findings.error(
                f"{pointer}/Credentials", "The field 'Credentials' is not supported for activities", key=True
            )
        return
    field = "Parameters" if language == "JSONPath" else "Arguments"
    if field not in state:
        findings.warning(
            f"{pointer}/Resource", f"{field} field is required for resource ARN: {resource}", code=codes.SCHEMA,
            aws="ERROR", hint=f'{_HINT}; "{field}": {{}} will do where nothing is needed',
        )  # fmt: skip
        return
    given = state[field]
    if arn.kind == "optimised" and isinstance(given, dict):
        _fields(findings, (arn.service, arn.action), given, f"{pointer}/{field}", language)


def _fields(
    findings: Findings, operation: tuple[str, str], given: dict[str, Json], pointer: str, language: str
) -> None:  # fmt: skip
    names = {name.removesuffix(".$") if language == "JSONPath" else name: name for name in given}
    for name in REQUIRED.get(operation, ()):
        if name not in names:
            findings.warning(
                pointer,
                f"The field '{name}' is required but was missing",
                code=codes.SCHEMA,
                aws="ERROR",
                hint=_HINT,
                key=True,
            )
    allowed = ALLOWED.get(operation)
    for name, written in names.items():
        if allowed is not None and name not in allowed:
            findings.warning(
                pointer, f'The field "{name}" is not supported by Step Functions', code=codes.SCHEMA, aws="ERROR",
                at=f"{pointer}/{written}", key=True, hint=did_you_mean(name, allowed) or _HINT,
            )  # fmt: skip
