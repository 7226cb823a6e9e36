"""The files of one incarnation of a collection, and how the layout of earlier versions becomes them.

Knows: the files' names, the earlier log of changes. Must never know: what is asked of a collection, or when.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asl_local.services.rekognition.collection.errors import CollectionDamaged
from asl_local.services.rekognition.collection.records import Records, State, View, identity

if TYPE_CHECKING:
    from asl_local.services.rekognition.collection.vectors import Rows, VectorFile

_AT_ONCE = 10_000  # changes of an earlier log that are taken over together


class Files:
    """Opens each file when it is needed; safe in several threads."""

    def __init__(self, folder: Path, incarnation: str) -> None:
        self.incarnation = incarnation
        self._folder = folder
        self._path = folder / f"faces-{incarnation}.sqlite3"
        self._log = folder / f"faces-{incarnation}.jsonl"  # of the earlier layout
        self.records = Records(self._path)
        self._latest: tuple[int, VectorFile] | None = None
        self._there = False
        self._opening = threading.Lock()

    def are_there(self) -> bool:
        """Whether they were made, or taken over from the earlier layout; from then on they are, as long as the
        collection is.
        """
        self._there = self._there or self._path.exists()
        return self._there

    def make(self) -> None:
        """Makes them, or takes over those of the earlier layout. Raises CollectionDamaged where these are no good.

        In the earlier layout a log held a line for each change, `{"add": [record, ...]}` or `{"delete": [id, ...]}`; the
        vectors' file had no generation in its name. A crash leaves either layout or both, and then it is done again.
        """
        vectors, earlier = self.path(0), self._folder / f"vectors-{self.incarnation}.f32"
        if vectors.exists() and not self._log.exists():
            raise CollectionDamaged(f"{self._path} should be there")
        if earlier.exists():
            earlier.replace(vectors)
        staged = self._path.with_name(f".tmp-{self._path.name}")
        for leftover in ("", "-wal", "-shm"):
            staged.with_name(f"{staged.name}{leftover}").unlink(missing_ok=True)
        Records.create(staged)
        if self._log.exists():
            records = Records(staged)
            with records.writing() as view:
                _take_over(view, self._log)
            records.close()
        staged.replace(self._path)
        self._log.unlink(missing_ok=True)

    def path(self, generation: int) -> Path:
        """The vectors' file."""
        return self._folder / f"vectors-{self.incarnation}-{generation}.f32"

    def rows(self, state: State) -> Rows:
        """The vectors of that moment."""
        from asl_local.services.rekognition.collection.vectors import VectorFile  # noqa: PLC0415 - numpy

        with self._opening:
            if self._latest is None or self._latest[0] != state.generation:
                self._latest = state.generation, VectorFile(self.path(state.generation))
            file = self._latest[1]
        return file.rows(state.places)

    def add(self, view: View, records: Mapping[bytes, dict[str, Any]], vectors: bytes) -> None:
        """Puts down vectors, then their records, by their identities."""
        from asl_local.services.rekognition.collection.vectors import append  # noqa: PLC0415 - numpy

        state = view.state()
        append(self.path(state.generation), state.places, (vectors,))
        view.add(records.items(), state)

    def copy_living(self, view: View) -> Path:
        """Copies the vectors that still have a face into a file of the next generation; gives the file of no more use."""
        from asl_local.services.rekognition.collection.vectors import append  # noqa: PLC0415 - numpy

        state = view.state()
        fresh = self.path(state.generation + 1)
        fresh.unlink(missing_ok=True)  # of a copy that did not come to its end
        append(fresh, 0, (piece.tobytes() for piece in self.rows(state).copies(view.places())))
        view.close_ranks()
        return self.path(state.generation)

    def remove(self) -> None:
        """Takes the files away."""
        self.records.close()
        self._latest = None
        for kind in ("faces", "vectors"):
            for path in self._folder.glob(f"{kind}-{self.incarnation}[-.]*"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def _take_over(view: View, log: Path) -> None:
    for changes in _batches(_changes(log)):
        for adds, group in itertools.groupby(changes, key=lambda change: "add" in change):
            if adds:
                view.add([(identity(record), record) for change in group for record in change["add"]])
            else:
                view.remove(face_id for change in group for face_id in change["delete"])


def _batches(changes: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(itertools.islice(changes, _AT_ONCE)):
        yield batch


def _changes(log: Path) -> Iterator[dict[str, Any]]:
    """The log's changes; half a line at its end is none, left by a crash: no caller was told of it."""
    position = 0
    end = log.stat().st_size
    with log.open("rb") as lines:
        for line in lines:
            last = position + len(line) == end
            try:
                change = json.loads(line)
                known = line.endswith(b"\n") and isinstance(change, dict) and bool({"add", "delete"} & set(change))
            except ValueError:
                known = False
            if not known and not last:
                raise CollectionDamaged(f"{log}, byte {position}: {line[:60]!r} is no change of a collection")
            if known:
                yield change
            position += len(line)
