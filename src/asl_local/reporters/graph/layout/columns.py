"""Where the cells of ordered layers stand from left to right: the main way straight, links as straight as possible.

Knows: orders, widths, and which links matter. Must never know: heights, and how links are drawn.
First what should be straight becomes columns: cells that keep their places to each other, one after the other by how much
it matters, never across each other. Then the columns are placed so that all other links are as little bent as possible.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import pairwise

from asl_local.reporters.graph.layout.cells import Cell, Grid, Joint, Link
from asl_local.reporters.graph.layout.simplex import Distance, solve

_GAPS = {  # between neighbours, by what they are: nodes, labels, passages
    "nn": 30, "ln": 20, "np": 20, "ll": 14, "lp": 12, "pp": 14,
}  # fmt: skip
_MAIN, _INNER, _FAVOURED, _ASIDE, _REST = 64, 12, 6, 4, 2


def columns(grid: Grid, links: Sequence[Link], favoured: Set[int], main: Set[int]) -> None:
    """Write the places into the cells, the leftmost at 0 with what it needs at its left.

    `favoured` are the numbers of the links that go on straight from their nodes, `main` those of the main way.
    """
    joints: dict[tuple[int, int, float, float], tuple[Joint, int]] = {}
    for chain in grid.chains:
        for joint in chain.joints():
            key = (id(joint.upper), id(joint.lower), joint.out, joint.into)
            weight = _weight(chain.link, joint, links, favoured, main)
            if key not in joints or joints[key][1] < weight:
                joints[key] = (joint, weight)
    blocks = _Blocks(grid)
    for joint, _ in sorted(joints.values(), key=lambda each: -each[1]):
        blocks.join(joint)
    at = blocks.places()
    numbers: dict[int, int] = {}
    for layer in grid.layers:
        for cell in layer:
            numbers.setdefault(id(at[id(cell)][0]), len(numbers))
    distances = []
    for layer in grid.layers:
        for left, right in pairwise(layer):
            (block, from_), (other, to) = at[id(left)], at[id(right)]
            least = round(left.right) + _gap(left, right) + round(right.left) + from_ - to
            distances.append(Distance(numbers[id(block)], numbers[id(other)], least, 0))
    count = len(numbers)
    for joint, weight in joints.values():
        (block, from_), (other, to) = at[id(joint.upper)], at[id(joint.lower)]
        if block is not other:
            # A variable left of both ends: what it costs to be away from it is least at the left one of them.
            start, end = from_ + round(joint.out), to + round(joint.into)
            distances.append(Distance(count, numbers[id(block)], -start, weight))
            distances.append(Distance(count, numbers[id(other)], -end, weight))
            count += 1
    for chain in grid.chains:
        for node, cell in zip(chain.nodes or (), (chain.cells[0], chain.cells[-1]), strict=False):
            near, far = (node, cell) if chain.side > 0 else (cell, node)
            (block, from_), (other, to) = at[id(near)], at[id(far)]
            if block is not other:
                distances.append(Distance(numbers[id(block)], numbers[id(other)], from_ - to, _REST))
    for loose in _loose(grid):
        distances.append(Distance(count, numbers[id(at[id(grid.layers[0][0])][0])], 0, 1))
        distances.append(Distance(count, numbers[id(at[id(loose)][0])], 0, 1))
        count += 1
    value = solve(count, distances)
    for layer in grid.layers:
        for cell in layer:
            block, offset = at[id(cell)]
            cell.x = value[numbers[id(block)]] + offset
    edge = min(cell.x - cell.left for layer in grid.layers for cell in layer)
    for layer in grid.layers:
        for cell in layer:
            cell.x -= edge


def _weight(link: int, joint: Joint, links: Sequence[Link], favoured: Set[int], main: Set[int]) -> int:
    if link in main:
        return _MAIN
    labelled = joint.upper.label is not None
    if joint.upper.node is None and joint.lower.node is None and not (labelled and links[link].aside):
        return _INNER
    if link in favoured:
        return _FAVOURED
    if links[link].aside:
        return _ASIDE - labelled  # its label rather below its source than above its target
    return _REST


def _gap(left: Cell, right: Cell) -> int:
    kinds = sorted("n" if each.node is not None else "p" if each.label is None else "l" for each in (left, right))
    return _GAPS["".join(kinds)]


def _loose(grid: Grid) -> list[Cell]:
    """Nodes that no link meets."""
    met = {id(cell) for chain in grid.chains for cell in chain.cells}
    return [cell for cell in grid.nodes.values() if id(cell) not in met]


class _Blocks:
    """Columns of cells: at most one joint of each cell upwards and one downwards is straight, and none across another."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._down: dict[int, tuple[Cell, int]] = {}
        self._up: dict[int, Cell] = {}
        self._taken: list[list[tuple[int, int]]] = [[] for _ in grid.layers]

    def join(self, joint: Joint) -> None:
        upper, lower = joint.upper, joint.lower
        if id(upper) in self._down or id(lower) in self._up:
            return
        taken = self._taken[upper.layer]
        if any((a < upper.place) != (b < lower.place) for a, b in taken):
            return
        taken.append((upper.place, lower.place))
        self._down[id(upper)] = (lower, round(joint.out) - round(joint.into))
        self._up[id(lower)] = upper

    def places(self) -> dict[int, tuple[Cell, int]]:
        """Of each cell the first of its column, and how far right of that it stands."""
        found: dict[int, tuple[Cell, int]] = {}
        for layer in self._grid.layers:
            for cell in layer:
                first, offset = found.setdefault(id(cell), (cell, 0))
                below = self._down.get(id(cell))
                if below:
                    found[id(below[0])] = (first, offset + below[1])
        return found


__all__ = ["columns"]
