"""Handlers on threads and in an event loop; everything here waits for events, nothing for the clock."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import asl_local
from asl_local.drivers import RealTime, TaskContext
from asl_local.drivers.drive import drive
from asl_local.drivers.threads import WORKERS
from asl_local.engine.messages import Call, Cancel, Fired, Heartbeat, Succeeded, Timer

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
PATIENCE = 30.0  # seconds until a test gives up


def task(name: str = "work", **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + name, "End": True, **fields}


def machine(state: dict[str, Any], **others: dict[str, Any]) -> asl_local.Machine:
    return asl_local.load({"StartAt": "A", "States": {"A": state, **others}})


def mapped(**fields: Any) -> asl_local.Machine:
    return machine({"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "B", "States": {"B": task()}}, **fields})


def call(token: int = 1, arguments: Any = None) -> Call:
    return Call(token, "arn", arguments, "A", 0, None)


class Clocked(RealTime):
    """Real threads, but the clock stands at `time` until a handler moves it; a heartbeat makes the driver look."""

    time = 1_000.0

    def now(self) -> float:
        return self.time


class Ran(NamedTuple):
    execution: asl_local.Execution
    exception: BaseException | None

    @property
    def types(self) -> list[str]:
        return [row[0] for row in self.execution.history.rows]


def clocked(here: asl_local.Machine, handlers: dict[str, Callable[[Any, Any, Clocked], Any]]) -> Ran:
    """Run with a clock that the handlers `(event, context, driver)` move."""
    execution = here.execution()

    def given(handler: Callable[[Any, Any, Clocked], Any]) -> Callable[[Any, Any], Any]:
        return lambda event, context: handler(event, context, driver)

    resources = asl_local.Resources({name: given(handler) for name, handler in handlers.items()})
    driver = Clocked(resources.bind(here.plan, execution.identity))
    return Ran(execution, drive(execution, driver).exception)


def pass_time(driver: Clocked, context: TaskContext, seconds: float) -> None:
    driver.time += seconds
    context.heartbeat()


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("asl-local")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Any:
    yield
    for thread in ours():
        thread.join(PATIENCE)
    assert ours() == []


class TestBlockingHandlers:
    def test_as_many_as_an_inline_map_runs_are_at_work_together(self) -> None:
        together = threading.Barrier(WORKERS, timeout=PATIENCE)

        def handler(event: int) -> int:
            together.wait()
            return event + 1

        assert mapped().run(list(range(WORKERS)), {"work": handler}).output == list(range(1, WORKERS + 1))

    def test_max_concurrency_holds(self) -> None:
        lock, now, most = threading.Lock(), 0, 0
        pairs = threading.Barrier(2, timeout=PATIENCE)

        def handler(event: int) -> int:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            pairs.wait()
            with lock:
                now -= 1
            return event

        assert mapped(MaxConcurrency=2).run([1, 2, 3, 4, 5, 6], {"work": handler}).output == [1, 2, 3, 4, 5, 6]
        assert most == 2

    def test_results_are_in_the_order_of_the_items_whoever_ends_first(self) -> None:
        second = threading.Event()

        def handler(event: str) -> str:
            if event == "first":
                assert second.wait(PATIENCE)
            else:
                second.set()
            return event

        result = mapped().run(["first", "second"], {"work": handler})
        assert result.output == ["first", "second"]
        order = [event.details["index"] for event in result.history if event.type == "MapIterationSucceeded"]
        assert order == [1, 0]

    def test_more_branches_than_workers_wait_their_turn(self) -> None:
        branches = [{"StartAt": f"B{i}", "States": {f"B{i}": task()}} for i in range(WORKERS + 20)]
        done = threading.Semaphore(0)

        def handler(event: int) -> int:
            done.release()
            return event

        result = machine({"Type": "Parallel", "Branches": branches, "End": True}).run(7, {"work": handler})
        assert result.output == [7] * (WORKERS + 20)
        assert all(done.acquire(blocking=False) for _ in branches)


class TestTimeouts:
    def test_a_late_answer_is_dropped_and_the_handler_told(self) -> None:
        release, told = threading.Event(), threading.Event()
        contexts: list[TaskContext] = []

        def slow(event: Any, context: TaskContext, driver: Clocked) -> str:
            contexts.append(context)
            pass_time(driver, context, 6)
            assert release.wait(PATIENCE)
            if context.cancelled:
                told.set()
            return "late"

        def after(event: Any, context: TaskContext, driver: Clocked) -> str:
            assert contexts[0].cancelled
            release.set()
            assert told.wait(PATIENCE)
            return "after"

        ran = clocked(
            machine(
                task("slow", TimeoutSeconds=5, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Z"}]),
                Z=task("after"),
            ),
            {"slow": slow, "after": after},
        )
        assert ran.execution.outcome is not None
        assert ran.execution.outcome.output == "after"
        assert ("LambdaFunctionTimedOut", 1_005.0) in [row[:2] for row in ran.execution.history.rows]

    @pytest.mark.parametrize(("gap", "status"), [(9, "SUCCEEDED"), (10, "SUCCEEDED"), (11, "FAILED")])
    def test_heartbeats_keep_a_task_alive(self, gap: float, status: str) -> None:
        def handler(event: Any, context: TaskContext, driver: Clocked) -> str:
            for _ in range(3):
                pass_time(driver, context, gap)
            return "alive"

        ran = clocked(machine(task(HeartbeatSeconds=10)), {"work": handler})
        assert ran.execution.outcome is not None
        assert ran.execution.outcome.status == status

    def test_handlers_that_hang_take_no_worker_from_others(self) -> None:
        release = threading.Event()
        began = threading.Barrier(3, timeout=PATIENCE)

        def work(work_call: Call, context: TaskContext) -> str:
            if work_call.arguments == "hang":
                began.wait()
                assert release.wait(PATIENCE)
            return "done"

        driver = RealTime(work, workers=2)
        for token in (1, 2):
            driver.perform(call(token, "hang"))
        began.wait()
        driver.perform(call(3))
        driver.perform(Cancel(1))
        assert driver.next()[0] == Succeeded(3, "done")
        release.set()
        driver.close()

    def test_a_call_that_nobody_waits_for_any_more_is_never_made(self) -> None:
        made: list[int] = []
        begun, release = threading.Event(), threading.Event()

        def work(work_call: Call, context: TaskContext) -> str:
            made.append(work_call.token)
            begun.set()
            assert release.wait(PATIENCE)
            return "done"

        driver = RealTime(work, workers=1)
        for token in (1, 2):
            driver.perform(call(token))
        assert begun.wait(PATIENCE)
        driver.close()
        release.set()
        for thread in ours():
            thread.join(PATIENCE)
        assert made == [1]

    def test_what_came_first_is_taken_first(self) -> None:
        driver = RealTime(lambda work_call, context: "done")
        past = driver.now() - 10
        driver.perform(Timer(2, past))
        driver.perform(call(1))
        assert driver.next() == (Fired(2), past)
        assert driver.next()[0] == Succeeded(1, "done")
        driver.close()

    def test_a_flood_of_heartbeats_holds_no_timer_up(self) -> None:
        def work(work_call: Call, context: TaskContext) -> str:
            while not context.cancelled:
                context.heartbeat()
                time.sleep(0)
            return "stopped"

        driver = RealTime(work)
        driver.perform(call(1))
        driver.perform(Timer(2, driver.now() + 0.05))
        seen = [driver.next()[0]]
        while type(seen[-1]) is Heartbeat and len(seen) < 10_000_000:
            seen = [driver.next()[0]]
        assert seen == [Fired(2)]
        driver.perform(Cancel(1))
        driver.close()


class TestAsyncHandlers:
    def test_they_run_in_one_loop_together(self) -> None:
        loops: set[int] = set()
        arrived: list[int] = []
        everybody: list[asyncio.Event] = []

        async def handler(event: int, context: TaskContext) -> int:
            loops.add(id(asyncio.get_running_loop()))
            if not everybody:
                everybody.append(asyncio.Event())
            arrived.append(event)
            if len(arrived) == 3:
                everybody[0].set()
            await asyncio.wait_for(everybody[0].wait(), PATIENCE)
            return event * 2

        assert mapped().run([1, 2, 3], {"work": handler}).output == [2, 4, 6]
        assert len(loops) == 1

    def test_what_they_raise_is_their_error(self) -> None:
        async def handler(event: Any) -> None:
            await asyncio.sleep(0)
            raise LookupError("not there")

        result = machine(task()).run({}, {"work": handler})
        assert (result.status, result.error) == ("FAILED", "LookupError")
        assert isinstance(result.exception, LookupError)

    @pytest.mark.parametrize(
        ("error", "name"), [(asyncio.CancelledError(), "CancelledError"), (SystemExit(4), "Runtime.ExitError")]
    )
    @pytest.mark.parametrize("how", ["run", "simulate"])
    def test_whatever_they_raise_is_an_answer(self, error: BaseException, name: str, how: str) -> None:
        async def handler(event: Any) -> None:
            raise error

        result = getattr(machine(task()), how)({}, {"work": handler})
        assert (result.status, result.error) == ("FAILED", name)

    def test_one_that_still_runs_at_the_end_is_cancelled(self) -> None:
        cancelled = threading.Event()

        async def slow(event: Any, context: TaskContext, driver: Clocked) -> None:
            try:
                pass_time(driver, context, 2)
                await asyncio.sleep(PATIENCE)
            finally:
                cancelled.set()

        ran = clocked(machine(task(TimeoutSeconds=1)), {"work": slow})
        assert ran.types[-2:] == ["LambdaFunctionTimedOut", "ExecutionFailed"]
        assert cancelled.wait(PATIENCE)


class TestTheEnd:
    def test_ctrl_c_aborts_the_execution_and_goes_on_to_the_caller(self) -> None:
        events: list[str] = []

        def interrupted(event: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            machine(task()).run({}, {"work": interrupted}, on_event=lambda event: events.append(event.type))
        assert events[-1] == "ExecutionAborted"

    def test_ctrl_c_while_nothing_happens(self) -> None:
        class Interrupted(RealTime):
            def next(self) -> Any:
                raise KeyboardInterrupt

        execution = machine({"Type": "Wait", "Seconds": 100, "End": True}).execution()
        with pytest.raises(KeyboardInterrupt):
            drive(execution, Interrupted(lambda work_call, context: None))
        assert execution.outcome is not None
        assert execution.outcome[:4] == ("ABORTED", None, None, "interrupted")

    def test_what_a_work_raises_is_raised_again(self) -> None:
        def work(work_call: Call, context: TaskContext) -> None:
            raise ZeroDivisionError

        driver = RealTime(work)
        driver.perform(call())
        with pytest.raises(ZeroDivisionError):
            driver.next()
        driver.close()

    def test_what_an_observer_raises_ends_the_run(self) -> None:
        def observer(event: asl_local.Event) -> None:
            if event.type == "LambdaFunctionSucceeded":
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            machine(task()).run({}, {"work": lambda event: 1}, on_event=observer)

    def test_a_hundred_executions_leave_no_thread_and_no_loop(self) -> None:
        async def later(event: int) -> int:
            return event

        both = asl_local.load({"StartAt": "A", "States": {
            "A": {"Type": "Task", "Resource": LAMBDA + "now", "Next": "B"}, "B": task("later")}})  # fmt: skip
        for number in range(100):
            assert both.run(number, {"now": lambda event: event, "later": later}).output == number
        for thread in ours():
            thread.join(PATIENCE)
        assert ours() == []

    def test_a_busy_worker_ends_with_its_handler(self) -> None:
        release = threading.Event()

        def hang(event: Any, context: TaskContext, driver: Clocked) -> None:
            pass_time(driver, context, 2)
            assert release.wait(PATIENCE)

        ran = clocked(machine(task(TimeoutSeconds=1)), {"work": hang})
        assert ran.types[-1] == "ExecutionFailed"
        assert [thread for thread in ours() if thread.is_alive()]
        release.set()

    def test_the_machines_own_time_ends_in_its_very_second(self) -> None:
        release = threading.Event()

        def hang(event: Any, context: TaskContext, driver: Clocked) -> None:
            pass_time(driver, context, 31.7)
            assert release.wait(PATIENCE)

        here = asl_local.load({"StartAt": "A", "TimeoutSeconds": 30, "States": {"A": task()}})
        ran = clocked(here, {"work": hang})
        release.set()
        assert ran.execution.outcome == ("TIMED_OUT", None, None, None, "Task 'A'")
        assert ran.execution.history.rows[-1][:2] == ("ExecutionTimedOut", 1_030.0)


class TestClock:
    def test_waits_wait(self) -> None:
        seen: list[float] = []
        here = asl_local.load(
            {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "A"}, "A": task()}}
        )
        began = time.monotonic()
        result = here.run({}, {"work": lambda event, context: seen.append(context.now())})
        assert time.monotonic() - began >= 1
        assert result.history[-1].at - result.history[0].at >= 1
        assert abs(seen[0] - time.time()) < 3600

    def test_a_wait_longer_than_clocks_count_is_looked_at_again(self) -> None:
        driver = RealTime(lambda work_call, context: "done")
        driver.perform(Timer(1, driver.now() + 1e9))
        driver.perform(call(2))
        assert driver.next()[0] == Succeeded(2, "done")
        driver.close()


def test_both_drivers_answer_alike() -> None:
    def fails(event: Any) -> None:
        raise asl_local.StateError("Own", "cause")

    def find(handler: Callable[..., Any]) -> set[tuple[Any, ...]]:
        here = machine(task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Z"}]), Z={"Type": "Succeed"})
        return {(here.run({}, {"work": handler}).status, str(here.simulate({}, {"work": handler}).output))}

    assert find(fails) == {("SUCCEEDED", "{'Error': 'Own', 'Cause': 'cause'}")}


def test_no_wait_is_endless_so_that_ctrl_c_is_heard_whenever_it_comes() -> None:
    class Inbox:
        """Nothing comes at first: what a signal leaves that was too early for the wait."""

        def __init__(self) -> None:
            self.waits: list[float | None] = []

        def get(self, timeout: float | None) -> Any:
            self.waits.append(timeout)
            if len(self.waits) == 1:
                raise queue.Empty
            raise KeyboardInterrupt

    driver = RealTime(lambda work_call, context: "done")
    driver._inbox = inbox = Inbox()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        driver.next()
    assert all(wait is not None and wait <= 1 for wait in inbox.waits)
