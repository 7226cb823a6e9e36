"""Rows and ways: how high every layer and every gap between layers is, and through which points the links go.

Knows: cells with their places from left to right. Must never know: how those were found.
In a layer links go straight down. Where they have to go sideways they do so in the gaps, on tracks (tracks.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from asl_local.lazy import dataclass, field
from asl_local.reporters.graph.layout.cells import HEAD, Cell, Chain, Grid, Joint, Link, Point
from asl_local.reporters.graph.layout.tracks import Span, tracks

_TRACK = 10.0  # from one to the next
_OUT, _IN, _BY = 12.0, 19.0, 9.0  # between a track and a node that is left, one that is come to, and what is passed
_STRAIGHT = {  # the height of a gap without tracks, by whether there are nodes above and below
    (True, True): 34.0, (True, False): 18.0, (False, True): 20.0, (False, False): 8.0,
}  # fmt: skip
_TIGHT = 8.0  # so much less of it
_OUT_AT, _IN_AT = 0.34, 0.66  # where in a node's head links that lead back leave it and come in
_LOOP_OUT, _LOOP_IN = 0.8, 0.2

_Key: TypeAlias = tuple[int, int, float, float]


@dataclass(slots=True)
class Rows:
    """Top and height of every layer, their end, and the ways of the links, by their numbers."""

    tops: list[float] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    bottom: float = 0.0
    ways: dict[int, list[Point]] = field(default_factory=dict)


def route(grid: Grid, links: Sequence[Link], *, tight: bool = False) -> Rows:
    """Rows for the layers and ways for the links; `tight` has less room where no track needs it."""
    rows = Rows()
    turns: dict[_Key, float] = {}  # how far down a joint turns sideways
    spans = _spans(grid, links)
    for n, layer in enumerate(grid.layers):
        rows.tops.append(rows.bottom)
        rows.heights.append(max((cell.height for cell in layer), default=0.0))
        for loop in grid.loops:
            label = links[loop.link].label
            if label and grid.nodes[loop.node].layer == n:
                rows.heights[-1] = max(rows.heights[-1], loop.below + label.height)
        rows.bottom += rows.heights[-1]
        if n < len(grid.layers) - 1:
            nodes = (_has_nodes(layer), _has_nodes(grid.layers[n + 1]))
            found = tracks(spans[n])
            for key, track in found.items():
                turns[key] = rows.bottom + (_OUT if nodes[0] else _BY) + _TRACK * track
            if found:
                rows.bottom = max(turns[key] for key in found) + (_IN if nodes[1] else _BY)
            else:
                rows.bottom += _STRAIGHT[nodes] - (_TIGHT if tight and all(nodes) else 0.0)
    for chain in grid.chains:
        way = _way(rows, chain, turns)
        rows.ways[chain.link] = _plain(way[::-1] if chain.side else way)
    for loop in grid.loops:
        cell = grid.nodes[loop.node]
        (own, low), (_, high) = (_at_side(rows, cell, loop.side, part) for part in (_LOOP_OUT, _LOOP_IN))
        side = cell.x + loop.side * loop.out
        rows.ways[loop.link] = [(own, low), (side, low), (side, high), (own, high)]
    return rows


def _has_nodes(layer: Sequence[Cell]) -> bool:
    return any(cell.node is not None for cell in layer)


def _key(joint: Joint) -> _Key:
    return (id(joint.upper), id(joint.lower), joint.out, joint.into)


def _ends(joint: Joint) -> tuple[float, float]:
    return joint.upper.x + joint.out, joint.lower.x + joint.into


def _spans(grid: Grid, links: Sequence[Link]) -> list[list[Span[_Key]]]:
    """The joints of each gap, each once."""
    found: list[dict[_Key, Span[_Key]]] = [{} for _ in grid.layers]
    for chain in grid.chains:
        for joint in chain.joints():
            span = Span(_key(joint), *_ends(joint), links[chain.link].aside)
            found[joint.upper.layer].setdefault(span.key, span)
    return [list(each.values()) for each in found]


def _at_side(rows: Rows, cell: Cell, side: int, part: float) -> Point:
    return cell.side(side), rows.tops[cell.layer] + min(cell.height, HEAD) * part


def _way(rows: Rows, chain: Chain, turns: dict[_Key, float]) -> list[Point]:
    """From top to bottom: from below the first node to above the last, or from the side of one to that of the other."""
    joints = list(chain.joints())
    first, last = chain.nodes or (chain.cells[0], chain.cells[-1])
    start, end = _ends(joints[0])[0], _ends(joints[-1])[1]
    if chain.side:
        into, out = _at_side(rows, first, chain.side, _IN_AT), _at_side(rows, last, chain.side, _OUT_AT)
        points, after = [into, (start, into[1])], [(end, out[1]), out]
    else:
        points, after = [(start, rows.tops[first.layer] + first.height)], [(end, rows.tops[last.layer])]
    for joint in joints:
        from_, to = _ends(joint)
        if from_ != to:
            turn = turns[_key(joint)]
            points += [(from_, turn), (to, turn)]
    return points + after


def _plain(points: Sequence[Point]) -> list[Point]:
    """Without the points between others on one straight line."""
    found = [points[0]]
    for point, after in zip(points[1:], [*points[2:], None], strict=True):
        before = found[-1]
        if point == before:
            continue
        if after is not None and (before[0] == point[0] == after[0] or before[1] == point[1] == after[1]):
            continue
        found.append(point)
    return found


__all__ = ["Rows", "route"]
