"""The questions that the workshop asks at the end, answered from what lies in the buckets, the table and the collection.

They hold for any run: an accepted photo must have left its traces, any other photo none, and what was there before must
still be there.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import setup
from functions import ENVIRONMENT, THRESHOLD

# What becomes of each sample photo: None for accepted, else the error's name and message. An accepted rider is known
# from then on, so a later run must answer with ALREADY.
ALREADY = ("FaceAlreadyExistsError", "Face in the picture is already in the system. ")
_NOT_MET = "PhotoDoesNotMeetRequirementError"
EXPECTED = {
    "1_collins.jpg": None,
    "2_collins_sunglasses.jpg": (_NOT_MET, "Face is wearing sunglasses"),
    "3_two_people.jpg": (_NOT_MET, "Detected 2 faces in the photo."),
    "4_no_face.jpg": (_NOT_MET, "Detected 0 faces in the photo."),
    "5_collins_mirrored_darker.jpg": ALREADY,
    "6_hopper.jpg": None,
    "7_not_a_picture.jpg": (_NOT_MET, "Unsupported image file format. Only JPEG or PNG is supported"),
}
_SHOWN = 6


@dataclass(frozen=True)
class Batch:
    """One execution: its name, what went in, how it ended, what came out, and the page that shows it."""

    execution: str
    given: dict[str, Any]
    status: str
    output: Any
    report: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one photo. `entry` is its part of the Map's results; `verdict` accepted, refused or failed."""

    photo: str
    user: str
    verdict: str
    error: str
    reason: str
    milliseconds: float | None
    entry: Any


@dataclass(frozen=True)
class Check:
    """A question, its answer and the evidence."""

    question: str
    ok: bool
    evidence: str


@dataclass(frozen=True)
class Snapshot:
    """The state at one moment: thumbnails' keys, items by user, users by face."""

    thumbnails: frozenset[str]
    items: dict[str, Any]
    faces: dict[str, str]


def snapshot(aws: Any) -> Snapshot:
    """What there is now."""
    pages: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while not pages or token:
        pages.append(aws.client("s3").list_objects_v2(Bucket=setup.THUMBNAILS, **token))
        more = pages[-1].get("NextContinuationToken")
        token = {"ContinuationToken": more} if more else {}
    items = aws.client("dynamodb").scan(TableName=setup.TABLE)["Items"]
    faces: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    while not faces or page:
        answer = aws.client("rekognition").list_faces(CollectionId=setup.COLLECTION, **page)
        faces += answer["Faces"]
        page = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
        if not faces:
            break
    return Snapshot(
        frozenset(each["Key"] for answer in pages for each in answer.get("Contents", ())),
        {item["Username"]["S"]: item for item in items},
        {face["FaceId"]: face.get("ExternalImageId", "") for face in faces},
    )


def outcome(
    image: dict[str, Any], photo: str, entry: Any, failure: tuple[str, str], milliseconds: float | None
) -> Outcome:
    """What an image's part of the results says; without one, its iteration's `failure` (error, cause)."""
    if entry is None:
        error, cause = failure
        try:
            reason = json.loads(cause)["errorMessage"]
        except (ValueError, TypeError, KeyError):
            reason = cause
        return Outcome(photo, image["userId"], "failed", error, f"{error}: {reason}", milliseconds, None)
    if "errorInfo" in entry:
        message = entry["errorInfo"]["messageToSend"]
        return Outcome(photo, image["userId"], "refused", message["title"], message["message"], milliseconds, entry)
    return Outcome(photo, image["userId"], "accepted", "", "", milliseconds, entry)


def all_checks(
    aws: Any, batches: list[Batch], outcomes: list[Outcome], before: Snapshot, *, samples: bool
) -> list[Check]:
    """The workshop's four questions."""
    after = snapshot(aws)
    return [
        _thumbnails(aws, outcomes, before, after),
        _entries(outcomes, before, after),
        _duplicates(aws, outcomes, before, after, samples=samples),
        _data(batches, outcomes, before, samples=samples),
    ]


