"""Laws of bounds: no execution costs more than was read off its machine's definition."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from machines import Case, cases

import asl_local
from asl_local.testing.bounds.budgets import Budgets
from asl_local.testing.bounds.loops import Loops
from asl_local.testing.pointers import at


@given(st.one_of(cases(), cases(variables=True, language=None, distributed=True)), st.integers(0, 2))
def test_no_execution_costs_more_than_its_bounds(case: Case, seed: int) -> None:
    machine = asl_local.load(case.definition)
    result = case.simulate(seed=seed)

    def definition_of(pointer: str) -> Any:
        return at(machine.definition, pointer)

    language = machine.definition.get("QueryLanguage", "JSONPath")
    judge = Loops(definition_of, language)
    items = most_items(machine, result)
    turns = [loop for block in _blocks(machine.plan.top) for loop in judge.of(block)]
    assume(not turns)  # how often a loop goes round is not among the bounds
    found = Budgets(machine.plan.top, definition_of, judge.of, jsonata=language == "JSONata", items=items)
    assert len(result.history) <= found.events.known + 2
    assume(not found.seconds.unknown)
    assert result.seconds <= found.seconds.known


def most_items(machine: asl_local.Machine, result: asl_local.Result) -> dict[str, int]:
    """The most items that each Map had; none for those that were not come to."""
    pointers = {state.name: pointer for pointer, state in machine.plan.states.items() if state.type == "Map"}
    found = Counter(dict.fromkeys(pointers.values(), 0))
    for event in result.history:
        if event.type == "MapIterationStarted":
            pointer = pointers[str(event.details["name"])]
            found[pointer] = max(found[pointer], int(event.details["index"]) + 1)
    for event in result.history:  # iterations that never began count, too: the bound is of all items
        if event.type == "MapStateStarted":
            before = result.history[event.previous_event_id - 1]
            if before.state in pointers:
                found[pointers[before.state]] = max(found[pointers[before.state]], int(event.details["length"]))
    return dict(found)


def _blocks(block: Any) -> Any:
    yield block
    for state in block.states.values():
        for inner in state.blocks:
            yield from _blocks(inner)


@given(cases(variables=True, language=None, distributed=True))
def test_every_definition_has_bounds_that_can_be_told(case: Case) -> None:
    bounds = asl_local.load(case.definition).bounds()
    assert str(bounds)
    assert set(bounds.states) == set(asl_local.load(case.definition).plan.states)
    assert bounds.seconds.is_known or bounds.seconds.unknown or bounds.seconds.endless
    for loop in bounds.loops:  # the loops that are made count their turns
        assert loop.kind == "counted", str(loop)
