"""One JSONata expression of a definition: text -> StatesFlow that gives a value or fails in AWS's words.

Knows: `$states`, variables, and AWS's sentences about expressions that give nothing usable. Must never know: which
engine evaluates, or what a field is for.

An expression that only walks down objects (`$states.input.order.id`, `$name.member`) needs no engine; where a step
finds anything but an object with that member, the engine is asked after all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from asl_local.errors import QUERY_EVALUATION_ERROR, EvaluationError, ExpressionSyntaxError
from asl_local.language import Scope
from asl_local.language.jsonata.functions import number
from asl_local.language.jsonata.seam import Bound, Exceeded, NoEngine, NoValue, Outcome, Program, Thrown, load_engine
from asl_local.language.jsonata.syntax import Node, TooDeep, parse, walk
from asl_local.values import Json, text_of

States: TypeAlias = Mapping[str, Json]
StatesFlow: TypeAlias = Callable[[States, Scope], Json]
"""`flow(states, scope)`: states holds what `$states` has besides the context, of "input", "result", "errorOutput"."""

_WALK = re.compile(r"\$([^\W\d]\w*)((?:\s*\.\s*[^\W\d]\w*)*)")
_NAME = re.compile(r"\w+")
_OPERATOR_WORDS = frozenset(("and", "or", "in", "true", "false", "null", "function", "λ"))
_OTHERS = frozenset(("input", "result", "errorOutput"))

# AWS's words for what an expression ran out of: no code, and a colon where a thrown error has a full stop.
_EXCEEDED = {
    Bound.MEMORY: "Expression evaluation memory limit exceeded: Check for excessive memory usage",
    Bound.DEPTH: "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
    Bound.TIME: "Expression evaluation timeout: Check for infinite loop",
}


def is_jsonata(value: object) -> bool:
    """Whether the value is a string that is one expression: `{%` first, `%}` last, nothing outside."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}")


def inside(text: str) -> str:
    """The expression between the delimiters, without the blanks around it, as AWS quotes it."""
    return text[2:-2].strip()


def check_syntax(text: str) -> None:
    """Raises ExpressionSyntaxError for text that is no JSONata 2.0.6, in its words and without a code, as on AWS."""
    try:
        parse(text)
        load_engine().compile(text, frozenset())
    except Thrown as error:
        raise ExpressionSyntaxError(error.message, text, None) from None
    except (TooDeep, Exceeded, NoEngine):
        pass


def compile_expression(text: str, field: str, engine: str | None = None) -> StatesFlow:
    """An expression (no delimiters) of the field at `field`; `engine` is for tests that want a certain one.

    Raises ExpressionSyntaxError for text that does not parse, and NoEngine. Evaluated, it raises EvaluationError
    (States.QueryEvaluationError, located at the field).
    """
    walk = _compile_walk(text)
    evaluate = _compile_whole(text, field, engine)
    if walk is None:
        return evaluate

    def flow(states: States, scope: Scope) -> Json:
        found = walk(states, scope)
        return evaluate(states, scope) if found is NoValue.UNDEFINED else found

    return flow


def _compile_walk(text: str) -> Callable[[States, Scope], Outcome] | None:
    match = _WALK.fullmatch(text)
    if match is None:
        return None
    variable = match[1]
    steps = tuple(_NAME.findall(match[2]))
    if _OPERATOR_WORDS.intersection(steps) or (variable == "states" and not steps):
        return None
    if variable == "states":
        first, *rest = steps
        below = tuple(rest)
        if first == "context":
            return lambda _states, scope: _walk(scope.context(), below)
        return lambda states, _scope: _walk(states.get(first, NoValue.UNDEFINED), below)

    def from_variable(_states: States, scope: Scope) -> Outcome:
        try:
            value = scope.variable(variable)
        except KeyError:
            return NoValue.UNDEFINED
        return _walk(value, steps)

    return from_variable


def _walk(value: Outcome, steps: tuple[str, ...]) -> Outcome:
    for step in steps:
        if value.__class__ is not dict or step not in value:
            return NoValue.UNDEFINED
        value = value[step]
    return number(value) if type(value) is float or type(value) is int else value


@lru_cache(maxsize=4096)
def _program(text: str, engine: str | None) -> tuple[Program, tuple[str, ...], bool]:
    """The program, the variables it may read, and whether it may read the Context Object."""
    try:
        nodes = list(walk(parse(text)))
        names = frozenset(node.value for node in nodes if node.kind == "variable")
        names = frozenset(name for name in names - {"states"} if name.isidentifier())
        program = load_engine(engine).compile(text, names)
    except Thrown as error:
        raise ExpressionSyntaxError(error.message, text, None) from None
    except (TooDeep, Exceeded):
        return _too_deep, (), False
    states = sum(node.kind == "variable" and node.value == "states" for node in nodes)
    without_context = sum(node.kind == "path" and _is_member(node, _OTHERS) for node in nodes)
    return program, tuple(names), states > without_context


def _too_deep(_states: dict[str, Json], _variables: dict[str, Json], _scope: Scope) -> Outcome:
    """What AWS cannot evaluate either: it stops at 100 levels."""
    raise Exceeded(Bound.DEPTH)


def _is_member(node: Node, members: frozenset[str]) -> bool:
    states, member = node.parts
    while member.kind == "filter":
        member = member.parts[0]
    return states.kind == "variable" and states.value == "states" and member.kind == "name" and member.value in members


def _compile_whole(text: str, field: str, engine: str | None) -> StatesFlow:
    program, names, wants_context = _program(text, engine)

    def failure(what: str) -> EvaluationError:
        sentence = f"The JSONata expression '{text}' specified for the field '{field}' {what}"
        return EvaluationError(QUERY_EVALUATION_ERROR, sentence, field)

    def flow(states: States, scope: Scope) -> Json:
        own = dict(states)
        if wants_context:
            own["context"] = scope.context()
        variables: dict[str, Json] = {}
        for name in names:
            try:
                variables[name] = scope.variable(name)
            except KeyError:
                continue
        try:
            value = program(own, variables, scope)
        except Thrown as error:
            raise failure(f"threw an error during evaluation. {error.code}: {error.message}") from None
        except Exceeded as error:
            raise failure(f"threw an error during evaluation: {_EXCEEDED[error.bound]}") from None
        if value is NoValue.UNDEFINED:
            raise failure("returned nothing (undefined).")
        if value is NoValue.FUNCTION:
            raise failure("returned an unsupported result type.")
        return value

    return flow


def unexpected_type(text: str, field: str, expected: str, value: Json) -> EvaluationError:
    """AWS's sentence for a result of another type than the field takes."""
    return EvaluationError(
        QUERY_EVALUATION_ERROR,
        f"The JSONata expression '{text}' specified for the field '{field}' returned an unexpected result type. "
        f"Expected '{expected}', but was '{type_name(value)}' for value: {text_of(value)}",
        field,
    )


def type_name(value: Json) -> str:
    """The name that AWS gives the type of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
