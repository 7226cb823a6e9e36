"""S3 on a folder: parts of objects, conditions, copies, listings and transfers, and who sees what at once."""

from __future__ import annotations

import hashlib
import io
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from s3_helpers import BUCKET, NOW, get, keys, on, put, refusal

from asl_local.services.errors import ClientError
from asl_local.services.s3 import S3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "s3"


@pytest.fixture
def s3(folder: Path) -> S3:
    return on(folder)


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
