"""The state at fault as a command: `aws stepfunctions test-state` with its definition, input, mock and what else it needs.

Knows: the command's options (AWS CLI reference, "test-state") and TestState's rules about mocks. Must never know: how the
state came to be at fault.

`asl-local test-state` takes the same options, so the command can be tried offline first.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from asl_local.definition.resource_arns import parse
from asl_local.errors import AslError
from asl_local.lazy import dataclass, hinted
from asl_local.plan import State
from asl_local.plan.plan import matches
from asl_local.resources import shapes
from asl_local.testing.counterexamples.calls import Chains, Machine, Made, Ran, Visit
from asl_local.values import Json, text_of, timestamp

_MOCKED: Final = ("Task", "Map", "Parallel")
_LONGEST: Final[Mapping[str, int]] = {"error": 256, "cause": 32_768}  # API reference, "MockErrorOutput"
_CONTEXT: Final = ("$$", "$states.context")
_ITEM: Final = ("Value", "Key", "Source")


@dataclass(frozen=True, slots=True)
class Command:
    """The command: `arguments` after `aws stepfunctions`, `state` is whose it is, `notes` what it cannot say."""

    state: str
    arguments: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The command for a shell, one option per line."""
        name, *options = self.arguments
        pairs = zip(options[::2], options[1::2], strict=True)
        lines = [f"aws stepfunctions {name}", *(f"    {option} {shlex.quote(value)}" for option, value in pairs)]
        return " \\\n".join(lines)


def state_command(machine: Machine, result: Ran, *, state: str | None = None) -> Command:
    """The command for a state of a run, at its last visit: the one named, else the one at fault.

    At fault is the state in which the execution failed; if that is a Fail state or it did not fail, the last Task that met
    an error, else the last Task that was called. Raises ValueError for a state that was not entered.
    """
    chains = Chains(result.history, machine.definition)
    visit = _at_fault(chains, result, machine) if state is None else _last_visit(chains, state)
    plan = next(each for each in machine.plan.states.values() if each.name == visit.state)
    tree = _tree(machine.definition, plan.pointer)
    if "QueryLanguage" in machine.definition:
        tree = {"QueryLanguage": machine.definition["QueryLanguage"], **tree}
    options = {"--definition": text_of(tree), "--input": text_of(visit.input)}
    notes = []
    if plan.type in _MOCKED:
        failures = [call for call in visit.calls if call.came == "error"]
        mock = _mock_of_task(visit, plan) if plan.type == "Task" else _mock_of_all(chains, visit, plan)
        if mock is None:
            notes.append(f"nothing is known of what {visit.place} came to: give --mock, or --role-arn and no mock")
        else:
            options["--mock"] = text_of(mock)
        used = _retries(plan, failures) if mock is not None and "errorOutput" in mock else 0
        if used:
            options["--state-configuration"] = text_of({"retrierRetryCount": used})
    variables = chains.variables(visit)
    if variables:
        options["--variables"] = text_of(variables)
    reads = _reads(tree)
    if any(mark in text for text in reads for mark in _CONTEXT):
        if "--mock" in options:
            options["--context"] = text_of(_context(chains, result, visit, plan))
            known = chains.item(visit)
            missing = [
                name for name in _ITEM if name not in known and any(f"Map.Item.{name}" in text for text in reads)
            ]
            notes += [f"no history tells Map.Item.{name}: add it to --context" for name in missing]
        else:
            notes.append("the state reads the Context Object, which can be given with a mock only")
    options["--inspection-level"] = "DEBUG"
    words = [word for option, value in options.items() for word in (option, value)]
    return Command(visit.state, ("test-state", *words), tuple(notes))


def _at_fault(chains: Chains, result: Ran, machine: Machine) -> Visit:
    types = {state.name: state.type for state in machine.plan.states.values()}
    if result.status != "SUCCEEDED":
        for event in chains.back(len(chains.events)):
            visit = chains.visit(event.id)
            if visit is not None and types[visit.state] != "Fail":
                return visit
            if visit is not None:
                break
    erring = [call.visit for call in chains.calls if call.came == "error"]
    called = [call.visit for call in chains.calls]
    visits = erring or called or chains.visits
    if not visits:
        raise ValueError("the execution entered no state")
    return visits[-1]


