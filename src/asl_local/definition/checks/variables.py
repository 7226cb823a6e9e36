"""Checks of variables: their names, where they are assigned, and who can read them.

Knows: scopes, which are the States objects, and AWS's words for names that cannot be. Must never know: what is assigned,
or how an expression writes a variable.

A state cannot assign a name that a scope around it has assigned before (Developer Guide, "Variables"). That sibling
scopes share a name is fine, and so is a Parallel state that assigns, on leaving, a name that its branches assign too:
machines in production do. A name that nothing assigns is no error: AWS finds out when it runs (recorded), and so do we.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from asl_local.definition import diagnostics as codes
from asl_local.definition.diagnostics import Findings, did_you_mean
from asl_local.definition.json_text import unescape
from asl_local.lazy import dataclass, field, later

if TYPE_CHECKING:
    import unicodedata
else:
    later(globals(), "unicodedata")

LONGEST_VARIABLE: Final = 80  # characters; Developer Guide, "Variables"
RESERVED: Final = "states"
LeftBefore: TypeAlias = Callable[[str, Mapping[str, int]], Mapping[str, int]]
_AT_ONCE: Final = 4096  # places, one bit each of a number that every state of a block has
_MOST_GUESSES: Final = 100  # names of which we say what may be meant: each is compared with every other
# Unicode's ID_Start and ID_Continue by general category; what else is in them by name is in these two.
_START: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})
_CONTINUE: Final = _START | {"Mn", "Mc", "Nd", "Pc"}
_OTHER_START: Final = frozenset("\u1885\u1886\u2118\u212e\u309b\u309c")
_OTHER_CONTINUE: Final = _OTHER_START | frozenset(
    "\u00b7\u0387\u1369\u136a\u136b\u136c\u136d\u136e\u136f\u1370\u1371\u19da"
)


@dataclass(slots=True, eq=False)
class Scope:
    """The States object of the block at a pointer, and the names its states assign, each with its places.

    `sealed` hides the outer scopes.
    """

    pointer: str
    parent: Scope | None
    sealed: bool
    assigned: dict[str, list[str]] = field(default_factory=dict)

    def outer(self) -> Scope | None:
        """The scope around this one that its states can see."""
        return None if self.sealed else self.parent

    def state_at(self, pointer: str) -> str:
        """The name of the state of this scope in which a pointer lies."""
        return unescape(pointer[len(self.pointer) + len("/States/") :].partition("/")[0])


class Variables:
    """The variables of one definition; the walk opens and closes its scopes, `finish` judges."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.scope = Scope("", None, sealed=True)
        self.assignments: list[tuple[str, str, Scope]] = []
        self.reads: list[tuple[str, str, Scope]] = []

    def open(self, pointer: str, *, sealed: bool) -> None:
        """The block at a pointer begins; `sealed` for what a Distributed Map runs, which sees no outer variable."""
        self.scope = Scope(pointer, self.scope, sealed)

    def close(self) -> None:
        """It ends."""
        assert self.scope.parent is not None
        self.scope = self.scope.parent

    def assign(self, name: str, at: str) -> None:
        """A state of the open scope assigns the variable at a pointer."""
        if name == RESERVED:
            self.findings.error(
                at, "Cannot assign to reserved variable '$states'.", code=codes.RESERVED_VARIABLE, key=True
            )
        elif is_variable_name(name.replace("-", "_")) and "-" in name:
            # No expression can read it, but it can be assigned: a linter's own example of what is valid does.
            self.findings.warning(
                at, f"Invalid variable name '{name}': the variable name contains invalid characters.",
                code=codes.INVALID_VARIABLE, key=True, aws="ERROR", hint=f"write '{name.replace('-', '_')}'",
            )  # fmt: skip
        elif not is_variable_name(name):
            self.findings.error(
                at, f"Invalid variable name '{name}': the variable name contains invalid characters.",
                code=codes.INVALID_VARIABLE, key=True,
                hint="a letter, then letters, digits and _; only whole variables can be assigned",
            )  # fmt: skip
        elif len(name) > LONGEST_VARIABLE:
            self.findings.error(
                at, f"Invalid variable name '{name}': the variable name exceeds the {LONGEST_VARIABLE}-character limit.",
                code=codes.INVALID_VARIABLE, key=True,
            )  # fmt: skip
        else:
            self.scope.assigned.setdefault(name, []).append(at)
            self.assignments.append((name, at, self.scope))

    def read(self, name: str, at: str) -> None:
        """An expression of the open scope reads the variable at a pointer."""
        self.reads.append((name, at, self.scope))

    def finish(self, left_before: LeftBefore) -> None:
        """What only the whole definition tells: names of outer scopes assigned again, names that nothing assigns.

        `left_before` says which of a block's states are left for good before another is entered; see flow.py.
        """
        earlier = self._earlier(left_before)
        for name, at, scope in self.assignments:
            firsts = (earlier.get((outer, name, around)) for outer, around in _around(scope))
            if (first := next((place for place in firsts if place is not None), None)) is not None:
                self.findings.error(
                    at, f"The variable name '{name}' was already defined in a parent scope.",
                    code=codes.DUPLICATE_VARIABLE, key=True,
                    hint=f"{first} assigns it; an inner state can read it, not write it",
                )  # fmt: skip
        hints: dict[tuple[str, Scope], str | None] = {}
        for name, at, scope in self.reads:
            seen: Scope | None = scope
            while seen is not None and name not in seen.assigned:
                seen = seen.outer()
            if seen is None:
                if (name, scope) not in hints:
                    similar = did_you_mean(name, _visible(scope)) if len(hints) < _MOST_GUESSES else None
                    hints[name, scope] = similar or _why_unknown(name, scope)
                self.findings.warning(
                    at, f"No state assigns the variable ${name}", code=codes.LIKELY_MISTAKE, hint=hints[name, scope]
                )

    def _earlier(self, left_before: LeftBefore) -> dict[tuple[Scope, str, str], str]:
        """(outer scope, name, state of it) -> the first place there that has assigned the name for good before the state.

        Asked for all that inner scopes assign, at once for many places: the way from every place to every state would
        be walked as often as the two are many.
        """
        asked: dict[Scope, dict[str, set[str]]] = {}
        for name, _, scope in self.assignments:
            for outer, around in _around(scope):
                if name in outer.assigned:
                    asked.setdefault(outer, {}).setdefault(name, set()).add(around)
        found: dict[tuple[Scope, str, str], str] = {}
        for outer, names in asked.items():
            places = [(name, place) for name in names for place in outer.assigned[name]]
            for start in range(0, len(places), _AT_ONCE):
                marks: dict[str, int] = {}
                mine: dict[str, int] = {}
                for bit, (name, place) in enumerate(places[start : start + _AT_ONCE]):
                    state = outer.state_at(place)
                    marks[state] = marks.get(state, 0) | 1 << bit
                    mine[name] = mine.get(name, 0) | 1 << bit
                gone = left_before(outer.pointer, marks)
                for asked_for in ((name, around) for name in mine for around in names[name]):
                    bits = gone.get(asked_for[1], 0) & mine[asked_for[0]]
                    if bits and (outer, *asked_for) not in found:
                        found[(outer, *asked_for)] = places[start + (bits & -bits).bit_length() - 1][1]
        return found


