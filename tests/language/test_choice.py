"""Choice rules: one table of comparisons, and what they do with other types and with nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.choice import OPERATORS, compile_rule

VALUES = {
    "null": None,
    "yes": True,
    "no": False,
    "zero": 0,
    "zero_point": 0.0,
    "one": 1,
    "half": 0.5,
    "empty": "",
    "a": "a",
    "B": "B",
    "one_text": "1",
    "noon": "2020-01-01T12:00:00Z",
    "noon_in_oslo": "2020-01-01T13:00:00+01:00",
    "one_o_clock": "2020-01-01T13:00:00Z",
    "no_zone": "2020-01-01T12:00:00",
    "array": [],
    "object": {"x": 1},
}
NUMBERS = {"zero", "zero_point", "one", "half"}
STRINGS = {name for name, value in VALUES.items() if isinstance(value, str)}
TIMES = {"noon", "noon_in_oslo", "one_o_clock"}

# operator, operand -> the names in VALUES for which the comparison is true
TRUE_FOR = [
    ("StringEquals", "a", {"a"}),
    ("StringEquals", "", {"empty"}),
    ("StringEquals", "1", {"one_text"}),
    ("StringLessThan", "a", STRINGS - {"a"}),
    ("StringLessThanEquals", "B", STRINGS - {"a"}),
    ("StringGreaterThan", "B", {"a"}),
    ("StringGreaterThanEquals", "B", {"a", "B"}),
    ("StringMatches", "*", STRINGS),
    ("StringMatches", "2020*Z", {"noon", "one_o_clock"}),
    ("NumericEquals", 0, {"zero", "zero_point"}),
    ("NumericEquals", 1.0, {"one"}),
    ("NumericLessThan", 0.5, {"zero", "zero_point"}),
    ("NumericLessThanEquals", 0.5, {"zero", "zero_point", "half"}),
    ("NumericGreaterThan", 0, {"half", "one"}),
    ("NumericGreaterThanEquals", 0, NUMBERS),
    ("BooleanEquals", True, {"yes"}),
    ("BooleanEquals", False, {"no"}),
    ("TimestampEquals", "2020-01-01T12:00:00Z", {"noon", "noon_in_oslo"}),
    ("TimestampEquals", "2020-01-01T12:00:00.000Z", {"noon", "noon_in_oslo"}),
    ("TimestampLessThan", "2020-01-01T13:00:00Z", {"noon", "noon_in_oslo"}),
    ("TimestampLessThanEquals", "2020-01-01T13:00:00Z", TIMES),
    ("TimestampGreaterThan", "2020-01-01T12:00:00Z", {"one_o_clock"}),
    ("TimestampGreaterThanEquals", "2020-01-01T12:00:00Z", TIMES),
    ("IsNull", True, {"null"}),
    ("IsNumeric", True, NUMBERS),
    ("IsString", True, STRINGS),
    ("IsBoolean", True, {"yes", "no"}),
    ("IsTimestamp", True, TIMES),
    ("IsPresent", True, set(VALUES)),
]


@pytest.mark.parametrize(("name", "operand", "names"), TRUE_FOR)
def test_comparisons(name, operand, names, scope):
    def true_for(rule):
        return {value for value in VALUES if rule(value)(VALUES, scope())}

    assert true_for(lambda value: compile_rule({"Variable": f"$.{value}", name: operand})) == names
    if name.startswith("Is"):
        assert (
            true_for(lambda value: compile_rule({"Variable": f"$.{value}", name: not operand})) == set(VALUES) - names
        )
    elif name != "StringMatches":
        for_path = {"values": VALUES, "operand": operand}
        found = {
            value
            for value in VALUES
            if compile_rule({"Variable": f"$.values.{value}", f"{name}Path": "$.operand"})(for_path, scope())
        }
        assert found == names


def test_the_table_has_every_operator():
    assert len(OPERATORS) == 3 * 5 * 2 + 2 + 1 + 6
    assert {name.removesuffix("Path") for name, row in OPERATORS.items() if row.path_form} == {
        name for name, row in OPERATORS.items() if not row.path_form and row.kind not in {"is", "pattern"}
    }
    assert {name for name, _, _ in TRUE_FOR} == {name for name, row in OPERATORS.items() if not row.path_form}


def test_operands_of_another_type_make_a_path_form_false(scope):
    rule = compile_rule({"Variable": "$.a", "StringEqualsPath": "$.b"})
    assert rule({"a": "x", "b": "x"}, scope())
    for other in (1, None, True, ["x"], {}):
        assert not rule({"a": "x", "b": other}, scope())
        assert not rule({"a": other, "b": "x"}, scope())
        assert not rule({"a": other, "b": other}, scope())


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_nothing_there(name, scope):
    kind, path_form, _ = OPERATORS[name]
    operands = {
        "string": "x",
        "number": 1,
        "boolean": True,
        "timestamp": "2020-01-01T00:00:00Z",
        "pattern": "*",
        "is": True,
    }
    rule = compile_rule({"Variable": "$.nope.x", name: "$.there" if path_form else operands[kind]})
    document = {"there": operands[kind]}
    if name == "IsPresent":
        assert rule(document, scope()) is False
        assert compile_rule({"Variable": "$.nope", name: False})(document, scope()) is True
        return
    with pytest.raises(EvaluationError) as caught:
        rule(document, scope())
    assert caught.value.error == "States.Runtime"
    assert caught.value.cause == (
        "Invalid path '$.nope.x': The choice state's condition path references an invalid value."
    )


def test_a_missing_operand_is_named(scope):
    with pytest.raises(EvaluationError, match=r"Invalid path '\$\.limit': The choice state's"):
        compile_rule({"Variable": "$.n", "NumericEqualsPath": "$.limit"})({"n": 1}, scope())


def test_is_present_looks_no_further_than_it_can(scope):
    present = compile_rule({"Variable": "$.a[0].b", "IsPresent": True})
    assert present({"a": [{"b": None}]}, scope())
    for document in ({}, {"a": []}, {"a": "text"}, {"a": None}, {"a": [{"c": 1}]}, None):
        assert not present(document, scope())
    assert compile_rule({"Variable": "$.a[?(@.b)]", "IsPresent": True})({"a": []}, scope())


def test_connectives(scope):
    def rule(name, *values):
        tests = [{"Variable": "$.x", "NumericEquals": value} for value in values]
        return compile_rule({name: tests[0] if name == "Not" else tests})({"x": 1}, scope())

    assert rule("And", 1, 1)
    assert not rule("And", 1, 2)
    assert rule("Or", 2, 1)
    assert not rule("Or", 2, 3)
    assert rule("Not", 2)
    assert not rule("Not", 1)


def test_connectives_stop_where_it_is_decided(scope):
    missing = {"Variable": "$.nope", "NumericEquals": 1}
    there = {"Variable": "$.x", "IsPresent": True}
    absent = {"Variable": "$.nope", "IsPresent": True}
    assert not compile_rule({"And": [absent, missing]})({"x": 1}, scope())
    assert compile_rule({"Or": [there, missing]})({"x": 1}, scope())
    with pytest.raises(EvaluationError):
        compile_rule({"And": [missing, absent]})({"x": 1}, scope())
    nested = {"Not": {"Or": [absent, {"And": [there, {"Variable": "$.x", "NumericLessThan": 1}]}]}}
    assert compile_rule(nested)({"x": 1}, scope())


def test_variables_may_be_in_the_context_object(scope):
    rule = compile_rule({"Variable": "$$.State.Name", "StringEqualsPath": "$.name", "Next": "X", "Comment": "c"})
    assert rule({"name": "S"}, scope(State={"Name": "S"}))


PATTERNS = [
    ("*.log", "a.log", True), ("*.log", ".log", True), ("*.log", "a.log2", False), ("log-*", "log-", True), ("log-*.txt", "log-.txt", True),
    ("a*a", "a", False), ("a*a", "aa", True), ("a*b*a", "abba", True), ("a*b*a", "aa", False), ("*", "", True), ("", "", True), ("", "a", False),
    ("a", "a", True), ("**", "x", True), ("a**b", "ab", True), (r"a\*b", "a*b", True), (r"a\*b", "axb", False), ("a\\\\*", "a\\b", True), ("a\\\\*", "ab", False),
    ("a.c", "abc", False), ("a*c", "a\nc", True), (r"\x", r"\x", True), ("*ab*ab", "ab", False), ("*ab*ab", "aab.ab", True), ("a", "A", False),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text", "wanted"), PATTERNS)
def test_string_matches(pattern, text, wanted, scope):
    assert compile_rule({"Variable": "$", "StringMatches": pattern})(text, scope()) is wanted


@given(st.lists(st.text(alphabet="ab*\\", max_size=4), min_size=1, max_size=4), st.data())
def test_a_text_made_from_a_pattern_matches_it(pieces, data):
    pattern = "*".join(piece.replace("\\", "\\\\").replace("*", "\\*") for piece in pieces)
    text = pieces[0] + "".join(data.draw(st.text(alphabet="ab*\\", max_size=3)) + piece for piece in pieces[1:])
    assert compile_rule({"Variable": "$.t", "StringMatches": pattern})({"t": text}, None)


def test_strings_compare_by_utf16_code_unit(scope):
    kana, emoji = "ｱ", "\U0001f600"
    assert emoji > kana
    assert compile_rule({"Variable": "$", "StringLessThan": kana})(emoji, scope())


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"Variable": "$.x"}, "exactly one comparison operator, And, Or or Not; it has none"),
        ({"Variable": "$.x", "StringEqual": "a"}, r"did you mean StringEquals\?"),
        ({"Variable": "$.x", "IsNull": True, "IsString": True}, "it has IsNull, IsString"),
        ({"Variable": "$.x", "And": [], "IsNull": True}, "it has And, IsNull"),
        ({"StringEquals": "a"}, "StringEquals needs a Variable"),
        ({"Variable": 1, "StringEquals": "a"}, "StringEquals needs a Variable"),
        ({"Variable": "x", "StringEquals": "a"}, "a path starts with"),
        ({"Variable": "$.x", "StringEquals": 1}, "StringEquals takes a string, not 1"),
        ({"Variable": "$.x", "NumericEquals": "1"}, 'NumericEquals takes a number, not "1"'),
        ({"Variable": "$.x", "NumericEquals": True}, "NumericEquals takes a number, not true"),
        ({"Variable": "$.x", "BooleanEquals": 1}, "BooleanEquals takes true or false, not 1"),
        ({"Variable": "$.x", "IsNull": "true"}, 'IsNull takes true or false, not "true"'),
        ({"Variable": "$.x", "TimestampEquals": "2020-01-01"}, "TimestampEquals takes an RFC 3339 timestamp"),
        ({"Variable": "$.x", "StringMatches": None}, "StringMatches takes a string, not null"),
        ({"Variable": "$.x", "StringEqualsPath": 1}, "StringEqualsPath takes a path, not 1"),
        ({"Variable": "$.x", "StringEqualsPath": "a"}, "a path starts with"),
        ({"And": []}, "And takes a non-empty array of rules"),
        ({"Or": {"Variable": "$.x", "IsNull": True}}, "Or takes a non-empty array of rules"),
        ({"Not": [{"Variable": "$.x", "IsNull": True}]}, "a Choice rule is an object"),
    ],
)
def test_refuses(rule, message):
    with pytest.raises(ExpressionSyntaxError, match=message):
        compile_rule(rule)
