"""The face collection: exact, shared between threads and processes, and whole after a kill at any moment."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from asl_local.services.rekognition.collection import CollectionDamaged, CollectionGone, FaceCollection, faces
from asl_local.services.rekognition.collection.files import Files

BOX = {"Width": 0.1, "Height": 0.2, "Left": 0.3, "Top": 0.4}


def record(name, image="image"):
    return {"FaceId": name, "ImageId": image, "ExternalImageId": name, "BoundingBox": BOX, "Confidence": 99.0}


def vectors(count, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, 128))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    assert FaceCollection.create(tmp_path / "c", "c", 1.5, "1.0", "0001")
    return tmp_path / "c"


def filled(folder, count):
    collection = FaceCollection(folder)
    for i, vector in enumerate(vectors(count)):
        collection.add([(record(f"face-{i}"), vector)])
    return collection


def names(collection):
    return [face["FaceId"] for _, face in collection.faces()]


def test_what_was_added_is_there_after_a_restart(folder):
    filled(folder, 3)
    again = FaceCollection(folder)
    assert names(again) == ["face-0", "face-1", "face-2"]
    assert again.count() == 3
    assert (again.vector("face-1") == vectors(3)[1]).all()
    assert again.vector("face-9") is None


def test_a_collection_is_made_once(folder):
    assert not FaceCollection.create(folder, "c", 2.0, "1.0", "0002")
    assert FaceCollection(folder).head() == {
        "CollectionId": "c",
        "CreationTimestamp": 1.5,
        "FaceModelVersion": "1.0",
        "Incarnation": "0001",
    }


def test_what_is_deleted_is_gone_for_good(folder):
    collection = filled(folder, 3)
    assert collection.remove(["face-1", "face-7", "face-1"]) == ["face-1"]
    assert collection.remove(["face-1"]) == []
    for one in (collection, FaceCollection(folder)):
        assert names(one) == ["face-0", "face-2"]
        assert one.vector("face-1") is None
        assert all(face["FaceId"] != "face-1" for _, face in one.nearest(vectors(3)[1], np.inf))


def test_the_same_face_of_the_same_image_is_kept_once(folder):
    collection = filled(folder, 1)
    (kept,) = collection.add([({**record("other"), "ExternalImageId": "face-0"}, vectors(1)[0])])
    assert kept["FaceId"] == "face-0"
    collection.remove(["face-0"])
    (kept,) = collection.add([({**record("other"), "ExternalImageId": "face-0"}, vectors(1)[0])])
    assert kept["FaceId"] == "other"
    assert names(collection) == ["other"]


def test_a_collection_deleted_under_a_reader_is_gone(folder):
    reader, owner = filled(folder, 2), FaceCollection(folder)
    owner.delete()
    for use in (
        reader.count,
        lambda: reader.remove(["face-0"]),
        lambda: reader.nearest(vectors(1)[0], 1.0),
        owner.delete,
    ):
        with pytest.raises(CollectionGone):
            use()
    assert FaceCollection.create(folder, "c", 3.0, "1.0", "0003")
    assert reader.count() == 0
    assert filled(folder, 1).count() == reader.count() == 1


def test_a_vector_finds_itself_at_distance_nought(folder):
    collection = filled(folder, 50)
    for i, vector in enumerate(vectors(50)):
        assert collection.nearest(vector, 0.0) == [(0.0, record(f"face-{i}"))]


def test_only_vectors_of_length_1_are_taken(folder):
    collection = filled(folder, 1)
    for wrong in (vectors(1)[0] * 1.01, np.full(128, np.nan, np.float32), np.ones(1, np.float32)):
        with pytest.raises(ValueError, match="128 numbers and the length 1"):
            collection.add([(record("new"), vectors(2)[1]), (record("wrong"), wrong)])
    assert names(collection) == ["face-0"]


def test_pages_and_choices_are_by_age(folder):
    collection = filled(folder, 6)
    collection.remove(["face-1"])
    assert [(number, face["FaceId"]) for number, face in collection.faces(0, 2)] == [(2, "face-2"), (3, "face-3")]
    assert names(collection) == ["face-0", "face-2", "face-3", "face-4", "face-5"]
    chosen = collection.faces(face_ids=["face-5", "face-1", "face-0", "face-9", "face-5"])
    assert [number for number, _ in chosen] == [0, 5]
    assert [number for number, _ in collection.faces(0, 1, ["face-5", "face-4", "face-0"])] == [4]


def test_a_face_given_twice_at_once_is_kept_once(folder):
    collection = FaceCollection(folder)
    twin = {**record("twin"), "ExternalImageId": "face-0"}
    kept = collection.add([(record("face-0"), vectors(1)[0]), (twin, vectors(1)[0])])
    assert [face["FaceId"] for face in kept] == ["face-0", "face-0"]
    assert names(collection) == ["face-0"]


def test_a_folder_that_nobody_can_write_is_read(folder, monkeypatch):
    filled(folder, 3)
    there = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(os, "access", lambda path, how: False)
    collection = FaceCollection(folder)
    assert names(collection) == ["face-0", "face-1", "face-2"]
    assert collection.nearest(vectors(3)[1], 0.0) == [(0.0, record("face-1"))]
    assert sorted(path.name for path in folder.iterdir()) == there
    with pytest.raises(OSError, match="readonly database"):
        collection.remove(["face-1"])


def test_vectors_without_a_record_are_not_there_and_cut_by_the_next_writer(folder):
    collection = filled(folder, 1)
    rows = folder / "vectors-0001-0.f32"
    rows.write_bytes(rows.read_bytes() + vectors(2)[1].tobytes() + b"half")
    assert names(FaceCollection(folder)) == names(collection) == ["face-0"]
    assert len(collection.nearest(vectors(2)[1], 2.0)) == 1
    collection.add([(record("new"), vectors(3)[2])])
    assert rows.stat().st_size == 2 * 512
    assert (FaceCollection(folder).vector("new") == vectors(3)[2]).all()


def test_a_search_asks_again_where_the_living_were_copied_after_it_had_looked_at_the_records(folder, monkeypatch):
    writer, reader, rows = filled(folder, 9), FaceCollection(folder), Files.rows

    def late(self, state):
        monkeypatch.setattr(Files, "rows", rows)
        monkeypatch.setattr(faces, "SPARE", 0)
        writer.remove([f"face-{i}" for i in range(6)])
        return rows(self, state)

    monkeypatch.setattr(Files, "rows", late)
    assert [face["FaceId"] for _, face in reader.nearest(vectors(9)[7], 0.1)] == ["face-7"]
    assert not (folder / "vectors-0001-0.f32").exists()


def test_damage_is_reported_with_its_file_and_not_repaired(folder):
    filled(folder, 3)
    rows, records = folder / "vectors-0001-0.f32", folder / "faces-0001.sqlite3"
    whole = rows.read_bytes()
    rows.write_bytes(whole[:1000])
    for use in (
        lambda one: one.nearest(vectors(1)[0], 1.0),
        lambda one: one.vector("face-2"),
        lambda one: one.add([(record("new"), vectors(1)[0])]),
    ):
        with pytest.raises(CollectionDamaged, match=r"vectors-0001-0.f32: 3 vectors should be there, 1 are"):
            use(FaceCollection(folder))
    assert rows.read_bytes() == whole[:1000]
    rows.unlink()
    with pytest.raises(CollectionDamaged, match=r"vectors-0001-0.f32 should be there"):
        FaceCollection(folder).vector("face-2")
    rows.write_bytes(whole)
    records.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(CollectionDamaged, match=r"faces-0001.sqlite3: file is not a database"):
        FaceCollection(folder).count()
    records.unlink()
    with pytest.raises(CollectionDamaged, match=r"faces-0001.sqlite3 should be there"):
        FaceCollection(folder).count()


def test_leftovers_of_a_deletion_do_not_come_back(folder):
    filled(folder, 2)
    (folder / "collection.json").unlink()
    assert FaceCollection.create(folder, "c", 2.0, "1.0", "0001")
    assert FaceCollection(folder).count() == 0


WRITER = """
import sys
from pathlib import Path
import numpy as np
from asl_local.services.rekognition.collection import FaceCollection
collection, name = FaceCollection(Path(sys.argv[1])), sys.argv[2]
for i in range(int(sys.argv[3])):
    vector = np.zeros(128, np.float32)
    vector[hash((name, i)) % 128] = 1
    box = {"Width": 0.1, "Height": 0.2, "Left": 0.3, "Top": 0.4}
    face = {"FaceId": f"{name}-{i}", "ImageId": f"{name}-{i}", "BoundingBox": box, "Confidence": 99.0, "Value": int(vector.argmax())}
    collection.add([(face, vector)])
    print(face["FaceId"], flush=True)
