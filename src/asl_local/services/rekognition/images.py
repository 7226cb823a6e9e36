"""Bytes -> an upright RGB picture, or the refusal that AWS would give.

Knows: the heads of JPEG and PNG files, EXIF orientation, Rekognition's limits. Must never know: what a face is.
The size is read from the file's head before anything is decoded, so a file of a few bytes that claims a huge picture
costs nothing, and a large JPEG is decoded at a half, a quarter or an eighth right away.
"""

from __future__ import annotations

import io
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from asl_local.lazy import dataclass, field
from asl_local.services.rekognition.kept import kept

Pixels: TypeAlias = NDArray[Any]

# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
SHORTEST_SIDE = 80  # pixels
LONGEST_SIDE = 10_000  # pixels; AWS states it for other operations and enforces it everywhere
# What this process is ready to decode. JPEG shrinks while decoding, PNG cannot.
MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 40_000_000}

WORKING_SIDE = 2048  # pixels: a longer picture is decoded or scaled down towards this

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Markers that open a frame (ITU-T T.81 table B.1): C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION = 0x0112  # the EXIF tag
_UPRIGHT = 1
_STRIP = 64  # rows


class UnreadableImage(Exception):
    """The bytes are no JPEG or PNG picture; the text says what is wrong with them."""


class ImageTooLarge(Exception):
    """More pixels than allowed; the text is the service's."""


class ImageTooSmall(Exception):
    """Fewer pixels than Rekognition looks at."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture, turned upright.

    `pixels` is uint8 RGB (height, width, 3), at most about twice WORKING_SIDE long; `turned` tells whether EXIF
    orientation was there to be honoured. `width` and `height` are those of the file, upright.
    """

    pixels: Pixels
    width: int
    height: int
    turned: bool
    _halves: list[Pixels] = field(default_factory=list, repr=False)

    def half(self, times: int) -> Pixels:
        """The picture scaled to 1/2**times, as the mean of areas; kept, for one call needs it several times."""
        if not self._halves:
            self._halves.append(self.pixels)
        while len(self._halves) <= times:
            last = self._halves[-1]
            size = (max(1, last.shape[1] // 2), max(1, last.shape[0] // 2))
            self._halves.append(cv2.resize(last, size, interpolation=cv2.INTER_AREA))
        return self._halves[times]

    @kept
    def black(self) -> float:
        """The lightness (CIELab L, 0 to 100) of the darkest two hundredth of the picture: haze lifts it from 0."""
        lab = cv2.cvtColor(self.half(2).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        return float(np.quantile(lab[:, :, 0], 0.005))


def decode(data: bytes) -> Picture:
    """The picture in a JPEG or PNG file, whatever its name or colours: grey, CMYK, palette, 16 bits, transparency.

    Transparent parts are laid on white. A file that ends too early is refused, even where only the last bytes of a
    JPEG are gone; one with bytes behind its end is not, and neither is one whose damage the decoder can conceal.
    Raises UnreadableImage, ImageTooLarge, ImageTooSmall.
    """
    kind, width, height = head(data)
    if max(width, height) > LONGEST_SIDE:
        raise ImageTooLarge(
            f"Input image dimensions {width} x {height} exceed maximum dimension size of {LONGEST_SIDE} pixels"
        )
    if width * height > MOST_PIXELS[kind]:
        most = MOST_PIXELS[kind] // 1_000_000
        raise ImageTooLarge(
            f"Image dimensions: {width} x {height} pixels exceed the maximum limit of {most} megapixels ({kind})"
        )
    if min(width, height) < SHORTEST_SIDE:
        raise ImageTooSmall(f"the image is {width} x {height} pixels, the minimum is {SHORTEST_SIDE} x {SHORTEST_SIDE}")

    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            orientation = image.getexif().get(_ORIENTATION, _UPRIGHT)
            if kind == "JPEG":
                image.draft(None, _shrunk(width, height))
            image.load()
            upright = _opaque(image)
            if orientation != _UPRIGHT:  # Pillow copies also what is upright
                upright = ImageOps.exif_transpose(upright)
            pixels = _pixels(upright)
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        Image.DecompressionBombError,
    ) as error:
        # Pillow's decoders raise any of these on broken files.
        raise UnreadableImage(f"{kind}: {error}") from error
    if orientation in (5, 6, 7, 8):  # turned by a quarter
        width, height = height, width
    return Picture(pixels, width, height, orientation in range(2, 9))


def head(data: bytes) -> tuple[str, int, int]:
    """Format, width and height, from the first bytes. Raises UnreadableImage for all but JPEG and PNG."""
    if data.startswith(_PNG):
        if data[12:16] != b"IHDR" or len(data) < 33:
            raise UnreadableImage("PNG: the file ends inside its head")
        size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        kind = "PNG"
    elif data.startswith(_JPEG):
        size, kind = _jpeg_size(data), "JPEG"
    else:
        raise UnreadableImage(f"neither JPEG nor PNG: the file starts with {data[:8]!r}")
    if 0 in size:
        raise UnreadableImage(f"{kind}: a side is 0 pixels long")
    return kind, *size


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            raise UnreadableImage(f"JPEG: no marker at byte {position}")
        marker = data[position + 1]
        if marker == 0xFF:  # a filling byte
            position += 1
            continue
        if marker in _FRAMES:
            height, width = data[position + 5 : position + 7], data[position + 7 : position + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        if marker in (0xD9, 0xDA):
            break
        position += 2
        if marker != 0x01 and not 0xD0 <= marker <= 0xD8:  # all others have a length
            position += int.from_bytes(data[position : position + 2], "big")
    raise UnreadableImage("JPEG: the file ends before it says how large the picture is")


def _shrunk(width: int, height: int) -> tuple[int, int]:
    """The size to ask the JPEG decoder for: the smallest of 1/1, 1/2, 1/4, 1/8 not below WORKING_SIDE."""
    factor = 1
    while factor < 8 and max(width, height) // (2 * factor) >= WORKING_SIDE:
        factor *= 2
    return width // factor, height // factor


def _opaque(image: Any) -> Any:
    """The image as 8-bit RGB, scaled down to at most twice WORKING_SIDE, its EXIF data kept for the turning."""
    exif = image.getexif()
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion cuts instead of scaling
        image = Image.fromarray((np.asarray(image, np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if max(image.size) > 2 * WORKING_SIDE:
        mode = "RGBA" if _transparent(image) else "RGB"
        image = image if image.mode == mode else image.convert(mode)
        image = image.reduce(-(-max(image.size) // (2 * WORKING_SIDE)))
    if _transparent(image):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image if image.mode == "RGB" else image.convert("RGB")
    if exif:
        image.getexif().update(exif)
    return image


def _pixels(image: Any) -> Pixels:
    """The image's own pixels, strip by strip.

    Pillow hands an image over as many pieces and then all of them in one: what that needs at once is more than the
    system lets a process keep, which then costs more than the copying.
    """
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _STRIP):
        bottom = min(top + _STRIP, image.height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return pixels


def _transparent(image: Any) -> bool:
    return image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info
