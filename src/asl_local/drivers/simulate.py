"""Virtual time: nothing sleeps, and equal seeds give equal histories.

Knows: a heap of what is due. Must never know: the real clock.
A handler runs at the virtual moment its task starts; `context.sleep` (or `asyncio.sleep` in an async handler) decides
how much virtual time passes before its answer arrives. Answers come before timers of the same instant: a task that
takes exactly TimeoutSeconds has made it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from asl_local.drivers import START
from asl_local.drivers.callbacks import Callbacks, Desk
from asl_local.drivers.driver import (
    NEVER,
    PLAIN,
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
from asl_local.lazy import hinted

if TYPE_CHECKING:
    from asl_local.drivers.virtual_loop import VirtualLoop

_LONGEST_TASK = 99_999_999
"""Seconds: the TimeoutSeconds of a task that has none (Developer Guide, Task state)."""

_Due: TypeAlias = "tuple[float, int, float, int, Stimulus | Begun]"
"""When, answers before timers, a tie's lot, the order in which they came, and what."""

_new = tuple.__new__  # of a named tuple, in half the time


class Simulation:
    """A driver whose clock jumps to whatever is due next. Seed 0 keeps ties in order, other seeds shuffle them."""

    def __init__(
        self, work: Work, *, seed: int = 0, start: float = START, callbacks: Callbacks | None = None
    ) -> None:  # fmt: skip
        self.raised: dict[int, BaseException] = {}
        self.works: dict[int, Work] = {0: work}
        self.settled: dict[int, Work] = {}
        self._desk = Desk(callbacks, self._deliver)
        self.callbacks = self._desk.callbacks
        self._clock = start
        self._due: list[_Due] = []
        self._at_once: deque[_Due] = deque()  # answers that took no time, which need no heap to be in order
        self._serial = 0
        self._ties = Random(seed) if seed else None
        self._cancelled: set[int] = set()
        self.hours = Hours()
        self._stalled: dict[int, str] = {}  # states whose handler never answers, by token

    def now(self) -> float:
        """The virtual time, in epoch seconds."""
        return self._clock

    def perform(self, command: Command) -> None:
        """Run a handler at once, its answer due when it says; put a timer among what is due."""
        if type(command) is Call:
            self._call(command)
        elif type(command) is Timer:
            self.put(command.at, 1, Fired(command.token))
        elif type(command) is Cancel:
            self._cancelled.add(command.token)
            self.over(command.token)

    def next(self) -> tuple[Stimulus | Begun, float]:
        """Jump to what is due next."""
        due, at_once, cancelled = self._due, self._at_once, self._cancelled
        while due or at_once:
            if at_once and not (due and due[0] < at_once[0]):
                at, _, _, _, stimulus = at_once.popleft()
            else:
                at, _, _, _, stimulus = heappop(due)
            if cancelled and getattr(stimulus, "token", None) in cancelled:
                continue
            if at > self._clock:  # noqa: PLR1730 - a call costs more
                self._clock = at
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
        due, at_once, cancelled = self._due, self._at_once, self._cancelled
        while at_once and getattr(at_once[0][4], "token", None) in cancelled:
            at_once.popleft()
        while due and getattr(due[0][4], "token", None) in cancelled:
            heappop(due)
        return min((first[0][0] for first in (at_once, due) if first), default=None)

    def awaits_somebody(self) -> bool:
        """Whether a task token is out that nothing due will answer: only somebody outside can, or a timeout ends it."""
        answered = {
            getattr(stimulus, "token", None)
            for _, _, _, _, stimulus in (*self._at_once, *self._due)
            if not isinstance(stimulus, (Fired, Heartbeat))
        }
        return any(token not in answered for token in self._desk.tokens())

    def skip(self, until: float) -> None:
        """Let time pass up to a moment before which nothing is due."""
        self._clock = max(self._clock, until)

    def over(self, token: int) -> None:
        """The task has ended: nobody can answer it any more."""
        if self._stalled:
            self._stalled.pop(token, None)
        self._desk.close(token)

    def close(self) -> None:
        """Nothing runs any more; close the loop that async handlers ran in, and what they left in it."""
        self._desk.close_all()
        self.hours.close()

    def put(self, at: float, order: int, stimulus: Stimulus | Begun) -> None:
        """Have something due; of what is due at one moment, what is of a lower order comes first."""
        self._serial = serial = self._serial + 1
        if self._ties is not None:
            heappush(self._due, (at, order, self._ties.random(), serial, stimulus))
        elif order or at != self._clock:
            heappush(self._due, (at, order, 0.0, serial, stimulus))
        else:
            self._at_once.append((at, 0, 0.0, serial, stimulus))

    def _deliver(self, stimulus: Stimulus, after: float) -> None:
        self.put(self._clock + after, 0, stimulus)

    def _call(self, call: Call) -> None:
        if call.task_token:
            self._desk.open(call)
        context = _Moment(call, self)
        try:
            result, error = self.hours.finished(performer(self, call), call, context)
            if error is None and type(result) in PLAIN:
                at = self._clock + context.slept if self.hours.loop is None else context.now()
                self.put(at, 0, _new(Succeeded, (call.token, result)))
            elif isinstance(result, Nested):
                self.put(context.now(), 0, Begun(call.token, result))
            elif isinstance(result, Later):
                self._submitted(call, result, context.now())
                if result.then is not None:
                    result, error = self.hours.finished(result.then, context)
                    if result is not NEVER:
                        self.put(context.now(), 0, report(call, result, self.raised, error))
            elif result is NEVER:
                raise Stalled
            else:
                self.put(context.now(), 0, answer(call, result, self.raised, error))
        except Stalled:
            # It never answers. A timeout may still end the task; if nothing is due at all, `next` says so.
            self._stalled[call.token] = call.state

    def _submitted(self, call: Call, later: Later, at: float) -> None:
        """The request is done; for an activity there is none, but a worker."""
        if call.made:
            return
        if call.waits != "activity":
            self.put(at, 0, Succeeded(call.token, later.answer))
        elif later.then is None:
            self.callbacks.offer(call)
        else:
            self.put(at, 0, Taken(call.token, later.worker))


