"""Photos and faces: the photo workflow against the same calls of OpenCV in a loop, and the search in large collections.

Knows: the Rekognition stand-in's way from a file to faces. Must never know: how anything is timed.
OpenCV, numpy and Pillow are imported when a workload is made: the others are measured without them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import asl_local
from workloads.base import Side, Sides, Workload

SIDE = 1_600  # pixels of the photos' longer side
NEAR = 10  # faces of a collection that are close to the one that is looked for


def _photos(count: int) -> Sides:
    """The workflow of photos.py, one photo at a time, and its loop that looks at each photo once."""
    import cv2  # noqa: PLC0415
    import photos  # noqa: PLC0415

    from asl_local.services.rekognition.networks import shared_pool  # noqa: PLC0415

    folder = tempfile.TemporaryDirectory()
    workflow = photos.Workflow(Path(folder.name))
    keys = workflow.upload(photos.photos(count, SIDE))
    given, handlers, machine = [{"key": key} for key in keys], workflow.handlers(), workflow.machine(1)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # as the stand-in has it while it looks

    def by_hand() -> list[Any]:
        # The same networks on both sides: where they lie in memory is worth a per cent.
        with shared_pool().borrow() as networks:
            return photos.once(networks, Path(folder.name, "s3"), keys)

    def anew() -> tuple[()]:
        workflow.anew()
        return ()

    def told(result: asl_local.Result) -> list[Any]:
        output: Any = result.unwrap()
        return [(each["sunglasses"], each["known"]) for each in output]

    def close() -> None:
        cv2.setNumThreads(threads)
        folder.cleanup()

    return Sides(
        Side(by_hand),
        {"run": Side(lambda: machine.run(given, handlers), anew, told)},
        close,
    )


def _faces(count: int) -> Sides:
    """A collection of random vectors, some of them near the one that is looked for."""
    import numpy as np  # noqa: PLC0415

    from asl_local.services.rekognition.collection import FaceCollection  # noqa: PLC0415

    folder = tempfile.TemporaryDirectory()
    chance = np.random.default_rng(7)
    wanted = chance.standard_normal(128).astype(np.float32)
    wanted /= np.linalg.norm(wanted)
    FaceCollection.create(Path(folder.name), "faces", 0.0, "1", "one")
    collection = FaceCollection(Path(folder.name))
    page = 20_000
    for first in range(0, count, page):
        rows = chance.standard_normal((min(page, count - first), 128)).astype(np.float32)
        if first == 0:
            rows[:NEAR] = wanted + 0.02 * rows[:NEAR]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        box = dict.fromkeys(("Width", "Height", "Left", "Top"), 0.25)
        collection.add(
            [
                ({"FaceId": f"face-{first + n}", "ImageId": f"image-{first + n}", "BoundingBox": box, "Confidence": 99.0}, row)
                for n, row in enumerate(rows)
            ]
        )  # fmt: skip
    (file,) = Path(folder.name).glob("vectors-*.f32")
    matrix = np.memmap(file, "<f4", "r").reshape(count, 128)
    squares = np.einsum("ij,ij->i", matrix, matrix)
    limit = 1.0

    def by_hand() -> list[tuple[float, int]]:
        squared = squares - 2 * (matrix @ wanted) + wanted @ wanted
        nearest = np.argpartition(squared, NEAR)[: NEAR + 1]
        exact = np.linalg.norm(matrix[nearest].astype(np.float64) - wanted, axis=1)
        return sorted((float(exact[n]), int(nearest[n])) for n in range(len(nearest)) if exact[n] <= limit)

    def brute_force() -> list[tuple[float, str]]:
        found = []
        for first in range(0, count, page):
            exact = np.linalg.norm(matrix[first : first + page].astype(np.float64) - wanted, axis=1)
            found += [(round(float(exact[n]), 9), f"face-{first + n}") for n in np.flatnonzero(exact <= limit)]
        return sorted(found)

    expected = brute_force()

    def named(found: list[tuple[float, Any]]) -> list[tuple[float, str]]:
        answer = [
            (round(distance, 9), face["FaceId"] if isinstance(face, dict) else f"face-{face}")
            for distance, face in found
        ]
        assert answer == expected, f"{answer} is not what brute force finds: {expected}"
        return answer

    return Sides(
        Side(by_hand, answer=named),
        {"nearest": Side(lambda: collection.nearest(wanted, limit), answer=named)},
        folder.cleanup,
    )


def _search(count: int) -> Workload:
    return Workload(
        f"faces-{count:,}".replace(",", ""), f"Exact search for the nearest among {count:,} faces of a collection",
        "one matrix product over the same mapped file, and argpartition in numpy", count, 200, _faces, items="faces",
        quick=count <= 10_000,
    )  # fmt: skip


WORKLOADS = [
    Workload(
        "photos", "A Map of 6 photos, one at a time: faces found, searched for, indexed, a thumbnail made",
        "a loop that makes the same calls of OpenCV and Pillow, each once, and keeps the vectors in memory", 6, 1, _photos,
        items="photos", turns=32,
    ),
    *map(_search, (1_000, 10_000, 100_000, 1_000_000)),
]  # fmt: skip
