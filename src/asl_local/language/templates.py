"""Payload templates and path fields: JSON with `.$` keys -> closures.

Knows: payload templates, Reference Paths and AWS's sentences about what is missing. Must never know: which state or
which step of the data flow asks.

Nothing is parsed and nothing is copied when a template is evaluated: whatever part of it is literal is handed out as
it stands in the definition, over and over.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import TypeAlias

from asl_local.errors import RESULT_PATH_MATCH_FAILURE, RUNTIME, EvaluationError, ExpressionSyntaxError
from asl_local.language import Flow, Scope
from asl_local.language.generated import writable, write_array, write_object, write_placement
from asl_local.language.intrinsics import compile_call, is_call
from asl_local.language.jsonpath import NotFound, PathError, flow, parse
from asl_local.lazy import NamedTuple
from asl_local.values import Json, size, text_of

Placement: TypeAlias = Callable[[Json, Json], Json]  # (raw input, result) -> output


class _Literal(NamedTuple):
    value: Json


def compile_expression(text: str) -> Flow:
    """The value of one `.$` key: a path, a `$$` path or an intrinsic function call.

    Raises ExpressionSyntaxError. Evaluated, it raises PathError for a path that finds nothing, in a call's arguments
    too, and EvaluationError (States.IntrinsicFailure) for data that a function does not take.
    """
    return compile_call(text) if is_call(text) else flow(text)


def compile_template(payload: Json) -> Flow:
    """A payload template (Parameters, ResultSelector, ItemSelector) as a Flow.

    Raises ExpressionSyntaxError for an expression that does not parse, for a `.$` key whose value is no string and for
    `x` and `x.$` side by side. Evaluated, it raises EvaluationError: States.Runtime for a path that finds nothing (what
    AWS really gives, although the specification says States.ParameterPathFailure), States.IntrinsicFailure from functions.
    """
    compiled = _compile(payload)
    if isinstance(compiled, _Literal):
        value = compiled.value
        return lambda _value, _scope: value
    return compiled


def _compile(payload: Json) -> Flow | _Literal:
    if isinstance(payload, dict):
        return _compile_object(payload)
    if isinstance(payload, list):
        return _compile_array(payload)
    return _Literal(payload)


def _compile_object(payload: dict[str, Json]) -> Flow | _Literal:
    base: dict[str, Json] = {}
    flows: dict[str, Flow] = {}
    texts: dict[str, str] = {}
    for key, member in payload.items():
        name = key
        compiled: Flow | _Literal
        if key.endswith(".$"):
            name = key[:-2]
            if not isinstance(member, str):
                raise ExpressionSyntaxError(f"The value for the field '{key}' must be a string", text_of(member), None)
            compiled = _whole if member.strip() == "$" else compile_expression(member)
            texts[name] = member
        else:
            compiled = _compile(member)
        if name in base:
            raise ExpressionSyntaxError(f"The fields '{name}' and '{name}.$' cannot stand side by side", key, None)
        if isinstance(compiled, _Literal):
            base[name] = compiled.value
        else:
            base[name] = None  # keeps the place: the result has the template's order
            flows[name] = compiled
    if not flows:
        return _Literal(payload)
    dynamic = tuple(flows.items())

    def evaluate(value: Json, scope: Scope) -> Json:
        result = base.copy()
        try:
            for name, read in dynamic:
                result[name] = read(value, scope)
        except PathError as error:
            raise missing(error, f"{name}.$", texts[name], value, scope) from None
        return result

    return writable(evaluate, write_object({**base, **flows}), flows.values())


def _compile_array(payload: list[Json]) -> Flow | _Literal:
    compiled = [_compile(item) for item in payload]
    if all(isinstance(item, _Literal) for item in compiled):
        return _Literal(payload)
    base = [item.value if isinstance(item, _Literal) else None for item in compiled]
    dynamic = tuple((at, item) for at, item in enumerate(compiled) if not isinstance(item, _Literal))

    def evaluate(value: Json, scope: Scope) -> Json:
        result = base.copy()
        for at, read in dynamic:
            result[at] = read(value, scope)
        return result

    items = [item.value if isinstance(item, _Literal) else item for item in compiled]
    return writable(evaluate, write_array(items), [item for _, item in dynamic])


def extent(payload: Json) -> tuple[float, int]:
    """How large what a template makes can be: so many bytes, and so many times those of its input.

    A Reference Path finds a part of its input, which is no larger than the whole. Infinite where only a measurement tells.
    """
    if isinstance(payload, dict):
        most, times = 2.0, 0
        for key, member in payload.items():
            if not key.endswith(".$"):
                more, again = extent(member)
            elif is_call(member):
                more, again = _LONGEST_RESULTS.get(member[: member.find("(")], inf), 0
            else:
                path = parse(member)
                more, again = (0, 1) if path.reference and path.root == "input" else (inf, 0)
            most, times = most + _size_of(key) + 2 + more, times + again
        return most, times
    if isinstance(payload, list):
        parts = [extent(item) for item in payload]
        return 2 + sum(1 + more for more, _ in parts), sum(again for _, again in parts)
    return size(payload), 0


_LONGEST_RESULTS = {"States.MathAdd": 11, "States.MathRandom": 11, "States.ArrayLength": 11, "States.UUID": 38}
"""Bytes of the text of what a function gives, for those that say nothing about it but a number or an id."""


def placement_extent(text: str | None) -> int | None:
    """Bytes that ResultPath adds besides the result; None where the input is not kept at all."""
    if text is None:
        return None
    steps = parse(text).steps
    return sum([_size_of(step) + 4 for step in steps]) if steps else None


_size_of = lru_cache(maxsize=4096)(size)  # of names, of which a definition has few


def _whole(value: Json, _scope: Scope) -> Json:
    if value is None:
        raise _no_input()
    return value


def _no_input() -> EvaluationError:
    """AWS's library takes no null for a document: a state whose input is null can hold no path, not even `$`."""
    return EvaluationError(RUNTIME, "Unable to apply Path transformation to null or empty input.")


