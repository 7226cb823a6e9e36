"""Virtual time: nothing sleeps, and equal seeds give equal histories.

Knows: a heap of what is due. Must never know: the real clock.
A handler runs at the virtual moment its task starts; `context.sleep` (or `asyncio.sleep` in an async handler) decides
how much virtual time passes before its answer arrives. Answers come before timers of the same instant: a task that
takes exactly TimeoutSeconds has made it.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import selectors
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from asl_local.drivers.callbacks import Callbacks, Desk
from asl_local.drivers.driver import NEVER, TOKEN_BITS, Begun, Later, Nested, TaskContext, Work, answer, report
from asl_local.engine.messages import Call, Cancel, Command, Fired, Heartbeat, Stimulus, Succeeded, Taken, Timer
from asl_local.errors import AslError, InternalError, UnansweredToken
from asl_local.values import Json

_T = TypeVar("_T")
_Arguments = TypeVarTuple("_Arguments")

_LONGEST_TASK = 99_999_999
"""Seconds: the TimeoutSeconds of a task that has none (Developer Guide, Task state)."""

_GRACE = 5.0
"""Real seconds that another thread has to call back into an event loop in which nothing else is due."""

START = 1_704_067_200.0
"""2024-01-01T00:00:00Z, where virtual time starts unless somebody says otherwise."""


class Simulation:
    """A driver whose clock jumps to whatever is due next. Seed 0 keeps ties in order, other seeds shuffle them."""

    def __init__(
        self, work: Work, *, seed: int = 0, start: float = START, callbacks: Callbacks | None = None
    ) -> None:  # fmt: skip
        self.raised: dict[int, BaseException] = {}
        self.works: dict[int, Work] = {0: work}
        self._desk = Desk(callbacks, self._deliver)
        self._clock = start
        self._due: list[tuple[float, int, float, int, Stimulus | Begun]] = []
        self._serial = 0
        self._ties = random.Random(seed) if seed else None
        self._cancelled: set[int] = set()
        self._hours = Hours()
        self._stalled: dict[int, str] = {}  # states whose handler never answers, by token

    def now(self) -> float:
        """The virtual time, in epoch seconds."""
        return self._clock

    def perform(self, command: Command) -> None:
        """Run a handler at once, its answer due when it says; put a timer among what is due."""
        if type(command) is Call:
            self._call(command)
        elif type(command) is Timer:
            self._put(command.at, 1, Fired(command.token))
        elif type(command) is Cancel:
            self._cancelled.add(command.token)
            self.over(command.token)

    def next(self) -> tuple[Stimulus | Begun, float]:
        """Jump to what is due next."""
        while self._due:
            at, _, _, _, stimulus = heapq.heappop(self._due)
            if getattr(stimulus, "token", None) in self._cancelled:
                continue
            self._clock = max(self._clock, at)
            return stimulus, self._clock
        if self._stalled:
            raise AslError(
                f"the handler or mock of state {next(iter(self._stalled.values()))!r} waits for something that never comes, "
                "and neither a timeout nor anything else is due"
            )
        call = self._desk.unanswered()
        if call is not None:
            raise UnansweredToken(_unanswered(call))
        raise InternalError("the execution waits for something that nobody will ever deliver")

    def due(self) -> float | None:
        """When the next thing is due that nobody has called off; None if nothing is."""
        while self._due and getattr(self._due[0][4], "token", None) in self._cancelled:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def awaits_somebody(self) -> bool:
        """Whether a task token is out that nothing due will answer: only somebody outside can, or a timeout ends it."""
        answered = {
            getattr(stimulus, "token", None)
            for _, _, _, _, stimulus in self._due
            if not isinstance(stimulus, (Fired, Heartbeat))
        }
        return any(token not in answered for token in self._desk.tokens())

    def skip(self, until: float) -> None:
        """Let time pass up to a moment before which nothing is due."""
        self._clock = max(self._clock, until)

    def over(self, token: int) -> None:
        """The task has ended: nobody can answer it any more."""
        self._stalled.pop(token, None)
        self._desk.close(token)

    def close(self) -> None:
        """Nothing runs any more; close the loop that async handlers ran in, and what they left in it."""
        self._desk.close_all()
        self._hours.close()

    def _put(self, at: float, order: int, stimulus: Stimulus | Begun) -> None:
        self._serial += 1
        tie = self._ties.random() if self._ties else 0.0
        heapq.heappush(self._due, (at, order, tie, self._serial, stimulus))

    def _deliver(self, stimulus: Stimulus, after: float) -> None:
        self._put(self._clock + after, 0, stimulus)

    def _call(self, call: Call) -> None:
        self._desk.open(call)
        elapsed = 0.0
        began = self._hours.elapsed

        def sleep(seconds: float) -> None:
            nonlocal elapsed
            elapsed += max(0.0, seconds)
            if moment() > (self._clock + _LONGEST_TASK if call.deadline is None else call.deadline):
                context.cancelled = True

        def moment() -> float:
            return self._clock + elapsed + self._hours.elapsed - began

        def heartbeat() -> None:
            self._put(moment(), 0, Heartbeat(call.token))

        context = TaskContext(
            call, now=moment, sleep=sleep, heartbeat=heartbeat, callbacks=self._desk.callbacks, time=self.now
        )
        try:
            result, error = self._hours.finished(lambda: self.works[call.token >> TOKEN_BITS](call, context))
            if isinstance(result, Nested):
                self._put(moment(), 0, Begun(call.token, result))
            elif isinstance(result, Later):
                self._submitted(call, result, moment())
                if result.then is not None:
                    then = result.then
                    result, error = self._hours.finished(lambda: then(context))
                    if result is not NEVER:
                        self._put(moment(), 0, report(call, result, self.raised, error))
            elif result is NEVER:
                raise Stalled
            else:
                self._put(moment(), 0, answer(call, result, self.raised, error))
        except Stalled:
            # It never answers. A timeout may still end the task; if nothing is due at all, `next` says so.
            self._stalled[call.token] = call.state

    def _submitted(self, call: Call, later: Later, at: float) -> None:
        """The request is done; for an activity there is none, but a worker."""
        if call.made:
            return
        if call.waits != "activity":
            self._put(at, 0, Succeeded(call.token, later.answer))
        elif later.then is None:
            self._desk.callbacks.offer(call)
        else:
            self._put(at, 0, Taken(call.token, later.worker))


class Hours:
    """Runs what a handler does in virtual time: `elapsed` are the virtual seconds that async ones have taken so far."""

    def __init__(self) -> None:
        self._loop: _VirtualLoop | None = None

    @property
    def elapsed(self) -> float:
        """Virtual seconds that have passed in the event loop of async handlers."""
        return 0.0 if self._loop is None else self._loop.elapsed

    def finished(self, job: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        """What a job comes to, or what it raises. Raises Stalled where it waits for what never comes."""
        try:
            result = job()
            if isinstance(result, Awaitable):
                if self._loop is None:
                    self._loop = _VirtualLoop()
                result = self._loop.finish(_awaited(result))
        except Exception as raised:
            return None, raised
        return result, None

    def close(self) -> None:
        """Close the loop that async handlers ran in, and what they left in it."""
        if self._loop is not None:
            self._loop.finish(_dismissed(self._loop))
            self._loop.close()
            self._loop = None


def _unanswered(call: Call) -> str:
    if call.waits == "activity":
        return (
            f"the state {call.state!r} waits for a worker of {call.resource}, and nothing else is due: give a handler "
            "under this ARN, or the state a TimeoutSeconds"
        )
    return (
        f"the state {call.state!r} waits for its task token {call.task_token}, and nothing else is due that could answer "
        "it: answer it in a handler (context.send_task_success), name who does (Resources(workers={...})), or give the "
        "state a TimeoutSeconds or HeartbeatSeconds"
    )


async def _awaited(awaitable: Awaitable[Json]) -> Json:
    return await awaitable


async def _dismissed(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what handlers left behind; a task that will not go has a virtual second."""
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        over, _ = await asyncio.wait(left, timeout=1)
        for task in over:
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not complain: nobody waits for it any more
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


