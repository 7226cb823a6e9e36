"""What a face looks like: sunglasses, smile, open eyes, pose, ... in Rekognition's shapes.

Knows: the mesh's points, the figures found on photos (docs/faces.md), Rekognition's FaceDetail. Must never know: how
a face was found, who it is.
Every attribute is a number whose sign is the answer: the log-odds that it is there. Confidence is the probability of
the answer given, so 50 means "cannot tell", as on Rekognition. What nothing here can judge (age, gender, beard,
emotions, ...) does not appear at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from asl_local.services.rekognition.detector import Face, chip_of
from asl_local.services.rekognition.images import Picture
from asl_local.services.rekognition.networks import Networks
from asl_local.services.rekognition.requests import JUDGED

Array: TypeAlias = NDArray[Any]

# Rekognition's landmarks, each the mean of points of the mesh. The first five belong to the default attributes.
LANDMARKS: dict[str, tuple[int, ...]] = {
    "eyeLeft": (33, 133, 159, 145),
    "eyeRight": (362, 263, 386, 374),
    "mouthLeft": (61,),
    "mouthRight": (291,),
    "nose": (4,),
    "leftEyeBrowLeft": (70, 46),
    "leftEyeBrowRight": (107, 55),
    "leftEyeBrowUp": (105,),
    "rightEyeBrowLeft": (336, 285),
    "rightEyeBrowRight": (300, 276),
    "rightEyeBrowUp": (334,),
    "leftEyeLeft": (33,),
    "leftEyeRight": (133,),
    "leftEyeUp": (159,),
    "leftEyeDown": (145,),
    "rightEyeLeft": (362,),
    "rightEyeRight": (263,),
    "rightEyeUp": (386,),
    "rightEyeDown": (374,),
    "noseLeft": (98,),
    "noseRight": (327,),
    "mouthUp": (0,),
    "mouthDown": (17,),
    "leftPupil": (33, 133, 159, 145),  # the same as eyeLeft on Rekognition too
    "rightPupil": (362, 263, 386, 374),
    "upperJawlineLeft": (127,),
    "midJawlineLeft": (172,),
    "chinBottom": (152,),
    "midJawlineRight": (397,),
    "upperJawlineRight": (356,),
}
DEFAULT_LANDMARKS = tuple(LANDMARKS)[:5]

MOUTH_OPEN = 0.125  # inner lips: height to width
EYE_OPEN = 0.29  # lids: height to width
SUNGLASSES = 0.76  # lightness: under the eyes to cheeks and nose
BEHIND_SUNGLASSES = 0.2  # log-odds at most of what cannot be seen through dark glass


@dataclass(frozen=True)
class View:
    """One face in one picture, and the measurements that several attributes share."""

    networks: Networks
    picture: Picture
    face: Face

    @cached_property
    def axes(self) -> Array:
        """(3, 3): the face's own right (towards the picture's right), down and away from the camera, as unit rows."""
        mesh = self.face.mesh.astype(np.float64)
        across = mesh[263] - mesh[33] + mesh[454] - mesh[234]
        across /= np.linalg.norm(across)
        down = mesh[152] - mesh[10]
        down -= across * (across @ down)
        down /= np.linalg.norm(down)
        return np.stack([across, down, np.cross(across, down)])

    @cached_property
    def frontal(self) -> Array:
        """The mesh turned to look straight into the camera, (468, 3), about the nose."""
        turned: Array = (self.face.mesh - self.face.mesh[1]) @ self.axes.T
        return turned

    @cached_property
    def lips_apart(self) -> float:
        """Height of the opening between the inner lips over its width."""
        return self.length(13, 14) / (self.length(78, 308) + 1e-6)

    @cached_property
    def under_eye_lightness(self) -> float:
        """How light the skin under the eyes is against cheeks and nose; about 1 without, 0.2 to 0.7 with sunglasses."""
        return under_eye_lightness(self)

    def length(self, a: int, b: int) -> float:
        """The distance of two points of the mesh, seen from the front."""
        return float(np.linalg.norm(self.frontal[a] - self.frontal[b]))


def under_eye_lightness(view: View) -> float:
    """Lightness (CIELab L) just below each eye over that of the lower cheek and the nose tip.

    Brows, lashes and sockets are dark on everyone; the strip below the eye is dark only behind a lens. Each side counts
    by how much of it the camera sees, a side turned away not at all.
    """
    eyes = view.face.point(33, 133), view.face.point(362, 263)
    mouth = view.face.point(61), view.face.point(291)
    nose = view.face.point(4)
    across = eyes[1] - eyes[0]
    unit = max(float(np.linalg.norm(across)), 0.9 * float(np.linalg.norm(sum(mouth) / 2 - sum(eyes) / 2)))
    # Looked at with 48 pixels from eye to eye, so that freckles, frames' rims and the camera's resolution do not count.
    scale = min(1.0, 48 / unit)
    points = np.array([*eyes, *mouth, nose])
    corner = np.floor(points.min(0) - unit)
    side = max(8, math.ceil(float((points.max(0) - points.min(0)).max() + 2 * unit) * scale))
    matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    chip = chip_of(view.picture, matrix, side).astype(np.float32) / 255
    lightness = cv2.cvtColor(chip, cv2.COLOR_RGB2Lab)[:, :, 0]
    radius = max(1, round(0.07 * unit * scale))

    def patch(place: Array) -> Array:
        x, y = (round(float(v)) for v in (place - corner) * scale)
        values: Array = lightness[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1].ravel()
        return values

    direction = across / (np.linalg.norm(across) + 1e-6)
    shares = [max(0.0, float((nose - eyes[0]) @ direction)), max(0.0, float((eyes[1] - nose) @ direction))]
    total, weight = 0.0, 0.0
    for eye, corner_of_mouth, share in zip(eyes, mouth, shares, strict=True):
        seen = share / (sum(shares) + 1e-6)
        down = corner_of_mouth - eye
        below = np.concatenate([patch(eye + down * part) for part in (0.24, 0.30, 0.36)])
        skin = np.concatenate([patch(eye + down * part) for part in (0.62, 0.70, 0.78)] + [patch(nose)] * 2)
        if seen >= 0.25 and below.size and skin.size:
            total += seen * float((np.median(below) + 1) / (np.median(skin) + 1))
            weight += seen
    return total / weight if weight else 1.0


def sunglasses(view: View) -> float:
    """Log-odds of dark glasses."""
    return 18 * (SUNGLASSES - view.under_eye_lightness)


def smile(view: View) -> float:
    """Log-odds of a smile: wide mouth, raised corners, lips apart."""
    width = view.length(61, 291)
    middle = (view.frontal[13, 1] + view.frontal[14, 1]) / 2
    lift = float(middle - (view.frontal[61, 1] + view.frontal[291, 1]) / 2) / width
    wide = 30.06 * width / view.length(234, 454) + 12.05 * width / view.length(33, 263)
    return 6.53 * view.lips_apart + wide + 12.59 * lift - 21.67


def mouth_open(view: View) -> float:
    """Log-odds of an open mouth; a smile that shows teeth counts as open."""
    return 30 * (view.lips_apart - MOUTH_OPEN)


def eyes_open(view: View) -> float:
    """Log-odds that at least one eye is open."""
    odds = 25 * (max(_lids_apart(view, (33, 133)), _lids_apart(view, (362, 263))) - EYE_OPEN)
    if sunglasses(view) > 0:
        return math.copysign(min(abs(odds), BEHIND_SUNGLASSES), odds)
    return odds


def _lids_apart(view: View, corners: tuple[int, int]) -> float:
    """Height of the opening of one eye over its width, from the iris network's contour of the lids."""
    side = 64
    points = view.face.mesh[list(corners), :2].astype(np.float64)
    centre, across = points.mean(0), points[1] - points[0]
    scale = side / (2.3 * float(np.linalg.norm(across)) + 1e-6)
    matrix = cv2.getRotationMatrix2D(tuple(centre), math.degrees(math.atan2(across[1], across[0])), scale)
    matrix[:, 2] += side / 2 - centre
    chip = chip_of(view.picture, matrix, side)
    if corners[0] == 33:  # the network was trained on the eye at the picture's right
        chip = chip[:, ::-1]
    contour, _ = view.networks.iris.run(cv2.dnn.blobFromImage(np.ascontiguousarray(chip), 1 / 255))
    lids = contour[0].reshape(71, 3)[:, :2]
    heights = [float(np.linalg.norm(lids[low] - lids[high])) for low, high in ((4, 12), (3, 11), (5, 13))]
    return float(np.mean(heights)) / (float(np.linalg.norm(lids[0] - lids[8])) + 1e-6)


