"""Real time: handlers run on threads, async handlers in one event loop of their own.

Knows: threads and the system's clocks. Must never know: what a handler does.
Threads cannot be killed: a handler whose task timed out runs on, `context.cancelled` tells it, and its late answer is
dropped. The workers are daemons, so that such a handler never keeps the process alive.
"""

from __future__ import annotations

import asyncio
import heapq
import queue
import threading
import time
from collections.abc import Awaitable, Callable

from asl_local.drivers.driver import TaskContext, Work, answer
from asl_local.engine.messages import (
    Call,
    Cancel,
    Command,
    Failed,
    Fired,
    Heartbeat,
    Stimulus,
    Succeeded,
    Timer,
)
from asl_local.values import Json

WORKERS = 40
"""Handlers that run at once, as many as iterations of an inline Map."""


class RealTime:
    """A driver in real time. `now` follows the system's clock at the start and its monotonic clock from then on."""

    def __init__(self, work: Work, *, workers: int = WORKERS) -> None:
        self.raised: dict[int, BaseException] = {}
        self._work = work
        self._most = workers
        self._began = time.time() - time.monotonic()
        self._inbox: queue.SimpleQueue[Stimulus | BaseException] = queue.SimpleQueue()
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._lock = threading.Lock()
        self._timers: list[tuple[float, int]] = []
        self._contexts: dict[int, TaskContext] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

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

    def next(self) -> tuple[Stimulus, float]:
        """Wait for an answer or for the next timer."""
        while True:
            patience = max(0.0, self._timers[0][0] - self.now()) if self._timers else None
            try:
                # A wait of more than a month overflows some systems' clocks; then we look again.
                arrived = self._inbox.get(timeout=patience if patience is None else min(patience, 2_592_000.0))
            except queue.Empty:
                if self._timers and self._timers[0][0] <= self.now():
                    return Fired(heapq.heappop(self._timers)[1]), self.now()
                continue
            if isinstance(arrived, BaseException):
                raise arrived
            if isinstance(arrived, (Succeeded, Failed)):
                self._contexts.pop(arrived.token, None)
            return arrived, self.now()

    def close(self) -> None:
        """Let idle workers go; busy ones end with their handler."""
        for context in self._contexts.values():
            context.cancelled = True
        for _ in range(self._threads):
            self._jobs.put(None)
        loop = self._loop
        if loop is not None:
            self._loop = None
            loop.call_soon_threadsafe(_stop, loop)

    def _call(self, call: Call) -> None:
        context = TaskContext(
            call, now=self.now, sleep=time.sleep, heartbeat=lambda: self._inbox.put(Heartbeat(call.token))
        )
        self._contexts[call.token] = context
        with self._lock:
            self._idle -= 1
            start = self._idle < 0 and self._threads < self._most
            if start:
                self._threads += 1
                self._idle += 1
        self._jobs.put(lambda: self._perform(call, context))
        if start:
            threading.Thread(target=self._worker, name=f"asl-local-{self._threads}", daemon=True).start()

    def _worker(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            job()
            with self._lock:
                self._idle += 1

    def _perform(self, call: Call, context: TaskContext) -> None:
        try:
            result = self._work(call, context)
        except BaseException as error:
            self._answer(call, None, error)
            return
        if isinstance(result, Awaitable):
            asyncio.run_coroutine_threadsafe(self._finish(call, result), self._event_loop())
        else:
            self._answer(call, result, None)

    async def _finish(self, call: Call, awaitable: Awaitable[Json]) -> None:
        try:
            result = await awaitable
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._answer(call, None, error)
        else:
            self._answer(call, result, None)

    def _answer(self, call: Call, result: Json, error: BaseException | None) -> None:
        try:
            self._inbox.put(answer(call, result, self.raised, error))
        except BaseException as ours:
            self._inbox.put(ours)

    def _event_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), name="asl-local-async", daemon=True).start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
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
