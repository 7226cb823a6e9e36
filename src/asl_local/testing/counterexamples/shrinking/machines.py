"""Definitions that shrink: fewer states, branches, rules, catchers, retriers and fields, and always one that loads.

Knows: the grammar of the States Language, and which definitions are right. Must never know: what is to stay true of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from asl_local.definition import load_model
from asl_local.definition.grammar import Field, Kind, fields_of, groups_of
from asl_local.errors import InvalidDefinition
from asl_local.lazy import hinted
from asl_local.testing.counterexamples.shrinking import json_trees
from asl_local.testing.counterexamples.shrinking.blocks import (
    Block,
    State,
    blocks,
    bypassed,
    ended,
    ends,
    inside,
    targets,
    tidied,
    unwrapped,
    ways_out,
)
from asl_local.testing.counterexamples.shrinking.json_trees import Path, Step, fewer, found, replaced, simpler
from asl_local.testing.counterexamples.shrinking.reducing import BUDGET, Shrunk, chunks, reduce
from asl_local.values import Json, text_of

_PAYLOADS: Final = (Kind.TEMPLATE, Kind.JSON, Kind.STATIC, Kind.ASSIGN)
_NUMBERS: Final = (Kind.INTEGER, Kind.NUMBER)
_LISTS: Final = (Kind.ERRORS, Kind.STRINGS)
_KEPT_BY_PASS: Final = ("QueryLanguage", "Comment", "Assign", "ResultPath")
_RULES: Final = ("ChoiceRule", "NestedRule")


def shrink_definition(
    definition: Mapping[str, Any], holds: Callable[[Block], bool], *, type: str = "STANDARD", budget: int = BUDGET
) -> Shrunk[Block]:
    """The smallest definition found that loads and of which `holds` is still true; it is asked `budget` times at most.

    States are left out and those before them lead to those after them; branches, rules, catchers, retriers and optional
    fields go; a Parallel or Map becomes what it ran, and what it ran the machine; states become Pass states; payloads and
    numbers get simpler. Names of states stay as they are. `type` is STANDARD or EXPRESS. Raises ValueError if it does
    not hold of the definition itself, or the definition does not load.
    """
    given = dict(definition)
    if not loads(given, type):
        raise ValueError("a definition that does not load cannot be shrunk")
    return reduce(
        given, holds, steps=steps, weight=json_trees.weight, identity=text_of, budget=budget,
        allowed=lambda made: loads(made, type),
    )  # fmt: skip


def loads(definition: Json, type: str = "STANDARD") -> bool:
    """Whether a definition has no error and nothing unfilled in it."""
    try:
        return not load_model(definition, type=type)[0].unresolved
    except InvalidDefinition:
        return False


def steps(definition: Block) -> Iterator[Step]:
    """The single steps to simpler definitions, large ones first; a step that leads nowhere gives None."""
    yield lambda: _without_comments(definition)
    every = list(blocks(definition))
    for path in every[1:]:
        yield _tidy(partial(_as_machine, definition, found(definition, path)))
    for path in every:
        for make in _fewer_states(found(definition, path)):
            yield _tidy(_within(definition, path, make))
    for path in every:
        for make in _simpler_states(definition, path):
            yield _tidy(_within(definition, path, make))
    for path, owner in _objects(definition, (), "Machine"):
        for make in _simpler_object(found(definition, path), owner):
            yield _tidy(_within(definition, path, make))


def _tidy(make: Step) -> Step:
    def made() -> Block | None:
        definition = make()
        return None if definition is None else tidied(definition)

    return made


def _within(definition: Block, path: Path, make: Step) -> Step:
    def made() -> Block | None:
        part = make()
        return None if part is None else replaced(definition, path, part)

    return made


def _without_comments(definition: Block) -> Block:
    for path, _ in list(_objects(definition, (), "Machine")):
        part = found(definition, path)
        if "Comment" in part:
            definition = replaced(definition, path, _without(part, ["Comment"]))
    return definition


def _as_machine(definition: Block, block: Block) -> Block:
    language = {name: definition[name] for name in ("QueryLanguage",) if name in definition}
    return {**language, "StartAt": block["StartAt"], "States": block["States"]}


def _fewer_states(block: Block) -> Iterator[Step]:
    """A block that begins later, ends earlier, or has states left out in the middle, many at once first."""
    names = list(block["States"])
    for name in reversed(names):
        if name != block["StartAt"]:
            yield partial(_with, block, StartAt=name)
    for name, state in block["States"].items():
        if "Next" in state:
            yield partial(_with_state, block, name, ended(state))
    for start, stop in chunks(len(names), 1):
        if stop - start > 1:
            yield partial(_all_bypassed, block, names[start:stop])
    for name in reversed(names):
        for target in ways_out(block, name):
            yield partial(bypassed, block, name, target)


def _all_bypassed(block: Block, names: list[str]) -> Block | None:
    made: Block | None = block
    for name in names:
        if made is None:
            return None
        out = [target for target in targets(made["States"][name]) if target != name]
        made = bypassed(made, name, out[0] if out else None)
    return made


def _simpler_states(definition: Block, path: Path) -> Iterator[Step]:
    """A block with what a Parallel or Map runs instead of it, or with a Pass or Succeed state instead of another."""
    block = found(definition, path)
    for name, state in block["States"].items():
        for inner in inside(definition, (*path, "States", name)):
            yield partial(unwrapped, block, name, found(definition, inner))
        for plain in _plainer(state):
            yield partial(_with_state, block, name, plain)


def _plainer(state: State) -> Iterator[State]:
    yield {"Type": "Succeed"}
    if not ends(state) or "End" in state:
        for target in [None] if "End" in state else targets(state):
            way: State = {"End": True} if target is None else {"Next": target}
            kept: State = {name: state[name] for name in _KEPT_BY_PASS if name in state}
            yield {"Type": "Pass", **kept, **way}
            yield {"Type": "Pass", **way}


def _objects(definition: Block, path: Path, owner: str) -> Iterator[tuple[Path, str]]:
    """The paths of all objects that the grammar has fields of, with their owners in it, outer ones first."""
    yield path, owner
    for name, row in _rows(found(definition, path), owner):
        value = found(definition, (*path, name))
        if row.kind is Kind.STATES:
            for state in value:
                yield from _objects(definition, (*path, name, state), value[state]["Type"])
        elif row.kind is Kind.OBJECTS and isinstance(value, list):
            for number in range(len(value)):
                yield from _objects(definition, (*path, name, number), row.item)
        elif row.kind is Kind.OBJECT and row.item and isinstance(value, dict):
            yield from _objects(definition, (*path, name), row.item)


def _rows(part: Block, owner: str) -> Iterator[tuple[str, Field]]:
    rows = fields_of(owner)
    return ((name, rows[name]) for name in part if name in rows)


def _simpler_object(part: Block, owner: str) -> Iterator[Step]:
    """An object of the grammar with fields left out, fewer members in its lists, and simpler values."""
    needed = {name for group in groups_of(owner) if group.required for name in group.fields}
    rows = list(_rows(part, owner))
    optional = [name for name, row in rows if not row.required and name not in needed]
    for start, stop in chunks(len(optional)):
        yield partial(_without, part, optional[start:stop])
    if owner in _RULES:
        for inner in [*part.get("And", ()), *part.get("Or", ()), *([part["Not"]] if "Not" in part else [])]:
            yield partial(_as_rule, part, inner)
    for name, row in rows:
        for value in _simpler_values(row, part[name]):
            yield partial(_with, part, **{name: value})


def _simpler_values(row: Field, value: Json) -> Iterator[Json]:
    if row.kind in _LISTS or (row.kind is Kind.OBJECTS and isinstance(value, list)):
        yield from fewer(value, least=1)
    elif row.kind in _NUMBERS and not isinstance(value, str):
        yield from simpler(value)
    elif row.kind in _PAYLOADS:
        yield from (step() for step in json_trees.steps(value, texts=False))


def _as_rule(rule: Block, inner: Block) -> Block:
    """A Choice rule that tests a part of what it tested."""
    leads = {name: value for name, value in rule.items() if name in ("Next", "Assign", "Output", "Comment")}
    return {**inner, **leads}


def _with(part: Block, **fields: Json) -> Block:
    return {**part, **fields}


def _with_state(block: Block, name: str, state: State) -> Block:
    return {**block, "States": {**block["States"], name: state}}


def _without(part: Block, names: list[str]) -> Block:
    return {name: value for name, value in part.items() if name not in names}


hinted(globals())
