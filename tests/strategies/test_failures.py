"""failure_plans: everything that a Task can meet comes up, in every attempt, and nothing is the smallest plan."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

import asl_local
from asl_local import mock
from asl_local.strategies import Failure, FailurePlan, answers, failure_plans

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
SHOP = asl_local.load({"StartAt": "Charge", "States": {
    "Charge": {"Type": "Task", "Resource": f"{LAMBDA}charge", "TimeoutSeconds": 30, "HeartbeatSeconds": 10,
               "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
               "Catch": [{"ErrorEquals": ["Declined"], "Next": "Refuse"}], "ResultPath": "$.charged", "Next": "Ship"},
    "Ship": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "t", "Item": {}}, "End": True},
    "Refuse": {"Type": "Pass", "End": True}}})  # fmt: skip
HANDLERS = {"charge": lambda event: {"id": 1}, "arn:aws:states:::dynamodb:putItem": lambda event: {}}


def drawn(**options: Any) -> list[FailurePlan]:
    found: list[FailurePlan] = []

    @settings(
        max_examples=200,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(failure_plans(SHOP, **options))
    def run(plan: FailurePlan) -> None:
        found.append(plan)

    run()
    return found


def test_everything_that_a_task_can_meet_comes_up() -> None:
    found = {(failure.state, failure.name) for plan in drawn() for failure in plan.failures}
    assert found == {
        ("Charge", "Busy"), ("Charge", "Declined"), ("Charge", "Lambda.TooManyRequestsException"), ("Charge", "UnlistedError"),
        ("Charge", "States.Timeout"), ("Charge", "States.HeartbeatTimeout"), ("Charge", "States.DataLimitExceeded"),
        ("Ship", "DynamoDB.ProvisionedThroughputExceededException"), ("Ship", "UnlistedError"),
        ("Ship", "States.DataLimitExceeded"),
    }  # fmt: skip
    attempts = {(failure.state, failure.attempt) for plan in drawn(kinds=["errors"]) for failure in plan.failures}
    assert attempts == {("Charge", None), ("Charge", 0), ("Charge", 1), ("Charge", 2)}


@pytest.mark.parametrize(
    ("failure", "ends"),
    [
        (Failure("Charge", "Busy"), ("SUCCEEDED", None)),
        (Failure("Charge", "Busy", 1), ("SUCCEEDED", None)),
        (Failure("Charge", "Busy", None), ("FAILED", "Busy")),
        (Failure("Charge", "Declined"), ("SUCCEEDED", None)),
        (Failure("Charge", "UnlistedError"), ("FAILED", "UnlistedError")),
        (Failure("Charge", "States.Timeout", silent=True), ("FAILED", "States.Timeout")),
        (Failure("Ship", "States.DataLimitExceeded"), ("FAILED", "States.DataLimitExceeded")),
    ],
    ids=str,
)
def test_a_failure_happens_as_planned(failure: Failure, ends: tuple[str, str | None]) -> None:
    plan = FailurePlan(failure)
    result = SHOP.simulate({}, HANDLERS, mocks=plan)
    assert (result.status, result.error) == ends
    again = SHOP.simulate({}, HANDLERS, mocks=plan.over({"Ship": {}}))
    assert (again.status, again.error) == ends


def test_several_failures_of_one_state() -> None:
    plan = FailurePlan(
        Failure("Charge", "Busy"), Failure("Charge", "Declined", 1), Failure("Charge", "UnlistedError", None)
    )
    result = SHOP.simulate({}, HANDLERS, mocks=plan)
    assert result.output["Error"] == "Declined"
    assert [event.type for event in result.history].count("LambdaFunctionFailed") == 2


def test_a_plan_says_what_it_is() -> None:
    plan = FailurePlan(Failure("Charge", "Busy"), Failure("Charge", "Declined", 1), Failure("Ship", "E", None))
    assert repr(plan) == "FailurePlan('Charge: Busy', 'Charge: Declined, attempt 2', 'Ship: E, always')"
    assert plan == FailurePlan(*plan.failures)
    assert plan != FailurePlan()
    assert len({plan, FailurePlan(*plan.failures)}) == 1
    assert list(plan.keys()) == ["Charge", "Ship"]
    with pytest.raises(KeyError):
        plan["Refuse"]


def test_plans_shrink_to_nothing_and_to_one_failure() -> None:
    assert find(failure_plans(SHOP), lambda plan: True) == FailurePlan()
    fails = lambda plan: SHOP.simulate({}, HANDLERS, mocks=plan).status == "FAILED"  # noqa: E731
    assert find(failure_plans(SHOP), fails) == FailurePlan(Failure("Charge", "Busy", None))


@given(failure_plans(SHOP), answers(SHOP))
def test_answers_and_failures_go_together(plan: FailurePlan, found: Any) -> None:
    result = SHOP.simulate({}, mocks=plan.over(found))
    assert result.status in ("SUCCEEDED", "FAILED")
    if not plan.failures:
        assert result.status == "SUCCEEDED"


def test_the_mocks_of_a_plan_can_be_looked_at() -> None:
    mocks = FailurePlan(Failure("Charge", "Busy")).over({"Charge": mock.returns({"id": 1}), "Ship": {}})
    SHOP.simulate({}, mocks=mocks)
    assert [(call.attempt, call.error) for call in mocks.calls("Charge")] == [(0, "Busy"), (1, None)]


def test_a_machine_without_tasks_has_nothing_that_fails() -> None:
    machine = asl_local.load({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    assert find(failure_plans(machine), lambda plan: True) == FailurePlan()


def test_kinds_that_there_are_not() -> None:
    with pytest.raises(ValueError, match="there is no 'storms'"):
        failure_plans(SHOP, kinds=["storms"])
    with pytest.raises(ValueError, match=r"machine\.explore has those"):
        failure_plans(SHOP, kinds=["crashes"])
