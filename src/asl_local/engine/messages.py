"""All that crosses the border of the core: commands go out, stimuli come in, both carry a token.

Knows: shapes. Must never know: who performs a command, or when.
A task, its timeout and its heartbeat carry the same token: whoever comes first takes it, anything later is stale.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from asl_local.values import Json

EXECUTION_TOKEN = 0
"""The token of the machine's own TimeoutSeconds; strands count from 1."""


class Call(NamedTuple):
    """Command: call this resource and answer with this token. `deadline` (epoch seconds) is for the handler to read."""

    token: int
    resource: str
    arguments: Json
    state: str
    attempt: int
    deadline: float | None


class Timer(NamedTuple):
    """Command: come back with this token at this time (epoch seconds)."""

    token: int
    at: float


class Cancel(NamedTuple):
    """Command: nobody waits for this token any more. A handler cannot be killed, but it can be told."""

    token: int


class Succeeded(NamedTuple):
    """Stimulus: the task came back with a result that is JSON."""

    token: int
    result: Json


class Failed(NamedTuple):
    """Stimulus: the task came back with an error."""

    token: int
    error: str | None
    cause: str | None


class Refused(NamedTuple):
    """Stimulus: the call was never made, its arguments cannot be used; the execution ends with States.Runtime."""

    token: int
    cause: str


class Fired(NamedTuple):
    """Stimulus: a timer's time has come."""

    token: int


class Heartbeat(NamedTuple):
    """Stimulus: the task is alive."""

    token: int


class Stopped(NamedTuple):
    """Stimulus: somebody stops the execution (StopExecution)."""

    error: str | None = None
    cause: str | None = None


Command: TypeAlias = Call | Timer | Cancel
Stimulus: TypeAlias = Succeeded | Failed | Refused | Fired | Heartbeat | Stopped


class Waiting(NamedTuple):
    """One thing that an execution waits for; `why` is "task", "retry" or "wait", `until` epoch seconds or None."""

    token: int
    state: str
    why: str
    until: float | None


class Outcome(NamedTuple):
    """How an execution ended: SUCCEEDED, FAILED, TIMED_OUT or ABORTED.

    `place` says in words where it failed, or what it waited for when its time was up.
    """

    status: str
    output: Json = None
    error: str | None = None
    cause: str | None = None
    place: str = ""
