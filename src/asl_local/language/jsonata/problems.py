"""AWS's checks of one expression when a state machine is created.

Knows: the rules about what an expression may name. Must never know: where the expression stands.
"""

from __future__ import annotations

from typing import NamedTuple

from asl_local.errors import ExpressionSyntaxError
from asl_local.language.jsonata.expressions import compile_expression, variable_names


class Problem(NamedTuple):
    """One problem: AWS's code (`INVALID_JSONATA_EXPRESSION`, `UNSUPPORTED_JSONATA_EXPRESSION`) and its sentence."""

    code: str
    message: str


def problems(text: str, visible: frozenset[str]) -> list[Problem]:  # noqa: ARG001
    """What AWS refuses about an expression (no delimiters); `visible` names what may be read of `$states` here."""
    try:
        compile_expression(text, "")
    except ExpressionSyntaxError as error:
        return [Problem("INVALID_JSONATA_EXPRESSION", str(error))]
    return []


def variables_read(text: str) -> frozenset[str]:
    """The names of the variables that an expression may read, without `$`; `states` and built-in functions are none."""
    return variable_names(text)
