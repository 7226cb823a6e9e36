"""How the stand-ins write to disk: whole files or nothing, and one writer at a time.

Knows: the file system. Must never know: what the bytes mean.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; there the lock holds within one process only
    fcntl = None  # type: ignore[assignment]


_CHUNK = 1 << 20
BINARY = getattr(os, "O_BINARY", 0)  # Windows has to be told that bytes are meant


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace `path` by `data`, so that a reader or a crash sees the old file or the new one, never a part.

    With `durable` the bytes are on the disk when this returns (fsync), as an acknowledged write must be.
    Raises OSError (a full disk, say) with the old file untouched and no temporary file left.
    """
    try:
        staged = stage(path.parent, (data,), durable=durable)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = stage(path.parent, (data,), durable=durable)
    with putting(staged):
        os.replace(staged, path)  # noqa: PTH105 - staged is no Path


def stage(
    folder: Path | str, chunks: Iterable[bytes], *, durable: bool = True, finish: Callable[[int], None] | None = None
) -> str:
    """The path of a new temporary file `.tmp-...` in `folder` that holds the chunks, for the caller to rename (`putting`).

    `finish` gets the open file before it is synced. Raises what `chunks` and `finish` raise, or OSError; then no file
    is left.
    """
    # Not mkstemp: its files are the owner's alone, whatever the umask says, and so would be what they are renamed to.
    name = f"{folder}/.tmp-{os.urandom(16).hex()}"
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    with putting(name):
        try:
            for chunk in chunks:
                write_all(descriptor, chunk)
            if finish is not None:
                finish(descriptor)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return name


class putting:  # noqa: N801 - read as `with putting(staged):`
    """`with` this a staged file gets to where it belongs, or is taken away."""

    __slots__ = ("_staged",)

    def __init__(self, staged: str) -> None:
        self._staged = staged

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: object) -> None:
        if kind is not None:
            Path(self._staged).unlink(missing_ok=True)


def append(path: Path, data: bytes, *, at: int) -> None:
    """Put the data at this offset, where the file ends or where only what never counted comes; on the disk on return.

    Raises OSError with the file ending there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, at)
        os.lseek(descriptor, at, os.SEEK_SET)
        write_all(descriptor, data)
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, at)
        raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """All of the bytes, however many of them the system takes at once."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def chunks_from(descriptor: int, at: int) -> Iterator[bytes]:
    """The bytes of an open file from an offset on, whatever its position."""
    while chunk := os.pread(descriptor, _CHUNK, at):
        yield chunk
        at += len(chunk)


def whole(descriptor: int, size: int) -> bytes:
    """All bytes of an open file, whatever its position, in one go if there are as many as is thought."""
    data = os.pread(descriptor, size + 1, 0)  # one more: who has read just to the end does not know it
    return data if len(data) == size else b"".join(chunks_from(descriptor, 0))


def write_output(path: Path, data: bytes) -> None:
    """Write where a person said, which need not be a file: a link is followed, a device or a pipe written into.

    A file is replaced whole or not at all.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(data)
    else:
        write_atomically(target, data, durable=False)


class FileLock:
    """`with lock:` keeps out other threads (re-entrant for its own) and other processes that lock the same path."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._file = -1

    def __enter__(self) -> FileLock:
        self._threads.acquire()
        try:
            if self._depth == 0 and fcntl is not None:
                try:
                    self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
                except FileNotFoundError:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
                fcntl.flock(self._file, fcntl.LOCK_EX)
            self._depth += 1
        except BaseException:
            self._release_file()
            self._threads.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._release_file()
        self._threads.release()

    def _release_file(self) -> None:
        if self._file >= 0:
            descriptor, self._file = self._file, -1
            os.close(descriptor)
