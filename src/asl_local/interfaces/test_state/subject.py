"""The state under test: found in what the request gives as definition, and asked whether it can be tested so.

Knows: which state types and Resources can be tested with and without a mock, and what a mock may say of each.
Must never know: how the state runs, or what of it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from asl_local.definition import Definition, Source, creation_error, load_model, model
from asl_local.definition import read as read_source
from asl_local.definition.resource_arns import ResourceArn, parse
from asl_local.errors import InvalidDefinition
from asl_local.interfaces.test_state.request import NONE, Request, refused, task_context_refused
from asl_local.lazy import dataclass
from asl_local.plan import Plan, State, compile_machine
from asl_local.resources import shapes
from asl_local.services.errors import ClientError
from asl_local.values import Json

NAME: Final = "StateName"
"""What a state is called whose definition stands alone (recorded in AWS's messages and Context Object)."""

_MOCKABLE: Final = ("Task", "Parallel", "Map")
_WITHOUT_MOCK: Final = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice")


class Whole(NamedTuple):
    """The machine that the state under test is part of, for those who listen."""

    name: str
    plan: Plan
    definition: Json
    source: Source | None


@dataclass(frozen=True, slots=True)
class Subject:
    """The state under test: its model, its plan, its own JSON. `resource` is a Task's, in parts.

    `whole` is the machine that has it; None for a state whose definition stands alone.
    """

    name: str
    model: model.State
    plan: State
    tree: Mapping[str, Any]
    resource: ResourceArn | None = None
    whole: Whole | None = None


def find(definition: Definition, name: str | None, substitutions: Mapping[str, Any] | None = None) -> Subject:
    """The state that a definition is, or the one of this name in a machine, at whatever depth.

    Raises ClientError: InvalidDefinition, whose cause has every problem with place and hint, or ValidationException.
    """
    tree: Any = None
    try:
        given = read_source(definition, substitutions)
        tree = given.tree
        if name is None:
            tree = _machine_around(tree)
        machine, source, _ = load_model(tree)
        if machine.unresolved:
            raise InvalidDefinition(machine.unresolved, source.name)
    except InvalidDefinition as error:
        message = creation_error(error.diagnostics) or str(error)
        if name is None and isinstance(tree, dict) and "States" in tree.get("States", {}).get(NAME, {}):
            message += " (the definition is a whole machine: say with stateName which state is meant)"
        raise refused(message, "InvalidDefinition") from error
    wanted = NAME if name is None else name
    for state in _states(machine.top):
        if state.name == wanted:
            plan = compile_machine(machine, source.tree)
            resource = parse(state.resource) if isinstance(state, model.Task) else None
            called = PurePath(given.name).name.split(".")[0]
            whole = None if name is None else Whole(called, plan, source.tree, given)
            return Subject(
                wanted, state, plan.states[state.pointer], _at(source.tree, state.pointer), resource, whole
            )  # fmt: skip
    raise refused("State not found in definition")


def _machine_around(tree: Any) -> Any:
    """A machine of one state and, for each state that it leads to, one that ends there."""
    states: dict[str, Any] = {NAME: tree}
    for target in _targets(tree):
        states.setdefault(target, {"Type": "Succeed"})
    return {"StartAt": NAME, "States": states}


def _targets(tree: Any) -> Iterator[str]:
    if not isinstance(tree, dict):
        return
    rules = [tree.get("Catch"), tree.get("Choices")]
    places = [tree, *(rule for listed in rules if isinstance(listed, list) for rule in listed)]
    for place in places:
        for field in ("Next", "Default"):
            if isinstance(place, dict) and isinstance(place.get(field), str):
                yield place[field]


def _states(block: model.Block) -> Iterator[model.State]:
    for state in block.states.values():
        yield state
        if isinstance(state, model.Parallel):
            for branch in state.branches:
                yield from _states(branch)
        elif isinstance(state, model.Map):
            yield from _states(state.processor)


def _at(tree: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        tree = tree[int(key)] if isinstance(tree, list) else tree[key]
    return tree


# ---------------------------------------------------------------------------------- what can be tested, and with what


def check(subject: Subject, request: Request) -> None:
    """Raises ClientError where the request and the state do not go together."""
    kind = subject.model.type
    if request.mock is None:
        _check_without_mock(subject, request)
    elif kind not in _MOCKABLE:
        raise refused(f"State type '{kind}' is not supported when a mock is specified")
    elif not request.mock.failed:
        _check_result(subject, request)
    _check_configuration(subject, request)
    if request.context is not None and "Task" in request.context and not _waits(subject):
        raise task_context_refused()


def _check_without_mock(subject: Subject, request: Request) -> None:
    if subject.model.type not in _WITHOUT_MOCK:
        raise refused(
            "TestState API does not support Map or Parallel states. Supported state types include: "
            f"[{', '.join(_WITHOUT_MOCK)}]",
            "InvalidDefinition",
        )
    resource = subject.resource
    if resource is None:
        return
    if resource.kind == "activity":
        raise refused("TestState API does not support Activity tasks unless a mock is specified", "InvalidDefinition")
    if resource.pattern:
        raise refused(
            f"TestState API does not support the '{resource.pattern}' service integration pattern unless a mock is "
            "specified",
            "InvalidDefinition",
        )
    if request.role_arn is None:
        raise refused("RoleArn must be specified when testing a Task state")


def _check_result(subject: Subject, request: Request) -> None:
    """What a mocked result must look like: a Map's and a Parallel's by what they are, a Task's by its API model."""
    mock, state = request.mock, subject.model
    if mock is None:
        return
    writes = "ResultWriter" in subject.tree
    if isinstance(state, (model.Parallel, model.Map)):
        if writes and not isinstance(mock.result, dict):
            raise refused("Mocked result must be a JSON object.")
        if not writes and not isinstance(mock.result, list):
            raise refused("Mocked result must be an array.")
        if isinstance(state, model.Parallel) and len(mock.result) != len(state.branches):
            raise refused("Mocked result must contain the same number of items as number of Parallel branches.")
    elif mock.mode != NONE and subject.resource is not None:
        problem = shapes.problem(subject.resource, mock.result, strict=mock.mode == "STRICT")
        if problem is not None:
            raise refused(f"Mock result schema validation error: {problem.sentence}")


def _check_configuration(subject: Subject, request: Request) -> None:
    """Nothing is ignored: what the state has no use for is refused (our own words, none are recorded)."""
    state = subject.model
    if request.failed_iterations is not None and not isinstance(state, model.Map):
        raise _no_use("mapIterationFailureCount", "a Map state")
    if request.reader_data is not None and "ItemReader" not in subject.tree:
        raise _no_use("mapItemReaderData", "a Map state with an ItemReader")
    if request.retries and not isinstance(state, model.Fallible):
        raise _no_use("retrierRetryCount", "a state that can have a Retry")
    if request.error_caused_by is None:
        return
    if isinstance(state, model.Parallel):
        inner = [other.name for branch in state.branches for other in _states(branch)]
    elif isinstance(state, model.Map):
        inner = [other.name for other in _states(state.processor)]
    else:
        raise _no_use("errorCausedByState", "a Map or Parallel state")
    if request.error_caused_by not in inner:
        raise refused(
            f"StateConfiguration.errorCausedByState: there is no state '{request.error_caused_by}' inside "
            f"'{subject.name}'; it has {', '.join(inner)}"
        )


def _no_use(field: str, wanted: str) -> ClientError:
    return refused(f"StateConfiguration.{field} can only be specified for {wanted}")


def _waits(subject: Subject) -> bool:
    return subject.resource is not None and (bool(subject.resource.pattern) or subject.resource.kind == "activity")
