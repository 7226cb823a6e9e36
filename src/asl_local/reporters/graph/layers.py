"""A directed graph -> places for its nodes: layers from top to bottom, few crossings, edges around what they pass.

Knows: sizes and edges. Must never know: what a node stands for.
The usual four steps: edges that lead back are turned round, nodes get layers by their longest way from the start, each
layer is ordered by where its neighbours stand, and places follow from order and neighbours. Edges that pass layers get a
place to pass in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

Node: TypeAlias = str
Point: TypeAlias = tuple[float, float]

GAP = 26.0
"""Between neighbours of a layer."""
RISE = 52.0
"""Between layers: an edge's label fits in."""
_PASSAGE = 10.0  # the width of an edge that passes a layer
_SIDE = 16.0  # between edges that lead back, at the right side
_SWEEPS = 4


class Size(NamedTuple):
    """Of a node."""

    width: float
    height: float


@dataclass
class Placed:
    """Where everything is: nodes by their left upper corners, edges by the points that they go through."""

    width: float = 0.0
    height: float = 0.0
    corners: dict[Node, Point] = field(default_factory=dict)
    ways: dict[tuple[Node, Node], list[Point]] = field(default_factory=dict)
    back: set[tuple[Node, Node]] = field(default_factory=set)


def place(sizes: Mapping[Node, Size], edges: Iterable[tuple[Node, Node]], start: Node) -> Placed:
    """Places for the nodes and the ways of the edges between them; every node should be reachable from `start`."""
    wanted = list(dict.fromkeys(edges))
    following: dict[Node, list[Node]] = {node: [] for node in sizes}
    for source, target in wanted:
        following[source].append(target)
    order, back = _walk(start, following)
    order += [node for node in sizes if node not in set(order)]
    level = _levels(order, [edge for edge in wanted if edge not in back])
    grid, chains = _grid(order, level, [edge for edge in wanted if edge not in back])
    _arrange(grid, chains)
    return _coordinates(grid, chains, dict(sizes), [edge for edge in wanted if edge in back])


def _walk(start: Node, following: Mapping[Node, Sequence[Node]]) -> tuple[list[Node], set[tuple[Node, Node]]]:
    """The nodes in topological order, and the edges that lead back to where the walk still is."""
    back: set[tuple[Node, Node]] = set()
    done: list[Node] = []
    open_nodes: dict[Node, int] = {start: 0}
    path = [start]
    seen = {start}
    while path:
        node = path[-1]
        at = open_nodes[node]
        if at == len(following[node]):
            del open_nodes[node]
            done.append(path.pop())
            continue
        open_nodes[node] = at + 1
        target = following[node][at]
        if target in open_nodes:
            back.add((node, target))
        elif target not in seen:
            seen.add(target)
            open_nodes[target] = 0
            path.append(target)
    return done[::-1], back


def _levels(order: Sequence[Node], edges: Sequence[tuple[Node, Node]]) -> dict[Node, int]:
    level = dict.fromkeys(order, 0)
    targets: dict[Node, list[Node]] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
    for node in order:
        for target in targets.get(node, ()):
            level[target] = max(level[target], level[node] + 1)
    return level


class _Passage(NamedTuple):
    """A place in a layer for an edge that passes it."""

    edge: tuple[Node, Node]
    level: int


_Cell: TypeAlias = Node | _Passage
_Chains: TypeAlias = dict[tuple[Node, Node], list[_Cell]]


def _grid(
    order: Sequence[Node], level: Mapping[Node, int], edges: Sequence[tuple[Node, Node]]
) -> tuple[list[list[_Cell]], _Chains]:
    """The layers, and of each edge the cells it goes through, its ends included."""
    grid: list[list[_Cell]] = [[] for _ in range(1 + max(level.values(), default=0))]
    for node in order:
        grid[level[node]].append(node)
    chains: _Chains = {}
    for source, target in edges:
        passages: list[_Cell] = [_Passage((source, target), n) for n in range(level[source] + 1, level[target])]
        for n, passage in enumerate(passages, level[source] + 1):
            grid[n].append(passage)
        chains[source, target] = [source, *passages, target]
    return grid, chains


