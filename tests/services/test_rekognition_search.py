"""The search in a collection: equal to comparing with every face, whatever was deleted, and however many are near."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from asl_local.services.rekognition.collection import FaceCollection, faces
from asl_local.services.rekognition.collection import vectors as vectors_module
from asl_local.services.rekognition.collection.vectors import VectorFile, append, encode

BOX = {"Width": 0.1, "Height": 0.2, "Left": 0.3, "Top": 0.4}


def units(rows):
    rows = np.asarray(rows, np.float64)
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def brute_force(rows, wanted, limit):
    """(distance, row) of all rows at most that far away, the nearest first, of equals the earlier."""
    distances = np.linalg.norm(np.asarray(rows, np.float64).reshape(-1, 128) - wanted, axis=1)
    return sorted((float(distance), row) for row, distance in enumerate(distances) if distance <= limit)


def written(folder, rows):
    path = folder / "rows.f32"
    path.unlink(missing_ok=True)
    append(path, 0, [encode(list(rows))])
    return path


@st.composite
def crowds(draw):
    """Vectors of which many are equal, or nearly so: ties and rounding are where an order goes wrong."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    kinds = units(chance.normal(size=(draw(st.integers(1, 8)), 128)))
    rows = kinds[chance.integers(len(kinds), size=draw(st.integers(0, 90)))]
    spread = draw(st.sampled_from([0.0, 1e-7, 1e-5, 1e-3, 0.1]))
    rows = units(rows + spread * chance.normal(size=rows.shape)) if spread and len(rows) else rows
    return rows, units(kinds[0] + draw(st.sampled_from([0.0, 1e-6, 0.05])) * chance.normal(size=128))


@given(crowd=crowds(), limit=st.one_of(st.floats(0, 2), st.just(np.inf)), first=st.integers(0, 20))
def test_all_that_are_near_come_in_their_order(tmp_path_factory, crowd, limit, first):
    rows, wanted = crowd
    mapped = VectorFile(written(tmp_path_factory.mktemp("rows"), rows)).rows(len(rows))
    assert list(mapped.nearest(wanted, limit, first)) == brute_force(rows, wanted, limit)


@given(crowd=crowds(), cut=st.integers(0, 90), segment=st.sampled_from([7, 64, 200]), piece=st.integers(1, 9))
def test_a_file_may_grow_under_its_reader(tmp_path_factory, crowd, cut, segment, piece):
    rows, wanted = crowd
    path = written(tmp_path_factory.mktemp("rows"), rows[:cut])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors_module, "SEGMENT", segment)
        patch.setattr(vectors_module, "PIECE", piece)
        file = VectorFile(path)
        before = file.rows(len(rows[:cut]))
        append(path, len(rows[:cut]), [encode(list(rows[cut:]))])
        assert list(file.rows(len(rows)).nearest(wanted, 1.5, 3)) == brute_force(rows, wanted, 1.5)
        assert list(before.nearest(wanted, 1.5, 3)) == brute_force(rows[:cut], wanted, 1.5)
        assert all((file.rows(len(rows)).row(number) == row).all() for number, row in enumerate(rows))


def test_many_rows_in_many_segments(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors_module, "SEGMENT", 1024)
    rows = units(np.random.default_rng(3).normal(size=(5000, 128)))
    wanted = units(rows[17] + 0.1 * rows[4999])
    mapped = VectorFile(written(tmp_path, rows)).rows(5000)
    for limit in (0.5, 1.2, 1.3, np.inf):
        assert list(mapped.nearest(wanted, limit, 10)) == brute_force(rows, wanted, limit)


class Searching(RuleBasedStateMachine):
    """A collection beside a list of its faces, with few spare places so that the living are copied often."""

    @initialize(seed=st.integers(0, 2**32))
    def start(self, seed):
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(faces, "SPARE", 2)
        self.folder = self.make_folder()
        assert FaceCollection.create(self.folder, "c", 0.0, "1.0", "0001")
        self.open = [FaceCollection(self.folder), FaceCollection(self.folder)]
        chance = np.random.default_rng(seed)
        self.pool = units(np.repeat(chance.normal(size=(12, 128)), 2, axis=0))  # twins: equal vectors
        self.there, self.added = [], 0

    @rule(who=st.integers(0, 1), numbers=st.lists(st.integers(0, 23), min_size=1, max_size=6))
    def add(self, who, numbers):
        news = []
        for number in numbers:
            record = {
                "FaceId": f"face-{self.added}",
                "ImageId": f"{self.added}",
                "BoundingBox": BOX,
                "Confidence": 99.0,
            }
            news.append((record, self.pool[number]))
            self.added += 1
        assert self.open[who].add(news) == [record for record, _ in news]
        self.there += news

    @rule(who=st.integers(0, 1), chosen=st.sets(st.integers(0, 40), max_size=12))
    def remove(self, who, chosen):
        ids = [f"face-{number}" for number in sorted(chosen)]
        assert self.open[who].remove(ids) == [i for i in ids if i in {record["FaceId"] for record, _ in self.there}]
        self.there = [(record, vector) for record, vector in self.there if record["FaceId"] not in ids]

    @rule(who=st.integers(0, 1))
    def open_anew(self, who):
        self.open[who] = FaceCollection(self.folder)

    @rule(
        who=st.integers(0, 1),
        number=st.integers(0, 23),
        limit=st.sampled_from([0.0, 1.3, 1.42, 3.0]),
        most=st.one_of(st.none(), st.integers(1, 9)),
    )
    def search(self, who, number, limit, most):
        expected = brute_force([vector for _, vector in self.there], self.pool[number], limit)[:most]
        found = self.open[who].nearest(self.pool[number], limit, most)
        assert found == [(distance, self.there[row][0]) for distance, row in expected]

    @invariant()
    def all_are_there(self):
        for collection in getattr(self, "open", ()):
            assert [face for _, face in collection.faces()] == [record for record, _ in self.there]
            assert collection.count() == len(self.there)
            for record, vector in self.there[-2:]:
                assert (collection.vector(record["FaceId"]) == vector).all()

    def teardown(self):
        self.patch.undo()


def test_a_collection_is_what_a_list_of_faces_is(tmp_path_factory):
    Searching.make_folder = staticmethod(lambda: tmp_path_factory.mktemp("c") / "c")
    run_state_machine_as_test(Searching, settings=settings(stateful_step_count=20))


def test_what_the_dead_leave_behind_is_bounded(tmp_path):
    FaceCollection.create(tmp_path / "c", "c", 0.0, "1.0", "0001")
    collection, rows = FaceCollection(tmp_path / "c"), units(np.random.default_rng(0).normal(size=(600, 128)))
    reader = FaceCollection(tmp_path / "c")
    for turn in range(6):
        records = [
            {"FaceId": f"{turn}-{n}", "ImageId": f"{turn}-{n}", "BoundingBox": BOX, "Confidence": 99.0}
            for n in range(len(rows))
        ]
        collection.add(list(zip(records, rows, strict=True)))
        assert reader.count() == len(rows) + turn
        collection.remove(record["FaceId"] for record in records[1:])
        (file,) = (tmp_path / "c").glob("*.f32")
        assert file.stat().st_size <= 512 * (2 * (turn + 1) + faces.SPARE)
        assert reader.nearest(rows[0], 0.0) == [(0.0, face) for _, face in collection.faces()]
    assert [face["FaceId"] for _, face in reader.faces()] == [f"{turn}-0" for turn in range(6)]
