"""JSONata's tokens: text -> one token at a time, as version 2.0.6 reads them.

Knows: how strings, numbers, names, comments and regular expressions are written. Must never know: what they mean.

AWS runs JSONata 2.0.6. Later versions read `??` and `?:` too, and so do the engines: what AWS refuses has to be seen here.
"""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple, TypeAlias

from asl_local.language.jsonata.seam import Thrown
from asl_local.values import Json, text_of

Kind: TypeAlias = Literal["name", "variable", "operator", "string", "number", "value", "regex", "end"]

# Binding powers. jsonata-js: the higher, the tighter; 0 stands for what only ends something.
OPERATORS: dict[str, int] = {
    ".": 75, "[": 80, "]": 0, "{": 70, "}": 0, "(": 80, ")": 0, ",": 0, "@": 80, "#": 80, ";": 80, ":": 80, "?": 20,
    "+": 50, "-": 50, "*": 60, "/": 60, "%": 60, "|": 20, "=": 40, "<": 40, ">": 40, "^": 40, "**": 60, "..": 20,
    ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "and": 30, "or": 25, "in": 40, "&": 50, "!": 0, "~": 0,
}  # fmt: skip

_BLANK = " \t\n\r\v"
_DOUBLE = ("..", ":=", "!=", ">=", "<=", "**", "~>")
_SINGLE = frozenset(name for name in OPERATORS if len(name) == 1)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?")
_HEX = re.compile(r"[0-9a-fA-F]{1,4}")
# Most tokens at one go; what it does not match is read with more care.
_COMMON = re.compile(
    r"""[ \t\n\r\v]*(?:
    \$(?P<variable>[A-Za-z_][A-Za-z0-9_]*) (?=[ \t\n\r\v.\[\]{}(),@#;:?+\-*/%|=<>^&!~]|\Z)
    |(?P<operator>\.\.|:=|!=|>=|<=|\*\*|~>|[.\[\]{}(),@#;:?+\-*%|=<>^&])
    |(?!(?:or|in|and|true|false|null)\b)(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?=[ \t\n\r\v.\[\]{}(),@#;:?+\-*/%|=<>^&!~]|\Z)
    |"(?P<string>[^"\\]*)"
    |'(?P<text>[^'\\]*)'
    |(?P<number>0|[1-9][0-9]{0,14})(?![0-9.eE])
    )""",
    re.VERBOSE,
)
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_VALUES: dict[str, Json] = {"true": True, "false": False, "null": None}

# The messages of version 2.0.6; AWS shows them without their codes when a state machine is created.
_MESSAGES = {
    "S0101": "String literal must be terminated by a matching quote",
    "S0102": "Number out of range: {token}",
    "S0103": "Unsupported escape sequence: \\{token}",
    "S0104": "The escape sequence \\u must be followed by 4 hex digits",
    "S0105": "Quoted property name must be terminated with a backquote (`)",
    "S0106": "Comment has no closing tag",
    "S0201": "Syntax error: {token}",
    "S0202": "Expected {value}, got {token}",
    "S0203": "Expected {value} before end of expression",
    "S0204": "Unknown operator: {token}",
    "S0207": "Unexpected end of expression",
    "S0208": "Parameter {value} of function definition must be a variable name (start with $)",
    "S0211": "The symbol {token} cannot be used as a unary operator",
    "S0212": "The left side of := must be a variable name (start with $)",
    "S0213": "The literal value {value} cannot be used as a step within a path expression",
    "S0214": "The right side of {token} must be a variable name (start with $)",
    "S0301": "Empty regular expressions are not allowed",
    "S0302": "No terminating / in regular expression",
}


class Token(NamedTuple):
    """One token; `start` and `end` count characters."""

    kind: Kind
    value: Json
    start: int
    end: int

    @property
    def shown(self) -> Json:
        """What messages call it."""
        return "(end)" if self.kind == "end" else self.value


