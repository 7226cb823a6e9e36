"""The gap between two layers: which links share a track, and the order of the tracks from top to bottom.

Knows: where joints begin and end from left to right. Must never know: heights.
Links that leave at one point share a track, and so do those that come in at one, as far as that leaves no doubt about who
goes where.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Generic, TypeVar

from asl_local.lazy import dataclass, field

Key = TypeVar("Key")

_APART = 6.0
"""Lines that are nearer to each other than that run into each other."""


@dataclass(eq=False, slots=True)
class _Net:
    """Joints that share a track: where they come from and go to."""

    tops: set[float] = field(default_factory=set)
    bottoms: set[float] = field(default_factory=set)
    left: float = 0.0
    right: float = 0.0
    track: int = 0


@dataclass(frozen=True, slots=True)
class Span(Generic[Key]):
    """A joint: from one place above to one below, and of what kind; kinds never share a track."""

    key: Key
    top: float
    bottom: float
    kind: bool


def tracks(spans: list[Span[Key]]) -> Mapping[Key, int]:
    """The track of each joint that does not go straight down, from 0 at the top."""
    nets = _nets(spans)
    bent = list({id(net): net for span, net in nets if span.top != span.bottom}.values())
    _order(bent)
    return {span.key: net.track for span, net in nets if span.top != span.bottom}


def _nets(spans: list[Span[Key]]) -> list[tuple[Span[Key], _Net]]:
    outs = Counter((span.top, span.kind) for span in spans)
    ins = Counter((span.bottom, span.kind) for span in spans)
    found: dict[tuple[object, ...], _Net] = {}
    result = []
    for span in spans:
        many_out, many_in = outs[span.top, span.kind] > 1, ins[span.bottom, span.kind] > 1
        shared: tuple[object, ...] = (span.key,)
        if many_out and not many_in:
            shared = ("out", span.top, span.kind)
        elif many_in and not many_out:
            shared = ("in", span.bottom, span.kind)
        net = found.setdefault(shared, _Net())
        net.tops.add(span.top)
        net.bottoms.add(span.bottom)
        result.append((span, net))
    for net in found.values():
        net.left, net.right = min(net.tops | net.bottoms), max(net.tops | net.bottoms)
    return result


def _order(nets: list[_Net]) -> None:
    """Write the tracks: as few as can be, and each net above those that it crosses less often from there."""
    above: dict[int, dict[int, int]] = {n: {} for n in range(len(nets))}  # who stands above, and what that is worth
    for n, one in enumerate(nets):
        for m in range(n):
            other = nets[m]
            if one.left > other.right + _APART or other.left > one.right + _APART:
                continue
            over, under = _cost(one, other), _cost(other, one)
            if over < under:
                above[m][n] = under - over
            else:
                above[n][m] = over - under
    waiting = set(above)
    while waiting:
        # Without one that stands free, the one that costs least where it does not belong.
        n = min(waiting, key=lambda n: (sum(w for m, w in above[n].items() if m in waiting), nets[n].left, n))
        waiting.remove(n)
        nets[n].track = max((nets[m].track + 1 for m in above if m not in waiting and m != n
                             and (m in above[n] or n in above[m])), default=0)  # fmt: skip


def _cost(upper: _Net, lower: _Net) -> int:
    """What it costs to have one above another: lines that run into each other are worst, then crossings."""
    cost = 0
    for x in upper.bottoms:
        cost += lower.left < x < lower.right
        cost += 100 * sum(abs(x - other) < _APART and x not in lower.bottoms for other in lower.tops)
    return cost + sum(upper.left < x < upper.right for x in lower.tops)


__all__ = ["Span", "tracks"]
