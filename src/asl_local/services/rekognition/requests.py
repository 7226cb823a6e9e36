"""What a request may say: the parameters of each operation, their limits, and AWS's words for what is wrong.

Knows: Rekognition's API reference. Must never know: pictures or files.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from asl_local.lazy import dataclass
from asl_local.services.errors import ClientError, ExceptionNames, client_error
from asl_local.services.parameters import LIST, MAP, NUMBER, TEXT, Rule, invalid_parameters, needed, one_of, refused

EXCEPTIONS = ExceptionNames(
    "AccessDeniedException",
    "ImageTooLargeException",
    "InternalServerError",
    "InvalidImageFormatException",
    "InvalidPaginationTokenException",
    "InvalidParameterException",
    "InvalidS3ObjectException",
    "ParamValidationError",
    "ProvisionedThroughputExceededException",
    "ResourceAlreadyExistsException",
    "ResourceNotFoundException",
    "ResourceNotReadyException",
    "ThrottlingException",
    "ValidationException",
)

REAL = Rule((int, float))
QUALITY = one_of("NONE", "AUTO", "LOW", "MEDIUM", "HIGH")
COLLECTION = needed(TEXT)
PAGE = {"NextToken": TEXT, "MaxResults": NUMBER}
_USERS = "it keeps faces, not users that own several of them"

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_Operations.html
DETECT_FACES = {"Image": needed(MAP), "Attributes": LIST}
CREATE_COLLECTION = {"CollectionId": COLLECTION, **refused("it has no tags to keep", "Tags")}
DESCRIBE_COLLECTION = DELETE_COLLECTION = {"CollectionId": COLLECTION}
LIST_COLLECTIONS = PAGE
INDEX_FACES = {
    "CollectionId": COLLECTION,
    "Image": needed(MAP),
    "ExternalImageId": TEXT,
    "DetectionAttributes": LIST,
    "MaxFaces": NUMBER,
    "QualityFilter": QUALITY,
}
SEARCH_FACES_BY_IMAGE = {
    "CollectionId": COLLECTION,
    "Image": needed(MAP),
    "MaxFaces": NUMBER,
    "FaceMatchThreshold": REAL,
    "QualityFilter": QUALITY,
}
SEARCH_FACES = {"CollectionId": COLLECTION, "FaceId": needed(TEXT), "MaxFaces": NUMBER, "FaceMatchThreshold": REAL}
COMPARE_FACES = {
    "SourceImage": needed(MAP),
    "TargetImage": needed(MAP),
    "SimilarityThreshold": REAL,
    "QualityFilter": QUALITY,
}
LIST_FACES = {"CollectionId": COLLECTION, **PAGE, "FaceIds": LIST, **refused(_USERS, "UserId")}
DELETE_FACES = {"CollectionId": COLLECTION, "FaceIds": needed(LIST, shortest=1)}

# The attributes that can be asked for: the request's name, the answer's. Nothing here can judge the others.
JUDGED = {
    "SMILE": "Smile",
    "EYEGLASSES": "Eyeglasses",
    "SUNGLASSES": "Sunglasses",
    "EYES_OPEN": "EyesOpen",
    "MOUTH_OPEN": "MouthOpen",
}
UNJUDGED = ("AGE_RANGE", "BEARD", "EMOTIONS", "EYE_DIRECTION", "FACE_OCCLUDED", "GENDER", "MUSTACHE")
MOST_DETECTED = 100  # DetectFaces and IndexFaces look at the largest 100
LARGEST_BYTES = 5_242_880  # passed in the request
LARGEST_OBJECT = 15_728_640  # stored in S3
MOST_FACES = 4096  # of a page, a search or a deletion
# The pattern of a value, as the service states it, and the longest it may be.
PATTERNS = {
    "CollectionId": (r"[a-zA-Z0-9_.\-]+", 255),
    "ExternalImageId": (r"[a-zA-Z0-9_.\-:]+", 255),
    "FaceId": (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", 36),
}
RANGES = {"MaxFaces": (1, MOST_FACES), "MaxResults": (0, MOST_FACES)}
PERCENTAGES = ("FaceMatchThreshold", "SimilarityThreshold")


@dataclass(frozen=True)
class Bar:
    """The least a face must have to pass a quality filter; angles in degrees, `side` in pixels, the rest 0 to 100."""

    confidence: float
    side: float
    sharpness: float
    brightness: float
    yaw: float
    pitch: float

    def reasons(self, detail: Mapping[str, Any], side: float) -> tuple[str, ...]:
        """Why a face of that detail and shorter side does not pass, in IndexFaces' words; none if it does."""
        pose, quality = detail["Pose"], detail["Quality"]
        failures = {
            "LOW_CONFIDENCE": detail["Confidence"] < self.confidence,
            "SMALL_BOUNDING_BOX": side < self.side,
            "LOW_SHARPNESS": quality["Sharpness"] < self.sharpness,
            "LOW_BRIGHTNESS": quality["Brightness"] < self.brightness,
            "EXTREME_POSE": abs(pose["Yaw"]) > self.yaw or abs(pose["Pitch"]) > self.pitch,
        }
        return tuple(reason for reason, failed in failures.items() if failed)


