"""JSON text -> plain JSON, strictly, with the line and column of everything when somebody asks.

Knows: JSON (RFC 8259). Must never know: states, fields, files.

Two readers of the same text: the standard library's, fast, decides whether the text is JSON; the positional one runs
only when a place has to be named. Strict means: no member twice, no NaN or Infinity, no number beyond a double, no
nesting beyond `DEEPEST` levels.
"""

from __future__ import annotations

import json
import math

from asl_local.lazy import TYPE_CHECKING, dataclass, field
from asl_local.values import Json

if TYPE_CHECKING:
    from typing import Any, NoReturn

DEEPEST = 200  # levels; our own walks of a definition recurse, and real definitions stay below 40
Place = tuple[int, int]  # line and column, both from 1


@dataclass(slots=True)
class Fault:
    """Something in a text that cannot stand: where, what, and what to do about it."""

    line: int
    column: int
    message: str
    hint: str | None = None
    pointer: str = ""


class UnreadableText(Exception):
    """The text has no tree at all."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


@dataclass(slots=True)
class Layout:
    """Where the values and the keys of a text stand, by JSON pointer; and the faults that leave it readable."""

    values: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def escape(name: str) -> str:
    """A member's name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1") if "/" in name or "~" in name else name


def unescape(step: str) -> str:
    """A step of a JSON pointer as the member's name."""
    return step.replace("~1", "/").replace("~0", "~")


class _NeedsPlaces(Exception):
    """The fast reader met something that has to be reported with its place."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NeedsPlaces
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise _NeedsPlaces


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NeedsPlaces
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)


def load(text: str) -> tuple[Json, Layout | None]:
    """The value, and its layout if it was needed (its `faults` then say why).

    Raises UnreadableText for a text that is no JSON at all.
    """
    try:
        return _DECODER.decode(text), None
    except (_NeedsPlaces, ValueError, RecursionError):
        return _read_again(text)


def layout(text: str) -> Layout:
    """Where everything stands in a text that `load` has read."""
    return _read_again(text)[1]


def _read_again(text: str) -> tuple[Json, Layout]:
    from asl_local.definition.json_reader import Reader  # noqa: PLC0415 - few definitions have faults

    return Reader(text).document()
