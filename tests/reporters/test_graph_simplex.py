"""The network simplex of the layout: it keeps all distances and nothing is cheaper, as trying everything shows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from asl_local.reporters.graph.layout.simplex import Distance, solve


@st.composite
def problems(draw: st.DrawFn) -> tuple[int, list[Distance]]:
    """Up to four variables; edges lead to higher numbers, so there is no cycle."""
    count = draw(st.integers(1, 4))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=6)) if pairs else []
    return count, [Distance(a, b, draw(st.integers(-2, 3)), draw(st.integers(0, 4))) for a, b in chosen]


def kept(values: Sequence[int], distances: Sequence[Distance]) -> bool:
    return all(values[each.upper] - values[each.lower] >= each.least for each in distances)


def cost(values: Sequence[int], distances: Sequence[Distance]) -> int:
    return sum(each.weight * (values[each.upper] - values[each.lower]) for each in distances)


@given(problems())
def test_no_other_values_are_cheaper(problem: tuple[int, list[Distance]]) -> None:
    count, distances = problem
    found = solve(count, distances)
    assert kept(found, distances)
    others = ((0, *rest) for rest in product(range(-6, 10), repeat=count - 1))
    assert cost(found, distances) == min(cost(each, distances) for each in others if kept(each, distances))


def test_what_nothing_holds_together_has_values_too() -> None:
    assert len(solve(3, [])) == 3
    assert solve(0, []) == []


def test_a_long_row_between_two_that_want_to_be_near() -> None:
    """0 and 9 are pulled to a common neighbour; the row between them keeps them apart."""
    row = [Distance(n, n + 1, 10, 0) for n in range(9)]
    found = solve(11, [*row, Distance(10, 0, 0, 5), Distance(10, 9, 0, 1)])
    assert found[9] - found[0] == 90
    assert found[10] == found[0]
