"""Executions in the background: answered, stopped, waited for, dumped and gone on with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import asl_local
from asl_local import Callbacks, Resources
from asl_local.engine import snapshot
from asl_local.engine.messages import Succeeded

SEND = "arn:aws:states:::sqs:sendMessage"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:weigh"
START = "arn:aws:states:::states:startExecution"
CHILD = "arn:aws:states:us-east-1:123456789012:stateMachine:Child"
PATIENCE = 30.0


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def machine(state: dict[str, Any], name: str = "Parent", **others: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": "A", "States": {"A": state, **others}}, name=name)


ASK = machine(
    task(f"{SEND}.waitForTaskToken", Parameters={"QueueUrl": "q", "MessageBody": {"Token.$": "$$.Task.Token"}})
)
WEIGH = machine(task(ACTIVITY))


class Box:
    """A handler that keeps what it is sent."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.messages: list[Any] = []

    def __call__(self, event: Any) -> Any:
        self.messages.append(event)
        self.came.set()
        return {"MessageId": "m"}

    def token(self) -> str:
        assert self.came.wait(PATIENCE)
        return str(self.messages[-1]["MessageBody"]["Token"])


def asked(**options: Any) -> tuple[Any, Box]:
    box = Box()
    return ASK.start({}, {SEND: box}, **options), box


def submitted() -> tuple[Any, Box, str]:
    """An execution whose request has been answered, and its token."""
    done = threading.Event()
    execution, box = asked(on_event=lambda event: done.set() if event.type == "TaskSubmitted" else None)
    assert done.wait(PATIENCE)
    return execution, box, box.token()


def test_a_result_that_is_not_there_in_time_says_what_is_waited_for() -> None:
    execution, _, token = submitted()
    with pytest.raises(TimeoutError, match=r"still runs after 0\.0 s; it waits for: /States/A \(token\)"):
        execution.result(timeout=0.0)
    execution.send_task_success(token, 1)
    assert execution.result(PATIENCE).output == 1


class TestTokens:
    def test_success(self) -> None:
        execution, box = asked()
        execution.send_task_heartbeat(box.token())
        assert execution.tokens() == {box.token(): "A"}
        execution.send_task_success(box.token(), {"yes": True})
        result = execution.result(PATIENCE)
        assert (result.status, result.output) == ("SUCCEEDED", {"yes": True})
        assert (execution.status, execution.tokens(), execution.waiting_for()) == ("SUCCEEDED", {}, [])

    def test_failure(self) -> None:
        execution, box = asked()
        execution.send_task_failure(box.token(), "No", "because")
        result = execution.result(PATIENCE)
        assert (result.status, result.error, result.cause) == ("FAILED", "No", "because")

    def test_after_the_end(self) -> None:
        execution, box = asked()
        execution.send_task_success(box.token())
        assert execution.result(PATIENCE).output is None
        with pytest.raises(asl_local.TaskTimedOut):
            execution.send_task_success(box.token())
        with pytest.raises(asl_local.InvalidToken):
            execution.send_task_failure("AQAA")

    def test_the_result_is_waited_for(self) -> None:
        execution, box = asked()
        with pytest.raises(TimeoutError):
            execution.result(0)
        assert execution.status == "RUNNING"
        execution.send_task_success(box.token(), 1)
        assert execution.result(PATIENCE).unwrap() == 1

    def test_handlers_of_the_same_machine_may_answer(self) -> None:
        here = asl_local.load({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "A", "States": {"A": ASK.definition["States"]["A"]}},
            {"StartAt": "B", "States": {"B": task("arn:aws:lambda:us-east-1:123456789012:function:answer")}},
        ]}}})  # fmt: skip
        box = Box()

        def answer(_event: Any, context: Any) -> str:
            context.send_task_success("from B", token=box.token())
            return "B"

        result = here.run({}, {SEND: box, "answer": answer})
        assert result.output == ["from B", "B"]

    def test_an_event_loop_waits_without_a_thread(self) -> None:
        async def both() -> Any:
            execution, box = asked()
            execution.send_task_success(await asyncio.to_thread(box.token), "awaited")
            return await execution

        assert asyncio.run(both()).output == "awaited"

    def test_an_async_worker(self) -> None:
        async def worker(event: Any, context: Any) -> Any:
            await asyncio.sleep(0)
            context.heartbeat()
            return context.task_token == event["MessageBody"]["Token"]

        assert ASK.start({}, Resources(workers={"A": worker})).result(PATIENCE).output is True


