"""An outline -> a drawing: every box, frame, dot, edge and label with its place in one system of coordinates.

Knows: what stands in a box and how much room that takes. Must never know: SVG, colours, or what an execution did.
The drawing is what is drawn, to the pixel: whoever asks whether an edge runs through a box asks this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from math import ceil
from typing import Final, NamedTuple

from asl_local.lazy import dataclass, field
from asl_local.reporters.graph import lettering
from asl_local.reporters.graph.layout.place import Link, Point, Size, place
from asl_local.reporters.graph.outline import END, START, Block, Edge, Node

NAME_SIZE: Final = 13.0
NOTE_SIZE: Final = 11.0
"""Sizes of letters, in pixels. `NOTE_SIZE` is that of notes, of labels and of the titles of frames."""
ICON: Final = 24.0
PAD: Final = 10.0
STACK: Final = 5.0
"""How far each of the two outlines behind a Map's box looks out."""

NAME_LINE: Final = 17.0
NOTE_LINE: Final = 14.0
"""From one line to the next."""
ABOVE: Final = 7.0
ICON_GAP: Final = 8.0
RETRY_ROOM: Final = 17.0

_RETRY = re.compile(r"(↻|Retry)\s*")
_LONGEST_NAME, _NAME_LINES = 32, 2
_LONGEST_NOTE = 40
_LONGEST_LABEL, _LABEL_LINES, _LABELS = 30, 3, 4
_LEAST_WIDTH = 132.0
_MARGIN = 16.0
_FRAME_TITLE = 20.0
_BETWEEN_FRAMES = 12.0
_DOTS = {True: 14.0, False: 10.0}  # at the top, and in a frame


class Rect(NamedTuple):
    """Left upper corner and size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side's x."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower side's y."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """Its middle."""
        return (self.x + self.width / 2, self.y + self.height / 2)

    def moved(self, x: float, y: float) -> Rect:
        """The same, so much further right and down."""
        return Rect(self.x + x, self.y + y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Box:
    """A state. `rect` is all of it, with the frames in it; `header` the part that its own words stand in.

    `lines` is the name as it is shown, `notes` the lines below it (the type with the first note, and the others), `retry`
    what stands behind the mark of a Retry, below them; None without one.
    A `stacked` box has two outlines behind it, to the right and below, each `STACK` further out; `rect` is the box alone.
    `block` is the pointer of the block that the state stands in.
    """

    node: Node
    block: str
    rect: Rect
    header: Rect
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    retry: str | None = None
    stacked: bool = False

    @property
    def outer(self) -> Rect:
        """The box with the outlines behind it."""
        more = 2 * STACK if self.stacked else 0.0
        return Rect(self.rect.x, self.rect.y, self.rect.width + more, self.rect.height + more)


@dataclass(frozen=True, slots=True)
class Frame:
    """Around a branch or what a Map runs; `state` is the pointer of the state that it is part of.

    That of a Map is not drawn: its box is its frame.
    """

    pointer: str
    state: str
    title: str
    rect: Rect
    dashed: bool = True


@dataclass(frozen=True, slots=True)
class Dot:
    """Where a block begins (`START`) or ends (`END`)."""

    kind: str
    block: str
    middle: Point
    radius: float

    @property
    def rect(self) -> Rect:
        """The square around it."""
        (x, y), r = self.middle, self.radius
        return Rect(x - r, y - r, 2 * r, 2 * r)


@dataclass(frozen=True, slots=True)
class Label:
    """What stands at an edge: lines as they are shown, and the whole text."""

    rect: Rect
    lines: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one state (or dot) of a block to another: one edge, or several that have both ends in common.

    `points` are the corners of a line that goes straight from each to the next; it is drawn with its corners rounded by
    `radius`, and its head at the last point. `kind` is that of the edges; of the first, where they differ.
    """

    edges: tuple[Edge, ...]
    block: str
    kind: str
    points: tuple[Point, ...]
    label: Label | None = None
    radius: float = 8.0

    @property
    def pointers(self) -> tuple[str, ...]:
        """Of the edges, in their order."""
        return tuple(edge.pointer for edge in self.edges)


@dataclass(slots=True)
class Drawing:
    """Everything that is drawn, in absolute coordinates, outermost first; all of it within 0, 0 and width, height."""

    width: float
    height: float
    boxes: list[Box] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)


