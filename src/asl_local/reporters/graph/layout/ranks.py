"""Which links lead back, which rank every node has, and which way through the nodes is the main one.

Knows: nodes and links. Must never know: sizes and places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from asl_local.reporters.graph.layout.cells import Link

_POOR = -10_000


def outgoing(names: Iterable[str], links: Sequence[Link]) -> dict[str, list[int]]:
    """The numbers of each node's links, in order; those that lead aside last."""
    found: dict[str, list[int]] = {name: [] for name in names}
    for n, link in sorted(enumerate(links), key=lambda each: each[1].aside):
        found[link.source].append(n)
    return found


def walk(
    start: str, leaving: Mapping[str, Sequence[int]], links: Sequence[Link]
) -> tuple[list[str], list[str], set[int]]:  # fmt: skip
    """The nodes so that all links but those that lead back go forward, where the walk began, and what leads back.

    A link leads back if it leads to a node that the walk has not finished yet. What cannot be reached from `start` is
    walked after it.
    """
    entered = {link.target for link in links if link.target != link.source}
    begun: list[str] = []
    back: set[int] = set()
    done: list[str] = []
    seen: set[str] = set()
    for root in [start, *(name for name in leaving if name not in entered), *leaving]:
        if root in seen:
            continue
        begun.append(root)
        seen.add(root)
        open_ = {root: iter(leaving[root])}
        path = [root]
        while path:
            node = path[-1]
            n = next(open_[node], None)
            if n is None:
                del open_[node]
                done.append(path.pop())
            elif links[n].target in open_:
                back.add(n)
            elif links[n].target not in seen:
                target = links[n].target
                seen.add(target)
                open_[target] = iter(leaving[target])
                path.append(target)
    return done[::-1], begun, back


def ranks(
    order: Sequence[str], leaving: Mapping[str, Sequence[int]], links: Sequence[Link], back: set[int]
) -> dict[str, int]:  # fmt: skip
    """Of each node how many links the longest way to it has; what nothing leads to stands right above what it leads to."""
    rank = dict.fromkeys(order, 0)
    entered = set()
    for node in order:
        for n in leaving[node]:
            if n not in back:
                entered.add(links[n].target)
                rank[links[n].target] = max(rank[links[n].target], rank[node] + 1)
    for node in order:
        below = [rank[links[n].target] for n in leaving[node] if n not in back]
        if node not in entered and below:
            rank[node] = min(below) - 1
    return rank


def favoured(
    order: Sequence[str], leaving: Mapping[str, Sequence[int]], links: Sequence[Link], back: set[int]
) -> dict[str, int]:  # fmt: skip
    """Of each node the link that goes on straight: the one with the longest way before it that does not end badly.

    Among several that are as long it is the middle one, the left of two.
    """
    worth: dict[str, int] = {}
    found: dict[str, int] = {}
    for node in reversed(order):
        ways = [n for n in leaving[node] if n not in back]
        value = {n: _value(links[n], worth) for n in ways}
        if ways:
            most = max(value.values())
            best = [n for n in ways if value[n] == most]
            found[node] = best[(len(best) - 1) // 2]
            worth[node] = most
    return found


def _value(link: Link, worth: Mapping[str, int]) -> int:
    lost = _POOR if link.poor or link.aside else 0
    return max(1 + worth.get(link.target, 0) + lost, 2 * _POOR)


__all__ = ["favoured", "outgoing", "ranks", "walk"]
