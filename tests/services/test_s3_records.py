"""The file with an object's properties: two versions, of which a put overwrites the one of no more use."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from asl_local.services.errors import ClientError
from asl_local.services.local import LocalAWS
from asl_local.services.s3 import store

KEY = "a.jpg"


@pytest.fixture
def s3(tmp_path: Path) -> Any:
    client = LocalAWS(tmp_path).client("s3")
    client.create_bucket(Bucket="photos")
    return client


def put(s3: Any, number: int, body: bytes = b"body", key: str = KEY, **given: Any) -> None:
    s3.put_object(Bucket="photos", Key=key, Body=body, Metadata={"n": str(number)}, **given)


def told(root: Path, key: str = KEY) -> str:
    """What a process that has seen nothing yet is told."""
    return str(LocalAWS(root).client("s3").head_object(Bucket="photos", Key=key)["Metadata"].get("n"))


def record(root: Path) -> Path:
    (found,) = root.rglob("objects/photos/*.json")
    return found


def coarse_times(monkeypatch: pytest.MonkeyPatch) -> None:
    utime = os.utime
    monkeypatch.setattr(os, "utime", lambda file, *, ns: utime(file, ns=(10**18, 10**18)))


def test_a_put_writes_over_one_line_and_leaves_the_other(s3: Any, tmp_path: Path) -> None:
    put(s3, 0)
    file, texts = record(tmp_path).stat().st_ino, []
    for number in range(1, 6):
        put(s3, number)
        assert told(tmp_path) == str(number)
        texts.append(record(tmp_path).read_text().splitlines())
        assert record(tmp_path).stat().st_ino == file
    for before, after in itertools.pairwise(texts):
        assert [old == new for old, new in zip(before, after, strict=True)].count(True) == 1
    assert [path.name for path in record(tmp_path).parent.iterdir()] == [record(tmp_path).name]


def test_half_a_line_is_none(s3: Any, tmp_path: Path) -> None:
    put(s3, 1, b"one")
    put(s3, 2, b"two")
    lines = record(tmp_path).read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines):
        for end in range(0, len(line.rstrip()), 7):
            torn = line[:end].ljust(len(line) - 1, b"#") + b"\n"
            record(tmp_path).write_bytes(b"".join([*lines[:number], torn, *lines[number + 1 :]]))
            assert told(tmp_path) == ("2" if b'"n": "1"' in line else "None")
    record(tmp_path).write_bytes(b"".join(lines))
    put(s3, 3)
    assert told(tmp_path) == "3"


def test_a_version_that_does_not_fit_makes_room(s3: Any, tmp_path: Path) -> None:
    put(s3, 1)
    size = record(tmp_path).stat().st_size
    put(s3, 2, CacheControl="x" * size)
    assert record(tmp_path).stat().st_size > 2 * size
    assert told(tmp_path) == "2"
    put(s3, 3)
    assert told(tmp_path) == "3"


def test_a_very_long_version_is_read_whole(s3: Any, tmp_path: Path) -> None:
    put(s3, 1, ContentType="x/" + "y" * 200_000)
    assert told(tmp_path) == "1"


def test_a_record_that_has_another_name_stays_what_it_was(s3: Any, tmp_path: Path) -> None:
    """Copies of a folder by links (`cp -al`) are a common way to keep its state."""
    put(s3, 1)
    copy = tmp_path / "copy.json"
    os.link(record(tmp_path), copy)
    before = copy.read_bytes()
    put(s3, 2)
    assert copy.read_bytes() == before
    assert told(tmp_path) == "2"


def test_records_of_earlier_versions_are_read_and_written_on(s3: Any, tmp_path: Path) -> None:
    put(s3, 1)
    put(s3, 2)
    lines = [json.loads(line) for line in record(tmp_path).read_text().splitlines()]
    versions = [version for line in lines for version in line["Versions"]]
    for earlier in (
        json.dumps({"Key": KEY, "Versions": versions}),
        json.dumps({"Key": KEY, "Versions": versions}, indent=1),
    ):
        record(tmp_path).write_text(earlier)
        assert told(tmp_path) == "2"
    put(s3, 3)
    assert told(tmp_path) == "3"
    assert len(record(tmp_path).read_text().splitlines()) == 2


def test_bodies_that_nobody_can_tell_apart_have_the_latest_properties(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file system's times are whole seconds, two bodies of one second and size look alike."""
    coarse_times(monkeypatch)
    for number, body in enumerate((b"one", b"two", b"six", b"six")):
        put(s3, number, body)
        assert told(tmp_path) == str(number)
        head = LocalAWS(tmp_path).client("s3").get_object(Bucket="photos", Key=KEY)
        assert (head["Body"].read(), head["Metadata"]) == (body, {"n": str(number)})


