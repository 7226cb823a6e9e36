"""Credentials: the role that a task is to assume, shown, told to the handler, and refused in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local

ARN = "arn:aws:lambda:us-east-1:123456789012:function:work"
INVOKE = "arn:aws:states:::lambda:invoke"
OTHER = "arn:aws:iam::222222222222:role/other"


def machine(resource: str, **more: Any) -> asl_local.Machine:
    parameters = {"FunctionName": "work", "Payload": {}} if resource == INVOKE else {}
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}
    return asl_local.load({"StartAt": "A", "States": {"A": task, "B": {"Type": "Pass", "End": True}}} if "Catch" in more else {"StartAt": "A", "States": {"A": task}})  # fmt: skip


def scheduled(result: asl_local.Result) -> dict[str, Any]:
    (event,) = [event for event in result.history if event.type.endswith("Scheduled")]
    return dict(event.details)


@pytest.mark.parametrize("resource", [ARN, INVOKE])
@pytest.mark.parametrize("credentials", [{"RoleArn": OTHER}, {"RoleArn.$": "$.role"}])
def test_the_role_is_evaluated_and_shown(resource: str, credentials: dict[str, str]) -> None:
    result = machine(resource, Credentials=credentials).simulate({"role": OTHER}, {"work": lambda event: event})
    assert result.status == "SUCCEEDED"
    assert scheduled(result)["taskCredentials"] == {"roleArn": OTHER}
    assert "taskCredentials" not in scheduled(machine(resource).simulate({}, {"work": lambda event: event}))


def test_a_handler_is_told_the_role() -> None:
    told: list[Any] = []

    def work(_event: Any, context: Any) -> None:
        told.append(context.role_arn)

    for more in ({"Credentials": {"RoleArn": OTHER}}, {}):
        machine(ARN, **more).simulate({}, {"work": work})
    assert told == [OTHER, None]


def test_a_role_that_may_not_be_assumed_fails_the_task() -> None:
    refused = asl_local.Resources({"work": lambda event: event}, roles=["arn:aws:iam::333333333333:role/*"])
    result = machine(INVOKE, Credentials={"RoleArn": OTHER}).simulate({}, refused)
    ours = "arn:aws:iam::123456789012:role/asl-local"
    text = f"The role {ours} is not authorized to assume the task state's role, {OTHER}."
    assert (result.error, result.cause) == ("States.TaskFailed", text)
    caught = machine(
        INVOKE, Credentials={"RoleArn": OTHER}, Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}]
    )
    assert caught.simulate({}, refused).output["Error"] == "States.TaskFailed"
    allowed = asl_local.Resources({"work": lambda event: event}, roles=["arn:aws:iam::222222222222:role/*"])
    assert machine(INVOKE, Credentials={"RoleArn": OTHER}).simulate({}, allowed).status == "SUCCEEDED"
    assert machine(INVOKE).simulate({}, refused).status == "SUCCEEDED"


def test_the_role_outlives_a_dump() -> None:
    loaded = machine(ARN, Credentials={"RoleArn": OTHER})
    execution = loaded.execution({})
    execution.step(None, 0.0)
    again = asl_local.Execution.load(execution.dump(), loaded.plan)
    assert [command.role for command in again.pending() if hasattr(command, "role")] == [OTHER]
