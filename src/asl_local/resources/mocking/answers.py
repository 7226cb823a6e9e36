"""What a mock may answer: a value, an error, nothing at all, later, by a function, or what the real resource says.

Knows: answers as values, and how a user's own value becomes one. Must never know: executions, or who asks.
Answers that choose between others are in choices.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from asl_local.errors import NotJson
from asl_local.lazy import dataclass, field
from asl_local.resources.later import Job
from asl_local.resources.mocking.choices import ByAttempt, ByInput, ByItem, Choice, Recorded, Replies, Sequence
from asl_local.values import Json, accept


@dataclass(frozen=True, slots=True)
class Returns:
    """The Task's result, as it is."""

    value: Json


@dataclass(frozen=True, slots=True)
class Throws:
    """The Task fails with this error name and cause."""

    error: str | None
    cause: str | None = ""


@dataclass(frozen=True, slots=True)
class After:
    """The same answer, so many seconds later."""

    seconds: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """A worker that says `times` times that it is alive, every so many seconds, and then gives the answer."""

    every: float
    times: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the request of a task that waits for more is answered with (TaskSubmitted), and what the task comes to."""

    result: Json
    answer: Answer


@dataclass(frozen=True, slots=True)
class Hangs:
    """No answer: the task ends by its timeout, its heartbeat, its task token, or with the execution."""


@dataclass(frozen=True, slots=True)
class Real:
    """Whoever answers the Task without a mock."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function `(event)` or `(event, context)`, sync or async, that gives a result or one of these answers."""

    handler: Callable[..., Any] = field(repr=False)


Answer: TypeAlias = Returns | Throws | After | Heartbeats | Submitted | Hangs | Real | Function | Choice

_LEAVES = (Returns, Throws, Hangs, Real, Function)
_AROUND = (After, Heartbeats, Submitted)
ANSWERS = (*_LEAVES, *_AROUND, Sequence, ByInput, ByItem, ByAttempt, Replies, Recorded)
"""All kinds of answers."""


def answer_of(given: Any) -> Answer:
    """A user's value as an answer: answers stay, functions are called, a Job is what it says, JSON is the result.

    Raises NotJson for anything else.
    """
    if isinstance(given, ANSWERS):
        return given
    if isinstance(given, Job):
        failed = given.error is not None or given.cause is not None
        end: Answer = Throws(given.error, given.cause) if failed else Returns(accept(given.result))
        return Submitted(accept(given.submitted), After(given.seconds, end) if given.seconds else end)
    if callable(given):
        return Function(given)
    try:
        return Returns(accept(given))
    except NotJson as error:
        if isinstance(given, BaseException):
            hint = "; an error is mock.throws(error, cause)"
        else:
            hint = "; an answer, a function or a Job can be a state's whole mock, not stand inside of JSON"
        raise NotJson(error.path, f"{error.reason}{hint}") from None


def leaves(answer: Answer, path: str) -> Iterator[tuple[str, Answer]]:
    """Every answer inside of one that is no choice and stands around no other, each with its place in words."""
    if isinstance(answer, _LEAVES):
        yield path, answer
    elif isinstance(answer, _AROUND):
        yield from leaves(answer.answer, path)
    else:
        for step, inner in answer.inner():
            yield from leaves(inner, step if step.startswith("/") else f"{path}/{step}")


def falls_through(answer: Answer) -> bool:
    """Whether the real resource may be asked: then somebody has to answer it."""
    return any(isinstance(leaf, Real) for _, leaf in leaves(answer, ""))


__all__ = [
    "ANSWERS", "After", "Answer", "Function", "Hangs", "Heartbeats", "Real", "Returns", "Submitted", "Throws",
    "answer_of", "falls_through", "leaves",
]  # fmt: skip
