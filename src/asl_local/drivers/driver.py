"""What a driver must offer, what a Work answers, and what a handler is told about its call.

Knows: commands and stimuli. Must never know: which clock it is, or what decides the next state.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeGuard

from asl_local.engine import Execution
from asl_local.engine.messages import (
    Call,
    Command,
    Failed,
    Inside,
    Refused,
    Stimulus,
    Succeeded,
    TaskFailed,
    TaskSucceeded,
)
from asl_local.errors import EvaluationError, InvalidToken, StateError
from asl_local.lazy import NamedTuple, dataclass, hinted, later
from asl_local.values import Json

if TYPE_CHECKING:
    import hashlib

    from asl_local.drivers.callbacks import Callbacks
    from asl_local.drivers.listening import Heard
else:
    later(globals(), "hashlib")

Work: TypeAlias = "Callable[[Call, TaskContext], Answer | Awaitable[Answer]]"
"""Performs one call, see `Answer`; raises StateError for any failure."""


@dataclass(frozen=True, slots=True)
class Later:
    """The answer to the request of a task that waits for more than its call.

    `then` does, or waits for, the rest and gives the task's result (or raises StateError, or gives NEVER); None where that
    comes from elsewhere: by its task token, or from a worker of the activity. `worker` is the name of the activity's
    worker.
    """

    answer: Json = None
    then: Callable[[TaskContext], Json | Awaitable[Json]] | None = None
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class Nested:
    """A call that has started an execution of another machine.

    `answer` is what the call comes back with. Where the task waits for the execution's end, `report` makes its result
    of it or raises StateError; None where it does not wait. `synchronous` says that the call itself comes back with the
    execution's end, and with that result. `machine` is whose execution it is, for those who listen.
    """

    execution: Execution
    work: Work
    answer: Json
    report: Callable[[Execution], Json] | None
    synchronous: bool = False
    machine: Heard | None = None


class Never:
    """The answer of a call that never comes back, and of a `Later.then`: there is one such value, `NEVER`.

    Only a timeout, or whoever else ends the task (its task token, a sibling's failure), ends it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "NEVER"


NEVER: Final = Never()

Answer: TypeAlias = "Json | Later | Nested | Never"
"""What a Work gives: a result that is JSON, or one of these."""


class Begun(NamedTuple):
    """What a driver says when the call with this token has started an execution."""

    token: int
    nested: Nested


class Driver(Protocol):
    """A world: it owns the clock, performs commands and says what happened.

    `raised` has the exception behind a failure that is on its way, by token: for people, the machine sees name and
    cause. `works` has who performs calls, by the number of the execution, which is in a token's high bits
    (`TOKEN_BITS`): the executions that a machine starts live in the same world. `settled` has, by token, what performs a
    call that was made already, within a step: it gives or raises what that came to.
    """

    raised: dict[int, BaseException]
    works: dict[int, Work]
    settled: dict[int, Work]

    def now(self) -> float:
        """The time, in epoch seconds."""

    def perform(self, command: Command) -> None:
        """Begin what the command wants; never wait for it."""

    def next(self) -> tuple[Stimulus | Begun, float]:
        """Wait for whatever happens first, and when it did. Raises UnansweredToken if nothing ever will."""

    def over(self, token: int) -> None:
        """The task with this token has ended: nobody can answer it any more."""

    def close(self) -> None:
        """The executions are over: let go of threads and loops."""


TOKEN_BITS = 40
"""A driver's token is an execution's own and, above that many bits, the execution's number; 0 is the first one's."""


class TaskContext:
    """What a handler that takes `(event, context)` is told, under the names that Lambda's context object has.

    Beyond Lambda's: `state`, `attempt` (0 for the first) and `execution_arn`, `heartbeat()`, `cancelled` (nobody waits
    for the answer any more) and `sleep(seconds)`, which takes virtual time in `simulate` and real time in `run`; and
    `task_token` ("" where the task has none) with `send_task_success`, `send_task_failure` and `send_task_heartbeat`;
    `role_arn` is the role of the task's Credentials, if it has any. `within` are the Map iterations and Parallel
    branches that the task stands in, outermost first, each with `kind`, `state` and `index`.
    """

    memory_limit_in_mb = "128"
    function_version = "$LATEST"
    log_group_name = "/aws/lambda/asl_local"
    log_stream_name = "asl_local"
    client_context = None
    identity = None

    __slots__ = (
        "_beat", "_callbacks", "_cancelled", "_now", "_sleep", "_time", "arn", "call", "invoked_function_arn", "names",
        "twin",
    )  # fmt: skip

    def __init__(
        self,
        call: Call,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        heartbeat: Callable[[], None],
        callbacks: Callbacks | None = None,
        time: Callable[[], float] | None = None,
    ) -> None:
        self.call, self.invoked_function_arn = call, call.resource
        self.arn, self._cancelled = "", False
        self.names: Execution | None = None  # whose ARN it is, where nobody has asked for that yet
        self.twin: TaskContext | None = None  # the same call's, once somebody else looks after it
        self._now, self._sleep, self._beat = now, sleep, heartbeat
        self._callbacks, self._time = callbacks, time or now

    @property
    def state(self) -> str:
        """The name of the Task state."""
        return self.call.state

    @property
    def attempt(self) -> int:
        """How many attempts there were before this one."""
        return self.call.attempt

    @property
    def deadline(self) -> float | None:
        """When TimeoutSeconds ends the task, in epoch seconds."""
        return self.call.deadline

    @property
    def task_token(self) -> str:
        """The task token, "" where the task has none."""
        return self.call.task_token

    @property
    def execution_arn(self) -> str:
        """The execution's ARN."""
        return self.arn if self.names is None else self.names.identity.execution_arn

    @execution_arn.setter
    def execution_arn(self, arn: str) -> None:
        self.arn = arn

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._cancelled or (self.twin is not None and self.twin.cancelled)

    @cancelled.setter
    def cancelled(self, cancelled: bool) -> None:
        self._cancelled = cancelled

    @property
    def function_name(self) -> str:
        """The last part of the function's ARN."""
        found = re.search(r":function:([^:]+)", self.invoked_function_arn)
        return found[1] if found else self.invoked_function_arn

    @property
    def role_arn(self) -> str | None:
        """The role that the task's Credentials name, None where it acts with the execution's own."""
        return self.call.role

    @property
    def within(self) -> tuple[Inside, ...]:
        """The Map iterations and Parallel branches that the task stands in, outermost first."""
        return self.call.within

    @property
    def map_index(self) -> int | None:
        """The index of the innermost Map item that the task works on, None outside of Maps."""
        return next((each.index for each in reversed(self.call.within) if each.kind == "Map"), None)

    @property
    def aws_request_id(self) -> str:
        """An id that this attempt of this execution has, and no other; the same when it is simulated again.

        A UUID of version 5, as the standard library makes it, whose module takes long to import and longer for each.
        """
        name = f"{self.execution_arn}#{self.call.token}".encode()
        drawn = hashlib.sha1(_URLS + name, usedforsecurity=False).hexdigest()
        variant = "89ab"[int(drawn[16], 16) & 3]
        return f"{drawn[:8]}-{drawn[8:12]}-5{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:32]}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until TimeoutSeconds ends the task; without one, Lambda's own most, 15 minutes."""
        return 900_000 if self.call.deadline is None else max(0, round((self.call.deadline - self._now()) * 1000))

    def heartbeat(self) -> None:
        """Say that the task is alive: HeartbeatSeconds starts anew."""
        self._beat()

    def sleep(self, seconds: float) -> None:
        """Let time pass in this call, in whichever clock it lives."""
        self._sleep(seconds)

    def now(self) -> float:
        """The time of the execution's own clock, in epoch seconds."""
        return self._now()

    def send_task_success(self, output: Json = None, *, token: str | None = None, after: float = 0.0) -> None:
        """Answer a task token, this task's own unless another is given, so many seconds of the clock from now.

        `output` is a JSON value. Raises InvalidToken, TaskTimedOut, NotJson.
        """
        callbacks, named = self._desk(token)
        callbacks.send_task_success(named, output, after=self._late(after))

    def send_task_failure(
        self, error: str | None = None, cause: str | None = None, *, token: str | None = None, after: float = 0.0
    ) -> None:
        """Answer a task token with a failure; see send_task_success."""
        callbacks, named = self._desk(token)
        callbacks.send_task_failure(named, error, cause, after=self._late(after))

    def send_task_heartbeat(self, *, token: str | None = None, after: float = 0.0) -> None:
        """Say of a task token that its task is alive; see send_task_success."""
        callbacks, named = self._desk(token)
        callbacks.send_task_heartbeat(named, after=self._late(after))

    def require_token(self, token: str) -> None:
        """Raises InvalidToken or TaskTimedOut for a task token that nobody waits for."""
        callbacks, named = self._desk(token)
        callbacks.require(named)

    def _desk(self, token: str | None) -> tuple[Callbacks, str]:
        named = token or self.task_token
        if not named:
            raise InvalidToken(f"the task of state {self.state!r} has no task token of its own: give token=...")
        if self._callbacks is None:  # a call within a step: no token is out then
            from asl_local.drivers.callbacks import Callbacks  # noqa: PLC0415 - which few want

            self._callbacks = Callbacks()
        return self._callbacks, named

    def _late(self, after: float) -> float:
        # A handler that sleeps in virtual time is ahead of the driver's clock.
        return max(0.0, after) + self._now() - self._time()


PLAIN: Final = frozenset({dict, list, str, int, float, bool, type(None)})
"""Types of answers that are results and nothing else; to ask an abstract class takes as long as to copy a small event."""

_URLS = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")  # uuid.NAMESPACE_URL


def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """As inspect.isawaitable, whose module takes longer to import than an execution to run."""
    if type(value) in PLAIN:
        return False
    if isinstance(value, GeneratorType):
        return bool(value.gi_code.co_flags & _OF_TYPES_COROUTINE)
    return isinstance(value, Awaitable)


_OF_TYPES_COROUTINE = 0x100  # inspect.CO_ITERABLE_COROUTINE


def performer(driver: Driver, call: Call) -> Work:
    """Who performs the call."""
    if driver.settled and (settled := driver.settled.pop(call.token, None)) is not None:
        return settled
    return driver.works[call.token >> TOKEN_BITS]


def answer(call: Call, result: Any, raised: dict[int, BaseException], error: BaseException | None) -> Stimulus:
    """The stimulus for a call that came back with a result or with what it raised.

    A StateError stands for the exception that it was raised from; an EvaluationError means that the arguments cannot
    be used. Whatever else a Work raises is no failure of the task and is raised again.
    """
    if error is None:
        return Succeeded(call.token, result)
    if not isinstance(error, StateError):
        raise error
    raised[call.token] = error.__cause__ or error
    if isinstance(error, EvaluationError):
        return Refused(call.token, error.cause)
    return Failed(call.token, error.error, error.cause)


def report(call: Call, result: Any, raised: dict[int, BaseException], error: BaseException | None) -> Stimulus:
    """The stimulus for what a `Later.then` came to."""
    told = answer(call, result, raised, error)
    if isinstance(told, Succeeded):
        return TaskSucceeded(call.token, result)
    if isinstance(told, Failed):
        return TaskFailed(*told)
    return told


__all__ = [
    "NEVER", "PLAIN", "TOKEN_BITS", "Answer", "Begun", "Driver", "Later", "Nested", "Never", "TaskContext", "Work", "answer",
    "is_awaitable", "performer", "report",
]  # fmt: skip

hinted(globals())
