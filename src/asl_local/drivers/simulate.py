"""Virtual time: nothing sleeps, and equal seeds give equal histories.

Knows: a heap of what is due. Must never know: the real clock.
A handler runs at the virtual moment its task starts; `context.sleep` (or `asyncio.sleep` in an async handler) decides
how much virtual time passes before its answer arrives. Answers come before timers of the same instant: a task that
takes exactly TimeoutSeconds has made it.
"""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING, Any

from asl_local.drivers import START
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
from asl_local.engine.messages import Call, Cancel, Command, Fired, Heartbeat, Stimulus, Succeeded, Taken, Timer
from asl_local.errors import AslError, InternalError, UnansweredToken

if TYPE_CHECKING:
    from asl_local.drivers.virtual_loop import VirtualLoop

_LONGEST_TASK = 99_999_999
"""Seconds: the TimeoutSeconds of a task that has none (Developer Guide, Task state)."""


class Simulation:
    """A driver whose clock jumps to whatever is due next. Seed 0 keeps ties in order, other seeds shuffle them."""

    def __init__(
        self, work: Work, *, seed: int = 0, start: float = START, callbacks: Callbacks | None = None
    ) -> None:  # fmt: skip
        self.raised: dict[int, BaseException] = {}
        self.works: dict[int, Work] = {0: work}
        self.settled: dict[int, Work] = {}
        self._desk = Desk(callbacks, self._deliver)
        self._clock = start
        self._due: list[tuple[float, int, float, int, Stimulus | Begun]] = []
        self._serial = 0
        self._ties = Random(seed) if seed else None
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
            result, error = self._hours.finished(lambda: performer(self, call)(call, context))
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
        self._loop: VirtualLoop | None = None

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
                    from asl_local.drivers.virtual_loop import VirtualLoop  # noqa: PLC0415 - with asyncio

                    self._loop = VirtualLoop()
                result = self._loop.result_of(result)
        except Exception as raised:
            return None, raised
        return result, None

    def close(self) -> None:
        """Close the loop that async handlers ran in, and what they left in it."""
        if self._loop is not None:
            self._loop.leave()
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


class Stalled(BaseException):
    """A handler waits and nothing will ever wake it. Not an Exception: no handler's own code may catch it."""
