"""`asl-local replay`: exit codes, text and JSON."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local.interfaces import cli

DEFINITION = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Pass", "Result": 1, "ResultPath": "$.a", "Next": "B"},
        "B": {"Type": "Succeed"},
    },
}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command beside a history; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    events = asl_local.load(DEFINITION).simulate({}).history.to_aws()
    Path("history.json").write_text(json.dumps({"events": events}, default=str), "utf-8")
    Path("same.asl.json").write_text(json.dumps(DEFINITION), "utf-8")
    Path("other.asl.json").write_text(json.dumps(DEFINITION).replace("$.a", "$.b"), "utf-8")

    def go(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["replay", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return go


def test_it_agrees(call: Any) -> None:
    assert call("history.json", "same.asl.json", "--level", "exact") == (
        0, "history.json, 6 events, with same.asl.json: agrees (exact), SUCCEEDED\n", "",
    )  # fmt: skip


def test_it_diverges(call: Any) -> None:
    code, out, err = call("history.json", "other.asl.json")
    assert (code, err) == (1, "")
    assert out.startswith("history.json, 6 events, with other.asl.json: diverges at event 3 (PassStateExited), in A")


def test_as_json(call: Any) -> None:
    code, out, _ = call("history.json", "other.asl.json", "--format", "json")
    assert code == 1
    (answer,) = json.loads(out)
    assert (answer["agrees"], answer["level"], answer["events"], answer["path"]) == (False, "path", 6, ["A"])
    assert answer["divergence"]["eventId"] == 3
    assert answer["divergence"]["pointer"] == "/States/A"
    assert answer["divergence"]["difference"] == {"path": "$.a", "recorded": 1}
    code, out, _ = call("history.json", "same.asl.json", "--format", "json")
    assert (code, json.loads(out)[0]["divergence"]) == (0, None)


def test_several_histories(call: Any) -> None:
    other = asl_local.load(DEFINITION).simulate({"a": 2}).history.to_aws()
    Path("other.json").write_text(json.dumps(other, default=str), "utf-8")
    code, out, _ = call("history.json", "other.json", "same.asl.json")
    assert (code, out.splitlines()[-1]) == (0, "2 of 2 agree")
    Path("more.asl.json").write_text(json.dumps({"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}), "utf-8")
    code, out, _ = call("history.json", "other.json", "more.asl.json")
    assert (code, out.splitlines()[-1]) == (1, "0 of 2 agree")
    code, out, _ = call("history.json", "other.json", "same.asl.json", "--format", "json")
    assert [each["history"] for each in json.loads(out)] == ["history.json", "other.json"]


def test_from_standard_input(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(Path("history.json").read_text("utf-8")))
    assert call("-", "same.asl.json")[0] == 0


def test_the_record_of_a_run(call: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "same.asl.json", "--simulate", "--root", "r", "--name", "one", "--quiet"]) == 0
    capsys.readouterr()
    code, out, _ = call("r/executions/one.json", "same.asl.json")
    assert (code, "agrees (path), SUCCEEDED" in out) == (0, True)


@pytest.mark.parametrize(
    ("history", "definition", "said"),
    [
        ("none.json", "same.asl.json", "none.json: No such file"),
        ("same.asl.json", "same.asl.json", "there are no `events`: is it the output of get-execution-history?"),
        ("history.json", "history.json", "history.json"),
        ("history.json", "none.asl.json", "there is no such file"),
    ],
)
def test_what_cannot_be_carried_out(call: Any, history: str, definition: str, said: str) -> None:
    code, out, err = call(history, definition)
    assert (code, out) == (2, "")
    assert said in err


def test_a_history_in_the_definitions_place_is_told(call: Any) -> None:
    code, _, err = call("same.asl.json", "history.json")
    assert code == 2
    assert err.endswith("asl-local: history.json is a history: histories stand before the definition\n")
    Path("empty.asl.json").write_text("", "utf-8")
    code, _, err = call("history.json", "empty.asl.json")
    assert (code, "is a history" in err) == (2, False)
