"""Step Functions Local's MockConfigFile.json: made-up answers for the tasks of a test case.

Knows: the file's form (Developer Guide, "Using mocked service integrations") and what Step Functions Local does with it.
Must never know: how a task is driven, or who would have answered.

```json
{"StateMachines": {"Orders": {"TestCases": {"HappyPath": {"Charge": "Charged"}}}},
 "MockedResponses": {"Charged": {"0": {"Throw": {"Error": "Busy", "Cause": "later"}}, "1-2": {"Return": {"id": 7}}}}}
```

Invocations of a state count from 0, through retries, loops and Map iterations alike, anew in every execution. Return is
the Task's result as it is, Throw its error. States that a test case does not name are answered as ever. What a test
case does not use is not looked at.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from asl_local.drivers.driver import Answer, Later, TaskContext, Work
from asl_local.engine.messages import Call
from asl_local.errors import RUNTIME, EvaluationError, InvalidMockConfig, NotJson, StateError
from asl_local.plan import Plan
from asl_local.values import Json, accept, copy

MockConfig: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"

_KEY = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


class Reply(NamedTuple):
    """What one invocation comes to: `thrown` is (error, cause), or None where there is a result."""

    result: Json
    thrown: tuple[str, str] | None = None


class Mocked(NamedTuple):
    """The replies for one state, each with the last invocation that gets it, in order; `name` is the file's for them."""

    name: str
    replies: tuple[tuple[int, Reply], ...]

    def reply(self, invocation: int) -> Reply:
        """The reply for an invocation, counted from 0; EvaluationError if there are not so many."""
        for last, reply in self.replies:
            if invocation <= last:
                return reply
        raise EvaluationError(
            RUNTIME,
            f"The mocked response '{self.name}' has replies for {self.replies[-1][0] + 1} invocations, and this is one "
            "more of the state",
        )


class Mocks:
    """The mocked states of one test case; a state's name -> its replies."""

    def __init__(self, states: Mapping[str, Mocked]) -> None:
        self.states = states

    def work(self) -> Work:
        """Who answers the calls of these states in one execution.

        A task that waits for more than its call is submitted with `{}`, and the reply is what it then comes to.
        """
        used: dict[str, int] = {}
        guard = threading.Lock()

        def answer(call: Call, _context: TaskContext) -> Answer:
            with guard:
                number = used.get(call.state, 0)
                used[call.state] = number + 1
            reply = self.states[call.state].reply(number)
            return Later({}, then=lambda _context: _outcome(reply)) if call.waits else _outcome(reply)

        return answer

    def over(self, plan: Plan, bind: Callable[[Plan], Work]) -> Work:
        """The work of a plan's tasks: of the mocked states by their replies, of the others by whoever `bind` finds."""
        others = {place: state for place, state in plan.states.items() if state.name not in self.states}
        rest, mocked = bind(replace(plan, states=others)), self.work()

        def perform(call: Call, context: TaskContext) -> Answer | Awaitable[Answer]:
            return (mocked if call.state in self.states else rest)(call, context)

        return perform


def _outcome(reply: Reply) -> Json:
    if reply.thrown is not None:
        raise StateError(*reply.thrown)
    return copy(reply.result)


def read(config: MockConfig, *, machine: str, test_case: str, states: Iterable[str]) -> Mocks:
    """The mocks of a test case. `machine` is the state machine's name; a file with one machine only need not have it.

    `states` are the machine's Task states. Raises InvalidMockConfig, with the place in the file, for a test case that is not
    there or cannot be used, OSError for a file that cannot be read.
    """
    tree, source = _load(config)
    machines = _members(tree, "StateMachines", source, "")
    responses = _members(tree, "MockedResponses", source, "")
    chosen = machine if machine in machines or len(machines) != 1 else next(iter(machines))
    cases = _members(
        _named(machines, chosen, source, "/StateMachines"), "TestCases", source, f"/StateMachines/{chosen}"
    )
    place = f"/StateMachines/{chosen}/TestCases"
    case = _named(cases, test_case, source, place)
    if not isinstance(case, dict):
        raise InvalidMockConfig(f"{place}/{test_case}", f"an object is wanted, not {_shown(case)}", source)
    known, mocked = set(states), {}
    for state, name in case.items():
        here = f"{place}/{test_case}/{state}"
        if state not in known:
            raise InvalidMockConfig(here, f"the machine has no Task {state!r}{_close(state, known)}", source)
        if not isinstance(name, str):
            raise InvalidMockConfig(here, f"the name of a mocked response is wanted, not {_shown(name)}", source)
        if name not in responses:
            raise InvalidMockConfig(here, f"there is no mocked response {name!r}{_close(name, responses)}", source)
        mocked[state] = Mocked(name, tuple(_replies(responses[name], f"/MockedResponses/{name}", source)))
    return Mocks(mocked)


