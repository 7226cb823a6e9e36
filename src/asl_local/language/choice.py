"""Choice rules: JSON -> predicate.

Knows: the comparison operators, in one table. Must never know: where a rule leads, or what a machine does with "no".

A value of another type than the operator's makes a comparison false, never an error; a path that finds nothing is an
error for every operator but IsPresent (States Language specification, "Choice State"; recorded on AWS). And and Or stop
at the first rule that decides, so that a guard with IsPresent works.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn, TypeAlias

from asl_local.errors import RUNTIME, EvaluationError, ExpressionSyntaxError
from asl_local.language import Flow, Scope
from asl_local.language.generated import Write, Writer, has_written, writable, write_choice
from asl_local.language.java import utf16_key
from asl_local.language.jsonpath import PathError, flow
from asl_local.language.timestamps import parse_rfc3339
from asl_local.lazy import NamedTuple
from asl_local.values import Json, text_of

Rule: TypeAlias = Callable[[Json, Scope], bool]
Kind: TypeAlias = Literal["string", "number", "boolean", "timestamp", "pattern", "is"]


class Operator(NamedTuple):
    """One row of the table.

    `kind` is what the operand must be; `path_form` says that the operand is a path to it. `compare(value, operand)`
    compares what `_READERS` make of the two (for "is", the value as it is with true or false).
    """

    kind: Kind
    path_form: bool
    compare: Callable[[Any, Any], bool]


def _is_number(value: Json) -> bool:
    return value.__class__ is int or value.__class__ is float


def _is_timestamp(value: Json) -> bool:
    return value.__class__ is str and parse_rfc3339(value) is not None


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_FAMILIES: dict[str, Kind] = {"String": "string", "Numeric": "number", "Timestamp": "timestamp"}

OPERATORS: dict[str, Operator] = {
    **{
        f"{family}{comparison}{suffix}": Operator(kind, bool(suffix), compare)
        for family, kind in _FAMILIES.items()
        for comparison, compare in _COMPARISONS.items()
        for suffix in ("", "Path")
    },
    "BooleanEquals": Operator("boolean", False, operator.is_),
    "BooleanEqualsPath": Operator("boolean", True, operator.is_),
    "StringMatches": Operator("pattern", False, lambda value, matches: matches(value)),
    "IsNull": Operator("is", False, lambda value, wanted: (value is None) is wanted),
    "IsPresent": Operator("is", False, lambda _value, wanted: wanted),
    "IsNumeric": Operator("is", False, lambda value, wanted: _is_number(value) is wanted),
    "IsString": Operator("is", False, lambda value, wanted: (value.__class__ is str) is wanted),
    "IsBoolean": Operator("is", False, lambda value, wanted: (value.__class__ is bool) is wanted),
    "IsTimestamp": Operator("is", False, lambda value, wanted: _is_timestamp(value) is wanted),
}

# A value in the form that `compare` takes, or None if it is of another type. Strings compare by UTF-16 code unit, as
# Java's compareTo does, which two equal strings do in any form.
_READERS: dict[Kind, Callable[[Json], Any]] = {
    "string": lambda value: utf16_key(value) if value.__class__ is str else None,
    "number": lambda value: value if _is_number(value) else None,
    "boolean": lambda value: value if value.__class__ is bool else None,
    "timestamp": lambda value: parse_rfc3339(value) if value.__class__ is str else None,
}
_OPERANDS: dict[Kind, str] = {
    "string": "a string",
    "number": "a number",
    "boolean": "true or false",
    "timestamp": "an RFC 3339 timestamp such as 2024-01-31T00:00:00Z",
    "pattern": "a string",
    "is": "true or false",
}
_CONNECTIVES = ("And", "Or", "Not")


def compile_rule(rule: dict[str, Json]) -> Rule:
    """The predicate (input, scope) -> bool of one Choice rule; fields that decide nothing (Next, Comment) are ignored.

    Raises ExpressionSyntaxError for a rule that is not exactly one comparison, And, Or or Not, and for an operand of
    another type than its operator's. The predicate raises EvaluationError (States.Runtime) for a path that finds nothing.
    """
    if not isinstance(rule, dict):
        _refuse(f"a Choice rule is an object, not {text_of(rule)}", rule)
    decisive = [name for name in rule if name in OPERATORS or name in _CONNECTIVES]
    if len(decisive) != 1:
        found = f"it has {', '.join(decisive)}" if decisive else f"it has none{_hint(rule)}"
        _refuse(f"a Choice rule has exactly one comparison operator, And, Or or Not; {found}", rule)
    name = decisive[0]
    if name in _CONNECTIVES:
        return _connective(name, rule[name], rule)
    return _comparison(name, rule)


def first_true(rules: Sequence[Rule]) -> Callable[[Json, Scope], int]:
    """A function that gives the number of the first rule that is true; how many there are if none is."""

    def choose(value: Json, scope: Scope) -> int:
        for number, rule in enumerate(rules):
            if rule(value, scope):
                return number
        return len(rules)

    return writable(choose, write_choice(rules))


def _refuse(message: str, rule: Json) -> NoReturn:
    raise ExpressionSyntaxError(message, text_of(rule), None)


def _hint(rule: dict[str, Json]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only when something is wrong

    close = [match for name in rule for match in get_close_matches(name, [*OPERATORS, *_CONNECTIVES], 1, 0.8)]
    return f" (did you mean {close[0]}?)" if close else ""


def _connective(name: str, operand: Json, rule: dict[str, Json]) -> Rule:
    if name == "Not":
        inner = compile_rule(operand)
        return _writable(lambda value, scope: not inner(value, scope), lambda writer: f"(not {writer.ask(inner)})")
    if not isinstance(operand, list) or not operand:
        _refuse(f"{name} takes a non-empty array of rules", rule)
    rules = tuple(compile_rule(item) for item in operand)
    word = f" {name.lower()} "
    write: Write = lambda writer: "(" + word.join([writer.ask(rule) for rule in rules]) + ")"  # noqa: E731
    if name == "And":

        def every(value: Json, scope: Scope) -> bool:
            for test in rules:  # noqa: SIM110 - a generator costs as much as the comparisons
                if not test(value, scope):
                    return False
            return True

        return _writable(every, write)

    def some(value: Json, scope: Scope) -> bool:
        for test in rules:  # noqa: SIM110 - see above
            if test(value, scope):
                return True
        return False

    return _writable(some, write)


def _comparison(name: str, rule: dict[str, Json]) -> Rule:
    variable = rule.get("Variable")
    if not isinstance(variable, str):
        _refuse(f"{name} needs a Variable that is a path", rule)
    read = flow(variable)
    row, operand = OPERATORS[name], rule[name]
    if row.path_form:
        if not isinstance(operand, str):
            _refuse(f"{name} takes a path, not {text_of(operand)}", rule)
        return _against_path(_guarded(read, variable), row, _guarded(flow(operand), operand))
    prepared = _operand(name, row, operand, rule)
    if name == "IsPresent":
        return _present(read, prepared)
    test = _against_constant(read, variable, _judge(name, row, prepared))
    form = _WRITTEN.get(name)
    if form is None or not has_written(read):
        return test
    constant = operand if row.kind == "string" else prepared

    def write(writer: Writer) -> str:
        found = writer.variable()
        return form.format(n=found, found=f"({found} := {writer.ask(read)})", constant=writer.constant(constant))

    return _writable(test, write)


def _writable(rule: Rule, write: Write) -> Rule:
    return writable(rule, write)


_NUMBER = "(type({found}) is int or type({n}) is float)"
_WRITTEN: dict[str, str] = {
    "StringEquals": "({found} == {constant})",
    "NumericEquals": "({found} == {constant} and type({n}) is not bool)",
    "NumericLessThan": f"({_NUMBER} and {{n}} < {{constant}})",
    "NumericGreaterThan": f"({_NUMBER} and {{n}} > {{constant}})",
    "NumericLessThanEquals": f"({_NUMBER} and {{n}} <= {{constant}})",
    "NumericGreaterThanEquals": f"({_NUMBER} and {{n}} >= {{constant}})",
    "BooleanEquals": "({found} is {constant})",
    "IsNull": "(({found} is None) is {constant})",
    "IsNumeric": f"({_NUMBER} is {{constant}})",
    "IsString": "((type({found}) is str) is {constant})",
    "IsBoolean": "((type({found}) is bool) is {constant})",
}
"""Comparisons with a constant as Python source; the others are asked as closures."""


def _operand(name: str, row: Operator, operand: Json, rule: dict[str, Json]) -> Any:
    if row.kind == "pattern":
        prepared = _pattern(operand) if isinstance(operand, str) else None
    else:
        prepared = _READERS["boolean" if row.kind == "is" else row.kind](operand)
    if prepared is None:
        _refuse(f"{name} takes {_OPERANDS[row.kind]}, not {text_of(operand)}", rule)
    return prepared


def _judge(name: str, row: Operator, prepared: Any) -> Callable[[Json], bool]:
    """The test of a value that was found against a constant."""
    compare = row.compare
    if row.kind == "is":
        return lambda value: compare(value, prepared)
    if row.kind == "pattern":
        return lambda value: value.__class__ is str and prepared(value)
    if name == "StringEquals":
        text = prepared.decode("utf-16-be", "surrogatepass")
        return lambda value: bool(value == text)
    if name == "BooleanEquals":
        return lambda value: value is prepared
    if name == "NumericEquals":
        return lambda value: bool(value == prepared) and value.__class__ is not bool
    reader = _READERS[row.kind]

    def judge(value: Json) -> bool:
        comparable = reader(value)
        return comparable is not None and compare(comparable, prepared)

    return judge


def _invalid(path: str) -> EvaluationError:
    return EvaluationError(
        RUNTIME, f"Invalid path '{path}': The choice state's condition path references an invalid value."
    )


def _guarded(read: Flow, path: str) -> Flow:
    def guarded(value: Json, scope: Scope) -> Json:
        try:
            return read(value, scope)
        except PathError:
            raise _invalid(path) from None

    return guarded


def _against_constant(read: Flow, path: str, judge: Callable[[Json], bool]) -> Rule:
    def test(value: Json, scope: Scope) -> bool:
        try:
            found = read(value, scope)
        except PathError:
            raise _invalid(path) from None
        return judge(found)

    return test


def _against_path(read: Flow, row: Operator, read_operand: Flow) -> Rule:
    reader, compare = _READERS[row.kind], row.compare

    def test(value: Json, scope: Scope) -> bool:
        left = reader(read(value, scope))
        right = reader(read_operand(value, scope))
        return left is not None and right is not None and compare(left, right)

    return test


def _present(read: Flow, wanted: bool) -> Rule:
    def test(value: Json, scope: Scope) -> bool:
        try:
            read(value, scope)
        except PathError:
            return not wanted
        return wanted

    return test


def _pattern(pattern: str) -> Callable[[str], bool]:
    r"""StringMatches: `*` stands for any run of characters, `\*` and `\\` for themselves.

    Searching the pieces from left to right decides it in one pass, which a regular expression does not promise.
    """
    pieces, at = [""], 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\" and pattern[at + 1 : at + 2] in ("*", "\\"):
            at += 1
            pieces[-1] += pattern[at]
        elif character == "*":
            pieces.append("")
        else:
            pieces[-1] += character
        at += 1
    first, *middle = pieces
    if not middle:
        return lambda text: text == first
    last = middle.pop()

    def matches(text: str) -> bool:
        if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
            return False
        position, end = len(first), len(text) - len(last)
        for piece in middle:
            position = text.find(piece, position, end)
            if position < 0:
                return False
            position += len(piece)
        return True

    return matches