def _last_visit(chains: Chains, state: str) -> Visit:
    visits = [visit for visit in chains.visits if visit.state == state]
    if not visits:
        entered = ", ".join(dict.fromkeys(visit.state for visit in chains.visits)) or "none"
        raise ValueError(f"the state {state!r} was not entered; entered were: {entered}")
    return visits[-1]


def _mock_of_task(visit: Visit, plan: State) -> dict[str, Json] | None:
    """What a Task's last call came to; None if it came to nothing."""
    came = [call for call in visit.calls if call.came]
    if not came:
        return None
    if came[-1].came == "error":
        return {"errorOutput": _error_output(came[-1].error, came[-1].cause)}
    return {"result": text_of(came[-1].result), **_mode(plan, came[-1].result)}


def _mode(plan: State, result: Json) -> dict[str, Json]:
    """The strictest fieldValidationMode that takes a result: what answered here may leave out what the service says."""
    resource = parse(plan.resource.arn) if plan.resource is not None else None
    if resource is None:
        return {}
    try:
        if shapes.problem(resource, result, strict=True) is None:
            return {}
        return {"fieldValidationMode": "PRESENT" if shapes.problem(resource, result, strict=False) is None else "NONE"}
    except AslError:  # the API model is not at hand
        return {"fieldValidationMode": "NONE"}


def _mock_of_all(chains: Chains, visit: Visit, plan: State) -> dict[str, Json]:
    """What a Map or Parallel came to that failed itself: its Map Run's failure, or else nothing that matters."""
    for event in chains.events:
        if event.type == "MapRunFailed" and chains.visit(event.id) is visit:
            return {"errorOutput": _error_output(event.details.get("error", ""), event.details.get("cause", ""))}
    return {"result": text_of([] if plan.type == "Map" else [{} for _ in plan.blocks])}


def _error_output(error: str, cause: str) -> dict[str, Json]:
    return {name: text[: _LONGEST[name]] for name, text in (("error", error), ("cause", cause)) if text}


def _retries(plan: State, failures: list[Made]) -> int:
    """How often the retrier of the last failure had been used before."""
    by = [next((n for n, each in enumerate(plan.retry) if matches(each.errors, call.error)), -1) for call in failures]
    return 0 if not by or by[-1] < 0 else by[:-1].count(by[-1])


def _context(chains: Chains, result: Ran, visit: Visit, plan: State) -> dict[str, Json]:
    """The Context Object, as far as a history tells it."""
    start, names = chains.events[0], result.identity
    context: dict[str, Json] = {
        "Execution": {
            "Id": names.execution_arn, "Input": start.details["input"], "Name": names.execution_name,
            "RoleArn": names.role_arn, "StartTime": timestamp(start.at),
        },
        "State": {"EnteredTime": timestamp(visit.at), "Name": visit.state, "RetryCount": max(0, len(visit.calls) - 1)},
        "StateMachine": {"Id": names.machine_arn, "Name": names.machine_name},
    }  # fmt: skip
    item = chains.item(visit)
    if item:
        context["Map"] = {"Item": item}
    if plan.resource is not None and plan.resource.waits == "token":
        context["Task"] = {"Token": "token"}
    return context


def _tree(definition: Json, pointer: str) -> dict[str, Any]:
    tree = definition
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        tree = tree[int(key)] if isinstance(tree, list) else tree[key]
    found: dict[str, Any] = tree
    return found


def _reads(tree: Json) -> list[str]:
    """All texts of a state that may be expressions, those of the states inside it left out."""
    texts: list[str] = []

    def walk(value: Json) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for name, member in value.items():
                if name not in ("Branches", "ItemProcessor", "Iterator"):
                    yield from walk(member)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)

    texts += walk(tree)
    return texts


hinted(globals())
