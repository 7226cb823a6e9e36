"""Model -> plan: one function per state type, and the data flow every type shares.

Knows: what each field means. Must never know: when or in what order anything runs.
The order of the data flow is the specification's ("Input and Output Processing"): InputPath, Parameters, the work,
ResultSelector, ResultPath into the raw input, OutputPath.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from asl_local.definition import model
from asl_local.definition.model import UNSET
from asl_local.errors import RUNTIME, EvaluationError
from asl_local.language import Flow, Scope
from asl_local.language.choice import compile_rule
from asl_local.language.jsonpath import PathError
from asl_local.language.templates import (
    compile_expression,
    compile_path_field,
    compile_result_path,
    compile_template,
    missing,
)
from asl_local.language.timestamps import parse_rfc3339
from asl_local.plan.plan import Block, Catcher, OutputFlow, Place, Plan, Resource, Retrier, State, Timeout
from asl_local.values import Json, text_of

_INTEGRATION = re.compile(r"arn:aws[\w-]*:states:[^:]*:[^:]*:(?P<service>aws-sdk:[^:]+|[^:]+):(?P<action>.+)")


def compile_machine(machine: model.StateMachine, tree: Mapping[str, Json]) -> Plan:
    """The plan of a checked machine; `tree` is its JSON, of which the plan keeps the fingerprint."""
    states: dict[str, State] = {}
    top = _block(machine.top, states)
    fingerprint = hashlib.sha256(text_of(tree).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Plan(top, fingerprint, machine.timeout_seconds, states)


def _block(block: model.Block, all_states: dict[str, State]) -> Block:
    states = {}
    for name, state in block.states.items():
        compiled = State(
            name, state.type, state.pointer, getattr(state, "next", None),
            f"{state.type}StateEntered", f"{state.type}StateExited",
        )  # fmt: skip
        states[name] = all_states[state.pointer] = compiled
        if isinstance(state, (model.Parallel, model.Map)):
            blocks = state.branches if isinstance(state, model.Parallel) else (state.processor,)
            compiled.blocks = tuple(_block(inner, all_states) for inner in blocks)
        COMPILERS[state.type](state, compiled)
    return Block(block.pointer, states[block.start_at], states)


# -- the data flow that state types share ------------------------------------------------------------------------------


def _identity(value: Json, _scope: Scope) -> Json:
    return value


def _empty(_value: Json, _scope: Scope) -> Json:
    return {}


def _filter(path: str | None) -> Flow | None:
    """InputPath or OutputPath; None for the default `$`. A null path stands for `{}`."""
    if path == "$":
        return None
    return _empty if path is None else compile_path_field(path)


def _arguments(input_path: str | None, parameters: Any) -> Flow | None:
    select = _filter(input_path)
    if parameters is UNSET:
        return select
    build = compile_template(parameters)
    if select is None:
        return build
    return lambda value, scope: build(select(value, scope), scope)


def _output(selector: Any, result_path: str | None, output_path: str | None) -> OutputFlow | None:
    select = None if selector is UNSET else compile_template(selector)
    place = None if result_path == "$" else compile_result_path(result_path)
    last = _filter(output_path)
    if last is None and select is None:
        return None if place is None else _placed(place)

    def output(raw: Json, result: Json, scope: Scope) -> Json:
        if select is not None:
            result = select(result, scope)
        if place is not None:
            result = place(raw, result)
        return result if last is None else last(result, scope)

    return output


def _placed(place: Place) -> OutputFlow:
    return lambda raw, result, _scope: place(raw, result)


def _only_output_path(path: str | None) -> OutputFlow | None:
    last = _filter(path)
    return None if last is None else lambda _raw, result, scope: last(result, scope)


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else text_of(value)


def _integer(
    field: str, constant: int | None, path: str | None, least: int, select: Flow | None = None
) -> Timeout | None:
    """A number field and its Path form, which looks into what `select` (InputPath) leaves."""
    if path is None:
        return None if constant is None else Timeout(constant)
    look = compile_path_field(path)
    find: Flow = look if select is None else lambda value, scope: look(select(value, scope), scope)

    def flow(value: Json, scope: Scope) -> Json:
        found = find(value, scope)
        if type(found) is str and re.fullmatch(r"-?\d{1,18}", found):
            found = int(found)
        if type(found) is not int:
            raise EvaluationError(
                RUNTIME, f'The {field}Path field refers to value "{_shown(found)}" which is not a valid integer: {path}'
            )
        if found < least:
            rule = "cannot be negative" if least == 0 else "must be positive"
            raise EvaluationError(RUNTIME, f"{field} {rule}: {path} == {found}")
        return found

    return Timeout(None, flow)


def _fallible(state: model.Fallible, compiled: State) -> None:
    compiled.output = _output(state.result_selector, state.result_path, state.output_path)
    compiled.retry = tuple(
        Retrier(
            frozenset(retrier.error_equals),
            retrier.interval_seconds,
            retrier.max_attempts,
            retrier.backoff_rate,
            retrier.max_delay_seconds,
            retrier.jitter_strategy == "FULL",
        )
        for retrier in state.retry
    )
    compiled.catch = tuple(
        Catcher(frozenset(catcher.error_equals), catcher.next, compile_result_path(catcher.result_path))
        for catcher in state.catch
    )


# -- one function per state type ---------------------------------------------------------------------------------------


def _pass(state: model.Pass, compiled: State) -> None:
    compiled.arguments = _arguments(state.input_path, state.parameters)
    compiled.templated = state.parameters is not UNSET
    compiled.output = _output(UNSET, state.result_path, state.output_path)
    if state.result is not UNSET:
        compiled.fixed = (state.result,)


def _task(state: model.Task, compiled: State) -> None:
    _fallible(state, compiled)
    compiled.arguments = _arguments(state.input_path, state.parameters)
    compiled.templated = state.parameters is not UNSET
    compiled.resource = resource_of(state.resource, state.parameters)
    select = _filter(state.input_path)
    compiled.timeout = _integer("TimeoutSeconds", state.timeout_seconds, state.timeout_seconds_path, 1, select)
    compiled.heartbeat = _integer("HeartbeatSeconds", state.heartbeat_seconds, state.heartbeat_seconds_path, 1, select)
    if state.credentials is not UNSET:
        compiled.credentials = compile_template(state.credentials)


def resource_of(arn: str, parameters: Any = UNSET) -> Resource:
    """The parts of a Task's Resource. What is no integration is called as a function is."""
    found = _INTEGRATION.fullmatch(arn)
    if found is None:
        return Resource(arn, "lambda")
    function = parameters.get("FunctionName", "") if isinstance(parameters, dict) else ""
    return Resource(arn, "service", found["service"], found["action"], function if isinstance(function, str) else "")


