"""Nodes with ranks -> layers of cells: nodes, rooms for labels between them, and passages of links that pass layers.

Knows: what needs a cell, and the order in which a walk meets cells. Must never know: crossings and coordinates.
Labels stand in layers of their own, right below the nodes that their links leave (or right above, for one that leads
back). The first order is that of a walk from the start. It has no crossing wherever links part and join in pairs of
brackets, and it keeps the order in which a Choice's rules are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from asl_local.lazy import dataclass
from asl_local.reporters.graph.layout.cells import HEAD, LANE, PASSAGE, Cell, Chain, Grid, Lane, Link, Loop, Size

BESIDE = 5.0  # from a link that leads back to its label
_CROWD = 6  # so many links aside or back to one node are ordered one by one; more of them share their passages
_FROM_CORNER = 18.0  # a link that leads aside leaves so far from the right corner,
_FROM_MIDDLE = 150.0  # but not further from the middle


class Problem(NamedTuple):
    """What is to be laid out: nodes and links, the ranks of the nodes, and where a walk through them begins."""

    sizes: Mapping[str, Size]
    links: Sequence[Link]
    rank: Mapping[str, int]
    roots: Sequence[str]


@dataclass(slots=True)
class Variant:
    """What can be one way or another: the order in which a walk takes a node's links, and sides.

    `back` has the sides at which links that lead back run, `aside` those at which links that lead aside leave their
    sources: 1 is the right, -1 the left.
    """

    leaving: dict[str, list[int]]
    back: dict[int, int]
    aside: dict[str, int]


def build(problem: Problem, variant: Variant) -> Grid:
    """The grid, in the order of the walk."""
    return _Builder(problem, variant).grid(problem.roots)


class _Builder:
    def __init__(self, problem: Problem, variant: Variant) -> None:
        self._sizes, self._links, self._rank = problem.sizes, problem.links, problem.rank
        self._leaving, self._sides, self._aside = variant.leaving, variant.back, variant.aside
        with_label = {
            self._level_of_label(n) for n, link in enumerate(self._links) if link.label and n not in self._loops()
        }
        levels = sorted({2 * level for level in self._rank.values()} | with_label)
        self._layer = {level: n for n, level in enumerate(levels)}
        self._grid = Grid([[] for _ in levels])
        self._outs: dict[int, float] = {}  # of links that lead back, from the source's line
        self._ins: dict[tuple[str, int], float] = {}  # by target and side
        self._key: dict[int, float] = {}  # by id of cell
        self._trail: dict[int, Cell] = {}
        lanes = Counter((link.target, link.aside, n in self._sides) for n, link in enumerate(self._links))
        self._crowded = {lane for lane, count in lanes.items() if count > _CROWD and (lane[1] or lane[2])}
        self._shared: dict[tuple[Lane, int], Cell] = {}
        self._count = 0.0

    def _loops(self) -> list[int]:
        return [n for n in self._sides if self._links[n].source == self._links[n].target]

    def _level_of_label(self, n: int) -> int:
        level = 2 * self._rank[self._links[n].source]
        return level - 1 if n in self._sides else level + 1

    def grid(self, roots: Sequence[str]) -> Grid:
        for name in self._sizes:
            self._node(name)
        for name in roots:
            self._walk(name)
        for layer in self._grid.layers:
            layer.sort(key=lambda cell: self._key[id(cell)])
        self._grid.chains.sort(key=lambda chain: chain.link)
        self._grid.number()
        return self._grid

    def _node(self, name: str) -> None:
        """Its cell, with room at its sides for what leads from it to itself."""
        size = self._sizes[name]
        reach = {1: size.sides[1], -1: size.sides[0]}
        back = [n for n in self._sides if n not in self._loops() and name in self._links[n][:2]]
        used = {self._sides[n] for n in back}
        loops = [n for n in self._loops() if self._links[n].source == name]
        for n, side in zip(loops, (-1, 1) if used == {1} else (1, -1), strict=False):
            reach[side] += LANE
            self._grid.loops.append(Loop(n, name, side, reach[side], HEAD if side in used else 0.0))
            label = self._links[n].label
            reach[side] += BESIDE + label.width if label else 0.0
        for side in (1, -1):
            here = [n for n in back if self._sides[n] == side]
            outs = sorted(
                (n for n in here if self._links[n].source == name), key=lambda n: -self._rank[self._links[n].target]
            )
            for k, n in enumerate(outs):
                self._outs[n] = side * (reach[side] + LANE * (k + 2))
            self._ins[name, side] = side * (reach[side] + LANE)
        layer = self._layer[2 * self._rank[name]]
        cell = Cell(layer, reach[-1], reach[1], size.height, node=name, sides=size.sides, place=-1)
        self._grid.nodes[name] = cell
        self._grid.layers[layer].append(cell)

    def _walk(self, root: str) -> None:
        self._meet(self._grid.nodes[root])
        path = [iter(self._leaving[root])]
        while path:
            n = next(path[-1], None)
            if n is None:
                path.pop()
                continue
            target = self._grid.nodes[self._links[n].target]
            if n in self._sides:
                if self._links[n].source != self._links[n].target:
                    self._back(n)
                continue
            chain = self._forward(n)
            for cell in chain.cells[1:-1]:
                if id(cell) not in self._key:
                    self._meet(cell)
            if target.place < 0:
                self._meet(target)
                path.append(iter(self._leaving[self._links[n].target]))

    def _meet(self, cell: Cell) -> None:
        self._count += 1
        self._key[id(cell)] = self._count
        self._trail[cell.layer] = cell
        cell.place = 0

    def _forward(self, n: int) -> Chain:
        link = self._links[n]
        upper, lower = self._grid.nodes[link.source], self._grid.nodes[link.target]
        chain = Chain(n, [upper, *self._between(n, upper, lower), lower], 0.0, 0.0)
        if link.aside:
            side = self._aside[link.source]
            reach = upper.sides[1] - self._sizes[link.source].beyond if side > 0 else upper.sides[0]
            chain.out = side * min(max(0.0, reach - _FROM_CORNER), _FROM_MIDDLE)
        self._grid.chains.append(chain)
        return chain

    def _back(self, n: int) -> None:
        """At the right it passes what the walk has met so far, at the left the walk's way from the target."""
        link, side = self._links[n], self._sides[n]
        upper, lower = self._grid.nodes[link.target], self._grid.nodes[link.source]
        between = self._between(n, upper, lower)
        for cell in between:
            if id(cell) in self._key:
                continue
            self._count += 1
            self._key[id(cell)] = self._count if side > 0 else self._key[id(self._trail.get(cell.layer, lower))] - 0.5
        into = self._ins[link.target, side]
        self._grid.chains.append(Chain(n, [upper, *between, lower], into, self._outs[n], side))

    def _between(self, n: int, upper: Cell, lower: Cell) -> list[Cell]:
        link, side = self._links[n], self._sides.get(n, 0)
        with_label = self._layer[self._level_of_label(n)] if link.label else None
        cells = []
        for layer in range(upper.layer + 1, lower.layer):
            if link.label and layer == with_label:
                wide, tall = link.label.width, link.label.height
                near, far = (wide / 2, wide / 2) if not side else (PASSAGE, wide + BESIDE)
                cell = Cell(layer, *((near, far) if side >= 0 else (far, near)), tall, label=n)
            else:
                lane = (link.target, link.aside, bool(side))
                if lane in self._crowded and (lane, layer) in self._shared:
                    cells.append(self._shared[lane, layer])
                    continue
                cell = self._shared[lane, layer] = Cell(layer, PASSAGE, PASSAGE, lane=lane)
            cells.append(cell)
            self._grid.layers[layer].append(cell)
        return cells


__all__ = ["BESIDE", "Problem", "Variant", "build"]
