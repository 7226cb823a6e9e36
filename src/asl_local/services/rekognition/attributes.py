"""What a face looks like: sunglasses, smile, open eyes, pose, ... in Rekognition's shapes.

Knows: the mesh's points, the figures found on photos (docs/faces.md), Rekognition's FaceDetail. Must never know: how
a face was found, who it is.
Every attribute is a number whose sign is the answer: the log-odds that it is there. Confidence is the probability of
the answer given, so 50 means "cannot tell", as on Rekognition. What nothing here can judge (age, gender, beard,
emotions, ...) does not appear at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from asl_local.lazy import dataclass
from asl_local.services.rekognition.detector import Face, chip_of
from asl_local.services.rekognition.images import Picture
from asl_local.services.rekognition.kept import kept
from asl_local.services.rekognition.networks import Networks
from asl_local.services.rekognition.requests import JUDGED

Array: TypeAlias = NDArray[Any]
Point: TypeAlias = tuple[float, float]

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
ALL_LANDMARKS = tuple(LANDMARKS)
DEFAULT_LANDMARKS = ALL_LANDMARKS[:5]

MOUTH_OPEN = 0.125  # inner lips: height to width
EYE_OPEN = 0.25  # lids: height to width
SUNGLASSES = 0.88  # see `sunglasses`
UNSEEN = 0.2  # log-odds at most of what would have to be seen through dark glass
DARK, MOST_HAZE = 5.0, 45.0  # lightness that every picture has somewhere; how much more counts as haze
FEW_PIXELS = 48  # width of a face below which every answer gets less sure
LEVEL_PITCH = -7.4  # degrees that the mesh shows for people who look straight ahead: the median of 247 faces

# The mask: a chip on which every face has its eyes and mouth at the same places.
MASK_SIDE = 192
MASK_POINTS = ((60.0, 68.0), (132.0, 68.0), (96.0, 140.0))  # eyes, middle of the mouth
# Places on the mask at half its size, as ellipses (x, y, half width, half height), for the eye at the left: the lens
# of glasses, its lower half, the cheek. The other eye's are their mirror images.
LENS, BELOW_EYE, CHEEK = (30, 38, 9, 7), (30, 42, 9, 5), (33, 62, 7, 6)
NOSE = (48, 54, 4, 4)


@dataclass(frozen=True)
class View:
    """One face in one picture, and the measurements that several attributes share."""

    networks: Networks
    picture: Picture
    face: Face

    @kept
    def axes(self) -> Array:
        """(3, 3): the face's own right (towards the picture's right), down and away from the camera, as unit rows."""
        mesh = self.face.mesh.astype(np.float64)
        across = mesh[263] - mesh[33] + mesh[454] - mesh[234]
        across /= np.linalg.norm(across)
        down = mesh[152] - mesh[10]
        down -= across * (across @ down)
        down /= np.linalg.norm(down)
        return np.stack([across, down, np.cross(across, down)])

    @kept
    def frontal(self) -> Array:
        """The mesh turned to look straight into the camera, (468, 3), about the nose."""
        turned: Array = (self.face.mesh - self.face.mesh[1]) @ self.axes.T
        return turned

    @kept
    def lips_apart(self) -> float:
        """Height of the opening between the inner lips over its width."""
        return self.length(13, 14) / (self.length(78, 308) + 1e-6)

    @kept
    def mask(self) -> Array:
        """The face in CIELab, float32 (192, 192, 3), stretched so that eyes and mouth lie at MASK_POINTS.

        In a hazy picture, in which nothing is dark, lightness counts from what is darkest.
        """
        mouth = self.face.point(61, 291)
        points = np.array([self.face.point(33, 133), self.face.point(362, 263), mouth], np.float32)
        matrix = cv2.getAffineTransform(points, np.array(MASK_POINTS, np.float32))
        chip = chip_of(self.picture, np.asarray(matrix, np.float64), MASK_SIDE)
        mask: Array = cv2.cvtColor(chip.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        haze = min(max(self.picture.black - DARK, 0.0), MOST_HAZE)
        mask[:, :, 0] = np.maximum(mask[:, :, 0] - haze, 0)
        return mask

    @kept
    def shares(self) -> tuple[float, float]:
        """How much of the face's left and right half the camera sees, from where the nose is between the eyes."""
        left, right, nose = self.face.point(33, 133), self.face.point(362, 263), self.face.point(4)
        across = (right - left) / (np.linalg.norm(right - left) + 1e-6)
        widths = max(0.0, float((nose - left) @ across)), max(0.0, float((right - nose) @ across))
        total = sum(widths) + 1e-6
        return widths[0] / total, widths[1] / total

    def length(self, a: int, b: int) -> float:
        """The distance of two points of the mesh, seen from the front."""
        return float(np.linalg.norm(self.frontal[a] - self.frontal[b]))


