"""What each state, and each block of them, can cost at most: seconds, history events, calls. Read off the definition.

Knows: plans, how retries add up, what events a state writes. Must never know: runs, thresholds, or how a loop was judged.
A state's worst case is that every attempt of every retrier is used, each as slow as it may be; a block's is its longest
way. Choices are not followed: the longest way may be one that no input takes, so the sums are upper bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from asl_local.engine.children import INLINE_CONCURRENCY
from asl_local.lazy import dataclass
from asl_local.plan import Block, State
from asl_local.plan.plan import Retrier
from asl_local.testing.bounds.amounts import Amount, largest

LAMBDA_SECONDS = 900
"""The longest that a Lambda function runs (Lambda quotas)."""

HTTP_SECONDS = 60
"""The longest that an HTTP Task waits for its endpoint (Developer Guide, "Call HTTPS APIs")."""

_EVENTS = {"lambda": 3, "activity": 3, "service": 3}  # scheduled, started, ended
_SUBMITTED = 1  # one more where the task waits for more than its call
_RUN_EVENTS = 3  # MapStateStarted, MapRunStarted and its end; children have histories of their own


@dataclass(frozen=True, slots=True)
class Retries:
    """What the retriers of a state can add: `attempts` in all, the first one included, and `seconds` of delays.

    Each retrier counts for itself, so the worst case uses all of them. With jitter the seconds are the most that is drawn.
    """

    attempts: int
    seconds: float
    delays: tuple[tuple[float, ...], ...] = ()


def retries_of(retriers: tuple[Retrier, ...]) -> Retries:
    """The retry budget of some retriers."""
    delays = tuple(tuple(each.delay(used) for used in range(min(each.attempts, _LISTED))) for each in retriers)
    seconds = sum(_sum(each, known) for each, known in zip(retriers, delays, strict=True))
    return Retries(1 + sum(each.attempts for each in retriers), seconds, delays)


_LISTED = 2_000  # delays that are added up one by one: by then back-off has met its cap or the year


def _sum(retrier: Retrier, known: tuple[float, ...]) -> float:
    rest = retrier.attempts - len(known)
    return sum(known) + (rest * known[-1] if rest and known else 0.0)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one state can cost at most, each time that it is entered.

    `task_seconds` is the most that one attempt of a Task takes, None where nothing says; `retries` its retry budget.
    `seconds` and `events` are of the state with all that is inside it, `ordinary` are the events where nothing is retried.
    A Map is counted with one item unless their number stands in the definition (`items`).
    """

    state: State
    retries: Retries
    task_seconds: float | None
    seconds: Amount
    events: Amount
    ordinary: Amount
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """States that lead back to one another; `pointer` is that of the one where it is entered, `why` says how it ends.

    `kind` is "counted" (a counter, the clock or a computation ends it), "answered" (only what a task answers does), or
    "endless". `grows` are the places that every turn makes longer: lists that are added to, texts that are put together.
    """

    states: tuple[str, ...]
    pointer: str
    kind: str
    why: str
    grows: tuple[str, ...] = ()
    ring: bool = True

    @property
    def turn(self) -> str:
        """One turn, `Ask -> Wait -> Ask`; where there are several ways round (no `ring`), the states of all."""
        if not self.ring:
            return f"{', '.join(self.states)} (several ways round)"
        return " -> ".join((*self.states, self.states[0]))

    def __str__(self) -> str:
        return f"the loop {self.turn}"


