"""Where the faces are: a picture -> faces with a mesh of 468 points each.

Knows: BlazeFace's anchors, the face mesh's conventions. Must never know: attributes, collections, AWS's shapes.
Two detectors propose (the full-range one is sure of itself, the back one sees smaller faces), the mesh decides: it
finds no face in most of what a detector takes for one by mistake. Both are from MediaPipe; the figures that led to
this arrangement are in docs/faces.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from asl_local.lazy import dataclass
from asl_local.services.rekognition.images import Picture
from asl_local.services.rekognition.networks import Network, Networks

Array: TypeAlias = NDArray[Any]

SCORE = 0.5  # a detector's own score from which on it proposes
PRESENCE = 0.8  # the mesh's score from which on it confirms: people's faces have 0.9 and more, a cat's had 0.57
# Overlap (intersection over union) from which on two boxes are one: of a run's anchors, of proposals, of faces.
SAME_ANCHOR, SAME_PROPOSAL, SAME_FACE = 0.3, 0.35, 0.4
SMALLEST = 12  # pixels of the working picture
# A crowd is this many faces, half of them smaller than that share of the picture's longer side.
CROWD, CROWD_SHARE = 5, 0.08
MESH_SIDE = 192
MESH_MARGIN = 1.5  # the mesh looks at a square this many times as large as the box

# Points of the mesh. "Left" is the left of the picture, as in Rekognition's landmarks.
LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER = 33, 133, 362, 263


Region: TypeAlias = tuple[int, int, int, int]  # left, top, width, height in pixels


@dataclass(frozen=True)
class Detector:
    """The layout of a BlazeFace: its input's side in pixels, and (stride, anchors in a cell) of each layer."""

    side: int
    layers: tuple[tuple[int, int], ...]


FULL_RANGE = Detector(192, ((4, 1),))
BACK = Detector(256, ((16, 2), (32, 6)))


@dataclass(frozen=True)
class Face:
    """A face in pixels of the working picture.

    `mesh` is (468, 3): x, y and depth in pixels, depth growing away from the camera; `box` is left, top, width,
    height around it; `score` is the detector's and `presence` the mesh's certainty, 0 to 1.
    """

    mesh: Array
    box: tuple[float, float, float, float]
    score: float
    presence: float

    @property
    def area(self) -> float:
        """Square pixels of the box."""
        return self.box[2] * self.box[3]

    def point(self, *indexes: int) -> Array:
        """The mean of some points of the mesh, x and y."""
        mean: Array = self.mesh[list(indexes), :2].mean(0)
        return mean


@dataclass(frozen=True)
class Proposal:
    """What a detector believes to be a face: left, top, width, height; the way from one eye to the other; its score."""

    box: Array
    eye_line: Array
    score: float


def find_faces(networks: Networks, picture: Picture) -> list[Face]:
    """All faces, the largest first."""
    whole = _whole(picture)
    proposals = _propose(networks.full_range, FULL_RANGE, picture, whole)
    proposals += _propose(networks.back, BACK, picture, whole)
    faces = _confirmed(networks, picture, proposals)
    if _is_crowd(picture, faces):
        # Small faces among many: the back detector takes a closer look at each quarter.
        for region in _quarters(picture):
            proposals += _propose(networks.back, BACK, picture, region)
        faces = _confirmed(networks, picture, proposals)
    return sorted(faces, key=lambda face: -face.area)


def _confirmed(networks: Networks, picture: Picture, proposals: list[Proposal]) -> list[Face]:
    """The faces that the mesh finds where the detectors propose some, each once.

    Of proposals that overlap the next one is tried where the mesh does not confirm the best: the two detectors see
    a face in profile at somewhat different places, and the mesh then often finds it at one of them only.
    """
    faces: list[Face] = []
    taken: list[Array] = []
    for proposal in sorted(proposals, key=lambda one: -one.score):
        if min(proposal.box[2:]) < SMALLEST or any(_overlap(proposal.box, box) > SAME_PROPOSAL for box in taken):
            continue
        face = _fit_mesh(networks, picture, proposal)
        if face.presence >= PRESENCE:
            faces.append(face)
            taken.append(proposal.box)
    return [faces[i] for i in _distinct([face.box for face in faces], [face.score for face in faces], SAME_FACE)]


