"""What each step of a JSONPath does: steps -> closures.

Knows: JSON values and the behaviour of Jayway JsonPath 2.0.0. Must never know: how a path is written or where it stands.

Every step becomes a function that hands what it finds to the next one. Where a walk stands is a chain of pairs that
becomes text only when something fails, since most walks succeed. The order in which things fail, and which failures a
wildcard passes over, is that library's and was checked against it with random paths and documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

from asl_local.language.java import to_text
from asl_local.lazy import dataclass
from asl_local.values import Json


class PathError(Exception):
    """A path finds nothing in a document or meets a value that it cannot enter.

    str() is the message of AWS's JSONPath library; `path` is the text of the path, as written.
    """

    path = ""


class NotFound(PathError):
    """The kind of failure that a wildcard over an array passes over and a filter takes for "no"."""


Place: TypeAlias = Any  # (place of the container, name or index), or None for the root
Visit: TypeAlias = Callable[[Place, Json, Json, "list[Json]"], None]  # (place, value, root, found so far)
Kind: TypeAlias = Literal["name", "names", "index", "indexes", "slice", "last", "wildcard", "scan", "filter"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `text` is its form in messages (`['a']`, `[0]`, `[1:]`, `[*]`, `[?]`, `..`)."""

    kind: Kind
    text: str
    value: Any = None

    @property
    def definite(self) -> bool:
        """Whether the step leads to one place at most."""
        return self.kind in ("name", "names", "index", "last")


def place_text(place: Place) -> str:
    """`$['a'][0]`"""
    parts: list[str] = []
    while place is not None:
        place, step = place
        parts.append(f"['{step}']" if isinstance(step, str) else f"[{step}]")
    return "$" + "".join(reversed(parts))


# ------------------------------------------------------------------------------------------------------- evaluation


def compile_steps(text: str, steps: Sequence[Step]) -> Callable[..., Json]:
    """A function (document) -> value of a definite path, list of values of any other; raises PathError."""
    visit = _chain(steps)
    definite = all(step.definite for step in steps)

    def find(document: Json, _scope: object = None) -> Json:
        found: list[Json] = []
        try:
            if document is None and steps:
                raise NotFound("root can not be null")
            visit(None, document, document, found)
        except PathError as error:
            error.path = text
            raise
        return found[0] if definite else found

    return find


def compile_reference(steps: tuple[str | int, ...], explain: Callable[..., Json]) -> Callable[..., Json]:
    """The same for names and indexes only, specialised for the shapes that nearly all real paths have.

    Nothing here makes messages: whatever fails is walked again by `explain`, which does.
    """
    if not steps:
        return lambda document, _scope=None: document
    if len(steps) <= _UNROLLED and all(isinstance(step, str) for step in steps):
        return _NAMES[len(steps)](*steps, explain)
    guarded: tuple[tuple[Any, Any], ...] = tuple([(dict if isinstance(step, str) else list, step) for step in steps])

    def find(document: Json, _scope: object = None) -> Json:
        value: Any = document
        try:
            for kind, step in guarded:
                if value.__class__ is not kind:
                    break
                value = value[step]
            else:
                return value
        except (KeyError, IndexError):
            pass
        return explain(document)

    return find


# A name looked up in anything but an object is a TypeError, so these need no type checks.


def _one_name(a: str, explain: Callable[..., Json]) -> Callable[..., Json]:
    def find(document: Json, _scope: object = None) -> Json:
        try:
            return document[a]
        except (KeyError, TypeError):
            return explain(document)

    return find


def _two_names(a: str, b: str, explain: Callable[..., Json]) -> Callable[..., Json]:
    def find(document: Json, _scope: object = None) -> Json:
        try:
            return document[a][b]
        except (KeyError, TypeError):
            return explain(document)

    return find


def _three_names(a: str, b: str, c: str, explain: Callable[..., Json]) -> Callable[..., Json]:
    def find(document: Json, _scope: object = None) -> Json:
        try:
            return document[a][b][c]
        except (KeyError, TypeError):
            return explain(document)

    return find


def _four_names(a: str, b: str, c: str, d: str, explain: Callable[..., Json]) -> Callable[..., Json]:
    def find(document: Json, _scope: object = None) -> Json:
        try:
            return document[a][b][c][d]
        except (KeyError, TypeError):
            return explain(document)

    return find


_NAMES: dict[int, Callable[..., Callable[..., Json]]] = {1: _one_name, 2: _two_names, 3: _three_names, 4: _four_names}
_UNROLLED = max(_NAMES)


# ------------------------------------------------------------------------------------------------------ single steps


def _add(_place: Place, value: Json, _root: Json, found: list[Json]) -> None:
    found.append(value)


def _chain(steps: Sequence[Step]) -> Visit:
    visit: Visit = _add
    after: Visit = _add  # what follows the step behind the one at hand; only `..` looks that far
    last_open = max((at for at, step in enumerate(steps) if not step.definite), default=-2)
    for at in range(len(steps) - 1, -1, -1):
        if steps[at].kind == "name":
            # A name that is missing on the way is an error only between steps that all lead to one place.
            after, visit = visit, _name(steps, at, visit, silent=last_open >= at - 1)
        else:
            after, visit = visit, _VISITORS[steps[at].kind](steps, at, visit, after)
    return visit


def _tail(steps: Sequence[Step], at: int) -> str:
    """How messages write the step at hand: with all that follow it."""
    return "".join([step.text for step in steps[at:]])


