"""Option values as the aws command reads them: plain text, JSON, shorthand (`Name=a,Size={Width=1}`), `file://` paths.

Knows: the AWS CLI user guide's "parameter values" and "shorthand syntax" pages. Must never know: which option it is for.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from pathlib import Path
from typing import Any

# Members that are no text though shorthand writes them so; JSON says by itself what a value is.
_NUMBERS = frozenset({"ReadCapacityUnits", "WriteCapacityUnits"})
_FLAGS = frozenset({"BOOL", "NULL"})
# Members that hold bytes, which JSON writes in base64: images, and DynamoDB's binary values.
_BYTES = frozenset({"Bytes", "B", "BS", "BinaryValue"})


class ValueProblem(ValueError):
    """An option's value that cannot be read; the text says what is wrong."""


def text_value(given: str) -> str:
    """A text, or what stands in the file that `file://path` names."""
    if given.startswith("fileb://"):
        raise ValueProblem(f"{given}: fileb:// is for bytes; use file://")
    return _file(given, "file://").decode("utf-8", "strict") if given.startswith("file://") else given


def bytes_value(given: str) -> bytes:
    """Bytes from the file that `fileb://path` names, or base64."""
    if given.startswith("fileb://"):
        return _file(given, "fileb://")
    return _unbase64(given, "the value")


def structure_value(given: str) -> Any:
    """A JSON object or array, or shorthand; base64 members become bytes."""
    text = text_value(given)
    if text.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ValueProblem(f"invalid JSON: {error}\nJSON received: {text}") from None
    else:
        value = _typed(Shorthand(text).read())
    return _with_bytes(value)


def list_value(given: list[str]) -> list[Any]:
    """Several values as one list: texts, JSON objects or shorthand, or one JSON array."""
    if len(given) == 1 and text_value(given[0]).lstrip().startswith("["):
        value: list[Any] = structure_value(given[0])
        return value
    return [structure_value(text) if "=" in text or text.startswith(("{", "file://")) else text for text in given]


def _file(given: str, scheme: str) -> bytes:
    path = Path(given.removeprefix(scheme)).expanduser()
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueProblem(f"unable to load {given}: {error.strerror}") from None


def _typed(value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _leaf(name, member) for name, member in value.items()}


def _leaf(name: str, value: Any) -> Any:
    if name in _NUMBERS and isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if name in _FLAGS and value in {"true", "false"}:
        return value == "true"
    return _typed(value)


def _with_bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for name, member in value.items():
        if name in _BYTES and isinstance(member, str):
            result[name] = _unbase64(member, name)
        elif name in _BYTES and isinstance(member, list) and all(isinstance(item, str) for item in member):
            result[name] = [_unbase64(item, name) for item in member]
        else:
            result[name] = _with_bytes(member)
    return result


def _unbase64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueProblem(f"invalid base64 in {name}: {text[:40]!r}") from None


class Shorthand:
    """`Name=value,Other={Inner=1},Many=[a,b],More=a,b` -> a dict of texts, dicts and lists."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def read(self) -> dict[str, Any]:
        """The whole text. Raises ValueProblem with the place."""
        value = self._members()
        if self._at < len(self._text):
            raise self._wrong("','")
        return value

    def _members(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while True:
            name = self._name()
            value = self._value()
            # After a plain value, what follows up to the next `name=` belongs to it: `Many=a,b`.
            while not isinstance(value, dict) and self._is(",") and not self._member_follows():
                self._at += 1
                value = [*(value if isinstance(value, list) else [value]), self._value()]
            if name in result:
                raise ValueProblem(f"shorthand: {name} stands twice in {self._text!r}")
            result[name] = value
            if not self._is(","):
                return result
            self._at += 1

    def _member_follows(self) -> bool:
        ahead = self._text[self._at + 1 :]
        name = re.match(r"[^,=\[\]{}\"']*", ahead)
        return name is not None and ahead[name.end() : name.end() + 1] == "="

    def _name(self) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in "=,{}[]\"'":
            self._at += 1
        name = self._text[start : self._at].strip()
        if not name or not self._is("="):
            raise self._wrong("a name and '='")
        self._at += 1
        return name

    def _value(self) -> Any:
        if self._is("{"):
            self._at += 1
            result: Any = {} if self._is("}") else self._members()
            self._close("}")
            return result
        if self._is("["):
            self._at += 1
            result = []
            while not self._is("]"):
                result.append(self._value())
                if not self._is("]"):
                    self._close(",")
            self._close("]")
            return result
        if self._is('"') or self._is("'"):
            return self._quoted()
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in ",]}":
            self._at += 1
        return self._text[start : self._at].strip()

    def _quoted(self) -> str:
        quote, result = self._text[self._at], ""
        self._at += 1
        while not self._is(quote):
            if self._at >= len(self._text):
                raise self._wrong(quote)
            if self._is("\\") and self._text[self._at + 1 : self._at + 2] in {quote, "\\"}:
                self._at += 1
            result += self._text[self._at]
            self._at += 1
        self._at += 1
        return result

    def _is(self, character: str) -> bool:
        return self._text[self._at : self._at + 1] == character

    def _close(self, character: str) -> None:
        if not self._is(character):
            raise self._wrong(f"'{character}'")
        self._at += 1

    def _wrong(self, expected: str) -> ValueProblem:
        found = self._text[self._at : self._at + 1] or "the end"
        return ValueProblem(f"shorthand: expected {expected}, found {found} at position {self._at} of {self._text!r}")
