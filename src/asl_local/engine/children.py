"""Parallel and Map: fan-out, joins, and what becomes of siblings when one fails.

Knows: strands and the order of their events. Must never know: what a child does.
The two are the same thing with different inputs and different events; the previousEventIds follow the recordings:
an iteration that starts after another ended follows that one's last event, and MapStateExited follows the event
before MapStateSucceeded.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, TypeAlias

from asl_local.engine import failures, straight
from asl_local.errors import EvaluationError
from asl_local.lazy import later
from asl_local.values import Json, weigh

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asl_local.engine.execution import Execution, Strand
    from asl_local.engine.map_runs import flow, run
    from asl_local.engine.straight import iterations
else:
    later(
        globals(), "asl_local.engine.map_runs.flow", "asl_local.engine.map_runs.run", "asl_local.engine.straight.iterations",
    )  # fmt: skip

INLINE_CONCURRENCY = 40
"""Iterations of an inline Map that run at once, whatever MaxConcurrency says (Developer Guide, "Map state")."""

_MANY = 12
"""Items for which it pays to generate a Map's expressions as source (language/generated.py)."""

_Begun: TypeAlias = "tuple[int, Json, float, int]"
"""A child that has begun, and whose turn has not come: its number, its input, how large that is at most, an event."""

_ABORTABLE = ("Task", "Wait", "Parallel", "Map")


def start_parallel(x: Execution, strand: Strand, arguments: Json) -> None:
    """Every branch gets the same input."""
    count = len(strand.state.blocks)
    strand.event = x.history.add("ParallelStateStarted", x.now, strand.event)
    strand.items, strand.results, strand.live = None, [None] * count, {}
    strand.effective, strand.started, strand.limit = arguments, 0, count
    for _ in range(count):
        _start_child(x, strand, strand.event)


def start_map(x: Execution, strand: Strand, arguments: Json, items: list[Json], concurrency: int) -> None:
    """As many iterations as may run at once; each that ends starts the next."""
    strand.event = x.history.add("MapStateStarted", x.now, strand.event, len(items))
    if not items:
        x.history.add("MapStateSucceeded", x.now, strand.event)
        x.leave(strand, [])
        return
    strand.items, strand.results, strand.live = items, [None] * len(items), {}
    strand.effective, strand.started = arguments, 0
    strand.limit = min(concurrency or INLINE_CONCURRENCY, INLINE_CONCURRENCY, len(items))
    if len(items) > _MANY:
        straight.warm(strand.state)
    if iterations.through(x, strand):
        return
    for _ in range(strand.limit):
        _start_child(x, strand, strand.event)


def item_of(strand: Strand) -> dict[str, Json] | None:
    """The innermost Map item that the strand works on, as the Context Object has it."""
    while strand.parent is not None:
        if strand.parent.items is not None:
            return {"Index": strand.index, "Value": strand.parent.items[strand.index]}
        strand = strand.parent
    return None


def _start_child(x: Execution, parent: Strand, previous: int) -> None:
    state, index, bound = parent.state, parent.started, inf
    parent.started += 1
    if parent.items is None:
        block, raw = state.blocks[index], parent.effective
        if raw is parent.raw:
            bound = parent.bound
    else:
        block, raw = state.blocks[0], parent.items[index]
        if state.selector is not None:
            x.current, x.item = parent, {"Index": index, "Value": raw}
            try:
                raw = state.selector(parent.effective, x)
            finally:
                x.item = None
            bound = weigh(raw, x.most_bytes)
            if bound > x.most_bytes:
                raise failures.too_large(state.name)
        previous = x.history.iteration("MapIterationStarted", x.now, previous, state.name, index)
    child = parent.__class__(parent, index, block, raw, previous)
    child.bound = bound
    if parent.live is not None:
        parent.live[index] = child
    x.ready.append(child)


