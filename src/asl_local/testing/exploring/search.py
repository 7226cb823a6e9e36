"""The search: from point to point by cost, each point once, until there is nothing new or the budget is spent.

Knows: costs, recognised points, and which choices need not be tried. Must never know: what a choice does.

Points are taken in the order of their cost: faults, then steps out of the ordinary order, then steps. So whatever is found
first is the smallest, and a point that is met again has been gone on from with at least as many faults left.

Of orders that cannot make a difference one is enough. Without a world, what tasks in different branches do depends on their
events only; then the oldest call that is out goes first, with all that can happen to it, unless its ordinary answer ends
others (a branch that fails takes its siblings along). It is sound as long as time plays no part in who fails first, which
shows on the way: where a branch failed by itself and clocks ran beside it, the search starts again without the
reduction. See docs/decisions/0016.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from asl_local.engine.history import EVENTS
from asl_local.testing.exploring.graph import Edge, Graph
from asl_local.testing.exploring.points import BEATING, LOST, Choice, Point, Rules, ends_all

_PAYLOADS = {
    kind: [at for at, name in enumerate(names, 3) if name in ("input", "output", "parameters")]
    for kind, (_, names) in EVENTS.items()
}
"""The places of inputs and outputs in the rows of each type of event."""


class Node(NamedTuple):
    """How a point was reached: its number, from which one, by which choice; and what that cost."""

    number: int
    parent: int
    choice: Choice | None
    cost: tuple[int, int, int]


def turned(choice: Choice, picks: tuple[int, ...], words: str) -> Choice:
    """The choice with other turns of strands."""
    return choice._replace(picks=picks, text=f"{choice.text}, {words}")


class Deltas(NamedTuple):
    """What a step has added; see graph.Edge."""

    events: int
    seconds: float
    retries: int
    payload: int


class Unreduced(Exception):
    """Time and failures met: the reduction would not be sound."""


class Search:
    """One search. `seen(point, node, stuck)` is told of every point in the order of cost, and says whether to go on at all.

    A point is stuck where nothing but a fault can happen any more. `deadline` are the seconds that an execution has.
    """

    def __init__(
        self, rules: Rules, *, faults: int, budget: int, reduce: bool, deadline: float,
        seen: Callable[[Point, int, bool], bool], ordinary: bool = False,
    ) -> None:  # fmt: skip
        self.rules, self.faults, self.budget, self.reduce, self.seen = rules, faults, budget, reduce, seen
        self.ordinary = ordinary  # no order but the ordinary one: what happens in it, and every fault on the way
        self.graph = Graph()
        self.nodes: list[Node] = []
        self.transitions = self.runs = self.left = 0
        self.among = 0  # the faults of the runs in which it stopped: those with fewer are all there
        self.deadline = deadline
        self.escaped = self.timed = False
        self.longest, self.most_ended = 0.0, 0
        self._numbers: dict[Any, int] = {}
        self._points: dict[int, Point] = {}
        self._heap: list[tuple[tuple[int, int, int], int]] = []
        self._done: set[int] = set()
        self._reduced: set[int] = set()

    def run(self, first: Point) -> None:
        """Search from a point on. Raises Unreduced."""
        self._first = first
        self.graph.begun = Edge(-1, 0, "", 0, *self._deltas(None, first))
        self._meet(first, -1, None, (0, 0, 0))
        while self._walk() and self._reduced:
            # A call that a loop of reduced points passes by for ever is looked at in one of them.
            loops = self.graph.loops(self._reduced)
            if not loops:
                return
            for part in loops:
                number = min(part, key=lambda each: self.nodes[each].cost)
                point, node = self._found_again(number), self.nodes[number]
                self._go_on(point, node, self.rules.choices(point, self.faults - node.cost[0]), reduce=False)

    def _walk(self) -> bool:
        """Go on until nothing is new; whether the search was not stopped."""
        while self._heap:
            cost, number = heapq.heappop(self._heap)
            if number in self._done or cost != self.nodes[number].cost:
                continue
            self._done.add(number)
            point = self._points.pop(number)
            choices = self.rules.choices(point, self.faults - cost[0])
            stuck = not point.over and all(choice.cost for choice in choices)
            if not self.seen(point, number, stuck) or self.transitions >= self.budget:
                self._stop(number)
                return False
            self._go_on(point, self.nodes[number], choices, reduce=self.reduce)
        return True

    def _found_again(self, number: int) -> Point:
        point = self._first
        for choice in self.path(number):
            point = self.rules.take(point, choice)
        return point

    def path(self, number: int) -> list[Choice]:
        """The choices that lead to a node."""
        found: list[Choice] = []
        while (node := self.nodes[number]).choice is not None:
            found.append(node.choice)
            number = node.parent
        return found[::-1]

    def _stop(self, number: int) -> None:
        self.graph.open = {number, *self._points}
        self.graph.open -= {each for each, point in self._points.items() if point.over and not point.orphans}
        self.left, self.among = len(self.graph.open), self.nodes[number].cost[0]

    def _go_on(self, point: Point, node: Node, choices: list[Choice], *, reduce: bool) -> None:
        if not choices:
            self.runs += 1
            return
        known: dict[int, Point] = {}
        places: Sequence[int] = range(len(choices))
        if self.ordinary:
            places = [at for at, choice in enumerate(choices) if at == 0 or choice.cost]
        if reduce and not point.over and len(choices) > 1:
            enough = self._enough(point, choices, known)
            if enough is not None:
                places = enough
        if len(places) < len(choices):
            self._reduced.add(node.number)
        else:
            self._reduced.discard(node.number)
        walked = {edge.step for edge in self.graph.out[node.number]}
        for at in places:
            if choices[at].text not in walked:
                self._take(point, node, choices, at, known)

    def _take(self, point: Point, node: Node, choices: list[Choice], at: int, known: dict[int, Point]) -> None:
        """Go one way, and where the turns of strands matter to it, each way that it can come to."""
        faults, deviations, steps = node.cost
        first = choices[at]
        deviations += at > 0 and not first.cost
        todo = [(first, known.get(at))]
        while todo:
            choice, after = todo.pop(0)
            if after is None:
                after = self.rules.take(point, choice)
            self.transitions += 1
            self._mind(point, after, choice)
            cost = (faults + choice.cost, deviations + len(choice.picks), steps + 1)
            target, fresh = self._meet(after, node.number, choice, cost)
            self.graph.add(Edge(node.number, target, choice.text, choice.cost, *self._deltas(point, after)))
            if not fresh:
                self.runs += 1
            todo += [(turned(choice, picks, words), None) for picks, words in after.others]

    def _meet(self, point: Point, parent: int, choice: Choice | None, cost: tuple[int, int, int]) -> tuple[int, bool]:
        """The number of a point, and whether nobody has gone on from it."""
        key = self.rules.fingerprint(point)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self.graph.add_node()
            self.nodes.append(Node(number, parent, choice, cost))
        elif number in self._done or self.nodes[number].cost <= cost:
            return number, number not in self._done
        else:
            self.nodes[number] = Node(number, parent, choice, cost)
        self._points[number] = point
        heapq.heappush(self._heap, (cost, number))
        return number, True

    # -- what need not be tried ----------------------------------------------------------------------------------------

    def _enough(self, point: Point, choices: list[Choice], known: dict[int, Point]) -> list[int] | None:
        """The places of choices that stand for all: those of one call, or one of what is due at the same moment."""
        by_token: dict[int, list[int]] = {}
        for at, choice in enumerate(choices):
            if choice.kind == "answer":
                by_token.setdefault(choice.token, []).append(at)
        for token, places in by_token.items():
            first = places[0]  # the ordinary answer
            known[first] = self.rules.take(point, choices[first])
            if known[first].others:
                return None
            # What a fault that stays ends would end without it, too, where another ends it first.
            if choices[first].fault is not None or not _ends_others(point, known[first], token):
                return places
        if not by_token:
            for at, choice in enumerate(choices):
                known[at] = self.rules.take(point, choice)
                if not _ends_others(point, known[at], choice.token):
                    return [at]
        return None

    def _mind(self, point: Point, after: Point, choice: Choice) -> None:
        """Notice what makes the reduction unsound: clocks that may decide who fails first, or whether time is up."""
        if not self.reduce:
            return
        if choice.kind in ("timer", "mail") and len(point.execution.waiting) + len(point.execution.errands) > 1:
            self.timed = True
        if _ends_others(point, after, choice.token):
            after.ended = point.ended + 1
            self.escaped |= not self._injected(point, choice)
        # Before each failure that took others along, those may have let as much time pass as anybody ever does.
        self.longest, self.most_ended = max(self.longest, after.spent), max(self.most_ended, after.ended)
        if (self.timed and self.escaped) or self.longest * (1 + self.most_ended) >= self.deadline:
            raise Unreduced

    def _deltas(self, before: Point | None, after: Point) -> Deltas:
        rows = after.execution.history.rows
        known = 0 if before is None else before.execution.history.count
        seconds = 0.0 if before is None else after.execution.now - before.execution.now
        payload = max(map(self._largest, rows[known:]), default=0)
        retries = 0
        if before is not None:
            waiting = before.execution.waiting
            retries = sum(
                strand.why == "retry" and (token not in waiting or waiting[token].why != "retry")
                for token, strand in after.execution.waiting.items()
            )
        return Deltas(len(rows) - known, seconds, retries, payload)

    def _largest(self, row: tuple[Any, ...]) -> int:
        """Bytes of the largest input or output in an event."""
        return max([self.rules.values.size(row[at]) for at in _PAYLOADS[row[0]] if at < len(row)], default=0)

    @staticmethod
    def _injected(point: Point, choice: Choice) -> bool:
        """Whether a step is what a fault has come to. That time is up is looked at by itself."""
        if choice.kind != "timer":
            return choice.fault is not None
        flight = point.flights.get(choice.token)
        return ends_all(point.execution, choice.token) or (flight is not None and flight.stage in (LOST, BEATING))


def _ends_others(before: Point, after: Point, token: int) -> bool:
    """Whether a step has taken something away from others than whom it was for."""
    x, y = before.execution, after.execution
    if after.hung:
        return True
    return any(each != token and each not in y.waiting for each in x.waiting) or any(
        each != token and each not in y.errands for each in x.errands
    )


__all__ = ["Deltas", "Node", "Search", "Unreduced", "turned"]
