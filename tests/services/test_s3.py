"""S3 on a folder: buckets, objects and their properties, with answers and errors as boto3 gives them."""

from __future__ import annotations

import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from s3_helpers import BUCKET, NOW, get, keys, on, put, refusal

from asl_local.services.s3 import S3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "s3"


@pytest.fixture
def s3(folder: Path) -> S3:
    return on(folder)


# Buckets


def test_the_folder_is_made_with_the_first_bucket(folder: Path) -> None:
    s3 = S3(folder, region="us-east-1", account="123456789012", now=lambda: NOW)
    assert s3.list_buckets()["Buckets"] == []
    assert not folder.exists()
    s3.create_bucket(Bucket=BUCKET)
    assert s3.list_buckets()["Buckets"] == [{"Name": BUCKET, "CreationDate": datetime.fromtimestamp(int(NOW), UTC)}]


def test_buckets_are_told_by_name_and_prefix(s3: S3, folder: Path) -> None:
    s3.create_bucket(Bucket="another")
    (folder / "made-by-hand").mkdir()
    (folder / "Not A Bucket").mkdir()
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["another", "made-by-hand", BUCKET]
    assert [bucket["Name"] for bucket in s3.list_buckets(Prefix="r")["Buckets"]] == [BUCKET]
    assert s3.head_bucket(Bucket="made-by-hand")["BucketRegion"] == "us-east-1"


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Upper",
        "under_score",
        "-a-",
        "a..b",
        "192.168.5.4",
        "xn--abc",
        "sthree-abc",
        "abc-s3alias",
        "abc--ol-s3",
        "../etc",
        "a/b",
        ".system",
        "..",
        "",
    ],
)
def test_a_bucket_name_has_rules(s3: S3, folder: Path, name: str) -> None:
    before = sorted(folder.parent.rglob("*"))
    for call in (s3.create_bucket, s3.head_bucket, s3.delete_bucket):
        assert refusal(lambda call=call: call(Bucket=name)) == (
            "InvalidBucketName",
            "The specified bucket is not valid.",
            400,
        )
    assert refusal(lambda: s3.put_object(Bucket=name, Key="k"))[0] == "InvalidBucketName"
    assert sorted(folder.parent.rglob("*")) == before


def test_a_bucket_of_ones_own_again(s3: S3, folder: Path) -> None:
    """In us-east-1 AWS takes it, everywhere else it refuses."""
    put(s3, "k")
    s3.create_bucket(Bucket=BUCKET)
    assert keys(s3) == ["k"]
    west = S3(folder, region="us-west-2", account="123456789012", now=lambda: NOW)
    place = {"LocationConstraint": "us-west-2"}
    assert refusal(lambda: west.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)) == (
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        409,
    )
    assert west.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == "us-west-2"
    assert refusal(lambda: west.create_bucket(Bucket="other"))[0] == "IllegalLocationConstraintException"


def test_us_east_1_has_no_location(s3: S3) -> None:
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] is None
    place = {"LocationConstraint": "us-east-1"}
    assert (
        refusal(lambda: s3.create_bucket(Bucket="b22", CreateBucketConfiguration=place))[0]
        == "InvalidLocationConstraint"
    )


def test_a_missing_bucket(s3: S3) -> None:
    missing = ("NoSuchBucket", "The specified bucket does not exist", 404)
    assert refusal(lambda: s3.put_object(Bucket="nope", Key="k")) == missing
    assert refusal(lambda: s3.get_object(Bucket="nope", Key="k")) == missing
    assert refusal(lambda: s3.list_objects_v2(Bucket="nope")) == missing
    assert refusal(lambda: s3.delete_object(Bucket="nope", Key="k")) == missing
    assert refusal(lambda: s3.head_bucket(Bucket="nope")) == ("404", "Not Found", 404)
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.delete_bucket(Bucket="nope")


def test_only_an_empty_bucket_is_deleted(s3: S3, folder: Path) -> None:
    put(s3, "a/b")
    assert refusal(lambda: s3.delete_bucket(Bucket=BUCKET)) == (
        "BucketNotEmpty",
        "The bucket you tried to delete is not empty",
        409,
    )
    s3.delete_object(Bucket=BUCKET, Key="a/b")
    (folder / BUCKET / "empty folder").mkdir()
    (folder / BUCKET / ".tmp-left-by-a-kill").touch()
    assert s3.delete_bucket(Bucket=BUCKET)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket=BUCKET)
    assert keys(s3) == []


