"""Inspection takes the data flow apart; put together again it must be the engine's own."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import asl_local

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Work"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["x", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), VALUES, min_size=2)
PATHS = st.sampled_from(["$", "$.a", "$.b.c", "$.a[0]", None])
PLACES = st.sampled_from(["$", "$.a", "$.new.place", None])
PAYLOADS = st.sampled_from([{"n.$": "$"}, {"n.$": "$.a", "m": [1]}, {"n.$": "States.Array($.a, $$.State.Name)"}])
FLOWS = st.fixed_dictionaries(
    {},
    optional={
        "InputPath": PATHS, "Parameters": PAYLOADS, "ResultSelector": PAYLOADS, "ResultPath": PLACES,
        "OutputPath": PATHS, "Assign": PAYLOADS,
    },
)  # fmt: skip
EXPRESSIONS = st.sampled_from(["{% $states.input.a %}", {"n": "{% $states.input %}"}, "{% $states.input.b.c %}", [1]])
RESULTS = st.sampled_from(["{% $states.result %}", {"n": "{% $states.result.a %}"}, "{% $states.input.a %}"])


def agree(state: dict[str, Any], value: Any, result: Any) -> None:
    """The same state as a machine with a handler, and as a test with a mock."""
    machine = asl_local.load({"StartAt": "StateName", "States": {"StateName": {**state, "End": True}}})
    ran = machine.simulate(value, {"Work": lambda _event: result})
    tested = asl_local.test_state(
        {**state, "Next": "B"}, input=value, inspectionLevel="DEBUG",
        **({"mock": {"result": json.dumps(result)}} if state["Type"] == "Task" else {}),
    )  # fmt: skip
    if ran.status == "SUCCEEDED":
        assert tested["status"] == "SUCCEEDED"
        assert json.loads(tested["output"]) == ran.output
    else:
        assert tested["status"] == "FAILED"
        assert tested["error"] == ran.error
        assert (ran.cause or "").endswith(tested["cause"])


@given(FLOWS, OBJECTS, VALUES)
def test_a_task_in_jsonpath(flow: dict[str, Any], value: Any, result: Any) -> None:
    agree({"Type": "Task", "Resource": ARN, **flow}, value, result)


@given(FLOWS, OBJECTS, st.none() | VALUES)
def test_a_pass_in_jsonpath(flow: dict[str, Any], value: Any, result: Any) -> None:
    flow.pop("ResultSelector", None)
    agree({"Type": "Pass", **flow, **({} if result is None else {"Result": result})}, value, None)


@given(
    st.fixed_dictionaries(
        {}, optional={"Arguments": EXPRESSIONS, "Output": RESULTS, "Assign": st.just({"v": "{% 1 %}"})}
    ),
    OBJECTS,
    VALUES,
)
def test_a_task_in_jsonata(flow: dict[str, Any], value: Any, result: Any) -> None:
    agree({"Type": "Task", "Resource": ARN, "QueryLanguage": "JSONata", **flow}, value, result)
