"""A machine's graph, painted by its coverage: the definition and its marks -> one SVG.

Knows: which goals belong to which state and which edge of the picture. Must never know: how it is drawn.
Colour never stands alone: what is missed is dashed, and each state says how many of its goals it met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asl_local.reporters.graph.outline import Block, outline
from asl_local.reporters.graph.svg import Paint
from asl_local.reporters.graph.svg import svg as drawn
from asl_local.testing.coverage.goals import Goal
from asl_local.testing.coverage.measured import MachineCoverage

_TAKEN = ("left", "true", "caught")
"""The marks of going along an edge; the other goals of a rule or catcher are about its state."""


def svg(measured: MachineCoverage) -> str:
    """The picture, an `<svg>` element without a style sheet: the page has `graph_css()`."""
    whole = outline(measured.definition)
    return drawn(whole, title=f"{measured.name}, painted by its coverage", paint=paints(whole, measured), style=False)


def status(covered: list[bool]) -> str:
    """`all`, `some` or `none` of it was covered; `out` where there is nothing to cover."""
    if not covered:
        return "out"
    return "all" if all(covered) else "some" if any(covered) else "none"


def paints(whole: Block, measured: MachineCoverage) -> dict[str, Paint]:
    """What is painted on states and edges, by their JSON pointers."""
    of_states: dict[str, list[Goal]] = {}
    of_places: dict[str, list[Goal]] = {}
    for goal in measured.goals:
        of_states.setdefault(goal.mark[0], []).append(goal)
        of_places.setdefault(goal.pointer, []).append(goal)
    found = {}
    for block in _blocks(whole):
        for node in block.nodes:
            goals = of_states.get(node.pointer, [])
            met = [goal.mark in measured.marks for goal in goals]
            note = f"{sum(met)} of {len(met)}" if met else ""
            found[node.pointer] = Paint(status(met), note, _missing(goals, measured) if met else "no goals")
        for edge in block.edges:
            goals = of_places.get(edge.pointer, [])
            taken = [goal.mark in measured.marks for goal in goals if goal.mark[1] in _TAKEN]
            found[edge.pointer] = Paint(status(taken), "", _missing(goals, measured))
    return found


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    for node in block.walk():
        yield from node.blocks


def _missing(goals: Iterable[Goal], measured: MachineCoverage) -> str:
    return "\n".join(goal.missing for goal in goals if goal.mark not in measured.marks)


__all__ = ["paints", "status", "svg"]
