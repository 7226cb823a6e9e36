"""S3 keys as file names and back: `2024/a photo.jpg` is the file `2024/a photo.jpg` below its bucket's folder.

Knows: names. Must never know: what a file holds, or what S3 answers.

A person can browse a bucket, and no key leaves it. What a file system cannot hold is written so that it can be read back:

- `%41`     a character by its UTF-8 bytes: control characters, `%` itself, a leading dot (so `..` is `%2E.`)
- `%_`      an empty segment: the key `a/` is the file `a/%_`, the key `a//b` is `a/%_/b`
- `%~name`  a folder for the beginning of a segment too long for one file name; the next name goes on without a slash
- `%+name`  a folder that could not be called `name` because the key `name` exists too

A name of this kind cannot stand for anything else, since `%` in a key is always `%25`. Names that a person made and that
we would have written otherwise (`50% off.jpg`) mean themselves. On a file system that takes `A` for `a` (macOS),
capitals and letters with more than one Unicode form are escaped as well. No symbolic link is followed below a bucket.
"""

from __future__ import annotations

import heapq
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from urllib.parse import unquote_to_bytes

LONGEST_NAME = 200  # bytes of one file name; the usual limit is 255, and `%+`, `%~` come on top
BESIDE = "%+"
BEGINNING = "%~"
EMPTY = "%_"

_PLAIN = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9_. -]{{0,{LONGEST_NAME - 1}}}")  # stands for itself
# One file name, None where the name stands only for itself.
Found = tuple[bytes, str]


def names_of(key: str, *, folding: bool = False) -> list[str]:
    """The file names, outermost folder first, of a key."""
    names: list[str] = []
    for segment in key.split("/"):
        names += _names_of_segment(segment, folding)
    return names


def _names_of_segment(segment: str, folding: bool) -> list[str]:
    if not segment:
        return [EMPTY]
    if _PLAIN.fullmatch(segment) and (not folding or segment == segment.casefold()):
        return [segment]
    names, name, length = [], "", 0
    for character in segment:
        written = (
            _escape(character) if _needs_escape(character, folding) or (not name and character == ".") else character
        )
        size = len(written.encode())
        if length + size > LONGEST_NAME:
            names.append(BEGINNING + name)
            name, length = "", 0
            written = _escape(character) if character == "." else written
            size = len(written.encode())
        name += written
        length += size
    return [*names, name]


def _needs_escape(character: str, folding: bool) -> bool:
    if character == "%" or character < " " or character == "\x7f":
        return True
    if not folding:
        return False
    plain = unicodedata.normalize("NFD", character) == character and not unicodedata.combining(character)
    return not plain or character.casefold() != character


