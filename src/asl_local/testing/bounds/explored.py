"""The worst that explored runs come to: longest ways through the graph of an exploration, each with its schedule.

Knows: nodes, edges and what they add. Must never know: executions, or how the graph was walked.
A way may use as many faults as the exploration was allowed. A part of the graph that leads back to itself without a fault
can be gone round for ever: what its steps add has no bound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from asl_local.lazy import dataclass, field
from asl_local.testing.exploring import Edge, Exploration, Graph

Place: TypeAlias = tuple[int, int]
"""A node, and how many faults may still happen."""

Adds: TypeAlias = Callable[[Edge], float]


@dataclass(frozen=True, slots=True)
class Reached:
    """The most of something that an explored run comes to, and the steps of the schedule that lead there.

    `endless` says that there is no most: `loop` are the steps that can be gone through again and again.
    """

    most: float
    schedule: tuple[str, ...]
    endless: bool = False
    loop: tuple[str, ...] = ()

    def text(self, unit: str, *, complete: bool) -> str:
        """`70 s`; `at least 70 s` where the exploration was not complete; `without end`."""
        if self.endless:
            return f"without end: {' -> '.join(self.loop)}, again and again"
        return f"{'' if complete else 'at least '}{self.most:,.10g}{unit}"


@dataclass(frozen=True, slots=True)
class Explored:
    """The worst of the explored runs: virtual `seconds`, history `events`, `retries`, and `payload` in bytes.

    Tasks take no virtual time in them but where they time out, so `seconds` are waits, delays and timeouts. `growth` is by
    how many bytes the largest payload is larger than the first. Exact if `complete`, else what was seen.
    """

    seconds: Reached
    events: Reached
    retries: Reached
    payload: Reached
    growth: int
    complete: bool
    exploration: Exploration = field(repr=False)


def explored(exploration: Exploration) -> Explored:
    """The worst of an exploration."""
    ways = _Ways(exploration.graph, exploration.faults)
    begun = exploration.graph.begun
    payload = ways.largest(lambda edge: edge.payload)
    return Explored(
        ways.longest(lambda edge: edge.seconds, begun.seconds),
        ways.longest(lambda edge: edge.events, begun.events),
        ways.longest(lambda edge: edge.retries, begun.retries),
        payload,
        int(payload.most) - begun.payload,
        exploration.complete,
        exploration,
    )


class _Ways:
    """A graph with faults counted: its places, and the parts of them that lead back to themselves."""

    def __init__(self, graph: Graph, faults: int) -> None:
        self._graph, self._start = graph, (0, faults)
        self._parts = list(_parts(self._out, self._start))
        self._part_of = {place: number for number, part in enumerate(self._parts) for place in part}

    def _out(self, place: Place) -> list[tuple[Edge, Place]]:
        node, left = place
        edges = self._graph.out[node] if node < len(self._graph.out) else []
        return [(edge, (edge.target, left - edge.faults)) for edge in edges if edge.faults <= left]

    def longest(self, adds: Adds, begun: float) -> Reached:
        """The way on which the most is added."""
        best: list[float] = []  # of each part, by its number: the most that is added from it on
        onward: list[tuple[Place, Edge] | None] = []  # and the step out of it with which that begins
        for part in self._parts:
            most: float = 0  # whole for what is counted
            step: tuple[Place, Edge] | None = None
            for place in part:
                for edge, after in self._out(place):
                    to = self._part_of[after]
                    if to == len(best):
                        if adds(edge) > 0:
                            return self._endless(place, edge, after, adds, begun)
                    elif adds(edge) + best[to] > most:
                        most, step = adds(edge) + best[to], (place, edge)
            best.append(most)
            onward.append(step)
        steps: list[str] = []
        here = self._start
        while (found := onward[self._part_of[here]]) is not None:
            leaves, last = found
            steps += [each.step for each in (*self._route(here, leaves), last)]
            here = (last.target, leaves[1] - last.faults)
        return Reached(begun + best[self._part_of[self._start]], tuple(steps))

    def _endless(self, place: Place, edge: Edge, after: Place, adds: Adds, begun: float) -> Reached:
        before = self._route(self._start, place)
        loop = [edge, *self._route(after, place)]
        total = begun + sum(adds(each) for each in (*before, *loop))
        return Reached(total, tuple(each.step for each in before), endless=True, loop=tuple(each.step for each in loop))

    def largest(self, size: Adds) -> Reached:
        """The step with the largest size, by the shortest way."""
        begun = size(self._graph.begun)
        most, at, last = begun, self._start, None
        for part in self._parts:
            for place in part:
                for edge, _ in self._out(place):
                    if size(edge) > most:
                        most, at, last = size(edge), place, edge
        steps = [] if last is None else [*self._route(self._start, at), last]
        return Reached(most, tuple(each.step for each in steps))

    def _route(self, source: Place, target: Place) -> list[Edge]:
        """The shortest way from one place to another."""
        came: dict[Place, tuple[Place, Edge]] = {}
        work = deque([source])
        while work and target not in came and source != target:
            place = work.popleft()
            for edge, after in self._out(place):
                if after not in came and after != source:
                    came[after] = (place, edge)
                    work.append(after)
        steps: list[Edge] = []
        while target != source:
            target, last = came[target]
            steps.append(last)
        return steps[::-1]


def _parts(out: Callable[[Place], list[tuple[Edge, Place]]], start: Place) -> list[list[Place]]:
    """The strongly connected parts, each after all that it leads to (Tarjan's algorithm, without recursion)."""
    order: dict[Place, int] = {start: 0}
    low: dict[Place, int] = {start: 0}
    stack, held = [start], {start}
    found: list[list[Place]] = []
    work = [(start, iter(out(start)))]
    while work:
        place, ways = work[-1]
        for _, after in ways:
            if after not in order:
                order[after] = low[after] = len(order)
                stack.append(after)
                held.add(after)
                work.append((after, iter(out(after))))
                break
            if after in held:
                low[place] = min(low[place], order[after])
        else:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[place])
            if low[place] == order[place]:
                part: list[Place] = []
                while not part or part[-1] != place:
                    part.append(stack.pop())
                held.difference_update(part)
                found.append(part)
    return found


__all__ = ["Explored", "Reached", "explored"]