def _choice(state: model.Choice, compiled: State) -> None:
    compiled.arguments = _filter(state.input_path)
    compiled.output = _only_output_path(state.output_path)
    compiled.rules = tuple((compile_rule(dict(rule.rule)), rule.next) for rule in state.choices)
    compiled.default = state.default


def _wait(state: model.Wait, compiled: State) -> None:
    compiled.arguments = _filter(state.input_path)
    compiled.output = _only_output_path(state.output_path)
    if state.seconds is not None:
        seconds = float(state.seconds)
        compiled.seconds = lambda _value, _scope: seconds
    elif state.timestamp is not None:
        moment = parse_rfc3339(state.timestamp)
        if moment is None:
            raise ValueError(f"{state.pointer}/Timestamp: {state.timestamp!r} passed the checks but is no timestamp")
        whole = float(int(moment // 1))  # AWS cuts timestamps to whole seconds (Developer Guide, Wait state)
        compiled.until = lambda _value, _scope: whole
    elif state.seconds_path is not None:
        compiled.seconds = _seconds_at(state.seconds_path)
    elif state.timestamp_path is not None:
        compiled.until = _timestamp_at(state.timestamp_path)


def _seconds_at(path: str) -> Callable[[Json, Scope], float]:
    """SecondsPath; the texts are AWS's (recorded)."""
    find = compile_path_field(path)

    def seconds(value: Json, scope: Scope) -> float:
        try:
            found = find(value, scope)
        except EvaluationError:
            found = None
        if found is None:
            raise EvaluationError(RUNTIME, f"The SecondsPath parameter does not reference an input value: {path}")
        if type(found) is not int:
            raise EvaluationError(
                RUNTIME, f"The SecondsPath parameter cannot be parsed as a long value: {path} == {_shown(found)}"
            )
        if found < 0:
            raise EvaluationError(RUNTIME, f"The SecondsPath parameter references a negative value: {path} == {found}")
        return float(found)

    return seconds


def _timestamp_at(path: str) -> Callable[[Json, Scope], float]:
    """TimestampPath; the texts are AWS's (recorded)."""
    find = compile_path_field(path)

    def until(value: Json, scope: Scope) -> float:
        try:
            found = find(value, scope)
        except EvaluationError:
            raise EvaluationError(
                RUNTIME, f"The TimestampPath parameter does not reference an input value: {path}"
            ) from None
        moment = parse_rfc3339(found) if isinstance(found, str) else None
        if moment is None:
            raise EvaluationError(
                RUNTIME,
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time "
                f"format string: {path} == {_shown(found)}",
            )
        return float(int(moment // 1))

    return until


def _succeed(state: model.Succeed, compiled: State) -> None:
    compiled.arguments = _filter(state.input_path)
    compiled.output = _only_output_path(state.output_path)


def _fail(state: model.Fail, compiled: State) -> None:
    compiled.error = _text_field("ErrorPath", state.error, state.error_path)
    compiled.cause = _text_field("CausePath", state.cause, state.cause_path)


def _text_field(field: str, constant: str | None, path: str | None) -> Flow | None:
    if path is None:
        return None if constant is None else lambda _value, _scope: constant
    find = compile_expression(path)

    def flow(value: Json, scope: Scope) -> Json:
        try:
            found = find(value, scope)
        except PathError as error:
            # Not InputPath's sentence but that of templates (recorded).
            raise missing(error, field, path, value, scope) from None
        if not isinstance(found, str):
            raise EvaluationError(
                RUNTIME, f"The {field} field must refer to a string: {path} refers to {_shown(found)}"
            )
        return found

    return flow


def _parallel(state: model.Parallel, compiled: State) -> None:
    _fallible(state, compiled)
    compiled.arguments = _arguments(state.input_path, state.parameters)
    compiled.templated = state.parameters is not UNSET


def _map(state: model.Map, compiled: State) -> None:
    _fallible(state, compiled)
    compiled.arguments = _filter(state.input_path)
    compiled.items = _items(state.items_path)
    if state.item_selector is not UNSET:
        compiled.selector = compile_template(state.item_selector)
    compiled.concurrency = _integer("MaxConcurrency", state.max_concurrency, state.max_concurrency_path, 0)


def _items(path: str) -> Callable[[Json, Scope], list[Json]]:
    find: Flow = _identity if path == "$" else compile_path_field(path)
    named = path.removeprefix("$") if path.startswith("$$") else path  # one dollar, whichever document (recorded)

    def items(value: Json, scope: Scope) -> list[Json]:
        found = find(value, scope)
        if type(found) is not list:
            raise EvaluationError(RUNTIME, f'Reference path "{named}" must point to array.')
        return found

    return items


COMPILERS: Mapping[str, Callable[[Any, State], None]] = {
    "Pass": _pass,
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _succeed,
    "Fail": _fail,
    "Parallel": _parallel,
    "Map": _map,
}

__all__ = ["COMPILERS", "compile_machine", "resource_of"]
