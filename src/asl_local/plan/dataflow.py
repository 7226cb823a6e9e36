"""The data flow of both query languages: the fields that shape a state's input and output -> flows.

Knows: InputPath, Parameters, ResultSelector, ResultPath, OutputPath of JSONPath states; Arguments, Output of JSONata
states; Assign of both. Must never know: what a state does between its input and its result, or which state type asks.
JSONPath's order is the specification's ("Input and Output Processing"): InputPath, Parameters, the work,
ResultSelector, ResultPath into the raw input, OutputPath. In JSONata, `$states.input` is always the raw input.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import inf

from asl_local.definition.model import UNSET
from asl_local.errors import QUERY_EVALUATION_ERROR, RUNTIME, EvaluationError, ExecutionHangs
from asl_local.language import Flow, Scope, jsonata
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.plan.plan import Number, OutputFlow, Place
from asl_local.values import Json, size, text_of

if TYPE_CHECKING:
    from typing import Any

    from asl_local.language import generated, jsonpath, templates
else:
    later(
        globals(), "asl_local.language.jsonpath", "asl_local.language.templates",
        "asl_local.language.generated",
    )  # fmt: skip

JSONATA = "JSONata"


def identity(value: Json, _scope: Scope) -> Json:
    """The value itself."""
    return value


def _empty(_value: Json, _scope: Scope) -> Json:
    return {}


def shown(value: Json) -> str:
    """A value in a message: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else text_of(value)


# ---------------------------------------------------------------------------------------------------------- JSONPath


def path_filter(path: str | None) -> Flow | None:
    """InputPath or OutputPath; None for the default `$`. A null path stands for `{}`."""
    if path == "$":
        return None
    return _empty if path is None else templates.compile_path_field(path)


def parameters(input_path: str | None, payload: Any) -> Flow | None:
    """InputPath and Parameters: raw input -> effective input; None where that is the same."""
    select = path_filter(input_path)
    if payload is UNSET:
        return select
    build = templates.compile_template(payload)
    if select is None:
        return build
    return lambda value, scope: build(select(value, scope), scope)


def result_flow(selector: Any, result_path: str | None, output_path: str | None) -> OutputFlow | None:
    """ResultSelector, ResultPath and OutputPath: result -> output; None where that is the same."""
    select = None if selector is UNSET else templates.compile_template(selector)
    place = None if result_path == "$" else templates.compile_result_path(result_path)
    last = path_filter(output_path)
    if last is None and select is None:
        return None if place is None else placed(place)
    if select is None and place is None:
        return only_output_path(output_path)

    def output(raw: Json, result: Json, scope: Scope) -> Json:
        if select is not None:
            result = select(result, scope)
        if place is not None:
            result = place(raw, result)
        return result if last is None else last(result, scope)

    return output


def pass_extent(payload: Any, result: Any, result_path: str | None) -> tuple[tuple[float, int], int | None]:
    """How large a Pass's output can be (State.extent), and how many bytes its ResultPath adds (State.placed).

    What Parameters made is reckoned in although a Result takes its place, since it has to keep to the limit too.
    """
    most, times = (0.0, 1) if payload is UNSET else templates.extent(payload)
    if result is not UNSET:
        most += size(result)
    added = kept_extent(result_path)
    return ((most, times) if added is None else (most + added, times + 1)), added


def kept_extent(result_path: str | None) -> int | None:
    """Bytes that ResultPath adds besides the result; None where, as by default, the input is not kept."""
    return None if result_path is None or result_path == "$" else templates.placement_extent(result_path)


def extent_between(
    input_path: str | None, output_path: str | None, extent: tuple[float, int]
) -> tuple[float, int]:  # fmt: skip
    """The extent of what stands between the two, where each leaves a part of what it is given; else unknown."""
    for path in (input_path, output_path):
        if path not in (None, "$") and not ((parsed := jsonpath.parse(path)).reference and parsed.root == "input"):
            return inf, 0
    most, times = extent
    return (most if most == inf else int(most) + 2), times  # two for `{}`, which a null path stands for


@lru_cache(maxsize=1024)
def placed(place: Place) -> OutputFlow:
    """A placement as the whole of an output flow."""
    return generated.writable(lambda raw, result, _scope: place(raw, result), getattr(place, "write", None))


