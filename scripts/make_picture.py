"""Makes README's picture: the sample photos, each with what the workflow said of it.

Knows: the photos, and the table that examples/rider_photos/run.py prints when it is run here and now. Must never know:
a verdict. `python scripts/make_picture.py` writes docs/images/riders.png.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = PROJECT / "examples" / "rider_photos"
TARGET = PROJECT / "docs" / "images" / "riders.png"

TILE, CAPTION, GAP = 190, 74, 12
PAPER, INK, GREEN, RED = "#ffffff", "#24292f", "#1a7f37", "#cf222e"


def verdicts() -> list[tuple[str, str, str]]:
    """(photo, verdict, reason), read off the table of a fresh run."""
    with tempfile.TemporaryDirectory() as root:
        command = [sys.executable, str(EXAMPLE / "run.py"), "--root", root]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = printed.split("\n\n", 1)[0].splitlines()
    starts = [lines[0].index(column) for column in ("PHOTO", "VERDICT", "REASON", "MS")]
    found = []
    for line in lines[1:]:
        reason = re.sub(r"\s*\d*$", "", line[starts[2] :])  # the milliseconds end the line
        found.append((line[: starts[1]].strip(), line[starts[1] : starts[2]].strip(), reason.strip()))
    return found


def tile(photo: str, verdict: str, reason: str) -> Image.Image:
    """One photo with its caption."""
    picture = Image.new("RGB", (TILE, TILE + CAPTION), PAPER)
    draw = ImageDraw.Draw(picture)
    try:
        with Image.open(EXAMPLE / "photos" / photo) as opened:
            picture.paste(
                ImageOps.pad(ImageOps.exif_transpose(opened).convert("RGB"), (TILE, TILE), color=PAPER), (0, 0)
            )
    except OSError:
        draw.rectangle((0, 0, TILE - 1, TILE - 1), outline=INK)
        draw.text((TILE // 2, TILE // 2), "not a picture", INK, ImageFont.load_default(16), anchor="mm")
    colour = GREEN if verdict == "accepted" else RED
    draw.rectangle((0, TILE, TILE, TILE + 4), fill=colour)
    draw.text((2, TILE + 10), verdict, colour, ImageFont.load_default(17))
    font = ImageFont.load_default(12)
    words, lines = reason.split(), [""]
    for word in words:
        wider = f"{lines[-1]} {word}".strip()
        if draw.textlength(wider, font) <= TILE - 4:
            lines[-1] = wider
        else:
            lines.append(word)
    draw.text((2, TILE + 33), "\n".join(lines), INK, font)
    return picture


def main() -> int:
    """The command."""
    tiles = [tile(*each) for each in verdicts()]
    columns = 4
    rows = -(-len(tiles) // columns)
    sheet = Image.new(
        "RGB", (columns * (TILE + GAP) + GAP, rows * (TILE + CAPTION + GAP) + GAP), PAPER
    )  # fmt: skip
    for number, each in enumerate(tiles):
        row, column = divmod(number, columns)
        sheet.paste(each, (GAP + column * (TILE + GAP), GAP + row * (TILE + CAPTION + GAP)))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(192).save(TARGET, optimize=True)
    print(TARGET.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
