"""Whether a recorded value and one of ours are the same, as far as a history can tell.

Knows: JSON values, and which fields of a state read the clock, chance or names that a history does not tell.
Must never know: events, or who runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from asl_local.values import Json

# What AWS's causes tell of an execution beside what went wrong: the number of an event, and the Context Object.
_ASIDE = re.compile(r"""event id #\d+|in the input '\{"Execution":.*""", re.DOTALL)
_TOLD = r"(?:Map\b|Execution\.(?:Input|RedriveCount)\b|State\.(?:Name|RetryCount)\b)"
_VOLATILE = re.compile(
    r"States\.(?:UUID|MathRandom)\b"
    r"|\$(?:uuid|random|now|millis)\("
    rf"|\$\$(?!\.{_TOLD})"
    rf"|\$states\.context(?!\.{_TOLD})"
)
_SHOWN = 200  # characters of a value
_INNER = ("Branches", "Iterator", "ItemProcessor", "Comment")


class Difference(NamedTuple):
    """Where two values differ first: a JSONPath, and the two values there; ABSENT for what is not there."""

    path: str
    recorded: Json
    now: Json


class _Absent:
    """The type of ABSENT."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Any = _Absent()
"""Stands for a member or item that is not there."""


def is_volatile(state: Mapping[str, Any]) -> bool:
    """Whether a state's own fields read the clock, chance, or names that are not in a history."""
    own = {name: value for name, value in state.items() if name not in _INNER}
    return _VOLATILE.search(json.dumps(own)) is not None


def shown_value(value: Json) -> str:
    """A value in a line of text, cut where it is long."""
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def difference(recorded: Json, ours: Json, *, loosely: bool = False, path: str = "$") -> Difference | None:
    """Where two values differ first; None where they do not.

    Numbers are compared by value, and texts without the numbers of events and the Context Object that AWS's causes
    show. `loosely`, a text is like any text and a number like any number.
    """
    pairs: list[tuple[str, Json, Json]]
    if isinstance(recorded, Mapping) and isinstance(ours, Mapping):
        keys = [*recorded, *(key for key in ours if key not in recorded)]
        pairs = [(_member(path, key), recorded.get(key, ABSENT), ours.get(key, ABSENT)) for key in keys]
    elif _is_list(recorded) and _is_list(ours):
        most = range(max(len(recorded), len(ours)))
        pairs = [(f"{path}[{index}]", _item(recorded, index), _item(ours, index)) for index in most]
    else:
        return None if _alike(recorded, ours, loosely=loosely) else Difference(path, recorded, ours)
    for here, before, now in pairs:
        if before is ABSENT or now is ABSENT:
            return Difference(here, before, now)
        found = difference(before, now, loosely=loosely, path=here)
        if found is not None:
            return found
    return None


def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if re.fullmatch(r"\w+", key) else f"{path}[{key!r}]"


def _item(items: Sequence[Json], index: int) -> Json:
    return items[index] if index < len(items) else ABSENT


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _alike(recorded: Json, ours: Json, *, loosely: bool) -> bool:
    if isinstance(recorded, str) and isinstance(ours, str):
        return loosely or recorded == ours or _ASIDE.sub("", recorded) == _ASIDE.sub("", ours)
    if isinstance(recorded, bool) or isinstance(ours, bool):
        return recorded is ours
    if isinstance(recorded, (int, float)) and isinstance(ours, (int, float)):
        return loosely or recorded == ours
    return recorded is None and ours is None


__all__ = ["ABSENT", "Difference", "difference", "is_volatile", "shown_value"]
