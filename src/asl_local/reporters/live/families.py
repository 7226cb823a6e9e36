"""Which executions belong together: those that nobody started, each with those that it started, directly or not.

Knows: whose visit started what. Must never know: how anything is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from asl_local.reporters.live.following import Followed
from asl_local.reporters.live.tree import Tree


def families(shown: Sequence[Followed]) -> list[list[Followed]]:
    """The executions by family, in the order in which the families began; the first of each was started by nobody.

    One that a task in a Map Run has started is known to nobody's own events: it goes to the first family.
    """
    starters = _starters(shown)
    found: list[list[Followed]] = []
    family_of: dict[str, list[Followed]] = {}
    for each in shown:
        if each.kind != "nested" or not found:
            own: list[Followed] = []
            found.append(own)
        else:
            starter = starters.get(each.arn)
            own = found[0] if starter is None else family_of.get(starter.arn, found[0])
        own.append(each)
        family_of[each.arn] = own
    return found


def forest(shown: Sequence[Followed]) -> list[Tree]:
    """The trees of the families, executions below the states that have started them."""
    starters = _starters(shown)
    for each in shown:
        each.tree.nested = {}
    for first, *others in families(shown):
        for each in others:
            above = starters.get(each.arn, first)
            visit, _ = above.started.get(each.arn, (None, 0))
            above.tree.nested.setdefault(visit, []).append(each.tree)
    return [family[0].tree for family in families(shown)]


def _starters(shown: Sequence[Followed]) -> dict[str, Followed]:
    """Who has started an execution, by its ARN."""
    return {arn: each for each in shown for arn in each.started}


__all__ = ["families", "forest"]
