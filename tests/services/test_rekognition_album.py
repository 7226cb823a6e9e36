"""What was seen on a photo is remembered: looked at once, answered as by one who never saw it, bounded, for
many threads.
"""

import contextlib
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rekognition_helpers import EXAMPLES, example, opened

from asl_local.services import unchanged
from asl_local.services.errors import ClientError
from asl_local.services.local import LocalAWS
from asl_local.services.rekognition import Rekognition, album, seeing
from asl_local.services.rekognition.album import Album, KnownFace
from asl_local.services.rekognition.attributes import ALL_LANDMARKS

PORTRAIT = {"S3Object": {"Bucket": "photos", "Name": "6_hopper.jpg"}}
TWO = {"S3Object": {"Bucket": "photos", "Name": "3_two_people.jpg"}}

OPERATIONS = {
    "detect": lambda client, image: client.detect_faces(Image=image),
    "detect all": lambda client, image: client.detect_faces(Image=image, Attributes=["ALL"]),
    "detect some": lambda client, image: client.detect_faces(Image=image, Attributes=["SMILE", "EYES_OPEN"]),
    "search": lambda client, image: client.search_faces_by_image(CollectionId="c", Image=image, FaceMatchThreshold=1),
    "search well": lambda client, image: client.search_faces_by_image(
        CollectionId="empty", Image=image, QualityFilter="HIGH"
    ),
    "index": lambda client, image: client.index_faces(CollectionId="c", Image=image, DetectionAttributes=["ALL"]),
    "index one": lambda client, image: client.index_faces(CollectionId="c", Image=image, MaxFaces=1),
    "compare": lambda client, image: client.compare_faces(
        SourceImage=image, TargetImage=PORTRAIT, SimilarityThreshold=1
    ),
}


@pytest.fixture
def counts(monkeypatch):
    """How often a photo is opened, read, decoded, searched for faces, and a face turned into a vector."""
    counts = {"open": 0, "read": 0, "decode": 0, "find_faces": 0, "embed_chip": 0}

    def counted(name, work):
        def call(*arguments):
            counts[name] += 1
            return work(*arguments)

        return call

    monkeypatch.setattr(album.files, "whole", counted("read", album.files.whole))
    monkeypatch.setattr(seeing.images, "decode", counted("decode", seeing.images.decode))
    for name in ("find_faces", "embed_chip"):
        monkeypatch.setattr(seeing, name, counted(name, getattr(seeing, name)))
    return counts


@pytest.fixture
def make(tmp_path, counts):
    numbers = itertools.count()

    def open_object(bucket, key, version):
        counts["open"] += 1
        return opened((EXAMPLES / key).read_bytes())

    def client():
        rekognition = Rekognition(tmp_path / f"{next(numbers)}", open_object=open_object)
        for collection in ("c", "empty"):
            rekognition.create_collection(CollectionId=collection)
        return rekognition

    return client


