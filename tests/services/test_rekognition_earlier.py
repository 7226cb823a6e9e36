"""Collections that an earlier version left behind: a log of changes, and vectors without a generation."""

import json

import numpy as np
import pytest

from asl_local.services.rekognition.collection import CollectionDamaged, FaceCollection

HEAD = {"CollectionId": "c", "CreationTimestamp": 1.5, "FaceModelVersion": "1.0", "Incarnation": "0001"}


def record(name, image="image"):
    box = {"Width": 0.1, "Height": 0.2, "Left": 0.3, "Top": 1 / 3}
    return {"FaceId": name, "BoundingBox": box, "ImageId": image, "ExternalImageId": f"{name} ü", "Confidence": 99.0}


def rows(count):
    made = np.random.default_rng(5).normal(size=(count, 128))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype("<f4")


def lines(*changes):
    return b"".join(json.dumps(change, ensure_ascii=False).encode() + b"\n" for change in changes)


LOG = lines(
    {"add": [record("a"), record("b")]},
    {"add": [record("c")]},
    {"delete": ["b", "a"]},
    {"add": [record("d")]},
    {"delete": ["d"]},
    {"add": [record("a")]},
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "collection.json").write_text(json.dumps(HEAD), "utf-8")
    (folder / "faces-0001.jsonl").write_bytes(LOG)
    (folder / "vectors-0001.f32").write_bytes(rows(5).tobytes())
    (folder / "lock").touch()
    return folder


def assert_taken_over(folder):
    for collection in (FaceCollection(folder), FaceCollection(folder)):
        assert collection.faces() == [(2, record("c")), (4, record("a"))]
        assert (collection.vector("a") == rows(5)[4]).all()
        assert collection.nearest(rows(5)[2], 0.0) == [(0.0, record("c"))]
    del collection
    assert sorted(path.name for path in folder.iterdir()) == [
        "collection.json", "faces-0001.sqlite3", "lock", "vectors-0001-0.f32",
    ]  # fmt: skip
    assert FaceCollection(folder).head() == HEAD


def test_it_is_taken_over(folder):
    assert_taken_over(folder)
    collection = FaceCollection(folder)
    collection.add([(record("new"), rows(6)[5])])
    assert collection.faces(4) == [(5, record("new"))]
    assert (FaceCollection(folder).vector("new") == rows(6)[5]).all()


@pytest.mark.parametrize("torn", [b'{"add":[{"FaceId":"half', b"\x00" * 40, b"garbage\n", b'{"add": []}'])
def test_half_a_line_at_its_end_and_vectors_without_a_line_are_ignored(folder, torn):
    (folder / "faces-0001.jsonl").write_bytes(LOG + torn)
    (folder / "vectors-0001.f32").write_bytes(rows(5).tobytes() + b"\x01" * 700)
    assert_taken_over(folder)


def test_damage_in_the_middle_is_reported_with_its_place_and_nothing_is_lost(folder):
    first = LOG.splitlines(keepends=True)[0]
    damaged = first + b"oops\n" + LOG[len(first) :]
    (folder / "faces-0001.jsonl").write_bytes(damaged)
    for _ in range(2):
        with pytest.raises(CollectionDamaged, match=rf"faces-0001.jsonl, byte {len(first)}: b'oops"):
            FaceCollection(folder).count()
    assert (folder / "faces-0001.jsonl").read_bytes() == damaged
    (folder / "faces-0001.jsonl").write_bytes(LOG)
    assert_taken_over(folder)


@pytest.mark.parametrize("step", ["vectors named", "records half written", "records there"])
def test_it_is_done_again_after_a_crash(folder, step):
    (folder / "vectors-0001.f32").replace(folder / "vectors-0001-0.f32")
    if step == "records half written":
        (folder / ".tmp-faces-0001.sqlite3").write_bytes(b"half")
        (folder / ".tmp-faces-0001.sqlite3-wal").write_bytes(b"half")
    elif step == "records there":
        FaceCollection(folder).count()
        (folder / "faces-0001.jsonl").write_bytes(LOG)
        assert FaceCollection(folder).faces() == [(2, record("c")), (4, record("a"))]
        return
    assert_taken_over(folder)


def test_one_that_nobody_had_added_to(folder):
    (folder / "faces-0001.jsonl").unlink()
    (folder / "vectors-0001.f32").unlink()
    assert FaceCollection(folder).count() == 0
    FaceCollection(folder).add([(record("new"), rows(1)[0])])
    assert FaceCollection(folder).faces() == [(0, record("new"))]


def test_one_is_deleted_without_being_taken_over(folder):
    FaceCollection(folder).delete()
    assert [path.name for path in folder.iterdir()] == ["lock"]
