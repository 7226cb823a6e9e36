"""Who waits to be told: task tokens that are out, and activity tasks that no worker has taken.

Knows: tokens by their text, and the queues of activities. Must never know: which clock a driver has, or what a task is.
One Callbacks may serve many executions at once, as Step Functions does: a task token says whose it is, and a worker of an
activity does not care. Everything here may be called from any thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from asl_local.engine.messages import Call, Heartbeat, Stimulus, Taken, TaskFailed, TaskSucceeded
from asl_local.errors import InvalidToken, TaskTimedOut
from asl_local.lazy import NamedTuple, hinted
from asl_local.values import Json, accept, copy

Deliver: TypeAlias = Callable[[Stimulus, float], None]
"""Hands a stimulus to the driver that waits for it, so many seconds from now."""


_REMEMBERED = 100_000
"""Task tokens that are known to be over; older ones are strangers."""


class ActivityTask(NamedTuple):
    """What GetActivityTask gives a worker: the token to answer with, and the task's input."""

    task_token: str
    input: Json


class Callbacks:
    """The task tokens that are out. Answers are JSON values, not text as in boto3."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[str, tuple[Call, Deliver]] = {}
        self._closed: dict[str, None] = {}  # a set in the order of its members' ends
        self._offers: dict[str, deque[str]] = {}

    def send_task_success(self, task_token: str, output: Json = None, *, after: float = 0.0) -> None:
        """The task has succeeded with this output. Raises InvalidToken, TaskTimedOut, NotJson."""
        accepted = accept(output)
        self._tell(task_token, lambda token: TaskSucceeded(token, accepted), after, last=True)

    def send_task_failure(
        self, task_token: str, error: str | None = None, cause: str | None = None, *, after: float = 0.0
    ) -> None:
        """The task has failed. Raises InvalidToken, TaskTimedOut."""
        self._tell(task_token, lambda token: TaskFailed(token, error, cause), after, last=True)

    def send_task_heartbeat(self, task_token: str, *, after: float = 0.0) -> None:
        """The task is alive: HeartbeatSeconds starts anew. Raises InvalidToken, TaskTimedOut."""
        self._tell(task_token, Heartbeat, after, last=False)

    def require(self, task_token: str) -> None:
        """Raises InvalidToken or TaskTimedOut for a task token that nobody waits for."""
        with self._changed:
            self._found(task_token)

    def get_activity_task(
        self, activity: str, worker_name: str | None = None, *, timeout: float | None = 0.0
    ) -> ActivityTask | None:
        """The oldest task of the activity that nobody has taken; None if there is none within `timeout` real seconds.

        AWS waits 60 seconds. `timeout=None` waits for as long as it takes.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._offers.get(activity), timeout)
            queue = self._offers.get(activity)
            if not queue:
                return None
            task_token = queue.popleft()
            call, deliver = self._open[task_token]
        deliver(Taken(call.token, worker_name), 0.0)
        return ActivityTask(task_token, copy(call.arguments))

    def waiting(self) -> list[Call]:
        """The calls whose task tokens are out, oldest first."""
        with self._changed:
            return [call for call, _ in self._open.values()]

    # -- for drivers -----------------------------------------------------------------------------------------------

    def open(self, call: Call, deliver: Deliver) -> None:
        """A call goes out that a task token belongs to."""
        with self._changed:
            self._open[call.task_token] = (call, deliver)

    def offer(self, call: Call) -> None:
        """The call is an activity's, and any worker may take it."""
        with self._changed:
            if call.task_token in self._open:
                self._offers.setdefault(call.resource, deque()).append(call.task_token)
                self._changed.notify_all()

    def close(self, task_token: str) -> None:
        """Nobody waits for this token any more."""
        with self._changed:
            found = self._open.pop(task_token, None)
            if found is None:
                return
            self._closed[task_token] = None
            if len(self._closed) > _REMEMBERED:
                del self._closed[next(iter(self._closed))]
            queue = self._offers.get(found[0].resource)
            if queue and task_token in queue:
                queue.remove(task_token)

    def _tell(self, task_token: str, stimulus: Callable[[int], Stimulus], after: float, *, last: bool) -> None:
        with self._changed:
            call, deliver = self._found(task_token)
            if last and after <= 0:  # whoever comes second is told so
                self.close(task_token)
        deliver(stimulus(call.token), max(0.0, after))

    def _found(self, task_token: str) -> tuple[Call, Deliver]:
        found = self._open.get(task_token)
        if found is None and task_token in self._closed:
            raise TaskTimedOut(f"the task of the token {task_token[:16]}... has ended: it was answered or timed out")
        if found is None:
            raise InvalidToken(f"{task_token[:80]!r} is no task token of an execution that runs here")
        return found


class Desk:
    """What one driver has out of a Callbacks, by the driver's own tokens."""

    def __init__(self, callbacks: Callbacks | None, deliver: Deliver) -> None:
        self.callbacks = callbacks or Callbacks()
        self._deliver = deliver
        self._out: dict[int, Call] = {}

    def open(self, call: Call) -> None:
        """Somebody may answer this call's task token from here on."""
        if call.task_token:
            self._out[call.token] = call
            self.callbacks.open(call, self._deliver)

    def close(self, token: int) -> None:
        """The task is over."""
        if self._out and (call := self._out.pop(token, None)) is not None:
            self.callbacks.close(call.task_token)

    def close_all(self) -> None:
        """The executions are over."""
        for token in list(self._out):
            self.close(token)

    def tokens(self) -> list[int]:
        """The driver's tokens of the calls that only somebody outside can answer, oldest first."""
        return [token for token, call in self._out.items() if call.waits in ("token", "activity")]

    def unanswered(self) -> Call | None:
        """The oldest call that waits for somebody, if there is one."""
        return next(iter(self._out.values()), None)


__all__ = ["ActivityTask", "Callbacks", "Deliver", "Desk"]

hinted(globals())
