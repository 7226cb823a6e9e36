"""The workshop's six Lambda functions, for `--resources examples/rider_photos/functions.py`.

Each is written as against boto3; only where its client comes from differs. On AWS a function would make its client at
module level (`rekognition = boto3.client("rekognition")`), here `resources(aws)` hands it one of the local stand-ins.

An object's key arrives URL-encoded, as in S3's events: "+" stands for a blank, other characters are percent-encoded.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

# What the workshop's stack sets as the functions' environment; a variable of the same name in the process wins.
ENVIRONMENT = {
    "REKOGNITION_COLLECTION_ID": "rider-photos",
    "RIDER_PHOTOS_DDB_TABLE": "RiderPhotos",
    "THUMBNAIL_BUCKET": "rider-thumbnails",
    "MAX_WIDTH": "300",
    "MAX_HEIGHT": "300",
}

THRESHOLD = 70.0  # per cent of similarity from which two faces are one person's
ORIENTATION = 0x0112  # the tag of EXIF that says how to turn a photo: from 5 on by a quarter
UNSET_SIZE = "250"  # pixels, where MAX_WIDTH or MAX_HEIGHT is not set

Event = Mapping[str, Any]


class PhotoDoesNotMeetRequirementError(Exception):
    """The rider should take another photo; the text says why."""


class FaceAlreadyExistsError(Exception):
    """The rider is registered already."""


def resources(aws: Any) -> dict[str, Callable[..., Any]]:
    """The functions by patterns of their names: CloudFormation adds something of its own before and behind."""
    s3, rekognition, dynamodb = (aws.client(name) for name in ("s3", "rekognition", "dynamodb"))
    environment = {**ENVIRONMENT, **os.environ}
    return {
        "*FaceDetectionFunction*": partial(face_detection, rekognition),
        "*FaceSearchFunction*": partial(face_search, rekognition, environment),
        "*IndexFaceFunction*": partial(index_face, rekognition, environment),
        "*ThumbnailFunction*": partial(thumbnail, s3, environment),
        "*PersistMetadataFunction*": partial(persist_metadata, dynamodb, environment),
        "*NotificationPlaceholderFunction*": notification_placeholder,
    }


def face_detection(rekognition: Any, event: Event) -> dict[str, Any]:
    """What Rekognition says of the one face in the photo."""
    try:
        faces = rekognition.detect_faces(Image=image(event), Attributes=["ALL"])["FaceDetails"]
    except rekognition.exceptions.ImageTooLargeException as error:
        raise PhotoDoesNotMeetRequirementError(error.response["Error"]["Message"]) from error
    except rekognition.exceptions.InvalidImageFormatException as error:
        raise PhotoDoesNotMeetRequirementError(
            "Unsupported image file format. Only JPEG or PNG is supported"
        ) from error
    if len(faces) != 1:
        raise PhotoDoesNotMeetRequirementError(f"Detected {len(faces)} faces in the photo.")
    face: dict[str, Any] = faces[0]
    if face.get("Sunglasses", {}).get("Value"):
        raise PhotoDoesNotMeetRequirementError("Face is wearing sunglasses")
    face.pop("Landmarks", None)  # by far the largest part, and no later state needs it
    return face


def face_search(rekognition: Any, environment: Mapping[str, str], event: Event) -> None:
    """Refuses a face that is in the collection."""
    found = rekognition.search_faces_by_image(
        CollectionId=environment["REKOGNITION_COLLECTION_ID"],
        Image=image(event),
        FaceMatchThreshold=THRESHOLD,
        MaxFaces=3,
    )
    if found["FaceMatches"]:
        raise FaceAlreadyExistsError("Face in the picture is already in the system. ")


def index_face(rekognition: Any, environment: Mapping[str, str], event: Event) -> dict[str, Any]:
    """Adds the face to the collection under the rider's name."""
    indexed = rekognition.index_faces(
        CollectionId=environment["REKOGNITION_COLLECTION_ID"],
        Image=image(event),
        ExternalImageId=event["userId"],
        DetectionAttributes=[],
    )
    face: dict[str, Any] = indexed["FaceRecords"][0]["Face"]
    return face


def thumbnail(s3: Any, environment: Mapping[str, str], event: Event) -> dict[str, Any]:
    """Stores a smaller photo of the same format and ratio; one that is small already keeps its size."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - the other five work without Pillow

    key = unquote_plus(event["s3Key"])
    bucket = environment["THUMBNAIL_BUCKET"]
    most = int(environment.get("MAX_WIDTH", UNSET_SIZE)), int(environment.get("MAX_HEIGHT", UNSET_SIZE))
    with Image.open(io.BytesIO(s3.get_object(Bucket=event["s3Bucket"], Key=key)["Body"].read())) as photo:
        # Phones write several pictures into one JPEG and call it MPO; the thumbnail is the first.
        kind = "JPEG" if photo.format == "MPO" else str(photo.format)
        # Scaled first: a JPEG is then decoded no larger than that takes. A photo taken upright may lie on its side there.
        on_its_side = photo.getexif().get(ORIENTATION, 1) >= 5
        photo.thumbnail(most[::-1] if on_its_side else most)
        small = ImageOps.exif_transpose(photo)
    data = io.BytesIO()
    small.save(data, format=kind)
    name = f"resized-{key}"
    s3.put_object(Bucket=bucket, Key=name, Body=data.getvalue(), ContentType=f"image/{kind.lower()}")
    return {"thumbnail": {"s3key": name, "s3bucket": bucket}}


def persist_metadata(dynamodb: Any, environment: Mapping[str, str], event: Event) -> dict[str, Any]:
    """Writes the rider's item. The key stays as it arrived, as it does where the state machine writes the item itself."""
    face, small = event["parallelResult"][0], event["parallelResult"][1]["thumbnail"]
    dynamodb.put_item(
        TableName=environment["RIDER_PHOTOS_DDB_TABLE"],
        Item={
            "Username": {"S": event["userId"]},
            "s3key": {"S": event["s3Key"]},
            "s3bucket": {"S": event["s3Bucket"]},
            "faceId": {"S": face["FaceId"]},
            "thumbnail": {"M": {"s3key": {"S": small["s3key"]}, "s3bucket": {"S": small["s3bucket"]}}},
        },
    )
    return {}


def notification_placeholder(event: Event) -> dict[str, Any]:
    """What a message to the rider would say; the error's Cause is the JSON text that Lambda makes of an exception."""
    error = event["errorInfo"]
    return {"messageToSend": {"title": error["Error"], "message": json.loads(error["Cause"])["errorMessage"]}}


def image(event: Event) -> dict[str, Any]:
    """The photo as Rekognition's requests name it."""
    return {"S3Object": {"Bucket": event["s3Bucket"], "Name": unquote_plus(event["s3Key"])}}
