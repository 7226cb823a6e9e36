"""Model -> plan: one function per state type.

Knows: what each field means. Must never know: when or in what order anything runs.
dataflow.py has the data flow that state types share.
"""

from __future__ import annotations

from asl_local.definition import model
from asl_local.definition.model import UNSET
from asl_local.errors import QUERY_EVALUATION_ERROR, RUNTIME, EvaluationError
from asl_local.language import Flow, Scope, jsonata
from asl_local.lazy import TYPE_CHECKING, later, pattern
from asl_local.plan import dataflow
from asl_local.plan.dataflow import JSONATA
from asl_local.plan.plan import Catcher, OutputFlow, Resource, Retrier, Rule, State
from asl_local.values import Json, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from asl_local.language import choice, jsonpath, templates, timestamps
    from asl_local.plan import distributed, requests
else:
    later(
        globals(), "asl_local.language.choice", "asl_local.language.jsonpath", "asl_local.language.templates",
        "asl_local.language.timestamps", "asl_local.plan.distributed", "asl_local.plan.requests",
    )  # fmt: skip

_INTEGRATION = pattern(r"arn:aws[\w-]*:states:[^:]*:[^:]*:(?P<service>aws-sdk:[^:]+|[^:]+):(?P<action>.+)")
_WAITS = {".waitForTaskToken": "token", ".sync": "job", ".sync:2": "job"}


# -- what state types share ---------------------------------------------------------------------------------------------


def _plain(state: model.Filtered, compiled: State, assign: Any) -> None:
    """The data flow of the states that have no result of their own: Pass, Choice, Wait, Succeed."""
    if state.language == JSONATA:
        compiled.output = dataflow.evaluated_output(state.output, "Output", None)
    else:
        compiled.arguments = dataflow.path_filter(state.input_path)
        compiled.output = dataflow.only_output_path(state.output_path)
        compiled.extent = dataflow.extent_between(state.input_path, state.output_path, (0, 1))
    compiled.assign = dataflow.assigned(assign, state.language, "Assign", None)


def _arguments(state: model.Task | model.Parallel, compiled: State) -> None:
    if state.language == JSONATA:
        compiled.arguments = dataflow.evaluated(state.arguments, "Arguments")
    else:
        compiled.arguments = dataflow.parameters(state.input_path, state.parameters)
    compiled.templated = state.arguments is not UNSET or state.parameters is not UNSET


def _fallible(state: model.Fallible, compiled: State) -> None:
    if state.language == JSONATA:
        compiled.output = dataflow.evaluated_output(state.output, "Output", "result")
    else:
        compiled.output = dataflow.result_flow(state.result_selector, state.result_path, state.output_path)
        if state.result_selector is UNSET and state.output_path == "$":
            compiled.placed = dataflow.kept_extent(state.result_path)
    compiled.assign = dataflow.assigned(state.assign, state.language, "Assign", "result")
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
        _catcher(catcher, state.language, f"Catch[{number}]") for number, catcher in enumerate(state.catch)
    )


def _catcher(catcher: model.Catcher, language: str, at: str) -> Catcher:
    output: OutputFlow | None
    if language == JSONATA:
        output = dataflow.evaluated_output(catcher.output, f"{at}/Output", "errorOutput")
    else:
        output = dataflow.placed(templates.compile_result_path(catcher.result_path))
    assign = dataflow.assigned(catcher.assign, language, f"{at}/Assign", "errorOutput")
    return Catcher(frozenset(catcher.error_equals), catcher.next, output, assign)


# -- one function per state type ---------------------------------------------------------------------------------------


def _pass(state: model.Pass, compiled: State) -> None:
    _plain(state, compiled, state.assign)
    if state.language == JSONATA:
        return
    compiled.arguments = dataflow.parameters(state.input_path, state.parameters)
    compiled.templated = state.parameters is not UNSET
    compiled.output = dataflow.result_flow(UNSET, state.result_path, state.output_path)
    extent, placed = dataflow.pass_extent(state.parameters, state.result, state.result_path)
    if state.output_path == "$" and state.result is UNSET:  # else the output is not the input and what Parameters made
        compiled.placed = placed
    compiled.extent = dataflow.extent_between(state.input_path, state.output_path, extent)
    if state.result is not UNSET:
        compiled.fixed = (state.result,)


