"""pytest for tests of tests: with the plugin, and with no other one that happens to be installed.

It runs in this process, as pytester does it, and where that matters in one of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "src"
DOOR = "_asl_local_pytest"
ON_CI = ("CI", "BUILD_NUMBER")  # where either is set, pytest writes a failure's text a second time, uncut, at the end

_HEADING = re.compile(r"([-=_!])\1+ .+ \1+")

ORDERS = """\
import asl_local

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
ORDERS = {
    "StartAt": "Orders",
    "States": {
        "Orders": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Charge",
                "States": {"Charge": {"Type": "Task", "Resource": LAMBDA + "charge", "End": True}},
            },
            "Next": "Rest",
        },
        "Rest": {"Type": "Wait", "Seconds": 3, "End": True},
    },
}


def charge(amount):
    if amount < 0:
        raise asl_local.StateError("TooSmall", f"{amount} is no amount")
    return {"paid": amount}


def simulate(*amounts, **rest):
    return asl_local.load(ORDERS, name="Orders").simulate(list(amounts), {"charge": charge}, **rest)
"""
"""A module `orders` for the tests of tests."""


class Project:
    """A folder with tests, and pytest for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("pytest.ini", "[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
        self.write("orders.py", ORDERS)

    def write(self, name: str, text: str) -> Path:
        """A file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def pytest(self, *arguments: str) -> Run:
        """pytest there, in this process. Every warning is an error, and only our plugin is loaded."""
        output, errors = io.StringIO(), io.StringIO()
        mine = {file.stem for file in self.folder.rglob("*.py")}
        hidden = {name: sys.modules.pop(name) for name in mine & set(sys.modules)}  # others' modules of the same names
        modules, path, finders = set(sys.modules), list(sys.path), list(sys.meta_path)
        ours = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS", "COLUMNS", *ON_CI)
        kept = {name: os.environ.pop(name, None) for name in ours}
        os.environ.update({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "COLUMNS": "150"})
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                code = pytest.main(["-p", "no:cacheprovider", "-p", DOOR, *arguments])
        finally:
            for name, value in kept.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
            for name in set(sys.modules) - modules:
                if str(getattr(sys.modules[name], "__file__", None)).startswith(str(self.folder)):
                    del sys.modules[name]
            sys.modules.update(hidden)
            sys.path[:], sys.meta_path[:] = path, finders
        return Run(int(code), output.getvalue(), errors.getvalue())

    def pytest_apart(self, *arguments: str, plugins: tuple[str, ...] = (DOOR,), **environment: str) -> Run:
        """`python -m pytest` there, with these plugins only."""
        outer = {name: value for name, value in os.environ.items() if name not in ON_CI}
        given = {**outer, "PYTHONPATH": str(SOURCE), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment}
        given |= {"PYTEST_ADDOPTS": "", "COLUMNS": "150"}
        named = [part for plugin in plugins for part in ("-p", plugin)]
        line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *named, *arguments]
        done = subprocess.run(line, cwd=self.folder, env=given, capture_output=True, text=True, check=False)
        return Run(done.returncode, done.stdout, done.stderr)


class Run:
    """What pytest said."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code, self.output, self.errors = code, output, errors

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.output}\n{self.errors}"

    def lines(self, beginning: str) -> list[str]:
        """The lines that begin like this, stripped."""
        return [line.strip() for line in self.output.splitlines() if line.strip().startswith(beginning)]

    def section(self, title: str) -> list[str]:
        """The lines below a heading such as `--- title ---`, until the next heading."""
        lines = self.output.splitlines()
        heads = [number for number, line in enumerate(lines) if _HEADING.fullmatch(line)]
        found = [at for at in heads if f" {title} " in lines[at]]
        assert found, f"no section {title!r} in: {self!r}"
        end = next((at for at in heads if at > found[0]), len(lines))
        return lines[found[0] + 1 : end]
