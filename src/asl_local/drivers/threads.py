"""Real time: handlers run on threads, async handlers in one event loop of their own.

Knows: threads and the system's clocks. Must never know: what a handler does.
Threads cannot be killed: a handler whose task timed out runs on, `context.cancelled` tells it, its late answer is
dropped, and another worker may start in its place. The workers are daemons, so that such a handler never keeps the
process alive. A call that was cancelled before a worker came to it is never made.
"""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeAlias

from asl_local.drivers.callbacks import Callbacks, Desk
from asl_local.drivers.driver import (
    NEVER,
    Begun,
    Later,
    Nested,
    TaskContext,
    Work,
    answer,
    performer,
    report,
)
from asl_local.engine.messages import (
    Call,
    Cancel,
    Command,
    Fired,
    Heartbeat,
    Stimulus,
    Succeeded,
    Taken,
    Timer,
)
from asl_local.lazy import NamedTuple, hinted, later

if TYPE_CHECKING:
    import asyncio
else:
    later(globals(), "asyncio")

WORKERS = 40
"""Handlers that run at once, as many as iterations of an inline Map."""

_PATIENCE = 1.0
"""Seconds of one wait at most. A signal (Ctrl-C) that comes just before the system's call does not end that call, and
Python hears of it only afterwards. A wait of months would overflow some systems' clocks, too."""


class _Arrival(NamedTuple):
    """What came in, and when: an answer and a timer are taken in the order in which they happened."""

    at: float
    what: Stimulus | Begun | BaseException


_Job: TypeAlias = tuple[Call, TaskContext, Callable[[TaskContext], Any] | None]
"""A call to make; or what is to be done after one, where that is given."""


