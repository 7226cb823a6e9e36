"""States that neither wait nor fail: Pass, Succeed and Choice, from their input to their output in one go.

Knows: what such a state adds to the history. Must never know: what else can become of it (states.py, failures.py).
"""

from __future__ import annotations

from math import inf

from asl_local.errors import EvaluationError
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.plan import Block, State
from asl_local.values import Json, weigh

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, TypeAlias

    from asl_local.engine import variables
    from asl_local.engine.execution import Execution, Strand
else:
    later(globals(), "asl_local.engine.variables")

Way: TypeAlias = "Callable[[Execution, Strand], State | None]"
"""Takes a strand through its state: to the next state, to OVER, or to STANDS. None where nothing has happened, since the
state cannot be done in this way."""

# The two have no type.
OVER: Final = State("", "", "", None, "", "")
"""The strand has left its last state; its `raw` is what it came to."""

STANDS: Final = State("", "", "", None, "", "")
"""The strand is in the state, and stands still."""


def after(state: State, block: Block) -> State:
    """Where the state leads."""
    return OVER if state.next is None else block.states[state.next]


def is_plain(block: Block) -> bool:
    """Whether a branch or an iteration has only states that neither wait nor fan out nor assign."""
    return all(state.type in ("Pass", "Choice", "Succeed") and state.assign is None for state in block.states.values())


def asks_only(block: Block, *, fans: bool) -> bool:
    """Whether a branch or an iteration has, besides, only Tasks that a function may answer at once, and, where it `fans`
    out, Parallels. A Parallel in a branch has to wait for the branches beside it.
    """
    return all(
        state.assign is None
        and (
            state.type in ("Pass", "Choice", "Succeed")
            or (state.type == "Task" and may_be_answered(state))
            or (fans and state.type == "Parallel")
        )
        for state in block.states.values()
    )


def may_be_answered(state: State) -> bool:
    """Whether a function may answer the Task within the step: nothing about the call takes time, or more than an event."""
    resource = state.resource
    if resource is None or resource.kind != "lambda":
        return False
    return state.timeout is None and state.heartbeat is None and state.credentials is None


def make_pass(_state: State, _block: Block) -> Way:
    """The way through a Pass or a Succeed: one function for all, as most states are visited a few times only."""
    return _passed


def _passed(x: Execution, strand: Strand) -> State | None:
    state, raw, draws, held = strand.state, strand.raw, x.draws, x.assigned_bytes
    arguments, output, assign = state.arguments, state.output, state.assign
    x.current = strand
    try:
        value = raw if arguments is None else arguments(raw, x)
        result = value if state.fixed is None else state.fixed[0]
        assigned = None if assign is None else assign(raw, result, x)
        out = result if output is None else output(raw, result, x)
        if out is raw and not state.templated:
            bound = strand.bound
        else:
            add, times = state.extent
            bound = add + times * strand.bound if times else add
        if bound > x.most_bytes:
            bound = measured(x, strand, state, value, out)
        if bound > x.most_bytes:
            x.draws = draws
            return None
        if assigned is not None:
            variables.check(x, strand, assigned)
    except EvaluationError:
        x.draws, x.assigned_bytes = draws, held
        return None
    history = x.history
    history.log.extend((state, x.now, strand.event, raw, out, assigned))
    history.count = strand.event = history.count + 2
    strand.raw, strand.bound = out, bound
    if assigned:
        strand.variables = {**(strand.variables or {}), **assigned}
    return OVER if state.next is None else strand.block.states[state.next]


def make_choice(state: State, block: Block) -> Way | None:
    """The way through a Choice that leads on whatever is true, and only leads."""
    arguments, choose = state.arguments, state.choose
    if choose is None or state.next is None or state.output is not None or state.assign is not None:
        return None
    if any(rule.output is not None or rule.assign is not None for rule in state.rules):
        return None
    if arguments is not None and state.extent[0] == inf:
        return None
    led = (*(block.states[rule.next] for rule in state.rules), block.states[state.next])

    def way(x: Execution, strand: Strand) -> State | None:
        raw = strand.raw
        x.current = strand
        draws = x.draws
        try:
            value = raw if arguments is None else arguments(raw, x)
            chosen = led[choose(value, x)]
        except EvaluationError:
            x.draws = draws
            return None
        history = x.history
        history.log.extend((state, x.now, strand.event, raw, value, None))
        history.count = strand.event = history.count + 2
        strand.raw = value
        return chosen

    return way


def measured(x: Execution, strand: Strand, state: State, value: Json, out: Json) -> float:
    """How large the output is at most, by measuring as little as is needed; more than may be if that is too much.

    What a template made is often a small part of a large state, and measured for next to nothing; but a bound that is
    far from the last measurement is measured anew, since it is probably loose and the value small.
    """
    most = x.most_bytes
    if state.templated:
        weight = weigh(value, most)
        if weight > most or out is value:
            return weight
        if out is strand.raw and strand.bound <= most:
            return strand.bound
        if state.placed is not None and strand.bound <= 2 * strand.weighed:
            bound = strand.bound + weight + state.placed
            if bound <= most:
                return bound
    raw = strand.raw
    if _LARGE < strand.bound <= 2 * strand.weighed and type(out) is dict and type(raw) is dict:
        # What it has kept of its input is no larger than that.
        made = {name: member for name, member in out.items() if raw.get(name, _ABSENT) is not member}
        bound = strand.bound + weigh(made, most)
        if len(made) < len(out) and bound <= most:
            return bound
    strand.weighed = weigh(out, most)
    return strand.weighed


_ABSENT: Final = object()
_LARGE: Final = 20_000  # bytes that take longer to measure than to look for what has changed

__all__ = [
    "OVER",
    "STANDS",
    "Way",
    "after",
    "asks_only",
    "is_plain",
    "make_choice",
    "make_pass",
    "may_be_answered",
    "measured",
]
