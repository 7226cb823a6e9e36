"""Expressions that need no engine: which they are, what they give, what they share, and when the engine is asked."""

import pytest

from asl_local.errors import EvaluationError
from asl_local.language.generated import written
from asl_local.language.jsonata import compile_payload, expressions
from asl_local.language.jsonata.direct import ASK, direct
from asl_local.language.jsonata.expressions import compile_expression
from asl_local.language.jsonata.seam import NoValue
from asl_local.language.jsonata.syntax import parse
from asl_local.plan import dataflow
from asl_local.values import text_of

UNDEFINED = NoValue.UNDEFINED


def nested(levels):
    return [nested(levels - 1)] if levels else 1


INPUT = {
    "n": 1, "m": 7, "f": 1.0, "h": 1.5, "s": "x", "e": "", "t": True, "none": None, "list": ["a", "b", 3], "one": [7],
    "o": {"a": {"b": {"c": {"d": 5}}}}, "odd name": 4, "rows": [{"id": 1}, {"id": 2}], "big": 2**53, "half": "\ud800",
    "spelled": {"a": [1.0, {"b": 2.0, "c": 0.5}], "d": "x"}, "deep": nested(60),
}  # fmt: skip
VARIABLES = {"acc": 5, "v": {"a": {"b": 1.0}}, "items": ["p", "q"]}


def answer(text, scope, **variables):
    evaluate = direct(parse(text))
    assert evaluate is not None, text
    surroundings = scope(State={"Name": "S"}, Map={"Item": {"Value": {"id": 8}}}, variables={**VARIABLES, **variables})
    return evaluate({"input": INPUT, "result": {"code": 200}}, surroundings)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$states.input", INPUT), ("$states.input.o.a.b.c.d", 5), ("$states.result.code", 200), ("$v.a.b", 1), ("$acc", 5),
        ("$states.context.State.Name", "S"), ("($states . input\n.n)", 1), ("$states.input.f", 1), ("$states.input.none", None),
        ("$states.input.`odd name`", 4), ("$states.input.'odd name'", 4), ("$states.input.missing", UNDEFINED),
        ("$states.input.s.x", UNDEFINED), ("$states.input.none.x.y", UNDEFINED), ("$nobody", UNDEFINED),
        ("$states.context.Map.Item.Value.id", 8), ("$states.context.Map.Item", {"Value": {"id": 8}}), ("$states.errorOutput", UNDEFINED), ("$states.errorOutput.Error", UNDEFINED), ("$states.input.rows[0].id", 1),
        ("$states.input.rows[-1].id", 2), ("$items[1]", "q"), ("$states.input.rows[0].nix", UNDEFINED),
        ("5", 5), ("'x'", "x"), ("1.0", 1), ("1.5", 1.5), ("true", True), ("null", None), ("-1", -1), ("-$states.input.n", -1),
        ("$states.input.n + 1", 2), ("$states.input.n - 1", 0), ("$acc + $states.input.n", 6), ("$acc - $states.input.m", -2),
        ("$states.input.m * 3", 21), ("$states.input.m / 2", 3.5), ("8 / 2", 4), ("$states.input.m % 4", 3),
        ("$states.input.h + $states.input.h", 3), ("0.1 + 0.2", 0.1 + 0.2), ("0 * -1", 0), ("1 + 2 * 3", 7),
        ("$states.input.n = 1", True), ("$states.input.n = 1.0", True), ("$states.input.n = true", False),
        ("$states.input.n = '1'", False), ("$states.input.s = 'x'", True), ("$states.input.s != 'x'", False),
        ("$states.input.none = null", True), ("$states.input.missing = null", False), ("$states.input.missing != 1", False),
        ("$states.input.half = 'x'", False), ("$states.input.m > 5", True), ("$states.input.m <= 6.5", False), ("'a' < 'b'", True),
        ("$states.input.s in ['x', 'y']", True), ("$states.input.s in $states.input.list", False), ("'x' in 'x'", True),
        ("$states.input.t and $states.input.s", True), ("$states.input.t and $states.input.e", False),
        ("$states.input.missing and ('a' > 1)", False), ("$states.input.t or ('a' > 1)", True), ("$states.input.o and 1", True),
        ("$states.input.missing or 0", False), ("$states.input.t ? 1 : 2", 1), ("$states.input.missing ? 1 : 2", 2),
        ("$states.input.none ? 1", UNDEFINED), ("'a' & 'b' & 'c'", "abc"), ("'k' & $string($acc)", "k5"),
        ("'k' & $acc & true & null & $nobody & 1.5", "k5truenull1.5"), ("$nobody & $nobody", ""), ("'a' & ('b' & 'c')", "abc"),
        ("'k' & 0.3", "k0.3"), ("$string(0.1 + 0.2)", "0.3"), ("$string($nobody)", UNDEFINED), ("$exists($states.input.none)", True),
        ("$exists($nobody)", False), ("$not($states.input.n)", False), ("$not($nobody)", UNDEFINED), ("$boolean('')", False),
        ("$count($states.input.list)", 3), ("$count($nobody)", 0), ("$count($states.input.n)", 1), ("$length('aé')", 2),
        ("[]", []), ("[$states.input.n, $nobody, 'x']", [1, "x"]), ("[$states.input.list, 4]", ["a", "b", 3, 4]), ("[[1], [[]]]", [[1], [[]]]),
        ("$sum([1, 2, 3])", 6), ("$uppercase('ab')", "AB"), ("$lowercase('AB')", "ab"), ("$contains('abc', 'b')", True),
        ("$substring('abcd', 1)", "bcd"), ("$substring('abcd', -3, 2)", "bc"), ("$substringBefore('a-b-c', '-')", "a"),
        ("$substringAfter('a-b-c', '-')", "b-c"), ("$split('a,b', ',')", ["a", "b"]), ("$join(['a', 'b'], '-')", "a-b"),
        ("$append([1], 2)", [1, 2]), ("$merge([{'a': 1}, {'a': 2, 'b': 1.0}])", {"a": 2, "b": 1}), ("$parse('[1.0, null]')", [1, None]),
        ("$lookup($states.input.o, 'a')", INPUT["o"]["a"]), ("$lookup($states.input.o, 'b')", UNDEFINED),
        ("{}", {}), ("{'a': $states.input.n, 'b': $nobody, 'c': [1.0]}", {"a": 1, "c": [1]}),
        ("{'o': $states.input.o, 'l': $states.input.one}", {"o": INPUT["o"], "l": [7]}),
        ("{'o': $states.input.spelled}", {"o": {"a": [1, {"b": 2, "c": 0.5}], "d": "x"}}),
    ],
)  # fmt: skip
def test_what_is_answered_without_an_engine(text, wanted, scope):
    found = answer(text, scope)
    assert found == wanted
    assert found is UNDEFINED or text_of(found) == text_of(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "$states.input.rows.id", "$states.input.rows[5]", "$states.input.o[0]", "$count", "$count & 'x'", "$states.input.big + 1",
        "$states.input.s + 1", "$states.input.none + 1", "$nobody + 1", "$states.input.n / 0", "$states.input.n % -1", "-$states.input.s",
        "$states.input.one = 7", "$states.input.n = $states.input.o", "$states.input.big = 1", "'é' < 'a'", "$states.input.s > 1",
        "$nobody > 1", "$states.input.n in [1]", "$states.input.one ? 1 : 2", "$states.input.list and true", "$states.input.half & 'x'",
        "'x' & $states.input.list", "'x' & $states.input.o", "$string(1e-7)", "$string(1e15)", "$states.input.half = 'é'",
        "{'o': $states.input}", "{'o': $states.input.deep}", "[$states.input.half]", "$not($states.input.list)", "$length(5)", "true ? $states.input.big : 1",
        "$sum([])", "$sum([1.5])", "$sum('a')", "$uppercase('é')", "$split('a', '')", "$substring('a', 0.5)", "$append($nobody, 1)",
        "$merge({'a': 1})", "$merge([1])", "$parse('{')", "$parse('[12345678901234567890]')", "$join([1])", "$lookup([], 'a')",
    ],
)  # fmt: skip
def test_when_the_engine_is_asked(text, scope):
    assert answer(text, scope) is ASK


