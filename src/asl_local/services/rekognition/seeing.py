"""An image file -> the faces in it, with their details, whether each is good enough, and the vectors asked for.

Knows: the order of the steps, the quality bars, and which error each failure is. Must never know: collections.
What is known of a photo already is not looked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from asl_local.lazy import dataclass
from asl_local.services.errors import client_error
from asl_local.services.rekognition import images
from asl_local.services.rekognition.album import KnownFace, Photo
from asl_local.services.rekognition.attributes import (
    Point,
    View,
    asked,
    described,
    judge,
    landmarks_of,
    measured,
    names_of_landmarks,
)
from asl_local.services.rekognition.detector import find_faces
from asl_local.services.rekognition.embedding import embed_chip, face_chip
from asl_local.services.rekognition.kept import kept
from asl_local.services.rekognition.networks import Networks, shared_pool
from asl_local.services.rekognition.requests import BARS, MOST_DETECTED, Bar

CHIPS = 2  # faces of a photo that are cut out of it for the next question


@dataclass(frozen=True)
class Seen:
    """A face of a picture.

    `detail` is Rekognition's FaceDetail, `reasons` tell why the face is not to be used (none: it is), `vector` is the
    embedding of a face to be used, where vectors were asked for.
    """

    detail: dict[str, Any]
    reasons: tuple[str, ...] = ()
    vector: Any = None


def see(
    operation: str,
    read: Callable[[], bytes],
    wanted: Collection[str] = (),
    *,
    bar: Bar = BARS["NONE"],
    vectors: int = 0,
    photo: Photo | None = None,
    landmarks: bool = True,
) -> list[Seen]:
    """The faces of a JPEG or PNG file, the largest first, at most 100; it is read where something is not known yet.

    `wanted` names attributes (face_detail). With `vectors` the largest so many faces that pass the `bar` get theirs,
    the others get the reason EXCEEDS_MAX_FACES. Details that nobody is shown need no `landmarks`. `photo` is what is
    known of the file, and is told what was found. Raises InvalidImageFormatException, ImageTooLargeException,
    InvalidParameterException.
    """
    photo = photo or Photo()
    seen: list[Seen] = []
    embedded = 0
    with _Look(operation, read) as look:
        for known in _faces(look, photo, wanted):
            points = _points(known, photo.shape, names_of_landmarks(wanted)) if landmarks else {}
            detail = described(known.face, photo.shape, known.measured, wanted, points)
            reasons = bar.reasons(detail, min(known.face.box[2:]))
            vector = None
            if not reasons and embedded < vectors:
                vector = _vector(look, known)
                embedded += 1
            elif not reasons and vectors:
                reasons = ("EXCEEDS_MAX_FACES",)
            seen.append(Seen(detail, reasons, vector))
        _keep_chips(look, photo)
    return seen


class _Look:
    """One look at a file: it is read and decoded once, when somebody needs to see it, and networks are lent for as long."""

    def __init__(self, operation: str, read: Callable[[], bytes]) -> None:
        self._operation, self._read = operation, read

    def __enter__(self) -> _Look:
        return self

    def __exit__(self, *_: object) -> None:
        if "networks" in self.__dict__:
            shared_pool().take_back(self.networks)

    @property
    def taken(self) -> bool:
        """Whether anybody has needed the picture."""
        return "picture" in self.__dict__

    @kept
    def networks(self) -> Networks:
        """Networks of its own, until the look is over."""
        return shared_pool().lend()

    @kept
    def picture(self) -> images.Picture:
        """The picture. Raises what the service says of a file that is none, or too large or too small."""
        try:
            return images.decode(self._read())
        except images.ImageTooLarge as error:
            raise client_error("ImageTooLargeException", str(error), self._operation) from error
        except (images.UnreadableImage, images.ImageTooSmall) as error:
            unreadable = isinstance(error, images.UnreadableImage)
            code = "InvalidImageFormatException" if unreadable else "InvalidParameterException"
            text = "Request has invalid image format" if unreadable else "Request has invalid parameters"
            refusal = client_error(code, text, self._operation)
            refusal.add_note(str(error))  # the service's sentence does not say what is wrong
            raise refusal from error


def _faces(look: _Look, photo: Photo, wanted: Collection[str]) -> list[KnownFace]:
    """The photo's faces, with all that is wanted known of each."""
    views: list[View | None]
    if photo.faces is None:
        picture = look.picture  # before the networks: who decodes needs none
        photo.shape = picture.pixels.shape[0], picture.pixels.shape[1]
        looked = [View(look.networks, picture, face) for face in find_faces(look.networks, picture)[:MOST_DETECTED]]
        views = [*looked]
        photo.faces = [KnownFace(view.face, measured(view, ())) for view in looked]
    else:
        views = [None] * len(photo.faces)
    for before, known in zip(views, photo.faces, strict=True):
        odds = known.measured.odds
        missing = [name for name in asked(wanted) if name not in odds]
        if missing:
            view = before or View(look.networks, look.picture, known.face)
            odds.update((name, judge(view, name)) for name in missing)
    return photo.faces


def _points(known: KnownFace, shape: tuple[int, int], names: tuple[str, ...]) -> dict[str, Point]:
    there = known.points
    if any(name not in there for name in names):
        there |= landmarks_of(known.face, shape, names)
    return {name: there[name] for name in names}


def _vector(look: _Look, known: KnownFace) -> Any:
    if known.vector is None:
        chip = face_chip(look.picture, known.face) if known.chip is None else known.chip
        known.vector, known.chip = embed_chip(look.networks, chip), None
    return known.vector


def _keep_chips(look: _Look, photo: Photo) -> None:
    """Cuts out the largest faces while the picture is there: most who ask for faces ask next who it is."""
    for known in (photo.faces or [])[:CHIPS] if look.taken else ():
        if known.vector is None and known.chip is None:
            known.chip = face_chip(look.picture, known.face)
