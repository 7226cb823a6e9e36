"""The syntax of JSONata 2.0.6: text -> tree, with the place of everything in it.

Knows: which expression is part of which. Must never know: values, or how anything is evaluated.

The engines parse for themselves; this tree is for questions they do not answer: what AWS refuses when a state machine is
created, which variables an expression reads, and where in a text a part of it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from asl_local.language.jsonata.tokens import OPERATORS, Token, error, next_token
from asl_local.values import Json

NodeKind: TypeAlias = Literal[
    "name", "variable", "literal", "regex", "wildcard", "parent", "placeholder", "negation", "array", "object", "binary",
    "path", "filter", "group", "sort", "focus", "index", "bind", "apply", "call", "lambda", "block", "condition",
    "transform", "end",
]  # fmt: skip

DEEPEST = 150  # levels of brackets, of which AWS evaluates 100; each takes a few Python frames here


class TooDeep(Exception):
    """The expression nests more than DEEPEST levels."""


class Node(NamedTuple):
    """A part of an expression: `text[start:end]`.

    `value` is a name, a literal or an operator; `parts` are its operands in the order of the text. A path, filter,
    group, sort, focus or index begins with the part that is evaluated in the same context as itself; all its other
    parts are evaluated in another one.
    """

    kind: NodeKind
    value: Json
    start: int
    end: int
    parts: tuple[Node, ...] = ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text; no recursion, for chains may be long."""
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(reversed(found.parts))


def parse(text: str) -> Node:
    """The tree of an expression. Raises Thrown with the message of version 2.0.6, or TooDeep."""
    return parts(text)[0]


@lru_cache(maxsize=4096)
def parts(text: str) -> tuple[Node, ...]:
    """The tree of an expression and all below it, in the order of the text. Raises what parse() does."""
    parser = _Parser(text)
    tree = parser.expression(0)
    if parser.token.kind != "end":
        raise error("S0201", parser.token.value)
    # Only now, as in 2.0.6: a bracket that is still open is what it would rather report.
    nodes = tuple(walk(tree))
    unexpected = [node for node in nodes if node.kind == "end"]
    if unexpected:
        raise error("S0207")
    for node in nodes:
        if node.kind == "path":
            for step in node.parts:
                if step.kind == "literal" and not isinstance(step.value, str):
                    raise error("S0213", value=step.value)
    return nodes


_BINARY = frozenset(("+", "-", "*", "/", "%", "=", "<", ">", "!=", "<=", ">=", "&", "and", "or", "in"))
_WORDS = frozenset(("and", "or", "in"))
# Tokens that are an expression by themselves.
_PLAIN: dict[str, NodeKind] = {
    "name": "name", "variable": "variable", "regex": "regex", "end": "end", "string": "literal", "number": "literal",
    "value": "literal",
}  # fmt: skip


