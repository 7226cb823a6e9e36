"""A case file's text -> its cases, or every problem in it with line and hint. Nothing in it is ever passed over.

Knows: the table of fields, and JSON and YAML texts. Must never know: pytest, or how a case is run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from asl_local.definition import json_text, yaml_text
from asl_local.definition.diagnostics import did_you_mean
from asl_local.definition.json_text import Layout, UnreadableText, escape
from asl_local.errors import MissingExtra
from asl_local.interfaces.pytest_plugin.cases.table import BESIDE, CASE, EXPECT, KINDS, MOCK, WHEN, Field, fits
from asl_local.lazy import dataclass, field
from asl_local.values import Json

_MERGED = ("substitutions", "mocks")
_FILE = {**{name: each._replace(required=False) for name, each in CASE.items() if name != "expect"},
         "cases": Field("cases", "the cases by their names", required=True)}  # fmt: skip
_INDICES = re.compile("(?:0|[1-9][0-9]{0,8})(?:,(?:0|[1-9][0-9]{0,8}))*")


class InvalidCaseFile(Exception):
    """A case file that cannot be used: `faults` are (line, what is wrong and what to do)."""

    def __init__(self, path: Path, faults: Iterable[tuple[int, str]]) -> None:
        self.path, self.faults = path, sorted(faults, key=lambda fault: fault[0])
        super().__init__("\n".join(f"{path.name}:{line}: {said}" for line, said in self.faults))


@dataclass(frozen=True, slots=True)
class CaseText:
    """A case file as it was read: where its values stand."""

    path: Path
    lines: list[str]
    layout: Layout

    def line(self, pointer: str) -> int:
        """The line, from 1, of the value at a JSON pointer; or of the nearest value around it."""
        while pointer and pointer not in self.layout.values and pointer not in self.layout.keys:
            pointer = pointer.rpartition("/")[0]
        place = self.layout.keys.get(pointer) or self.layout.values.get(pointer)
        return place[0] if place else 1


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its fields, those of the file included, and the JSON pointer of each in the file."""

    name: str
    text: CaseText
    pointer: str
    fields: dict[str, Json] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> int:
        """The line of its name."""
        return self.text.line(self.pointer)


