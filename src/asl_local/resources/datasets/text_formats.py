"""Bytes of a text file -> items: CSV, JSON, JSONL, a list of S3 addresses; packed or not.

Knows: the text formats an ItemReader reads, in the words and with the rules that are recorded from AWS. Must never know:
where the bytes come from. Everything is streamed: a line, or one JSON value, is in memory at a time.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple, TextIO

from asl_local.errors import ITEM_READER_FAILED, StateError
from asl_local.resources.datasets.json_stream import NotIterable, decode, elements
from asl_local.values import DEEPEST, Json

DELIMITERS: Mapping[str, str] = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
LONGEST_LINE = 4_194_304  # characters; no item may have more than 256 KiB
LARGEST_HEADER = 10_240  # bytes; Guide, ItemReader: CSV headers of up to 10 KiB

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


class Item(NamedTuple):
    """One item of a dataset; `key` is the member's name where the dataset is an object, `source` as the Context has it."""

    value: Json
    key: str | None = None
    source: str = ""


def failed(cause: str) -> StateError:
    """States.ItemReaderFailed, which is what every trouble of a reader is."""
    return StateError(ITEM_READER_FAILED, cause)


def unpacked(stream: Any) -> BinaryIO:
    """The bytes as they were before somebody packed them with gzip or Zstandard, told by how such files begin."""
    buffered: Any = io.BufferedReader(_Raw(stream), 65_536)
    start = buffered.peek(4)[:4]
    if start.startswith(_GZIP):
        opened: BinaryIO = gzip.GzipFile(fileobj=buffered)  # type: ignore[assignment]
        return opened
    if start == _ZSTD:
        try:
            import zstandard  # noqa: PLC0415 - in an extra, only when a file needs it
        except ImportError:
            raise failed(
                "the object is packed with Zstandard, which needs zstandard: pip install 'asl-local[datasets]'"
            ) from None
        reader: BinaryIO = zstandard.ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
        return reader
    plain: BinaryIO = buffered
    return plain


class _Raw(io.RawIOBase):
    """Anything with `read(n)` as a raw stream."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            close = getattr(self._stream, "close", None)
            if close is not None:
                close()
        super().close()


def text_items(stream: Any, config: Mapping[str, Json]) -> Iterator[Item]:
    """The items of a file in one of the text formats. Raises StateError (States.ItemReaderFailed)."""
    kind = config.get("InputType")
    with readable(), io.TextIOWrapper(unpacked(stream), encoding="utf-8-sig", newline="") as text:
        yield from _FORMATS[str(kind)](text, config)


@contextmanager
def readable() -> Iterator[None]:
    """Whatever bytes do that are no text, or are not packed as they say, is a trouble of the reader."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise failed(f"the object is not UTF-8 text: {error.reason}") from None
    except (EOFError, OSError, zlib.error) as error:
        raise failed(f"the object cannot be unpacked: {error}") from None
    except RecursionError:
        raise failed(f"a value is nested more than {DEEPEST} levels deep") from None
    except Exception as error:
        if type(error).__name__ == "ZstdError":  # of a module that is imported only when used
            raise failed(f"the object cannot be unpacked: {error}") from None
        raise


def lines_of(text: TextIO) -> Iterator[str]:
    """Lines with their ends, none of them so long that it fills the memory."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise failed(f"a line is longer than {LONGEST_LINE} characters")
        yield line


def addresses(text: TextIO) -> Iterator[tuple[str, str]]:
    """The buckets and keys of an Athena manifest: one `s3://bucket/key` a line."""
    for line in lines_of(text):
        address = line.strip().strip('"')
        if not address:
            continue
        found = re.fullmatch(r"s3://([^/]+)/(.+)", address)
        if found is None:
            raise failed(f"the manifest has {address[:100]!r} where s3://bucket/key is wanted")
        yield found[1], found[2]


# -- the formats -------------------------------------------------------------------------------------------------------


def csv_rows(text: TextIO, delimiter: str) -> Iterator[list[str]]:
    """The rows of a CSV text as lists of fields; a quote inside a quoted field is doubled or has a backslash."""
    lines = (_ESCAPED_QUOTE.sub(r'\1""', line) if '\\"' in line else line for line in lines_of(text))
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise failed(f"the CSV text cannot be read near line {rows.line_num}: {error}") from None
        yield row


def _csv(text: TextIO, config: Mapping[str, Json]) -> Iterator[Item]:
    """Rows as objects of texts: what is missing is "", what is too much is dropped (recorded)."""
    rows = csv_rows(text, DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    if config.get("CSVHeaderLocation") == "GIVEN":
        header = [str(name) for name in config.get("CSVHeaders", [])]
    else:
        header = next(rows, [])
    if len(set(header)) != len(header):
        raise failed("CSV headers cannot contain duplicates.")
    if len(",".join(header).encode()) > LARGEST_HEADER:
        raise failed(f"CSV headers cannot be larger than {LARGEST_HEADER} bytes.")
    missing = [""] * len(header)
    for row in rows:
        yield Item(dict(zip(header, row + missing[len(row) :], strict=False)))


def _json(text: TextIO, config: Mapping[str, Json]) -> Iterator[Item]:
    """An array's elements; an object's members where ItemsPointer names it, not as a whole document (recorded)."""
    pointer = str(config.get("ItemsPointer", ""))
    try:
        for key, value in elements(text, pointer):
            if key is not None and not pointer:
                raise NotIterable(pointer)
            yield Item(value, key)
    except UnicodeDecodeError:
        raise
    except NotIterable:
        raise failed("Attempting to map over non-iterable node.") from None
    except KeyError as error:
        raise failed(f"The ItemsPointer {pointer} leads nowhere in the document: no {error}.") from None
    except ValueError as error:
        raise failed(f"The object is not JSON: {error}") from None


def _jsonl(text: TextIO, _config: Mapping[str, Json]) -> Iterator[Item]:
    """A JSON value a line; blank lines are none."""
    for number, line in enumerate(lines_of(text), 1):
        if line.isspace():
            continue
        try:
            value = decode(line)
        except json.JSONDecodeError as error:
            raise failed(f"Line {number} is not JSON: {error.msg} at column {error.colno}") from None
        except ValueError as error:
            raise failed(f"Line {number} is not JSON: {error}") from None
        yield Item(value)


_FORMATS = {"CSV": _csv, "JSON": _json, "JSONL": _jsonl}
"""What an InputType of a text file means."""
