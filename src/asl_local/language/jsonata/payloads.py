"""Fields of JSONata states: JSON with `{% %}` strings -> closures.

Knows: how a payload is walked, and how its places are called. Must never know: which field of which state it is.

Whatever part of a payload is literal is handed out as it stands in the definition, over and over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from asl_local.language import Scope
from asl_local.language.jsonata import is_jsonata
from asl_local.language.jsonata.direct import States
from asl_local.language.jsonata.expressions import (
    StatesFlow,
    compile_expression,
    inside,
    type_name,
    unexpected_type,
    write_expression,
)
from asl_local.lazy import later
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.language import generated
else:
    later(globals(), "asl_local.language.generated")


def compile_payload(payload: Json, field: str, engine: str | None = None) -> StatesFlow:
    """Any JSON: every string that is a `{% %}` expression, at any depth, is replaced by its value; keys never are.

    `field` is the place as AWS names it, `Output` or `Catch[0]/Assign/x`. Raises ExpressionSyntaxError and NoEngine;
    evaluated, EvaluationError (States.QueryEvaluationError) with the location of the expression that failed.
    """
    compiled = _compile(payload, field, engine)
    return compiled if compiled is not None else lambda _states, _scope: payload


def compile_value(value: Json, field: str, expected: str, engine: str | None = None) -> StatesFlow:
    """A field that wants one type: "string", "number", "integer", "boolean", "array" or "object".

    Only the result of an expression is checked; a literal of the wrong type is the definition's error. A literal array
    or object may hold expressions.
    """
    if not is_jsonata(value):
        return compile_payload(value, field, engine)
    text = inside(value)
    evaluate = compile_expression(text, field, engine)

    def flow(states: States, scope: Scope) -> Json:
        result = evaluate(states, scope)
        if not _is_a(expected, result):
            raise unexpected_type(text, field, expected, result)
        return result

    return flow


def write_payload(payload: Json, writer: generated.Writer, members: Mapping[str, str]) -> str:
    """A payload as Python source, for language.generated; see direct.source. Raises Unwritten where there is none."""
    if is_jsonata(payload):
        return write_expression(inside(payload), writer, members)
    if not _has_expression(payload):
        return writer.constant(payload)
    if isinstance(payload, list):
        return f"[{', '.join(write_payload(part, writer, members) for part in payload)}]"
    parts = [f"{writer.constant(name)}: {write_payload(part, writer, members)}" for name, part in payload.items()]
    return f"{{{', '.join(parts)}}}"


def write_condition(value: Json, writer: generated.Writer, members: Mapping[str, str]) -> str:
    """A value that must be true or false as Python source, which raises if it is neither. Raises Unwritten."""
    if not is_jsonata(value):
        raise generated.Unwritten
    found = f"v{writer.constant(None)}"
    return f"({found} if type({found} := {write_expression(inside(value), writer, members)}) is bool else 0 / 0)"


def _has_expression(payload: Json) -> bool:
    if isinstance(payload, (dict, list)):
        return any(map(_has_expression, payload.values() if isinstance(payload, dict) else payload))
    return is_jsonata(payload)


def _is_a(expected: str, value: Json) -> bool:
    if expected == "integer":
        return type(value) is int or (type(value) is float and value.is_integer())
    return type_name(value) == expected


def _compile(payload: Json, field: str, engine: str | None) -> StatesFlow | None:
    """None for a payload without an expression."""
    if isinstance(payload, str):
        return compile_expression(inside(payload), field, engine) if is_jsonata(payload) else None
    if isinstance(payload, dict):
        members = {name: _compile(member, f"{field}/{name}", engine) for name, member in payload.items()}
        dynamic = [(name, member) for name, member in members.items() if member is not None]
    elif isinstance(payload, list):
        items = [_compile(item, f"{field}[{at}]", engine) for at, item in enumerate(payload)]
        dynamic = [(at, item) for at, item in enumerate(items) if item is not None]
    else:
        return None
    if not dynamic:
        return None

    def evaluate(states: States, scope: Scope) -> Json:
        result = payload.copy()
        for key, read in dynamic:
            result[key] = read(states, scope)
        return result

    return evaluate
