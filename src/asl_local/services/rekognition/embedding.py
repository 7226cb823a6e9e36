"""Who it is: a face -> a vector of 128 numbers, close to those of the same person's other faces.

Knows: dlib's face chip and its network. Must never know: where vectors are kept or what closeness means.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from asl_local.services.rekognition.detector import Face, chip_of
from asl_local.services.rekognition.images import Picture
from asl_local.services.rekognition.networks import MODELS, Networks

Array: TypeAlias = NDArray[Any]

SIZE = 128
CHIP = 150
# dlib's training picture, red, green, blue: the mean that its network subtracts before it divides by 256.
MEAN = (122.782, 117.001, 104.298)
# Where dlib's five-point chip has the right eye's outer and inner corner, the left eye's, and the nose's base, as
# fractions of the face's square; a quarter of the square is added on all sides.
CHIP_POINTS = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
CHIP_MARGIN = 0.25
MESH_POINTS = (263, 362, 33, 133, 2)


def embed(networks: Networks, picture: Picture, face: Face) -> Array:
    """The face's vector, float32 (128,), of length 1: strangers' are at right angles, about 1.4 apart."""
    return embed_chip(networks, face_chip(picture, face))


def embed_chip(networks: Networks, chip: Array) -> Array:
    """The vector of a face's chip.

    dlib's own vectors lie in a narrow cone, and those of people who look alike to the network, of one origin or one
    sex, in a narrower one. So they are taken from the mean of many people's and stretched until these vary alike in
    every direction (docs/faces.md says what that is worth).
    """
    mean, stretch = _whitening()
    vector = (_raw(networks, chip) - mean) @ stretch
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def face_chip(picture: Picture, face: Face) -> Array:
    """All of the picture that the network sees: the face upright, eyes and nose where dlib's training had them."""
    matrix = _similarity_transform(face.mesh[list(MESH_POINTS), :2], _chip_points())
    return np.asarray(chip_of(picture, matrix, CHIP))


def raw_vector(networks: Networks, picture: Picture, face: Face) -> Array:
    """What dlib's network makes of the face, (128,): the mean of the chip's and the mirrored chip's vectors.

    A mirrored photo gives the same, and photos of the same person come out a little closer.
    """
    return _raw(networks, face_chip(picture, face))


def _raw(networks: Networks, chip: Array) -> Array:
    both = cv2.dnn.blobFromImages([chip, np.ascontiguousarray(chip[:, ::-1])], 1 / 256, mean=MEAN)
    (vectors,) = networks.embedding.run(np.asarray(both))
    return np.asarray((vectors[0] + vectors[1]) / 2, np.float64)


@cache
def _whitening() -> tuple[Array, Array]:
    """The mean of people's raw vectors, (128,), and the matrix (128, 128) after which they vary alike everywhere."""
    rows = np.load(MODELS / "whitening.npy").astype(np.float64)
    return rows[0], rows[1:]


@cache
def _chip_points() -> Array:
    return (np.array(CHIP_POINTS) + CHIP_MARGIN) / (1 + 2 * CHIP_MARGIN) * CHIP


def _similarity_transform(source: Array, target: Array) -> Array:
    """The (2, 3) rotation, scaling and shift that brings `source` closest to `target` in the least squares.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991); dlib aligns
    its chips so.
    """
    source = source.astype(np.float64)
    source_mean, target_mean = source.mean(0), target.mean(0)
    covariance = (target - target_mean).T @ (source - source_mean) / len(source)
    u, singular, v = np.linalg.svd(covariance)
    mirror = np.diag([1.0, np.sign(np.linalg.det(u @ v))])
    rotation = u @ mirror @ v
    scale = float((singular * np.diag(mirror)).sum() / ((source - source_mean) ** 2).sum(1).mean())
    shift = target_mean - scale * rotation @ source_mean
    return np.hstack([scale * rotation, shift[:, None]])
