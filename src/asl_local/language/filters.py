"""Filter expressions of JSONPath, `[?(...)]`: text -> test.

Knows: the filter dialect of Jayway JsonPath 2.0.0. Must never know: how paths are parsed (it is handed a parser) or
what happens to the items that pass.

The dialect in short: comparisons joined by && and ||, && binding tighter, no nesting of parentheses. The right side is
text even where it looks like a number; it is compared as the value on the left would have it: as a number with a
number, as a truth value with a truth value. A word needs no quotes. A missing value passes no comparison, not even !=.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from asl_local.errors import ExpressionSyntaxError
from asl_local.language.java import decimal_of, to_text, utf16_key
from asl_local.language.steps import NotFound, PathError
from asl_local.lazy import later, pattern
from asl_local.values import Json

if TYPE_CHECKING:
    import decimal
else:
    later(globals(), "decimal")

Test: TypeAlias = Callable[[Json, Json], bool]  # (item, root of the document)


class Operand(Protocol):
    """What a filter needs of a parsed path."""

    @property
    def find(self) -> Callable[..., Json]:
        """The value in a document."""


_QUOTE = pattern(r"(?<!\\)'")
_PATTERN = pattern(r"/(.*)/(i?)", re.DOTALL)

# Outcome of the comparison of the expected (right) value with the actual one -> does the item pass?
_ORDERS: dict[str, Callable[[int], bool]] = {
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    ">=": lambda order: order <= 0,
    "<=": lambda order: order >= 0,
    ">": lambda order: order < 0,
    "<": lambda order: order > 0,
}
# In the order in which they are looked for, in the whole comparison, quoted words included.
_OPERATORS = ("==", ">=", "<=", "!=", "<", ">", "=~")
_EQUALITIES = ("==", "!=")


def compile_filter(text: str, parse: Callable[[str], Operand]) -> Test:
    """The test that `[?(text)]` makes of an item; `parse` compiles the paths in it (`@...` and `$...`).

    The test raises PathError where AWS's library fails instead of saying no (a word compared with a number).
    """
    # The library decides from right to left, which shows where one side fails and the other has the answer.
    either = [
        _all([_criterion(part, parse) for part in reversed(alternative.split("&&"))])
        for alternative in reversed(text.split("||"))
    ]
    return either[0] if len(either) == 1 else lambda item, root: any(test(item, root) for test in either)


def _all(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda item, root: all(test(item, root) for test in tests)


def _criterion(text: str, parse: Callable[[str], Operand]) -> Test:
    if len(_QUOTE.findall(text)) % 2:
        raise ExpressionSyntaxError(f"a quote is not closed in {text.strip()!r} (&& and || split even quoted text)")
    text = text.strip().lstrip("(").rstrip(")").strip()
    operator = next((operator for operator in _OPERATORS if operator in text), None)
    if operator is None:
        return _exists(text, parse)
    left, _, right = text.partition(operator)
    actual, expected = _operand(left.strip(), parse), _operand(right.strip(), parse)
    if operator == "=~":
        return _matches(actual, expected, right)
    return _compares(actual, operator, expected)


def _exists(text: str, parse: Callable[[str], Operand]) -> Test:
    wanted = not text.startswith("!")
    path = text if wanted else text[1:]
    if not path.startswith(("@", "$")):
        raise ExpressionSyntaxError(f"{text!r} is neither a comparison nor a path")
    find = parse(path).find

    def test(item: Json, _root: Json) -> bool:  # a path from `$` starts at the item here, too
        try:
            return (find(item) is not None) is wanted
        except NotFound:
            return not wanted

    return test


# ---------------------------------------------------------------------------------------------------------- operands

_Read: TypeAlias = Callable[[Json, Json], Json]  # raises NotFound
_Value: TypeAlias = "str | re.Pattern[str] | _Read"


def _operand(text: str, parse: Callable[[str], Operand]) -> Any:
    """A word (str), a regular expression, or a function (item, root) -> value."""
    if text.startswith("@"):
        find = parse(text).find
        return lambda item, _root: find(item)
    if text.startswith("$"):
        find = parse(text).find
        return lambda _item, root: find(root)
    if match := _PATTERN.fullmatch(text):
        # Java's classes are ASCII unless asked otherwise, and so is its CASE_INSENSITIVE.
        flags = re.ASCII | (re.IGNORECASE if match[2] else 0)
        try:
            return re.compile(match[1], flags)
        except re.error as error:
            raise ExpressionSyntaxError(f"{text} is no regular expression: {error}") from None
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("\\'", "'")
    return text


def _constant(word: Any) -> _Read:
    return lambda _item, _root: word


def _matches(actual: Any, expected: Any, text: str) -> Test:
    if not isinstance(expected, re.Pattern):
        raise ExpressionSyntaxError(f"=~ needs a regular expression such as /a.*/i, not {text.strip()!r}")
    if not callable(actual):
        raise ExpressionSyntaxError("=~ needs a path on its left")
    read: _Read = actual

    def test(item: Json, root: Json) -> bool:
        try:
            value = read(item, root)
        except NotFound:
            return False
        return value is not None and expected.fullmatch(to_text(value)) is not None

    return test


def _compares(actual: Any, operator: str, expected: Any) -> Test:
    read: _Read = actual if callable(actual) else _constant(actual)
    passes = _ORDERS[operator]
    ordered = operator not in _EQUALITIES
    if isinstance(expected, str) and expected != "null":
        return _against_word(read, passes, ordered, expected)
    read_expected: _Read = expected if callable(expected) else _constant(expected)

    def test(item: Json, root: Json) -> bool:
        try:
            value = read(item, root)
            other = read_expected(item, root)
        except NotFound:
            return False
        if ordered and (value is None) is not (other is None):
            return False
        order = _compare(other, value)
        return order is not None and passes(order)

    return test


def _against_word(read: _Read, passes: Callable[[int], bool], ordered: bool, word: str) -> Test:
    """The same for a word of the filter's own text, whose number is worked out once."""
    number = decimal_of(word)
    on_equal, on_unequal = passes(0), passes(1)

    def test(item: Json, root: Json) -> bool:
        try:
            value = read(item, root)
        except NotFound:
            return False
        kind = value.__class__
        if kind is str and not ordered:
            return on_equal if value == word else on_unequal
        if kind is int or kind is float:
            if isinstance(number, str):
                raise PathError(number)
            return passes(_sign(number, _exact(value)))
        if ordered and value is None:
            return False
        order = _compare(word, value)
        return order is not None and passes(order)

    return test


