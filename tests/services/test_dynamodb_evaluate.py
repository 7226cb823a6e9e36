"""What expressions do to items: conditions, projections and updates, checked against small oracles."""

import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_local.services.dynamodb.evaluate import holds, project, update
from asl_local.services.dynamodb.expressions import Parser
from asl_local.services.dynamodb.syntax import Placeholders
from asl_local.services.dynamodb.values import Refusal, accept_item, give_item


def parser(kind: str, text: str, values: Any = None) -> Parser:
    return Parser(kind, text, Placeholders({"#dot": "x.y"}, values or {":unused": {"S": ""}}))


ITEM = {
    "s": {"S": "hello"},
    "n": {"N": "5"},
    "b": {"B": b"hi there"},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "ss": {"SS": ["cat", "dog"]},
    "ns": {"NS": ["2", "4", "7"]},
    "bs": {"BS": [b"cat"]},
    "l": {"L": [{"N": "2"}, {"S": "dog"}, {"NS": ["1", "2"]}, {"L": [{"N": "3"}]}]},
    "m": {"M": {"x": {"N": "1"}, "y": {"L": [{"N": "-1"}, {"N": "2"}]}}},
    "x.y": {"N": "8"},
}


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        # Equality is by type and content, of sets in any order; an absent attribute equals nothing.
        ("s = :v", {"S": "hello"}), ("n = :v", {"N": "5.0"}), ("n <> :v", {"S": "5"}), ("ss = :v", {"SS": ["dog", "cat"]}),
        ("m.y = :v", {"L": [{"N": "-1"}, {"N": "2"}]}), ("t = :v", {"BOOL": True}), ("z = :v", {"NULL": True}),
        ("nope <> :v", {"N": "5"}), ("nope <> nada", None), ("NOT nope = nada", None), ("NOT nope = :v", {"N": "5"}),
        ("NOT nope < :v", {"N": "5"}), ("NOT :v >= nope", {"N": "5"}), ("NOT nope BETWEEN n AND n", None),
        # Order: numbers by value, text by code point, binary by byte; never across types.
        ("n < :v", {"N": "10"}), ("s > :v", {"S": "he"}), ("b <= :v", {"B": b"hi there"}), ("NOT n < :v", {"S": "9"}),
        ("NOT l < :v", {"N": "9"}), ("n BETWEEN :v AND n", {"N": "5"}), ("m.x BETWEEN m.y[0] AND m.y[1]", None),
        ("NOT n BETWEEN s AND s", None), ("n >= m.x", None), ("#dot > n", None),
        ("n IN (s, :v, m.x)", {"N": "5"}), ("NOT n IN (s, :v)", {"S": "5"}), ("ss IN (:v)", {"SS": ["dog", "cat"]}),
        ("attribute_exists(m.y[1])", None), ("attribute_not_exists(m.y[2])", None), ("attribute_not_exists(s.x)", None),
        ("attribute_not_exists(m[0])", None), ("attribute_not_exists(l.x)", None), ("attribute_exists(z)", None),
        ("attribute_type(ss, :v)", {"S": "SS"}), ("attribute_type(z, :v)", {"S": "NULL"}),
        ("NOT attribute_type(nope, :v)", {"S": "S"}), ("attribute_type(:v, :v)", {"S": "S"}),
        ("begins_with(s, :v)", {"S": "hell"}), ("begins_with(b, :v)", {"B": b"hi"}), ("begins_with(:v, s)", {"S": "hello!"}),
        ("NOT begins_with(n, :v)", {"S": "5"}), ("NOT begins_with(nope, :v)", {"S": "5"}), ("NOT begins_with(ss, :v)", {"S": "c"}),
        ("contains(s, :v)", {"S": "ell"}), ("contains(b, :v)", {"B": b"here"}), ("contains(ns, :v)", {"N": "4.0"}),
        ("contains(ss, :v)", {"S": "dog"}), ("NOT contains(ss, :v)", {"S": "do"}), ("contains(bs, :v)", {"B": b"cat"}),
        ("contains(l, :v)", {"S": "dog"}), ("contains(l, :v)", {"NS": ["2", "1"]}), ("contains(l, :v)", {"L": [{"N": "3"}]}),
        ("NOT contains(l, :v)", {"N": "3"}), ("NOT contains(n, :v)", {"N": "5"}), ("NOT contains(nope, :v)", {"N": "5"}),
        ("NOT contains(s, n)", None), ("NOT contains(ns, :v)", {"S": "4"}), ("NOT contains(m, :v)", {"S": "x"}),
        ("size(s) = n", None), ("size(b) = :v", {"N": "8"}), ("size(ns) = :v", {"N": "3"}), ("size(l) = :v", {"N": "4"}),
        ("size(m) < :v", {"N": "3"}), ("NOT size(n) = :v", {"N": "1"}), ("NOT size(t) = :v", {"N": "1"}),
        ("NOT size(nope) >= :v", {"N": "0"}), ("size(nope) <> :v", {"N": "0"}), ("NOT size(s) = :v", {"S": "5"}),
        # NOT binds tightest, then AND, then OR; keywords in any case.
        ("t = t2 OR n = :v AND s <> n", {"N": "5"}), ("NOT n = :v OR s <> n", {"N": "5"}),
        ("NOT (n = :v AND s = n)", {"N": "5"}), ("noT n <> :v aNd n bEtween :v And :v oR n iN (s)", {"N": "5"}),
        ("(n = :v OR s = n) AND (NOT (s = n))", {"N": "5"}), ("(n) = (:v)", {"N": "5"}), ("n = :v OR s = n AND s = n", {"N": "5"}),
    ],
)  # fmt: skip
def test_conditions_that_hold(text, truth):
    values = {":v": truth} if truth else None
    condition = parser("ConditionExpression", text, values).condition()
    assert holds(condition, accept_item(ITEM, "Item")) is True
    negated = parser("ConditionExpression", f"NOT ({text})", values).condition()
    assert holds(negated, accept_item(ITEM, "Item")) is False