def read(path: Path) -> list[Case]:
    """The cases of a file. Raises InvalidCaseFile with every problem found, and OSError where it cannot be read."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidCaseFile(path, [(1, "the text is not UTF-8")]) from None
    try:
        tree, layout = json_text.load(text) if path.suffix == ".json" else yaml_text.load(text)
    except UnreadableText as error:
        raise InvalidCaseFile(path, [(f.line, _with_hint(f.message, f.hint)) for f in error.faults]) from None
    except MissingExtra:
        hint = "pip install 'asl-local[yaml]', or write it as .asltest.json"
        raise InvalidCaseFile(path, [(1, f"case files in YAML need PyYAML ({hint})")]) from None
    layout = layout or json_text.layout(text)
    reader = _Reader(CaseText(path, text.splitlines(), layout))
    reader.faults += [(f.line, _with_hint(f.message, f.hint)) for f in layout.faults]
    cases = reader.cases(tree)
    if reader.faults:
        raise InvalidCaseFile(path, reader.faults)
    return cases


def _with_hint(message: str, hint: str | None) -> str:
    return f"{message} ({hint})" if hint else message


class _Reader:
    def __init__(self, text: CaseText) -> None:
        self.text = text
        self.faults: list[tuple[int, str]] = []

    def fault(self, pointer: str, message: str, hint: str | None = None) -> None:
        self.faults.append((self.text.line(pointer), _with_hint(message, hint)))

    def cases(self, tree: Json) -> list[Case]:
        if not isinstance(tree, dict):
            self.fault("", "a case file is an object with definition and cases")
            return []
        self._members(tree, _FILE, "", "the file", {"expect": "it belongs into each of the cases"})
        named = tree.get("cases")
        if not isinstance(named, dict):
            return []
        if not named:
            self.fault("/cases", "there is no case", "write one: `a name: {expect: {...}}`")
        return [case for name, own in named.items() if (case := self._case(name, own, tree)) is not None]

    def _case(self, name: str, own: Json, file: Mapping[str, Json]) -> Case | None:
        pointer = f"/cases/{escape(name)}"
        if not isinstance(own, dict):
            self.fault(pointer, f"the case {name!r} is {_shown(own)}, and not an object", "it has at least `expect`")
            return None
        case = Case(name, self.text, pointer)
        for key in CASE:
            if key in file and key != "expect":
                case.fields[key], case.pointers[key] = file[key], f"/{key}"
            if key in own:
                both = key in _MERGED and isinstance(file.get(key), dict) and isinstance(own[key], dict)
                case.fields[key] = {**file[key], **own[key]} if both else own[key]
                case.pointers[key] = f"{pointer}/{key}"
        required = {k: f._replace(required=f.required and (k == "expect" or k not in file)) for k, f in CASE.items()}
        self._members(own, required, pointer, f"the case {name!r}", {})
        fields = case.fields
        if ("mock_config" in fields) != ("test_case" in fields):
            self.fault(pointer, f"the case {name!r}: mock_config and test_case go together")
        if "mock_config" in fields and "mocks" in fields:
            self.fault(pointer, f"the case {name!r}: mocks and mock_config exclude each other")
        return case

    def _members(
        self, value: Mapping[str, Json], table: Mapping[str, Field], pointer: str, where: str, hints: Mapping[str, str]
    ) -> None:
        """Complain of members that the table has not, that are missing, or that are of another kind; go on
        into the others.
        """
        for name, member in value.items():
            here = f"{pointer}/{escape(name)}"
            if name not in table:
                hint = hints.get(name) or did_you_mean(name, table) or f"there are {', '.join(table)}"
                self.fault(here, f"{where} has no field {name!r}", hint)
            elif not fits(table[name].kind, member):
                self.fault(here, f"{name} is {KINDS[table[name].kind]}, not {_shown(member)}")
            else:
                self._inner(table[name].kind, member, here, name)
        for name, each in table.items():
            if each.required and name not in value:
                self.fault(pointer, f"{where} has no {name}", f"{name} is {each.doc}")

    def _inner(self, kind: str, value: Json, pointer: str, name: str) -> None:
        if kind == "expect":
            self._members(value, EXPECT, pointer, "expect", {})
            self._pattern(value, pointer)
        elif kind == "states":
            for state, mock in value.items():
                self._mock(mock, f"{pointer}/{escape(state)}", f"the mock of {state!r}")
        elif kind == "mocks":
            for at, mock in enumerate(value):
                self._mock(mock, f"{pointer}/{at}", f"mock {at} of {name}")
        elif kind == "mock":
            self._mock(value, pointer, name)
        elif kind == "whens":
            for at, mock in enumerate(value):
                self._mock(mock, f"{pointer}/{at}", f"mock {at} of {name}", {"when": WHEN})
        elif kind == "places":
            for place, mock in value.items():
                here = f"{pointer}/{escape(place)}"
                if not _INDICES.fullmatch(place):
                    self.fault(
                        here, f"{name} has {place!r}", 'its members are "0", "1", ...; for the others write otherwise'
                    )
                self._mock(mock, here, f"{name} {place}")
        elif kind == "events":
            for at, event in enumerate(value):
                if not isinstance(event.get("type"), str):
                    self.fault(
                        f"{pointer}/{at}", "an event has a type", "such as {type: TaskStateEntered, name: Charge}"
                    )
        elif kind == "moment" and isinstance(value, str):
            try:
                datetime.fromisoformat(value)
            except ValueError:
                self.fault(pointer, f"{name} is {KINDS[kind]}, not {_shown(value)}")
        elif not value and name in ("name", "resources", "mock_config", "test_case"):
            self.fault(pointer, f"{name} is empty")

    def _mock(self, mock: Json, pointer: str, where: str, more: Mapping[str, Field] | None = None) -> None:
        if not isinstance(mock, dict):
            self.fault(pointer, f"{where} is {_shown(mock)}, and not an object", f"write {{answer: {_shown(mock)}}}")
            return
        table = {**MOCK, **{name: each for name, (each, _) in BESIDE.items()}, **(more or {})}
        self._members(mock, table, pointer, where, {})
        kinds = [name for name in mock if name in MOCK]
        if len(kinds) > 1:
            self.fault(pointer, f"{where} has {' and '.join(kinds)}", "it is one of them")
        elif not kinds and set(mock) <= set(table):
            self.fault(pointer, f"{where} does nothing", f"it is one of {', '.join(MOCK)}")
        for name, (_, owners) in BESIDE.items():
            if name in mock and kinds and not set(kinds) & set(owners):
                self.fault(f"{pointer}/{name}", f"{where} has {name}", f"it belongs to {' and '.join(owners)}")

    def _pattern(self, expect: Mapping[str, Json], pointer: str) -> None:
        pattern = expect.get("cause_matches")
        if isinstance(pattern, str):
            try:
                re.compile(pattern)
            except re.error as error:
                self.fault(f"{pointer}/cause_matches", f"cause_matches is no regular expression: {error}")


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


__all__ = ["Case", "CaseText", "InvalidCaseFile", "read"]
