"""Definition substitutions: `${name}` in a definition's strings -> values, and what is told of those left or never used.

Knows: placeholders and their places. Must never know: where values come from, or what a state machine is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.definition.json_text import DEEPEST, Layout, escape, unescape
from asl_local.definition.source import PLACEHOLDER, Source, refusal
from asl_local.errors import Diagnostic, NotJson
from asl_local.lazy import later
from asl_local.values import Json, accept, text_of

if TYPE_CHECKING:
    import difflib
    import re
    from collections.abc import Iterable, Mapping
    from typing import Any
else:
    later(globals(), "difflib")


def fill(source: Source, given: Mapping[str, Any], expected: Iterable[str], elsewhere: Iterable[str]) -> Source:
    """The source with its placeholders filled; see source.substitute."""
    filling = _Filling(given, expected)
    try:
        tree = filling.fill(source.tree, "", 0)
    except NotJson as error:
        raise refusal("INVALID_JSON_DESCRIPTION", str(error), source.name) from None
    problems = list(source.problems)
    filled = source
    if given:
        original = source

        def layout() -> Layout:
            places = original.layout()
            return Layout(
                {filling.rename(pointer): place for pointer, place in places.values.items()},
                {filling.rename(pointer): place for pointer, place in places.keys.items()},
            )

        filled = Source(
            tree, source.text, source.name, (), layout if source.text is not None else None,
            worded=source.worded | filling.worded,
        )  # fmt: skip
    known = filling.used.union(source.used, elsewhere)
    unused = [name for name in given if name not in known]
    problems.extend(
        Diagnostic(
            "UNUSED_SUBSTITUTION", "WARNING", "", None, None, f"The substitution '{name}' is used nowhere",
            _did_you_mean(name, filling.left),
        )
        for name in unused
    )  # fmt: skip
    for name, places in filling.left.items():
        more = f" (and at {len(places) - 1} more place{'s' if len(places) > 2 else ''})" if len(places) > 1 else ""
        line, column = filled.position(places[0])
        problem = Diagnostic(
            "UNRESOLVED_SUBSTITUTION", "WARNING", places[0], line, column,
            f"The placeholder '${{{name}}}' has no value{more}",
            _did_you_mean(name, unused) or f"pass substitutions={{'{name}': ...}}",
        )  # fmt: skip
        problems.append(problem)
    filled.problems = tuple(problems)
    return filled


def _did_you_mean(name: str, others: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, list(others), 1, 0.6)
    return f"did you mean '{close[0]}'?" if close else None


class _Filling:
    """One pass over a tree that fills its placeholders."""

    def __init__(self, given: Mapping[str, Any], expected: Iterable[str] = ()) -> None:
        self.given = {name: accept(value, f"substitutions[{name!r}]") for name, value in given.items()}
        self.expected = frozenset(expected)
        self.used: set[str] = set()
        self.worded: set[str] = set()
        self.left: dict[str, list[str]] = {}

    def fill(self, value: Json, pointer: str, depth: int) -> Json:
        if isinstance(value, str):
            return self._value(value, pointer) if "${" in value else value
        if depth > DEEPEST:
            raise NotJson(pointer[:80], f"nested more than {DEEPEST} levels deep")
        if isinstance(value, dict):
            members: dict[str, Json] = {}
            for name, member in value.items():
                filled = self._text(name, pointer) if "${" in name else name
                members[filled] = self.fill(member, f"{pointer}/{escape(filled)}", depth + 1)
            return members
        if isinstance(value, list):
            return [self.fill(item, f"{pointer}/{at}", depth + 1) for at, item in enumerate(value)]
        return value

    def _value(self, text: str, pointer: str) -> Json:
        whole = PLACEHOLDER.fullmatch(text)
        if whole is not None and whole[1] in self.given:
            self.used.add(whole[1])
            if isinstance(self.given[whole[1]], str):
                self.worded.add(pointer)
            return self.given[whole[1]]
        return self._text(text, pointer)

    def _text(self, text: str, pointer: str | None) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.given:
                if pointer is not None and name not in self.expected:
                    self.left.setdefault(name, []).append(pointer)
                return match[0]
            self.used.add(name)
            given = self.given[name]
            return given if isinstance(given, str) else text_of(given)

        return PLACEHOLDER.sub(value, text)

    def rename(self, pointer: str) -> str:
        """A pointer into the tree as written, as one into the filled tree."""
        if "${" not in pointer:
            return pointer
        return "/".join(escape(self._text(unescape(step), None)) for step in pointer.split("/"))
