"""Thumbnails: the pictures that a run's data refer to in S3, made small enough to stand in a page.

Knows: how JSON values name an object of S3, and pictures. Must never know: where objects are kept, or how a page shows
them.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

from asl_local.reporters.visits.model import Run
from asl_local.values import Json

Fetch: TypeAlias = Callable[[str, str], bytes | None]
"""The bytes of the object of a bucket and a key, None where there is none."""

SIDE: Final = 160  # pixels, of the longer side
MOST: Final = 200  # pictures
MOST_BYTES: Final = 3_000_000  # of all pictures together, as they stand in the page
_MOST_TRIED: Final = 2_000  # objects that are looked at
_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")

BUCKETS: Final = ("s3bucket", "bucket", "bucketname")
KEYS: Final = ("s3key", "key", "objectkey")
"""Members that name a bucket and a key, in lower case without `_` and `-`; page/pictures.js has the same names. A key
without a bucket beside it belongs to the bucket that an object around it names."""
_NESTED: Final = {
    "bucket": "name",
    "object": "key",
}  # of S3's own events: {"bucket": {"name": B}, "object": {"key": K}}
_SCHEME: Final = "s3://"


def pictures_of(run: Run, fetch: Fetch) -> dict[str, str]:
    """The small pictures of a run and its children, as data URIs by `bucket/key`, as the data have them.

    Of all objects that the data refer to, those that `fetch` has and that are pictures: JPEGs or PNGs of at most SIDE
    pixels, upright, each once, at most MOST and MOST_BYTES. Empty where Pillow is not installed.
    """
    try:
        import PIL.Image  # noqa: F401, PLC0415 - of the photos extra
    except ImportError:
        return {}
    pictures: dict[str, str] = {}
    tried: set[tuple[str, str]] = set()
    size = 0
    for bucket, key in references(_values(run)):
        if len(pictures) >= MOST or len(tried) >= _MOST_TRIED:
            break
        if (bucket, key) in tried:
            continue
        tried.add((bucket, key))
        picture = _picture(bucket, key, fetch)
        if picture is not None and size + len(picture) <= MOST_BYTES:
            pictures[f"{bucket}/{key}"] = picture
            size += len(picture)
    return pictures


def references(values: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """The objects that values refer to, as (bucket, key), in the order in which they stand there; some more than once."""
    for value in values:
        waiting: list[tuple[Json, str | None]] = [(value, None)]
        while waiting:
            here, bucket = waiting.pop()
            if isinstance(here, str):
                named, _, path = here.removeprefix(_SCHEME).partition("/")
                if here.startswith(_SCHEME) and named and path:
                    yield named, path
            elif isinstance(here, list):
                waiting += [(each, bucket) for each in reversed(here) if isinstance(each, (dict, list, str))]
            elif isinstance(here, dict):
                own, key = _named(here)
                bucket = own or bucket
                if bucket and key:
                    yield bucket, key
                waiting += [(each, bucket) for each in reversed(here.values()) if isinstance(each, (dict, list, str))]


def _named(value: Mapping[str, Json]) -> tuple[str | None, str | None]:
    """The bucket and the key that the members of an object name."""
    bucket = key = name = None
    for member, given in value.items():
        plain = member.lower().replace("_", "").replace("-", "")
        if plain in BUCKETS or plain in KEYS or plain in ("name", "object"):
            text = _text(given, _NESTED.get(plain))
            if not text:
                continue
            if plain in BUCKETS:
                bucket = bucket or text
            elif plain == "name":
                name = text
            else:
                key = key or text
    return bucket, key or (name if bucket else None)  # Rekognition's S3Object: {"Bucket": B, "Name": K}


def _text(given: Json, nested: str | None) -> str | None:
    """A text as it stands, in S3's own events below a member of that name, or typed as DynamoDB has it ({"S": text})."""
    if isinstance(given, dict):
        given = given.get("S") if len(given) == 1 and "S" in given else given.get(nested or "")
    return given if isinstance(given, str) else None


def _values(run: Run) -> Iterator[Json]:
    """All data of a run in which somebody looks for a picture: its own, its visits', its children's."""
    yield run.input
    for visit in run.visits:
        yield visit.input
        for attempt in visit.attempts:
            yield attempt.input
            yield attempt.output
        yield visit.output
        yield from visit.assigned.values()
    yield run.output
    for child in run.children:
        yield from _values(child.run)


def _picture(bucket: str, key: str, fetch: Fetch) -> str | None:
    """The small picture of an object; S3's events, and who passes them on, have keys with `+` and `%20` for a blank."""
    data = fetch(bucket, key)
    if data is None and unquote_plus(key) != key:
        data = fetch(bucket, unquote_plus(key))
    return None if data is None else small(data)


def small(data: bytes) -> str | None:
    """A picture's bytes -> a small one as a data URI; None for what is no picture, or a broken one."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - of the photos extra

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, and sizes that are not read here
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                opened.draft("RGB", (2 * SIDE, 2 * SIDE))
                picture = ImageOps.exif_transpose(opened)
                picture.thumbnail((SIDE, SIDE))
                clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
                shown = io.BytesIO()
                if clear:
                    picture.convert("RGBA").save(shown, "PNG", optimize=True)
                else:
                    picture.convert("RGB").save(shown, "JPEG", quality=80)
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
    ):  # what Pillow says of broken files
        return None
    return f"data:image/{'png' if clear else 'jpeg'};base64,{base64.b64encode(shown.getvalue()).decode('ascii')}"


__all__ = ["BUCKETS", "KEYS", "MOST", "MOST_BYTES", "SIDE", "Fetch", "pictures_of", "references", "small"]
