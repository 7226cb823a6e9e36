"""The operations as a boto3 user sees them: parameters, answers, limits and errors."""

import math
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import pytest
from PIL import Image
from rekognition_helpers import encoded, example, opened, portrait

from asl_local.services.errors import ClientError, client_error
from asl_local.services.rekognition import Rekognition
from asl_local.services.rekognition.attributes import JUDGES
from asl_local.services.rekognition.likeness import alike, distance_for, similarity
from asl_local.services.rekognition.requests import JUDGED

COLLINS, HOPPER, BOTH = example("1_collins.jpg"), example("6_hopper.jpg"), example("3_two_people.jpg")
NO_FACE, DARKER, TEXT = (
    example("4_no_face.jpg"),
    example("5_collins_mirrored_darker.jpg"),
    example("7_not_a_picture.jpg"),
)
OBJECTS = {"collins.jpg": COLLINS, "text.jpg": TEXT, "empty.jpg": b"", "large.jpg": COLLINS + b"\x00" * 15_728_640}


def open_object(bucket, key, version):
    if bucket != "photos":
        raise client_error("NoSuchBucket", "The specified bucket does not exist", "GetObject", 404)
    if key not in OBJECTS or version not in (None, "v1"):
        raise client_error("NoSuchKey", "The specified key does not exist.", "GetObject", 404)
    return opened(OBJECTS[key])


@pytest.fixture
def rekognition(tmp_path):
    return Rekognition(tmp_path, open_object=open_object, now=lambda: 1_500_000_000.25)


@pytest.fixture
def riders(rekognition):
    rekognition.create_collection(CollectionId="riders")
    return rekognition