JUDGES: dict[str, Callable[[View], float]] = {
    "SMILE": smile,
    "SUNGLASSES": sunglasses,
    "EYES_OPEN": eyes_open,
    "MOUTH_OPEN": mouth_open,
}


def face_detail(view: View, requested: Collection[str]) -> dict[str, Any]:
    """Rekognition's FaceDetail: the default attributes, and of the others those `requested` ("ALL" for all)."""
    everything = "ALL" in requested
    names = LANDMARKS if everything else DEFAULT_LANDMARKS
    detail: dict[str, Any] = {"BoundingBox": bounding_box(view)}
    for request, name in JUDGED.items():
        if everything or request in requested:
            odds = JUDGES[request](view)
            detail[name] = {"Value": odds > 0, "Confidence": 100 / (1 + math.exp(-min(abs(odds), 50.0)))}
    height, width = view.picture.pixels.shape[:2]
    points = {name: view.face.point(*LANDMARKS[name]) for name in names}
    return detail | {
        "Landmarks": [
            {"Type": name, "X": float(point[0]) / width, "Y": float(point[1]) / height}
            for name, point in points.items()
        ],
        "Pose": pose(view),
        "Quality": quality(view),
        "Confidence": confidence(view.face),
    }


def bounding_box(view: View) -> dict[str, float]:
    """Left, top, width and height as shares of the upright picture; a face at the edge may reach beyond 0 and 1."""
    height, width = view.picture.pixels.shape[:2]
    left, top, across, down = view.face.box
    return {"Width": across / width, "Height": down / height, "Left": left / width, "Top": top / height}


