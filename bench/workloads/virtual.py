"""What exists under a virtual clock only: retries that take no time, and all orders of parallel tasks.

Knows: Retry, explore. Must never know: how anything is timed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import asl_local
from workloads.base import Side, Sides, Workload
from workloads.functions import ARN
from workloads.machines import limits_of
from workloads.shapes import in_a_row, task

FAILURES, INTERVAL, RATE = 2, 3, 2.0


class Busy(Exception):
    """Come again."""


def _serve(event: dict[str, Any], attempt: int) -> dict[str, Any]:
    if attempt < FAILURES:
        raise Busy("come again")
    return {"served": event["served"] + 1}


def _retry(size: int) -> Sides:
    """Tasks in a row, each of which fails twice."""
    again = {"ErrorEquals": ["Busy"], "IntervalSeconds": INTERVAL, "BackoffRate": RATE, "MaxAttempts": FAILURES}
    machine = asl_local.load(in_a_row((f"Serve {n}", {**task("Serve"), "Retry": [again]}) for n in range(size)))
    handlers = {"Serve": lambda event, context: _serve(event, context.attempt)}
    limits = limits_of(size)

    def by_hand(kept: list[Any] | None = None) -> tuple[Any, float]:
        state, now = {"served": 0}, 0.0
        for _ in range(size):
            attempt = 0
            while True:
                try:
                    state = _serve(state, attempt)
                    if kept is not None:
                        kept.append(state)
                    break
                except Busy:
                    now += INTERVAL * RATE**attempt
                    attempt += 1
        return state, now

    return Sides(
        Side(by_hand),
        {
            "simulate": Side(
                lambda: machine.simulate({"served": 0}, handlers, limits=limits),
                answer=lambda result: (result.unwrap(), result.seconds),
            )
        },
        keeping=Side(lambda: by_hand([])),
    )


def _explore(branches: int) -> Sides:
    """A Parallel whose branches each read a counter and write it back plus one: every order."""
    both = [in_a_row([(f"Read {n}", task("Read")), (f"Write {n}", task("Write"))]) for n in range(branches)]
    machine = asl_local.load(in_a_row([("Both", {"Type": "Parallel", "Branches": both})]))

    def handlers(world: dict[str, int]) -> dict[str, Any]:
        def write(seen: int) -> int:
            world["n"] = seen + 1
            return world["n"]

        return {ARN + "Read": lambda _: world["n"], ARN + "Write": write}

    def by_hand() -> Counter[tuple[int, ...]]:
        # A point is what is known of each branch (nothing, what it read, what it wrote) and the counter.
        known: dict[Any, Counter[tuple[int, ...]]] = {}

        def ends(at: tuple[tuple[str, int], ...], world: dict[str, int]) -> Counter[tuple[int, ...]]:
            point = (at, tuple(world.items()))
            if point in known:
                return known[point]
            found: Counter[tuple[int, ...]] = Counter()
            for branch, (done, value) in enumerate(at):
                after = dict(world)
                if done == "nothing":
                    step = ("read", after["n"])
                elif done == "read":
                    after["n"] = value + 1
                    step = ("written", after["n"])
                else:
                    continue
                found.update(ends((*at[:branch], step, *at[branch + 1 :]), after))
            if not found:
                found[tuple(value for _, value in at)] += 1
            known[point] = found
            return found

        return ends((("nothing", 0),) * branches, {"n": 0})

    return Sides(
        Side(by_hand),
        {
            "explore": Side(
                lambda: machine.explore({}, handlers, world={"n": 0}, faults=0),
                answer=lambda found: Counter({tuple(each.output): each.count for each in found.outcomes}),
            )
        },
    )


WORKLOADS = [
    Workload(
        "retry", "1,000 tasks that each fail twice and are tried again, under the virtual clock",
        "a loop with the same 3,000 calls, exceptions and back-off", 1_000, 5, _retry, items="tasks", grows=True,
    ),
    Workload(
        "explore", "`explore` of four branches that read and write one counter: 755 states, 2,520 orders",
        "a recursion over the same points, each looked up in a dict", 4, 2, _explore, items="branches",
    ),
]  # fmt: skip
