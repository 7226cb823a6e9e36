"""Requests: what Step Functions looks at in a Task's parameters before it calls a service.

Knows: the fields of optimised integrations. Must never know: who answers, or what comes back.
What is wrong here ends the execution with States.Runtime before the task is scheduled (recorded); what only the service
can tell is the service's to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from asl_local.errors import RUNTIME, EvaluationError
from asl_local.lazy import dataclass, field
from asl_local.values import Json, text_of


@dataclass(frozen=True, slots=True)
class Fields:
    """The parameters of an action: those that it needs, those that it may have, which must be texts, and the form that
    others must have.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    forms: Mapping[str, Callable[[Json], bool]] = field(default_factory=dict)

    def check(self, parameters: Json) -> None:
        """Raises EvaluationError for parameters that the action cannot be called with."""
        problems = self.problems(parameters)
        if problems:
            raise unusable(parameters, *problems)

    def problems(self, parameters: Json) -> list[str]:
        """What AWS says of parameters before it calls anything; empty if they can be sent."""
        if not isinstance(parameters, dict):
            return ["The Parameters must be an object"]
        known = {*self.required, *self.optional}
        missing = [name for name in self.required if name not in parameters]
        return [
            *(f"The field '{name}' is not supported by Step Functions" for name in parameters if name not in known),
            *(f"The field '{name}' is required but was missing" for name in missing),
            *(
                f"The value for the field '{name}' must be a STRING"
                for name, value in parameters.items()
                if name in self.texts and not isinstance(value, str)
            ),
            *(
                f"The value of the field '{name}' has an invalid format"
                for name, form in self.forms.items()
                if name in parameters and not form(parameters[name])
            ),
        ]


def unusable(parameters: Json, *problems: str) -> EvaluationError:
    """Parameters that a task cannot be started with, in AWS's words (recorded); nothing catches that."""
    listed = ", ".join(problems)
    return EvaluationError(
        RUNTIME, f"The Parameters '{text_of(parameters)}' could not be used to start the Task: [{listed}]"
    )


def _lists_of_text(headers: Json) -> bool:
    """Headers are arrays of texts: `{"X-Name": ["value"]}`; a single text is refused (recorded)."""
    return isinstance(headers, dict) and all(
        isinstance(values, list) and all(isinstance(value, str) for value in values) for values in headers.values()
    )


# Developer Guide, the page of each integration.
FIELDS: Mapping[tuple[str, str], Fields] = {
    ("apigateway", "invoke"): Fields(
        ("ApiEndpoint", "Method"),
        ("Headers", "Stage", "Path", "QueryParameters", "RequestBody", "AllowNullValues", "AuthType"),
        forms={"Headers": _lists_of_text, "QueryParameters": _lists_of_text},
    ),
    ("events", "putEvents"): Fields(("Entries",)),
    ("http", "invoke"): Fields(
        ("ApiEndpoint", "Method"),
        ("Authentication", "InvocationConfig", "Headers", "QueryParameters", "RequestBody", "Transform"),
    ),
    ("lambda", "invoke"): Fields(
        ("FunctionName",),
        ("Payload", "InvocationType", "LogType", "ClientContext", "Qualifier"),
        ("FunctionName", "InvocationType", "LogType", "ClientContext", "Qualifier"),
    ),
    ("sns", "publish"): Fields(
        (),
        (
            "Message", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId", "MessageStructure",
            "PhoneNumber", "Subject", "TargetArn", "TopicArn",
        ),
    ),
    ("sqs", "sendMessage"): Fields(
        ("QueueUrl", "MessageBody"),
        ("DelaySeconds", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId"),
    ),
}  # fmt: skip
