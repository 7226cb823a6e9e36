"""Inputs for a machine, read off its definition, that reach every way of every Choice state.

Knows: what a machine reads of its input, and what leads to its ways. Must never know: how a machine runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hypothesis import strategies as st

from asl_local.errors import InvalidDefinition
from asl_local.lazy import hinted
from asl_local.resources.inferred.demands import Demands, demands_of, origins_of
from asl_local.resources.inferred.wants import Note, Want
from asl_local.strategies.aims import Aim, Group, Place, aims_of, questions_of
from asl_local.strategies.conditions import Nothing
from asl_local.strategies.shapes import Pins, Shaper
from asl_local.values import Json


class Described(Protocol):
    """A machine; `asl_local.Machine` is one."""

    definition: Json


def inputs(machine: Described, *, near_misses: bool = False) -> st.SearchStrategy[Json]:
    """Inputs that have what the machine reads of them, and that reach every rule of its Choice states, both ways.

    Members, items, numbers where it computes, timestamps, JSON texts: whatever is read is there, and a member that the
    machine asks the presence of is there or not. Values are those that its rules decide by: the constants that they
    compare with and their neighbours (n - 1, n, n + 1; a second before and after; texts that a pattern matches and that it
    nearly does). Half of the inputs aim at one way of one Choice state, Default included, through all
    that lie before it. In Maps, the items are aimed at.

    With `near_misses`, now and then something is missing, null or of another type, as in what real callers send.
    What the machine computes or gets from its tasks is not decided by its input: `answers` has those.
    Shrinks to the smallest input that has what is read. Raises InvalidDefinition, as an execution does, where a placeholder
    that nobody filled stands for a number or an expression.
    """
    whole(machine)
    demands = wanted(machine.definition)
    aims = only(aims_of(machine.definition, odd=near_misses), "input")

    @st.composite
    def strategy(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Json:
        shaper = Shaper(draw, near_misses)
        pins = Pins()
        if aims and draw(st.booleans()):
            for place, value in drawn(draw, draw(st.sampled_from(aims))):
                pins.pin(place.steps, value)
        value = shaper.shaped(demands.input, pins, default=st.builds(dict))
        return {} if isinstance(value, Nothing) else value

    return strategy()


def whole(machine: Described) -> None:
    """Raises InvalidDefinition for a machine with placeholders where values are wanted, which cannot run either.

    Raises TypeError for what is no machine.
    """
    if not hasattr(machine, "definition"):
        raise TypeError(f"machine: what asl_local.load gives is wanted, not {machine!r:.80}")
    unresolved = getattr(machine, "unresolved", ())
    if unresolved:
        raise InvalidDefinition(unresolved, getattr(machine, "name", ""))


def wanted(definition: Json) -> Demands:
    """What a definition demands, with the values that its rules decide by among what is compared with."""
    demands = demands_of(definition)
    origins = origins_of(definition)
    for state, question in questions_of(definition):
        for read, pool in zip(question.reads, question.pools, strict=True):
            values = tuple(value for value in pool if not isinstance(value, Nothing))
            for origin in origins(state, read._replace(whole=True)):
                place = Place(origin.kind, origin.name, origin.steps)
                if origin.kind != "constant":
                    _want(demands, place).note(place.steps, Note("", values))
    return demands


def _want(demands: Demands, place: Place) -> Want:
    if place.kind == "input":
        return demands.input
    return (demands.results if place.kind == "result" else demands.items).setdefault(place.name, Want())


def only(aims: Sequence[Aim], *kinds: str) -> list[Aim]:
    """The aims without the places of other kinds; those that then say nothing are left out."""
    found = []
    for aim in aims:
        groups = []
        for group in aim.groups:
            kept = [at for at, place in enumerate(group.places) if place.kind in kinds]
            if kept:
                options = tuple(tuple(option[at] for at in kept) for option in group.options)
                groups.append(Group(tuple(group.places[at] for at in kept), options))
        if groups:
            found.append(Aim(aim.way, tuple(groups)))
    return found


def drawn(draw: Callable[[st.SearchStrategy[Any]], Any], aim: Aim) -> list[tuple[Place, Any]]:
    """Each place of an aim with the value that was drawn for it."""
    return [
        pair for group in aim.groups for pair in zip(group.places, draw(st.sampled_from(group.options)), strict=True)
    ]


hinted(globals())