def _neighbours(chains: _Chains) -> tuple[dict[_Cell, list[_Cell]], dict[_Cell, list[_Cell]]]:
    above: dict[_Cell, list[_Cell]] = {}
    below: dict[_Cell, list[_Cell]] = {}
    for chain in chains.values():
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _arrange(grid: list[list[_Cell]], chains: _Chains) -> None:
    """Order each layer by the mean place of its neighbours, from above and from below in turn."""
    above, below = _neighbours(chains)
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        for layer in reversed(grid) if sweep % 2 else grid:
            places = {cell: n for other in grid for n, cell in enumerate(other)}

            def mean(cell: _Cell, near: dict[_Cell, list[_Cell]] = near, places: dict[_Cell, int] = places) -> float:
                found = [places[other] for other in near.get(cell, ())]
                return sum(found) / len(found) if found else float(places[cell])

            layer.sort(key=mean)


def _coordinates(
    grid: list[list[_Cell]], chains: _Chains, sizes: dict[Node, Size], back: Sequence[tuple[Node, Node]]
) -> Placed:  # fmt: skip
    def width(cell: _Cell) -> float:
        return _PASSAGE if isinstance(cell, _Passage) else sizes[cell].width

    middle: dict[_Cell, float] = {}
    for layer in grid:
        _spread(layer, [0.0] * len(layer), width, middle)
    above, below = _neighbours(chains)
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        for layer in reversed(grid) if sweep % 2 else grid:
            wanted = [
                sum(middle[other] for other in near[cell]) / len(near[cell]) if cell in near else middle[cell]
                for cell in layer
            ]
            _spread(layer, wanted, width, middle)
    left = min(middle[cell] - width(cell) / 2 for layer in grid for cell in layer)
    right = max(middle[cell] + width(cell) / 2 for layer in grid for cell in layer)
    placed = Placed(width=right - left + (_SIDE * (len(back) + 1) if back else 0.0))
    tops: list[tuple[float, float]] = []
    y = 0.0
    for layer in grid:
        tall = max((sizes[cell].height for cell in layer if not isinstance(cell, _Passage)), default=0.0)
        tops.append((y, y + tall))
        for cell in layer:
            if not isinstance(cell, _Passage):
                size = sizes[cell]
                placed.corners[cell] = (middle[cell] - left - size.width / 2, y + (tall - size.height) / 2)
        y += tall + RISE
    placed.height = y - RISE
    for edge, chain in chains.items():
        placed.ways[edge] = _forward(placed, sizes, chain, {cell: middle[cell] - left for cell in chain}, tops)
    for n, edge in enumerate(back):
        placed.ways[edge] = _backward(placed, sizes, edge, right - left + _SIDE * (n + 1))
    placed.back = set(back)
    return placed


def _spread(
    layer: Sequence[_Cell], wanted: Sequence[float], width: Callable[[_Cell], float], middle: dict[_Cell, float]
) -> None:  # fmt: skip
    """As near to the wanted places as order and widths allow: pushed apart, and back by what that moved all of them."""
    at: list[float] = []
    for cell, want in zip(layer, wanted, strict=True):
        least = at[-1] + width(layer[len(at) - 1]) / 2 + GAP + width(cell) / 2 if at else want
        at.append(max(want, least))
    moved = sum(a - w for a, w in zip(at, wanted, strict=True)) / len(layer) if layer else 0.0
    for cell, x in zip(layer, at, strict=True):
        middle[cell] = x - moved


def _forward(
    placed: Placed, sizes: Mapping[Node, Size], chain: Sequence[_Cell], middle: Mapping[_Cell, float],
    tops: Sequence[tuple[float, float]],
) -> list[Point]:  # fmt: skip
    """From below the source to above the target: straight down in layers, and to the side between them only."""
    points: list[Point] = []
    for cell in chain:
        x = middle[cell]
        if isinstance(cell, _Passage):
            top, bottom = tops[cell.level]
        else:
            (_, y), tall = placed.corners[cell], sizes[cell].height
            layer = next(layer for layer in tops if layer[0] <= y <= layer[1])
            top, bottom = (layer[0], y) if points else (y + tall, layer[1])
        points += [(x, top), (x, bottom)]
    return points


def _backward(placed: Placed, sizes: Mapping[Node, Size], edge: tuple[Node, Node], x: float) -> list[Point]:
    """Out at the source's right side, up, and in at the target's."""
    points = []
    for node, part in zip(edge, (0.65, 0.35), strict=True):
        corner, size = placed.corners[node], sizes[node]
        points.append((corner[0] + size.width, corner[1] + size.height * part))
    (from_x, from_y), (to_x, to_y) = points
    return [(from_x, from_y), (x, from_y), (x, to_y), (to_x, to_y)]


__all__ = ["Node", "Placed", "Point", "Size", "place"]
