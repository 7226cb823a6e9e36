"""Thumbnails: which objects the data of a run refer to, and what becomes of the pictures among them."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from asl_local.reporters.report import thumbnails
from asl_local.reporters.report.thumbnails import pictures_of, references, small
from asl_local.reporters.visits.model import Attempt, Child, Run, Visit

RED, BLUE = (200, 30, 20), (10, 40, 220)


def picture(size: tuple[int, int] = (400, 200), format: str = "JPEG", **saved: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    kept = io.BytesIO()
    image.save(kept, format, **saved)
    return kept.getvalue()


def opened(uri: str | None) -> Image.Image:
    assert uri is not None
    head, _, data = uri.partition(",")
    assert head in ("data:image/jpeg;base64", "data:image/png;base64")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def near(colour: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(colour, wanted, strict=False))


# -- what refers to an object ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"s3Bucket": "b", "s3Key": "k/1.jpg"},
        {"s3bucket": "b", "s3key": "k/1.jpg"},
        {"s3_bucket": "b", "S3-Key": "k/1.jpg"},
        {"Bucket": "b", "Key": "k/1.jpg"},
        {"bucketName": "b", "objectKey": "k/1.jpg"},
        {"S3Object": {"Bucket": "b", "Name": "k/1.jpg"}},
        {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k/1.jpg", "size": 7}}}]},
        {"detail": {"bucket": {"name": "b"}, "object": {"key": "k/1.jpg"}}},
        {"s3key": {"S": "k/1.jpg"}, "s3bucket": {"S": "b"}},
        "s3://b/k/1.jpg",
        [["no", {"at": "s3://b/k/1.jpg"}]],
        {"s3Bucket": "b", "images": [{"userId": "u", "s3Key": "k/1.jpg"}]},
    ],
    ids=str,
)
def test_a_reference(value: Any) -> None:
    assert set(references([value])) == {("b", "k/1.jpg")}


@pytest.mark.parametrize(
    "value",
    [
        None, 7, "b/k", "s3://b", "s3://b/", "s3:///k", {"s3Key": "k"}, {"Bucket": "b"}, {"Bucket": 7, "Key": "k"},
        {"Bucket": "b", "Key": ["k"]}, {"Bucket": "", "Key": "k"}, {"name": "x", "key": "k"}, {"bucket": {"name": "b"}},
    ],
    ids=str,
)  # fmt: skip
def test_no_reference(value: Any) -> None:
    assert list(references([value])) == []


def test_references_stand_in_order_and_the_nearest_bucket_counts() -> None:
    value = {"bucket": "b", "a": [{"key": "1"}, {"bucket": "c", "key": "2", "z": {"key": "3"}}], "key": "0"}
    assert list(references([value, "s3://d/4"])) == [("b", "0"), ("b", "1"), ("c", "2"), ("c", "3"), ("d", "4")]


def test_deep_values() -> None:
    value: Any = "s3://b/k"
    for _ in range(5_000):
        value = [value]
    assert list(references([value])) == [("b", "k")]


# -- pictures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_gets_small_and_keeps_its_colours(format: str) -> None:
    image = opened(small(picture(format=format)))
    assert (image.format, image.size) == ("JPEG", (160, 80))
    assert near(image.convert("RGB").getpixel((20, 40)), RED)
    assert near(image.convert("RGB").getpixel((140, 40)), BLUE)


def test_a_small_picture_is_not_made_larger() -> None:
    assert opened(small(picture((30, 20)))).size == (30, 20)


def test_a_picture_that_lies_on_its_side_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: left comes to the top
    image = opened(small(picture(exif=exif))).convert("RGB")
    assert image.size == (80, 160)
    assert near(image.getpixel((40, 20)), RED)
    assert near(image.getpixel((40, 140)), BLUE)


def test_clear_pictures_stay_clear_and_nothing_but_the_pixels_is_kept() -> None:
    kept = io.BytesIO()
    Image.new("RGBA", (300, 300), (*RED, 0)).save(kept, "PNG")
    image = opened(small(kept.getvalue()))
    assert (image.format, image.size, image.getpixel((5, 5))[3]) == ("PNG", (160, 160), 0)
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    assert not opened(small(picture(exif=exif))).getexif()


@pytest.mark.parametrize(
    "data", [b"", b"text", picture()[:700], picture(format="PNG")[:60], b"\x89PNG\r\n\x1a\n" + bytes(40), b"GIF89a"]
)
def test_broken_pictures_are_none(data: bytes) -> None:
    assert small(data) is None


# -- the pictures of a run ---------------------------------------------------------------------------------------------


def run(**members: Any) -> Run:
    return Run(name="e", status="SUCCEEDED", events=[], **members)


def visit(**members: Any) -> Visit:
    return Visit(number=0, state="A", type="Task", pointer="/States/A", first=1, entered=0.0, **members)


class Bucket:
    """The objects of one bucket, and how often each was asked for."""

    def __init__(self, **objects: bytes) -> None:
        self.objects, self.asked = objects, list[str]()

    def __call__(self, bucket: str, key: str) -> bytes | None:
        self.asked.append(key)
        return self.objects.get(key.removesuffix(".jpg")) if bucket == "b" else None


def ref(key: str) -> dict[str, str]:
    return {"Bucket": "b", "Key": f"{key}.jpg"}


def test_everywhere_in_a_run_and_each_object_once() -> None:
    names = ["a", "b", "c", "d", "e", "f", "g"]
    bucket = Bucket(**dict.fromkeys(names, picture((8, 8))), h=b"text")
    attempt = Attempt(1, 2, 0.0, input=ref("c"), output=ref("d"))
    child = Child(0, run(input=ref("g")))
    found = pictures_of(
        run(
            input=[ref("a"), ref("a"), ref("h"), ref("missing")], output=ref("f"), children=[child],
            visits=[visit(input=ref("b"), output=ref("a"), attempts=[attempt], assigned={"v": ref("e")})],
        ),
        bucket,
    )  # fmt: skip
    assert list(found) == [f"b/{name}.jpg" for name in "abcdefg"]
    assert all(opened(uri).size == (8, 8) for uri in found.values())
    assert sorted(bucket.asked) == sorted([f"{name}.jpg" for name in [*names, "h", "missing"]])


def test_a_key_as_s3_events_have_it() -> None:
    fetch = Bucket(**{"my photo": picture((8, 8))})
    assert list(pictures_of(run(input={"Bucket": "b", "Key": "my+photo.jpg"}), fetch)) == ["b/my+photo.jpg"]


def test_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MOST", 3)
    bucket = Bucket(**{str(n): picture((8, 8)) for n in range(9)})
    values = [ref(str(n)) for n in range(9)]
    assert list(pictures_of(run(input=values), bucket)) == ["b/0.jpg", "b/1.jpg", "b/2.jpg"]
    assert bucket.asked == ["0.jpg", "1.jpg", "2.jpg"]
    one = len(small(picture((8, 8))) or "")
    monkeypatch.setattr(thumbnails, "MOST_BYTES", 2 * one)
    assert list(pictures_of(run(input=values), bucket)) == ["b/0.jpg", "b/1.jpg"]


def test_the_names_are_the_pages_too(project: Path) -> None:
    script = (project / "src/asl_local/reporters/report/page/pictures.js").read_text("utf-8")
    for name in (*thumbnails.BUCKETS, *thumbnails.KEYS):
        assert f'"{name}"' in script
