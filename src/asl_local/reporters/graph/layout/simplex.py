"""Whole numbers that keep distances and cost least: the network simplex method.

Knows: numbered variables, and edges that say how far apart two of them must be at least and what each step more costs.
Must never know: what they stand for. The method is that of Gansner, Koutsofios, North and Vo, A Technique for Drawing
Directed Graphs (1993), with plain recomputation where theirs updates: our graphs are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

_MOST = 600  # steps; each gives a valid answer that is as good or better
_WORK = 1_500_000  # variables and edges that all steps together may look at


class Distance(NamedTuple):
    """`upper` - `lower` must be `least` or more, and costs `weight` for each step of its length."""

    lower: int
    upper: int
    least: int
    weight: int


def solve(count: int, distances: Sequence[Distance]) -> list[int]:
    """Values of the variables 0 to count - 1. The distances must have no cycle; what they do not connect is independent."""
    return _Solver(count, distances).run()


class _Solver:
    def __init__(self, count: int, distances: Sequence[Distance]) -> None:
        self._count = count
        self._edges = list(distances)
        self._at: list[list[int]] = [[] for _ in range(count)]  # numbers of edges
        for n, edge in enumerate(self._edges):
            self._at[edge.lower].append(n)
            self._at[edge.upper].append(n)
        self._value = [0] * count
        self._in_tree = [False] * len(self._edges)

    def run(self) -> list[int]:
        if not self._count:
            return []
        self._connect()
        self._first()
        self._grow()
        for _ in range(min(_MOST, _WORK // (self._count + len(self._edges)))):
            if not self._step():
                break
        return self._value

    def _connect(self) -> None:
        """One component, by edges that cost nothing and forbid nothing that matters."""
        component = list(range(self._count))

        def root(n: int) -> int:
            while component[n] != n:
                component[n] = component[component[n]]
                n = component[n]
            return n

        for edge in self._edges:
            component[root(edge.lower)] = root(edge.upper)
        for n in range(1, self._count):
            if root(n) != root(0):
                component[root(n)] = root(0)
                self._add(Distance(0, n, -1_000_000, 0))

    def _add(self, edge: Distance) -> None:
        self._at[edge.lower].append(len(self._edges))
        self._at[edge.upper].append(len(self._edges))
        self._edges.append(edge)
        self._in_tree.append(False)

    def _first(self) -> None:
        """The least values that keep all distances, by a walk in topological order."""
        waiting = [0] * self._count
        for edge in self._edges:
            waiting[edge.upper] += 1
        ready = [n for n in range(self._count) if not waiting[n]]
        value: list[int | None] = [None] * self._count
        for n in ready:  # grows
            mine = value[n] or 0
            value[n] = mine
            for m in self._at[n]:
                edge = self._edges[m]
                if edge.lower == n:
                    before = value[edge.upper]
                    value[edge.upper] = mine + edge.least if before is None else max(before, mine + edge.least)
                    waiting[edge.upper] -= 1
                    if not waiting[edge.upper]:
                        ready.append(edge.upper)
        self._value = [each or 0 for each in value]

    def _slack(self, edge: Distance) -> int:
        return self._value[edge.upper] - self._value[edge.lower] - edge.least

    def _grow(self) -> None:
        """A tree of edges that are exactly as long as they must be, through all variables; values move for it."""
        inside = [False] * self._count
        shift = 0  # the tree's values are so much higher than they are written
        lower: list[
            tuple[int, int]
        ] = []  # edges whose lower end alone is in the tree: their slack and the shift, numbers
        upper: list[tuple[int, int]] = []  # and those with the upper end: their slack without the shift
        node, entering = 0, -1
        for _ in range(self._count):
            if entering >= 0:
                self._in_tree[entering] = True
            inside[node] = True
            self._value[node] -= shift
            for m in self._at[node]:
                edge = self._edges[m]
                if not inside[edge.upper]:
                    heappush(lower, (self._slack(edge), m))
                elif not inside[edge.lower]:
                    heappush(upper, (self._slack(edge), m))
            while lower and inside[self._edges[lower[0][1]].upper]:
                heappop(lower)
            while upper and inside[self._edges[upper[0][1]].lower]:
                heappop(upper)
            if lower and (not upper or lower[0][0] - shift <= upper[0][0] + shift):
                slack, entering = lower[0]
                shift, node = slack, self._edges[entering].upper
            elif upper:
                slack, entering = upper[0]
                shift, node = -slack, self._edges[entering].lower
        for n in range(self._count):
            self._value[n] += shift

    def _step(self) -> bool:
        """Take an edge out of the tree whose cut costs, and put the one in that gives way first. False if none is left."""
        order, parent = self._walk()
        number = [0] * self._count
        for n, node in enumerate(order):
            number[node] = n
        last = number[:]
        gain = [0] * self._count  # what it costs to move the subtree up by one
        for edge in self._edges:
            gain[edge.upper] += edge.weight
            gain[edge.lower] -= edge.weight
        for node in reversed(order):
            m = parent[node]
            if m >= 0:
                above = self._edges[m].lower if self._edges[m].upper == node else self._edges[m].upper
                gain[above] += gain[node]
                last[above] = max(last[above], last[node])
        worst, leaving, moving = 0, -1, -1
        for node in order:
            m = parent[node]
            if m < 0:
                continue
            # A subtree at the upper end of its tree edge can only move up, one at the lower end only down.
            cost = gain[node] if self._edges[m].upper == node else -gain[node]
            if cost < worst:
                worst, leaving, moving = cost, m, node
        if leaving < 0:
            return False
        up = self._edges[leaving].upper == moving
        first, final = number[moving], last[moving]
        subtree = order[first : final + 1]
        least, entering = None, -1
        for node in subtree:
            for m in self._at[node]:
                edge = self._edges[m]
                other = edge.lower if edge.upper == node else edge.upper
                if first <= number[other] <= final:
                    continue
                # Moving up shortens what leads from the subtree to what stands above it, moving down the others.
                if (edge.lower == node) == up:
                    slack = self._slack(edge)
                    if least is None or slack < least:
                        least, entering = slack, m
        if entering < 0:
            return False
        self._in_tree[leaving] = False
        self._in_tree[entering] = True
        if least:
            for node in subtree:
                self._value[node] += least if up else -least
        return True

    def _walk(self) -> tuple[list[int], list[int]]:
        """The tree from variable 0 in preorder, and of each variable the edge that leads to it."""
        parent = [-1] * self._count
        seen = [False] * self._count
        seen[0] = True
        order: list[int] = []
        stack = [0]
        while stack:
            node = stack.pop()
            order.append(node)
            for m in self._at[node]:
                if self._in_tree[m]:
                    edge = self._edges[m]
                    other = edge.upper if edge.lower == node else edge.lower
                    if not seen[other]:
                        seen[other] = True
                        parent[other] = m
                        stack.append(other)
        return order, parent


__all__ = ["Distance", "solve"]