def told(answer):
    """An answer without what is drawn by lot."""
    if isinstance(answer, dict):
        return {key: told(value) for key, value in answer.items() if key not in ("FaceId", "ResponseMetadata")}
    return [told(each) for each in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize("name", [each for each in OPERATIONS if each != "compare"])
def test_an_operation_reads_and_decodes_and_looks_once(make, counts, name):
    OPERATIONS[name](make(), PORTRAIT)
    embedded = 0 if name.startswith("detect") else 1
    assert counts == {"open": 1, "read": 1, "decode": 1, "find_faces": 1, "embed_chip": embedded}


def test_a_workflows_tasks_decode_and_look_once_together(make, counts):
    client = make()
    for name in ("detect all", "search", "index", "search", "detect", "compare"):
        OPERATIONS[name](client, PORTRAIT)
    assert counts == {"open": 7, "read": 1, "decode": 1, "find_faces": 1, "embed_chip": 1}
    OPERATIONS["detect all"](client, TWO)
    OPERATIONS["index"](client, TWO)
    assert counts == {"open": 9, "read": 2, "decode": 2, "find_faces": 2, "embed_chip": 3}


@pytest.mark.parametrize("image", [PORTRAIT, TWO], ids=["one face", "two faces"])
def test_answers_are_those_of_one_who_never_saw_the_photo(make, image):
    """Every operation after every other: what one left behind changes nothing for the next."""
    fresh = {name: told(operation(make(), image)) for name, operation in OPERATIONS.items()}
    for order in (list(OPERATIONS), list(OPERATIONS)[::-1], list(OPERATIONS)[3:] + list(OPERATIONS)[:3]):
        client, known = make(), False
        for name in [*order, *order]:
            answer = told(OPERATIONS[name](client, image))
            if name != "search" or not known:
                assert answer == fresh[name], name
            known = known or name.startswith("index")


def test_what_a_caller_does_to_an_answer_is_its_own_affair(make):
    client = make()
    first = OPERATIONS["detect all"](client, PORTRAIT)
    before = told(first)
    (face,) = first["FaceDetails"]
    face["Pose"].clear()
    face["Smile"]["Value"] = "perhaps"
    face["Landmarks"].clear()
    face["BoundingBox"]["Left"] = 7
    del face["Quality"]
    assert (
        told(OPERATIONS["detect all"](client, PORTRAIT))["FaceDetails"]
        == told(OPERATIONS["detect all"](make(), PORTRAIT))["FaceDetails"]
    )
    assert before.keys() == {"FaceDetails"}


def test_what_is_no_picture_is_refused_each_time_and_not_remembered(make):
    client = make()
    for _ in range(2):
        with pytest.raises(ClientError, match="InvalidImageFormatException"):
            client.detect_faces(Image={"Bytes": b"no picture"})
    assert client._album._photos == {}


def test_threads_that_want_the_same_photo_look_at_it_once(make, counts):
    client, data = make(), {"Bytes": example("6_hopper.jpg")}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: told(client.detect_faces(Image=data)), range(6)))
    assert answers == [answers[0]] * 6
    assert counts["decode"] == counts["find_faces"] == 1


def test_photos_are_looked_at_side_by_side(make, monkeypatch):
    """Each of two threads waits inside of its look until the other is there, too."""
    client, meeting, decode = make(), threading.Barrier(2), seeing.images.decode

    def decode_together(data):
        meeting.wait(timeout=60)
        return decode(data)

    monkeypatch.setattr(seeing.images, "decode", decode_together)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda image: len(client.detect_faces(Image=image)["FaceDetails"]), [PORTRAIT, TWO]))
    assert found == [1, 2]


def known(size):
    return KnownFace(SimpleNamespace(mesh=np.zeros(size, np.uint8)), None)


@given(
    photos=st.lists(st.tuples(st.integers(0, 12), st.lists(st.integers(0, 9000), max_size=3)), max_size=60),
    most=st.integers(0, 60_000),
)
def test_an_album_is_bounded_and_lets_go_of_what_was_longest_unused(photos, most):
    album, used = Album(most), []
    for number, sizes in photos:
        digest = str(number)
        with album.open(digest) as photo:
            assert (photo.faces is not None) == (digest in used)
            if photo.faces is None:
                photo.faces = [known(size) for size in sizes]
        left = list(album._photos)
        used = [each for each in used if each != digest] + [digest]
        assert left == used[len(used) - len(left) :]
        used = left
        assert album._bytes == sum(photo.size for photo in album._photos.values()) <= most


def test_an_album_that_forgets_a_photo_in_use_counts_right():
    album = Album(10_000)
    with album.open("a") as one:
        one.faces = [known(9_000)]
        album.clear()
        with album.open("b") as other:
            other.faces = [known(5_000)]
    assert list(album._photos) == ["b"]
    assert album._bytes == album._photos["b"].size


