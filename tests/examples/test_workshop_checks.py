"""The workshop's questions are answered by what is there, not by what should be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import asl_local

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "rider_photos" / "run.py"


def answer(root: Path, question: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--root", str(root)], check=False, capture_output=True, text=True
    )
    return done.returncode, next(line for line in done.stdout.splitlines() if line.startswith(question))


def test_a_face_without_an_item_is_told(tmp_path: Path) -> None:
    assert answer(tmp_path, "Database")[0] == 0
    table = asl_local.LocalAWS(tmp_path).client("dynamodb")
    table.delete_item(TableName="RiderPhotos", Key={"Username": {"S": "collins"}})
    code, line = answer(tmp_path, "Database")
    assert code == 1
    assert "NO   collins is in the collection without an item" in line


def test_a_reader_that_goes_away_ends_it_as_in_any_pipe(tmp_path: Path) -> None:
    line = f"{sys.executable} {PROGRAM} --root {tmp_path} 2>&1 | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "141"
    assert "Traceback" not in done.stdout + done.stderr


def test_a_file_that_cannot_be_a_rider_is_named_and_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    try:
        (folder / os.fsdecode(b"bad\xff.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (folder / "notes.txt").write_bytes(b"x")
    (folder / "fine.jpg").write_bytes(b"x")
    command = [sys.executable, str(PROGRAM), "--root", str(tmp_path / "root"), "--photos", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "left out notes.txt" in done.stderr
    assert r"left out bad\udcff.jpg" in done.stderr
    assert "fine.jpg  refused" in done.stdout
