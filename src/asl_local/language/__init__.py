"""Expressions: text -> pure closures. Knows errors and values; must never know states, clocks or services.

A `Flow` takes the value that `$` stands for and a `Scope`, which answers the few questions an expression may ask
of its surroundings. The scope makes the Context Object only when somebody asks for it.
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, Protocol
from asl_local.values import Json

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias


class Scope(Protocol):
    """What an expression may ask besides its input."""

    def context(self) -> Json:
        """The Context Object (`$$`) as of now."""

    def map_item(self) -> Json:
        """The Context Object's `Map.Item` as of now. Raises KeyError where there is none."""

    def draw(self) -> float:
        """The next number of the execution's own seeded sequence, 0 <= n < 1 (MathRandom, UUID)."""

    def variable(self, name: str) -> Json:
        """The value of a variable that is in scope, as it was when the state was entered. Raises KeyError."""

    def has_variable(self, name: str) -> bool:
        """Whether a variable of that name is in scope; cheaper than a KeyError, for those that mostly are not."""

    def moment(self) -> float:
        """The time that `$now()` and `$millis()` tell, in epoch seconds; one time for a whole state."""


Flow: TypeAlias = "Callable[[Json, Scope], Json]"
