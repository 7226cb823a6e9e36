"""What walks down objects without an engine gives what the engine gives, for any document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.errors import EvaluationError
from asl_local.language.jsonata.expressions import _compile_walk, compile_expression
from asl_local.language.jsonata.seam import NoValue
from asl_local.values import text_of

pytest.importorskip("jlens")

NAMES = st.sampled_from(["a", "b", "c", "ab", "é", "_", "x1", "input", "keys", "length"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e15, 1e15), st.text(max_size=5))
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
OBJECTS = st.dictionaries(NAMES, DOCUMENTS, max_size=4)


class Scope:
    def __init__(self, variables, context):
        self._variables, self._context = variables, context

    def context(self):
        return self._context

    def variable(self, name):
        return self._variables[name]

    def draw(self):
        return 0.5


def outcome(text, states, scope):
    try:
        return text_of(compile_expression(text, "Output", "jlens")(states, scope))
    except EvaluationError as error:
        return error.cause.rsplit("'Output' ", 1)[1]


def by_value(value):
    """The engine writes 1.0 as 1 at every depth; a value that is passed on keeps its members as they are."""
    if isinstance(value, dict):
        return {name: by_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [by_value(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@given(OBJECTS, st.lists(NAMES, max_size=4), st.sampled_from(["input", "context", "variable", "bare"]))
def test_walking_is_what_the_engine_does(document, names, root):
    scope = Scope({"v": document}, document)
    states = {"input": document}
    start = {"input": "$states.input", "context": "$states.context", "variable": "$v", "bare": "$nobody"}[root]
    text = ".".join([start, *names])
    walk = _compile_walk(text)
    assert walk is not None
    found = walk(states, scope)
    # A block is no walk, and means the same.
    asked = outcome(f"({text})", states, scope)
    if found is NoValue.UNDEFINED:
        assert outcome(text, states, scope) == asked
    else:
        assert asked == text_of(by_value(found))


@given(OBJECTS, st.lists(NAMES, min_size=1, max_size=4), st.sampled_from([".", " . ", "\n.", ". "]))
def test_blanks_around_the_dots_mean_nothing(document, names, dot):
    scope, states = Scope({}, {}), {"input": document}
    wanted = outcome(".".join(["$states.input", *names]), states, scope)
    assert outcome(dot.join(["$states", "input", *names]), states, scope) == wanted


@pytest.mark.parametrize(
    "text",
    ["$states", "$", "$$", "$a[0]", "$a.b[0]", "$a.and.b", "$a.true", "$a.null", "$a.function", "a.b", "$a.'b'", "$a.`b`",
     "$a.$b", "$a.*", "$a.5", "$states.input.in", "$a()", "-$a", "$a.b /* c */", "$a..b"],
)  # fmt: skip
def test_whatever_is_more_than_names_is_left_to_the_engine(text):
    assert _compile_walk(text) is None


def test_a_walk_shares_what_it_finds_and_asks_no_engine(monkeypatch):
    document = {"a": {"b": [{"c": 1.0}]}}
    flow = compile_expression("$states.input.a.b", "Output", "jlens")
    monkeypatch.setattr("asl_local.language.jsonata.engine_jlens._Expression.evaluate", None)
    assert flow({"input": document}, Scope({}, {})) is document["a"]["b"]


# Reading lazily is what makes a large state cost nothing: only a context that is really handed on forbids it.
@pytest.mark.parametrize(
    ("text", "lazy"),
    [
        ("$a + 1", True), ("{'a': $a}", True), ("{}", True), ("[{'a': {'b': /* : { */ $a}}]", True), ("$parse($a)", True),
        ("$a ? {'x': $string($a)} : {}", True), ("$hash($a, 'MD5') & $uuid()", True), ("$map($a, function($v){{'v': $v}})", True),
        ("$string()", False), ("{'a': $substring(1)}", False), ("{$uppercase(): 1}", False), ("$f(1)", False),
    ],
)  # fmt: skip
def test_what_reads_its_input_lazily(text, lazy):
    from asl_local.language.jsonata.engine_jlens import _Expression

    names = {name for name in ("a", "f", "parse", "hash", "uuid", "map", "string") if f"${name}" in text}
    assert _Expression(text, frozenset(names))._whole is not lazy