class Stalled(BaseException):
    """A handler waits and nothing will ever wake it. Not an Exception: no handler's own code may catch it."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting until the loop's next timer, let that much virtual time pass."""

    loop: _VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None and not self.loop.threads and len(self.get_map()) <= 1:
            # Nothing is scheduled and no socket is watched: only another thread could still call back.
            ready = super().select(_GRACE if threading.active_count() > 1 else 0)
            if not ready:
                raise Stalled
            return ready
        if timeout is None or (timeout > 0 and self.loop.threads):
            return super().select(None)  # another thread has promised to call back; its work takes no virtual time
        ready = super().select(0)
        if not ready and timeout > 0:
            self.loop.elapsed += timeout
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop of the standard kind whose clock is `elapsed`, in virtual seconds."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.threads = 0  # jobs that are out in the executor (asyncio.to_thread)
        self._unfinished: set[asyncio.Task[Json]] = set()  # asyncio itself would let go of one that waits for nothing
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.elapsed

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Arguments], _T], *args: *_Arguments
    ) -> asyncio.Future[_T]:
        """As ever; but while the job is out, no virtual time passes."""
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _future: asyncio.Future[Any]) -> None:
        self.threads -= 1

    def finish(self, coroutine: Coroutine[Any, Any, Json]) -> Json:
        """Its result; where the caller stands in an event loop already (a notebook), by way of another thread."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._finish(coroutine)
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._finish, coroutine).result()

    def _finish(self, coroutine: Coroutine[Any, Any, Json]) -> Json:
        task = self.create_task(coroutine)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return self.run_until_complete(task)
