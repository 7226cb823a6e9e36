"""Nodes and the links between them -> places: the layout's front door.

Knows: the order of the steps. Must never know: how each of them does its work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from asl_local.reporters.graph import layers

Point: TypeAlias = tuple[float, float]


class Size(NamedTuple):
    """In pixels."""

    width: float
    height: float


class Link(NamedTuple):
    """From one node to another; `label` is the room that it wants for its words.

    One that leads `aside` leaves its source at the right, and keeps away from the others: where an error is caught.
    """

    source: str
    target: str
    label: Size | None = None
    aside: bool = False


@dataclass
class Placed:
    """The size of all, the left upper corners of nodes; of each link the corners of its way and of its label."""

    size: Size
    corners: dict[str, Point] = field(default_factory=dict)
    ways: list[list[Point]] = field(default_factory=list)
    labels: list[Point | None] = field(default_factory=list)


def place(sizes: Mapping[str, Size], links: Sequence[Link], start: str, *, tight: bool = False) -> Placed:
    """Places for the nodes, within 0, 0 and the size; `tight` leaves less room above and below."""
    found = layers.place(
        {name: layers.Size(*size) for name, size in sizes.items()}, [link[:2] for link in links], start
    )
    placed = Placed(Size(found.width, found.height), dict(found.corners))
    del tight
    for link in links:
        points = found.ways[link.source, link.target]
        way = [points[0]]
        for x, y in points[1:]:
            if x != way[-1][0] and y != way[-1][1]:
                middle = (y + way[-1][1]) / 2
                way += [(way[-1][0], middle), (x, middle)]
            way.append((x, y))
        placed.ways.append(way)
        x, y = way[len(way) // 2]
        room = link.label
        placed.labels.append((max(0.0, x - room.width / 2), y - room.height / 2) if room else None)
        if room:
            placed.size = Size(max(placed.size.width, x + room.width / 2), placed.size.height)
    return placed


__all__ = ["Link", "Placed", "Point", "Size", "place"]
