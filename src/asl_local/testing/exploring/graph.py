"""The graph of an exploration: its points and what leads from one to another, with what each step costs.

Knows: numbers of nodes, edges and their deltas. Must never know: executions, or how the graph was walked.

Node 0 is where the execution has just started. Nodes are recognised points, so several edges may lead to one; `ends` says
which nodes are ends and what their outcome is (an index into `Exploration.outcomes`). `open` are nodes that the budget
left unexplored: nothing leads on from them. The events, payload and retries of the start itself are `begun`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from asl_local.lazy import hinted


class Edge(NamedTuple):
    """One step: from node `source` to node `target` by `step`, its text in a schedule, which costs so many `faults`.

    What it adds: history `events`, virtual `seconds` and `retries`. `payload` is the largest input or output, in bytes
    of JSON, among its new events.
    """

    source: int
    target: int
    step: str
    faults: int
    events: int
    seconds: float
    retries: int
    payload: int


class Graph:
    """See the module. `edges` are in the order in which they were walked; `out[node]` are those that leave a node."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []
        self.out: list[list[Edge]] = []
        self.ends: dict[int, int] = {}
        self.open: set[int] = set()
        self.begun = Edge(-1, 0, "", 0, 0, 0.0, 0, 0)

    def __len__(self) -> int:
        return len(self.out)

    def __repr__(self) -> str:
        return f"<Graph: {len(self.out)} nodes, {len(self.edges)} edges, {len(self.ends)} ends>"

    def add_node(self) -> int:
        """A new node's number."""
        self.out.append([])
        return len(self.out) - 1

    def add(self, edge: Edge) -> None:
        """One more edge; its nodes are there."""
        self.edges.append(edge)
        self.out[edge.source].append(edge)

    def loops(self, among: Collection[int] | None = None) -> list[list[int]]:
        """The strongly connected parts of more than one node, or of one that leads to itself: executions need never end.

        In order of their first node; with `among`, of the graph that has only those nodes. Steps that cost faults are no
        part of one: of those there are only so many. Tarjan's algorithm, without recursion.
        """
        order: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        held: set[int] = set()
        found: list[list[int]] = []
        for first in range(len(self.out)):
            if first in order or (among is not None and first not in among):
                continue
            work = [(first, 0)]
            while work:
                node, at = work.pop()
                if at == 0:
                    order[node] = low[node] = len(order)
                    stack.append(node)
                    held.add(node)
                edges = self.out[node]
                while at < len(edges):
                    after, free = edges[at].target, not edges[at].faults
                    at += 1
                    if not free or (among is not None and after not in among):
                        continue
                    if after not in order:
                        work += [(node, at), (after, 0)]
                        break
                    if after in held:
                        low[node] = min(low[node], order[after])
                else:
                    if low[node] == order[node]:
                        part: list[int] = []
                        while not part or part[-1] != node:
                            part.append(stack.pop())
                            held.discard(part[-1])
                        if len(part) > 1 or any(edge.target == node and not edge.faults for edge in edges):
                            found.append(sorted(part))
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[node])
        return sorted(found)

    def ways(self, faults: int) -> dict[int, int] | None:
        """How many different paths with at most so many faults lead from the start to each end; None for without end."""
        order: list[tuple[int, int]] = []  # (node, faults left), each after all that it leads to
        state: dict[tuple[int, int], bool] = {}
        work = [((0, faults), False)]
        while work:
            here, left = work.pop()
            if left:
                state[here] = True
                order.append(here)
                continue
            if here in state:
                continue
            state[here] = False
            work.append((here, True))
            for edge in self.out[here[0]]:
                after = (edge.target, here[1] - edge.faults)
                if after[1] >= 0:
                    if state.get(after) is False:
                        return None
                    if after not in state:
                        work.append((after, False))
        counts = dict.fromkeys(order, 0)
        if order:
            counts[0, faults] = 1
        ends: dict[int, int] = {}
        for here in reversed(order):
            count = counts[here]
            if here[0] in self.ends:
                ends[here[0]] = ends.get(here[0], 0) + count
            for edge in self.out[here[0]]:
                if edge.faults <= here[1]:
                    counts[edge.target, here[1] - edge.faults] += count
        return ends


__all__ = ["Edge", "Graph"]

hinted(globals())
