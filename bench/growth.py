"""How the time per item grows with the number of items: every size, its yardstick and the same by hand in turns in one
process.

Knows: sizes, turns. Must never know: what any work is.

Clocks of machines that others use change from one moment to the next, so two sizes that were measured one after the other
may differ in nothing but that. Here a yardstick of 1,000 items, repeated as often as the largest size takes, goes
before each other size and after it, and a growth is the median over all turns of a size's time per item over that of
its two neighbours. Beside it, in the same turns, goes a loop by hand that keeps what it makes, as a history does, with
yardsticks of its own.
"""

from __future__ import annotations

import gc
import itertools
import statistics
import time
from typing import Any, NamedTuple

import measure
from workloads import WORKLOADS
from workloads.base import Side

YARD = 1_000  # items of the yardstick
ENOUGH = 5  # samples of a size that no growth is made of
YOUNG, ALL = 1, 2  # generations of garbage, see _generation
LONGEST_YARD = 0.5  # CPU seconds that a yardstick takes at most


class Turns(NamedTuple):
    """How often every size is measured at least and at most, and the CPU seconds after which it is not begun again."""

    least: int
    most: int
    seconds: float


FULL = Turns(3, 15, 10.0)
QUICK = Turns(1, 3, 1.0)


class _Row:
    """One side in all its sizes."""

    def __init__(self, sides: dict[int, Side]) -> None:
        self.sides, self.largest = sides, max(sides)
        self.yard = YARD if YARD in sides else min(sides)
        self.calls = dict.fromkeys(sides, 1)
        self.samples: dict[int, list[float]] = {size: [] for size in sides}
        self.growths: list[float] = []
        self.generation = YOUNG

    def prepare(self, taken: dict[int, float]) -> None:
        """Warm every size, and find out how often it is called for a sample, where a first call has taken so long."""
        once = dict(taken)
        for size, side in self.sides.items():
            if taken[size] < measure.TOO_LONG / 2:
                measure.visit(side, YOUNG)
                once[size] = measure.sample(side, 1, YOUNG)
        self.generation = _generation()
        long = min(max(once[self.largest], measure.SAMPLE), LONGEST_YARD)
        for size, seconds in once.items():
            self.calls[size] = max(1, round((long if size == self.yard else measure.SAMPLE) / seconds))

    def turn(self) -> None:
        """Measure every size, the yardstick around each of them."""
        yards = [self._sample(self.yard)]
        for size in self.sides:
            if size == self.yard or (size != self.largest and len(self.samples[size]) >= ENOUGH):
                continue
            each = self._sample(size)
            yards.append(self._sample(self.yard))
            if size == self.largest:
                self.growths.append(2 * each / (yards[-2] + yards[-1]))

    def _sample(self, size: int) -> float:
        each = (
            measure.sample(self.sides[size], self.calls[size], ALL if size == self.largest else self.generation) / size
        )
        self.samples[size].append(each)
        return each

    def growth(self) -> float:
        return statistics.median(self.growths) if self.growths else 1.0


def _generation() -> int:
    """What is collected before a yardstick. To look through all that 100,000 states have become takes seconds."""
    began = time.process_time()
    gc.collect()
    return ALL if time.process_time() - began < 5 * measure.SAMPLE else YOUNG


def growth_of(name: str, sizes: list[int], turns: Turns) -> dict[str, Any]:
    """Seconds per item by size; how ours grows from the yardstick to the largest size, and how the loop by hand does.

    Raises WrongAnswer where two sides do not agree.
    """
    made = {size: WORKLOADS[name].make(size).of_first_way() for size in sizes}
    try:
        checked = {size: sides.check() for size, sides in made.items()}
        ours = _Row({size: next(iter(sides.ways.values())) for size, sides in made.items()})
        by_hand = _Row({size: made[size].keeping or made[size].floor for size in {ours.yard, ours.largest}})
        ours.prepare({size: max(taken.values()) for size, taken in checked.items()})
        by_hand.prepare({size: taken["floor"] for size, taken in checked.items()})
        began = time.process_time()
        for turn in itertools.count(1):
            ours.turn()
            by_hand.turn()
            if turn >= turns.least and (turn >= turns.most or time.process_time() - began > turns.seconds):
                break
        return {
            "items": {str(size): statistics.median(each) for size, each in ours.samples.items()},
            "ours": ours.growth(),
            "by hand": by_hand.growth(),
        }
    finally:
        for sides in made.values():
            sides.close()
