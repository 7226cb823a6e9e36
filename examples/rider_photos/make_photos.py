"""Makes the sample photos out of two public-domain portraits and a CC0 photo of a cup; needs Pillow only.

    python examples/rider_photos/make_photos.py

reads 1_collins.jpg, 4_no_face.jpg and 6_hopper.jpg in photos/ (photos/PROVENANCE.md says where they are from) and
writes the others beside them, always the same. With `--wheels FOLDER`, a folder that holds the wheels of
scikit-image and matplotlib (`pip download --no-deps scikit-image matplotlib`), the three are made from these first.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageOps

PHOTOS = Path(__file__).with_name("photos")
QUALITY = 90
# The eyes in 1_collins.jpg, in pixels.
EYES = ((203.3, 101.4), (246.5, 103.8))
LENS = (14, 14, 18)
FRAME = (6, 6, 8)


def save(image: Image.Image, folder: Path, name: str) -> None:
    image.save(folder / name, quality=QUALITY)


def from_wheels(wheels: Path, folder: Path) -> None:
    """The three originals: a PNG re-encoded, a JPEG as it is, a PNG re-encoded."""
    collins = Image.open(io.BytesIO(member(wheels, "scikit_image-*.whl", "skimage/data/astronaut.png")))
    save(collins.convert("RGB"), folder, "1_collins.jpg")
    cup = Image.open(io.BytesIO(member(wheels, "scikit_image-*.whl", "skimage/data/coffee.png")))
    save(cup.convert("RGB"), folder, "4_no_face.jpg")
    hopper = member(wheels, "matplotlib-*.whl", "matplotlib/mpl-data/sample_data/grace_hopper.jpg")
    (folder / "6_hopper.jpg").write_bytes(hopper)


def member(wheels: Path, pattern: str, name: str) -> bytes:
    with zipfile.ZipFile(next(wheels.glob(pattern))) as wheel:
        return wheel.read(name)


def with_sunglasses(portrait: Image.Image) -> Image.Image:
    """Dark lenses over both eyes, a bridge and two temples, drawn four times as large and scaled down."""
    times = 4
    layer = Image.new("RGBA", (portrait.width * times, portrait.height * times))
    draw = ImageDraw.Draw(layer)
    (left, right), unit = EYES, EYES[1][0] - EYES[0][0]

    def at(eye: tuple[float, float], x: float, y: float) -> tuple[float, float]:
        return ((eye[0] + x * unit) * times, (eye[1] + y * unit) * times)

    for eye in EYES:
        box = [at(eye, -0.44, -0.28), at(eye, 0.44, 0.46)]
        draw.rounded_rectangle(box, radius=0.22 * unit * times, fill=(*LENS, 240), outline=(*FRAME, 255), width=6)
        glint = [at(eye, -0.26, -0.14), at(eye, -0.10, -0.06)]
        draw.ellipse(glint, fill=(190, 200, 210, 90))
    thick = round(0.07 * unit * times)
    draw.line([at(left, 0.42, -0.12), at(right, -0.42, -0.12)], fill=(*FRAME, 255), width=thick)
    draw.line([at(left, -0.42, -0.14), at(left, -0.66, -0.18)], fill=(*FRAME, 255), width=thick)
    draw.line([at(right, 0.42, -0.14), at(right, 0.60, -0.18)], fill=(*FRAME, 255), width=thick)
    glasses = layer.resize(portrait.size, Image.Resampling.LANCZOS)
    return Image.alpha_composite(portrait.convert("RGBA"), glasses).convert("RGB")


def two_people(one: Image.Image, other: Image.Image) -> Image.Image:
    """Both portraits, cut to head and shoulders, on one picture of 1000 x 500."""
    both = Image.new("RGB", (1000, 500))
    both.paste(one.crop((60, 0, 380, 320)).resize((500, 500), Image.Resampling.LANCZOS), (0, 0))
    both.paste(ImageOps.fit(other, (500, 500), centering=(0.5, 0.3)), (500, 0))
    return both


def mirrored_darker(portrait: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(ImageOps.mirror(portrait)).enhance(0.6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=Path, help="make the originals from the wheels in this folder first")
    parser.add_argument("--out", type=Path, default=PHOTOS, help="folder for the photos made; the originals stay")
    options = parser.parse_args()
    if options.wheels:
        from_wheels(options.wheels, PHOTOS)
    collins = Image.open(PHOTOS / "1_collins.jpg")
    hopper = Image.open(PHOTOS / "6_hopper.jpg")
    options.out.mkdir(parents=True, exist_ok=True)
    save(with_sunglasses(collins), options.out, "2_collins_sunglasses.jpg")
    save(two_people(collins, hopper), options.out, "3_two_people.jpg")
    save(mirrored_darker(collins), options.out, "5_collins_mirrored_darker.jpg")
    (options.out / "7_not_a_picture.jpg").write_text("This is a text file, whatever its name says.\n", encoding="utf-8")


if __name__ == "__main__":
    main()