class RealTime:
    """A driver in real time. `now` follows the system's clock at the start and its monotonic clock from then on.

    `began` is the difference of the two, where somebody has looked at both already. With `alone`, which says whether the
    execution waits for one thing only, the one call that is out is made by the thread that waits for it: it holds up
    nobody, and to wake a worker takes a third of a millisecond.
    """

    def __init__(
        self, work: Work, *, workers: int = WORKERS, callbacks: Callbacks | None = None, began: float | None = None,
        alone: Callable[[], bool] | None = None,
    ) -> None:  # fmt: skip
        self.raised: dict[int, BaseException] = {}
        self.works: dict[int, Work] = {0: work}
        self.settled: dict[int, Work] = {}
        self._desk = Desk(callbacks, self.deliver)
        self._most = workers
        self._began = time.time() - time.monotonic() if began is None else began
        self._inbox: queue.SimpleQueue[_Arrival] = queue.SimpleQueue()
        self._early: _Arrival | None = None  # taken out of the inbox, but a timer comes first
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0  # workers without a job; negative: jobs without a worker
        self._lock = threading.Lock()
        self._serial = 0
        self._timers: list[tuple[float, int, Stimulus | Begun]] = []
        self._contexts: dict[int, TaskContext] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._alone = alone
        self._held: list[
            tuple[Call, TaskContext]
        ] = []  # calls of this step, until it is known whether there is another

    def now(self) -> float:
        """The time, in epoch seconds; it never runs backwards."""
        return self._began + time.monotonic()

    def perform(self, command: Command) -> None:
        """Hand a call to a worker, remember a timer, tell a handler that nobody waits for it."""
        if type(command) is Call:
            self._call(command)
        elif type(command) is Timer:
            self._later(command.at, Fired(command.token))
        elif type(command) is Cancel:
            self._desk.close(command.token)
            context = self._contexts.pop(command.token, None)
            if context is not None:
                context.cancelled = True
                with self._lock:
                    self._most += 1  # its worker is taken for as long as the handler likes
                self._hire()

    def next(self) -> tuple[Stimulus | Begun, float]:
        """Wait for an answer or for the next timer, whichever was first; with the time at which it was."""
        if self._held:
            self._let_go()
        while True:
            arrived, self._early = self._early, None
            due = self._timers[0][0] if self._timers else None
            if arrived is None:
                patience = _PATIENCE if due is None else min(max(0.0, due - self.now()), _PATIENCE)
                try:
                    arrived = self._inbox.get(timeout=patience)
                except queue.Empty:
                    arrived = None
            if due is not None and (due <= self.now() if arrived is None else due < arrived.at):
                self._early = arrived
                return heapq.heappop(self._timers)[2], due
            if arrived is None:
                continue
            if isinstance(arrived.what, BaseException):
                raise arrived.what
            if arrived.at > self.now():
                self._later(arrived.at, arrived.what)
                continue
            return arrived.what, arrived.at

    def deliver(self, stimulus: Stimulus, after: float = 0.0) -> None:
        """Put in a word from another thread, so many seconds from now: an answer to a task token, a stop."""
        self._inbox.put(_Arrival(self.now() + after, stimulus))

    def interrupt(self, error: BaseException) -> None:
        """Have `next` raise this, in whichever thread it waits."""
        self._put(error)

    def over(self, token: int) -> None:
        """The task has ended: nobody can answer it any more."""
        self._contexts.pop(token, None)
        self._desk.close(token)

    def close(self) -> None:
        """Let idle workers go; busy ones end with their handler."""
        self._desk.close_all()
        with self._lock:
            self._closed = True
            for context in self._contexts.values():
                context.cancelled = True
            for _ in range(self._threads):
                self._jobs.put(None)
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(_stop, loop)

    def _put(self, what: Stimulus | Begun | BaseException) -> None:
        self._inbox.put(_Arrival(self.now(), what))

    def _later(self, at: float, what: Stimulus | Begun) -> None:
        self._serial += 1
        heapq.heappush(self._timers, (at, self._serial, what))

    def _call(self, call: Call) -> None:
        self._desk.open(call)
        context = TaskContext(
            call, now=self.now, sleep=time.sleep, heartbeat=lambda: self._put(Heartbeat(call.token)),
            callbacks=self._desk.callbacks,
        )  # fmt: skip
        self._contexts[call.token] = context
        if self._alone is None or call.waits or call.deadline is not None or call.token in self.settled:
            self._employ(call, context, None)
        else:
            self._held.append((call, context))

    def _let_go(self) -> None:
        """Make the call that was held back, if nobody else could want to go on meanwhile; else hand all of
        them to workers.
        """
        held, self._held = self._held, []
        nothing_else = len(held) == len(self._contexts) == len(self.works) == 1 and not self._timers
        if nothing_else and self._early is None and self._inbox.empty() and self._alone is not None and self._alone():
            self._make(*held[0], None)
            return
        for call, context in held:
            self._employ(call, context, None)

    def _employ(self, call: Call, context: TaskContext, then: Callable[[TaskContext], Any] | None) -> None:
        with self._lock:
            self._idle -= 1
        self._jobs.put((call, context, then))
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
            call, context, then = job
            if not context.cancelled:
                self._make(call, context, then)
            with self._lock:
                self._idle += 1

    def _make(self, call: Call, context: TaskContext, then: Callable[[TaskContext], Any] | None) -> None:
        try:
            result = performer(self, call)(call, context) if then is None else then(context)
        except BaseException as error:
            self._answer(call, context, then, None, error)
            return
        if not isinstance(result, Awaitable):
            self._answer(call, context, then, result, None)
            return
        with self._lock:
            loop = None if self._closed else self._event_loop()
            if loop is not None:
                asyncio.run_coroutine_threadsafe(self._finish(call, context, then, result), loop)
        if loop is None and isinstance(result, CoroutineType):
            result.close()

    async def _finish(
        self, call: Call, context: TaskContext, then: Callable[[TaskContext], Any] | None, awaitable: Awaitable[Any]
    ) -> None:
        try:
            result = await awaitable
        except BaseException as error:
            self._answer(call, context, then, None, error)
        else:
            self._answer(call, context, then, result, None)

    def _answer(
        self, call: Call, context: TaskContext, then: Callable[[TaskContext], Any] | None, result: Any,
        error: BaseException | None,
    ) -> None:  # fmt: skip
        try:
            if result is NEVER:
                pass
            elif then is not None:
                self._put(report(call, result, self.raised, error))
            elif isinstance(result, Nested):
                self._put(Begun(call.token, result))
            elif isinstance(result, Later):
                self._submitted(call, context, result)
            else:
                self._put(answer(call, result, self.raised, error))
        except BaseException as ours:
            self._put(ours)

    def _submitted(self, call: Call, context: TaskContext, later: Later) -> None:
        """The request is done; for an activity there is none, but a worker."""
        if call.made:
            pass
        elif call.waits != "activity":
            self._put(Succeeded(call.token, later.answer))
        elif later.then is None:
            self._desk.callbacks.offer(call)
        else:
            self._put(Taken(call.token, later.worker))
        if later.then is not None:
            self._employ(call, context, later.then)

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


hinted(globals())
