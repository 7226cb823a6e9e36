"""The JSON border: what a JSON value is, how large it is, and the one copy on the way in and out.

Knows: JSON. Must never know: states, paths or services.
Values that have crossed the border are never edited: the engine shares them between history, strands and states.
"""

from __future__ import annotations

import gc
import json
import marshal
import math
from functools import lru_cache

from asl_local.errors import NotJson
from asl_local.lazy import TYPE_CHECKING, later

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from typing import Any, TypeAlias
else:
    later(globals(), dt="datetime")

# A recursive alias makes mypy expand every use; the border check below is what guarantees the shape.
Json: TypeAlias = "Any"

PAYLOAD_LIMIT = 262_144  # bytes of UTF-8: Step Functions quota "maximum input or output size"
LATEST = 253_402_300_799.0  # epoch seconds: the end of the year 9999, the last that a timestamp can name
DEEPEST = 500  # levels that may come in; what a machine makes of them may be deeper


def encoder(*, allow_nan: bool, blanks: bool = False) -> Callable[[Json], str]:
    """A function that writes JSON text, made once: the standard library makes its C encoder anew for every value.

    The text is compact, or has a blank after each comma and colon, as the standard library's. What contains itself ends
    in RecursionError.
    """
    comma, colon = (", ", ": ") if blanks else (",", ":")
    slow = json.JSONEncoder(ensure_ascii=False, separators=(comma, colon), allow_nan=allow_nan, check_circular=False)
    write_text = json.encoder.encode_basestring
    make = getattr(json.encoder, "c_make_encoder", None)
    pieces = None if make is None else make(None, slow.default, write_text, None, colon, comma, False, False, allow_nan)

    def encode(value: Json) -> str:
        try:
            if pieces is None:  # another Python than CPython
                return slow.encode(value)
            return write_text(value) if isinstance(value, str) else "".join(pieces(value, 0))
        except RecursionError:
            return _written(value, slow.encode, comma, colon)

    return encode


def _written(value: Json, encode: Callable[[Json], str], comma: str, colon: str) -> str:
    """A value that nests deeper than Python's stack is, as JSON text; `encode` writes what does not nest."""
    written: list[str] = []
    within: set[int] = set()
    left: list[tuple[str, Json]] = [("", value)]  # what comes next is last: a text, and what follows it
    while left:
        text, each = left.pop()
        written.append(text)
        if each is _CLOSED:
            within.discard(id(left.pop()[1]))
        elif isinstance(each, (dict, list, tuple)) and each:
            if id(each) in within:
                raise RecursionError("the value contains itself")
            within.add(id(each))
            named = isinstance(each, dict)
            texts = (
                [f"{comma}{encode(name)}{colon}" for name in each] if isinstance(each, dict) else [comma] * len(each)
            )
            texts[0] = ("{" if named else "[") + texts[0][len(comma) :]
            left += (("", each), ("}" if named else "]", _CLOSED))
            left += reversed(list(zip(texts, each.values() if isinstance(each, dict) else each, strict=True)))
        else:
            written.append(encode(each))
    return "".join(written)


_CLOSED = object()


_encode = encoder(allow_nan=False)


def text_of(value: Json) -> str:
    """The compact JSON text that AWS writes for values it computes: no blanks, members in order."""
    return _encode(value)


def indented(value: Json, by: int = 2, *, allow_nan: bool = True) -> str:
    """JSON text for people, a line for each member; compact where it nests deeper than Python's stack is."""
    try:
        return json.dumps(value, indent=by, ensure_ascii=False, allow_nan=allow_nan)
    except RecursionError:
        return encoder(allow_nan=allow_nan)(value)


def size(value: Json) -> int:
    """Bytes of the compact JSON text in UTF-8."""
    return len(_encode(value).encode("utf-8", "surrogatepass"))


def weigh(value: Json, limit: float) -> int:
    """A number of bytes that the value's JSON text is no longer than, and its very length where that passes `limit`.

    marshal writes at C speed, and no JSON value's text is longer than six times its marshalled form (a control
    character is one byte there and six here), so most values need no JSON text at all; nor does a text of more
    characters than that. Exact near the limit.
    """
    if type(value) is str and len(value) + 2 > limit:
        return len(value) + 2
    try:
        most = 6 * len(marshal.dumps(value, 2))
    except ValueError:  # it nests too deep for marshal
        return size(value)
    return most if most <= limit else size(value)


marshalled = marshal.dumps
"""`marshalled(value, 2)` has a sixth as many bytes as the value's JSON text can have, or more."""


def exceeds(value: Json, limit: int | None) -> bool:
    """Whether the value's JSON text is longer than `limit` bytes."""
    return limit is not None and weigh(value, limit) > limit


_ATOMS = frozenset({str, int, bool, type(None)})


