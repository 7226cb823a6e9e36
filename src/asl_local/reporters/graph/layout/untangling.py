"""The variant of a grid with the fewest crossings: where sweeps alone do not find an order, other beginnings are tried.

Knows: what can be one way or another. Must never know: how an order is made from that.
What is usual comes first and stays where nothing is better: a Choice's rules from left to right, caught errors and links
that lead back at the right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from asl_local.reporters.graph.layout.cells import Grid, Link
from asl_local.reporters.graph.layout.grid import Problem, Variant, build
from asl_local.reporters.graph.layout.ordering import arrange

_WORK = 60_000  # cells, and steps of links through them, that all tries together may have
_ROUNDS = 3

_Change: TypeAlias = Callable[[Variant], None]


def untangled(problem: Problem, leaving: Mapping[str, Sequence[int]], back: set[int]) -> Grid:
    """The grid with the fewest crossings that was found. `back` has the numbers of the links that lead back."""
    variant = Variant(
        {name: list(links) for name, links in leaving.items()},
        dict.fromkeys(sorted(back), 1),
        dict.fromkeys(leaving, 1),
    )
    grid = build(problem, variant)
    least = arrange(grid)
    work = _WORK
    for _ in range(_ROUNDS):
        before = least
        for change in _changes(problem.links, leaving, back):
            if not least or work < 0:
                return grid
            changed = Variant({**variant.leaving}, {**variant.back}, {**variant.aside})
            change(changed)
            other = build(problem, changed)
            found = arrange(other)
            work -= sum(len(layer) for layer in other.layers) + sum(len(chain.cells) for chain in other.chains)
            if found < least:
                grid, least, variant = other, found, changed
        if least == before:
            break
    return grid


def _changes(links: Sequence[Link], leaving: Mapping[str, Sequence[int]], back: set[int]) -> Iterator[_Change]:
    """One thing the other way, or one that is the same for all."""
    if len(back) > 1:
        yield _all_left
    for n in sorted(back):
        yield lambda variant, n=n: _turn(variant.back, n)  # type: ignore[misc]
    for name, numbers in leaving.items():
        if len(numbers) > 1:
            for n in numbers:
                yield lambda variant, name=name, n=n: _first(variant, name, n)  # type: ignore[misc]
                yield lambda variant, name=name, n=n: _last(variant, name, n)  # type: ignore[misc]
        if any(links[n].aside for n in numbers):
            yield lambda variant, name=name: _left(variant, links, name)  # type: ignore[misc]


def _all_left(variant: Variant) -> None:
    variant.back = dict.fromkeys(variant.back, -1)


def _turn(sides: dict[int, int], n: int) -> None:
    sides[n] = -sides[n]


def _first(variant: Variant, name: str, n: int) -> None:
    """One of a node's links before the others."""
    variant.leaving[name] = [n, *(m for m in variant.leaving[name] if m != n)]


def _last(variant: Variant, name: str, n: int) -> None:
    variant.leaving[name] = [*(m for m in variant.leaving[name] if m != n), n]


def _left(variant: Variant, links: Sequence[Link], name: str) -> None:
    """What leads aside at the other side, and there before or after the others."""
    side = variant.aside[name] = -variant.aside[name]
    variant.leaving[name] = sorted(variant.leaving[name], key=lambda n: links[n].aside == (side > 0))


__all__ = ["untangled"]
