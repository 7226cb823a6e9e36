"""Every exception of the library and every error name of the States Language, on one page.

Knows: names and texts. Must never know: how anything is parsed, run or stored.
Whose fault an error is can be read off its class:

- the definition's author: `InvalidDefinition` (all problems at once), `ExpressionSyntaxError` (one expression)
- the handler: `StateError` (raised by a handler to name an error that Retry and Catch see)
- the data at run time: `EvaluationError` (the interpreter could not evaluate a field)
- the caller: `DefinitionNotFound`, `UnknownResource`, `InvalidExecutionInput`, `InvalidMockConfig`, `ImpossibleSchedule`,
  `InvalidHistory`, `NotJson`, `UnansweredToken`, `ExecutionHangs`, `InvalidToken`, `TaskTimedOut`,
  `ExecutionNotRedrivable`, `ExecutionFailed` (asked for by `Result.unwrap`)
- us: `InternalError` ("please report")
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, dataclass, hinted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

# Error names: States Language specification, appendix A, and what AWS adds to it.
ALL = "States.ALL"
BRANCH_FAILED = "States.BranchFailed"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
HTTP_SOCKET = "States.Http.Socket"
HTTP_STATUS_CODE = "States.Http.StatusCode"  # and the status: States.Http.StatusCode.404
INTRINSIC_FAILURE = "States.IntrinsicFailure"
ITEM_READER_FAILED = "States.ItemReaderFailed"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
PARAMETER_PATH_FAILURE = "States.ParameterPathFailure"
PERMISSIONS = "States.Permissions"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"


class AslError(Exception):
    """Base of everything that this library raises on purpose."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of a definition.

    `code` is AWS's (ValidateStateMachineDefinition) where AWS has one, `path` a JSON pointer such as
    `/States/X/Next`; `line` and `column` count from 1 and are None for a definition given as a dict. `location` is the
    place as AWS writes it, `/States/X/Choices[0]/Next`. `aws` is set where AWS judges otherwise than `severity` says:
    ERROR for what it refuses and can run here nevertheless, ACCEPTED for what it takes.
    """

    code: str
    severity: Literal["ERROR", "WARNING"]
    path: str
    line: int | None
    column: int | None
    message: str
    hint: str | None = None
    location: str | None = None
    aws: Literal["ERROR", "ACCEPTED"] | None = None

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line is not None else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.code}: {self.message} at {self.path or '/'}{hint}"


class InvalidDefinition(AslError):
    """The definition cannot be run; `diagnostics` holds every problem found, in order of position."""

    def __init__(self, diagnostics: Sequence[Diagnostic], source: str = "") -> None:
        self.diagnostics = list(diagnostics)
        self.source = source
        errors = [d for d in self.diagnostics if d.severity == "ERROR"]
        head = f"{source or 'the definition'} has {len(errors)} error{'' if len(errors) == 1 else 's'}"
        super().__init__("\n  ".join([head, *map(str, errors)]))


class ExpressionSyntaxError(AslError, ValueError):
    """A path or an intrinsic function call that does not parse; `offset` counts characters from 0."""

    def __init__(self, message: str, text: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.text, self.offset = text, offset


class StateError(AslError):
    """An error that Retry and Catch can see. Raise it in a handler to choose the error's name and cause."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error, self.cause = error, cause


class EvaluationError(StateError):
    """The interpreter could not evaluate a field of a state.

    The engine puts AWS's sentence "An error occurred while executing the state 'X' (entered at the event id #n)."
    before its cause, which a StateError of a handler never gets. `location` is the field of a JSONata state that could
    not be evaluated (`Output/v[0]`), as the EvaluationFailed event has it; None where AWS's event has none.
    """

    def __init__(self, error: str, cause: str = "", location: str | None = None) -> None:
        super().__init__(error, cause)
        self.location = location


class DefinitionNotFound(AslError, LookupError):
    """A file or folder holds no state machine of the name that was asked for, or several and no name was given."""


class UnknownResource(AslError, LookupError):
    """A definition names a resource that nothing answers; the caller's fault, found before anything runs."""


class ExecutionHangs(AslError):
    """On AWS this execution would stand still for good, neither failing nor going on; here it is told instead."""


class UnansweredToken(AslError):
    """Virtual time stands still: a task waits for an answer that nobody will give, and no timeout ends it."""


class InvalidToken(AslError, LookupError):
    """A task token that no execution here has given out (AWS's error of that name)."""


class TaskTimedOut(AslError):
    """A task token whose task is over: answered, timed out, or its execution ended (AWS's error of that name)."""


class MissingExtra(AslError, ModuleNotFoundError):
    """What was asked for needs a library that one of the extras installs; the message has the command."""


class NotJson(AslError, ValueError):
    """A value that JSON has no form for; `path` says where inside the value (`$.a[0]`)."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{reason} at {path}")
        self.path, self.reason = path, reason


class ImpossibleSchedule(AslError, ValueError):
    """A schedule names a step that cannot be taken there: the machine, its handlers or the input are other ones."""


class InvalidMockConfig(AslError, ValueError):
    """Mocks that a machine cannot be run with: a test case that is not there, a state that is no Task, a wrong result.

    `path` is a JSON pointer into `source`: a MockConfigFile, with line and column if it was a file, or "mocks", where it
    begins with the state's name.
    """

    def __init__(self, path: str, reason: str, source: str) -> None:
        super().__init__(f"{source}: {reason} at {path}")
        self.path, self.reason, self.source = path, reason, source


class InvalidHistory(AslError, ValueError):
    """What is given as an execution's history is none, or lacks pages or data; the caller's fault."""


class InvalidExecutionInput(AslError, ValueError):
    """The input that an execution was to start with is not JSON or too large; the caller's fault."""


class ExecutionNotRedrivable(AslError, ValueError):
    """RedriveExecution of an execution that runs, has succeeded, is too long or ended too long ago; the caller's fault."""


class ExecutionFailed(AslError):
    """Raised by `Result.unwrap` for an execution that did not succeed; `result` is that result."""

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result


class InternalError(BaseException):
    """This should never happen. If you see it, please report it with the definition; no Catch ever sees it."""


hinted(globals(), "Diagnostic ExecutionFailed InvalidDefinition")
