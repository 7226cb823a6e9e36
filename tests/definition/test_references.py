"""Which variables each state reads, as DescribeStateMachine tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asl_local.definition.references import variable_references


def references(state: dict[str, Any], **machine: Any) -> list[str]:
    return variable_references({"StartAt": "S", "States": {"S": state}, **machine}).get("S", [])


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ({"Parameters": {"a.$": "$x", "b": "$static", "c": {"d.$": "$y.z[0]"}}}, ["x", "y"]),
        ({"InputPath": "$x", "OutputPath": "$y"}, ["x", "y"]),
        ({"ItemsPath": "$list", "ItemSelector": {"a.$": "$$.Map.Item.Value", "b.$": "$.c"}}, ["list"]),
        ({"Parameters": {"a.$": "States.Format('$no {}', $yes, $.path)"}}, ["yes"]),
        ({"Parameters": {"a.$": "$['$no']"}}, []),
        ({"Choices": [{"And": [{"Variable": "$x", "NumericEqualsPath": "$y.z"}], "Next": "S"}]}, ["x", "y"]),
        ({"TimeoutSecondsPath": "$limit", "Comment": "$no", "Result": {"a.$": "$no"}}, ["limit"]),
        ({"Assign": {"x": "$no", "y.$": "$x"}, "Catch": [{"Assign": {"z.$": "$y"}}]}, ["x", "y"]),
        ({"Parameters": {"SomePath": "$no"}}, []),
        ({"Parameters": {"a.$": "$.a.$b"}}, []),
    ],
)
def test_jsonpath(state: dict[str, Any], names: list[str]) -> None:
    assert references(state) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("$x + $y.z", ["x", "y"]),
        ("$states.input.a & $states.context.Execution.Id", []),
        ("$sum($list) + $count($states.input)", ["list"]),
        ("$map($list, $uppercase)", ["list"]),
        ("($a := $x; $a + $b)", ["b", "x"]),
        ("$map($list, function($v, $i) { $v * $i * $factor })", ["factor", "list"]),
        ("$reduce($list, λ($sum2, $v) { $sum2 + $v })", ["list"]),
        ("'$no' & \"$no\" & /* $no */ $x.`$no` & $yes", ["x", "yes"]),
        ("$states.input.items[$ > $limit].$$", ["limit"]),
        ("a@$bound.b#$at.(c[$bound.id = $wanted and $at > 0])", ["wanted"]),
        ("$größe", ["größe"]),
    ],
)
def test_jsonata(text: str, names: list[str]) -> None:
    state = {"QueryLanguage": "JSONata", "Output": {"a": [f"{{% {text} %}}", "$static"]}}
    assert references(state) == names


def test_the_machines_language_counts_and_a_states_own_more() -> None:
    state = {"Output": "{% $x %}", "InputPath": "$y"}
    assert references(state, QueryLanguage="JSONata") == ["x"]
    assert references(state) == ["y"]
    assert references({**state, "QueryLanguage": "JSONata"}) == ["x"]


def test_states_inside_answer_for_themselves() -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "InputPath": "$inner", "End": True}}}
    other = {"StartAt": "B", "States": {"B": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $b %}"}}}
    definition = {
        "StartAt": "M",
        "States": {
            "M": {"Type": "Map", "ItemsPath": "$outer", "ItemProcessor": inner, "Next": "P"},
            "P": {"Type": "Parallel", "Branches": [other], "End": True},
        },
    }
    assert variable_references(definition) == {"M": ["outer"], "I": ["inner"], "B": ["b"]}


def test_what_is_recorded(shared: Path) -> None:
    cases = json.loads((shared / "conformance" / "cases" / "api.json").read_text("utf-8"))["cases"]
    seen = 0
    for case in cases:
        given = case["steps"][0]["request"].get("definition")
        for step in case["steps"]:
            expected = (step.get("expect") or {}).get("response", {})
            if "api_variable_references" in case["id"] and step["op"] == "describe_state_machine":
                seen += 1
                assert variable_references(json.loads(given)) == expected.get("variableReferences", {}), case["id"]
    assert seen > 5
