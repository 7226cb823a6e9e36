"""How alike two faces are: the distance of their vectors <-> a similarity in per cent.

Knows: what dlib's distances mean. Must never know: how vectors are made or kept.

Similarity is a logistic curve over the Euclidean distance. Its middle is chosen so that dlib's own limit for "the
same person", 0.6, is 70 %; its slope so that the usual thresholds of 80 and 90 let through as few strangers as they
are used for (docs/faces.md has the counts). Distance 0 is 100 %, 0.52 is 90, 0.57 is 80, 0.60 is 70, 0.80 is 9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

STEEPNESS, MIDDLE = 16.0, 0.653
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
