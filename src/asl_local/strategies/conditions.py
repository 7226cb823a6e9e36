"""Choice rules -> what they ask: a tree of And, Or and Not over single questions, each with values worth trying.

Knows: the comparison operators, and the syntax of JSONata. Must never know: where a value comes from, or Hypothesis.

A question is judged by the library's own operators and JSONata engine, never by a second reading of the language: what
is worth trying is a guess, whether it is a hit is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

from asl_local.errors import AslError
from asl_local.language.choice import OPERATORS, compile_rule
from asl_local.language.jsonata.expressions import compile_expression
from asl_local.language.jsonata.syntax import Node, parse, walk
from asl_local.language.timestamps import parse_rfc3339
from asl_local.lazy import dataclass
from asl_local.resources.inferred import reads
from asl_local.resources.inferred.reads import Read
from asl_local.values import Json


class Nothing(Enum):
    """There is no value: the member is missing."""

    MISSING = "missing"


MISSING: Final = Nothing.MISSING
Value: TypeAlias = "Json | Nothing"


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """One comparison: of what is read at `reads`. `pools` has values worth trying for each of them, `odd` those of
    other types. `judge(values)` says what it is for these: true, false, or None where the state would fail.
    """

    reads: tuple[Read, ...]
    pools: tuple[tuple[Value, ...], ...]
    odd: tuple[Value, ...]
    judge: Callable[[tuple[Value, ...]], bool | None]


@dataclass(frozen=True, eq=False, slots=True)
class Junction:
    """Questions together; `kind` is "all", "any" or "not", as And, Or and Not are."""

    kind: Literal["all", "any", "not"]
    parts: tuple[Condition, ...]


Condition: TypeAlias = Question | Junction
Asked: TypeAlias = "list[tuple[Question, bool]]"
"""Questions with the answer that is wanted."""

ODD: Final[tuple[Value, ...]] = (MISSING, None, "", 0, False, [], {}, "text")


def questions(condition: Condition) -> Iterator[Question]:
    """All questions of a condition."""
    if isinstance(condition, Question):
        yield condition
    else:
        for part in condition.parts:
            yield from questions(part)


def ways(condition: Condition, wanted: bool) -> Iterator[Asked]:
    """The ways in which a condition comes out as wanted, stopping, as And and Or do, where it is decided."""
    if isinstance(condition, Question):
        yield [(condition, wanted)]
    elif condition.kind == "not":
        yield from ways(condition.parts[0], not wanted)
    elif (condition.kind == "all") is wanted:
        yield from _every(condition.parts, wanted)
    else:
        for at, part in enumerate(condition.parts):
            for before in islice(_every(condition.parts[:at], not wanted), 4):
                for here in ways(part, wanted):
                    yield before + here


def _every(parts: Sequence[Condition], wanted: bool) -> Iterator[Asked]:
    if not parts:
        yield []
        return
    for first in ways(parts[0], wanted):
        for rest in _every(parts[1:], wanted):
            yield first + rest


# ------------------------------------------------------------------------------------------------------------ JSONPath


def of_rule(rule: Mapping[str, Any]) -> Condition:
    """The condition of a rule of a JSONPath Choice state."""
    for name, kind in _JUNCTIONS.items():
        if name in rule:
            inner = rule[name] if isinstance(rule[name], list) else [rule[name]]
            return Junction(kind, tuple(map(of_rule, inner)))
    [name] = [name for name in rule if name in OPERATORS]
    operator, operand = OPERATORS[name], rule[name]
    if operator.path_form:
        test = compile_rule({"Variable": "$.v", name: "$.w"})
        places: tuple[Read, ...] = (_read(rule["Variable"]), _read(operand))
        pools: tuple[tuple[Value, ...], ...] = (_BY_KIND[operator.kind],) * 2
    else:
        test = compile_rule({"Variable": "$.v", name: operand})
        places = (_read(rule["Variable"]),)
        pools = (tuple(_worth_trying(name, operand)),)

    def judge(values: tuple[Value, ...]) -> bool | None:
        document = {key: value for key, value in zip("vw", values, strict=False) if value is not MISSING}
        try:
            return test(document, _SCOPE)
        except AslError:
            return None

    return Question(places, pools, ODD, judge)


_JUNCTIONS: Final[Mapping[str, Literal["all", "any", "not"]]] = {"And": "all", "Or": "any", "Not": "not"}


def _read(path: str) -> Read:
    found = list(reads.of_path(path))
    return found[-1]


_MOMENT: Final = "2024-01-31T12:00:00Z"
_BY_KIND: Final[Mapping[str, tuple[Value, ...]]] = {
    "number": (1, 0, 2, -1),
    "string": ("b", "a", "c", "ab"),
    "boolean": (True, False),
    "timestamp": (_MOMENT, "2024-01-31T11:59:59Z", "2024-01-31T12:00:01Z"),
}
_TYPES: Final[Mapping[str, tuple[Value, ...]]] = {
    "IsNull": (None, 1), "IsPresent": (1, MISSING), "IsNumeric": (1, "text"), "IsString": ("text", 1),
    "IsBoolean": (True, "text"), "IsTimestamp": (_MOMENT, "text"),
}  # fmt: skip


def _worth_trying(name: str, operand: Json) -> Iterator[Value]:
    kind = OPERATORS[name].kind
    if kind == "is":
        yield from _TYPES[name]
    elif kind == "pattern":
        yield from of_pattern(str(operand))
    elif kind == "timestamp":
        yield from around_moment(str(operand))
    else:
        yield from around(operand)


def around(value: Json) -> list[Value]:
    """A constant and its neighbours, which lie on either side of any border that it is."""
    if isinstance(value, bool):
        return [value, not value]
    if isinstance(value, (int, float)):
        return [value, value - 1, value + 1]
    if isinstance(value, str):
        return [value, value[:-1] if value else "a", f"{value}a", *{value.upper(), value.lower()} - {value}]
    return [value]


def around_moment(text: str) -> list[Value]:
    """A timestamp, the seconds before and after it, and the same moment written otherwise."""
    seconds = parse_rfc3339(text)
    if seconds is None:
        return [text]
    moments = [text]
    for offset in (-1, 1, 0):
        try:
            moments.append(datetime.fromtimestamp(int(seconds) + offset, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        except (ValueError, OverflowError, OSError):
            continue
    return list(dict.fromkeys(moments))


def of_pattern(pattern: str) -> list[Value]:
    r"""Texts that a StringMatches pattern matches, by nothing and by something for each `*`, and some that it
    nearly does.
    """
    pieces = re.findall(r"\\[*\\]|\*|[^*]", pattern)
    literal = [piece if piece == "*" else piece.removeprefix("\\") or piece for piece in pieces]
    filled = ["".join(filling if piece == "*" else piece for piece in literal) for filling in ("", "x", "a b")]
    hit = filled[0]
    near = [hit[:-1], hit[1:], f"{hit}x", f"x{hit}", hit.swapcase()]
    return list(dict.fromkeys([*filled, *near]))


_REGEX_PART: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+)[^}]*\}|\(\?[:=!]|.", re.DOTALL)
_CLASSES: Final = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "b": "", "B": "", "n": "\n", "t": "\t"}


def of_regex(written: str) -> str:
    """A text that a regular expression `/.../` may well match: the first of each choice, once what may be repeated."""
    parts: list[str] = []
    skipping = False  # the second and later alternatives, up to the group's end
    for match in _REGEX_PART.finditer(written[1 : written.rindex("/")]):
        part = match[0]
        if skipping and part != ")":
            continue
        skipping = part == "|"
        if match[1] is not None:
            parts[-1:] = [parts[-1] * int(match[1])] if parts else []
        elif part[0] == "\\":
            parts.append(_CLASSES.get(part[1], part[1]))
        elif part[0] == "[":
            first = part[1:].lstrip("^")
            parts.append("~" if part[1] == "^" else _CLASSES.get(first[1], first[1]) if first[0] == "\\" else first[0])
        elif part == ".":
            parts.append("x")
        elif part not in _REGEX_SIGNS:
            parts.append(part)
    return "".join(parts)


_REGEX_SIGNS: Final = frozenset(("^", "$", "(", ")", "(?:", "(?=", "(?!", "*", "+", "?", "|"))


# ------------------------------------------------------------------------------------------------------------- JSONata

_ROOTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "input": ("input", ()), "result": ("result", ()), "context": ("context", ()),
}  # fmt: skip
_FIELD: Final = "Condition"


def of_expression(text: str) -> Condition:
    """The condition of a JSONata expression without its `{% %}`."""
    return _of_node(text, parse(text))


def _of_node(text: str, node: Node) -> Condition:
    if node.kind == "block" and len(node.parts) == 1:
        return _of_node(text, node.parts[0])
    if node.kind == "binary" and node.value in ("and", "or"):
        return Junction("all" if node.value == "and" else "any", tuple(_of_node(text, part) for part in node.parts))
    if node.kind == "call" and len(node.parts) == 2 and node.parts[0].kind == "variable":
        if node.parts[0].value == "not":
            return Junction("not", (_of_node(text, node.parts[1]),))
        if node.parts[0].value == "boolean":
            return _of_node(text, node.parts[1])
    return _question(text, node)


def _question(text: str, node: Node) -> Question:
    local = {name for part in walk(node) for name in _bound(part)}
    chains = [found for found in _chains(node) if found[0].root.removeprefix("$") not in local]
    places = list(dict.fromkeys(read for read, _, _ in chains))
    pieces, at = [], node.start
    for read, start, end in chains:
        pieces += [text[at:start], f"$states.input.p{places.index(read)}"]
        at = end
    pieces.append(text[at : node.end])
    asked = "".join(pieces)
    try:
        flow = compile_expression(f"$boolean({asked})", _FIELD)
    except AslError:
        return Question((), (), (), lambda _values: None)

    def judge(values: tuple[Value, ...]) -> bool | None:
        document = {f"p{at}": value for at, value in enumerate(values) if value is not MISSING}
        try:
            return flow({"input": document}, _SCOPE) is True
        except AslError:
            return None

    pool = tuple(_unique([value for part in walk(node) for value in _worth_trying_near(part)] or list(_ANY)))
    return Question(tuple(places), (pool,) * len(places), (*ODD, *_ANY), judge)


_ANY: Final[tuple[Value, ...]] = (True, False, 1, 0, "text", "", [1], [], [1, 2], {"a": 1}, _MOMENT)


def _bound(node: Node) -> Sequence[str]:
    if node.kind == "lambda":
        return [str(name) for name in node.value] if isinstance(node.value, list) else ()
    return [str(node.value)] if node.kind in ("bind", "focus", "index") else ()


def _worth_trying_near(node: Node) -> Iterator[Value]:
    """Values about a part of an expression: its constants, and texts and arrays as long as its numbers."""
    if node.kind == "literal":
        value = node.value
        yield from around_moment(value) if isinstance(value, str) and parse_rfc3339(value) else around(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 20:
            for length in (value, value + 1, max(value - 1, 0)):
                yield from ("a" * length, [1] * length)
    elif node.kind == "filter" and len(node.parts) == 2:
        for part in walk(node.parts[1]):
            if part.kind == "binary" and part.parts[0].kind == "name" and part.parts[1].kind == "literal":
                for value in around(part.parts[1].value):
                    yield from ([{str(part.parts[0].value): value}] * count for count in (1, 2, 3))
                yield []
    elif node.kind == "regex":
        hit = of_regex(str(node.value))
        yield from (hit, hit[1:], f"{hit}x", f"x{hit}", hit.swapcase())
    elif node.kind == "call" and node.parts[0].kind == "variable":
        yield from _FOR_FUNCTIONS.get(str(node.parts[0].value), ())


_FOR_FUNCTIONS: Final[Mapping[str, tuple[Value, ...]]] = {
    "exists": (1, MISSING),
    "count": ([1], [], [1, 2]), "length": ("a", "", "ab"), "type": (1, "text", True, None, [1], {"a": 1}),
    "number": ("1", "0", 1), "string": (1, "1"), "contains": ("text",), "toMillis": (_MOMENT,),
    "keys": ({"a": 1}, {}), "sum": ([1], []), "lowercase": ("text",), "uppercase": ("TEXT",),
}  # fmt: skip


def _chains(node: Node) -> Iterator[tuple[Read, int, int]]:
    """Every place that is read, with where it stands in the text; the longest walks first met."""
    found = _chain(node)
    if found is not None:
        read = _rooted(found)
        if read is not None:
            yield read, node.start, node.end
        return
    if node.kind == "path" and (step := node.parts[1]).kind == "filter" and step.parts[0].kind == "name":
        container = _chain(node.parts[0])  # what is filtered: the list as a whole
        read = _rooted((*container, str(step.parts[0].value))) if container is not None else None
        if read is not None:
            yield read, node.start, step.parts[0].end
            return
    parts = node.parts
    if node.kind in ("path", "filter", "sort"):
        parts = parts[:1]
    elif node.kind == "call" and parts[0].kind == "variable":
        parts = parts[1:]  # the first is the function's name
    elif node.kind == "apply" and parts[1].kind == "variable":
        parts = parts[:1]
    for part in parts:
        yield from _chains(part)


def _chain(node: Node) -> tuple[str | int, ...] | None:
    """A variable and the names and indexes that lead on from it; None if the part is anything else."""
    if node.kind == "variable" and node.value:
        return (str(node.value),)
    if node.kind == "filter" and len(node.parts) == 2:
        left, at = _chain(node.parts[0]), node.parts[1]
        if left is not None and at.kind == "literal" and isinstance(at.value, int) and at.value >= 0:
            return (*left, at.value)
    if node.kind == "path":
        left, step = _chain(node.parts[0]), node.parts[1]
        if left is None:
            return None
        index: tuple[int, ...] = ()
        if step.kind == "filter" and len(step.parts) == 2 and step.parts[1].kind == "literal":
            at = step.parts[1]
            if isinstance(at.value, int) and at.value >= 0:
                step, index = step.parts[0], (at.value,)
        if step.kind == "name" or (step.kind == "literal" and isinstance(step.value, str)):
            return (*left, str(step.value), *index)
    return None


def _rooted(chain: tuple[str | int, ...]) -> Read | None:
    name, *steps = chain
    if name != "states":
        return Read(f"${name}", tuple(steps), whole=True)
    if not steps or steps[0] not in _ROOTS:
        return None
    root, first = _ROOTS[str(steps[0])]
    return Read(root, (*first, *steps[1:]), whole=True)


def _unique(values: Iterable[Value]) -> list[Value]:
    """The values without those that are there already; 1 and true are two."""
    return list({(type(value), repr(value)): value for value in values}.values())


def simplicity(value: Value) -> tuple[int, float, str]:
    """A key to sort values by, so that the simplest comes first: what a value shrinks to."""
    if value is None or isinstance(value, (bool, Nothing)):
        return 0, 0, str(value)
    if isinstance(value, (int, float)):
        return 1, abs(value), "-" if value < 0 else ""
    text = json.dumps(value, sort_keys=True)
    return 2 + isinstance(value, (list, dict)), len(text), text


class _Nowhere:
    """The surroundings of a rule that is tried on its own."""

    def context(self) -> Json:
        return {}

    def draw(self) -> float:
        return 0.5

    def variable(self, name: str) -> Json:
        raise KeyError(name)

    def has_variable(self, _name: str) -> bool:
        return False

    def map_item(self) -> Json:
        raise KeyError("Map")

    def moment(self) -> float:
        return 1_704_067_200.0


_SCOPE: Final = _Nowhere()
