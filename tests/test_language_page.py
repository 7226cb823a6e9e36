"""docs/language.md: every claim names a test, and every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

from cases_runner import cases

REFERENCE = re.compile(r"`((?:check/)?\w+) › ([^`]+)`|`(tests/[\w/]+\.py)::(\w+)`")


def claims(project: Path) -> list[str]:
    """The list items of the page, each on one line."""
    page = (project / "docs" / "language.md").read_text("utf-8")
    page = re.sub(r"```.*?```|^\|.*?$", "", page, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(item.split()) for item in re.findall(r"^- .*?(?=\n\n|\n- |\Z)", page, re.DOTALL | re.MULTILINE)]


def test_every_claim_names_its_test(project: Path) -> None:
    found = claims(project)
    assert len(found) > 60
    assert [claim for claim in found if not REFERENCE.search(claim)] == []


def test_every_test_that_is_named_is_there(project: Path) -> None:
    there = {name.replace(": ", " › ", 1) for name, _ in cases()}
    for file in (project / "tests" / "definition" / "cases").glob("*.txt"):
        names = re.findall(r"^== (.*)$", file.read_text("utf-8"), re.MULTILINE)
        there |= {f"check/{file.stem} › {name.strip()}" for name in names}
    missing = []
    for claim in claims(project):
        for area, name, file, function in REFERENCE.findall(claim):
            if area and f"{area} › {name}" not in there:
                missing.append(f"{area} › {name}")
            elif file and f"def {function}(" not in (project / file).read_text("utf-8"):
                missing.append(f"{file}::{function}")
    assert missing == []
