"""Paths that walk down objects: `$states.input.order.id`, `$name.member`, `$states.input.items[0]`.

Knows: variables, members of objects and items of arrays. Must never know: what becomes of the value.

A member that is missing is undefined, as is any member of a text, a number or null. A name that meets an array means
all its items: that is the engine's.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from asl_local.language import Scope
from asl_local.language.jsonata.direct.values import ASK, UNDEFINED, Answer, Direct, States
from asl_local.language.jsonata.functions import BUILT_IN

Step: TypeAlias = "str | int"

MAP_ITEM: Final = ("Map", "Item")  # there is no need to make the whole Context Object for it


def beyond(value: Answer, steps: tuple[Step, ...]) -> Answer:
    """What the steps lead to, one after the other."""
    for step in steps:
        kind = type(value)
        if type(step) is int:
            if kind is not list or not -len(value) <= step < len(value):
                return ASK
            value = value[step]
            if type(value) is list:
                return ASK
        elif kind is dict:
            value = value.get(step, UNDEFINED)
        elif kind is list or value is ASK:
            return ASK
        else:
            return UNDEFINED
    return value


def member_of_states(first: str, steps: tuple[Step, ...]) -> Direct:
    """`$states.input`, `$states.result`, `$states.errorOutput` or `$states.context`, and on from there."""
    if first == "context" and steps[:2] == MAP_ITEM:
        return lambda _states, scope: beyond(_map_item(scope), steps[2:])
    if first == "context":
        return lambda _states, scope: beyond(scope.context(), steps)
    if not all(type(step) is str for step in steps) or len(steps) > 3:
        return perhaps(first, steps)
    # Of JSON's types only an object takes a text between brackets.
    if not steps:
        return lambda states, _scope: states.get(first, UNDEFINED)
    one, two, three = (*steps, "", "")[:3]

    def read_one(states: States, _scope: Scope) -> Answer:
        try:
            return states[first][one]
        except (KeyError, TypeError):
            return beyond(states.get(first, UNDEFINED), steps)

    def read_two(states: States, _scope: Scope) -> Answer:
        try:
            return states[first][one][two]
        except (KeyError, TypeError):
            return beyond(states.get(first, UNDEFINED), steps)

    def read_three(states: States, _scope: Scope) -> Answer:
        try:
            return states[first][one][two][three]
        except (KeyError, TypeError):
            return beyond(states.get(first, UNDEFINED), steps)

    return (read_one, read_two, read_three)[len(steps) - 1]


def perhaps(first: str, steps: tuple[Step, ...]) -> Direct:
    """The same for a member that may well be missing."""
    return lambda states, _scope: beyond(states.get(first, UNDEFINED), steps)


def _map_item(scope: Scope) -> Answer:
    try:
        return scope.map_item()
    except KeyError:
        return UNDEFINED


def variable(name: str, steps: tuple[Step, ...]) -> Direct:
    """A variable, and on from there. One that is not assigned is undefined, or a function."""
    missing = ASK if name in BUILT_IN else UNDEFINED

    def read(_states: States, scope: Scope) -> Answer:
        try:
            value = scope.variable(name)
        except KeyError:
            return missing
        return beyond(value, steps)

    def read_whole(_states: States, scope: Scope) -> Answer:
        try:
            return scope.variable(name)
        except KeyError:
            return missing

    return read if steps else read_whole
