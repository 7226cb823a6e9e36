"""Operators over plain operands: arithmetic, comparing, joining, logic, arrays and objects.

Knows: what each makes of its operands' values. Must never know: the syntax.

Every operand is a closure. An operand that is ASK makes the whole ASK, unless it was not needed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import nan
from typing import Any

from asl_local.language import Scope
from asl_local.language.jsonata.direct.values import (
    ASK,
    EXACT,
    UNDEFINED,
    Answer,
    Direct,
    States,
    computed,
    text,
    truth,
    well_formed,
)

_LONG_TEXT = 100_000
_SCALARS = frozenset((str, int, float, bool, type(None)))

# -------------------------------------------------------------------------------- arithmetic and comparing: of values


def _numbers(apply: Callable[[float, float], float]) -> Callable[[Answer, Answer], Answer]:
    def compute(a: Answer, b: Answer) -> Answer:
        kind, other = type(a), type(b)
        if (kind is int or kind is float) and (other is int or other is float):
            x, y = float(a), float(b)
            if -EXACT < x < EXACT and -EXACT < y < EXACT:
                return computed(apply(x, y))
        return ASK

    return compute


def _quotient(a: float, b: float) -> float:
    return a / b if b else nan


def _remainder(a: Answer, b: Answer) -> Answer:
    """Of whole numbers that are not negative."""
    return a % b if type(a) is int and type(b) is int and 0 <= a < EXACT and 0 < b < EXACT else ASK


def _equal(a: Answer, b: Answer) -> Answer:
    """Nothing equals what is undefined, and nothing differs from it."""
    kind, other = type(a), type(b)
    if kind is str and other is str:
        if a == b:
            return True
        return False if a.isascii() or b.isascii() or (well_formed(a) and well_formed(b)) else ASK
    if a is ASK or b is ASK:
        return ASK
    if a is UNDEFINED or b is UNDEFINED:
        return UNDEFINED
    if kind not in _SCALARS or other not in _SCALARS:
        return ASK
    if kind is int or kind is float:
        if other is not int and other is not float:
            return False
        return a == b if -EXACT < a < EXACT and -EXACT < b < EXACT else ASK
    return kind is other and a == b


def _is(a: Answer, b: Answer) -> Answer:
    found = _equal(a, b)
    return False if found is UNDEFINED else found


def _is_not(a: Answer, b: Answer) -> Answer:
    found = _equal(a, b)
    return False if found is UNDEFINED else found is False if type(found) is bool else found


def _ordered(compare: Callable[[Any, Any], Any]) -> Callable[[Answer, Answer], Answer]:
    """Of two numbers, or of two texts of ASCII characters."""

    def order(a: Answer, b: Answer) -> Answer:
        kind, other = type(a), type(b)
        if (kind is int or kind is float) and (other is int or other is float):
            return compare(a, b) if -EXACT < a < EXACT and -EXACT < b < EXACT else ASK
        return compare(a, b) if kind is str and other is str and a.isascii() and b.isascii() else ASK

    return order


def _contained(a: Answer, b: Answer) -> Answer:
    """Of a text."""
    if type(a) is str and a.isascii():
        return a in b if type(b) is list else a == b if type(b) is str else ASK
    return ASK


VALUES: dict[str, Callable[[Answer, Answer], Answer]] = {
    "+": _numbers(operator.add),
    "-": _numbers(operator.sub),
    "*": _numbers(operator.mul),
    "/": _numbers(_quotient),
    "%": _remainder,
    "=": _is,
    "!=": _is_not,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": _contained,
}
"""What an operator makes of two values, of which each may also be UNDEFINED or ASK."""

# ----------------------------------------------------------------------------- arithmetic and comparing: of operands


def binary(name: str, left: Direct, right: Direct) -> Direct:
    """An operator of VALUES."""
    apply = VALUES[name]
    if name == "+":
        return _add(left, right)
    return lambda states, scope: apply(left(states, scope), right(states, scope))


def _add(left: Direct, right: Direct) -> Direct:
    apply = VALUES["+"]

    def flow(states: States, scope: Scope) -> Answer:
        a, b = left(states, scope), right(states, scope)
        if type(a) is int and type(b) is int and -EXACT < a < EXACT and -EXACT < b < EXACT:
            return a + b
        return apply(a, b)

    return flow


def add_constant(left: Direct, constant: int) -> Direct:
    """`+` and `-` with an integer in the text."""
    apply = VALUES["+"]

    def flow(states: States, scope: Scope) -> Answer:
        a = left(states, scope)
        if type(a) is int and -EXACT < a < EXACT:
            return a + constant
        return apply(a, constant)

    return flow


def negative(operand: Direct) -> Direct:
    """`-` before a number."""
    apply = VALUES["-"]
    return lambda states, scope: apply(0, operand(states, scope))


# --------------------------------------------------------------------------------------------------------------- logic


def both(left: Direct, right: Direct) -> Direct:
    """`and`; what is on the right counts only if the left is true."""

    def flow(states: States, scope: Scope) -> Answer:
        found = truth(left(states, scope))
        return truth(right(states, scope)) if found is True else found

    return flow


def either(left: Direct, right: Direct) -> Direct:
    """`or`; what is on the right counts only if the left is false."""

    def flow(states: States, scope: Scope) -> Answer:
        found = truth(left(states, scope))
        return truth(right(states, scope)) if found is False else found

    return flow


def chosen(condition: Direct, yes: Direct, no: Direct) -> Direct:
    """`condition ? yes : no`."""

    def flow(states: States, scope: Scope) -> Answer:
        found = truth(condition(states, scope))
        if found is ASK:
            return ASK
        return yes(states, scope) if found else no(states, scope)

    return flow


# ------------------------------------------------------------------------------------------------ texts and containers


def joined(parts: Sequence[Direct]) -> Direct:
    """`&` between all of them; what is undefined adds nothing."""
    first, *others = parts

    def flow(states: States, scope: Scope) -> Answer:
        value = first(states, scope)
        result = value if type(value) is str else text(value)
        if result is ASK:
            return ASK
        result = "" if result is UNDEFINED else result
        for part in others:
            value = part(states, scope)
            if type(value) is not str:
                value = text(value)
                if value is ASK:
                    return ASK
                if value is UNDEFINED:
                    continue
            result += value
        return result if len(result) < _LONG_TEXT and (result.isascii() or well_formed(result)) else ASK

    return flow


def array(items: Sequence[tuple[Direct, bool]]) -> Direct:
    """`[a, b]`: arrays dissolve in it, except those that are written as arrays (True); what is undefined is left out."""

    def flow(states: States, scope: Scope) -> Answer:
        result: list[Answer] = []
        for item, whole in items:
            value = item(states, scope)
            if value is ASK:
                return ASK
            if type(value) is list and not whole:
                result += value
            elif value is not UNDEFINED:
                result.append(value)
        return result

    return flow


def object_(members: Sequence[tuple[str, Direct]]) -> Direct:
    """`{"a": b}`; what is undefined is left out."""

    def flow(states: States, scope: Scope) -> Answer:
        result: dict[str, Answer] = {}
        for name, member in members:
            value = member(states, scope)
            if value is ASK:
                return ASK
            if value is not UNDEFINED:
                result[name] = value
        return result

    return flow
