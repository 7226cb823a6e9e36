"""`asl-local run` on a terminal: the tree while it goes on, what stays, and what the terminal is like afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from asl_local.interfaces import cli

pytest.importorskip("rich")

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Work", "End": True}
RETRIED = {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600}]}
# A shell's background jobs are started with SIGINT ignored, and so is whatever they start.
START = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from asl_local.interfaces.cli import main
main()
"""
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
RESOURCES = """
import threading

def work(event):
    print("the handler's own words")
    open({gate!r}).close()  # until the test opens it, too
    return event

def fail(event):
    raise OSError("not now")

def hang(event):
    threading.Event().wait()

RESOURCES = {{"Work": {function}}}
"""


class Shell:
    """The command with standard error on a terminal of 100 columns; `seen` is what that has shown."""

    def __init__(self, tmp_path: Path, master: int) -> None:
        self.folder, self.gate, self._master = tmp_path, tmp_path / "gate", master
        self.seen = ""
        self.process: subprocess.Popen[str]

    def start(self, slave: int, function: str, *options: str, state: Any = TASK, **environment: str) -> None:
        os.mkfifo(self.gate)
        (self.folder / "m.asl.json").write_text(json.dumps({"StartAt": "Work", "States": {"Work": state}}), "utf-8")
        (self.folder / "tasks.py").write_text(RESOURCES.format(gate=str(self.gate), function=function), "utf-8")
        unwanted = ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "run", "m.asl.json", "--resources", "tasks.py", "--name", "one", *options],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave, text=True,
            env={**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment},
        )  # fmt: skip
        os.close(slave)

    def until(self, words: str) -> None:
        """Read on until the terminal has shown this."""
        while words not in self.seen:
            assert self._read(), f"ended without {words!r}: {self.seen}"

    def ended(self) -> tuple[int, str]:
        """Its exit code and standard output."""
        while self._read():
            pass
        stream: IO[str] | None = self.process.stdout
        assert stream is not None
        with stream:
            output = stream.read()
        return self.process.wait(), output

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 4096)
        except OSError:  # Linux: nobody has the other end any more
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)


@pytest.fixture
def pseudo_terminal() -> Iterator[tuple[int, int]]:
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    import fcntl
    import struct

    try:
        master, slave = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminals here")
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    yield master, slave
    for each in (master, slave):
        with contextlib.suppress(OSError):
            os.close(each)


@pytest.fixture
def shell(tmp_path: Path, pseudo_terminal: tuple[int, int]) -> Iterator[Any]:
    made = Shell(tmp_path, pseudo_terminal[0])

    def start(function: str, *options: str, **more: Any) -> Shell:
        made.start(pseudo_terminal[1], function, *options, **more)
        return made

    yield start
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    if made.process.stdout is not None:
        made.process.stdout.close()


def test_a_terminal_shows_the_tree_and_standard_output_has_the_result_only(shell: Any) -> None:
    at = shell("work", "--input", '{"a": 1}')
    at.until("the handler's own words\r\n")
    at.until("● ")
    at.gate.open("w").close()
    code, output = at.ended()
    assert (code, output) == (0, '{\n  "a": 1\n}\n')
    assert "RUNNING" in at.seen
    last = at.seen[at.seen.rindex("SUCCEEDED") :]
    assert "✓" in last
    assert at.seen.count(HIDE) == 1
    assert SHOW in last


def test_a_retry_counts_down_and_ctrl_c_ends_tidily(shell: Any) -> None:
    at = shell("fail", "--root", "data", state=RETRIED)
    at.until("again in ")
    at.process.send_signal(signal.SIGINT)
    code, output = at.ended()
    assert (code, output) == (130, "")
    assert "attempt 1 of 4 failed, again in 1 h 0 min: OSError" in at.seen
    assert at.seen.rindex(SHOW) > at.seen.rindex("ABORTED") > at.seen.rindex("RUNNING")
    assert at.seen.rstrip().endswith("(asl-local history one --root data shows how far it came)")
    record = json.loads((at.folder / "data" / "executions" / "one.json").read_text("utf-8"))
    assert record["status"] == "ABORTED"


def test_ctrl_c_while_a_handler_is_at_work(shell: Any) -> None:
    at = shell("hang")
    at.until("● ")
    at.process.send_signal(signal.SIGINT)
    assert at.ended()[0] == 130, at.seen
    assert SHOW in at.seen[at.seen.rindex("ABORTED") :]


@pytest.mark.parametrize("progress", ["tree", "plain"])
def test_a_terminated_run_ends_as_tidily(shell: Any, progress: str) -> None:
    at = shell("fail", "--root", "data", "--progress", progress, state=RETRIED)
    at.until("again in ")
    at.process.send_signal(signal.SIGTERM)
    assert at.ended() == (143, "")
    assert at.seen.count(HIDE) == at.seen.count(SHOW) == (progress == "tree")
    assert "asl-local: terminated; execution one was aborted" in at.seen
    record = json.loads((at.folder / "data" / "executions" / "one.json").read_text("utf-8"))
    assert record["status"] == "ABORTED"


def test_virtual_time_leaves_the_tree(shell: Any) -> None:
    at = shell("fail", "--simulate", state=RETRIED)
    code, output = at.ended()
    assert (code, output) == (1, "")
    assert "FAILED" in at.seen
    assert "7 h 0 min of virtual time" in at.seen
    assert "4 attempts" in at.seen


def test_there_are_lines_where_a_machine_looks_on(shell: Any) -> None:
    at = shell("fail", "--simulate", state=RETRIED, CI="true")
    assert at.ended()[0] == 1
    assert "Work entered" in at.seen
    assert "Work attempt 1 of 4 failed: OSError: not now, again in 1 h 0 min" in at.seen
    assert "●" not in at.seen
    assert HIDE not in at.seen


def test_quiet_is_silent(shell: Any) -> None:
    at = shell("lambda event: event", "--quiet")
    code, output = at.ended()
    assert (code, output) == (0, "{}\n")
    assert at.seen == ""


# -- without a terminal ------------------------------------------------------------------------------------------------


@pytest.fixture
def definition(tmp_path: Path) -> str:
    file = tmp_path / "m.asl.json"
    file.write_text('{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}', "utf-8")
    return str(file)


def test_without_a_terminal_there_are_lines(
    definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", definition, "--root", str(tmp_path)]) == 0
    assert [line[12:] for line in capsys.readouterr().err.splitlines()] == [
        "A entered",
        "A left",
        "execution succeeded",
    ]


@pytest.mark.parametrize("option", ["--quiet", "--progress=none"])
def test_silence(definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert cli.main(["run", definition, "--root", str(tmp_path), option]) == 0
    assert capsys.readouterr() == ("{}\n", "")


def test_without_a_terminal_a_tree_that_was_asked_for_comes_in_the_end(
    definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", definition, "--root", str(tmp_path), "--name", "one", "--simulate", "--progress", "tree"]
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("{}\n", "m  one  SUCCEEDED\n└─ ✓ A\n")


def test_a_tree_without_what_draws_it_is_refused_before_anything_runs(
    definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert cli.main(["run", definition, "--root", str(tmp_path), "--progress", "tree"]) == 2
    assert capsys.readouterr().err == "asl-local: the tree needs rich: pip install 'asl-local[terminal]'\n"
    assert not (tmp_path / "executions").exists()