"""


def writer(folder, name, count):
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONHASHSEED": "0"})


def assert_whole(folder, acknowledged):
    collection = FaceCollection(folder)
    found = names(collection)
    assert set(acknowledged) <= set(found)
    assert len(set(found)) == len(found)
    for _, face in collection.faces():
        vector = collection.vector(face["FaceId"])
        assert (vector.argmax(), vector.sum()) == (face["Value"], 1)
    return found


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("seed", range(3))
def test_nothing_acknowledged_is_lost_by_a_kill(folder, seed):
    process = writer(folder, "a", 10_000)
    wanted = random.Random(seed).randrange(5, 40)
    acknowledged = [process.stdout.readline().strip() for _ in range(wanted)]
    process.kill()
    acknowledged += process.stdout.read().split()
    process.wait()
    process.stdout.close()
    before = assert_whole(folder, acknowledged)
    assert len(before) <= len(acknowledged) + 1
    with writer(folder, "b", 3) as after:
        assert after.communicate()[0].split() == ["b-0", "b-1", "b-2"]
    assert assert_whole(folder, acknowledged) == [*before, "b-0", "b-1", "b-2"]


def test_several_processes_add_at_once(folder):
    processes = [writer(folder, name, 25) for name in "abc"]
    watching = FaceCollection(folder)
    counts = [watching.count()]
    acknowledged = []
    for process in processes:
        acknowledged += process.communicate()[0].split()
        counts.append(watching.count())
    assert counts == sorted(counts)
    assert counts[-1] == 75
    assert sorted(assert_whole(folder, acknowledged)) == sorted(acknowledged)


def test_threads_share_a_collection(folder):
    collection, errors = FaceCollection(folder), []

    def work(name):
        try:
            for i in range(20):
                collection.add([(record(f"{name}-{i}"), vectors(1)[0])])
                assert collection.vector(f"{name}-{i}") is not None
                if i % 2:
                    assert collection.remove([f"{name}-{i}"]) == [f"{name}-{i}"]
                collection.nearest(vectors(1)[0], 1.0)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert FaceCollection(folder).count() == collection.count() == 30


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from asl_local.services.rekognition.collection import FaceCollection
folder = Path(sys.argv[1])
collection = FaceCollection(folder)
def face(name):
    box = {"Width": 0.1, "Height": 0.2, "Left": 0.3, "Top": 0.4}
    return [({"FaceId": name, "ImageId": name, "BoundingBox": box, "Confidence": 99.0, "Value": 7}, np.eye(128, dtype=np.float32)[7])]
collection.add(face("first"))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit in (600, int(sys.argv[2])):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        collection.add(face("second"))
    except OSError as error:
        print("refused", error.errno)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    print(collection.count())
collection.add(face("third"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk_refuses_and_leaves_nothing_behind(folder):
    command = [sys.executable, "-c", FULL_DISK, str(folder), "1000"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    assert [line.split()[0] for line in output if line] == ["refused", "1", "refused", "1"]
    assert assert_whole(folder, ["first", "third"]) == ["first", "third"]
    assert (folder / "vectors-0001-0.f32").stat().st_size == 2 * 512
    assert not [path for path in Path(folder).iterdir() if path.name.startswith(".tmp")]