def sunglasses(view: View) -> float:
    """Log-odds of dark or mirrored glasses.

    Where a lens would be, three things are measured against the skin of cheek and nose: how light the lower half is
    (70th percentile), how light all of it is (80th percentile, which a spectacles' rim does not lower), and which
    share looks like skin. Brows, lashes and sockets are dark on everyone, but not that far down. Each side counts by
    how much of it is seen, a side turned away not at all.
    """
    small = cv2.resize(view.mask, (MASK_SIDE // 2, MASK_SIDE // 2), interpolation=cv2.INTER_AREA)
    total, weight = 0.0, 0.0
    for mirrored, share in enumerate(view.shares):
        if share >= 0.25:
            total += share * _lens_to_skin(small[:, ::-1] if mirrored else small)
            weight += share
    return 20 * (SUNGLASSES - total / weight) if weight else -1.0


def _lens_to_skin(mask: Array) -> float:
    """About 2 where there is bare skin, 0.2 to 0.8 behind sunglasses; for the eye at the left."""
    skin = np.concatenate([mask[_ellipse(CHEEK)], mask[_ellipse(NOSE)]])
    lightness, red, yellow = np.median(skin, 0)
    lens = mask[_ellipse(LENS)]
    below = (np.quantile(mask[_ellipse(BELOW_EYE)][:, 0], 0.7) + 1) / (lightness + 1)
    all_of_it = (np.quantile(lens[:, 0], 0.8) + 1) / (lightness + 1)
    tolerance = np.clip(0.5 * np.hypot(red, yellow), 4, 12)
    coloured_alike = np.hypot(lens[:, 1] - red, lens[:, 2] - yellow) < tolerance
    like_skin = np.mean((lens[:, 0] > 0.72 * lightness) & coloured_alike)
    return float(below / 3 + 2 * all_of_it / 3 + like_skin)


@cache
def _ellipse(shape: tuple[int, int, int, int]) -> Array:
    x, y, across, down = shape
    rows, columns = np.mgrid[: MASK_SIDE // 2, : MASK_SIDE // 2]
    return np.asarray(((columns - x) / across) ** 2 + ((rows - y) / down) ** 2 <= 1)


def eyeglasses(view: View) -> float:
    """Log-odds of glasses, dark ones included: thin dark or bright lines where a frame runs.

    Looked for are a bridge across the nose, rims under both eyes and rims at the inner corners of both eyes, as what
    a morphological closing fills in and an opening takes away.
    """
    lightness = cv2.GaussianBlur(view.mask[:, :, 0], (0, 0), 1.2)
    skin = np.concatenate([lightness[120:132, 60:75], lightness[120:132, 117:132]], 1)
    lightness = lightness / (np.median(np.append(skin, lightness[100:112, 90:102])) + 1)
    upright, flat = np.ones((15, 1), np.uint8), np.ones((1, 15), np.uint8)
    dark_across = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, upright) - lightness
    dark_down = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, flat) - lightness
    bright_across = lightness - cv2.morphologyEx(lightness, cv2.MORPH_OPEN, upright)
    bridge = np.median(dark_across[44:90, 88:105].max(0))
    glint = np.median(bright_across[44:90, 88:105].max(0))
    rims = [np.median(dark_across[80:110, x : x + 28].max(0)) for x in (46, 118)]
    inner = [np.median(dark_down[60:88, x : x + 14].max(1)) for x in (78, 100)]
    odds = 11.1 * bridge + 12.1 * min(rims) + 6.4 * sum(inner) + 12.3 * glint - 7.25
    return max(float(odds), sunglasses(view))


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
        return math.copysign(min(abs(odds), UNSEEN), odds)
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
    "EYEGLASSES": eyeglasses,
    "SUNGLASSES": sunglasses,
    "EYES_OPEN": eyes_open,
    "MOUTH_OPEN": mouth_open,
}