@pytest.mark.parametrize(
    "text",
    [
        "$states", "$", "$$", "$a.b[]", "$a[b=1]", "$a[0.5]", "$a.and.b", "$a.function", "a.b", "$a.$b", "$a.*", "$states.**", "$a()", "$a.b^(c)",
        "$x := 1", "($a; $b)", "function($x){1}", "$max($a)", "$string($a, true)", "$string()", "$a ~> $string", "$random()", "$now()",
        "$a.{'x': 1}", "{'a': 1, 'a': 2}", "{$a: 1}", "{1: 1}", "[1..3]", "[($a)]", "[$a ? 1]", "/x/", "'\\ud800'", "9007199254740993",
        "$a@$b.c", "$a#$i", "$a[0]{b: 1}", " + ".join(["1"] * 100), "(" * 60 + "[" * 45 + "1" + "]" * 45 + ")" * 60,
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_what_needs_an_engine(text):
    assert direct(parse(text)) is None


def test_a_variable_takes_the_place_of_a_function_of_its_name(scope):
    assert answer("$count", scope, count=5) == 5
    assert answer("$string(1)", scope, string="s") is ASK


def test_there_is_no_map_item_outside_of_a_map(scope):
    assert direct(parse("$states.context.Map.Item.Value"))({}, scope()) is UNDEFINED


def test_values_on_the_way_are_shared_and_no_engine_compiles(monkeypatch, scope):
    monkeypatch.setattr(expressions, "load_engine", None)
    document = {"a": {"b": [{"c": 1.0}]}, "o": {"x": ["y"]}}
    assert compile_expression("$states.input.a.b", "Output")({"input": document}, scope()) is document["a"]["b"]
    made = compile_payload("{% {'o': $states.input.o, 's': 'a' & 'b' & 'cde' } %}", "Output")(
        {"input": document}, scope()
    )
    assert made == {"o": {"x": ["y"]}, "s": "abcde"}
    assert made["o"] is document["o"]


def test_fields_that_are_evaluated_often_are_generated(scope):
    literal = {"tags": ["a"]}
    payload = {"l": literal, "v": ["{% $states.input.n + $acc %}", {"w": "{% 'k' & $states.result.code %}"}]}
    flow = dataflow.evaluated_output(payload, "Output", "result")
    often = written(flow, "raw, result, scope")
    assert often is not flow
    surroundings = scope(variables=VARIABLES)
    for value in (INPUT, {"n": 1.5}, {"n": 2**60}):
        assert often(value, {"code": 1}, surroundings) == flow(value, {"code": 1}, surroundings)
    assert often(INPUT, {"code": 1}, surroundings) == {"l": literal, "v": [6, {"w": "k1"}]}
    assert often(INPUT, {"code": 1}, surroundings)["l"] is literal
    with pytest.raises(EvaluationError, match="for the field 'Output/v\\[0\\]' returned nothing"):
        often({}, {"code": 1}, surroundings)


def test_conditions_that_are_evaluated_often_are_generated(scope):
    flow = dataflow.value_of("{% $states.input.n %}", "Choices[0]/Condition", "boolean")
    often = written(flow)
    assert often is not flow
    assert often({"n": True}, scope()) is True
    with pytest.raises(EvaluationError, match="Expected 'boolean', but was 'number' for value: 1"):
        often({"n": 1}, scope())


def test_what_needs_an_engine_is_not_generated(scope):
    for flow in (
        dataflow.evaluated(["{% $now() %}", 1], "Arguments"),
        dataflow.value_of("{% $max([1]) = 1 %}", "C", "boolean"),
    ):
        assert written(flow) is flow


# Reading lazily is what makes a large state cost nothing: only a context that is really handed on forbids it.
@pytest.mark.parametrize(
    ("text", "lazy"),
    [
        ("$a + 1", True), ("{'a': $a}", True), ("{}", True), ("[{'a': {'b': /* : { */ $a}}]", True), ("$parse($a)", True),
        ("$a ? {'x': $string($a)} : {}", True), ("$hash($a, 'MD5') & $uuid()", True), ("$map($a, function($v){{'v': $v}})", True),
        ("$substring($a, 1)", True), ("{'a': $substring(1)}", True), ("{$uppercase(): 1}", True), ("$fromMillis($a)", True),
        ("$string()", False), ("$f(1)", False), ("$substring($uuid(), 1)", False), ("$a@$b.substring($b, 1)", False),
    ],
)  # fmt: skip
def test_what_reads_its_input_lazily(text, lazy):
    from asl_local.language.jsonata.engine_jlens import _Expression

    names = {name for name in ("a", "f", "parse", "hash", "uuid", "map", "string") if f"${name}" in text}
    assert _Expression(text, frozenset(names))._whole is not lazy


@pytest.mark.parametrize(
    "text",
    [
        "$substring(1)", "$substring($n, 1)", "$substring('abc', 1)", "$exists($uppercase())", "{'a': $split($s, ','), 'b': $round()}",
        "$map([1, 2], $substring)", "['ab', 'cd'].$substring(1)", "$fromMillis(0) & $toMillis()", "[$s, $n].$length()", "$number()",
        "'ab' ~> $substring(1)", "$replace('a', 'b')", "($x := $substring(?, 1); $x($s))", "$pad($s, 9)", "$formatNumber($n, '0.0')",
        "$string($substring(5, 1)) & 'x'", "$match($s, /b/).match", "$contains('x') ? 1 : 2", "$power($n) = 1", "$abs(-$n) & $sqrt()",
    ],
)  # fmt: skip
def test_a_context_that_is_read_lazily_is_none(text, scope):
    from asl_local.language.jsonata.engine_jlens import _Expression
    from asl_local.language.jsonata.seam import Thrown

    variables, names = {"s": "abc,d", "n": 5}, frozenset(("s", "n", "x"))
    answers = []
    for whole in (False, True, False):
        expression = _Expression(text, names, whole=whole)
        for _ in range(2):
            try:
                answers.append(expression.evaluate({"input": {"s": "x"}}, variables, scope()))
            except Thrown as error:
                answers.append(str(error))
    assert all(answer == answers[0] for answer in answers), answers
