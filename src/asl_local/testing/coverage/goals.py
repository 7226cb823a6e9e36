"""THE TABLE: what of a machine there is to cover, which of its states have it, and what is said where it is missing.

Knows: the fields of a definition that make it go one way or another. Must never know: which goals were reached.
A goal is a mark (engine/history.py) that an execution can leave. Goals are read off the definition's JSON, so that a
report can be made where nothing but a data file is left of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from asl_local.definition.json_text import escape
from asl_local.engine.history import Mark
from asl_local.lazy import hinted

Tree: TypeAlias = Mapping[str, Any]

NO_COVER = re.compile(r"\basl:\s*no\s+cover\b", re.IGNORECASE)
"""In a Comment: what stands there, and all inside it, is left out."""

MOST_ATTEMPTS = 8_000
"""Attempts that a history of 25,000 events has room for, at three events each: a retrier with more is never exhausted."""

_ITEMS = ("no item", "exactly one item", "several items")


class Goal(NamedTuple):
    """Something of a machine that a test can reach: `mark` says what leads there.

    `kind` is the title of its row in the table, `state` the state's name ("" for the machine itself), `pointer` the
    place in the definition, `missing` what is said where no execution has come past it.
    """

    mark: Mark
    kind: str
    state: str
    pointer: str
    missing: str


class Kind(NamedTuple):
    """A row of the table: the mark's `what`, which numbers of it a state has, the place below the state, and the words.

    `at` and `words` may name `{n}`, the number, `{state}`, the state in words, `{items}`, how many items `n` stands for,
    `{to}`, Next or End, `{went}`, where that leads, and `{field}`, the field that is there. `has` says to people which
    states have the goal.
    """

    title: str
    what: str
    numbers: Callable[[Tree], Iterable[int]]
    at: str
    words: str
    has: str


def _once(*fields: str, types: tuple[str, ...] = ()) -> Callable[[Tree], Iterable[int]]:
    """A state that has one of the fields, and is of one of the types, has the goal once."""

    def numbers(state: Tree) -> Iterable[int]:
        return (0,) if (not types or state["Type"] in types) and any(field in state for field in fields) else ()

    return numbers


def _each(field: str, wanted: Callable[[Tree], bool] = lambda _: True) -> Callable[[Tree], Iterable[int]]:
    """One goal for each entry of the field's list that is wanted, and not left out by its Comment."""

    def numbers(state: Tree) -> Iterable[int]:
        listed = state.get(field)
        entries = listed if isinstance(listed, list) else ()  # else a placeholder that nobody has filled
        return [n for n, entry in enumerate(entries) if wanted(entry) and not is_left_out(entry)]

    return numbers


def _left(state: Tree) -> Iterable[int]:
    return () if state["Type"] in ("Choice", "Succeed", "Fail") else (0,)


def _attempts(retrier: Tree) -> int:
    most = retrier.get("MaxAttempts")
    return most if isinstance(most, int) else 3  # none is 3, and so is a placeholder that nobody has filled


def _items(state: Tree) -> Iterable[int]:
    if state["Type"] != "Map":
        return ()
    constant = state.get("Items")  # JSONata: a list in the definition is as long as it is
    return (min(len(constant), 2),) if isinstance(constant, list) else (0, 1, 2)


def _tolerates(state: Tree) -> Iterable[int]:
    processor = state.get("ItemProcessor")
    distributed = isinstance(processor, dict) and processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
    return (0,) if distributed and any(field.startswith("ToleratedFailure") for field in state) else ()