def refusal(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value


def image(data):
    return {"Bytes": data}


def index(client, data, name, **parameters):
    answer = client.index_faces(CollectionId="riders", Image=image(data), ExternalImageId=name, **parameters)
    return [one["Face"] for one in answer["FaceRecords"]]


def test_a_client_costs_no_import_of_opencv_or_numpy():
    code = (
        "import sys; from pathlib import Path; from asl_local.services.rekognition import Rekognition\n"
        "client = Rekognition(Path('/nonexistent'), open_object=None)\n"
        "assert client.list_collections()['CollectionIds'] == []\n"
        "print([name for name in ('cv2', 'numpy', 'PIL') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


# DetectFaces


def test_default_attributes(rekognition):
    answer = rekognition.detect_faces(Image=image(COLLINS))
    (face,) = answer["FaceDetails"]
    assert set(face) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    assert [point["Type"] for point in face["Landmarks"]] == ["eyeLeft", "eyeRight", "mouthLeft", "mouthRight", "nose"]
    assert set(face["Pose"]) == {"Roll", "Yaw", "Pitch"}
    assert set(face["Quality"]) == {"Brightness", "Sharpness"}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_all_attributes(rekognition):
    (face,) = rekognition.detect_faces(Image=image(COLLINS), Attributes=["ALL"])["FaceDetails"]
    assert set(face) >= {"Sunglasses", "Eyeglasses", "Smile", "EyesOpen", "MouthOpen"}
    for name in JUDGED.values():
        assert isinstance(face[name]["Value"], bool)
        assert 50 <= face[name]["Confidence"] <= 100
    assert len(face["Landmarks"]) == 30
    assert not {"AgeRange", "Gender", "Emotions", "Beard", "Mustache"} & set(face)


def test_single_attributes_come_with_the_default_ones(rekognition):
    (face,) = rekognition.detect_faces(Image=image(COLLINS), Attributes=["SMILE", "SUNGLASSES"])["FaceDetails"]
    assert set(face) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality", "Smile", "Sunglasses"}
    assert len(face["Landmarks"]) == 5


def test_the_two_tables_of_attributes_name_the_same_ones():
    assert list(JUDGES) == list(JUDGED)


def test_no_face_is_no_error(rekognition):
    assert rekognition.detect_faces(Image=image(NO_FACE))["FaceDetails"] == []


def test_s3_objects_with_and_without_version(rekognition):
    place = {"Bucket": "photos", "Name": "collins.jpg"}
    assert len(rekognition.detect_faces(Image={"S3Object": place})["FaceDetails"]) == 1
    assert len(rekognition.detect_faces(Image={"S3Object": {**place, "Version": "v1"}})["FaceDetails"]) == 1


@pytest.mark.parametrize(
    "place",
    [
        {"Bucket": "photos", "Name": "nobody.jpg"},
        {"Bucket": "elsewhere", "Name": "collins.jpg"},
        {"Bucket": "photos", "Name": "collins.jpg", "Version": "v9"},
    ],
)
def test_an_object_that_is_not_there(rekognition, place):
    error = refusal(rekognition.detect_faces, Image={"S3Object": place})
    assert error.code == "InvalidS3ObjectException"
    assert error.message == "Unable to get object metadata from S3. Check object key, region and/or access permissions."
    assert any(place["Name"] in note for note in error.__notes__)


@pytest.mark.parametrize("data", [TEXT, COLLINS[:-5000], encoded(portrait(), "GIF"), b"\x00"])
def test_what_is_no_picture(rekognition, data):
    error = refusal(rekognition.detect_faces, Image=image(data))
    assert (error.code, error.message) == ("InvalidImageFormatException", "Request has invalid image format")
    assert str(error).startswith(
        "An error occurred (InvalidImageFormatException) when calling the DetectFaces operation"
    )
    assert error.__notes__


@pytest.mark.parametrize("name", ["text.jpg", "empty.jpg"])
def test_an_object_that_is_no_picture(rekognition, name):
    error = refusal(rekognition.detect_faces, Image={"S3Object": {"Bucket": "photos", "Name": name}})
    assert error.code == "InvalidImageFormatException"


def test_too_many_bytes_in_a_request_are_a_validation_error_as_on_aws(rekognition):
    error = refusal(rekognition.detect_faces, Image=image(COLLINS + b"\x00" * 5_242_881))
    assert error.code == "ValidationException"
    assert "at 'image.bytes' failed to satisfy constraint: Member must have length less than or equal to 5242880" in (
        error.message
    )
    assert "greater than or equal to 1" in refusal(rekognition.detect_faces, Image=image(b"")).message


def test_too_large_an_object(rekognition):
    error = refusal(rekognition.detect_faces, Image={"S3Object": {"Bucket": "photos", "Name": "large.jpg"}})
    assert error.code == "ImageTooLargeException"


def test_too_many_pixels(rekognition):
    error = refusal(rekognition.detect_faces, Image=image(encoded(Image.new("L", (8000, 6250)), "PNG")))
    assert error.code == "ImageTooLargeException"
    assert "8000 x 6250" in error.message


def test_too_few_pixels(rekognition):
    error = refusal(rekognition.detect_faces, Image=image(encoded(portrait((60, 60)), "PNG")))
    assert (error.code, error.message) == ("InvalidParameterException", "Request has invalid parameters")
    assert "60 x 60" in error.__notes__[0]


@pytest.mark.parametrize(
    ("parameters", "code", "named"),
    [
        ({}, "ParamValidationError", "Image"),
        ({"Image": {"Bytes": COLLINS}, "Atributes": []}, "ParamValidationError", "Atributes"),
        ({"Image": "photo.jpg"}, "ParamValidationError", "Image"),
        ({"Image": {"Bytes": "text"}}, "ParamValidationError", "Image.Bytes"),
        ({"Image": {"Byte": COLLINS}}, "ParamValidationError", "Byte"),
        ({"Image": {}}, "InvalidParameterException", ""),
        ({"Image": {"Bytes": COLLINS, "S3Object": {}}}, "InvalidParameterException", ""),
        ({"Image": {"S3Object": {"Bucket": "photos"}}}, "InvalidParameterException", ""),
        ({"Image": {"S3Object": {"Bucket": "photos", "Name": 7}}}, "ParamValidationError", "Image.S3Object.Name"),
        ({"Image": {"S3Object": {"Bucket": "photos", "Key": "x"}}}, "ParamValidationError", "Key"),
        ({"Image": {"S3Object": "photos/x"}}, "ParamValidationError", "Image.S3Object"),
        ({"Image": {"Bytes": COLLINS}, "Attributes": "ALL"}, "ParamValidationError", "Attributes"),
        ({"Image": {"Bytes": COLLINS}, "Attributes": ["SMLE"]}, "ValidationException", "attributes"),
        ({"Image": {"Bytes": COLLINS}, "Attributes": [["ALL"]]}, "ValidationException", "attributes"),
        ({"Image": {"Bytes": COLLINS}, "Attributes": ["GENDER"]}, "ParamValidationError", "GENDER"),
    ],
)
def test_requests_that_are_refused_name_what_is_wrong(rekognition, parameters, code, named):
    error = refusal(rekognition.detect_faces, **parameters)
    assert error.code == code
    assert named in error.message


# Collections


def test_life_of_a_collection(rekognition):
    made = rekognition.create_collection(CollectionId="Riders.2")
    assert made["StatusCode"] == 200
    assert made["CollectionArn"] == "aws:rekognition:us-east-1:123456789012:collection/Riders.2"
    described = rekognition.describe_collection(CollectionId="Riders.2")
    assert described["CollectionARN"] == "arn:aws:rekognition:us-east-1:123456789012:collection/Riders.2"
    assert described["CreationTimestamp"] == datetime(2017, 7, 14, 2, 40, 0, 250_000, UTC)
    assert (described["FaceCount"], described["UserCount"]) == (0, 0)
    assert described["FaceModelVersion"] == made["FaceModelVersion"]
    error = refusal(rekognition.create_collection, CollectionId="Riders.2")
    assert (error.code, error.message) == (
        "ResourceAlreadyExistsException",
        "The collection id: Riders.2 already exists",
    )
    assert rekognition.delete_collection(CollectionId="Riders.2")["StatusCode"] == 200
    error = refusal(rekognition.delete_collection, CollectionId="Riders.2")
    assert (error.code, error.message) == ("ResourceNotFoundException", "The collection id: Riders.2 does not exist")


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("describe_collection", {}),
        ("list_faces", {}),
        ("delete_faces", {"FaceIds": [str(uuid.uuid4())]}),
        ("search_faces", {"FaceId": str(uuid.uuid4())}),
        ("search_faces_by_image", {"Image": {"Bytes": COLLINS}}),
        ("index_faces", {"Image": {"Bytes": COLLINS}}),
    ],
)
def test_a_collection_that_is_not_there(rekognition, call, parameters):
    error = refusal(getattr(rekognition, call), CollectionId="nowhere", **parameters)
    assert (error.code, error.message) == ("ResourceNotFoundException", "The collection id: nowhere does not exist")