def draw(block: Block) -> Drawing:
    """The drawing of a machine's outline."""
    piece = _Piece.of(block, top=True)
    drawing = Drawing(piece.size.width + 2 * _MARGIN, piece.size.height + 2 * _MARGIN)
    piece.put(drawing, _MARGIN, _MARGIN)
    return drawing


@dataclass
class _Inside:
    """What stands in a state's box: its words, and the pieces of its blocks."""

    node: Node
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    retry: str | None
    pieces: list[_Piece]
    header: Size
    size: Size  # of the box alone

    @classmethod
    def of(cls, node: Node) -> _Inside:
        lines = lettering.wrap(node.name, _LONGEST_NAME, _NAME_LINES)
        notes, retry = _notes(node)
        text = [lettering.width(line, NAME_SIZE, bold=True) for line in lines]
        text += [lettering.width(line, NOTE_SIZE) for line in notes]
        if retry is not None:
            text.append(RETRY_ROOM + lettering.width(retry, NOTE_SIZE))
        wide = max(_LEAST_WIDTH, 2 * PAD + ICON + ICON_GAP + max(text))
        below = len(notes) + (retry is not None)
        header = Size(_even(wide), 2 * ABOVE + len(lines) * NAME_LINE + below * NOTE_LINE)
        pieces = [_Piece.of(each, framed=node.type != "Map") for each in node.blocks]
        if not pieces:
            return cls(node, lines, notes, retry, pieces, header, header)
        inner = sum(each.framed.width for each in pieces) + _BETWEEN_FRAMES * (len(pieces) + 1)
        tall = max(each.framed.height for each in pieces)
        size = Size(_even(max(wide, inner)), header.height + tall + _BETWEEN_FRAMES)
        return cls(node, lines, notes, retry, pieces, header, size)

    @property
    def stacked(self) -> bool:
        return self.node.type == "Map"

    @property
    def outer(self) -> Size:
        more = 2 * STACK if self.stacked else 0.0
        return Size(self.size.width + more, self.size.height + more, self.line, more)

    @property
    def line(self) -> float:
        """Where arrows come in and leave: above what a Map begins with, if that is not too near to a corner."""
        middle = self.size.width / 2
        if self.stacked and len(self.pieces) == 1:
            piece = self.pieces[0]
            start = float(round((self.size.width - piece.size.width) / 2 + piece.start))
            if abs(start - middle) < 0.7 * middle:
                return start
        return middle

    def put(self, drawing: Drawing, block: str, x: float, y: float) -> None:
        rect = Rect(x, y, self.size.width, self.size.height)
        header = Rect(x, y, self.size.width, self.header.height)
        node = self.node
        drawing.boxes.append(Box(node, block, rect, header, self.lines, self.notes, self.retry, self.stacked))
        taken = sum(each.framed.width for each in self.pieces) + _BETWEEN_FRAMES * (len(self.pieces) - 1)
        tall = max((each.framed.height for each in self.pieces), default=0.0)
        left = x + (self.size.width - taken) / 2
        for piece in self.pieces:
            frame = Rect(left, header.bottom, piece.framed.width, tall)
            inner = piece.block
            drawing.frames.append(Frame(inner.pointer, node.pointer, piece.title, frame, not self.stacked))
            piece.put(
                drawing,
                frame.x + (frame.width - piece.size.width) / 2,
                frame.y + piece.above,
            )
            left = frame.right + _BETWEEN_FRAMES


def _even(width: float) -> float:
    """Rounded up to an even number of pixels: its middle is a whole one too."""
    return 2.0 * ceil(width / 2)


def _notes(node: Node) -> tuple[tuple[str, ...], str | None]:
    """The lines of the notes, and what a Retry's mark stands before; None without a Retry."""
    retry, others = None, []
    for note in map(lettering.printable, node.notes):
        found = _RETRY.match(note)
        if found:
            retry = lettering.cut(note[found.end() :], _LONGEST_NOTE)
        else:
            others.append(note)
    if node.type == "Map":  # it has no frame of its own that could say this
        others += [lettering.printable(block.title) for block in node.blocks if block.title]
    first = " · ".join([node.type or "placeholder", *others[:1]])
    more = [" · ".join(others[1:])] if others[1:] else []
    return tuple(lettering.cut(line, _LONGEST_NOTE) for line in (first, *more)), retry


