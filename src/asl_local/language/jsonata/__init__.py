"""JSONata expressions: JSON with `{% %}` strings -> closures. (Only the seam so far: nothing evaluates them yet.)

Knows: where an expression begins and ends. Must never know: which state a field belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from asl_local.errors import ExpressionSyntaxError
from asl_local.language import Scope
from asl_local.values import Json

StatesFlow: TypeAlias = Callable[[Mapping[str, Json], Scope], Json]


def is_jsonata(value: Json) -> bool:
    """Whether a JSONata state evaluates the value: text that is exactly `{% ... %}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def compile_payload(payload: Json, field: str) -> StatesFlow:
    """Any JSON whose `{% %}` strings are evaluated, at whatever depth."""
    raise ExpressionSyntaxError(f"{field}: JSONata cannot be evaluated yet", str(payload))


def compile_value(value: Json, field: str, expected: str) -> StatesFlow:
    """One value of a wanted type."""
    raise ExpressionSyntaxError(f"{field}: JSONata cannot be evaluated yet, a {expected} is wanted", str(value))
