"""definitions: whatever is drawn is valid, everything of the language comes up, and all of it shrinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import asl_local
from asl_local.definition.grammar import STATE_TYPES
from asl_local.language.choice import OPERATORS
from asl_local.language.intrinsic_functions import FUNCTIONS as INTRINSIC
from asl_local.strategies import definition_inputs, definitions, inputs
from asl_local.strategies.definitions import FUNCTIONS
from asl_local.strategies.definitions.blocks import Builder, Options
from asl_local.strategies.definitions.jsonata import FUNCTIONS as JSONATA_FUNCTIONS
from asl_local.strategies.definitions.jsonpath import FUNCTIONS as JSONPATH_FUNCTIONS
from asl_local.strategies.definitions.jsonpath import JsonPath

LANGUAGES = ["JSONPath", "JSONata", None]


def states_of(block: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in block["States"].items():
        yield name, state
        for inner in [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from states_of(inner)


def has(kind: str) -> Any:
    return lambda definition: any(state["Type"] == kind for _, state in states_of(definition))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_definition_is_valid_and_runs(language: Any) -> None:
    @settings(max_examples=20)
    @given(definitions(language), definition_inputs())
    def run(definition: dict[str, Any], value: Any) -> None:
        assert [each for each in asl_local.validate(definition) if each.severity == "ERROR"] == []
        result = asl_local.load(definition).simulate(value, {"*": lambda event: event})
        assert result.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")

    run()


def drawn(strategy: st.SearchStrategy[Any], examples: int) -> list[Any]:
    """So many values, the same ones every time."""
    found = []

    @settings(
        max_examples=examples, derandomize=True, phases=[Phase.generate], database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def run(value: Any) -> None:
        found.append(value)

    run()
    return found


def test_everything_of_the_language_comes_up() -> None:
    found = drawn(definitions(), 120)
    text = str(found)
    states = [state for definition in found for _, state in states_of(definition)]
    assert {state["Type"] for state in states} == set(STATE_TYPES)
    for word in ("Retry", "Catch", "ItemSelector", "Assign", "InputPath", "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency",
                 "DISTRIBUTED", "Arguments", "Output", "Condition", "Items", "Timestamp"):  # fmt: skip
        assert f"'{word}'" in text, word
    assert any("'Map'" in str(state.get("Branches", state.get("ItemProcessor", ""))) for state in states)
    assert any(state.get("QueryLanguage") == "JSONata" for state in states)
    assert {definition.get("QueryLanguage", "JSONPath") for definition in found} == {"JSONPath", "JSONata"}


@st.composite
def rules(draw: Any) -> str:
    """A rule for every operator, where it is the only one."""
    return repr(
        [JsonPath(Builder(draw, Options(operators=frozenset([name])), "JSONPath")).rule() for name in OPERATORS]
    )


def test_every_operator_comes_up() -> None:
    text = "".join(drawn(rules(), 15))
    assert [name for name in [*OPERATORS, "And", "Or", "Not"] if f"'{name}'" not in text] == []


def test_every_function_has_calls_that_are_valid() -> None:
    assert JSONPATH_FUNCTIONS.keys() == INTRINSIC.keys()
    assert JSONPATH_FUNCTIONS.keys() | JSONATA_FUNCTIONS.keys() == FUNCTIONS
    for name, calls in JSONPATH_FUNCTIONS.items():
        for call in calls:
            assert f"{name}(" in call
            asl_local.load(
                {"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"r.$": call}, "End": True}}}
            )
    for name, calls in JSONATA_FUNCTIONS.items():
        for call in calls:
            text = f"{{% {call.format(*['$states.input'] * 2)} %}}"
            assert f"{name}(" in text
            state = {"Type": "Pass", "Output": text, "End": True}
            asl_local.load({"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": state}})


@settings(max_examples=10)
@given(definitions("JSONPath", variables=False), definitions("JSONata"))
def test_a_language_can_be_asked_for(jsonpath: dict[str, Any], jsonata: dict[str, Any]) -> None:
    assert "QueryLanguage" not in str(jsonpath)
    assert jsonata["QueryLanguage"] == "JSONata"
    assert ".$'" not in str(jsonata)


def test_what_is_not_wanted_does_not_come_up() -> None:
    @settings(max_examples=40)
    @given(definitions(depth=0, timed=False, variables=False, distributed=False, operators=["IsNull"], functions=[]))
    def run(definition: dict[str, Any]) -> None:
        text = str(definition)
        for word in (
            "Branches",
            "ItemProcessor",
            "TimeoutSeconds",
            "'Seconds': 2",
            "Assign",
            "DISTRIBUTED",
            "States.Array",
            "$merge",
            "$uuid",
        ):
            assert word not in text
        assert not [
            name for name in OPERATORS if f"'{name}'" in text and name not in ("IsNull", "IsPresent", "NumericLessThan")
        ]

    run()


@settings(max_examples=15)
@given(st.data())
def test_inputs_of_definitions_are_inputs_of_machines(data: st.DataObject) -> None:
    machine = asl_local.load(data.draw(definitions()))
    machine.simulate(data.draw(inputs(machine, near_misses=True)), asl_local.mock_answers(machine))


SMALLEST = {
    "Pass": {"StartAt": "Pass1", "States": {"Pass1": {"Type": "Pass", "End": True}}},
    "Task": {"StartAt": "Task1", "States": {"Task1": {
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Task1", "End": True}}},
    "Succeed": {"StartAt": "Pass1", "States": {"Pass1": {"Type": "Pass", "Next": "End2"}, "End2": {"Type": "Succeed"}}},
    "Parallel": {"StartAt": "Parallel2", "States": {"Parallel2": {"Type": "Parallel", "Branches": [
        {"StartAt": "Pass1", "States": {"Pass1": {"Type": "Pass", "End": True}}}], "End": True}}},
    "Map": {"StartAt": "Items3", "States": {
        "Items3": {"Type": "Pass", "Parameters": {"items": [], "n": 1}, "Next": "Map1"},
        "Map1": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {
            "StartAt": "Pass2", "States": {"Pass2": {"Type": "Pass", "End": True}}}, "End": True}}},
}  # fmt: skip


@pytest.mark.parametrize("kind", SMALLEST)
def test_the_smallest_definition_with_a_state_of_a_type(kind: str) -> None:
    assert find(definitions("JSONPath"), has(kind)) == SMALLEST[kind]
