"""An object's properties on disk: a small file with room for two versions, so that a new one is written beside the one
in use.

Knows: how a version looks in the file, and which of the two may be overwritten. Must never know: bodies, keys' places.

    {"Key": "a.jpg", "Versions": [{"Size": 5, "Stamp": 1, ...}], "Number": 4}   two lines of equal length, each a version
    {"Key": "a.jpg", "Versions": [{"Size": 7, "Stamp": 2, ...}], "Number": 3}   or blank, filled up with spaces

A put writes over the line that is not of the body that lies there, and only then replaces the body: whatever half of a
line a crash leaves, the other one holds. A line that cannot be read is none. Overwriting costs a fifth of what a new
file and its renaming do; that is done where a version does not fit, or neither line is known to be free. The greater
number is the newer version's: the same bytes may have been put with other properties. Earlier files hold both versions
in one line.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from asl_local.services import files

_ROOM = 256  # bytes: a line's length is a multiple, so that the next version most likely fits, too
_COARSE = 10_000_000  # nanoseconds: times that are whole multiples of it come from a file system that has no finer ones
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

    def is_of(self, size: int, stamp: int) -> bool:
        """Whether size and time say that it belongs to this body. Coarse times do not: another body may have the same."""
        return self.size == size and self.stamp == stamp and tells(stamp)


def tells(stamp: int) -> bool:
    """Whether a body's time tells it from another of the same size."""
    return stamp % _COARSE != 0


def place_of(folder: str, key: str) -> str:
    """The file with the properties of a key."""
    return f"{folder}/{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"


def read(path: str, key: str) -> list[Version]:
    """The versions that are told, the newest first; none where there is no file, or none that we wrote."""
    try:
        descriptor = os.open(path, os.O_RDONLY | files.BINARY)
        try:
            text = os.read(descriptor, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)
    except OSError:
        return []
    told = [pair for line in text.splitlines() if not line.isspace() for pair in _read_line(line, key)]
    told = told or _read_line(text, key)  # somebody may have laid it out anew
    told.sort(key=itemgetter(0), reverse=True)
    return [version for _, version in told]


def _read_line(line: bytes, key: str) -> list[tuple[int, Version]]:
    """The versions of a line, each with the line's number."""
    try:
        record = json.loads(line.decode())
        if record["Key"] != key:
            return []
        number = record.get("Number")
        number = number if isinstance(number, int) else 0
        return [(number, _read_version(each)) for each in record["Versions"] if each.keys() == _FIELDS]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def _read_version(told: dict[str, Any]) -> Version:
    properties = Properties(told["ETag"], told["ContentType"], told["Headers"], told["Metadata"])
    return Version(told["Size"], told["Stamp"], properties)


def write(path: str, key: str, new: Version, old: Version | None, *, durable: bool) -> None:
    """Adds a version and keeps that of the body that lies there. Raises OSError with that one still told.

    `durable`: on the disk on return. Where a version is overwritten the new one always is: nobody may find it half.
    """
    told, kept = _told(key, new), None if old is None else _told(key, old)
    if kept is not None and _overwritten(path, told, kept):
        return
    lines = b"" if kept is None else _line(kept, 1), _line(told, 2)
    room = (max(map(len, lines)) // _ROOM + 1) * _ROOM
    text = b"".join(line.ljust(room - 1) + b"\n" for line in lines)
    files.write_atomically(Path(path), text, durable=durable)


def _overwritten(path: str, told: bytes, kept: bytes) -> bool:
    """Whether there was a free line, which now tells this."""
    try:
        descriptor = os.open(path, os.O_RDWR | _NO_LINK | files.BINARY)
    except OSError:
        return False
    try:
        state = os.fstat(descriptor)
        text = os.read(descriptor, state.st_size)
        room = len(text) // 2
        whole = len(text) == 2 * room and text.endswith(b"\n") and text.find(b"\n") == room - 1
        numbers = _number(text[: room - 1], kept), _number(text[room:-1], kept)
        newest = max(numbers)
        line = _line(told, newest + 1)
        # What has more names than one is somebody's copy, too.
        if not whole or len(line) >= room or newest < 0 or state.st_nlink != 1:
            return False
        free = 1 - numbers.index(newest)
        os.lseek(descriptor, free * room, os.SEEK_SET)
        files.write_all(descriptor, line.ljust(room - 1) + b"\n")
        _sync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _told(key: str, version: Version) -> bytes:
    """What a line says but for its number."""
    properties = version.properties
    told = {
        "Size": version.size,
        "Stamp": version.stamp,
        "ETag": properties.etag,
        "ContentType": properties.content_type,
        "Headers": properties.headers,
        "Metadata": properties.metadata,
    }
    return _text({"Key": key, "Versions": [told]}).encode()[:-1]


def _line(told: bytes, number: int) -> bytes:
    return b'%s, "Number": %d}' % (told, number)


def _number(line: bytes, told: bytes) -> int:
    """The number of a line that tells this, or -1."""
    found = _NUMBER.fullmatch(line, len(told)) if line.startswith(told) else None
    return -1 if found is None else int(found[1])


_NUMBER = re.compile(rb', "Number": ([0-9]{1,18})} *')
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_text = json.JSONEncoder(ensure_ascii=False).encode
_sync = getattr(os, "fdatasync", os.fsync)  # the file's length stays, so its data are all there is to it
