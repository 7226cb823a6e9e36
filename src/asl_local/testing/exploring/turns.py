"""Turns: whose turn it is among strands that are ready at once, and where that matters.

Knows: when strands that go on by themselves get in each other's way. Must never know: what is explored of it.
"""

from __future__ import annotations

from collections import deque

from asl_local.engine import Execution, patterns
from asl_local.engine.execution import Strand


class Turns:
    """Whose turn it is among strands that are ready at once: the definition's order, but for the `picks` that are given.

    Strands that go on do not touch each other, so their order makes no difference, unless one of them fails while others
    have still to go on: it might have been one of those. Then `others` are the turns that give each of them the chance.
    """

    def __init__(self, picks: tuple[int, ...]) -> None:
        self.given = picks
        self.taken: list[int] = []
        self.count = 0
        self._ready: list[list[Strand]] = []
        self._last: int | None = None
        self._contested: list[int] = []
        self._dead: set[int] = set()

    def __call__(self, ready: deque[Strand]) -> int:
        """The place of the one whose turn it is."""
        dead = {id(strand) for strand in ready if not strand.alive} - self._dead
        if dead:
            self._dead |= dead
            self._contest()
        if len(ready) == 1:
            self._last = None
            return 0
        places = [at for at, strand in enumerate(ready) if strand.alive]
        if len(places) < 2:
            self._last = None
            return places[0] if places else 0
        self._last = len(self.taken)
        pick = self.given[self._last] if self._last < len(self.given) else 0
        self.taken.append(pick)
        self.count = max(self.count, len(places))
        self._ready.append([ready[at] for at in places])
        return places[pick]

    def _contest(self) -> None:
        if self._last is not None and self._last not in self._contested:
            self._contested.append(self._last)

    def others(self, x: Execution) -> list[tuple[tuple[int, ...], str]]:
        """Turns that might have led elsewhere, and what a schedule calls them."""
        if x.outcome is not None and x.outcome.status != "SUCCEEDED":
            self._contest()
        found = []
        for at in self._contested:
            if at >= len(self.given):
                ready = self._ready[at]
                found += [
                    ((*self.taken[:at], other), f"{_strand_place(ready[other])} first")
                    for other in range(1, len(ready))
                ]
        return found


def _strand_place(strand: Strand) -> str:
    return "/".join(f"{each.state}[{each.index}]" for each in patterns.within(strand)) or strand.state.name


__all__ = ["Turns"]
