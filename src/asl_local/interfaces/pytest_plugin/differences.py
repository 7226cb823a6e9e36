"""Two JSON values -> where they differ, in words.

Knows: JSON, and AWS's histories as lists of events. Must never know: pytest, files, or which of two values is right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from asl_local.definition.json_text import escape
from asl_local.reporters import Event
from asl_local.values import Json

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_SHOWN = 120  # characters of a value
MOST = 12  # differences of one pair of values that are told


class Difference(NamedTuple):
    """One place at which two values differ.

    `pointer` is the JSON pointer of the nearest place that the expected value has, `path` the place as a JSONPath.
    """

    pointer: str
    path: str
    words: str


def differences(expected: Json, actual: Json, *, partial: bool = False) -> list[Difference]:
    """Where the values differ, at most `MOST` places; empty if they are the same JSON.

    1 and 1.0 are the same number, true and 1 are not the same. With `partial` an object may have more members than are
    expected of it, at every level; arrays must still be of one length.
    """
    return list(islice(_compare(expected, actual, "", "$", partial), MOST))


def _compare(expected: Json, actual: Json, pointer: str, path: str, partial: bool) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            here = path + step(name)
            if name in actual:
                yield from _compare(value, actual[name], f"{pointer}/{escape(name)}", here, partial)
            else:
                yield Difference(f"{pointer}/{escape(name)}", here, f"expected {shown(value)}, but it is missing")
        for name, value in actual.items():
            if name not in expected and not partial:
                yield Difference(pointer, path + step(name), f"unexpected, {shown(value)}")
    elif isinstance(expected, list) and isinstance(actual, list):
        for at, (one, other) in enumerate(zip(expected, actual, strict=False)):
            yield from _compare(one, other, f"{pointer}/{at}", f"{path}[{at}]", partial)
        for at in range(len(actual), len(expected)):
            yield Difference(f"{pointer}/{at}", f"{path}[{at}]", f"expected {shown(expected[at])}, but it is missing")
        for at in range(len(expected), len(actual)):
            yield Difference(pointer, f"{path}[{at}]", f"unexpected, {shown(actual[at])}")
    elif not _same(expected, actual):
        yield Difference(pointer, path, f"expected {shown(expected)}, got {shown(actual)}")


def _same(one: Json, other: Json) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def step(name: str) -> str:
    """A member's name as a step of a JSONPath: `.name`, or `['a name']`."""
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


def shown(value: Json) -> str:
    """A value's JSON text, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def ways(expected: Sequence[str], actual: Sequence[str]) -> str | None:
    """Where two paths through a machine part, in words; None if they are the same."""
    if list(expected) == list(actual):
        return None
    at = next((i for i, (a, b) in enumerate(zip(expected, actual, strict=False)) if a != b), None)
    if at is None:
        at = min(len(expected), len(actual))
    before = f"after {actual[at - 1]!r} (step {at})" if at else "at the start"
    wanted = f"expected {expected[at]!r}" if at < len(expected) else "expected no more states"
    found = f"got {actual[at]!r}" if at < len(actual) else "it went no further"
    return f"{before} {wanted}, {found}"


def first_event(one: Sequence[Event], other: Sequence[Event]) -> tuple[int, str] | None:
    """The index of the first event that differs in two histories, and how; None where they are the same."""
    began, other_began = (each[0].at if len(each) else 0.0 for each in (one, other))
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a.type != b.type:
            return at, f"{named(a)} != {named(b)}"
        found = differences(a.details, b.details)
        if found:
            told = "; ".join(f"{each.path[2:] or 'details'}: {each.words}" for each in found[:3])
            return at, f"{named(a)}: {told}"
        if a.at - began != b.at - other_began:
            return at, f"{named(a)}: after {a.at - began:.3f} s != after {b.at - other_began:.3f} s"
        if (a.previous_event_id, a.at) != (b.previous_event_id, b.at):
            return at, f"{named(a)}: {_told(a)} != {_told(b)}"
    if len(one) != len(other):
        at = min(len(one), len(other))
        longer = one if len(one) > at else other
        return at, f"only the {'left' if longer is one else 'right'} one has {named(longer[at])} and what follows"
    return None


def _told(event: Event) -> str:
    return f"after event {event.previous_event_id} at {event.timestamp.isoformat()}"


def named(event: Event) -> str:
    """An event's type, with the state or item that it is about."""
    name, index = event.details.get("name"), event.details.get("index")
    return " ".join(str(part) for part in (event.type, name, index) if part is not None)


__all__ = ["MOST", "Difference", "differences", "first_event", "named", "shown", "step", "ways"]