def test_ids_that_file_systems_do_not_like_are_collections_of_their_own(rekognition, tmp_path):
    ids = [".", "..", "a", "A", "a.b", "con", "x" * 255, "X" * 255]
    for name in ids:
        rekognition.create_collection(CollectionId=name)
    assert rekognition.list_collections()["CollectionIds"] == sorted(ids)
    assert {path.name for path in tmp_path.iterdir()} == {"collections"}
    for name in ids:
        rekognition.delete_collection(CollectionId=name)
    assert rekognition.list_collections()["CollectionIds"] == []


@pytest.mark.parametrize("name", ["", "a b", "../a", "ä", "x" * 256])
def test_ids_that_aws_does_not_take(rekognition, name):
    assert refusal(rekognition.create_collection, CollectionId=name).code == "ValidationException"


def test_vectors_of_another_model_are_not_compared(riders, tmp_path):
    head = tmp_path / "collections" / "riders" / "collection.json"
    head.write_text(head.read_text().replace('"FaceModelVersion": "1.0"', '"FaceModelVersion": "0.9"'))
    error = refusal(riders.search_faces_by_image, CollectionId="riders", Image=image(COLLINS))
    assert error.code == "ResourceNotReadyException"
    assert "0.9" in error.message
    assert riders.describe_collection(CollectionId="riders")["FaceModelVersion"] == "0.9"
    assert riders.delete_collection(CollectionId="riders")["StatusCode"] == 200


