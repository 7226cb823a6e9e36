"""Text put together from pieces of other texts -> where each of its characters stands in the file.

Knows: pieces, scalars as JSON and YAML write them, and `${name}` outside of JSON's strings. Must never know: what a
template is, or why its texts are put together.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final

from asl_local.definition.json_text import Fault, Layout, Place, UnreadableText, layout, load
from asl_local.lazy import dataclass
from asl_local.values import Json, text_of


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and the place of the character at an offset in it."""

    text: str
    place: Callable[[int], Place | None]

    def part(self, start: int, end: int) -> Piece:
        """The characters from `start` to before `end`."""
        place = self.place
        return Piece(self.text[start:end], lambda offset: place(start + offset))

    def instead(self, text: str) -> Piece:
        """Another text, all of which stands where this one begins."""
        place = self.place
        return Piece(text, lambda _: place(0))


def lines_of(text: str) -> Callable[[int], Place]:
    """Where the character at an offset of a text stands."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(offset: int) -> Place:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return place


class Composed:
    """Pieces in a row."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = [piece for piece in pieces if piece.text]
        self.text = "".join(piece.text for piece in self.pieces)
        self._starts = [0]
        for piece in self.pieces:
            self._starts.append(self._starts[-1] + len(piece.text))
        self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]

    def place(self, line: int, column: int) -> Place | None:
        """Where the character at a line and column of the whole text stands in the file."""
        offset = min(self._lines[min(line, len(self._lines)) - 1] + column - 1, len(self.text))
        at = min(bisect_right(self._starts, offset), len(self.pieces)) - 1
        return self.pieces[at].place(offset - self._starts[at]) if self.pieces else None

    def slice(self, start: int, end: int) -> list[Piece]:
        """The pieces of a part."""
        found = []
        for at, piece in enumerate(self.pieces):
            first, last = max(start - self._starts[at], 0), min(end - self._starts[at], len(piece.text))
            if first < last:
                found.append(piece.part(first, last))
        return found

    def layout(self) -> Layout:
        """Where the values and keys of the JSON text stand in the file."""
        inner = layout(self.text)
        values = {pointer: self.place(*place) for pointer, place in inner.values.items()}
        keys = {pointer: self.place(*place) for pointer, place in inner.keys.items()}
        return Layout(
            {pointer: place for pointer, place in values.items() if place},
            {pointer: place for pointer, place in keys.items() if place},
        )

    def faults(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults of the text with their places in the file."""
        moved = []
        for fault in faults:
            line, column = self.place(fault.line, fault.column) or (fault.line, fault.column)
            moved.append(Fault(line, column, fault.message, fault.hint, fault.pointer))
        return moved

    def load(self) -> tuple[Json, list[Fault]]:
        """The JSON value and the faults that leave it readable; raises UnreadableText."""
        try:
            tree, known = load(self.text)
        except UnreadableText as error:
            raise UnreadableText(*self.faults(error.faults)) from None
        return tree, self.faults(known.faults if known else ())


# ------------------------------------------------------------------------------------------------- bare placeholders

_STRING_OR_PLACEHOLDER: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{([^${}]+)\}', re.DOTALL)


def bare_placeholders(text: Composed, given: Mapping[str, Json]) -> tuple[Composed, set[str]] | None:
    """The text with the placeholders outside of its strings filled, `"Seconds": ${Wait}`, and the names of those.

    That is how definitions take numbers and objects from DefinitionSubstitutions, which replace text in text. A name
    that has no value becomes a string that holds the placeholder. None if there is no such placeholder.
    """
    pieces: list[Piece] = []
    filled: set[str] = set()
    done = 0
    for match in _STRING_OR_PLACEHOLDER.finditer(text.text):
        name = match[1]
        if name is None:
            continue
        pieces += text.slice(done, match.start())
        whole = text.slice(match.start(), match.end())
        if name in given:
            value = given[name]
            pieces.append(whole[0].instead(value if isinstance(value, str) else text_of(value)))
            filled.add(name)
        else:
            pieces += [whole[0].instead('"'), *whole, whole[0].instead('"')]
        done = match.end()
    if not done:
        return None
    return Composed([*pieces, *text.slice(done, len(text.text))]), filled


# ----------------------------------------------------------------------------------------------------------- scalars

_YAML_PROPERTIES: Final = re.compile(r"(?:[!&]\S*\s+)*")
_BLOCK_HEADER: Final = re.compile(r"[|>][-+0-9]*[^\n]*(?:\n|$)")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|([\s\S]))")


class Scalars:
    """The strings of one file: where each of their characters stands."""

    def __init__(self, text: str, places: Callable[[], Layout]) -> None:
        self.text = text
        self._places = places
        self._line = lines_of(text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._known: dict[str, list[int] | None] = {}

    def below(self, pointer: str) -> Scalars:
        """The same for a part of the file, named as from there."""

        def places() -> Layout:
            whole = self._places()
            return Layout(
                {known[len(pointer) :]: p for known, p in whole.values.items() if known.startswith(pointer)},
                {known[len(pointer) :]: p for known, p in whole.keys.items() if known.startswith(pointer)},
            )

        return Scalars(self.text, cache(places))

    def start(self, pointer: str) -> Place | None:
        """Where the value at a pointer begins."""
        return self._places().values.get(pointer)

    def layout(self, moved: Mapping[str, str]) -> Layout:
        """Where the values of another tree stand, each of which comes from a pointer of this file or from below it."""
        places = self._places()
        found = Layout()
        for pointer, origin in moved.items():
            above = origin
            while above and above not in places.values:
                above = above.rpartition("/")[0]
            if above in places.values:
                found.values[pointer] = places.values[above]
            if origin in places.keys:
                found.keys[pointer] = places.keys[origin]
        return found

    def piece(self, pointer: str, value: str) -> Piece:
        """The string at a pointer, whose value is known."""

        def place(offset: int) -> Place | None:
            start = self._places().values.get(pointer)
            if start is None:
                return None
            if pointer not in self._known:
                self._known[pointer] = _aligned(self.text, self._starts[start[0] - 1] + start[1] - 1, value)
            offsets = self._known[pointer]
            return start if offsets is None or not offsets else self._line(offsets[min(offset, len(offsets) - 1)])

        return Piece(value, place)


def _aligned(text: str, at: int, value: str) -> list[int] | None:
    """The offset in the file of every character of a string that is written at `at`; None if they do not match.

    Whatever the style, the characters that are no blanks stand in the file in the same order, some of them escaped;
    only blanks and line breaks are folded or stripped.
    """
    match = _YAML_PROPERTIES.match(text, at)
    at = match.end() if match else at
    quote = text[at : at + 1]
    if quote in ("'", '"'):
        at += 1
    elif header := _BLOCK_HEADER.match(text, at):
        at = header.end()
    offsets = []
    for character in value:
        if character.isspace():
            if at < len(text) and text[at] == "\\" and quote == '"':
                offsets.append(at)
                at = _escape_end(text, at)
                continue
            offsets.append(min(at, len(text) - 1))
            if at < len(text) and text[at].isspace():
                at += 1
            continue
        while at < len(text) and (text[at].isspace() or (quote == '"' and text.startswith("\\\n", at))):
            at += 2 if text[at] == "\\" else 1
        if at >= len(text):
            return None
        offsets.append(at)
        if quote == '"' and text[at] == "\\":
            at = _escape_end(text, at)
        elif text[at] != character:
            return None
        else:
            at += 2 if quote == "'" and character == "'" else 1
    return offsets


def _escape_end(text: str, at: int) -> int:
    match = _ESCAPE.match(text, at)
    if match is None:
        return at + 1
    # A pair of surrogates is one character of the value.
    if match[1] and "d800" <= match[1].lower() <= "dbff" and (second := _ESCAPE.match(text, match.end())):
        return second.end()
    return match.end()


__all__ = ["Composed", "Piece", "Scalars", "bare_placeholders", "lines_of"]
