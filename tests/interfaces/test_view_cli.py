"""`asl-local view` and `asl-local run --report`: which files are read and written, what is said, how it ends."""

from __future__ import annotations

import io
import json
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import asl_local
from asl_local.interfaces import cli, cli_run
from asl_local.reporters.report.thumbnails import pictures_of

DEFINITION: dict[str, Any] = {
    "StartAt": "Work",
    "States": {
        "Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 1, "End": True},
    },
}
RESOURCES = """\
import asl_local

def work(event):
    if event.get("fail"):
        raise asl_local.StateError("Broke", "it broke")
    if event.get("stop"):
        raise KeyboardInterrupt
    return event

RESOURCES = {"work": work}
"""
Call: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs the command in a folder with a history, a definition and functions; gives exit code and both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(cli.ROOT_VARIABLE, raising=False)
    events = asl_local.load(DEFINITION).simulate({}, {"work": lambda event: event}).history.to_aws()
    Path("history.json").write_text(json.dumps({"events": events}, default=str), "utf-8")
    Path("work.asl.json").write_text(json.dumps(DEFINITION), "utf-8")
    Path("tasks.py").write_text(RESOURCES, "utf-8")

    def go(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return go


def page(name: str) -> str:
    text = Path(name).read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")
    return text


# -- view: where the report goes ---------------------------------------------------------------------------------------


def test_the_report_stands_beside_the_history(call: Call) -> None:
    Path("in").mkdir()
    Path("history.json").rename("in/history.json")
    assert call("view", "in/history.json", "--definition", "work.asl.json") == (0, "in/history.html\n", "")
    assert "Rest" in page("in/history.html")
    assert sorted(each.name for each in Path("in").iterdir()) == ["history.html", "history.json"]


def test_elsewhere_or_to_standard_output(call: Call) -> None:
    assert call("view", "history.json", "-o", "out.html") == (0, "out.html\n", "")
    code, out, _ = call("view", "history.json", "-o", "-")
    assert (code, out) == (0, page("out.html"))
    assert not Path("history.html").exists()


def test_from_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    pipe(Path("history.json").read_bytes())
    assert call("view", "-", "-o", "out.html")[0] == 0
    assert "Rest" in page("out.html")
    pipe(Path("history.json").read_bytes())
    code, out, error = call("view", "-")
    assert (code, out) == (2, "")
    assert "-o FILE says where the report goes" in error
    pipe(b"history.json")
    assert "standard input: a history is JSON" in call("view", "-", "-o", "-")[2]


def test_as_text(call: Call) -> None:
    code, out, error = call("view", "history.json", "--definition", "work.asl.json", "--format", "text")
    assert (code, error) == (0, "")
    lines = out.splitlines()
    assert "SUCCEEDED" in lines[0]
    assert [name for name in ("Work", "Rest") if any(name in line for line in lines)] == ["Work", "Rest"]
    assert not Path("history.html").exists()
    assert call("view", "history.json", "--format", "text", "-o", "out.txt") == (0, "out.txt\n", "")
    assert "Rest" in Path("out.txt").read_text("utf-8")
    assert call("view", "history.json", "--format", "text", "--open")[0] == 2


def test_several_pages(call: Call) -> None:
    events = json.loads(Path("history.json").read_text("utf-8"))["events"]
    for number, part in enumerate((events[:3], events[3:]), 1):
        Path(f"page{number}.json").write_text(json.dumps({"events": part}), "utf-8")
    assert call("view", "page1.json", "page2.json", "-o", "out.html") == (0, "out.html\n", "")
    code, _, error = call("view", "page1.json", "-", "-o", "out.html")
    assert (code, "cannot be one of several pages" in error) == (2, True)


def test_it_can_be_opened(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert call("view", "history.json", "--open") == (0, "history.html\n", "")
    assert opened == [Path("history.html").resolve().as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    code, _, error = call("view", "history.json", "--open")
    assert (code, error) == (0, "asl-local: no browser can be opened here; open history.html yourself\n")
    assert call("view", "history.json", "--open", "-o", "-")[0] == 2


# -- view: what is read ------------------------------------------------------------------------------------------------


def test_what_is_missing_is_said(call: Call) -> None:
    events = json.loads(Path("history.json").read_text("utf-8"))["events"]
    Path("cut.json").write_text(json.dumps({"events": events[5:1:-1], "nextToken": "A"}), "utf-8")
    code, out, error = call("view", "cut.json", "--definition", "work.asl.json")
    assert (code, out) == (0, "cut.html\n")
    assert error.splitlines() == [
        "asl-local: note: Events 1 to 2 are missing: the history is cut, or lacks pages.",
        "asl-local: note: The history goes on after event 6: its last page has a nextToken.",
    ]
    assert "Rest" in page("cut.html")


def test_a_definition_that_does_not_fit(call: Call) -> None:
    Path("other.asl.json").write_text(json.dumps(DEFINITION).replace('"Rest"', '"Sleep"'), "utf-8")
    code, _, error = call("view", "history.json", "--definition", "other.asl.json")
    assert code == 0
    assert "other.asl.json does not have the state 'Rest'" in error
    assert "Sleep" in page("history.html")


def test_one_machine_of_a_template(call: Call) -> None:
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": DEFINITION}}
    other = {**machine, "Properties": {"Definition": {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}}}
    Path("template.json").write_text(json.dumps({"Resources": {"Works": machine, "Other": other}}), "utf-8")
    code, _, error = call("view", "history.json", "--definition", "template.json")
    assert (code, "name one of them: Works, Other" in error) == (2, True)
    assert call("view", "history.json", "--definition", "template.json", "--machine", "Works")[0] == 0
    assert "Works" in page("history.html")


def test_what_describe_execution_has_written(call: Call) -> None:
    Path("execution.json").write_text(json.dumps({"name": "order-7", "status": "ABORTED"}), "utf-8")
    assert call("view", "history.json", "--execution", "execution.json")[0] == 0
    assert "order-7: ABORTED" in page("history.html")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("missing.json",), "missing.json: No such file"),
        (("work.asl.json",), "work.asl.json: there are no `events`"),
        (("history.json", "--definition", "none.asl.json"), "none.asl.json: there is no such file"),
        (("history.json", "--definition", "history.json"), "history.json"),
        (("history.json", "--execution", "work.asl.json"), "is it the output of describe-execution?"),
        (("history.json", "-o", "no/such.html"), "no: there is no such folder"),
        (("history.json", "-o", "."), "name a file"),
        (("nobody",), "neither such a file nor an execution of that name in asl-local-data/executions"),
    ],
)
def test_what_cannot_be_done(call: Call, arguments: tuple[str, ...], told: str) -> None:
    code, out, error = call("view", *arguments)
    assert (code, out) == (2, "")
    assert told in error
    assert "internal error" not in error
    assert not Path("history.html").exists()


