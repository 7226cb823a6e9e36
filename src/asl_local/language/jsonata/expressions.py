"""One JSONata expression of a definition: text -> StatesFlow that gives a value or fails in AWS's words.

Knows: `$states`, variables, and AWS's sentences about expressions that give nothing usable. Must never know: which
engine evaluates, or what a field is for.

Simple expressions need no engine (`direct/`); where it is not sure, the engine is asked after all, and compiles the
expression only then. What is known of an expression is kept by its text: definitions repeat themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from asl_local.errors import QUERY_EVALUATION_ERROR, EvaluationError, ExpressionSyntaxError
from asl_local.language import Scope
from asl_local.language.jsonata.direct import ASK, Direct, States, direct
from asl_local.language.jsonata.seam import (
    Bound,
    Exceeded,
    NoEngine,
    NoValue,
    Outcome,
    Program,
    Thrown,
    find_engine,
    load_engine,
)
from asl_local.language.jsonata.syntax import Node, TooDeep, parts
from asl_local.lazy import later
from asl_local.values import Json, text_of

if TYPE_CHECKING:
    from asl_local.language import generated
    from asl_local.language.jsonata.direct import source
else:
    later(globals(), "asl_local.language.generated", "asl_local.language.jsonata.direct.source")

StatesFlow: TypeAlias = Callable[[States, Scope], Json]
"""`flow(states, scope)`: states holds what `$states` has besides the context, of "input", "result", "errorOutput"."""

_OTHERS = frozenset(("input", "result", "errorOutput"))

# AWS's words for what an expression ran out of: no code, and a colon where a thrown error has a full stop.
_EXCEEDED = {
    Bound.MEMORY: "Expression evaluation memory limit exceeded: Check for excessive memory usage",
    Bound.DEPTH: "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
    Bound.TIME: "Expression evaluation timeout: Check for infinite loop",
}


def inside(text: str) -> str:
    """The expression between the delimiters, without the blanks around it, as AWS quotes it."""
    return text[2:-2].strip()


def check_syntax(text: str) -> None:
    """Raises ExpressionSyntaxError for text that is no JSONata 2.0.6, in its words and without a code, as on AWS."""
    if _expression(text).direct is None:
        with contextlib.suppress(NoEngine):
            _program(text, None)


def compile_expression(text: str, field: str, engine: str | None = None) -> StatesFlow:
    """An expression (no delimiters) of the field at `field`; `engine` is for tests that want a certain one.

    Raises ExpressionSyntaxError for text that does not parse, and NoEngine. Evaluated, it raises EvaluationError
    (States.QueryEvaluationError, located at the field).
    """
    expression = _expression(text)
    evaluate = expression.direct
    if evaluate is None:
        _program(text, engine)
        return lambda states, scope: _ask(expression, field, engine, states, scope)
    find_engine(engine)
    answer, undefined, ask = evaluate, NoValue.UNDEFINED, ASK

    def flow(states: States, scope: Scope) -> Json:
        found = answer(states, scope)
        if found is undefined or found is ask:
            return _ask(expression, field, engine, states, scope)
        return found

    return flow


def write_expression(text: str, writer: generated.Writer, members: Mapping[str, str]) -> str:
    """An expression as Python source; see direct.source. Raises Unwritten for one that needs an engine."""
    if _expression(text).direct is None:
        raise generated.Unwritten
    return source.write(parts(text)[0], writer, members)


class _Expression(NamedTuple):
    """What the text of an expression says by itself; `names` are the variables that it may read."""

    text: str
    direct: Direct | None
    names: tuple[str, ...]
    wants_context: bool


@lru_cache(maxsize=4096)
def _expression(text: str) -> _Expression:
    try:
        nodes = parts(text)
    except Thrown as error:
        raise ExpressionSyntaxError(error.message, text, None) from None
    except TooDeep:
        return _Expression(text, None, (), False)
    names, states = set(), 0
    for node in nodes:
        kind = node.kind
        if kind == "variable":
            if node.value == "states":
                states += 1
            elif node.value.isidentifier():
                names.add(node.value)
        elif kind == "path" and _is_member(node, _OTHERS):
            states -= 1
    return _Expression(text, direct(nodes[0]), tuple(sorted(names)), states > 0)


@lru_cache(maxsize=4096)
def _program(text: str, engine: str | None) -> Program:
    try:
        parts(text)
        return load_engine(engine).compile(text, frozenset(_expression(text).names))
    except Thrown as error:
        raise ExpressionSyntaxError(error.message, text, None) from None
    except (TooDeep, Exceeded):
        return _too_deep


def _too_deep(_states: States, _variables: States, _scope: Scope) -> Outcome:
    """What AWS cannot evaluate either: it stops at 100 levels."""
    raise Exceeded(Bound.DEPTH)


def _is_member(node: Node, members: frozenset[str]) -> bool:
    states, member = node.parts
    while member.kind == "filter":
        member = member.parts[0]
    return states.kind == "variable" and states.value == "states" and member.kind == "name" and member.value in members


def _ask(expression: _Expression, field: str, engine: str | None, states: States, scope: Scope) -> Json:
    program = _program(expression.text, engine)
    if expression.wants_context:
        states = {**states, "context": scope.context()}
    variables: dict[str, Json] = {name: scope.variable(name) for name in expression.names if scope.has_variable(name)}
    try:
        value = program(states, variables, scope)
    except Thrown as error:
        what = f"threw an error during evaluation. {error.code}: {error.message}"
    except Exceeded as error:
        what = f"threw an error during evaluation: {_EXCEEDED[error.bound]}"
    else:
        if value is NoValue.UNDEFINED:
            what = "returned nothing (undefined)."
        elif value is NoValue.FUNCTION:
            what = "returned an unsupported result type."
        else:
            return value
    sentence = f"The JSONata expression '{expression.text}' specified for the field '{field}' {what}"
    raise EvaluationError(QUERY_EVALUATION_ERROR, sentence, field)


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
