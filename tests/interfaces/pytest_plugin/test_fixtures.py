"""The fixtures asl_load, asl_aws and asl_executions; and that nobody notices the plugin who does not use it."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from pathlib import Path

import pytest
from inner_pytest import DOOR, SOURCE, Project

import asl_local

MACHINE = '{"StartAt": "%s", "States": {"%s": {"Type": "Pass", "End": true}}}'


def test_load_looks_beside_the_test_and_then_below_the_root(inner: Project) -> None:
    inner.write("deep/down/machines/beside.asl.json", MACHINE % ("Beside", "Beside"))
    inner.write("machines/beside.asl.json", MACHINE % ("Root", "Root"))
    inner.write("machines/root.asl.json", MACHINE % ("Root", "Root"))
    inner.write(
        "deep/down/test_load.py",
        """\
from pathlib import Path
import pytest

@pytest.fixture(scope="module")
def machine(asl_load):
    return asl_load("machines/beside.asl.json", name="Mine")

def test_beside(asl_load, machine):
    assert machine.name == "Mine" and machine.simulate().path == ["Beside"]
    assert asl_load(Path("machines/beside.asl.json"), name="Mine") is machine
    assert asl_load("machines/beside.asl.json").name == "beside"

def test_root(asl_load):
    assert asl_load("machines/root.asl.json").simulate().path == ["Root"]

def test_text_and_dict(asl_load):
    text = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
    assert asl_load(text).simulate().path == asl_load(__import__("json").loads(text)).simulate().path == ["A"]

def test_nowhere(asl_load):
    with pytest.raises(FileNotFoundError, match="did you mean beside.asl.json"):
        asl_load("machines/besides.asl.json")
""",
    )
    run = inner.pytest("deep")
    assert run.code == 0, run


def test_aws_is_a_folder_of_the_test(inner: Project) -> None:
    inner.write(
        "test_aws.py",
        """\
def test_one(asl_aws, tmp_path):
    asl_aws.client("s3").create_bucket(Bucket="photos")
    assert (tmp_path / "aws" / "s3" / "photos").is_dir()

def test_another_has_another(asl_aws):
    assert asl_aws.client("s3").list_buckets()["Buckets"] == []
""",
    )
    assert inner.pytest().code == 0


def test_executions_are_all_that_the_test_runs_as_they_come(inner: Project) -> None:
    inner.write(
        "test_orders.py",
        """\
from orders import simulate

def test_it(asl_executions):
    assert list(asl_executions) == []
    first = simulate(1)
    assert asl_executions[0] == first
    for amount in range(40):
        simulate(amount, -1)
    assert len(asl_executions) == 41
    assert {each.status for each in asl_executions[1:]} == {"FAILED"}
    assert "41 executions" in repr(asl_executions)
""",
    )
    run = inner.pytest()
    assert run.code == 0, run


def test_hypothesis_takes_asl_load_and_is_right_about_asl_aws(inner: Project) -> None:
    """A fixture that lives as long as one test is no fixture for a hundred examples; that of a module is."""
    inner.write("a.asl.json", MACHINE % ("A", "A"))
    inner.write(
        "test_given.py",
        """\
from hypothesis import given, settings, strategies as st

@settings(max_examples=3, database=None)
@given(n=st.integers())
def test_loaded(asl_load, n):
    assert asl_load("a.asl.json").simulate(n).output == n

@settings(max_examples=3, database=None)
@given(n=st.integers())
def test_aws(asl_aws, n):
    pass
""",
    )
    run = inner.pytest_apart(plugins=(DOOR, "_hypothesis_pytestplugin"))
    assert run.lines("FAILED")[0].startswith("FAILED test_given.py::test_aws - hypothesis.errors.FailedHealthCheck")
    assert "1 failed, 1 passed" in run.output


class TestSilence:
    def test_the_door_imports_pytest_and_the_standard_library(self) -> None:
        tree = ast.parse((SOURCE / f"{DOOR}.py").read_text("utf-8"))
        names = {
            (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name.split(".")[0]
            for node in tree.body
            if isinstance(node, (ast.Import, ast.ImportFrom))
        }
        assert names - {"pytest"} <= sys.stdlib_module_names

    def test_a_run_without_it_imports_nothing_and_says_nothing(self, inner: Project) -> None:
        inner.write(
            "test_other.py",
            "import sys\n\ndef test_it():\n"
            "    assert not [name for name in sys.modules if name.split('.')[0] in ('asl_local', 'yaml')]\n",
        )
        run = inner.pytest_apart("-rA", "-q")
        assert run.code == 0, run
        assert "asl" not in run.output.replace(str(inner.folder), "")

    def test_the_same_output_as_without_the_plugin(self, inner: Project) -> None:
        inner.write("test_orders.py", "from orders import simulate\n\ndef test_it():\n    assert simulate(1).output\n")
        outputs = {
            inner.pytest_apart("-q", "--durations=0", "--durations-min=99", plugins=p).output.split(" in ")[0]
            for p in ((DOOR,), ())
        }
        assert len(outputs) == 1

    def test_the_package_is_imported_as_it_is_although_it_comes_with_a_plugin(self, inner: Project) -> None:
        inner.write("installed/x-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: x\nVersion: 1\n")
        inner.write("installed/x-1.dist-info/entry_points.txt", f"[pytest11]\nasl_local = {DOOR}\n")
        inner.write("installed/x-1.dist-info/RECORD", f"asl_local/__init__.py,,\n{DOOR}.py,,\nx/__init__.py,,\n")
        inner.write("installed/x/__init__.py", "")
        inner.write(
            "test_loaders.py",
            "import asl_local, asl_local.values, x\n\ndef test_it():\n"
            "    assert {type(module.__loader__).__name__ for module in (asl_local, asl_local.values)} == {'SourceFileLoader'}\n"
            "    assert type(x.__loader__).__name__ == 'AssertionRewritingHook'\n",
        )
        path = os.pathsep.join([str(inner.folder / "installed"), str(SOURCE)])
        run = inner.pytest_apart(plugins=(), PYTEST_DISABLE_PLUGIN_AUTOLOAD="", PYTHONPATH=path)
        assert run.code == 0, run

    def test_whoever_has_imported_the_package_before_is_not_warned(self, inner: Project) -> None:
        from _pytest.assertion.rewrite import AssertionRewriter

        for module in (asl_local, importlib.import_module(DOOR)):
            assert AssertionRewriter.is_rewrite_disabled(module.__doc__ or "")

    def test_everything_is_lazy_for_the_modules_behind_the_door_too(self) -> None:
        room = SOURCE / "asl_local" / "interfaces" / "pytest_plugin"
        importing = {path.name for path in room.rglob("*.py") if "import pytest" in path.read_text("utf-8")}
        assert importing == {"plugin.py", "items.py"}

    @pytest.mark.parametrize("option", ["--fixtures", "--help"])
    def test_it_is_listed_where_people_look(self, inner: Project, option: str) -> None:
        output = inner.pytest(option).output
        for name in (
            ("asl_load", "asl_aws", "asl_executions", "asl_snapshot")
            if option == "--fixtures"
            else ("--asl-snapshot-update",)
        ):
            assert name in output
        assert "no docstring" not in output


def test_a_file_says_which_plugin_it_is() -> None:
    pyproject = (Path(SOURCE).parent / "pyproject.toml").read_text("utf-8")
    assert f'asl_local = "{DOOR}"' in pyproject
