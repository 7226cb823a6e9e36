"""YAML text -> plain JSON with the line and column of everything.

Knows: YAML, and where YAML 1.1 and 1.2 disagree. Must never know: states, fields, files.

A definition is JSON data, so what JSON has no form for is refused: tags, anchors and aliases, merge keys, keys that are
no text, several documents. A template may have the first three: a tag is a function's short form (`!Sub x` reads as
`{"Fn::Sub": "x"}`, and no tag ever makes an object), aliases repeat their anchor's value. A plain scalar that YAML 1.1
and YAML 1.2 read differently (`on`, `012`, `1_000`, `12:30`, an unquoted date) is refused too, whichever reading is
meant: the next tool may have the other one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from asl_local.definition.json_text import DEEPEST, Fault, Layout, UnreadableText, escape
from asl_local.errors import MissingExtra
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


# Short forms whose long form does not begin with Fn:: (CloudFormation, "Intrinsic function reference").
_PLAIN_FUNCTIONS = {"Ref": "Ref", "Condition": "Condition"}
_CORE_TAG = "tag:yaml.org,2002:"
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?.*")

TOO_DEEP = f"nested more than {DEEPEST} levels deep"
_MOST_VALUES = 200_000  # aliases of aliases multiply


def load(text: str, *, template: bool = False) -> tuple[Json, Layout]:
    """The value and its layout, whose `faults` are what YAML may hold and a definition may not.

    In a `template`, tags, aliases and merge keys are read, and unquoted dates are text. Raises UnreadableText for what
    is no YAML, and MissingExtra without PyYAML.
    """
    try:
        import yaml  # noqa: PLC0415 - an optional dependency
    except ModuleNotFoundError:
        raise MissingExtra("definitions in YAML need PyYAML: pip install 'asl-local[yaml]'", name="yaml") from None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml.parse(text, Loader=loader), template=template).document()
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

    def __init__(self, events: Iterator[Any], *, template: bool = False) -> None:
        self.events = events
        self.layout = Layout()
        self.template = template
        self.anchors: dict[str, tuple[Json, str, int]] = {}
        self.count = 0

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
        if self.template:
            return self._template_value(event, kind, pointer, depth)
        if kind == "AliasEvent":
            self._note(
                event, pointer, f"the alias *{event.anchor} is not allowed", "write the value out; JSON has no aliases"
            )
            return None
        if event.anchor is not None:
            self._note(event, pointer, f"the anchor &{event.anchor} is not allowed", "JSON has no anchors and aliases")
        if event.tag is not None:
            self._note(event, pointer, f"the tag {event.tag} is not allowed", _CLOUDFORMATION)
        return self._content(event, kind, pointer, depth)

    def _content(self, event: Any, kind: str, pointer: str, depth: int) -> Json:
        if kind == "MappingStartEvent":
            return self._mapping(pointer, depth)
        if kind == "SequenceStartEvent":
            return self._sequence(pointer, depth)
        return self._scalar(event, pointer)

    def _template_value(self, event: Any, kind: str, pointer: str, depth: int) -> Json:
        """A value with its tag as a function around it, or the value that an alias repeats."""
        if kind == "AliasEvent":
            return self._alias(event, pointer)
        before = self.count
        self._counted(event, 1)
        tag: str = event.tag or ""
        if tag.startswith("!") and len(tag) > 1:
            name = tag[1:]
            function = _PLAIN_FUNCTIONS.get(name) or f"Fn::{name}"
            inner = f"{pointer}/{escape(function)}"
            self.layout.values[inner] = self.layout.keys[inner] = self.layout.values[pointer]
            value: Json = {function: self._content(event, kind, inner, depth + 1)}
        else:
            if tag.startswith(_CORE_TAG) and tag.removeprefix(_CORE_TAG) not in ("str", "seq", "map"):
                self._note(event, pointer, f"the tag !!{tag.removeprefix(_CORE_TAG)} is not allowed", "remove it")
            value = self._content(event, kind, pointer, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, pointer, self.count - before)
        return value

    def _alias(self, event: Any, pointer: str) -> Json:
        """The anchor's value, with its places."""
        if event.anchor not in self.anchors:
            self._stop(event, f"the alias *{event.anchor} names no anchor before it")
        value, origin, count = self.anchors[event.anchor]
        self._counted(event, count)
        for places in (self.layout.values, self.layout.keys):
            below = [(known, place) for known, place in places.items() if known.startswith(f"{origin}/")]
            places.update({pointer + known[len(origin) :]: place for known, place in below})
        return value

    def _counted(self, event: Any, values: int) -> None:
        self.count += values
        if self.count > _MOST_VALUES:
            self._stop(event, f"more than {_MOST_VALUES:,} values, aliases counted as often as they are used")

    def _sequence(self, pointer: str, depth: int) -> list[Json]:
        items: list[Json] = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            items.append(self._value(event, f"{pointer}/{len(items)}", depth + 1))
        return items

    def _mapping(self, pointer: str, depth: int) -> dict[str, Json]:
        members: dict[str, Json] = {}
        merged: dict[str, Json] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent":
                self._stop(event, "a key that is no text", "the keys of a definition are strings")
            if self.template and not event.style and event.value == "<<":
                self._merge(pointer, depth, merged)
                continue
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
        return {**merged, **members} if merged else members

    def _merge(self, pointer: str, depth: int, merged: dict[str, Json]) -> None:
        """The members that `<<: *other` or `<<: [*one, *two]` adds; the earlier of two wins (YAML 1.1, "merge")."""
        event = next(self.events)
        value = self._value(event, f"{pointer}/<<", depth + 1)
        for at, each in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(each, dict):
                self._stop(event, "the merge key << takes a mapping or a list of mappings")
            origin = f"{pointer}/<</{at}" if isinstance(value, list) else f"{pointer}/<<"
            for name in each.keys() - merged.keys():
                merged[name] = each[name]
                source, target = f"{origin}/{escape(name)}", f"{pointer}/{escape(name)}"
                for places in (self.layout.values, self.layout.keys):
                    for known in [k for k in places if k == source or k.startswith(f"{source}/")]:
                        places.setdefault(target + known[len(source) :], places[known])

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
        for trap, readings in () if self.template and _DATE.fullmatch(text) else _TRAPS:
            if trap.fullmatch(text):
                self._note(event, pointer, f"{text!r} is {readings}", f'quote it: "{text}"')
                break
        return text