def test_collections_are_listed_in_pages(rekognition):
    for name in "dbca":
        rekognition.create_collection(CollectionId=name)
    first = rekognition.list_collections(MaxResults=3)
    assert first["CollectionIds"] == ["a", "b", "c"]
    assert len(first["FaceModelVersions"]) == 3
    second = rekognition.list_collections(MaxResults=3, NextToken=first["NextToken"])
    assert second["CollectionIds"] == ["d"]
    assert "NextToken" not in second
    error = refusal(rekognition.list_collections, NextToken="???")
    assert (error.code, error.message) == ("InvalidPaginationTokenException", "Invalid pagination token")


# IndexFaces and searching


def test_an_indexed_face_is_found_again(riders):
    (face,) = index(riders, COLLINS, "collins")
    assert face["ExternalImageId"] == "collins"
    assert uuid.UUID(face["FaceId"])
    assert uuid.UUID(face["ImageId"])
    found = riders.search_faces_by_image(
        CollectionId="riders", Image=image(COLLINS), FaceMatchThreshold=70.0, MaxFaces=3
    )
    (match,) = found["FaceMatches"]
    assert match == {"Similarity": 100.0, "Face": face}
    assert found["SearchedFaceBoundingBox"] == face["BoundingBox"]
    assert found["SearchedFaceConfidence"] == face["Confidence"]


def test_the_same_person_is_found_and_another_is_not(riders):
    index(riders, COLLINS, "collins")
    found = riders.search_faces_by_image(CollectionId="riders", Image=image(DARKER), FaceMatchThreshold=99)
    assert [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]] == ["collins"]
    assert (
        riders.search_faces_by_image(CollectionId="riders", Image=image(HOPPER), FaceMatchThreshold=70)["FaceMatches"]
        == []
    )
    (match,) = riders.search_faces_by_image(CollectionId="riders", Image=image(HOPPER), FaceMatchThreshold=0)[
        "FaceMatches"
    ]
    assert 0 < match["Similarity"] < 50


def test_searching_uses_the_largest_face(riders):
    index(riders, HOPPER, "hopper")
    index(riders, COLLINS, "collins")
    found = riders.search_faces_by_image(CollectionId="riders", Image=image(BOTH))
    assert [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]] == ["hopper"]


def test_a_search_photo_without_a_face(riders):
    error = refusal(riders.search_faces_by_image, CollectionId="riders", Image=image(NO_FACE))
    assert (error.code, error.message) == (
        "InvalidParameterException",
        "There are no faces in the image. Should be at least 1.",
    )


def test_indexing_a_photo_without_a_face_is_no_error(riders):
    answer = riders.index_faces(CollectionId="riders", Image=image(NO_FACE))
    assert (answer["FaceRecords"], answer["UnindexedFaces"]) == ([], [])


def test_max_faces_keeps_the_largest_and_tells_of_the_others(riders):
    answer = riders.index_faces(CollectionId="riders", Image=image(BOTH), MaxFaces=1, DetectionAttributes=["ALL"])
    (kept,), (left,) = answer["FaceRecords"], answer["UnindexedFaces"]
    assert left["Reasons"] == ["EXCEEDS_MAX_FACES"]
    assert kept["Face"]["BoundingBox"]["Width"] > left["FaceDetail"]["BoundingBox"]["Width"]
    assert "ExternalImageId" not in kept["Face"]
    assert "Smile" in kept["FaceDetail"]
    assert riders.describe_collection(CollectionId="riders")["FaceCount"] == 1


def test_both_faces_of_a_photo_share_its_image_id(riders):
    faces = index(riders, BOTH, "both")
    assert len({face["ImageId"] for face in faces}) == 1
    assert len({face["FaceId"] for face in faces}) == 2


def test_the_quality_filter_says_why(riders):
    small = portrait((120, 120))
    answer = riders.index_faces(CollectionId="riders", Image=image(encoded(small, "PNG")), QualityFilter="HIGH")
    assert answer["FaceRecords"] == []
    assert "SMALL_BOUNDING_BOX" in answer["UnindexedFaces"][0]["Reasons"]
    assert len(index(riders, encoded(small, "PNG"), "small", QualityFilter="NONE")) == 1
    error = refusal(
        riders.search_faces_by_image, CollectionId="riders", Image=image(encoded(small, "PNG")), QualityFilter="HIGH"
    )
    assert error.code == "InvalidParameterException"


