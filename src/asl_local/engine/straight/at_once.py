"""Executions that are over before anybody has asked for them as a value.

Knows: what a whole execution's entry says, and how the execution looks that has written it. Must never know: who asks.

Where nothing in a machine waits, calls or asks for more than the input, all that an execution needs is its input and a
time. What it came to and went through is then one entry; the execution itself, with its history, is put together from
that when somebody reads it (interfaces/result.py), and is the same in everything (tests/properties).
"""

from __future__ import annotations

from math import inf

from asl_local.errors import NotJson
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.values import Json, taken

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from asl_local.engine import execution as executions
    from asl_local.engine.execution import Execution
    from asl_local.engine.history import Row
    from asl_local.engine.messages import Identity, Limits, Names
    from asl_local.plan import Plan
else:
    later(globals(), executions="asl_local.engine.execution")

_OTHERS = 2  # events of an execution besides those of its states
_TRIES = 8  # executions in which something unusual may happen before each is done step by step


Over: TypeAlias = "tuple[Plan, Json, float, Limits, Row]"
"""Plan, input and its bound, limits, and the entry that was written, whose last value is the output."""


def execution_of(over: Over, names: Identity | Names, seed: int | Callable[[], int]) -> Execution:
    """The execution that is over."""
    plan, given, bound, limits, entry = over
    x = executions.Execution(plan, given, identity=names, seed=seed, limits=limits)
    trail, at = entry[:2]
    x.root.bound, x.now, x.started_at = bound, at, at
    history, root = x.history, x.root
    history.add("ExecutionStarted", at, 0, given, names.role_arn)
    history.log.extend(entry)
    history.count += trail.events
    last = trail.parts[-1]
    root.event, root.raw, root.state = history.count, entry[-1], last[0] if isinstance(last, tuple) else last
    x.end("SUCCEEDED", root.event, output=root.raw)
    return x


def at_once(plan: Plan, input: Json, limits: Limits, at: float) -> Over | None:
    """An execution from its input to its end; None where that is unusual, and it has to be done step by step."""
    most = inf if limits.payload_bytes is None else limits.payload_bytes
    try:
        accepted, bound = taken(input)
    except NotJson:
        return None
    if bound > most:
        return None
    whole = plan.whole
    if whole is None:  # another thread has given it up meanwhile
        return None
    entry = whole(accepted, bound, most, at)
    if entry is None:
        plan.missed += 1
        if plan.missed > _TRIES:
            plan.whole = None
        return None
    events = limits.events
    if limits.seconds is not None or (events is not None and entry[0].events + _OTHERS > events):
        return None
    return plan, accepted, bound, limits, entry


__all__ = ["Over", "at_once", "execution_of"]
