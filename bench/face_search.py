"""The search in face collections of 10^3 to 10^6 faces, beside brute force in plain numpy; whether both find the same.

    python bench/face_search.py [sizes ...]        default: 1,000, 10,000, 100,000 and 1,000,000 (1 GB of disk, a minute)

Brute force is `rows @ wanted` over the same file mapped into memory, argpartition, and exact distances of the nearest; it
knows nothing of records, deleted faces or other processes. CPU times are medians, and include what threads of BLAS burn
after a call: OpenBLAS's second thread turns idly for some time. Every search is compared with the distances of all faces
in float64: the faces, their order and their distances must be equal to the last bit.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from asl_local.services.rekognition.collection import FaceCollection
from asl_local.services.rekognition.likeness import distance_for

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PAGE = 20_000
NEAR = 12  # faces close to the one that is looked for, some of them equal
DELETED = 50  # every so many-th face is deleted again
MOST = 80  # what SearchFaces gives unless it is asked for more
LIMIT = distance_for(80.0)
REST = 0.15  # seconds in which other threads may come to rest


def record(number: int) -> dict[str, Any]:
    """What IndexFaces keeps of a face."""
    box = {"Width": 0.25, "Height": 0.3333333333333333, "Left": 0.1 + number % 7 / 10, "Top": 0.2}
    text = f"{number:08x}-0000-4000-8000-{number * 2654435761 % 2**48:012x}"
    return {
        "FaceId": text,
        "BoundingBox": box,
        "ImageId": text,
        "ExternalImageId": f"rider-{number}",
        "Confidence": 99.5,
    }


def unit(rows: Any) -> Any:
    """Of length 1."""
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def fill(folder: Path, count: int) -> tuple[FaceCollection, Any]:
    """A collection of random faces, a few near to the vector that comes with it, some deleted."""
    FaceCollection.create(folder, "faces", 0.0, "1", "bench")
    collection, chance = FaceCollection(folder), np.random.default_rng(7)
    wanted = unit(chance.standard_normal(128))
    for first in range(0, count, PAGE):
        rows = chance.standard_normal((min(PAGE, count - first), 128), dtype=np.float32)
        if first == 0:
            rows[: NEAR // 2] = wanted + 0.02 * rows[: NEAR // 2]
            rows[NEAR // 2 : NEAR] = rows[0]
        collection.add([(record(first + n), row) for n, row in enumerate(unit(rows))])
    gone = range(3, min(count, DELETED * 1000), DELETED)
    collection.remove([record(number)["FaceId"] for number in gone])
    return collection, wanted


def compared_with_all(rows: Any, gone: set[int], wanted: Any, limit: float, most: int) -> list[tuple[float, str]]:
    """The nearest faces, found by the distance of each in float64."""
    found: list[tuple[float, int]] = []
    for first in range(0, len(rows), PAGE):
        distances = np.linalg.norm(rows[first : first + PAGE].astype(np.float64) - wanted, axis=1)
        found += [(float(distances[n]), first + int(n)) for n in np.flatnonzero(distances <= limit)]
    alive = ((distance, number) for distance, number in sorted(found) if number not in gone)
    return [(distance, record(number)["FaceId"]) for distance, number in itertools.islice(alive, most)]


def brute_force(rows: Any, wanted: Any, limit: float, most: int) -> list[tuple[float, int]]:
    """The same by hand, for a file of which nothing was ever deleted: the floor."""
    squared = 2 - 2 * (rows @ wanted)
    nearest = np.argpartition(squared, most)[:most] if most < len(rows) else np.arange(len(rows))
    distances = np.linalg.norm(rows[nearest].astype(np.float64) - wanted, axis=1)
    order = np.lexsort((nearest, distances))
    return [(float(distances[n]), int(nearest[n])) for n in order if distances[n] <= limit]


def cpu(work: Callable[[], Any], rounds: int = 7) -> float:
    """CPU seconds of all threads, the median; what goes on after the work is part of it."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        time.sleep(REST)
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def measured(count: int) -> str:
    """A line of the table."""
    with tempfile.TemporaryDirectory() as name:
        collection, wanted = fill(Path(name) / "c", count)
        (file,) = (Path(name) / "c").glob("*.f32")
        rows = np.memmap(file, "<f4", "r").reshape(count, 128)
        gone = set(range(3, min(count, DELETED * 1000), DELETED))
        for limit, most in ((LIMIT, MOST), (1.2, 10), (1.3, 4096), (np.inf, 100), (0.0, MOST)):
            for vector in (wanted, np.array(rows[0]), np.array(rows[count // 2])):
                answer = [(distance, face["FaceId"]) for distance, face in collection.nearest(vector, limit, most)]
                assert answer == compared_with_all(rows, gone, vector, limit, most), (count, limit, most)
        floor = cpu(lambda: brute_force(rows, wanted, LIMIT, MOST))
        search = cpu(lambda: collection.nearest(wanted, LIMIT, MOST))
        opened = cpu(lambda: FaceCollection(Path(name) / "c").nearest(wanted, LIMIT, MOST))
        fresh = itertools.count(count)
        vectors = unit(np.random.default_rng(8).standard_normal((100, 128)))
        added = cpu(lambda: collection.add([(record(next(fresh)), vectors[0])]))
        both = cpu(
            lambda: (collection.add([(record(next(fresh)), vectors[1])]), collection.nearest(wanted, LIMIT, MOST))
        )
        times = "  ".join(f"{seconds * 1000:8.1f}" for seconds in (floor, search, opened, added, both))
        return f"{count:>9,}  {times}   {search / floor:6.2f}   equal"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    print("CPU milliseconds")
    print(f"{'faces':>9}  {'floor':>8}  {'search':>8}  {'opened':>8}  {'add one':>8}  {'add+find':>8}   {'ratio':>6}")
    for count in parser.parse_args().sizes:
        print(measured(count), flush=True)


if __name__ == "__main__":
    main()