def _thumbnails(aws: Any, outcomes: list[Outcome], before: Snapshot, after: Snapshot) -> Check:
    from PIL import Image  # noqa: PLC0415 - LocalAWS says what is missing before this is

    faults, shown = [], []
    most = int(ENVIRONMENT["MAX_WIDTH"]), int(ENVIRONMENT["MAX_HEIGHT"])
    wanted = {f"resized-{each.photo}" for each in outcomes if each.verdict == "accepted"}
    wanted |= {unquote_plus(item["thumbnail"]["M"]["s3key"]["S"]) for item in before.items.values()}
    for key in sorted(wanted):
        if key not in after.thumbnails:
            faults.append(f"{key} is missing")
            continue
        data = aws.client("s3").get_object(Bucket=setup.THUMBNAILS, Key=key)["Body"].read()
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
        if width > most[0] or height > most[1]:
            faults.append(f"{key} is {width} x {height}")
        shown.append(f"{key} {width} x {height}")
    faults += [f"{key} belongs to no accepted photo" for key in sorted(after.thumbnails - before.thumbnails - wanted)]
    new = len(after.thumbnails - before.thumbnails)
    text = f"{new} new, {len(wanted) - new} from before: {_few(shown)}" if shown else "none, for no photo was accepted"
    return Check("Thumbnails generated?", not faults, _few(faults) or text)


def _entries(outcomes: list[Outcome], before: Snapshot, after: Snapshot) -> Check:
    wanted = dict(before.items)
    for each in outcomes:
        if each.verdict == "accepted":
            face, small = each.entry["parallelResult"][0], each.entry["parallelResult"][1]["thumbnail"]
            wanted[each.user] = {
                "Username": {"S": each.user},
                "s3key": {"S": each.entry["s3Key"]},
                "s3bucket": {"S": each.entry["s3Bucket"]},
                "faceId": {"S": face["FaceId"]},
                "thumbnail": {"M": {name: {"S": value} for name, value in small.items()}},
            }
    faults = [f"no item for {user}" for user in wanted if user not in after.items]
    faults += [f"an item for {user}, who was not accepted" for user in after.items if user not in wanted]
    faults += [
        f"the item of {user} is not what it should be"
        for user, item in after.items.items()
        if wanted.get(user, item) != item
    ]
    # A run that was interrupted between IndexFaces and PutItem leaves such a face; the rider is then refused as known.
    faults += [
        f"{user} is in the collection without an item (an interrupted run? start over with --fresh)"
        for user in sorted(set(after.faces.values()) - set(after.items))
    ]
    others = sum(each.verdict != "accepted" for each in outcomes)
    now = [each.user for each in outcomes if each.verdict == "accepted"]
    replaced = sorted(set(now) & set(before.items))
    known = len(before.items) - len(replaced)
    text = f"for {_few(now)}" if now else "none new, for no photo was accepted"
    text += f"; {known} from before {'is' if known == 1 else 'are'} unchanged" if known else ""
    text += f"; replaced, for their photos show somebody else now: {_few(replaced)}" if replaced else ""
    text += f"; none for the {others} other photo{'' if others == 1 else 's'}" if others else ""
    return Check("Database entry created (only for accepted photos)?", not faults, _few(faults) or text)