class TestActivities:
    def test_a_worker_outside(self) -> None:
        execution = WEIGH.start({"parcel": 1})
        taken = execution.get_activity_task(ACTIVITY, "scales", timeout=PATIENCE)
        execution.send_task_success(taken.task_token, taken.input)
        result = execution.result(PATIENCE)
        assert result.output == {"parcel": 1}
        assert result.history.find("$[?(@.type == 'ActivityStarted')].workerName") == ["scales"]
        assert execution.get_activity_task(ACTIVITY, timeout=0) is None

    def test_one_worker_for_many_executions(self) -> None:
        callbacks = Callbacks()
        executions = [WEIGH.start({"n": n}, execution_name=f"e{n}", callbacks=callbacks) for n in range(5)]
        for _ in executions:
            taken = callbacks.get_activity_task(ACTIVITY, timeout=PATIENCE)
            assert taken is not None
            callbacks.send_task_success(taken.task_token, taken.input["n"] * 2)
        assert [execution.result(PATIENCE).output for execution in executions] == [0, 2, 4, 6, 8]
        assert callbacks.waiting() == []

    def test_one_that_does_not_exist(self) -> None:
        assert WEIGH.start({}, Resources(activities=[])).result(PATIENCE).error == "States.Runtime"


class TestStop:
    def test_with_and_without_words(self) -> None:
        for words in ((), ("Enough", "of it")):
            execution, box = asked()
            token = box.token()
            execution.stop(*words)
            result = execution.result(PATIENCE)
            assert result.status == execution.status == "ABORTED"
            assert (result.error, result.cause) == (words or (None, None))
            last = result.history.to_aws()[-1]
            assert (last["type"], last["previousEventId"]) == ("ExecutionAborted", 0)
            assert last["executionAbortedEventDetails"] == dict(zip(("error", "cause"), words, strict=False))
            with pytest.raises(asl_local.TaskTimedOut):
                execution.send_task_success(token)

    def test_handlers_hear_of_it(self) -> None:
        began, told = threading.Event(), threading.Event()

        def handler(_event: Any, context: Any) -> None:
            began.set()
            for _ in range(30_000):
                if context.cancelled:
                    told.set()
                    return
                context.sleep(0.001)

        execution = machine(task("arn:aws:lambda:us-east-1:123456789012:function:f")).start({}, {"f": handler})
        assert began.wait(PATIENCE)
        execution.stop()
        assert execution.result(PATIENCE).status == "ABORTED"
        assert told.wait(PATIENCE)

    def test_what_has_ended_stays(self) -> None:
        execution, box = asked()
        execution.send_task_success(box.token(), 1)
        before = execution.result(PATIENCE)
        execution.stop()
        assert execution.result(PATIENCE).history.to_aws() == before.history.to_aws()

    def test_a_nested_execution_is_stopped_with_whoever_waits_for_it(self) -> None:
        box = Box()
        parent = machine(task(f"{START}.sync", Parameters={"StateMachineArn": CHILD}))
        execution = parent.start({}, Resources({SEND: box}, machines={"Child": ASK}))
        assert box.token() in execution.callbacks.waiting()[-1].task_token
        execution.stop()
        result = execution.result(PATIENCE)
        assert result.status == "ABORTED"


class TestFaults:
    def test_nothing_starts_that_nobody_answers(self) -> None:
        with pytest.raises(asl_local.UnknownResource):
            ASK.start({})

    def test_what_breaks_in_the_background_is_told_with_the_result(self) -> None:
        def on_event(event: Any) -> None:
            if event.type == "TaskSubmitted":
                raise ZeroDivisionError

        execution, _ = asked(on_event=on_event)
        with pytest.raises(ZeroDivisionError):
            execution.result(PATIENCE)


class TestGoingOn:
    def resumed(self, dump: str, box: Callable[..., Any]) -> Any:
        return ASK.resume(dump, {SEND: box})

    def test_a_token_is_good_after_a_restart(self) -> None:
        execution, _, token = submitted()
        dump = execution.dump()
        execution.stop()
        second = Box()
        again = self.resumed(dump, second)
        assert again.tokens() == {token: "A"}
        again.send_task_success(token, "good")
        result = again.result(PATIENCE)
        assert result.output == "good"
        assert second.messages == []
        assert result.history.types().count("TaskSubmitted") == 1

    def test_a_call_that_was_out_is_made_again(self) -> None:
        execution = ASK.execution({})
        execution.step(None, 0.0)
        box = Box()
        again = self.resumed(execution.dump(), box)
        again.send_task_success(box.token(), "good")
        assert again.result(PATIENCE).output == "good"

    def test_what_has_ended_has_its_result(self) -> None:
        execution, box = asked()
        execution.send_task_success(box.token(), 1)
        execution.result(PATIENCE)
        assert self.resumed(execution.dump(), box).result(PATIENCE).output == 1

    def test_on_the_virtual_clock_from_the_moment_of_the_dump(self) -> None:
        here = machine({"Type": "Wait", "Seconds": 60, "End": True})
        execution = here.execution({})
        execution.step(None, 1_000.0)
        result = here.resume_simulation(execution.dump())
        assert (result.status, result.history[-1].at) == ("SUCCEEDED", 1_060.0)

    def test_another_machines_dump(self) -> None:
        with pytest.raises(ValueError, match="belongs to the plan"):
            WEIGH.resume(ASK.execution({}).dump())


