"""The picture of a tree: run, moment, width and height -> lines of text, the most important ones where not all fit.

Knows: which row belongs below which, and what may be left out. Must never know: terminals, threads, or what time it is.
What runs and what failed comes first, then what was done last. Rows are looked for in the order of their importance and
no more of them than the height has, so that a Map of 10,000 iterations costs no more than the lines that are shown.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, TypeAlias

from asl_local.lazy import dataclass, field
from asl_local.reporters.live import words
from asl_local.reporters.live.tree import Item, Tree
from asl_local.reporters.live.words import Piece
from asl_local.reporters.timeline import one_line
from asl_local.reporters.visits.model import ABORTED, FAILED, RUNNING, TIMED_OUT, Visit

if TYPE_CHECKING:
    from rich.text import Text

_LIVE, _FAILED_ONCE, _DONE, _DONE_INSIDE, _DONE_ITEMS = range(5)
"""How important a row is; the number of its place among its likes comes next, so that what runs and what failed take
turns."""

_BAD = (FAILED, TIMED_OUT, ABORTED)
_GUIDES = ("│  ", "├─ ", "   ", "└─ "), ("|  ", "|- ", "   ", "`- ")
_BEHIND = 1 << 40  # added to the places of rows that stand behind others: what runs behind what failed
_TAIL = 5  # lines of what happened last
_ROOM = 8  # lines that the tree has at least before any of them is shown

_Ranked: TypeAlias = "tuple[int, _Node]"


@dataclass(slots=True, eq=False)
class _Node:
    """A row: of an execution, a visit, a branch or iteration (whose last state's row it is, too), or a Map Run's item."""

    tree: Tree
    visit: Visit | None = None
    slot: int | None = None
    item: Item | None = None
    parent: Visit | None = None  # the Parallel or Map that a slot or item is in
    place: int = 0  # among its siblings, for the order of rows
    below: list[_Node] = field(default_factory=list)  # what was chosen to be shown: what is inside of its state
    earlier: list[_Node] = field(default_factory=list)  # and the states before that in its line


def picture(
    trees: Sequence[Tree], now: float, width: int, height: int, *, tail: Sequence[tuple[str, str]] = (),
    plain: bool = False,
) -> list[Text]:  # fmt: skip
    """At most `height` lines of at most `width` columns that show the executions at the moment `now` (epoch seconds).

    `tail` are lines of what happened last, each with a style, shown below where there is room. `plain` does without
    characters that ASCII lacks.
    """
    room = max(1, height)
    last = list(tail[-_TAIL:]) if height > _ROOM + _TAIL else []
    if last:
        room -= len(last) + 1
    drawing = _Drawing(now, width, plain)
    lines = drawing.rows(_fitting([_Node(tree, place=number) for number, tree in enumerate(trees)], room))[:room]
    if last:
        lines += [drawing.line([]), *(drawing.line([(one_line(said), style)]) for said, style in last)]
    return lines


# -- which rows --------------------------------------------------------------------------------------------------------


def _fitting(roots: list[_Node], room: int) -> list[_Node]:
    """The roots, with as much below them as the room allows."""
    found = _best(roots, room)
    for chosen in range(len(found), 0, -1):
        _attach(found[:chosen])
        shown = [node for node, _ in found[:chosen] if node in roots]
        if sum(_height(node) for node in shown) <= room:
            break
    return [node for node, _ in found[:chosen] if node in roots] if found else []


_Above: TypeAlias = "tuple[_Node, bool] | None"
"""The row that another one belongs below, and whether as an earlier state of its line."""


def _best(roots: list[_Node], most: int) -> list[tuple[_Node, _Above]]:
    """The most important rows, none before the one that it belongs below."""
    numbers = count()
    heap: list[tuple[int, int, int, int, _Node, _Above, Iterator[_Ranked]]] = []

    def push(rows: Iterator[_Ranked], at: int, depth: int, above: _Above) -> None:
        for rank, node in islice(rows, 1):
            heapq.heappush(heap, (rank, at, depth, next(numbers), node, above, rows))

    push(iter([(_LIVE, root) for root in roots]), 0, 0, None)
    found: list[tuple[_Node, _Above]] = []
    while heap and len(found) < most:
        _, at, depth, _, node, above, rows = heapq.heappop(heap)
        found.append((node, above))
        push(rows, at + 1, depth, above)
        for inner in _inside(node, most):
            push(inner, 0, depth + 1, (node, False))
        push(_before(node), 0, depth + 1, (node, True))
    return found


def _attach(found: Sequence[tuple[_Node, _Above]]) -> None:
    for node, _ in found:
        node.below, node.earlier = [], []
    for node, above in found:
        if above is not None:
            (above[0].earlier if above[1] else above[0].below).append(node)


def _inside(node: _Node, most: int) -> Iterator[Iterator[_Ranked]]:
    """The rows that could stand below a row, in streams, each by importance."""
    if node.item is not None:
        return
    tree, visit = node.tree, node.visit
    if visit is None:
        line = tree.line()
        if line:
            yield iter([(_LIVE, _Node(tree, line[-1], place=len(line)))])
        yield _executions(tree, None)
        return
    over = visit.outcome not in (RUNNING, *_BAD)
    if visit.type == "Parallel":
        yield from _branches(tree, visit, over)
    elif visit.type == "Map":
        parts = tree.parts(visit)
        if parts is not None and parts.items is not None:
            yield _items(tree, visit, [each for each in parts.items if each.outcome in _BAD])
            yield _items(tree, visit, [each for each in parts.items if each.outcome == RUNNING])
            return
        bad = _FAILED_ONCE if over else _LIVE
        yield ((bad, _slot(tree, visit, slot)) for slot in tree.failed(visit, most))
        rank, behind = _DONE_INSIDE if over else _LIVE, 0 if tree.is_small(visit) else _BEHIND
        yield ((rank, _slot(tree, visit, slot, behind)) for slot in tree.running(visit, most))
        yield ((_DONE_ITEMS, _slot(tree, visit, slot)) for slot in tree.done(visit))
    yield _executions(tree, visit.number)


def _branches(tree: Tree, visit: Visit, over: bool) -> Iterator[Iterator[_Ranked]]:
    nodes = [_slot(tree, visit, slot) for slot in tree.branches(visit)]
    live = [node for node in nodes if node.visit is not None and node.visit.outcome in (RUNNING, *_BAD)]
    live.sort(key=lambda node: node.visit is None or node.visit.outcome == RUNNING)
    yield ((_FAILED_ONCE if over else _LIVE, node) for node in live)
    yield ((_DONE_INSIDE, node) for node in nodes if node not in live)


def _items(tree: Tree, visit: Visit, items: Sequence[Item]) -> Iterator[_Ranked]:
    for each in items:
        behind = _BEHIND if each.outcome == RUNNING else 0
        yield _LIVE, _Node(tree, item=each, parent=visit, place=each.index + behind)


def _executions(tree: Tree, visit: int | None) -> Iterator[_Ranked]:
    for place, each in enumerate(tree.nested.get(visit, ())):
        yield _LIVE if each.run.status == "RUNNING" else _DONE_INSIDE, _Node(each, place=2 * _BEHIND + place)


def _before(node: _Node) -> Iterator[_Ranked]:
    """The states that a line has come past, the latest first."""
    if node.item is not None or (node.visit is not None and node.slot is None):
        return
    if node.parent is not None and node.parent.type == "Map" and not node.tree.is_small(node.parent):
        return  # one row for each iteration: which states they have been through is of little use, and jumps about
    line = node.tree.line() if node.visit is None else node.tree.line(node.visit.parent, node.slot)
    for place in range(len(line) - 2, -1, -1):
        visit = line[place]
        rank = _DONE if node.visit is None else _DONE_INSIDE
        yield rank, _Node(node.tree, visit, place=place)


def _slot(tree: Tree, container: Visit, slot: int, behind: int = 0) -> _Node:
    line = tree.line(container.number, slot)
    return _Node(tree, line[-1] if line else None, slot, parent=container, place=slot + behind)


# -- how they stand ----------------------------------------------------------------------------------------------------


def _below(node: _Node) -> list[_Node | str]:
    """What stands right below a row: rows, and words for those that were left out."""
    inner: list[_Node | str] = [*sorted(node.below, key=lambda each: each.place), *_left_out(node)]
    earlier = sorted(node.earlier, key=lambda each: each.place)
    if node.visit is not None and not earlier:
        return inner
    tree, visit = node.tree, node.visit
    line = tree.line() if visit is None else tree.line(visit.parent, node.slot)
    missing = len(line) - 1 - len(earlier) if inner or earlier else 0
    if missing == 1:  # no longer than the words that it is missing
        shown = {each.place for each in earlier}
        at = next(place for place in range(len(line)) if place not in shown)
        earlier.insert(at, _Node(tree, line[at], place=at))
        missing = 0
    before = words.hidden((missing, "before"))
    if visit is not None:  # a branch or iteration with a row for each of its states: its last one has another, too
        inner = [_Node(tree, visit, place=len(line), below=node.below)]
    return [*([before] if before else []), *earlier, *inner]


def _left_out(node: _Node) -> list[str]:
    """What is left out of a Parallel or Map of which something is shown."""
    visit, tree = node.visit, node.tree
    shown = [each for each in node.below if each.slot is not None or each.item is not None]
    if visit is None or not shown:
        return []
    parts = tree.parts(visit)
    if parts is None:
        said = words.hidden((len(tree.branches(visit)) - len(shown), "branches"))
    else:
        going, failed = parts.counted()
        idle = tree.idle(visit).slots
        if parts.items is not None:
            bad = sum(1 for each in shown if each.item is not None and each.item.outcome in _BAD)
            there = [each.item.index for each in shown if each.item is not None and each.item.outcome not in _BAD]
        else:
            bad = sum(1 for each in shown if each.slot in parts.failed)
            there = [each.slot for each in shown if each.slot in parts.running]
        waiting = sum(1 for each in there if each in idle)
        running = going - len(idle) - (len(there) - waiting)
        said = words.hidden((running, "running"), (len(idle) - waiting, "waiting"), (failed - bad, "failed"))
    return [said] if said else []


def _height(node: _Node | str) -> int:
    return 1 if isinstance(node, str) else 1 + sum(_height(each) for each in _below(node))


class _Drawing:
    def __init__(self, now: float, width: int, plain: bool) -> None:
        self.now, self.width, self.plain = now, max(1, width), plain

    def rows(self, roots: Sequence[_Node]) -> list[Text]:
        lines: list[Text] = []
        for root in roots:
            self._put(lines, root, "", "")
        return lines

    def _put(self, lines: list[Text], node: _Node | str, before: str, under: str) -> None:
        if isinstance(node, str):
            lines.append(self.line([(before, "dim"), (node.replace("…", "...") if self.plain else node, "dim")]))
            return
        lines.append(self._row(node, before))
        down, branch, nothing, corner = _GUIDES[self.plain]
        below = _below(node)
        for number, each in enumerate(below, 1):
            last = number == len(below)
            self._put(lines, each, under + (corner if last else branch), under + (nothing if last else down))

    def _row(self, node: _Node, before: str) -> Text:
        tree, visit, item = node.tree, node.visit, node.item
        say: Callable[[int], list[Piece]] = lambda _: []  # noqa: E731 - what is said of it, by how little room there is
        if item is not None:
            outcome = words.standing(item.outcome, item.wait)
            name, say = f"[{item.index}] {item.state}".rstrip(), partial(self._of_item, item)
        elif node.parent is None and visit is None:
            (name, style), *said = words.of_tree(tree, self.now)
            return self.line([(before, "dim")], name, style, said)
        elif visit is None:
            outcome, name = RUNNING, _label(node)
        else:
            outcome = words.standing(visit.outcome, tree.waits.get(visit.number))
            name = _label(node) if node.earlier else f"{_label(node)} {visit.state}".lstrip()
            if not node.earlier:
                say = partial(self._of_visit, tree, visit)
        start = [(before, "dim"), (f"{words.sign(outcome, plain=self.plain)} ", outcome)]
        return self.line(start, name, outcome, self._fitting(start, name, say))

    def _of_item(self, item: Item, tight: int) -> list[Piece]:
        return words.of_item(item, self.now, tight=tight)

    def _of_visit(self, tree: Tree, visit: Visit, tight: int) -> list[Piece]:
        return words.of_visit(tree, visit, self.now, width=self.width, plain=self.plain, tight=tight)

    def _fitting(self, start: Sequence[Piece], name: str, say: Callable[[int], list[Piece]]) -> list[Piece]:
        """As much as fits behind a name that may have given way."""
        from rich.cells import cell_len  # noqa: PLC0415

        room = self.width - sum(cell_len(text) for text, _ in start) - min(cell_len(one_line(name)), self.width // 3)
        said: list[Piece] = []
        for tight in range(words.TIGHTEST + 1):
            said = say(tight)
            if sum(cell_len(text) for text, _ in said) <= room:
                break
        return said

    def line(
        self, pieces: Sequence[Piece], name: str = "", outcome: str = "", said: Sequence[Piece] = ()
    ) -> Text:  # fmt: skip
        """A line. The name gives way where what is said of it would not fit, down to a third of the width."""
        from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - only who sees a terminal's tree needs it
        from rich.text import Text  # noqa: PLC0415

        text = Text(no_wrap=True)
        for piece, style in pieces:
            text.append(piece, words.STYLES.get(style, ""))
        if name:
            name = one_line(name)
            room = max(self.width - text.cell_len - sum(cell_len(piece) for piece, _ in said), self.width // 3)
            if cell_len(name) > room:
                name = set_cell_size(name, max(0, room - 1)).rstrip() + ("~" if self.plain else "…")
            text.append(name, words.STYLES["name"] if outcome in (RUNNING, words.WAITING, "name", *_BAD) else "")
            for piece, style in said:
                text.append(piece, words.STYLES.get(style, ""))
        text.truncate(self.width, overflow="crop" if self.plain else "ellipsis")
        return text


def _label(node: _Node) -> str:
    if node.slot is None or node.parent is None:
        return ""
    return f"[{node.slot}]" if node.parent.type == "Map" else f"branch {node.slot}{'' if node.earlier else ':'}"


__all__ = ["picture"]
