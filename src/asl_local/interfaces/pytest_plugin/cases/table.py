"""THE TABLE of case files: every field, where it may stand, what it may hold, and what it means.

Knows: names, kinds and one sentence each; docs/pytest.md is printed from it. Must never know: how a field is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from asl_local.values import Json


class Field(NamedTuple):
    """A field: the kind of its value (a key of `KINDS`), and what it says."""

    kind: str
    doc: str
    required: bool = False


KINDS: Mapping[str, str] = {
    "json": "any JSON",
    "text": "a text",
    "texts": "a list of texts",
    "object": "an object",
    "number": "a number",
    "seconds": "a number that is not negative",
    "integer": "an integer",
    "true": "true",
    "definition": "a path, or the definition itself as an object",
    "moment": "seconds since 1970, or a text such as 2024-02-29T12:00:00Z",
    "type": "STANDARD or EXPRESS",
    "status": "SUCCEEDED, FAILED, TIMED_OUT or ABORTED",
    "limits": "an object with events, payload_bytes or seconds",
    "error": "an object with error and, if you like, cause",
    "heartbeats": "an object with every and times",
    "counts": "an object, a number for each state's name",
    "mock": "a mock",
    "mocks": "a list of mocks",
    "states": "an object, a mock for each state's name",
    "places": "an object, a mock for each index",
    "whens": "a list of mocks, each with `when`",
    "expect": "an object",
    "cases": "an object, a case for each name",
    "events": "a list of objects, each with type and members of the event's details",
}

CASE: Mapping[str, Field] = {
    "definition": Field("definition", "the state machine; a path is relative to the case file", required=True),
    "name": Field("text", "which state machine of a template it is, or what that of a plain definition is called"),
    "type": Field("type", "the type, where the template does not say it"),
    "substitutions": Field("object", "values for `${placeholders}` and a template's parameters, those of the file and of the case"),
    "input": Field("json", "the execution's input; `{}` unless given"),
    "mocks": Field("states", "who answers instead of the real resource, by the state's name; the file's and the case's"),
    "mock_config": Field("text", "a MockConfigFile.json of Step Functions Local; its path, and with it `test_case`"),
    "test_case": Field("text", "the test case in `mock_config`"),
    "resources": Field("text", "`module:name` of the handlers: a mapping, Resources, or a function that makes one, of nothing or of a folder that is there for this case only"),
    "seed": Field("integer", "what chance is drawn from; 0 unless given"),
    "start": Field("moment", "when the execution starts; 2024-01-01T00:00:00Z unless given"),
    "limits": Field("limits", "what bounds the execution: `events`, `payload_bytes`, `seconds`"),
    "expect": Field("expect", "what must come of it", required=True),
}  # fmt: skip
"""The fields of a case. All of them but `expect` may stand at the top of the file, too, for the cases that do
not say it.
"""

EXPECT: Mapping[str, Field] = {
    "status": Field("status", "how it ends; SUCCEEDED unless `status`, `error` or `cause` is given"),
    "output": Field("json", "the output, all of it"),
    "output_has": Field("json", "a part of the output: objects may have more members than are given here"),
    "error": Field("text", "the error's name"),
    "cause": Field("text", "the cause, all of it"),
    "cause_matches": Field("text", "a regular expression that is found in the cause"),
    "path": Field("texts", "the names of all states in the order in which they are entered"),
    "seconds": Field("seconds", "how long it takes on the virtual clock"),
    "calls": Field("counts", "how often each of these Tasks is called, retries and Map items included"),
    "events": Field("events", "events that happen in this order, others before, between and after them"),
}
"""The fields of `expect`. What is not given is not looked at; an empty `expect` wants SUCCEEDED."""

MOCK: Mapping[str, Field] = {
    "answer": Field("json", "answers this, every time"),
    "payload": Field("json", "the result of a `lambda:invoke` Task whose function gives this"),
    "throws": Field("error", "fails with this `error` and `cause`, every time"),
    "sequence": Field("mocks", "call after call gets the next one"),
    "by_attempt": Field("mocks", "the first attempt gets the first one, the first retry the second"),
    "by_item": Field(
        "places", 'by the index of the Map item that the call is made for: `"0"`, `"1"`; `"1,0"` in nested Maps'
    ),
    "by_input": Field("whens", "the first one whose `when` the Task's arguments match"),
    "recorded": Field(
        "text", "what the state was answered in a history, the path of what get-execution-history printed"
    ),
    "hangs": Field("true", "never answers: the state times out, or nothing happens any more"),
    "real": Field("true", "asks `resources`, as if there were no mock"),
}
"""What a mock does: exactly one of these. The names are those of asl_local.mock."""

BESIDE: Mapping[str, tuple[Field, tuple[str, ...]]] = {
    "after": (Field("seconds", "virtual seconds before it does so"), tuple(MOCK)),
    "heartbeats": (Field("heartbeats", "says so many times that it is alive, `every` so many seconds, before it does so"), tuple(MOCK)),
    "then": (Field("mock", "for all later calls or attempts; without it one more is an error"), ("sequence", "by_attempt")),
    "otherwise": (Field("mock", "for all others; without it one of them is an error"), ("by_item", "by_input")),
}  # fmt: skip
"""What may stand beside it, and beside which."""

WHEN = Field("json", "JSONPaths with what stands there (`{$.amount: 0}`), or the whole arguments", required=True)
"""In a mock of `by_input`."""

_LIMITS = {"events", "payload_bytes", "seconds"}
STATUSES = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def fits(kind: str, value: Json) -> bool:
    """Whether a value is of a kind, as far as can be seen without looking at its members' own fields."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "json":
        return True
    if kind in ("text", "type", "status"):
        allowed = {"type": ("STANDARD", "EXPRESS"), "status": STATUSES}.get(kind)
        return isinstance(value, str) and (allowed is None or value in allowed)
    if kind in ("texts", "events", "mocks", "whens"):
        return (
            isinstance(value, list)
            and all(isinstance(each, str if kind == "texts" else dict) for each in value)
            and (kind in ("texts", "events") or bool(value))
        )
    if kind in ("number", "seconds"):
        return number and (kind == "number" or value >= 0)
    if kind in ("integer", "count"):
        return isinstance(value, int) and not isinstance(value, bool) and (kind == "integer" or value >= 0)
    if kind == "true":
        return value is True
    if kind in ("definition", "moment"):
        return isinstance(value, (str, dict)) if kind == "definition" else number or isinstance(value, str)
    if kind == "limits":
        return (
            isinstance(value, dict) and set(value) <= _LIMITS and all(fits("seconds", each) for each in value.values())
        )
    if kind == "error":
        return (
            isinstance(value, dict)
            and "error" in value
            and set(value) <= {"error", "cause"}
            and all(isinstance(each, str) for each in value.values())
        )
    if kind == "heartbeats":
        return (
            isinstance(value, dict)
            and set(value) == {"every", "times"}
            and fits("seconds", value["every"])
            and fits("count", value["times"])
        )
    if kind == "counts":
        return isinstance(value, dict) and all(fits("count", each) for each in value.values())
    return isinstance(value, dict)


__all__ = ["BESIDE", "CASE", "EXPECT", "KINDS", "MOCK", "STATUSES", "WHEN", "Field", "fits"]
