"""Diagnostics: collecting, placing, sorting and showing them.

Knows: codes, places and how a terminal looks. Must never know: the rules that find a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from asl_local.definition.json_text import unescape
from asl_local.definition.source import Source
from asl_local.errors import Diagnostic
from asl_local.lazy import dataclass, later
from asl_local.values import Json

if TYPE_CHECKING:
    import difflib
else:
    later(globals(), "difflib")

# AWS's codes (ValidateStateMachineDefinition, and those that were seen there besides).
SCHEMA = "SCHEMA_VALIDATION_FAILED"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
MISSING_END = "MISSING_END_STATE"
DUPLICATE_NAME = "DUPLICATE_STATE_NAME"
INVALID_NAME = "INVALID_STATE_NAME"
DUPLICATE_LABEL = "DUPLICATE_LABEL_NAME"
INVALID_LABEL = "INVALID_LABEL_NAME"
INVALID_VARIABLE = "INVALID_VARIABLE_NAME"
RESERVED_VARIABLE = "RESERVED_VARIABLE_NAME"
DUPLICATE_VARIABLE = "DUPLICATE_VARIABLE_NAME"
TOO_DEEP = "TOO_DEEPLY_NESTED"
NO_DOLLAR = "NO_DOLLAR"
NO_PATH = "NO_PATH"
PASS_RESULT_IS_STATIC = "PASS_RESULT_IS_STATIC"  # noqa: S105 - not a password
# Our own.
UNRESOLVED = "UNRESOLVED_SUBSTITUTION"
LIKELY_MISTAKE = "LIKELY_MISTAKE"
INVALID_TEMPLATE = "INVALID_TEMPLATE"

# What each code is for, as the docs show it.
AWS_CODES: Final[Mapping[str, str]] = {
    "INVALID_JSON_DESCRIPTION": "the text is not JSON",
    "MISSING_DESCRIPTION": "there is no text",
    SCHEMA: "a field is missing, unknown, of the wrong type or out of its range",
    MISSING_TARGET: "a transition leads nowhere, or none leads to a state",
    MISSING_END: "no state ends the machine",
    DUPLICATE_NAME: "two states have one name, anywhere in the machine",
    INVALID_NAME: "a state's name is empty or too long",
    DUPLICATE_LABEL: "two Maps have one Label",
    INVALID_LABEL: "a Label is too long or has characters that it may not have",
    INVALID_VARIABLE: "Assign has a name that no variable can have",
    RESERVED_VARIABLE: "Assign has `states`",
    DUPLICATE_VARIABLE: "Assign has a name that a scope around it has assigned before",
    "INVALID_JSONATA_EXPRESSION": "an expression does not parse",
    "UNSUPPORTED_JSONATA_EXPRESSION": "an expression reads what there is not in its place",
    TOO_DEEP: "States within States, too many times",
    NO_DOLLAR: "warning: a value looks like a path, and its key does not end in `.$`",
    NO_PATH: "warning: a value looks like a path, and its field does not end in `Path`",
    PASS_RESULT_IS_STATIC: "warning: a path in a Pass state's Result, where nothing is evaluated",
}
OWN_CODES: Final[Mapping[str, str]] = {
    "INVALID_YAML_DESCRIPTION": "the text is not YAML, or has what JSON cannot hold",
    INVALID_TEMPLATE: "a CloudFormation, SAM, CDK or Serverless template holds no machine, or says it wrongly",
    UNRESOLVED: "warning: a placeholder has no value; an error once the machine is to run, where it needs one",
    "UNUSED_SUBSTITUTION": "warning: a value was given for a placeholder that there is not",
    LIKELY_MISTAKE: "warning: it runs, on AWS too, and is hardly meant",
}

NOWHERE: Final = frozenset({MISSING_END})  # its location is null


class _Drop:
    """The type of `DROP`."""


DROP: Final = _Drop()  # "leave the field out", in `Findings.unresolved`


@dataclass(frozen=True, slots=True)
class _Finding:
    code: str
    severity: Literal["ERROR", "WARNING"]
    path: str
    message: str
    hint: str | None
    at: str
    key: bool
    aws: Literal["ERROR", "ACCEPTED"] | None = None


class Findings:
    """What the checks have found so far.

    `path` is the place as AWS names it, often the object that holds the fault; `at` points to the fault itself, its
    key if `key` is set, and gives line and column. `unresolved` are values that cannot be what they must be before
    their placeholder is filled, by pointer, each with what may stand there meanwhile; and numbers and booleans that a
    substitution gave as text (`worded`), each with its value.
    """

    def __init__(self, worded: frozenset[str] = frozenset()) -> None:
        self.worded = worded
        self._found: dict[_Finding, None] = {}
        self._faulty: set[str] = set()
        self.unresolved: dict[str, Json | _Drop] = {}
        self.waiting: list[_Finding] = []

    def error(
        self, path: str, message: str, *, code: str = SCHEMA, hint: str | None = None, at: str | None = None,
        key: bool = False, aws: Literal["ACCEPTED"] | None = None,
    ) -> None:  # fmt: skip
        """Note an error; `aws` is ACCEPTED for what AWS takes."""
        at = path if at is None else at
        self._found[_Finding(code, "ERROR", path, message, hint, at, key, aws)] = None
        self._mark(at)

    def warning(
        self, path: str, message: str, *, code: str, hint: str | None = None, at: str | None = None, key: bool = False,
        aws: Literal["ERROR"] | None = None,
    ) -> None:  # fmt: skip
        """Note a warning; `aws` is ERROR for what AWS refuses although it can run here."""
        self._found[_Finding(code, "WARNING", path, message, hint, path if at is None else at, key, aws)] = None

    def placeholder(self, path: str, text: Json, meanwhile: Json | _Drop, *, at: str | None = None) -> None:
        """Note a value that can be checked, and run, only when its placeholder is filled."""
        at = path if at is None else at
        self.until_filled(at, meanwhile)
        self.waiting.append(
            _Finding(UNRESOLVED, "ERROR", at, f"The placeholder in {text!r} has no value", None, at, False)
        )

    def until_filled(self, at: str, meanwhile: Json | _Drop) -> None:
        """Note what may stand at a place meanwhile, or what a substitution's text there means."""
        self.unresolved[at] = meanwhile
        self._mark(at)

    def _mark(self, at: str) -> None:
        while at not in self._faulty:
            self._faulty.add(at)
            at = at.rpartition("/")[0]

    def touch(self, pointer: str) -> bool:
        """Whether an error, or a placeholder that waits to be filled, lies at the pointer or below it."""
        return pointer in self._faulty

    def placed(self, source: Source) -> list[Diagnostic]:
        """Everything found, and what reading found, with lines and columns, in order of position."""
        if not self._found and not source.problems:
            return []
        order = _Order(source.tree)
        ranked = [(order.rank(d.line, d.column, d.path), d) for d in source.problems]
        ranked.extend(_place(finding, source, order) for finding in self._found)
        ranked.sort(key=lambda pair: pair[0])
        return [diagnostic for _, diagnostic in ranked]

    def placed_waiting(self, source: Source) -> tuple[Diagnostic, ...]:
        """The placeholders that stand in the way of a run, as errors."""
        order = _Order(source.tree)
        return tuple(_place(finding, source, order)[1] for finding in self.waiting)


