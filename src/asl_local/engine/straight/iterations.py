"""Through the iterations of an inline Map, one after the other, as long as each comes to its end at once.

Knows: what children.py begins and joins, iteration by iteration, and in which order. Must never know: anything that fails.

As many iterations as may run at once have begun before the first one is done, and each one's end begins another, as
ever; but one strand serves all of them. The first that stands still or is unusual becomes an ordinary child, as do those
that have begun after it.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from asl_local.engine import children, failures
from asl_local.engine.straight.ways import OVER, is_plain
from asl_local.errors import EvaluationError
from asl_local.values import Json, weigh

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand


def through(x: Execution, strand: Strand) -> bool:  # noqa: PLR0915 - one frame for all iterations
    """Do all iterations of a Map that has begun. False where nothing was done, since they are of another kind.

    Raises EvaluationError as children.py does where an iteration cannot begin.
    """
    state, history, items, results = strand.state, x.history, strand.items, strand.results
    block = state.blocks[0]
    if x.ready or x.shuffle or x.order is not None or x.marks is not None or not x.straight or not is_plain(block):
        return False
    room = history.room - 2
    if items is None or results is None or history.count + strand.limit > room:
        return False
    log, now, name, count, first = history.log, x.now, state.name, len(items), block.start
    selector, effective, most = state.selector, strand.effective, x.most_bytes
    child = strand.__class__(strand, 0, block, None, 0)
    begun: deque[tuple[int, Json, float, int]] = deque()
    started = 0

    def begin(previous: int) -> None:
        nonlocal started
        index, bound = started, inf
        started = index + 1
        raw = items[index]
        if selector is not None:
            x.current, x.item = strand, {"Index": index, "Value": raw}
            try:
                raw = selector(effective, x)
            finally:
                x.item = None
            bound = weigh(raw, most)
            if bound > most:
                raise failures.too_large(name)
        log.append(("MapIterationStarted", now, previous, name, index))
        history.count = event = history.count + 1
        begun.append((index, raw, bound, event))

    def leave_to_others(unfinished: Strand | None) -> None:
        live: dict[int, Strand] = {}
        strand.live, strand.started = live, started
        if unfinished is not None:
            live[unfinished.index] = unfinished
        for index, raw, bound, event in begun:
            live[index] = other = strand.__class__(strand, index, block, raw, event)
            other.bound = bound
        x.ready.extend(live.values())

    try:
        for _ in range(strand.limit):
            begin(strand.event)
    except EvaluationError:
        leave_to_others(None)
        raise
    while True:
        child.index, child.raw, child.bound, child.event = begun.popleft()
        child.state, child.weighed = first, 0
        while history.count <= room:
            ahead = child.state.stretch
            led = None if ahead is None else ahead(x, child)
            if led is None or led is OVER:
                break
            child.state = led
        else:
            led = None
        if led is None or history.count > room:
            leave_to_others(child)
            if led is OVER:
                x.ready.popleft()
                children.join(x, strand, child, child.raw)
            return True
        index = child.index
        if index == count - 1:
            strand.live, strand.started = {index: child}, started
            children.join(x, strand, child, child.raw)
            return True
        results[index] = child.raw
        log.append(("MapIterationSucceeded", now, child.event, name, index))
        history.count += 1
        if started < count:
            try:
                begin(child.event)
            except EvaluationError as error:
                leave_to_others(None)
                failures.broken(x, strand, error)
                return True


__all__ = ["through"]