def _duplicates(aws: Any, outcomes: list[Outcome], before: Snapshot, after: Snapshot, *, samples: bool) -> Check:
    rekognition = aws.client("rekognition")
    faults = []
    for face, user in after.faces.items():
        alike = rekognition.search_faces(CollectionId=setup.COLLECTION, FaceId=face, FaceMatchThreshold=THRESHOLD)
        # Each pair would be named twice.
        faults += [
            f"{user} and {each['Face'].get('ExternalImageId')} are alike, {each['Similarity']:.1f} %"
            for each in alike["FaceMatches"]
            if face < each["Face"]["FaceId"]
        ]
    caught = [each for each in outcomes if each.error == ALREADY[0]]
    shown = []
    for each in caught[:_SHOWN]:
        found = rekognition.search_faces_by_image(
            CollectionId=setup.COLLECTION,
            Image={"S3Object": {"Bucket": setup.PHOTOS, "Name": each.photo}},
            FaceMatchThreshold=THRESHOLD,
            MaxFaces=1,
        )["FaceMatches"]
        if not found:
            faults.append(f"{each.photo} is like no face in the collection")
            continue
        shown.append(f"{each.photo} shows {found[0]['Face'].get('ExternalImageId')}, {found[0]['Similarity']:.1f} %")
    text = _few(shown, len(caught)) if caught else "no photo showed a face that was known"
    accepted = [each for each in outcomes if each.verdict == "accepted"]
    if caught and before.faces and not accepted:
        text = f"every accepted face was known already ({ALREADY[0]}): {text}"
    if samples and not any(each.photo.startswith("5_") for each in caught):
        faults.append("the photo of a rider who was registered before was not caught")
    count = len(after.faces)
    text += f"; no two of the {count} faces in the collection are alike" if count > 1 else ""
    return Check("Duplicates caught?", not faults, _few(faults) or text)


def _data(batches: list[Batch], outcomes: list[Outcome], before: Snapshot, *, samples: bool) -> Check:
    faults = []
    for batch in batches:
        if batch.status != "SUCCEEDED":
            whose = [each.photo for each in outcomes if each.verdict == "failed"]
            faults.append(f"execution {batch.execution} {batch.status} ({_few(whose)})")
            continue
        kept = {name: value for name, value in batch.output.items() if name != "results"}
        if kept != batch.given:
            faults.append("the output does not keep the input")
        for image, entry in zip(batch.given["images"], batch.output["results"], strict=True):
            faults += [f"{image['userId']}: {fault}" for fault in _faults_of(batch.given["s3Bucket"], image, entry)]
    for each in outcomes if samples else ():
        expected = EXPECTED[each.photo]
        got = (each.error, each.reason) if each.error else None
        # Who was registered by an earlier run is known by now.
        if got != expected and not (expected is None and got == ALREADY and before.faces):
            faults.append(f"{each.photo}: {got or 'accepted'}, not {expected or 'accepted'}")
    counts = f"{len(outcomes)} results for {sum(len(batch.given['images']) for batch in batches)} images"
    text = f"{counts} in their order, each with its own userId, s3Bucket and s3Key"
    return Check("Input and output correct?", not faults, _few(faults) or text)


def _faults_of(bucket: str, image: dict[str, Any], entry: dict[str, Any]) -> list[str]:
    """What is wrong with one result: the input must be kept, and what the states add must be of this very image."""
    wanted = {"userId": image["userId"], "s3Bucket": bucket, "s3Key": image["s3Key"]}
    faults = [f"{name} is {entry.get(name)!r}" for name, value in wanted.items() if entry.get(name) != value]
    if "errorInfo" in entry:
        if set(entry["errorInfo"].get("messageToSend", ())) != {"title", "message"}:
            faults.append("errorInfo holds no message")
        if "parallelResult" in entry:
            faults.append("it was refused and worked on all the same")
        return faults
    missing = [name for name in ("detectedFaceDetails", "parallelResult") if name not in entry]
    if missing:
        return [*faults, f"{' and '.join(missing)} missing"]
    if entry["parallelResult"][0].get("ExternalImageId") != image["userId"]:
        faults.append("the indexed face is somebody else's")
    if entry["parallelResult"][1]["thumbnail"] != {
        "s3key": f"resized-{unquote_plus(image['s3Key'])}",
        "s3bucket": setup.THUMBNAILS,
    }:
        faults.append("the thumbnail is another photo's")
    return faults


def _few(texts: list[str], count: int | None = None) -> str:
    """The first of many, and how many more there are."""
    more = (len(texts) if count is None else count) - len(texts[:_SHOWN])
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
