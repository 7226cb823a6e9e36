"""Through a Parallel, or into it: its events and its branches, in one go.

Knows: what children.py begins and joins, branch by branch, and in which order. Must never know: anything that fails.

Branches run one after the other as long as nothing stands still, so where no other strand is ready, branches of Passes
and Choices can be followed to their ends right here, all by the same strand. The first one that cannot be becomes an
ordinary child, as do those after it. A branch with a Parallel inside cannot: its branches have to wait for those outside.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from asl_local.engine import children
from asl_local.engine.straight.ways import OVER, STANDS, Way, after, is_plain
from asl_local.errors import EvaluationError
from asl_local.plan import Block, State
from asl_local.values import Json, weigh

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand


def make_parallel(state: State, block: Block) -> Way:  # noqa: PLR0915 - one frame for all branches
    """The way through a Parallel; the strand stands still there where its branches do."""
    arguments, output, templated, name, placed = (
        state.arguments,
        state.output,
        state.templated,
        state.name,
        state.placed,
    )
    branches = tuple(enumerate(state.blocks))
    count = len(branches)
    through = state.assign is None and all(map(is_plain, state.blocks))
    led_on = after(state, block)

    def way(x: Execution, strand: Strand) -> State | None:
        value = raw = strand.raw
        bound = strand.bound
        if arguments is not None:
            x.current = strand
            draws = x.draws
            try:
                value = arguments(raw, x)
            except EvaluationError:
                x.draws = draws
                return None
            bound = weigh(value, x.most_bytes) if templated else inf
            if templated and bound > x.most_bytes:
                x.draws = draws
                return None
        history, now = x.history, x.now
        entered = history.count + 1
        history.log.append((state.entered, now, strand.event, name, raw))
        history.log.append(("ParallelStateStarted", now, entered))
        history.count = started = entered + 1
        child: Strand | None = None
        results: list[Json] = []
        total = 2.0
        if through and not x.ready and not x.shuffle and x.order is None:
            room = history.room
            child = strand.__class__(strand, 0, state.blocks[0], value, started)
            for index, branch in branches:
                child.index, child.block, child.state, child.event = index, branch, branch.start, started
                child.raw, child.bound = value, bound
                while history.count <= room:
                    ahead = child.state.stretch
                    led = None if ahead is None else ahead(x, child)
                    if led is None or led is OVER:
                        break
                    child.state = led
                else:
                    led = None
                if led is None:
                    break
                results.append(child.raw)
                total += child.bound + 1
            else:
                led = _left(x, strand, child, results, total)
                if led is not None:
                    return led
                _stand(x, strand, entered, value, results[:-1])[count - 1] = child
                children.join(x, strand, child, child.raw)
                return STANDS
        live = _stand(x, strand, entered, value, results)
        make, ready = strand.__class__, x.ready
        for index, branch in branches[len(results) :]:
            if child is None:
                child = make(strand, index, branch, value, started)
                child.bound = bound
            live[index] = child
            ready.append(child)
            child = None
        return STANDS

    def _stand(
        x: Execution, strand: Strand, entered: int, value: Json, results: list[Json]
    ) -> dict[int, Strand]:  # fmt: skip
        """Let the strand stand in the state, some of its branches joined; those that are not go into what this gives."""
        strand.event, strand.entered, strand.entered_at = entered + 1, entered, x.now
        strand.effective, strand.started, strand.limit = value, count, count
        strand.results = results + [None] * (count - len(results))
        live: dict[int, Strand] = {}
        strand.live = live
        return live

    def _left(x: Execution, strand: Strand, child: Strand, results: list[Json], total: float) -> State | None:
        """The Parallel is over. None where that is unusual: then its last branch has not ended yet."""
        raw, most, history = strand.raw, x.most_bytes, x.history
        if history.count > history.room:
            return None
        x.current = strand
        draws = x.draws
        out: Json = results
        try:
            if output is not None:
                out = output(raw, results, x)
        except EvaluationError:
            x.draws = draws
            return None
        if out is results:
            bound = total
        elif out is raw:
            bound = strand.bound
        else:
            bound = inf if placed is None else strand.bound + total + placed
        if bound > most:
            bound = strand.weighed = weigh(out, most)
            if bound > most:
                x.draws = draws
                return None
        now, last = x.now, child.event
        history.log.append(("ParallelStateSucceeded", now, last))
        history.log.append((state.exited, now, last, name, out))
        history.count = strand.event = history.count + 2
        strand.raw, strand.bound = out, bound
        return led_on

    return way


__all__ = ["make_parallel"]
