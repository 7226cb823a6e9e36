"""The positional reader of JSON texts: the line and column of everything, and of every fault in AWS's words.

Knows: JSON (RFC 8259), and what Jackson says. Must never know: states, fields, files.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from typing import NoReturn

from asl_local.definition.json_text import DEEPEST, Fault, Layout, Place, UnreadableText, escape
from asl_local.values import Json

_BLANK = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.])")
_WORD = re.compile(r"[\w$.+-]+")
_LITERALS: dict[str, Json] = {"true": True, "false": False, "null": None}
_NOT_JSON_NUMBERS = {"NaN", "Infinity", "-Infinity"}
# Jackson's words, which AWS passes on (recorded for the first of them).
_EXPECTED = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class Reader:
    """A recursive descent over the text that notes every place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.layout = Layout()
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def document(self) -> tuple[Json, Layout]:
        """The value and its layout. Raises UnreadableText."""
        self._skip()
        value = self._value("", 0)
        self._skip()
        if self.at < len(self.text):
            self._stop(f"{self._here()} after the end of the definition", "a definition is one JSON object")
        return value, self.layout

    def place(self, offset: int) -> Place:
        """Line and column of a character."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _stop(self, message: str, hint: str | None = None, offset: int | None = None) -> NoReturn:
        if offset is None:  # where the text ends too soon, its last line that says something
            offset = self.at if self.at < len(self.text) else len(self.text.rstrip())
        line, column = self.place(offset)
        raise UnreadableText(Fault(line, column, message, hint))

    def _here(self) -> str:
        if self.at >= len(self.text):
            return "Unexpected end-of-input"
        character = self.text[self.at]
        return f"Unexpected character ('{character}' (code {ord(character)}))"

    def _value(self, pointer: str, depth: int) -> Json:
        text = self.text
        self.layout.values[pointer] = self.place(self.at)
        if depth > DEEPEST:
            self._stop(f"nested more than {DEEPEST} levels deep")
        if self.at >= len(text):
            self._stop(f"{self._here()}: a value is missing", "the definition is cut off here")
        character = text[self.at]
        if character == "{":
            return self._object(pointer, depth)
        if character == "[":
            return self._array(pointer, depth)
        if character == '"':
            return self._string()
        if match := _NUMBER.match(text, self.at):
            return self._number(match, pointer)
        match = _WORD.match(text, self.at)
        if match is None:
            self._stop(f"{self._here()}: {_EXPECTED}", _COMMENT_HINT if character in "/#" else _hint_for(character))
        word = match[0]
        if word in _LITERALS:
            self.at = match.end()
            return _LITERALS[word]
        if word in _NOT_JSON_NUMBERS:
            self._note(f"{word} is not a JSON number", pointer)
            self.at = match.end()
            return None
        if character in "-+.0123456789":
            self._stop(f"{word!r} is not a JSON number", _number_hint(word))
        token = re.match(r"\w+", word)
        return self._stop(f"Unrecognized token '{token[0] if token else word}': {_EXPECTED}", _token_hint(word))

    def _note(self, message: str, pointer: str, hint: str | None = None, offset: int | None = None) -> None:
        line, column = self.place(self.at if offset is None else offset)
        self.layout.faults.append(Fault(line, column, message, hint, pointer))

    def _number(self, match: re.Match[str], pointer: str) -> Json:
        digits = match[0]
        value: Json
        if match[1] or match[2]:
            value = float(digits)
            if not math.isfinite(value):
                self._note(f"the number {digits} is larger than a double can hold", pointer)
                value = None
        else:
            try:
                value = int(digits)
            except ValueError:  # CPython's limit of 4,300 digits
                self._note(f"an integer of {len(digits)} digits", pointer)
                value = None
        self.at = match.end()
        return value

    def _string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            self._stop(*self._why_no_string())
        self.at = match.end()
        inner = match[1]
        return json.loads(match[0], strict=True) if "\\" in inner else inner

    def _why_no_string(self) -> tuple[str, str | None, int]:
        """What is wrong with the string that begins here, with the offset of the fault."""
        offset = self.at + 1
        while offset < len(self.text):
            character = self.text[offset]
            if character < " ":
                what = {"\n": "a line break", "\r": "a line break", "\t": "a tab"}.get(character, "a control character")
                return f"{what} inside a string", "is the closing quote missing? Otherwise write \\n, \\t, ...", offset
            if character == "\\":
                if not re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})').match(self.text, offset):
                    escape_text = self.text[offset : offset + 2]
                    return f"Unrecognized character escape {escape_text!r}", "write \\\\ for a backslash", offset
                offset += 1
            offset += 1
        return "Unexpected end-of-input: a string is not closed", None, self.at

    def _object(self, pointer: str, depth: int) -> dict[str, Json]:
        members: dict[str, Json] = {}
        opened = self.at
        self.at += 1
        self._skip()
        if self.text.startswith("}", self.at):
            self.at += 1
            return members
        while True:
            self._key(members, pointer, depth, opened)
            self._skip()
            if self.text.startswith("}", self.at):
                self.at += 1
                return members
            self._comma("Object", opened)

    def _key(self, members: dict[str, Json], pointer: str, depth: int, opened: int) -> None:
        start = self.at
        if not self.text.startswith('"', start):
            if start >= len(self.text):
                self._unclosed("Object", opened)
            hint = None
            if self.text[start] == "}":
                hint = "remove the comma before it"
            elif self.text[start] in "/#":
                hint = _COMMENT_HINT
            self._stop(f"{self._here()}: was expecting double-quote to start field name", hint)
        name = self._string()
        child = f"{pointer}/{escape(name)}"
        if name in members:
            line, column = self.layout.keys[child]
            self._note(
                f"Duplicate field '{name}'",
                child,
                f"it already stands at line {line}, column {column}; keep one of the two",
                start,
            )
        self.layout.keys[child] = self.place(start)
        self._skip()
        if not self.text.startswith(":", self.at):
            self._stop(f"{self._here()}: was expecting a colon to separate field name and value")
        self.at += 1
        self._skip()
        members[name] = self._value(child, depth + 1)

    def _array(self, pointer: str, depth: int) -> list[Json]:
        items: list[Json] = []
        opened = self.at
        self.at += 1
        self._skip()
        if self.text.startswith("]", self.at):
            self.at += 1
            return items
        while True:
            if self.text.startswith("]", self.at):
                self._stop(f"{self._here()}: {_EXPECTED}", "remove the comma before it")
            items.append(self._value(f"{pointer}/{len(items)}", depth + 1))
            self._skip()
            if self.text.startswith("]", self.at):
                self.at += 1
                return items
            self._comma("Array", opened)

    def _comma(self, kind: str, opened: int) -> None:
        if self.at >= len(self.text):
            self._unclosed(kind, opened)
        if not self.text.startswith(",", self.at):
            self._stop(f"{self._here()}: was expecting comma to separate {kind} entries")
        self.at += 1
        self._skip()

    def _unclosed(self, kind: str, opened: int) -> NoReturn:
        line, column = self.place(opened)
        self._stop(f"Unexpected end-of-input: expected close marker for {kind}", f"it opens at {line}:{column}")


_COMMENT_HINT = "JSON has no comments; use the Comment field"


def _hint_for(character: str) -> str | None:
    return "JSON strings stand in double quotes" if character in "'`\u201c\u201d" else None


def _token_hint(word: str) -> str | None:
    known = {literal.lower(): literal for literal in _LITERALS}
    if word.lower() in known:
        return f"write {known[word.lower()]}"
    return "write null" if word in {"None", "nil", "undefined"} else "JSON strings stand in double quotes"


def _number_hint(word: str) -> str | None:
    if re.fullmatch(r"[+-]?0\d+", word):
        return "JSON numbers have no leading zeros; an account id is a string"
    return "JSON numbers look like 1, -0.5 or 2e3" if re.match(r"[+-]?\.?\d", word) else None


__all__ = ["Reader"]