class Budgets:
    """The budgets of a machine: `states` by pointer, and of all of it `seconds`, `events` and `ordinary` events.

    `definition_of` gives a state's JSON by its pointer, `loops` the loops of a block; `jsonata` is the machine's language.
    `items` says how many items the Map at a pointer has, else it is counted with one and the rest is unknown. Without
    `defaults`, tasks that only their service's own limit ends count as if they took no time.
    """

    def __init__(
        self,
        block: Block,
        definition_of: Callable[[str], Mapping[str, Any]],
        loops: Callable[[Block], list[Loop]],
        *,
        jsonata: bool = False,
        items: Mapping[str, int] | None = None,
        defaults: bool = True,
    ) -> None:
        self.states: dict[str, Budget] = {}
        self._definition_of, self._loops, self._items = definition_of, loops, items or {}
        self._jsonata, self._defaults = jsonata, defaults
        self.seconds, self.events, self.ordinary = self._block(block)

    def _block(self, block: Block) -> tuple[Amount, Amount, Amount]:
        budgets = {name: self._state(state) for name, state in block.states.items()}
        loops = {name: loop for loop in self._loops(block) for name in loop.states}
        ways = _Ways(block, loops)
        return (
            ways.longest({name: each.seconds for name, each in budgets.items()}),
            ways.longest({name: each.events for name, each in budgets.items()}),
            ways.longest({name: each.ordinary for name, each in budgets.items()}),
        )

    def _state(self, state: State) -> Budget:
        kinds = {"Task": self._task, "Wait": self._wait, "Parallel": self._parallel, "Map": self._map}
        made = kinds.get(state.type, self._plain)(state)
        self.states[state.pointer] = made
        return made

    @staticmethod
    def _plain(state: State) -> Budget:
        events = Amount(1 if state.type == "Fail" else 2, path=(state.name,))
        return Budget(state, Retries(1, 0.0), None, Amount(path=(state.name,)), events, events)

    def _wait(self, state: State) -> Budget:
        seconds = self._definition_of(state.pointer).get("Seconds")
        known = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        why = () if known else (f"'{state.name}' waits as long as its input says",)
        events = Amount(2, path=(state.name,))
        return Budget(
            state, Retries(1, 0.0), None, Amount(float(seconds) if known else 0.0, why, path=(state.name,)), events, events  # type: ignore[arg-type]
        )  # fmt: skip

    def _task(self, state: State) -> Budget:
        retries = retries_of(state.retry)
        longest, why = task_seconds(state)
        if not self._defaults and state.timeout is None:
            longest, why = 0.0, ""
        unknown = () if longest is not None else (why,)
        seconds = Amount(retries.seconds + retries.attempts * (longest or 0.0), unknown, path=(state.name,))
        resource = state.resource
        each = 0 if resource is None else _EVENTS[resource.kind]
        if resource is not None and resource.waits in ("token", "job"):
            each += _SUBMITTED
        each += self._evaluated(state)
        events = Amount(2 + retries.attempts * each, path=(state.name,))
        return Budget(state, retries, longest, seconds, events, Amount(2 + each, path=(state.name,)))

    def _evaluated(self, state: State) -> int:
        """An expression of JSONata that fails has an event of its own (EvaluationFailed), in each attempt."""
        language = self._definition_of(state.pointer).get("QueryLanguage")
        return int(language == "JSONata" or (language is None and self._jsonata))

    def _parallel(self, state: State) -> Budget:
        retries = retries_of(state.retry)
        branches = [self._block(block) for block in state.blocks]
        seconds = largest(each[0] for each in branches)
        return self._around(
            state, retries, seconds, _sum_of(branches, 1), _sum_of(branches, 2), started=1 + self._evaluated(state)
        )

    def _map(self, state: State) -> Budget:
        retries = retries_of(state.retry)
        count = self._items.get(state.pointer)
        items = 1 if count is None else count
        if state.distributed is not None:
            seconds, *_ = self._block(state.distributed.child)
            unknown = Amount(0.0, (f"how many items '{state.name}' has",))
            events = Amount(_RUN_EVENTS)
            return self._around(
                state, retries, seconds + unknown, events, events, started=self._evaluated(state), items=count
            )
        seconds, events, ordinary = self._block(state.blocks[0])
        limit = _concurrency(state)
        turns = math.ceil(items / limit) if items else 0
        more = Amount() if count is not None else Amount(0.0, (f"how many items '{state.name}' has",))
        each = Amount(2.0)  # MapIterationStarted and its end
        return self._around(
            state, retries, seconds.times(turns) + more, (events + each).times(items) + more,
            (ordinary + each).times(items) + more, started=1 + self._evaluated(state), items=count,
        )  # fmt: skip

    @staticmethod
    def _around(
        state: State, retries: Retries, seconds: Amount, events: Amount, ordinary: Amount, *, started: int,
        items: int | None = None,
    ) -> Budget:  # fmt: skip
        """A state around blocks: entered, so many times started and ended, exited."""
        own = Amount(3.0)
        total = seconds.times(retries.attempts) + Amount(retries.seconds)
        all_events = (events + Amount(float(started))).times(retries.attempts) + own
        once = ordinary + Amount(float(started)) + own
        name = state.name
        return Budget(
            state, retries, None, total.through(name), all_events.through(name), once.through(name), items
        )  # fmt: skip