class _Moment(TaskContext):
    """A call's context: the clock at its beginning, and what has passed in the call since then."""

    __slots__ = ("_began", "_world", "slept")

    def __init__(self, call: Call, world: Simulation) -> None:
        self.call, self.invoked_function_arn, self.arn = call, call.resource, ""
        self.names = self.twin = None
        self._cancelled = False
        loop = world.hours.loop
        self._callbacks, self._world, self.slept, self._began = (
            world.callbacks,
            world,
            0.0,
            None if loop is None else loop.elapsed,
        )

    def _now(self) -> float:
        return self._world.now() + self.slept + self._world.hours.elapsed - (self._began or 0.0)

    def _time(self) -> float:
        return self._world.now()

    def _sleep(self, seconds: float) -> None:
        self.slept += max(0.0, seconds)
        deadline = self.call.deadline
        if self._now() > (self._world.now() + _LONGEST_TASK if deadline is None else deadline):
            self.cancelled = True

    def _beat(self) -> None:
        self._world.put(self._now(), 0, Heartbeat(self.call.token))


class Hours:
    """Runs what a handler does in virtual time: `elapsed` are the virtual seconds that async ones have taken so far."""

    def __init__(self) -> None:
        self.loop: VirtualLoop | None = None

    @property
    def elapsed(self) -> float:
        """Virtual seconds that have passed in the event loop of async handlers."""
        return 0.0 if self.loop is None else self.loop.elapsed

    def finished(self, job: Callable[..., Any], *arguments: Any) -> tuple[Any, BaseException | None]:
        """What a job comes to, or what it raises. Raises Stalled where it waits for what never comes."""
        try:
            result = job(*arguments)
            if type(result) not in PLAIN and isinstance(result, Awaitable):
                if self.loop is None:
                    from asl_local.drivers.virtual_loop import VirtualLoop  # noqa: PLC0415 - with asyncio

                    self.loop = VirtualLoop()
                result = self.loop.result_of(result)
        except Exception as raised:
            return None, raised
        return result, None

    def close(self) -> None:
        """Close the loop that async handlers ran in, and what they left in it."""
        if self.loop is not None:
            self.loop.leave()
            self.loop = None


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


hinted(globals())
