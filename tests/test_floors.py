"""The floors: imports go one way, the core stays pure, the rooms stay small, the page shows the tree as it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "asl_local"

FLOORS = [
    "lazy", "errors", "values", "language", "definition", "plan", "engine", "drivers", "services", "resources", "reporters",
    "testing", "mock", "strategies", "interfaces", "__init__",
]  # fmt: skip

# What the core must never touch: clocks, chance, the outside world, concurrency.
FORBIDDEN_IN_ENGINE = {
    "asyncio", "concurrent", "multiprocessing", "os", "pathlib", "queue", "random", "secrets", "select", "socket",
    "subprocess", "tempfile", "threading", "time", "uuid",
}  # fmt: skip

# Loaded only by those who use them.
HEAVY = {
    "PIL",
    "_pytest",
    "cv2",
    "hypothesis",
    "jsonpath_ng",
    "numpy",
    "pyarrow",
    "pytest",
    "rich",
    "tinydb",
    "yaml",
    "zstandard",
}

MODULES = sorted(SOURCE.rglob("*.py"))


def imports(tree: ast.Module, *, everywhere: bool = True) -> set[str]:
    """Dotted names of what a module imports; only at its top level unless `everywhere`."""
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor_of(path: Path) -> str:
    part = path.relative_to(SOURCE).parts[0]
    return part.removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_floor_imports_only_floors_above_it(path: Path) -> None:
    floor = floor_of(path)
    if floor == "__main__":
        pytest.skip("the door of `python -m` stands outside")
    allowed = FLOORS[: FLOORS.index(floor) + 1]
    for name in imports(ast.parse(path.read_text("utf-8"))):
        if name == "asl_local" or name.startswith("asl_local."):
            imported = name.split(".")[1] if name.count(".") else "__init__"
            target = imported if imported in FLOORS else "__init__"
            assert target in allowed, f"{floor} imports {name}"


@pytest.mark.parametrize("path", sorted((SOURCE / "engine").rglob("*.py")), ids=lambda p: p.name)
def test_the_core_is_pure(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(ast.parse(path.read_text("utf-8")))}
    assert not used & FORBIDDEN_IN_ENGINE


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if floor_of(p) != "services"],
    ids=lambda p: str(p.relative_to(SOURCE)),
)
def test_heavy_libraries_are_imported_only_when_used(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(ast.parse(path.read_text("utf-8")), everywhere=False)}
    # strategies/ is Hypothesis strategies and nothing else; who imports it has asked for Hypothesis (see the next test).
    own = {"hypothesis"} if floor_of(path) == "strategies" else set()
    # What pytest's plugin does is asked for by pytest's hooks; the door that every run of pytest imports is beside the
    # package.
    if "pytest_plugin" in path.parts:
        own = {"pytest"}
    assert not used & HEAVY - own


@pytest.mark.parametrize(
    "path", [p for p in MODULES if floor_of(p) != "strategies"], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_strategies_are_imported_only_when_used(path: Path) -> None:
    used = imports(ast.parse(path.read_text("utf-8")), everywhere=False)
    assert not [name for name in used if name.startswith("asl_local.strategies")]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_are_short_and_say_what_they_know(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 600, "over 600 lines: split it"
    heading = ast.get_docstring(ast.parse(text)) or ""
    assert heading, "a file opens with what it knows"
    if path.name not in ("__init__.py", "__main__.py"):
        assert re.search(r"[Mm]ust never know|Rule 2", heading), "and with what it must never know"


def test_rooms_are_small() -> None:
    for room in (p for p in SOURCE.rglob("*") if p.is_dir() and p.name not in ("__pycache__", "models")):
        files = [p for p in room.glob("*.py") if p.name != "__init__.py"]
        assert len(files) <= 10, f"{room.name} has {len(files)} files"


def test_the_architecture_page_shows_the_tree_as_it_is(project: Path) -> None:
    page = (project / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    block = page.split("```")[1]
    shown: set[str] = set()
    folders: list[tuple[int, str]] = []
    for line in block.splitlines()[2:]:  # after ```text and the package itself
        found = re.match(r"( *)([\w./]+?)(/?)(?:\s|$)", line)
        if not found:
            continue
        indent, name, folder = len(found[1]), found[2], found[3]
        folders = [entry for entry in folders if entry[0] < indent]
        path = "/".join([*(entry[1] for entry in folders), name])
        if folder:
            folders.append((indent, name))
        elif name.endswith(".py"):
            shown.add(path)
    actual = {str(p.relative_to(SOURCE)) for p in MODULES if p.name != "__init__.py"} | {"__init__.py"}
    assert shown == actual
