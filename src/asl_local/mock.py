"""Mocks for Task states, by the state's name.

    from asl_local import mock

    mocks = mock.Mocks({
        "Charge": mock.sequence(mock.throws("Busy", "later"), {"receipt": "r-1"}),
        "Ship": mock.by_item({2: mock.hangs()}, otherwise=mock.after(60, {"sent": True})),
    })
    result = machine.simulate(order, mocks=mocks)
    mocks.assert_called("Charge", times=2)

Wherever an answer is wanted, JSON is the Task's result, a function `(event)` or `(event, context)` is called with the
Task's arguments, and a Job tells a job's or a callback's request and end. What is counted is counted anew in every
execution, for each state by itself.

Knows: the words. Must never know: what they do (resources/mocking).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from asl_local.lazy import hinted
from asl_local.resources.mocking import MockConfig, MockedCall, Mocks
from asl_local.resources.mocking.answers import (
    After,
    Answer,
    Hangs,
    Heartbeats,
    Real,
    Returns,
    Throws,
    answer_of,
)
from asl_local.resources.mocking.choices import ByAttempt, ByInput, ByItem, Sequence
from asl_local.resources.mocking.config_file import read
from asl_local.resources.mocking.mocks import pattern
from asl_local.values import accept

if TYPE_CHECKING:
    from asl_local.reporters.recorded import Given
    from asl_local.testing.mocks_of_history import RecordedMocks

_NOT_GIVEN: Final[Any] = object()


def returns(value: Any) -> Answer:
    """This JSON value is the Task's result; the same as the value itself."""
    return Returns(accept(value))


def payload(value: Any) -> Answer:
    """The result of an `arn:aws:states:::lambda:invoke` Task whose function gives this JSON value."""
    return Returns({"ExecutedVersion": "$LATEST", "Payload": accept(value), "StatusCode": 200})


def throws(error: str, cause: str = "") -> Answer:
    """The Task fails with this error name and cause, which Retry and Catch see."""
    if not isinstance(error, str) or not isinstance(cause, str):
        raise TypeError(f"throws: an error's name and cause are texts, not {error!r}, {cause!r}")
    return Throws(error, cause)


def sequence(*answers: Any, then: Any = _NOT_GIVEN) -> Answer:
    """The first call of the state gets the first answer, the next the next, through retries, loops and Map items alike.

    `then` answers all later calls; without it one call more ends the execution with States.Runtime.
    """
    return Sequence(_answers("sequence", answers), _last(then))


def by_attempt(*answers: Any, then: Any = _NOT_GIVEN) -> Answer:
    """The first attempt gets the first answer, the first retry the second; the count begins anew whenever the state is
    entered. `then` is for all later retries.
    """
    return ByAttempt(_answers("by_attempt", answers), _last(then))


def by_item(items: Mapping[int | tuple[int, ...], Any], *, otherwise: Any = _NOT_GIVEN) -> Answer:
    """By the index of the Map item, from 0, that the Task works on: `by_item({0: ..., 2: ...}, otherwise=...)`.

    In nested Maps an index is the innermost Map's; a tuple has those of several, outermost first, and wins.
    """
    found: dict[tuple[int, ...], Answer] = {}
    for index, given in items.items():
        indices = index if isinstance(index, tuple) else (index,)
        if not indices or not all(type(each) is int and each >= 0 for each in indices):
            raise ValueError(f"by_item: an index from 0 or a tuple of them is wanted, not {index!r}")
        found[indices] = answer_of(given)
    return ByItem(found, _last(otherwise))


def by_input(*cases: tuple[Any, Any], otherwise: Any = _NOT_GIVEN) -> Answer:
    """By the Task's arguments: pairs of a pattern and an answer, of which the first that matches counts.

    A pattern is a value that is equal to the arguments, an object of JSONPaths (`{"$.order.id": 7}`) whose values are
    equal to what stands there or are functions of it, or a function of the arguments.
    """
    for case in cases:
        if not isinstance(case, tuple) or len(case) != 2:
            raise TypeError(f"by_input: pairs (pattern, answer) are wanted, not {case!r:.80}")
    return ByInput(tuple((pattern(wanted), answer_of(given)) for wanted, given in cases), _last(otherwise))


def after(seconds: float, answer: Any) -> Answer:
    """The answer, so many seconds later: virtual ones in `simulate`, real ones in `run`."""
    return After(_seconds("after", seconds), answer_of(answer))


def heartbeats(every: float, times: int, answer: Any) -> Answer:
    """A worker that says `times` times that it is alive, every so many seconds, and then gives the answer."""
    if type(times) is not int or times < 0:
        raise ValueError(f"heartbeats: a number of times is wanted, not {times!r}")
    return Heartbeats(_seconds("heartbeats", every), times, answer_of(answer))


def hangs() -> Answer:
    """No answer: the Task waits until its TimeoutSeconds or HeartbeatSeconds, or until somebody answers its task token."""
    return Hangs()


def real() -> Answer:
    """Whoever answers the Task without a mock: the handler, stand-in or client of `resources`."""
    return Real()


def recorded(history: Given, *, latency: bool = True) -> RecordedMocks:
    """What the tasks of a real execution were answered: `mocks=mock.recorded("history.json")`, or one state's mock.

    `history` is what `aws stepfunctions get-execution-history` or boto3 gave (a path, JSON text, the answer, its events, a
    list of pages), or a History or Result of this library; a Result has the children of Distributed Maps, too. Each Map
    item gets its own answers again, call after call, after as many seconds as it was recorded to take unless `latency`
    is False; what timed out or was aborted hangs. The answer has the execution's `input`, `status`, `output` and
    `calls`, and `mock_file()`. Raises InvalidHistory, OSError.
    """
    from asl_local.testing.mocks_of_history import recorded_mocks  # noqa: PLC0415 - only for those who replay

    runs = getattr(history, "map_runs", ())
    return recorded_mocks(getattr(history, "history", history), latency=latency, map_runs=runs)


def config_file(config: MockConfig, test_case: str, *, field_validation_mode: str = "NONE") -> Mocks:
    """A test case of Step Functions Local's MockConfigFile.json, a path or its content, as `mocks`.

    The same as `mock_config` and `test_case`, with `calls` to look at, and with results compared with the services' API
    models if `field_validation_mode` says so. The file is read, and its faults are told, when the machine is known.
    """
    if isinstance(config, (str, os.PathLike)):
        config = os.fspath(config)
    return Mocks.read_by(
        lambda machine, states: read(
            config, machine=machine, test_case=test_case, states=states, field_validation_mode=field_validation_mode
        )
    )


def _answers(name: str, given: tuple[Any, ...]) -> tuple[Answer, ...]:
    if not given:
        raise TypeError(f"{name}: at least one answer is wanted")
    return tuple(map(answer_of, given))


def _last(given: Any) -> Answer | None:
    return None if given is _NOT_GIVEN else answer_of(given)


def _seconds(name: str, seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
        raise ValueError(f"{name}: a number of seconds is wanted, not {seconds!r}")
    return float(seconds)


__all__ = [
    "MockedCall", "Mocks", "after", "by_attempt", "by_input", "by_item", "config_file", "hangs", "heartbeats",
    "payload", "real", "recorded", "returns", "sequence", "throws",
]  # fmt: skip

hinted(globals())
