"""One bucket on disk: objects that are replaced whole, body and properties together.

Knows: files. Must never know: S3's requests, answers and errors (a missing object is None, a full disk is OSError).

The body is a plain file that a person can open. Its properties (content type, user metadata, ETag) lie in a file of their
own below `.system/objects/`, as the newest two versions: each says which body it belongs to, by size and modification
time. A put writes the new version of the properties beside the old one (`records`) and then renames the body into
place, so that this one rename is the moment at which both change. A kill before it leaves the old body, which finds its
old properties; a kill after it leaves the new ones.

A body whose size and time fit no version is compared by its MD5 (a folder that was copied without its times keeps its
properties), and so is any where the file system's times are too coarse to tell bodies apart. If that fits none either,
a person put or edited the file: then the properties follow from the name and the bytes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import mimetypes
import os
import shutil
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from asl_local.services import files
from asl_local.services.s3 import paths, records
from asl_local.services.s3.records import Properties, Version
from asl_local.services.unchanged import Identity, Unchanged, identity

DEFAULT_TYPE = "binary/octet-stream"  # what S3 stores for an object put without a ContentType
CHUNK = 1 << 20
_REMEMBERED = 4096  # checksums of files without properties, per bucket
_REMEMBERED_RECORDS = 16_384  # properties, per bucket
_POSIX = os.name == "posix"
_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | files.BINARY  # a pipe that somebody put there is no object
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_STAMPS_OPEN_FILES = os.utime in os.supports_fd

# Its own table: the machine's mime.types must not change an answer.
_types = mimetypes.MimeTypes()


class Stored(NamedTuple):
    """One object as it lies on disk; `stamp` is its file's time in nanoseconds since 1970."""

    path: str
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
        self._given, self._base = folder, str(folder)
        self._objects = str(system / "objects" / folder.name)
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
        return Path(os.path.realpath(self._base)) if not _POSIX or os.path.islink(self._base) else self._given  # noqa: PTH114

    @property
    def lock(self) -> files.FileLock:
        """Held by whoever changes what lies in the bucket."""
        return self._lock

    def find(self, key: str) -> Stored | None:
        """The object without its bytes."""
        known = self._known.get(key)
        if known is not None and known.file is not None:
            with contextlib.suppress(OSError):
                state = os.stat(known.file, follow_symlinks=False)  # noqa: PTH116
                if identity(state) == known.body and identity(os.stat(known.record)) == known.told:  # noqa: PTH116
                    return known.stored
        opened = self._open(key)
        if opened is None:
            return None
        os.close(opened[0])
        return opened[1]

    def open(self, key: str) -> tuple[int, Stored] | None:
        """An open descriptor, which the caller closes, and the object it belongs to."""
        return self.open_known(key) or self._open(key)

    def open_known(self, key: str) -> tuple[int, Stored] | None:
        """The same for an object that nobody has touched since it was looked at last, or None: a few questions to the
        system.
        """
        known = self._known.get(key)
        if known is None or known.file is None:
            return None
        try:
            descriptor = os.open(known.file, _READING | _NO_LINK)
        except OSError:
            return None
        try:
            if identity(os.fstat(descriptor)) == known.body and identity(os.stat(known.record)) == known.told:  # noqa: PTH116
                return descriptor, known.stored
        except OSError:  # no record any more
            pass
        os.close(descriptor)
        return None

    def _open(self, key: str) -> tuple[int, Stored] | None:
        folder, folding = self.folder, self._folds()
        for _ in range(8):
            for path in paths.places(folder, key, folding=folding):
                descriptor = self._open_file(folder, path, folding)
                if descriptor is None:
                    continue
                state = os.fstat(descriptor)
                try:
                    properties = self._recorded(key, path, state) or self._computed(key, path, descriptor, state)
                except BaseException:
                    os.close(descriptor)
                    raise
                if properties is not None:
                    return descriptor, Stored(path, state.st_size, state.st_mtime_ns, properties)
                os.close(descriptor)  # replaced twice since it was opened: look again
                break
            else:
                return None
        raise OSError(f"{key!r} is replaced faster than it can be read")

    def at(self, key: str, path: str) -> Stored | None:
        """The object of a file that `walk` found; None if it is gone meanwhile."""
        try:
            state = os.stat(path)  # noqa: PTH116 - a listing has a thousand of these, and no use for a Path
        except FileNotFoundError:
            return None
        properties = self._recorded(key, path, state)
        if properties is None:
            return self.find(key)
        return Stored(path, state.st_size, state.st_mtime_ns, properties)

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        describe: Callable[[str], Properties],
        now: float,
        may: Callable[[Stored | None], None],
    ) -> Stored:
        """Replaces the object. `describe` gets the MD5 and gives the properties; `may` sees the old object under the
        lock and raises to keep it. Raises OSError with the old object intact and nothing left behind.
        """
        folder = self.folder
        checksum = hashlib.md5(usedforsecurity=False)

        def counted() -> Iterator[bytes]:
            for chunk in chunks:
                checksum.update(chunk)
                yield chunk

        state: os.stat_result

        def stamped(file: int | str) -> None:
            nonlocal state
            # Whole seconds are S3's; the rest makes the time tell one body from another.
            stamp = int(now) * 10**9 + int.from_bytes(os.urandom(4), "big") % 10**9
            os.utime(file, ns=(stamp, stamp))
            state = os.stat(file)  # noqa: PTH116 - of an open file

        staged = files.stage(folder, counted(), finish=stamped if _STAMPS_OPEN_FILES else None)
        with files.putting(staged):
            if not _STAMPS_OPEN_FILES:
                stamped(staged)
            properties = describe(checksum.hexdigest())
            with self._lock:
                old = self.find(key)
                may(old)
                record = self._record(key, state, properties, old)
                place = old.path if old else str(paths.make_place(folder, key, folding=self._folds()))
                if not paths.inside(folder, place):
                    raise OSError(f"a symbolic link leads out of the bucket's folder at {place}")
                os.replace(staged, place)  # noqa: PTH105 - nobody needs a Path
                return self._put(key, record, Stored(place, state.st_size, state.st_mtime_ns, properties))

    def delete(self, key: str) -> None:
        """Removes the object if there is one, and the folders that it leaves empty."""
        folder = self.folder
        with self._lock:
            for path in list(paths.places(folder, key, folding=self._folds())):
                if paths.inside(folder, path) and os.path.isfile(path):  # noqa: PTH113
                    Path(path).unlink()
                    paths.remove_empty(Path(path).parent, folder)
            Path(records.place_of(self._objects, key)).unlink(missing_ok=True)

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

    def _open_file(self, folder: Path, path: str, folding: bool) -> int | None:
        try:
            descriptor = os.open(path, _READING)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        exact = not folding or os.path.basename(path) in os.listdir(os.path.dirname(path))  # noqa: PTH119, PTH120, PTH208
        if is_file and exact and paths.inside(folder, path):
            return descriptor
        os.close(descriptor)
        return None

    @staticmethod
    def _is_still(path: str, state: os.stat_result) -> bool:
        try:
            return os.stat(path).st_ino == state.st_ino  # noqa: PTH116
        except OSError:
            return False

    def _recorded(self, key: str, path: str, state: os.stat_result) -> Properties | None:
        """The properties that belong to a body: read from the record, unless both are as they were when it was
        read last.
        """
        known = self._known.get(key)
        record = records.place_of(self._objects, key) if known is None else known.record
        try:
            told = identity(os.stat(record))  # noqa: PTH116 - a listing has a thousand of these, and no use for a Path
        except OSError:
            return None
        if known is not None and known.told == told and known.body == identity(state):
            return known.stored.properties
        for version in records.read(record, key):
            if version.is_of(state.st_size, state.st_mtime_ns):
                stored = Stored(path, *version)
                self._remember(key, _Known(record, told, identity(state), stored, self._plain(key, path)))
                return version.properties
        return None

    def _remember(self, key: str, known: _Known) -> None:
        with self._guard:
            self._known[key] = known
            if len(self._known) > _REMEMBERED_RECORDS:
                self._known.popitem(last=False)

    def _plain(self, key: str, path: str) -> str | None:
        """The path of a body that is where everybody looks first, with no folder on the way that could become a link."""
        plain = _POSIX and "/" not in key and path == f"{self._base}/{key}" and not self._folds()
        return path if plain else None

    def _put(self, key: str, record: str, stored: Stored) -> Stored:
        """Remembers what was put: who asks next finds the record read. The caller holds the lock."""
        if not records.tells(stored.stamp):
            return stored
        with contextlib.suppress(OSError):
            told, state = identity(os.stat(record)), os.stat(stored.path)  # noqa: PTH116
            if (state.st_size, state.st_mtime_ns) == stored[1:3]:  # a person with an editor asks for no lock
                self._remember(key, _Known(record, told, identity(state), stored, self._plain(key, stored.path)))
        return stored

    def _computed(self, key: str, path: str, descriptor: int, state: os.stat_result) -> Properties | None:
        """The properties of a body whose time tells nothing; None if it was replaced, and nobody knows them any more."""
        if not self._is_still(path, state):
            return None
        etag = self._checksums.of(state, lambda: _checksum(descriptor))
        for version in records.read(records.place_of(self._objects, key), key):
            if version.properties.etag == etag and version.size == state.st_size:
                return version.properties
        return _following(key, etag) if self._is_still(path, state) else None  # two puts may have come meanwhile

    def _record(self, key: str, state: os.stat_result, properties: Properties, old: Stored | None) -> str:
        """Tells the properties beside those of the body that lies there; gives where."""
        # Properties that follow from name and bytes are only a shortcut: no need to wait for the disk.
        durable = properties != _following(key, properties.etag)
        durable = durable or (old is not None and old.properties != _following(key, old.properties.etag))
        new = Version(state.st_size, state.st_mtime_ns, properties)
        kept = None if old is None else Version(old.size, old.stamp, old.properties)
        known = self._known.get(key)
        record = records.place_of(self._objects, key) if known is None else known.record
        records.write(record, key, new, kept, durable=durable)
        return record

    def _folds(self) -> bool:
        if self._folding is None:
            system = Path(self._objects).parent.parent
            if not system.is_dir():
                return False
            self._folding = system.with_name(system.name.upper()).exists()
        return self._folding


class _Known(NamedTuple):
    """What a record said of a body; the identities say whether both are still the same. `file`: see `Bucket._plain`."""

    record: str
    told: Identity
    body: Identity
    stored: Stored
    file: str | None


def _following(key: str, etag: str) -> Properties:
    """The properties that follow from a key and the bytes, which a file has that a person put there."""
    return Properties(etag, guess_type(key), {}, {})


def _checksum(descriptor: int) -> str:
    checksum = hashlib.md5(usedforsecurity=False)
    for chunk in chunks_of(descriptor):
        checksum.update(chunk)
    return checksum.hexdigest()
