"""Stage 7, which calls its functions by lambda:invoke, the table and the topic itself: by mocks, on a virtual clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from machines import HERE, STAGE_7

from asl_local import Result, mock
from asl_local.strategies import inputs

PHOTO = {"s3Bucket": "rider-photos", "s3Key": "ada.jpg", "userId": "ada"}
INVOKED = {
    "FaceDetection": mock.payload({"Confidence": 99.9}),
    "CheckFaceDuplicate": mock.payload(None),
    "AddFaceToIndex": mock.payload({"FaceId": "face-1"}),
    "Thumbnail": mock.payload({"thumbnail": {"s3key": "resized-ada.jpg", "s3bucket": "rider-thumbnails"}}),
}
MOCKS = {**INVOKED, "PersistMetadata": {}, "PhotoDoesNotMeetRequirement": {"MessageId": "message-1"}}


def simulate(test_case: str) -> Result:
    """A test case of mocks.json, a file that Step Functions Local reads, too."""
    return STAGE_7.simulate(PHOTO, mock_config=HERE / "mocks.json", test_case=test_case)


def test_the_test_cases_of_the_mock_file() -> None:
    assert simulate("HappyPath").path[-1] == "PersistMetadata"
    for test_case in ("Sunglasses", "KnownFace"):
        assert simulate(test_case).output == {"MessageId": "message-1"}


def test_two_retries_take_six_seconds() -> None:
    result = simulate("LambdaIsBusyTwice")
    assert (result.status, result.seconds) == ("SUCCEEDED", 2 + 4)


@pytest.mark.parametrize("state", INVOKED)
def test_a_function_that_stays_busy_is_given_up_after_two_minutes(state: str) -> None:
    result = STAGE_7.simulate(PHOTO, mocks={**MOCKS, state: mock.throws("Lambda.ServiceException", "busy")})
    assert (result.status, result.error) == ("FAILED", "Lambda.ServiceException")
    assert result.seconds == 2 + 4 + 8 + 16 + 32 + 64


@settings(max_examples=10, derandomize=True, deadline=None)
@given(inputs(STAGE_7))
def test_the_item_tells_whose_photo_it_is_whoever_started_the_machine(event: Any) -> None:
    """`inputs` reads off the definition what an input may look like: the workshop's, an event of S3, and others between."""
    mocks = mock.Mocks(MOCKS)
    assert STAGE_7.simulate(event, mocks=mocks).status == "SUCCEEDED"
    by_hand = {"s3Key", "userId", "s3Bucket"} <= set(event)
    rider = event["userId"] if by_hand else event["account"]
    mocks.assert_called_once_with("PersistMetadata", {"$.Item.Username.S": rider})
