"""The one loop, what a driver must offer to it, and what a handler is told about its call.

Knows: commands and stimuli. Must never know: which clock it is, or what decides the next state.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeAlias

from asl_local.engine import Execution, Outcome
from asl_local.engine.messages import Call, Command, Failed, Refused, Stimulus, Stopped, Succeeded
from asl_local.errors import EvaluationError, StateError
from asl_local.values import Json

Work: TypeAlias = Callable[[Call, "TaskContext"], Json | Awaitable[Json]]
"""Performs one call: the result as JSON, or something to await for it; raises StateError for any failure."""


class Driver(Protocol):
    """A world: it owns the clock, performs commands and says what happened."""

    raised: dict[int, BaseException]
    """The exception behind a Failed stimulus that is on its way, by token: for people, the machine sees name and cause."""

    def now(self) -> float:
        """The time, in epoch seconds."""

    def perform(self, command: Command) -> None:
        """Begin what the command wants; never wait for it."""

    def next(self) -> tuple[Stimulus, float]:
        """Wait for whatever happens first, and when it did."""

    def close(self) -> None:
        """The execution is over: let go of threads and loops."""


class TaskContext:
    """What a handler that takes `(event, context)` is told, under the names that Lambda's context object has.

    Beyond Lambda's: `state`, `attempt` (0 for the first) and `execution_arn`, `heartbeat()`, `cancelled` (nobody waits
    for the answer any more) and `sleep(seconds)`, which takes virtual time in `simulate` and real time in `run`.
    """

    memory_limit_in_mb = "128"
    function_version = "$LATEST"
    log_group_name = "/aws/lambda/asl_local"
    log_stream_name = "asl_local"
    client_context = None
    identity = None

    __slots__ = (
        "_beat", "_now", "_sleep", "attempt", "call", "cancelled", "deadline", "execution_arn", "invoked_function_arn",
        "state",
    )  # fmt: skip

    def __init__(
        self,
        call: Call,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        heartbeat: Callable[[], None],
    ) -> None:
        self.call, self.state, self.attempt, self.deadline = call, call.state, call.attempt, call.deadline
        self.invoked_function_arn = call.resource
        self.execution_arn = ""
        self.cancelled = False
        self._now, self._sleep, self._beat = now, sleep, heartbeat

    @property
    def function_name(self) -> str:
        """The last part of the function's ARN."""
        found = re.search(r":function:([^:]+)", self.invoked_function_arn)
        return found[1] if found else self.invoked_function_arn

    @property
    def aws_request_id(self) -> str:
        """An id that this attempt of this execution has, and no other; the same when it is simulated again."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.execution_arn}#{self.call.token}"))

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until TimeoutSeconds ends the task; without one, Lambda's own most, 15 minutes."""
        return 900_000 if self.deadline is None else max(0, round((self.deadline - self._now()) * 1000))

    def heartbeat(self) -> None:
        """Say that the task is alive: HeartbeatSeconds starts anew."""
        self._beat()

    def sleep(self, seconds: float) -> None:
        """Let time pass in this call, in whichever clock it lives."""
        self._sleep(seconds)

    def now(self) -> float:
        """The time of the execution's own clock, in epoch seconds."""
        return self._now()


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


class Ended(NamedTuple):
    """What became of an execution; `exception` is what a handler raised in the call that ended it, if one did."""

    outcome: Outcome
    exception: BaseException | None


def drive(execution: Execution, driver: Driver, observe: Callable[[Execution], None] | None = None) -> Ended:
    """Run an execution that has not begun to its end in the driver's world.

    `observe` is called after every step (progress displays). Ctrl-C aborts the execution, writes its last event and
    goes on to the caller, who still holds the execution.
    """
    driver.raised = {}
    stimulus: Stimulus | None = None
    exception: BaseException | None = None
    now = driver.now()
    try:
        while True:
            if type(stimulus) is Failed:
                exception = _noted(execution, driver, stimulus)
            commands = execution.step(stimulus, now)
            if observe is not None:
                observe(execution)
            for command in commands:
                driver.perform(command)
            if execution.outcome is not None:
                blamed = type(stimulus) is Failed and execution.outcome.status == "FAILED"
                return Ended(execution.outcome, exception if blamed else None)
            stimulus, now = driver.next()
    except KeyboardInterrupt:
        execution.step(Stopped(cause="interrupted"), driver.now())
        if observe is not None:
            observe(execution)
        raise
    finally:
        driver.close()


def _noted(execution: Execution, driver: Driver, failure: Failed) -> BaseException | None:
    """The handler's own exception, told where in the machine it was called."""
    error = driver.raised.pop(failure.token, None)
    place = execution.place_of(failure.token)
    if error is not None and place:
        note = f"in {place}"
        if note not in getattr(error, "__notes__", ()):  # a handler may raise the same object again and again
            error.add_note(note)
    return error