class TestGoingOnWithOthers:
    """Executions that a machine has started are in its dump."""

    def begun(self, pattern: str, child: asl_local.Machine) -> tuple[asl_local.Machine, Any, Box, Resources]:
        box = Box()
        states = {"A": {**task(f"{START}{pattern}", Parameters={"StateMachineArn": CHILD, "Name": "c"}), "Next": "B"},
                  "B": {"Type": "Wait", "Seconds": 3600, "End": True}}  # fmt: skip
        del states["A"]["End"]
        parent = asl_local.load({"StartAt": "A", "States": states}, name="Parent")
        resources = Resources({SEND: box}, machines={"Child": child})
        execution = parent.start({}, resources)
        box.token()
        return parent, execution, box, resources

    def test_one_that_is_waited_for_goes_on_where_it_was(self) -> None:
        parent, execution, box, _ = self.begun(".sync:2", ASK)
        dump = execution.dump()
        execution.stop()
        execution.result(PATIENCE)
        second = Box()
        told = threading.Event()
        again = parent.resume(
            dump, Resources({SEND: second}, machines={"Child": ASK}),
            on_event=lambda event: told.set() if event.type == "TaskSucceeded" else None,
        )  # fmt: skip
        again.callbacks.send_task_success(box.token(), {"deep": 1})
        assert told.wait(PATIENCE)
        output = again.history.find("$[?(@.type == 'TaskSucceeded')].output")[0]
        assert (output["Output"], output["Name"]) == ({"deep": 1}, "c")
        assert again.history.types().count("TaskSubmitted") == 1
        again.stop()
        assert [each.status for each in again.result(PATIENCE).nested] == ["SUCCEEDED"]

    def test_one_that_nobody_waits_for_goes_on_too(self) -> None:
        parent, execution, box, resources = self.begun("", ASK)
        dump = execution.dump()
        execution.stop()
        again = parent.resume(dump, resources)
        again.callbacks.send_task_success(box.token(), "good")
        again.stop()
        again.result(PATIENCE)

    def test_its_machine_has_to_be_there(self) -> None:
        parent, execution, _, _ = self.begun(".sync", ASK)
        dump = execution.dump()
        execution.stop()
        with pytest.raises(asl_local.UnknownResource, match=r"stateMachine:Child was dumped"):
            parent.resume(dump, Resources(machines={"Other": machine({"Type": "Succeed"})}))

    def test_one_that_had_ended_unheard_of_is_heard_of(self) -> None:
        child = asl_local.load(
            {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 7, "End": True}}}, name="Child"
        )
        parent = machine(task(f"{START}.sync:2", Parameters={"StateMachineArn": CHILD, "Name": "c"}), name="Parent")
        first = parent.execution({})
        first.step(None, 0.0)
        first.step(Succeeded(1, {"submitted": True}), 1.0)
        arn = CHILD.replace(":stateMachine:", ":execution:") + ":c"
        done = child.execution({}, identity=replace(child.identity("c"), execution_arn=arn, machine_arn=CHILD))
        done.step(None, 2.0)
        dump = snapshot.bundle([first, done])
        result = parent.resume_simulation(dump, Resources(machines={"Child": child}))
        assert result.output["Output"] == 7
        assert result.output["StartDate"] == 2_000
        assert len(result.nested) == 1


def test_nested_executions_answer_and_are_answered_in_real_time() -> None:
    box = Box()
    parent = machine(task(f"{START}.sync:2", Parameters={"StateMachineArn": CHILD, "Name": "c"}))
    execution = parent.start({}, Resources({SEND: box}, machines={"Child": ASK}))
    execution.callbacks.send_task_success(box.token(), {"deep": 1})
    result = execution.result(PATIENCE)
    assert result.output["Output"] == {"deep": 1}
    (child,) = result.nested
    assert child.identity.execution_arn == result.output["ExecutionArn"]
    assert child.history.types()[-2:] == ["TaskStateExited", "ExecutionSucceeded"]
