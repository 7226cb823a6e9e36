"""The mocks of one execution at work: which answer a call gets, how it is given, and what was asked.

Knows: calls, answers and the driver's way to wait. Must never know: machines, files, or where answers come from.
What has happened so far is a value of its own (`Session`), so that whoever forks an execution forks it, too.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from asl_local.drivers.driver import NEVER, Later, TaskContext, Work, is_awaitable
from asl_local.drivers.driver import Answer as Answered
from asl_local.engine.messages import Call, Inside
from asl_local.errors import InvalidMockConfig, StateError
from asl_local.lazy import dataclass, field, hinted
from asl_local.resources.integrations.envelope import failed
from asl_local.resources.later import Job
from asl_local.resources.mocking.answers import (
    ANSWERS,
    After,
    Answer,
    Function,
    Hangs,
    Heartbeats,
    Real,
    Returns,
    Submitted,
    Throws,
    answer_of,
)
from asl_local.resources.mocking.choices import Step
from asl_local.resources.registry import checked_result, own_errors
from asl_local.services.lambda_ import takes_context
from asl_local.values import Json, copy


@dataclass(slots=True)
class MockedCall:
    """One call of a mocked Task: what was asked, when (epoch seconds), and what it came to.

    `arguments` are the Task's, after Parameters or Arguments; `attempt` is 0 for the first, 1 for the first retry; `within`
    are the Map iterations and Parallel branches it stands in. `answered` is False while nothing has come back, and stays so
    where a mock hangs; then either `result` is the answer, or `error` and `cause` are.
    """

    state: str
    arguments: Json
    attempt: int
    at: float
    within: tuple[Inside, ...] = ()
    role: str | None = None
    task_token: str = ""
    execution_arn: str = ""
    result: Json = None
    error: str | None = None
    cause: str | None = None
    answered: bool = False

    @property
    def place(self) -> str:
        """Where in the machine: `Orders[1]/Charge`."""
        return "/".join([*(f"{each.state}[{each.index}]" for each in self.within), self.state])

    @property
    def item(self) -> int | None:
        """The index of the innermost Map item, None outside of Maps."""
        return next((each.index for each in reversed(self.within) if each.kind == "Map"), None)


class Session:
    """What the mocks of one execution were asked so far; `fork` gives one that goes its own way."""

    def __init__(self) -> None:
        self.calls: list[MockedCall] = []
        self.counts: dict[tuple[Step, ...], int] = {}
        self._guard = threading.Lock()

    def fork(self) -> Session:
        """A second one with the same past."""
        other = Session()
        with self._guard:
            other.calls, other.counts = list(self.calls), dict(self.counts)
        return other

    def fingerprint(self) -> tuple[tuple[tuple[Step, ...], int], ...]:
        """All that decides which answers come next, as a value that can be compared and hashed."""
        with self._guard:
            return tuple(sorted(self.counts.items(), key=repr))

    def count(self, place: tuple[Step, ...]) -> int:
        """How often this was asked for this place before."""
        with self._guard:
            number = self.counts.get(place, 0)
            self.counts[place] = number + 1
        return number

    def note(self, call: Call, context: TaskContext) -> MockedCall:
        """A call comes in."""
        made = MockedCall(
            call.state, copy(call.arguments), call.attempt, context.now(), call.within, call.role, call.task_token,
            context.execution_arn,
        )  # fmt: skip
        with self._guard:
            self.calls.append(made)
        return made


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call, for a choice at one place of a mock."""

    call: Call
    session: Session
    at: tuple[Step, ...]

    def count(self, *place: Step) -> int:
        return self.session.count((*self.at, *place))


_Around: TypeAlias = list[After | Heartbeats | Submitted]