def error(code: str, token: Json = None, value: Json = None) -> Thrown:
    """The error of that code, its values written as JSON."""
    return Thrown(code, _MESSAGES[code].format(token=text_of(token), value=text_of(value)))


def next_token(text: str, position: int, *, infix: bool = False) -> Token:
    """The token at `position` or after; where an operator must follow (`infix`), a slash divides."""
    found = _COMMON.match(text, position)
    if found is None:
        return _any_token(text, position, infix=infix)
    kind = found.lastgroup
    value, (start, end) = found[kind], found.span(kind)  # type: ignore[arg-type, index]
    if kind == "operator":
        return Token("operator", value, start, end)
    if kind == "variable":
        return Token("variable", value, start - 1, end)
    if kind == "name":
        return Token("name", value, start, end)
    if kind == "number":
        return Token("number", int(value), start, end)
    return Token("string", value, start - 1, end + 1)


def _any_token(text: str, position: int, *, infix: bool) -> Token:
    at, end = _skip(text, position), len(text)
    if at >= end:
        return Token("end", None, end, end)
    character = text[at]
    if character == "/" and not infix:
        return _regex(text, at)
    if text[at : at + 2] in _DOUBLE:
        return Token("operator", text[at : at + 2], at, at + 2)
    if character in "!~":
        raise error("S0204", character)
    if character in _SINGLE:
        return Token("operator", character, at, at + 1)
    if character in "\"'":
        return _string(text, at)
    if match := _NUMBER.match(text, at):
        number = float(match[0])
        if not math.isfinite(number):
            raise error("S0102", match[0])
        return Token("number", int(number) if number.is_integer() and abs(number) < 1e21 else number, at, match.end())
    if character == "`":
        close = text.find("`", at + 1)
        if close < 0:
            raise error("S0105")
        return Token("name", text[at + 1 : close], at, close + 1)
    return _word(text, at)


def _skip(text: str, position: int) -> int:
    at, end = position, len(text)
    while at < end:
        if text[at] in _BLANK:
            at += 1
        elif text.startswith("/*", at):
            close = text.find("*/", at + 2)
            if close < 0:
                raise error("S0106")
            at = close + 2
        else:
            break
    return at


def _word(text: str, at: int) -> Token:
    close = at
    while close < len(text) and text[close] not in _BLANK and text[close] not in _SINGLE:
        close += 1
    word = text[at:close]
    if word.startswith("$"):
        return Token("variable", word[1:], at, close)
    if word in ("or", "in", "and"):
        return Token("operator", word, at, close)
    if word in _VALUES:
        return Token("value", _VALUES[word], at, close)
    return Token("name", word, at, close)


def _string(text: str, start: int) -> Token:
    quote, at = text[start], start + 1
    parts: list[str] = []
    while at < len(text):
        character = text[at]
        if character == quote:
            return Token("string", "".join(parts), start, at + 1)
        if character == "\\":
            at += 1
            escape = text[at : at + 1]
            if escape in _ESCAPES:
                parts.append(_ESCAPES[escape])
            elif escape == "u":
                digits = text[at + 1 : at + 5]
                if not _HEX.fullmatch(digits):
                    raise error("S0104")
                parts.append(chr(int(digits, 16)))
                at += 4
            else:
                raise error("S0103", escape)
        else:
            parts.append(character)
        at += 1
    raise error("S0101")


def _regex(text: str, start: int) -> Token:
    depth, at = 0, start + 1
    while at < len(text):
        character = text[at]
        escaped = text[at - 1] == "\\"
        if character == "/" and depth == 0 and not _backslashes(text, at) % 2:
            if at == start + 1:
                raise error("S0301")
            close = at + 1
            while close < len(text) and text[close] in "im":
                close += 1
            return Token("regex", text[start:close], start, close)
        if character in "([{" and not escaped:
            depth += 1
        elif character in ")]}" and not escaped:
            depth -= 1
        at += 1
    raise error("S0302")


def _backslashes(text: str, at: int) -> int:
    count = 0
    while at - count > 0 and text[at - count - 1] == "\\":
        count += 1
    return count
