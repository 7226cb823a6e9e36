"""A machine -> its bounds: budgets, loops, Maps and warnings put together, with explored runs where there are any.

Knows: what is asked of which part. Must never know: how a budget is added up, or runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asl_local.drivers import Heard
from asl_local.errors import Diagnostic
from asl_local.plan import Block
from asl_local.testing.bounds.amounts import Amount
from asl_local.testing.bounds.budgets import Budgets
from asl_local.testing.bounds.explored import Explored, Reached
from asl_local.testing.bounds.loops import Loops
from asl_local.testing.bounds.report import Bounds, MapBounds
from asl_local.testing.bounds.warned import MOST_EVENTS, PART, PlaceOf, Subject, warning, warnings_of
from asl_local.testing.pointers import at
from asl_local.values import PAYLOAD_LIMIT

_FRAME = 2  # ExecutionStarted, and the execution's end


def bounds_of(machine: Heard, *, type: str, runs: Explored | None = None) -> Bounds:
    """The bounds of a machine of this type (STANDARD, EXPRESS), with what explored runs have shown."""
    plan, tree, source = machine.plan, machine.definition, machine.source

    def place_of(pointer: str) -> tuple[int | None, int | None]:
        return (None, None) if source is None else source.position(pointer, key=True)

    def definition_of(pointer: str) -> Mapping[str, Any]:
        state: Mapping[str, Any] = at(tree, pointer)
        return state

    language = tree.get("QueryLanguage", "JSONPath")
    judge = Loops(definition_of, language)
    loops = tuple(loop for block in _blocks(plan.top) for loop in judge.of(block))
    known = {pointer: count for pointer in plan.states if (count := _items(definition_of(pointer))) is not None}

    def budgets(*, items: Mapping[str, int] = known, defaults: bool = True) -> Budgets:
        return Budgets(
            plan.top, definition_of, judge.of, jsonata=language == "JSONata", items=items, defaults=defaults
        )  # fmt: skip

    found = budgets()
    limit = None if plan.timeout is None else float(plan.timeout)
    own = tree.get("TimeoutSeconds")
    express = type == "EXPRESS" and limit is not None and (own is None or own > limit)
    name = "an Express execution's longest" if express else "the machine's TimeoutSeconds"
    subject = Subject(plan, found, budgets(defaults=False).seconds, loops, limit, name, place_of)
    warnings = warnings_of(subject)
    if runs is not None:
        warnings += _seen(runs, limit, name, place_of)
    return Bounds(
        machine.name,
        type,
        limit,
        found.seconds,
        found.events + Amount(_FRAME),
        found.states,
        tuple(_maps(found, budgets, known)),
        loops,
        warnings,
        runs,
    )


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    for state in block.states.values():
        for inner in state.blocks if state.distributed is None else (state.distributed.child,):
            yield from _blocks(inner)


def _items(state: Mapping[str, Any]) -> int | None:
    """How many items a Map has whose array stands in the definition."""
    items = state.get("Items")
    return len(items) if state["Type"] == "Map" and isinstance(items, list) else None


def _maps(found: Budgets, budgets: Any, known: Mapping[str, int]) -> Iterator[MapBounds]:
    """The growth with the items of each inline Map, others having one item: two points of a straight line."""
    for pointer, budget in found.states.items():
        state = budget.state
        if state.type != "Map" or state.distributed is not None:
            continue
        one, two = (budgets(items={**known, pointer: count}) for count in (1, 2))
        each = round(two.ordinary.known - one.ordinary.known)
        retried = round(two.events.known - one.events.known)
        yield MapBounds(
            state.name, pointer, each, retried, _until(one.ordinary.known, each), _until(one.events.known, retried)
        )  # fmt: skip


def _until(first: float, each: int) -> int:
    """The number of items with which the limit of events is met."""
    left = MOST_EVENTS - _FRAME - (first - each)
    return max(0, int(left // each)) if each else 0


def _seen(runs: Explored, limit: float | None, name: str, place_of: PlaceOf) -> Iterator[Diagnostic]:
    """What explored runs have come close to, or beyond."""
    hint = "the schedule is in `bounds.explored`; machine.simulate(..., schedule=...) goes through it"
    for code, reached, most, what in (
        ("DURATION", runs.seconds, limit, "virtual seconds"),
        ("EVENTS", runs.events, MOST_EVENTS, "history events"),
        ("PAYLOAD", runs.payload, PAYLOAD_LIMIT, "bytes in one input or output"),
    ):
        if most is not None and not reached.endless and reached.most >= PART * most:
            limited = f" ({name})" if code == "DURATION" else ""
            text = f"an explored run has {reached.most:,.10g} of {most:,.10g} {what}{limited}{_by(reached)}"
            yield warning(place_of, code, "", text, hint)
    if runs.events.endless:
        loop = " -> ".join(runs.events.loop)
        text = f"explored runs need not end: {loop} can be gone through again and again{_by(runs.events)}"
        yield warning(place_of, "LOOP_EXPLORED", "", text, "count the turns, or give the machine TimeoutSeconds")


def _by(reached: Reached) -> str:
    faults = [step for step in reached.schedule if ": " in step]
    return f", with {'; '.join(faults)}" if faults else ""


__all__ = ["bounds_of"]
