"""JSON text as it arrives -> the elements of one array (or the members of one object) in it, one at a time.

Knows: how far a JSON document has been read. Must never know: where the text comes from, or what an element is for.
The standard library reads values; we find where each begins and keep no more text than one value and one chunk. What
lies beside the wanted array is read and dropped, value by value, except for the values that enclose it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn, TextIO

from asl_local.values import DEEPEST, Json, accept

LARGEST_VALUE = (
    67_108_864  # characters of one value: an item may have 256 KiB, but what lies beside the items is read too
)

_CHUNK = 65_536
_BEGINS = frozenset('"[{-0123456789tfn')
_BLANKS = re.compile(r"[ \t\n\r]*")
_SCALAR_END = frozenset(" \t\n\r,]}")


class NotIterable(ValueError):
    """What was asked for is neither an array nor an object."""


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is larger than any number here")
    return number


DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_number)
"""JSON as RFC 8259 has it: no NaN, no infinities."""


def decode(text: str) -> Json:
    """One JSON value, nested no deeper than values may be. Raises ValueError (json.JSONDecodeError, NotJson)."""
    return _bounded(DECODER.decode(text), text, 0, len(text))


def _bounded(value: Json, text: str, start: int, end: int) -> Json:
    """The value, walked through only where there are enough brackets to nest too deeply."""
    if text.count("[", start, end) + text.count("{", start, end) > DEEPEST:
        return accept(value)
    return value


def elements(text: TextIO, pointer: str = "") -> Iterator[tuple[str | None, Json]]:
    """The elements of the array at `pointer` (RFC 6901; "" is the whole document), or an object's members by name.

    Raises NotIterable for a scalar, KeyError (with the token) where the pointer leads nowhere, ValueError for text
    that is no JSON. After an array that is the whole document nothing but blanks may follow.
    """
    document = _Document(text)
    for token in _tokens(pointer):
        document.enter(token)
    opening = document.peek()
    if opening == "[":
        yield from ((None, element) for element in document.array())
    elif opening == "{":
        yield from document.members()
    else:
        document.value()
        raise NotIterable(pointer)
    if not pointer:
        document.finish()


def _tokens(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise KeyError(pointer)
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


class _Document:
    """A place in a JSON text that is read from left to right."""

    def __init__(self, text: TextIO) -> None:
        self._source = text
        self._text = ""
        self._at = 0
        self._before = 0  # characters that were dropped already
        self._ended = False

    def peek(self) -> str:
        """The next character that is no blank; "" at the end of the text."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> str:
        """The next character that is no blank, which must be one of those."""
        found = self.peek()
        if not found or found not in wanted:
            what = f"{found!r} at character {self._before + self._at}" if found else "the text ends"
            raise ValueError(f"{what}, where {' or '.join(wanted)} is wanted")
        self._at += 1
        return found

    def value(self) -> Json:
        """The next value, whole."""
        first = self.peek()
        if first and first not in _BEGINS:
            raise ValueError(f"{first!r} at character {self._before + self._at}, where a value is wanted")
        size = _CHUNK
        while True:
            problem = None
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                problem = error
            else:
                # A number (or true) may go on in the next chunk.
                if self._ended or (end < len(self._text) and self._text[end] in _SCALAR_END) or self._closed(end):
                    start, self._at = self._at, end
                    return _bounded(value, self._text, start, end)
            if len(self._text) - self._at > LARGEST_VALUE:
                raise ValueError(f"a value at character {self._before + self._at} is too large")
            if not self._more(size):
                if problem is not None:
                    raise ValueError(f"{problem.msg} at character {self._before + problem.pos}")
                continue
            size *= 2

    def _closed(self, end: int) -> bool:
        return end > self._at and self._text[end - 1] in '"]}'

    def array(self) -> Iterator[Json]:
        """The elements of the array that begins here."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            if self.take(",]") == "]":
                return

    def members(self) -> Iterator[tuple[str, Json]]:
        """The members of the object that begins here."""
        for name in self._names():
            yield name, self.value()

    def _names(self) -> Iterator[str]:
        """The names of an object's members; whoever asks for the next has read the value."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise ValueError(f"a member's name is wanted before character {self._before + self._at}")
            self.take(":")
            yield name
            if self.take(",}") == "}":
                return

    def enter(self, token: str) -> None:
        """Go on to the member or element that a pointer's token names."""
        opening = self.peek()
        if opening == "{":
            for name in self._names():
                if name == token:
                    return
                self.value()
        elif opening == "[" and re.fullmatch(r"0|[1-9]\d*", token):
            self.take("[")
            for _ in range(int(token)):
                if self.peek() == "]":
                    raise KeyError(token)
                self.value()
                if self.take(",]") == "]":
                    raise KeyError(token)
            if self.peek() != "]":
                return
        raise KeyError(token)

    def finish(self) -> None:
        """Nothing but blanks may be left."""
        if self.peek():
            raise ValueError(f"more text after the document, at character {self._before + self._at}")

    def _more(self, size: int = _CHUNK) -> bool:
        chunk = "" if self._ended else self._source.read(size)
        if not chunk:
            self._ended = True
            return False
        self._before += self._at
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True
