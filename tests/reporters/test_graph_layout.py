"""Where things stand in a drawing: nothing overlaps, no edge runs through what it does not enter, all is in the picture.

What is looked at is what is drawn: the arrows' paths are sampled, with their rounded corners.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.reporters.graph.drawing import Arrow, Box, Drawing, Label, Rect, draw
from asl_local.reporters.graph.outline import END, START, Block, Edge, Node, outline
from asl_local.reporters.graph.svg import path

Point = tuple[float, float]
NEAR = 0.5  # pixels: what touches does not overlap


# -- the checker -------------------------------------------------------------------------------------------------------


def faults(drawing: Drawing) -> list[str]:
    """What is wrong with a drawing, in words."""
    return [
        *overlapping_boxes(drawing), *edges_through(drawing), *labels_over(drawing), *outside(drawing),
        *loose_ends(drawing),
    ]  # fmt: skip


def overlapping_boxes(drawing: Drawing) -> Iterator[str]:
    for a, b in combinations(drawing.boxes, 2):
        if holds(a, b.block):
            if not within(b.outer, a.rect):
                yield f"{b.node.name!r} is not inside of {a.node.name!r}"
        elif not holds(b, a.block) and overlap(a.outer, b.outer):
            yield f"{a.node.name!r} and {b.node.name!r} overlap"
    for frame in drawing.frames:
        (state,) = (box for box in drawing.boxes if box.node.pointer == frame.state)
        if not within(frame.rect, state.rect) or frame.rect.y < state.header.bottom - NEAR:
            yield f"the frame {frame.pointer} is not below the head of {frame.state}"
        for box in drawing.boxes:
            if box.block == frame.pointer and not within(box.outer, frame.rect):
                yield f"{box.node.name!r} is not inside of its frame"
            foreign = not inside(frame.pointer, box.block) and not holds(box, frame.pointer)
            if foreign and overlap(frame.rect, box.outer):
                yield f"{box.node.name!r} and the frame {frame.pointer} overlap"
    for a, b in combinations(drawing.frames, 2):
        if not inside(a.pointer, b.pointer) and not inside(b.pointer, a.pointer) and overlap(a.rect, b.rect):
            yield f"the frames {a.pointer} and {b.pointer} overlap"
    for dot in drawing.dots:
        for box in drawing.boxes:
            if not holds(box, dot.block) and overlap(dot.rect, box.outer):
                yield f"a dot of {dot.block!r} is on {box.node.name!r}"


def edges_through(drawing: Drawing) -> Iterator[str]:
    for arrow in drawing.arrows:
        line = sampled(arrow)
        for box in drawing.boxes:
            if not holds(box, arrow.block) and runs_through(line, box.rect):
                yield f"{told(arrow)} runs through {box.node.name!r}"
        for frame in drawing.frames:
            if not inside(frame.pointer, arrow.block) and runs_through(line, frame.rect):
                yield f"{told(arrow)} runs through the frame {frame.pointer}"
            elif frame.pointer == arrow.block and not all(within(Rect(*p, 0, 0), frame.rect) for p in line):
                yield f"{told(arrow)} leaves its frame"


def labels_over(drawing: Drawing) -> Iterator[str]:
    labelled = [(arrow, arrow.label) for arrow in drawing.arrows if arrow.label]
    for arrow, label in labelled:
        for box in drawing.boxes:
            if holds(box, arrow.block):
                if not within(label.rect, box.rect):
                    yield f"the label of {told(arrow)} leaves {box.node.name!r}"
            elif overlap(label.rect, box.outer):
                yield f"the label of {told(arrow)} is on {box.node.name!r}"
        for other in drawing.arrows:
            if other is not arrow and other.block == arrow.block and runs_through(sampled(other), label.rect):
                yield f"{told(other)} runs through the label of {told(arrow)}"
    for (one, a), (other, b) in combinations(labelled, 2):
        if overlap(a.rect, b.rect):
            yield f"the labels of {told(one)} and {told(other)} overlap"


def outside(drawing: Drawing) -> Iterator[str]:
    canvas = Rect(0, 0, drawing.width, drawing.height)
    rects = [box.outer for box in drawing.boxes] + [frame.rect for frame in drawing.frames]
    rects += [dot.rect for dot in drawing.dots] + [arrow.label.rect for arrow in drawing.arrows if arrow.label]
    rects += [Rect(*point, 0, 0) for arrow in drawing.arrows for point in sampled(arrow)]
    yield from (f"{rect} is outside of the canvas" for rect in rects if not within(rect, canvas))


def loose_ends(drawing: Drawing) -> Iterator[str]:
    for arrow in drawing.arrows:
        edge = arrow.edges[0]
        for name, point, what in ((edge.source, arrow.points[0], "begin"), (edge.target, arrow.points[-1], "end")):
            if not on_border(point, place_of(drawing, arrow.block, name)):
                yield f"{told(arrow)} does not {what} at {name!r}"


def crossings(drawing: Drawing) -> list[tuple[str, str]]:
    """Pairs of arrows of a block that cross; those that touch or run together do not."""
    return [
        (told(a), told(b))
        for a, b in combinations(drawing.arrows, 2)
        if a.block == b.block
        for one in pairwise(a.points)
        for other in pairwise(b.points)
        if cross(one, other)
    ]


def cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = one, other

    def side(p: Point, q: Point, r: Point) -> int:
        area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        return (area > NEAR) - (area < -NEAR)

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def holds(box: Box, block: str) -> bool:
    """Whether the block is in the box."""
    return block.startswith(f"{box.node.pointer}/") and bool(box.node.blocks)


def inside(outer: str, block: str) -> bool:
    return block == outer or block.startswith(f"{outer}/")


def overlap(a: Rect, b: Rect) -> bool:
    return a.x < b.right - NEAR and b.x < a.right - NEAR and a.y < b.bottom - NEAR and b.y < a.bottom - NEAR


def within(a: Rect, b: Rect) -> bool:
    return a.x >= b.x - NEAR and a.right <= b.right + NEAR and a.y >= b.y - NEAR and a.bottom <= b.bottom + NEAR


def on_border(point: Point, rect: Rect) -> bool:
    inner = Rect(rect.x + NEAR, rect.y + NEAR, rect.width - 2 * NEAR, rect.height - 2 * NEAR)
    return within(Rect(*point, 0, 0), rect) and not overlap(Rect(point[0] - NEAR, point[1] - NEAR, 1, 1), inner)


def place_of(drawing: Drawing, block: str, name: str) -> Rect:
    if name in (START, END):
        return next(dot.rect for dot in drawing.dots if dot.kind == name and dot.block == block)
    # Arrows begin below the outlines of a stack, and end above the box itself.
    return next(box.outer for box in drawing.boxes if box.block == block and box.node.name == name)


def told(arrow: Arrow) -> str:
    edge = arrow.edges[0]
    return f"{edge.source!r} -> {edge.target!r} ({arrow.kind})"


def sampled(arrow: Arrow) -> list[Point]:
    """Points along the path that is drawn, near enough to each other for a straight line in between."""
    found: list[Point] = []
    for command, numbers in re.findall(r"([MLQ])([^MLQZ]*)", path(arrow.points, arrow.radius)[0]):
        values = [float(number) for number in numbers.split()]
        if command == "Q":
            (ax, ay), (bx, by, cx, cy) = found[-1], values
            for t in (0.25, 0.5, 0.75, 1.0):
                u = 1 - t
                found.append((u * u * ax + 2 * u * t * bx + t * t * cx, u * u * ay + 2 * u * t * by + t * t * cy))
        else:
            found.append((values[0], values[1]))
    return [arrow.points[-1], *found]  # the line begins at the arrow's head


def runs_through(line: list[Point], rect: Rect) -> bool:
    inner = (rect.x + NEAR, rect.y + NEAR, rect.right - NEAR, rect.bottom - NEAR)
    return any(meets(a, b, inner) for a, b in pairwise(line))


def meets(a: Point, b: Point, rect: tuple[float, float, float, float]) -> bool:
    """Whether a straight line has a piece in a rectangle: the piece is cut at each of its sides."""
    low, high = 0.0, 1.0
    for start, way, least, most in (
        (a[0], b[0] - a[0], rect[0], rect[2]), (a[1], b[1] - a[1], rect[1], rect[3]),
    ):  # fmt: skip
        if way == 0:
            if not least < start < most:
                return False
            continue
        first, last = sorted(((least - start) / way, (most - start) / way))
        low, high = max(low, first), min(high, last)
    return low < high


# -- machines ----------------------------------------------------------------------------------------------------------


def pass_(**fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", **fields}


def machine(*edges: tuple[str, str]) -> Block:
    """A block of edges, in this order; what leads nowhere ends."""
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    sources = {source for source, _ in edges}
    nodes = tuple(Node(name, f"/States/{name}", "Pass") for name in names)
    found = [Edge(START, names[0], "start", "", "/StartAt")]
    found += [Edge(a, b, "choice", "", f"/States/{a}/Choices/{n}") for n, (a, b) in enumerate(edges)]
    found += [Edge(name, END, "end", "", f"/States/{name}/End") for name in names if name not in sources]
    return Block("", "", nodes, tuple(found))


LABELS = st.sampled_from(["", "", "otherwise", "$.a is present", "a condition that takes more than one line to say"])
KINDS = st.sampled_from(["choice", "choice", "next", "catch", "default"])


@st.composite
def blocks(draw: st.DrawFn, pointer: str = "", depth: int = 0, most: int = 7) -> Block:
    """Any graph: loops, states that lead to themselves, ones that nothing leads to, placeholders, blocks in blocks."""
    count = draw(st.integers(1, most))
    names = [f"State {n}" + "x" * draw(st.sampled_from([0, 0, 5, 40])) for n in range(count)]
    nodes = []
    for name in names:
        at = f"{pointer}/States/{name}"
        kind = draw(st.sampled_from(["Task", "Pass", "Choice", "", *(["Map", "Parallel"] if depth < 2 else [])]))
        inner: tuple[Block, ...] = ()
        if kind in ("Map", "Parallel"):
            number = 1 if kind == "Map" else draw(st.integers(1, 2))
            inner = tuple(draw(blocks(f"{at}/Branches/{n}", depth + 1, 2)) for n in range(number))
        notes = draw(st.sampled_from([(), ("Lambda f",), ("Lambda f", "↻ up to 3, 1 s × 2", "at most 5 s")]))
        nodes.append(Node(name, at, kind, notes, inner))
    ends = st.sampled_from([*names, END])
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), ends, KINDS, LABELS), max_size=2 * count + 2))
    edges = [Edge(START, names[0], "start", "", f"{pointer}/StartAt")]
    edges += [Edge(a, b, kind, label, f"{pointer}/{n}") for n, (a, b, kind, label) in enumerate(pairs)]
    return Block(pointer, draw(st.sampled_from(["", "branch 1", "for each of $.items, as long as this"])),
                 tuple(nodes), tuple(edges))  # fmt: skip


@st.composite
def nested_choices(draw: st.DrawFn) -> Block:
    """What parts and joins in pairs of brackets: one after the other, or side by side."""
    edges: list[tuple[str, str]] = []
    count = [0]

    def new() -> str:
        count[0] += 1
        return f"S{count[0]}"

    def fill(start: str, end: str, size: int) -> None:
        if size <= 0:
            edges.append((start, end))
        elif draw(st.booleans()):
            middle = new()
            part = draw(st.integers(0, size - 1))
            fill(start, middle, part)
            fill(middle, end, size - 1 - part)
        else:
            part = draw(st.integers(0, size - 1))
            fill(start, end, part)
            fill(start, end, size - 1 - part)

    fill("first", "last", draw(st.integers(0, 14)))
    return machine(*dict.fromkeys(edges))


@st.composite
def trees(draw: st.DrawFn) -> Block:
    parents = draw(st.lists(st.integers(0, 60), min_size=1, max_size=25))
    return machine(*((f"S{parent % (n + 1)}", f"S{n + 1}") for n, parent in enumerate(parents)))


# -- tests -------------------------------------------------------------------------------------------------------------


class TestAnyGraph:
    @given(blocks())
    def test_nothing_overlaps_no_edge_runs_through_anything_and_it_is_the_same_every_time(self, block: Block) -> None:
        drawing = draw(block)
        assert faults(drawing) == []
        assert draw(block) == drawing

    @given(trees())
    def test_a_tree_has_no_crossing(self, block: Block) -> None:
        assert crossings(draw(block)) == []

    @given(nested_choices())
    def test_what_parts_and_joins_in_brackets_has_no_crossing(self, block: Block) -> None:
        assert crossings(draw(block)) == []


def test_every_definition_of_the_corpus(shared: Path) -> None:
    found = 0
    for file in sorted((shared / "definitions-corpus" / "defs").glob("*/*.json")):
        try:
            block = outline(json.loads(file.read_text("utf-8")))
        except Exception:
            continue
        found += 1
        assert faults(draw(block)) == [], file.name
    assert found > 400


class TestChecker:
    """A bad drawing is told: each of its faults is planted into a good one."""

    DEFINITION: ClassVar[dict[str, Any]] = {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "B"}],
                "Default": "C",
            },
            "B": {
                "Type": "Map",
                "ItemProcessor": {"StartAt": "I", "States": {"I": pass_(End=True)}},
                "Next": "C",
            },
            "C": {"Type": "Succeed"},
        },
    }

    @pytest.fixture
    def drawing(self) -> Drawing:
        drawing = draw(outline(self.DEFINITION))
        assert faults(drawing) == []
        return drawing

    def box(self, drawing: Drawing, name: str) -> int:
        return next(n for n, box in enumerate(drawing.boxes) if box.node.name == name)

    def test_boxes_that_overlap(self, drawing: Drawing) -> None:
        n, m = self.box(drawing, "A"), self.box(drawing, "C")
        drawing.boxes[m] = replace(drawing.boxes[m], rect=drawing.boxes[n].rect.moved(5, 5))
        assert "'A' and 'C' overlap" in faults(drawing)

    def test_a_box_that_leaves_its_frame(self, drawing: Drawing) -> None:
        n = self.box(drawing, "I")
        drawing.boxes[n] = replace(drawing.boxes[n], rect=drawing.boxes[n].rect.moved(-60, 0))
        assert "'I' is not inside of its frame" in faults(drawing)

    def test_an_edge_through_a_box_and_its_frame(self, drawing: Drawing) -> None:
        n = next(n for n, arrow in enumerate(drawing.arrows) if arrow.kind == "default")
        arrow, middle = drawing.arrows[n], drawing.boxes[self.box(drawing, "I")].rect.middle
        drawing.arrows[n] = replace(arrow, points=(arrow.points[0], middle, arrow.points[-1]))
        assert [each for each in faults(drawing) if "runs through" in each][:3] == [
            "'A' -> 'C' (default) runs through 'B'", "'A' -> 'C' (default) runs through 'I'",
            "'A' -> 'C' (default) runs through the frame /States/B/ItemProcessor",
        ]  # fmt: skip

    def test_an_edge_that_cuts_a_corner(self, drawing: Drawing) -> None:
        box = drawing.boxes[self.box(drawing, "A")].rect
        arrow = replace(drawing.arrows[0], points=((box.right + 9, box.y - 9), (box.x, box.bottom)))
        drawing.arrows[0] = arrow
        assert any("runs through 'A'" in each for each in faults(drawing))

    def test_labels_on_boxes_and_on_each_other(self, drawing: Drawing) -> None:
        (n, a), (m, _) = [(n, arrow) for n, arrow in enumerate(drawing.arrows) if arrow.label]
        label = Label(drawing.boxes[self.box(drawing, "C")].rect, ("x",), "x")
        drawing.arrows[n] = replace(a, label=label)
        assert "the label of 'A' -> 'B' (choice) is on 'C'" in faults(drawing)
        drawing.arrows[m] = replace(drawing.arrows[m], label=label)
        assert "the labels of 'A' -> 'B' (choice) and 'A' -> 'C' (default) overlap" in faults(drawing)

    def test_a_loose_end_and_one_outside_of_the_canvas(self, drawing: Drawing) -> None:
        arrow = drawing.arrows[0]
        drawing.arrows[0] = replace(arrow, points=((-50.0, -50.0), arrow.points[-1]))
        assert any("does not begin" in each for each in faults(drawing))
        assert any("outside" in each for each in faults(drawing))

    def test_a_crossing(self, drawing: Drawing) -> None:
        a, b = drawing.arrows[:2]
        drawing.arrows[0] = replace(a, points=((0.0, 0.0), (9.0, 9.0)))
        drawing.arrows[1] = replace(b, points=((0.0, 9.0), (9.0, 0.0)))
        assert (told(a), told(b)) in crossings(drawing)


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", **fields}


def rule(target: str, value: int = 1) -> dict[str, Any]:
    return {"Variable": "$.n", "NumericEquals": value, "Next": target}


def drawn(**states: dict[str, Any]) -> Drawing:
    return draw(outline({"StartAt": next(iter(states)), "States": states}))


def box(drawing: Drawing, name: str) -> Rect:
    return next(each.rect for each in drawing.boxes if each.node.name == name)


def arrow(drawing: Drawing, source: str, target: str) -> Arrow:
    return next(each for each in drawing.arrows if (each.edges[0].source, each.edges[0].target) == (source, target))


class TestTaste:
    """What a reader expects of a picture."""

    def test_rules_stand_from_left_to_right_and_the_way_that_goes_on_is_straight(self) -> None:
        drawing = drawn(
            A={"Type": "Choice", "Choices": [rule("B"), rule("C", 2), rule("D", 3)], "Default": "E"},
            B={"Type": "Pass", "End": True}, C={"Type": "Pass", "Next": "F"}, D={"Type": "Pass", "End": True},
            E={"Type": "Fail"}, F={"Type": "Succeed"},
        )  # fmt: skip
        assert [box(drawing, name).x for name in "BCDE"] == sorted(box(drawing, name).x for name in "BCDE")
        assert len({box(drawing, name).middle[0] for name in "ACF"}) == 1
        assert len({x for x, _ in arrow(drawing, "A", "C").points}) == 1

    def test_an_error_that_is_caught_leads_to_the_right(self) -> None:
        catch = [{"ErrorEquals": ["States.ALL"], "Next": "H"}]
        drawing = drawn(A=task(Catch=catch, Next="B"), B=task(Catch=catch, Next="C"), C={"Type": "Succeed"},
                        H={"Type": "Fail"})  # fmt: skip
        assert len({box(drawing, name).middle[0] for name in "ABC"}) == 1
        assert box(drawing, "H").x > box(drawing, "C").right
        assert crossings(drawing) == []

    def test_a_loop_runs_beside_its_states_in_one_straight_lane(self) -> None:
        drawing = drawn(
            Wait={"Type": "Wait", "Seconds": 5, "Next": "Ask"}, Ask=task(Next="Done?"),
            **{"Done?": {"Type": "Choice", "Choices": [rule("Yes")], "Default": "Wait"}, "Yes": {"Type": "Succeed"}},
        )  # fmt: skip
        (start, up, side, end) = arrow(drawing, "Done?", "Wait").points
        assert start[0] == box(drawing, "Done?").right
        assert up[0] == side[0] > box(drawing, "Ask").right
        assert end[0] == box(drawing, "Wait").right
        assert crossings(drawing) == []

    def test_a_way_around_a_state_whose_errors_are_caught_does_not_cross_them(self) -> None:
        catch = [{"ErrorEquals": ["States.ALL"], "Next": "H"}]
        drawing = drawn(A={"Type": "Choice", "Choices": [rule("B")], "Default": "C"}, B=task(Catch=catch, Next="C"),
                        C={"Type": "Succeed"}, H={"Type": "Fail"})  # fmt: skip
        assert crossings(drawing) == []

    def test_errors_that_many_states_catch_run_together(self) -> None:
        catch = [{"ErrorEquals": ["States.ALL"], "Next": "H"}]
        states = {f"S{n}": task(Catch=catch, Next=f"S{n + 1}") for n in range(12)}
        drawing = drawn(**states, S12={"Type": "Succeed"}, H={"Type": "Fail"})
        assert len({each.points[-2][0] for each in drawing.arrows if each.kind == "catch"}) == 1
        assert crossings(drawing) == []
        assert drawing.width < 3 * box(drawing, "S0").width

    def test_branches_stand_side_by_side_and_are_equally_tall(self) -> None:
        branches = [{"StartAt": "X", "States": {"X": pass_(End=True)}},
                    {"StartAt": "Y", "States": {"Y": pass_(Next="Z"), "Z": pass_(End=True)}}]  # fmt: skip
        left, right = drawn(P={"Type": "Parallel", "Branches": branches, "End": True}).frames
        assert left.rect.right < right.rect.x
        assert (left.rect.y, left.rect.height) == (right.rect.y, right.rect.height)
        assert (left.title, right.title) == ("branch 0", "branch 1")

    def test_the_arrow_to_a_map_goes_on_inside_of_it(self) -> None:
        inner = {"StartAt": "X", "States": {
            "X": {"Type": "Choice", "Choices": [rule("Y")], "Default": "Z"},
            "Y": pass_(Next="V"), "V": pass_(End=True), "Z": {"Type": "Fail"}}}  # fmt: skip
        drawing = drawn(M={"Type": "Map", "ItemProcessor": inner, "End": True})
        assert arrow(drawing, START, "M").points[-1][0] == box(drawing, "V").middle[0]

    def test_a_name_of_wide_characters_has_a_wide_box(self) -> None:
        drawing = drawn(顔を検出する顔を検出する=pass_(Next="abcdefghijkl"), abcdefghijkl=pass_(End=True))
        assert box(drawing, "顔を検出する顔を検出する").width > box(drawing, "abcdefghijkl").width + 40
