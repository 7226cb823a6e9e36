"""Loops in a definition: what ends them is a counter, what a task answers, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local
from asl_local.testing.bounds import Loop

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def polling(rule: dict[str, Any], *, ask: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Ask, see whether it is done, wait, ask again."""
    return {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": f"{LAMBDA}ask",
                "ResultPath": "$.status",
                "Next": "Done?",
                **(ask or {}),
            },
            "Done?": {"Type": "Choice", "Choices": [{**rule, "Next": "Ready"}], "Default": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Ask"},
            "Ready": {"Type": "Succeed"},
            **more,
        },
    }


READY = {"Variable": "$.status", "StringEquals": "READY"}


def loop_of(definition: dict[str, Any]) -> Loop:
    (loop,) = asl_local.load(definition).bounds().loops
    return loop


def codes(definition: dict[str, Any]) -> list[str]:
    return [each.code for each in asl_local.load(definition).bounds().warnings]


def test_a_loop_that_only_a_tasks_answer_ends() -> None:
    found = asl_local.load(polling(READY)).bounds()
    (loop,) = found.loops
    assert (loop.kind, loop.states, loop.pointer) == ("answered", ("Ask", "Done?", "Wait"), "/States/Ask")
    assert "'Done?' looks at $.status, which is what a task answers" in loop.why
    (warned,) = found.warnings
    assert (warned.code, warned.path) == ("UNBOUNDED_LOOP", "/States/Ask")
    assert "after about 2,778 turns, 46.3 hours of waiting, event 25,000 ends the execution" in warned.message
    assert found.events.endless == found.seconds.endless == ("the loop Ask -> Done? -> Wait -> Ask",)
    assert not found.seconds.is_known


def test_a_time_limit_ends_it() -> None:
    assert codes({**polling(READY), "TimeoutSeconds": 3600}) == []


def test_a_loop_whose_way_out_looks_at_what_never_changes() -> None:
    loop = loop_of(polling({"Variable": "$.state", "StringEquals": "READY"}))
    assert loop.kind == "endless"
    assert loop.why == "'Done?' looks at $.state, which nothing in the loop changes"
    limited = {**polling({"Variable": "$.state", "StringEquals": "READY"}), "TimeoutSeconds": 6000}
    assert codes(limited) == ["UNBOUNDED_LOOP"]


def test_a_loop_that_sets_it_to_a_constant() -> None:
    definition = polling(READY, ask={"Type": "Pass", "Result": "WAIT", "ResultPath": "$.status"})
    del definition["States"]["Ask"]["Resource"]
    loop = loop_of(definition)
    assert (loop.kind, "only ever sets to the same value" in loop.why) == ("endless", True)


def test_a_loop_without_a_choice() -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "B"},
            "B": {"Type": "Task", "Resource": f"{LAMBDA}b", "Next": "A",
                  "Catch": [{"ErrorEquals": ["Stop"], "Next": "C"}]},
            "C": {"Type": "Succeed"},
        },
    }  # fmt: skip
    loop = loop_of(definition)
    assert (loop.kind, loop.why) == ("endless", "no Choice leads out of it; only an error does")


COUNT = {
    "Type": "Pass",
    "Parameters": {"n.$": "States.MathAdd($.count.n, 1)"},
    "ResultPath": "$.count",
    "Next": "Enough?",
}


@pytest.mark.parametrize(
    ("count", "enough"),
    [
        (COUNT, {"Variable": "$.count.n", "NumericGreaterThan": 5}),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $merge([$states.input, {'n': $states.input.n + 1}]) %}"},
            {"Variable": "$.n", "NumericGreaterThan": 5},
        ),
        (
            {"Type": "Pass", "Assign": {"n.$": "States.MathAdd($n, 1)"}},
            {"Variable": "$n", "NumericGreaterThan": 5},
        ),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"n": "{% $n + 1 %}"}},
            {"Variable": "$n", "NumericGreaterThan": 5},
        ),
        (COUNT, {"Variable": "$$.State.EnteredTime", "TimestampGreaterThanPath": "$.until"}),
        (
            {"Type": "Pass", "Parameters": {"left.$": "$.left[1:]"}, "ResultPath": "$"},
            {"Variable": "$.left[0]", "IsPresent": False},
        ),
    ],
    ids=["path", "jsonata", "variable", "jsonata variable", "clock", "list"],
)  # fmt: skip
def test_counted_loops_are_not_warned_of(count: dict[str, Any], enough: dict[str, Any]) -> None:
    definition = polling(
        READY,
        ask={"Next": "Count"},
        Count={**count, "Next": "Enough?"},
        **{"Enough?": {"Type": "Choice", "Choices": [{**enough, "Next": "Ready"}], "Default": "Done?"}},
        Start={"Type": "Pass", "Assign": {"n": 0}, "Next": "Ask"},
    )
    definition["StartAt"] = "Start"
    found = asl_local.load(definition).bounds()
    assert [loop.kind for loop in found.loops] == ["counted"]
    assert found.warnings == []
    assert found.seconds.unknown
    assert not found.seconds.endless


