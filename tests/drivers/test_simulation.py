"""Virtual time: what takes time, what comes first, and that equal seeds give equal histories."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import asl_local
from asl_local.drivers import Simulation
from asl_local.drivers.simulate import START
from asl_local.engine.messages import Call, Cancel, Fired, Heartbeat, Succeeded, Timer
from asl_local.errors import InternalError

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def task(name: str = "work", **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + name, "End": True, **fields}


def machine(state: dict[str, Any], **others: dict[str, Any]) -> asl_local.Machine:
    return asl_local.load({"StartAt": "A", "States": {"A": state, **others}})


def seconds(result: asl_local.Result) -> float:
    return result.history[-1].at - result.history[0].at


def call(token: int = 1) -> Call:
    return Call(token, "arn", None, "A", 0, None)


class TestTime:
    def test_a_year_and_ninety_nine_retries_take_no_time(self) -> None:
        def never(event: Any) -> None:
            raise asl_local.StateError("Busy")

        here = machine(
            task(Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 99, "IntervalSeconds": 3600, "BackoffRate": 1}],
                 Catch=[{"ErrorEquals": ["Busy"], "Next": "W"}]),
            W={"Type": "Wait", "Seconds": 31_536_000, "End": True},
        )  # fmt: skip
        result = here.simulate({}, {"work": never})
        assert seconds(result) == 99 * 3600 + 31_536_000
        assert result.history[-1].timestamp == datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds(result))

    def test_asyncio_sleep_takes_virtual_time(self) -> None:
        async def handler(event: Any, context: Any) -> float:
            began = context.now()
            await asyncio.sleep(3600)
            context.sleep(60)
            await asyncio.gather(asyncio.sleep(30), asyncio.sleep(20))
            return context.now() - began

        result = machine(task()).simulate({}, {"work": handler})
        assert result.output == 3690
        assert seconds(result) == 3690

    def test_calls_of_async_handlers_do_not_share_their_time(self) -> None:
        async def handler(event: Any) -> None:
            await asyncio.sleep(event)

        here = machine({"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "B", "States": {"B": task()}}})
        assert seconds(here.simulate([5, 10, 1], {"work": handler})) == 10

    def test_an_async_handler_times_out_and_beats(self) -> None:
        async def handler(event: Any, context: Any) -> str:
            for _ in range(3):
                await asyncio.sleep(9)
                context.heartbeat()
            return "alive"

        assert machine(task(HeartbeatSeconds=10)).simulate({}, {"work": handler}).output == "alive"
        assert machine(task(HeartbeatSeconds=8)).simulate({}, {"work": handler}).error == "States.Timeout"
        assert seconds(machine(task(TimeoutSeconds=20)).simulate({}, {"work": handler})) == 20

    def test_a_timeout_within_a_handler(self) -> None:
        async def handler(event: Any) -> str:
            try:
                await asyncio.wait_for(asyncio.sleep(100), timeout=7)
            except TimeoutError:
                return "gave up"
            return "slept"

        result = machine(task()).simulate({}, {"work": handler})
        assert (result.output, seconds(result)) == ("gave up", 7)

    def test_work_in_another_thread_takes_no_virtual_time(self) -> None:
        release = threading.Event()

        def blocking() -> str:
            assert release.wait(30)
            return "done"

        async def handler(event: Any) -> str:
            asyncio.get_running_loop().call_soon(release.set)
            return await asyncio.wait_for(asyncio.to_thread(blocking), timeout=1)

        result = machine(task()).simulate({}, {"work": handler})
        assert (result.output, seconds(result)) == ("done", 0)

    def test_the_loop_counts_what_is_out_in_other_threads(self) -> None:
        release = threading.Event()
        counts: list[int] = []

        async def handler(event: Any) -> None:
            loop: Any = asyncio.get_running_loop()
            out = [loop.run_in_executor(None, release.wait, 30) for _ in range(2)]
            counts.append(loop.threads)
            release.set()
            await asyncio.gather(*out)
            await asyncio.sleep(0)
            counts.append(loop.threads)

        assert machine(task()).simulate({}, {"work": handler}).status == "SUCCEEDED"
        assert counts == [2, 0]

    def test_in_a_running_event_loop(self) -> None:
        async def handler(event: int) -> int:
            await asyncio.sleep(10)
            return event + 1

        async def main() -> asl_local.Result:
            return machine(task()).simulate(1, {"work": handler})

        result = asyncio.run(main())
        assert (result.output, seconds(result)) == (2, 10)

    def test_what_an_async_handler_leaves_behind_is_tidied_up(self) -> None:
        ended: list[str] = []

        async def stubborn() -> None:
            for _ in range(3):
                try:
                    await asyncio.sleep(1_000)
                except asyncio.CancelledError:
                    ended.append("no")

        async def background() -> None:
            try:
                await asyncio.sleep(1_000)
            finally:
                ended.append("background")

        async def handler(event: Any) -> str:
            tasks.extend([asyncio.create_task(background()), asyncio.create_task(stubborn())])
            await asyncio.sleep(0)
            return "done"

        tasks: list[asyncio.Task[None]] = []
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert machine(task()).simulate({}, {"work": handler}).output == "done"
        assert "background" in ended
        assert tasks[0].cancelled()

    @pytest.mark.parametrize(
        ("start", "entered"),
        [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_700_000_000.25, "2023-11-14T22:13:20.250Z"),
            (datetime(2030, 5, 6, 7, 8, 9), "2030-05-06T07:08:09.000Z"),
            (datetime(2030, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2))), "2030-05-06T05:08:09.000Z"),
        ],
    )
    def test_time_starts_where_somebody_says(self, start: Any, entered: str) -> None:
        here = machine({"Type": "Pass", "Parameters": {"t.$": "$$.State.EnteredTime"}, "End": True})
        assert here.simulate(start=start).output == {"t": entered}


class TestDriver:
    def test_answers_come_before_timers_of_the_same_instant(self) -> None:
        driver = Simulation(lambda work_call, context: "done")
        driver.perform(Timer(1, START))
        driver.perform(call(2))
        assert [driver.next()[0], driver.next()[0]] == [Succeeded(2, "done"), Fired(1)]

    def test_answers_of_one_instant_come_in_the_order_in_which_they_were_given(self) -> None:
        driver = Simulation(lambda work_call, context: context.sleep(5 if work_call.token < 4 else 0))
        driver.perform(call(1))
        driver.perform(Timer(2, START + 5))
        driver.perform(call(3))
        assert driver.next() == (Succeeded(1, None), START + 5)
        driver.perform(call(4))
        driver.perform(call(5))
        assert driver.due() == START + 5
        assert [driver.next()[0] for _ in range(4)] == [
            Succeeded(3, None), Succeeded(4, None), Succeeded(5, None), Fired(2),
        ]  # fmt: skip
        assert driver.due() is None

    def test_nothing_is_due_but_what_nobody_has_called_off(self) -> None:
        driver = Simulation(lambda work_call, context: context.sleep(work_call.token - 1))
        for token in (1, 2, 3):
            driver.perform(call(token))
        assert driver.due() == START
        driver.perform(Cancel(1))
        driver.perform(Cancel(2))
        assert driver.due() == START + 2
        driver.perform(Cancel(3))
        assert driver.due() is None

    def test_time_jumps_to_what_is_due(self) -> None:
        driver = Simulation(lambda work_call, context: context.sleep(5))
        driver.perform(Timer(1, START + 3))
        driver.perform(call(2))
        assert driver.next() == (Fired(1), START + 3)
        assert driver.next() == (Succeeded(2, None), START + 5)
        assert driver.now() == START + 5

    def test_what_is_cancelled_does_not_arrive(self) -> None:
        driver = Simulation(lambda work_call, context: context.heartbeat())
        driver.perform(call(1))
        driver.perform(call(2))
        driver.perform(Cancel(1))
        assert [driver.next()[0], driver.next()[0]] == [Heartbeat(2), Succeeded(2, None)]
        with pytest.raises(InternalError):
            driver.next()

    def test_negative_sleep_is_none(self) -> None:
        driver = Simulation(lambda work_call, context: context.sleep(-5))
        driver.perform(call())
        assert driver.next()[1] == START

    def test_what_a_work_raises_is_raised_again(self) -> None:
        def work(work_call: Call, context: Any) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            Simulation(work).perform(call())

    def test_ctrl_c_in_a_handler_goes_on_to_the_caller(self) -> None:
        def interrupted(event: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            machine(task()).simulate({}, {"work": interrupted})

    def test_ctrl_c_while_an_async_handler_waits_leaves_no_complaint(self, caplog: pytest.LogCaptureFixture) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        async def waits(event: Any) -> None:
            asyncio.get_running_loop().call_soon(interrupt)
            await asyncio.sleep(60)

        gc.collect()  # what earlier tests have left may complain now
        caplog.clear()
        with pytest.raises(KeyboardInterrupt):
            machine(task()).simulate({}, {"work": waits})
        gc.collect()
        assert caplog.records == []


class TestSeeds:
    PARALLEL: dict[str, Any] = {  # noqa: RUF012 - read only
        "Type": "Parallel",
        "End": True,
        "Branches": [{"StartAt": name, "States": {name: task(name)}} for name in "BCD"],
    }

    def orders(self, seed: int) -> tuple[str, list[dict[str, Any]]]:
        called: list[str] = []
        handlers = {name: lambda event, name=name: called.append(name) for name in "BCD"}
        history = machine(self.PARALLEL).simulate({}, handlers, seed=seed).history
        return "".join(called), history.to_aws()

    def test_seed_0_keeps_the_order_of_the_definition(self) -> None:
        assert self.orders(0)[0] == "BCD"

    def test_the_same_seed_gives_the_same_history(self) -> None:
        for seed in range(5):
            assert self.orders(seed) == self.orders(seed)

    def test_other_seeds_try_every_order(self) -> None:
        assert {self.orders(seed)[0] for seed in range(100)} == {"BCD", "BDC", "CBD", "CDB", "DBC", "DCB"}

    def test_what_handlers_raise_is_the_same_again_too(self) -> None:
        def fails(event: Any) -> None:
            raise ValueError("boom")

        first, second = (machine(task()).simulate({}, {"work": fails}) for _ in range(2))
        assert first.cause == second.cause
        assert first.history.to_aws() == second.history.to_aws()
        assert "boom" in str(first.cause)