@dataclass(frozen=True, slots=True)
class _Turn:
    """One call of a mocked Task, on its way to an answer."""

    call: Call
    session: Session
    made: MockedCall
    check: Callable[[str, Json], None]

    def decide(self, answer: Answer) -> tuple[_Around, Answer]:
        """The answer that is left when all choices are made, and what stands around it."""
        around: _Around = []
        place: tuple[Step, ...] = (self.call.state,)
        while True:
            if isinstance(answer, (After, Heartbeats, Submitted)):
                around.append(answer)
                answer = answer.answer
            elif isinstance(answer, (Returns, Throws, Hangs, Real, Function)):
                return around, answer
            else:
                try:
                    step, answer = answer.choose(_Asked(self.call, self.session, place))
                except StateError as error:
                    raise _failed(self.made, error) from None
                place = (*place, step)

    def give(self, around: _Around, leaf: Answer, context: TaskContext) -> Any:
        """The answer, when its time has come. Raises StateError where it is an error."""
        _wait(around, context)
        if isinstance(leaf, Hangs):
            return NEVER
        if isinstance(leaf, Throws):
            raise _failed(self.made, StateError(leaf.error, leaf.cause))  # type: ignore[arg-type]  # AWS's may lack either
        if isinstance(leaf, Function):
            return self.ask(leaf.handler, context)
        return _succeeded(self.made, copy(leaf.value) if isinstance(leaf, Returns) else None)

    def ask(self, handler: Callable[..., Any], context: TaskContext) -> Any:
        """What a function says."""
        event = copy(self.call.arguments)
        try:
            result = handler(event, context) if takes_context(handler) else handler(event)
        except own_errors() as error:
            raise _failed(self.made, failed(error, context)) from error
        return self.wait_for(result, context) if is_awaitable(result) else self.take(result, context)

    async def wait_for(self, awaitable: Awaitable[Any], context: TaskContext) -> Any:
        """What an async function says."""
        try:
            result = await awaitable
        except own_errors() as error:
            raise _failed(self.made, failed(error, context)) from error
        taken = self.take(result, context)
        return await taken if is_awaitable(taken) else taken

    def take(self, result: Any, context: TaskContext) -> Any:
        """What a function gave: another answer, or a result."""
        if isinstance(result, (*ANSWERS, Job)):
            around, leaf = self.decide(answer_of(result))
            if isinstance(leaf, Real):
                raise InvalidMockConfig(
                    f"/{self.call.state}", "a function cannot give mock.real(): only a mock itself can be that", "mocks"
                )
            return self.give(around, leaf, context)
        try:
            accepted = checked_result(result, context)
        except StateError as error:
            raise _failed(self.made, error) from None
        self.check(self.call.state, accepted)
        return _succeeded(self.made, accepted)


@dataclass(frozen=True, slots=True)
class Player:
    """Mocks over a plan whose other tasks have somebody who answers them: `work` is for one execution's session.

    `check` looks at what functions give, by the state's name. `execution_arn` is the execution's.
    """

    answers: Mapping[str, Answer]
    rest: Work
    execution_arn: str
    check: Callable[[str, Json], None] = field(repr=False)

    def work(self, session: Session) -> Work:
        """Who answers the calls of one execution.

        A task that waits for more than its call is submitted with `{}`, and the answer is what it then comes to.
        """

        def perform(call: Call, context: TaskContext) -> Answered | Awaitable[Answered]:
            answer = self.answers.get(call.state)
            if answer is None:
                return self.rest(call, context)
            context.execution_arn = call.execution_arn or self.execution_arn
            turn = _Turn(call, session, session.note(call, context), self.check)
            around, leaf = turn.decide(answer)
            if isinstance(leaf, Real):
                _wait(around, context)
                return self._real(turn, context)
            if not call.waits:
                return turn.give(around, leaf, context)
            submitted: Json = next((copy(each.result) for each in around if isinstance(each, Submitted)), {})
            return Later(submitted, lambda inner: turn.give(around, leaf, inner))

        return perform

    def _real(self, turn: _Turn, context: TaskContext) -> Any:
        try:
            result = self.rest(turn.call, context)
        except StateError as error:
            _failed(turn.made, error)
            raise
        if is_awaitable(result):
            return _watched(result, turn.made)
        if isinstance(result, Later) and result.then is not None:
            return Later(result.answer, _followed(result.then, turn.made), result.worker)
        return _kept(result, turn.made)


def _wait(around: _Around, context: TaskContext) -> None:
    for each in around:
        if isinstance(each, After):
            context.sleep(each.seconds)
        elif isinstance(each, Heartbeats):
            for _ in range(each.times):
                context.sleep(each.every)
                context.heartbeat()


def _kept(result: Any, made: MockedCall) -> Any:
    """What somebody else answered, looked at if it is a result."""
    if result is None or isinstance(result, (str, int, float, list, dict)):
        return _succeeded(made, result)
    return result


def _succeeded(made: MockedCall, result: Json) -> Json:
    made.result, made.answered = copy(result), True
    return result


def _failed(made: MockedCall, error: StateError) -> StateError:
    made.error, made.cause, made.answered = error.error, error.cause, True
    return error


async def _watched(awaitable: Awaitable[Any], made: MockedCall) -> Any:
    try:
        result = await awaitable
    except StateError as error:
        _failed(made, error)
        raise
    return _kept(result, made)


def _followed(then: Callable[[TaskContext], Any], made: MockedCall) -> Callable[[TaskContext], Any]:
    def follow(context: TaskContext) -> Any:
        try:
            result = then(context)
        except StateError as error:
            _failed(made, error)
            raise
        if is_awaitable(result):
            return _watched(result, made)
        return _kept(result, made)

    return follow


__all__ = ["MockedCall", "Player", "Session"]

hinted(globals())