# -- run --report, and view of what it has left ------------------------------------------------------------------------


def test_the_report_of_a_run(call: Call) -> None:
    code, out, error = call(
        "run", "work.asl.json", "--simulate", "--resources", "tasks.py", "--report", "out.html", "-q"
    )
    assert (code, json.loads(out), error) == (0, {}, "")
    assert "SUCCEEDED" in page("out.html")
    error = call("run", "work.asl.json", "--simulate", "--resources", "tasks.py", "--report", "out.html")[2]
    assert error.splitlines()[-1] == "asl-local: report: out.html"


def test_the_report_of_a_run_that_fails(call: Call) -> None:
    more = ("--simulate", "--resources", "tasks.py", "--input", '{"fail": true}', "--report", "out.html", "-q")
    assert call("run", "work.asl.json", *more)[0] == 1
    assert "Broke" in page("out.html")


def test_the_report_of_a_run_that_is_interrupted(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_run.signal, "signal", lambda *_: None)
    more = ("--simulate", "--resources", "tasks.py", "--input", '{"stop": true}', "--report", "out.html", "-q")
    code, _, error = call("run", "work.asl.json", *more)
    assert (code, "internal error" in error) == (130, False)
    text = page("out.html")
    assert "ABORTED" in text
    assert "interrupted" in text


def test_the_report_of_a_run_that_waits_for_nobody(call: Call) -> None:
    ask = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
    ask["Parameters"] = {"QueueUrl": "https://q/1/q", "MessageBody": {"token.$": "$$.Task.Token"}}
    Path("ask.asl.json").write_text(json.dumps({"StartAt": "Ask", "States": {"Ask": ask}}), "utf-8")
    Path("asked.py").write_text('RESOURCES = {"arn:aws:states:::sqs:sendMessage.waitForTaskToken": lambda event: {}}')
    code, _, error = call("run", "ask.asl.json", "--simulate", "--resources", "asked.py", "--report", "out.html", "-q")
    assert (code, "token" in error) == (2, True)
    assert "Ask" in page("out.html")


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(call: Call) -> None:
    code, out, error = call("run", "work.asl.json", "--resources", "tasks.py", "--report", "no/out.html", "--root", "r")
    assert (code, out, error) == (2, "", "asl-local: no: there is no such folder\n")
    assert not Path("r").exists()


def test_standard_output_is_not_for_the_report(call: Call) -> None:
    code, out, error = call("run", "work.asl.json", "--resources", "tasks.py", "--report", "-")
    assert (code, out, "--report: name a file" in error) == (2, "", True)


def test_the_record_of_a_run_by_its_name_or_its_file(call: Call) -> None:
    more = ("--simulate", "--resources", "tasks.py", "--root", "r", "-q", "--name", "first")
    assert call("run", "work.asl.json", *more)[0] == 0
    assert call("view", "first", "--root", "r") == (0, "r/executions/first.html\n", "")
    text = page("r/executions/first.html")
    assert "first: SUCCEEDED" in text
    assert call("view", "r/executions/first.json", "-o", "out.html") == (0, "out.html\n", "")
    assert "first: SUCCEEDED" in page("out.html")
    assert call("history", "--root", "r", "--format", "json")[0] == 0


def test_the_pictures_of_the_root_are_shown(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def spy(run: Any, fetch: Any) -> dict[str, str]:
        def asking(bucket: str, key: str) -> bytes | None:
            asked.append((bucket, key))
            data: bytes | None = fetch(bucket, key)
            return data

        return pictures_of(run, asking)

    monkeypatch.setattr("asl_local.interfaces.viewing.writing.pictures_of", spy)
    given = json.dumps({"Bucket": "b", "Key": "k"})
    more = ("--simulate", "--resources", "tasks.py", "--root", "r", "-q", "--name", "first", "--input", given)
    assert call("run", "work.asl.json", *more, "--report", "out.html")[0] == 0
    assert asked == [("b", "k")]
    assert call("view", "first", "--root", "r")[0] == 0
    assert len(asked) == 2
    assert call("view", "r/executions/first.json")[0] == 0
    assert len(asked) == 2
    assert call("view", "r/executions/first.json", "--root", "r")[0] == 0
    assert len(asked) == 3
