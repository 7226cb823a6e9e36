"""The fixture asl_snapshot: a value's text against the one in a file, or the file written anew.

Knows: files and their names. Must never know: pytest, or how a value becomes a text.
A snapshot that is not there fails, on every machine: written silently, it would pass where nobody ever looks at it, and
a rule that asks whether this is a build server is a rule that people find out about there (decision 0018).
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from asl_local.interfaces.pytest_plugin.snapshots.text import written

FOLDER = "__asl_snapshots__"
_UPDATE = "pytest --asl-snapshot-update"
_SHOWN = 60  # lines


class Snapshots:
    """The snapshots of a session: which were used, which were written."""

    def __init__(self, root: Path, *, update: bool) -> None:
        self.root, self.update = root, update
        self.used: set[Path] = set()
        self.changed: set[Path] = set()

    def shown(self, path: Path) -> str:
        """A path as messages have it: below the root."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


class Snapshot:
    """The snapshots of one test; call it with a value."""

    def __init__(self, snapshots: Snapshots, test_file: Path, test: str) -> None:
        self._all = snapshots
        self._folder, self._stem = folder_of(test_file), stem_of(test)
        self._unnamed = 0
        self._texts: dict[Path, str] = {}

    def __call__(self, value: object, *, masks: Iterable[str] = (), name: str | None = None) -> None:
        """Compare a Result, a History or any JSON with its snapshot.

        `masks` hide what differs from run to run: "times", "uuids", "ids", and JSONPaths into the snapshot
        (`$.output.id`, `$.events[*].input`). A test's second snapshot is called 2, its third 3, unless it has a `name`.
        Raises AssertionError with the difference, or where there is no snapshot and none is to be written.
        """
        __tracebackhide__ = True
        if name is None:
            self._unnamed += 1
            name = "" if self._unnamed == 1 else str(self._unnamed)
        path = self._folder / f"{self._stem}{f'.{_plain(name)}' if name else ''}.txt"
        text = written(value, masks)
        if self._texts.setdefault(path, text) != text:
            raise AssertionError(f"two different values for one snapshot of this test, {self._all.shown(path)}")
        self._all.used.add(path)
        before = path.read_text("utf-8") if path.is_file() else None
        if before == text:
            return
        if not self._all.update:
            raise AssertionError(self._missing(path, text) if before is None else self._unequal(path, before, text))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        self._all.changed.add(path)

    def __repr__(self) -> str:
        return f"<asl_snapshot of {self._stem}>"

    def _missing(self, path: Path, text: str) -> str:
        lines = [f"there is no snapshot {self._all.shown(path)}; `{_UPDATE}` writes this:", *text.splitlines()]
        return _cut(lines)

    def _unequal(self, path: Path, before: str, text: str) -> str:
        name = self._all.shown(path)
        lines = difflib.unified_diff(before.splitlines(), text.splitlines(), name, "now", lineterm="")
        return _cut([f"not as in the snapshot; `{_UPDATE}` writes it anew, if this is as it should be:", *lines])


def _cut(lines: list[str]) -> str:
    more = len(lines) - _SHOWN
    return "\n".join([*lines[:_SHOWN], f"... {more} more lines"] if more > 1 else lines)


def folder_of(test_file: Path) -> Path:
    """Where the snapshots of a test file lie."""
    return test_file.parent / FOLDER / test_file.stem


def stem_of(test: str) -> str:
    """What the files of a test begin with: its name, with its class before it."""
    return _plain(test.replace("::", "."))


def _plain(name: str) -> str:
    """A name for a file: letters that no file system minds, and short; a hash keeps apart what is changed."""
    plain = re.sub(r"[^\w.\[\]-]+", "_", name)[:100]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


__all__ = ["FOLDER", "Snapshot", "Snapshots", "folder_of", "stem_of"]
