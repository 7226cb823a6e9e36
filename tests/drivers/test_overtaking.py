"""Functions are called by the thread that runs the machine, unless they block: then the others go on without it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import asl_local
from asl_local.drivers.overtaking import Watch
from asl_local.engine.messages import Call
from asl_local.resources.answering import settled

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
LONG = 60.0  # seconds until a test that went wrong fails; none that goes well waits for it


def task(name: str, **fields: Any) -> dict[str, Any]:
    end = {} if "Next" in fields else {"End": True}
    return {"Type": "Task", "Resource": ARN + name, **end, **fields}


def over_items(state: dict[str, Any], **more: Any) -> asl_local.Machine:
    each = {"StartAt": "Work", "States": {"Work": state, **more}}
    return asl_local.load({"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": True, "ItemProcessor": each}}})


def run(machine: asl_local.Machine, items: Any, work: Callable[..., Any]) -> asl_local.Result:
    return machine.run(items, {"work": work})


def test_short_functions_share_one_thread() -> None:
    threads = set()

    def work(item: int) -> int:
        threads.add(threading.current_thread())
        return item + 1

    assert run(over_items(task("work")), list(range(100)), work).unwrap() == list(range(1, 101))
    assert len(threads) == 1


def test_where_there_is_one_line_only_functions_are_called_by_the_thread_that_runs_the_machine() -> None:
    threads = set()

    def work(item: int) -> int:
        threads.add(threading.current_thread())
        return item + 1

    machine = asl_local.load({"StartAt": "A", "States": {"A": task("work", Next="B"), "B": task("work")}})
    assert run(machine, 1, work).unwrap() == 3
    assert threads == {threading.current_thread()}


def test_handlers_that_wait_for_each_other_meet() -> None:
    everybody = threading.Barrier(5, timeout=LONG)

    def work(item: int) -> int:
        everybody.wait()
        return item * 2

    assert run(over_items(task("work")), [0, 1, 2, 3, 4], work).unwrap() == [0, 2, 4, 6, 8]


def then(after: dict[str, Any]) -> asl_local.Machine:
    """Two functions that are out at once, one of which waits for the other, and a task when both have come back."""
    branches = [{"StartAt": name, "States": {name: task(name.lower())}} for name in ("Blocks", "Frees")]
    both = {"Type": "Parallel", "Next": "After", "Branches": branches}
    return asl_local.load({"StartAt": "Both", "States": {"Both": both, "After": after}})


def two_and(after: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    free = threading.Event()

    def blocks(event: Any) -> str:
        assert free.wait(LONG)
        return "late"

    def frees(event: Any) -> str:
        free.set()
        return "soon"

    return {"blocks": blocks, "frees": frees, "after": after}


def test_branches_do_not_wait_for_a_handler_that_blocks() -> None:
    branches = [{"StartAt": name, "States": {name: task(name.lower())}} for name in ("Blocks", "Frees")]
    machine = asl_local.load(
        {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": True, "Branches": branches}}}
    )
    result = machine.run({}, two_and(len))
    assert result.unwrap() == ["late", "soon"]
    types = result.history.types()
    assert types.count("LambdaFunctionSucceeded") == types.count("LambdaFunctionStarted") == 2
    assert [e.details["name"] for e in result.history if e.type == "TaskStateExited"] == ["Frees", "Blocks"]


def test_a_function_that_blocked_is_known_in_the_next_run() -> None:
    everybody = threading.Barrier(3, timeout=LONG)
    threads: list[threading.Thread] = []

    def work(item: int) -> int:
        threads.append(threading.current_thread())
        everybody.wait()
        return item

    machine, handlers = over_items(task("work")), {"work": work}
    for _ in range(2):
        assert machine.run([1, 2, 3], handlers).unwrap() == [1, 2, 3]
    assert "asl-local-step" in {thread.name for thread in threads[:3]}
    assert "asl-local-step" not in {thread.name for thread in threads[3:]}


def test_a_function_that_blocked_once_is_called_within_the_step_again_some_runs_later() -> None:
    everybody, threads = threading.Barrier(3, timeout=LONG), set()

    def work(item: int) -> int:
        if item < 0:
            everybody.wait()
        else:
            threads.add(threading.current_thread().name)
        return item

    machine, handlers = over_items(task("work")), {"work": work}
    assert machine.run([-1, -2, -3], handlers).unwrap() == [-1, -2, -3]
    machine.run([1], handlers).unwrap()
    assert "asl-local-step" not in threads
    for _ in range(16):
        machine.run([1], handlers).unwrap()
    assert "asl-local-step" in threads


@pytest.mark.parametrize("late", [False, True])
def test_errors_are_caught_whether_the_call_was_overtaken_or_not(late: bool) -> None:
    others = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            if late:
                assert others.wait(LONG)
            raise ValueError("no")
        others.set()
        return item

    caught = {"Type": "Pass", "Result": "caught", "End": True}
    machine = over_items(task("work", Catch=[{"ErrorEquals": ["ValueError"], "Next": "Caught"}]), Caught=caught)
    result = run(machine, [0, 1], work)
    assert result.unwrap() == ["caught", 1]


def test_an_error_of_an_overtaken_call_ends_the_execution_with_the_handlers_exception() -> None:
    others = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert others.wait(LONG)
            raise LookupError("nothing there")
        others.set()
        return item

    result = run(over_items(task("work")), [0, 1], work)
    assert (result.status, result.error) == ("FAILED", "LookupError")
    assert isinstance(result.exception, LookupError)
    assert result.exception.__notes__ == ["in Map 'Each', item 0 > Task 'Work'"]
    frames = []
    traceback = result.exception.__traceback__
    while traceback is not None:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames[-1] == "work"


@pytest.mark.parametrize("runs", [1, 20], ids=["new", "known"])
def test_a_call_that_is_overtaken_was_given_what_the_history_says(runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = over_items(task("work", Parameters={"drawn.$": "States.MathRandom(1, 1000000)"}))
    overtaken, overtake, given = threading.Event(), Watch._overtake, []

    def noted(watch: Watch, *more: Any) -> Any:
        overtaken.set()
        return overtake(watch, *more)

    monkeypatch.setattr(Watch, "_overtake", noted)

    def work(event: dict[str, int]) -> None:
        given.append(event["drawn"])
        if len(given) == 1 and blocks:
            assert overtaken.wait(LONG)

    for last in [False] * (runs - 1) + [True]:
        given.clear()
        blocks = last
        result = run(machine, [0, 1, 2], work)
        scheduled = [
            event.details["input"]["drawn"] for event in result.history if event.type == "LambdaFunctionScheduled"
        ]
        assert sorted(scheduled) == sorted(given)
    assert overtaken.is_set()


def test_ctrl_c_in_a_handler_ends_the_run() -> None:
    def work(item: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(over_items(task("work")), [0, 1], work)


def test_ctrl_c_in_a_handler_that_was_overtaken_ends_the_run() -> None:
    others = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert others.wait(LONG)
            raise KeyboardInterrupt
        others.set()
        return item

    with pytest.raises(KeyboardInterrupt):
        run(over_items(task("work")), [0, 1], work)


def test_async_handlers_run_side_by_side() -> None:
    async def work(item: int) -> int:
        await asyncio.sleep(0)
        return item + 10

    assert run(over_items(task("work")), [1, 2, 3], work).unwrap() == [11, 12, 13]


def test_waits_beside_a_long_row_of_short_calls_are_not_held_up() -> None:
    """While something is due, calls go out to workers: the loop hears of it in between."""
    seen: list[str] = []

    def work(item: Any) -> Any:
        seen.append(threading.current_thread().name)
        return item

    branches = [
        {
            "StartAt": "W",
            "States": {"W": {"Type": "Wait", "Seconds": 0, "Next": "P"}, "P": {"Type": "Pass", "End": True}},
        },
        {"StartAt": "T", "States": {"T": task("work", TimeoutSeconds=60, Next="U"), "U": task("work")}},
    ]
    machine = asl_local.load(
        {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": True, "Branches": branches}}}
    )
    assert run(machine, 1, work).unwrap() == [1, 1]
    assert "asl-local-step" not in seen  # the first has a clock that must be able to strike


def test_a_function_that_often_takes_long_is_left_to_workers() -> None:
    clock = [1_704_067_200.0]
    called: list[int] = []

    def work(item: int, *_: Any) -> tuple[int, float]:
        clock[0] += 0.001 if item != 1 else 0.0001
        called.append(item)
        return item, 1

    machine = over_items(task("work"))
    execution = machine.execution(list(range(8)))
    execution.answers, execution.clock = {ARN + "work": work}, lambda: clock[0]
    execution.calls = Watch(execution, set(), settled)
    commands = execution.step(None, clock[0])
    assert called == [0, 1, 2, 3]
    assert [command.arguments for command in commands if isinstance(command, Call)] == [4, 5, 6, 7]
    assert execution.calls.slow == {ARN + "work"}


def test_the_history_says_when_a_call_was_over() -> None:
    def work(item: int) -> int:
        return item

    result = run(over_items(task("work")), list(range(20)), work)
    times = [event.at for event in result.history]
    assert times == sorted(times)


def test_a_context_says_what_is_called_where() -> None:
    told: list[Any] = []

    def work(item: int, context: Any) -> int:
        told.append((context.call.place, context.map_index, context.state))
        assert context.attempt == 0
        assert context.execution_arn.endswith(":execution:StateMachine:mine")
        assert context.function_name == "work"
        assert context.get_remaining_time_in_millis() == 900_000
        assert not context.cancelled
        with pytest.raises(asl_local.InvalidToken):
            context.send_task_success(1)
        with pytest.raises(asl_local.InvalidToken):
            context.send_task_success(1, token="AQ")
        context.heartbeat()
        return len(context.aws_request_id)

    machine = over_items(task("work"))
    result = machine.run([7, 8], {"work": work}, execution_name="mine")
    assert result.unwrap() == [36, 36]
    assert told == [("Each[0]/Work", 0, "Work"), ("Each[1]/Work", 1, "Work")]


def test_a_handler_that_was_overtaken_hears_that_nobody_waits_any_more() -> None:
    begun = threading.Event()
    heard = threading.Event()

    def work(item: int, context: Any) -> int:
        if item == 0:
            assert begun.wait(LONG)
            while not context.cancelled:
                heard.wait(0.001)
            heard.set()
            return item
        begun.set()
        raise ValueError("ends the Map, and so the other call")

    result = run(over_items(task("work")), [0, 1], work)
    assert (result.status, result.error) == ("FAILED", "ValueError")
    assert heard.wait(LONG)


def test_a_machine_that_has_failed_does_not_wait_for_a_handler_that_blocks() -> None:
    never = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            never.wait()
        raise ValueError("no")

    assert run(over_items(task("work")), [0, 1], work).error == "ValueError"
    never.set()


def test_a_call_that_holds_up_nobody_is_made_by_the_thread_that_waits_for_it() -> None:
    threads = []

    def after(event: Any) -> Any:
        threads.append(threading.current_thread())
        return event

    assert then(task("after")).run({}, two_and(after)).unwrap() == ["late", "soon"]
    then(task("after", TimeoutSeconds=60)).run({}, two_and(after)).unwrap()  # which may have to go on without it
    assert threads[0] is threading.current_thread()
    assert threads[1] is not threading.current_thread()


def test_ctrl_c_in_such_a_call_ends_the_run() -> None:
    def after(event: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        then(task("after")).run({}, two_and(after))


def test_such_a_call_may_fail() -> None:
    def after(event: Any) -> Any:
        raise ValueError("no")

    result = then(task("after")).run({}, two_and(after))
    assert (result.status, result.error, result.place) == ("FAILED", "ValueError", "Task 'After'")
    assert isinstance(result.exception, ValueError)


def test_such_a_call_may_be_async_or_run_a_loop_of_its_own() -> None:
    async def inner() -> int:
        return 7

    async def after(event: Any) -> int:
        return await inner()

    def runs(event: Any) -> int:
        return asyncio.run(inner())

    async def outer(handler: Callable[..., Any]) -> asl_local.Result:
        return then(task("after")).run({}, two_and(handler))

    for handler in (after, runs):
        assert then(task("after")).run({}, two_and(handler)).unwrap() == 7
        assert asyncio.run(outer(handler)).unwrap() == 7
