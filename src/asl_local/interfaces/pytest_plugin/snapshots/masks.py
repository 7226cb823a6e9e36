"""Masks: what of an execution is different every time -> a word that is the same every time.

Knows: the table of masks, and a snapshot's document as plain JSON. Must never know: files, or how it is written.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from asl_local.values import Json

_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)?")
_MASKED = "<masked>"
TIME, ID = "<time>", None


class Mask(NamedTuple):
    """A mask with a name: what it does to a document (which it may edit), in a sentence and as a function."""

    doc: str
    apply: Callable[[Json], Json]


def apply(document: Json, masks: Iterable[str]) -> Json:
    """The document behind the masks. `masks` are names of `MASKS` and JSONPaths, which begin with `$`.

    Raises ValueError for a mask that there is not, and for a JSONPath that finds nothing: it would hide nothing.
    """
    if isinstance(masks, str):
        raise TypeError(f"masks is a list: masks=[{masks!r}]")
    for mask in masks:
        if mask in MASKS:
            document = MASKS[mask].apply(document)
        elif mask.startswith("$"):
            document = _at(document, mask)
        else:
            close = difflib.get_close_matches(mask, MASKS, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(MASKS)}, and JSONPaths"
            raise ValueError(f"there is no mask {mask!r}; {hint}")
    return document


def _at(document: Json, path: str) -> Json:
    from jsonpath_ng.ext.parser import parse  # noqa: PLC0415 - 0.1 s that only a path should pay

    found = parse(path).find(document)
    if not found:
        members = f"; the document has {', '.join(document)}" if isinstance(document, dict) else ""
        raise ValueError(f"the mask {path} finds nothing{members}")
    for match in found:
        document = match.full_path.update(document, _MASKED)
    return document


def _texts(value: Json, change: Callable[[str], str]) -> Json:
    """A value with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_texts(each, change) for each in value]
    if isinstance(value, dict):
        return {name: _texts(each, change) for name, each in value.items()}
    return value


def _uuids(document: Json) -> Json:
    known: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return known.setdefault(found[0].lower(), f"<uuid {len(known) + 1}>")

    return _texts(document, lambda text: _UUID.sub(name, text))


def _times(document: Json) -> Json:
    document = _texts(document, lambda text: _TIME.sub(TIME, text))
    for each in _events(document):
        each["seconds"] = TIME
    if isinstance(document, dict) and "seconds" in document:
        document["seconds"] = TIME
    return document


def _ids(document: Json) -> Json:
    for each in _events(document):
        each["id"] = each["previous"] = ID
    return document


def _events(document: Json) -> list[dict[str, Json]]:
    events = document.get("events") if isinstance(document, dict) else None
    return [each for each in events if isinstance(each, dict)] if isinstance(events, list) else []


def without_traces(cause: Json) -> Json:
    """A Lambda function's cause without its stack trace, which names the lines of the handler's own file."""
    if not isinstance(cause, str) or '"stackTrace"' not in cause:
        return cause
    try:
        told = json.loads(cause)
    except ValueError:
        return cause
    if not isinstance(told, dict) or "stackTrace" not in told:
        return cause
    return json.dumps({**told, "stackTrace": ["<trace>"]}, ensure_ascii=False)


MASKS: Mapping[str, Mask] = {
    "times": Mask("seconds since the start, and texts that are timestamps, become `<time>`", _times),
    "uuids": Mask("UUIDs in texts become `<uuid 1>`, `<uuid 2>`, ...: the same one the same word", _uuids),
    "ids": Mask(
        "the numbers of events are left out, so that a new event does not change the lines of all later ones", _ids
    ),
}

__all__ = ["MASKS", "apply", "without_traces"]