def missing(error: PathError, field: str, text: str, value: Json, scope: Scope) -> EvaluationError:
    """AWS's sentence for the expression `text` of `field` that finds nothing, with the document that it was applied to."""
    document = _document(error.path, value, scope)
    if document is None:
        return _no_input()
    if is_call(text):
        return EvaluationError(
            RUNTIME,
            f"The function '{text}' had the following error: The JsonPath argument for the field '{error.path}' "
            f"could not be found in the input '{text_of(document)}'",
        )
    if isinstance(error, NotFound):
        return EvaluationError(
            RUNTIME,
            f"The JSONPath '{text}' specified for the field '{field}' could not be found in the input "
            f"'{text_of(document)}'",
        )
    return _invalid(text, error)


def _document(path: str, value: Json, scope: Scope) -> Json:
    """What a path was applied to; all of a variable that has no value is an empty object."""
    root = parse(path)
    if root.root == "context":
        return scope.context()
    if root.root == "input" or root.variable is None:
        return value
    try:
        return scope.variable(root.variable)
    except KeyError:
        return {}


def _invalid(text: str, error: PathError) -> EvaluationError:
    return EvaluationError(RUNTIME, f"Invalid path '{text}' : {error}")


# ------------------------------------------------------------------------------------------------------- path fields


@lru_cache(maxsize=1024)
def compile_path_field(text: str) -> Flow:
    """A field that is a path (InputPath, OutputPath, ItemsPath, SecondsPath and the like) as a Flow.

    Raises ExpressionSyntaxError; evaluated, EvaluationError (States.Runtime) with AWS's "Invalid path" sentence.
    """
    read = flow(text)
    if text.strip() == "$":
        return read

    def evaluate(value: Json, scope: Scope) -> Json:
        try:
            return read(value, scope)
        except PathError as error:
            raise (_no_input() if value is None and parse(text).root == "input" else _invalid(text, error)) from None

    return writable(evaluate, getattr(read, "write", None))


@lru_cache(maxsize=1024)
def compile_result_path(text: str | None) -> Placement:
    """ResultPath: where a result goes in the raw input; None drops the result, `$` drops the input.

    The output shares everything with the raw input but the objects on the way, which are copied; missing objects on
    the way are made. Raises ExpressionSyntaxError for anything but a Reference Path into the input; the placement
    raises EvaluationError (States.ResultPathMatchFailure) where the way leads through something that is no object, or
    to an item that an array does not have.
    """
    if text is None:
        return lambda raw, _result: raw
    path = parse(text)
    if not path.reference or path.root != "input":
        raise ExpressionSyntaxError(f"{text!r} is not a Reference Path into the state's input", text, 0)
    steps = path.steps
    if not steps:
        return lambda _raw, result: result
    first = steps[0]

    def place(raw: Json, result: Json) -> Json:
        return _put(text, steps, 0, raw, result=result, raw=raw)

    def place_one(raw: Json, result: Json) -> Json:
        return {**raw, first: result} if raw.__class__ is dict else _put(text, steps, 0, raw, result=result, raw=raw)

    return writable(place_one if len(steps) == 1 and isinstance(first, str) else place, write_placement(steps))


def _put(text: str, steps: tuple[str | int, ...], at: int, container: Json, *, result: Json, raw: Json) -> Json:
    """A container with the result in the place that the steps from `at` on lead to."""
    step = steps[at]
    inner: Json
    if container.__class__ is dict and isinstance(step, str):
        inner = container.get(step, _ABSENT)
        copy: Json = dict(container)
    elif container is _ABSENT and isinstance(step, str):
        inner, copy = _ABSENT, {}
    elif container.__class__ is list and isinstance(step, int) and step < len(container):
        inner = container[step]
        copy = list(container)
    else:
        raise EvaluationError(
            RESULT_PATH_MATCH_FAILURE, f"Unable to apply ReferencePath {text} to input {text_of(raw)}"
        )
    copy[step] = result if at == len(steps) - 1 else _put(text, steps, at + 1, inner, result=result, raw=raw)
    return copy


_ABSENT = object()  # JSON has no such value