def _task(state: model.Task, compiled: State) -> None:
    _fallible(state, compiled)
    _arguments(state, compiled)
    payload = state.arguments if state.language == JSONATA else state.parameters
    compiled.resource = resource_of(state.resource, payload)
    select = dataflow.path_filter(state.input_path)
    compiled.timeout = dataflow.number(
        "TimeoutSeconds", state.timeout_seconds, state.timeout_seconds_path, 1, select=select
    )
    compiled.heartbeat = dataflow.number(
        "HeartbeatSeconds", state.heartbeat_seconds, state.heartbeat_seconds_path, 1, select=select
    )
    compiled.credentials = _credentials(state)


def _credentials(state: model.Task) -> Flow | None:
    if state.credentials is UNSET:
        return None
    given = state.credentials if isinstance(state.credentials, dict) else {}
    if state.language == JSONATA and "RoleArn" in given:
        role: Flow | None = dataflow.value_of(given["RoleArn"], "Credentials/RoleArn", "string")
    else:
        role = _text_field("RoleArn.$", None, given.get("RoleArn.$"))
    if role is None:
        return templates.compile_template(state.credentials)
    role_of = role
    return lambda value, scope: {"RoleArn": role_of(value, scope)}


def resource_of(arn: str, parameters: Any = UNSET) -> Resource:
    """The parts of a Task's Resource. What is no integration is called as a function is."""
    found = _INTEGRATION.fullmatch(arn)
    if found is None:
        return Resource(arn, "lambda")
    service, action = found["service"], found["action"]
    if service == "activity":
        return Resource(arn, "activity", waits="activity")
    function = parameters.get("FunctionName", "") if isinstance(parameters, dict) else ""
    if not isinstance(function, str) or jsonata.is_jsonata(function):
        function = ""
    pattern = next((pattern for pattern in _WAITS if action.endswith(pattern)), "")
    fields = requests.FIELDS.get((service, action.removesuffix(pattern)))
    return Resource(arn, "service", service, action, function, pattern, _WAITS.get(pattern, ""), fields)


def _choice(state: model.Choice, compiled: State) -> None:
    _plain(state, compiled, state.assign)
    compiled.next = state.default
    compiled.rules = tuple(_rule(rule, state, compiled, number) for number, rule in enumerate(state.choices))
    compiled.choose = choice.first_true([rule.test for rule in compiled.rules])


def _rule(rule: model.ChoiceRule, state: model.Choice, compiled: State, number: int) -> Rule:
    at = f"Choices[{number}]"
    assign = dataflow.assigned(rule.assign, state.language, f"{at}/Assign", None)
    if state.language == JSONATA:
        test = dataflow.value_of(rule.rule["Condition"], f"{at}/Condition", "boolean")
        return Rule(test, rule.next, dataflow.evaluated_output(rule.output, f"{at}/Output", None), assign)
    return Rule(choice.compile_rule(dict(rule.rule)), rule.next, compiled.output, assign)


