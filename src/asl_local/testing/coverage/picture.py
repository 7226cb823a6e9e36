"""A machine's graph, painted by its coverage: the definition and its marks -> one SVG.

Knows: which states a machine has, where they lead, and what of that was covered. Must never know: how nodes find their
places (layers.py). Colour never stands alone: what is missed is dashed, and each state says how many of its goals it met.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from asl_local.definition.json_text import escape as escape_step
from asl_local.reporters.graph.layers import Placed, Point, Size, place
from asl_local.testing.coverage.goals import Goal, Tree, inner_blocks, is_left_out, states_of
from asl_local.testing.coverage.measured import MachineCoverage

_START, _END = "\0start", "\0end"  # no state is called so
_DOT = Size(14, 14)
_CHARACTER = 7.3  # the mean width of one, at 13 px
_LONGEST_NAME = 32
_INSET = 14.0
_BENT = 8.0  # the radius of corners


@dataclass
class _Drawn:
    """A block or a state that has been drawn: its size, and its SVG with the left upper corner at 0, 0."""

    size: Size
    svg: str


@dataclass
class _Edge:
    """From one state to another: what leads there, each with whether it was covered; None for what is no goal."""

    labels: list[str] = field(default_factory=list)
    covered: list[bool | None] = field(default_factory=list)

    @property
    def status(self) -> str:
        """`all`, `some` or `none` of it was covered; `out` where it is left out."""
        return status([each for each in self.covered if each is not None])


def svg(measured: MachineCoverage) -> str:
    """The picture, an `<svg>` element with classes `all`, `some`, `none` and `out` for the page to colour."""
    picture = _Picture(measured)
    drawn = picture.block(measured.definition, "", left_out=is_left_out(measured.definition))
    width, height = drawn.size.width + 2 * _INSET, drawn.size.height + 2 * _INSET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-_INSET} {-_INSET} {width:.0f} {height:.0f}">'
        f"<title>{escape(measured.name)}, painted by its coverage</title>{drawn.svg}</svg>"
    )


def status(covered: list[bool]) -> str:
    """`all`, `some` or `none` of it was covered; `out` where there is nothing to cover."""
    if not covered:
        return "out"
    return "all" if all(covered) else "some" if any(covered) else "none"


class _Picture:
    def __init__(self, measured: MachineCoverage) -> None:
        self._marks = measured.marks
        self._goals: dict[str, list[Goal]] = {}
        for goal in measured.goals:
            self._goals.setdefault(goal.mark[0], []).append(goal)

    def block(self, block: Tree, pointer: str, *, left_out: bool) -> _Drawn:
        """A `States` object: its states in layers, and the edges between them."""
        states = states_of(block)
        drawn = {
            name: self._state(name, state, f"{pointer}/States/{escape_step(name)}", left_out=left_out)
            for name, state in states.items()
        }
        edges = self._edges(block, pointer)
        sizes = {_START: _DOT, **{name: each.size for name, each in drawn.items()}}
        if any(target == _END for _, target in edges):
            sizes[_END] = _DOT
        placed = place(sizes, [edge for edge in edges if edge[1] in sizes], _START)
        parts = [_arrow(placed.ways[edge], edges[edge], back=edge in placed.back) for edge in placed.ways]
        for name, (x, y) in placed.corners.items():
            if name in drawn:
                parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{drawn[name].svg}</g>')
            else:
                kind = "start" if name == _START else "end"
                parts.append(f'<circle class="{kind}" cx="{x + 7:.1f}" cy="{y + 7:.1f}" r="6"/>')
        parts += [_labels(placed, edge, edges[edge]) for edge in placed.ways]
        return _Drawn(Size(placed.width, placed.height), "".join(parts))

    def _edges(self, block: Tree, pointer: str) -> dict[tuple[str, str], _Edge]:
        edges: dict[tuple[str, str], _Edge] = {(_START, str(block["StartAt"])): _Edge([""], [])}
        for name, state in states_of(block).items():
            at = f"{pointer}/States/{escape_step(name)}"
            wanted = {goal.mark for goal in self._goals.get(at, ())}
            for target, label, what, number in _ways(state):
                edge = edges.setdefault((name, target), _Edge())
                mark = (at, what, number)
                edge.labels.append(label)
                edge.covered.append(mark in self._marks if mark in wanted else None)
        return edges

    def _state(self, name: str, state: Tree, pointer: str, *, left_out: bool) -> _Drawn:
        left_out = left_out or is_left_out(state)
        goals = self._goals.get(pointer, [])
        met = [goal.mark in self._marks for goal in goals]
        shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        note = f"{state['Type']}, {sum(met)} of {len(met)}" if met else f"{state['Type']}, no goals"
        missing = "".join(f"\n{goal.missing}" for goal in goals if goal.mark not in self._marks)
        inner = [
            self.block(each, f"{pointer}/{where}", left_out=left_out or is_left_out(each))
            for where, each in inner_blocks(state)
        ]
        width = max(96.0, 24 + _CHARACTER * max(len(shown), len(note) * 0.85))
        height = 44.0
        parts = []
        if inner:
            x, below = _INSET, height
            for each in inner:
                box = Size(each.size.width + 2 * _INSET, each.size.height + 2 * _INSET)
                parts.append(
                    f'<rect class="branch" x="{x:.1f}" y="{below:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
                    f'rx="4"/><g transform="translate({x + _INSET:.1f} {below + _INSET:.1f})">{each.svg}</g>'
                )
                x += box.width + _INSET
                height = max(height, below + box.height + _INSET)
            width = max(width, x)
        shape = "18" if state["Type"] in ("Succeed", "Fail") else "5"
        return _Drawn(
            Size(width, height),
            f'<g class="state {status(met)}"><title>{escape(name + missing)}</title>'
            f'<rect width="{width:.1f}" height="{height:.1f}" rx="{shape}"/>'
            f'<text x="{width / 2:.1f}" y="18">{escape(shown)}</text>'
            f'<text class="note" x="{width / 2:.1f}" y="35">{escape(note)}</text></g>{"".join(parts)}',
        )


def _ways(state: Tree) -> Iterator[tuple[str, str, str, int]]:
    """Where a state leads: the target, a label, and the mark of going there."""
    if state["Type"] == "Choice":
        rules = state.get("Choices")
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            yield rule["Next"], f"[{number}]", "true", number
        if "Default" in state:
            yield state["Default"], "Default", "left", 0
    elif state["Type"] not in ("Succeed", "Fail"):
        yield state.get("Next", _END), "", "left", 0
    catchers = state.get("Catch")
    for number, catcher in enumerate(catchers if isinstance(catchers, list) else ()):
        yield catcher["Next"], f"Catch[{number}]", "caught", number


def _arrow(points: list[Point], edge: _Edge, *, back: bool) -> str:
    path = _bent(points) if back else _curved(points)
    caught = " catch" if edge.labels and all(label.startswith("Catch") for label in edge.labels) else ""
    (x, y) = points[-1]
    head = [(x + 8, y - 4), (x + 8, y + 4)] if back else [(x - 4, y - 8), (x + 4, y - 8)]
    corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in [(x, y), *head])
    return f'<g class="edge {edge.status}{caught}"><path d="{path}"/><polygon points="{corners}"/></g>'


def _curved(points: list[Point]) -> str:
    """Down from point to point."""
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        if to_y == y:
            continue
        bend = (to_y - y) / 2
        path.append(f"C{x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(path)


def _bent(points: list[Point]) -> str:
    """To the right, up or down, and back to the left."""
    (x, y), (side, _), (_, to_y), (to_x, _) = points
    turn = _BENT if to_y > y else -_BENT
    return (
        f"M{x:.1f} {y:.1f}H{side - _BENT:.1f}Q{side:.1f} {y:.1f} {side:.1f} {y + turn:.1f}"
        f"V{to_y - turn:.1f}Q{side:.1f} {to_y:.1f} {side - _BENT:.1f} {to_y:.1f}H{to_x:.1f}"
    )


def _labels(placed: Placed, edge: tuple[str, str], drawn: _Edge) -> str:
    labels = [label for label in drawn.labels if label]
    if not labels:
        return ""
    points = placed.ways[edge]
    if edge in placed.back:
        x, y, anchor = points[1][0] - 4, points[1][1] - 5, "end"
    else:
        (x, y), (to_x, to_y) = points[1], points[2]  # between the source's layer and the next
        x, y, anchor = x + (to_x - x) * 0.5, y + (to_y - y) * 0.5 + 4, "middle"
    text = escape(" ".join(labels))
    return f'<text class="label" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


__all__ = ["status", "svg"]
