"""What the stand-in sees on real photos: the examples', and the workshop's where they are at hand."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from rekognition_helpers import EXAMPLES, encoded, example, portrait

from asl_local.services.rekognition import Rekognition
from asl_local.services.rekognition.images import decode
from asl_local.services.rekognition.networks import Pool

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


@pytest.fixture
def rekognition(tmp_path):
    return Rekognition(tmp_path, open_object=lambda bucket, key, version: b"")


@pytest.fixture
def look(rekognition):
    def faces(data, *attributes):
        return rekognition.detect_faces(Image={"Bytes": data}, Attributes=list(attributes))["FaceDetails"]

    return faces


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_examples_show_as_many_faces_as_people_and_sunglasses_on_one(look, name, count):
    faces = look(example(name), "ALL")
    assert len(faces) == count
    assert any(face["Sunglasses"]["Value"] for face in faces) == ("sunglasses" in name)


@pytest.mark.parametrize(("name", "count"), WORKSHOP_COUNTS.items())
def test_workshop_photos_show_as_many_faces_as_people_and_sunglasses_on_one(look, shared, name, count):
    faces = look((shared / "workshop" / "images" / name).read_bytes(), "ALL")
    assert len(faces) == count
    assert any(face["Sunglasses"]["Value"] for face in faces) == ("sunglass" in name)
    assert all(face["Smile"]["Value"] for face in faces)


def test_workshop_people_are_strangers_to_each_other(rekognition, shared):
    rekognition.create_collection(CollectionId="riders")
    for name in WORKSHOP_COUNTS:
        data = {"Bytes": (shared / "workshop" / "images" / name).read_bytes()}
        rekognition.index_faces(CollectionId="riders", Image=data, ExternalImageId=name)
    faces = rekognition.list_faces(CollectionId="riders")["Faces"]
    assert len(faces) == 5
    for face in faces:
        found = rekognition.search_faces(CollectionId="riders", FaceId=face["FaceId"], FaceMatchThreshold=70)
        assert found["FaceMatches"] == []


def test_the_portraits_look_as_they_do_to_people(look):
    (collins,), (hopper,) = look(example("1_collins.jpg"), "ALL"), look(example("6_hopper.jpg"), "ALL")
    values = {name: (collins[name]["Value"], hopper[name]["Value"]) for name in ("Smile", "Eyeglasses", "EyesOpen")}
    assert values == {"Smile": (True, False), "Eyeglasses": (False, True), "EyesOpen": (True, True)}
    for face in (collins, hopper):
        assert face["Confidence"] > 99
        assert all(abs(angle) < 10 for angle in face["Pose"].values())


def test_eyes_behind_sunglasses_are_open_or_closed_with_no_confidence(look):
    (face,) = look(example("2_collins_sunglasses.jpg"), "ALL")
    assert face["Eyeglasses"]["Value"]
    assert face["EyesOpen"]["Confidence"] < 56


def test_places_are_shares_of_the_picture(look):
    (face,) = look(example("1_collins.jpg"), "ALL")
    box = face["BoundingBox"]
    points = {point["Type"]: (point["X"], point["Y"]) for point in face["Landmarks"]}
    assert points["eyeLeft"] == pytest.approx((203 / 512, 101 / 512), abs=0.005)
    assert points["eyeRight"] == pytest.approx((247 / 512, 104 / 512), abs=0.005)
    assert points["leftEyeLeft"] < points["leftEyeRight"] < points["rightEyeLeft"] < points["rightEyeRight"]
    assert points["nose"][1] < points["mouthUp"][1] < points["mouthDown"][1] < points["chinBottom"][1]
    assert all(box["Left"] <= x <= box["Left"] + box["Width"] for x, _ in points.values())
    assert all(box["Top"] <= y <= box["Top"] + box["Height"] for _, y in points.values())


@pytest.mark.parametrize("orientation", range(2, 9))
def test_places_refer_to_the_upright_picture(look, orientation):
    undo = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]
    exif = Image.Exif()
    exif[0x0112] = undo
    stored = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(portrait(), "PNG", exif=exif)))).convert("RGB")
    exif[0x0112] = orientation
    (face,) = look(encoded(stored, "JPEG", exif=exif, quality=95))
    (upright,) = look(encoded(portrait(), "JPEG", quality=95))
    assert face["BoundingBox"] == pytest.approx(upright["BoundingBox"], abs=0.01)
    assert face["Pose"] == pytest.approx(upright["Pose"], abs=3)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(ImageOps.mirror, id="mirrored"),
        pytest.param(ImageOps.grayscale, id="grey"),
        pytest.param(lambda image: ImageEnhance.Brightness(image).enhance(0.4), id="dark"),
        pytest.param(lambda image: image.resize((256, 256)), id="half as large"),
        pytest.param(lambda image: image.resize((2600, 2600)), id="five times as large"),
        pytest.param(lambda image: image.rotate(20, expand=True), id="tilted"),
        pytest.param(lambda image: image.crop((130, 30, 330, 230)), id="cut out"),
    ],
)
def test_a_changed_photo_is_still_the_same_person(rekognition, change):
    changed = encoded(change(portrait()).convert("RGB"), "JPEG", quality=80)
    answer = rekognition.compare_faces(
        SourceImage={"Bytes": example("1_collins.jpg")}, TargetImage={"Bytes": changed}, SimilarityThreshold=95
    )
    assert len(answer["FaceMatches"]) == 1


def test_a_mirrored_photo_has_the_same_vector(rekognition):
    mirrored = encoded(ImageOps.mirror(portrait()), "PNG")
    answer = rekognition.compare_faces(
        SourceImage={"Bytes": encoded(portrait(), "PNG")}, TargetImage={"Bytes": mirrored}, SimilarityThreshold=0
    )
    assert answer["FaceMatches"][0]["Similarity"] > 99.9


def test_a_crowd_is_looked_at_more_closely(look):
    people = [portrait().crop((150, 30, 300, 180)), Image.open(EXAMPLES / "6_hopper.jpg").crop((120, 80, 400, 360))]
    crowd = Image.new("RGB", (12 * 100, 8 * 100), (90, 110, 130))
    for i in range(96):
        crowd.paste(people[i % 2].resize((80, 80), Image.Resampling.LANCZOS), (i % 12 * 100 + 10, i // 12 * 100 + 10))
    assert len(look(encoded(crowd, "JPEG", quality=92))) >= 90


@pytest.mark.parametrize("colour", ["black", "white", (120, 130, 140)])
def test_an_empty_picture_shows_nobody(look, colour):
    assert look(encoded(Image.new("RGB", (640, 480), colour), "PNG")) == []


def test_noise_and_shapes_show_nobody(look):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    assert look(encoded(Image.fromarray(noise), "PNG")) == []
    drawing = Image.new("RGB", (640, 480), "white")
    draw = ImageDraw.Draw(drawing)
    for i in range(40):
        draw.ellipse((i * 16, i * 11, i * 16 + 60, i * 11 + 80), outline="black", fill=(i * 6, 255 - i * 6, 128))
    assert look(encoded(drawing, "PNG")) == []


def test_calls_from_several_threads_see_what_one_sees(rekognition):
    photos = [example(name) for name in COUNTS]

    def faces(data):
        return rekognition.detect_faces(Image={"Bytes": data}, Attributes=["ALL"])["FaceDetails"]

    alone = [faces(data) for data in photos]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(faces, photos * 3)) == alone * 3


def test_the_pool_lends_each_set_once_and_puts_opencvs_threads_back():
    pool, before = Pool(2), cv2.getNumThreads()
    with pool.borrow() as one:
        assert cv2.getNumThreads() == 1
        with pool.borrow() as other:
            assert one is not other
        with pool.borrow() as again:
            assert again is other
    assert cv2.getNumThreads() == before
    with pytest.raises(KeyError), pool.borrow():
        raise KeyError
    with pool.borrow(), pool.borrow():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before


def test_the_sample_photos_can_be_made_again(tmp_path):
    command = [sys.executable, str(EXAMPLES.parent / "make_photos.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == [
        "2_collins_sunglasses.jpg", "3_two_people.jpg", "5_collins_mirrored_darker.jpg", "7_not_a_picture.jpg",
    ]  # fmt: skip
    assert (tmp_path / made.pop()).read_bytes() == example("7_not_a_picture.jpg")
    for name in made:
        new, old = decode((tmp_path / name).read_bytes()).pixels, decode(example(name)).pixels
        assert np.abs(new.astype(int) - old).mean() < 1  # libraries of other versions round a little differently
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 1_500_000