def _name(steps: Sequence[Step], at: int, rest: Visit, *, silent: bool) -> Visit:
    name, shown = steps[at].value, steps[at].text
    leaf = at == len(steps) - 1

    def visit(place: Place, value: Json, root: Json, found: list[Json]) -> None:
        if value.__class__ is not dict:
            raise NotFound(f"Property {shown} not found in path {place_text(place)}")
        place = (place, name)
        if name in value:
            rest(place, value[name], root, found)
        elif leaf:
            raise NotFound(f"No results for path: {place_text(place)}")
        elif not silent:
            raise NotFound(f"Missing property in path {place_text(place)}")

    return visit


def _names(steps: Sequence[Step], at: int, _rest: Visit, _after: Visit) -> Visit:
    names, shown = steps[at].value, steps[at].text
    leaf = at == len(steps) - 1

    def visit(place: Place, value: Json, _root: Json, found: list[Json]) -> None:
        if value.__class__ is not dict:
            raise NotFound(f"Property {shown} not found in path {place_text(place)}")
        if not leaf:
            raise PathError(f"Multi properties can only be used as path leafs: {place_text(place)}{shown}")
        found.append({name: value[name] for name in names if name in value})

    return visit


def _slice(first: int | None, bound: int | None) -> Callable[[int], Iterable[int]]:
    """The indexes of a slice; a slice with both ends does not count from the end, so its negative ends fail or
    are empty.
    """
    if bound is None:
        assert first is not None
        return lambda length: range(first if first >= 0 else max(0, length + first), length)
    if first is None:
        return lambda length: range(min(length, bound if bound >= 0 else length + bound))
    return lambda length: range(first, min(length, bound)) if length else ()


def _selected(step: Step) -> Callable[[int], Iterable[int]]:
    """(length of the array) -> the indexes that the step names, in order, even those that the array does not have."""
    if step.kind == "slice":
        return _slice(*step.value)
    if step.kind == "last":
        return lambda length: (length - step.value,)
    indexes = step.value if step.kind == "indexes" else (step.value,)
    return lambda _length: indexes


def _items(steps: Sequence[Step], at: int, rest: Visit, _after: Visit) -> Visit:
    selected = _selected(steps[at])

    def visit(place: Place, value: Json, root: Json, found: list[Json]) -> None:
        if value.__class__ is not list:
            if value is None:
                raise NotFound(f"The path {place_text(place)} is null")
            raise PathError(
                f"Filter: {_tail(steps, at)} can only be applied to arrays. Current context is: {to_text(value)}"
            )
        length = len(value)
        for index in selected(length):
            if not 0 <= index < length:
                raise NotFound(f"Index out of bounds when evaluating path {place_text((place, index))}")
            rest((place, index), value[index], root, found)

    return visit


def _wildcard(_steps: Sequence[Step], _at: int, rest: Visit, _after: Visit) -> Visit:
    def visit(place: Place, value: Json, root: Json, found: list[Json]) -> None:
        if value.__class__ is dict:
            for name, member in value.items():
                rest((place, name), member, root, found)
        elif value.__class__ is list:
            for index, item in enumerate(value):
                try:  # noqa: SIM105 - contextlib.suppress costs more than the rest of the loop
                    rest((place, index), item, root, found)
                except NotFound:
                    pass

    return visit


def _filter(steps: Sequence[Step], at: int, rest: Visit, _after: Visit) -> Visit:
    test = steps[at].value

    def visit(place: Place, value: Json, root: Json, found: list[Json]) -> None:
        if value.__class__ is list:
            for index, item in enumerate(value):
                if test(item, root):
                    rest((place, index), item, root, found)
        elif value.__class__ is dict:
            if test(value, root):
                rest(place, value, root, found)
        else:
            raise PathError(
                f"Filter: {_tail(steps, at)} can not be applied to primitives. Current context is: {to_text(value)}"
            )

    return visit


def _scan(steps: Sequence[Step], at: int, rest: Visit, after: Visit) -> Visit:
    matches = _scan_test(steps[at + 1])
    leaf = at == len(steps) - 2

    def walk(place: Place, value: Json, root: Json, found: list[Json]) -> None:
        if value.__class__ is dict:
            if matches(value, root):
                rest(place, value, root, found)
            for name, member in value.items():
                walk((place, name), member, root, found)
        elif value.__class__ is list:
            if matches(value, root):
                if leaf:
                    rest(place, value, root, found)
                else:  # the library's own slip: every item goes on, whichever the step names
                    for index, item in enumerate(value):
                        after((place, index), item, root, found)
            for index, item in enumerate(value):
                walk((place, index), item, root, found)

    return walk


def _scan_test(step: Step) -> Callable[[Json, Json], bool]:
    """Whether a container met by `..` is one that the step behind it applies to."""
    if step.kind in ("name", "names"):
        names = step.value if step.kind == "names" else [step.value]
        return lambda value, _root: value.__class__ is dict and all(name in value for name in names)
    if step.kind == "wildcard":
        return lambda _value, _root: True
    if step.kind == "filter":
        test: Callable[[Json, Json], bool] = step.value
        return test
    if step.kind == "scan":
        return lambda _value, _root: False
    return lambda value, _root: value.__class__ is list


_VISITORS: dict[Kind, Callable[[Sequence[Step], int, Visit, Visit], Visit]] = {
    "names": _names,
    "index": _items,
    "indexes": _items,
    "slice": _items,
    "last": _items,
    "wildcard": _wildcard,
    "filter": _filter,
    "scan": _scan,
}