def _wait(state: model.Wait, compiled: State) -> None:
    _plain(state, compiled, state.assign)
    if isinstance(state.seconds, str):
        find = dataflow.number("Seconds", state.seconds, None, 0)
        compiled.seconds = None if find is None else find.flow
    elif state.seconds is not None:
        seconds = float(state.seconds)
        compiled.seconds = lambda _value, _scope: seconds
    elif state.timestamp is not None and jsonata.is_jsonata(state.timestamp):
        compiled.until = _evaluated_timestamp(state.timestamp)
    elif state.timestamp is not None:
        moment = timestamps.parse_rfc3339(state.timestamp)
        if moment is None:
            raise ValueError(f"{state.pointer}/Timestamp: {state.timestamp!r} passed the checks but is no timestamp")
        whole = float(int(moment // 1))  # AWS cuts timestamps to whole seconds (Developer Guide, Wait state)
        compiled.until = lambda _value, _scope: whole
    elif state.seconds_path is not None:
        compiled.seconds = _seconds_at(state.seconds_path)
    elif state.timestamp_path is not None:
        compiled.until = _timestamp_at(state.timestamp_path)


def _evaluated_timestamp(text: str) -> Callable[[Json, Scope], float]:
    """Timestamp as a `{% %}`; the text is AWS's (recorded)."""
    find = dataflow.value_of(text, "Timestamp", "string")

    def until(value: Json, scope: Scope) -> float:
        found = find(value, scope)
        moment = timestamps.parse_rfc3339(found)
        if moment is None:
            raise EvaluationError(
                QUERY_EVALUATION_ERROR,
                f"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {found}",
                "Timestamp",
            )
        return float(int(moment // 1))

    return until


def _seconds_at(path: str) -> Callable[[Json, Scope], float]:
    """SecondsPath; the texts are AWS's (recorded)."""
    find = templates.compile_path_field(path)

    def seconds(value: Json, scope: Scope) -> float:
        try:
            found = find(value, scope)
        except EvaluationError:
            found = None
        if found is None:
            raise EvaluationError(RUNTIME, f"The SecondsPath parameter does not reference an input value: {path}")
        if type(found) is not int:
            raise EvaluationError(
                RUNTIME,
                f"The SecondsPath parameter cannot be parsed as a long value: {path} == {dataflow.shown(found)}",
            )
        if found < 0:
            raise EvaluationError(RUNTIME, f"The SecondsPath parameter references a negative value: {path} == {found}")
        return float(found)

    return seconds


def _timestamp_at(path: str) -> Callable[[Json, Scope], float]:
    """TimestampPath; the texts are AWS's (recorded)."""
    find = templates.compile_path_field(path)

    def until(value: Json, scope: Scope) -> float:
        try:
            found = find(value, scope)
        except EvaluationError:
            raise EvaluationError(
                RUNTIME, f"The TimestampPath parameter does not reference an input value: {path}"
            ) from None
        moment = timestamps.parse_rfc3339(found) if isinstance(found, str) else None
        if moment is None:
            raise EvaluationError(
                RUNTIME,
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time "
                f"format string: {path} == {dataflow.shown(found)}",
            )
        return float(int(moment // 1))

    return until


def _succeed(state: model.Succeed, compiled: State) -> None:
    _plain(state, compiled, UNSET)


def _fail(state: model.Fail, compiled: State) -> None:
    if state.language == JSONATA:
        for name in ("Error", "Cause"):
            text = getattr(state, name.lower())
            if text is not None:
                setattr(compiled, name.lower(), dataflow.value_of(text, name, "string"))
        return
    compiled.error = _text_field("ErrorPath", state.error, state.error_path)
    compiled.cause = _text_field("CausePath", state.cause, state.cause_path)


def _text_field(field: str, constant: str | None, path: str | None) -> Flow | None:
    if path is None:
        return None if constant is None else lambda _value, _scope: constant
    find = templates.compile_expression(path)

    def flow(value: Json, scope: Scope) -> Json:
        try:
            found = find(value, scope)
        except jsonpath.PathError as error:
            # Not InputPath's sentence but that of templates (recorded).
            raise templates.missing(error, field, path, value, scope) from None
        if not isinstance(found, str):
            raise EvaluationError(
                RUNTIME, f"The {field} field must refer to a string: {path} refers to {dataflow.shown(found)}"
            )
        return found

    return flow


def _parallel(state: model.Parallel, compiled: State) -> None:
    _fallible(state, compiled)
    _arguments(state, compiled)


def _map(state: model.Map, compiled: State) -> None:
    _fallible(state, compiled)
    if state.language == JSONATA:
        compiled.items = _evaluated_items(state.items)
        compiled.selector = dataflow.evaluated(state.item_selector, "ItemSelector")
    else:
        compiled.arguments = dataflow.path_filter(state.input_path)
        compiled.items = _items(state.items_path)
        if state.item_selector is not UNSET:
            compiled.selector = templates.compile_template(state.item_selector)
    compiled.concurrency = dataflow.number("MaxConcurrency", state.max_concurrency, state.max_concurrency_path, 0)
    compiled.tolerances = tuple(number for number in distributed.tolerances(state) if number is not None)
    compiled.distributed = distributed.compile_distributed(state, compiled.blocks[0])


def _evaluated_items(payload: Any) -> Callable[[Json, Scope], list[Json]]:
    """Items of a JSONata state, its input where there are none; the text is AWS's (recorded)."""
    if payload is not UNSET:
        return dataflow.value_of(payload, "Items", "array")

    def items(value: Json, _scope: Scope) -> list[Json]:
        if type(value) is not list:
            raise EvaluationError(QUERY_EVALUATION_ERROR, f"Map state input must be an array but was: {text_of(value)}")
        return value

    return items


def _items(path: str) -> Callable[[Json, Scope], list[Json]]:
    find: Flow = dataflow.identity if path == "$" else templates.compile_path_field(path)
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

__all__ = ["COMPILERS", "resource_of"]
