"""An execution that runs in the background, and what can be done to it meanwhile.

Knows: one execution, its thread and its task tokens. Must never know: how a machine is loaded, or what its tasks do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from typing import Any

from asl_local.drivers import ActivityTask, Callbacks, Ended, Hearing, Nested, RealTime, Work
from asl_local.drivers.drive import drive
from asl_local.engine import Execution, Identity, snapshot
from asl_local.engine.messages import Stopped, Waiting
from asl_local.interfaces.result import Result, result_of
from asl_local.lazy import hinted
from asl_local.reporters import History
from asl_local.values import Json


class Started:
    """Made by `Machine.start` and `Machine.resume`. Everything here may be called from any thread.

    `await execution` gives the Result in an event loop. `callbacks` is what its task tokens are known to.
    """

    def __init__(
        self, execution: Execution, work: Work, callbacks: Callbacks, observe: Callable[[Execution], None] | None,
        *, going_on: Sequence[Nested] = (), hearing: Hearing | None = None,
    ) -> None:  # fmt: skip
        self.callbacks = callbacks
        self._execution = execution
        self._driver = RealTime(work, callbacks=callbacks)
        self._observe, self._going_on, self._hearing = observe, going_on, hearing
        self._nested: list[Execution] = []
        self._changing = threading.RLock()
        self._ended: Future[Ended] = Future()
        begun = threading.Event()
        threading.Thread(target=self._run, args=(begun,), name="asl-local-execution", daemon=True).start()
        begun.wait()  # so that the task tokens of one that goes on can be answered at once

    def _run(self, begun: threading.Event) -> None:
        try:
            ended = drive(
                self._execution, self._driver, self._observe, on_end=self._ended.set_result, guard=self._changing,
                going_on=self._going_on, nested=self._nested, on_begin=begun.set, hearing=self._hearing,
            )  # fmt: skip
            if not self._ended.done():
                self._ended.set_result(ended)
        except BaseException as error:  # told to whoever asks for the result; nobody hears a thread
            if not self._ended.done():
                self._ended.set_exception(error)
        finally:
            begun.set()

    # -- what others say -------------------------------------------------------------------------------------------

    def send_task_success(self, token: str, output: Json = None) -> None:
        """Answer a task token; `output` is a JSON value. Raises InvalidToken, TaskTimedOut, NotJson."""
        self.callbacks.send_task_success(token, output)

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """Answer a task token with a failure. Raises InvalidToken, TaskTimedOut."""
        self.callbacks.send_task_failure(token, error, cause)

    def send_task_heartbeat(self, token: str) -> None:
        """Say that the task is alive. Raises InvalidToken, TaskTimedOut."""
        self.callbacks.send_task_heartbeat(token)

    def get_activity_task(
        self, activity: str, worker_name: str | None = None, *, timeout: float | None = 60.0
    ) -> ActivityTask | None:
        """Take the activity's oldest task: `task_token` and `input`; None if there is none within `timeout` seconds."""
        return self.callbacks.get_activity_task(activity, worker_name, timeout=timeout)

    def stop(self, error: str | None = None, cause: str | None = None) -> None:
        """End it, as StopExecution does: ABORTED. One that has ended stays as it is."""
        self._driver.deliver(Stopped(error, cause))

    # -- what can be seen ------------------------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """Its names."""
        return self._execution.identity

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        outcome = self._execution.outcome
        return "RUNNING" if outcome is None else outcome.status

    @property
    def history(self) -> History:
        """The events so far."""
        with self._changing:
            return History(list(self._execution.history.rows))

    def waiting_for(self) -> list[Waiting]:
        """What it waits for now; see asl_local.engine.messages.Waiting."""
        with self._changing:
            return self._execution.waiting_for()

    def tokens(self) -> dict[str, str]:
        """The task tokens that wait for an answer, each with the name of its state: `{token: state}`."""
        return {call.task_token: call.state for call in self.callbacks.waiting() if self._is_ours(call.task_token)}

    def _is_ours(self, task_token: str) -> bool:
        return self._execution.token_named(task_token) is not None

    def dump(self) -> str:
        """The execution as it stands, and those that it has started and that are not over, as text for `Machine.resume`."""
        with self._changing:
            # One that is over may not have been heard of by whoever waits for it.
            waited_for = any(
                waiting.why == "job" for each in (self._execution, *self._nested) for waiting in each.waiting_for()
            )  # fmt: skip
            kept = [each for each in self._nested if each.outcome is None or waited_for]
            return snapshot.bundle([self._execution, *kept])

    def result(self, timeout: float | None = None) -> Result:
        """How it ended, waited for. Raises TimeoutError if it still runs after that many seconds."""
        try:
            return self._result(self._ended.result(timeout))
        except TimeoutError:
            if self._ended.done():
                raise
            waits = ", ".join(f"{each.state} ({each.why})" for each in self.waiting_for()) or "nothing"
            raise TimeoutError(f"the execution still runs after {timeout} s; it waits for: {waits}") from None

    def _result(self, ended: Ended) -> Result:
        return result_of(self._execution, *ended)

    def __await__(self) -> Generator[Any, None, Result]:
        ended = yield from asyncio.wrap_future(self._ended).__await__()
        return self._result(ended)

    def __repr__(self) -> str:
        return f"<Started {self.identity.execution_name!r}, {self.status}>"


__all__ = ["Started"]

hinted(globals())
