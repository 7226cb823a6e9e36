"""What the local S3 remembers so that it need not be read again, and when it counts no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from asl_local.services.local import LocalAWS


def test_what_is_remembered_of_a_record_counts_while_record_and_body_stay(tmp_path: Path) -> None:
    aws, other = LocalAWS(tmp_path), LocalAWS(tmp_path)
    here, there = aws.client("s3"), other.client("s3")
    here.create_bucket(Bucket="photos")
    for number, client in enumerate((here, there, here)):
        client.put_object(Bucket="photos", Key="a.txt", Body=b"same", Metadata={"n": str(number)})
        for each in (here, there, here):
            assert each.head_object(Bucket="photos", Key="a.txt")["Metadata"] == {"n": str(number)}
    here.head_object(Bucket="photos", Key="a.txt")["Metadata"]["n"] = "somebody's own"
    assert here.head_object(Bucket="photos", Key="a.txt")["Metadata"] == {"n": "2"}
    (record,) = tmp_path.rglob("objects/photos/*.json")
    record.write_text(record.read_text().replace('"n": "2"', '"n": "9"'))
    assert here.head_object(Bucket="photos", Key="a.txt")["Metadata"] == {"n": "9"}
    record.unlink()
    assert here.head_object(Bucket="photos", Key="a.txt")["Metadata"] == {}


def test_a_bucket_that_becomes_a_link_is_followed(tmp_path: Path) -> None:
    client = LocalAWS(tmp_path / "aws").client("s3")
    client.create_bucket(Bucket="photos")
    client.put_object(Bucket="photos", Key="a", Body=b"1")
    bucket = next(path for path in (tmp_path / "aws").rglob("photos") if (path / "a").is_file())
    bucket.rename(tmp_path / "elsewhere")
    bucket.symlink_to(tmp_path / "elsewhere")
    client.put_object(Bucket="photos", Key="folder/b", Body=b"2")
    assert (tmp_path / "elsewhere" / "folder" / "b").read_bytes() == b"2"
    assert [each["Key"] for each in client.list_objects_v2(Bucket="photos")["Contents"]] == ["a", "folder/b"]


@pytest.mark.parametrize("how", ["a folder", "the object"])
def test_a_link_that_a_person_puts_below_a_bucket_leads_nowhere(tmp_path: Path, how: str) -> None:
    client = LocalAWS(tmp_path / "aws").client("s3")
    client.create_bucket(Bucket="photos")
    client.put_object(Bucket="photos", Key="folder/a", Body=b"1")
    assert client.head_object(Bucket="photos", Key="folder/a")["ContentLength"] == 1
    (file,) = (path for path in (tmp_path / "aws").rglob("folder/a") if path.is_file())
    place = file.parent if how == "a folder" else file
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(client.exceptions.NoSuchKey):
        client.get_object(Bucket="photos", Key="folder/a")
