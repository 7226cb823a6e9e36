"""How a graph is painted by what a run did: visits -> a kind, a note and a tooltip per state and edge.

Knows: which outcome of several counts, and how counts read. Must never know: SVG, or the page (page/paint.js does the
same for a part of a run).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from asl_local.reporters.graph.outline import Block, outline
from asl_local.reporters.graph.svg import Paint
from asl_local.reporters.visits.model import ABORTED, CAUGHT, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Run, Visit

WORST_FIRST: Final = (FAILED, TIMED_OUT, RUNNING, CAUGHT, ABORTED, SUCCEEDED)
"""The first that any visit of a state came to is what the state is painted as."""

UNREACHED: Final = "unreached"
LEGEND: Final = {**{each.replace(" ", "-"): each for each in WORST_FIRST}, UNREACHED: "not reached"}
"""What each kind of a state is called."""

TAKEN: Final = "taken"

_CUT_SHORT: Final = {"TIMED_OUT": (TIMED_OUT,), "ABORTED": (ABORTED,)}


def painting(run: Run, block: Block | None = None) -> dict[str, Paint]:
    """Paint for each state and edge of the run's definition, by JSON pointer; `block` is its outline, if somebody has it.

    Empty without a definition.
    """
    if block is None:
        if run.definition is None:
            return {}
        block = outline(run.definition)
    by_state: dict[str, list[Visit]] = {}
    for visit in run.visits:
        by_state.setdefault(visit.pointer, []).append(visit)
    taken = Counter(visit.edge for visit in run.visits if visit.edge)
    taken.update(_starts(block, by_state))
    paint = {node.pointer: _state(node.name, by_state.get(node.pointer, [])) for node in block.walk()}
    for inner in _blocks(block):
        for edge in inner.edges:
            paint[edge.pointer] = _edge(taken[edge.pointer])
    return paint


def failed_visit(run: Run) -> Visit | None:
    """The innermost visit that the execution ended by, badly: the last such one at the top, and in it, and so on.

    One that failed; of an execution that was aborted or ran out of time the one that was cut short by that.
    """
    sought = _CUT_SHORT.get(run.status, (FAILED, TIMED_OUT))
    bad: dict[int | None, list[Visit]] = {}
    for visit in run.visits:
        if visit.outcome in sought:
            bad.setdefault(visit.parent, []).append(visit)
    found: Visit | None = None
    inside = bad.get(None)
    while inside:
        found = inside[-1]
        inside = bad.get(found.number)
    return found


def _blocks(block: Block) -> Iterable[Block]:
    yield block
    for node in block.nodes:
        for inner in node.blocks:
            yield from _blocks(inner)


def _starts(block: Block, by_state: Mapping[str, list[Visit]]) -> Mapping[str, int]:
    """How often each block was begun: one first state per branch, iteration, or machine."""
    first_states = {}
    for inner in _blocks(block):
        start = next((edge for edge in inner.edges if edge.kind == "start"), None)
        node = start and next((node for node in inner.nodes if node.name == start.target), None)
        if start is not None and node is not None:
            first_states[start.pointer] = node.pointer
    return {
        edge: len({(visit.parent, visit.slot, visit.round) for visit in by_state.get(state, ())})
        for edge, state in first_states.items()
    }


def _state(name: str, visits: list[Visit]) -> Paint:
    if not visits:
        return Paint(UNREACHED, title=f"{name}: not reached")
    outcomes = Counter(visit.outcome for visit in visits)
    retries = sum(visit.retries for visit in visits)
    worst = next((each for each in WORST_FIRST if outcomes[each]), SUCCEEDED)
    return Paint(worst.replace(" ", "-"), _note(outcomes, worst, retries), f"{name}: {told(outcomes, retries)}")


def _note(outcomes: Counter[str], worst: str, retries: int) -> str:
    """The badge: how many visits, how many of them came to the worst, how often it was tried again."""
    count = outcomes.total()
    visits = "" if count == 1 else f"×{count}" if outcomes[worst] == count else f"{outcomes[worst]}/{count}"
    return " ".join(part for part in (visits, f"↻{retries}" if retries else "") if part)


def told(outcomes: Mapping[str, int], retries: int) -> str:
    """Counts of outcomes in words: "12 visits: 10 succeeded, 2 failed; retried 3 times"."""
    count = sum(outcomes.values())
    each = ", ".join(f"{outcomes[one]} {one}" for one in (*reversed(WORST_FIRST),) if outcomes.get(one))
    words = each.partition(" ")[2] if count == 1 else f"{count} visits: {each}"
    return words + (f"; retried {retries} {'time' if retries == 1 else 'times'}" if retries else "")


def _edge(count: int) -> Paint:
    if not count:
        return Paint(UNREACHED, title="not taken")
    return Paint(TAKEN, title="taken" if count == 1 else f"taken {count} times")


__all__ = ["LEGEND", "TAKEN", "UNREACHED", "WORST_FIRST", "failed_visit", "painting", "told"]
