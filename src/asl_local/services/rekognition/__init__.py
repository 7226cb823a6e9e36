"""Amazon Rekognition's face operations, offline: OpenCV's networks and a collection of faces on disk.

Knows: the operations, their answers and their errors. Must never know: how a face is found, measured or stored.
What stands in for Rekognition, and how well, is in docs/faces.md.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asl_local.services.errors import ClientError, ExceptionNames, client_error
from asl_local.services.parameters import new_id, no_operation, operation
from asl_local.services.rekognition import requests
from asl_local.services.rekognition.album import Album, Changed, Image
from asl_local.services.rekognition.collection import CollectionGone, FaceCollection
from asl_local.services.rekognition.likeness import alike, distance_for, similarity
from asl_local.services.rekognition.requests import BARS, LARGEST_OBJECT, MOST_DETECTED, wanted_attributes

if TYPE_CHECKING:
    from asl_local.services.rekognition.seeing import Seen

MODEL_VERSION = "1.0"  # of the vectors in a collection: changes when old and new ones no longer compare
DEFAULT_THRESHOLD = 80.0
DEFAULT_MATCHES = 80
DEFAULT_PAGE = {"ListFaces": 1000, "ListCollections": 100}

OpenObject = Callable[[str, str, str | None], tuple[int, str]]


class Rekognition:
    """A client of the local Rekognition, with boto3's method names, keyword parameters and answers.

    `folder` holds the collections. `open_object(bucket, key, version)` opens an S3 object's file and gives the
    descriptor, to be closed here, and the MD5 of its bytes (hexadecimal), or raises a ClientError. `now` gives the time
    of a collection's creation in seconds since 1970. Making one costs nothing; OpenCV and the models are loaded with
    the first picture. What was seen on the latest photos is remembered: the next operation on the same bytes does not
    look again. All methods may be called from several threads, and several processes may share the folder.
    """

    exceptions: ExceptionNames = requests.EXCEPTIONS

    def __init__(
        self,
        folder: Path,
        *,
        open_object: OpenObject,
        region: str = "us-east-1",
        account: str = "123456789012",
        now: Callable[[], float] | None = None,
    ) -> None:
        self._folder = folder / "collections"
        self._open_object = open_object
        self._region, self._account = region, account
        self._now = now or time.time
        self._opened: dict[str, FaceCollection] = {}
        self._album = Album()
        self._opening = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        no_operation(self, "Rekognition", name)

    @operation("DetectFaces", requests.DETECT_FACES)
    def detect_faces(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`Image`, `Attributes` (DEFAULT, ALL, SMILE, ...) -> FaceDetails, the largest face first, at most 100."""
        wanted = wanted_attributes("DetectFaces", "Attributes", given)
        with self._image("DetectFaces", "Image", given) as image:
            seen = self._see("DetectFaces", image, wanted)
        return {"FaceDetails": [one.detail for one in seen]}

    @operation("CreateCollection", requests.CREATE_COLLECTION)
    def create_collection(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId` -> StatusCode, CollectionArn, FaceModelVersion."""
        collection_id = _checked("CreateCollection", given)["CollectionId"]
        folder = self._folder / _folder_name(collection_id)
        if not FaceCollection.create(folder, collection_id, self._now(), MODEL_VERSION, uuid.uuid4().hex[:8]):
            text = f"The collection id: {collection_id} already exists"
            raise client_error("ResourceAlreadyExistsException", text, "CreateCollection")
        # CreateCollection leaves the "arn:" out, DescribeCollection does not.
        arn = self._arn(collection_id).removeprefix("arn:")
        return {"StatusCode": 200, "CollectionArn": arn, "FaceModelVersion": MODEL_VERSION}

    @operation("DescribeCollection", requests.DESCRIBE_COLLECTION)
    def describe_collection(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId` -> FaceCount, FaceModelVersion, CollectionARN, CreationTimestamp (datetime), UserCount."""
        collection_id = _checked("DescribeCollection", given)["CollectionId"]
        collection = self._open("DescribeCollection", collection_id)
        with _existing("DescribeCollection", collection_id):
            return {
                "FaceCount": collection.count(),
                "FaceModelVersion": collection.head()["FaceModelVersion"],
                "CollectionARN": self._arn(collection_id),
                "CreationTimestamp": datetime.fromtimestamp(collection.head()["CreationTimestamp"], UTC),
                "UserCount": 0,
            }

    @operation("ListCollections", requests.LIST_COLLECTIONS)
    def list_collections(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`MaxResults`, `NextToken` -> CollectionIds in alphabetical order, FaceModelVersions, NextToken."""
        _checked("ListCollections", given)
        after = ""
        if "NextToken" in given:
            (after,) = requests.token_values("ListCollections", given["NextToken"], (str,))
        ids = sorted(name for name in self._collection_ids() if name > after)
        page = ids[: given.get("MaxResults") or DEFAULT_PAGE["ListCollections"]]
        answer: dict[str, Any] = {"CollectionIds": page, "FaceModelVersions": [MODEL_VERSION] * len(page)}
        if len(page) < len(ids):
            answer["NextToken"] = requests.next_token(page[-1])
        return answer

    @operation("DeleteCollection", requests.DELETE_COLLECTION)
    def delete_collection(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId` -> StatusCode; all its faces are gone."""
        collection_id = _checked("DeleteCollection", given)["CollectionId"]
        with _existing("DeleteCollection", collection_id):
            self._open("DeleteCollection", collection_id).delete()
        return {"StatusCode": 200}

    @operation("IndexFaces", requests.INDEX_FACES)
    def index_faces(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId`, `Image`, `ExternalImageId`, `DetectionAttributes`, `MaxFaces`, `QualityFilter` (AUTO).

        Gives FaceRecords (Face, FaceDetail), largest first, UnindexedFaces (FaceDetail, Reasons), FaceModelVersion.
        """
        _checked("IndexFaces", given)
        wanted = wanted_attributes("IndexFaces", "DetectionAttributes", given)
        collection = self._open("IndexFaces", given["CollectionId"])
        most = min(given.get("MaxFaces", MOST_DETECTED), MOST_DETECTED)
        bar = BARS[given.get("QualityFilter", "AUTO")]
        with self._image("IndexFaces", "Image", given) as image:
            seen = self._see("IndexFaces", image, wanted, bar=bar, vectors=most)
            image_id = str(uuid.uuid5(uuid.NAMESPACE_OID, image.md5))  # an image's own, as on AWS
        chosen = [one for one in seen if not one.reasons]
        external = {"ExternalImageId": given["ExternalImageId"]} if "ExternalImageId" in given else {}
        records = [
            {
                "FaceId": new_id(),
                "BoundingBox": one.detail["BoundingBox"],
                "ImageId": image_id,
                **external,
                "Confidence": one.detail["Confidence"],
            }
            for one in chosen
        ]
        with _existing("IndexFaces", given["CollectionId"]):
            kept = collection.add([(record, one.vector) for record, one in zip(records, chosen, strict=True)])
        return {
            "FaceRecords": [
                {"Face": _shown(face), "FaceDetail": one.detail} for face, one in zip(kept, chosen, strict=True)
            ],
            "FaceModelVersion": MODEL_VERSION,
            "UnindexedFaces": [{"Reasons": list(one.reasons), "FaceDetail": one.detail} for one in seen if one.reasons],
        }

    @operation("SearchFacesByImage", requests.SEARCH_FACES_BY_IMAGE)
    def search_faces_by_image(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId`, `Image`, `MaxFaces`, `FaceMatchThreshold` (80), `QualityFilter` (NONE).

        Searches with the image's largest face. Gives SearchedFaceBoundingBox, SearchedFaceConfidence, FaceMatches
        (Similarity, Face), the most similar first, and FaceModelVersion.
        """
        _checked("SearchFacesByImage", given)
        collection = self._open("SearchFacesByImage", given["CollectionId"])
        usable = self._usable("SearchFacesByImage", "Image", given, 1, landmarks=False)
        if not usable:
            text = "There are no faces in the image. Should be at least 1."
            raise client_error("InvalidParameterException", text, "SearchFacesByImage")
        largest = usable[0]
        with _existing("SearchFacesByImage", given["CollectionId"]):
            matches = _matches(collection, largest.vector, given)
        return {
            "SearchedFaceBoundingBox": largest.detail["BoundingBox"],
            "SearchedFaceConfidence": largest.detail["Confidence"],
            "FaceMatches": matches,
            "FaceModelVersion": MODEL_VERSION,
        }

    @operation("SearchFaces", requests.SEARCH_FACES)
    def search_faces(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId`, `FaceId`, `MaxFaces`, `FaceMatchThreshold` (80) -> SearchedFaceId, FaceMatches without it."""
        _checked("SearchFaces", given)
        collection = self._open("SearchFaces", given["CollectionId"])
        with _existing("SearchFaces", given["CollectionId"]):
            vector = collection.vector(given["FaceId"])
            if vector is None:
                text = f"faceId: {given['FaceId']} was not found in the collection"
                raise client_error("InvalidParameterException", text, "SearchFaces")
            matches = _matches(collection, vector, given, without=given["FaceId"])
        return {"SearchedFaceId": given["FaceId"], "FaceMatches": matches, "FaceModelVersion": MODEL_VERSION}

    @operation("CompareFaces", requests.COMPARE_FACES)
    def compare_faces(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`SourceImage`, `TargetImage`, `SimilarityThreshold` (80), `QualityFilter` (NONE).

        Compares the largest face of the source with all of the target. Gives SourceImageFace, FaceMatches
        (Similarity, Face), the most similar first, and UnmatchedFaces.
        """
        _checked("CompareFaces", given)
        source = self._usable("CompareFaces", "SourceImage", given, 1)
        target = self._usable("CompareFaces", "TargetImage", given, MOST_DETECTED)
        if not source or not target:
            error = client_error("InvalidParameterException", "Request has invalid parameters", "CompareFaces")
            error.add_note(f"no face in the {'TargetImage' if source else 'SourceImage'}")
            raise error
        threshold = given.get("SimilarityThreshold", DEFAULT_THRESHOLD)
        rated = sorted(((alike(source[0].vector, one.vector), one) for one in target), key=lambda pair: -pair[0])
        return {
            "SourceImageFace": {key: source[0].detail[key] for key in ("BoundingBox", "Confidence")},
            "FaceMatches": [{"Similarity": rate, "Face": one.detail} for rate, one in rated if rate >= threshold],
            "UnmatchedFaces": [one.detail for rate, one in rated if rate < threshold],
        }

    @operation("ListFaces", requests.LIST_FACES)
    def list_faces(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId`, `MaxResults`, `NextToken`, `FaceIds` -> Faces, oldest first, FaceModelVersion, NextToken."""
        _checked("ListFaces", given)
        collection = self._open("ListFaces", given["CollectionId"])
        with _existing("ListFaces", given["CollectionId"]):
            incarnation, after = collection.head()["Incarnation"], -1
            if "NextToken" in given:
                of, after = requests.token_values("ListFaces", given["NextToken"], (str, int))
                if of != incarnation:
                    raise requests.bad_token("ListFaces")
            size = given.get("MaxResults") or DEFAULT_PAGE["ListFaces"]
            found = collection.faces(after, size + 1, given.get("FaceIds"))
        page = found[:size]
        answer: dict[str, Any] = {"Faces": [_shown(face) for _, face in page], "FaceModelVersion": MODEL_VERSION}
        if len(page) < len(found):
            answer["NextToken"] = requests.next_token(incarnation, page[-1][0])
        return answer

    @operation("DeleteFaces", requests.DELETE_FACES)
    def delete_faces(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`CollectionId`, `FaceIds` -> DeletedFaces, UnsuccessfulFaceDeletions (FaceId, Reasons)."""
        _checked("DeleteFaces", given)
        with _existing("DeleteFaces", given["CollectionId"]):
            deleted = self._open("DeleteFaces", given["CollectionId"]).remove(given["FaceIds"])
        unknown = [face_id for face_id in dict.fromkeys(given["FaceIds"]) if face_id not in deleted]
        failures = [{"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]} for face_id in unknown]
        return {"DeletedFaces": deleted, "UnsuccessfulFaceDeletions": failures}

    # Below: pictures and collections.

    def _usable(
        self, name: str, field: str, given: Mapping[str, Any], vectors: int, *, landmarks: bool = True
    ) -> list[Seen]:
        bar = BARS[given.get("QualityFilter", "NONE")]
        with self._image(name, field, given) as image:
            seen = self._see(name, image, bar=bar, vectors=vectors, landmarks=landmarks)
        return [one for one in seen if not one.reasons]

    def _see(self, name: str, image: Image, wanted: Collection[str] = (), **how: Any) -> list[Seen]:
        from asl_local.services.rekognition.seeing import see  # noqa: PLC0415 - OpenCV, loaded with the first picture

        while True:
            with self._album.open(image.md5) as photo:
                try:
                    return see(name, image.read, wanted, photo=photo, **how)
                except Changed:
                    continue

    def _image(self, name: str, field: str, given: Mapping[str, Any]) -> Image:
        source = requests.image_source(name, field, given[field])
        if source.data is not None:
            return Image(source.data)
        try:
            image = Image(None, *self._open_object(source.bucket, source.key, source.version))
        except ClientError as error:
            text = "Unable to get object metadata from S3. Check object key, region and/or access permissions."
            refusal = client_error("InvalidS3ObjectException", text, name)
            refusal.add_note(f"s3://{source.bucket}/{source.key}: {error.message}")
            raise refusal from error
        if image.size > LARGEST_OBJECT:
            with image:
                text = f"Image size is too large. Maximum image size supported is {LARGEST_OBJECT} bytes."
                raise client_error("ImageTooLargeException", text, name)
        return image

    def _arn(self, collection_id: str) -> str:
        return f"arn:aws:rekognition:{self._region}:{self._account}:collection/{collection_id}"

    def _open(self, name: str, collection_id: str) -> FaceCollection:
        folder = self._folder / _folder_name(collection_id)
        with self._opening:
            collection = self._opened.get(collection_id) or FaceCollection(folder)
            with _existing(name, collection_id):
                model = collection.head()["FaceModelVersion"]
            if model != MODEL_VERSION and name not in ("DescribeCollection", "DeleteCollection"):
                text = f"The collection id: {collection_id} holds vectors of model {model}, this is {MODEL_VERSION}"
                raise client_error("ResourceNotReadyException", f"{text}; delete it and index anew", name)
            return self._opened.setdefault(collection_id, collection)

    def _collection_ids(self) -> list[str]:
        ids = []
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            try:
                ids.append(FaceCollection(folder).head()["CollectionId"])
            except CollectionGone:
                continue
        return ids


def _checked(name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    requests.check_values(name, given)
    return given


class _existing:  # noqa: N801 - read as `with _existing(...):`
    """Turns a collection that is not there, or no longer, into the service's error."""

    __slots__ = ("_id", "_operation")

    def __init__(self, name: str, collection_id: str) -> None:
        self._operation, self._id = name, collection_id

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if kind is not None and issubclass(kind, CollectionGone):
            text = f"The collection id: {self._id} does not exist"
            raise client_error("ResourceNotFoundException", text, self._operation) from error


def _folder_name(collection_id: str) -> str:
    """A folder for the collection: its id where every file system takes it for what it is.

    Ids differ in capitals and may be "." or 255 characters long; those get a folder of another shape.
    """
    if re.fullmatch(r"[a-z0-9_-]{1,100}", collection_id):
        return collection_id
    readable = re.sub(r"[^a-z0-9_-]", "_", collection_id.lower())[:100]
    return f"{readable}.{hashlib.sha256(collection_id.encode()).hexdigest()[:16]}"


def _matches(
    collection: FaceCollection, vector: Any, given: Mapping[str, Any], without: str | None = None
) -> list[dict[str, Any]]:
    limit = distance_for(given.get("FaceMatchThreshold", DEFAULT_THRESHOLD))
    most = given.get("MaxFaces", DEFAULT_MATCHES)
    near = [(d, face) for d, face in collection.nearest(vector, limit, most + 1) if face["FaceId"] != without]
    return [{"Similarity": similarity(distance), "Face": _shown(face)} for distance, face in near[:most]]


def _shown(face: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the service shows it, for the caller to keep."""
    return {**face, "BoundingBox": dict(face["BoundingBox"]), "IndexFacesModelVersion": MODEL_VERSION}