def _around(scope: Scope) -> Iterator[tuple[Scope, str]]:
    """The scopes around one that it can see, from the inside out, each with the state of it that holds the one."""
    inner, outer = scope, scope.outer()
    while outer is not None:
        yield outer, outer.state_at(inner.pointer)
        inner, outer = outer, outer.outer()


def _visible(scope: Scope) -> list[str]:
    """The names that a scope can see."""
    seen: Scope | None = scope
    names: list[str] = []
    while seen is not None:
        names.extend(seen.assigned)
        seen = seen.outer()
    return names


def is_variable_name(name: str) -> bool:
    """Whether the text is an identifier in Unicode's sense: ID_Start, then ID_Continue."""
    if not name:
        return False
    first = unicodedata.category(name[0]) in _START or name[0] in _OTHER_START
    return first and all(unicodedata.category(c) in _CONTINUE or c in _OTHER_CONTINUE for c in name[1:])


def _why_unknown(name: str, scope: Scope) -> str | None:
    """What there is to say of a name that no visible scope assigns."""
    if name == RESERVED:
        return "$states belongs to JSONata; $ is the input here, $$ the Context Object"
    outer = scope.parent
    while outer is not None:
        if name in outer.assigned:
            return "the states of a Distributed Map cannot read variables from outside; hand it over with ItemSelector"
        outer = outer.parent
    return None
