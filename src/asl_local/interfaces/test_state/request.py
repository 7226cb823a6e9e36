"""A TestState request: its members, what each may be, and AWS's words for what it may not.

Knows: the request's shape (API reference, "TestState") and its Context Object. Must never know: how a state runs, or
which state is under test; what depends on the state is asked in subject.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from asl_local.definition import json_text
from asl_local.errors import NotJson
from asl_local.lazy import dataclass
from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import ANY, FLAG, MAP, NUMBER, TEXT, Rule, check, needed, one_of
from asl_local.values import PAYLOAD_LIMIT, Json, accept, exceeds

OPERATION: Final = "TestState"
INFO, DEBUG, TRACE = LEVELS = ("INFO", "DEBUG", "TRACE")
STRICT, PRESENT, NONE = MODES = ("STRICT", "PRESENT", "NONE")

REQUEST: Final[Mapping[str, Rule]] = {
    "definition": needed(ANY),
    "input": ANY,
    "stateName": TEXT,
    "inspectionLevel": one_of(*LEVELS),
    "mock": MAP,
    "stateConfiguration": MAP,
    "context": ANY,
    "variables": ANY,
    "roleArn": TEXT,
    "revealSecrets": FLAG,
}
_MOCK: Final[Mapping[str, Rule]] = {"result": ANY, "errorOutput": MAP, "fieldValidationMode": one_of(*MODES)}
_ERROR_OUTPUT: Final[Mapping[str, Rule]] = {"error": TEXT, "cause": TEXT}
_CONFIGURATION: Final[Mapping[str, Rule]] = {
    "retrierRetryCount": NUMBER,
    "errorCausedByState": TEXT,
    "mapIterationFailureCount": NUMBER,
    "mapItemReaderData": TEXT,
}

_ContextRow: TypeAlias = "str | Mapping[str, _ContextRow]"
_CONTEXT: Final[Mapping[str, _ContextRow]] = {
    "Execution": {
        "Id": "string", "Input": "any", "Name": "string", "RoleArn": "string", "StartTime": "string",
        "RedriveCount": "number", "RedriveTime": "string",
    },
    "State": {"EnteredTime": "string", "Name": "string", "RetryCount": "number"},
    "StateMachine": {"Id": "string", "Name": "string"},
    "Task": {"Token": "string"},
    "Map": {"Item": {"Index": "number", "Value": "any", "Key": "string", "Source": "string"}},
}  # fmt: skip
"""The Context Object (Developer Guide, "Accessing execution data from the Context object")."""

_LONGEST_TEXT: Final[Mapping[str, int]] = {"error": 256, "cause": 32_768}


@dataclass(frozen=True, slots=True)
class Mock:
    """What the state's work is said to have given: a result, or an error with its cause.

    `mode` is how strictly a result is compared with the service's API model.
    """

    result: Json = None
    error: str | None = None
    cause: str | None = None
    mode: str = STRICT
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be read; every JSON text of it parsed. `variables` by name; `context` None if none is given."""

    definition: Any
    input: Json
    state_name: str | None = None
    level: str = INFO
    mock: Mock | None = None
    context: Json | None = None
    variables: dict[str, Json] | None = None
    role_arn: str | None = None
    retries: int = 0
    error_caused_by: str | None = None
    failed_iterations: int | None = None
    reader_data: str | None = None


def refused(message: str, code: str = "ValidationException") -> ClientError:
    """The refusal of a request, with AWS's name for it."""
    return client_error(code, message, OPERATION)


def read(given: Mapping[str, Any]) -> Request:
    """The request of TestState's members. Raises ClientError (ValidationException, InvalidExecutionInput, InvalidArn)."""
    check(OPERATION, REQUEST, given)
    configuration = given.get("stateConfiguration") or {}
    check(OPERATION, _CONFIGURATION, configuration)
    for name in ("retrierRetryCount", "mapIterationFailureCount"):
        if configuration.get(name, 0) < 0:
            raise _constraint(f"stateConfiguration.{name}", configuration[name], "value greater than or equal to 0")
    mock = _mock(given["mock"]) if "mock" in given else None
    if mock is None and "context" in given:
        raise refused("Context can only be specified when a mock is specified")
    if mock is not None and given.get("revealSecrets"):
        raise refused("RevealSecrets cannot be specified when a mock is specified")
    role = given.get("roleArn")
    if role is not None and not role.startswith("arn:"):
        raise refused(f"Invalid Arn: 'Invalid ARN prefix: {role}'", "InvalidArn")
    return Request(
        given["definition"],
        _input(given["input"]) if "input" in given else {},
        given.get("stateName"),
        given.get("inspectionLevel", INFO),
        mock,
        _context(given["context"]) if "context" in given else None,
        _variables(given["variables"]) if "variables" in given else None,
        role,
        configuration.get("retrierRetryCount", 0),
        configuration.get("errorCausedByState"),
        configuration.get("mapIterationFailureCount"),
        configuration.get("mapItemReaderData"),
    )


