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
_SHORT_TEXT: Final = 16
_MOST_PARTS: Final = 300_000
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
    """The value of a path as an engine hands it out, which spells every number anew. Shared where that changes nothing."""
    kind = type(value)
    if kind is str:
        return value if len(value) < _LONG_TEXT and well_formed(value) else ASK
    if kind is int:
        return value if -EXACT < value < EXACT else ASK
    if kind is float:
        return computed(value)
    if kind is dict or kind is list:
        return _settled_container(value, [_MOST_PARTS], _DEEPEST)
    return value


def _settled_container(container: Json, left: list[int], levels: int) -> Answer:
    """`left` is how many more parts all of it may have; a long text counts as many."""
    left[0] -= len(container)
    if levels == 0 or left[0] < 0:
        return ASK
    parts: Any = enumerate(container)
    if type(container) is dict:
        for name in container:
            if not name.isascii() and not well_formed(name):
                return ASK
        parts = container.items()
    changed: Json = None
    for key, part in parts:
        kind = type(part)
        if kind is str:
            if not _is_text(part, left):
                return ASK
        elif kind is int:
            if not -EXACT < part < EXACT:
                return ASK
        elif kind is float or kind is dict or kind is list:
            found = computed(part) if kind is float else _settled_container(part, left, levels - 1)
            if found is ASK:
                return ASK
            if found is not part:
                changed = container.copy() if changed is None else changed
                changed[key] = found
    return container if changed is None else changed


def _is_text(value: str, left: list[int]) -> bool:
    if len(value) > _SHORT_TEXT:
        left[0] -= len(value)
        if left[0] < 0:
            return False
    return value.isascii() or well_formed(value)


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
