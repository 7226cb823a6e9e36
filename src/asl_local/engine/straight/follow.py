"""The straight way: through a state in one go, when nothing unusual happens in it.

Knows: states that neither wait nor fail, and what they add to the history. Must never know: what else can become of a
state (states.py, failures.py).

A state that is entered and left at once needs no slot to say where it stands and no bookkeeping that a failure would
need. Here its expressions are evaluated first, and only when all of them have given a value is anything written: one
entry in the log, which becomes the state's events when somebody reads (history.py). Whatever is unusual (an expression
that fails, a value that is too large, hardly any room left in the history, marks to be made) leaves everything as it
was, and the state is then done the ordinary way, which words every error. So this room adds speed and no behaviour:
tests/properties run the same executions with it and without it.

How large a value is, is bounded rather than measured: a strand knows how large its value can be at most, and a payload
template makes no more of it than its constants and as many copies as it has paths. Only a bound that passes the limit
is replaced by a measurement.
"""

from __future__ import annotations

from math import inf

from asl_local.engine.straight.ways import OVER, Way, make_choice, make_pass
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.plan import Block, Plan, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from asl_local.engine import children, states
    from asl_local.engine.execution import Execution, Strand
    from asl_local.engine.straight import fan_out, generated_ways, stretches, tasks
    from asl_local.language import generated
else:
    later(
        globals(), "asl_local.engine.children", "asl_local.engine.states", "asl_local.engine.straight.fan_out",
        "asl_local.engine.straight.generated_ways", "asl_local.engine.straight.stretches",
        "asl_local.engine.straight.tasks", "asl_local.language.generated",
    )  # fmt: skip


def follow(x: Execution, strand: Strand) -> None:
    """Take a strand on until it stands still, has ended, or it is another one's turn."""
    if strand.entered or x.marks is not None or not x.straight:
        states.enter(x, strand)
        return
    history, turns, state = x.history, x.shuffle or x.order is not None, strand.state
    room = history.room
    while history.count <= room:
        way = state.straight if turns else state.stretch
        led = None if way is None else way(x, strand)
        if led is None:
            break
        if not led.type:
            if led is OVER:
                _end(x, strand)
            return
        strand.state = state = led
        if turns and (x.ready or x.order is not None):
            x.ready.appendleft(strand)
            return
    states.enter(x, strand)


def _end(x: Execution, strand: Strand) -> None:
    if strand.parent is None:
        x.end("SUCCEEDED", strand.event, output=strand.raw)
    else:
        children.join(x, strand.parent, strand, strand.raw)


def prepare(plan: Plan) -> None:
    """Give every state of a plan its way, once."""
    if not plan.prepared:
        _prepare(plan.top)
        plan.prepared = True


def _prepare(block: Block) -> None:
    for state in block.states.values():
        make = _MAKERS.get(state.type)
        state.way = None if make is None else make(state, block)
        if state.way is not None:
            state.straight, state.stretch, state.left = _counted, _counted_ahead, _WARM
        for inner in state.blocks:
            _prepare(inner)


_WARM = 12
"""Visits of a state after which its expressions, and what follows it, are worth being generated as source, which takes as
long as some more."""


# Most states of most machines are visited a few times only. What is of each of them costs its making, and the garbage
# collector's looking at it: so the two functions that count are the same for all, and find what they need in the strand.


def _counted(x: Execution, strand: Strand) -> State | None:
    """The way with closures, which makes way for the generated one."""
    state = strand.state
    state.left -= 1
    if state.left == 0:
        _generate(state, strand.block, x.plan)
    led: State | None = state.way(x, strand)
    return led


def _counted_ahead(x: Execution, strand: Strand) -> State | None:
    """The same for the one that may lead through others: those that it does lead through are not counted, and begin none
    of their own.
    """
    state = strand.state
    state.left -= 1
    led: State | None
    if state.left == 0:
        _generate(state, strand.block, x.plan)
        led = state.stretch(x, strand)
    else:
        led = state.way(x, strand)
    return led


def _generate(state: State, block: Block, plan: Plan) -> None:
    way, make = state.way, _MAKERS[state.type]
    warm(state)
    single = make(state, block) or way
    if any(map(generated.has_written, _expressions(state))):
        single = generated_ways.generate_way(state, block, single)
    state.straight = single
    state.stretch = stretches.stretch(state, block, single, watched=block is not plan.top) or single
    if block is plan.top and state is block.start:
        plan.whole = stretches.whole(block)


def _expressions(state: State) -> tuple[Any, ...]:
    return state.arguments, state.selector, state.output, state.assign, state.choose


def warm(state: State) -> None:
    """Put the generated forms of a state's expressions in their places: they give the same, in less time."""
    state.arguments, state.selector = generated.written(state.arguments), generated.written(state.selector)
    state.output, state.assign = generated.written(state.output, _THREE), generated.written(state.assign, _THREE)
    state.choose = generated.written(state.choose)


_THREE = "raw, result, scope"


def _make_task(state: State, block: Block) -> Way | None:
    return tasks.make_task(state, block)


def _make_parallel(state: State, block: Block) -> Way | None:
    return fan_out.make_parallel(state, block)


_Maker: TypeAlias = "Callable[[State, Block], Way | None]"
_MAKERS: dict[str, _Maker] = {
    "Pass": make_pass,
    "Succeed": make_pass,
    "Choice": make_choice,
    "Task": _make_task,
    "Parallel": _make_parallel,
}

UNKNOWN = inf
"""The bound of a value that nobody has measured."""

__all__ = ["UNKNOWN", "follow", "prepare", "warm"]
