"""Variables: how much of them an execution may hold.

Knows: the quotas of the Developer Guide ("Passing data between states with variables"). Must never know: expressions,
or which field assigned a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.errors import DATA_LIMIT_EXCEEDED, EvaluationError
from asl_local.values import Json, size, weigh

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand

TOTAL_LIMIT = 10 * 1024 * 1024
"""Bytes of all variables that an execution holds at a time."""


def check(x: Execution, strand: Strand, assigned: dict[str, Json]) -> None:
    """Raises EvaluationError if new variables are too large, together (256 KiB an Assign) or with the rest (10 MiB)."""
    limit = x.limits.payload_bytes
    if limit is None:
        return
    weight = weigh(assigned, limit)
    if weight > limit:
        raise _too_large(strand, f"an Assign may hold {limit} bytes")
    # An upper bound that only grows is cheap; what is really there is measured when the bound passes the limit.
    x.assigned_bytes += weight
    if x.assigned_bytes > TOTAL_LIMIT:
        x.assigned_bytes = size(assigned) + held(x.root)
        if x.assigned_bytes > TOTAL_LIMIT:
            raise _too_large(strand, f"the variables of an execution may hold {TOTAL_LIMIT} bytes")


def held(strand: Strand) -> int:
    """Bytes of the variables of a strand and everything below it."""
    own = 0 if strand.variables is None else size(strand.variables)
    return own + sum(held(child) for child in (strand.live or {}).values() if child.alive)


def _too_large(strand: Strand, rule: str) -> EvaluationError:
    return EvaluationError(
        DATA_LIMIT_EXCEEDED,
        f"The variables assigned by the state '{strand.state.name}' exceed the maximum number of bytes service limit: "
        f"{rule}.",
    )