def unfold(x: Execution, child: Strand, *, stands: bool) -> None:
    """Make ordinary children of what one strand was to serve (straight/): of this one, which goes on unless it `stands`
    still, and of those that come after it; and the same for its parents.
    """
    ready, parent = x.ready, child.parent
    while parent is not None:
        queue = parent.queue
        if queue is not None:
            live = parent.live = {child.index: child}
            parent.queue = None
            if not stands:
                ready.append(child)
            begun: Iterable[_Begun] = _stand(parent, child.index, *queue) if isinstance(queue, tuple) else queue
            for index, raw, bound, event in begun:
                block = parent.state.blocks[index if parent.items is None else 0]
                other = live[index] = parent.__class__(parent, index, block, raw, event)
                other.bound = bound
                ready.append(other)
        stands, child, parent = True, parent, parent.parent


def _stand(parent: Strand, index: int, entered: int, value: Json, results: list[Json]) -> list[_Begun]:
    """Let a Parallel stand, whose branch of that number goes on; those that come after it."""
    parent.event, parent.entered = entered + 1, entered
    parent.effective, parent.results = value, results
    parent.started = parent.limit = len(results)
    bound = parent.bound if value is parent.raw else inf
    return [(each, value, bound, parent.event) for each in range(index + 1, len(results))]


def join(x: Execution, parent: Strand, child: Strand, output: Json) -> None:
    """A child has ended well."""
    child.alive = False
    live, results = parent.live, parent.results
    if live is None or results is None:
        raise TypeError(f"{parent.state.pointer} has no children to join")
    del live[child.index]
    results[child.index] = output
    last = child.event
    if parent.items is not None:
        last = x.history.iteration("MapIterationSucceeded", x.now, child.event, parent.state.name, child.index)
    if parent.started < len(results):
        try:
            _start_child(x, parent, child.event)
        except EvaluationError as error:
            failures.broken(x, parent, error)
    elif not live:
        kind = parent.state.type
        parent.event = last
        x.history.add(f"{kind}StateSucceeded", x.now, last)
        forget(parent)
        x.leave(parent, results)


def fail_parent(x: Execution, parent: Strand, child: Strand) -> None:
    """A child has failed: write its end, abort its siblings. The parent keeps them for a redrive, until it is left."""
    previous = child.event
    if parent.items is not None:
        x.history.add("MapIterationFailed", x.now, previous, parent.state.name, child.index)
    # A failed Task state is "aborted" inside Parallel and Map (recorded); Parallel and Map have their Failed event.
    if child.state.type in ("Task", "Wait"):
        x.history.add(f"{child.state.type}StateAborted", x.now, previous)
    child.alive = False
    for index, sibling in list((parent.live or {}).items()):
        if index != child.index:
            _abort(x, sibling, previous)
    parent.event = previous


def _abort(x: Execution, strand: Strand, previous: int) -> None:
    parent = strand.parent
    if parent is not None and parent.items is not None:
        x.history.add("MapIterationAborted", x.now, previous, parent.state.name, strand.index)
    for child in (strand.live or {}).values():
        if child.alive:
            _abort(x, child, previous)
    if strand.run is not None and strand.run.status == run.RUNNING:
        x.history.add("MapRunAborted", x.now, previous)
    if strand.entered and strand.state.type in _ABORTABLE:
        x.history.add(f"{strand.state.type}StateAborted", x.now, previous)
    _silence(x, strand)


def _silence(x: Execution, strand: Strand) -> None:
    strand.alive = False
    if strand.run is not None:
        flow.abort(x, strand.run)
    if strand.token:
        x.cancel(strand)
        x.wake(strand)


def drop(x: Execution, strand: Strand) -> None:
    """Let go of children without a word: their parent's own field is broken."""
    for child in (strand.live or {}).values():
        drop(x, child)
        _silence(x, child)
    if strand.run is not None:
        flow.abort(x, strand.run)
    forget(strand)


def forget(strand: Strand) -> None:
    """The state has no children any more."""
    strand.live = strand.items = strand.results = strand.run = strand.queue = None
    strand.started = strand.limit = 0
