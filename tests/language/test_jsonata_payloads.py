"""Fields of JSONata states: what is evaluated, what the results are called when they are none, and what nobody copies."""

import subprocess
import sys

import pytest

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.jsonata import compile_payload, compile_value, is_jsonata
from asl_local.language.jsonata.seam import NoEngine, load_engine
from asl_local.values import text_of

INPUT = {"name": "Ada", "n": 1, "none": None, "list": [1, 2], "one": [7], "empty": [], "deep": {"er": {"x": 5}}}


def failure(flow, states, scope):
    with pytest.raises(EvaluationError) as caught:
        flow(states, scope)
    assert caught.value.error == "States.QueryEvaluationError"
    return caught.value.cause, caught.value.location


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("{% 1 %}", True), ("{%1%}", True), ("{%%}", True), ("{% a\n %}", True),
        (" {% 1 %}", False), ("{% 1 %} ", False), ("{% 1", False), ("1 %}", False), ("{%}", False), ("", False),
        (1, False), (None, False), (["{% 1 %}"], False),
    ],
)  # fmt: skip
def test_an_expression_is_delimited_exactly(value, is_one):
    assert is_jsonata(value) is is_one


PAYLOADS = [
    ("{% $states.input.name %}", "Ada"),
    ({"a": "{% $states.input.n + 1 %}", "b": "x"}, {"a": 2, "b": "x"}),
    ({"z": 1, "a": {"l": [0, "{% $states.input.deep.er %}", ["{%'q'%}"]]}}, {"z": 1, "a": {"l": [0, {"x": 5}, ["q"]]}}),
    ({"{% 1 %}": "{% 1 %}", "k.$": "$.n"}, {"{% 1 %}": 1, "k.$": "$.n"}),
    ([" {% 1 %}", "{% null %}", None, 1.5, True], [" {% 1 %}", None, None, 1.5, True]),
    ("{% $states.input.none %}", None),
    ("{% $states.input.empty %}", []),
    ("{% $states.input.one %}", [7]),
    ("{% $states.input.list[0] %}", 1),
    ("{% $states.result.StatusCode %}", 200),
    ("{% $states.context.State.Name %}", "S"),
    ("{% $v.w & $ü %}", "xy"),
    ("{% $sum($states.input.list) /* of two */ %}", 3),
    ("{% $states %}", {"input": INPUT, "result": {"StatusCode": 200}, "context": {"State": {"Name": "S"}}}),
    ({}, {}),
    (False, False),
    (7, 7),
]


@pytest.mark.parametrize(("payload", "wanted"), PAYLOADS, ids=range(len(PAYLOADS)))
def test_payloads(payload, wanted, scope, engine):
    surroundings = scope(State={"Name": "S"}, variables={"v": {"w": "x"}, "ü": "y", "sums": 1})
    flow = compile_payload(payload, "Output", engine)
    assert text_of(flow({"input": INPUT, "result": {"StatusCode": 200}}, surroundings)) == text_of(wanted)


def test_literal_parts_and_values_on_the_way_are_shared(scope):
    literal = {"tags": ["a"]}
    assert compile_payload(literal, "Output")({"input": {}}, scope()) is literal
    flow = compile_payload({"l": literal, "v": "{% $states.input.deep %}"}, "Output")
    first, second = flow({"input": INPUT}, scope()), flow({"input": INPUT}, scope())
    assert first is not second
    assert first["l"] is literal
    assert first["v"] is INPUT["deep"]


def test_the_context_object_is_made_only_for_those_who_read_it(scope, engine):
    surroundings = scope(State={"Name": "S"})
    for text in (
        "$states.input.n",
        "$states.input.n + 1",
        "$states.input.missing ~> $exists()",
        "$exists($states.result)",
    ):
        compile_payload(f"{{% {text} %}}", "Output", engine)({"input": INPUT}, surroundings)
    assert surroundings.asked == 0
    compile_payload("{% $keys($states) %}", "Output", engine)({"input": INPUT}, surroundings)
    assert surroundings.asked == 1


