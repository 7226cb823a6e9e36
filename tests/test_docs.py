"""The pages tell the truth: their code runs and prints what they say, their tables are the library's."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    p for p in [PROJECT / "README.md", *PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")] if p.is_file()
)
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str, str]]:
    """(page and line, language, text) of every fenced block."""
    found = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in _FENCE.finditer(text):
            where = f"{page.relative_to(PROJECT)}:{text[: block.start()].count(chr(10)) + 1}"
            found[where] = (where, block[1], block[2])
    return list(found.values())


BLOCKS = blocks()
EXECUTED = {"python", "sh", "console"}
SHOWN = {"text", "json", "yaml", "mermaid", ""}


def test_every_block_says_what_it_is() -> None:
    assert BLOCKS
    for where, language, _ in BLOCKS:
        assert language in EXECUTED | SHOWN, f"{where}: a block of {language!r} is neither executed nor plain text"


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the project's definitions and examples beside it."""
    for name in ("definitions", "examples"):
        (tmp_path / name).symlink_to(PROJECT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("where", "text"), [(w, t) for w, language, t in BLOCKS if language == "python"], ids=lambda v: v[:60]
)
def test_python_blocks_run_and_print_what_they_say(where: str, text: str, workplace: Path) -> None:
    # A block's output stands in it as comments that begin with "# -> ".
    expected = re.findall(r"#\s*-> (.*)", text)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, where, "exec"), {"__name__": "__main__"})
    assert printed.getvalue().splitlines() == expected


@pytest.mark.parametrize(
    ("where", "text"), [(w, t) for w, language, t in BLOCKS if language in ("sh", "console")], ids=lambda v: v[:60]
)
def test_commands_work(where: str, text: str, workplace: Path) -> None:
    """In `sh` blocks every line is a command; in `console` blocks lines after `$ ` are, others are their output."""
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["COLUMNS"] = "120"
    for command, expected in commands(text):
        steps = [step.strip() for step in command.split("&&")]
        # The environment they would make is the one that runs this test, and the tests are running already.
        steps = [s for s in steps if " -m venv " not in s and "pip install" not in s and " -m pytest" not in s]
        steps = [s for s in steps if not s.startswith(("git clone", "cd ", "make "))]
        if not steps:
            assert re.search(r"-m venv|pip install|-m pytest|git clone|make ", command), command
            continue
        line = " && ".join(steps).replace(".venv/bin/", "")
        done = subprocess.run(
            ["bash", "-c", line], check=False, cwd=workplace, env=environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        if expected is None:
            assert done.returncode == 0, f"{where}: {line}\n{done.stdout}\n{done.stderr}"
        else:
            assert (done.stdout + done.stderr).strip() == expected.strip(), f"{where}: {line}"


def commands(text: str) -> list[tuple[str, str | None]]:
    """The commands of a block and, in a console block, what each prints."""
    text = text.replace("\\\n", " ")
    if not re.search(r"^\$ ", text, re.MULTILINE):
        return [(line, None) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(part.split("\n", 1)[0], part.split("\n", 1)[1]) for part in parts]


def test_the_printed_tables_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / "print_docs.py"), "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run `make docs`"


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_and_every_extra_can_be_found_from_the_readme() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    for page in (PROJECT / "docs").glob("*.md"):
        assert f"](docs/{page.name})" in readme, page.name
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    listed = set(re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE))
    assert listed == extras.keys() - {"test", "dev"}


def test_the_readme_and_the_page_tell_the_same_score() -> None:
    tables = [
        (PROJECT / page).read_text("utf-8").split("<!-- conformance: kinds -->")[1].split("<!-- end -->")[0]
        for page in ("README.md", "docs/conformance.md")
    ]
    assert tables[0] == tables[1]


def test_links_to_a_section_find_it() -> None:
    def anchor(heading: str) -> str:  # as GitHub makes them
        return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")

    for page in PAGES:
        for target, section in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text("utf-8")):
            there = page.parent / target if target else page
            headings = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.MULTILINE)
            assert section in map(anchor, headings), f"{page.name} links to {target}#{section}"


def test_both_commands_stand_on_the_first_screen() -> None:
    first = "\n".join((PROJECT / "README.md").read_text("utf-8").splitlines()[:24])
    assert "examples/rider_photos/run.py" in first
    assert "-m pytest" in first
