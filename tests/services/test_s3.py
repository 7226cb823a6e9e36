"""S3 on a folder: operations, answers and errors as boto3 gives them."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.services.errors import ClientError
from asl_local.services.s3 import S3

NOW = 1_700_000_000.25
BUCKET = "rider-photos"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "s3"


@pytest.fixture
def s3(folder: Path) -> S3:
    made = S3(folder, region="us-east-1", account="123456789012", now=lambda: NOW)
    made.create_bucket(Bucket=BUCKET)
    return made


def put(s3: S3, key: str, body: Any = b"x", **given: Any) -> dict[str, Any]:
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **given)


def get(s3: S3, key: str, **given: Any) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=key, **given)["Body"].read()
    return body


def keys(s3: S3, **given: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, **given).get("Contents", [])]


def refusal(call: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.code, caught.value.message, caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


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


# Ranges and conditions


@pytest.mark.parametrize(
    ("text", "expected", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_ranges(s3: S3, text: str, expected: bytes, content_range: str) -> None:
    put(s3, "k", b"0123456789")
    got = s3.get_object(Bucket=BUCKET, Key="k", Range=text)
    assert got["Body"].read() == expected
    assert (got["ContentRange"], got["ContentLength"]) == (content_range, len(expected))
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("bytes=10-", "InvalidRange"),
        ("bytes=-0", "InvalidRange"),
        ("bytes=5-2", "InvalidArgument"),
        ("0-3", "InvalidArgument"),
        ("bytes=-", "InvalidArgument"),
        ("bytes=0-1,3-4", "NotImplemented"),
    ],
)
def test_bad_ranges(s3: S3, text: str, code: str) -> None:
    put(s3, "k", b"0123456789")
    assert refusal(lambda: get(s3, "k", Range=text))[0] == code


EARLIER, LATER = datetime.fromtimestamp(NOW - 60, UTC), datetime.fromtimestamp(NOW + 60, UTC)
RIGHT, WRONG = f'"{hashlib.md5(b"x").hexdigest()}"', '"0"'


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"IfMatch": RIGHT}, None),
        ({"IfMatch": RIGHT.strip('"')}, None),
        ({"IfMatch": "*"}, None),
        ({"IfMatch": WRONG}, "PreconditionFailed"),
        ({"IfNoneMatch": WRONG}, None),
        ({"IfNoneMatch": RIGHT}, "304"),
        ({"IfNoneMatch": f"{WRONG}, {RIGHT}"}, "304"),
        ({"IfModifiedSince": EARLIER}, None),
        ({"IfModifiedSince": LATER}, "304"),
        ({"IfUnmodifiedSince": LATER}, None),
        ({"IfUnmodifiedSince": EARLIER}, "PreconditionFailed"),
        ({"IfMatch": RIGHT, "IfUnmodifiedSince": EARLIER}, None),
        ({"IfNoneMatch": WRONG, "IfModifiedSince": LATER}, None),
        ({"IfModifiedSince": LATER.replace(tzinfo=None)}, "304"),
    ],
)
def test_conditions_of_a_get(s3: S3, given: dict[str, Any], code: str | None) -> None:
    put(s3, "k", b"x")
    if code is None:
        assert get(s3, "k", **given) == b"x"
    else:
        assert refusal(lambda: get(s3, "k", **given))[0] == code
        assert refusal(lambda: s3.head_object(Bucket=BUCKET, Key="k", **given))[0] == {"PreconditionFailed": "412"}.get(
            code, code
        )


def test_conditions_of_a_put(s3: S3) -> None:
    put(s3, "k", b"x", IfNoneMatch="*")
    assert refusal(lambda: put(s3, "k", b"y", IfNoneMatch="*")) == (
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
    )
    assert refusal(lambda: put(s3, "k", b"y", IfMatch=WRONG))[0] == "PreconditionFailed"
    assert refusal(lambda: put(s3, "new", b"y", IfMatch=WRONG))[0] == "NoSuchKey"
    assert get(s3, "k") == b"x"
    put(s3, "k", b"y", IfMatch=RIGHT)
    assert get(s3, "k") == b"y"
    assert refusal(lambda: s3.delete_object(Bucket=BUCKET, Key="k", IfMatch=RIGHT))[0] == "PreconditionFailed"


def test_a_digest_is_compared(s3: S3) -> None:
    put(s3, "k", b"hello", ContentMD5="XUFAKrxLKna5cZ2REBfFkg==")
    assert refusal(lambda: put(s3, "k", b"other", ContentMD5="XUFAKrxLKna5cZ2REBfFkg=="))[0] == "BadDigest"
    assert refusal(lambda: put(s3, "k", b"other", ContentMD5="no"))[0] == "InvalidDigest"
    assert get(s3, "k") == b"hello"


def test_of_several_that_want_to_be_first_one_is(s3: S3) -> None:
    outcomes: list[str] = []

    def first(number: int) -> None:
        try:
            put(s3, "k", str(number), IfNoneMatch="*")
            outcomes.append(str(number))
        except ClientError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=first, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [get(s3, "k").decode(), *["PreconditionFailed"] * 7]


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


# Copies


def test_copy(s3: S3) -> None:
    s3.create_bucket(Bucket="thumbnails")
    put(s3, "a b/ü.jpg", b"x", ContentType="image/jpeg", Metadata={"a": "1"})
    for number, source in enumerate(
        [
            {"Bucket": BUCKET, "Key": "a b/ü.jpg"},
            f"{BUCKET}/a%20b/%C3%BC.jpg",
            f"/{BUCKET}/a b/ü.jpg",
            f"{BUCKET}/a b/ü.jpg?versionId=null",
        ]
    ):
        answer = s3.copy_object(Bucket="thumbnails", Key=f"copy{number}", CopySource=source)
        assert answer["CopyObjectResult"] == {"ETag": RIGHT, "LastModified": datetime.fromtimestamp(int(NOW), UTC)}
        head = s3.head_object(Bucket="thumbnails", Key=f"copy{number}")
        assert (head["ContentType"], head["Metadata"], head["ETag"]) == ("image/jpeg", {"a": "1"}, RIGHT)


def test_copy_with_other_properties(s3: S3) -> None:
    put(s3, "k", b"x", ContentType="image/jpeg", Metadata={"a": "1"})
    source = {"Bucket": BUCKET, "Key": "k"}
    code, text, _ = refusal(lambda: s3.copy_object(Bucket=BUCKET, Key="k", CopySource=source))
    assert code == "InvalidRequest"
    assert text.startswith("This copy request is illegal")
    s3.copy_object(Bucket=BUCKET, Key="k", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"})
    head = s3.head_object(Bucket=BUCKET, Key="k")
    assert (head["ContentType"], head["Metadata"]) == ("binary/octet-stream", {"b": "2"})
    assert get(s3, "k") == b"x"


def test_a_copy_of_what_is_not_there_or_not_wanted(s3: S3) -> None:
    assert refusal(lambda: s3.copy_object(Bucket=BUCKET, Key="c", CopySource=f"{BUCKET}/nope"))[0] == "NoSuchKey"
    assert refusal(lambda: s3.copy_object(Bucket=BUCKET, Key="c", CopySource="nope/k"))[0] == "NoSuchBucket"
    assert refusal(lambda: s3.copy_object(Bucket=BUCKET, Key="c", CopySource="nokey"))[0] == "InvalidArgument"
    assert refusal(lambda: s3.copy_object(Bucket=BUCKET, Key="c", CopySource={"Key": "k"}))[0] == "ParamValidationError"
    put(s3, "k", b"x")
    for condition in ({"CopySourceIfMatch": WRONG}, {"CopySourceIfNoneMatch": RIGHT}):
        call = lambda condition=condition: s3.copy_object(Bucket=BUCKET, Key="c", CopySource=f"{BUCKET}/k", **condition)  # noqa: E731
        assert refusal(call)[0] == "PreconditionFailed"
    assert keys(s3) == ["k"]


# Listings


def test_a_listing_of_nothing(s3: S3) -> None:
    answer = s3.list_objects_v2(Bucket=BUCKET)
    assert answer.pop("ResponseMetadata")
    assert answer == {"IsTruncated": False, "Name": BUCKET, "Prefix": "", "MaxKeys": 1000, "KeyCount": 0}


def test_a_listing_has_what_boto_says(s3: S3) -> None:
    put(s3, "a/1.jpg", b"x", Metadata={"a": "1"})
    put(s3, "b")
    answer = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/", FetchOwner=True)
    assert answer["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert answer["Contents"] == [
        {
            "Key": "b",
            "LastModified": datetime.fromtimestamp(int(NOW), UTC),
            "ETag": RIGHT,
            "Size": 1,
            "StorageClass": "STANDARD",
            "Owner": {"DisplayName": "local", "ID": "123456789012"},
        }
    ]
    assert answer["KeyCount"] == 2
    assert answer["Delimiter"] == "/"


def test_keys_come_in_the_order_of_their_utf_8_bytes(s3: S3) -> None:
    # U+FF21 comes before U+1F600 in UTF-8, after it in UTF-16.
    wanted = ["A", "B", "a", "a!", "a/", "a/b", "a0", "é", "\uff21", "\U0001f600"]
    for key in reversed(wanted):
        put(s3, key)
    assert keys(s3) == wanted


def test_a_url_encoded_listing(s3: S3) -> None:
    put(s3, "a b/\x01ü")
    answer = s3.list_objects_v2(Bucket=BUCKET, Prefix="a b", EncodingType="url")
    assert answer["Contents"][0]["Key"] == "a%20b/%01%C3%BC"
    assert answer["Prefix"] == "a%20b"
    assert unquote(answer["Contents"][0]["Key"]) == "a b/\x01ü"


def test_listing_parameters_are_checked(s3: S3) -> None:
    assert refusal(lambda: s3.list_objects_v2(Bucket=BUCKET, ContinuationToken="?"))[0] == "InvalidArgument"
    assert refusal(lambda: s3.list_objects_v2(Bucket=BUCKET, MaxKeys=-1))[0] == "InvalidArgument"
    assert s3.list_objects_v2(Bucket=BUCKET, MaxKeys=5000)["MaxKeys"] == 1000
    put(s3, "k")
    answer = s3.list_objects_v2(Bucket=BUCKET, MaxKeys=0)
    assert (answer["KeyCount"], answer["IsTruncated"]) == (0, False)


KEY = (
    st.lists(st.sampled_from(["a", "b", "ab", "", "%", "é", ".", "c" * 120]), min_size=1, max_size=4)
    .map("/".join)
    .filter(bool)
)


@given(
    wanted=st.sets(KEY, max_size=10),
    prefix=st.sampled_from(["", "a", "a/", "/", "b", "é", "c"]),
    delimiter=st.sampled_from(["", "/", "b", "/a"]),
    after=st.sampled_from(["", "a", "a/", "a/b", "b", "é"]),
    page=st.integers(1, 4),
)
def test_pages_are_the_pages_of_the_whole_list(
    tmp_path_factory: pytest.TempPathFactory, *, wanted: set[str], prefix: str, delimiter: str, after: str, page: int
) -> None:
    folder = tmp_path_factory.mktemp("s3")
    s3 = S3(folder, region="us-east-1", account="123456789012", now=lambda: NOW)
    (folder / BUCKET).mkdir()
    for key in wanted:
        put(s3, key)
    expected: list[str] = []
    for key in sorted(wanted, key=str.encode):
        if key.startswith(prefix) and key.encode() > after.encode():
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            entry = key if cut < 0 else f"({key[: cut + len(delimiter)]})"
            if entry not in expected:
                expected.append(entry)
    asked: dict[str, Any] = {"Prefix": prefix, "MaxKeys": page, "StartAfter": after}
    if delimiter:
        asked["Delimiter"] = delimiter
    seen: list[str] = []
    for answer in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, **asked):
        entries = [(e["Key"], e["Key"]) for e in answer.get("Contents", [])]
        entries += [(e["Prefix"], f"({e['Prefix']})") for e in answer.get("CommonPrefixes", [])]
        assert answer["KeyCount"] == len(entries) <= page
        assert len(entries) == page or not answer["IsTruncated"]
        seen += [text for _, text in sorted(entries, key=lambda entry: entry[0].encode())]
    assert seen == expected


def test_the_paginator_has_no_other_operation_and_options(s3: S3) -> None:
    put(s3, "a")
    put(s3, "b")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 1})
    assert [page["Contents"][0]["Key"] for page in pages] == ["a", "b"]
    with pytest.raises(ValueError, match="list_objects_v2"):
        s3.get_paginator("list_parts")
    with pytest.raises(ClientError, match="PageSize"):
        next(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"MaxItems": 1}))


# Transfers


def test_files_go_up_and_down(s3: S3, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 3_000_000)
    seen: list[int] = []
    s3.upload_file(str(source), BUCKET, "k", ExtraArgs={"ContentType": "image/png"}, Callback=seen.append)
    assert sum(seen) == 3_000_000
    assert s3.head_object(Bucket=BUCKET, Key="k")["ContentType"] == "image/png"
    seen.clear()
    s3.download_file(BUCKET, "k", target, Callback=seen.append)
    assert target.read_bytes() == source.read_bytes()
    assert sum(seen) == 3_000_000
    s3.upload_fileobj(Fileobj=io.BytesIO(b"abc"), Bucket=BUCKET, Key="o")
    buffer = io.BytesIO()
    s3.download_fileobj(BUCKET, "o", buffer)
    assert buffer.getvalue() == b"abc"


def test_a_download_of_nothing_leaves_the_file_as_it_was(s3: S3, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    with pytest.raises(
        ClientError, match=r"An error occurred \(404\) when calling the HeadObject operation: Not Found"
    ):
        s3.download_file(BUCKET, "nope", tmp_path / "target")
    assert (tmp_path / "target").read_text() == "old"
    assert not list(tmp_path.glob(".tmp-*"))


def test_an_upload_of_a_file_that_is_not_there(s3: S3, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        s3.upload_file(tmp_path / "nope", BUCKET, "k")


def test_transfer_arguments_are_checked(s3: S3, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        s3.upload_file(tmp_path / "file")
    (tmp_path / "file").touch()
    assert "ACL" in refusal(lambda: s3.upload_file(tmp_path / "file", BUCKET, "k", {"ACL": "private"}))[1]
    assert "Config" in refusal(lambda: s3.upload_file(tmp_path / "file", BUCKET, "k", Config=object()))[1]


# Together


def test_a_body_is_of_the_object_that_was_asked_for(s3: S3) -> None:
    put(s3, "k", b"old", Metadata={"v": "old"})
    got = s3.get_object(Bucket=BUCKET, Key="k")
    put(s3, "k", b"new", Metadata={"v": "new"})
    s3.delete_object(Bucket=BUCKET, Key="k")
    assert got["Body"].read() == b"old"


def test_readers_never_see_a_body_with_anothers_properties(s3: S3) -> None:
    done = threading.Event()
    wrong: list[object] = []
    put(s3, "k", b"0" * 10, Metadata={"v": "0"})

    def read() -> None:
        while not done.is_set():
            got = s3.get_object(Bucket=BUCKET, Key="k")
            body = got["Body"].read()
            if got["Metadata"] != {"v": chr(body[0])} or body != body[:1] * 10:
                wrong.append((body, got["Metadata"]))

    def write(digits: str) -> None:
        for digit in digits * 5:
            put(s3, "k", digit * 10, Metadata={"v": digit})

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(digits,)) for digits in ("0123", "4567")]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert wrong == []


def test_two_clients_on_one_folder_see_the_same(s3: S3, folder: Path) -> None:
    other = S3(folder, region="us-east-1", account="123456789012", now=lambda: NOW)
    put(s3, "k", b"1", Metadata={"a": "1"})
    assert get(other, "k") == b"1"
    put(other, "k", b"2")
    assert get(s3, "k") == b"2"
    other.delete_object(Bucket=BUCKET, Key="k")
    assert keys(s3) == []
