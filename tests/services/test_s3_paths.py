"""Keys as file names: every key has its own place, inside, and a person can read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.services.s3.paths import Cursor, make_place, names_of, places, remove_empty, walk

# Few characters, so that keys meet: slashes and dots, what is escaped, case, several forms of a letter.
SEGMENT = st.text(alphabet="ab.%~+_ A\0\x7fe\u0301\u00e9\U0001f600", max_size=5)
KEYS = st.one_of(
    st.lists(SEGMENT, min_size=1, max_size=4).map("/".join).filter(bool),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=300),
)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("1_happy_face.jpg", ["1_happy_face.jpg"]),
        ("2024/a photo.jpg", ["2024", "a photo.jpg"]),
        ("Grüße/日本.png", ["Grüße", "日本.png"]),
        ("../../etc/passwd", ["%2E.", "%2E.", "etc", "passwd"]),
        (".", ["%2E"]),
        ("/absolute", ["%_", "absolute"]),
        ("folder/", ["folder", "%_"]),
        ("a//b", ["a", "%_", "b"]),
        ("100%", ["100%25"]),
        ("nul\0", ["nul%00"]),
        (".tmp-x", ["%2Etmp-x"]),
        ("x" * 201, ["%~" + "x" * 200, "x"]),
        ("x" * 200 + ".jpg", ["%~" + "x" * 200, "%2Ejpg"]),
    ],
)
def test_names(key: str, names: list[str]) -> None:
    assert names_of(key) == names


def test_where_case_is_folded_capitals_are_escaped() -> None:
    assert names_of("Photo/é", folding=True) == ["%50hoto", "%C3%A9"]


@given(st.sets(KEYS, max_size=8), st.booleans())
def test_every_key_has_its_own_names_which_a_file_system_can_hold(keys: set[str], folding: bool) -> None:
    all_names = [tuple(names_of(key, folding=folding)) for key in keys]
    assert len(set(all_names)) == len(keys)
    for names in all_names:
        for name in names:
            assert name not in {"", ".", ".."}
            assert len(name.encode()) <= 202
            assert not set(name) & {"/", "\0"}
            assert not name.startswith(".")
    if folding:
        assert len({tuple(name.casefold() for name in names) for names in all_names}) == len(keys)


@given(keys=st.lists(KEYS, max_size=8, unique=True), folding=st.booleans())
def test_what_was_put_is_found_and_listed_in_the_order_of_utf_8(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], folding: bool
) -> None:
    folder = tmp_path_factory.mktemp("bucket")
    for key in keys:
        place = make_place(folder, key, folding=folding)
        assert place.is_relative_to(folder)
        place.write_bytes(key.encode())
        for other in keys[: keys.index(key) + 1]:
            found = next(path for path in map(Path, places(folder, other, folding=folding)) if path.is_file())
            assert found.read_bytes().decode() == other
    listed = [(key.decode(), Path(path).read_bytes().decode()) for key, path in walk(folder, b"", Cursor())]
    assert listed == [(key, key) for key in sorted(keys, key=str.encode)]


@given(
    keys=st.lists(KEYS, max_size=8, unique=True), prefix=st.text("ab/.", max_size=3), after=st.text("ab/.%", max_size=3)
)
def test_a_walk_from_a_prefix_and_a_place_leaves_out_just_the_others(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], prefix: str, after: str
) -> None:
    folder = tmp_path_factory.mktemp("bucket")
    for key in keys:
        make_place(folder, key).write_text(key)
    wanted = [k for k in sorted(k.encode() for k in keys) if k.startswith(prefix.encode()) and k > after.encode()]
    assert [key for key, _ in walk(folder, prefix.encode(), Cursor(after.encode()))] == wanted


def test_a_key_and_keys_below_it_may_come_in_either_order(tmp_path: Path) -> None:
    for key in ("a", "a/b", "c/d", "c", "c/e", "c/d/f"):
        make_place(tmp_path, key).write_text(key)
    assert [key.decode() for key, _ in walk(tmp_path, b"", Cursor())] == ["a", "a/b", "c", "c/d", "c/d/f", "c/e"]
    assert (tmp_path / "a").is_file()
    assert (tmp_path / "c").is_file()


def test_what_a_person_dropped_is_found_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "50% off").mkdir()
    for name in ("50% off/20%.jpg", "Photo.JPG", "n" * 240, "plain.txt", "%zz"):
        (tmp_path / name).write_text(name)
    make_place(tmp_path, "50% off/ours%").write_text("50% off/ours%")
    listed = {key.decode() for key, _ in walk(tmp_path, b"", Cursor())}
    assert listed == {"50% off/20%.jpg", "Photo.JPG", "n" * 240, "plain.txt", "%zz", "50% off/ours%"}
    for key in listed:
        assert next(path for path in map(Path, places(tmp_path, key)) if path.is_file()).read_text() == key


def test_a_folder_from_a_file_system_of_the_other_kind_can_be_read(tmp_path: Path) -> None:
    make_place(tmp_path, "Photo.JPG", folding=True).write_text("x")
    (place,) = (path for path in map(Path, places(tmp_path, "Photo.JPG")) if path.is_file())
    assert place.name != "Photo.JPG"
    assert [key for key, _ in walk(tmp_path, b"", Cursor())] == [b"Photo.JPG"]


def test_hidden_files_links_and_names_that_are_no_text_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "shown").write_text("x")
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "file-link").symlink_to("/etc/passwd")
    assert [key for key, _ in walk(tmp_path, b"", Cursor())] == [b"shown"]


def test_the_reader_moves_the_cursor_beyond_what_it_does_not_want(tmp_path: Path) -> None:
    for key in ("a/1", "a/2", "b/1", "c"):
        make_place(tmp_path, key).write_text(key)
    cursor, seen = Cursor(), []
    for key, _ in walk(tmp_path, b"", cursor):
        seen.append(key)
        cursor.after = key[:1] + b"/\xff" if b"/" in key else key
    assert seen == [b"a/1", b"b/1", b"c"]


def test_empty_folders_are_removed_up_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "root" / "a" / "b").mkdir(parents=True)
    (tmp_path / "root" / "kept").mkdir()
    remove_empty(tmp_path / "root" / "a" / "b", tmp_path / "root")
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["kept"]
