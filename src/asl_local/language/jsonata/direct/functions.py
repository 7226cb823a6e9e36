"""Functions of JSONata over plain values.

Knows: what a function makes of its arguments' values. Must never know: the syntax, or where an argument comes from.

An argument may also be UNDEFINED or ASK. Functions of text are for ASCII: what a character is differs from language to
language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from asl_local.language import Scope
from asl_local.language.jsonata.direct.values import (
    ASK,
    EXACT,
    UNDEFINED,
    Answer,
    Direct,
    States,
    settled,
    text,
    truth,
    well_formed,
)
from asl_local.language.jsonata.functions import FUNCTIONS as OF_AWS
from asl_local.language.jsonata.seam import Exceeded, Thrown
from asl_local.values import Json

_LONG_TEXT: Final = 50_000
_PARSE: Final = OF_AWS["parse"].apply


class Function(NamedTuple):
    """One row: what it does, and how many arguments it takes here."""

    apply: Callable[..., Answer]
    arguments: tuple[int, ...] = (1,)


def function(name: str, arguments: Sequence[Direct]) -> Direct | None:
    """A call; a variable that bears the name takes the function's place."""
    row = FUNCTIONS.get(name)
    if row is None or len(arguments) not in row.arguments:
        return None
    apply, first = row.apply, arguments[0]
    if len(arguments) == 1:
        return lambda states, scope: ASK if scope.has_variable(name) else apply(first(states, scope))

    def flow(states: States, scope: Scope) -> Answer:
        if scope.has_variable(name):
            return ASK
        return apply(*[argument(states, scope) for argument in arguments])

    return flow


def _boolean(value: Answer) -> Answer:
    return UNDEFINED if value is UNDEFINED else truth(value)


def _not(value: Answer) -> Answer:
    found = _boolean(value)
    return not found if type(found) is bool else found


def _exists(value: Answer) -> Answer:
    return ASK if value is ASK else value is not UNDEFINED


def _length(value: Answer) -> Answer:
    return len(value) if type(value) is str and well_formed(value) else ASK


def _count(value: Answer) -> Answer:
    return len(value) if type(value) is list else ASK if value is ASK else 0 if value is UNDEFINED else 1


def _sum(value: Answer) -> Answer:
    if type(value) is not list or not value or not all([type(item) is int for item in value]):  # noqa: C419 - faster
        return ASK
    return sum(value) if sum(map(abs, value)) < EXACT else ASK


def _is_plain(value: Answer) -> bool:
    return type(value) is str and value.isascii() and len(value) < _LONG_TEXT


def _uppercase(value: Answer) -> Answer:
    return value.upper() if _is_plain(value) else ASK


def _lowercase(value: Answer) -> Answer:
    return value.lower() if _is_plain(value) else ASK


def _substring(value: Answer, start: Answer, length: Answer = EXACT) -> Answer:
    if not _is_plain(value) or type(start) is not int or type(length) is not int:
        return ASK
    first = max(len(value) + start, 0) if start < 0 else start
    return value[first : first + max(length, 0)]


def _before(value: Answer, mark: Answer) -> Answer:
    return value.partition(mark)[0] if _is_plain(value) and _is_plain(mark) and mark else ASK


def _after(value: Answer, mark: Answer) -> Answer:
    if not (_is_plain(value) and _is_plain(mark) and mark):
        return ASK
    _, found, rest = value.partition(mark)
    return rest if found else value


def _contains(value: Answer, part: Answer) -> Answer:
    return part in value if _is_plain(value) and _is_plain(part) else ASK


def _split(value: Answer, mark: Answer) -> Answer:
    return value.split(mark) if _is_plain(value) and _is_plain(mark) and mark else ASK


def _join(items: Answer, mark: Answer = "") -> Answer:
    if type(items) is not list or not items or not _is_plain(mark) or not all(map(_is_plain, items)):
        return ASK
    result = mark.join(items)
    return result if len(result) < _LONG_TEXT else ASK


def _append(left: Answer, right: Answer) -> Answer:
    items: list[Json] = []
    for value in (left, right):
        if value is ASK or value is UNDEFINED:
            return ASK
        items += value if type(value) is list else [value]
    return items


def _merge(items: Answer) -> Answer:
    if type(items) is not list or not all([type(item) is dict for item in items]):  # noqa: C419 - faster
        return ASK
    result: dict[str, Json] = {}
    for item in items:
        result.update(item)
    return result


def _lookup(value: Answer, name: Answer) -> Answer:
    return (
        settled(value.get(name, UNDEFINED)) if type(value) is dict and type(name) is str and well_formed(name) else ASK
    )


def _parse(value: Answer) -> Answer:
    if type(value) is not str:
        return ASK
    try:
        return settled(_PARSE(None, value))
    except (Thrown, Exceeded):
        return ASK


SETTLED: Final = frozenset(("append", "merge"))
"""What of these arguments is made is handed out, so they have to be settled."""

FUNCTIONS: Final[dict[str, Function]] = {
    "append": Function(_append, (2,)),
    "boolean": Function(_boolean),
    "contains": Function(_contains, (2,)),
    "count": Function(_count),
    "exists": Function(_exists),
    "join": Function(_join, (1, 2)),
    "length": Function(_length),
    "lookup": Function(_lookup, (2,)),
    "lowercase": Function(_lowercase),
    "merge": Function(_merge),
    "not": Function(_not),
    "parse": Function(_parse),
    "split": Function(_split, (2,)),
    "string": Function(text),
    "substring": Function(_substring, (2, 3)),
    "substringAfter": Function(_after, (2,)),
    "substringBefore": Function(_before, (2,)),
    "sum": Function(_sum),
    "uppercase": Function(_uppercase),
}
