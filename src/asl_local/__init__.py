"""asl_local runs Amazon States Language (AWS Step Functions) definitions in-process and offline.

A tour:

    machine = asl_local.load("order.asl.json")          # a path, text or dict; every problem at once, with its place
    asl_local.validate(text)                            # the same, as a list of diagnostics
    asl_local.load("template.yaml", name="Orders")      # out of CloudFormation, SAM, cdk.out, serverless.yml
    asl_local.definitions_in("template.yaml")           # all that are in there
    result = machine.run(input, resources={...})        # real time, handlers on threads
    result = machine.simulate(input, resources={...})   # a virtual clock: a Wait of a year takes no time
    machine.simulate(asl_local.mock_input(machine), asl_local.mock_answers(machine))     # nothing written by hand
    machine.simulate(input, mocks={"Charge": asl_local.mock.throws("Busy")})              # answers by state; asl_local.mock
    result.status, result.output, result.error, result.cause
    result.history.to_aws()                             # what GetExecutionHistory would have said
    result.to_html("order.html")                        # the execution report; asl_local.view: of a recorded execution
    result.map_runs                                     # of each Distributed Map: counts, child executions, histories
    result.unwrap()                                     # the output, or ExecutionFailed
    execution = machine.start(input, resources={...})   # in the background: answer its task tokens, stop it, wait for it
    with asl_local.live(): ...                          # a terminal shows what runs inside, while it does
    with asl_local.Coverage() as coverage: ...          # what executions have come past, and what nobody has tested

`resources` maps a Lambda function's ARN or name, or a pattern such as "*FaceDetection*", to a Python function
`(event)` or `(event, context)`. `Resources(handlers, aws=LocalAWS("folder"))` adds local stand-ins for S3, DynamoDB,
Rekognition and SNS, which `LocalAWS("folder").client("s3")` gives to your functions under boto3's names.

(PYTEST_DONT_REWRITE, or pytest warns everybody who has imported this before pytest began.)
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, names

if TYPE_CHECKING:
    from asl_local import mock as mock
    from asl_local.definition import FoundDefinition
    from asl_local.drivers import Callbacks
    from asl_local.engine import Execution, Identity, Limits
    from asl_local.errors import (
        AslError,
        DefinitionNotFound,
        Diagnostic,
        ExecutionFailed,
        ExecutionHangs,
        ExecutionNotRedrivable,
        ImpossibleSchedule,
        InvalidDefinition,
        InvalidExecutionInput,
        InvalidHistory,
        InvalidMockConfig,
        InvalidToken,
        MissingExtra,
        NotJson,
        StateError,
        TaskTimedOut,
        UnansweredToken,
        UnknownResource,
    )
    from asl_local.interfaces.machine import Machine, definitions_in, load, validate
    from asl_local.interfaces.replaying import replay as replay
    from asl_local.interfaces.result import Result
    from asl_local.interfaces.started import Started
    from asl_local.interfaces.stepfunctions import StepFunctions as StepFunctions
    from asl_local.interfaces.test_state import test_state as test_state
    from asl_local.interfaces.viewing import view as view
    from asl_local.reporters import ChildExecution, Event, History, MapRun
    from asl_local.reporters.live import live as live
    from asl_local.resources import Job, Resources, mock_answers, mock_input, service_response
    from asl_local.services.local import LocalAWS as LocalAWS
    from asl_local.testing.coverage import Coverage as Coverage
else:
    # By the module that has it: importing the package costs nothing, its names cost what they import.
    __getattr__ = names(__name__, globals(), {
        "definition": "FoundDefinition",
        "drivers": "Callbacks",
        "engine": "Execution Identity Limits",
        "errors": (
            "AslError DefinitionNotFound Diagnostic ExecutionFailed ExecutionHangs ExecutionNotRedrivable "
            "ImpossibleSchedule InvalidDefinition InvalidExecutionInput InvalidHistory InvalidMockConfig "
            "InvalidToken MissingExtra NotJson StateError TaskTimedOut UnansweredToken UnknownResource"
        ),
        "interfaces.machine": "Machine definitions_in load validate",
        "interfaces.replaying": "replay",
        "interfaces.result": "Result",
        "interfaces.started": "Started",
        "interfaces.stepfunctions": "StepFunctions",
        "interfaces.test_state": "test_state",
        "interfaces.viewing": "view",
        "mock": "mock",
        "reporters": "ChildExecution Event History MapRun",
        "reporters.live": "live",
        "resources": "Job Resources mock_answers mock_input service_response",
        "services.local": "LocalAWS",
        "strategies": "strategies",
        "testing.coverage": "Coverage",
    })  # fmt: skip

__version__ = "0.1.0"

__all__ = [
    "AslError",
    "Callbacks",
    "ChildExecution",
    "Coverage",
    "DefinitionNotFound",
    "Diagnostic",
    "Event",
    "Execution",
    "ExecutionFailed",
    "ExecutionHangs",
    "ExecutionNotRedrivable",
    "FoundDefinition",
    "History",
    "Identity",
    "ImpossibleSchedule",
    "InvalidDefinition",
    "InvalidExecutionInput",
    "InvalidHistory",
    "InvalidMockConfig",
    "InvalidToken",
    "Job",
    "Limits",
    "LocalAWS",
    "Machine",
    "MapRun",
    "MissingExtra",
    "NotJson",
    "Resources",
    "Result",
    "Started",
    "StateError",
    "StepFunctions",
    "TaskTimedOut",
    "UnansweredToken",
    "UnknownResource",
    "definitions_in",
    "live",
    "load",
    "mock",
    "mock_answers",
    "mock_input",
    "replay",
    "service_response",
    "test_state",
    "validate",
    "view",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
