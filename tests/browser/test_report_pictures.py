"""Pictures in a report: a photo's key in an input is shown as the photo, out of the local S3."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import asl_local

MACHINE = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.images",
            "ItemSelector": {"s3Bucket.$": "$.s3Bucket", "s3Key.$": "$$.Map.Item.Value.s3Key"},
            "ItemProcessor": {"StartAt": "Look", "States": {"Look": {"Type": "Pass", "End": True}}},
            "End": True,
        }
    },
}


@pytest.fixture
def report(tmp_path: Path) -> str:
    aws, kept = asl_local.LocalAWS(tmp_path / "root"), io.BytesIO()
    Image.new("RGB", (640, 320), (200, 30, 20)).save(kept, "JPEG")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="red one.jpg", Body=kept.getvalue())
    given = {"s3Bucket": "photos", "images": [{"s3Key": "red+one.jpg"}, {"s3Key": "missing.jpg"}]}
    return asl_local.load(MACHINE).simulate(given).to_html(aws=aws)


def test_the_photo_is_shown_beside_its_key(browser_page: Any, axe: Any, report: str) -> None:
    page = browser_page(report)
    page.locator('[data-pointer$="/States/Look"]').first.click()
    picture = page.locator("#state img").first
    picture.wait_for()
    assert picture.get_attribute("alt") == "Picture photos/red+one.jpg"
    size = picture.evaluate("each => each.decode().then(() => [each.naturalWidth, each.naturalHeight])")
    assert size == [160, 80]
    axe(page)


def test_the_table_of_iterations_shows_each_items_photo(browser_page: Any, axe: Any, report: str) -> None:
    page = browser_page(report)
    page.locator('[data-pointer$="/States/Look"]').first.click()
    rows = page.locator("#iterations tbody tr[aria-rowindex]")
    assert [rows.nth(n).locator("img").count() for n in range(rows.count())] == [1, 0]
    assert rows.nth(0).locator("img").bounding_box()["height"] < 28
    axe(page, "#iterations")


def test_a_key_belongs_to_the_bucket_around_it(browser_page: Any, report: str) -> None:
    page = browser_page(report)
    page.locator("#facts").get_by_role("button", name="Unfold").first.click()
    shown = page.locator("#facts img")
    assert {shown.nth(n).get_attribute("alt") for n in range(shown.count())} == {"Picture photos/red+one.jpg"}


def test_a_face_is_told_in_words(browser_page: Any, axe: Any) -> None:
    face = {
        "BoundingBox": {"Width": 0.2, "Height": 0.2, "Left": 0.3, "Top": 0.1}, "Confidence": 100.0,
        "AgeRange": {"Low": 23, "High": 31}, "Smile": {"Value": True, "Confidence": 99.2},
        "Sunglasses": {"Value": False, "Confidence": 99.9}, "Beard": {"Value": False, "Confidence": 99.9},
    }  # fmt: skip
    machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    page = browser_page(asl_local.load(machine).simulate({"face": face, "box": {"BoundingBox": {}}}).to_html())
    said = page.locator("#facts .card").first.locator(".face")
    assert [said.nth(n).inner_text() for n in range(said.count())] == [
        "a face, 100.0 %: 23 to 31 years old, smiling, without sunglasses"
    ]
    axe(page)
