"""A face collection on disk: vectors in one file, what is known of them in another, both only ever appended to.

Knows: files and locks. Must never know: pictures, AWS's shapes beyond a face's record, what a percentage is.

    <folder>/collection.json              its id, time, model and incarnation; a collection exists when this does
    <folder>/vectors-<incarnation>.f32    128 float32 for each face, in the order of the rows
    <folder>/faces-<incarnation>.jsonl    one line for each change: {"add": [record, ...]} or {"delete": [id, ...]}
    <folder>/lock

A change is there when its line is there, newline and all. A writer puts the vectors down first, then the line, and
has both on the disk before it answers; a crash in between leaves vectors without a line or half a line, and the next
writer cuts them off. Readers need no lock: they take whole lines only and read on from where they were.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asl_local.services.files import FileLock, write_atomically

if TYPE_CHECKING:
    from asl_local.services.rekognition.vectors import Vector, VectorFile

ROW = 512  # bytes of a vector
HEAD, LOCK = "collection.json", "lock"


class CollectionGone(LookupError):
    """The collection does not exist, or no longer does."""


class CollectionDamaged(RuntimeError):
    """A line in the middle of the log is no change: nothing this program did, so nothing it should repair."""


class FaceCollection:
    """One collection, seen by one process; safe in several threads and with other processes at work on it.

    A record is Rekognition's Face: a dict with FaceId, ImageId, BoundingBox, Confidence, and perhaps ExternalImageId.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / LOCK)
        self._reading = threading.Lock()
        self._incarnation: str | None = None
        self._offset = 0  # bytes of the log that are read
        self._faces: list[dict[str, Any] | None] = []  # by row; None for a deleted face
        self._rows: dict[str, int] = {}  # of the faces that are there
        self._known: dict[Any, dict[str, Any]] = {}  # by what makes a face the same
        self._vectors: VectorFile | None = None

    @classmethod
    def create(cls, folder: Path, collection_id: str, now: float, model: str, incarnation: str) -> bool:
        """Makes the collection, for vectors of that model; False if there is one already."""
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK):
            if (folder / HEAD).exists():
                return False
            for leftover in set(folder.iterdir()) - {folder / LOCK}:  # of a deletion that did not come to its end
                leftover.unlink()
            head = {
                "CollectionId": collection_id,
                "CreationTimestamp": now,
                "FaceModelVersion": model,
                "Incarnation": incarnation,
            }
            write_atomically(folder / HEAD, json.dumps(head).encode())
        return True

    def delete(self) -> None:
        """Removes the collection; it is gone when its head is. Raises CollectionGone."""
        with self._lock:
            incarnation = self.head()["Incarnation"]
            (self._folder / HEAD).unlink()
            for path in self._paths(incarnation):
                path.unlink(missing_ok=True)

    def head(self) -> dict[str, Any]:
        """What `create` wrote. Raises CollectionGone."""
        try:
            head: dict[str, Any] = json.loads((self._folder / HEAD).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise CollectionGone(self._folder.name) from None
        return head

    def faces(self, after_row: int = -1) -> Iterator[tuple[int, dict[str, Any]]]:
        """The faces that are there, with their rows, oldest first."""
        with self._reading:
            self._refresh()
            alive = [(row, face) for row, face in enumerate(self._faces) if face is not None and row > after_row]
        return iter(alive)

    def count(self) -> int:
        """How many faces are there."""
        with self._reading:
            self._refresh()
            return len(self._rows)

    def add(self, faces: list[tuple[dict[str, Any], Vector]]) -> list[dict[str, Any]]:
        """Adds the faces, all or none; returns their records.

        The same face of the same image under the same external id is not added again; its older record is returned
        in its place (IndexFaces: "doesn't save duplicate face metadata").
        """
        from asl_local.services.rekognition.vectors import encode  # noqa: PLC0415 - numpy

        with self._lock, self._reading:
            self._refresh()
            self._cut()
            new = [(record, vector) for record, vector in faces if _identity(record) not in self._known]
            if new:
                self._append(self._vector_path, encode([vector for _, vector in new]))
                self._append(self._log_path, _line({"add": [record for record, _ in new]}))
                self._refresh()
            return [self._known[_identity(record)] for record, _ in faces]

    def remove(self, face_ids: Iterable[str]) -> list[str]:
        """Deletes faces; returns the ids that were there."""
        with self._lock, self._reading:
            self._refresh()
            self._cut()
            there = [face_id for face_id in dict.fromkeys(face_ids) if face_id in self._rows]
            if there:
                self._append(self._log_path, _line({"delete": there}))
                self._refresh()
            return there

    def vector(self, face_id: str) -> Vector | None:
        """The vector of a face, or None."""
        with self._reading:
            self._refresh()
            row = self._rows.get(face_id)
            return None if row is None else self._vector_file().row(row)

    def nearest(self, vector: Vector, limit: float) -> list[tuple[float, dict[str, Any]]]:
        """The faces at most `limit` away, with their distances, the nearest first. Exact: every face is compared."""
        with self._reading:
            self._refresh()
            near = self._vector_file().nearest(vector, list(self._rows.values()), limit)
            found = [(distance, self._faces[row]) for distance, row in near]
        return [(distance, face) for distance, face in found if face is not None]

    # Below: the two files. All of it is called with `_reading` held.

    def _start(self, incarnation: str) -> None:
        self._incarnation, self._offset = incarnation, 0
        self._log_path, self._vector_path = self._paths(incarnation)
        self._faces, self._rows, self._known = [], {}, {}
        self._vectors = None

    def _paths(self, incarnation: str) -> tuple[Path, Path]:
        return self._folder / f"faces-{incarnation}.jsonl", self._folder / f"vectors-{incarnation}.f32"

    def _refresh(self) -> None:
        incarnation = self.head()["Incarnation"]
        if incarnation != self._incarnation:
            self._start(incarnation)
        try:
            with self._log_path.open("rb") as log:
                log.seek(self._offset)
                news = log.read()
        except FileNotFoundError:
            return
        lines = news.splitlines(keepends=True)
        for number, line in enumerate(lines):
            try:
                if not line.endswith(b"\n"):
                    return
                change = json.loads(line)
                records, face_ids = change.get("add", ()), change.get("delete", ())
            except (ValueError, AttributeError) as error:
                if number == len(lines) - 1:  # left by a crash of the machine: no caller was told of it
                    return
                place = f"{self._log_path}, byte {self._offset}"
                raise CollectionDamaged(f"{place}: {line[:60]!r} is no change of a collection") from error
            for record in records:
                self._rows[record["FaceId"]] = len(self._faces)
                self._faces.append(record)
                self._known[_identity(record)] = record
            for face_id in face_ids:
                row = self._rows.pop(face_id)
                self._known.pop(_identity(self._faces[row]))
                self._faces[row] = None
            self._offset += len(line)

    def _cut(self) -> None:
        """Removes what a writer left behind that did not come to its end; called under the file lock."""
        for path, size in ((self._log_path, self._offset), (self._vector_path, ROW * len(self._faces))):
            if path.exists() and path.stat().st_size > size:
                os.truncate(path, size)

    def _append(self, path: Path, data: bytes) -> None:
        before = path.stat().st_size if path.exists() else 0
        try:
            with path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:  # a full disk: the caller is told, so nothing of it may stay
            if path.exists():
                os.truncate(path, before)
            raise

    def _vector_file(self) -> VectorFile:
        from asl_local.services.rekognition.vectors import VectorFile  # noqa: PLC0415 - numpy

        if self._vectors is None:
            self._vectors = VectorFile(self._vector_path)
        return self._vectors


def _identity(face: dict[str, Any] | None) -> tuple[Any, ...]:
    assert face is not None
    return face["ImageId"], face.get("ExternalImageId"), *face["BoundingBox"].values()


def _line(change: dict[str, Any]) -> bytes:
    return json.dumps(change, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
