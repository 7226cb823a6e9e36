"""Operators and functions over plain operands: arithmetic, comparing, joining, logic, arrays and objects.

Knows: what each makes of its operands' values. Must never know: the syntax.

Every operand is a closure. An operand that is ASK makes the whole ASK, unless it was not needed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

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

# ---------------------------------------------------------------------------------------------------------- arithmetic


def add(left: Direct, right: Direct) -> Direct:
    """`+`."""

    def flow(states: States, scope: Scope) -> Answer:
        a, b = left(states, scope), right(states, scope)
        if type(a) is int and type(b) is int and -EXACT < a < EXACT and -EXACT < b < EXACT:
            return a + b
        return _numbers(operator.add, a, b)

    return flow


def add_constant(left: Direct, constant: int) -> Direct:
    """`+` and `-` with a number in the text."""

    def flow(states: States, scope: Scope) -> Answer:
        a = left(states, scope)
        if type(a) is int and -EXACT < a < EXACT:
            return a + constant
        return _numbers(operator.add, a, constant)

    return flow


def subtract(left: Direct, right: Direct) -> Direct:
    """`-`."""

    def flow(states: States, scope: Scope) -> Answer:
        a, b = left(states, scope), right(states, scope)
        if type(a) is int and type(b) is int and -EXACT < a < EXACT and -EXACT < b < EXACT:
            return a - b
        return _numbers(operator.sub, a, b)

    return flow


def multiply(left: Direct, right: Direct) -> Direct:
    """`*`."""
    return lambda states, scope: _numbers(operator.mul, left(states, scope), right(states, scope))


def divide(left: Direct, right: Direct) -> Direct:
    """`/`."""
    return lambda states, scope: _numbers(_quotient, left(states, scope), right(states, scope))


def remainder(left: Direct, right: Direct) -> Direct:
    """`%`, of whole numbers that are not negative."""

    def flow(states: States, scope: Scope) -> Answer:
        a, b = left(states, scope), right(states, scope)
        return a % b if type(a) is int and type(b) is int and 0 <= a < EXACT and 0 < b < EXACT else ASK

    return flow


def negative(operand: Direct) -> Direct:
    """`-` before a number."""
    return lambda states, scope: _numbers(operator.sub, 0, operand(states, scope))


def _quotient(a: float, b: float) -> float:
    return a / b if b else float("nan")


def _numbers(apply: Callable[[float, float], float], a: Answer, b: Answer) -> Answer:
    kinds = type(a), type(b)
    if (kinds[0] is int or kinds[0] is float) and (kinds[1] is int or kinds[1] is float):
        x, y = float(a), float(b)
        if -EXACT < x < EXACT and -EXACT < y < EXACT:
            return computed(apply(x, y))
    return ASK


# ----------------------------------------------------------------------------------------------------------- comparing


def equal(left: Direct, right: Direct, wanted: bool) -> Direct:
    """`=`, or `!=` if False is wanted. Nothing equals what is undefined, and nothing differs from it."""

    def flow(states: States, scope: Scope) -> Answer:
        a, b = left(states, scope), right(states, scope)
        kind, other = type(a), type(b)
        if kind is str and other is str:
            if a == b:
                return wanted
            return not wanted if a.isascii() or b.isascii() or (well_formed(a) and well_formed(b)) else ASK
        if a is ASK or b is ASK:
            return ASK
        if a is UNDEFINED or b is UNDEFINED:
            return False
        if kind not in _SCALARS or other not in _SCALARS:
            return ASK
        if kind is int or kind is float:
            if other is not int and other is not float:
                return not wanted
            return (a == b) is wanted if -EXACT < a < EXACT and -EXACT < b < EXACT else ASK
        return (kind is other and a == b) is wanted

    return flow


def ordered(compare: Callable[[Answer, Answer], bool], left: Direct, right: Direct) -> Direct:
    """`<`, `<=`, `>`, `>=` of two numbers, or of two texts of ASCII characters."""

    def flow(states: States, scope: Scope) -> Answer:
        a, b = left(states, scope), right(states, scope)
        kind, other = type(a), type(b)
        if (kind is int or kind is float) and (other is int or other is float):
            return compare(a, b) if -EXACT < a < EXACT and -EXACT < b < EXACT else ASK
        if kind is str and other is str and a.isascii() and b.isascii():
            return compare(a, b)
        return ASK

    return flow


def contained(left: Direct, right: Direct) -> Direct:
    """`in`, of a text."""

    def flow(states: States, scope: Scope) -> Answer:
        a, b = left(states, scope), right(states, scope)
        if type(a) is str and a.isascii():
            return a in b if type(b) is list else a == b if type(b) is str else ASK
        return ASK

    return flow


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


# ----------------------------------------------------------------------------------------------------------- functions


def function(name: str, argument: Direct) -> Direct | None:
    """The function of that name with one argument; a variable that bears the name takes its place."""
    apply = _FUNCTIONS.get(name)
    if apply is None:
        return None
    found = apply

    def flow(states: States, scope: Scope) -> Answer:
        if scope.has_variable(name):
            return ASK
        value = argument(states, scope)
        return ASK if value is ASK else found(value)

    return flow


def _boolean(value: Answer) -> Answer:
    return UNDEFINED if value is UNDEFINED else truth(value)


def _not(value: Answer) -> Answer:
    found = _boolean(value)
    return not found if type(found) is bool else found


def _length(value: Answer) -> Answer:
    return len(value) if type(value) is str and well_formed(value) else ASK


def _count(value: Answer) -> Answer:
    return len(value) if type(value) is list else 0 if value is UNDEFINED else 1


_FUNCTIONS: dict[str, Callable[[Answer], Answer]] = {
    "boolean": _boolean,
    "count": _count,
    "exists": lambda value: value is not UNDEFINED,
    "length": _length,
    "not": _not,
    "string": text,
}