# -------------------------------------------------------------------------------------------------------- comparison


def _compare(expected: Json, actual: Json) -> int | None:
    """-1, 0 or 1 as `expected` is less than, equal to or greater than `actual`; None where they have no order."""
    if expected is actual:
        return 0  # the only way in which two arrays or objects are equal: being the same one
    no_expected = expected is None or expected == "null"
    no_actual = actual is None or actual == "null"
    if no_expected or no_actual:
        return int(no_actual) - int(no_expected)
    if isinstance(expected, str):
        if isinstance(actual, str):
            return _sign(utf16_key(expected), utf16_key(actual))
        if isinstance(actual, bool):
            return _sign(expected.lower() == "true", actual)
        if isinstance(actual, (int, float)):
            return _sign(_number(expected), _exact(actual))
        return None
    if isinstance(expected, bool) or isinstance(actual, bool):
        return _sign(expected, actual) if isinstance(expected, bool) and isinstance(actual, bool) else None
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        return _sign(_exact(expected), _exact(actual))
    return None


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _exact(number: float) -> decimal.Decimal | int:
    """The number as its JSON text says it, which decimal.Decimal compares exactly."""
    return number if isinstance(number, int) else decimal.Decimal(repr(number))


def _number(text: str) -> decimal.Decimal:
    number = decimal_of(text)
    if isinstance(number, str):
        raise PathError(number)
    return number