def _escape(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _segment_of(name: str) -> str:
    """What one plain name stands for: unescaped if we would have written it so, otherwise the name itself."""
    if "%" not in name:
        return name
    if name == EMPTY:
        return ""
    try:
        segment = unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        return name
    # Folding or not: one of the two writes this name if we wrote it.
    return segment if [name] in (_names_of_segment(segment, False), _names_of_segment(segment, True)) else name


def places(folder: Path, key: str, *, folding: bool = False) -> Iterator[str]:
    """Where the file of a key may lie, likeliest first, always below `folder`."""
    plain = os.sep.join((str(folder), *names_of(key, folding=folding)))  # noqa: PTH118 - no use for a Path
    yield plain
    for path in _search(folder, key.split("/"), folding):
        if str(path) != plain:
            yield str(path)


def _search(folder: Path, segments: list[str], folding: bool) -> Iterator[Path]:
    first, *rest = segments
    # The second form is that of a folder which came from a file system of the other kind.
    forms = [_names_of_segment(first, folding), _names_of_segment(first, not folding)]
    if first and "\0" not in first and not first.startswith((".", BESIDE, BEGINNING)) and _segment_of(first) == first:
        forms.append([first])
    for number, form in enumerate(forms):
        if form in forms[:number]:
            continue
        *beginnings, last = form
        above = folder.joinpath(*beginnings)
        if not rest:
            yield above / last
            continue
        for name in (last, BESIDE + last):
            if (above / name).is_dir():
                yield from _search(above / name, rest, folding)


def make_place(folder: Path, key: str, *, folding: bool = False) -> Path:
    """The path for a new key's file, with its folders made. The caller holds the bucket's lock.

    A folder in the file's way steps aside (`%+name`) in one rename, so that every key below stays readable. Raises OSError
    where a symbolic link is in the way.
    """
    *parents, last = names_of(key, folding=folding)
    for name in parents:
        beside, plain = folder / (BESIDE + name), folder / name
        folder = plain if not beside.is_dir() and (not plain.exists() or plain.is_dir()) else beside
        if folder.is_symlink():
            raise OSError(f"a symbolic link leads out of the bucket's folder at {folder}")
        folder.mkdir(exist_ok=True)
    place = folder / last
    if place.is_dir() and not place.is_symlink():
        place.rename(folder / (BESIDE + last))
    return place


def inside(folder: Path, path: Path | str) -> bool:
    """Whether the path is reached without a symbolic link below `folder` (which is resolved itself)."""
    if os.name != "posix":
        return os.path.realpath(path) == str(path) and Path(path).is_relative_to(folder)
    at, wanted = str(folder), str(path)
    if not wanted.startswith(f"{at}/"):
        return False
    for name in wanted[len(at) + 1 :].split("/"):
        at = f"{at}/{name}"
        try:
            if name == ".." or stat.S_ISLNK(os.lstat(at).st_mode):
                return False
        except (FileNotFoundError, NotADirectoryError):
            break  # there is nothing, and no link to it
    return True


class Cursor:
    """Where a listing stands: keys up to and including `after` are not wanted any more. The reader moves it."""

    def __init__(self, after: bytes = b"") -> None:
        self.after = after


def walk(folder: Path, prefix: bytes, cursor: Cursor) -> Iterator[Found]:
    """(key as UTF-8, path) of every file below `folder`, in the order of the keys' bytes, as S3 lists them.

    Folders that hold nothing of `prefix` or nothing beyond the cursor are not opened.
    """
    last = None
    for key, path in _level(str(folder), b"", prefix, cursor):
        if key != last and key > cursor.after:
            last = key
            yield key, path


def _level(folder: str, head: bytes, prefix: bytes, cursor: Cursor) -> Iterator[Found]:
    plain: list[tuple[bytes, bool, bool, str]] = []
    mixed: list[tuple[bytes, str]] = []
    for name, path, is_folder in _entries(folder):
        if not is_folder:
            segment = _segment_of(name)
            key = head + segment.encode()
            if key.startswith(prefix) and key > cursor.after:
                plain.append((key, segment == name and "%" in name, False, path))
            continue
        if name.startswith(BEGINNING):
            mixed.append((head + unquote_to_bytes(name[2:]), path))
        elif name.startswith(BESIDE):
            mixed.append((head + _segment_of(name[2:]).encode() + b"/", path))
        else:
            segment = _segment_of(name)
            if segment == name and "%" in name:
                mixed.append((head + name.encode() + b"/", path))
            else:
                plain.append((head + segment.encode() + b"/", False, True, path))
    # A folder's keys all begin with its own name and a slash, so they come one after the other at this level; those of
    # the special folders may lie between the others.
    plain.sort()
    own = _in_order(plain, prefix, cursor)
    if not mixed:
        return own
    levels = [_level(path, below, prefix, cursor) for below, path in mixed if _relevant(below, prefix, cursor)]
    return heapq.merge(own, *levels, key=itemgetter(0))


def _in_order(plain: list[tuple[bytes, bool, bool, str]], prefix: bytes, cursor: Cursor) -> Iterator[Found]:
    for key, _, is_folder, path in plain:
        if not is_folder:
            yield key, path
        elif _relevant(key, prefix, cursor):
            yield from _level(path, key, prefix, cursor)


def _relevant(head: bytes, prefix: bytes, cursor: Cursor) -> bool:
    if not (head.startswith(prefix) or prefix.startswith(head)):
        return False
    return head > cursor.after or cursor.after.startswith(head)


def _entries(folder: str) -> Iterator[tuple[str, str, bool]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.is_symlink() or not _is_text(entry.name):
                    continue
                if entry.is_dir():
                    yield entry.name, entry.path, True
                elif entry.is_file():
                    yield entry.name, entry.path, False
    except FileNotFoundError:  # a folder that another thread emptied and removed meanwhile
        return


def _is_text(name: str) -> bool:
    # A name that is not UTF-8 has no key; Python marks it with surrogates.
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def remove_empty(path: Path, root: Path) -> None:
    """Removes the folders from `path` up to, not including, `root` as far as they are empty."""
    while path != root:
        try:
            path.rmdir()
        except OSError:
            return
        path = path.parent
