"""Payload templates, path fields and ResultPath."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.jsonpath import PathError
from asl_local.language.templates import (
    compile_expression,
    compile_path_field,
    compile_result_path,
    compile_template,
)
from asl_local.values import text_of

INPUT = {"name": "Ada", "n": 1, "list": [1, 2], "none": None, "deep": {"er": {"x": 5}}}


def failure(flow, value, scope):
    with pytest.raises(EvaluationError) as caught:
        flow(value, scope)
    return caught.value.error, caught.value.cause


TEMPLATES = [
    ({"a.$": "$.name"}, {"a": "Ada"}),
    ({"whole.$": "$"}, {"whole": INPUT}),
    ({"a.$": "$.deep.er.x", "b": 1, "c.$": "$.n"}, {"a": 5, "b": 1, "c": 1}),
    ({"o": {"p": {"q.$": "$.n", "r": []}}}, {"o": {"p": {"q": 1, "r": []}}}),
    ({"l": [1, {"x.$": "$.n"}, [{"y.$": "$.name"}], "$.n"]}, {"l": [1, {"x": 1}, [{"y": "Ada"}], "$.n"]}),
    ({"path": "$.name", "call": "States.UUID()"}, {"path": "$.name", "call": "States.UUID()"}),
    ({"s.$": "$$.State.Name", "c.$": "$$"}, {"s": "S", "c": {"State": {"Name": "S"}}}),
    ({"f.$": "States.Format('{}!', $.name)"}, {"f": "Ada!"}),
    ({"none.$": "$.none", "all.$": "$.list[*]", "no.$": "$.nope[*]"}, {"none": None, "all": [1, 2], "no": []}),
    ({"x.$.$": "$.n", "$": 1, "a.$b": 2}, {"x.$": 1, "$": 1, "a.$b": 2}),
    ({}, {}),
    ([{"x.$": "$.n"}, 2], [{"x": 1}, 2]),
    ("$.n", "$.n"),
    (None, None),
]


@pytest.mark.parametrize(("template", "wanted"), TEMPLATES, ids=range(len(TEMPLATES)))
def test_templates(template, wanted, scope):
    before = copy.deepcopy(template)
    result = compile_template(template)(INPUT, scope(State={"Name": "S"}))
    assert text_of(result) == text_of(wanted)  # the order of members too
    assert template == before


def test_literal_parts_are_shared_and_results_are_not(scope):
    literal = {"tags": ["a", "b"], "n": 1}
    assert compile_template(literal)(INPUT, scope()) is literal
    template = {"who": literal, "n.$": "$.n", "list": [literal, {"x.$": "$.n"}]}
    evaluate = compile_template(template)
    first, second = evaluate(INPUT, scope()), evaluate({"n": 2}, scope())
    assert first is not second
    assert (first["n"], second["n"]) == (1, 2)
    assert first["who"] is literal
    assert second["list"][0] is literal
    assert first["list"] is not second["list"]


def test_values_are_handed_on_not_copied(scope):
    assert compile_template({"d.$": "$.deep"})(INPUT, scope())["d"] is INPUT["deep"]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"a.$": 1}, r"The value for the field 'a\.\$' must be a string"),
        ({"a.$": {"b": 1}}, "must be a string"),
        ({"a.$": "name"}, "a path starts with"),
        ({"a.$": "$.a."}, "a name or a bracket is missing"),
        ({"a.$": "States.Nope()"}, "there is no function States.Nope"),
        ({"a": 1, "a.$": "$.n"}, r"'a' and 'a\.\$' cannot stand side by side"),
        ({"a.$": "$.n", "a": 1}, "side by side"),
        ({"deep": [{"er": {"a.$": ""}}]}, "a path starts with"),
    ],
)
def test_refuses(template, message):
    with pytest.raises(ExpressionSyntaxError, match=message):
        compile_template(template)


def test_a_missing_path_names_key_path_and_input(scope):
    value = {"int": 0, "ünï": [1.5, "x"]}
    runtime = "States.Runtime"
    assert failure(compile_template({"a": {"value.$": "$.no"}}), value, scope()) == (
        runtime,
        "The JSONPath '$.no' specified for the field 'value.$' could not be found in the input '{\"int\":0,\"ünï\":[1.5,\"x\"]}'",
    )
    assert failure(compile_template([{"x": 1, "y.$": "$.a.b"}]), {}, scope()) == (
        runtime,
        "The JSONPath '$.a.b' specified for the field 'y.$' could not be found in the input '{}'",
    )
    assert failure(compile_template({"x.$": "$$.Task.Token"}), {}, scope(State={})) == (
        runtime,
        "The JSONPath '$$.Task.Token' specified for the field 'x.$' could not be found in the input '{\"State\":{}}'",
    )


def test_the_key_of_the_path_that_fails_is_named(scope):
    template = compile_template({"a.$": "$.n", "b.$": "$.no", "c.$": "$.n"})
    assert "'$.no' specified for the field 'b.$'" in failure(template, INPUT, scope())[1]


def test_a_path_that_cannot_enter_a_value(scope):
    assert failure(compile_template({"x.$": "$.name[0]"}), INPUT, scope()) == (
        "States.Runtime",
        "Invalid path '$.name[0]' : Filter: [0] can only be applied to arrays. Current context is: Ada",
    )


def test_a_missing_path_in_a_call(scope):
    template = compile_template({"x.$": "States.Format('{} {}', $.n, $.no)"})
    assert failure(template, {"n": 1}, scope()) == (
        "States.Runtime",
        (
            "The function 'States.Format('{} {}', $.n, $.no)' had the following error: "
            "The JsonPath argument for the field '$.no' could not be found in the input '{\"n\":1}'"
        ),
    )
    template = compile_template({"x.$": "States.Array($$.Task.Token)"})
    assert (
        "field '$$.Task.Token' could not be found in the input '{\"State\":{}}'"
        in failure(template, 1, scope(State={}))[1]
    )


def test_bad_data_in_a_call_is_an_intrinsic_failure(scope):
    error, cause = failure(compile_template({"x.$": "States.ArrayLength($.name)"}), INPUT, scope())
    assert error == "States.IntrinsicFailure"
    assert cause.startswith("The function 'States.ArrayLength($.name)' had the following error: argument 1")


@pytest.mark.parametrize("path", ["$", "$.a", "$.a[*]", "$..a"])
def test_null_input_takes_no_path(path, scope):
    expected = ("States.Runtime", "Unable to apply Path transformation to null or empty input.")
    assert failure(compile_template({"x.$": path}), None, scope()) == expected
    if path != "$":
        assert failure(compile_path_field(path), None, scope()) == expected


def test_null_input_leaves_the_context_object(scope):
    scope = scope(State={"Name": "S"})
    assert compile_template({"x.$": "$$.State.Name"})(None, scope) == {"x": "S"}
    assert failure(compile_path_field("$$.no"), None, scope)[1] == "Invalid path '$$.no' : No results for path: $['no']"


def test_expressions_let_a_missing_path_through(scope):
    assert compile_expression("$.n")(INPUT, scope()) == 1
    assert compile_expression("States.MathAdd($.n, 1)")(INPUT, scope()) == 2
    for text in ("$.no", "States.MathAdd($.no, 1)"):
        with pytest.raises(PathError, match="No results for path"):
            compile_expression(text)(INPUT, scope())


# ------------------------------------------------------------------------------------------------------ path fields


def test_path_fields(scope):
    assert compile_path_field("$")(INPUT, scope()) is INPUT
    assert compile_path_field("$")(None, scope()) is None
    assert compile_path_field("$.deep.er")(INPUT, scope()) is INPUT["deep"]["er"]
    assert compile_path_field("$.list[?(@ > 1)]")(INPUT, scope()) == [2]
    assert compile_path_field("$$.State.Name")(INPUT, scope(State={"Name": "S"})) == "S"
    assert failure(compile_path_field("$.X"), INPUT, scope()) == (
        "States.Runtime",
        "Invalid path '$.X' : No results for path: $['X']",
    )
    assert failure(compile_path_field("$.no.such.result.path"), {}, scope())[1] == (
        "Invalid path '$.no.such.result.path' : Missing property in path $['no']"
    )
    with pytest.raises(ExpressionSyntaxError):
        compile_path_field("X")


# ------------------------------------------------------------------------------------------------------- ResultPath

PLACED = [
    (None, {"a": 1}, {"a": 1}),
    ("$", {"a": 1}, "R"),
    ("$", None, "R"),
    ("$.r", {"a": 1}, {"a": 1, "r": "R"}),
    ("$.a", {"a": {"b": 1}, "c": 2}, {"a": "R", "c": 2}),
    ("$.a.b", {"a": {"b": 1, "c": 2}}, {"a": {"b": "R", "c": 2}}),
    ("$.x.y.z", {"a": 1}, {"a": 1, "x": {"y": {"z": "R"}}}),
    ("$['a b']['c.d']", {}, {"a b": {"c.d": "R"}}),
    ("$.l[1]", {"l": [1, 2, 3]}, {"l": [1, "R", 3]}),
    ("$.l[0].x.y", {"l": [{"w": 1}]}, {"l": [{"w": 1, "x": {"y": "R"}}]}),
    ("$[0]", [1, 2], ["R", 2]),
]


@pytest.mark.parametrize(("path", "raw", "wanted"), PLACED)
def test_result_path(path, raw, wanted):
    before = copy.deepcopy(raw)
    assert text_of(compile_result_path(path)(raw, "R")) == text_of(wanted)
    assert raw == before


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("$.r", "text"), ("$.r", [1]), ("$.r", None), ("$.a.b", {"a": 1}), ("$.a.b", {"a": None}), ("$.a.b", {"a": []}), ("$.a[0]", {}),
        ("$.a[0]", {"a": {}}), ("$.a[1]", {"a": [1]}), ("$[0]", {}), ("$.a[0].b", {"a": ["x"]}),
    ],
)  # fmt: skip
def test_result_path_without_a_place(path, raw):
    with pytest.raises(EvaluationError) as caught:
        compile_result_path(path)(raw, "R")
    assert caught.value.error == "States.ResultPathMatchFailure"
    assert caught.value.cause == f"Unable to apply ReferencePath {path} to input {text_of(raw)}"


@pytest.mark.parametrize("path", ["$$.a", "$x", "$.a[*]", "$.a[-1]", "$..a", "a", "", "$.", "$['a','b']"])
def test_result_path_is_a_reference_path_into_the_input(path):
    with pytest.raises(ExpressionSyntaxError):
        compile_result_path(path)


def test_only_the_way_is_copied():
    raw = {"a": {"b": {"old": 1}, "other": [1]}, "beside": {"x": 1}}
    output = compile_result_path("$.a.b.new")(raw, "R")
    assert output["beside"] is raw["beside"]
    assert output["a"]["other"] is raw["a"]["other"]
    assert raw["a"]["b"] == {"old": 1}
    assert output["a"]["b"] == {"old": 1, "new": "R"}


NAMES = st.sampled_from(["a", "b", "c d", "é"])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.just("$.a"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_a_template_without_expressions_is_its_own_result(payload):
    assert compile_template(payload)({"a": 1}, None) is payload


@given(VALUES, st.dictionaries(NAMES, st.integers(), min_size=4, max_size=4))
def test_a_template_is_its_payload_with_the_expressions_filled_in(payload, value):
    """Every integer in the payload becomes an expression that finds an integer."""
    names = list(value)

    def expressions(node):
        if isinstance(node, dict):
            return dict(
                (f"{key}.$", f"$['{names[item % 4]}']") if isinstance(item, int) else (key, expressions(item))
                for key, item in node.items()
            )
        return [expressions(item) for item in node] if isinstance(node, list) else node

    def filled(node):
        if isinstance(node, dict):
            return {
                key: value[names[item % 4]] if isinstance(item, int) else filled(item) for key, item in node.items()
            }
        return [filled(item) for item in node] if isinstance(node, list) else node

    assert text_of(compile_template(expressions(payload))(value, None)) == text_of(filled(payload))


def test_variables_in_templates(scope):
    here = scope(variables={"x": {"a": [1, 2]}, "n": 3})
    template = compile_template({"a.$": "$x.a[1]", "b": [{"c.$": "States.MathAdd($n, $.d)"}], "n.$": "$n"})
    assert template({"d": 4}, here) == {"a": 2, "b": [{"c": 7}], "n": 3}


def test_a_variable_without_a_value_is_told_like_a_path_that_finds_nothing(scope):
    here = scope(variables={"x": {"a": 1}})
    with pytest.raises(EvaluationError) as caught:
        compile_template({"v.$": "$x.b"})({"b": 1}, here)
    assert caught.value.cause == (
        """The JSONPath '$x.b' specified for the field 'v.$' could not be found in the input '{"a":1}'"""
    )
    with pytest.raises(EvaluationError, match=r"'\$y.b' specified for the field 'v.\$' could not be found"):
        compile_template({"v.$": "$y.b"})({"b": 1}, here)
