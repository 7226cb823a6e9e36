"""The photo workflow through a Map, beside the same calls of OpenCV and Pillow in a plain loop: CPU time, and two cores.

    python bench/photos.py [photos] [--side PIXELS] [--rounds N]        default: 12 photos of 1,600 pixels, 5 rounds

For each photo the workflow asks for its faces with all attributes, searches for the face, adds it to the collection and
makes a thumbnail. Two loops do that by hand: one makes every call anew for each of the four tasks, as four functions that
know nothing of each other do; the other looks at each photo once and has everything from that. CPU times are medians of
rounds in turns; throughput is wall time, the shortest of the rounds, and says little on a machine that others use.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps

import asl_local
from asl_local.services.rekognition.attributes import View, face_detail
from asl_local.services.rekognition.detector import find_faces
from asl_local.services.rekognition.embedding import embed
from asl_local.services.rekognition.images import decode
from asl_local.services.rekognition.likeness import distance_for
from asl_local.services.rekognition.networks import Networks

SAMPLES = Path(__file__).resolve().parents[1] / "examples" / "rider_photos" / "photos"
PORTRAITS = ("1_collins.jpg", "6_hopper.jpg")
BUCKET, SMALL, COLLECTION = "photos", "small", "riders"
BY_HAND = "by-hand"
"""Where the loops put their thumbnails: S3 would take those in its own bucket for files that a person edited."""

LIKENESS, THUMBNAIL = 70.0, 300


def photos(count: int, side: int) -> list[bytes]:
    """Portraits of that longer side, no two of the same bytes."""
    made = []
    for name in PORTRAITS:
        with Image.open(SAMPLES / name) as photo:
            scale = side / max(photo.size)
            large = photo.convert("RGB").resize((round(photo.width * scale), round(photo.height * scale)))
        data = io.BytesIO()
        large.save(data, "JPEG", quality=90)
        made.append(data.getvalue())
    return [made[number % len(made)] + b"photo %d" % number for number in range(count)]


def small(data: bytes) -> bytes:
    """A thumbnail."""
    with Image.open(io.BytesIO(data)) as photo:
        photo.thumbnail((THUMBNAIL, THUMBNAIL))
        picture = ImageOps.exif_transpose(photo)
    made = io.BytesIO()
    picture.save(made, "JPEG")
    return made.getvalue()


def four_times(networks: Networks, folder: Path, keys: Iterable[str]) -> list[Any]:
    """The loop in which each of the four tasks reads and looks for itself."""
    found, known = [], np.zeros((0, 128), np.float32)
    for key in keys:
        picture = decode((folder / BUCKET / key).read_bytes())
        (face,) = find_faces(networks, picture)
        detail = face_detail(View(networks, picture, face), ["ALL"])
        for _ in ("search", "index"):
            picture = decode((folder / BUCKET / key).read_bytes())
            (face,) = find_faces(networks, picture)
            face_detail(View(networks, picture, face), ())
            vector = embed(networks, picture, face)
        found.append((detail["Sunglasses"]["Value"], near(known, vector)))
        known = np.vstack([known, vector])
        (folder / BY_HAND / key).write_bytes(small((folder / BUCKET / key).read_bytes()))
    return found


def once(networks: Networks, folder: Path, keys: Iterable[str]) -> list[Any]:
    """The loop that looks at each photo once."""
    found, known = [], np.zeros((0, 128), np.float32)
    for key in keys:
        data = (folder / BUCKET / key).read_bytes()
        picture = decode(data)
        (face,) = find_faces(networks, picture)
        detail = face_detail(View(networks, picture, face), ["ALL"])
        vector = embed(networks, picture, face)
        found.append((detail["Sunglasses"]["Value"], near(known, vector)))
        known = np.vstack([known, vector])
        (folder / BY_HAND / key).write_bytes(small(data))
    return found


def near(known: Any, vector: Any) -> int:
    """How many of the vectors are that person's."""
    return int((np.linalg.norm(known - vector, axis=1) <= distance_for(LIKENESS)).sum())


