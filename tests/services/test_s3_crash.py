"""S3 when the machine fails: a kill at any moment, a full disk, several processes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from asl_local.services.errors import ClientError
from asl_local.services.s3 import S3

BUCKET = "rider-photos"


def open_s3(folder: Path) -> S3:
    return S3(folder, region="us-east-1", account="123456789012", now=lambda: 1_700_000_000.0)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def state(s3: S3, key: str = "k") -> tuple[bytes, dict[str, str], str] | None:
    try:
        got = s3.get_object(Bucket=BUCKET, Key=key)
    except s3.exceptions.NoSuchKey:
        return None
    return got["Body"].read(), got["Metadata"], got["ContentType"]


# Runs one operation in a child that dies at the n-th thing it does to the file system, for every n until it survives.
KILLED = """
import os, sys
from pathlib import Path
from asl_local.services.s3 import S3

folder, operation = Path(sys.argv[1]), sys.argv[2]
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.utime", "os.truncate", "fcntl.flock"}

def s3():
    return S3(folder, region="us-east-1", account="123456789012", now=lambda: 1_700_000_000.0)

def put(client, **given):
    client.put_object(Bucket="rider-photos", Key="k", **given)

def look():
    try:
        got = s3().get_object(Bucket="rider-photos", Key="k")
    except s3().exceptions.NoSuchKey:
        return None
    return got["Body"].read(), got["Metadata"], got["ContentType"]

OLD = dict(Body=b"old body", Metadata={"v": "old"}, ContentType="x/old")
NEW = dict(Body=b"new body", Metadata={"v": "new"}, ContentType="x/new")

def perform(client):
    if operation == "put":
        put(client, **NEW)
    elif operation == "properties":
        put(client, **{**NEW, "Body": b"old body"})
    elif operation == "delete":
        client.delete_object(Bucket="rider-photos", Key="k")
    elif operation == "below":
        client.put_object(Bucket="rider-photos", Key="k/below", Body=b"b")
    elif operation == "above":
        client.put_object(Bucket="rider-photos", Key="d", Body=b"d")

s3().create_bucket(Bucket="rider-photos")
outcomes = []
for number in range(200):
    s3().delete_objects(Bucket="rider-photos", Delete={"Objects": [{"Key": key} for key in ("k/below", "d")]})
    s3().put_object(Bucket="rider-photos", Key="d/e", Body=b"e", Metadata={"v": "e"})
    put(s3(), **OLD)
    child = os.fork()
    if child == 0:
        client = s3()
        count = 0
        def die(event, arguments):
            global count
            if event in EVENTS:
                if count == number:
                    os._exit(9)
                count += 1
        sys.addaudithook(die)
        perform(client)
        os._exit(0)
    survived = os.waitpid(child, 0)[1] == 0
    kept = s3().get_object(Bucket="rider-photos", Key="d/e")
    assert (kept["Body"].read(), kept["Metadata"]) == (b"e", {"v": "e"}), "another object was touched"
    listed = [entry["Key"] for entry in s3().list_objects_v2(Bucket="rider-photos").get("Contents", [])]
    assert ("k" in listed) == (look() is not None)
    outcomes.append((survived, look(), listed))
    if survived:
        break
