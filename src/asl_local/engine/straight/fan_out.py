"""Through a Parallel, or into it: its events and its branches, in one go.

Knows: what children.py begins and joins, branch by branch, and in which order. Must never know: anything that fails.

Branches run one after the other as long as nothing stands still, so where no other strand is ready, branches of Passes
and Choices can be followed to their ends right here, all by the same strand. The first one that cannot be becomes an
ordinary child, as do those after it. A branch with a Parallel inside cannot: its branches have to wait for those outside.
Tasks can be, where somebody watches their calls (overtaking.py): then the parent's `queue` says what
it is to be when it stands.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from asl_local.engine import children, states
from asl_local.engine.straight.ways import OVER, STANDS, Way, after, asks_only, is_plain
from asl_local.errors import EvaluationError
from asl_local.language.generated import Unwritten
from asl_local.plan import Block, State
from asl_local.values import Json, weigh

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand
    from asl_local.engine.straight.stretches import Loom, Run


def make_parallel(state: State, block: Block) -> Way:  # noqa: PLR0915 - one frame for all branches
    """The way through a Parallel; the strand stands still there where its branches do."""
    arguments, templated, name = state.arguments, state.templated, state.name
    branches = tuple(enumerate(state.blocks))
    count = len(branches)
    through = state.assign is None and all(map(is_plain, state.blocks))
    asks = state.assign is None and not through and all(asks_only(branch, fans=False) for branch in state.blocks)
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
        if asks and value is raw and x.calls is not None and not x.ready and not x.shuffle and x.order is None:
            return _ask(x, strand, bound)
        history, now = x.history, x.now
        entered = history.count + 1
        history.log.append((state.entered, now, strand.event, name, raw))
        history.log.append(("ParallelStateStarted", now, entered))
        history.count = started = entered + 1
        child: Strand | None = None
        results: list[Json] = []
        total = 2.0
        if through and not x.ready and not x.shuffle and x.order is None:
            child = strand.__class__(strand, 0, state.blocks[0], value, started)
            for index, branch in branches:
                child.index, child.block, child.state, child.event = index, branch, branch.start, started
                child.raw, child.bound = value, bound
                if not _ends(x, child):
                    break
                results.append(child.raw)
                total += child.bound + 1
            else:
                if left(x, strand, state, child, results, total):
                    return led_on
                _stand(x, strand, entered, value, results[:-1])[count - 1] = child
                children.unfold(x, strand, stands=True)
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

    def _ask(x: Execution, strand: Strand, bound: float) -> State | None:
        """The same with branches that call functions: somebody may unfold them meanwhile."""
        results, total = [None] * count, 2.0
        child = fork(x, strand, state, results)
        value, started = strand.raw, x.history.count
        for index, branch in branches:
            child.index, child.block, child.state = index, branch, branch.start
            child.raw, child.bound, child.event = value, bound, started
            if not _ends(x, child):
                return aside(x, child)
            results[index] = child.raw
            total += child.bound + 1
        if left(x, strand, state, child, results, total):
            return led_on
        return late(x, strand, child, results)

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

    return way


def _ends(x: Execution, child: Strand) -> bool:
    """Take a branch on as long as it leads on at once; whether it has come to its end."""
    history = x.history
    while history.count <= history.room:
        ahead = child.state.stretch
        led = None if ahead is None else ahead(x, child)
        if led is None or led is OVER:
            return led is OVER
        child.state = led
    return False


def left(  # noqa: PLR0917 - called where a keyword costs
    x: Execution, strand: Strand, state: State, child: Strand, results: list[Json], total: float
) -> bool:  # fmt: skip
    """Leave a Parallel. False where that is unusual, and nothing has happened: then its last branch has not ended yet."""
    raw, most, history, output = strand.raw, x.most_bytes, x.history, state.output
    if history.count > history.room:
        return False
    x.current = strand
    draws = x.draws
    out: Json = results
    try:
        if output is not None:
            out = output(raw, results, x)
    except EvaluationError:
        x.draws = draws
        return False
    if out is results:
        bound = total
    elif out is raw:
        bound = strand.bound
    else:
        bound = inf if state.placed is None else strand.bound + total + state.placed
    if bound > most:
        bound = strand.weighed = weigh(out, most)
        if bound > most:
            x.draws = draws
            return False
    now, last = x.now, child.event
    history.log.append(("ParallelStateSucceeded", now, last))
    history.log.append((state.exited, now, last, state.name, out))
    history.count = strand.event = history.count + 2
    strand.raw, strand.bound = out, bound
    if strand.queue is not None:
        strand.entered_at, strand.queue = 0.0, None
        x.spare = child
    return True


# -- branches that call functions --------------------------------------------------------------------------------------


def fork(x: Execution, strand: Strand, state: State, results: list[Json]) -> Strand:
    """Enter a Parallel whose branches get its input; the strand that serves them. `results` is where theirs will be."""
    history, now, value = x.history, x.now, strand.raw
    entered = history.count + 1
    history.log.append((state.entered, now, strand.event, state.name, value))
    history.log.append(("ParallelStateStarted", now, entered))
    history.count = entered + 1
    strand.entered_at, strand.queue = now, (entered, value, results)
    child, x.spare = x.spare or strand.__class__(None, 0, state.blocks[0], None, 0), None
    child.parent, child.weighed = strand, 0
    return child


def aside(x: Execution, child: Strand) -> State:
    """A branch is in a state that has to be done the ordinary way; those that come after it are children like others."""
    children.unfold(x, child, stands=True)
    states.enter(x, child)
    return STANDS


def late(x: Execution, strand: Strand, child: Strand, results: list[Json]) -> State:
    """The last branch ends the ordinary way."""
    results[-1] = None
    children.unfold(x, child, stands=True)
    children.join(x, strand, child, child.raw)
    return STANDS


def weave(loom: Loom, state: State, run: Run, pad: str) -> tuple[int, Run, list[State], list[str]]:
    """Write such a Parallel into a stretch that is watched, where its branches are rows of Pass, Task and Succeed."""
    if state.arguments is not None or state.assign is not None or loom.who != "strand":
        raise Unwritten
    constant, say, number = loom.writer.constant, loom.lines.append, loom.number()
    base = loom.settle(run.bound, run.raw, number, pad)
    run = loom.write_down(run, state, base, pad)
    say(f"{pad}if x.ready: return {'single(x, strand)' if number == 1 else constant(state)}")
    say(f"{pad}q{number} = [{', '.join(['None'] * len(state.blocks))}]")
    say(f"{pad}child = fork(x, strand, {constant(state)}, q{number})")
    say(f"{pad}v{number}, u{number} = {run.raw}, history.count")
    events, total, outside = run.events + 2, "2", loom.block
    loom.who = "child"
    for index, block in enumerate(state.blocks):
        inner, loom.block = block.start, block
        for name, value in (
            ("index", index), ("block", constant(block)), ("state", constant(inner)), ("raw", f"v{number}"),
            ("bound", base), ("event", f"u{number}"),
        ):  # fmt: skip
            say(f"{pad}child.{name} = {value}")
        say(f"{pad}start = v{number}")
        say(f"{pad}at = now")
        branch = run._replace(raw=f"v{number}", bound=run.bound.__class__(base), events=events, written=events)
        last = inner
        while inner is not OVER:
            if inner.type not in ("Pass", "Succeed", "Task") or loom.is_long(branch):
                raise Unwritten
            branch = (loom.task if inner.type == "Task" else loom.pass_)(inner, branch, pad)[1]
            last, inner = inner, after(inner, block)
        bound = loom.settle(branch.bound, branch.raw, loom.number(), pad)
        branch = loom.write_down(branch, last, bound, pad)
        say(f"{pad}q{number}[{index}] = {branch.raw}")
        total += f" + 1 + {bound}"
        events = branch.events
    loom.who, loom.block = "strand", outside
    out, bound, events = f"o{number}", f"b{number}", events + 2
    say(f"{pad}if not left(x, strand, {constant(state)}, child, q{number}, {total}):")
    say(f"{pad}    k = None")
    say(f"{pad}    return late(x, strand, child, q{number})")
    say(f"{pad}child = None")
    say(f"{pad}start = {out} = strand.raw")
    say(f"{pad}{bound} = strand.bound")
    say(f"{pad}at = now")
    led = after(state, loom.block)
    if led is not OVER:
        loom.stand(led, pad)
        say(f"{pad}first = {constant(led)}")
    return number, run._replace(raw=out, bound=run.bound.__class__(bound), events=events, written=events), [led], []


__all__ = ["aside", "fork", "late", "left", "make_parallel", "weave"]