def test_a_file_that_is_no_object_is_not_deleted_with_its_bucket(s3: S3, folder: Path) -> None:
    (folder / BUCKET / "sub").mkdir()
    (folder / BUCKET / "sub" / ".keep").touch()
    code, text, _ = refusal(lambda: s3.delete_bucket(Bucket=BUCKET))
    assert code == "BucketNotEmpty"
    assert "sub/.keep" in text
    assert (folder / BUCKET / "sub" / ".keep").exists()


# Objects


def test_put_and_get(s3: S3) -> None:
    etag = f'"{hashlib.md5(b"photo").hexdigest()}"'
    answer = put(s3, "1.jpg", b"photo", ContentType="image/jpeg", Metadata={"Rider": "user_a"}, CacheControl="no-store")
    assert answer["ETag"] == etag
    got = s3.get_object(Bucket=BUCKET, Key="1.jpg")
    assert got.pop("Body").read() == b"photo"
    assert got.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert got == {
        "AcceptRanges": "bytes",
        "LastModified": datetime.fromtimestamp(int(NOW), UTC),
        "ContentLength": 5,
        "ETag": etag,
        "ContentType": "image/jpeg",
        "CacheControl": "no-store",
        "Metadata": {"rider": "user_a"},
    }
    head = s3.head_object(Bucket=BUCKET, Key="1.jpg")
    head.pop("ResponseMetadata")
    assert head == got


def test_a_photo_can_be_opened_in_the_folder(s3: S3, folder: Path) -> None:
    put(s3, "2024/a photo.jpg", b"photo", ContentType="image/jpeg")
    assert (folder / BUCKET / "2024" / "a photo.jpg").read_bytes() == b"photo"
    assert sorted(path.name for path in folder.iterdir()) == [".system", BUCKET]


def test_what_a_put_does_not_say_is_not_guessed_and_not_kept_from_before(s3: S3) -> None:
    put(s3, "1.jpg", b"one", ContentType="image/jpeg", Metadata={"a": "1"}, ContentEncoding="gzip")
    put(s3, "1.jpg", b"two")
    head = s3.head_object(Bucket=BUCKET, Key="1.jpg")
    assert head["ContentType"] == "binary/octet-stream"
    assert head["Metadata"] == {}
    assert "ContentEncoding" not in head


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Grüße", "Grüße".encode()),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        (io.BytesIO(b"ab"), b"ab"),
        (b"", b""),
    ],
)
def test_bodies(s3: S3, body: Any, expected: bytes) -> None:
    put(s3, "k", body)
    assert get(s3, "k") == expected


def test_a_put_without_a_body_is_an_empty_object(s3: S3) -> None:
    s3.put_object(Bucket=BUCKET, Key="folder/")
    assert s3.head_object(Bucket=BUCKET, Key="folder/")["ContentLength"] == 0


def test_a_file_body_is_stored_from_where_it_stands(s3: S3) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    put(s3, "k", file)
    assert get(s3, "k") == b"456789"


@pytest.mark.parametrize("body", [3, None, {"a": 1}, io.StringIO("text")])
def test_a_body_of_another_kind_is_refused(s3: S3, body: Any) -> None:
    put(s3, "k", b"old")
    code, text, _ = refusal(lambda: put(s3, "k", body))
    assert code == "ParamValidationError"
    assert "Body" in text
    assert get(s3, "k") == b"old"


