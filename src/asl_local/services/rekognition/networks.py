"""The neural networks, one set for each thread that needs one at the moment.

Knows: the model files, OpenCV's dnn module. Must never know: what the numbers mean.
A cv2 network keeps its input and its layers' results inside, so two threads must never share one. A set costs about
50 MB once it has run; the pool makes one for each call that is under way and keeps at most as many as there are
processors, so that calls of several threads use all of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import cv2
from numpy.typing import NDArray

from asl_local.services.rekognition.kept import kept

Array: TypeAlias = NDArray[Any]

MODELS = Path(__file__).with_name("models")
# OpenCV's importers fill tables of the process while they read: two at once may not know a layer that is no news.
_READING = threading.Lock()


class Network:
    """One model file; `run` maps a float32 batch in NCHW order to the outputs named at construction."""

    def __init__(self, file: str, *outputs: str) -> None:
        read = cv2.dnn.readNetFromONNX if file.endswith(".onnx") else cv2.dnn.readNetFromTFLite
        with _READING:
            self._net: Any = read(str(MODELS / file))
        self._outputs: Sequence[str] = outputs

    def run(self, batch: Array) -> list[Array]:
        """The outputs, copied: the next run overwrites what OpenCV returns."""
        self._net.setInput(batch)
        return [result.copy() for result in self._net.forward(self._outputs)]


class Networks:
    """All networks of one thread; each is read from its file when first used."""

    @kept
    def full_range(self) -> Network:
        """BlazeFace for the rear camera's full range: RGB 192 x 192 in -1..1 -> scores and boxes of 2,304 anchors."""
        return Network("face_detection_full_range.tflite", "reshaped_classifier_face_4", "reshaped_regressor_face_4")

    @kept
    def back(self) -> Network:
        """BlazeFace for the rear camera: RGB 256 x 256 in -1..1 -> scores and boxes of 896 anchors."""
        return Network("face_detection_back.tflite", "classificators", "regressors")

    @kept
    def mesh(self) -> Network:
        """Face mesh: RGB 192 x 192 in 0..1 -> a score that there is a face (a logit), 468 points in three dimensions."""
        return Network("face_landmark.tflite", "conv2d_30", "conv2d_20")

    @kept
    def iris(self) -> Network:
        """Eye and iris: RGB 64 x 64 in 0..1 of one eye -> 71 points of lids and brow, 5 of the iris."""
        return Network("iris_landmark.tflite", "output_eyes_contours_and_brows", "output_iris")

    @kept
    def embedding(self) -> Network:
        """The residual network of dlib: an aligned 150 x 150 chip -> a vector of 128."""
        return Network("face_embedding.onnx", "vector")


class Pool:
    """Sets of networks, lent to one caller each; `limit` callers at most have one, the others wait."""

    def __init__(self, limit: int) -> None:
        self._free = threading.BoundedSemaphore(limit)
        self._idle: list[Networks] = []
        self._lock = threading.Lock()
        self._lent = 0
        self._threads_before = 0

    @contextmanager
    def borrow(self) -> Iterator[Networks]:
        """`with pool.borrow() as networks:`"""
        networks = self.lend()
        try:
            yield networks
        finally:
            self.take_back(networks)

    # These networks are too small to gain from OpenCV's own threads, and two callers lose all of their gain to them
    # (two threads on two processors: 85 ms a photo with, 40 without). The setting is the process's and perhaps its
    # owner's too, so it is put back when nobody has a set of networks.

    def lend(self) -> Networks:
        """A set, for who gives it back with `take_back`."""
        self._free.acquire()
        with self._lock:
            if self._lent == 0:
                self._threads_before = cv2.getNumThreads()
                if self._threads_before != 1:
                    cv2.setNumThreads(1)
            self._lent += 1
            return self._idle.pop() if self._idle else Networks()

    def take_back(self, networks: Networks) -> None:
        """It is for somebody else now."""
        with self._lock:
            self._idle.append(networks)
            self._lent -= 1
            if self._lent == 0 and self._threads_before != 1:
                cv2.setNumThreads(self._threads_before)
        self._free.release()


@cache
def shared_pool() -> Pool:
    """The process's pool: every Rekognition object draws from it, so models are read once however many there are."""
    return Pool(os.cpu_count() or 1)