print(outcomes)
"""


def outcomes(tmp_path: Path, operation: str) -> list[tuple[bool, Any, list[str]]]:
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    run = subprocess.run(
        [sys.executable, script, tmp_path / "s3", operation], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    result: list[tuple[bool, Any, list[str]]] = eval(run.stdout)
    assert result[-1][0], "the operation never came to its end"
    assert len(result) > 3
    return result


OLD = (b"old body", {"v": "old"}, "x/old")


@pytest.mark.parametrize(
    ("operation", "new"),
    [
        ("put", (b"new body", {"v": "new"}, "x/new")),
        ("properties", (b"old body", {"v": "new"}, "x/new")),
        ("delete", None),
    ],
)
def test_a_kill_at_any_moment_leaves_the_old_object_or_the_new_one(tmp_path: Path, operation: str, new: Any) -> None:
    result = outcomes(tmp_path, operation)
    seen = [look for _, look, _ in result]
    assert seen[0] == OLD
    assert seen[-1] == new
    for look in seen:
        assert look in (OLD, new)
    # Once new, always new: there is one moment.
    assert seen == sorted(seen, key=lambda look: look != OLD)


@pytest.mark.parametrize(("operation", "key"), [("below", "k/below"), ("above", "d")])
def test_a_kill_while_a_folder_steps_aside_loses_nothing(tmp_path: Path, operation: str, key: str) -> None:
    result = outcomes(tmp_path, operation)
    for survived, look, listed in result:
        assert look == OLD
        assert set(listed) in ({"k", "d/e"}, {"k", "d/e", key})
        assert (key in listed) or not survived


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file may grow beyond `room` bytes: writes fail as on a full disk, with the error of the operating system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_object_and_no_rest(tmp_path: Path) -> None:
    s3 = open_s3(tmp_path)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"old body", Metadata={"v": "old"}, ContentType="x/old")
    before = files_below(tmp_path)
    with full_disk(100_000), pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=BUCKET, Key="k", Body=b"x" * 3_000_000)
    assert caught.value.code == "InternalError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert caught.value.message == (
        "We encountered an internal error. Please try again. (File too large; nothing was changed)"
    )
    assert state(s3) == OLD
    assert files_below(tmp_path) == before


def test_a_disk_that_takes_the_body_but_not_its_properties(tmp_path: Path) -> None:
    s3 = open_s3(tmp_path)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"old body", Metadata={"v": "old"}, ContentType="x/old")
    before = files_below(tmp_path)
    with full_disk(200), pytest.raises(ClientError, match="InternalError"):
        s3.put_object(Bucket=BUCKET, Key="k", Body=b"new body", Metadata={"v": "x" * 500})
    assert state(s3) == OLD
    assert files_below(tmp_path) == before


def test_a_full_disk_while_a_download_is_written(tmp_path: Path) -> None:
    s3 = open_s3(tmp_path / "s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x" * 3_000_000)
    (tmp_path / "target").write_text("old")
    with full_disk(100_000), pytest.raises(OSError, match="File too large"):
        s3.download_file(BUCKET, "k", tmp_path / "target")
    assert (tmp_path / "target").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["target"]


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    s3 = open_s3(tmp_path)
    s3.create_bucket(Bucket=BUCKET)
    (tmp_path / BUCKET).chmod(0o500)
    if os.access(tmp_path / BUCKET, os.W_OK):
        pytest.skip("this user may write everywhere")
    try:
        with pytest.raises(ClientError, match="Permission denied"):
            s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    finally:
        (tmp_path / BUCKET).chmod(0o700)


WRITER = """
import sys
from pathlib import Path
from asl_local.services.s3 import S3
s3 = S3(Path(sys.argv[1]), region="us-east-1", account="123456789012", now=lambda: 1_700_000_000.0)
for number in range(40):
    for key in ("shared", f"own/{sys.argv[2]}/{number}", "a" if number % 2 else "a/b"):
        s3.put_object(Bucket="rider-photos", Key=key, Body=sys.argv[2] * 10, Metadata={"v": sys.argv[2]})
    if number % 4 == 0:
        s3.delete_object(Bucket="rider-photos", Key="a/b")
"""


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    s3 = open_s3(tmp_path)
    s3.create_bucket(Bucket=BUCKET)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, digit], stderr=subprocess.PIPE, text=True)
        for digit in "123"
    ]
    while any(writer.poll() is None for writer in writers):
        seen = state(s3, "shared")
        if seen is not None:
            assert seen[0] == seen[1]["v"].encode() * 10
    for writer in writers:
        assert writer.communicate()[1] == ""
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert {f"own/{digit}/{number}" for digit in "123" for number in range(40)} | {"shared"} <= keys
    assert not [name for name in files_below(tmp_path) if ".tmp-" in name]
