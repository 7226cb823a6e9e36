"""Light fakes of the workshop's six Lambda functions, and of a seventh that the mended machine calls.

Knows: what each function does to the buckets, the face collection and the table. Must never know: the state machine.

A photo is a list of the people on it. The bucket of thumbnails, the face collection and the tables are one plain value, the
`world`. The functions keep nothing of their own, so a world can be copied, compared and explored. Errors have the names
and the texts of the real functions in ../rider_photos/functions.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

World = dict[str, Any]
Event = Mapping[str, Any]


class PhotoDoesNotMeetRequirementError(Exception):
    """The rider should take another photo; the text says why."""


class FaceAlreadyExistsError(Exception):
    """Another rider has registered with this face."""


PHOTOS: dict[str, Any] = {
    "ada.jpg": ["Ada"],
    "ada_mirrored.jpg": ["Ada"],
    "ben.jpg": ["Ben"],
    "ben_sunglasses.jpg": ["Ben, in sunglasses"],
    "two_people.jpg": ["Ada", "Ben"],
    "landscape.jpg": [],
    "text.jpg": None,  # not a picture
}


def new_world() -> World:
    """Nobody is registered."""
    return {"collection": {}, "thumbnails": {}, "table": {}, "claims": {}}


def functions(world: World) -> dict[str, Callable[[Event], Any]]:
    """The functions over a world, by patterns of their names as in ../rider_photos/functions.py."""
    return {
        "*FaceDetectionFunction*": face_detection,
        "*FaceSearchFunction*": partial(face_search, world),
        "*IndexFaceFunction*": partial(index_face, world),
        "*ThumbnailFunction*": partial(thumbnail, world),
        "*PersistMetadataFunction*": partial(persist_metadata, world),
        "*NotificationPlaceholderFunction*": notification_placeholder,
    }


def fresh() -> dict[str, Callable[[Event], Any]]:
    """The functions over a world of their own, for case files."""
    return functions(new_world())


def face_detection(event: Event) -> dict[str, Any]:
    people = PHOTOS[event["s3Key"]]
    if people is None:
        raise PhotoDoesNotMeetRequirementError("Unsupported image file format. Only JPEG or PNG is supported")
    if len(people) != 1:
        raise PhotoDoesNotMeetRequirementError(f"Detected {len(people)} faces in the photo.")
    if "sunglasses" in people[0]:
        raise PhotoDoesNotMeetRequirementError("Face is wearing sunglasses")
    return {"Confidence": 99.9}


def face_search(world: World, event: Event) -> None:
    if person_on(event["s3Key"]) in world["collection"].values():
        raise FaceAlreadyExistsError("Face in the picture is already in the system. ")


def index_face(world: World, event: Event) -> dict[str, str]:
    """The same photo under the same ExternalImageId is the same face, as IndexFaces has it."""
    face = f"face of {event['userId']} on {event['s3Key']}"
    world["collection"][face] = person_on(event["s3Key"])
    return {"FaceId": face, "ExternalImageId": event["userId"]}


def thumbnail(world: World, event: Event) -> dict[str, Any]:
    key = f"resized-{event['s3Key']}"
    world["thumbnails"][key] = event["s3Key"]
    return {"thumbnail": {"s3key": key, "s3bucket": "rider-thumbnails"}}


def persist_metadata(world: World, event: Event) -> dict[str, Any]:
    face, small = event["parallelResult"]
    world["table"][event["userId"]] = {"faceId": face["FaceId"], **small}
    return {}


def notification_placeholder(event: Event) -> dict[str, Any]:
    error = event["errorInfo"]
    return {"messageToSend": {"title": error["Error"], "message": json.loads(error["Cause"])["errorMessage"]}}


def person_on(key: str) -> str:
    (person,) = PHOTOS[key]
    return str(person)


# -- what the mended machine calls (mended.asl.json) -------------------------------------------------------------------


def mended_functions(world: World) -> dict[str, Callable[[Event], Any]]:
    """The functions as the mended machine needs them: two do something else, one is new."""
    return {
        **functions(world),
        "*FaceSearchFunction*": partial(faces_alike, world),
        "*PersistMetadataFunction*": partial(claim_and_persist, world),
        "*RemoveFaceFunction*": partial(remove_face, world),
    }


def faces_alike(world: World, event: Event) -> list[str]:
    """The other faces of the collection that look like the one just indexed, as SearchFaces finds them by a FaceId."""
    own = event["parallelResult"][0]["FaceId"]
    person = world["collection"].get(own)
    return sorted(face for face, other in world["collection"].items() if other == person and face != own)


def claim_and_persist(world: World, event: Event) -> dict[str, Any]:
    """One transaction (TransactWriteItems): the rider's item, and a claim on the own face and on each that is alike.

    A claim is put under the condition that nobody has it, or the own face does. If one fails, nothing is written.
    """
    own = event["parallelResult"][0]["FaceId"]
    faces = [own, *event["alike"]]
    if any(world["claims"].get(face, own) != own for face in faces):
        raise FaceAlreadyExistsError("Face in the picture is already in the system. ")
    world["claims"].update(dict.fromkeys(faces, own))
    return persist_metadata(world, event)


def remove_face(world: World, event: Event) -> dict[str, Any]:
    world["collection"].pop(event["parallelResult"][0]["FaceId"], None)
    return {}