@pytest.fixture
def folder(tmp_path, monkeypatch, counts):
    """Photos in the local S3, untouched for a minute, and its Rekognition."""
    now = unchanged.time.time_ns() + 60 * 10**9
    monkeypatch.setattr(unchanged.time, "time_ns", lambda: now)
    aws = LocalAWS(tmp_path)
    aws.client("s3").create_bucket(Bucket="photos")
    aws.client("s3").put_object(Bucket="photos", Key="6_hopper.jpg", Body=example("6_hopper.jpg"))
    aws.client("rekognition").create_collection(CollectionId="c")
    return aws


def test_an_objects_bytes_are_read_once_and_its_hash_is_s3s(folder, counts):
    client = folder.client("rekognition")
    for name in ("detect all", "search", "index", "compare"):
        OPERATIONS[name](client, PORTRAIT)
    assert counts == {"open": 0, "read": 1, "decode": 1, "find_faces": 1, "embed_chip": 1}
    ids = [
        client.index_faces(CollectionId="c", Image=image, ExternalImageId=name)["FaceRecords"][0]["Face"]["ImageId"]
        for name, image in (("object", PORTRAIT), ("bytes", {"Bytes": example("6_hopper.jpg")}))
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("how", ["put", "placed", "written into"])
def test_an_object_that_was_replaced_is_looked_at_again(folder, how):
    client, file = folder.client("rekognition"), folder.root / "s3" / "photos" / "6_hopper.jpg"
    assert len(client.detect_faces(Image=PORTRAIT)["FaceDetails"]) == 1
    if how == "put":
        folder.client("s3").put_object(Bucket="photos", Key=file.name, Body=example("3_two_people.jpg"))
    elif how == "placed":
        (folder.root / "other").write_bytes(example("3_two_people.jpg"))
        (folder.root / "other").replace(file)
    else:
        file.write_bytes(example("3_two_people.jpg"))
    assert len(client.detect_faces(Image=PORTRAIT)["FaceDetails"]) == 2


def test_an_object_that_is_written_into_after_its_hash_was_told_is_seen_as_it_is_now(folder, monkeypatch):
    """The file changes between its opening and its reading."""
    client, file = folder.client("rekognition"), folder.root / "s3" / "photos" / "6_hopper.jpg"
    album_open = Album.open

    def open_late(album, digest):
        file.write_bytes(example("3_two_people.jpg"))
        monkeypatch.setattr(Album, "open", album_open)
        return album_open(album, digest)

    monkeypatch.setattr(Album, "open", open_late)
    assert len(client.detect_faces(Image=PORTRAIT)["FaceDetails"]) == 2
    file.write_bytes(example("6_hopper.jpg"))
    assert len(client.detect_faces(Image=PORTRAIT)["FaceDetails"]) == 1


def descriptors_below(folder):
    """What this process has open there; what earlier tests have left open elsewhere may be closed at any moment."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one of this listing
            found.append(str(each.readlink()))
    return sorted(name for name in found if name.startswith(str(folder)))


def test_descriptors_are_closed_whatever_comes_of_an_image(folder):
    client, s3 = folder.client("rekognition"), folder.client("s3")
    s3.put_object(Bucket="photos", Key="text", Body=b"no picture")
    s3.put_object(Bucket="photos", Key="large", Body=b"\xff" * 15_728_641)
    client.detect_faces(Image=PORTRAIT)
    before = descriptors_below(folder.root)
    client.detect_faces(Image=PORTRAIT)
    OPERATIONS["compare"](client, PORTRAIT)
    for key in ("text", "large", "missing"):
        with pytest.raises(ClientError):
            client.detect_faces(Image={"S3Object": {"Bucket": "photos", "Name": key}})
    assert descriptors_below(folder.root) == before


def test_landmarks_that_are_remembered_count():
    photo = known(0)
    before = photo.size
    photo.points = {name: (x / 7, x / 9) for x, name in enumerate(ALL_LANDMARKS)}
    parts = [each for point in photo.points.values() for each in (point, *point)]
    assert photo.size - before > sum(map(sys.getsizeof, parts))
