"""JSONata expressions against the same work written by hand, and what a large state costs them.

    python bench/jsonata.py

For each expression: how many times as long as the hand-written line it takes with a small state (0.2 KB), at first and when
it is evaluated often and so is generated as source; the microseconds of these and of the line; and how many times as long
it takes with a large state (200 KB) as with the small one. All are measured in turns, in CPU time; the smallest of several
repetitions counts. Expressions below the line need the engine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from asl_local.language.generated import written
from asl_local.plan import dataflow
from asl_local.values import size

EXPRESSIONS: list[tuple[str, Callable[[dict[str, Any], dict[str, Any]], Any]]] = [
    ("$states.input.order.id", lambda value, _: value["order"]["id"]),
    ("$states.input", lambda value, _: value),
    ("$states.input.n + 1", lambda value, _: value["n"] + 1),
    ("$acc + $states.input.n", lambda value, scope: scope["acc"] + value["n"]),
    ("$states.input.status = 'DONE'", lambda value, _: value["status"] == "DONE"),
    ("$states.input.n > 3 and $acc < 9", lambda value, scope: value["n"] > 3 and scope["acc"] < 9),
    ("'k' & $string($acc)", lambda _, scope: "k" + str(scope["acc"])),
    ("$exists($states.input.missing)", lambda value, _: "missing" in value),
    ("{'id': $states.input.order.id, 'n': $acc}", lambda value, scope: {"id": value["order"]["id"], "n": scope["acc"]}),
    ("$count($states.input.rows)", lambda value, _: len(value["rows"])),
    ("$sum($states.input.few)", lambda value, _: sum(value["few"])),
    ("$uppercase($states.input.status)", lambda value, _: value["status"].upper()),
    ("$substring($states.input.status, 1)", lambda value, _: value["status"][1:]),
    ("-" * 20, lambda value, _: value),
    ("$max($states.input.few)", lambda value, _: max(value["few"])),
    ("$trim($states.input.status)", lambda value, _: value["status"].strip()),
    ("$states.input.few[$ > 1]", lambda value, _: [item for item in value["few"] if item > 1]),
    ("$map($states.input.few, function($x) { $x * 2 })", lambda value, _: [item * 2 for item in value["few"]]),
]


class Scope:
    """What the expressions here ask."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables

    def variable(self, name: str) -> Any:
        """The value of a variable."""
        return self.variables[name]

    def has_variable(self, name: str) -> bool:
        """Whether there is one."""
        return name in self.variables


def state(rows: int) -> dict[str, Any]:
    """An input whose size hangs on the number of rows."""
    return {
        "n": 5, "status": "DONE", "order": {"id": "o-1"}, "few": [3, 1, 2],
        "rows": [{"id": number, "name": f"item {number}", "price": number * 1.5} for number in range(rows)],
    }  # fmt: skip


def microseconds(works: list[Callable[[], Any]], calls: int = 2_000, repetitions: int = 12) -> list[float]:
    """The least time of each, measured in turns."""
    least = [float("inf")] * len(works)
    for _ in range(repetitions):
        for at, work in enumerate(works):
            start = time.process_time()
            for _ in range(calls):
                work()
            least[at] = min(least[at], time.process_time() - start)
    return [seconds / calls * 1e6 for seconds in least]


def main() -> None:
    """Print the table."""
    variables = {"acc": 7}
    scope: Any = Scope(variables)
    small, large = state(2), state(4_600)
    print(f"states of {size(small)} and {size(large)} bytes\n")
    print(f"{'ratio':>6} {'often':>6} {'us':>7} {'often':>7} {'by hand':>8} {'200 KB':>7}")
    for text, by_hand in EXPRESSIONS:
        if text.startswith("-"):
            print(text)
            continue
        flow = dataflow.evaluated(f"{{% {text} %}}", "Output")
        assert flow is not None
        often = written(flow)
        assert flow(small, scope) == often(small, scope) == by_hand(small, variables), text
        works: list[Callable[[], Any]] = [
            partial(flow, small, scope), partial(often, small, scope), partial(by_hand, small, variables),
            partial(flow, large, scope),
        ]  # fmt: skip
        ours, generated, floor, with_large = microseconds(works)
        print(
            f"{ours / floor:6.1f} {generated / floor:6.1f} {ours:7.2f} {generated:7.2f} {floor:8.2f} "
            f"{with_large / ours:6.2f}x  {text}"
        )


if __name__ == "__main__":
    main()
