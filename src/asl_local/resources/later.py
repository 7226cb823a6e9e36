"""Tasks that wait for more than their call: what a handler may answer, and who answers for those outside.

Knows: jobs, workers and activities as functions. Must never know: clocks, tokens, or how a handler is found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asl_local.drivers.driver import Answer, Later, TaskContext, Work, is_awaitable
from asl_local.engine.messages import Call
from asl_local.errors import StateError
from asl_local.lazy import dataclass, hinted
from asl_local.values import Json


@dataclass(frozen=True, slots=True)
class Job:
    """What a handler of a `.sync` or `.waitForTaskToken` task may return: the request's answer and what comes later.

    `submitted` is what the request is answered with (TaskSubmitted), `result` what the task comes to `seconds` later;
    with an `error` it fails instead, with this `cause`. A handler that returns anything else reports a job that is done
    at once, with that as both.
    """

    submitted: Any = None
    result: Any = None
    error: str | None = None
    cause: str | None = None
    seconds: float = 0.0


def outcome_of(job: Job, check: Callable[[Any, TaskContext], Json]) -> Callable[[TaskContext], Json]:
    """What the rest of a job is; `check` makes JSON of its result."""

    def then(context: TaskContext) -> Json:
        if job.seconds:
            context.sleep(job.seconds)
        if job.error is not None or job.cause is not None:
            raise StateError(job.error, job.cause)  # type: ignore[arg-type]
        return check(job.result, context)

    return then


def submitting(request: Work, follow: Callable[[Answer, Call], Answer]) -> Work:
    """The work of a task whose request is only its beginning; a call that was made is not made again."""

    def perform(call: Call, context: TaskContext) -> Answer | Awaitable[Answer]:
        if call.made:
            return follow(None, call)
        answer = request(call, context)
        if is_awaitable(answer):
            return _after(answer, follow, call)
        return follow(answer, call)

    return perform


async def _after(awaitable: Awaitable[Answer], follow: Callable[[Answer, Call], Answer], call: Call) -> Answer:
    return follow(await awaitable, call)


def job_done(answer: Answer, _call: Call) -> Answer:
    """A job that was done when its request was: one answer for both."""
    return answer if isinstance(answer, Later) else Later(answer, then=lambda _context: answer)


def worked(worker: Callable[[str], Work | None]) -> Callable[[Answer, Call], Answer]:
    """Whoever gets the task token: found by the state's name when the request is done, or left to others."""

    def follow(answer: Answer, call: Call) -> Answer:
        if isinstance(answer, Later):
            return answer
        work = worker(call.state)
        return Later(answer, then=None if work is None else lambda context: work(call, context))

    return follow


def activity(work: Work | None, name: str | None) -> Work:
    """An activity's task: taken by a function under this name, or offered to workers outside."""

    def perform(call: Call, _context: TaskContext) -> Answer:
        return Later(then=None if work is None else lambda context: work(call, context), worker=name)

    return perform


def nothing(_call: Call, _context: TaskContext) -> Json:
    """The request of a task whose worker is given, but nobody who takes the request to him."""
    return {}


__all__ = ["Job", "activity", "job_done", "nothing", "outcome_of", "submitting", "worked"]

hinted(globals())
