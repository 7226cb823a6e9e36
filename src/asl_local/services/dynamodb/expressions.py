"""Expressions as text: one parser for conditions, updates and projections.

Knows: the grammar and every check that needs no item. Must never know: items, tables, or what an expression does.
Grammar: Developer Guide, "Using expressions in DynamoDB". The checks, their order and their sentences are those
that AWS was observed to have (the test suites of dynalite and of Scylla's Alternator record them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from asl_local.services.dynamodb.syntax import (
    CONDITION_FUNCTIONS,
    RESERVED,
    UPDATE_FUNCTIONS,
    Action,
    And,
    Arithmetic,
    Between,
    Call,
    Comparison,
    Condition,
    In,
    Literal,
    Node,
    Not,
    Operand,
    Or,
    Path,
    Placeholders,
    Token,
    literal_type,
    not_distinct,
    tokens,
    wrong_operand,
)
from asl_local.services.dynamodb.values import Refusal, Value, order_of, type_of, wrong_type

LONGEST = 4096  # bytes of an expression
MOST_OPERATORS = 300  # both: "Expression parameters" under "Quotas"
DEEPEST = 100  # groups and calls inside each other; ours, so that nobody's expression exhausts the stack
_COMPARATORS = {"=", "<>", "<", "<=", ">", ">="}
_ORDERED = {"S", "N", "B"}  # the types that <, <=, >, >= and BETWEEN take
_CONDITION_WORDS = {"AND", "OR", "NOT", "BETWEEN", "IN"}
_SECTIONS = {"SET", "REMOVE", "ADD", "DELETE"}
_TYPE_WORDS = {"S": "STRING", "N": "NUMBER", "B": "BINARY", "NULL": "NULL", "BOOL": "BOOLEAN", "L": "LIST", "M": "MAP"}

# Which problem is reported where an expression has several: AWS's order, then the order of the text.
_CONDITION_ORDER = ("parentheses", "unknown function", "misused function", "reserved", "operand")
_UPDATE_ORDER = (
    *("reserved", "unknown function", "misused function", "section", "name", "value", "overlap", "conflict"),
    "operand",
)


class Parser:
    """Parses one expression; `parameter` is the request's member that holds it and opens every error."""

    def __init__(self, parameter: str, text: str, placeholders: Placeholders) -> None:
        if not isinstance(text, str):
            raise wrong_type(parameter, text, "<class 'str'>")
        self._parameter, self._text, self._placeholders = parameter, text, placeholders
        if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
            self._refuse("Expression size has exceeded the maximum allowed size;")
        self._tokens = tokens(text)
        if len(self._tokens) == 1:
            self._refuse("The expression can not be empty;")
        self._at = self._depth = self._operators = 0
        self._problems: dict[str, str] = {}
        self._group: tuple[int, int] | None = None  # the tokens that the last group in parentheses spans

    # The three entries.

    def condition(self) -> Condition:
        """A ConditionExpression, FilterExpression or KeyConditionExpression."""
        parsed = self._as_condition(self._alternatives())
        self._end(_CONDITION_ORDER)
        return parsed

    def projection(self) -> list[Path]:
        """The paths of a ProjectionExpression."""
        paths = [self._path()]
        while self._take(","):
            paths.append(self._path())
        self._check_overlaps(paths)
        self._end(_UPDATE_ORDER)
        return paths

    def update(self) -> list[Action]:
        """The actions of an UpdateExpression, in the order of the text."""
        actions: list[Action] = []
        seen: set[str] = set()
        while self._peek().kind != "end":
            token = self._next()
            section = token.text.upper()
            if token.kind != "word" or section not in _SECTIONS:
                self._syntax_error(self._at - 1)
            if section in seen:
                self._note("section", f'The "{section}" section can only be used once in an update expression;')
            seen.add(section)
            actions.append(self._action(section))
            while self._take(","):
                actions.append(self._action(section))
        self._check_overlaps([action.path for action in actions])
        self._end(_UPDATE_ORDER)
        return actions

    # Conditions, loosest binding first. A group in parentheses may hold a condition or an operand, which shows
    # only after it: so these return either, and the caller says what it needs.

    def _alternatives(self) -> Node:
        return self._chain("OR", Or, self._conjunction)

    def _conjunction(self) -> Node:
        return self._chain("AND", And, self._negation)

    def _chain(self, word: str, build: type[And] | type[Or], part: Callable[[], Node]) -> Node:
        node = part()
        if not self._next_is(word):
            return node
        conditions = [self._as_condition(node)]
        while self._take(word):
            self._count_operator()
            conditions.append(self._as_condition(part()))
        return build(tuple(conditions))

    def _negation(self) -> Node:
        if self._take("NOT"):
            self._count_operator()
            with self._deeper():
                return Not(self._as_condition(self._negation()))
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._term()
        token = self._peek()
        if token.kind == "symbol" and token.text in _COMPARATORS:
            self._next()
            self._count_operator()
            comparison = Comparison(token.text, self._as_operand(left), self._as_operand(self._term()))
            self._check_comparison(comparison)
            return comparison
        if self._take("BETWEEN"):
            self._count_operator()
            low = self._as_operand(self._term())
            self._expect("AND")
            between = Between(self._as_operand(left), low, self._as_operand(self._term()))
            self._check_between(between)
            return between
        if self._take("IN"):
            self._count_operator()
            self._expect("(")
            membership = In(self._as_operand(left), self._operands())
            self._check_nesting(membership.operand, *membership.options)
            if len(membership.options) > 100:
                self._note(
                    "operand",
                    f"The IN operator takes 100 operands at most; number of operands: {len(membership.options)}",
                )
            return membership
        return left

    def _term(self) -> Node:
        token = self._peek()
        if token.kind == "symbol" and token.text == "(":
            start = self._at
            self._next()
            with self._deeper():
                node = self._alternatives()
            inner, self._group = self._group, None
            self._expect(")")
            if inner == (start + 1, self._at - 1):
                self._note("parentheses", "The expression has redundant parentheses;")
            self._group = start, self._at
            return node
        self._group = None
        return self._operand(_CONDITION_WORDS)

    def _operand(self, keywords: set[str]) -> Operand:
        token = self._peek()
        if token.kind == "value":
            self._next()
            return self._literal(token)
        if token.kind == "word" and token.text.upper() not in keywords:
            following = self._tokens[self._at + 1]
            if following.kind == "symbol" and following.text == "(":
                self._at += 2
                return self._call(token.text)
        return self._path(keywords)

    def _operands(self) -> tuple[Operand, ...]:
        operands = [self._as_operand(self._term())]
        while self._take(","):
            operands.append(self._as_operand(self._term()))
        self._expect(")")
        return tuple(operands)

    def _call(self, name: str) -> Call:
        with self._deeper():
            call = Call(name, self._operands())
        functions = UPDATE_FUNCTIONS if self._parameter == "UpdateExpression" else CONDITION_FUNCTIONS
        if name in UPDATE_FUNCTIONS.keys() | CONDITION_FUNCTIONS.keys() and name not in functions:
            self._check_nesting(call, allowed="")
            return call
        if name not in functions:
            self._note("unknown function", f"Invalid function name; function: {name}")
            return call
        if functions is CONDITION_FUNCTIONS:
            self._check_nesting(*call.arguments)
        else:
            self._check_nesting(*(argument for argument in call.arguments), allowed="if_not_exists")
        arity, check = functions[name]
        if len(call.arguments) != arity:
            self._note(
                "operand",
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(call.arguments)}",
            )
        else:
            problem = check(call)
            if problem:
                self._note("operand", problem)
        return call

    def _as_condition(self, node: Node) -> Condition:
        if isinstance(node, (Path, Literal)):
            self._syntax_error(self._at)
        if isinstance(node, Call) and node.name == "size":
            self._check_nesting(node, allowed="")
        return node

    def _as_operand(self, node: Node) -> Operand:
        if not isinstance(node, (Path, Literal, Call)):
            self._syntax_error(self._at)
        return node

    # Updates.

    def _action(self, section: str) -> Action:
        path = self._path(_SECTIONS)
        if section == "REMOVE":
            return Action(section, path)
        if section == "SET":
            self._expect("=")
            return Action(section, path, self._set_value())
        token = self._next()
        if token.kind != "value":
            self._syntax_error(self._at - 1)
        operand = self._literal(token)
        kind = literal_type(operand)
        if kind in _TYPE_WORDS and not (section == "ADD" and kind == "N"):
            self._note(
                "operand",
                f"Incorrect operand type for operator or function; operator: {section}, operand type: {_TYPE_WORDS[kind]}, "
                f"typeSet: ALLOWED_FOR_{section}_OPERAND",
            )
        return Action(section, path, operand)

    def _set_value(self) -> Operand | Arithmetic:
        left = self._set_term()
        token = self._peek()
        if token.kind != "symbol" or token.text not in {"+", "-"} or isinstance(left, Arithmetic):
            return left  # `a + b + c` is a syntax error on AWS too: what follows is found there
        self._next()
        self._count_operator()
        right = self._set_term()
        if isinstance(right, Arithmetic):
            self._syntax_error(self._at)
        for operand in (left, right):
            kind = "L" if isinstance(operand, Call) and operand.name == "list_append" else literal_type(operand)
            if kind not in {None, "N"}:
                self._note("operand", wrong_operand(token.text, kind))
        return Arithmetic(token.text, left, right)

    def _set_term(self) -> Operand | Arithmetic:
        if self._take("("):
            with self._deeper():
                value = self._set_value()
            self._expect(")")
            return value
        return self._operand(_SECTIONS)

    # Paths and literals.

    def _path(self, keywords: set[str] = frozenset()) -> Path:  # type: ignore[assignment]
        parts: list[str | int] = [self._name(keywords)]
        while True:
            if self._take("."):
                parts.append(self._name(keywords))
            elif self._take("["):
                token = self._next()
                if token.kind != "number":
                    self._syntax_error(self._at - 1)
                parts.append(int(token.text[:20]))
                self._expect("]")
            else:
                return Path(tuple(parts))

    def _name(self, keywords: set[str]) -> str:
        token = self._next()
        if token.kind == "name":
            name = self._placeholders.name(token.text)
            if name is None:
                self._note(
                    "name",
                    f"An expression attribute name used in the document path is not defined; attribute name: {token.text}",
                )
            return token.text if name is None else name
        if token.kind != "word" or token.text.upper() in keywords:
            self._syntax_error(self._at - 1)
        if token.text.upper() in RESERVED:
            self._note("reserved", f"Attribute name is a reserved keyword; reserved keyword: {token.text}")
        return token.text

    def _literal(self, token: Token) -> Literal:
        value = self._placeholders.value(token.text)
        if value is None:
            self._note(
                "value",
                f"An expression attribute value used in expression is not defined; attribute value: {token.text}",
            )
        return Literal({} if value is None else value)

    # Checks.

    def _check_comparison(self, comparison: Comparison) -> None:
        operator, left, right = comparison.operator, comparison.left, comparison.right
        self._check_nesting(left, right)
        if isinstance(left, Path) and left == right:
            self._note("operand", not_distinct(operator, left))
        if operator not in {"=", "<>"}:
            self._check_ordered(operator, left, right)

    def _check_between(self, between: Between) -> None:
        self._check_nesting(between.operand, between.low, between.high)
        self._check_ordered("BETWEEN", between.operand, between.low, between.high)
        low, high = between.low, between.high
        if not (isinstance(low, Literal) and isinstance(high, Literal) and low.value and high.value):
            return
        bounds = (
            f"lower bound operand: AttributeValue: {_shown(low.value)}, "
            f"upper bound operand: AttributeValue: {_shown(high.value)}"
        )
        if type_of(low.value) != type_of(high.value):
            self._note("operand", f"The BETWEEN operator requires same data type for lower and upper bounds; {bounds}")
        elif type_of(low.value) in _ORDERED and order_of(low.value) > order_of(high.value):
            self._note(
                "operand",
                f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {bounds}",
            )

    def _check_ordered(self, operator: str, *operands: Operand) -> None:
        for operand in operands:
            kind = literal_type(operand)
            if kind is not None and kind not in _ORDERED:
                self._note("operand", wrong_operand(operator, kind))

    def _check_nesting(self, *operands: Operand, allowed: str = "size") -> None:
        """Calls that are conditions, or make lists, are no operands."""
        for operand in operands:
            if isinstance(operand, Call) and operand.name != allowed:
                self._note(
                    "misused function",
                    f"The function is not allowed to be used this way in an expression; function: {operand.name}",
                )

    def _check_overlaps(self, paths: list[Path]) -> None:
        for i, second in enumerate(paths):
            for first in paths[:i]:
                problem = _clash(first.parts, second.parts)
                if problem:
                    self._note(
                        problem,
                        f"Two document paths {problem} with each other; must remove or rewrite one of these paths; "
                        f"path one: {first}, path two: {second}",
                    )

    # Tokens and errors.

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        if token.kind == "end":
            self._syntax_error(self._at)
        return token

    def _next_is(self, text: str) -> bool:
        """Whether the next token is this symbol or this keyword (in any case)."""
        token = self._peek()
        return token.text == text if token.kind == "symbol" else token.kind == "word" and token.text.upper() == text

    def _take(self, text: str) -> bool:
        """Go past the next token if it is this symbol or this keyword."""
        taken = self._next_is(text)
        self._at += taken
        return taken

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._syntax_error(self._at)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            self._refuse(f"The expression is nested more than {DEEPEST} levels deep")
        yield
        self._depth -= 1

    def _count_operator(self) -> None:
        self._operators += 1
        if self._operators > MOST_OPERATORS:
            self._refuse(f"The expression contains too many operators; maximum operator count: {MOST_OPERATORS}")

    def _end(self, order: tuple[str, ...]) -> None:
        if self._peek().kind != "end":
            self._syntax_error(self._at)
        for kind in order:
            if kind in self._problems:
                self._refuse(self._problems[kind])

    def _note(self, kind: str, problem: str) -> None:
        # In a condition an undefined placeholder stands in line with wrong operands; in an update it goes before them.
        if kind in {"name", "value"} and self._parameter not in {"UpdateExpression", "ProjectionExpression"}:
            kind = "operand"
        self._problems.setdefault(kind, problem)

    def _syntax_error(self, at: int) -> NoReturn:
        token = self._tokens[at]
        near = self._text[self._tokens[max(at - 1, 0)].start : self._tokens[min(at + 1, len(self._tokens) - 1)].end]
        self._refuse(f'Syntax error; token: "{token.text}", near: "{near}"')

    def _refuse(self, problem: str) -> NoReturn:
        raise Refusal(f"Invalid {self._parameter}: {problem}")


def _clash(first: tuple[str | int, ...], second: tuple[str | int, ...]) -> str | None:
    for one, two in zip(first, second, strict=False):
        if type(one) is not type(two):
            return "conflict"
        if one != two:
            return None
    return "overlap"


def _shown(value: Value) -> str:
    ((kind, content),) = value.items()
    return f"{{{kind}:{content}}}"