def test_indexing_the_same_image_under_the_same_name_again_adds_nothing(riders):
    first, again, other = index(riders, COLLINS, "a"), index(riders, COLLINS, "a"), index(riders, COLLINS, "b")
    assert first == again
    assert other[0]["FaceId"] != first[0]["FaceId"]
    assert other[0]["ImageId"] == first[0]["ImageId"]
    assert riders.describe_collection(CollectionId="riders")["FaceCount"] == 2


def test_search_by_face_leaves_the_face_itself_out(riders):
    (collins,), (darker,), (hopper,) = (index(riders, data, "x") for data in (COLLINS, DARKER, HOPPER))
    found = riders.search_faces(CollectionId="riders", FaceId=collins["FaceId"], FaceMatchThreshold=0)
    assert found["SearchedFaceId"] == collins["FaceId"]
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [darker["FaceId"], hopper["FaceId"]]
    one = riders.search_faces(CollectionId="riders", FaceId=collins["FaceId"], FaceMatchThreshold=0, MaxFaces=1)
    assert len(one["FaceMatches"]) == 1
    stranger = str(uuid.uuid4())
    error = refusal(riders.search_faces, CollectionId="riders", FaceId=stranger)
    assert error.code == "InvalidParameterException"
    assert stranger in error.message


def test_faces_outlive_the_client(riders, tmp_path):
    (face,) = index(riders, COLLINS, "collins")
    again = Rekognition(tmp_path, open_object=open_object)
    assert again.list_faces(CollectionId="riders")["Faces"] == [face]
    found = again.search_faces_by_image(CollectionId="riders", Image=image(COLLINS))
    assert found["FaceMatches"][0]["Face"] == face


def test_faces_are_listed_in_pages_and_by_id(riders):
    faces = [face for data in (COLLINS, HOPPER, BOTH) for face in index(riders, data, "x")]
    first = riders.list_faces(CollectionId="riders", MaxResults=3)
    rest = riders.list_faces(CollectionId="riders", MaxResults=3, NextToken=first["NextToken"])
    assert first["Faces"] + rest["Faces"] == faces
    assert "NextToken" not in rest
    chosen = riders.list_faces(CollectionId="riders", FaceIds=[faces[2]["FaceId"]])
    assert chosen["Faces"] == [faces[2]]
    riders.delete_collection(CollectionId="riders")
    riders.create_collection(CollectionId="riders")
    error = refusal(riders.list_faces, CollectionId="riders", NextToken=first["NextToken"])
    assert error.code == "InvalidPaginationTokenException"


def test_what_a_caller_does_to_an_answer_changes_nothing(riders):
    index(riders, COLLINS, "collins")
    riders.list_faces(CollectionId="riders")["Faces"][0]["BoundingBox"]["Width"] = 7
    assert riders.list_faces(CollectionId="riders")["Faces"][0]["BoundingBox"]["Width"] < 1


def test_deleting_faces(riders):
    (collins,), (hopper,) = index(riders, COLLINS, "a"), index(riders, HOPPER, "b")
    stranger = str(uuid.uuid4())
    answer = riders.delete_faces(CollectionId="riders", FaceIds=[collins["FaceId"], stranger])
    assert answer["DeletedFaces"] == [collins["FaceId"]]
    assert answer["UnsuccessfulFaceDeletions"] == [{"FaceId": stranger, "Reasons": ["FACE_NOT_FOUND"]}]
    assert riders.list_faces(CollectionId="riders")["Faces"] == [hopper]
    assert riders.search_faces_by_image(CollectionId="riders", Image=image(COLLINS))["FaceMatches"] == []