class Workflow:
    """The workflow over a folder of photos; `run` and `simulate` need a collection that is `anew` each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.anew()
        for bucket in (BUCKET, SMALL):
            self._s3.create_bucket(Bucket=bucket)
        (folder / "s3" / BY_HAND).mkdir()

    def upload(self, data: list[bytes]) -> list[str]:
        """Puts photos into the bucket; gives their keys."""
        keys = [f"{number:04}.jpg" for number in range(len(data))]
        for key, photo in zip(keys, data, strict=True):
            self._s3.put_object(Bucket=BUCKET, Key=key, Body=photo)
        return keys

    def anew(self) -> None:
        """An empty collection, and clients that have never seen a photo."""
        aws = asl_local.LocalAWS(self._folder)
        self._s3, self._rekognition = aws.client("s3"), aws.client("rekognition")
        if COLLECTION in self._rekognition.list_collections()["CollectionIds"]:
            self._rekognition.delete_collection(CollectionId=COLLECTION)
        self._rekognition.create_collection(CollectionId=COLLECTION)

    def machine(self, concurrency: int) -> asl_local.Machine:
        """A Map over the photos, so many at a time (0: as many as there are)."""

        def task(name: str, **more: Any) -> dict[str, Any]:
            return {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:123456789012:function:{name}", **more}

        branches = [
            {"StartAt": name, "States": {name: task(name, End=True)}} for name in ("index", "thumbnail")
        ]  # fmt: skip
        states = {
            "Detect": task("detect", ResultPath="$.sunglasses", Next="Search"),
            "Search": task("search", ResultPath="$.known", Next="Both"),
            "Both": {"Type": "Parallel", "Branches": branches, "ResultPath": "$.both", "End": True},
        }
        each = {
            "Type": "Map",
            "MaxConcurrency": concurrency,
            "ItemProcessor": {"StartAt": "Detect", "States": states},
            "End": True,
        }
        return asl_local.load({"StartAt": "Photos", "States": {"Photos": each}})

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        """The four functions."""
        return {"detect": self._detect, "search": self._search, "index": self._index, "thumbnail": self._thumbnail}

    def _detect(self, event: dict[str, Any]) -> bool:
        (face,) = self._rekognition.detect_faces(Image=_image(event), Attributes=["ALL"])["FaceDetails"]
        return bool(face["Sunglasses"]["Value"])

    def _search(self, event: dict[str, Any]) -> int:
        found = self._rekognition.search_faces_by_image(
            CollectionId=COLLECTION, Image=_image(event), FaceMatchThreshold=LIKENESS
        )
        return len(found["FaceMatches"])

    def _index(self, event: dict[str, Any]) -> str:
        added = self._rekognition.index_faces(
            CollectionId=COLLECTION, Image=_image(event), ExternalImageId=event["key"]
        )
        return str(added["FaceRecords"][0]["Face"]["FaceId"])

    def _thumbnail(self, event: dict[str, Any]) -> str:
        data = self._s3.get_object(Bucket=BUCKET, Key=event["key"])["Body"].read()
        self._s3.put_object(Bucket=SMALL, Key=event["key"], Body=small(data))
        return str(event["key"])


def _image(event: dict[str, Any]) -> dict[str, Any]:
    return {"S3Object": {"Bucket": BUCKET, "Name": event["key"]}}


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result, CPU seconds, wall seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="?", type=int, default=12)
    parser.add_argument("--side", type=int, default=1600, help="pixels of the longer side")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    networks = Networks()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workflow = Workflow(folder)
        keys = workflow.upload(photos(arguments.photos, arguments.side))
        given, handlers = [{"key": key} for key in keys], workflow.handlers()

        def mapped(concurrency: int) -> list[Any]:
            result: Any = workflow.machine(concurrency).run(given, handlers).unwrap()
            return [(each["sunglasses"], each["known"]) for each in result]

        ways: dict[str, Callable[[], list[Any]]] = {
            "loop, four looks": lambda: four_times(networks, folder / "s3", keys),
            "loop, one look": lambda: once(networks, folder / "s3", keys),
            "Map, one photo at a time": lambda: mapped(1),
            "Map, all at once": lambda: mapped(0),
        }
        samples: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        cv2.setNumThreads(1)  # as the stand-in has it while it looks: OpenCV's own threads lose more than they win
        for round_ in range(arguments.rounds + 1):
            expected = None
            for way, work in ways.items():
                workflow.anew()
                found, cpu, wall = timed(work)
                if way != "Map, all at once":  # there it is chance which of two photos of one person comes first
                    expected = expected or found
                    assert found == expected, f"{way}: {found} is not {expected}"
                if round_:
                    samples[way].append((cpu, wall))
    print(f"{arguments.photos} photos of {arguments.side} pixels, {arguments.rounds} rounds in turns\n")
    cpus = {way: statistics.median(cpu for cpu, _ in taken) for way, taken in samples.items()}
    walls = {way: min(wall for _, wall in taken) for way, taken in samples.items()}
    columns = ("CPU a photo", "of four looks", "of one look", "photos/s", "times one look", "cores busy")
    print(f"{'':26}" + "".join(f"{column:>15}" for column in columns))
    four, one, *_ = cpus.values()
    for way, cpu in cpus.items():
        print(
            f"{way:26}{cpu * 1000 / arguments.photos:12.1f} ms{cpu / four:15.3f}{cpu / one:15.3f}"
            f"{arguments.photos / walls[way]:15.1f}{walls['loop, one look'] / walls[way]:15.2f}{cpu / walls[way]:15.2f}"
        )


if __name__ == "__main__":
    main()
