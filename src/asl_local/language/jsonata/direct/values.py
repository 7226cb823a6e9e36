"""Plain values: which of them count the same here as in an engine, and what they are as text and as truth.

Knows: numbers, texts and containers. Must never know: expressions.

Engines count in doubles: up to 2^53 that is what Python's integers do, beyond it is not. They hand out 1.0 as 1, and
know no half of a surrogate pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, TypeAlias

from asl_local.language import Scope
from asl_local.language.jsonata.functions import number
from asl_local.language.jsonata.seam import NoValue
from asl_local.values import Json


class Unsure(Enum):
    """What a direct evaluation answers besides values and UNDEFINED."""

    ASK = "ask the engine"


ASK: Final = Unsure.ASK
UNDEFINED: Final = NoValue.UNDEFINED

States: TypeAlias = Mapping[str, Json]
Answer: TypeAlias = Any
"""A JSON value, UNDEFINED or ASK."""
Direct: TypeAlias = Callable[[States, Scope], Answer]

EXACT: Final = 2**52  # sums and differences of two integers below it are exact in doubles
DIGITS: Final = 10**15  # integers of more digits are written in several ways
_LONG_TEXT: Final = 100_000
_MOST_PARTS: Final = 10_000
_DEEPEST: Final = 40


def well_formed(text: str) -> bool:
    """Whether a text is characters only, without half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def computed(value: float) -> Answer:
    """The result of arithmetic as an engine hands it out: 2.0 is 2."""
    if not -EXACT < value < EXACT:  # nor is it NaN
        return ASK
    return int(value) if type(value) is int or value.is_integer() else value


def passed_on(value: Answer) -> Answer:
    """The value of a path that is all of an expression: members keep their spelling, and nothing is copied."""
    return number(value) if type(value) is float or type(value) is int else value


def settled(value: Answer) -> Answer:
    """The value of a path as an engine hands it out, which spells every number anew. Shared if that changes nothing."""
    kind = type(value)
    if kind is str:
        return value if len(value) < _LONG_TEXT and well_formed(value) else ASK
    if kind is int:
        return value if -EXACT < value < EXACT else ASK
    if kind is float:
        return computed(value)
    if kind is dict or kind is list:
        return value if _parts_left(value, _MOST_PARTS, _DEEPEST) > 0 else ASK
    return value


def _parts_left(container: Json, parts: int, levels: int) -> int:
    """How many more parts there may be after those of a container; 0 or less if one of them would come out otherwise."""
    if levels == 0:
        return 0
    parts -= len(container)
    if type(container) is dict:
        for name in container:
            if not name.isascii() and not well_formed(name):
                return 0
        container = container.values()
    for part in container:
        kind = type(part)
        if kind is str:
            parts -= len(part) >> 4
            if not part.isascii() and not well_formed(part):
                return 0
        elif kind is int:
            if not -EXACT < part < EXACT:
                return 0
        elif kind is float:
            if part.is_integer():
                return 0
        elif kind is dict or kind is list:
            parts = _parts_left(part, parts, levels - 1)
        if parts <= 0:
            return 0
    return parts


def truth(value: Answer) -> Answer:
    """Whether a value counts as true; undefined does not."""
    kind = type(value)
    if kind is bool:
        return value
    if kind is str or kind is dict or kind is int or kind is float:
        return bool(value)
    if value is None or value is UNDEFINED:
        return False
    return ASK


def text(value: Answer) -> Answer:
    """A value as text, as `&` and `$string` write it; undefined stays undefined."""
    kind = type(value)
    if kind is str:
        return value if len(value) < _LONG_TEXT and well_formed(value) else ASK
    if kind is int:
        return str(value) if -DIGITS < value < DIGITS else ASK
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return _fraction(value)
    if value is None:
        return "null"
    return UNDEFINED if value is UNDEFINED else ASK


def _fraction(value: float) -> Answer:
    """A fraction with 15 digits; JavaScript and Python write very small and very large ones differently."""
    if not 1e-3 < abs(value) < 1e12:
        return ASK
    short = float(f"{value:.15g}")
    return ASK if short.is_integer() else repr(short)