_LOW = Bar(confidence=90, side=24, sharpness=2, brightness=6, yaw=75, pitch=60)
BARS = {
    "NONE": Bar(confidence=0, side=0, sharpness=0, brightness=0, yaw=180, pitch=180),
    "LOW": _LOW,
    "AUTO": _LOW,
    "MEDIUM": Bar(confidence=97, side=40, sharpness=10, brightness=12, yaw=50, pitch=40),
    "HIGH": Bar(confidence=99, side=80, sharpness=25, brightness=20, yaw=30, pitch=25),
}


@dataclass(frozen=True)
class Source:
    """Where an image is: its bytes, or a bucket, a key and perhaps a version."""

    data: bytes | None = None
    bucket: str = ""
    key: str = ""
    version: str | None = None


def invalid(operation: str, field: str, value: Any, constraint: str) -> ClientError:
    """The refusal of a value by its constraint; `field` is the parameter's name, which AWS writes with a small letter."""
    shown = field[0].lower() + field[1:]
    text = f"1 validation error detected: Value '{value}' at '{shown}' failed to satisfy constraint: {constraint}"
    return client_error("ValidationException", text, operation)


def check_values(operation: str, given: Mapping[str, Any]) -> None:
    """Patterns, lengths and ranges. Raises ValidationException, or what boto3 raises before it sends anything."""
    for name, value in given.items():
        if name == "FaceIds":
            if len(value) > MOST_FACES:
                raise invalid(operation, name, value, f"Member must have length less than or equal to {MOST_FACES}")
            for face_id in value:
                _check_text(operation, "FaceId", face_id, name)
        elif name in PATTERNS:
            _check_text(operation, name, value, name)
        elif name in RANGES:
            least, most = RANGES[name]
            if value < least:
                text = f"Invalid value for parameter {name}, value: {value}, valid min value: {least}"
                raise invalid_parameters(operation, text)
            if value > most:
                raise invalid(operation, name, value, f"Member must have value less than or equal to {most}")
        elif name in PERCENTAGES and not (0 <= value <= 100):
            bound = "greater than or equal to 0" if value < 0 else "less than or equal to 100"
            raise invalid(operation, name, value, f"Member must have value {bound}")


def _check_text(operation: str, kind: str, value: Any, field: str) -> None:
    pattern, longest = PATTERNS[kind]
    if not isinstance(value, str):
        text = f"Invalid type for parameter {field}, value: {value!r}, type: {type(value)}, valid types: <class 'str'>"
        raise invalid_parameters(operation, text)
    if not _compiled(pattern).fullmatch(value):
        raise invalid(operation, field, value, f"Member must satisfy regular expression pattern: {pattern}")
    if len(value) > longest:
        raise invalid(operation, field, value, f"Member must have length less than or equal to {longest}")


_compiled = cache(re.compile)


