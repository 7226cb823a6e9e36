"""Amounts that may be known, unknown or without bound, and the sums, products and maxima of them.

Knows: arithmetic. Must never know: what is counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from asl_local.lazy import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """So much at most; or, with reasons, so much and nobody knows how much more.

    `unknown` are reasons why the rest cannot be told ("'Ship' has no TimeoutSeconds"), `endless` are loops that need not
    end. `path` are the states that add up to the known part, in order.
    """

    known: float = 0.0
    unknown: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is an upper bound."""
        return not self.unknown and not self.endless

    def __add__(self, other: Amount) -> Amount:
        """One after the other."""
        return Amount(
            self.known + other.known,
            _joined(self.unknown, other.unknown),
            _joined(self.endless, other.endless),
            self.path + other.path,
        )

    def times(self, count: float) -> Amount:
        """So many times over."""
        return Amount(self.known * count, self.unknown, self.endless, self.path) if count else Amount()

    def through(self, state: str) -> Amount:
        """The same, inside a state."""
        return Amount(self.known, self.unknown, self.endless, (state, *self.path))

    def text(self, unit: str) -> str:
        """`at most 70 s`; `at least 60 s: 'Ask' has no TimeoutSeconds`; `without end: the loop Ask -> Wait`."""
        number = f"{self.known:,.10g}{unit}"
        if self.endless:
            return f"without end: {'; '.join(self.endless)}"
        if self.unknown:
            return f"unknown, {number} and more: {'; '.join(self.unknown)}"
        return f"at most {number}"


def largest(amounts: Iterable[Amount]) -> Amount:
    """The one that may be most: the known parts are compared, the reasons of all of them count."""
    found = list(amounts)
    if not found:
        return Amount()
    most = max(found, key=lambda each: each.known)
    return Amount(
        most.known,
        _joined(*(each.unknown for each in found)),
        _joined(*(each.endless for each in found)),
        most.path,
    )


def _joined(*reasons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason for each in reasons for reason in each))


__all__ = ["Amount", "largest"]
