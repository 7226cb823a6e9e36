"""One TinyDB file per table: how items reach the disk and how they are found there.

Knows: TinyDB, files, locks. Must never know: expressions, conditions or what an attribute means, keys aside.

TinyDB's JSONStorage truncates its file and writes it anew, so a kill in between loses the table. `WholeFile` replaces
the file atomically instead (`services.files`), with fsync, under a lock that holds across processes. That costs time in
proportion to the table (about 5 ms per megabyte, plus the fsync). Above `_SMALL` bytes a write is therefore a line that
is added to a file beside the table's, `<table>.log`, with fsync, and a write costs what it changes; once that file is as
long as the table's, the table is written whole again and the log goes. Reads cost a look-up: the parsed table is kept,
of another process's writes the new lines are read.

The file is one JSON object with three TinyDB tables, an item a line:

    {"version": {"1": {"write": "<unique for each write>"}},
    "table": {"1": {<description>}},
    "items": {
    "<key>": {<item>},
    ...}}

The log's first line says to which version of the table the others belong; a log of another version counts for nothing.
Each other line is one write, a key without an item (null) is removed, and a last line without its end never happened:

    {"after": "<write of the table's file>"}
    {"write": "<unique>", "items": {"<key>": {<item>}, ...}}
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from asl_local.services.dynamodb.values import Item, Refusal, size_of_item
from asl_local.services.files import FileLock, append, chunks_from, write_atomically

_HEAD = 64  # bytes; holds the whole version line, by which two writes in one tick of the clock differ
_SMALL = 32_768  # bytes of a table's file that is written whole each time
_LONGEST_STEM = 200  # characters; file systems allow 255 bytes with the suffix, AWS 255 for the name alone

_Stamp: TypeAlias = tuple[int, int, int, bytes]  # mtime in ns, size, inode, first bytes

_encode = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": "), allow_nan=False).encode


class _Version(NamedTuple):
    """What was read or written last: how to recognise the file, what it says with the log's changes, and how far that
    is read.
    """

    stamp: _Stamp
    tables: dict[str, dict[str, Any]]
    log: _Read | None = None

    @property
    def write(self) -> Any:
        """What tells this version of the file from all others."""
        return self.tables.get("version", {}).get("1", {}).get("write")


class _Read(NamedTuple):
    """A log as far as it was read: how to recognise the file, where its last whole line ends, and that line."""

    stamp: tuple[int, int, int]  # mtime in ns, size, inode
    end: int
    line: bytes


class WholeFile(Storage):
    """A TinyDB storage that replaces its file as a whole or adds to its log. Writers take turns (`Folder.writing`); readers
    need not wait.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_suffix(".log")
        self._version: _Version | None = None
        self._lines: dict[str, tuple[Any, str]] = {}  # key: the item and its line, so that a write encodes news only
        self._size = 0
        self.guard = threading.RLock()  # while what is known changes
        self.changed: dict[str, Item | None] | None = None
        """The items that have changed since somebody emptied it, as they were then, by key; None: any may have."""

    def read(self) -> dict[str, dict[str, Any]] | None:
        """The tables, or None without a file. Shared: callers may replace members of the outer dict, nothing below.

        A single put changes the items in place; whoever goes through them takes a list first.
        """
        with self.guard:
            for _ in range(100):
                if (version := self._read()) is None:
                    return None
                if self._follow(version):
                    return dict(version.tables)
        raise OSError(f"{self._path} is replaced faster than it can be read")

    def _read(self) -> _Version | None:
        try:
            with self._path.open("rb", buffering=0) as file:
                head = file.read(_HEAD)
                stamp = self._stamp(file.fileno(), head)
                version = self._version
                if version is None or version.stamp != stamp:
                    data = head + file.readall()
                    self._version = version = _Version(stamp, self._parse(data))
                    self._size, self.changed = len(data), None
        except FileNotFoundError:
            self._version = None
            return None
        return version

    def _follow(self, version: _Version) -> bool:
        """Do what the log says since it was last looked at; False where the file has been written whole meanwhile."""
        if self._size <= _SMALL:
            return True  # it has no log
        known = version.log
        try:
            descriptor = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self._again() if known is not None else self._is_still(version.stamp)
        try:
            status = os.fstat(descriptor)
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if known is not None and known.stamp == stamp:
                return True
            start = 0 if known is None else known.end - len(known.line)
            data = b"".join(chunks_from(descriptor, start))
        finally:
            os.close(descriptor)
        if known is None:
            first, _, data = data.partition(b"\n")
            if first != _after(version.write):  # another version's: an old one, which says nothing, or a newer one
                return self._is_still(version.stamp)
            end, line = len(first) + 1, first + b"\n"
        elif not data.startswith(known.line):
            return self._again()
        else:
            end, line, data = known.end, known.line, data[len(known.line) :]
        for each in data.splitlines(keepends=True):
            if not each.endswith(b"\n"):
                break  # its writer was killed, or is at it
            self._change(version.tables["items"], self._changes(each))
            end, line = end + len(each), each
        self._version = version._replace(log=_Read(stamp, end, line))
        return True

    def _changes(self, line: bytes) -> dict[str, Item | None]:
        try:
            changes = json.loads(line)["items"]
            if not isinstance(changes, dict):
                raise TypeError("its items are no object")
        except (ValueError, TypeError, KeyError) as error:
            message = f"{self._log} is not the log of a table of this stand-in: {error}"
            raise Refusal(message, "InternalServerError") from None
        return changes

    def _again(self) -> bool:
        """The log is not the one that was read: forget all."""
        self._version = None
        return False

    def _is_still(self, stamp: _Stamp) -> bool:
        try:
            with self._path.open("rb", buffering=0) as file:
                return self._stamp(file.fileno(), file.read(_HEAD)) == stamp
        except FileNotFoundError:
            return False

    def _change(self, items: dict[str, Any], changes: Mapping[str, Item | None]) -> None:
        for key, item in changes.items():
            if self.changed is not None:
                self.changed.setdefault(key, items.get(key))
            if item is None:
                items.pop(key, None)
            else:
                items[key] = item

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace the file. Raises OSError (a full disk) with the old file in place and still the one that reads see."""
        tables = {**data, "version": {"1": {"write": uuid.uuid4().hex}}}
        lines = {key: self._line(key, item) for key, item in tables.get("items", {}).items()}
        text = "".join(
            (
                f'{{"version": {_encode(tables["version"])},\n',
                f'"table": {_encode(tables.get("table", {}))},\n"items": {{\n',
                ",\n".join(line for _, line in lines.values()),
                "}}\n",
            )
        ).encode()
        with self.guard:
            write_atomically(self._path, text)
            self._lines, self._size, self.changed = lines, len(text), None
            with self._path.open("rb") as file:
                self._version = _Version(self._stamp(file.fileno(), file.read(_HEAD)), tables)
            self._log.unlink(missing_ok=True)

    def apply(self, changes: Mapping[str, Item | None]) -> None:
        """Put the items (or remove those that are None): all of them or, with OSError, none."""
        with self.guard:
            tables = self.read() or {}
            version, items = self._version, tables.get("items", {})
            if version is None or self._size <= _SMALL or (version.log is not None and version.log.end > self._size):
                items = dict(items)
                self._change(items, changes)
                self.write({**tables, "items": items})
                return
            line = f'{{"write": "{uuid.uuid4().hex}", "items": {_encode(changes)}}}\n'.encode()
            if version.log is None:
                end = len(_after(version.write)) + 1
                write_atomically(self._log, _after(version.write) + b"\n" + line)
            else:
                end = version.log.end
                append(self._log, line, at=end)
            status = self._log.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            self._change(items, changes)
            self._version = version._replace(log=_Read(stamp, end + len(line), line))

    def forget(self) -> None:
        """The table's file is gone: so is the log."""
        self._log.unlink(missing_ok=True)

    def _line(self, key: str, item: Any) -> tuple[Any, str]:
        known = self._lines.get(key)
        if known is not None and known[0] is item:
            return known
        return item, f"{_encode(key)}: {_encode(item)}"

    def _parse(self, data: bytes) -> dict[str, dict[str, Any]]:
        try:
            tables = json.loads(data)
            if not isinstance(tables, dict) or not isinstance(tables.get("items"), dict):
                raise ValueError("it has no member 'items'")
        except ValueError as error:  # not ours: every write of ours is whole
            raise Refusal(f"{self._path} is not a table of this stand-in: {error}", "InternalServerError") from None
        return tables

    @staticmethod
    def _stamp(descriptor: int, head: bytes) -> _Stamp:
        status = os.fstat(descriptor)
        return status.st_mtime_ns, status.st_size, status.st_ino, head