@dataclass
class _Piece:
    """A block that has been laid out, with its left upper corner at 0, 0."""

    block: Block
    title: str
    size: Size
    start: float  # where it begins, from the left
    insides: dict[str, tuple[_Inside, Point]]
    dots: list[Dot]
    arrows: list[Arrow]

    @classmethod
    def of(cls, block: Block, *, top: bool = False, framed: bool = False) -> _Piece:
        insides = {node.name: _Inside.of(node) for node in block.nodes}
        merged = _merged(block)
        labels = [_label(edges) for edges in merged]
        dot = _DOTS[top]
        sizes = {START: Size(dot, dot), **{name: each.outer for name, each in insides.items()}}
        if any(edges[0].target == END for edges in merged):
            sizes[END] = Size(dot, dot)
        failing = {node.name for node in block.nodes if node.type == "Fail"}
        links = [_link(edges, label, failing) for edges, label in zip(merged, labels, strict=True)]
        placed = place(sizes, links, START, tight=not top)
        corners = placed.corners
        arrows = []
        for edges, label, points, corner in zip(merged, labels, placed.ways, placed.labels, strict=True):
            shown = Label(label.rect.moved(*corner), label.lines, label.text) if label and corner else None
            arrows.append(Arrow(edges, block.pointer, edges[0].kind, tuple(points), shown))
        dots = [
            Dot(name, block.pointer, (corners[name][0] + dot / 2, corners[name][1] + dot / 2), dot / 2)
            for name in (START, END)
            if name in sizes
        ]
        title = lettering.cut(lettering.printable(block.title), _LONGEST_NOTE) if framed else ""
        return cls(
            block,
            title,
            placed.size,
            placed.lines[START],
            {name: (each, corners[name]) for name, each in insides.items()},
            dots,
            arrows,
        )

    @property
    def framed(self) -> Size:
        """With the frame around it."""
        wide = max(self.size.width, lettering.width(self.title, NOTE_SIZE))
        return Size(wide + 2 * PAD, self.above + self.size.height + PAD)

    @property
    def above(self) -> float:
        """From the frame's upper side to what is in it."""
        return PAD / 2 + (_FRAME_TITLE if self.title else 0.0)

    def put(self, drawing: Drawing, x: float, y: float) -> None:
        for dot in self.dots:
            drawing.dots.append(Dot(dot.kind, dot.block, (dot.middle[0] + x, dot.middle[1] + y), dot.radius))
        for arrow in self.arrows:
            label = arrow.label and Label(arrow.label.rect.moved(x, y), arrow.label.lines, arrow.label.text)
            points = tuple((a + x, b + y) for a, b in arrow.points)
            drawing.arrows.append(Arrow(arrow.edges, arrow.block, arrow.kind, points, label, arrow.radius))
        for inside, (left, above) in self.insides.values():
            inside.put(drawing, self.block.pointer, left + x, above + y)


def _merged(block: Block) -> list[tuple[Edge, ...]]:
    """Edges that have both ends in common are one arrow; but a catcher's is dashed, so it never is one with others."""
    found: dict[tuple[str, str, bool], list[Edge]] = {}
    for edge in block.edges:
        found.setdefault((edge.source, edge.target, edge.kind == "catch"), []).append(edge)
    return [tuple(edges) for edges in found.values()]


def _link(edges: tuple[Edge, ...], label: Label | None, failing: Set[str]) -> Link:
    edge, room = edges[0], Size(label.rect.width, label.rect.height) if label else None
    poor = edge.target in failing or edge.source in failing
    return Link(edge.source, edge.target, room, aside=edge.kind == "catch", poor=poor)


def _label(edges: tuple[Edge, ...]) -> Label | None:
    texts = [lettering.printable(edge.label) for edge in edges if edge.label]
    if not texts:
        return None
    lines = [line for text in texts[:_LABELS] for line in _label_lines(text, len(texts))]
    if len(texts) > _LABELS:
        lines.append(f"and {len(texts) - _LABELS} more")
    wide = max(lettering.width(line, NOTE_SIZE) for line in lines)
    return Label(Rect(0, 0, _even(wide + 8), len(lines) * NOTE_LINE + 4), tuple(lines), "\n".join(texts))


def _label_lines(text: str, among: int) -> Iterator[str]:
    yield from lettering.wrap(text, _LONGEST_LABEL, _LABEL_LINES if among == 1 else 2 if among == 2 else 1)


__all__ = [
    "ABOVE", "ICON", "ICON_GAP", "NAME_LINE", "NAME_SIZE", "NOTE_LINE", "NOTE_SIZE", "PAD", "RETRY_ROOM", "STACK", "Arrow", "Box", "Dot", "Drawing", "Frame", "Label", "Point",
    "Rect", "draw",
]  # fmt: skip
