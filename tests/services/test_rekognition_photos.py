"""What the stand-in sees on real photos: the examples', and the workshop's where they are at hand."""

import os
from pathlib import Path

import pytest

from asl_local.services.rekognition import Rekognition

EXAMPLES = Path(__file__).parents[2] / "examples" / "rider_photos" / "photos"
WORKSHOP = Path(os.environ.get("ASL_LOCAL_SHARED", "/nowhere")) / "workshop" / "images"
needs_workshop = pytest.mark.skipif(not WORKSHOP.is_dir(), reason="ASL_LOCAL_SHARED does not name the shared folder")


@pytest.fixture
def rekognition(tmp_path):
    def read_object(bucket, key, version):
        return (Path(bucket) / key).read_bytes()

    return Rekognition(tmp_path, read_object=read_object)


def photo(folder, name):
    return {"S3Object": {"Bucket": str(folder), "Name": name}}


COUNTS = {
    "1_collins.jpg": 1,
    "2_collins_sunglasses.jpg": 1,
    "3_two_people.jpg": 2,
    "4_no_face.jpg": 0,
    "5_collins_mirrored_darker.jpg": 1,
    "6_hopper.jpg": 1,
}
WORKSHOP_COUNTS = {
    "1_happy_face.jpg": 1,
    "2_sunglass_face.jpg": 1,
    "3_multiple_faces.jpg": 3,
    "4_no_face.jpg": 0,
}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_examples_show_as_many_faces_as_people_and_sunglasses_on_one(rekognition, name, count):
    faces = rekognition.detect_faces(Image=photo(EXAMPLES, name), Attributes=["ALL"])["FaceDetails"]
    assert len(faces) == count
    assert any(face["Sunglasses"]["Value"] for face in faces) == ("sunglasses" in name)


@needs_workshop
@pytest.mark.parametrize(("name", "count"), WORKSHOP_COUNTS.items())
def test_workshop_photos_show_as_many_faces_as_people_and_sunglasses_on_one(rekognition, name, count):
    faces = rekognition.detect_faces(Image=photo(WORKSHOP, name), Attributes=["ALL"])["FaceDetails"]
    assert len(faces) == count
    assert any(face["Sunglasses"]["Value"] for face in faces) == ("sunglass" in name)
