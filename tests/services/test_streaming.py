"""Bodies as botocore gives them."""

from __future__ import annotations

import gc
import io
import os
from pathlib import Path

import pytest

from asl_local.services.streaming import FilePart, StreamingBody


def part(tmp_path: Path, data: bytes, start: int = 0, length: int | None = None) -> StreamingBody:
    path = tmp_path / "body"
    path.write_bytes(data)
    length = len(data) - start if length is None else length
    return StreamingBody(FilePart(os.open(path, os.O_RDONLY), start, length), length)


def test_read_gives_all_and_then_nothing(tmp_path: Path) -> None:
    body = part(tmp_path, b"hello")
    assert (body.read(), body.read(), body.tell()) == (b"hello", b"", 5)


def test_read_in_pieces(tmp_path: Path) -> None:
    body = part(tmp_path, b"hello")
    assert (body.read(2), body.tell(), body.read(2), body.read(2), body.read(2)) == (b"he", 2, b"ll", b"o", b"")


def test_nothing_is_asked_for_and_the_body_goes_on(tmp_path: Path) -> None:
    body = part(tmp_path, b"hello")
    assert (body.read(0), body.read(3), body.read(0), body.read(None)) == (b"", b"hel", b"", b"lo")


def test_a_body_fills_a_buffer(tmp_path: Path) -> None:
    body, buffer = part(tmp_path, b"hello"), bytearray(b"......")
    raw = body._raw
    assert (raw.readinto(memoryview(buffer)[:2]), raw.readinto(memoryview(buffer)[2:]), raw.readinto(buffer)) == (
        2,
        3,
        0,
    )
    assert buffer == b"hello."


def test_a_part_of_a_file(tmp_path: Path) -> None:
    assert part(tmp_path, b"0123456789", 3, 4).read() == b"3456"


def test_chunks(tmp_path: Path) -> None:
    assert list(part(tmp_path, b"x" * 2050).iter_chunks()) == [b"x" * 1024, b"x" * 1024, b"xx"]
    assert list(part(tmp_path, b"abcde").iter_chunks(chunk_size=2)) == [b"ab", b"cd", b"e"]
    assert list(part(tmp_path, b"x" * 1030)) == [b"x" * 1024, b"x" * 6]
    assert next(part(tmp_path, b"abc")) == b"abc"
    with pytest.raises(StopIteration):
        next(part(tmp_path, b""))


@pytest.mark.parametrize("size", [1, 2, 3, 1024])
def test_lines_are_the_same_however_the_chunks_fall(tmp_path: Path, size: int) -> None:
    data = b"one\r\ntwo\n\nthree\rfour"
    assert list(part(tmp_path, data).iter_lines(size)) == data.splitlines()
    assert list(part(tmp_path, data).iter_lines(size, keepends=True)) == data.splitlines(keepends=True)


def test_with_closes(tmp_path: Path) -> None:
    with part(tmp_path, b"hello") as body:
        assert body.readable()
        assert body.read(1) == b"h"
    assert body.closed


def test_an_unread_body_gives_its_descriptor_back(tmp_path: Path) -> None:
    body = part(tmp_path, b"hello")
    descriptor = body._raw._descriptor
    del body
    gc.collect()
    with pytest.raises(OSError):
        os.fstat(descriptor)


def test_a_read_body_has_given_its_descriptor_back(tmp_path: Path) -> None:
    body = part(tmp_path, b"hello")
    descriptor = body._raw._descriptor
    body.read()
    with pytest.raises(OSError):
        os.fstat(descriptor)


def test_a_body_feeds_other_readers(tmp_path: Path) -> None:
    assert io.BufferedReader(part(tmp_path, b"a\nb\n")).readlines() == [b"a\n", b"b\n"]  # type: ignore[type-var]
    assert StreamingBody(b"bytes").read() == b"bytes"


def test_a_body_is_the_file_that_was_opened_even_when_it_is_replaced(tmp_path: Path) -> None:
    body = part(tmp_path, b"old")
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "new").replace(tmp_path / "body")
    assert body.read() == b"old"
