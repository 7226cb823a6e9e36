"""The vectors of a collection's faces in a file, mapped into memory, and the exact search among them.

Knows: float32 rows in a file, distances. Must never know: whose face a row is, or whether it still is there.
"""

from __future__ import annotations

import itertools
import math
import mmap
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asl_local.services.files import BINARY
from asl_local.services.rekognition.collection.errors import CollectionDamaged

Vector: TypeAlias = NDArray[Any]

DIMENSIONS = 128
ROW = 4 * DIMENSIONS  # bytes
SEGMENT = 1 << 17  # rows mapped at once: when the file grows only the last piece of it is mapped anew
PIECE = 1 << 13  # rows whose exact distances are taken at once: what it needs stays small however many are near
# Rows of one call of BLAS. A product below 9,216 multiplications stays on the calling thread. With all rows in one call
# OpenBLAS uses a second thread that wins nothing, since memory is what limits, and that turns idly for some time after.
BLOCK = 64
_UNIT = 1e-5  # how far the square of a length may be from 1
_ROUNDING = 2.5e-4  # more than a squared distance can be off when it comes from a product of float32 of length 1


def encode(vectors: Sequence[Vector]) -> bytes:
    """The rows as they stand in the file: little-endian float32. Raises ValueError unless each is of length 1."""
    rows = [np.asarray(vector, "<f4") for vector in vectors]
    for row in rows:
        wide = row.astype(np.float64)
        if row.shape != (DIMENSIONS,) or not abs(float(wide @ wide) - 1) <= _UNIT:
            raise ValueError(f"a face's vector has {DIMENSIONS} numbers and the length 1")
    return b"".join(row.tobytes() for row in rows)


class Rows:
    """The first so many rows of a file, mapped; they stay as they are, whatever becomes of the file."""

    def __init__(self, segments: Sequence[Vector], count: int) -> None:
        self._segments, self._count = segments, count

    def row(self, number: int) -> Vector:
        """A copy of one row."""
        return np.array(self._segments[number // SEGMENT][number % SEGMENT])

    def copies(self, numbers: Sequence[int] | Vector) -> Iterator[Vector]:
        """Copies of rows (ascending), in pieces."""
        chosen = np.asarray(numbers, np.int64)
        for number, segment in enumerate(self._segments):
            low, high = np.searchsorted(chosen, (number * SEGMENT, (number + 1) * SEGMENT))
            for start in range(low, high, PIECE):
                yield segment[chosen[start : min(start + PIECE, high)] - number * SEGMENT]

    def nearest(self, vector: Vector, limit: float, first: int) -> Iterator[tuple[float, int]]:
        """Those at most `limit` away, with their distances: the nearest first, of equals the earlier row.

        Exact: a matrix product over all rows finds the candidates, whose distances are then taken by difference, since
        the product is off by rounding. About the `first` of them are got ready at once, more when they are asked for.
        """
        wanted = np.asarray(vector, np.float32)
        wide = wanted.astype(np.float64)
        length = math.sqrt(float(wide @ wide))
        slack = _ROUNDING * (1 + length) ** 2
        squared = self._products(wanted)
        squared *= -2
        squared += 1 + length**2
        candidates = np.flatnonzero(squared <= limit**2 + slack)
        found = self._in_order(wanted, candidates, squared[candidates], slack, max(1, first))
        return itertools.takewhile(lambda pair: pair[0] <= limit, found)

    def _in_order(
        self, wanted: Vector, rows: Vector, roughly: Vector, slack: float, ready: int
    ) -> Iterator[tuple[float, int]]:
        """The rows with their distances; `roughly` are the squares of these, each off by less than `slack`."""
        while len(rows) > ready:
            # All that lie within the bound are taken: the others are farther even with the worst rounding.
            last = float(np.partition(roughly, ready - 1)[ready - 1])
            near, bound = roughly <= last + 2 * slack, last + slack
            chosen = rows[near]
            distances = self._distances(wanted, chosen)
            done = distances <= np.sqrt(bound)
            yield from _sorted(distances[done], chosen[done])
            near[near] = done
            rows, roughly, ready = rows[~near], roughly[~near], ready * 4
        if len(rows):
            yield from _sorted(self._distances(wanted, rows), rows)

    def _distances(self, wanted: Vector, rows: Vector) -> Vector:
        found = []
        for piece in self.copies(rows):
            apart = piece.astype(np.float64)
            apart -= wanted
            apart *= apart
            found.append(np.sqrt(np.add.reduce(apart, axis=1)))
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _products(self, wanted: Vector) -> Vector:
        """The matrix product of all rows with a vector."""
        found = np.empty(self._count, np.float32)
        for number, segment in enumerate(self._segments):
            there = found[number * SEGMENT : (number + 1) * SEGMENT]
            here = segment[: len(there)]
            whole = len(here) - len(here) % BLOCK
            np.matmul(here[:whole].reshape(-1, BLOCK, DIMENSIONS), wanted, out=there[:whole].reshape(-1, BLOCK))
            np.matmul(here[whole:], wanted, out=there[whole:])
        return found


def _sorted(distances: Vector, rows: Vector) -> Iterator[tuple[float, int]]:
    order = np.lexsort((rows, distances))
    return zip(distances[order].tolist(), rows[order].tolist(), strict=True)


class VectorFile:
    """A file of rows; it may grow at its end while this is in use, and nothing else may happen to it."""

    def __init__(self, path: Path) -> None:
        self._path, self._name = path, str(path)
        self._segments: list[Vector] = []
        self._mapping = threading.Lock()

    def rows(self, count: int) -> Rows:
        """The first `count` rows. Raises FileNotFoundError, CollectionDamaged if there are fewer."""
        needed = -(-count // SEGMENT)
        with self._mapping:
            if sum(map(len, self._segments)) < count:
                _check_size(self._path, os.stat(self._name).st_size, count)  # noqa: PTH116 - a search of a grown file asks
                kept = [segment for segment in self._segments if len(segment) == SEGMENT]
                fresh = range(len(kept), needed)
                self._segments = kept + [self._map(number, min(SEGMENT, count - number * SEGMENT)) for number in fresh]
            return Rows(self._segments[:needed], count)

    def _map(self, number: int, rows: int) -> Vector:
        offset = number * SEGMENT * ROW
        beside = offset % mmap.ALLOCATIONGRANULARITY
        descriptor = os.open(self._name, os.O_RDONLY | BINARY)
        try:  # numpy's memmap does the same in four times the time
            mapped = mmap.mmap(descriptor, beside + rows * ROW, access=mmap.ACCESS_READ, offset=offset - beside)
        finally:
            os.close(descriptor)
        return np.frombuffer(mapped, "<f4", rows * DIMENSIONS, beside).reshape(rows, DIMENSIONS)


def append(path: Path, before: int, vectors: Iterable[bytes]) -> None:
    """Writes rows behind the first `before` ones and has them on the disk; what a crash left there is cut off first.

    Raises OSError (a full disk, say) with nothing of them left, CollectionDamaged where fewer rows are there.
    """
    end = before * ROW
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | BINARY, 0o666)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        _check_size(path, size, before)
        if size > end:
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
        try:
            for each in vectors:
                left = memoryview(each)
                while left:
                    left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except BaseException:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def _check_size(path: Path, size: int, rows: int) -> None:
    if size < rows * ROW:
        raise CollectionDamaged(f"{path}: {rows} vectors should be there, {size // ROW} are")