@lru_cache(maxsize=64)
def timestamp(at: float) -> str:
    """A time as the Context Object has it: UTC, three fraction digits, Z."""
    return dt.datetime.fromtimestamp(min(at, LATEST), dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def accept(value: Any, path: str = "$") -> Json:
    """A copy of a foreign value made of JSON types only; tuples become lists.

    Raises NotJson for anything else: other types, keys that are not strings, NaN and infinities, nesting
    beyond 500 levels (which also ends a value that contains itself).
    """
    try:
        return _accepted(value, 0)
    except _Refusal as refusal:
        place = path + "".join(reversed(refusal.steps))
        raise NotJson(place[:80] if refusal.too_deep else place, refusal.reason) from None
    except RecursionError:  # not so many, but whoever calls is deep in calls already
        raise NotJson(path, "nested deeper than what is left of Python's stack") from None


def taken(value: Any) -> tuple[Json, float]:
    """A copy of a foreign value, as `accept` makes it, and how many bytes its JSON text has at most. Raises NotJson.

    Most values are flat objects, which one look is enough for.
    """
    if type(value) is dict:
        bound = 2
        for name in value:
            member = value[name]
            if name.__class__ is not str:
                break
            if member.__class__ is int and -_SMALL < member < _SMALL:
                bound += 26 + 6 * len(name)
            elif type(member) is str:
                bound += 6 + 6 * len(member) + 6 * len(name)
            elif type(member) is bool or member is None:
                bound += 10 + 6 * len(name)
            elif member.__class__ is int and -_MODERATE < member < _MODERATE:
                bound += 26 + 6 * len(name)
            else:
                break
        else:
            return value.copy(), bound
    accepted = accept(value)
    return accepted, 6 * len(marshal.dumps(accepted, 2))


_SMALL = 2**29  # Python compares those in half the time
_MODERATE = 2**62
"""Integers nearer to 0 have at most 20 characters."""


class _Refusal(Exception):
    """No JSON; the place is put together on the way out, since nearly every value is accepted."""

    def __init__(self, reason: str, *, too_deep: bool = False) -> None:
        self.reason, self.too_deep = reason, too_deep
        self.steps: list[str] = []


def _accepted(value: Any, depth: int) -> Json:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        raise _Refusal(f"{value} is not a JSON number")
    if depth > DEEPEST:
        raise _Refusal(f"nested more than {DEEPEST} levels deep", too_deep=True)
    if kind is dict or isinstance(value, dict):
        result: dict[str, Json] = {}
        for key, member in value.items():
            if type(key) is str and type(member) in _ATOMS:
                result[key] = member
                continue
            if not isinstance(key, str):
                raise _Refusal(f"key {key!r} is a {type(key).__name__}, not a string")
            try:
                result[_text(key)] = _accepted(member, depth + 1)
            except _Refusal as refusal:
                refusal.steps.append(f".{key}")
                raise
        return result
    if kind is list or kind is tuple or isinstance(value, (list, tuple)):
        items: list[Json] = []
        # Not a comprehension, which before Python 3.12 is a frame of its own: 500 levels must fit into 1,000 frames.
        for item in value:
            if type(item) in _ATOMS:
                items.append(item)
                continue
            if type(item) is dict:  # mostly flat, and a call takes as long as the look at it
                for key, member in item.items():
                    if type(key) is not str or type(member) not in _ATOMS:
                        break
                else:
                    items.append(item.copy())
                    continue
            try:
                items.append(_accepted(item, depth + 1))
            except _Refusal as refusal:
                refusal.steps.append(f"[{len(items)}]")
                raise
        return items
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _accepted(float(value), depth)
    raise _Refusal(f"Object of type {kind.__name__} is not JSON serializable")


# Of a dictionary: CPython's garbage collector does not look into one that has only held plain values.
may_hold_others: Callable[[dict[str, Json]], bool] = getattr(gc, "is_tracked", bool)


def _text(value: str) -> str:
    """What a kind of `str` holds, as json has it: an enumeration's own `str` is its name."""
    return str.__str__(value) if issubclass(type(value), str) else str(value)


def copy(value: Json) -> Json:
    """A copy for somebody who may edit it (a handler, the reader of a result)."""
    try:
        if value.__class__ is dict:
            if not may_hold_others(value):
                return value.copy()
            twin = value.copy()
            for key in value:
                member = value[key]
                if member.__class__ is dict or member.__class__ is list:
                    twin[key] = copy(member)
            return twin
        if value.__class__ is list:
            return [
                (item.copy() if item.__class__ is dict and not may_hold_others(item) else copy(item))
                if item.__class__ is dict or item.__class__ is list
                else item
                for item in value
            ]
    except RecursionError:
        return _copied(value)
    return value


def _copied(value: Json) -> Json:
    """The same of what nests deeper than Python's stack is."""
    twin = value.copy()
    left = [twin]
    while left:
        container = left.pop()
        for place, member in container.items() if container.__class__ is dict else enumerate(container):
            if member.__class__ is dict or member.__class__ is list:
                container[place] = member.copy()
                left.append(container[place])
    return twin
