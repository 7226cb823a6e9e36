"""What is taken for a picture, what is refused and why, and which way up it comes out."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from rekognition_helpers import encoded, example, portrait

from asl_local.services.rekognition.images import (
    MOST_PIXELS,
    ImageTooLarge,
    ImageTooSmall,
    UnreadableImage,
    decode,
)

JPEG = encoded(portrait(), "JPEG", quality=90)
PROGRESSIVE = encoded(portrait(), "JPEG", quality=90, progressive=True)
PNG = encoded(portrait(), "PNG")


def png_head(width, height, depth=8, colour=2):
    """A PNG file of 33 bytes that claims a size and holds no pixel."""
    body = struct.pack(">II5B", width, height, depth, colour, 0, 0, 0)
    chunk = b"IHDR" + body
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def jpeg_head(width, height):
    """A JPEG file of a few bytes that claims a size and holds no pixel."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8" + frame


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG], ids=["jpeg", "progressive", "png"])
def test_pictures_come_out_as_rgb(data):
    picture = decode(data)
    assert picture.pixels.shape == (512, 512, 3)
    assert picture.pixels.dtype == np.uint8
    assert np.abs(picture.pixels.astype(int) - np.asarray(portrait())).mean() < 3
    assert (picture.width, picture.height, picture.turned) == (512, 512, False)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(encoded(portrait().convert("L"), "JPEG"), id="grey JPEG"),
        pytest.param(encoded(portrait().convert("L"), "PNG"), id="grey PNG"),
        pytest.param(encoded(portrait().convert("CMYK"), "JPEG"), id="CMYK JPEG"),
        pytest.param(encoded(portrait().convert("P"), "PNG"), id="palette"),
        pytest.param(encoded(portrait().convert("LA"), "PNG"), id="grey with alpha"),
        pytest.param(encoded(portrait().convert("RGBA"), "PNG"), id="alpha"),
        pytest.param(encoded(Image.fromarray(np.asarray(portrait().convert("L")).astype(np.uint16) * 257), "PNG"), id="16 bits"),
    ],
)  # fmt: skip
def test_every_kind_of_colour_gives_the_same_lightness(image):
    assert decode(image).pixels.mean() == pytest.approx(np.asarray(portrait()).mean(), abs=3)


def test_transparent_parts_are_white():
    clear = portrait().convert("RGBA")
    clear.putalpha(0)
    assert decode(encoded(clear, "PNG")).pixels.min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_exif_orientation_is_honoured(orientation, kind):
    image = portrait((300, 200))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, kind, exif=exif, **({"quality": 100, "subsampling": 0} if kind == "JPEG" else {}))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    picture = decode(data)
    assert (picture.width, picture.height) == upright.size
    assert picture.turned == (orientation != 1)
    assert np.abs(picture.pixels.astype(int) - np.asarray(upright)).max() <= 1


def test_nonsense_in_exif_is_no_reason_to_refuse():
    exif = Image.Exif()
    exif[0x0112] = 77
    assert decode(encoded(portrait(), "JPEG", exif=exif)).turned is False


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG], ids=["jpeg", "progressive", "png"])
def test_a_file_that_ends_too_early_is_refused(data, share):
    with pytest.raises(UnreadableImage):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG], ids=["jpeg", "progressive", "png"])
def test_bytes_behind_the_end_do_no_harm(data):
    assert (decode(data + b"\x00" * 999 + b"trailer").pixels == decode(data).pixels).all()


def test_a_jpeg_with_a_few_wrong_bits_is_shown_as_viewers_show_it():
    damaged = bytearray(JPEG)
    damaged[len(damaged) // 2] ^= 0x10
    assert decode(bytes(damaged)).pixels.shape == (512, 512, 3)


def test_a_png_with_wrong_bits_is_refused_for_its_checksums_tell():
    damaged = bytearray(PNG)
    damaged[len(damaged) // 2] ^= 0x10
    with pytest.raises(UnreadableImage):
        decode(bytes(damaged))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        JPEG[:2] + b"\xff" * 100,
        png_head(0, 500),
        example("7_not_a_picture.jpg"),
        encoded(portrait(), "GIF"),
        encoded(portrait(), "BMP"),
        encoded(portrait(), "TIFF"),
        encoded(portrait(), "WEBP"),
    ],
)
def test_what_is_neither_jpeg_nor_png_is_refused_whatever_its_name(data):
    with pytest.raises(UnreadableImage):
        decode(data)


@pytest.mark.parametrize("data", [png_head(8000, 6250), png_head(65535, 65535), jpeg_head(65500, 65500)])
def test_a_huge_picture_is_refused_by_its_head_alone(data):
    with pytest.raises(ImageTooLarge):
        decode(data)


def test_a_real_fifty_megapixel_png_is_refused():
    with pytest.raises(ImageTooLarge, match="10000 x 5000 pixels exceed the maximum limit of 40 megapixels"):
        decode(encoded(Image.new("L", (10_000, 5_000)), "PNG"))


def test_a_side_beyond_ten_thousand_is_refused_in_the_services_words():
    with pytest.raises(
        ImageTooLarge, match="Input image dimensions 10800 x 100 exceed maximum dimension size of 10000"
    ):
        decode(encoded(Image.new("L", (10_800, 100)), "PNG"))


@pytest.mark.parametrize("size", [(79, 200), (200, 79)])
def test_less_than_eighty_pixels_is_too_small(size):
    with pytest.raises(ImageTooSmall, match="80 x 80"):
        decode(encoded(portrait(size), "PNG"))
    assert decode(encoded(portrait((80, 80)), "PNG")).pixels.shape == (80, 80, 3)


def test_a_text_chunk_that_unpacks_to_a_hundred_megabytes_is_refused():
    bomb = b"zTXtComment\x00\x00" + zlib.compress(b"\x00" * 100_000_000)
    chunk = struct.pack(">I", len(bomb) - 4) + bomb + struct.pack(">I", zlib.crc32(bomb))
    with pytest.raises(UnreadableImage):
        decode(PNG[:33] + chunk + PNG[33:])


@pytest.mark.parametrize(("kind", "size"), [("JPEG", (6000, 4000)), ("PNG", (5000, 2500))])
def test_large_pictures_are_worked_on_at_a_smaller_size(kind, size):
    assert size[0] * size[1] < MOST_PIXELS[kind]
    picture = decode(encoded(portrait(size), kind))
    assert (picture.width, picture.height) == size
    assert 2048 <= max(picture.pixels.shape) <= 4096
    assert picture.pixels.shape[1] / picture.pixels.shape[0] == pytest.approx(size[0] / size[1], rel=0.01)


def test_halves_are_made_once_and_keep_the_lightness():
    picture = decode(PNG)
    assert picture.half(0) is picture.pixels
    assert picture.half(2).shape == (128, 128, 3)
    assert picture.half(2) is picture.half(2)
    assert picture.half(3).mean() == pytest.approx(picture.pixels.mean(), abs=0.5)
