"""JSON values that shrink: members and items are left out, a value is replaced by a part of it, scalars get simpler.

Knows: JSON. Must never know: what the value is for.

A value keeps its type where it can: a text becomes the empty text and not null, so that what is left still reads like
the input that it was. Scalars that stand in several places get simpler together, too, for what matters may be that
they are equal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

from asl_local.lazy import hinted
from asl_local.testing.counterexamples.shrinking.reducing import BUDGET, Shrunk, chunks, reduce
from asl_local.values import Json, text_of

Path: TypeAlias = tuple[str | int, ...]
Step: TypeAlias = Callable[[], Json]

_LONG: Final = 64  # characters of a text up to which single ones are left out


def shrink_json(value: Json, holds: Callable[[Json], bool], *, budget: int = BUDGET) -> Shrunk[Json]:
    """The smallest JSON value found of which `holds` is still true; it is asked `budget` times at most.

    Deterministic as far as `holds` is. What is found is never heavier (`weight`) than the value, and shrinks no further,
    unless the budget ended the search (`complete` says). Raises ValueError if it does not hold of the value itself.
    """
    return reduce(value, holds, steps=steps, weight=weight, identity=text_of, budget=budget)


def weight(value: Json) -> tuple[int, int, list[tuple[int, float, str]]]:
    """What a value weighs: how many values it has in it, then how long they are, then how simple, in order."""
    nodes, length, simple = 0, 0, []
    waiting = [value]
    while waiting:
        nodes += 1
        each = waiting.pop()
        if isinstance(each, dict):
            length += sum(len(name) + 1 for name in each)
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        else:
            how = _simplicity(each)
            length += how[0]
            simple.append(how)
    return nodes, length, simple


def _simplicity(scalar: Json) -> tuple[int, float, str]:
    if scalar is None:
        return 0, 0, ""
    if isinstance(scalar, bool):
        return 1 + scalar, 0, ""
    if isinstance(scalar, str):
        return 2 + len(scalar), 0, scalar
    return 1 + len(text_of(scalar)), abs(scalar), ""


def nodes(value: Json) -> Iterator[tuple[Path, Json]]:
    """Every value in a value with its path, the outermost first."""
    waiting: deque[tuple[Path, Json]] = deque([((), value)])
    while waiting:
        path, each = waiting.popleft()
        yield path, each
        if isinstance(each, dict):
            waiting.extend(((*path, name), member) for name, member in each.items())
        elif isinstance(each, list):
            waiting.extend(((*path, number), item) for number, item in enumerate(each))


def replaced(value: Json, path: Path, new: Json) -> Json:
    """The value with another one at a path; all else is shared."""
    if not path:
        return new
    step: Any = path[0]
    changed = value.copy()
    changed[step] = replaced(value[step], path[1:], new)
    return changed


def found(value: Json, path: Path) -> Any:
    """The value at a path."""
    for step in path:
        value = value[step]
    return value


def steps(value: Json, *, texts: bool = True) -> Iterator[Step]:
    """The single steps to simpler values, large ones first. `texts` says whether texts become shorter or only empty."""
    everything = list(nodes(value))
    for path, each in everything:
        for smaller in fewer(each):
            yield _at(value, path, smaller)
    for path, each in everything:
        if isinstance(each, (dict, list)):
            for part in each.values() if isinstance(each, dict) else each:
                yield _at(value, path, part)
    scalars: dict[str, list[Path]] = {}
    for path, each in everything:
        if not isinstance(each, (dict, list)):
            scalars.setdefault(text_of(each), []).append(path)
    for paths in scalars.values():
        for simple in simpler(found(value, paths[0]), texts=texts):
            if len(paths) > 1:
                yield _everywhere(value, paths, simple)
    for path, each in everything:
        if not isinstance(each, (dict, list)):
            for simple in simpler(each, texts=texts):
                yield _at(value, path, simple)


def _at(value: Json, path: Path, new: Json) -> Step:
    return lambda: replaced(value, path, new)


def _everywhere(value: Json, paths: list[Path], new: Json) -> Step:
    def make() -> Json:
        made = value
        for path in paths:
            made = replaced(made, path, new)
        return made

    return make


def fewer(value: Json, least: int = 0) -> Iterator[Json]:
    """An object or array with members or items left out, many at once first; nothing for a scalar."""
    if isinstance(value, dict):
        members = list(value.items())
        for start, stop in chunks(len(members), least):
            yield dict(members[:start] + members[stop:])
    elif isinstance(value, list):
        for start, stop in chunks(len(value), least):
            yield value[:start] + value[stop:]


def simpler(scalar: Json, *, texts: bool = True) -> Iterable[Json]:
    """Simpler scalars of the same type, the simplest first."""
    if isinstance(scalar, bool) or scalar is None:
        return [False] if scalar else []
    if isinstance(scalar, str):
        return _shorter(scalar) if texts else [""] if scalar else []
    return _nearer_to_zero(scalar)


def _shorter(text: str) -> Iterator[str]:
    if text:
        yield ""
    length = len(text)
    while length > 1:
        length //= 2
        yield text[:length]
    if 1 < len(text) <= _LONG:
        for at in range(len(text) - 1, -1, -1):
            yield text[:at] + text[at + 1 :]


def _nearer_to_zero(number: int | float) -> Iterator[int | float]:
    yield 0
    yield 1
    if isinstance(number, float):
        yield int(number)
        for digits in range(3):
            yield round(number, digits)
        return
    if number < 0:
        yield -number
    distance = abs(number) // 2
    while distance:  # half of it, a quarter less, an eighth less, ... one less
        yield number - distance if number > 0 else number + distance
        distance //= 2


hinted(globals())
