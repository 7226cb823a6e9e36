"""Mocks: answers by the names of Task states, checked against a machine, and what was asked of them.

Knows: which states are mocked, and how to say what is wrong with that. Must never know: how an answer is given
(session.py), or what a file looks like (config_file.py).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from asl_local.definition.resource_arns import parse
from asl_local.drivers.driver import Work
from asl_local.errors import ExpressionSyntaxError, InvalidMockConfig, NotJson
from asl_local.lazy import hinted, replace
from asl_local.plan import Plan, State
from asl_local.resources import shapes
from asl_local.resources.mocking.answers import Answer, Returns, answer_of, falls_through, leaves
from asl_local.resources.mocking.choices import matcher
from asl_local.resources.mocking.session import MockedCall, Player, Session
from asl_local.values import Json, text_of

MODES: Final = ("STRICT", "PRESENT", "NONE")
"""TestState's fieldValidationMode: what the API model requires has to be there; what is there has to fit; anything."""

_MOST = 200  # characters of a value in a message


class ByState(Protocol):
    """Answers by state name: a dict, or what mock.recorded gives."""

    def keys(self) -> Iterable[str]:
        """The names of the states."""

    def __getitem__(self, name: str, /) -> Any:
        """The answer of one."""


class Mocks:
    """Mocks for Task states, and what they were asked: `Mocks({"Charge": {"id": 7}})`.

    `states` maps a state's name to its answer: one of asl_local.mock, a function, a Job, or JSON that is the result of
    every call. With `field_validation_mode` STRICT or PRESENT results are compared with the service's API model as
    TestState does: those that are there to see before anything runs, those of functions when they are given.

    The same object may serve one execution after the other: counts begin anew, and `calls` tells of the latest one.
    Raises InvalidMockConfig for what is no answer, ValueError for another mode.
    """

    def __init__(
        self, states: ByState | Mapping[str, Any] | None = None, *, field_validation_mode: str = "NONE"
    ) -> None:
        if field_validation_mode not in MODES:
            raise ValueError(
                f"field_validation_mode: one of {', '.join(MODES)} is wanted, not {field_validation_mode!r}"
            )
        self.source = "mocks"
        self.answers: dict[str, Answer] = {}
        self._parts: list[Mocks] = []
        self._read: Callable[[str, list[str]], Mocks] | None = None
        self._session = Session()
        for name in states.keys() if states is not None else ():
            given = states[name]  # type: ignore[index]
            try:
                self.answers[name] = answer_of(given.for_state(name) if hasattr(given, "for_state") else given)
            except NotJson as error:
                raise InvalidMockConfig(f"/{name}", str(error), self.source) from None
        self.modes = dict.fromkeys(self.answers, field_validation_mode)

    @classmethod
    def of(cls, given: Mocks | ByState | Mapping[str, Any]) -> Mocks:
        """The mocks for whatever `mocks=` was given."""
        if isinstance(given, Mocks):
            return given
        if not hasattr(given, "keys"):
            raise TypeError(f"mocks: a mapping of state names to answers or mock.Mocks is wanted, not {given!r:.80}")
        return cls(given)

    @classmethod
    def read_by(cls, read: Callable[[str, list[str]], Mocks]) -> Mocks:
        """Mocks that are read when the machine is known: its name and the names of its Tasks."""
        mocks = cls()
        mocks._read = read
        return mocks

    def meet(self, machine: str, plan: Plan) -> None:
        """Learn which machine it is."""
        if self._read is not None:
            found = self._read(machine, [state.name for state in plan.tasks()])
            self.answers, self.modes, self.source = found.answers, found.modes, found.source

    def over_others(self, other: Mocks) -> Mocks:
        """These, and for states that these do not name the other's. Whoever begins them begins both."""
        both = Mocks()
        both.answers = {**other.answers, **self.answers}
        both.modes = {**other.modes, **self.modes}
        both._parts = [self, other]
        return both

    def keys(self) -> Iterable[str]:
        """The names of the mocked states, so that `{**mocks, "Charge": other}` makes other mocks of these.

        Raises TypeError for the mocks of a file, which are known when the machine is.
        """
        if self._read is not None and not self.answers:
            raise TypeError("the mocks of a file are read for a machine: give the others with mocks=, and mock_config=")
        return list(self.answers)

    def __getitem__(self, name: str, /) -> Answer:
        return self.answers[name]

    # -- what was asked ----------------------------------------------------------------------------------------------------

    def calls(self, state: str | None = None) -> list[MockedCall]:
        """The calls of a mocked state, or of all of them, in the order in which they were made, in the latest execution.

        Raises InvalidMockConfig for a state that is not mocked here.
        """
        if state is not None and state not in self.answers:
            raise InvalidMockConfig(
                f"/{state}", f"no state {state!r} is mocked{close(state, self.answers)}", self.source
            )
        return [call for call in list(self._session.calls) if state is None or call.state == state]

    def assert_called(self, state: str, *, times: int | None = None) -> None:
        """Raises AssertionError unless the state was called, so many times if that is given."""
        calls = self.calls(state)
        if len(calls) != times if times is not None else not calls:
            wanted = "at least once" if times is None else _times(times)
            raise AssertionError(
                f"{state!r} was to be called {wanted}, and was called {_times(len(calls))}{_shown(calls)}"
            )

    def assert_not_called(self, state: str) -> None:
        """Raises AssertionError if the state was called."""
        calls = self.calls(state)
        if calls:
            raise AssertionError(f"{state!r} was not to be called, and was called {_times(len(calls))}{_shown(calls)}")

    def assert_called_once_with(self, state: str, arguments: Any) -> None:
        """Raises AssertionError unless the state was called once, with these arguments.

        `arguments` is a pattern as mock.by_input takes them: a value, an object of JSONPaths, a function.
        """
        self.assert_called(state, times=1)
        self.assert_called_with(state, arguments)

    def assert_called_with(self, state: str, arguments: Any) -> None:
        """Raises AssertionError unless one of the state's calls had these arguments; see assert_called_once_with."""
        calls, matches = self.calls(state), matcher(arguments)
        if not any(matches(call.arguments) for call in calls):
            wanted = "what the function asks" if callable(arguments) else _text(arguments)
            raise AssertionError(f"{state!r} was never called with {wanted}{_shown(calls) or ', nor at all'}")

    # -- at work -----------------------------------------------------------------------------------------------------------

    def begin(self) -> Session:
        """The session of another execution, which `calls` tells of from here on."""
        session = Session()
        for each in (self, *self._parts):
            each._session = session  # noqa: SLF001 - its own kind
        return session

    def over(self, plan: Plan, bind: Callable[[Plan], Work], execution_arn: str = "") -> Player:
        """These mocks over a plan, and over whoever `bind` finds for its other tasks: `Player.work(session)` is the Work.

        Raises InvalidMockConfig for a state that is no Task of the plan, and for a result that does not fit the API model;
        and what `bind` raises.
        """
        self.check(plan)
        bare = {name for name, answer in self.answers.items() if not falls_through(answer)}
        others = {pointer: state for pointer, state in plan.states.items() if state.name not in bare}
        resources = {state.name: state.resource for state in plan.tasks()}

        def check(name: str, result: Json) -> None:
            resource = resources[name]
            self._compare(name, "" if resource is None else resource.arn, result, f"/{name}")

        return Player(self.answers, bind(replace(plan, states=others)), execution_arn, check)

    def check(self, plan: Plan) -> None:
        """Raises InvalidMockConfig for the first thing that is wrong with these mocks for a plan."""
        tasks = {state.name: state for state in plan.tasks()}
        for name, answer in self.answers.items():
            if name not in tasks:
                raise InvalidMockConfig(f"/{name}", no_task(name, plan), self.source)
            resource = tasks[name].resource
            for path, leaf in leaves(answer, f"/{name}"):
                if isinstance(leaf, Returns) and resource is not None:
                    self._compare(name, resource.arn, leaf.value, path)

    def _compare(self, name: str, arn: str, result: Json, path: str) -> None:
        mode, resource = self.modes[name], parse(arn)
        if mode == "NONE" or resource is None:
            return
        problem = shapes.problem(resource, result, strict=mode == "STRICT")
        if problem is not None:
            what = f"{resource.service}:{resource.action}{resource.pattern}"
            raise InvalidMockConfig(
                f"{path}{problem.path}",
                f"{problem.sentence}, says the API model of {what} for the state {name!r}",
                self.source,
            )


