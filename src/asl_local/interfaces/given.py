"""What callers give: inputs, moments, resources.

Knows: what is refused before anything runs. Must never know: how it runs.
"""

from __future__ import annotations

from asl_local import values
from asl_local.errors import InvalidExecutionInput, NotJson
from asl_local.lazy import TYPE_CHECKING, later

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeAlias

    from asl_local.drivers import Nested, Work
    from asl_local.engine import Execution, Limits
    from asl_local.plan import Plan
    from asl_local.resources import Resources, registry
    from asl_local.resources.mocking import Mocks
    from asl_local.resources.registry import Handler
    from asl_local.services.local import LocalAWS
    from asl_local.values import Json
else:
    later(globals(), "asl_local.resources.registry")

Given: TypeAlias = "Mapping[str, Handler] | Resources | LocalAWS | None"


def taken(input: Json, limits: Limits) -> tuple[Json, float]:
    """The input as an execution has it, and a bound of its size."""
    try:
        accepted, weight = values.taken(input)
    except NotJson as error:
        raise InvalidExecutionInput(f"the execution's input is not JSON: {error}") from None
    most = limits.payload_bytes
    if most is not None and weight > most:
        weight = values.weigh(accepted, most)
        if weight > most:
            raise InvalidExecutionInput(f"the execution's input is larger than {most} bytes")
    return accepted, weight


def work_of(execution: Execution, resources: Given, mocked: Mocks | None = None) -> Work:
    """Who answers the execution's calls."""
    return resumed(execution, resources, [], mocked)[0]


def resumed(
    execution: Execution, resources: Given, others: Sequence[str], mocked: Mocks | None = None
) -> tuple[Work, list[Nested]]:
    """Who answers the execution's calls, and those of the executions in other dumps, that it had started."""
    given = registry.Resources.of(resources)
    execution.activities = given.activities
    family = registry.Family.of(execution)

    def bind(plan: Plan) -> Work:
        return given.bind(plan, execution.identity, like=execution, family=family, late=mocked is not None)

    if mocked is None:
        work = bind(execution.plan)
    else:
        work = mocked.over(execution.plan, bind, execution.identity.execution_arn).work(mocked.begin())
    return work, [given.take_up(dump, family) for dump in others]


def moment(at: Any) -> float:
    """Epoch seconds; a datetime that says no zone is UTC."""
    if isinstance(at, (int, float)):
        return float(at)
    from datetime import UTC, datetime  # noqa: PLC0415 - most give numbers

    if isinstance(at, datetime):
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if isinstance(at, str):  # float("2024") is half an hour after the epoch began
        raise TypeError(f"a moment is a datetime or epoch seconds, not {at!r}")
    return float(at)


__all__ = ["Given", "moment", "resumed", "taken", "work_of"]
