"""Photos and faces: the photo workflow against the same calls of OpenCV in a loop, and the search in large collections.

Knows: the Rekognition stand-in's way from a file to faces. Must never know: how anything is timed.
OpenCV, numpy and Pillow are imported when a workload is made: the others are measured without them.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asl_local
from asl_local import LocalAWS
from workloads import shapes
from workloads.base import Side, Sides, Workload

PHOTOS = Path(__file__).resolve().parents[2] / "examples" / "rider_photos" / "photos"
SAMPLES = ("1_collins.jpg", "6_hopper.jpg")
LONGER_SIDE = 2400  # pixels; what a photo of today has at least
THUMBNAIL = 300
LIKENESS = 70.0
NEAR = 10  # faces of a collection that are close to the one that is looked for


def photos_folder(folder: Path, count: int) -> list[str]:
    """Photos for a bench, enlarged from the samples, in S3's bucket `photos`; their keys."""
    from PIL import Image  # noqa: PLC0415

    bucket = folder / "s3" / "photos"
    bucket.mkdir(parents=True)
    pictures = []
    for sample in SAMPLES[:count]:
        with Image.open(PHOTOS / sample) as photo:
            scale = LONGER_SIDE / max(photo.size)
            large = photo.convert("RGB").resize((round(photo.width * scale), round(photo.height * scale)))
        data = io.BytesIO()
        large.save(data, format="JPEG", quality=90)
        pictures.append(data.getvalue())
    keys = [f"photo-{number:03}.jpg" for number in range(count)]
    for number, key in enumerate(keys):
        (bucket / key).write_bytes(pictures[number % len(pictures)])
    return keys


def small(data: bytes) -> bytes:
    """A thumbnail."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    with Image.open(io.BytesIO(data)) as photo:
        picture = ImageOps.exif_transpose(photo)
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    made = io.BytesIO()
    picture.save(made, format="JPEG")
    return made.getvalue()


def photo_machine(concurrency: int = 0) -> asl_local.Machine:
    """What is done with each photo: faces found, the collection searched, the face added and a thumbnail made, at once."""
    both = [shapes.in_a_row([(name, shapes.task(name))]) for name in ("Index", "Thumbnail")]
    item = shapes.in_a_row(
        [
            ("Detect", {**shapes.task("Detect"), "ResultPath": "$.face"}),
            ("Search", {**shapes.task("Search"), "ResultPath": "$.known"}),
            ("Both", {"Type": "Parallel", "Branches": both, "ResultPath": "$.both"}),
        ]
    )
    each = {"Type": "Map", "MaxConcurrency": concurrency, "ItemProcessor": item}
    return asl_local.load(shapes.in_a_row([("Each photo", each)]), name="photos")


def photo_handlers(aws: LocalAWS) -> dict[str, Callable[..., Any]]:
    """The four functions over the stand-ins."""
    s3, rekognition = aws.client("s3"), aws.client("rekognition")
    rekognition.create_collection(CollectionId="riders")

    def image(event: dict[str, Any]) -> dict[str, Any]:
        return {"S3Object": {"Bucket": "photos", "Name": event["key"]}}

    def detect(event: dict[str, Any]) -> dict[str, Any]:
        (face,) = rekognition.detect_faces(Image=image(event), Attributes=["ALL"])["FaceDetails"]
        return {"sunglasses": face["Sunglasses"]["Value"]}

    def search(event: dict[str, Any]) -> int:
        found = rekognition.search_faces_by_image(
            CollectionId="riders", Image=image(event), FaceMatchThreshold=LIKENESS
        )
        return len(found["FaceMatches"])

    def index(event: dict[str, Any]) -> str:
        added = rekognition.index_faces(CollectionId="riders", Image=image(event), ExternalImageId=event["key"])
        return str(added["FaceRecords"][0]["Face"]["ExternalImageId"])

    def thumbnail(event: dict[str, Any]) -> str:
        data = s3.get_object(Bucket="photos", Key=event["key"])["Body"].read()
        s3.put_object(Bucket="photos", Key=f"small/{event['key']}", Body=small(data))
        return f"small/{event['key']}"

    return {"Detect": detect, "Search": search, "Index": index, "Thumbnail": thumbnail}


def _photos(count: int) -> Sides:
    """Every task reads its photo; both sides make the same calls of OpenCV and Pillow, `see` among them, on the same bytes."""
    import numpy as np  # noqa: PLC0415

    from asl_local.services.rekognition.seeing import see  # noqa: PLC0415

    folder = tempfile.TemporaryDirectory()
    keys = photos_folder(Path(folder.name), count)
    bucket = Path(folder.name, "s3", "photos")
    aws = LocalAWS(folder.name)
    handlers, machine = photo_handlers(aws), photo_machine(1)
    given = [{"key": key} for key in keys]

    def by_hand() -> list[Any]:
        done, vectors = [], np.zeros((0, 128), np.float32)
        Path(folder.name, "small").mkdir(exist_ok=True)
        for key in keys:
            (face,) = see("DetectFaces", (bucket / key).read_bytes(), ["ALL"])
            (wanted,) = see("SearchFacesByImage", (bucket / key).read_bytes(), vectors=1)
            known = int((np.linalg.norm(vectors - wanted.vector, axis=1) < 1).sum())
            (found,) = see("IndexFaces", (bucket / key).read_bytes(), vectors=1)
            vectors = np.vstack([vectors, found.vector])
            Path(folder.name, "small", key).write_bytes(small((bucket / key).read_bytes()))
            done.append((key, face.detail["Sunglasses"]["Value"], known, key, f"small/{key}"))
        return done

    def anew() -> tuple[()]:
        aws.client("rekognition").delete_collection(CollectionId="riders")
        aws.client("rekognition").create_collection(CollectionId="riders")
        return ()

    def told(result: asl_local.Result) -> list[Any]:
        output: Any = result.unwrap()
        return [(each["key"], each["face"]["sunglasses"], each["known"], *each["both"]) for each in output]

    return Sides(
        Side(by_hand),
        {"run": Side(lambda: machine.run(given, handlers), anew, told)},
        folder.cleanup,
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
        "photos", "A Map of 4 photos of 2,400 pixels: faces found, searched for, indexed, thumbnails made, one photo at a time",
        "a loop that makes the same calls of OpenCV and Pillow, and keeps the vectors in memory", 4, 1, _photos,
        items="photos",
    ),
    *map(_search, (1_000, 10_000, 100_000, 1_000_000)),
]  # fmt: skip
