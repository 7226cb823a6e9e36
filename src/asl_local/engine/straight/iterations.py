"""Through the iterations of an inline Map, one after the other, as long as each comes to its end at once.

Knows: what children.py begins and joins, iteration by iteration, and in which order. Must never know: anything that fails.

As many iterations as may run at once have begun before the first one is done, and each one's end begins another, as
ever; but one strand serves all of them. The first that stands still or is unusual becomes an ordinary child, as do those
that have begun after it (children.unfold). Where iterations call functions that is so only under the eyes of `Calls`:
then somebody else may unfold them while this waits for a function, and goes on with all of it.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from asl_local.engine import children, failures, states
from asl_local.engine.messages import Overtaken
from asl_local.engine.straight.ways import OVER, STANDS, asks_only, is_plain
from asl_local.errors import EvaluationError
from asl_local.values import weigh

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand


def through(x: Execution, strand: Strand) -> bool:
    """Do all iterations of a Map that has begun. False where nothing was done, since they are of another kind.

    Raises EvaluationError as children.py does where an iteration cannot begin.
    """
    if x.ready or x.shuffle or x.order is not None or x.marks is not None or not x.straight:
        return False
    block, room = strand.state.blocks[0], x.history.room - 2
    if not is_plain(block) and (x.calls is None or not asks_only(block, fans=True)):
        return False
    if strand.items is None or strand.results is None or x.history.count + strand.limit > room:
        return False
    strand.queue = deque()
    child = strand.__class__(strand, 0, block, None, 0)
    try:
        for _ in range(strand.limit):
            _begin(x, strand, strand.event)
        _all(x, strand, child, room)
    except Overtaken:
        raise
    except EvaluationError:
        _leave_to_others(x, strand, child)
        raise
    except BaseException:  # Ctrl-C
        if strand.queue is not None:
            children.unfold(x, child, stands=False)
        raise
    return True


def _leave_to_others(x: Execution, strand: Strand, child: Strand) -> None:
    """Make ordinary children of those whose turn has not come."""
    if type(strand.queue) is deque and strand.queue:
        child.index, child.raw, child.bound, child.event = strand.queue.popleft()
        child.state = child.block.start
        children.unfold(x, child, stands=False)
    strand.queue = None


def _begin(x: Execution, strand: Strand, previous: int) -> None:
    state, index, bound = strand.state, strand.started, inf
    strand.started = index + 1
    assert strand.items is not None
    assert type(strand.queue) is deque
    raw = strand.items[index]
    if state.selector is not None:
        x.current, x.item = strand, {"Index": index, "Value": raw}
        try:
            raw = state.selector(strand.effective, x)
        finally:
            x.item = None
        bound = weigh(raw, x.most_bytes)
        if bound > x.most_bytes:
            raise failures.too_large(state.name)
    elif state.blocks[0].start.type != "Task":  # whose result has a bound of its own
        bound = weigh(raw, x.most_bytes)
    history = x.history
    history.log.append(("MapIterationStarted", x.now, previous, state.name, index))
    history.count = event = history.count + 1
    strand.queue.append((index, raw, bound, event))


def _all(x: Execution, strand: Strand, child: Strand, room: int) -> None:
    history, queue, results, name = x.history, strand.queue, strand.results, strand.state.name
    assert type(queue) is deque
    assert results is not None
    log, count, first = history.log, len(results), child.state
    while True:
        child.index, child.raw, child.bound, child.event = queue.popleft()
        child.state, child.weighed, led = first, 0, None
        while history.count <= room:
            ahead = child.state.stretch
            led = None if ahead is None else ahead(x, child)
            if led is None or not led.type:
                break
            child.state = led
        else:
            led = None
        index = child.index
        if led is not OVER or history.count > room or index == count - 1:
            children.unfold(x, child, stands=True)
            if led is OVER:
                children.join(x, strand, child, child.raw)
            elif led is not STANDS:
                states.enter(x, child)
            return
        results[index] = child.raw
        log.append(("MapIterationSucceeded", x.now, child.event, name, index))
        history.count += 1
        if strand.started < count:
            try:
                _begin(x, strand, child.event)
            except EvaluationError as error:
                _leave_to_others(x, strand, child)
                failures.broken(x, strand, error)
                return


__all__ = ["through"]
