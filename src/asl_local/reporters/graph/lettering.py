"""Text in a picture: how wide it will be, where its lines break, and where it is cut.

Knows: characters and the sizes of a usual sans-serif face. Must never know: what is written.
A browser may have another face than we think of, so widths are a little generous.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

ELLIPSIS: Final = "…"

_NARROW: Final = frozenset("iljtfrIJ.,:;|!'`()[]/\\ ·-")
_BROAD: Final = frozenset("mwM@%&<>=—…→≤≥≠✓")
_WIDTHS: Final = {"narrow": 0.38, "small": 0.62, "capital": 0.75, "broad": 0.94, "W": 0.99, "wide": 1.06}
"""In ems, of the broader ones among the usual sans-serif faces."""
_BOLD: Final = 1.12
# After a blank or punctuation, before a hump of a CamelCase name.
_BREAKS: Final = re.compile(r"(?<=[\s\-_/.,:;|&)])(?=\S)|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def printable(text: str) -> str:
    """The text on one line: line breaks, tabs and whatever else has no shape of its own become blanks."""
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Cf" else " " for c in text)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: 2 for each East Asian wide character, 0 for what combines."""
    return sum(_columns(c) for c in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width in pixels of a line at a size in pixels."""
    return sum(_ems(c) for c in text) * size * (_BOLD if bold else 1.0)


def _ems(character: str) -> float:
    taken = _columns(character)
    if taken != 1:
        return _WIDTHS["wide"] if taken else 0.0
    if character in _NARROW:
        return _WIDTHS["narrow"]
    if character == "W":
        return _WIDTHS["W"]
    if character in _BROAD or (ord(character) > 0x2FF and not character.isalpha()):
        return _WIDTHS["broad"]
    return _WIDTHS["capital"] if character.isupper() or ord(character) > 0x2FF else _WIDTHS["small"]


def cut(text: str, longest: int) -> str:
    """The text in at most `longest` columns, with an ellipsis for what is missing."""
    if columns(text) <= longest:
        return text
    return _head(text, longest - 1).rstrip() + ELLIPSIS


def wrap(text: str, longest: int, lines: int) -> tuple[str, ...]:
    """The text in at most `lines` lines of at most `longest` columns; what does not fit is cut with an ellipsis.

    Lines break after blanks and punctuation and before the humps of a CamelCase name; a piece that is longer than a line
    is broken anywhere.
    """
    found: list[str] = []
    rest = printable(text).strip()
    while rest and len(found) < lines:
        if columns(rest) <= longest:
            return (*found, rest)
        if len(found) == lines - 1:
            return (*found, cut(rest, longest))
        line = _line(rest, longest)
        found.append(line.rstrip())
        rest = rest[len(line) :].lstrip()
    return tuple(found) or (" ",)


def _line(text: str, longest: int) -> str:
    best = ""
    for head in _heads(text):
        if columns(head.rstrip()) > longest:
            break
        best = head
    # A break that leaves most of the line empty is worse than one in a word.
    return best if columns(best) * 3 >= longest else _head(text, longest)


def _heads(text: str) -> Iterator[str]:
    for found in _BREAKS.finditer(text):
        yield text[: found.start()]


def _head(text: str, longest: int) -> str:
    """As much of the text as fits into so many columns, and at least one character with what combines with it."""
    taken = 0
    for n, character in enumerate(text):
        taken += _columns(character)
        if taken > longest and n:
            return text[:n]
    return text


__all__ = ["ELLIPSIS", "columns", "cut", "printable", "width", "wrap"]