def _after(write: Any) -> bytes:
    """A log's first line, without its end."""
    return _encode({"after": write}).encode()


class ItemTable(Table):
    """A TinyDB table whose document ids are key texts."""

    document_id_class = str  # type: ignore[assignment]


class TableFile:
    """One table on disk: its description and its items by key."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._database = TinyDB(path, storage=WholeFile)
        self._database.table_class = ItemTable
        self._storage = cast(WholeFile, self._database.storage)
        self._ordered: list[tuple[Any, Item]] = []

    def description(self) -> dict[str, Any] | None:
        """What `describe` kept, or None if there is no such table."""
        document = self._table("table").get("1")
        return dict(document) if document is not None and document.get("TableName") == self.name else None

    def _table(self, name: str) -> dict[str, Any]:
        """One of TinyDB's tables, as its storage has it."""
        return (self._storage.read() or {}).get(name, {})

    def create(self, description: dict[str, Any]) -> None:
        """Write a new table without items. Inside `Folder.writing`."""
        self._storage.write({"table": {"1": description}, "items": {}})

    def get(self, key: str) -> Item | None:
        """The item of that key: a dictionary look-up. Shared: never edit it."""
        item = self._table("items").get(key)
        return None if item is None else dict(item)

    def apply(self, changes: Mapping[str, Item | None]) -> None:
        """Put or remove items by key, in one atomic write. Inside `Folder.writing`."""
        self._storage.apply(changes)

    def ordered(self, order: Callable[[Item], Any]) -> list[tuple[Any, Item]]:
        """All items at this moment as (order, item), sorted; `order` must be the same for every call, and no two items
        alike.

        Sorted once; what has changed since finds its place. Shared: never edit it.
        """
        with self._storage.guard:
            items, changed = self._table("items"), self._storage.changed
            if changed is None or len(changed) > len(items) // 8:
                self._ordered = sorted(((order(item), item) for item in items.values()), key=_FIRST)
            elif changed:
                self._ordered = self._ordered.copy()
                for key, before in changed.items():
                    _put(self._ordered, before, items.get(key), order)
            self._storage.changed = {}
            return self._ordered

    def measure(self) -> tuple[int, int]:
        """How many items there are, and their bytes as AWS counts them."""
        with self._storage.guard:
            items = list(self._table("items").values())
        return len(items), sum(map(size_of_item, items))

    def remove(self) -> None:
        """Delete the files. Inside `Folder.writing`."""
        self.path.unlink(missing_ok=True)
        self._storage.forget()


