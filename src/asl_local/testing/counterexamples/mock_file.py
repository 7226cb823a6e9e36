"""A run as a MockConfigFile.json of Step Functions Local: what each call of each Task came to, in order.

Knows: the file's form, and what such a file cannot say. Must never know: why the run is of interest.

A mock file has one list of replies per state, by the number of the invocation. It says nothing of when a reply comes, so
orders, timers and crashes are not in it; whether the file alone leads to the same outcome is found out by simulating with
it, and said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from asl_local.errors import AslError, StateError
from asl_local.lazy import dataclass, hinted
from asl_local.resources import Resources
from asl_local.testing.counterexamples.calls import Machine, Made, Ran, alike, calls_of, told
from asl_local.values import Json, text_of

TEST_CASE: Final = "Counterexample"
_UNANSWERED: Final[Json] = {"Return": {}}


@dataclass(frozen=True, slots=True)
class MockFile:
    """A MockConfigFile with one test case. `notes` say what it cannot express; none: it leads to the same outcome."""

    config: dict[str, Json]
    test_case: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return json.dumps(self.config, indent=2, ensure_ascii=False) + "\n"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file. Raises OSError."""
        Path(path).write_text(str(self), "utf-8")


def mock_file(
    machine: Machine,
    result: Ran,
    input: Json,
    *,
    test_case: str = TEST_CASE,
    needs: Sequence[str] = (),
    resources: Any = None,
) -> MockFile:
    """The mock file of a run of `machine` with `input`. `needs` are texts of what the run needed and no file has.

    `resources` answer what the file does not: ItemReaders and ResultWriters, and states that the run never called.
    """
    replies: dict[str, list[Json]] = {}
    notes = [f"a mock file cannot express this: {each}" for each in needs]
    for call in calls_of(result, machine.definition):
        reply = _reply(call)
        if not call.came:
            notes.append(f"nobody waited for the answer of {call.place}: its reply is made up")
        replies.setdefault(call.state, []).append(reply)
    names = {state: f"{state} in {test_case}" for state in replies}
    config: dict[str, Json] = {
        "StateMachines": {machine.name: {"TestCases": {test_case: names}}},
        "MockedResponses": {names[state]: spans(each) for state, each in replies.items()},
    }
    others = Resources({"*": _nobody}, workers={"*": _nobody}) if resources is None else resources
    alone = "with the mock file alone, which answers in the order of the definition, the execution"
    try:
        again = machine.simulate(input, others, mock_config=config, test_case=test_case)
    except AslError as error:
        notes.append(f"{alone} comes to no end: {error}")
    else:
        if not alike(again, result):
            notes.append(f"{alone} ends otherwise: {told(again)} instead of {told(result)}")
    return MockFile(config, test_case, tuple(dict.fromkeys(notes)))


def _reply(call: Made) -> Json:
    if call.came == "result":
        return {"Return": call.result}
    return {"Throw": {"Error": call.error, "Cause": call.cause}} if call.came else _UNANSWERED


def spans(replies: list[Json]) -> dict[str, Json]:
    """Replies by invocation; equal ones that follow each other stand once, as a range."""
    spans: dict[str, Json] = {}
    at = 0
    for _, same in groupby(replies, key=text_of):
        group = list(same)
        last = at + len(group) - 1
        spans[f"{at}" if last == at else f"{at}-{last}"] = group[0]
        at = last + 1
    return spans


def _nobody(_event: Json) -> Json:
    raise StateError("NotMocked", "the run that the mock file is of did not call this state")


hinted(globals())
