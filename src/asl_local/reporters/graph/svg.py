"""An outline and what to paint on it -> one SVG element.

Knows: drawings and SVG. Must never know: how things find their places, or where what is painted comes from.
There is neither an id nor a style attribute in it, so a page can hold many and keep a strict content-security policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TypeVar

from asl_local.lazy import dataclass
from asl_local.reporters.graph import drawing as drawn
from asl_local.reporters.graph import lettering, look
from asl_local.reporters.graph.drawing import Arrow, Box, Dot, Drawing, Frame, Point, draw
from asl_local.reporters.graph.look import graph_css
from asl_local.reporters.graph.outline import START, Block

_Placed = TypeVar("_Placed", Dot, Arrow)

_HEAD = 8.0  # the length of an arrow's head
_HALF_HEAD = 4.0
_NOT_GIVEN_BACK = re.compile("[%\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OF_COVERAGE = frozenset({"all", "some", "none", "out"})


@dataclass(frozen=True, slots=True)
class Paint:
    """What is painted on a state or an edge.

    `kind` becomes a CSS class: succeeded, failed, caught, aborted, running, timed-out, unreached; taken (of an edge); all,
    some, none, out (of coverage). `note` is a small badge (`×3`), `title` what is said when somebody points at it.
    """

    kind: str
    note: str = ""
    title: str = ""


def svg(
    block: Block, *, title: str, paint: Mapping[str, Paint] | None = None, style: bool = True, interactive: bool = False
) -> str:  # fmt: skip
    """The picture of a machine's outline, painted by the JSON pointers of its states and edges.

    With `style` it carries its style sheet and stands alone; a page that holds pictures takes `graph_css()`. With
    `interactive` every state can be reached by the keyboard and is a button (which somebody has to give a meaning).
    """
    return _Picture(draw(block), dict(paint or {}), interactive).of(block, title, style)


class _Picture:
    def __init__(self, drawing: Drawing, paint: Mapping[str, Paint], interactive: bool) -> None:
        self._drawing = drawing
        self._paint = paint
        self._interactive = interactive
        self._boxes = {box.node.pointer: box for box in drawing.boxes}
        self._frames = {frame.pointer: frame for frame in drawing.frames}
        self._dots = _grouped(drawing.dots)
        self._arrows = _grouped(drawing.arrows)

    def of(self, block: Block, title: str, style: bool) -> str:
        width, height = _number(self._drawing.width), _number(self._drawing.height)
        what = sum(1 for _ in block.walk())
        role = f'role="group" aria-label="{escape(title)}"' if self._interactive else 'role="img"'
        sheet = f"<style>{escape(graph_css(), quote=False)}</style>" if style else ""
        ground = f'<rect class="ground" width="{width}" height="{height}"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" {role} width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}"><title>{_text(title)}</title>'
            f"<desc>A state machine with {what} {'state' if what == 1 else 'states'}, drawn from top to bottom.</desc>"
            f"{sheet}{ground}{''.join(self._block(block))}</svg>"
        )

    def _block(self, block: Block) -> Iterator[str]:
        yield f'<g class="block" data-pointer="{_pointer(block.pointer)}">'
        frame = self._frames.get(block.pointer)
        if frame:
            yield _frame(frame, block.title)
        # What was taken lies above what was not.
        for arrow in sorted(self._arrows.get(block.pointer, ()), key=self._is_painted):
            yield from self._arrow(arrow)
        for dot in self._dots.get(block.pointer, ()):
            yield _dot(dot)
        for node in block.nodes:
            yield from self._state(self._boxes[node.pointer])
            for inner in node.blocks:
                yield from self._block(inner)
        yield "</g>"

    def _is_painted(self, arrow: Arrow) -> bool:
        return any(p in self._paint and self._paint[p].kind not in ("unreached", "out") for p in arrow.pointers)

    def _state(self, box: Box) -> Iterator[str]:
        node, paint = box.node, self._paint.get(box.node.pointer, Paint(""))
        titles = [each.title for each in node.blocks] if box.stacked else []
        said = [node.name, node.type or "placeholder", *node.notes, *titles, paint.kind, paint.note]
        kinds = ["state", node.type or "placeholder", "around" if node.blocks else "", _class(paint.kind)]
        button = ""
        if self._interactive:
            label = ", ".join(word.replace("-", " ") if word == paint.kind else word for word in said if word)
            button = f' tabindex="0" role="button" aria-label="{_attribute(label)}"'
        yield f'<g class="{" ".join(filter(None, kinds))}" data-pointer="{_pointer(node.pointer)}"{button}>'
        yield f"<title>{_text(chr(10).join(filter(None, (node.name, ' · '.join(filter(None, said[1:])), paint.title))))}</title>"
        yield from _shapes(box)
        yield from _words(box)
        yield from _badge(box, paint)
        yield "</g>"

    def _arrow(self, arrow: Arrow) -> Iterator[str]:
        paint = _together([self._paint[p] for p in arrow.pointers if p in self._paint])
        kinds = ["edge", arrow.kind, _class(paint.kind)]
        pointers = " ".join(_pointer(p).replace(" ", "%0020") for p in arrow.pointers)
        yield f'<g class="{" ".join(filter(None, kinds))}" data-pointer="{pointers}">'
        said = [arrow.label.text if arrow.label else "", paint.note, paint.title]
        if any(said):
            yield f"<title>{_text(chr(10).join(filter(None, said)))}</title>"
        line, head = path(arrow.points, arrow.radius)
        yield f'<path d="{line}"/><path class="head" d="{head}"/>'
        if arrow.label:
            x, y, width, height = arrow.label.rect
            yield f'<g class="label"><rect {_place(x, y, width, height)} rx="3"/>'
            yield "<text>"
            for n, words in enumerate(arrow.label.lines):
                yield f'<tspan x="{_number(x + width / 2)}" y="{_number(y + 13 + 14 * n)}">{_text(words)}</tspan>'
            yield "</text></g>"
        yield "</g>"


def _grouped(things: Iterable[_Placed]) -> dict[str, list[_Placed]]:
    """By the block that they are in."""
    found: dict[str, list[_Placed]] = {}
    for each in things:
        found.setdefault(each.block, []).append(each)
    return found


def _shapes(box: Box) -> Iterator[str]:
    x, y, width, height = box.rect
    if box.stacked:
        for n in (2, 1):
            off = n * drawn.STACK
            yield f'<rect class="shape" {_place(x + off, y + off, width, height)} rx="6"/>'
    if box.node.type == "Choice":
        c = 10.0
        corners = [(x + c, y), (x + width - c, y), (x + width, y + c), (x + width, y + height - c)]
        corners += [(x + width - c, y + height), (x + c, y + height), (x, y + height - c), (x, y + c)]
        yield f'<polygon class="shape" points="{" ".join(f"{_number(a)},{_number(b)}" for a, b in corners)}"/>'
    else:
        round_ = {"Succeed": height / 2, "Fail": height / 2, "Pass": 12.0}.get(box.node.type, 5.0)
        yield f'<rect class="shape" {_place(x, y, width, height)} rx="{_number(round_)}"/>'


def _words(box: Box) -> Iterator[str]:
    x, y, _, height = box.header
    size, left = drawn.ICON, x + drawn.PAD
    above = y + (height - size) / 2
    sign = look.SIGNS.get(box.node.type, look.SIGNS[""])
    filled = ' class="filled"' if box.node.type in look.FILLED else ""
    yield f'<g class="sign" transform="translate({_number(left)} {_number(above)})">'
    yield f'<rect width="{_number(size)}" height="{_number(size)}" rx="5"/><path{filled} d="{sign}"/></g>'
    left += size + drawn.ICON_GAP
    base = y + drawn.ABOVE
    for line in box.lines:
        base += drawn.NAME_LINE
        yield f'<text class="name" x="{_number(left)}" y="{_number(base - 4)}">{_text(line)}</text>'
    for line in box.notes:
        base += drawn.NOTE_LINE
        yield f'<text class="note" x="{_number(left)}" y="{_number(base - 3)}">{_text(line)}</text>'
    if box.retry is not None:
        yield f'<path class="retry" transform="translate({_number(left - 2)} {_number(base)})" d="{look.RETRY}"/>'
        at = f'x="{_number(left + drawn.RETRY_ROOM)}" y="{_number(base + drawn.NOTE_LINE - 3)}"'
        yield f'<text class="note" {at}>{_text(box.retry)}</text>'


def _badge(box: Box, paint: Paint) -> Iterator[str]:
    mark = look.MARKS.get(_class(paint.kind))
    if not mark and not paint.note:
        return
    wide = (16 if mark else 4) + (lettering.width(paint.note, 11, bold=True) + 5 if paint.note else 0)
    x, y = box.rect.right - wide + 6, box.rect.y - 8
    yield f'<g class="badge" transform="translate({_number(x)} {_number(y)})">'
    yield f'<rect width="{_number(wide)}" height="16" rx="8"/>'
    if mark:
        yield f'<path d="{mark}"/>'
    if paint.note:
        yield f'<text x="{16 if mark else 5}" y="12">{_text(paint.note)}</text>'
    yield "</g>"


def _frame(frame: Frame, whole: str) -> str:
    if not frame.dashed:
        return ""
    x, y, width, height = frame.rect
    told = f"<title>{_text(whole)}</title>" if whole != frame.title else ""
    return (
        f'<rect class="frame" {_place(x, y, width, height)} rx="5">{told}</rect>'
        f'<text class="heading" x="{_number(x + drawn.PAD)}" y="{_number(y + 15)}">{_text(frame.title)}</text>'
    )


def _dot(dot: Dot) -> str:
    kind = "start" if dot.kind == START else "end"
    (x, y), radius = dot.middle, dot.radius - 1
    circle = f'<circle class="dot {kind}" cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}"/>'
    if kind == "end":
        circle += f'<circle class="dot" cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius / 2)}"/>'
    return circle


def _together(paints: Sequence[Paint]) -> Paint:
    """One paint for several edges that are one arrow."""
    if not paints:
        return Paint("")
    kinds = list(dict.fromkeys(each.kind for each in paints))
    if len(kinds) > 1 and set(kinds) <= _OF_COVERAGE:
        kinds = [kind for kind in kinds if kind != "out"]
        kinds = kinds if len(kinds) == 1 else ["some"]
    kinds.sort(key=lambda kind: kind in ("", "unreached"))
    notes = dict.fromkeys(each.note for each in paints if each.note)
    titles = dict.fromkeys(each.title for each in paints if each.title)
    return Paint(kinds[0], ", ".join(notes), "\n".join(titles))


def path(points: Sequence[Point], radius: float) -> tuple[str, str]:
    """The path of an arrow's line with rounded corners, and that of its head.

    The line is drawn from its end: the dashes of lines that go the last part of their ways together fall together.
    """
    *_, (from_x, from_y), (x, y) = points
    length = max(1e-9, ((x - from_x) ** 2 + (y - from_y) ** 2) ** 0.5)
    along = ((x - from_x) / length, (y - from_y) / length)
    base = (x - along[0] * _HEAD, y - along[1] * _HEAD)
    wide = (-along[1] * _HALF_HEAD, along[0] * _HALF_HEAD)
    line = list(points[:-1])
    if length > _HEAD:
        line.append((base[0] + along[0], base[1] + along[1]))
    corners = [(x, y), (base[0] + wide[0], base[1] + wide[1]), (base[0] - wide[0], base[1] - wide[1])]
    head = "M" + "L".join(f"{_number(a)} {_number(b)}" for a, b in corners) + "Z"
    return _rounded(line[::-1], radius), head


def _rounded(points: Sequence[Point], radius: float) -> str:
    parts = [f"M{_pair(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        most = min(radius, _far(before, corner) / 2, _far(corner, after) / 2)
        parts.append(f"L{_pair(_toward(corner, before, most))}Q{_pair(corner)} {_pair(_toward(corner, after, most))}")
    if len(points) > 1:
        parts.append(f"L{_pair(points[-1])}")
    return "".join(parts)


def _far(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def _toward(start: Point, end: Point, far: float) -> Point:
    part = far / max(1e-9, _far(start, end))
    return (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _place(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _class(kind: str) -> str:
    return kind.replace(" ", "-")


def _text(text: str) -> str:
    """As the content of an element: what XML cannot hold becomes a blank."""
    return escape(_NOT_IN_XML.sub(" ", text), quote=False)


def _pointer(pointer: str) -> str:
    """A JSON pointer as an attribute; what XML or a parser of HTML would not give back is `%` and four hex digits."""
    return escape(_NOT_GIVEN_BACK.sub(lambda found: f"%{ord(found[0]):04x}", pointer))


def _attribute(text: str) -> str:
    return escape(_NOT_IN_XML.sub(" ", text))


__all__ = ["Paint", "graph_css", "path", "svg"]
