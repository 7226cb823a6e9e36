"""`asl-local bounds`: exit codes, text and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asl_local.interfaces import cli

CALL = {
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:call", "TimeoutSeconds": 5,
            "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 10, "MaxAttempts": 2}], "End": True,
        },
    },
}  # fmt: skip


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    Path("call.asl.json").write_text(json.dumps(CALL), "utf-8")
    Path("hasty.asl.json").write_text(json.dumps({**CALL, "TimeoutSeconds": 20}), "utf-8")
    Path("tasks.py").write_text('RESOURCES = {"call": lambda event: event}\n', "utf-8")

    def go(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["bounds", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return go


def test_nothing_to_warn_of(call: Any) -> None:
    code, out, err = call("call.asl.json")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "call, STANDARD: what the definition says, every retry used",
        "  seconds  at most 45 s",
        "  events   at most 13",
        "  longest  Call",
        "no warnings",
    ]


def test_a_warning_is_exit_code_1(call: Any) -> None:
    code, out, err = call("hasty.asl.json")
    assert (code, err) == (1, "")
    assert "warning TIMEOUT_BELOW_RETRIES at /States/Call/Retry, line 1:" in out
    assert "seconds  at most 20 s, the time limit; without it at most 45 s" in out


def test_explored_runs(call: Any) -> None:
    code, out, _ = call("call.asl.json", "--resources", "tasks.py", "--input", "{}", "--root", "r")
    assert code == 0
    assert "explored runs, complete, at most 1 fault\n  seconds  45 s\n" in out
    assert "with Call: States.Timeout, always" in out
    code, out, _ = call("call.asl.json", "--resources", "tasks.py", "--faults", "0", "--root", "r")
    assert "  seconds  0 s\n" in out


def test_as_json(call: Any) -> None:
    code, out, _ = call("hasty.asl.json", "--format", "json")
    answer = json.loads(out)
    assert code == 1
    assert (answer["limitSeconds"], answer["seconds"]["known"], answer["events"]["known"]) == (20, 45, 13)
    assert [each["code"] for each in answer["warnings"]] == ["TIMEOUT_BELOW_RETRIES"]
    assert answer["warnings"][0]["path"] == "/States/Call/Retry"
    assert "explored" not in answer
    _, out, _ = call("call.asl.json", "--resources", "tasks.py", "--format", "json", "--root", "r")
    assert json.loads(out)["explored"]["seconds"]["most"] == 45


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.asl.json"], "there is no such file"),
        (["tasks.py"], "tasks.py"),
        (["call.asl.json", "--input", "{}", "--root", "r"], "call"),
        (["call.asl.json", "--input", "{"], "--input"),
    ],
)
def test_what_cannot_be_carried_out(call: Any, arguments: list[str], said: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert said in err
