"""An exploration as the command line shows it: a table of outcomes, and each violation with its smallest counterexample.

Knows: what there is to say, as text and as JSON. Must never know: who asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl_local.interfaces.machine import Machine
from asl_local.testing.counterexamples import Counterexample
from asl_local.testing.exploring import Exploration, Run
from asl_local.values import Json


class Report:
    """See the module. `shrink` says whether counterexamples are made smaller first, until `stop()` is true."""

    def __init__(
        self, machine: Machine, exploration: Exploration, *, shrink: bool, stop: Callable[[], bool] = lambda: False
    ) -> None:
        self.machine, self.exploration = machine, exploration
        first: dict[str, Counterexample] = {}
        counts: dict[str, int] = {}
        for each, violation in zip(exploration.counterexamples, exploration.violations, strict=True):
            first.setdefault(each.message, each)
            counts[each.message] = counts.get(each.message, 0) + violation.count
        self.counterexamples = [each.shrink(stop=stop) if shrink else each for each in first.values()]
        self.counts = [*counts.values()]  # of what was found; a smaller run may say it in other words

    def __str__(self) -> str:
        found = self.exploration
        lines = [f"{self.machine.name}: {found.how_much}", "outcomes:"]
        wide = max((len(f"{outcome.count:,}") for outcome in found.outcomes), default=1)
        lines += [f"  {outcome.count:>{wide},} x {outcome}" for outcome in found.outcomes]
        for each, count in zip(self.counterexamples, self.counts, strict=True):
            lines += ["", f"violated {count:,} x: {each}", "", str(each.state_command())]
        return "\n".join(lines)

    def data(self) -> dict[str, Json]:
        """The report as JSON."""
        found = self.exploration
        return {
            "machine": self.machine.name,
            "complete": found.complete,
            "faults": found.faults,
            "states": found.states,
            "transitions": found.transitions,
            "schedules": found.schedules,
            "outcomes": [
                {"count": outcome.count, **_ended(outcome.example), "cause": outcome.cause, **_run(outcome.example)}
                for outcome in found.outcomes
            ],
            "violations": [
                {
                    "message": each.message,
                    "count": count,
                    "smallest": each.smallest,
                    **_ended(each.run),
                    **_run(each.run),
                    "story": [str(step) for step in each.steps()],
                    "testState": list(each.state_command().arguments),
                }
                for each, count in zip(self.counterexamples, self.counts, strict=True)
            ],
        }


def _ended(run: Run) -> dict[str, Any]:
    return {"status": run.status, "output": run.output, "error": run.error, "cause": run.cause}


def _run(run: Run) -> dict[str, Any]:
    return {"input": run.input, "schedule": run.schedule, "faults": len(run.faults)}
