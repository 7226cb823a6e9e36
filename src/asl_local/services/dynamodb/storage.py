"""One TinyDB file per table: how items reach the disk and how they are found there.

Knows: TinyDB, files, locks. Must never know: expressions, conditions or what an attribute means, keys aside.

TinyDB's JSONStorage truncates its file and writes it anew, so a kill in between loses the table. `WholeFile` replaces
the file atomically instead (`services.files`), with fsync, under a lock that holds across processes. Every write
therefore costs time in proportion to the table (about 5 ms per megabyte, plus the fsync), and a batch of N separate
puts costs N such writes; `batch_write_item` makes one of them. Reads cost a look-up: the parsed table is kept, and
parsed again only after another process has written.

The file is one JSON object with three TinyDB tables, an item a line:

    {"version": {"1": {"write": "<unique for each write>"}},
    "table": {"1": {<description>}},
    "items": {
    "<key>": {<item>},
    ...}}
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, cast

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from asl_local.services.dynamodb.values import Item, Refusal, size_of_item
from asl_local.services.files import FileLock, write_atomically

_HEAD = 64  # bytes; holds the whole version line, by which two writes in one tick of the clock differ
_LONGEST_STEM = 200  # characters; file systems allow 255 bytes with the suffix, AWS 255 for the name alone

_encode = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": "), allow_nan=False).encode


class _Version(NamedTuple):
    """What was read or written last: how to recognise the file, and what it says."""

    stamp: tuple[int, int, int, bytes]  # mtime in ns, size, inode, first bytes
    tables: dict[str, dict[str, Any]]


class WholeFile(Storage):
    """A TinyDB storage that only ever replaces its file as a whole. Writers take turns (`Folder.writing`); readers need not wait."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: _Version | None = None
        self._lines: dict[str, tuple[Any, str]] = {}  # key: the item and its line, so that a write encodes news only

    def read(self) -> dict[str, dict[str, Any]] | None:
        """The tables, or None without a file. Shared: callers may replace members of the outer dict, nothing below."""
        try:
            with self._path.open("rb") as file:
                head = file.read(_HEAD)
                stamp = self._stamp(file.fileno(), head)
                version = self._version
                if version is None or version.stamp != stamp:
                    version = _Version(stamp, self._parse(head + file.read()))
                    self._version = version
        except FileNotFoundError:
            return None
        return dict(version.tables)

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
        write_atomically(self._path, text)
        self._lines = lines
        with self._path.open("rb") as file:
            self._version = _Version(self._stamp(file.fileno(), file.read(_HEAD)), tables)

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
    def _stamp(descriptor: int, head: bytes) -> tuple[int, int, int, bytes]:
        status = os.fstat(descriptor)
        return status.st_mtime_ns, status.st_size, status.st_ino, head


class ItemTable(Table):
    """A TinyDB table whose document ids are key texts, with the one operation that TinyDB lacks: replace."""

    document_id_class = str  # type: ignore[assignment]

    def shared(self) -> dict[str, Any]:
        """The items by key as the storage holds them; another object after every write."""
        return self._read_table()

    def apply(self, changes: Mapping[str, Item | None]) -> None:
        """Put the items (or remove those that are None), all of them with one write of the file."""

        def update(table: dict[Any, Any]) -> None:
            for key, item in changes.items():
                if item is None:
                    table.pop(key, None)
                else:
                    table[key] = item

        self._update_table(update)


class TableFile:
    """One table on disk: its description and its items by key."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._database = TinyDB(path, storage=WholeFile)
        self._database.table_class = ItemTable
        self._items = cast(ItemTable, self._database.table("items"))
        self._ordered: tuple[dict[str, Any], list[tuple[Any, Item]]] | None = None

    def description(self) -> dict[str, Any] | None:
        """What `describe` kept, or None if there is no such table."""
        document = self._database.table("table").get(doc_id="1")  # type: ignore[call-overload]
        return dict(document) if document is not None and document.get("TableName") == self.name else None

    def create(self, description: dict[str, Any]) -> None:
        """Write a new table without items. Inside `Folder.writing`."""
        self._database.storage.write({"table": {"1": description}, "items": {}})

    def get(self, key: str) -> Item | None:
        """The item of that key: a dictionary look-up. Shared: never edit it."""
        document = self._items.get(doc_id=key)  # type: ignore[call-overload]
        return None if document is None else dict(document)

    def apply(self, changes: Mapping[str, Item | None]) -> None:
        """Put or remove items by key, in one atomic write. Inside `Folder.writing`."""
        self._items.apply(changes)

    def ordered(self, order: Callable[[Item], Any]) -> list[tuple[Any, Item]]:
        """All items at this moment as (order, item), sorted; `order` must be the same for every call.

        Sorted once per version of the table. Shared: never edit it.
        """
        items = self._items.shared()
        known = self._ordered
        if known is None or known[0] is not items:
            known = items, sorted(((order(item), item) for item in items.values()), key=itemgetter(0))
            self._ordered = known
        return known[1]

    def measure(self) -> tuple[int, int]:
        """How many items there are, and their bytes as AWS counts them."""
        items = self._items.shared()
        return len(items), sum(map(size_of_item, items.values()))


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
        self.table(name).path.unlink(missing_ok=True)


def file_name(table: str) -> str:
    """The table's own name, cut and made unique where it would be too long for a file system."""
    if len(table) <= _LONGEST_STEM:
        return f"{table}.json"
    return f"{table[:100]}~{hashlib.sha256(table.encode()).hexdigest()[:40]}.json"
