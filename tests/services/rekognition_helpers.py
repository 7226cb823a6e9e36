"""Photos and pictures for the tests of the Rekognition stand-in."""

import hashlib
import io
import os
import tempfile
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples" / "rider_photos" / "photos"


def example(name):
    """The bytes of a sample photo."""
    return (EXAMPLES / name).read_bytes()


def opened(data):
    """A descriptor of a file with these bytes and their MD5, as S3 gives them."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return os.dup(file.fileno()), hashlib.md5(data).hexdigest()


def encoded(image, kind, **options):
    """A Pillow image as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def portrait(size=None):
    """The portrait of Eileen Collins as a Pillow image."""
    image = Image.open(EXAMPLES / "1_collins.jpg").convert("RGB")
    return image.resize(size) if size else image