@pytest.mark.parametrize(
    ("call", "parameters", "code", "named"),
    [
        ("index_faces", {"Image": {"Bytes": COLLINS}, "MaxFaces": 0}, "ParamValidationError", "MaxFaces"),
        ("index_faces", {"Image": {"Bytes": COLLINS}, "ExternalImageId": "a b"}, "ValidationException", "externalImageId"),
        ("index_faces", {"Image": {"Bytes": COLLINS}, "QualityFilter": "BEST"}, "ParamValidationError", "QualityFilter"),
        ("index_faces", {"Image": {"Bytes": COLLINS}, "Threshold": 1}, "ParamValidationError", "Threshold"),
        ("search_faces_by_image", {"Image": {"Bytes": COLLINS}, "MaxFaces": 4097}, "ValidationException", "maxFaces"),
        ("search_faces_by_image", {"Image": {"Bytes": COLLINS}, "FaceMatchThreshold": 101}, "ValidationException", "faceMatchThreshold"),
        ("search_faces_by_image", {"Image": {"Bytes": COLLINS}, "FaceMatchThreshold": -1}, "ValidationException", "faceMatchThreshold"),
        ("search_faces", {"FaceId": "1234"}, "ValidationException", "faceId"),
        ("delete_faces", {"FaceIds": []}, "ParamValidationError", "FaceIds"),
        ("delete_faces", {"FaceIds": [7]}, "ParamValidationError", "FaceIds"),
        ("delete_faces", {"FaceIds": [str(uuid.UUID(int=7))] * 4097}, "ValidationException", "faceIds"),
        ("list_faces", {"MaxResults": 5000}, "ValidationException", "maxResults"),
        ("list_faces", {"MaxResults": True}, "ParamValidationError", "MaxResults"),
        ("list_faces", {"UserId": "u"}, "ParamValidationError", "UserId"),
    ],
)  # fmt: skip
def test_values_that_are_refused_name_what_is_wrong(riders, call, parameters, code, named):
    error = refusal(getattr(riders, call), CollectionId="riders", **parameters)
    assert error.code == code
    assert named in error.message


# CompareFaces


def test_comparing_finds_the_person_among_others(rekognition):
    answer = rekognition.compare_faces(SourceImage=image(COLLINS), TargetImage=image(BOTH), SimilarityThreshold=90)
    (match,), (other,) = answer["FaceMatches"], answer["UnmatchedFaces"]
    assert match["Similarity"] > 99
    assert match["Face"]["BoundingBox"]["Left"] < other["BoundingBox"]["Left"]
    assert set(answer["SourceImageFace"]) == {"BoundingBox", "Confidence"}
    assert set(match["Face"]) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    everyone = rekognition.compare_faces(SourceImage=image(COLLINS), TargetImage=image(BOTH), SimilarityThreshold=0)
    assert [round(match["Similarity"]) > 50 for match in everyone["FaceMatches"]] == [True, False]


@pytest.mark.parametrize(("source", "target"), [(NO_FACE, COLLINS), (COLLINS, NO_FACE)])
def test_comparing_needs_a_face_on_both_sides(rekognition, source, target):
    error = refusal(rekognition.compare_faces, SourceImage=image(source), TargetImage=image(target))
    assert (error.code, error.message) == ("InvalidParameterException", "Request has invalid parameters")


# Similarity and errors


def test_similarity_and_distance_are_each_others_inverse():
    assert similarity(0) == 100
    assert similarity(1.08) == pytest.approx(70, abs=1)
    for percent in (100, 99, 90, 80, 70, 50, 5):
        assert similarity(distance_for(percent)) == pytest.approx(percent)
    assert distance_for(0) == math.inf
    assert alike([0.0, 3.0], [4.0, 0.0]) == similarity(5.0)


def test_errors_can_be_caught_by_their_names(rekognition):
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.list_faces(CollectionId="nowhere")
    with pytest.raises(rekognition.exceptions.InvalidImageFormatException):
        rekognition.detect_faces(Image=image(TEXT))
    with pytest.raises(AttributeError, match="NoSuchKey"):
        _ = rekognition.exceptions.NoSuchKey


def test_an_operation_that_is_not_there_names_those_that_are(rekognition):
    with pytest.raises(AttributeError, match=r"detect_labels.*detect_faces"):
        rekognition.detect_labels(Image=image(COLLINS))