_FIRST = itemgetter(0)


def _put(ordered: list[tuple[Any, Item]], before: Item | None, item: Item | None, order: Callable[[Item], Any]) -> None:
    """Put an item, or None, into the place of another, or of None."""
    place = item if item is not None else before
    if place is None:
        return
    at = bisect_left(ordered, rank := order(place), key=_FIRST)
    ordered[at : at + (before is not None)] = [] if item is None else [(rank, item)]


class Folder:
    """All tables of one stand-in: the folder, its lock and its open table files."""

    def __init__(self, path: Path, arn: str) -> None:
        self.path = path
        self.arn = arn  # what the ARN of every table begins with, up to its name
        self._lock = FileLock(path / ".lock")
        self._swept = False
        self._journal = path / ".transaction"
        self._open: dict[str, TableFile] = {}

    def table(self, name: str) -> TableFile:
        """The table file of that name, whether it exists yet or not."""
        known = self._open.get(name)
        return known if known is not None else self._open.setdefault(name, TableFile(self.path / file_name(name), name))

    def commit(self, changes: Mapping[str, Mapping[str, Item | None]]) -> None:
        """Put or remove items of several tables, {table: {key: item}}: all of them or none. Inside `Folder.writing`.

        Where there is more than one table a journal says what is to be done until it is done, so that whoever comes
        after a kill completes it. Puts and removals by key may be done twice.
        """
        if len(changes) < 2:
            self._do(changes)
            return
        write_atomically(self._journal, _encode(changes).encode())
        try:
            self._do(changes)
            self._journal.unlink()
        except OSError as problem:
            message = f"The transaction is recorded in {self._journal} and the next request completes it: {problem}"
            raise Refusal(message, "InternalServerError") from problem

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The lock, for as long as the `with`; makes the folder."""
        with self._lock:
            if not self._swept:
                for path in self.path.glob(".tmp-*"):  # of a writer that was killed: the living one is this
                    path.unlink(missing_ok=True)
                self._swept = True
            yield

    def recover(self) -> None:
        """Complete the transaction that a killed process has begun. Waits for one that is still at it."""
        if not self._journal.exists():
            return
        with self._lock:
            if self._journal.exists():
                self._do(json.loads(self._journal.read_bytes()))
                self._journal.unlink()

    def _do(self, changes: Mapping[str, Mapping[str, Item | None]]) -> None:
        for name, items in changes.items():
            if self.table(name).description() is not None:
                self.table(name).apply(items)

    def names(self) -> list[str]:
        """The tables that exist, in the order of their names."""
        return sorted(self._names())

    def _names(self) -> Iterator[str]:
        for path in self.path.glob("*.json"):
            if "~" not in path.stem:
                yield path.stem
            elif (tables := WholeFile(path).read()) is not None:
                yield tables["table"]["1"]["TableName"]

    def remove(self, name: str) -> None:
        """Delete the table and its items. Inside `Folder.writing`."""
        self.table(name).remove()


def file_name(table: str) -> str:
    """The table's own name, cut and made unique where it would be too long for a file system."""
    if len(table) <= _LONGEST_STEM:
        return f"{table}.json"
    return f"{table[:100]}~{hashlib.sha256(table.encode()).hexdigest()[:40]}.json"
