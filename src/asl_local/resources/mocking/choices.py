"""Answers that choose: by how often they were asked, by the input, by the Map item, by the attempt.

Knows: one call, and how often this place was asked before. Must never know: what an answer does, or who asks.
Whatever is counted is counted per execution, and per place in a mock: the same sequence given to two states counts twice.
Where nothing is left to choose the execution ends with States.Runtime, as in Step Functions Local.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from asl_local.engine.messages import Call
from asl_local.errors import RUNTIME, EvaluationError
from asl_local.language import jsonpath
from asl_local.lazy import dataclass, field
from asl_local.values import Json, copy, text_of

if TYPE_CHECKING:
    from asl_local.resources.mocking.answers import Answer

Step: TypeAlias = str | int | tuple[int, ...]
"""A step on the way to an answer inside of a mock."""


class Asked(Protocol):
    """What an answer is chosen for."""

    @property
    def call(self) -> Call:
        """The call that wants an answer."""

    def count(self, *place: Step) -> int:
        """How often this was asked for this place before."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """The first call gets the first answer, the next the next; `then` is for all that come later."""

    answers: tuple[Answer, ...]
    then: Answer | None = None

    def choose(self, asked: Asked) -> tuple[Step, Answer]:
        """The answer for this call, and its place. Raises EvaluationError where there is none."""
        number = asked.count()
        if number < len(self.answers):
            return number, self.answers[number]
        if self.then is None:
            raise _exhausted(asked.call, f"has answers for {_times(len(self.answers), 'call')}, and this is one more")
        return "then", self.then

    def inner(self) -> Iterator[tuple[str, Answer]]:
        """All that may be chosen, each with its place in words."""
        yield from ((str(number), answer) for number, answer in enumerate(self.answers))
        yield from _last("then", self.then)


@dataclass(frozen=True, slots=True)
class ByAttempt:
    """The first attempt gets the first answer, the first retry the second; `then` is for all later retries."""

    answers: tuple[Answer, ...]
    then: Answer | None = None

    def choose(self, asked: Asked) -> tuple[Step, Answer]:
        """See Sequence."""
        number = asked.call.attempt
        if number < len(self.answers):
            return number, self.answers[number]
        if self.then is None:
            raise _exhausted(
                asked.call, f"has answers for {_times(len(self.answers), 'attempt')}, and this is attempt {number + 1}"
            )
        return "then", self.then

    def inner(self) -> Iterator[tuple[str, Answer]]:
        """See Sequence."""
        yield from ((str(number), answer) for number, answer in enumerate(self.answers))
        yield from _last("then", self.then)


@dataclass(frozen=True, slots=True)
class ByItem:
    """Chosen by the index of the Map item; a tuple of indices is for nested Maps, outermost first, and wins over one."""

    items: Mapping[tuple[int, ...], Answer]
    otherwise: Answer | None = None

    def choose(self, asked: Asked) -> tuple[Step, Answer]:
        """See Sequence."""
        indices = map_indices(asked.call)
        for length in range(len(indices), 0, -1):
            found = self.items.get(indices[-length:])
            if found is not None:
                return indices[-length:], found
        if self.otherwise is None:
            where = f"for item {', '.join(map(str, indices))}" if indices else "outside of a Map"
            raise _exhausted(asked.call, f"has no answer {where}: give `otherwise`")
        return "otherwise", self.otherwise

    def inner(self) -> Iterator[tuple[str, Answer]]:
        """See Sequence."""
        yield from ((",".join(map(str, indices)), answer) for indices, answer in self.items.items())
        yield from _last("otherwise", self.otherwise)


@dataclass(frozen=True, slots=True)
class ByInput:
    """The first pattern that the Task's arguments match; see `matcher`."""

    cases: tuple[tuple[Callable[[Json], bool], Answer], ...] = field(repr=False)
    otherwise: Answer | None = None

    def choose(self, asked: Asked) -> tuple[Step, Answer]:
        """See Sequence."""
        for number, (matches, answer) in enumerate(self.cases):
            if matches(asked.call.arguments):
                return number, answer
        if self.otherwise is None:
            shown = text_of(asked.call.arguments)
            shown = shown if len(shown) <= 200 else f"{shown[:200]}..."
            raise _exhausted(asked.call, f"has no answer for the arguments {shown}: give `otherwise`")
        return "otherwise", self.otherwise

    def inner(self) -> Iterator[tuple[str, Answer]]:
        """See Sequence."""
        yield from ((str(number), answer) for number, (_, answer) in enumerate(self.cases))
        yield from _last("otherwise", self.otherwise)