MocksGiven: TypeAlias = "Mocks | ByState | Mapping[str, Any]"
"""What `mocks=` takes."""


def no_task(name: str, plan: Plan) -> str:
    """Why a state cannot be mocked, with a hint."""
    tasks = [state.name for state in plan.tasks()]
    other = next((state for state in plan.states.values() if state.name == name), None)
    if other is not None:
        return f"{name!r} is a {other.type} state, and only Task states are mocked{_inside(other, plan)}"
    return f"the machine has no Task {name!r}{close(name, tasks) or _has(tasks)}"


def _inside(state: State, plan: Plan) -> str:
    inner = [each.name for each in plan.tasks() if each.pointer.startswith(f"{state.pointer}/")]
    return f"; inside it are {', '.join(inner[:5])}" if inner else ""


def _has(names: list[str]) -> str:
    return f"; it has {', '.join(names[:10])}{', ...' if len(names) > 10 else ''}" if names else ""


def close(name: str, known: Iterable[str]) -> str:
    """A hint at a name that is much like this one, if there is one."""
    found = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def pattern(given: Any) -> Callable[[Json], bool]:
    """A test of arguments. Raises InvalidMockConfig for a JSONPath that cannot be read."""
    try:
        return matcher(given)
    except ExpressionSyntaxError as error:
        raise InvalidMockConfig("/", str(error), "mocks") from None


def _times(count: int) -> str:
    return "once" if count == 1 else "never" if count == 0 else f"{count} times"


def _text(value: Any) -> str:
    try:
        text = text_of(value)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."


def _shown(calls: list[MockedCall]) -> str:
    lines = [f"\n  {call.place}, attempt {call.attempt}: {_text(call.arguments)}" for call in calls[:10]]
    return "".join([":" if lines else "", *lines, f"\n  and {len(calls) - 10} more" if len(calls) > 10 else ""])


__all__ = ["MODES", "ByState", "Mocks", "MocksGiven", "close", "no_task", "pattern"]

hinted(globals())