def test_a_body_beyond_5_gib_is_refused_before_it_is_copied(s3: S3, tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(5 * 1024**3 + 1)  # a hole: takes no room
    with huge.open("rb") as file:
        assert refusal(lambda: put(s3, "k", file)) == (
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            400,
        )
    assert keys(s3) == []


def test_a_missing_key(s3: S3) -> None:
    missing = ("NoSuchKey", "The specified key does not exist.", 404)
    assert refusal(lambda: get(s3, "nope")) == missing
    assert refusal(lambda: s3.head_object(Bucket=BUCKET, Key="nope")) == ("404", "Not Found", 404)
    assert refusal(lambda: s3.open_file(BUCKET, "nope")) == missing
    put(s3, "a/b")
    assert refusal(lambda: get(s3, "a")) == missing
    assert refusal(lambda: get(s3, "a/b/c")) == missing
    assert refusal(lambda: get(s3, "a/")) == missing
    with pytest.raises(s3.exceptions.NoSuchKey) as caught:
        get(s3, "nope")
    assert str(caught.value) == (
        "An error occurred (NoSuchKey) when calling the GetObject operation: The specified key does not exist."
    )
    assert caught.value.response["Error"]["Key"] == "nope"


def test_a_key_has_at_most_1024_bytes(s3: S3) -> None:
    for key in ("k" * 1024, "é" * 512, "a/" * 512, "%" * 1024):
        put(s3, key, key)
        assert get(s3, key) == key.encode()
    assert len(keys(s3)) == 4
    for key in ("k" * 1025, "é" * 513):
        assert refusal(lambda key=key: put(s3, key)) == ("KeyTooLongError", "Your key is too long", 400)
        assert refusal(lambda key=key: get(s3, key))[0] == "KeyTooLongError"
    assert refusal(lambda: put(s3, ""))[0] == "ParamValidationError"
    assert refusal(lambda: put(s3, "\ud800"))[0] == "ParamValidationError"


@pytest.mark.parametrize(
    "key", ["../out", "../../etc/passwd", "/etc/passwd", "a/../../../out", "..", "a/./b", "~/x", ".system/x", "\0"]
)
def test_no_key_leaves_the_bucket(s3: S3, folder: Path, key: str) -> None:
    outside = {path for path in folder.parent.rglob("*") if not path.is_relative_to(folder / BUCKET)}
    put(s3, key, b"secret")
    assert get(s3, key) == b"secret"
    assert keys(s3) == [key]
    after = {path for path in folder.parent.rglob("*") if not path.is_relative_to(folder / BUCKET)}
    assert {path for path in after - outside if path.parent.name not in {"objects", "locks", BUCKET}} <= {
        folder / ".system" / "objects",
        folder / ".system" / "locks",
    }
    s3.delete_object(Bucket=BUCKET, Key=key)
    assert list((folder / BUCKET).iterdir()) == []


def test_links_out_of_the_bucket_are_not_followed(s3: S3, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("s")
    (folder / BUCKET / "link").symlink_to(tmp_path / "outside")
    (folder / BUCKET / "file").symlink_to(tmp_path / "outside" / "secret")
    assert keys(s3) == []
    for key in ("link/secret", "file"):
        assert refusal(lambda key=key: get(s3, key))[0] == "NoSuchKey"
        s3.delete_object(Bucket=BUCKET, Key=key)
    for key in ("link/new", "link/a/new", "link"):
        if key == "link":  # a link is no object, and a put does not take its place either
            (folder / BUCKET / "link").unlink()
            (folder / BUCKET / "link").symlink_to(tmp_path / "outside" / "secret")
        code, text, status = refusal(lambda key=key: put(s3, key))
        assert (code, status) == ("InternalError", 500)
        assert "symbolic link" in text
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["secret"]


def test_a_bucket_may_be_a_link_to_a_folder_of_photos(s3: S3, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"a")
    (folder / "linked").symlink_to(tmp_path / "photos")
    assert s3.get_object(Bucket="linked", Key="a.jpg")["Body"].read() == b"a"
    s3.put_object(Bucket="linked", Key="b.jpg", Body=b"b")
    assert (tmp_path / "photos" / "b.jpg").read_bytes() == b"b"


def test_files_dropped_by_hand_are_objects(s3: S3, folder: Path) -> None:
    (folder / BUCKET / "holiday").mkdir()
    (folder / BUCKET / "holiday" / "me.jpeg").write_bytes(b"jpeg")
    (folder / BUCKET / "README").write_bytes(b"text")
    head = s3.head_object(Bucket=BUCKET, Key="holiday/me.jpeg")
    assert head["ContentType"] == "image/jpeg"
    assert head["ETag"] == f'"{hashlib.md5(b"jpeg").hexdigest()}"'
    assert s3.head_object(Bucket=BUCKET, Key="README")["ContentType"] == "binary/octet-stream"
    assert keys(s3) == ["README", "holiday/me.jpeg"]


def test_a_file_edited_by_hand_loses_the_old_bodys_properties(s3: S3, folder: Path) -> None:
    put(s3, "1.png", b"photo", ContentType="x/y", Metadata={"a": "1"})
    (folder / BUCKET / "1.png").write_bytes(b"other")
    head = s3.head_object(Bucket=BUCKET, Key="1.png")
    assert (head["ContentType"], head["Metadata"]) == ("image/png", {})
    assert head["ETag"] == f'"{hashlib.md5(b"other").hexdigest()}"'
    (folder / BUCKET / "1.png").unlink()
    assert refusal(lambda: get(s3, "1.png"))[0] == "NoSuchKey"


def test_properties_that_somebody_spoiled_are_as_none(s3: S3, folder: Path) -> None:
    put(s3, "1.png", b"photo", ContentType="x/y")
    (record,) = (folder / ".system" / "objects" / BUCKET).iterdir()
    for text in ("", "[]", "{}", '{"Key": "1.png", "Versions": [1]}', '{"Key": "1.png", "Versions": [{"Size": 5}]}'):
        record.write_text(text)
        assert s3.head_object(Bucket=BUCKET, Key="1.png")["ContentType"] == "image/png"
    put(s3, "1.png", b"photo", ContentType="x/y")
    assert s3.head_object(Bucket=BUCKET, Key="1.png")["ContentType"] == "x/y"


def test_a_copied_root_keeps_its_properties_even_without_times(s3: S3, folder: Path) -> None:
    put(s3, "1.png", b"photo", ContentType="x/y", Metadata={"a": "1"})
    os.utime(folder / BUCKET / "1.png", (1, 1))
    head = s3.head_object(Bucket=BUCKET, Key="1.png")
    assert (head["ContentType"], head["Metadata"]) == ("x/y", {"a": "1"})


def test_delete_is_idempotent_and_leaves_nothing(s3: S3, folder: Path) -> None:
    put(s3, "a/b/c", Metadata={"a": "1"})
    for _ in range(2):
        assert s3.delete_object(Bucket=BUCKET, Key="a/b/c")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert list((folder / BUCKET).iterdir()) == []
    assert list((folder / ".system" / "objects" / BUCKET).iterdir()) == []


def test_delete_objects(s3: S3) -> None:
    for key in ("a", "b", "c"):
        put(s3, key)
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}, {"Key": "nope"}, {"Key": "k" * 1025}]})
    assert answer["Deleted"] == [{"Key": "a"}, {"Key": "nope"}]
    assert answer["Errors"] == [{"Key": "k" * 1025, "Code": "KeyTooLongError", "Message": "Your key is too long"}]
    assert "Deleted" not in s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    assert keys(s3) == ["c"]
    assert refusal(lambda: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": []}))[0] == "MalformedXML"
    assert refusal(lambda: s3.delete_objects(Bucket=BUCKET, Delete={"Keys": []}))[0] == "ParamValidationError"
    assert refusal(lambda: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": ["c"]}))[0] == "ParamValidationError"


# Metadata and parameters


def test_metadata_has_rules(s3: S3) -> None:
    put(s3, "k", Metadata={"n": "v" * 2047})
    assert refusal(lambda: put(s3, "k", Metadata={"n": "v" * 2048}))[0] == "MetadataTooLarge"
    assert "Non ascii" in refusal(lambda: put(s3, "k", Metadata={"n": "ü"}))[1]
    assert "Metadata.n" in refusal(lambda: put(s3, "k", Metadata={"n": 1}))[1]


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        ("put_object", {"ACL": "public-read"}, "accounts"),
        ("put_object", {"ServerSideEncryption": "AES256"}, "encrypted"),
        ("put_object", {"Tagging": "a=b"}, "Metadata"),
        ("put_object", {"Contenttype": "x"}, 'did you mean "ContentType"?'),
        ("put_object", {"StorageClass": "GLACIER"}, "STANDARD"),
        ("get_object", {"VersionId": "v1"}, "Invalid version id specified"),
        ("get_object", {"PartNumber": 1}, "part"),
        ("get_object", {"ExpectedBucketOwner": "999999999999"}, "Access Denied"),
    ],
)
def test_nothing_is_ignored(s3: S3, call: str, given: dict[str, Any], expected: str) -> None:
    put(s3, "k")
    assert expected in refusal(lambda: getattr(s3, call)(Bucket=BUCKET, Key="k", **given))[1]


def test_the_null_version_is_the_object(s3: S3) -> None:
    put(s3, "k")
    assert get(s3, "k", VersionId="null", ExpectedBucketOwner="123456789012") == b"x"
    for version in (None, "null"):
        descriptor, md5 = s3.open_file(BUCKET, "k", version)
        with os.fdopen(descriptor, "rb") as file:
            assert (file.read(), md5) == (b"x", hashlib.md5(b"x").hexdigest())


def test_an_operation_that_is_not_there(s3: S3) -> None:
    with pytest.raises(AttributeError, match=r"the local s3 has no 'put_objects'.*did you mean \"put_object\"\?"):
        s3.put_objects(Bucket=BUCKET)
    assert "get_object" in refusal(lambda: s3.generate_presigned_url("get_object", Params={}))[1]
