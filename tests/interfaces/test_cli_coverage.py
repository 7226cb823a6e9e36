"""`asl-local coverage`: data files in, reports and exit codes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import asl_local
from asl_local.interfaces import cli

CHOICE = {
    "StartAt": "C",
    "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "A"}], "Default": "B"},
        "A": {"Type": "Succeed"},
        "B": {"Type": "Succeed"},
    },
}
SMALL = {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def measure(file: str, *numbers: int) -> None:
    machine = asl_local.load(CHOICE, name="choice")
    with asl_local.Coverage() as coverage:
        for number in numbers:
            machine.simulate({"n": number})
    coverage.save(file)


def test_report(capsys: pytest.CaptureFixture[str]) -> None:
    measure(".aslcoverage", 1)
    assert cli.main(["coverage", "report"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[2] == ("choice      6      3    50%   Choices[0] of Choice 'C' was never false")
    assert err == ""


def test_report_fails_under(capsys: pytest.CaptureFixture[str]) -> None:
    measure(".aslcoverage", 1)
    assert cli.main(["coverage", "report", "--fail-under", "50"]) == 0
    assert cli.main(["coverage", "report", "--fail-under", "50.1"]) == 1
    assert capsys.readouterr().err == "asl-local: coverage of 50.00 % is less than the 50.1 % that are wanted\n"


def test_several_files_and_those_of_several_processes(capsys: pytest.CaptureFixture[str]) -> None:
    measure("one", 1)
    measure("two", 2)
    assert cli.main(["coverage", "report", "--fail-under", "100", "one", "two"]) == 0
    Path("one").rename(".aslcoverage.one")
    Path("two").rename(".aslcoverage.two")
    assert cli.main(["coverage", "report", "--fail-under", "100"]) == 0
    capsys.readouterr()
    assert cli.main(["coverage", "report", "--skip-covered", "--fail-under", "100"]) == 0
    assert "choice " not in capsys.readouterr().out


def test_include(capsys: pytest.CaptureFixture[str]) -> None:
    measure(".aslcoverage", 1, 2)
    Path("machines").mkdir()
    Path("machines/small.asl.json").write_text(json.dumps(SMALL))
    assert cli.main(["coverage", "report", "--include", "machines", "--fail-under", "90"]) == 1
    assert "   Succeed 'S' was never entered" in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    measure(".aslcoverage", 1)
    assert cli.main(["coverage", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["totals"] == {"goals": 6, "covered": 3, "missed": 3, "percent": 50.0}
    assert cli.main(["coverage", "json", "-o", "report.json", "--fail-under", "60"]) == 1
    assert json.loads(Path("report.json").read_text()) == report
    assert capsys.readouterr().out == ""


def test_html(capsys: pytest.CaptureFixture[str]) -> None:
    measure(".aslcoverage", 1)
    assert cli.main(["coverage", "html", "--title", "Mine"]) == 0
    assert Path("aslcoverage.html").read_text("utf-8").count("<h1>Mine: 50%</h1>") == 1
    assert capsys.readouterr().err == "asl-local: wrote aslcoverage.html\n"


def test_runs_add_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("choice.asl.json").write_text(json.dumps(CHOICE))
    run = ["run", "choice.asl.json", "--simulate", "--quiet", "--coverage", "seen"]
    assert cli.main([*run, "--input", '{"n": 1}']) == 0
    assert asl_local.Coverage.load("seen").percent == 50
    assert cli.main([*run, "--input", "{}"]) == 1  # $.n is not there; what was come past counts all the same
    assert asl_local.Coverage.load("seen").percent == 50
    assert cli.main([*run, "--input", '{"n": 2}']) == 0
    assert asl_local.Coverage.load("seen").percent == 100
    capsys.readouterr()
    assert cli.main(["run", "choice.asl.json", "--coverage", "choice.asl.json"]) == 2
    assert "choice.asl.json is no coverage data file" in capsys.readouterr().err
    assert json.loads(Path("choice.asl.json").read_text()) == CHOICE


class TestCombine:
    def test_files_of_processes_become_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        measure(".aslcoverage.1", 1)
        measure(".aslcoverage.2", 2)
        measure(".aslcoverage", 1)
        assert cli.main(["coverage", "combine"]) == 0
        assert capsys.readouterr().err == "asl-local: combined 2 data files into .aslcoverage\n"
        assert sorted(path.name for path in Path().iterdir()) == [".aslcoverage"]
        assert asl_local.Coverage.load(".aslcoverage").percent == 100

    def test_folders_kept_and_appended_to(self) -> None:
        Path("worker").mkdir()
        measure("worker/.aslcoverage.1", 1)
        measure("all", 2)
        assert cli.main(["coverage", "combine", "worker", "--keep", "-a", "-o", "all"]) == 0
        assert Path("worker/.aslcoverage.1").exists()
        assert asl_local.Coverage.load("all").percent == 100
        assert cli.main(["coverage", "combine", "worker", "-o", "all"]) == 0
        assert asl_local.Coverage.load("all").percent == 50
        assert not Path("worker/.aslcoverage.1").exists()

    def test_nothing_to_combine(self, capsys: pytest.CaptureFixture[str]) -> None:
        measure(".aslcoverage", 1)
        assert cli.main(["coverage", "combine"]) == 2
        assert capsys.readouterr().err == "asl-local: there is nothing to combine: no .aslcoverage.* in .\n"

    def test_a_broken_file_costs_nothing(self) -> None:
        measure(".aslcoverage.1", 1)
        Path(".aslcoverage.2").write_text("{")
        assert cli.main(["coverage", "combine"]) == 2
        assert Path(".aslcoverage.1").exists()
        assert not Path(".aslcoverage").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "asl-local coverage: say what to do: report, html, json or combine"),
        (["report"], "there is no data file .aslcoverage here"),
        (["report", "nowhere"], "nowhere: No such file or directory"),
        (["report", "--fail-under", "101"], "argument --fail-under: '101' is no percentage from 0 to 100"),
        (["report", "--fail-under", "much"], "argument --fail-under: 'much' is no percentage from 0 to 100"),
        (["show"], "invalid choice: 'show'"),
    ],
)
def test_what_cannot_be_done(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["coverage", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_help_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["coverage", "--help"]) == 0
    assert "combine" in capsys.readouterr().out
    assert cli.main(["--help"]) == 0
    assert "coverage" in capsys.readouterr().out
