"""A tiny JSONata of our own, for the reference interpreter: the few forms that generated definitions have.

It shares no code with the library or with its engine. Precedence climbing over a list of tokens; a value that is not there
is UNDEFINED, a path maps over arrays, and what JSONata throws for is `Thrown`.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from functools import partial
from typing import Any


class Thrown(Exception):
    """The expression fails."""


class Undefined:
    """There is no value."""


UNDEFINED = Undefined()
TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|'([^']*)'|(\$?[A-Za-z_]\w*)|(~>|!=|<=|>=|[-+&=<>?:.,()\[\]{}]))")
POWERS = {"?": 20, "or": 25, "and": 30, "in": 40, "=": 40, "!=": 40, "<": 40, ">": 40, "<=": 40, ">=": 40, "~>": 40,
          "&": 50, "+": 50, "-": 50, ".": 75}  # fmt: skip
Value = Callable[[], Any]


def evaluate(text: str, find: Callable[[str], Any]) -> Any:
    """The value of an expression; `find` gives the value of a variable (`states`), or UNDEFINED."""
    tokens = [match.groups() for match in TOKEN.finditer(text)]
    assert "".join(match[0] for match in TOKEN.finditer(text)) == text.rstrip(), text
    parser = Parser(tokens, find)
    value = parser.expression(0)
    assert parser.at == len(tokens), text
    return value()


class Parser:
    """Every method gives a function of nothing, so that what is not needed is not evaluated."""

    def __init__(self, tokens: list[tuple[str, ...]], find: Callable[[str], Any]) -> None:
        self.tokens, self.find, self.at = tokens, find, 0

    def peek(self) -> str:
        if self.at == len(self.tokens):
            return ""
        _, _, name, sign = self.tokens[self.at]
        return sign or (name if name in ("and", "or", "in") else "")

    def take(self, wanted: str = "") -> tuple[str, ...]:
        assert not wanted or self.peek() == wanted, (wanted, self.tokens, self.at)
        self.at += 1
        return self.tokens[self.at - 1]

    def expression(self, power: int) -> Value:
        left = self.first()
        while (operator := self.peek()) in POWERS and POWERS[operator] > power:
            self.take()
            if operator == ".":
                left = partial(step, left, self.take()[2], self.peek() != ".")
            elif operator == "?":
                yes = self.expression(0)
                self.take(":")
                left = partial(either, left, yes, self.expression(0))
            elif operator == "~>":
                left = self.call(self.take()[2], [left])
            else:
                left = partial(both, operator, left, self.expression(POWERS[operator]))
        return left

    def first(self) -> Value:
        number, text, name, sign = self.take()
        if number is not None:
            found = float(number) if "." in number else int(number)
            return lambda: found
        if text is not None:
            return lambda: text
        if sign == "[":
            return partial(array, self.listed("]"))
        if sign == "{":
            return partial(made, self.listed("}", keyed=True))
        if self.peek() == "(":
            return self.call(name, [])
        return partial(self.find, name.removeprefix("$"))

    def listed(self, end: str, *, keyed: bool = False) -> list[Any]:
        found: list[Any] = []
        while self.peek() != end:
            key = self.take()[1] if keyed else None
            if keyed:
                self.take(":")
            value = self.expression(0)
            found.append((key, value) if keyed else value)
            if self.peek() == ",":
                self.take()
        self.take(end)
        return found

    def call(self, name: str, arguments: list[Value]) -> Value:
        self.take("(")
        every = arguments + self.listed(")")
        return lambda: FUNCTIONS[name](*(argument() for argument in every))


def step(left: Value, name: str, last: bool) -> Any:
    """One name of a path: over every item of an array."""
    given = left()
    items = given if isinstance(given, list) else [given]
    found = [value for item in items if (value := lookup(item, name)) is not UNDEFINED]
    if last and len(found) == 1:
        return found[0]
    flat = [inner for value in found for inner in (value if isinstance(value, list) else [value])]
    if not flat:
        return UNDEFINED
    return flat[0] if last and len(flat) == 1 else flat


def lookup(item: Any, name: str) -> Any:
    """A member; of an array in an array, the members of all its items as one sequence."""
    if isinstance(item, dict):
        return item.get(name, UNDEFINED)
    if not isinstance(item, list):
        return UNDEFINED
    values = [value for inner in item if (value := lookup(inner, name)) is not UNDEFINED]
    flat = [inner for value in values for inner in (value if isinstance(value, list) else [value])]
    return UNDEFINED if not flat else flat[0] if len(flat) == 1 else flat


def either(condition: Value, yes: Value, no: Value) -> Any:
    return yes() if truth(condition()) is True else no()


def array(values: list[Value]) -> Any:
    found: list[Any] = []
    for each in values:
        value = each()
        if isinstance(value, list):
            found += value
        elif value is not UNDEFINED:
            found.append(value)
    return found


def made(pairs: list[tuple[str, Value]]) -> Any:
    return {key: value for key, given in pairs if (value := given()) is not UNDEFINED}


def both(sign: str, first: Value, second: Value) -> Any:
    left = first()
    if sign in ("and", "or"):
        if (truth(left) is True) is (sign == "or"):
            return sign == "or"
        return truth(second()) is True
    right = second()
    if sign in ("=", "!="):
        if left is UNDEFINED or right is UNDEFINED:
            return False
        return same(left, right) is (sign == "=")
    if sign == "in":
        items = right if isinstance(right, list) else [right]
        return left is not UNDEFINED and any(same(left, item) for item in items)
    if sign == "&":
        return "".join("" if side is UNDEFINED else string(side) for side in (left, right))
    comparable = [
        side is UNDEFINED or is_number(side) or (sign != "+" and isinstance(side, str)) for side in (left, right)
    ]
    if not all(comparable):
        raise Thrown
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if isinstance(left, str) is not isinstance(right, str):
        raise Thrown
    return COMPARED[sign](left, right)


COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def truth(value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, list):
        return any(truth(item) is True for item in value)
    return bool(value)


def string(value: Any) -> Any:
    if value is UNDEFINED or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def merge(items: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    if not all(isinstance(item, dict) for item in items):
        raise Thrown
    return {key: value for item in items for key, value in item.items()}


def kind(value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    names = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "number")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "$boolean": truth,
    "$count": lambda value: 0 if value is UNDEFINED else len(value) if isinstance(value, list) else 1,
    "$exists": lambda value: value is not UNDEFINED,
    "$merge": merge,
    "$not": lambda value: UNDEFINED if value is UNDEFINED else not truth(value),
    "$string": string,
    "$type": kind,
}
