"""`result.exception` is what a handler raised where that ended the execution, and nobody's otherwise."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge"}
FAIL = {"Type": "Fail", "Error": "E", "Cause": "c"}
CATCH = {"ErrorEquals": ["States.ALL"], "Next": "F"}


class NoMoney(Exception):
    pass


def charge(_event: Any) -> None:
    raise NoMoney


def states(first: Any, name: str = "A", **others: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: first, **others}}


def parallel(branch: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [branch], **fields}


def children(child: dict[str, Any], **fields: Any) -> dict[str, Any]:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **child}
    return {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, **fields}


CAUGHT = states({**TASK, "Catch": [{**CATCH, "Next": "E"}], "End": True}, "T", E=FAIL)
ENDED = states({**TASK, "End": True}, "T")

NOBODYS = {
    "caught, and then a Fail": CAUGHT,
    "caught, and back in the task that has no arguments now": states(
        {**TASK, "Parameters": {"n.$": "$.items"}, "Catch": [{**CATCH, "Next": "A"}], "End": True}
    ),
    "caught by a Catcher that cannot be evaluated": states(
        {
            "QueryLanguage": "JSONata", "Type": "Task", "Resource": TASK["Resource"], "End": True,
            "Catch": [{**CATCH, "Output": "{% 1 + 'a' %}"}],
        },
        F=FAIL,
    ),
    "caught by the Parallel around it": states(parallel(ENDED, Catch=[CATCH], End=True), F=FAIL),
    "caught by the Map around it": states(
        {**children(ENDED), "ItemProcessor": ENDED, "Catch": [CATCH], "End": True}, F=FAIL
    ),
    "caught in a child of a Distributed Map": states(children(CAUGHT, End=True)),
    "caught beside a Distributed Map": states(children(ENDED, Catch=[CATCH], End=True), F=FAIL),
}  # fmt: skip
THE_HANDLERS = {
    "not caught": ENDED,
    "not caught by another's Catcher": states(
        {**TASK, "Catch": [{**CATCH, "ErrorEquals": ["Other"]}], "End": True}, F=FAIL
    ),
    "tried again in vain": states(
        {**TASK, "Retry": [{"ErrorEquals": ["NoMoney"], "MaxAttempts": 2}], "End": True},
    ),
    "in a branch": states(parallel(ENDED, End=True)),
    "in a child of a Distributed Map": states(children(ENDED, End=True)),
    "in a child of a Distributed Map, in a branch": states(parallel(states(children(ENDED, End=True), "M"), End=True)),
}


@pytest.mark.parametrize("definition", NOBODYS.values(), ids=NOBODYS.keys())
@pytest.mark.parametrize("way", ["simulate", "run"])
def test_a_failure_that_something_else_followed_is_nobodys_exception(definition: dict[str, Any], way: str) -> None:
    result = getattr(asl_local.load(definition), way)({"items": [1]}, {"charge": charge})
    assert result.error != "NoMoney"
    assert (result.status, result.exception) == ("FAILED", None)


@pytest.mark.parametrize("definition", THE_HANDLERS.values(), ids=THE_HANDLERS.keys())
def test_a_failure_that_ended_the_execution_is_the_handlers(definition: dict[str, Any]) -> None:
    result = asl_local.load(definition).simulate({"items": [1]}, {"charge": charge})
    assert (result.status, type(result.exception)) == ("FAILED", NoMoney)


def test_a_history_that_is_full_is_nobodys_exception() -> None:
    result = asl_local.load(ENDED).simulate({}, {"charge": charge}, limits=asl_local.Limits(events=5))
    assert "maximum number of history events" in str(result.cause)
    assert result.exception is None


def test_one_that_a_schedule_led_to() -> None:
    for definition, expected in ((CAUGHT, type(None)), (ENDED, NoMoney)):
        machine = asl_local.load(definition)
        result = machine.simulate({}, {"charge": charge}, schedule=["T"])
        assert (result.status, type(result.exception)) == ("FAILED", expected)
