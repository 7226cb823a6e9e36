"""Real time: handlers run on threads, async handlers in one event loop of their own.

Knows: threads and the system's clocks. Must never know: what a handler does.
Threads cannot be killed: a handler whose task timed out runs on, `context.cancelled` tells it, its late answer is
dropped, and another worker may start in its place. The workers are daemons, so that such a handler never keeps the
process alive. A call that was cancelled before a worker came to it is never made.
"""

from __future__ import annotations

import asyncio
import heapq
import inspect
import queue
import threading
import time
from collections.abc import Awaitable
from typing import NamedTuple, TypeAlias

from asl_local.drivers.driver import TaskContext, Work, answer
from asl_local.engine.messages import (
    Call,
    Cancel,
    Command,
    Failed,
    Fired,
    Heartbeat,
    Refused,
    Stimulus,
    Succeeded,
    Timer,
)
from asl_local.values import Json

WORKERS = 40
"""Handlers that run at once, as many as iterations of an inline Map."""

_PATIENCE = 2_592_000.0
"""Seconds, a month: a longer wait overflows some systems' clocks; then we look again."""


class _Arrival(NamedTuple):
    """What came in, and when: an answer and a timer are taken in the order in which they happened."""

    at: float
    what: Stimulus | BaseException


_Job: TypeAlias = tuple[Call, TaskContext]


class RealTime:
    """A driver in real time. `now` follows the system's clock at the start and its monotonic clock from then on."""

    def __init__(self, work: Work, *, workers: int = WORKERS) -> None:
        self.raised: dict[int, BaseException] = {}
        self._work = work
        self._most = workers
        self._began = time.time() - time.monotonic()
        self._inbox: queue.SimpleQueue[_Arrival] = queue.SimpleQueue()
        self._early: _Arrival | None = None  # taken out of the inbox, but a timer comes first
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0  # workers without a job; negative: jobs without a worker
        self._lock = threading.Lock()
        self._timers: list[tuple[float, int]] = []
        self._contexts: dict[int, TaskContext] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def now(self) -> float:
        """The time, in epoch seconds; it never runs backwards."""
        return self._began + time.monotonic()

    def perform(self, command: Command) -> None:
        """Hand a call to a worker, remember a timer, tell a handler that nobody waits for it."""
        if type(command) is Call:
            self._call(command)
        elif type(command) is Timer:
            heapq.heappush(self._timers, (command.at, command.token))
        elif type(command) is Cancel:
            context = self._contexts.pop(command.token, None)
            if context is not None:
                context.cancelled = True
                with self._lock:
                    self._most += 1  # its worker is taken for as long as the handler likes
                self._hire()

    def next(self) -> tuple[Stimulus, float]:
        """Wait for an answer or for the next timer, whichever was first; with the time at which it was."""
        while True:
            arrived, self._early = self._early, None
            due = self._timers[0][0] if self._timers else None
            if arrived is None:
                patience = None if due is None else min(max(0.0, due - self.now()), _PATIENCE)
                try:
                    arrived = self._inbox.get(timeout=patience)
                except queue.Empty:
                    arrived = None
            if due is not None and (due <= self.now() if arrived is None else due < arrived.at):
                self._early = arrived
                return Fired(heapq.heappop(self._timers)[1]), due
            if arrived is None:
                continue
            if isinstance(arrived.what, BaseException):
                raise arrived.what
            if isinstance(arrived.what, (Succeeded, Failed, Refused)):
                self._contexts.pop(arrived.what.token, None)
            return arrived.what, arrived.at

    def close(self) -> None:
        """Let idle workers go; busy ones end with their handler."""
        with self._lock:
            self._closed = True
            for context in self._contexts.values():
                context.cancelled = True
            for _ in range(self._threads):
                self._jobs.put(None)
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(_stop, loop)

    def _put(self, what: Stimulus | BaseException) -> None:
        self._inbox.put(_Arrival(self.now(), what))

    def _call(self, call: Call) -> None:
        context = TaskContext(call, now=self.now, sleep=time.sleep, heartbeat=lambda: self._put(Heartbeat(call.token)))
        self._contexts[call.token] = context
        with self._lock:
            self._idle -= 1
        self._jobs.put((call, context))
        self._hire()

    def _hire(self) -> None:
        """Start a worker if there is more to do than workers, and there may be another one."""
        with self._lock:
            if self._idle >= 0 or self._threads >= self._most:
                return
            self._threads += 1
            self._idle += 1
            name = f"asl-local-{self._threads}"
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, context = job
            if not context.cancelled:
                self._make(call, context)
            with self._lock:
                self._idle += 1

    def _make(self, call: Call, context: TaskContext) -> None:
        try:
            result = self._work(call, context)
        except BaseException as error:
            self._answer(call, None, error)
            return
        if not isinstance(result, Awaitable):
            self._answer(call, result, None)
            return
        with self._lock:
            loop = None if self._closed else self._event_loop()
            if loop is not None:
                asyncio.run_coroutine_threadsafe(self._finish(call, result), loop)
        if loop is None and inspect.iscoroutine(result):
            result.close()

    async def _finish(self, call: Call, awaitable: Awaitable[Json]) -> None:
        try:
            result = await awaitable
        except BaseException as error:
            self._answer(call, None, error)
        else:
            self._answer(call, result, None)

    def _answer(self, call: Call, result: Json, error: BaseException | None) -> None:
        try:
            self._put(answer(call, result, self.raised, error))
        except BaseException as ours:
            self._put(ours)

    def _event_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_run, args=(self._loop,), name="asl-local-async", daemon=True).start()
        return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs and stop once it has been told."""
    running = asyncio.all_tasks(loop)
    for task in running:
        task.cancel()
    if running:
        asyncio.ensure_future(asyncio.gather(*running, return_exceptions=True)).add_done_callback(
            lambda _: loop.call_soon(loop.stop)
        )
    else:
        loop.stop()