def _is_crowd(picture: Picture, faces: list[Face]) -> bool:
    if len(faces) < CROWD:
        return False
    sides = sorted(max(face.box[2:]) for face in faces)
    return bool(sides[len(sides) // 2] < CROWD_SHARE * max(picture.pixels.shape[:2]))


def _whole(picture: Picture) -> Region:
    height, width = picture.pixels.shape[:2]
    return 0, 0, width, height


def _quarters(picture: Picture) -> list[Region]:
    """Squares of 4/7 of the longer side, overlapping by a quarter; those of a long picture lie in one row."""
    height, width = picture.pixels.shape[:2]
    side = math.ceil(max(height, width) * 4 / 7)

    def starts(length: int) -> list[int]:
        return [0] if length <= side else [0, length - side]

    return [(x, y, min(side, width), min(side, height)) for y in starts(height) for x in starts(width)]


def _propose(network: Network, detector: Detector, picture: Picture, region: Region) -> list[Proposal]:
    """One run of a BlazeFace over a region of the picture, padded with black to a square."""
    x, y, width, height = region
    side, anchors = detector.side, _anchors(detector)
    square = max(height, width)
    small = (max(1, round(width * side / square)), max(1, round(height * side / square)))
    left, top = (side - small[0]) // 2, (side - small[1]) // 2
    chip = np.zeros((side, side, 3), np.uint8)
    seen = picture.pixels[y : y + height, x : x + width]
    chip[top : top + small[1], left : left + small[0]] = cv2.resize(seen, small, interpolation=cv2.INTER_AREA)
    scores, values = network.run(_batch(chip, 127.5, 127.5))
    certainty = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80)))
    chosen = certainty >= SCORE
    values, certainty, anchors = values[0][chosen] / side, certainty[chosen], anchors[chosen]
    # A row holds the centre relative to the anchor, the size, and six points of which the first two are the eyes.
    ratio = np.array([square, square], np.float64)
    offset = np.array([left * square / side - x, top * square / side - y])
    corner = (values[:, :2] + anchors - values[:, 2:4] / 2) * ratio - offset
    boxes = np.concatenate([corner, values[:, 2:4] * ratio], 1)
    eye_lines = (values[:, 6:8] - values[:, 4:6]) * ratio
    best = _distinct(boxes, certainty, SAME_ANCHOR)
    return [Proposal(boxes[i], eye_lines[i], float(certainty[i])) for i in best]


@cache
def _anchors(detector: Detector) -> Array:
    """The anchors' centres, 0 to 1, layer by layer and row by row."""
    centres = [
        ((x + 0.5) / cells, (y + 0.5) / cells)
        for stride, count in detector.layers
        for cells in [detector.side // stride]
        for y in range(cells)
        for x in range(cells)
        for _ in range(count)
    ]
    return np.array(centres, np.float32)


def _fit_mesh(networks: Networks, picture: Picture, proposal: Proposal) -> Face:
    """The mesh, run twice: on the detector's box first, then on a square around what the first run found."""
    left, top, width, height = proposal.box
    centre = np.array([left + width / 2, top + height / 2])
    angle = math.atan2(proposal.eye_line[1], proposal.eye_line[0])
    mesh, _ = _run_mesh(networks, picture, centre, MESH_MARGIN * max(width, height), angle)
    eye_line = mesh[RIGHT_EYE_OUTER, :2] - mesh[LEFT_EYE_OUTER, :2]
    angle = math.atan2(eye_line[1], eye_line[0])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    middle = mesh[:, :2].mean(0)
    upright = (mesh[:, :2] - middle) @ turn.T
    low, high = upright.min(0), upright.max(0)
    centre = (low + high) / 2 @ turn + middle
    mesh, presence = _run_mesh(networks, picture, centre, MESH_MARGIN * float(max(high - low)), angle)
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return Face(mesh, box, proposal.score, presence)


def _run_mesh(networks: Networks, picture: Picture, centre: Array, side: float, angle: float) -> tuple[Array, float]:
    scale = MESH_SIDE / side
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), math.degrees(angle), scale)
    matrix[:, 2] = matrix[:, 2] + MESH_SIDE / 2 - centre
    logit, points = networks.mesh.run(_batch(chip_of(picture, matrix, MESH_SIDE), 0, 255))
    points = points.reshape(468, 3)
    back = cv2.invertAffineTransform(matrix)
    mesh = np.concatenate([points[:, :2] @ back[:, :2].T + back[:, 2], points[:, 2:] / scale], 1)
    return mesh, 1 / (1 + math.exp(-float(np.clip(logit, -80, 80).ravel()[0])))


def chip_of(picture: Picture, matrix: Array, side: int) -> Any:
    """A square uint8 RGB chip: `matrix` (2, 3) maps the picture's pixels to the chip's.

    Where the chip is smaller than what it shows, it is cut from a half, a quarter, ... of the picture, since
    warpAffine by itself skips pixels and lets fine patterns through.
    """
    shrinking = 1 / math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    times = max(0, math.floor(math.log2(shrinking)))
    source = picture.half(times)
    factor = np.array(picture.pixels.shape[1::-1], np.float64) / source.shape[1::-1]
    matrix = np.concatenate([matrix[:, :2] * factor, matrix[:, 2:]], 1)
    matrix[:, 2] += matrix[:, :2] @ (0.5 - 0.5 / factor)  # pixel centres are at halves
    return cv2.warpAffine(source, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _batch(chip: Any, mean: float, scale: float) -> Any:
    """(side, side, 3) uint8 -> (1, 3, side, side) float32."""
    return cv2.dnn.blobFromImage(chip, 1 / scale, mean=(mean,) * 3)


def _overlap(one: Array, other: Array) -> float:
    """Intersection over union of two boxes."""
    low = np.maximum(one[:2], other[:2])
    high = np.minimum(one[:2] + one[2:], other[:2] + other[2:])
    common = float(np.prod(np.clip(high - low, 0, None)))
    return common / float(np.prod(one[2:]) + np.prod(other[2:]) - common)


def _distinct(boxes: Sequence[Any] | Array, scores: Sequence[float] | Array, overlap: float) -> list[int]:
    """Non-maximum suppression: the boxes that no better box overlaps more than that, the best first."""
    if len(boxes) == 0:
        return []
    plain = [[float(value) for value in box] for box in boxes]
    return [int(i) for i in cv2.dnn.NMSBoxes(plain, [float(score) for score in scores], 0.0, overlap)]
