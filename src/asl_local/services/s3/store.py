"""One bucket on disk: objects that are replaced whole, body and properties together.

Knows: files. Must never know: S3's requests, answers and errors (a missing object is None, a full disk is OSError).

The body is a plain file that a person can open. Its properties (content type, user metadata, ETag) lie in a file of their
own below `.system/objects/`, as the newest two versions: each says which body it belongs to, by size and modification time. A
put writes the new version of the properties beside the old one and then renames the body into place, so that this one
rename is the moment at which both change. A kill before it leaves the old body, which finds its old properties; a kill
after it leaves the new ones.

A body whose size and time fit no version is compared by its MD5 (a folder that was copied without its times keeps its properties).
If that fits none either, a person put or edited the file: then the properties follow from the name and the bytes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mimetypes
import os
import shutil
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from asl_local.services import files
from asl_local.services.s3 import paths
from asl_local.services.unchanged import Identity, Unchanged, identity

DEFAULT_TYPE = "binary/octet-stream"  # what S3 stores for an object put without a ContentType
CHUNK = 1 << 20
_REMEMBERED = 4096  # checksums of files without properties, per bucket
_REMEMBERED_RECORDS = 16_384  # properties, per bucket
_POSIX = os.name == "posix"

# Its own table: the machine's mime.types must not change an answer.
_types = mimetypes.MimeTypes()


class Properties(NamedTuple):
    """What S3 keeps beside the bytes. `headers` are CacheControl and its like, `metadata` the user's own."""

    etag: str  # MD5, hexadecimal, without quotes
    content_type: str
    headers: dict[str, str]
    metadata: dict[str, str]


class Stored(NamedTuple):
    """One object as it lies on disk; `stamp` is its file's time in nanoseconds since 1970."""

    path: Path
    size: int
    stamp: int
    properties: Properties

    @property
    def modified(self) -> int:
        """LastModified in whole seconds since 1970."""
        return self.stamp // 10**9


def guess_type(key: str) -> str:
    """The content type that the end of a key suggests."""
    return _types.guess_type(key, strict=False)[0] or DEFAULT_TYPE


def chunks_of(descriptor: int) -> Iterator[bytes]:
    """The bytes of an open file from its start."""
    at = 0
    while chunk := os.pread(descriptor, CHUNK, at):
        yield chunk
        at += len(chunk)