def test_a_body_that_a_person_edits_is_nobodys(s3: Any, tmp_path: Path) -> None:
    put(s3, 1)
    (body,) = (path for path in tmp_path.rglob(KEY) if path.is_file())
    body.write_bytes(b"edited")
    for client in (s3, LocalAWS(tmp_path).client("s3")):
        assert client.head_object(Bucket="photos", Key=KEY)["Metadata"] == {}
    put(s3, 2)
    assert told(tmp_path) == "2"
    body.unlink()
    body.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"body")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="photos", Key=KEY)


def copied(root: Path, to: Path) -> Path:
    """A copy that has lost its times."""
    shutil.copytree(root, to, copy_function=shutil.copyfile)
    return to


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_copy_without_times_has_the_latest_properties_of_the_same_bytes(
    s3: Any, tmp_path: Path, by_hand: bool
) -> None:
    if by_hand:
        next(tmp_path.rglob("photos")).joinpath(KEY).write_bytes(b"body")
    for number in range(5):
        put(s3, number)
        with tempfile.TemporaryDirectory() as folder:
            assert told(copied(tmp_path, Path(folder, "copy"))) == str(number)


def test_a_put_that_fails_leaves_the_old_object_though_times_are_coarse(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse_times(monkeypatch)
    put(s3, 1, b"one")
    for number, body in enumerate((b"two", b"six", b"ten"), start=2):
        with monkeypatch.context() as broken:
            replace = os.replace

            def refused(source: Any, target: Any, replace: Any = replace) -> None:
                if str(target).endswith(KEY):
                    raise OSError("no")
                replace(source, target)

            broken.setattr(os, "replace", refused)
            with pytest.raises(ClientError):
                put(s3, number, body)
        head = LocalAWS(tmp_path).client("s3").get_object(Bucket="photos", Key=KEY)
        assert (head["Metadata"], head["ETag"]) == ({"n": "1"}, f'"{hashlib.md5(b"one").hexdigest()}"')


@pytest.mark.parametrize("coarse", [False, True])
def test_a_body_that_is_replaced_twice_while_it_is_read_is_looked_for_again(
    s3: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, coarse: bool
) -> None:
    put(s3, 1, b"one")
    copy = copied(tmp_path, tmp_path_factory.mktemp("copies") / "copy")
    if coarse:
        coarse_times(monkeypatch)
    writer, reader = (LocalAWS(copy).client("s3") for _ in range(2))
    checksum = store._checksum

    def slow(descriptor: int) -> str:
        monkeypatch.setattr(store, "_checksum", checksum)
        for number in (2, 3):
            put(writer, number, b"two")
        return checksum(descriptor)

    monkeypatch.setattr(store, "_checksum", slow)
    found = reader.get_object(Bucket="photos", Key=KEY)
    assert (found["Body"].read(), found["Metadata"]) == (b"two", {"n": "3"})


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_record_that_is_a_link_is_not_written_through(s3: Any, tmp_path: Path) -> None:
    put(s3, 1)
    other = tmp_path / "copy.json"
    place = record(tmp_path)
    place.replace(other)
    place.symlink_to(other)
    before = other.read_bytes()
    put(s3, 2)
    assert (other.read_bytes(), told(tmp_path)) == (before, "2")
