"""What is evaluated without an engine is what the engines give, for any expression and any values."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asl_local.errors import EvaluationError
from asl_local.language.generated import Unwritten, Writer
from asl_local.language.jsonata.direct import ASK, direct
from asl_local.language.jsonata.direct.source import write
from asl_local.language.jsonata.expressions import _ask, _expression
from asl_local.language.jsonata.seam import NoValue
from asl_local.language.jsonata.syntax import parse
from asl_local.values import text_of

INTEGERS = st.one_of(
    st.integers(-3, 12),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**power + more for power in (31, 49, 50, 51, 52, 53, 62, 63, 64) for more in (-1, 0, 1)]),
    st.sampled_from([10**power + more for power in (14, 15, 16, 20, 21) for more in (-1, 0, 1)]),
)
FRACTIONS = st.one_of(
    st.sampled_from([1.0, -1.0, 0.5, 1.5, 0.1, 0.2, -0.0, 1e-7, 1e15, 1e16, 2.0**52, 2.0**53, 1e21, 1e300, 2.9999999999999996]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1000, 1000).map(lambda value: round(value, 2)),
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(["", "a", "b", "ab", "1", "1.0", "true", "é", "é€", "\U0001f600", "\ud800", "\ufffd", "\uffff", "'", '"', "\\", "\n"]),
    st.text(max_size=6),
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "c", "é", "10", "2", "a b", "input", "length"])
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, FRACTIONS, TEXTS)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
# Mostly what an expression expects under the name, now and then anything.
INPUTS = st.fixed_dictionaries(
    {},
    optional={
        "i": st.integers(-3, 12) | INTEGERS | DOCUMENTS,
        "j": st.integers(-3, 12) | FRACTIONS | DOCUMENTS,
        "s": TEXTS | DOCUMENTS,
        "t": TEXTS,
        "l": st.lists(st.one_of(INTEGERS, TEXTS, DOCUMENTS), max_size=4) | DOCUMENTS,
        "o": st.dictionaries(NAMES, DOCUMENTS, max_size=3) | DOCUMENTS,
        "d": DOCUMENTS,
        "w": st.lists(st.text("ab,", max_size=4), max_size=3),
        "q": st.lists(st.integers(-9, 9) | INTEGERS, max_size=3),
        "p": DOCUMENTS.map(json.dumps) | st.sampled_from(["", "{", '{"a":1,"a":2}', "1e400", "[1.0]", "nul"]),
        "r": st.lists(st.dictionaries(NAMES, DOCUMENTS, max_size=2), max_size=3),
    },
)
STEPS = st.sampled_from(["a", "b", "c", "é", "`10`", "'2'", '"a b"', "`a b`", "input", "length", "in", "or"])
INDEXES = st.sampled_from(["[0]", "[1]", "[-1]", "[-2]", "[7]", "[0][0]"])
DOTS = st.sampled_from([".", " . ", "\n."])


@st.composite
def paths(draw):
    roots = [f"$states.input.{name}" for name in "ijstlodwqpr"] * 2 + [f"$v.{name}" for name in "ijstlodwqpr"]
    text = draw(
        st.sampled_from(
            [
                *roots,
                "$n",
                "$x",
                "$v",
                "$nobody",
                "$count",
                "$states.input",
                "$states.result",
                "$states.nix",
                "$states.context.Map.Item",
                "$states.context.Map",
                "$states.context.Map.Item.Value",
            ]
        )
    )
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3]))):
        text += draw(INDEXES) if draw(st.integers(0, 3)) == 0 else draw(DOTS) + draw(STEPS)
    return text


LITERALS = st.one_of(
    st.integers(0, 12).map(str),
    INTEGERS.map(abs).map(str),
    FRACTIONS.filter(lambda value: value >= 0).map(json.dumps),
    TEXTS.map(json.dumps),
    st.sampled_from(["true", "false", "null", "1.0", "1.50", "1e3", "''", "'x'", "'A'", "','", "'a'", "'ab,Ba'"]),
)
OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in", "&", "&", "+", "="]
)
FUNCTIONS = st.sampled_from(["string", "exists", "not", "boolean", "count", "length", "string", "sum", "merge", "join", "uppercase",
                             "lowercase", "parse"])  # fmt: skip
OF_TWO = st.sampled_from(
    ["append", "contains", "join", "lookup", "split", "substring", "substringBefore", "substringAfter"]
)


def composed(inner):
    pair = st.tuples(inner, OPERATORS, inner).map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]}")
    return st.one_of(
        pair,
        pair.map(lambda text: f"({text})"),
        st.lists(inner, min_size=2, max_size=4).map(" & ".join),
        st.tuples(FUNCTIONS, inner).map(lambda parts: f"${parts[0]}({parts[1]})"),
        st.tuples(OF_TWO, inner, inner).map(lambda parts: f"${parts[0]}({parts[1]}, {parts[2]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"$substring({', '.join(parts)})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]})"),
        inner.map(lambda text: f"-{text}"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(NAMES.map(json.dumps), inner), max_size=3).map(
            lambda members: "{" + ", ".join(f"{name}: {member}" for name, member in members) + "}"
        ),
    )


EXPRESSIONS = st.recursive(st.one_of(paths(), paths(), LITERALS), composed, max_leaves=6)


class Scope:
    def __init__(self, variables, context=None):
        self._variables, self._context = variables, context

    def context(self):
        return self._context

    def map_item(self):
        return self._context["Map"]["Item"]

    def variable(self, name):
        return self._variables[name]

    def has_variable(self, name):
        return name in self._variables

    def draw(self):
        return 0.5

    def moment(self):
        return 1_700_000_000.0


def asked(text, states, scope, engine):
    """What the engine alone says."""
    try:
        return text_of(_ask(_expression(text), "Output", engine, states, scope))
    except EvaluationError as error:
        return error.cause.rsplit("'Output' ", 1)[1]


def by_value(value):
    """An engine writes 1.0 as 1 at every depth; a value that is passed on keeps its members as they are."""
    if isinstance(value, dict):
        return {name: by_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [by_value(item) for item in value]
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = float(value)
        return int(value) if value.is_integer() and abs(value) < 2**63 else value
    return value


def is_path(node):
    return node.kind in ("path", "variable", "filter") or (node.kind == "block" and is_path(node.parts[0]))


def check(text, document, variables, engine):
    states, scope = {"input": document}, Scope(variables, {"Map": {"Item": {"Value": variables["x"], "Index": 1}}})
    tree = parse(text)
    evaluate = direct(tree)
    if evaluate is None:
        return
    found = evaluate(states, scope)
    if found is ASK:
        return
    answer = asked(text, states, scope, engine)
    if found is NoValue.UNDEFINED:
        assert answer == "returned nothing (undefined)."
    elif is_path(tree):
        assert text_of(by_value(json.loads(answer))) == text_of(by_value(found))
    else:
        assert answer == text_of(found)


@settings(max_examples=400)
@given(EXPRESSIONS, INPUTS, INPUTS, DOCUMENTS)
@example("$states.input.s = $states.input.t", {"s": "\ud800", "t": "\ufffd"}, {}, None)
@example("$states.input.i + 1", {"i": 2**53}, {}, None)
@example("$states.input.i * $states.input.j", {"i": 0, "j": -1}, {}, None)
@example("-$states.input.i", {"i": 0}, {}, None)
@example("$states.input.o[0].length", {"o": "text"}, {}, None)
def test_what_is_answered_is_what_jlens_answers(text, document, variable, other):
    pytest.importorskip("jlens")
    check(text, document, {"v": variable, "n": 7, "x": other}, "jlens")


@given(EXPRESSIONS, INPUTS, INPUTS, DOCUMENTS)
def test_what_is_answered_is_what_jsonata2py_answers(text, document, variable, other):
    pytest.importorskip("jsonata2py")
    check(text, document, {"v": variable, "n": 7, "x": other}, "jsonata2py")


def generated(text):
    """The function that language.generated would make of it, without the closure that it falls back on."""
    constants = Writer()
    try:
        source = write(parse(text), constants, {"input": "raw", "result": "result"})
    except Unwritten:
        return None
    return eval(f"lambda {', '.join(f'c{at}' for at in range(len(constants.constants)))}: lambda raw, scope: {source}")(
        *constants.constants
    )


@settings(max_examples=400)
@given(EXPRESSIONS, INPUTS, INPUTS, DOCUMENTS)
@example("$states.input.i + $states.input.j", {"i": 1.5, "j": 1.5}, {}, None)
@example("$states.input.s = 1", {"s": "1"}, {}, None)
@example("$string($n)", {}, {}, None)
@example("$string($states.input.s)", {"s": "\ud800"}, {}, None)
def test_what_is_generated_gives_what_the_closure_gives(text, document, variable, other):
    scope = Scope({"v": variable, "n": 7, "x": other}, {"Map": {"Item": {"Value": variable, "Index": 1}}})
    evaluate = direct(parse(text))
    function = None if evaluate is None else generated(text)
    if function is None:
        return
    try:
        found = function(document, scope)
    except Exception:  # the closure is asked
        return
    answer = evaluate({"input": document}, scope)
    assert type(found) is type(answer)
    assert json.dumps(found) == json.dumps(answer)


VALUES = [
    [], ["a"], ["a", "b"], ["a", 1], ["é"], "", "a", "ab", "a,b", ",", "aXbXc", "é", "\ud800", "true", -7, -1, 0, 2, 9, 1.5, 2**53, {}, {"a": 1},
    {"a": None, "b": 1.0}, {"10": 1, "2": 2}, [1, 2], [2**51, 2**51], [1.5], [[1], [2]], None, True, '{"a": 1.0}', "1e400", " [1] ",
]  # fmt: skip
OF_ONE = [
    "boolean",
    "count",
    "exists",
    "join",
    "length",
    "lowercase",
    "merge",
    "not",
    "parse",
    "string",
    "sum",
    "uppercase",
]
WITH_TWO = ["append", "contains", "join", "lookup", "split", "substring", "substringAfter", "substringBefore"]


@pytest.mark.parametrize("name", OF_ONE)
def test_functions_of_one_value(name, engine):
    for value in VALUES:
        check(f"${name}($states.input.a)", {"a": value}, {"x": None}, engine)


@pytest.mark.parametrize("name", WITH_TWO)
def test_functions_of_two_values(name):
    pytest.importorskip("jlens")
    for first in VALUES:
        for second in VALUES:
            check(f"${name}($states.input.a, $states.input.b)", {"a": first, "b": second}, {"x": None}, "jlens")
