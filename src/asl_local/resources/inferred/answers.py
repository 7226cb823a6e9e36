"""Mock answers and a mock input for a machine, read off its definition.

Knows: which answer goes to which Task, and the members that AWS's answers have anyway. Must never know: how demands are
found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, Protocol

from asl_local.lazy import hinted
from asl_local.plan import Plan
from asl_local.resources.inferred.demands import Demands, demands_of
from asl_local.resources.inferred.wants import ITEMS, Want, sample
from asl_local.resources.registry import Resources
from asl_local.values import Json

_NAME: Final = "arn:aws:states:us-east-1:123456789012:execution:Mocked:mock"
_METADATA: Final = {"HttpStatusCode": 200}
# Members of the answers of optimised integrations (Developer Guide, the page of each).
_ALWAYS: Final[Mapping[tuple[str, str], Mapping[str, Json]]] = {
    ("apigateway", "invoke"): {"Headers": {}, "ResponseBody": {}, "StatusCode": 200, "StatusText": "OK"},
    ("athena", "startQueryExecution"): {"QueryExecutionId": "00000000-0000-0000-0000-000000000000"},
    ("batch", "submitJob"): {"JobId": "mock", "JobName": "mock", "Status": "SUCCEEDED"},
    ("dynamodb", "deleteItem"): {},
    ("dynamodb", "getItem"): {"Item": {}},
    ("events", "putEvents"): {"Entries": [{"EventId": "mock"}], "FailedEntryCount": 0},
    ("http", "invoke"): {"Headers": {}, "ResponseBody": {}, "StatusCode": 200, "StatusText": "OK"},
    ("lambda", "invoke"): {"ExecutedVersion": "$LATEST", "Payload": {}, "StatusCode": 200},
    ("sns", "publish"): {"MessageId": "mock"},
    ("sqs", "sendMessage"): {"MD5OfMessageBody": "mock", "MessageId": "mock"},
    ("states", "startExecution"): {"ExecutionArn": _NAME, "StartDate": "2024-01-01T00:00:00Z"},
    ("states", "startExecution.sync"): {"ExecutionArn": _NAME, "Input": "{}", "Output": "{}", "Status": "SUCCEEDED"},
    ("states", "startExecution.sync:2"): {"ExecutionArn": _NAME, "Input": {}, "Output": {}, "Status": "SUCCEEDED"},
}


class Described(Protocol):
    """A machine; `asl_local.Machine` is one."""

    plan: Plan
    definition: Json


def mock_input(machine: Described, *, turn: int = 0) -> Json:
    """An input that has what the machine reads of it: members, items, numbers where it computes, values it compares with.

    `turn` 0, 1, 2, ... gives others of the values that its Choice states ask for.
    """
    return sample(demands_of(machine.definition).input, turn, default={})


def mock_answers(machine: Described, *, turn: int = 0, calls: MutableMapping[str, int] | None = None) -> Resources:
    """Resources that answer every Task of a machine with what the machine reads of its result.

    For services the answer has the members that AWS's has anyway; task tokens, jobs, activities and ItemReaders are
    answered too. A Task that is called again gets the next of the values that Choice states ask for, from `turn` on, so
    that a machine which polls until something is done comes to its end. Calls are counted by state, in `calls` if it is
    given, so make new answers for each run that shall be like the last. Nothing is random, and no task ever fails.
    """
    demands = demands_of(machine.definition)
    answers = _Answers(machine, demands, turn, {} if calls is None else calls)
    readers = {resource: _reader(want, turn) for resource, want in demands.items.items()}
    writers = dict.fromkeys(demands.writers, _written)
    return Resources({**readers, **writers, "*": answers.answer}, workers={"*": answers.answer})


def _reader(want: Want, turn: int) -> Callable[[Json], Json]:
    """The handler of an ItemReader: its items."""
    return lambda _parameters: [sample(want, turn + at, default={}) for at in range(ITEMS)]


def _written(_asked: Json) -> None:
    """The handler of a ResultWriter, which keeps nothing."""


class _Answers:
    """The answers to one run."""

    def __init__(self, machine: Described, demands: Demands, turn: int, calls: MutableMapping[str, int]) -> None:
        self._demands = demands
        self._turn = turn
        self._calls = calls
        self._always = {
            state.name: always_there(state.resource.service, state.resource.action)
            for state in machine.plan.tasks()
            if state.resource is not None
        }

    def answer(self, _event: Json, context: Any) -> Json:
        """What the Task that is being called gets."""
        name = context.state
        called = self._calls.get(name, 0)
        self._calls[name] = called + 1
        turn = self._turn + called
        always = self._always.get(name)
        want = self._demands.results.get(name, Want())
        given = sample(want, turn, default={}, steady=False)
        if always is None or not isinstance(given, dict):
            return given
        return {**given, **{member: value for member, value in always.items() if want.into(member).empty}}


def always_there(service: str, action: str) -> Mapping[str, Json] | None:
    """The members that the answer of a service integration has anyway; None where nothing is known of it."""
    return _ALWAYS.get((service, action)) or _ALWAYS.get((service, action.split(".", maxsplit=1)[0]))


hinted(globals())
