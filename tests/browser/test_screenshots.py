"""README's pictures: the command that makes them works, and they show what they are to show."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys

import pytest

from asl_local.reporters.graph.outline import outline
from asl_local.reporters.graph.svg import svg


def test_the_command_makes_all_that_readme_shows(chromium, project, tmp_path):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("cv2")
    command = [sys.executable, str(project / "scripts" / "make_screenshots.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    readme = (project / "README.md").read_text("utf-8")
    made = {path.name for path in tmp_path.iterdir()}
    assert made == set(re.findall(r"docs/images/((?:map|batch)[\w-]+\.png)", readme))
    assert len(made) == 4
    for name in made:
        kept = project / "docs" / "images" / name
        assert kept.stat().st_size < 300_000
        for path in (kept, tmp_path / name):
            with image.open(path) as opened:
                assert opened.width > 1000
                dark = opened.convert("L").resize((1, 1)).getpixel((0, 0)) < 128
                assert dark == ("dark" in name)


def test_the_map_machine_has_the_structure_of_the_workshops_picture(browser_page, project):
    definition = json.loads((project / "definitions" / "6-dynamic-parallelism.asl.json").read_text("utf-8"))
    page = browser_page(f"<!DOCTYPE html><html lang=en><title>Map</title>{svg(outline(definition), title='Map')}")
    at = "/States/DynamicParallelProcessing"

    def box(pointer):
        return page.locator(f'.state[data-pointer="{pointer}"] > .shape').last.bounding_box()

    def below(upper, lower):
        return upper["y"] + upper["height"] < lower["y"]

    def inside(inner, outer):
        return (
            outer["x"] < inner["x"] and inner["x"] + inner["width"] < outer["x"] + outer["width"]
            and outer["y"] < inner["y"] and inner["y"] + inner["height"] < outer["y"] + outer["height"]
        )  # fmt: skip

    dots = [page.locator(f"svg > .block > .dot.{kind}").bounding_box() for kind in ("start", "end")]
    around = box(at)
    assert page.locator(f'.state[data-pointer="{at}"] > .shape').count() == 3  # a stack
    assert below(dots[0], around)
    assert below(around, dots[1])
    names = ["FaceDetection", "CheckFaceDuplicate", "ParallelProcessing", "PersistMetadata"]
    chain = [box(f"{at}/Iterator/States/{name}") for name in names]
    aside = box(f"{at}/Iterator/States/PhotoDoesNotMeetRequirement")
    assert all(inside(each, around) for each in [*chain, aside])
    assert all(below(upper, lower) for upper, lower in itertools.pairwise(chain))
    branches = [box(f"{at}/Iterator/States/ParallelProcessing/Branches/{n}/States/{name}")
                for n, name in enumerate(["AddFaceToIndex", "Thumbnail"])]  # fmt: skip
    assert all(inside(each, chain[2]) for each in branches)
    assert branches[0]["y"] == branches[1]["y"]
    assert page.locator(".edge.catch").count() == 2
