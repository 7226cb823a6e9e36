"""What a workload is: the same work on two sides, ours and a hand-written floor, in any size.

Knows: what a side has. Must never know: how figures are made of times, or what any work is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class WrongAnswer(Exception):
    """The two sides of a workload do not agree: its figures would mean nothing."""


def _nothing() -> None:
    pass


def _as_it_is(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Side:
    """One way of doing a piece of work.

    `work` is what is timed. `before` makes its arguments, anew for each call and outside of the time. `answer` takes out
    of what `work` gives what must be equal on both sides. With `process` the work is a process of its own, and `work`
    gives (result, its CPU seconds).
    """

    work: Callable[..., Any]
    before: Callable[[], tuple[Any, ...]] | None = None
    answer: Callable[[Any], Any] = _as_it_is
    process: bool = False

    def once(self) -> tuple[Any, float]:
        """The answer of one call, and the CPU seconds that it took."""
        given = self.before() if self.before else ()
        began = time.process_time()
        result = self.work(*given)
        seconds = time.process_time() - began
        if self.process:
            result, seconds = result
        return self.answer(result), seconds


@dataclass(frozen=True)
class Sides:
    """The floor, and each of our ways by name; `close` takes away what they left on the disk.

    `keeping` is a floor that keeps all that it makes until it is over, where `floor` itself does not: what grows is
    compared with that.
    """

    floor: Side
    ways: Mapping[str, Side]
    close: Callable[[], None] = _nothing
    keeping: Side | None = None

    def check(self) -> dict[str, float]:
        """The CPU seconds of a first call of each side. Raises WrongAnswer unless every way gives what the floor gives."""
        expected, seconds = self.floor.once()
        taken = {"floor": seconds}
        kept = {"keeping": self.keeping} if self.keeping else {}
        for way, side in {**kept, **self.ways}.items():
            got, taken[way] = side.once()
            if got != expected:
                raise WrongAnswer(f"{way} gives {_short(got)}, the floor {_short(expected)}")
        taken.pop("keeping", None)
        return taken

    def of_first_way(self) -> Sides:
        """The floor and the first of our ways only."""
        way = next(iter(self.ways))
        return Sides(self.floor, {way: self.ways[way]}, self.close, self.keeping)


@dataclass(frozen=True)
class Workload:
    """A named piece of work.

    `what` and `floor` are each a line for the page. `size` is how many `items` it has when it is measured, `tiny` how many
    in a test. One that `grows` is also measured at 10^2 to 10^5 items, or at those `sizes`. `quick` ones belong to a
    quick run, too. In a full run there are at least so many `turns`: a sample of pictures is off by a tenth, whoever made
    it.
    """

    name: str
    what: str
    floor: str
    size: int
    tiny: int
    make: Callable[[int], Sides]
    items: str = "items"
    grows: bool = False
    quick: bool = True
    turns: int = 0
    sizes: tuple[int, ...] = field(default=(100, 1_000, 10_000, 100_000))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}... ({len(text):,} characters)"