# An oracle: conditions are nested tuples over a flat item of Python values, evaluated by Python's own operators.

scalars = st.one_of(st.integers(-3, 3), st.sampled_from(["", "a", "b", "ab"]), st.sampled_from([b"", b"a", b"\x80"]))
operands = st.one_of(st.sampled_from([("path", name) for name in "pqr"]), scalars.map(lambda value: ("value", value)))
COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
conditions = st.recursive(
    st.one_of(
        st.tuples(st.sampled_from(sorted(COMPARE)), operands, operands),
        st.tuples(st.just("in"), operands, st.lists(operands, min_size=1, max_size=3)),
        st.tuples(st.just("between"), operands, st.sampled_from("pqr").map(lambda n: ("path", n)), operands),
        st.tuples(st.just("exists"), st.sampled_from("pqr").map(lambda n: ("path", n))),
    ),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.just("and"), inner, inner),
        st.tuples(st.just("or"), inner, inner),
    ),
    max_leaves=6,
)


class Writer:
    """Writes a tuple as an expression and gathers its values."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def operand(self, node: Any) -> str:
        if node[0] == "path":
            return node[1]
        name = f":v{len(self.values)}"
        self.values[name] = boto(node[1])
        return name

    def text(self, node: Any) -> str:
        match node:
            case ("not", inner):
                return f"NOT ({self.text(inner)})"
            case ("and" | "or" as word, left, right):
                return f"({self.text(left)}) {word} ({self.text(right)})"
            case ("in", left, options):
                return f"{self.operand(left)} IN ({', '.join(map(self.operand, options))})"
            case ("between", *three):
                value, low, high = map(self.operand, three)
                return f"{value} BETWEEN {low} AND {high}"
            case ("exists", path):
                return f"attribute_exists({self.operand(path)})"
            case (word, left, right):
                return f"{self.operand(left)} {word} {self.operand(right)}"
        raise AssertionError(node)


def boto(value: Any) -> dict[str, Any]:
    return {int: {"N": str(value)}, str: {"S": value}, bytes: {"B": value}}[type(value)]


def truth(node: Any, item: dict[str, Any]) -> bool:
    def value_of(operand: Any) -> Any:
        return item.get(operand[1]) if operand[0] == "path" else operand[1]

    def compare(word: str, left: Any, right: Any) -> bool:
        if left is None or right is None or type(left) is not type(right):
            return word == "<>"
        return COMPARE[word](left, right)

    match node:
        case ("not", inner):
            return not truth(inner, item)
        case ("and", left, right):
            return truth(left, item) and truth(right, item)
        case ("or", left, right):
            return truth(left, item) or truth(right, item)
        case ("in", left, options):
            return any(compare("=", value_of(left), value_of(option)) for option in options)
        case ("between", value, low, high):
            return compare(">=", value_of(value), value_of(low)) and compare("<=", value_of(value), value_of(high))
        case ("exists", path):
            return value_of(path) is not None
        case (word, left, right):
            return compare(word, value_of(left), value_of(right))
    raise AssertionError(node)


def same_path_twice(node: Any) -> bool:
    if isinstance(node, tuple) and len(node) == 3 and node[0] in COMPARE and node[1] == node[2]:
        return node[1][0] == "path"
    return isinstance(node, tuple) and any(same_path_twice(part) for part in node if isinstance(part, tuple))


@settings(max_examples=300)
@given(conditions, st.dictionaries(st.sampled_from("pqr"), scalars))
def test_conditions_mean_what_python_says_they_mean(node, item):
    writer = Writer()
    text = writer.text(node)
    if same_path_twice(node):
        return  # refused by rule, see above
    condition = parser("ConditionExpression", text, writer.values).condition()
    stored = accept_item({name: boto(value) for name, value in item.items()}, "Item")
    assert holds(condition, stored) == truth(node, item), text


# Projections.

DOCUMENT = {"a": {"M": {"b": {"L": [{"N": "2"}, {"N": "4"}, {"M": {"x": {"S": "hi"}, "y": {"S": "yo"}}}]}, "c": {"N": "5"}}},
            "b": {"S": "hello"}, "x.y": {"N": "8"}, "hollow": {"M": {}}}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b[0]", {"a": {"M": {"b": {"L": [{"N": "2"}]}}}}),
        ("a.b[2].y", {"a": {"M": {"b": {"L": [{"M": {"y": {"S": "yo"}}}]}}}}),
        ("a.b[1], a.b[0]", {"a": {"M": {"b": {"L": [{"N": "2"}, {"N": "4"}]}}}}),
        ("a.b[0], a.c", {"a": {"M": {"b": {"L": [{"N": "2"}]}, "c": {"N": "5"}}}}),
        ("b, #dot", {"b": {"S": "hello"}, "x.y": {"N": "8"}}),
        ("hollow", {"hollow": {"M": {}}}),
        *[(text, {}) for text in ("x", "a.b[3]", "a.x", "a.x.y", "a.b[3].x", "a.b.x", "a[0]", "a.b[0].x", "a.b[0][0]", "b[0]")],
        ("a.x, a.b[0], x, a.b[3].x", {"a": {"M": {"b": {"L": [{"N": "2"}]}}}}),
    ],
)  # fmt: skip
def test_projections(text, expected):
    assert (
        give_item(project(parser("ProjectionExpression", text).projection(), accept_item(DOCUMENT, "Item"))) == expected
    )


# Updates.


def updated(item: Any, text: str, **values: Any) -> Any:
    actions = parser("UpdateExpression", text, {f":{name}": value for name, value in values.items()}).update()
    stored = accept_item(item, "Item")
    before = give_item(stored)
    after = give_item(update(actions, stored))
    assert give_item(stored) == before, "an update must not edit the item it reads"
    return after


def numbers(*given: int) -> dict[str, Any]:
    return {"L": [{"N": str(number)} for number in given]}


@pytest.mark.parametrize(
    ("item", "text", "values", "expected"),
    [
        ({}, "SET b = :n, c = :n", {"n": {"N": "4"}}, {"b": {"N": "4"}, "c": {"N": "4"}}),
        ({"a": {"N": "2"}}, "SET b = a, a = :n", {"n": {"N": "4"}}, {"a": {"N": "4"}, "b": {"N": "2"}}),
        ({"a": {"N": "2"}}, "REMOVE a SET b = a", {}, {"b": {"N": "2"}}),
        ({"a": {"N": "2"}}, "SET a = a + :n", {"n": {"N": "0.5"}}, {"a": {"N": "2.5"}}),
        ({"a": {"N": "2"}}, "SET b = (:n - a)", {"n": {"N": "0.5"}}, {"a": {"N": "2"}, "b": {"N": "-1.5"}}),
        ({}, "SET b = (if_not_exists(b, :n))+(:n)", {"n": {"N": "2"}}, {"b": {"N": "4"}}),
        ({"b": {"N": "1"}}, "SET a = if_not_exists(c, if_not_exists(b, :n))", {"n": {"N": "2"}}, {"b": {"N": "1"}, "a": {"N": "1"}}),
        ({}, "SET b = :x + :y", {"x": {"N": "1"}, "y": {"N": "1e22"}}, {"b": {"N": "10000000000000000000001"}}),
        ({"a": numbers(1)}, "SET a = list_append(a, :l)", {"l": numbers(2, 3)}, {"a": numbers(1, 2, 3)}),
        ({"a": numbers(1)}, "SET a = list_append(:l, a)", {"l": numbers(2, 3)}, {"a": numbers(2, 3, 1)}),
        ({}, "SET a = list_append(if_not_exists(a, :e), :l)", {"e": numbers(), "l": numbers(2)}, {"a": numbers(2)}),
        ({"a": numbers(1, 2, 3)}, "SET a[1] = :n", {"n": {"N": "9"}}, {"a": numbers(1, 9, 3)}),
        ({"a": numbers(1)}, "SET a[84] = :a, a[37] = :b, a[50] = :c", {"a": {"N": "84"}, "b": {"N": "37"}, "c": {"N": "50"}}, {"a": numbers(1, 37, 50, 84)}),
        ({"a": numbers(2, 3, 4, 5, 6, 7)}, "REMOVE a[1] SET a[3] = :n", {"n": {"N": "17"}}, {"a": numbers(2, 4, 17, 6, 7)}),
        ({"a": numbers(2, 3, 4)}, "REMOVE a[0], a[2], a[17] SET a[9] = :n", {"n": {"N": "5"}}, {"a": numbers(3, 5)}),
        ({"a": numbers(1)}, "REMOVE a[0]", {}, {"a": numbers()}),
        ({"a": {"M": {"b": {"N": "1"}}}}, "REMOVE a.b", {}, {"a": {"M": {}}}),
        ({"a": {"M": {"b": {"N": "1"}}}}, "REMOVE a.c, d", {}, {"a": {"M": {"b": {"N": "1"}}}}),
        ({"a": {"M": {"b": {"N": "1"}}}}, "SET a.b = :m, a.c = a.b", {"m": {"M": {}}}, {"a": {"M": {"b": {"M": {}}, "c": {"N": "1"}}}}),
        ({"a": {"L": [{"M": {"x": numbers(3, 5)}}]}}, "SET a[0].x[1] = :n REMOVE a[0].x[0]", {"n": {"N": "9"}}, {"a": {"L": [{"M": {"x": numbers(9)}}]}}),
        ({}, "SET #dot = :n", {"n": {"N": "1"}}, {"x.y": {"N": "1"}}),
        ({"a": {"N": "3"}}, "ADD a :n, b :n", {"n": {"N": "-4"}}, {"a": {"N": "-1"}, "b": {"N": "-4"}}),
        ({"a": {"SS": ["b"]}}, "ADD a :s, m :s", {"s": {"SS": ["c", "a", "b"]}}, {"a": {"SS": ["a", "b", "c"]}, "m": {"SS": ["a", "b", "c"]}}),
        ({"a": {"NS": ["9"]}}, "ADD a :s", {"s": {"NS": ["10", "9.0"]}}, {"a": {"NS": ["9", "10"]}}),
        ({"a": {"BS": [b"z"]}}, "ADD a :s", {"s": {"BS": [b"\x00"]}}, {"a": {"BS": [b"\x00", b"z"]}}),
        ({"a": {"M": {}}}, "ADD a.c :n", {"n": {"N": "1"}}, {"a": {"M": {"c": {"N": "1"}}}}),
        ({"a": {"SS": ["a", "b"]}}, "DELETE a :s", {"s": {"SS": ["b", "x"]}}, {"a": {"SS": ["a"]}}),
        ({"a": {"SS": ["a", "b"]}}, "DELETE a :s", {"s": {"SS": ["b", "a"]}}, {}),
        ({}, "DELETE a :s", {"s": {"SS": ["b"]}}, {}),
        ({"a": {"NS": ["1", "2"]}}, "DELETE a :s", {"s": {"NS": ["1.0"]}}, {"a": {"NS": ["2"]}}),
    ],
)  # fmt: skip
def test_updates(item, text, values, expected):
    assert updated(item, text, **values) == expected


ABSENT = "The provided expression refers to an attribute that does not exist in the item"
BAD_PATH = "The document path provided in the update expression is invalid for update"
BAD_TYPE = "An operand in the update expression has an incorrect data type"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET c = z", ABSENT),
        ("SET x = :n, y = x", ABSENT),
        ("SET c = z + :n", ABSENT),
        ("SET c = list_append(z, :l)", ABSENT),
        ("SET c = if_not_exists(z, y)", ABSENT),
        ("SET c = s + :n", BAD_TYPE),
        ("SET c = list_append(s, :l)", BAD_TYPE),
        ("ADD s :n", BAD_TYPE),
        ("ADD n :ss", BAD_TYPE),
        ("DELETE s :ss", BAD_TYPE),
        *[(text, BAD_PATH) for text in ("SET s.c = :n", "SET l.c = :n", "SET z.c = :n", "SET s[0] = :n", "SET z[0] = :n")],
        *[(text, BAD_PATH) for text in ("REMOVE s.c", "REMOVE l.c", "REMOVE z.c", "REMOVE z[0]", "SET l[5].x = :n", "ADD z.c :n")],
        ("SET c = :big + :big", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("SET c = :wide + :n", "Attempting to store more than 38 significant digits in a Number"),
        ("ADD n :tiny", "Attempting to store more than 38 significant digits in a Number"),
    ],
)  # fmt: skip
def test_updates_that_fit_no_item(text, message):
    values = {
        ":n": {"N": "1"},
        ":l": {"L": []},
        ":ss": {"SS": ["a"]},
        ":big": {"N": "9e125"},
        ":wide": {"N": "1e50"},
        ":tiny": {"N": "1e-130"},
    }
    actions = parser("UpdateExpression", text, values).update()
    with pytest.raises(Refusal) as caught:
        update(actions, accept_item({"s": {"S": "x"}, "l": {"L": []}, "n": {"N": "1"}}, "Item"))
    assert caught.value.message == message


cells = st.integers(-5, 5)
lists = st.lists(cells, max_size=5)
steps = st.dictionaries(st.integers(0, 6), st.one_of(st.none(), cells), min_size=1, max_size=4)


@given(lists, steps)
def test_updates_of_list_elements_against_a_list(before, changes):
    kept = [changes.get(i, value) for i, value in enumerate(before)]
    added = [changes[i] for i in sorted(changes) if i >= len(before)]
    expected = [value for value in [*kept, *added] if value is not None]
    sets = {i: value for i, value in changes.items() if value is not None}
    sections = []
    if sets:
        sections.append("SET " + ", ".join(f"a[{i}] = :v{i}" for i in sets))
    if len(sets) < len(changes):
        sections.append("REMOVE " + ", ".join(f"a[{i}]" for i in changes if i not in sets))
    values = {f"v{i}": {"N": str(value)} for i, value in sets.items()}
    assert updated({"a": numbers(*before)}, " ".join(sections), **values) == {"a": numbers(*expected)}
