"""What is known of a collection's faces: records in an SQLite file, found by number, place, id or identity.

Knows: SQLite. Must never know: vectors, beyond the place of a face's row in their file; AWS's shapes beyond a record.
A change is there when its transaction is, and that is on the disk before anybody is answered: in a log beside the file,
from which SQLite moves it into the file now and then. Nothing here takes longer in a larger collection, but for the depth
of an index.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
import weakref
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from asl_local.services.rekognition.collection.errors import CollectionDamaged

Record: TypeAlias = dict[str, Any]

_PATIENCE = 60.0  # seconds for which another process may hold the file
_MOST_IDLE = 4  # connections kept for the next operation; each has the file open
_ASKED_AT_ONCE = 500  # values in one question: SQLite takes 999 at least
_FULL = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_TABLES = """
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE faces (
    number INTEGER PRIMARY KEY,
    place INTEGER NOT NULL UNIQUE,
    face_id TEXT NOT NULL UNIQUE,
    identity BLOB NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX identities ON faces (identity);
CREATE TABLE state (generation INTEGER NOT NULL, places INTEGER NOT NULL, faces INTEGER NOT NULL, number INTEGER NOT NULL);
INSERT INTO state VALUES (0, 0, 0, 0);
COMMIT;
"""


def identity(record: Record) -> bytes:
    """What makes a face the same: its place on the same image, under the same external id."""
    parts = [record["ImageId"], record.get("ExternalImageId"), *record["BoundingBox"].values()]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).digest()


class State(NamedTuple):
    """Which file of vectors is in use, how many rows it has, how many faces are there, the next one's number."""

    generation: int
    places: int
    faces: int
    number: int


class View:
    """What can be asked and changed within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def state(self) -> State:
        """The counts."""
        return State(*self._one("SELECT generation, places, faces, number FROM state"))

    def page(self, after: int, most: int) -> list[tuple[int, Record]]:
        """Up to so many faces with greater numbers, with these, oldest first."""
        question = "SELECT number, record FROM faces WHERE number > ? ORDER BY number LIMIT ?"
        return [(number, json.loads(text)) for number, text in self._connection.execute(question, (after, most))]

    def by_ids(self, face_ids: Iterable[str]) -> list[tuple[int, Record]]:
        """Those of the faces that are there, with their numbers, oldest first."""
        found = self._among("SELECT number, record FROM faces WHERE face_id", list(face_ids))
        return sorted(((number, json.loads(text)) for number, text in found), key=lambda pair: pair[0])

    def by_places(self, places: Sequence[int]) -> dict[int, Record]:
        """The faces at these places that still are there."""
        found = self._among("SELECT place, record FROM faces WHERE place", places)
        return {place: json.loads(text) for place, text in found}

    def place(self, face_id: str) -> int | None:
        """Where the face's vector is, if the face is there."""
        found = self._one("SELECT place FROM faces WHERE face_id = ?", face_id)
        return None if found is None else int(found[0])

    def places(self) -> list[int]:
        """Those of all faces, oldest first."""
        return [place for (place,) in self._connection.execute("SELECT place FROM faces ORDER BY number")]

    def same(self, who: bytes) -> Record | None:
        """The face of that identity, if it is there."""
        found = self._one("SELECT record FROM faces WHERE identity = ?", who)
        return None if found is None else dict(json.loads(found[0]))

    def add(self, records: Collection[tuple[bytes, Record]], state: State | None = None) -> None:
        """Puts faces, each with its identity, at the next places; `state` is that of now, if it has been asked for."""
        state = state or self.state()
        self._connection.executemany(
            "INSERT INTO faces (number, place, face_id, identity, record) VALUES (?, ?, ?, ?, ?)",
            (
                (state.number + n, state.places + n, record["FaceId"], who, _text(record))
                for n, (who, record) in enumerate(records)
            ),
        )
        count = len(records)
        self._set(state._replace(places=state.places + count, faces=state.faces + count, number=state.number + count))

    def remove(self, face_ids: Iterable[str]) -> list[str]:
        """Takes faces away; gives the ids that were there."""
        gone = [
            face_id
            for face_id in dict.fromkeys(face_ids)
            if self._connection.execute("DELETE FROM faces WHERE face_id = ?", (face_id,)).rowcount
        ]
        state = self.state()
        self._set(state._replace(faces=state.faces - len(gone)))
        return gone

    def close_ranks(self) -> None:
        """Numbers the places anew, without holes, for the next generation of the vectors' file."""
        numbers = [number for (number,) in self._connection.execute("SELECT number FROM faces ORDER BY number")]
        # In their order: a face's new place is never behind its old one, so that it is free when its turn comes.
        self._connection.executemany("UPDATE faces SET place = ? WHERE number = ?", enumerate(numbers))
        state = self.state()
        self._set(state._replace(generation=state.generation + 1, places=len(numbers), faces=len(numbers)))

    def _set(self, state: State) -> None:
        self._connection.execute("UPDATE state SET generation = ?, places = ?, faces = ?, number = ?", state)

    def _one(self, question: str, *values: Any) -> Any:
        return self._connection.execute(question, values).fetchone()

    def _among(self, question: str, values: Sequence[Any]) -> Iterator[Any]:
        for start in range(0, len(values), _ASKED_AT_ONCE):
            part = values[start : start + _ASKED_AT_ONCE]
            yield from self._connection.execute(f"{question} IN ({', '.join('?' * len(part))})", part)


class Records:
    """The records' file; safe in several threads, and with other processes at work on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # "rw" makes no file where there is none. Where nobody can write nothing changes, and SQLite need not look for a
        # log.
        how = "mode=rw" if os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
        self._address = f"{path.absolute().as_uri()}?{how}"
        self._process = os.getpid()
        self._idle: list[sqlite3.Connection] = []
        self._closing = weakref.finalize(self, _close, self._idle)

    @classmethod
    def create(cls, path: Path) -> None:
        """A new file without faces. Raises OSError."""
        try:
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                connection.executescript(_TABLES)
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            raise _told(path, error) from error

    def reading(self) -> Transaction:
        """One moment of the file, for as long as this lasts."""
        return Transaction(self, "BEGIN", "ROLLBACK")

    def writing(self) -> Transaction:
        """Changes that are made all or, where something is raised, not at all. Raises OSError for a full disk."""
        return Transaction(self, "BEGIN IMMEDIATE", "COMMIT")

    def close(self) -> None:
        """Gives the file back."""
        _close(self._idle)

    def told(self, error: sqlite3.DatabaseError) -> Exception:
        """SQLite's error as that of a file."""
        return _told(self._path, error)

    def give_back(self, connection: sqlite3.Connection) -> None:
        """For the next operation."""
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def borrow(self) -> sqlite3.Connection:
        """A connection of the caller's own."""
        if self._process != os.getpid():  # a connection must not be carried into a forked process
            self._process = os.getpid()
            _close(self._idle)
        try:
            return self._idle.pop()
        except IndexError:
            connection = sqlite3.connect(
                self._address, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous = FULL")  # a change is on the disk when COMMIT is done
            return connection


class Transaction:
    """`with transaction as view:`, on a connection of its own; one during which something is raised leaves
    nothing behind.
    """

    __slots__ = ("_begin", "_connection", "_end", "_records")

    def __init__(self, records: Records, begin: str, end: str) -> None:
        self._records, self._begin, self._end = records, begin, end

    def __enter__(self) -> View:
        try:
            self._connection = self._records.borrow()
            try:
                self._connection.execute(self._begin)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.DatabaseError as error:
            raise self._records.told(error) from error
        return View(self._connection)

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, _trace: object) -> None:
        connection = self._connection
        try:
            try:
                if kind is None:
                    connection.execute(self._end)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise self._records.told(error) from error
            raise
        if kind is None:
            self._records.give_back(connection)
            return
        connection.close()
        if isinstance(raised, sqlite3.DatabaseError):
            raise self._records.told(raised) from raised


def _told(path: Path, error: sqlite3.DatabaseError) -> Exception:
    """SQLite's error as that of a file: none there, damage, or the system's refusal."""
    if not isinstance(error, sqlite3.OperationalError):
        return CollectionDamaged(f"{path}: {error}")
    if not path.exists():
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(_FULL):
        number = errno.ENOSPC if name == "SQLITE_FULL" else errno.EIO
        return OSError(number, f"{os.strerror(number)} ({error})", str(path))
    return sqlite3.OperationalError(*error.args)


def _close(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