_Rank = tuple[int, int, tuple[int, ...]]


def _place(finding: _Finding, source: Source, order: _Order) -> tuple[_Rank, Diagnostic]:
    line, column = source.position(finding.at, finding.key)
    location = None if finding.code in NOWHERE else _location(finding.path, source.tree)
    diagnostic = Diagnostic(
        finding.code, finding.severity, finding.path, line, column, finding.message, finding.hint, location, finding.aws
    )
    return order.rank(line, column, finding.at), diagnostic


def _location(pointer: str, tree: Json) -> str:
    """A JSON pointer as AWS writes it: names bare, the places of arrays in brackets (seen on AWS)."""
    text = ""
    for step in map(unescape, pointer.split("/")[1:]):
        if isinstance(tree, list):
            text += f"[{step}]"
            tree = tree[int(step)] if step.isdigit() and int(step) < len(tree) else None
        else:
            text += f"/{step}"
            tree = tree.get(step) if isinstance(tree, dict) else None
    return text or "/"


class _Order:
    """The order of the members of a tree: by line and column, and without them as they stand in it."""

    def __init__(self, tree: Json) -> None:
        self.tree = tree
        self._places: dict[int, dict[str, int]] = {}  # by the identity of an object of the tree

    def rank(self, line: int | None, column: int | None, pointer: str) -> _Rank:
        order: list[int] = []
        tree = self.tree
        for step in map(unescape, pointer.split("/")[1:]) if line is None else ():
            if isinstance(tree, dict) and step in tree:
                order.append(self._of(tree)[step])
                tree = tree[step]
            elif isinstance(tree, list) and step.isdigit() and int(step) < len(tree):
                order.append(int(step))
                tree = tree[int(step)]
            else:
                break
        return line or 0, column or 0, tuple(order)

    def _of(self, members: dict[str, Json]) -> dict[str, int]:
        if id(members) not in self._places:
            self._places[id(members)] = {name: at for at, name in enumerate(members)}
        return self._places[id(members)]


def did_you_mean(word: str, others: Iterable[str]) -> str | None:
    """A hint that names the most similar of `others`, if one is similar."""
    folded = {other.casefold(): other for other in others}
    plain = word.casefold().replace(" ", "").replace("_", "")
    close = difflib.get_close_matches(plain, folded, 1, 0.65)
    return f"did you mean '{folded[close[0]]}'?" if close else None
