"""What was seen on the latest photos, so that a workflow's next task need not look again, nor read what it knows.

Knows: how much is kept, and that a photo is told by its bytes' hash. Must never know: how a face is found or judged.
A workflow asks for the faces of a photo, searches for them and adds them to a collection; the same bytes give the same
answers, and finding and judging takes by far the longest. Pixels are not kept. The hash is MD5, which S3 has of each object
already: it tells photos from each other, and keeps nobody from making two that have the same.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from typing import Any

from asl_local.services import files
from asl_local.services.unchanged import identity

MOST_BYTES = 48 << 20  # about 600 photos of one face
_POINT = 150  # bytes of a landmark: a pair of floats in a dict
_ENTRY, _FACE = 1024, 2048  # bytes, roughly, of an entry and of a face beside its arrays


class KnownFace:
    """One face, and what was asked about it so far.

    `face` is a detector.Face, `measured` attributes.Measured with the odds that were asked for, `points` the landmarks that
    were, by name. `chip` is the aligned face, until somebody asks for the `vector`.
    """

    def __init__(self, face: Any, measured: Any) -> None:
        self.face, self.measured = face, measured
        self.points: dict[str, tuple[float, float]] = {}
        self.chip: Any = None
        self.vector: Any = None

    @property
    def size(self) -> int:
        """Bytes, about."""
        size: int = _FACE + _POINT * len(self.points) + self.face.mesh.nbytes
        if self.chip is not None:
            size += self.chip.nbytes
        return size if self.vector is None else size + int(self.vector.nbytes)


class Photo:
    """The faces of a photo, or None before they were looked for, and the height and width of the pixels they lie in."""

    def __init__(self) -> None:
        self.faces: list[KnownFace] | None = None
        self.shape = 0, 0
        self.lock = threading.Lock()
        self.counted = 0

    @property
    def size(self) -> int:
        """Bytes, about."""
        size = _ENTRY
        for known in self.faces or ():
            size += known.size
        return size


class Album:
    """The latest photos, as many as fit into so many bytes; safe in several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._bytes = most_bytes, 0
        self._photos: OrderedDict[str, Photo] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, digest: str) -> Opened:
        """`with` this the photo of that hash is its holder's alone: who wants the same one waits, and then finds it
        looked at.
        """
        with self._lock:
            photo = self._photos.get(digest)
            if photo is None:
                photo = self._photos[digest] = Photo()
            self._photos.move_to_end(digest)
        return Opened(self, digest, photo)

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._photos.clear()
            self._bytes = 0

    def count(self, digest: str, photo: Photo) -> None:
        """Takes in how large the photo is now."""
        with self._lock:
            if self._photos.get(digest) is not photo:
                return  # forgotten meanwhile
            self._bytes += photo.size - photo.counted
            photo.counted = photo.size
            if photo.faces is None:  # no picture
                self._drop(digest)
            while self._bytes > self._most:
                self._drop(next(iter(self._photos)))

    def _drop(self, digest: str) -> None:
        self._bytes -= self._photos.pop(digest).counted


class Opened:
    """A photo of an album, opened."""

    __slots__ = ("_album", "_digest", "_photo")

    def __init__(self, album: Album, digest: str, photo: Photo) -> None:
        self._album, self._digest, self._photo = album, digest, photo

    def __enter__(self) -> Photo:
        self._photo.lock.acquire()
        return self._photo

    def __exit__(self, *_: object) -> None:
        try:
            self._album.count(self._digest, self._photo)
        finally:
            self._photo.lock.release()


class Changed(Exception):
    """The file was written into after it was opened; the image has its new bytes now, and their hash."""


class Image:
    """The image that a request names: its bytes, or an open file and its hash. The file is the image's to close: `with
    image:`.
    """

    def __init__(self, data: bytes | None, descriptor: int = -1, md5: str = "") -> None:
        self._data, self._descriptor = data, descriptor
        if data is None:
            self._state = os.fstat(descriptor)
            self.size, self.md5 = self._state.st_size, md5
        else:
            self.size, self.md5 = len(data), _md5(data)

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self) -> bytes:
        """The bytes. Raises Changed, once, if they no longer are those that the hash was told of."""
        if self._data is None:
            self._data = files.whole(self._descriptor, self.size)
            if identity(os.fstat(self._descriptor)) != identity(self._state):
                self.md5 = _md5(self._data)
                raise Changed
        return self._data


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
