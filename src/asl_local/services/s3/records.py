"""An object's properties on disk: a small file with room for two versions, so that a new one is written beside the one
in use.

Knows: how a version looks in the file, and which of the two may be overwritten. Must never know: bodies, keys' places.

    {"Key": "a.jpg", "Versions": [{"Size": 5, "Stamp": 1, ...}]}      two lines of equal length, each a version or blank,
    {"Key": "a.jpg", "Versions": [{"Size": 7, "Stamp": 2, ...}]}      filled up with spaces

A put writes over the line that is not of the body that lies there, and only then replaces the body: whatever half of a
line a crash leaves, the other one holds. A line that cannot be read is none. Overwriting costs a fifth of what a new
file and its renaming do; that is done where a version does not fit, or neither line is known to be free. Earlier files
hold both versions in one line.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from asl_local.services import files

_ROOM = 256  # bytes: a line's length is a multiple, so that the next version most likely fits, too
_FIELDS = {"Size", "Stamp", "ETag", "ContentType", "Headers", "Metadata"}


class Properties(NamedTuple):
    """What S3 keeps beside the bytes. `headers` are CacheControl and its like, `metadata` the user's own."""

    etag: str  # MD5, hexadecimal, without quotes
    content_type: str
    headers: dict[str, str]
    metadata: dict[str, str]


class Version(NamedTuple):
    """Properties, and the body that they belong to: its size, and its file's time in nanoseconds since 1970."""

    size: int
    stamp: int
    properties: Properties


def place_of(folder: str, key: str) -> str:
    """The file with the properties of a key."""
    return f"{folder}/{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"


def read(path: str, key: str) -> list[Version]:
    """The versions that are told, in no order; none where there is no file, or none that we wrote."""
    try:
        descriptor = os.open(path, os.O_RDONLY | files.BINARY)
        try:
            text = os.read(descriptor, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)
    except OSError:
        return []
    told = [version for line in text.splitlines() if not line.isspace() for version in _read_line(line, key)]
    return told or _read_line(text, key)  # somebody may have laid it out anew


def _read_line(line: bytes, key: str) -> list[Version]:
    try:
        record = json.loads(line.decode())
        return (
            [_read_version(each) for each in record["Versions"] if each.keys() == _FIELDS]
            if record["Key"] == key
            else []
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def _read_version(told: dict[str, Any]) -> Version:
    properties = Properties(told["ETag"], told["ContentType"], told["Headers"], told["Metadata"])
    return Version(told["Size"], told["Stamp"], properties)


def write(path: str, key: str, new: Version, old: Version | None, *, durable: bool) -> None:
    """Adds a version and keeps that of the body that lies there. Raises OSError with that one still told.

    `durable`: on the disk on return. Where a version is overwritten the new one always is: nobody may find it half.
    """
    if old is not None and old[:2] == new[:2]:
        old = None  # nobody could tell the bodies apart: the new file is what counts, for either
    line, kept = _line(key, new), None if old is None else _line(key, old)
    if kept is not None and _overwritten(path, line, kept):
        return
    room = (max(len(line), len(kept or b"")) // _ROOM + 1) * _ROOM
    text = (kept or b"").ljust(room - 1) + b"\n" + line.ljust(room - 1) + b"\n"
    files.write_atomically(Path(path), text, durable=durable)


def _overwritten(path: str, line: bytes, kept: bytes) -> bool:
    """Whether there was a free line, which now is this one."""
    try:
        descriptor = os.open(path, os.O_RDWR | files.BINARY)
    except OSError:
        return False
    try:
        state = os.fstat(descriptor)
        text = os.read(descriptor, state.st_size)
        room = len(text) // 2
        lines = text[: room - 1].rstrip(), text[room:-1].rstrip()
        whole = len(text) == 2 * room and text.endswith(b"\n") and text.find(b"\n") == room - 1
        # What has more names than one is somebody's copy, too.
        if not whole or len(line) >= room or kept not in lines or state.st_nlink != 1:
            return False
        free = 1 - lines.index(kept)
        os.lseek(descriptor, free * room, os.SEEK_SET)
        files.write_all(descriptor, line.ljust(room - 1) + b"\n")
        _sync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _line(key: str, version: Version) -> bytes:
    properties = version.properties
    told = {
        "Size": version.size,
        "Stamp": version.stamp,
        "ETag": properties.etag,
        "ContentType": properties.content_type,
        "Headers": properties.headers,
        "Metadata": properties.metadata,
    }
    return _text({"Key": key, "Versions": [told]}).encode()


_text = json.JSONEncoder(ensure_ascii=False).encode
_sync = getattr(os, "fdatasync", os.fsync)  # the file's length stays, so its data are all there is to it