NO_VALUES = [
    ("$nobody", "returned nothing (undefined)."),
    ("$states.input.no.such", "returned nothing (undefined)."),
    ("$states.errorOutput", "returned nothing (undefined)."),
    ("$fn := function($x){$x}", "returned an unsupported result type."),
    ("$sum", "returned an unsupported result type."),
    ("$randomSeeded(1)", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
    ('$eval("1+1")', "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
    ('$error("boom")', "threw an error during evaluation. D3137: boom"),
]


@pytest.mark.parametrize(("text", "what"), NO_VALUES, ids=[row[0] for row in NO_VALUES])
def test_what_is_no_value_fails_in_the_words_of_aws(text, what, scope, engine):
    flow = compile_payload({"a": {"b": [1, f"{{%  {text}\n%}}"]}}, "Catch[0]/Output", engine)
    place = "Catch[0]/Output/a/b[1]"
    sentence = f"The JSONata expression '{text}' specified for the field '{place}' {what}"
    assert failure(flow, {"input": INPUT}, scope()) == (sentence, place)


@pytest.mark.parametrize(
    ("expected", "text", "name"),
    [
        ("array", "1", "number"), ("array", "'s'", "string"), ("array", "null", "null"), ("array", "true", "boolean"),
        ("array", "{'foo': 'bar'}", "object"), ("string", "[1]", "array"), ("number", "'1'", "string"),
        ("number", "true", "boolean"), ("boolean", "0", "number"), ("object", "[]", "array"),
        ("integer", "1.5", "number"), ("integer", "'1'", "string"),
    ],
)  # fmt: skip
def test_a_field_that_wants_another_type(expected, text, name, scope, engine):
    cause, location = failure(compile_value(f"{{% {text} %}}", "Items", expected, engine), {"input": {}}, scope())
    value = text.replace("'", '"').replace(": ", ":")
    assert cause == (
        f"The JSONata expression '{text}' specified for the field 'Items' returned an unexpected result type. "
        f"Expected '{expected}', but was '{name}' for value: {value}"
    )
    assert location == "Items"


@pytest.mark.parametrize(
    ("expected", "value", "wanted"),
    [
        ("array", ["{% 1 %}", 2], [1, 2]), ("integer", "{% 3 %}", 3), ("integer", "{% 4 / 2 %}", 2), ("number", 1.5, 1.5),
        ("string", "plain", "plain"), ("boolean", "{% 1 = 1 %}", True), ("object", {"a": "{% 1 %}"}, {"a": 1}),
    ],
)  # fmt: skip
def test_a_field_that_gets_what_it_wants(expected, value, wanted, scope, engine):
    assert compile_value(value, "Items", expected, engine)({"input": {}}, scope()) == wanted


def test_a_variable_takes_the_place_of_a_function_of_its_name(scope, engine):
    def value(text, **variables):
        return compile_payload(f"{{% {text} %}}", "Output", engine)({"input": {}}, scope(variables=variables))

    assert value("$count + 1", count=5) == 6
    assert value("$count([1, 2])") == 2
    assert value("$count([1, 2])", sum=1) == 2
    assert value("$now", now="later") == "later"
    assert value("$random + 1", random=2) == 3


def test_a_variable_that_is_null_is_null_and_not_undefined(scope, engine):
    surroundings = scope(variables={"n": None, "o": {"n": None}})
    for text, wanted in [("$n", None), ("$type($n)", "null"), ("$exists($n)", True), ("$o.n", None)]:
        assert compile_payload(f"{{% {text} %}}", "Output", engine)({"input": {}}, surroundings) == wanted


def test_functions_that_default_to_the_context_find_none(scope, engine):
    surroundings = scope(variables={"s": "abc", "n": None})
    value = compile_payload("{% $type($n) & $s & $string($exists($substring(1))) %}", "Output", engine)
    assert value({"input": {}}, surroundings) == "nullabcfalse"


def test_time_comes_from_the_scope(scope, engine):
    flow = compile_payload(["{% $now() %}", "{% $millis() %}", "{% $now('[Y]') %}"], "Output", engine)
    assert flow({"input": {}}, scope(moment=1_700_000_000.123)) == [
        "2023-11-14T22:13:20.123Z",
        1_700_000_000_123,
        "2023",
    ]


@pytest.mark.parametrize("text", ["1 +", "a[1,2)", "", "'x"])
def test_text_that_does_not_parse_is_refused_at_once(text, engine):
    with pytest.raises(ExpressionSyntaxError):
        compile_payload("{% " + text + " %}", "Output", engine)


def test_no_engine_is_imported_before_one_is_needed():
    code = (
        "import sys, asl_local\n"
        "from asl_local.language.jsonata import compile_payload\n"
        "compile_payload({'a': 1}, 'Output')\n"
        "assert not {'jlens', 'jsonata2py'} & set(sys.modules), 'an engine was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_an_engine_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jlens", None)
    monkeypatch.setitem(sys.modules, "jsonata2py", None)
    for module in ("engine_jlens", "engine_jsonata2py"):
        monkeypatch.delitem(sys.modules, f"asl_local.language.jsonata.{module}", raising=False)
    with pytest.raises(NoEngine, match=r"pip install 'asl-local\[jsonata\]'"):
        load_engine()
