"""The command line where a standard stream is missing, and what `run` says before it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"t": "${Table}"}, "End": True}}}


def shell(tmp_path: Path, line: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "m.asl.json").write_text(json.dumps(MACHINE), "utf-8")
    command = f"{sys.executable} -m asl_local {line}"
    return subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, check=False, capture_output=True, text=True, env=dict(os.environ)
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams_are_no_error(tmp_path: Path, closed: str) -> None:
    done = shell(tmp_path, f"run m.asl.json --quiet {closed}")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_run_tells_the_warnings_of_the_definition(tmp_path: Path) -> None:
    done = shell(tmp_path, "run m.asl.json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"t": "${Table}"}
    assert "warning: 1:" in done.stderr
    assert "UNRESOLVED_SUBSTITUTION" in done.stderr
    assert "warning" not in shell(tmp_path, "run m.asl.json --quiet").stderr
