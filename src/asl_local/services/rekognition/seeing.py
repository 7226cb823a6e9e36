"""An image file -> the faces in it, with their details, whether each is good enough, and the vectors asked for.

Knows: the order of the steps, the quality bars, and which error each failure is. Must never know: collections.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from asl_local.lazy import dataclass
from asl_local.services.errors import client_error
from asl_local.services.rekognition import images
from asl_local.services.rekognition.attributes import View, face_detail
from asl_local.services.rekognition.detector import find_faces
from asl_local.services.rekognition.embedding import embed
from asl_local.services.rekognition.networks import shared_pool
from asl_local.services.rekognition.requests import BARS, MOST_DETECTED, Bar


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
    operation: str, data: bytes, wanted: Collection[str] = (), *, bar: Bar = BARS["NONE"], vectors: int = 0
) -> list[Seen]:
    """The faces of a JPEG or PNG file, the largest first, at most 100.

    `wanted` names attributes (face_detail). With `vectors` the largest so many faces that pass the `bar` get theirs,
    the others get the reason EXCEEDS_MAX_FACES. Raises InvalidImageFormatException, ImageTooLargeException,
    InvalidParameterException.
    """
    try:
        picture = images.decode(data)
    except images.ImageTooLarge as error:
        raise client_error("ImageTooLargeException", str(error), operation) from error
    except (images.UnreadableImage, images.ImageTooSmall) as error:
        unreadable = isinstance(error, images.UnreadableImage)
        code = "InvalidImageFormatException" if unreadable else "InvalidParameterException"
        text = "Request has invalid image format" if unreadable else "Request has invalid parameters"
        refusal = client_error(code, text, operation)
        refusal.add_note(str(error))  # the service's sentence does not say what is wrong
        raise refusal from error
    seen: list[Seen] = []
    embedded = 0
    with shared_pool().borrow() as networks:
        for face in find_faces(networks, picture)[:MOST_DETECTED]:
            detail = face_detail(View(networks, picture, face), wanted)
            reasons = bar.reasons(detail, min(face.box[2:]))
            vector = None
            if not reasons and embedded < vectors:
                vector = embed(networks, picture, face)
                embedded += 1
            elif not reasons and vectors:
                reasons = ("EXCEEDS_MAX_FACES",)
            seen.append(Seen(detail, reasons, vector))
    return seen
