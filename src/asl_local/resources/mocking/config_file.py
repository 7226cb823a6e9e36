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

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from asl_local.definition import json_text
from asl_local.definition.json_text import escape
from asl_local.errors import InvalidMockConfig, NotJson
from asl_local.resources.mocking.answers import Answer, Returns, Throws
from asl_local.resources.mocking.choices import Replies
from asl_local.resources.mocking.mocks import Mocks, close
from asl_local.values import Json, accept

MockConfig: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"

_KEY = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


def read(
    config: MockConfig, *, machine: str, test_case: str, states: Iterable[str], field_validation_mode: str = "NONE"
) -> Mocks:
    """The mocks of a test case. `machine` is the state machine's name; a file with one machine only need not have it.

    `states` are the machine's Task states. Raises InvalidMockConfig, with the place in the file, for a test case that
    is not there or cannot be used, OSError for a file that cannot be read, ValueError for an unknown mode (see Mocks).
    """
    if isinstance(config, Mapping):
        source = "the mock configuration"
        try:
            tree = accept(dict(config))
        except NotJson as error:
            raise InvalidMockConfig(error.path, error.reason, source) from None
        return _read(tree, source, machine, test_case, states=states, mode=field_validation_mode)
    source = os.fspath(config)
    text = Path(source).read_text("utf-8-sig")
    try:
        return _read(_parsed(text, source), source, machine, test_case, states=states, mode=field_validation_mode)
    except InvalidMockConfig as error:
        if error.source != source:  # it has a line already
            raise
        raise InvalidMockConfig(error.path, error.reason, f"{source}{_line(text, error.path)}") from None


def _read(tree: Json, source: str, machine: str, test_case: str, *, states: Iterable[str], mode: str) -> Mocks:
    machines = _members(tree, "StateMachines", source, "")
    responses = _members(tree, "MockedResponses", source, "")
    chosen = machine if machine in machines or len(machines) != 1 else next(iter(machines))
    place = f"/StateMachines/{escape(chosen)}"
    cases = _members(_named(machines, chosen, source, "/StateMachines"), "TestCases", source, place)
    place = f"{place}/TestCases"
    case = _named(cases, test_case, source, place)
    if not isinstance(case, dict):
        raise InvalidMockConfig(f"{place}/{escape(test_case)}", f"an object is wanted, not {_shown(case)}", source)
    known, mocked = set(states), {}
    for state, name in case.items():
        here = f"{place}/{escape(test_case)}/{escape(state)}"
        if state not in known:
            raise InvalidMockConfig(here, f"the machine has no Task {state!r}{close(state, known)}", source)
        if not isinstance(name, str):
            raise InvalidMockConfig(here, f"the name of a mocked response is wanted, not {_shown(name)}", source)
        if name not in responses:
            raise InvalidMockConfig(here, f"there is no mocked response {name!r}{close(name, responses)}", source)
        mocked[state] = Replies(name, tuple(_replies(responses[name], f"/MockedResponses/{escape(name)}", source)))
    mocks = Mocks(mocked, field_validation_mode=mode)
    mocks.source = source
    return mocks


def _parsed(text: str, source: str) -> Json:
    """Raises InvalidMockConfig, with line and column, for what is no JSON, and for a name that an object has twice."""
    try:
        tree, layout = json_text.load(text)
        faults = layout.faults if layout is not None else []
    except json_text.UnreadableText as error:
        tree, faults = None, list(error.faults)
    if faults:
        fault = faults[0]
        raise InvalidMockConfig(
            fault.pointer or "/", f"this is no JSON: {fault.message}", f"{source}:{fault.line}:{fault.column}"
        )
    return tree


def _line(text: str, pointer: str) -> str:
    """`:line:column` of what a pointer leads to, or of the innermost thing around it that is there."""
    layout = json_text.layout(text)
    while pointer not in layout.keys and pointer not in layout.values and pointer:
        pointer = pointer.rpartition("/")[0]
    line, column = layout.keys.get(pointer) or layout.values.get(pointer) or (1, 1)
    return f":{line}:{column}"


def _members(tree: Json, name: str, source: str, place: str) -> dict[str, Json]:
    """A member that must be there and an object."""
    if not isinstance(tree, dict):
        raise InvalidMockConfig(place or "/", f"an object is wanted, not {_shown(tree)}", source)
    if name not in tree:
        raise InvalidMockConfig(place or "/", f"{name} is required but missing{close(name, tree)}", source)
    if not isinstance(tree[name], dict):
        raise InvalidMockConfig(f"{place}/{name}", f"an object is wanted, not {_shown(tree[name])}", source)
    members: dict[str, Json] = tree[name]
    return members


def _named(members: Mapping[str, Json], name: str, source: str, place: str) -> Json:
    if name not in members:
        has = ", ".join(members) or "nothing"
        raise InvalidMockConfig(place, f"there is no {name!r}{close(name, members) or f'; there is {has}'}", source)
    return members[name]


def _replies(response: Json, place: str, source: str) -> Iterable[tuple[int, str, Answer]]:
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
        spans.append((int(match[1]), int(match[2] or match[1]), key, _reply(reply, f"{place}/{key}", source)))
    due = 0
    for first, last, key, reply in sorted(spans, key=lambda span: span[:2]):
        if first != due:
            fault = f"invocation {due} has no reply" if first > due else f"invocation {first} has two replies"
            raise InvalidMockConfig(place, f"{fault}; they count from 0 without gaps", source)
        due = last + 1
        yield last, key, reply


def _reply(reply: Json, place: str, source: str) -> Answer:
    if not isinstance(reply, dict) or len(reply) != 1 or not set(reply) <= {"Return", "Throw"}:
        raise InvalidMockConfig(place, f"either Return or Throw is wanted, not {_shown(reply)}", source)
    if "Return" in reply:
        return Returns(reply["Return"])
    thrown = reply["Throw"]
    if not isinstance(thrown, dict) or set(thrown) != {"Error", "Cause"}:
        raise InvalidMockConfig(f"{place}/Throw", f"Error and Cause are wanted, not {_shown(thrown)}", source)
    for name, text in thrown.items():
        if not isinstance(text, str):
            raise InvalidMockConfig(f"{place}/Throw/{name}", f"a text is wanted, not {_shown(text)}", source)
    return Throws(thrown["Error"], thrown["Cause"])


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(value) or 'nothing'}"
    return f"{json.dumps(value)[:60]}"


__all__ = ["MockConfig", "read"]
