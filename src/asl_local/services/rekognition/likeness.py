"""How alike two faces are: the distance of their vectors <-> a similarity in per cent.

Knows: what distances mean. Must never know: how vectors are made or kept.

Similarity is a logistic curve over the Euclidean distance of vectors of length 1. On the photos at hand
(docs/faces.md) strangers lie around 1.42, one pair in a thousand of them below 1.08, and people's own other photos
between 0.3 and 1.0. The curve is laid so that one pair of strangers in a thousand reaches 70 %. Distance 0 is 100 %,
0.81 is 99, 0.93 is 95, 0.98 is 90, 1.04 is 80, 1.08 is 70, 1.42 is 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

STEEPNESS, MIDDLE = 14.0, 1.14
_FULL = 100 * (1 + math.exp(-STEEPNESS * MIDDLE))  # so that no distance at all is 100 and not 99.997


def similarity(distance: float) -> float:
    """0 to 100."""
    return _FULL / (1 + math.exp(STEEPNESS * (distance - MIDDLE)))


def distance_for(percent: float) -> float:
    """The largest distance that is that similar; infinite for 0 %."""
    if percent <= 0:
        return math.inf
    return max(0.0, MIDDLE + math.log(_FULL / percent - 1) / STEEPNESS)


def alike(one: Sequence[float], other: Sequence[float]) -> float:
    """The similarity of two faces' vectors."""
    return similarity(math.dist(one, other))
