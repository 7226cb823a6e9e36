"""A face collection on disk: records in one file, vectors in another.

Knows: which changes there are, and in which order the files take them. Must never know: pictures, AWS's shapes beyond a
face's record, what a percentage is.

    <folder>/collection.json                          its id, time, model, incarnation; a collection exists when this does
    <folder>/faces-<incarnation>.sqlite3              the records, and at which place each face's vector is; SQLite has
                                                      two files beside it (-wal, -shm) while somebody has it open
    <folder>/vectors-<incarnation>-<generation>.f32   128 float32 at each place
    <folder>/lock

A change is there when the records say so. A writer has the vectors on the disk first; a crash in between leaves vectors
that no record names, and the next writer cuts them off. Deleted faces leave their vectors behind, until more of these are
dead than alive: then the living are copied into a file of the next generation. Readers need no lock.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from asl_local.services.files import FileLock, write_atomically
from asl_local.services.rekognition.collection.errors import CollectionDamaged, CollectionGone
from asl_local.services.unchanged import Unchanged

if TYPE_CHECKING:
    from asl_local.services.rekognition.collection.files import Files
    from asl_local.services.rekognition.collection.records import Record, View
    from asl_local.services.rekognition.collection.vectors import Vector

HEAD, LOCK = "collection.json", "lock"
SPARE = 1000  # dead vectors for which it is not worth copying the living

_T = TypeVar("_T")


class FaceCollection:
    """One collection, seen by one process; safe in several threads and with other processes at work on it.

    A record is Rekognition's Face: a dict with FaceId, ImageId, BoundingBox, Confidence, and perhaps ExternalImageId.
    A vector has 128 numbers and the length 1.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._head = folder, str(folder / HEAD)
        self._heads: Unchanged[dict[str, Any]] = Unchanged(1)
        self._lock = FileLock(folder / LOCK)
        self._opening = threading.Lock()
        self._files: Files | None = None

    @classmethod
    def create(cls, folder: Path, collection_id: str, now: float, model: str, incarnation: str) -> bool:
        """Makes the collection, for vectors of that model; False if there is one already."""
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK):
            if (folder / HEAD).exists():
                return False
            for leftover in set(folder.iterdir()) - {folder / LOCK}:  # of a deletion that did not come to its end
                leftover.unlink()
            _files(folder, incarnation).make()
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
            with self._opening:
                files, self._files = self._files, None
            if files is None or files.incarnation != incarnation:
                files = _files(self._folder, incarnation)
            files.remove()

    def head(self) -> dict[str, Any]:
        """What `create` wrote, not to be edited. Raises CollectionGone."""
        try:
            return self._heads.of(os.stat(self._head), self._read_head)  # noqa: PTH116 - each operation asks several times
        except (FileNotFoundError, NotADirectoryError):
            raise CollectionGone(self._folder.name) from None

    def faces(
        self, after: int = -1, most: int | None = None, face_ids: Collection[str] | None = None
    ) -> list[tuple[int, Record]]:
        """The faces that are there, with their numbers, oldest first: up to `most`, with numbers beyond `after`."""

        def page(_: Files, view: View) -> list[tuple[int, Record]]:
            if face_ids is None:
                return view.page(after, -1 if most is None else most)
            return [pair for pair in view.by_ids(set(face_ids)) if pair[0] > after][:most]

        return self._ask(page)

    def count(self) -> int:
        """How many faces are there."""
        return self._ask(lambda _, view: view.state().faces)

    def add(self, faces: list[tuple[Record, Vector]]) -> list[Record]:
        """Adds the faces, all or none; returns their records.

        The same face of the same image under the same external id is not added again; its older record is returned
        in its place (IndexFaces: "doesn't save duplicate face metadata"). Raises ValueError for what is no vector.
        """
        from asl_local.services.rekognition.collection.records import identity  # noqa: PLC0415 - SQLite
        from asl_local.services.rekognition.collection.vectors import encode  # noqa: PLC0415 - numpy

        identities = [identity(record) for record, _ in faces]
        known: dict[bytes, Record] = {}
        new: dict[bytes, Record] = {}
        vectors: list[Vector] = []
        with self._lock:
            files = self._opened()
            with files.records.writing() as view:
                for who, (record, vector) in zip(identities, faces, strict=True):
                    if who not in known:
                        same = view.same(who)
                        known[who] = same or record
                        if same is None:
                            new[who] = record
                            vectors.append(vector)
                if new:
                    files.add(view, new, encode(vectors))
        return [known[who] for who in identities]

    def remove(self, face_ids: Iterable[str]) -> list[str]:
        """Deletes faces; returns the ids that were there."""
        with self._lock:
            files, outdated = self._opened(), None
            with files.records.writing() as view:
                there = view.remove(face_ids)
                state = view.state()
                if state.places > 2 * state.faces + SPARE:
                    outdated = files.copy_living(view)
            if outdated is not None:
                with contextlib.suppress(OSError):  # Windows: somebody has it mapped; it goes with the collection
                    outdated.unlink()
        return there

    def vector(self, face_id: str) -> Vector | None:
        """The vector of a face, or None."""

        def row(files: Files, view: View) -> Vector | None:
            place = view.place(face_id)
            return None if place is None else files.rows(view.state()).row(place)

        return self._ask(row)

    def nearest(self, vector: Vector, limit: float, most: int | None = None) -> list[tuple[float, Record]]:
        """The faces at most `limit` away, up to `most` of them, with their distances, the nearest first.

        Exact: every face is compared. Of faces as far away the older one comes first.
        """

        def search(files: Files, view: View) -> list[tuple[float, Record]]:
            state = view.state()
            enough = state.places if most is None else most
            near = files.rows(state).nearest(vector, limit, 2 * enough)
            found: list[tuple[float, Record]] = []
            while len(found) < enough and (several := list(itertools.islice(near, enough))):
                records = view.by_places([place for _, place in several])  # of the faces that still are there
                found += [(distance, records[place]) for distance, place in several if place in records]
            return found[:enough]

        return self._ask(search)

    # Below: files.

    def _read_head(self) -> dict[str, Any]:
        head: dict[str, Any] = json.loads((self._folder / HEAD).read_bytes())
        return head

    def _ask(self, question: Callable[[Files, View], _T], missing: str = "") -> _T:
        """The question's answer, at one moment; `missing` is the file that was not there when it was asked before."""
        files = self._opened()
        try:
            with files.records.reading() as view:
                return question(files, view)
        except FileNotFoundError as error:
            gone = str(error.filename)
            if gone == missing and self.head()["Incarnation"] == files.incarnation:
                raise CollectionDamaged(f"{gone} should be there") from error
        # Deleted meanwhile, and made anew; or the living were copied, and the vectors of this moment are gone.
        return self._ask(question, gone)

    def _opened(self) -> Files:
        """The files of the collection that is there now. Raises CollectionGone."""
        incarnation = self.head()["Incarnation"]
        files = self._files
        if files is None or files.incarnation != incarnation:
            with self._opening:
                if self._files is None or self._files.incarnation != incarnation:
                    self._files = _files(self._folder, incarnation)
                files = self._files
        if not files.are_there():
            with self._lock:
                if self.head()["Incarnation"] == incarnation and not files.are_there():
                    files.make()
        return files


def _files(folder: Path, incarnation: str) -> Files:
    from asl_local.services.rekognition.collection.files import Files  # noqa: PLC0415 - SQLite

    return Files(folder, incarnation)
