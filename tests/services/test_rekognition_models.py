"""The model files are those that the notes beside them speak of."""

import hashlib

import numpy as np
import pytest

from asl_local.services.rekognition import networks
from asl_local.services.rekognition.networks import MODELS, Networks

SUMS = dict(reversed(line.split("  ", 1)) for line in (MODELS / "SHA256SUMS").read_text("utf-8").splitlines())


@pytest.mark.parametrize("name", sorted(SUMS))
def test_model_files_have_their_checksums(name):
    assert hashlib.sha256((MODELS / name).read_bytes()).hexdigest() == SUMS[name]


def test_every_model_file_has_a_checksum_a_note_and_a_licence():
    files = {path.name for path in MODELS.iterdir() if path.suffix in (".tflite", ".onnx", ".npy")}
    notes = (MODELS / "README.md").read_text("utf-8")
    assert files == set(SUMS)
    assert all(name in notes for name in files)
    assert {path.name for path in MODELS.glob("LICENSE*")} == {
        "LICENSE-MediaPipe-Apache-2.0.txt",
        "LICENSE-dlib-CC0-1.0.txt",
    }


def test_the_wheel_stays_small():
    assert sum(path.stat().st_size for path in MODELS.iterdir()) < 12.5e6


def test_every_network_can_be_read():
    one = Networks()
    assert one.full_range is one.full_range
    for name in ("full_range", "back", "mesh", "iris", "embedding"):
        assert getattr(one, name)


def test_models_are_read_one_after_the_other(monkeypatch):
    """Two at once may not know a layer: OpenCV fills tables of the process while it reads."""

    def read(path):
        assert networks._READING.locked()
        return path

    monkeypatch.setattr(networks.cv2.dnn, "readNetFromTFLite", read)
    monkeypatch.setattr(networks.cv2.dnn, "readNetFromONNX", read)
    for name in ("full_range", "back", "mesh", "iris", "embedding"):
        assert getattr(Networks(), name)
    assert not networks._READING.locked()


def test_whitening_is_a_mean_and_a_symmetric_matrix_that_can_be_undone():
    rows = np.load(MODELS / "whitening.npy")
    assert (rows.shape, rows.dtype) == ((129, 128), np.float32)
    assert np.allclose(rows[1:], rows[1:].T, atol=1e-5)
    assert np.linalg.cond(rows[1:]) < 100
