"""The compiled plan: who matches what, how long a retry waits, how a Resource is taken apart."""

from __future__ import annotations

import math
from typing import Any

import pytest

import asl_local
from asl_local.plan import Retrier, states
from asl_local.plan import compile as compiling
from asl_local.plan.plan import LONGEST_DELAY, matches
from asl_local.plan.states import resource_of

NAMES = {
    "ALL": frozenset({"States.ALL"}),
    "TaskFailed": frozenset({"States.TaskFailed"}),
    "Timeout": frozenset({"States.Timeout"}),
}


@pytest.mark.parametrize(
    ("error", "by_name", "all_", "task_failed", "timeout"),
    [
        ("Own", True, True, True, False),
        ("", False, True, True, False),
        ("States.Timeout", True, True, False, True),
        ("States.HeartbeatTimeout", True, True, True, True),
        ("States.Runtime", False, False, False, False),
        ("States.DataLimitExceeded", True, False, False, False),
        ("States.Permissions", True, True, True, False),
        ("States.IntrinsicFailure", True, True, True, False),
        ("States.NoChoiceMatched", True, True, True, False),
    ],
)
def test_who_matches_an_error(error: str, by_name: bool, all_: bool, task_failed: bool, timeout: bool) -> None:
    assert matches(frozenset({"Other", error} if error else {"Other"}), error) is by_name
    assert matches(NAMES["ALL"], error) is all_
    assert matches(NAMES["TaskFailed"], error) is task_failed
    assert matches(NAMES["Timeout"], error) is timeout


def test_a_tasks_result_that_is_too_large_is_for_the_wildcards_too() -> None:
    assert matches(NAMES["ALL"], "States.DataLimitExceeded", task_result=True)
    assert matches(NAMES["TaskFailed"], "States.DataLimitExceeded", task_result=True)
    assert not matches(NAMES["Timeout"], "States.DataLimitExceeded", task_result=True)


def retrier(interval: float = 1, backoff: float = 2.0, cap: float | None = None) -> Retrier:
    return Retrier(frozenset({"E"}), interval, 3, backoff, cap, False)


def test_delays_grow_to_their_cap() -> None:
    assert [retrier(3, 1.5).delay(used) for used in range(3)] == [3, 4.5, 6.75]
    assert [retrier(3, 10, 50).delay(used) for used in range(3)] == [3, 30, 50]
    assert retrier(99_999_999).delay(0) == LONGEST_DELAY
    assert retrier(2, 1e308).delay(5) == LONGEST_DELAY
    assert retrier(2, 1e308, 7).delay(99_999_999) == 7
    assert math.isfinite(retrier(1, 1.0).delay(99_999_999))


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", ("lambda", "", "")),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST", ("lambda", "", "")),
        ("arn:aws:states:::dynamodb:putItem", ("service", "dynamodb", "putItem")),
        ("arn:aws:states:::aws-sdk:s3:getObject", ("service", "aws-sdk:s3", "getObject")),
        ("arn:aws-cn:states:::sns:publish", ("service", "sns", "publish")),
        ("${Function}", ("lambda", "", "")),
    ],
)
def test_a_resource_is_taken_apart_as_the_history_shows_it(arn: str, expected: tuple[str, str, str]) -> None:
    resource = resource_of(arn)
    assert (resource.kind, resource.service, resource.action) == expected
    assert resource.arn == arn


def test_a_constant_function_name_is_known_before_anything_runs() -> None:
    arn = "arn:aws:states:::lambda:invoke"
    assert resource_of(arn, {"FunctionName": "f"}).function == "f"
    assert resource_of(arn, {"FunctionName.$": "$.f"}).function == ""
    assert resource_of(arn, {"FunctionName": 7}).function == ""
    assert resource_of(arn).function == ""


def test_the_fingerprint_is_the_definitions() -> None:
    def plan(**fields: Any) -> str:
        return asl_local.load(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True, **fields}}}
        ).plan.fingerprint

    assert plan() == plan()
    assert plan() != plan(Comment="other")


def test_a_plan_knows_every_state_at_every_level() -> None:
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    machine = asl_local.load(
        {
            "StartAt": "M/~",
            "States": {"M/~": {"Type": "Map", "ItemProcessor": inner, "Next": "P"},
                       "P": {"Type": "Parallel", "Branches": [{"StartAt": "C", "States": {"C": {"Type": "Succeed"}}}], "End": True}},
        }
    )  # fmt: skip
    assert list(machine.plan.states) == [
        "/States/M~1~0", "/States/M~1~0/ItemProcessor/States/B", "/States/P", "/States/P/Branches/0/States/C",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "End": True},
        {"Type": "Pass", "End": True, "Result": {"a": ["ü", 1]}, "Comment": "so"},
        {"Type": "Pass", "End": True, "Result": None, "ResultPath": "$", "InputPath": "$"},
        {"Type": "Succeed"},
    ],
)
def test_a_state_that_passes_on_is_compiled_as_any_other(
    state: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = {"StartAt": "A", "States": {"A": state}}
    with monkeypatch.context() as patched:
        patched.setattr(states, "COMPILERS", {})
        short = asl_local.load(tree).plan.top.start
    monkeypatch.setattr(compiling, "_passes_on", lambda _state, _compiled: False)
    assert short == asl_local.load(tree).plan.top.start


@pytest.mark.parametrize(
    "state",
    [
        {"Parameters": {"a.$": "$.b"}}, {"OutputPath": "$.b"}, {"InputPath": None}, {"ResultPath": "$.c"},
        {"Assign": {"x": 1}}, {"ResultPath": None}, {"QueryLanguage": "JSONata", "Output": "{% 1 %}"},
    ],
)  # fmt: skip
def test_any_other_state_is_not_taken_for_one(state: dict[str, Any]) -> None:
    tree = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True, **state}}}
    compiled = asl_local.load(tree).plan.top.start
    assert compiled.output or compiled.arguments or compiled.assign
