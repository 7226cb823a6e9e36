"""What was made of files is made again when somebody touches them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asl_local.services import unchanged
from asl_local.services.unchanged import Unchanged

LONG_AGO = 1_000_000_000 * 10**9


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock on which every file was touched long ago."""
    now = unchanged.time.time_ns() + 60 * 10**9
    monkeypatch.setattr(unchanged.time, "time_ns", lambda: now)


@pytest.mark.usefixtures("later")
def test_something_is_made_of_a_file_once(tmp_path: Path) -> None:
    file, made, remembered = tmp_path / "a", [], Unchanged[bytes]()

    def make() -> bytes:
        made.append(file.read_bytes())
        return made[-1]

    def ask() -> bytes:
        return remembered.of(file.stat(), make)

    file.write_bytes(b"one")
    assert [ask(), ask()] == [b"one"] * 2
    assert made == [b"one"]
    file.write_bytes(b"longer")
    assert [ask(), ask()] == [b"longer"] * 2
    (tmp_path / "b").write_bytes(b"placed")  # of the same length, and the same time of modification
    told = file.stat()
    os.utime(tmp_path / "b", ns=(told.st_atime_ns, told.st_mtime_ns))
    (tmp_path / "b").replace(file)
    assert ask() == b"placed"
    assert made == [b"one", b"longer", b"placed"]


def test_of_a_file_that_was_touched_a_moment_ago_nothing_is_remembered(tmp_path: Path) -> None:
    """The next change may come within the same tick of the file system's clock, and leave its times as they are."""
    file, remembered = tmp_path / "a", Unchanged[bytes]()
    file.write_bytes(b"one")
    os.utime(file, ns=(LONG_AGO, LONG_AGO))  # which changes the other time
    state = file.stat()
    assert remembered.of(state, lambda: b"one") == b"one"
    assert remembered.get(state) is None
    assert remembered.of(state, lambda: b"two") == b"two"


@pytest.mark.parametrize(("after", "remembers"), [(1_500_000_000, False), (2_500_000_000, True)])
def test_whole_seconds_are_a_tick_of_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, remembers: bool
) -> None:
    file, remembered = tmp_path / "a", Unchanged[bytes]()
    file.write_bytes(b"one")
    monkeypatch.setattr(unchanged, "_touched", lambda _: LONG_AGO)
    monkeypatch.setattr(unchanged.time, "time_ns", lambda: LONG_AGO + after)
    remembered.of(file.stat(), lambda: b"one")
    assert (remembered.get(file.stat()) is not None) == remembers


@pytest.mark.usefixtures("later")
def test_what_was_longest_unused_is_forgotten(tmp_path: Path) -> None:
    remembered = Unchanged[str](most=2)
    states = {}
    for name in "abc":
        (tmp_path / name).write_text(name)
        states[name] = (tmp_path / name).stat()
        remembered.of(states["a"], lambda: "a")
        remembered.of(states[name], name.upper)
    assert [remembered.get(states[name]) for name in "abc"] == ["a", None, "C"]


@pytest.mark.usefixtures("later")
def test_what_could_not_be_made_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    state, remembered = (tmp_path / "a").stat(), Unchanged[int]()
    with pytest.raises(ZeroDivisionError):
        remembered.of(state, lambda: 1 // 0)
    assert remembered.of(state, lambda: 7) == 7
