"""How alike two faces are: the distance of their vectors <-> a similarity in per cent.

Knows: what dlib's distances mean. Must never know: how vectors are made or kept.

Similarity is a logistic curve over the Euclidean distance. On the photos at hand (docs/faces.md) people's own other
photos lie at 0.30 to 0.44, strangers around 0.82. The curve's middle is chosen so that one pair of strangers in two
hundred reaches 70 %, its slope so that a person's own photos reach 90. Distance 0 is 100 %, 0.36 is 99, 0.45 is 95,
0.48 is 90, 0.52 is 80, 0.55 is 70, 0.65 is 24.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

STEEPNESS, MIDDLE = 20.0, 0.592
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
