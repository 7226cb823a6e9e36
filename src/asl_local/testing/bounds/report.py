"""The bounds of a machine, and how they read.

Knows: budgets, loops, warnings and what explored runs came to. Must never know: how any of it was found.
"""

from __future__ import annotations

from collections.abc import Sequence

from asl_local.errors import Diagnostic
from asl_local.lazy import dataclass, field
from asl_local.testing.bounds.amounts import Amount
from asl_local.testing.bounds.budgets import Budget, Loop
from asl_local.testing.bounds.explored import Explored


@dataclass(frozen=True, slots=True)
class MapBounds:
    """How the history grows with the items of an inline Map.

    Each item writes `per_item` events, and `per_item_retried` where every retry inside is used. Event 25,000 is met at
    about `items` items, or `items_retried`, all else in the machine being as long as it may be and other Maps having one.
    """

    state: str
    pointer: str
    per_item: int
    per_item_retried: int
    items: int
    items_retried: int

    def __str__(self) -> str:
        return (
            f"'{self.state}' writes {self.per_item} events per item (with every retry {self.per_item_retried}): event "
            f"25,000 is met at about {self.items:,} items ({self.items_retried:,})"
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a machine can cost at most.

    Read off the definition: `seconds` and `events` of the longest way, every retry used and every task as slow as it may
    be; `states` with the budget of each, by pointer; `maps`, `loops`. From explored runs, where there were any:
    `explored`. `limit` is what the machine's time is bounded by (TimeoutSeconds, Express's 300), None if by nothing.
    `warnings` has what is close to a limit or beyond, with code, path, line, message and hint.
    """

    name: str
    type: str
    limit: float | None
    seconds: Amount
    events: Amount
    states: dict[str, Budget] = field(repr=False)
    maps: tuple[MapBounds, ...] = ()
    loops: tuple[Loop, ...] = ()
    warnings: list[Diagnostic] = field(default_factory=list)
    explored: Explored | None = None

    def __str__(self) -> str:
        lines = [f"{self.name}, {self.type}: what the definition says, every retry used"]
        seconds = self.seconds.text(" s")
        if self.limit is not None and (not self.seconds.is_known or self.seconds.known > self.limit):
            seconds = f"at most {self.limit:,.10g} s, the time limit; without it {seconds}"
        lines += [f"  seconds  {seconds}", f"  events   {self.events.text('')}"]
        if self.seconds.path and self.seconds.known:
            lines.append(f"  longest  {' -> '.join(self.seconds.path)}")
        lines += [f"  map      {each}" for each in self.maps]
        lines += [f"  loop     {each.turn}: {each.why}{_grown(each)}" for each in self.loops]
        if self.explored is not None:
            lines += _of_runs(self.explored)
        if not self.warnings:
            lines.append("no warnings")
        for each in self.warnings:
            lines.append(f"warning {_shown(each)}")
        return "\n".join(lines)


def _grown(loop: Loop) -> str:
    return f"; every turn makes {', '.join(loop.grows)} longer" if loop.grows else ""


def _shown(each: Diagnostic) -> str:
    at = each.path or "/"
    if each.line is not None:
        at += f", line {each.line}"
    return f"{each.code} at {at}: {each.message}\n  {each.hint}"


def _of_runs(found: Explored) -> Sequence[str]:
    runs = found.exploration
    how = "complete" if found.complete else "NOT complete"
    lines = [f"explored runs, {how}, at most {runs.faults} fault{'' if runs.faults == 1 else 's'}"]
    for name, reached, unit in (
        ("seconds", found.seconds, " s"), ("events", found.events, ""), ("retries", found.retries, ""),
        ("payload", found.payload, " bytes"),
    ):  # fmt: skip
        lines.append(f"  {name:8} {reached.text(unit, complete=found.complete)}")
        faults = [step for step in reached.schedule if ": " in step]
        if faults:
            lines.append(f"           with {'; '.join(faults)}")
    return lines


__all__ = ["Bounds", "MapBounds"]
