"""What is imported when: a start costs what it imports, so plain uses must not import what only others need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Somebody else's, or the standard library's slow ones.
LIBRARIES = (
    "PIL", "botocore", "cv2", "hypothesis", "jlens", "jsonata2py", "jsonpath_ng", "numpy", "pyarrow", "pytest", "rich",
    "tinydb", "yaml", "zstandard", "ast", "asyncio", "concurrent.futures", "csv", "dataclasses", "difflib", "email",
    "http", "importlib.metadata", "importlib.util", "inspect", "logging", "platform", "socket", "ssl", "subprocess",
    "tempfile", "tokenize", "uuid",
)  # fmt: skip
# Files and their formats: the command line needs paths, the library none.
FILES = ("gzip", "pathlib", "shutil", "urllib", "zipfile")
# Of ours: what is for other machines than the one that runs.
ROOMS = (
    "asl_local.definition.checks.integrations", "asl_local.definition.checks.jsonata",
    "asl_local.definition.checks.maps", "asl_local.definition.pieces", "asl_local.definition.resource_arns",
    "asl_local.definition.templates.cloudformation", "asl_local.definition.templates.documents", "asl_local.definition.templates.serverless",
    "asl_local.definition.yaml_text", "asl_local.interfaces.started", "asl_local.interfaces.stepfunctions",
    "asl_local.interfaces.test_state", "asl_local.interfaces.viewing", "asl_local.language.jsonata.expressions",
    "asl_local.language.jsonata.syntax", "asl_local.mock", "asl_local.reporters.graph", "asl_local.reporters.map_runs",
    "asl_local.reporters.report", "asl_local.resources.datasets", "asl_local.resources.executions",
    "asl_local.resources.inferred", "asl_local.resources.integrations.clients",
    "asl_local.resources.integrations.stand_ins", "asl_local.resources.map_io", "asl_local.resources.mocking",
    "asl_local.services.dynamodb", "asl_local.services.lambda_client", "asl_local.services.rekognition",
    "asl_local.services.s3", "asl_local.services.sns", "asl_local.services.sqs", "asl_local.strategies",
    "asl_local.testing",
)  # fmt: skip
TASKS = ("asl_local.services.lambda_", "asl_local.resources.integrations")  # what answers calls
# What a machine needs that calls, waits, fails, branches or has expressions; one Pass state does nothing of that.
ENGINE = (
    *(f"asl_local.drivers.{name}" for name in ("callbacks", "drive", "driver", "simulate", "threads", "virtual_loop")),
    *(f"asl_local.engine.{name}" for name in ("children", "failures", "map_runs", "patterns", "redrive", "snapshot", "states")),
    *(f"asl_local.language.{name}" for name in ("choice", "intrinsics", "jsonpath", "templates")),
    "asl_local.plan.distributed", "asl_local.plan.requests", "asl_local.resources.registry",
)  # fmt: skip

# What is read only where a definition is not plain, an execution not over at once, or somebody asks for more than an
# output.
SELDOM = (
    "typing", "threading", "asl_local.definition.checks.walk", "asl_local.definition.diagnostics",
    "asl_local.definition.grammar", "asl_local.definition.templates.filled", "asl_local.definition.templates.picking",
    "asl_local.engine.doors", "asl_local.interfaces.ways", "asl_local.language.generated", "asl_local.plan.dataflow",
    "asl_local.plan.states", "asl_local.reporters",
)  # fmt: skip

DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"ok": True}, "End": True}}}
CALL = "arn:aws:lambda:us-east-1:123456789012:function:double"
TASK = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": CALL, "End": True}}}
MACHINE = f"machine = asl_local.load({json.dumps(DEFINITION)!r});"
SEEN = "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"


def imported(script: str) -> set[str]:
    """The modules that a new process has after the script."""
    command = f"import json, sys; {script}; {SEEN}"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "script",
    [
        "asl_local.load",
        f"{MACHINE} assert machine.run({{}}).output == {{'ok': True}}",
        f"{MACHINE} assert machine.run({{}}, {{'f': id}}, limits=asl_local.Limits(events=None)).output == {{'ok': True}}",
        f"{MACHINE} assert machine.simulate({{}}).output == {{'ok': True}}",
    ],
    ids=["import", "run", "run with functions", "simulate"],
)
def test_the_library_imports_what_is_used(script: str) -> None:
    seen = imported(f"import asl_local; {script}")
    assert "asl_local" in seen
    assert not seen & {*LIBRARIES, *ROOMS, *FILES, *TASKS, *ENGINE, *SELDOM}


def test_a_task_that_a_function_answers_needs_no_service() -> None:
    machine = f"machine = asl_local.load({json.dumps(TASK)!r})"
    seen = imported(f"import asl_local; {machine}; assert machine.run(2, {{'double': lambda n: n * 2}}).output == 4")
    checks = {"asl_local.definition.resource_arns", "asl_local.definition.checks.integrations"}
    assert not seen & ({*LIBRARIES, *ROOMS, *FILES, *TASKS[1:]} - checks)


def test_the_command_line_imports_what_the_command_needs(tmp_path: Path) -> None:
    file = tmp_path / "pass.asl.json"
    file.write_text(json.dumps(DEFINITION), "utf-8")
    seen = imported(
        f"from asl_local.interfaces.cli import main; main(['run', {str(file)!r}, '--root', {str(tmp_path / 'data')!r}])"
    )
    assert "asl_local.interfaces.cli_run" in seen
    shown = ("asl_local.interfaces.cli_show", "asl_local.reporters.live.watching", "asl_local.interfaces.aws")
    mine = ("asl_local.reporters", "typing", "threading")  # its events are shown and kept
    commands = (
        "asl_local.interfaces.commands.functions",
        "asl_local.interfaces.commands.testing",
        "asl_local.reporters.event_table",
    )
    assert not seen & {*ENGINE, *SELDOM} - {*mine}
    assert not seen & {*LIBRARIES, *ROOMS, *TASKS, *shown, *commands, "gzip", "shutil", "zipfile"}


def test_the_package_alone_imports_next_to_nothing() -> None:
    ours = {name for name in imported("import asl_local") if name.split(".")[0] == "asl_local"}
    assert ours == {"asl_local", "asl_local.lazy"}


def test_the_door_of_the_pytest_plugin_does_not_import_the_library() -> None:
    assert not [name for name in imported("import _asl_local_pytest") if name.split(".")[0] == "asl_local"]


def test_what_is_not_imported_yet_is_there_all_the_same() -> None:
    import asl_local

    assert set(asl_local.__all__) <= set(dir(asl_local))
    assert all(getattr(asl_local, name) is not None for name in asl_local.__all__)
    with pytest.raises(AttributeError, match=r"module 'asl_local' has no attribute 'laod'"):
        asl_local.laod  # noqa: B018