def _sum_of(branches: list[tuple[Amount, Amount, Amount]], at: int) -> Amount:
    total = Amount()
    for each in branches:
        total += each[at]
    return total


def _concurrency(state: State) -> int:
    """Iterations of an inline Map that run at once; one after the other where only the input tells."""
    field = state.concurrency
    if field is None:
        return INLINE_CONCURRENCY
    if field.flow is not None or not isinstance(field.constant, int):
        return 1
    return min(field.constant or INLINE_CONCURRENCY, INLINE_CONCURRENCY)


def task_seconds(state: State) -> tuple[float | None, str]:
    """The most that one attempt of a Task takes, and why that is not known."""
    resource, timeout = state.resource, state.timeout
    if timeout is not None:
        if timeout.flow is None and isinstance(timeout.constant, (int, float)):
            return float(timeout.constant), ""
        return None, f"'{state.name}' has its TimeoutSeconds from its input"
    if resource is not None and not resource.waits:
        if resource.kind == "lambda" or (resource.service, resource.operation) == ("lambda", "invoke"):
            return float(LAMBDA_SECONDS), ""
        if resource.service == "http":
            return float(HTTP_SECONDS), ""
    return None, f"'{state.name}' has no TimeoutSeconds"


def led_to(state: State) -> list[str]:
    """The states that a state can lead to in its block."""
    found = [rule.next for rule in state.rules] + [catcher.next for catcher in state.catch]
    return list(dict.fromkeys(found + ([state.next] if state.next is not None else [])))


def parts(block: Block) -> list[list[str]]:
    """The strongly connected parts of a block's graph, each before those that lead to it (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    held: set[str] = set()
    found: list[list[str]] = []
    for first in block.states:
        work = [(first, 0)] if first not in order else []
        while work:
            name, at = work.pop()
            if at == 0:
                order[name] = low[name] = len(order)
                stack.append(name)
                held.add(name)
            ways = led_to(block.states[name])
            while at < len(ways):
                after = ways[at]
                at += 1
                if after not in order:
                    work += [(name, at), (after, 0)]
                    break
                if after in held:
                    low[name] = min(low[name], order[after])
            else:
                if low[name] == order[name]:
                    part: list[str] = []
                    while not part or part[-1] != name:
                        part.append(stack.pop())
                    held.difference_update(part)
                    found.append(part)
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
    return found


class _Ways:
    """The longest ways through a block. A loop counts once, with what says that it may be more."""

    def __init__(self, block: Block, loops: Mapping[str, Loop]) -> None:
        self._block, self._loops, self._parts = block, loops, parts(block)

    def longest(self, costs: Mapping[str, Amount]) -> Amount:
        """From the start to any end."""
        from_here: dict[str, Amount] = {}
        for part in self._parts:
            inside = set(part)
            after = largest(
                from_here[name] for each in part for name in led_to(self._block.states[each]) if name not in inside
            )
            once = Amount()
            for name in sorted(inside, key=list(self._block.states).index):
                once += costs[name]
            loop = self._loops.get(part[0])
            if loop is not None:
                counted = (f"how often {loop} goes round",) if loop.kind == "counted" else ()
                once += Amount(0.0, counted, () if counted else (str(loop),))
            for name in part:
                from_here[name] = once + after
        return from_here[self._block.start.name]


__all__ = ["Budget", "Budgets", "Loop", "Retries", "led_to", "parts", "retries_of", "task_seconds"]
