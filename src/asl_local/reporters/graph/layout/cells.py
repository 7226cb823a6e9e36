"""What the layout works on: nodes and links as they are given, cells in layers, and the chains of cells that links take.

Knows: shapes of data. Must never know: how anything is placed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from asl_local.lazy import dataclass, field

Point: TypeAlias = tuple[float, float]
Lane: TypeAlias = tuple[str, bool, bool]
"""Where links can run together: their target, whether they lead aside, and whether they lead back."""

LANE = 14.0
"""Between a node's side and a link that leads back along it, and between two such."""

PASSAGE = 1.0
"""Half the width of a link that passes."""
HEAD = 44.0
"""What leads back leaves a node and comes in so far down at most."""


class Size(NamedTuple):
    """In pixels. `line` is where links come in and leave, from the left side; in the middle if it is not given.

    Of the width `beyond` is what looks out at the right, where nothing leaves aside.
    """

    width: float
    height: float
    line: float | None = None
    beyond: float = 0.0

    @property
    def sides(self) -> tuple[float, float]:
        """How far it reaches from its line, to the left and to the right."""
        left = self.width / 2 if self.line is None else self.line
        return left, self.width - left


class Link(NamedTuple):
    """From one node to another; `label` is the room that it wants for its words.

    One that leads `aside` leaves its source at the right, and keeps away from the others: where an error is caught.
    A `poor` one is nothing that one hopes for: it leads to a failure, and the straight line through the picture does not
    take it if it can.
    """

    source: str
    target: str
    label: Size | None = None
    aside: bool = False
    poor: bool = False


@dataclass(eq=False, slots=True)
class Cell:
    """A place in a layer: a node, the label of link number `label`, or where links pass on their way.

    `left` and `right` are how far it reaches from its line, at `x`. `place` is its number in the layer. `lane` tells which
    passages may become one: those that have it in common. `sides` are how far a node itself reaches to the left and right.
    `above` and `below` are its neighbours while the order is sought.
    """

    layer: int
    left: float
    right: float
    height: float = 0.0
    node: str | None = None
    label: int | None = None
    lane: Lane | None = None
    sides: tuple[float, float] = (0.0, 0.0)
    above: list[End] = field(default_factory=list)
    below: list[End] = field(default_factory=list)
    place: int = 0
    x: float = 0.0

    def side(self, side: int) -> float:
        """The x of a node's left (-1) or right (1) side."""
        return self.x + self.sides[1] if side > 0 else self.x - self.sides[0]


class End(NamedTuple):
    """A neighbour, where a joint meets it, and where the joint meets the cell itself: parts of widths, from -0.5 to 0.5."""

    cell: Cell
    part: float
    own: float


class Joint(NamedTuple):
    """A piece of a link between neighbouring layers; `out` and `into` are where it meets the cells, from their lines."""

    upper: Cell
    lower: Cell
    out: float
    into: float


@dataclass(eq=False, slots=True)
class Chain:
    """The cells that link number `link` goes through, from top to bottom, and where it meets the first and the last.

    `side` is 0 for a link that leads down. One that leads back up leaves and comes in at the right (1) or left (-1) side
    of its nodes; once it is unfolded, its first and last cells stand beside them, and `nodes` are theirs.
    """

    link: int
    cells: list[Cell]
    out: float
    into: float
    side: int = 0
    nodes: tuple[Cell, Cell] | None = None

    def joints(self) -> Iterator[Joint]:
        """Its pieces, from top to bottom."""
        last = len(self.cells) - 2
        for n, (upper, lower) in enumerate(pairwise(self.cells)):
            yield Joint(upper, lower, self.out if n == 0 else 0.0, self.into if n == last else 0.0)


class Loop(NamedTuple):
    """A link from a node to itself, at its right (1) or left (-1) side: how far from the node's line it runs.

    Its label begins `below` the node's upper side, so that others that leave at that side pass above it.
    """

    link: int
    node: str
    side: int
    out: float
    below: float = 0.0


@dataclass(slots=True)
class Grid:
    """Layers of cells from top to bottom, each in order from left to right, and the links through them."""

    layers: list[list[Cell]] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    nodes: dict[str, Cell] = field(default_factory=dict)

    def number(self) -> None:
        """Write the order into the cells."""
        for layer in self.layers:
            for n, cell in enumerate(layer):
                cell.place = n


__all__ = ["HEAD", "LANE", "PASSAGE", "Cell", "Chain", "End", "Grid", "Joint", "Lane", "Link", "Loop", "Point", "Size"]
