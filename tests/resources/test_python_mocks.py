"""Mocks in Python: every kind of answer, on every kind of task, on both clocks; and what was asked."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import asl_local
from asl_local import Job, mock
from asl_local.drivers.driver import TaskContext
from asl_local.engine.messages import Call
from asl_local.errors import AslError, StateError
from asl_local.resources.mocking import Session

WORK = "arn:aws:lambda:us-east-1:123456789012:function:work"
JOB = "arn:aws:states:::glue:startJobRun.sync"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:sign"
TOKEN_ARGUMENTS = {"Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}}
RETRY = [{"ErrorEquals": ["Busy"], "MaxAttempts": 3, "IntervalSeconds": 10, "BackoffRate": 1}]


def task(resource: str = WORK, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **more}


def machine(**states: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": next(iter(states)), "States": states}, name="Orders")


def mapped(inner: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"StartAt": "Call", "States": {"Call": inner}}
    return {"Type": "Map", "ItemProcessor": body, "End": True, **more}


ONE = machine(A=task(Retry=RETRY))


class TestAnswers:
    @pytest.mark.parametrize("value", [None, 7, "x", [1, {"a": None}], {"id": [1.5]}, True])
    def test_json_is_the_result_of_every_call(self, value: Any) -> None:
        for given in (value, mock.returns(value)):
            assert ONE.simulate({}, mocks={"A": given}).output == value
            assert ONE.run({}, mocks={"A": given}).output == value

    def test_nobody_can_edit_an_answer(self) -> None:
        given = {"a": [1]}
        mocks = mock.Mocks({"A": given})
        given["a"].append(2)
        result = ONE.simulate({}, mocks=mocks)
        assert result.output == {"a": [1]}
        result.output["a"].append(3)
        assert ONE.simulate({}, mocks=mocks).output == {"a": [1]}

    def test_an_error_is_what_retry_and_catch_see(self) -> None:
        caught = machine(A=task(Catch=[{"ErrorEquals": ["Busy"], "Next": "B"}]), B={"Type": "Pass", "End": True})
        assert caught.simulate({}, mocks={"A": mock.throws("Busy", "later")}).output == {
            "Error": "Busy",
            "Cause": "later",
        }
        failed = ONE.simulate({}, mocks={"A": mock.throws("Broken")})
        assert (failed.error, failed.cause) == ("Broken", "")

    def test_a_sequence_counts_through_retries_and_anew_in_every_execution(self) -> None:
        mocks = {"A": mock.sequence(mock.throws("Busy"), mock.throws("Busy"), "done")}
        for _ in range(2):
            result = ONE.simulate({}, mocks=mocks)
            assert (result.output, result.seconds) == ("done", 20)

    def test_a_sequence_that_runs_out_ends_the_execution_unless_it_says_what_then(self) -> None:
        loop = asl_local.load({
            "StartAt": "A",
            "States": {
                "A": {"Type": "Task", "Resource": WORK, "Next": "More", "ResultPath": "$.n"},
                "More": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 5, "Next": "A"}], "Default": "Z"},
                "Z": {"Type": "Succeed"},
            },
        })  # fmt: skip
        ended = loop.simulate({}, mocks={"A": mock.sequence(1, 2)})
        assert ended.error == "States.Runtime"
        assert "The mock of the state 'A' has answers for 2 calls, and this is one more" in str(ended.cause)
        assert loop.simulate({}, mocks={"A": mock.sequence(1, 2, then=9)}).output == {"n": 9}

    def test_the_same_sequence_counts_for_each_state_by_itself(self) -> None:
        both = mock.sequence("first", "second")
        two = asl_local.load({
            "StartAt": "A",
            "States": {
                "A": {"Type": "Task", "Resource": WORK, "Next": "B", "ResultPath": "$.a"},
                "B": task(ResultPath="$.b"),
            },
        })  # fmt: skip
        assert two.simulate({}, mocks={"A": both, "B": both}).output == {"a": "first", "b": "first"}

    def test_by_attempt_begins_anew_whenever_the_state_is_entered(self) -> None:
        each = machine(M=mapped(task(Retry=RETRY)))
        mocks = {"Call": mock.by_attempt(mock.throws("Busy"), "second")}
        assert each.simulate([1, 2, 3], mocks=mocks).output == ["second"] * 3
        ended = ONE.simulate({}, mocks={"A": mock.by_attempt(mock.throws("Busy"))})
        assert "has answers for 1 attempt, and this is attempt 2" in str(ended.cause)
        assert ONE.simulate({}, mocks={"A": mock.by_attempt(mock.throws("Busy"), then="x")}).output == "x"

    def test_by_item_and_by_several_in_nested_maps(self) -> None:
        each = machine(M=mapped(task()))
        by_item = mock.by_item({0: "zero", 2: mock.sequence("two")}, otherwise="other")
        assert each.simulate([0, 0, 0, 0], mocks={"Call": by_item}).output == ["zero", "other", "two", "other"]
        ended = each.simulate([0, 0], mocks={"Call": mock.by_item({0: "zero"})})
        assert "The mock of the state 'Call' has no answer for item 1: give `otherwise`" in str(ended.cause)
        nested = machine(
            M={"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "N", "States": {"N": mapped(task())}}}
        )
        mocks = {"Call": mock.by_item({0: "any 0", (1, 0): "1, 0"}, otherwise="other")}
        assert nested.simulate([[1, 2], [3, 4]], mocks=mocks).output == [["any 0", "other"], ["1, 0", "other"]]
        outside = ONE.simulate({}, mocks={"A": mock.by_item({0: 1})})
        assert "has no answer outside of a Map" in str(outside.cause)

    def test_by_item_in_a_distributed_map(self) -> None:
        inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Call",
                 "States": {"Call": task()}}  # fmt: skip
        distributed = machine(M={"Type": "Map", "ItemProcessor": inner, "End": True})
        mocks = mock.Mocks({"Call": mock.by_item({1: "one"}, otherwise="other")})
        assert distributed.simulate(["a", "b"], mocks=mocks).output == ["other", "one"]
        assert [call.place for call in mocks.calls()] == ["M[0]/Call", "M[1]/Call"]
        assert mocks.calls()[0].execution_arn != mocks.calls()[1].execution_arn

    @pytest.mark.parametrize(
        ("pattern", "matched"),
        [
            ({"kind": "card", "n": 1}, True), ({"kind": "card"}, False), ({"$.kind": "card"}, True),
            ({"$['kind']": "card", "$.n": 1}, True), ({"$.kind": "cash"}, False), ({"$.nothing": None}, False),
            ({"$.n": lambda n: n > 0}, True), ({"$.n": lambda n: n > 1}, False), ({"$.n": True}, False),
            (lambda event: event["n"] == 1, True), (lambda event: event["n"] == 2, False),
            ({"$": {"kind": "card", "n": 1}}, True), ({"$.n": 1.0}, True),
        ],
    )  # fmt: skip
    def test_by_input(self, pattern: Any, matched: bool) -> None:
        mocks = {"A": mock.by_input((pattern, "matched"), otherwise="other")}
        assert ONE.simulate({"kind": "card", "n": 1}, mocks=mocks).output == ("matched" if matched else "other")

    def test_by_input_takes_the_first_that_matches_and_tells_what_matches_nothing(self) -> None:
        mocks = {"A": mock.by_input(({"$.n": 1}, "first"), (lambda _: True, "second"))}
        assert ONE.simulate({"n": 1}, mocks=mocks).output == "first"
        assert ONE.simulate({"n": 2}, mocks=mocks).output == "second"
        ended = ONE.simulate({"n": 3}, mocks={"A": mock.by_input(({"$.n": 1}, 1))})
        assert """has no answer for the arguments {"n":3}: give `otherwise`""" in str(ended.cause)

    def test_latency_is_the_clocks_and_may_be_too_long(self) -> None:
        result = ONE.simulate({}, mocks={"A": mock.after(90, {"late": True})})
        assert (result.output, result.seconds) == ({"late": True}, 90)
        bounded = machine(A=task(TimeoutSeconds=60))
        assert bounded.simulate({}, mocks={"A": mock.after(60, 1)}).output == 1
        assert bounded.simulate({}, mocks={"A": mock.after(61, 1)}).error == "States.Timeout"

    def test_what_hangs_ends_by_its_timeout_and_is_told_where_there_is_none(self) -> None:
        bounded = machine(A=task(TimeoutSeconds=60, Retry=[{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1}]))
        result = bounded.simulate({}, mocks={"A": mock.sequence(mock.hangs(), "second")})
        assert (result.output, result.seconds) == ("second", 61)
        with pytest.raises(AslError, match="mock of state 'A' waits for something that never comes"):
            ONE.simulate({}, mocks={"A": mock.hangs()})

    def test_what_hangs_ends_with_the_execution_in_real_time_too(self) -> None:
        started = machine(A=task()).start({}, mocks={"A": mock.hangs()})
        assert [waiting.why for waiting in started.waiting_for()] == ["task"]
        started.stop()
        assert started.result(10).status == "ABORTED"

    def test_functions_are_handlers_by_the_states_name(self) -> None:
        def work(event: Any, context: TaskContext) -> Any:
            event["seen"] = True
            return [event["n"], context.state, context.attempt, context.execution_arn.split(":")[-1]]

        assert ONE.simulate({"n": 1}, mocks={"A": work}, execution_name="e").output == [1, "A", 0, "e"]
        assert ONE.simulate({"n": 1}, mocks={"A": lambda event: event["n"] + 1}).output == 2

        async def slowly(event: Any) -> Any:
            return event

        assert ONE.simulate({"n": 1}, mocks={"A": slowly}).output == {"n": 1}
        assert ONE.run({"n": 1}, mocks={"A": slowly}).output == {"n": 1}

        def broken(_event: Any) -> Any:
            raise KeyError("n")

        failed = ONE.simulate({}, mocks={"A": broken})
        assert failed.error == "KeyError"
        assert isinstance(failed.exception, KeyError)
        assert "Object of type object is not JSON serializable" in str(
            ONE.simulate({}, mocks={"A": lambda _: object()}).cause
        )

    def test_a_function_may_give_any_answer(self) -> None:
        def work(event: Any) -> Any:
            return mock.throws("Broken", "it is") if event["n"] else mock.after(5, "fine")

        assert ONE.simulate({"n": 0}, mocks={"A": work}).seconds == 5
        assert ONE.simulate({"n": 1}, mocks={"A": work}).cause == "it is"
        with pytest.raises(asl_local.InvalidMockConfig, match=r"a function cannot give mock.real\(\)"):
            ONE.simulate({}, {"work": lambda event: event}, mocks={"A": lambda _: mock.real()})

    def test_real_is_whoever_answers_without_a_mock(self) -> None:
        mocks = mock.Mocks({"A": mock.sequence(mock.throws("Busy"), mock.after(3, mock.real()))})
        result = ONE.simulate({"n": 1}, {"work": lambda event: [event]}, mocks=mocks)
        assert (result.output, result.seconds) == ([{"n": 1}], 13)
        assert [call.result for call in mocks.calls("A")] == [None, [{"n": 1}]]
        with pytest.raises(asl_local.UnknownResource, match="function:work"):
            ONE.simulate({}, mocks=mocks)

        def broken(_event: Any) -> Any:
            raise StateError("Broken", "b")

        assert ONE.simulate({}, {"work": broken}, mocks=mocks).error == "Broken"
        assert mocks.calls("A")[-1].error == "Broken"

    def test_a_payload_is_what_lambda_invoke_gives(self) -> None:
        invoke = task("arn:aws:states:::lambda:invoke", Parameters={"FunctionName": "f"}, OutputPath="$.Payload")
        assert machine(A=invoke).simulate({}, mocks={"A": mock.payload({"a": 1})}).output == {"a": 1}

    def test_states_that_are_not_mocked_are_answered_as_ever(self) -> None:
        two = asl_local.load({
            "StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "Next": "B"}, "B": task()}
        })  # fmt: skip
        assert two.simulate({}, {"work": lambda event: [event]}, mocks={"A": "a"}).output == ["a"]
        with pytest.raises(asl_local.UnknownResource, match="function:work"):
            two.simulate({}, mocks={"A": "a"})


class TestTasksThatWait:
    @pytest.mark.parametrize(("resource", "more"), [(JOB, {}), (TOKEN, TOKEN_ARGUMENTS), (ACTIVITY, {})])
    def test_they_come_to_their_answers(self, resource: str, more: dict[str, Any]) -> None:
        waiting = machine(A=task(resource, Retry=RETRY, TimeoutSeconds=600, **more))
        for run in (waiting.simulate, waiting.run):
            assert run({}, mocks={"A": {"done": 1}}).output == {"done": 1}
            assert run({}, mocks={"A": lambda _event, context: context.state}).output == "A"
        assert waiting.simulate({}, mocks={"A": mock.throws("Broken", "b")}).cause == "b"
        result = waiting.simulate({}, mocks={"A": mock.sequence(mock.throws("Busy"), mock.after(60, 2))})
        assert (result.output, result.seconds) == (2, 70)
        assert waiting.simulate({}, mocks={"A": mock.hangs()}).error == "States.Timeout"

    def test_heartbeats_keep_a_task_alive_and_may_stop(self) -> None:
        for resource, more in ((TOKEN, TOKEN_ARGUMENTS), (ACTIVITY, {}), (WORK, {})):
            beating = machine(A=task(resource, HeartbeatSeconds=60, TimeoutSeconds=6000, **more))
            result = beating.simulate({}, mocks={"A": mock.heartbeats(50, 10, "alive")})
            assert (result.output, result.seconds) == ("alive", 500)
            dead = beating.simulate({}, mocks={"A": mock.heartbeats(50, 3, mock.hangs())})
            assert (dead.error, dead.seconds) == ("States.Timeout", 210)

    def test_a_job_says_what_was_submitted_and_what_became_of_it(self) -> None:
        waiting = machine(A=task(TOKEN, **TOKEN_ARGUMENTS))
        job = Job({"MessageId": "m"}, {"ok": True}, seconds=3600)
        result = waiting.simulate({}, mocks={"A": job})
        assert (result.output, result.seconds) == ({"ok": True}, 3600)
        submitted = next(event for event in result.history if event.type == "TaskSubmitted")
        assert submitted.details["output"] == {"MessageId": "m"}
        failed = waiting.simulate({}, mocks={"A": Job({}, error="Declined", cause="c")})
        assert (failed.error, failed.cause) == ("Declined", "c")

    def test_a_token_that_hangs_is_the_tests_own_to_answer(self) -> None:
        submitted, mocks = threading.Event(), mock.Mocks({"A": mock.hangs()})

        def on_event(event: asl_local.Event) -> None:
            if event.type == "TaskSubmitted":
                submitted.set()

        started = machine(A=task(TOKEN, **TOKEN_ARGUMENTS)).start({}, mocks=mocks, on_event=on_event)
        assert submitted.wait(10)
        [token] = started.tokens()
        started.send_task_success(token, {"answered": True})
        assert started.result(10).output == {"answered": True}
        assert mocks.calls("A")[0].task_token == token

    def test_a_role_is_seen_and_not_checked(self) -> None:
        acting = machine(A=task(Credentials={"RoleArn": "arn:aws:iam::111122223333:role/r"}))
        mocks = mock.Mocks({"A": lambda _event, context: context.role_arn})
        assert (
            acting.simulate({}, asl_local.Resources(roles=[]), mocks=mocks).output == "arn:aws:iam::111122223333:role/r"
        )
        assert mocks.calls("A")[0].role == "arn:aws:iam::111122223333:role/r"


class TestGoingOn:
    def test_start_takes_mocks_and_files(self) -> None:
        file = {
            "StateMachines": {"Orders": {"TestCases": {"Case": {"A": "R"}}}},
            "MockedResponses": {"R": {"0": {"Return": 1}}},
        }
        assert ONE.start({}, mocks={"A": 2}).result(10).output == 2
        assert ONE.start({}, mock_config=file, test_case="Case").result(10).output == 1

    def test_a_redrive_and_a_resume_count_anew(self) -> None:
        mocks = {"A": mock.sequence(mock.throws("Broken"), "never")}
        failed = ONE.simulate({}, mocks=mocks)
        assert ONE.redrive(failed, mocks=mocks).error == "Broken"
        assert ONE.redrive(failed, mocks={"A": "now"}).output == "now"
        started = machine(A=task(TOKEN, **TOKEN_ARGUMENTS))
        execution = started.execution({})
        execution.step(None, 1_704_067_200.0)
        assert started.resume_simulation(execution.dump(), mocks={"A": "s"}).output == "s"
        assert started.resume(execution.dump(), mocks={"A": "r"}).result(10).output == "r"

    def test_python_wins_over_the_file_for_the_states_that_it_names(self) -> None:
        two = asl_local.load({
            "StartAt": "A", "States": {"A": {"Type": "Task", "Resource": WORK, "Next": "B", "ResultPath": "$.a"}, "B": task(ResultPath="$.b")}
        }, name="Orders")  # fmt: skip
        file = {
            "StateMachines": {"Orders": {"TestCases": {"Case": {"A": "R", "B": "R"}}}},
            "MockedResponses": {"R": {"0": {"Return": "file"}}},
        }
        mocks = mock.Mocks({"B": "python"})
        result = two.simulate({}, mocks=mocks, mock_config=file, test_case="Case")
        assert result.output == {"a": "file", "b": "python"}
        assert [call.result for call in mocks.calls("B")] == ["python"]

    def test_a_config_file_can_be_the_mocks(self) -> None:
        file = {"StateMachines": {"Orders": {"TestCases": {"Case": {"A": "R"}}}},
                "MockedResponses": {"R": {"0": {"Throw": {"Error": "Busy", "Cause": "c"}}, "1": {"Return": 1}}}}  # fmt: skip
        mocks = mock.config_file(file, "Case")
        assert ONE.simulate({}, mocks=mocks).output == 1
        assert [call.error for call in mocks.calls("A")] == ["Busy", None]


class TestCalls:
    def test_a_call_says_what_was_asked_when_and_what_came_of_it(self) -> None:
        each = machine(M=mapped(task(Retry=RETRY, Parameters={"n.$": "$"})))
        mocks = mock.Mocks({"Call": mock.by_item({1: mock.by_attempt(mock.throws("Busy", "c"), "ok")}, otherwise="ok")})
        result = each.simulate([7, 8], mocks=mocks)
        assert result.output == ["ok", "ok"]
        first, second, third = mocks.calls("Call")
        assert (first.arguments, first.item, first.attempt, first.result, first.answered) == (
            {"n": 7},
            0,
            0,
            "ok",
            True,
        )
        assert (second.arguments, second.item, second.error, second.cause) == ({"n": 8}, 1, "Busy", "c")
        assert (third.place, third.attempt, third.at - second.at, third.error) == ("M[1]/Call", 1, 10, None)
        assert third.execution_arn == result.identity.execution_arn
        assert mocks.calls() == mocks.calls("Call")

    def test_what_hangs_is_not_answered(self) -> None:
        mocks = mock.Mocks({"A": mock.hangs()})
        machine(A=task(TimeoutSeconds=5)).simulate({}, mocks=mocks)
        assert [call.answered for call in mocks.calls("A")] == [False]

    def test_they_are_the_latest_executions(self) -> None:
        mocks = mock.Mocks({"A": 1})
        assert mocks.calls() == []
        ONE.simulate({"n": 1}, mocks=mocks)
        ONE.simulate({"n": 2}, mocks=mocks)
        assert [call.arguments for call in mocks.calls()] == [{"n": 2}]

    def test_assertions(self) -> None:
        mocks = mock.Mocks({"A": mock.sequence(mock.throws("Busy"), 1)})
        ONE.simulate({"n": 1}, mocks=mocks)
        mocks.assert_called("A")
        mocks.assert_called("A", times=2)
        mocks.assert_called_with("A", {"n": 1})
        mocks.assert_called_with("A", {"$.n": lambda n: n < 2})
        with pytest.raises(
            AssertionError, match=r"'A' was to be called once, and was called 2 times:\n  A, attempt 0: \{\"n\":1\}"
        ):
            mocks.assert_called_once_with("A", {"n": 1})
        with pytest.raises(AssertionError, match="'A' was not to be called, and was called 2 times"):
            mocks.assert_not_called("A")
        with pytest.raises(AssertionError, match=r"'A' was never called with \{\"n\":2\}:"):
            mocks.assert_called_with("A", {"n": 2})
        other = mock.Mocks({"A": 1})
        other.assert_not_called("A")
        with pytest.raises(AssertionError, match="'A' was to be called at least once, and was called never"):
            other.assert_called("A")
        with pytest.raises(AssertionError, match=r'never called with {"n":2}, nor at all'):
            other.assert_called_with("A", {"n": 2})
        ONE.simulate({"n": 1}, mocks=other)
        other.assert_called_once_with("A", {"n": 1})
        with pytest.raises(asl_local.InvalidMockConfig, match="no state 'a' is mocked"):
            other.assert_not_called("a")


class TestSessions:
    def test_a_forked_session_counts_on_by_itself(self) -> None:
        machine_ = machine(A=task())
        mocks = mock.Mocks({"A": mock.sequence(1, 2, 3)})
        session = mocks.begin()
        player = mocks.over(machine_.plan, lambda _: pytest.fail)  # type: ignore[arg-type, return-value]
        call = Call(1, WORK, {}, "A", 0, None)

        def ask(who: Session) -> Any:
            context = TaskContext(call, now=lambda: 0.0, sleep=lambda _: None, heartbeat=lambda: None)
            return player.work(who)(call, context)

        assert ask(session) == 1
        twin = session.fork()
        assert twin.fingerprint() == session.fingerprint()
        assert [ask(twin), ask(twin), ask(session)] == [2, 3, 2]
        assert twin.fingerprint() != session.fingerprint()
        assert (len(twin.calls), len(session.calls), mocks.calls()) == (3, 2, session.calls)


class TestFaults:
    @pytest.mark.parametrize(
        ("mocks", "text"),
        [
            ({"Chrage": 1}, "mocks: the machine has no Task 'Chrage'; did you mean 'Charge'? at /Chrage"),
            ({"x": 1}, "mocks: the machine has no Task 'x'; it has Charge, Call at /x"),
            ({"P": 1}, "mocks: 'P' is a Pass state, and only Task states are mocked at /P"),
            ({"M": 1}, "mocks: 'M' is a Map state, and only Task states are mocked; inside it are Call at /M"),
        ],
    )
    def test_a_state_that_is_no_task_is_told_before_anything_runs(self, mocks: Any, text: str) -> None:
        whole = asl_local.load({
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "Next": "Charge"}, "Charge": {"Type": "Task", "Resource": WORK, "Next": "M"}, "M": mapped(task())},
        })  # fmt: skip
        for run in (whole.simulate, whole.run, whole.start):
            with pytest.raises(asl_local.InvalidMockConfig) as caught:
                run({}, mocks=mocks)
            assert str(caught.value) == text

    def test_what_is_no_answer_is_told(self) -> None:
        with pytest.raises(
            asl_local.InvalidMockConfig, match=r"an answer, a function or a Job can be a state's whole mock"
        ):
            mock.Mocks({"A": {"a": mock.hangs()}})
        with pytest.raises(asl_local.InvalidMockConfig, match=r"an error is mock.throws\(error, cause\)"):
            mock.Mocks({"A": ValueError("x")})
        with pytest.raises(asl_local.NotJson):
            mock.sequence(object())
        with pytest.raises(TypeError, match="a mapping of state names to answers"):
            ONE.simulate({}, mocks=["A"])  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("make", "error", "text"),
        [
            (mock.sequence, TypeError, "sequence: at least one answer"),
            (mock.by_attempt, TypeError, "by_attempt: at least one answer"),
            (lambda: mock.throws(7), TypeError, "throws: an error's name and cause are texts, not 7"),
            (lambda: mock.by_item({-1: 1}), ValueError, "by_item: an index from 0"),
            (lambda: mock.by_item({True: 1}), ValueError, "by_item: an index from 0"),
            (lambda: mock.by_item({(): 1}), ValueError, "by_item: an index from 0"),
            (lambda: mock.by_input({"a": 1}), TypeError, r"by_input: pairs \(pattern, answer\)"),
            (lambda: mock.by_input(({"$.a[": 1}, 1)), asl_local.InvalidMockConfig, r"\$\.a\["),
            (lambda: mock.after(-1, 1), ValueError, "after: a number of seconds"),
            (lambda: mock.after(float("nan"), 1), ValueError, "after: a number of seconds"),
            (lambda: mock.heartbeats(1, -1, 1), ValueError, "heartbeats: a number of times"),
            (lambda: mock.Mocks({}, field_validation_mode="strict"), ValueError, "one of STRICT, PRESENT, NONE"),
        ],
    )
    def test_what_makes_no_sense_is_told_when_it_is_made(self, make: Any, error: type[Exception], text: str) -> None:
        with pytest.raises(error, match=text):
            make()


class TestShapes:
    PUT = machine(Put=task("arn:aws:states:::events:putEvents", Parameters={"Entries": []}))
    START = machine(S=task("arn:aws:states:::states:startExecution", Parameters={"StateMachineArn": "m"}))

    def test_results_are_compared_with_the_api_model_before_anything_runs(self) -> None:
        wrong = {"Put": mock.sequence({"FailedEntryCount": 0}, {"Entries": [{"EventId": 7}]})}
        with pytest.raises(asl_local.InvalidMockConfig) as caught:
            self.PUT.simulate({}, mocks=mock.Mocks(wrong, field_validation_mode="PRESENT"))
        assert str(caught.value) == (
            "mocks: Field 'EventId' must be a string, says the API model of events:putEvents for the state 'Put' "
            "at /Put/1/Entries/0/EventId"
        )
        assert self.PUT.simulate({}, mocks=wrong).status == "SUCCEEDED"

    def test_what_the_model_requires_is_wanted_in_strict_only(self) -> None:
        given = {"S": {"ExecutionArn": "e"}}
        assert self.START.simulate({}, mocks=mock.Mocks(given, field_validation_mode="PRESENT")).status == "SUCCEEDED"
        with pytest.raises(asl_local.InvalidMockConfig, match="Required field 'StartDate' is missing"):
            self.START.simulate({}, mocks=mock.Mocks(given, field_validation_mode="STRICT"))

    def test_what_a_function_gives_is_compared_when_it_gives_it(self) -> None:
        mocks = mock.Mocks({"Put": lambda _: {"FailedEntryCount": "0"}}, field_validation_mode="STRICT")
        for run in (self.PUT.simulate, self.PUT.run):
            with pytest.raises(
                asl_local.InvalidMockConfig,
                match=r"Field 'FailedEntryCount' must be a number.* at /Put/FailedEntryCount",
            ):
                run({}, mocks=mocks)

    def test_a_files_results_are_compared_too(self) -> None:
        file = {"StateMachines": {"Orders": {"TestCases": {"Case": {"Put": "R"}}}},
                "MockedResponses": {"R": {"0-1": {"Return": {"FailedEntryCount": "0"}}}}}  # fmt: skip
        with pytest.raises(asl_local.InvalidMockConfig, match="at /MockedResponses/R/0-1/Return/FailedEntryCount"):
            self.PUT.simulate({}, mocks=mock.config_file(file, "Case", field_validation_mode="STRICT"))
        assert self.PUT.simulate({}, mocks=mock.config_file(file, "Case")).status == "SUCCEEDED"

    def test_functions_and_activities_have_no_model(self) -> None:
        assert ONE.simulate({}, mocks=mock.Mocks({"A": 7}, field_validation_mode="STRICT")).output == 7


def test_mocks_make_others_with_one_answer_changed() -> None:
    definition = {"StartAt": "A", "States": {
        name: {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", **way}
        for name, way in (("A", {"Next": "B"}), ("B", {"End": True}))
    }}  # fmt: skip
    mocks = mock.Mocks({"A": 1, "B": 2})
    assert list(mocks.keys()) == ["A", "B"]
    assert asl_local.load(definition).simulate({}, mocks={**mocks, "B": 3}).output == 3
    with pytest.raises(TypeError, match="give the others with mocks="):
        _ = {**mock.config_file("MockConfigFile.json", "HappyPath")}