def image_source(operation: str, field: str, image: Mapping[str, Any]) -> Source:
    """Where the image of the parameter `field` is: {"Bytes": ...} or {"S3Object": {"Bucket", "Name", "Version"?}}."""
    problems = [
        f'Unknown parameter in {field}: "{name}", must be one of: Bytes, S3Object'
        for name in image
        if name not in ("Bytes", "S3Object")
    ]
    if problems:
        raise invalid_parameters(operation, *problems)
    if len(image) != 1:
        error = client_error("InvalidParameterException", "Request has invalid parameters", operation)
        error.add_note(f"{field} needs Bytes or S3Object, and not both")
        raise error
    if "S3Object" in image:
        return _s3_object(operation, f"{field}.S3Object", image["S3Object"])
    data = image["Bytes"]
    if hasattr(data, "read"):
        data = data.read()
    if not isinstance(data, (bytes, bytearray, memoryview)):
        valid = "<class 'bytes'>, <class 'bytearray'>, file-like object"
        text = f"Invalid type for parameter {field}.Bytes, value of type {type(data)}, valid types: {valid}"
        raise invalid_parameters(operation, text)
    data = bytes(data)
    if not 1 <= len(data) <= LARGEST_BYTES:
        bound = f"less than or equal to {LARGEST_BYTES}" if data else "greater than or equal to 1"
        buffer = f"java.nio.HeapByteBuffer[pos=0 lim={len(data)} cap={len(data)}]"  # the service's own words
        raise invalid(operation, f"{field}.bytes", buffer, f"Member must have length {bound}")
    return Source(data=data)


def _s3_object(operation: str, field: str, place: Any) -> Source:
    if not isinstance(place, dict):
        text = f"Invalid type for parameter {field}, value: {place!r}, type: {type(place)}, valid types: <class 'dict'>"
        raise invalid_parameters(operation, text)
    names = ("Bucket", "Name", "Version")
    problems = [
        f'Unknown parameter in {field}: "{name}", must be one of: {", ".join(names)}'
        for name in place
        if name not in names
    ]
    problems += [
        f"Invalid type for parameter {field}.{name}, value: {place[name]!r}, type: {type(place[name])}, valid types: <class 'str'>"
        for name in names
        if name in place and not isinstance(place[name], str)
    ]
    if problems:
        raise invalid_parameters(operation, *problems)
    if not place.get("Bucket") or not place.get("Name"):
        error = client_error("InvalidParameterException", "Request has invalid parameters", operation)
        error.add_note(f"{field} needs Bucket and Name")
        raise error
    return Source(bucket=place["Bucket"], key=place["Name"], version=place.get("Version"))


def wanted_attributes(operation: str, field: str, given: Mapping[str, Any]) -> set[str]:
    """The attributes asked for; refuses names that do not exist, and with a reason those that nothing here judges."""
    names = given.get(field, [])
    known = ("DEFAULT", "ALL", *JUDGED)
    for index, name in enumerate(names):
        if name in UNJUDGED:
            text = f'{field}[{index}]: "{name}" is not supported by the local stand-in: it has no model that judges it'
            raise invalid_parameters(operation, f"{text}; it judges {', '.join(JUDGED)}")
        if name not in known:
            choices = f"Member must satisfy enum value set: [{', '.join(sorted([*known, *UNJUDGED]))}]"
            shown = f"[{', '.join(map(str, names))}]"
            raise invalid(operation, field, shown, f"Member must satisfy constraint: [{choices}]")
    return set(names)


def next_token(*values: Any) -> str:
    """A page's end, as a text that means nothing to the caller."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def token_values(operation: str, token: str, kinds: tuple[type, ...]) -> list[Any]:
    """What `next_token` was given. Raises InvalidPaginationTokenException for anything else."""
    try:
        values = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except ValueError:
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise bad_token(operation)
    return values


def bad_token(operation: str) -> ClientError:
    """The refusal of a token that is not of this list."""
    return client_error("InvalidPaginationTokenException", "Invalid pagination token", operation)
