"""The vectors of a collection's faces in a file, mapped into memory, and the exact search among them.

Knows: float32 rows in a file, distances. Must never know: whose face a row is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[Any]

DIMENSIONS = 128
ROW = 4 * DIMENSIONS  # bytes
_ROUNDING = 1e-3  # more than a squared distance can be off by when it comes out of a product of float32


def encode(vectors: Sequence[Vector]) -> bytes:
    """The rows as they stand in the file: little-endian float32."""
    return np.stack([np.asarray(vector, "<f4") for vector in vectors]).tobytes()


class VectorFile:
    """The rows of one file; it may grow at its end while this is in use, and nothing else may happen to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: Vector = np.zeros((0, DIMENSIONS), np.float32)
        self._squares: Vector = np.zeros(0, np.float32)

    def row(self, number: int) -> Vector:
        """A copy of one row."""
        return np.array(self._mapped(number + 1)[number])

    def nearest(self, vector: Vector, rows: Sequence[int], limit: float) -> list[tuple[float, int]]:
        """Those of `rows` (ascending) at most `limit` away, with their distances, the nearest first.

        Exact: one matrix product over the whole file finds the candidates, whose distances are then taken by
        difference, since the product is off by rounding where distances are small.
        """
        if not rows:
            return []
        mapped = self._mapped(rows[-1] + 1)
        fresh = mapped[len(self._squares) :]
        self._squares = np.append(self._squares, np.einsum("ij,ij->i", fresh, fresh))
        wanted = np.asarray(vector, np.float32)
        chosen = np.asarray(rows, np.int64)
        squared = (self._squares[: len(mapped)] - 2 * (mapped @ wanted) + wanted @ wanted)[chosen]
        chosen = chosen[squared <= limit**2 + _ROUNDING]
        distances = np.linalg.norm(mapped[chosen].astype(np.float64) - wanted, axis=1)
        order = np.lexsort((chosen, distances))
        return [(float(distances[i]), int(chosen[i])) for i in order if distances[i] <= limit]

    def _mapped(self, count: int) -> Vector:
        """The first `count` rows at least, mapped anew when the file has grown."""
        if len(self._rows) < count:
            self._rows = np.memmap(self._path, "<f4", "r", shape=(count, DIMENSIONS))
        return self._rows
