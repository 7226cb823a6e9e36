"""docs/language.md and docs/validation.md: claims name tests, and every test that they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cases_runner import cases

REFERENCE = re.compile(r"`((?:check/)?\w+) › ([^`]+)`|`(tests/[\w/]+\.py)::(\w+)`")


def text_of(project: Path, page: str) -> str:
    """A page without its blocks of code and its tables."""
    text = (project / "docs" / page).read_text("utf-8")
    return re.sub(r"```.*?```|^\|.*?$", "", text, flags=re.DOTALL | re.MULTILINE)


def claims(project: Path) -> list[str]:
    """The list items of the page on the language, each on one line."""
    page = text_of(project, "language.md")
    return [" ".join(item.split()) for item in re.findall(r"^- .*?(?=\n\n|\n- |\Z)", page, re.DOTALL | re.MULTILINE)]


def test_every_claim_names_its_test(project: Path) -> None:
    found = claims(project)
    assert len(found) > 60
    assert [claim for claim in found if not REFERENCE.search(claim)] == []


@pytest.mark.parametrize("page", ["language.md", "validation.md"])
def test_every_test_that_is_named_is_there(page: str, project: Path) -> None:
    there = {name.replace(": ", " › ", 1) for name, _ in cases()}
    for file in (project / "tests" / "definition" / "cases").glob("*.txt"):
        names = re.findall(r"^== (.*)$", file.read_text("utf-8"), re.MULTILINE)
        there |= {f"check/{file.stem} › {name.strip()}" for name in names}
        there |= {f"check/{file.stem} › {name.partition(' [')[0].strip()}" for name in names}
    found = REFERENCE.findall(" ".join(text_of(project, page).split()))
    missing = []
    for area, name, file, function in found:
        if area and f"{area} › {name}" not in there:
            missing.append(f"{area} › {name}")
        elif file and f"def {function}(" not in (project / file).read_text("utf-8"):
            missing.append(f"{file}::{function}")
    assert found
    assert missing == []