def asked(requested: Collection[str]) -> tuple[str, ...]:
    """The attributes that a request for these names needs judged ("ALL": every one)."""
    return tuple(name for name in JUDGED if "ALL" in requested or name in requested)


def judge(view: View, name: str) -> float:
    """The log-odds that a face has an attribute; nearer to 0 on a face of few pixels."""
    return JUDGES[name](view) * min(1.0, view.face.box[2] / FEW_PIXELS)


class Measured(NamedTuple):
    """What was measured of a face in its picture."""

    pose: dict[str, float]
    quality: dict[str, float]
    odds: dict[str, float]  # of attributes, by their names in requests


def measured(view: View, requested: Collection[str]) -> Measured:
    """What every answer tells of a face, and the attributes that are requested."""
    return Measured(pose(view), quality(view), {name: judge(view, name) for name in asked(requested)})


def face_detail(view: View, requested: Collection[str]) -> dict[str, Any]:
    """Rekognition's FaceDetail: the default attributes, and of the others those `requested` ("ALL" for all)."""
    height, width = shape = view.picture.pixels.shape[:2]
    points = landmarks_of(view.face, (height, width), names_of_landmarks(requested))
    return described(view.face, shape, measured(view, requested), requested, points)


def described(
    face: Face, shape: tuple[int, int], measurements: Measured, requested: Collection[str], points: Mapping[str, Point]
) -> dict[str, Any]:
    """A FaceDetail made of what is known of a face in a picture of that height and width; `points` are its landmarks."""
    detail: dict[str, Any] = {"BoundingBox": bounding_box(face, shape)}
    for name in asked(requested):
        odds = measurements.odds[name]
        detail[JUDGED[name]] = {"Value": odds > 0, "Confidence": 100 / (1 + math.exp(-min(abs(odds), 50.0)))}
    detail["Landmarks"] = [{"Type": name, "X": x, "Y": y} for name, (x, y) in points.items()]
    detail["Pose"] = dict(measurements.pose)
    detail["Quality"] = dict(measurements.quality)
    detail["Confidence"] = confidence(face)
    return detail


def names_of_landmarks(requested: Collection[str]) -> tuple[str, ...]:
    """The landmarks of an answer."""
    return ALL_LANDMARKS if "ALL" in requested else DEFAULT_LANDMARKS


def landmarks_of(face: Face, shape: tuple[int, int], names: tuple[str, ...]) -> dict[str, Point]:
    """Where these are, as shares of the picture's width and height."""
    height, width = shape
    means = np.empty((len(names), 2))
    for which, points in _points_of(names):
        means[which] = face.mesh[points, :2].mean(0)
    return {name: (x / width, y / height) for name, (x, y) in zip(names, means.tolist(), strict=True)}


@cache
def _points_of(names: tuple[str, ...]) -> list[tuple[list[int], Array]]:
    """Landmarks of as many points: which of the names they are, and their points (row by row, a landmark in
    each column).
    """
    counts = [len(LANDMARKS[name]) for name in names]
    alike = [[number for number, other in enumerate(counts) if other == count] for count in sorted(set(counts))]
    return [(which, np.array([LANDMARKS[names[number]] for number in which]).T) for which in alike]


def bounding_box(face: Face, shape: tuple[int, int]) -> dict[str, float]:
    """Left, top, width and height as shares of the upright picture; a face at the edge may reach beyond 0 and 1."""
    height, width = shape
    left, top, across, down = face.box
    return {"Width": across / width, "Height": down / height, "Left": left / width, "Top": top / height}


def confidence(face: Face) -> float:
    """How sure it is that there is a face, in per cent: that the detector and the mesh are not both mistaken."""
    return 100 * (1 - (1 - face.score) * (1 - face.presence))


def pose(view: View) -> dict[str, float]:
    """Degrees, with Rekognition's signs: roll clockwise, yaw to the picture's right, pitch upwards."""
    across, down, _ = view.axes
    return {
        "Roll": math.degrees(math.atan2(across[1], across[0])),
        "Yaw": math.degrees(math.atan2(across[2], across[0])),
        "Pitch": -math.degrees(math.asin(max(-1.0, min(1.0, float(down[2]))))) - LEVEL_PITCH,
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
