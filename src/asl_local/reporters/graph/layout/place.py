"""Nodes and the links between them -> places: the layout's front door.

Knows: the order of the steps. Must never know: how each of them does its work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asl_local.lazy import dataclass, field
from asl_local.reporters.graph.layout.cells import Cell, Grid, Link, Point, Size
from asl_local.reporters.graph.layout.columns import columns
from asl_local.reporters.graph.layout.grid import BESIDE, Problem
from asl_local.reporters.graph.layout.ordering import merge, unfold
from asl_local.reporters.graph.layout.ranks import favoured, outgoing, ranks, walk
from asl_local.reporters.graph.layout.routing import Rows, route
from asl_local.reporters.graph.layout.untangling import untangled


@dataclass
class Placed:
    """The size of all, of nodes the left upper corners and the x of their lines, of links their ways and
    labels' corners.
    """

    size: Size
    corners: dict[str, Point] = field(default_factory=dict)
    lines: dict[str, float] = field(default_factory=dict)
    ways: list[list[Point]] = field(default_factory=list)
    labels: list[Point | None] = field(default_factory=list)


def place(sizes: Mapping[str, Size], links: Sequence[Link], start: str, *, tight: bool = False) -> Placed:
    """Places for the nodes, within 0, 0 and the size; `tight` leaves less room above and below.

    Widths must be even and lines whole numbers of pixels.
    """
    leaving = outgoing(sizes, links)
    order, roots, back = walk(start, leaving, links)
    rank = ranks(order, leaving, links, back)
    best = favoured(order, leaving, links, back)
    main, node = set(), start
    while node in best:
        main.add(best[node])
        node = links[best[node]].target
    grid = untangled(Problem(sizes, links, rank, roots), leaving, back)
    unfold(grid)
    merge(grid)
    columns(grid, links, set(best.values()), main)
    return _placed(grid, links, route(grid, links, tight=tight))


def _placed(grid: Grid, links: Sequence[Link], rows: Rows) -> Placed:
    placed = Placed(Size(max(cell.x + cell.right for layer in grid.layers for cell in layer), rows.bottom))
    for name, cell in grid.nodes.items():
        placed.corners[name] = (cell.side(-1), rows.tops[cell.layer])
    placed.lines = {name: cell.x for name, cell in grid.nodes.items()}
    placed.ways = [rows.ways[n] for n in range(len(links))]
    placed.labels = [None] * len(links)
    for chain in grid.chains:
        for cell in chain.cells:
            if cell.label is not None:
                placed.labels[cell.label] = _label(cell, links[cell.label], rows, chain.side)
    for loop in grid.loops:
        label = links[loop.link].label
        if label:
            cell = grid.nodes[loop.node]
            near = cell.x + loop.side * (loop.out + BESIDE)
            left = near if loop.side > 0 else near - label.width
            placed.labels[loop.link] = (left, rows.tops[cell.layer] + loop.below)
    return placed


def _label(cell: Cell, link: Link, rows: Rows, side: int) -> Point:
    wide = link.label.width if link.label else 0.0
    left = {0: cell.x - wide / 2, 1: cell.x + BESIDE, -1: cell.x - BESIDE - wide}[side]
    return left, rows.tops[cell.layer] + (rows.heights[cell.layer] - cell.height) / 2


__all__ = ["Link", "Placed", "Point", "Size", "place"]
