"""Simple expressions as Python source, for payloads that are evaluated again and again.

Knows: how to write each form as a Python expression. Must never know: what is undefined, or fails.

The closures of operators.py say what every form means. What is written here gives the same where everything is there
and plain; anywhere else it raises, and whoever called asks the closures. No text of a definition gets into the source:
names and literals are constants, which the writer keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from asl_local.language.generated import Unwritten, Writer
from asl_local.language.jsonata.direct import values
from asl_local.language.jsonata.direct.forms import steps_of
from asl_local.language.jsonata.direct.functions import FUNCTIONS, SETTLED
from asl_local.language.jsonata.direct.operators import VALUES
from asl_local.language.jsonata.direct.paths import MAP_ITEM, Step, beyond
from asl_local.language.jsonata.direct.values import ASK, DIGITS, EXACT, UNDEFINED, Answer, well_formed
from asl_local.language.jsonata.syntax import Node
from asl_local.values import Json

_DEEPEST: Final = 12
_LONG_TEXT: Final = 50_000


class _Part(NamedTuple):
    """The source of a part, and what its value is: str, bool, an `object` of JSON that can be handed out, None for any."""

    source: str
    kind: type | None = None


def write(tree: Node, writer: Writer, members: Mapping[str, str]) -> str:
    """The source of a whole expression that has a closure; `members` names Python's variables for `$states.input` etc.

    It uses one more variable, `scope`. Raises Unwritten.
    """
    writing = _Writing(writer, members)
    part = writing.part(tree, 0)
    return part.source if part.kind is not None else writing.integer_or(values.passed_on, part.source)


def _sure(function: Callable[..., Answer]) -> Callable[..., Json]:
    """The function, which raises where it does not know."""

    def call(*arguments: Answer) -> Json:
        found = function(*arguments)
        if found is ASK or found is UNDEFINED:
            raise Unwritten
        return found

    return call


_SETTLED, _TEXT, _TRUTH = _sure(values.settled), _sure(values.text), _sure(values.truth)
_SURE_VALUES = {name: _sure(function) for name, function in VALUES.items()}
_SURE_FUNCTIONS = {name: _sure(function.apply) for name, function in FUNCTIONS.items()}


def _exists(value: Json, steps: tuple[Step, ...]) -> bool:
    found = beyond(value, steps)
    if found is ASK:
        raise Unwritten
    return found is not UNDEFINED


def _joined(text: str) -> str:
    if len(text) > _LONG_TEXT or not (text.isascii() or well_formed(text)):
        raise Unwritten
    return text


def _bounded(name: str, bound: int) -> str:
    return f"{-bound} < {name} < {bound}"


class _Writing:
    def __init__(self, writer: Writer, members: Mapping[str, str]) -> None:
        self.writer, self.members = writer, members

    def call(self, function: Callable[..., Answer], *arguments: str) -> str:
        return f"{self.writer.constant(function)}({', '.join(arguments)})"

    def name(self) -> str:
        """A variable's name; constants are numbered throughout a source text."""
        return f"v{self.writer.constant(None)}"

    def part(self, node: Node, depth: int) -> _Part:
        way = _WAYS.get(node.kind)
        if way is None or depth > _DEEPEST:
            raise Unwritten
        return way(self, node, depth + 1)

    def value(self, node: Node, depth: int) -> str:
        """A part that is handed out."""
        part = self.part(node, depth)
        return part.source if part.kind is not None else self.integer_or(_SETTLED, part.source)

    def integer_or(self, function: Callable[..., Answer], source: str) -> str:
        name = self.name()
        return (
            f"({name} if type({name} := {source}) is int and {_bounded(name, EXACT)} else {self.call(function, name)})"
        )

    def block(self, node: Node, depth: int) -> _Part:
        return self.part(node.parts[0], depth)

    def literal(self, node: Node, _depth: int) -> _Part:
        kind = type(node.value)
        return _Part(self.writer.constant(node.value), kind if kind is str or kind is bool else object)

    def path(self, node: Node, _depth: int) -> _Part:
        root, *steps = steps_of(node) or [""]
        source: str | None
        if root == "states":
            source = self.members.get(str(steps[0])) or ("scope.context()" if steps[0] == "context" else None)
            if tuple(steps[:3]) == ("context", *MAP_ITEM):
                source, steps = "scope.map_item()", steps[2:]
            steps = steps[1:]
        else:
            source = f"scope.variable({self.writer.constant(root)})"
        if source is None or not all(type(step) is str for step in steps):
            raise Unwritten
        # Of JSON's types only an object takes a text between brackets.
        return _Part(source + "".join(f"[{self.writer.constant(step)}]" for step in steps))

    # -------------------------------------------------------------------------------------------------------- operators

    def binary(self, node: Node, depth: int) -> _Part:
        operator = node.value
        if operator == "&":
            return self.joined(node, depth)
        left, right = (self.part(part, depth) for part in node.parts)
        if operator in ("and", "or"):
            return _Part(f"({self.test(left)} {operator} {self.test(right)})", bool)
        if operator in ("+", "-"):
            return _Part(self.of_integers(node, left, right), object)
        if operator in ("<", "<=", ">", ">="):
            return _Part(self.of_integers(node, left, right), bool)
        if operator in ("=", "!=") and node.parts[1].kind == "literal":
            return _Part(self.equal(node, left, right), bool)
        kind = bool if operator in ("=", "!=", "in") else object
        return _Part(self.call(_SURE_VALUES[operator], left.source, right.source), kind)

    def of_integers(self, node: Node, *operands: _Part) -> str:
        """An operator between two integers that doubles count as well; a function for anything else."""
        names, are_integers, are_exact = [], [], []
        for part, operand in zip(node.parts, operands, strict=True):
            if part.kind == "literal" and type(part.value) is int:
                names.append(operand.source)
                continue
            names.append(name := self.name())
            are_integers.append(f"(type({name} := {operand.source}) is int)")
            are_exact.append(_bounded(name, EXACT))
        otherwise = self.call(_SURE_VALUES[node.value], *names)
        if not are_integers:
            return otherwise
        # `&`, not `and`: the function needs both.
        tests = " and ".join([" & ".join(are_integers), *are_exact])
        return f"({names[0]} {_PYTHON.get(node.value, node.value)} {names[1]} if {tests} else {otherwise})"

    def equal(self, node: Node, left: _Part, right: _Part) -> str:
        """Of anything and a literal, which is mostly of the same type."""
        constant = node.parts[1].value
        kind = "int" if type(constant) is int else "str" if type(constant) is str and constant.isascii() else None
        if kind is None:
            return self.call(_SURE_VALUES[node.value], left.source, right.source)
        name = self.name()
        otherwise = self.call(_SURE_VALUES[node.value], name, right.source)
        sign = _PYTHON.get(node.value, node.value)
        return f"({name} {sign} {right.source} if type({name} := {left.source}) is {kind} else {otherwise})"

    def test(self, part: _Part) -> str:
        return part.source if part.kind is bool else self.call(_TRUTH, part.source)

    def condition(self, node: Node, depth: int) -> _Part:
        if len(node.parts) != 3:
            raise Unwritten
        asked = self.test(self.part(node.parts[0], depth))
        yes, no = (self.value(part, depth) for part in node.parts[1:])
        return _Part(f"({yes} if {asked} else {no})", object)

    def call_(self, node: Node, depth: int) -> _Part:
        name = node.parts[0].value
        is_taken = f"scope.has_variable({self.writer.constant(name)})"
        root, *steps = steps_of(node.parts[1]) or [""]
        if name == "exists" and root == "states" and steps[0] in self.members:
            below = self.writer.constant(tuple(steps[1:]))
            found = self.call(_exists, self.members[str(steps[0])], below)
            return _Part(f"(0 / 0 if {is_taken} else {found})", bool)
        arguments = [self.part(part, depth) for part in node.parts[1:]]
        if name == "string":
            return _Part(f"(0 / 0 if {is_taken} else {self.string(arguments[0])})", str)
        if name in SETTLED:
            arguments = [_Part(self.value(part, depth)) for part in node.parts[1:]]
        source = self.call(_SURE_FUNCTIONS[name], *[argument.source for argument in arguments])
        return _Part(f"(0 / 0 if {is_taken} else {source})", object)

    # --------------------------------------------------------------------------------------------- texts and containers

    def text(self, part: _Part) -> str:
        if part.kind is str:
            return part.source
        name = self.name()
        return f"({name} if type({name} := {part.source}) is str else {self.string(_Part(name))})"

    def string(self, part: _Part) -> str:
        name = self.name()
        is_short = f"type({name} := {part.source}) is int and {_bounded(name, DIGITS)}"
        return f"(str({name}) if {is_short} else {self.call(_TEXT, name)})"

    def joined(self, node: Node, depth: int) -> _Part:
        parts: list[Node] = []
        while node.kind == "binary" and node.value == "&":
            parts.append(node.parts[1])
            node = node.parts[0]
        texts = " + ".join(self.text(self.part(part, depth)) for part in [node, *reversed(parts)])
        name = self.name()
        is_plain = f"({name} := {texts}).isascii() and len({name}) < {_LONG_TEXT}"
        return _Part(f"({name} if {is_plain} else {self.call(_joined, name)})", str)

    def array(self, node: Node, depth: int) -> _Part:
        items = [self.part(item, depth) for item in node.parts]
        if any(item.kind is None for item in items):  # it may be an array, which dissolves
            raise Unwritten
        return _Part(f"[{', '.join(item.source for item in items)}]", object)

    def object_(self, node: Node, depth: int) -> _Part:
        names = [self.writer.constant(name.value) for name in node.parts[::2]]
        members = [self.value(member, depth) for member in node.parts[1::2]]
        return _Part(f"{{{', '.join(f'{a}: {b}' for a, b in zip(names, members, strict=True))}}}", object)


_PYTHON: Final = {"=": "=="}
_WAYS: Final[dict[str, Callable[[Any, Node, int], _Part]]] = {
    "array": _Writing.array,
    "binary": _Writing.binary,
    "block": _Writing.block,
    "call": _Writing.call_,
    "condition": _Writing.condition,
    "filter": _Writing.path,
    "literal": _Writing.literal,
    "object": _Writing.object_,
    "path": _Writing.path,
    "variable": _Writing.path,
}