@dataclass(frozen=True, slots=True)
class Replies:
    """A mocked response of a MockConfigFile: each answer with the last invocation that gets it, in order."""

    name: str
    replies: tuple[tuple[int, str, Answer], ...]

    def choose(self, asked: Asked) -> tuple[Step, Answer]:
        """See Sequence."""
        number = asked.count()
        for last, _, answer in self.replies:
            if number <= last:
                return number, answer
        raise EvaluationError(
            RUNTIME,
            f"The mocked response '{self.name}' has replies for {self.replies[-1][0] + 1} invocations, and this is one "
            f"more of the state '{asked.call.state}'",
        )

    def inner(self) -> Iterator[tuple[str, Answer]]:
        """See Sequence; the place is the one in the file."""
        yield from ((f"/MockedResponses/{self.name}/{key}/Return", answer) for _, key, answer in self.replies)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one state was answered in a real execution: per Map item (its indices, outermost first), call after call.

    `source` names the history.
    """

    source: str
    answers: Mapping[tuple[int, ...], tuple[Answer, ...]]

    def choose(self, asked: Asked) -> tuple[Step, Answer]:
        """See Sequence."""
        indices = map_indices(asked.call)
        answers = self.answers.get(indices, ())
        number = asked.count(indices)
        if number < len(answers):
            return number, answers[number]
        raise EvaluationError(
            RUNTIME,
            f"{self.source} has {_times(len(answers), 'call')} of '{asked.call.place}', and this is one more",
        )

    def inner(self) -> Iterator[tuple[str, Answer]]:
        """See Sequence."""
        for indices, answers in self.answers.items():
            item = "".join(f"[{index}]" for index in indices)
            yield from ((f"{item}{'/' if item else ''}{number}", answer) for number, answer in enumerate(answers))


Choice: TypeAlias = Sequence | ByAttempt | ByItem | ByInput | Replies | Recorded

_PATH: Final = re.compile(r"\$(?:$|[.\[])")


def matcher(pattern: Any) -> Callable[[Json], bool]:
    """A test of a Task's arguments.

    A function is asked itself. An object all of whose names are JSONPaths (`$`, `$.a`, `$['a']`) says what stands at
    each: a value that is equal, or a function that is true of it; where nothing stands, nothing matches. Anything else
    has to be equal to the arguments. Raises ExpressionSyntaxError for a path that cannot be read.
    """
    if callable(pattern):
        return lambda arguments: bool(pattern(copy(arguments)))
    if isinstance(pattern, Mapping) and pattern and all(isinstance(n, str) and _PATH.match(n) for n in pattern):
        paths = [(jsonpath.parse(name), matcher_of_value(wanted)) for name, wanted in pattern.items()]

        def all_stand(arguments: Json) -> bool:
            for path, matches in paths:
                try:
                    found = path.find(arguments)
                except jsonpath.PathError:
                    return False
                if not matches(found):
                    return False
            return True

        return all_stand
    return matcher_of_value(pattern)


def matcher_of_value(wanted: Any) -> Callable[[Json], bool]:
    """Equality, or a function's own word."""
    if callable(wanted):
        return lambda value: bool(wanted(copy(value)))
    return lambda value: same(value, wanted)


def same(value: Json, wanted: Json) -> bool:
    """Equality of JSON values, where true is not 1."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, dict) and isinstance(wanted, Mapping):
        return value.keys() == wanted.keys() and all(same(member, wanted[name]) for name, member in value.items())
    if isinstance(value, list) and isinstance(wanted, (list, tuple)):
        return len(value) == len(wanted) and all(map(same, value, wanted))
    return bool(value == wanted)


def map_indices(call: Call) -> tuple[int, ...]:
    """The indices of the Map items that a call stands in, outermost first."""
    return tuple(each.index for each in call.within if each.kind == "Map")


def _last(name: str, answer: Answer | None) -> Iterator[tuple[str, Answer]]:
    if answer is not None:
        yield name, answer


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _exhausted(call: Call, why: str) -> EvaluationError:
    return EvaluationError(RUNTIME, f"The mock of the state '{call.state}' {why}")


__all__ = [
    "Asked", "ByAttempt", "ByInput", "ByItem", "Choice", "Recorded", "Replies", "Sequence", "Step", "map_indices",
    "matcher", "same",
]  # fmt: skip