def _load(config: MockConfig) -> tuple[Json, str]:
    if isinstance(config, Mapping):
        text, source = config, "the mock configuration"
        try:
            return accept(dict(text)), source
        except NotJson as error:
            raise InvalidMockConfig(error.path, error.reason, source) from None
    source = os.fspath(config)
    try:
        return json.loads(Path(source).read_text("utf-8-sig")), source
    except ValueError as error:
        raise InvalidMockConfig("/", f"this is no JSON: {error}", source) from None


def _members(tree: Json, name: str, source: str, place: str) -> dict[str, Json]:
    """A member that must be there and an object."""
    if not isinstance(tree, dict):
        raise InvalidMockConfig(place or "/", f"an object is wanted, not {_shown(tree)}", source)
    if name not in tree:
        raise InvalidMockConfig(place or "/", f"{name} is required but missing{_close(name, tree)}", source)
    if not isinstance(tree[name], dict):
        raise InvalidMockConfig(f"{place}/{name}", f"an object is wanted, not {_shown(tree[name])}", source)
    members: dict[str, Json] = tree[name]
    return members


def _named(members: Mapping[str, Json], name: str, source: str, place: str) -> Json:
    if name not in members:
        has = ", ".join(members) or "nothing"
        raise InvalidMockConfig(place, f"there is no {name!r}{_close(name, members) or f'; there is {has}'}", source)
    return members[name]


def _replies(response: Json, place: str, source: str) -> Iterable[tuple[int, Reply]]:
    """The replies of a response, each with the last invocation that gets it."""
    if not isinstance(response, dict) or not response:
        raise InvalidMockConfig(place, f"an object with replies is wanted, not {_shown(response)}", source)
    spans = []
    for key, reply in response.items():
        match = _KEY.fullmatch(key)
        if match is None or (match[2] is not None and int(match[2]) < int(match[1])):
            raise InvalidMockConfig(
                f"{place}/{key}", 'an invocation such as "0" or a range such as "1-2" is wanted', source
            )
        spans.append((int(match[1]), int(match[2] or match[1]), _reply(reply, f"{place}/{key}", source)))
    due = 0
    for first, last, reply in sorted(spans, key=lambda span: span[:2]):
        if first != due:
            fault = f"invocation {due} has no reply" if first > due else f"invocation {first} has two replies"
            raise InvalidMockConfig(place, f"{fault}; they count from 0 without gaps", source)
        due = last + 1
        yield last, reply


def _reply(reply: Json, place: str, source: str) -> Reply:
    if not isinstance(reply, dict) or len(reply) != 1 or not set(reply) <= {"Return", "Throw"}:
        raise InvalidMockConfig(place, f"either Return or Throw is wanted, not {_shown(reply)}", source)
    if "Return" in reply:
        return Reply(reply["Return"])
    thrown = reply["Throw"]
    if not isinstance(thrown, dict) or set(thrown) != {"Error", "Cause"}:
        raise InvalidMockConfig(f"{place}/Throw", f"Error and Cause are wanted, not {_shown(thrown)}", source)
    for name, text in thrown.items():
        if not isinstance(text, str):
            raise InvalidMockConfig(f"{place}/Throw/{name}", f"a text is wanted, not {_shown(text)}", source)
    return Reply(None, (thrown["Error"], thrown["Cause"]))


def _close(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(value) or 'nothing'}"
    return f"{json.dumps(value)[:60]}"


__all__ = ["MockConfig", "Mocked", "Mocks", "Reply", "read"]
