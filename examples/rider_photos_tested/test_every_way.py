"""Each way through the workshop's machine, and where each failure of the six functions leads."""

from __future__ import annotations

from typing import Any

import fakes
import pytest
from machines import WORKSHOP, batch, every_item_is_whole

import asl_local

NOT_MET = "PhotoDoesNotMeetRequirementError"
EXISTS = "FaceAlreadyExistsError"


def simulate(world: fakes.World, *photos: str, **functions: Any) -> asl_local.Result:
    """The machine over some photos; `functions` replace fakes, by the part of the name before `Function`."""
    replaced = {f"*{name}Function*": function for name, function in functions.items()}
    return WORKSHOP.simulate(batch(*photos), {**fakes.functions(world), **replaced})


def test_a_good_photo_leaves_a_face_a_thumbnail_and_an_item() -> None:
    world = fakes.new_world()
    (entry,) = simulate(world, "ada.jpg").unwrap()["results"]
    assert "errorInfo" not in entry
    assert world["table"] == {
        "rider0": {
            "faceId": "face of rider0 on ada.jpg",
            "thumbnail": {"s3key": "resized-ada.jpg", "s3bucket": "rider-thumbnails"},
        }
    }
    assert every_item_is_whole(world)


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        ("ben_sunglasses.jpg", "Face is wearing sunglasses"),
        ("two_people.jpg", "Detected 2 faces in the photo."),
        ("landscape.jpg", "Detected 0 faces in the photo."),
        ("text.jpg", "Unsupported image file format. Only JPEG or PNG is supported"),
    ],
)
def test_a_bad_photo_is_refused_with_a_message_and_leaves_nothing(photo: str, message: str) -> None:
    world = fakes.new_world()
    (entry,) = simulate(world, photo).unwrap()["results"]
    assert entry["errorInfo"] == {"messageToSend": {"title": NOT_MET, "message": message}}
    assert world == fakes.new_world()


def test_a_bad_photo_does_not_stop_the_others() -> None:
    world = fakes.new_world()
    results = simulate(world, "ada.jpg", "text.jpg", "ben.jpg").unwrap()["results"]
    assert [entry.get("errorInfo") is None for entry in results] == [True, False, True]
    assert set(world["table"]) == {"rider0", "rider2"}


def test_a_rider_who_is_registered_is_refused() -> None:
    world = fakes.new_world()
    simulate(world, "ada.jpg").unwrap()
    before = dict(world["table"])
    (entry,) = simulate(world, "ada_mirrored.jpg").unwrap()["results"]
    assert entry["errorInfo"]["messageToSend"]["title"] == EXISTS
    assert world["table"] == before


def test_no_photos_is_no_work() -> None:
    assert simulate(fakes.new_world()).unwrap()["results"] == []


# Each function's own error, and any other. The machine catches two errors and no more: whatever else happens to one
# photo ends the whole batch, at the place that the last column names. That is what the definition says, so the test does.
FAILURES = [
    # function, error, how the execution ends, where
    ("FaceDetection", NOT_MET, "SUCCEEDED", ""),
    ("FaceDetection", "Other", "FAILED", "Task 'FaceDetection'"),
    ("FaceSearch", EXISTS, "SUCCEEDED", ""),
    ("FaceSearch", "Other", "FAILED", "Task 'CheckFaceDuplicate'"),
    ("IndexFace", "Other", "FAILED", "Parallel 'ParallelProcessing', branch 0 > Task 'AddFaceToIndex'"),
    ("Thumbnail", "Other", "FAILED", "Parallel 'ParallelProcessing', branch 1 > Task 'Thumbnail'"),
    ("PersistMetadata", "Other", "FAILED", "Task 'PersistMetadata'"),
    ("NotificationPlaceholder", "Other", "FAILED", "Task 'PhotoDoesNotMeetRequirement'"),
]


@pytest.mark.parametrize(("function", "error", "status", "place"), FAILURES)
def test_a_failure_leads_where_the_machine_says(function: str, error: str, status: str, place: str) -> None:
    def fails(_event: Any) -> Any:
        raise asl_local.StateError(error, '{"errorMessage": "on purpose"}')

    photo = "text.jpg" if function == "NotificationPlaceholder" else "ada.jpg"
    result = simulate(fakes.new_world(), photo, **{function: fails})
    assert result.status == status
    if status == "SUCCEEDED":
        assert result.output["results"][0]["errorInfo"]["messageToSend"] == {"title": error, "message": "on purpose"}
    else:
        assert (result.error, result.place) == (error, f"Map 'DynamicParallelProcessing', item 0 > {place}")


def test_the_history_of_a_good_photo_is_the_one_that_was_looked_at(asl_snapshot: Any) -> None:
    """Event by event; `pytest --asl-snapshot-update` writes it anew."""
    asl_snapshot(simulate(fakes.new_world(), "ada.jpg"))