def parsed(given: Any) -> Json:
    """A JSON text, as AWS wants it, or a JSON value, for which Python has no need of a text. Raises ValueError."""
    if not isinstance(given, str):
        return accept(given)
    try:
        value, layout = json_text.load(given)
    except json_text.UnreadableText as error:
        raise ValueError(error.faults[0].message) from None
    faults = [fault.message for fault in layout.faults] if layout else []
    if faults and not faults[0].startswith("Duplicate"):
        raise ValueError(faults[0])
    return value


def _input(given: Any) -> Json:
    if isinstance(given, str) and not given:
        raise refused("Invalid State Machine Execution Input: 'Invalid execution input.'", "InvalidExecutionInput")
    try:
        value = parsed(given)
    except (ValueError, NotJson) as error:
        raise refused(f"Invalid State Machine Execution Input: '{error}'", "InvalidExecutionInput") from None
    if exceeds(value, PAYLOAD_LIMIT):
        raise _constraint("input", "...", f"length less than or equal to {PAYLOAD_LIMIT}")
    return value


def _mock(given: Mapping[str, Any]) -> Mock:
    check(OPERATION, _MOCK, given)
    kinds = [name for name in ("result", "errorOutput") if name in given]
    if len(kinds) > 1:
        raise refused("A test mock should have only one of the following fields: [result, errorOutput].")
    if not kinds:
        raise refused("A test mock should have one of the following fields: [result, errorOutput].")
    mode = given.get("fieldValidationMode", STRICT)
    if "errorOutput" in given:
        output = given["errorOutput"]
        check(OPERATION, _ERROR_OUTPUT, output)
        if "error" not in output:
            raise refused("The field 'error' is required in a mocked errorOutput")
        for name, longest in _LONGEST_TEXT.items():
            if len(output.get(name, "")) > longest:
                raise _constraint(f"mock.errorOutput.{name}", output[name], f"length less than or equal to {longest}")
        return Mock(error=output["error"], cause=output.get("cause"), mode=mode, failed=True)
    try:
        return Mock(parsed(given["result"]), mode=mode)
    except (ValueError, NotJson):
        raise refused("Mocked result must be valid JSON") from None


def _constraint(name: str, value: Any, rule: str) -> ClientError:
    return refused(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have {rule}"
    )


def _variables(given: Any) -> dict[str, Json]:
    try:
        value = parsed(given)
    except (ValueError, NotJson):
        raise refused("Variables must be valid JSON") from None
    if not isinstance(value, dict):
        raise refused("Variables must be a JSON object")
    return value


# ------------------------------------------------------------------------------------------------ the Context Object


def _context(given: Any) -> Json:
    try:
        value = parsed(given)
    except (ValueError, NotJson):
        raise _bad_context("Context object must be valid JSON") from None
    _check_context(value, _CONTEXT, "Context object")
    return value


def _bad_context(why: str) -> ClientError:
    return refused(f"Invalid Context object provided: {why}")


def _check_context(value: Json, row: _ContextRow, name: str) -> None:
    if isinstance(row, str):
        right = {
            "any": True,
            "string": isinstance(value, str),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        }
        if not right[row]:
            raise _bad_context(f"Field '{name}' must be a {row}")
        return
    if not isinstance(value, dict):
        raise _bad_context(f"Field '{name}' must be an object")
    for member, inner in value.items():
        if member not in row:
            raise _bad_context(f"Field '{member}' is not allowed")
        _check_context(inner, row[member], member)


def task_context_refused() -> ClientError:
    """A token is there for who waits for one (recorded)."""
    return _bad_context(
        "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service "
        "integration pattern"
    )