KINDS: tuple[Kind, ...] = (
    Kind("states", "entered", lambda _: (0,), "", "{state} was never entered", "every state"),
    Kind("transitions", "left", _left, "/{to}", "{state} never {went}", "every state but Choice, Succeed, Fail"),
    Kind(
        "rules true", "true", _each("Choices"), "/Choices/{n}", "Choices[{n}] of {state} was never true",
        "every rule of a Choice",
    ),
    Kind(
        "rules false", "false", _each("Choices"), "/Choices/{n}", "Choices[{n}] of {state} was never false",
        "every rule of a Choice",
    ),
    Kind(
        "defaults", "left", _once("Default", types=("Choice",)), "/Default", "the Default of {state} was never taken",
        "a Choice that has one",
    ),
    Kind("catchers", "caught", _each("Catch"), "/Catch/{n}", "Catch[{n}] of {state} never caught an error", "every catcher"),
    Kind(
        "retriers used", "retried", _each("Retry", lambda entry: _attempts(entry) > 0), "/Retry/{n}",
        "Retry[{n}] of {state} was never used", "every retrier that has attempts",
    ),
    Kind(
        "retriers exhausted", "exhausted", _each("Retry", lambda entry: _attempts(entry) <= MOST_ATTEMPTS),
        "/Retry/{n}", "Retry[{n}] of {state} was never exhausted",
        f"every retrier of at most {MOST_ATTEMPTS:,} attempts",
    ),
    Kind(
        "sizes of Maps", "items", _items, "", "{state} never had {items}",
        "every Map, three times: no item, one item, several; once if its Items are a list in the definition",
    ),
    Kind(
        "timeouts", "timed out", _once("TimeoutSeconds", "TimeoutSecondsPath"), "/{field}", "{state} never timed out",
        "a Task, or the machine, that has TimeoutSeconds",
    ),
    Kind(
        "heartbeats", "heartbeat", _once("HeartbeatSeconds", "HeartbeatSecondsPath"), "/{field}",
        "{state} never missed a heartbeat", "a Task that has HeartbeatSeconds",
    ),
    Kind(
        "tolerated failures", "tolerated", _tolerates, "", "{state} never succeeded with a failed item",
        "a Distributed Map that tolerates failures",
    ),
)  # fmt: skip


def is_left_out(entry: Any) -> bool:
    """Whether the Comment of a state, rule, retrier, catcher or machine says `asl: no cover`."""
    comment = entry.get("Comment") if isinstance(entry, Mapping) else None
    return isinstance(comment, str) and NO_COVER.search(comment) is not None


def goals_of(definition: Tree) -> tuple[Goal, ...]:
    """The goals of a machine, in the order of its definition, without those that are left out."""
    return tuple(_machine(definition))


def _machine(definition: Tree) -> Iterator[Goal]:
    if is_left_out(definition):
        return
    if "TimeoutSeconds" in definition:
        yield Goal(("", "timed out", 0), "timeouts", "", "/TimeoutSeconds", "the machine never timed out")
    yield from _block(definition, "")


def _block(block: Tree, pointer: str) -> Iterator[Goal]:
    for name, state in states_of(block).items():
        if not is_left_out(state):
            at = f"{pointer}/States/{escape(name)}"
            yield from _state(name, state, at)
            for where, inner in inner_blocks(state):
                if not is_left_out(inner):
                    yield from _block(inner, f"{at}/{where}")


def states_of(block: Tree) -> Mapping[str, Tree]:
    """The states of a `States` object; none where a placeholder stands for all of them."""
    states = block["States"]
    return states if isinstance(states, Mapping) else {}


def inner_blocks(state: Tree) -> list[tuple[str, Tree]]:
    """The `States` objects inside a state, each with its pointer from there: branches, what a Map runs per item."""
    if state["Type"] == "Parallel":
        return [(f"Branches/{n}", branch) for n, branch in enumerate(state["Branches"])]
    if state["Type"] == "Map":
        field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        return [(field, state[field])]
    return []


def _state(name: str, state: Tree, pointer: str) -> Iterator[Goal]:
    ending = "Next" if "Next" in state else "End"
    words = {
        "state": f"{state['Type']} '{name}'",
        "to": ending,
        "went": f"went on to '{state['Next']}'" if ending == "Next" else "came to its end",
    }
    for kind in KINDS:
        for n in kind.numbers(state):
            items = _ITEMS[n] if kind.what == "items" else ""
            field = _field(state, kind)
            at = kind.at.format(n=n, to=ending, field=field)
            missing = kind.words.format(n=n, items=items, **words)
            yield Goal((pointer, kind.what, n), kind.title, name, f"{pointer}{at}", missing)


def _field(state: Tree, kind: Kind) -> str:
    stem = {"timed out": "TimeoutSeconds", "heartbeat": "HeartbeatSeconds"}.get(kind.what, "")
    return stem if stem in state else f"{stem}Path"


__all__ = ["KINDS", "MOST_ATTEMPTS", "NO_COVER", "Goal", "Kind", "goals_of", "inner_blocks", "is_left_out", "states_of"]

hinted(globals())
