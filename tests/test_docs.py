"""The pages tell the truth: their code runs and prints what they say, their tables are the library's."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parent.parent
TESTED = PROJECT / "examples" / "rider_photos_tested" / "README.md"
PAGES = sorted({TESTED, *PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")})
_FENCE = re.compile(r"^```(\w*)(?: ([^\n]+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: where it stands (page:line), its language, its text, and the file it is to be saved as, if any."""

    where: str
    language: str
    text: str
    file: str = ""

    @property
    def page(self) -> str:
        return self.where.split(":")[0]


def blocks() -> list[Block]:
    found = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in _FENCE.finditer(text):
            where = f"{page.relative_to(PROJECT)}:{text[: block.start()].count(chr(10)) + 1}"
            found[where] = Block(where, block[1], block[3], block[2] or "")
    return list(found.values())


BLOCKS = blocks()
EXECUTED = {"python", "sh", "console"}
SHOWN = {"text", "json", "yaml", "mermaid", ""}
# A page on which a reader saves files is worked through from top to bottom, in one folder; other blocks stand alone.
WALKS = {block.page for block in BLOCKS if block.file}
ALONE = [block for block in BLOCKS if block.page not in WALKS]


def test_every_block_says_what_it_is() -> None:
    assert BLOCKS
    for where, language, _, file in BLOCKS:
        assert language in EXECUTED | SHOWN, f"{where}: a block of {language!r} is neither executed nor plain text"
        assert re.fullmatch(r"[\w./-]*", file), f"{where}: {file!r} is no file's name"


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the project's definitions and examples beside it."""
    for name in ("definitions", "examples"):
        (tmp_path / name).symlink_to(PROJECT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", [b for b in ALONE if b.language == "python"], ids=lambda block: block.where)
def test_python_blocks_run_and_print_what_they_say(block: Block, workplace: Path) -> None:
    run_python(block)


@pytest.mark.parametrize("block", [b for b in ALONE if b.language in ("sh", "console")], ids=lambda block: block.where)
def test_commands_work(block: Block, workplace: Path) -> None:
    run_commands(block, workplace)


@pytest.mark.parametrize("page", sorted(WALKS))
def test_a_page_with_files_can_be_worked_through(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # as `python` has it in a folder
    for name in [each.file.removesuffix(".py") for each in BLOCKS if each.page == page and each.file.endswith(".py")]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for block in [each for each in BLOCKS if each.page == page]:
        if block.file:
            (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.file).write_text(block.text, "utf-8")
        elif block.language == "python":
            run_python(block)
        elif block.language in ("sh", "console"):
            run_commands(block, tmp_path)


def run_python(block: Block) -> None:
    where, text = block.where, block.text
    # A block's output stands in it as comments that begin with "# -> ".
    expected = re.findall(r"#\s*-> (.*)", text)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), apart():
        exec(compile(text, where, "exec"), {"__name__": "__main__"})
    assert printed.getvalue().splitlines() == expected


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Python as a reader's is: the tests' own modules, which lie flat, hide none of an example's, nor the
    other way round.
    """
    path, modules = list(sys.path), dict(sys.modules)
    for name, module in modules.items():
        if (getattr(module, "__file__", None) or "").startswith(str(PROJECT / "tests")):
            del sys.modules[name]
    try:
        yield
    finally:
        sys.path[:] = path
        for name, module in list(sys.modules.items()):
            if name not in modules and str(PROJECT / "examples") in str(
                Path(getattr(module, "__file__", None) or "").resolve()
            ):
                del sys.modules[name]
        sys.modules.update(modules)


def run_commands(block: Block, workplace: Path) -> None:
    """In `sh` blocks every line is a command; in `console` blocks lines after `$ ` are, others are their output.

    In an output `...` stands for any text within a line, and alone on a line for any lines.
    """
    # What pytest tells its own workers is none of a command's business, though that may be another pytest.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["COLUMNS"] = "120"
    for command, expected in commands(block.text):
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
            assert done.returncode == 0, f"{block.where}: {line}\n{done.stdout}\n{done.stderr}"
        else:
            printed = (done.stdout + done.stderr).strip()
            if not says(printed, expected.strip()):
                assert printed == expected.strip(), f"{block.where}: {line}"


def says(printed: str, expected: str) -> bool:
    lines = [re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r" *\n" for line in expected.splitlines()]
    pattern = "".join(r"(?:.*\n)*?" if line == r".* *\n" else line for line in lines)
    return re.fullmatch(pattern, printed + "\n") is not None


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("1 passed in 0.02s", "1 passed in ...s", True),
        ("1 failed in 0.02s", "1 passed in ...s", False),
        ("a\nb\nc\nd", "a\n...\nd", True),
        ("a\nd", "a\n...\nd", True),
        ("a\nb\nc", "a\n...", True),
        ("a\nb\nc", "a\n...\nd", False),
        ("axb", "a.b", False),
    ],
)
def test_an_ellipsis_stands_for_any_text(printed: str, expected: str, same: bool) -> None:
    assert says(printed, expected) is same


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
