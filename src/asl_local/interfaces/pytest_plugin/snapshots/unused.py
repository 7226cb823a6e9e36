"""Which snapshots no test has used: told, and with --asl-snapshot-update removed.

Knows: which tests there were and how they went, as plain JSON that processes can send one another. Must never know: what
a snapshot says. Only test files of which every test was wanted are looked at, and a test that has not passed may have
stopped before it came to its snapshot.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from asl_local.interfaces.pytest_plugin.snapshots.fixture import FOLDER, folder_of, stem_of


class Census:
    """Tests by their file, what became of them, and the snapshots that were used."""

    def __init__(self) -> None:
        # test file -> stem of its snapshots -> whether it has passed, None as long as nobody knows
        self.tests: dict[str, dict[str, bool | None]] = {}
        self.partial: set[str] = set()  # test files of which not every test was wanted
        self.used: set[str] = set()

    def collected(self, tests: Iterable[tuple[Path, str]], partial: Iterable[Path]) -> None:
        """The tests that are to run, each with its file and its name, and the files that have more than these."""
        for path, name in tests:
            self.tests.setdefault(str(path), {}).setdefault(stem_of(name), None)
        self.partial.update(map(str, partial))

    def ended(self, path: Path, name: str, *, passed: bool) -> None:
        """A test, or a part of it, has passed or has not."""
        tests = self.tests.setdefault(str(path), {})
        tests[stem_of(name)] = _both(tests.get(stem_of(name)), passed)

    def unused(self) -> list[Path]:
        """The snapshots that nobody has used, and that somebody would have."""
        found = [path for room in self._abandoned() for path in sorted(room.glob("*.txt"))]
        for test_file, tests in self.tests.items():
            if test_file in self.partial:
                continue
            for path in sorted(folder_of(Path(test_file)).glob("*.txt")):
                owners = [ok for stem, ok in tests.items() if path.name.startswith(f"{stem}.")]
                if str(path) not in self.used and all(owners):
                    found.append(path)
        return found

    def _abandoned(self) -> list[Path]:
        """The folders of test files that there are no more, beside test files that there are."""
        beside = {Path(test_file).parent for test_file in self.tests}
        rooms = [room for folder in sorted(beside) for room in sorted((folder / FOLDER).glob("*")) if room.is_dir()]
        return [room for room in rooms if not any(room.parent.parent.glob(f"{glob.escape(room.name)}.*"))]

    def to_json(self) -> dict[str, Any]:
        """All of it, for another process."""
        return {"tests": self.tests, "partial": sorted(self.partial), "used": sorted(self.used)}

    def add(self, told: Mapping[str, Any]) -> None:
        """What another process tells."""
        for test_file, tests in told["tests"].items():
            mine = self.tests.setdefault(test_file, {})
            for stem, ok in tests.items():
                mine[stem] = _both(mine.get(stem), ok)
        self.partial.update(told["partial"])
        self.used.update(told["used"])


def _both(one: bool | None, other: bool | None) -> bool | None:
    """What of two reports on one test counts: a failure, else that it has passed."""
    return other if one is None else one if other is None else one and other


def remove(paths: Iterable[Path]) -> None:
    """Delete snapshots, and the folders that are empty then."""
    for path in paths:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


__all__ = ["Census", "remove"]
