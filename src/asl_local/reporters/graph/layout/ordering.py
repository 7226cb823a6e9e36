"""The order of the cells in each layer: as few crossings as can be found, as near to the first order as that allows.

Knows: layers and chains. Must never know: coordinates.
Sweeps down and up put each cell at the mean place of its neighbours, then neighbours change places where that helps; the
best order that was seen is kept. At last what leads back gets cells beside its nodes, and passages of links that lead
to the same node become one, where they are neighbours.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from asl_local.reporters.graph.layout.cells import PASSAGE, Cell, Chain, End, Grid

_SWEEPS = 12
_PATIENCE = 4  # sweeps without a better order
_EXCHANGES = 8  # rounds of exchanges after a sweep
_LARGE = 1_500  # cells; so many are ordered with less patience


def arrange(grid: Grid) -> int:
    """Order the grid's layers; how many crossings are left."""
    _meet(grid)
    layers = grid.layers
    best = _crossings(layers)
    kept = [list(layer) for layer in layers]
    waited = 0
    patience = _PATIENCE if sum(map(len, layers)) < _LARGE else 1
    for sweep in range(_SWEEPS):
        if not best or waited == patience:
            break
        _sweep(layers, down=sweep % 2 == 0)
        _exchange(layers)
        now = _crossings(layers)
        waited += 1
        if now < best:
            best, waited = now, 0
            kept = [list(layer) for layer in layers]
    layers[:] = kept
    grid.number()
    return best


def _meet(grid: Grid) -> None:
    """Write the neighbours into the cells: what goes the same way counts once."""
    seen = set()
    for chain in grid.chains:
        for joint in chain.joints():
            key = (id(joint.upper), id(joint.lower), joint.out, joint.into)
            if key not in seen:
                seen.add(key)
                out, into = _part(joint.upper, joint.out), _part(joint.lower, joint.into)
                joint.upper.below.append(End(joint.lower, into, out))
                joint.lower.above.append(End(joint.upper, out, into))


def _crossings(layers: Sequence[Sequence[Cell]]) -> int:
    return sum(_below(layer) for layer in layers)


def _below(layer: Sequence[Cell]) -> int:
    """Crossings right below a layer."""
    joints = sorted((cell.place + own, other.place + part) for cell in layer for other, part, own in cell.below)
    seen: list[float] = []
    found = n = 0
    while n < len(joints):  # what leaves at the same point does not cross
        m = n
        while m < len(joints) and joints[m][0] == joints[n][0]:
            found += len(seen) - bisect_right(seen, joints[m][1])
            m += 1
        for _, lower in joints[n:m]:
            insort(seen, lower)
        n = m
    return found


def _sweep(layers: Sequence[list[Cell]], *, down: bool) -> None:
    for layer in layers if down else reversed(layers):
        layer.sort(key=_mean_above if down else _mean_below)
        for n, cell in enumerate(layer):
            cell.place = n


def _mean_above(cell: Cell) -> float:
    return _mean(cell.above, cell.place)


def _mean_below(cell: Cell) -> float:
    return _mean(cell.below, cell.place)


def _exchange(layers: Sequence[list[Cell]]) -> None:
    """Neighbours change places as long as that takes crossings away."""
    waiting = set(range(len(layers)))
    for _ in range(_EXCHANGES):
        if not waiting:
            return
        changed = set()
        for level in sorted(waiting):
            layer = layers[level]
            for n in range(len(layer) - 1):
                a, b = layer[n], layer[n + 1]
                if _gain(a.above, b.above) + _gain(a.below, b.below) > 0:
                    layer[n], layer[n + 1] = b, a
                    a.place, b.place = n + 1, n
                    changed.add(level)
        waiting = {near for level in changed for near in (level - 1, level, level + 1) if 0 <= near < len(layers)}


def _gain(of_a: Sequence[End], of_b: Sequence[End]) -> int:
    """How many crossings at one side are fewer with b left of a."""
    found = 0
    for cell_a, part_a, _ in of_a:
        at = cell_a.place + part_a
        for cell_b, part_b, _ in of_b:
            other = cell_b.place + part_b
            if at != other:
                found += 1 if at > other else -1
    return found


def _part(cell: Cell, offset: float) -> float:
    return offset / (2 * (abs(offset) + cell.left + cell.right)) if offset else 0.0


def _mean(ends: Sequence[End], place: int) -> float:
    if not ends:
        return float(place)
    return sum(cell.place + part - own for cell, part, own in ends) / len(ends)


def unfold(grid: Grid) -> None:
    """Give links that lead back cells of their own beside their nodes, the one that comes in nearest to it."""
    beside: dict[tuple[int, int], list[tuple[float, Cell, bool]]] = {}
    for chain in grid.chains:
        if chain.side:
            first, last = chain.cells[0], chain.cells[-1]
            chain.nodes = (first, last)
            ins = beside.setdefault((id(first), chain.side), [])
            into = next((cell for _, cell, is_in in ins if is_in), None)
            if into is None:
                into = Cell(first.layer, PASSAGE, PASSAGE)
                ins.append((0.0, into, True))
            out = Cell(last.layer, PASSAGE, PASSAGE)
            beside.setdefault((id(last), chain.side), []).append((abs(chain.into), out, False))
            chain.cells = [into, *chain.cells[1:-1], out]
            chain.out = chain.into = 0.0
    for layer in grid.layers:
        order: list[Cell] = []
        for cell in layer:
            left, right = (sorted(beside.get((id(cell), side), ()), key=lambda each: each[0]) for side in (-1, 1))
            order += [each for _, each, _ in reversed(left)] + [cell] + [each for _, each, _ in right]
        layer[:] = order
    grid.number()


def merge(grid: Grid) -> None:
    """Make one of passages that are neighbours and go on to the same cell of the same lane."""
    for turn in (False, True):  # those that lead down from below, those that lead back from above: towards the target
        chains = [chain for chain in grid.chains if bool(chain.side) == turn]
        for layer in grid.layers if turn else reversed(grid.layers):
            if layer:
                _merge(layer, chains, turn)
    grid.number()


def _merge(layer: list[Cell], chains: Sequence[Chain], turn: bool) -> None:
    level = layer[0].layer
    here = [(chain, level - chain.cells[0].layer) for chain in chains]
    here = [(chain, n) for chain, n in here if 0 < n < len(chain.cells) - 1]
    after = {}
    for chain, n in here:
        m = n - 1 if turn else n + 1
        at_end = m in (0, len(chain.cells) - 1)
        met = (chain.out if turn else chain.into) if at_end else 0.0
        after[id(chain.cells[n])] = (id(chain.cells[m]), met)
    became: dict[int, Cell] = {}
    kept: list[Cell] = []
    for cell in layer:
        last = kept[-1] if kept else None
        if (
            last is not None and cell.lane and cell.lane == last.lane
            and cell.lane[2] == turn and after[id(cell)] == after[id(last)]
        ):  # fmt: skip
            became[id(cell)] = last
        else:
            kept.append(cell)
    if became:
        layer[:] = kept
        for chain, n in here:
            chain.cells[n] = became.get(id(chain.cells[n]), chain.cells[n])


__all__ = ["arrange", "merge", "unfold"]