def confidence(face: Face) -> float:
    """How sure it is that there is a face, in per cent."""
    return 50 * (face.score + face.presence)


def pose(view: View) -> dict[str, float]:
    """Degrees, with Rekognition's signs: roll clockwise, yaw to the picture's right, pitch upwards."""
    across, down, _ = view.axes
    return {
        "Roll": math.degrees(math.atan2(across[1], across[0])),
        "Yaw": math.degrees(math.atan2(across[2], across[0])),
        "Pitch": -math.degrees(math.asin(max(-1.0, min(1.0, float(down[2]))))),
    }


def quality(view: View) -> dict[str, float]:
    """Brightness (mean grey) and sharpness (variance of the Laplacian on 160 pixels' width), both 0 to 100."""
    height, width = view.picture.pixels.shape[:2]
    left, top, across, down = view.face.box
    x, y = max(0, min(width - 1, int(left))), max(0, min(height - 1, int(top)))
    face = view.picture.pixels[y : max(y + 1, math.ceil(top + down)), x : max(x + 1, math.ceil(left + across))]
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    size = (160, max(8, round(160 * grey.shape[0] / grey.shape[1])))
    shrinks = grey.shape[1] > size[0]
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    variance = float(cv2.Laplacian(small, cv2.CV_64F).var())
    return {"Brightness": float(np.mean(grey)) / 2.55, "Sharpness": 100 * (1 - math.exp(-variance / 150))}
