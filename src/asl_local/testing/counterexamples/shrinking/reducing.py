"""Reducing: a value and what is to stay true of it -> a smallest value of which it is still true.

Knows: that values have a weight, that a step leads to a lighter one, and when to stop. Must never know: what the values
are.

This is delta debugging (Zeller and Hildebrandt, 2002): big steps come first, and the search ends where no single step is
left that keeps the truth (1-minimal). A step that was tried is never tried again, and after one that succeeded the search
goes on from there instead of from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Generic, TypeVar

from asl_local.lazy import dataclass, hinted

T = TypeVar("T")

BUDGET = 2_000  # tries


@dataclass(frozen=True, slots=True)
class Shrunk(Generic[T]):
    """What is left: `value`, after `tried` tries; `complete` unless the budget ended the search."""

    value: T
    tried: int
    complete: bool


def reduce(
    value: T,
    holds: Callable[[T], bool],
    *,
    steps: Callable[[T], Iterable[Callable[[], T | None]]],
    weight: Callable[[T], Any],
    identity: Callable[[T], str],
    allowed: Callable[[T], bool] = lambda _: True,
    budget: int = BUDGET,
) -> Shrunk[T]:
    """The lightest value that `steps` lead to and of which `holds` is true.

    `steps` gives, for a value, functions that make others of it (or None, where there is none), large steps
    first; those that are not lighter by `weight` (anything that can be compared) are left out. `identity` is a text by
    which values are recognised. Values that are not `allowed` are never given to `holds` and cost nothing of `budget`,
    the most that `holds` is asked. Deterministic as far as `holds` is; the result's result is itself, unless the budget
    ended the search. Raises ValueError if it does not hold of the value itself.
    """
    if not holds(value):
        raise ValueError("there is nothing to shrink: what is to stay true is not true of the value itself")
    tried, known, best, at = 1, {identity(value)}, weight(value), 0
    while True:
        began, moved = at, False
        for step in islice(steps(value), began, None):
            made = step()
            if made is not None and weight(made) < best and (name := identity(made)) not in known:
                known.add(name)
                if allowed(made):
                    if tried >= budget:
                        return Shrunk(value, tried, complete=False)
                    tried += 1
                    if holds(made):
                        value, best, moved = made, weight(made), True
                        break  # and go on with the step that stands in this one's place now
            at += 1
        if not moved:
            if began == 0:
                return Shrunk(value, tried, complete=True)
            at = 0


def chunks(count: int, least: int = 0) -> Iterable[tuple[int, int]]:
    """Spans (start, stop) of `count` things to leave out, large ones first, the last first; `least` things must stay."""
    length = count
    while length:
        for stop in range(count, 0, -length):
            start = max(0, stop - length)
            if count - (stop - start) >= least:
                yield start, stop
        length //= 2


hinted(globals())