def only_output_path(path: str | None) -> OutputFlow | None:
    """OutputPath alone, of states without a result of their own."""
    last = path_filter(path)
    if last is None or path is None:
        return None if last is None else lambda _raw, result, scope: last(result, scope)
    steps = jsonpath.parse(path).steps if jsonpath.parse(path).root == "input" else ()
    flow: OutputFlow = lambda _raw, result, scope: last(result, scope)  # noqa: E731
    return generated.writable(flow, generated.write_names("result", steps) if steps else None)


# ------------------------------------------------------------------------------------------------------------ JSONata


def evaluated(payload: Any, field: str) -> Flow | None:
    """A field of a JSONata state that sees the raw input only (Arguments, ItemSelector); None where there is none."""
    if payload is UNSET:
        return None
    evaluate = jsonata.compile_payload(payload, field)
    flow: Flow = lambda value, scope: evaluate({"input": value}, scope)  # noqa: E731
    return generated.writable(flow, lambda writer: jsonata.write_payload(payload, writer, {"input": "value"}))


def evaluated_output(payload: Any, field: str, sees: str | None) -> OutputFlow | None:
    """Output or Assign of a JSONata state; `sees` is how it calls the result: "result", "errorOutput" or not at all."""
    if payload is UNSET:
        return None
    evaluate = jsonata.compile_payload(payload, field)
    flow: OutputFlow
    if sees is None:
        members = {"input": "raw"}
        flow = lambda raw, _result, scope: evaluate({"input": raw}, scope)  # noqa: E731
    else:
        name, members = sees, {"input": "raw", sees: "result"}
        flow = lambda raw, result, scope: evaluate({"input": raw, name: result}, scope)  # noqa: E731
    return generated.writable(flow, lambda writer: jsonata.write_payload(payload, writer, members))


def value_of(value: Json, field: str, expected: str) -> Flow:
    """One value of a JSONata state, constant or `{% %}`, that must be of a type; see language.jsonata."""
    evaluate = jsonata.compile_value(value, field, expected)
    flow: Flow = lambda raw, scope: evaluate({"input": raw}, scope)  # noqa: E731
    if expected != "boolean":
        return flow
    return generated.writable(flow, lambda writer: jsonata.write_condition(value, writer, {"input": "value"}))


# --------------------------------------------------------------------------------------------------------------- both


def assigned(payload: Any, language: str, field: str, sees: str | None) -> OutputFlow | None:
    """Assign: (raw input, result, scope) -> the new values by name.

    In JSONPath `$` is the result: of a Task, Map or Parallel what it gave, of a Catcher the Error Output, of a Choice
    or Wait its effective input (Developer Guide, "Variables").
    """
    if payload is UNSET or not payload:
        return None
    if language == JSONATA:
        return evaluated_output(payload, field, sees)
    build = templates.compile_template(payload)
    return lambda _raw, result, scope: build(result, scope)


def number(
    field: str, constant: int | str | None, path: str | None, least: int, *, select: Flow | None = None
) -> Number | None:
    """A number field, with its Path form, which looks into what `select` (InputPath) leaves, or as a `{% %}`."""
    if isinstance(constant, str):
        return Number(None, _evaluated_number(field, constant, least))
    if path is None:
        return None if constant is None else Number(constant)
    look = templates.compile_path_field(path)
    find: Flow = look if select is None else lambda value, scope: look(select(value, scope), scope)

    def flow(value: Json, scope: Scope) -> Json:
        found = find(value, scope)
        if type(found) is str and re.fullmatch(r"-?\d{1,18}", found):
            found = int(found)
        if type(found) is not int:
            raise EvaluationError(
                RUNTIME, f'The {field}Path field refers to value "{shown(found)}" which is not a valid integer: {path}'
            )
        if found < least and field == "MaxConcurrency":
            # Recorded: nothing comes after ExecutionStarted, and the execution is RUNNING for good.
            raise ExecutionHangs(f"{field} {_rule(least)}: {path} == {found}; an execution on AWS hangs here for good")
        if found < least:
            raise EvaluationError(RUNTIME, f"{field} {_rule(least)}: {path} == {found}")
        return found

    return Number(None, flow)


def _evaluated_number(field: str, text: str, least: int) -> Flow:
    evaluate = value_of(text, field, "integer")

    def flow(value: Json, scope: Scope) -> Json:
        found = evaluate(value, scope)
        if found < least:
            raise EvaluationError(QUERY_EVALUATION_ERROR, f"{field} {_rule(least)}, but was: {found}", field)
        return found

    return flow


def _rule(least: int) -> str:
    return "cannot be negative" if least == 0 else "must be positive"
