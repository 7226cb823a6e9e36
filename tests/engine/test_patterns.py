"""Tasks that end when somebody says so, message by message."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local
from asl_local import Execution
from asl_local.engine.messages import (
    Call,
    Cancel,
    Failed,
    Fired,
    Heartbeat,
    Stopped,
    Succeeded,
    Taken,
    TaskFailed,
    TaskSucceeded,
    Timer,
)

TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:weigh"
JOB = "arn:aws:states:::ecs:runTask.sync"
PARAMETERS = {
    TOKEN: {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}, JOB: {"TaskDefinition": "t"},
}  # fmt: skip


def begun(resource: str = TOKEN, **fields: Any) -> tuple[Execution, list[Any]]:
    state = {"Type": "Task", "Resource": resource, "End": True, **fields}
    if resource in PARAMETERS:
        state.setdefault("Parameters", PARAMETERS[resource])
    execution = asl_local.load({"StartAt": "A", "States": {"A": state}}).execution({"n": 1})
    return execution, execution.step(None, 0.0)


def types(execution: Execution) -> list[str]:
    return [row[0] for row in execution.history.rows][2:]


class TestTokens:
    def test_the_call_and_the_parameters_have_the_same_token(self) -> None:
        execution, (call,) = begun()
        assert call.waits == "token"
        assert call.arguments == {"QueueUrl": "q", "MessageBody": {"token": call.task_token}}
        assert execution.token_named(call.task_token) == call.token

    def test_a_token_is_a_function_of_execution_seed_and_count(self) -> None:
        _, (first,) = begun()
        _, (again,) = begun()
        assert first.task_token == again.task_token
        machine = asl_local.load(
            {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": ACTIVITY, "End": True}}}
        )  # fmt: skip
        found = set()
        for name in "xy":
            for seed in (1, 2):
                (call,) = machine.execution(execution_name=name, seed=seed).step(None, 0.0)
                found.add(call.task_token)  # type: ignore[union-attr]
        assert len(found) == 4

    @pytest.mark.parametrize("text", ["", "no base64!", "AQAAAAAAAAE=", "AA" * 32])
    def test_other_texts_are_no_tokens(self, text: str) -> None:
        assert begun()[0].token_named(text) is None

    def test_every_attempt_has_its_own(self) -> None:
        execution, (call,) = begun(Retry=[{"ErrorEquals": ["E"]}])
        execution.step(Succeeded(call.token, {}), 1.0)
        (timer,) = execution.step(TaskFailed(call.token, "E"), 2.0)
        (second,) = execution.step(Fired(timer.token), timer.at)  # type: ignore[union-attr]
        assert isinstance(second, Call)
        assert second.task_token != call.task_token
        execution.step(TaskSucceeded(call.token, "late"), 4.0)
        assert execution.outcome is None
        execution.step(Succeeded(second.token, {}), 5.0)
        execution.step(TaskSucceeded(second.token, "good"), 6.0)
        assert execution.outcome is not None
        assert execution.outcome.output == "good"


class TestAnswers:
    def test_the_request_is_submitted_and_the_answer_ends_the_task(self) -> None:
        execution, (call,) = begun()
        assert [w.why for w in execution.waiting_for()] == ["task"]
        assert execution.step(Succeeded(call.token, {"MessageId": "m"}), 1.0) == []
        (waiting,) = execution.waiting_for()
        assert (waiting.why, waiting.task_token, waiting.state) == ("token", call.task_token, "/States/A")
        execution.step(TaskSucceeded(call.token, [1]), 2.0)
        assert types(execution) == [
            "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
        ]  # fmt: skip
        assert execution.history.rows[4][5] == {"MessageId": "m"}

    @pytest.mark.parametrize("early", [TaskSucceeded(1, "first"), TaskFailed(1, "E", "first")])
    def test_whoever_is_quicker_than_the_request_is_heard_after_it(self, early: Any) -> None:
        execution, _ = begun()
        execution.step(early, 1.0)
        execution.step(TaskSucceeded(1, "second"), 2.0)
        execution = Execution.load(execution.dump(), execution.plan)
        assert "TaskSucceeded" not in types(execution)
        execution.step(Succeeded(1, {}), 3.0)
        assert execution.outcome is not None
        assert types(execution)[2:4] == ["TaskSubmitted", type(early).__name__]
        assert (execution.outcome.output or execution.outcome.cause) == "first"

    def test_a_request_that_fails_was_not_submitted(self) -> None:
        execution, (call,) = begun()
        execution.step(Failed(call.token, "E", "c"), 1.0)
        assert types(execution) == ["TaskScheduled", "TaskStarted", "TaskSubmitFailed", "ExecutionFailed"]

    def test_a_failure_without_words(self) -> None:
        execution, (call,) = begun(Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "A"}])
        execution.step(Succeeded(call.token, {}), 1.0)
        execution.step(TaskFailed(call.token), 2.0)
        assert execution.history.rows[-5][5:] == (None, None)
        assert execution.history.rows[-4][4] == {"Error": None, "Cause": None}

    @pytest.mark.parametrize("told", [TaskSucceeded(1, 2), TaskFailed(1, "E"), Taken(1, "w")])
    def test_plain_tasks_have_no_ear_for_them(self, told: Any) -> None:
        execution, _ = begun("arn:aws:lambda:us-east-1:123456789012:function:f")
        before = execution.dump()
        execution.step(told, 0.0)
        assert execution.dump() == before

    def test_a_stop_cancels_the_token(self) -> None:
        execution, (call,) = begun()
        execution.step(Succeeded(call.token, {}), 1.0)
        assert execution.step(Stopped(), 2.0) == [Cancel(call.token)]
        assert execution.history.rows[-1] == ("ExecutionAborted", 2.0, 0, None, None)


class TestClocks:
    def test_the_heartbeat_begins_with_the_submission_and_anew_with_each(self) -> None:
        execution, commands = begun(HeartbeatSeconds=5)
        assert [type(command) for command in commands] == [Call]
        assert execution.step(Heartbeat(1), 3.0) == []
        assert execution.step(Succeeded(1, {}), 10.0) == [Timer(1, 15.0)]
        execution.step(Heartbeat(1), 14.0)
        assert execution.step(Fired(1), 15.0) == [Timer(1, 19.0)]
        execution.step(Fired(1), 19.0)
        assert types(execution)[2:] == ["TaskSubmitted", "TaskTimedOut", "ExecutionFailed"]

    def test_an_activity_has_its_whole_time_once_it_is_taken(self) -> None:
        execution, (call, timer) = begun(ACTIVITY, TimeoutSeconds=10, HeartbeatSeconds=4)
        assert (call.waits, timer) == ("activity", Timer(1, 10.0))
        assert execution.step(Taken(1, "w"), 8.0) == [Timer(1, 18.0), Timer(1, 12.0)]
        assert execution.step(Taken(1, "another"), 9.0) == []
        execution.step(Heartbeat(1), 11.0)
        assert execution.step(Fired(1), 12.0) == [Timer(1, 15.0)]
        execution.step(TaskSucceeded(1, {"g": 1}), 14.0)
        assert types(execution)[:3] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
        assert execution.history.rows[3][3] == "w"


class TestGoingOn:
    """`pending` is what a new driver has to do."""

    def loaded(self, execution: Execution) -> Execution:
        again = Execution.load(execution.dump(), execution.plan)
        assert again == execution == again.fork()
        assert again.pending() == execution.pending()
        return again

    def test_a_call_that_is_out_is_made_again(self) -> None:
        execution, commands = begun(TimeoutSeconds=9)
        assert self.loaded(execution).pending() == commands

    def test_a_token_is_only_opened_again(self) -> None:
        execution, (call,) = begun(HeartbeatSeconds=3)
        execution.step(Succeeded(1, {}), 1.0)
        assert self.loaded(execution).pending() == [call._replace(made=True), Timer(1, 4.0)]

    def test_a_job_is_submitted_again_and_the_second_answer_does_no_harm(self) -> None:
        execution, (call,) = begun(JOB)
        execution.step(Succeeded(1, "first"), 1.0)
        again = self.loaded(execution)
        assert again.pending() == [call]
        again.step(Succeeded(1, "second"), 2.0)
        again.step(TaskSucceeded(1, "done"), 3.0)
        assert types(again)[2:4] == ["TaskSubmitted", "TaskSucceeded"]

    def test_an_activity_is_offered_until_it_is_taken(self) -> None:
        execution, (call,) = begun(ACTIVITY)
        assert self.loaded(execution).pending() == [call]
        execution.step(Taken(1, "w"), 1.0)
        assert self.loaded(execution).pending() == [call._replace(made=True)]

    def test_waits_retries_and_the_whole_machine_have_their_clocks(self) -> None:
        machine = asl_local.load({
            "StartAt": "P", "TimeoutSeconds": 100,
            "States": {"P": {"Type": "Parallel", "End": True, "Branches": [
                {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 7, "End": True}}},
                {"StartAt": "T", "States": {"T": {
                    "Type": "Task", "Resource": JOB, "Parameters": PARAMETERS[JOB], "End": True,
                    "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 3}]}}},
            ]}},
        })  # fmt: skip
        execution = machine.execution()
        commands = execution.step(None, 0.0)
        (call,) = (command for command in commands if isinstance(command, Call))
        execution.step(Failed(call.token, "E", ""), 1.0)
        assert sorted(self.loaded(execution).pending(), key=lambda command: command.at) == [  # type: ignore[union-attr]
            Timer(3, 4.0), Timer(1, 7.0), Timer(0, 100.0),
        ]  # fmt: skip


def test_an_activity_exists_or_not_in_a_dump_too() -> None:
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": ACTIVITY, "End": True}}})
    execution = machine.execution()
    execution.activities = frozenset()
    again = Execution.load(execution.dump(), execution.plan)
    assert again.fork().activities == again.activities == frozenset()
    again.step(None, 0.0)
    assert again.outcome is not None
    assert again.outcome.error == "States.Runtime"