@pytest.mark.parametrize(
    ("keep", "grows"),
    [
        ({"Parameters": {"log.$": "States.Array($.log, $.status)", "status.$": "$.status"}}, ("$.log",)),
        ({"Parameters": {"log.$": "States.Format('{} {}', $.log, $.status)"}, "ResultPath": "$.kept"}, ()),
        (
            {"Parameters": {"log.$": "States.Format('{} {}', $.kept.log, $.status)"}, "ResultPath": "$.kept"},
            ("$.kept.log",),
        ),
        ({"Assign": {"log.$": "States.Array($log, $.status)"}}, ("$log",)),
        ({"QueryLanguage": "JSONata", "Assign": {"log": "{% $append($log, $states.input.status) %}"}}, ("$log",)),
        ({"QueryLanguage": "JSONata", "Assign": {"log": "{% [$log, $states.input.status] %}"}}, ("$log",)),
        ({"QueryLanguage": "JSONata", "Assign": {"log": "{% $log & $states.input.status %}"}}, ("$log",)),
        ({"QueryLanguage": "JSONata", "Assign": {"last": "{% $states.input.status %}"}}, ()),
        ({"Parameters": {"n.$": "States.MathAdd($.kept.n, 1)"}, "ResultPath": "$.kept"}, ()),
    ],
)
def test_what_every_turn_makes_longer(keep: dict[str, Any], grows: tuple[str, ...]) -> None:
    definition = polling(
        READY, ask={"Next": "Keep"}, Keep={"Type": "Pass", "Next": "Done?", **keep},
        Start={"Type": "Pass", "Assign": {"log": "", "last": ""}, "Next": "Ask"},
    )  # fmt: skip
    definition["StartAt"] = "Start"
    found = asl_local.load(definition).bounds()
    assert found.loops[0].grows == grows
    assert all(("grows with every turn" in each.message) == bool(grows) for each in found.warnings)
    assert ("every turn makes" in str(found)) == bool(grows)


def test_a_state_that_leads_to_itself() -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Task", "Resource": f"{LAMBDA}a", "Next": "B",
                  "Catch": [{"ErrorEquals": ["Again"], "Next": "A"}]},
            "B": {"Type": "Succeed"},
        },
    }  # fmt: skip
    assert loop_of(definition).states == ("A",)


def test_loops_inside_of_maps_are_found() -> None:
    inner = polling(READY)
    definition = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    assert loop_of(definition).pointer == "/States/M/ItemProcessor/States/Ask"
    assert codes(definition) == ["UNBOUNDED_LOOP"]


def test_a_default_that_leads_out() -> None:
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {"Type": "Task", "Resource": f"{LAMBDA}ask", "Next": "More?"},
            "More?": {"Type": "Choice", "Choices": [{"Variable": "$.more", "BooleanEquals": True, "Next": "Ask"}],
                      "Default": "Ready"},
            "Ready": {"Type": "Succeed"},
        },
    }  # fmt: skip
    assert loop_of(definition).kind == "answered"


def test_several_ways_round_are_not_shown_as_one() -> None:
    again = {"Variable": "$.status", "StringEquals": "AGAIN"}
    definition = polling(READY)
    definition["States"]["Done?"]["Choices"].append({**again, "Next": "Nap"})
    definition["States"]["Nap"] = {"Type": "Wait", "Seconds": 1, "Next": "Ask"}
    assert not loop_of(definition).ring
    assert loop_of(definition).turn.endswith(" (several ways round)")
    assert loop_of(polling(READY)).turn == "Ask -> Done? -> Wait -> Ask"
