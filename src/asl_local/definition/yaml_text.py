"""YAML text -> plain JSON with the line and column of everything.

Knows: YAML, and where YAML 1.1 and 1.2 disagree. Must never know: states, fields, files.

A definition is JSON data, so what JSON has no form for is refused: tags, anchors and aliases, merge keys, keys that are
no text, several documents. A plain scalar that YAML 1.1 and YAML 1.2 read differently (`on`, `012`, `1_000`, `12:30`,
an unquoted date) is refused too, whichever reading is meant: the next tool may have the other one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from asl_local.definition.json_text import DEEPEST, Fault, Layout, UnreadableText, escape
from asl_local.values import Json

# YAML 1.2, section 10.3.2 (core schema), without .inf and .nan, which JSON does not have.
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOLEAN = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*)(?:[eE][-+][0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# What the two versions read differently; 1.1 by its type repository (bool, int, float, timestamp, merge, value).
# YAML 1.1 reads y and n as booleans too, but its Python and Go readers never did, and DynamoDB's type N is a key.
_TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF"), "a boolean to YAML 1.1 and text to YAML 1.2"),
    (re.compile(r"[-+]?0[0-7_]+"), "an octal number to YAML 1.1 and a decimal one to YAML 1.2"),
    (re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?"), "text or a number, depending on YAML's version"),
    (re.compile(r"[-+]?0o[0-7]+"), "text to YAML 1.1 and an octal number to YAML 1.2"),
    (re.compile(r"[-+]?0b[01_]+"), "a binary number to YAML 1.1 and text to YAML 1.2"),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), "a hexadecimal number, which JSON does not have,"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*_[0-9_.]*|[-+]?[0-9][0-9_]*\.[0-9]*_[0-9_]*"),
        "a number to YAML 1.1 and text to YAML 1.2",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"),
        "a number in base 60 to YAML 1.1 and text to YAML 1.2",
    ),
    (
        re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+"),
        "text or a number, depending on YAML's version",
    ),
    (
        re.compile(
            r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)?"
        ),
        "a date to YAML 1.1 and text to YAML 1.2",
    ),
    (re.compile(r"=|<<"), "a special key to YAML 1.1 and text to YAML 1.2"),
)
_CLOUDFORMATION = (
    "CloudFormation functions (!Sub, !Ref, !GetAtt) are resolved at deployment; write ${Name} and pass substitutions"
)


TOO_DEEP = f"nested more than {DEEPEST} levels deep"


def load(text: str) -> tuple[Json, Layout]:
    """The value and its layout, whose `faults` are what YAML may hold and a definition may not.

    Raises UnreadableText for what is no YAML, and ModuleNotFoundError without PyYAML.
    """
    try:
        import yaml  # noqa: PLC0415 - an optional dependency
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "definitions in YAML need PyYAML: pip install 'asl-local[yaml]'", name="yaml"
        ) from None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml.parse(text, Loader=loader)).document()
    except yaml.YAMLError as error:
        raise UnreadableText(_fault(error, text)) from None


def _fault(error: Any, text: str) -> Fault:
    """PyYAML's error with its place."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if "maximum nesting depth" in str(message):  # libyaml's own bound is met while it looks ahead, before ours is
        message = TOO_DEEP
    if mark is None:
        return Fault(1, 1, str(message))
    lines = text.rstrip().splitlines()
    if mark.line >= len(lines):  # the text ends too soon: its last line that says something
        return Fault(len(lines), len(lines[-1]) + 1 if lines else 1, str(message))
    line = lines[mark.line]
    hint = None
    if "\t" in line[: mark.column + 1]:
        hint = "indent with blanks, YAML allows no tabs"
    elif "{%" in line or "${" in line:
        hint = "put values that hold { } or % in quotes"
    return Fault(mark.line + 1, mark.column + 1, str(message), hint)


class _Reader:
    """Builds the value from the parser's events; PyYAML's own composer would resolve aliases silently."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.layout = Layout()

    def document(self) -> tuple[Json, Layout]:
        value: Json = None
        seen = False
        for event in self.events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                if seen:
                    self._stop(event, "a second document begins here", "a definition is one document")
                seen = True
                value = self._value(next(self.events), "", 0)
        if not seen:
            raise UnreadableText(Fault(1, 1, "the text is empty"))
        return value, self.layout

    def _stop(self, event: Any, message: str, hint: str | None = None) -> NoReturn:
        mark = event.start_mark
        raise UnreadableText(Fault(mark.line + 1, mark.column + 1, message, hint))

    def _note(self, event: Any, pointer: str, message: str, hint: str | None = None) -> None:
        mark = event.start_mark
        self.layout.faults.append(Fault(mark.line + 1, mark.column + 1, message, hint, pointer))

    def _value(self, event: Any, pointer: str, depth: int) -> Json:
        mark = event.start_mark
        self.layout.values[pointer] = (mark.line + 1, mark.column + 1)
        if depth > DEEPEST:
            self._stop(event, TOO_DEEP)
        kind = type(event).__name__
        if kind == "AliasEvent":
            self._note(
                event, pointer, f"the alias *{event.anchor} is not allowed", "write the value out; JSON has no aliases"
            )
            return None
        if event.anchor is not None:
            self._note(event, pointer, f"the anchor &{event.anchor} is not allowed", "JSON has no anchors and aliases")
        if event.tag is not None:
            self._note(event, pointer, f"the tag {event.tag} is not allowed", _CLOUDFORMATION)
        if kind == "MappingStartEvent":
            return self._mapping(pointer, depth)
        if kind == "SequenceStartEvent":
            return self._sequence(pointer, depth)
        return self._scalar(event, pointer)

    def _sequence(self, pointer: str, depth: int) -> list[Json]:
        items: list[Json] = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            items.append(self._value(event, f"{pointer}/{len(items)}", depth + 1))
        return items

    def _mapping(self, pointer: str, depth: int) -> dict[str, Json]:
        members: dict[str, Json] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent":
                self._stop(event, "a key that is no text", "the keys of a definition are strings")
            if not event.style and event.value == "<<":
                self._note(event, pointer, "the merge key << is not allowed", "write the members out")
                name = event.value
            else:
                resolved = self._scalar(event, pointer)
                name = event.value
                if not isinstance(resolved, str):
                    self._note(event, pointer, f"the key {name or 'null'} is no text", f'quote it: "{name}"')
            child = f"{pointer}/{escape(name)}"
            if name in members:
                line, column = self.layout.keys[child]
                self._note(
                    event,
                    child,
                    f"Duplicate field '{name}'",
                    f"it already stands at line {line}, column {column}; keep one of the two",
                )
            self.layout.keys[child] = (event.start_mark.line + 1, event.start_mark.column + 1)
            members[name] = self._value(next(self.events), child, depth + 1)
        return members

    def _scalar(self, event: Any, pointer: str) -> Json:
        text: str = event.value
        if event.style or event.tag is not None:  # quoted, or a block
            return text
        if _NULL.fullmatch(text):
            return None
        if match := _BOOLEAN.fullmatch(text):
            return match[1] is not None
        if _INTEGER.fullmatch(text) and len(text) <= 4300:
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        if _NOT_A_NUMBER.fullmatch(text):
            self._note(event, pointer, f"{text} is not a JSON number")
            return None
        for trap, readings in _TRAPS:
            if trap.fullmatch(text):
                self._note(event, pointer, f"{text!r} is {readings}", f'quote it: "{text}"')
                break
        return text