class _Parser:
    """Top down operator precedence, after Vaughan Pratt: `token` is the next one, `last` where the one before ended."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.last = 0
        self.depth = 0
        self.token = next_token(text, 0)

    def advance(self, wanted: str | None = None, *, infix: bool = False) -> Token:
        token = self.token
        if wanted is not None and not self.at(wanted):
            raise error("S0203" if token.kind == "end" else "S0202", token.shown, wanted)
        end = self.last = token.end
        self.token = next_token(self.text, end, infix=infix)
        return token

    def at(self, operator: str) -> bool:
        return self.token.kind == "operator" and self.token.value == operator

    def node(self, kind: NodeKind, value: Json, start: int, *parts: Node) -> Node:
        return Node(kind, value, start, self.last, parts)

    def expression(self, power: int) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise TooDeep
        token = self.advance(infix=True)
        kind = _PLAIN.get(token.kind)
        left = self.first(token) if kind is None else Node(kind, token.value, token.start, token.end)
        while True:
            operator = self.token
            if operator.kind != "operator" or _POWERS.get(operator.value, 0) <= power:
                break
            self.advance()
            left = self.follow(left, operator)
        self.depth -= 1
        return left

    # ------------------------------------------------------------------------------------- what begins an expression

    def first(self, token: Token) -> Node:
        operator = token.value
        if operator in _WORDS:
            return self.node("name", operator, token.start)
        opening = _PREFIX.get(operator)
        if opening is None:
            raise error("S0211", operator)
        return opening(self, token)

    def negation(self, token: Token) -> Node:
        return self.node("negation", "-", token.start, self.expression(70))

    def wildcard(self, token: Token) -> Node:
        return self.node("parent" if token.value == "%" else "wildcard", token.value, token.start)

    def block(self, token: Token) -> Node:
        parts = []
        while not self.at(")"):
            parts.append(self.expression(0))
            if not self.at(";"):
                break
            self.advance(";")
        self.advance(")", infix=True)
        return self.node("block", None, token.start, *parts)

    def array(self, token: Token) -> Node:
        parts = []
        if not self.at("]"):
            while True:
                item = self.expression(0)
                if self.at(".."):
                    self.advance("..")
                    item = self.node("binary", "..", item.start, item, self.expression(0))
                parts.append(item)
                if not self.at(","):
                    break
                self.advance(",")
        self.advance("]", infix=True)
        return self.node("array", None, token.start, *parts)

    def pairs(self) -> list[Node]:
        parts = []
        if not self.at("}"):
            while True:
                parts.append(self.expression(0))
                self.advance(":")
                parts.append(self.expression(0))
                if not self.at(","):
                    break
                self.advance(",")
        self.advance("}", infix=True)
        return parts

    def object(self, token: Token) -> Node:
        return self.node("object", None, token.start, *self.pairs())

    def transform(self, token: Token) -> Node:
        parts = [self.expression(0)]
        self.advance("|")
        parts.append(self.expression(0))
        if self.at(","):
            self.advance(",")
            parts.append(self.expression(0))
        self.advance("|")
        return self.node("transform", None, token.start, *parts)

    # ----------------------------------------------------------------------------------- what goes on with the left

    def follow(self, left: Node, token: Token) -> Node:
        operator = token.value
        if operator in _BINARY:
            return self.node("binary", operator, left.start, left, self.expression(OPERATORS[operator]))
        return _INFIX[operator](self, left, token)

    def path(self, left: Node, _token: Token) -> Node:
        return self.node("path", None, left.start, left, self.expression(OPERATORS["."]))

    def apply(self, left: Node, _token: Token) -> Node:
        return self.node("apply", None, left.start, left, self.expression(OPERATORS["~>"]))

    def call(self, left: Node, _token: Token) -> Node:
        parts = [left]
        if not self.at(")"):
            while True:
                if self.at("?"):
                    mark = self.advance("?")
                    parts.append(Node("placeholder", "?", mark.start, mark.end))
                else:
                    parts.append(self.expression(0))
                if not self.at(","):
                    break
                self.advance(",")
        self.advance(")", infix=True)
        if left.kind == "name" and left.value in ("function", "λ"):
            return self.lambda_(left, parts[1:])
        return self.node("call", None, left.start, *parts)

    def lambda_(self, left: Node, parameters: list[Node]) -> Node:
        for number, parameter in enumerate(parameters, 1):
            if parameter.kind != "variable":
                raise error("S0208", parameter.value, number)
        if self.at("<"):
            depth = 1
            while depth > 0 and not self.at("{") and self.token.kind != "end":
                self.advance()
                depth += 1 if self.at("<") else -1 if self.at(">") else 0
            self.advance(">")
        self.advance("{")
        body = self.expression(0)
        self.advance("}")
        return self.node("lambda", [parameter.value for parameter in parameters], left.start, body)

    def filter(self, left: Node, _token: Token) -> Node:
        if self.at("]"):
            self.advance("]")
            return self.node("filter", None, left.start, left)
        predicate = self.expression(0)
        self.advance("]", infix=True)
        return self.node("filter", None, left.start, left, predicate)

    def group(self, left: Node, _token: Token) -> Node:
        return self.node("group", None, left.start, left, *self.pairs())

    def sort(self, left: Node, _token: Token) -> Node:
        self.advance("(")
        terms = []
        while True:
            if self.at("<") or self.at(">"):
                self.advance()
            terms.append(self.expression(0))
            if not self.at(","):
                break
            self.advance(",")
        self.advance(")")
        return self.node("sort", None, left.start, left, *terms)

    def bind(self, left: Node, _token: Token) -> Node:
        if left.kind != "variable":
            raise error("S0212", left.value)
        return self.node("bind", left.value, left.start, left, self.expression(OPERATORS[":="] - 1))

    def focus(self, left: Node, token: Token) -> Node:
        right = self.expression(OPERATORS["@"])
        if right.kind != "variable":
            raise error("S0214", token.value)
        return self.node("focus" if token.value == "@" else "index", right.value, left.start, left)

    def condition(self, left: Node, _token: Token) -> Node:
        parts = [left, self.expression(0)]
        if self.at(":"):
            self.advance(":")
            parts.append(self.expression(0))
        return self.node("condition", None, left.start, *parts)


_PREFIX: dict[str, Callable[[_Parser, Token], Node]] = {
    "-": _Parser.negation,
    "*": _Parser.wildcard,
    "**": _Parser.wildcard,
    "%": _Parser.wildcard,
    "(": _Parser.block,
    "[": _Parser.array,
    "{": _Parser.object,
    "|": _Parser.transform,
}
_INFIX: dict[str, Callable[[_Parser, Node, Token], Node]] = {
    ".": _Parser.path,
    "~>": _Parser.apply,
    "(": _Parser.call,
    "[": _Parser.filter,
    "{": _Parser.group,
    "^": _Parser.sort,
    ":=": _Parser.bind,
    "@": _Parser.focus,
    "#": _Parser.focus,
    "?": _Parser.condition,
}
# How tightly an operator binds what is on its left; most others only end something.
_POWERS = {operator: power for operator, power in OPERATORS.items() if operator in _BINARY or operator in _INFIX}