class Bucket:
    """The objects of one bucket; any number of threads and processes may have one for the same folder."""

    def __init__(self, folder: Path, system: Path) -> None:
        self._given = folder
        self._objects = system / "objects" / folder.name
        # Outside the bucket's own folders: a lock that is deleted while somebody waits for it guards nothing.
        self._lock = files.FileLock(system / "locks" / folder.name)
        self._checksums: Unchanged[str] = Unchanged(_REMEMBERED)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._guard = threading.Lock()
        self._folding: bool | None = None

    @property
    def folder(self) -> Path:
        """The bucket's folder. It may itself be a link to a folder of photos elsewhere; nothing below it may."""
        # The folder around it is resolved already, so only a link needs more than a look.
        return Path(os.path.realpath(self._given)) if not _POSIX or self._given.is_symlink() else self._given

    @property
    def lock(self) -> files.FileLock:
        """Held by whoever changes what lies in the bucket."""
        return self._lock

    def find(self, key: str) -> Stored | None:
        """The object without its bytes."""
        opened = self.open(key)
        if opened is None:
            return None
        os.close(opened[0])
        return opened[1]

    def open(self, key: str) -> tuple[int, Stored] | None:
        """An open descriptor, which the caller closes, and the object it belongs to."""
        folder, folding = self.folder, self._folds()
        for _ in range(8):
            for path in paths.places(folder, key, folding=folding):
                descriptor = self._open_file(folder, path, folding)
                if descriptor is None:
                    continue
                state = os.fstat(descriptor)
                properties = self._recorded(key, state)
                if properties is None and not self._is_still(path, state):
                    os.close(descriptor)  # replaced twice since it was opened: look again
                    break
                try:
                    properties = properties or self._computed(key, descriptor, state)
                except BaseException:
                    os.close(descriptor)
                    raise
                return descriptor, Stored(path, state.st_size, state.st_mtime_ns, properties)
            else:
                return None
        raise OSError(f"{key!r} is replaced faster than it can be read")

    def at(self, key: str, path: str) -> Stored | None:
        """The object of a file that `walk` found; None if it is gone meanwhile."""
        try:
            state = os.stat(path)  # noqa: PTH116 - a listing has a thousand of these, and no use for a Path
        except FileNotFoundError:
            return None
        properties = self._recorded(key, state)
        if properties is None:
            return self.find(key)
        return Stored(Path(path), state.st_size, state.st_mtime_ns, properties)

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        describe: Callable[[str], Properties],
        now: float,
        may: Callable[[Stored | None], None],
    ) -> Stored:
        """Replaces the object. `describe` gets the MD5 and gives the properties; `may` sees the old object under the lock and
        raises to keep it. Raises OSError with the old object intact and nothing left behind.
        """
        folder = self.folder
        checksum = hashlib.md5(usedforsecurity=False)

        def counted() -> Iterator[bytes]:
            for chunk in chunks:
                checksum.update(chunk)
                yield chunk

        staged = files.stage(folder, counted())
        try:
            properties = describe(checksum.hexdigest())
            # Whole seconds are S3's; the rest makes the time tell one body from another.
            stamp = int(now) * 10**9 + int(checksum.hexdigest()[:8], 16) % 10**9
            os.utime(staged, ns=(stamp, stamp))
            with self._lock:
                old = self.find(key)
                may(old)
                state = staged.stat()
                self._record(key, state, properties, old)
                place = old.path if old else paths.make_place(folder, key, folding=self._folds())
                if not paths.inside(folder, place):
                    raise OSError(f"a symbolic link leads out of the bucket's folder at {place}")
                staged.replace(place)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return Stored(place, state.st_size, state.st_mtime_ns, properties)

    def delete(self, key: str) -> None:
        """Removes the object if there is one, and the folders that it leaves empty."""
        folder = self.folder
        with self._lock:
            for path in list(paths.places(folder, key, folding=self._folds())):
                if paths.inside(folder, path) and path.is_file():
                    path.unlink()
                    paths.remove_empty(path.parent, folder)
            self._record_of(key).unlink(missing_ok=True)

    def walk(self, prefix: str, cursor: paths.Cursor) -> Iterator[tuple[bytes, str]]:
        """(key as UTF-8, path) of every object in the order of the keys' bytes."""
        return paths.walk(self.folder, prefix.encode(), cursor)

    def remove(self) -> str | None:
        """Removes the folder of a bucket without objects, or gives the name of a file that is in the way.

        The caller holds the lock. What a kill may have left (`.tmp-...`) and empty folders go with it.
        """
        folder = self.folder
        for place, folders, names in os.walk(folder, topdown=False):
            for name in names:
                if not name.startswith(".tmp-"):
                    return os.path.relpath(Path(place, name), folder)
                Path(place, name).unlink()
            for name in folders:
                if Path(place, name).is_symlink():
                    return os.path.relpath(Path(place, name), folder)
                Path(place, name).rmdir()
        if self._given.is_symlink():
            self._given.unlink()
        else:
            self._given.rmdir()
        shutil.rmtree(self._objects, ignore_errors=True)
        return None

    def _open_file(self, folder: Path, path: Path, folding: bool) -> int | None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        exact = not folding or path.name in {other.name for other in path.parent.iterdir()}
        if is_file and exact and paths.inside(folder, path):
            return descriptor
        os.close(descriptor)
        return None

    @staticmethod
    def _is_still(path: Path, state: os.stat_result) -> bool:
        try:
            return path.stat().st_ino == state.st_ino
        except OSError:
            return False

    def _record_of(self, key: str) -> Path:
        return self._objects / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"

    def _versions(self, key: str) -> list[dict[str, Any]]:
        try:
            record = json.loads(self._record_of(key).read_bytes())
            return (
                [version for version in record["Versions"] if version.keys() == _VERSION]
                if record["Key"] == key
                else []
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # none, or none that we wrote
            return []

    def _recorded(self, key: str, state: os.stat_result) -> Properties | None:
        """The properties that belong to a body: read from the record, unless both are as they were when it was read last."""
        known = self._known.get(key)
        record = str(self._record_of(key)) if known is None else known.record
        try:
            told = identity(os.stat(record))  # noqa: PTH116 - a listing has a thousand of these, and no use for a Path
        except OSError:
            return None
        if known is not None and known.told == told and known.body == identity(state):
            return known.properties
        for version in self._versions(key):
            if version["Size"] == state.st_size and version["Stamp"] == state.st_mtime_ns:
                properties = _properties(version)
                with self._guard:
                    self._known[key] = _Known(record, told, identity(state), properties)
                    if len(self._known) > _REMEMBERED_RECORDS:
                        self._known.popitem(last=False)
                return properties
        return None

    def _computed(self, key: str, descriptor: int, state: os.stat_result) -> Properties:
        etag = self._checksums.of(state, lambda: _checksum(descriptor))
        for version in self._versions(key):
            if version["ETag"] == etag and version["Size"] == state.st_size:
                return _properties(version)
        return Properties(etag, guess_type(key), {}, {})

    def _record(self, key: str, state: os.stat_result, properties: Properties, old: Stored | None) -> None:
        versions = [_version(state.st_size, state.st_mtime_ns, properties)]
        telling = properties != Properties(properties.etag, guess_type(key), {}, {})
        if old is not None:
            telling = telling or old.properties != Properties(old.properties.etag, guess_type(key), {}, {})
            versions.append(_version(old.size, old.stamp, old.properties))
        text = json.dumps({"Key": key, "Versions": versions}, ensure_ascii=False)
        # Properties that follow from name and bytes are only a shortcut: no need to wait for the disk.
        files.write_atomically(self._record_of(key), text.encode(), durable=telling)

    def _folds(self) -> bool:
        if self._folding is None:
            system = self._objects.parent.parent
            if not system.is_dir():
                return False
            self._folding = system.with_name(system.name.upper()).exists()
        return self._folding


class _Known(NamedTuple):
    """What a record said of a body; the identities say whether both are still the same."""

    record: str
    told: Identity
    body: Identity
    properties: Properties


def _checksum(descriptor: int) -> str:
    checksum = hashlib.md5(usedforsecurity=False)
    for chunk in chunks_of(descriptor):
        checksum.update(chunk)
    return checksum.hexdigest()


_VERSION = {"Size", "Stamp", "ETag", "ContentType", "Headers", "Metadata"}


def _version(size: int, stamp: int, properties: Properties) -> dict[str, Any]:
    return {
        "Size": size,
        "Stamp": stamp,
        "ETag": properties.etag,
        "ContentType": properties.content_type,
        "Headers": properties.headers,
        "Metadata": properties.metadata,
    }


def _properties(version: dict[str, Any]) -> Properties:
    return Properties(version["ETag"], version["ContentType"], version["Headers"], version["Metadata"])
