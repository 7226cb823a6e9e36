"""Makes README's pictures of graphs and pages: the workshop's Map machine as it is drawn, and the report of its batch.

Knows: the photo workflow, which it runs here and now on the sample photos, and Chromium. Must never know: how a graph is
drawn or what a report shows. `python scripts/make_screenshots.py [FOLDER]` writes docs/images/*.png (or into FOLDER), each
light and dark; Chromium is looked for by its usual names, or ASL_LOCAL_CHROMIUM names it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = PROJECT / "examples" / "rider_photos"
DEFINITION = PROJECT / "definitions" / "6-dynamic-parallelism.asl.json"
TARGET = PROJECT / "docs" / "images"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SHARPNESS = 1.75  # device pixels per CSS pixel
COLOURS = 256
LARGEST = 300_000
"""Bytes that a picture may have."""

sys.path[:0] = [str(PROJECT / "src"), str(EXAMPLE)]

import functions  # noqa: E402 - the example's own modules, found where they lie
import setup  # noqa: E402

import asl_local  # noqa: E402


def machine() -> asl_local.Machine:
    """The workshop's Map machine."""
    return asl_local.load(DEFINITION)


def finished_batch(root: Path) -> tuple[asl_local.Result, Any]:
    """The batch of sample photos, run in real time, and the local world in which its pictures lie."""
    aws = asl_local.LocalAWS(root)
    setup.make(aws)
    setup.upload(aws, setup.pictures(setup.SAMPLES))
    given = json.loads((EXAMPLE / "inputs" / "batch.json").read_text("utf-8"))
    workflow = machine()
    identity = workflow.identity("six-riders")
    return workflow.run(given, asl_local.Resources(functions.resources(aws), aws=aws), identity=identity), aws


def graph(page: Page) -> bytes:
    """The picture of the machine, and nothing around it."""
    return page.locator("svg").screenshot()


def report(page: Page) -> bytes:
    """The report below its head: the graph of all photos, what detection made of the first one, iterations and time."""
    page.locator('#graph .state[data-pointer$="/States/FaceDetection"]').click()
    page.get_by_label("Visit", exact=True).fill("1")
    page.keyboard.press("Enter")
    page.locator("#state img").first.wait_for()
    page.mouse.move(0, 0)
    first, last = page.locator("#graph").bounding_box(), page.locator("#timeline").bounding_box()
    if not first or not last:
        sys.exit("make_screenshots: the report has no graph, or no timeline")
    top = first["y"] + page.evaluate("scrollY") - 12
    bottom = last["y"] + last["height"] + page.evaluate("scrollY") + 12
    clip: FloatRect = {"x": 0, "y": top, "width": 1280, "height": bottom - top}
    return page.screenshot(full_page=True, clip=clip)


PICTURES: dict[str, tuple[Callable[[Page], bytes], int, int]] = {
    "map-machine": (graph, 900, 1000),
    "batch-report": (report, 1280, 900),
}
"""Name -> what takes it, and the width and height of the window in CSS pixels."""


def chromium() -> str:
    """A Chromium's path."""
    names = [named] if (named := os.environ.get("ASL_LOCAL_CHROMIUM")) else NAMES
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sys.exit(f"make_screenshots: there is no {' or '.join(names)} here; ASL_LOCAL_CHROMIUM can name one")
    return found


def taken(browser: Browser, pages: dict[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Every picture in light and dark: its file's name, and a PNG."""
    for name, (take, width, height) in PICTURES.items():
        for suffix, scheme in (("", "light"), ("-dark", "dark")):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                device_scale_factor=SHARPNESS,
                color_scheme=scheme,  # type: ignore[arg-type]
                offline=True,
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.goto(pages[name].as_uri())
            yield f"{name}{suffix}.png", take(page)
            context.close()


def small(png: bytes) -> bytes:
    """The picture with few colours, which is all that such pages have."""
    kept = io.BytesIO()
    with Image.open(io.BytesIO(png)) as opened:
        opened.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            kept, "PNG", optimize=True
        )
    return kept.getvalue()


def main() -> int:
    """The command."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        pages = {"map-machine": root / "graph.html", "batch-report": root / "report.html"}
        pages["map-machine"].write_text(
            f'<!DOCTYPE html><meta charset="utf-8">{machine().to_svg()}', encoding="utf-8"
        )  # fmt: skip
        result, aws = finished_batch(root / "local")
        result.to_html(pages["batch-report"], aws=aws)
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
        for name, png in taken(browser, pages):
            data = small(png)
            if len(data) > LARGEST:
                sys.exit(f"make_screenshots: {name} would have {len(data):,} bytes; at most {LARGEST:,} are wanted")
            (target / name).write_bytes(data)
            print(f"{target / name}  {len(data):,} bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
