"""--asl-cov: what is measured, in one process and in several, what is shown, and when the run fails."""

from __future__ import annotations

import json

import pytest
from inner_pytest import DOOR, Project

from asl_local.interfaces.pytest_plugin.coverage import REPORTS, report

CHOICE = """\
{
 "StartAt": "Big",
 "States": {
  "Big": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericGreaterThan": 100, "Next": "Yes"}], "Default": "No"},
  "Yes": {"Type": "Succeed"},
  "No": {"Type": "Succeed"}
 }
}
"""
TESTS = """\
import pytest

@pytest.mark.parametrize("n", {numbers})
def test_it(asl_load, n):
    asl_load("machines/choice.asl.json").simulate(n)
"""


@pytest.fixture
def choice(inner: Project) -> Project:
    inner.write("machines/choice.asl.json", CHOICE)
    inner.write("test_choice.py", TESTS.format(numbers="[1, 2, 3]"))
    return inner


def test_the_table_says_what_is_missing(choice: Project) -> None:
    run = choice.pytest("--asl-cov")
    assert run.code == 0
    assert [line.split() for line in run.section("asl_local coverage")[:3] if "---" not in line] == [
        ["Name", "Goals", "Miss", "Cover", "Missing"],
        ["choice", "6", "2", "67%", *["line", "4:", "Choices[0]", "of", "Choice", "'Big'", "was", "never", "true"]],
    ]
    assert "line 5: Succeed 'Yes' was never entered" in run.output
    assert (choice.folder / ".aslcoverage").is_file()


def test_workers_count_together(choice: Project) -> None:
    choice.write("test_choice.py", TESTS.format(numbers="[1, 101, 2, 102, 3, 103]"))
    run = choice.pytest_apart("-n", "2", "--asl-cov", "--asl-cov-fail-under=100", plugins=(DOOR, "xdist.plugin"))
    assert run.code == 0, run
    told = run.section("asl_local coverage")
    assert ["choice", "6", "0", "100%"] in [line.split() for line in told]
    assert [line for line in told if line][
        -1
    ] == "Required coverage of machines of 100% reached. Total coverage: 100.00%"


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["here", "workers"])
def test_too_little_fails_the_run(choice: Project, workers: tuple[str, ...]) -> None:
    arguments = ["--asl-cov", "--asl-cov-report=term", "--asl-cov-fail-under=66.67", *workers]
    run = choice.pytest_apart(*arguments, plugins=(DOOR, "xdist.plugin"))
    assert run.code == 1
    assert "FAIL Required coverage of machines of 66.67% not reached. Total coverage: 66.66%" in run.output
    assert "was never true" not in run.output, "term shows no places"
    assert "3 passed" in run.output


def test_enough_is_enough(choice: Project) -> None:
    run = choice.pytest("--asl-cov", "--asl-cov-fail-under", "66.6")
    assert run.code == 0
    assert run.lines("Required") == ["Required coverage of machines of 66.6% reached. Total coverage: 66.66%"]


def test_a_data_file_that_cannot_be_written_is_told_and_the_table_shown(choice: Project) -> None:
    (choice.folder / ".aslcoverage").mkdir()
    run = choice.pytest("--asl-cov")
    assert run.code == 0
    assert run.lines("choice")[0].split()[:4] == ["choice", "6", "2", "67%"]
    assert run.lines("no data file") == [f"no data file is left: {choice.folder / '.aslcoverage'}: Is a directory"]
    assert [path.name for path in choice.folder.glob(".aslcoverage*")] == [".aslcoverage"]


def test_a_report_that_cannot_be_written_fails_the_run(choice: Project) -> None:
    choice.write("out", "a file")
    run = choice.pytest("--asl-cov", "--asl-cov-report=html:out/c.html", "--asl-cov-report=term")
    assert run.code == 1
    (told,) = run.lines("FAIL")
    assert told.startswith(f"FAIL Coverage of machines not written: {choice.folder / 'out' / 'c.html'}: ")
    assert "3 passed" in run.output


def test_a_test_file_taken_for_a_value_is_no_definition(choice: Project) -> None:
    run = choice.pytest("--asl-cov", "test_choice.py")
    assert run.lines("test_choice is not in") == []
    assert "where tests are to be found is said before the option" in run.lines("--asl-cov=test_choice.py:")[0]


def test_no_machine_is_not_enough(inner: Project) -> None:
    inner.write("test_it.py", "def test_it(): pass\n")
    run = inner.pytest("--asl-cov", "--asl-cov-fail-under=1")
    assert run.code == 1
    assert "FAIL Required coverage of machines of 1% not reached: no machine ran" in run.output
    assert inner.pytest("--asl-cov").section("asl_local coverage")[0] == "No machine ran."


class TestSelection:
    @pytest.fixture
    def two(self, choice: Project) -> Project:
        choice.write("machines/deep/other.asl.json", '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}')
        choice.write(
            "test_dict.py",
            "import asl_local\n\ndef test_it():\n"
            "    asl_local.load({'StartAt': 'A', 'States': {'A': {'Type': 'Succeed'}}}, name='given').simulate()\n",
        )
        return choice

    @pytest.mark.parametrize(
        ("wanted", "names"),
        [
            ([""], ["choice", "given"]),
            (["=choice"], ["choice"]),
            (["=gi*"], ["given"]),
            (["=machines"], ["choice", "other"]),
            (["=machines/deep/other.asl.json"], ["other"]),
            (["=machines/deep", "=given"], ["given", "other"]),
        ],
    )
    def test_by_name_by_path_and_those_that_never_ran(self, two: Project, wanted: list[str], names: list[str]) -> None:
        run = two.pytest(*(f"--asl-cov{each}" for each in wanted), "--asl-cov-report=json:out/cov.json")
        assert run.code == 0, run
        machines = json.loads((two.folder / "out" / "cov.json").read_text("utf-8"))["machines"]
        assert [one["name"] for one in machines] == names
        assert {one["name"]: one["percent"] for one in machines}.get("other", 0) == 0
        assert run.section("asl_local coverage")[0] == "Coverage of machines written to out/cov.json"

    def test_what_does_not_fit_is_told(self, two: Project) -> None:
        two.write("machines/deep/bad.asl.json", '{"StartAt": "A", "States": {}}')
        told = two.pytest("--asl-cov=chioce", "--asl-cov=machines/deep", "--asl-cov-report=term").section(
            "asl_local coverage"
        )
        assert "--asl-cov=chioce: no machine of that name ran (choice, given did), and there is no such file" in told
        assert any(line.startswith("bad is not in the report: ") for line in told)

    def test_a_folder_of_tests_taken_for_a_value(self, two: Project) -> None:
        two.write("tests/readme.txt", "")
        told = two.pytest("--asl-cov", "tests", "--asl-cov-report=term").section("asl_local coverage")
        assert told[:2] == [
            "No machine ran.",
            "--asl-cov=tests: no machine of it ran or lies there (where tests are to be found is said before the option)",
        ]


class TestReports:
    def test_html_goes_to_a_file_or_a_folder(self, choice: Project) -> None:
        run = choice.pytest(
            "--asl-cov", "--asl-cov-report=html:out", "--asl-cov-report=html:a.html", "--asl-cov-report=html"
        )
        assert run.code == 0, run
        pages = {
            name: (choice.folder / name).read_text("utf-8") for name in ("out/index.html", "a.html", "aslcoverage.html")
        }
        assert len(set(pages.values())) == 1
        assert "was never true" in pages["a.html"]
        assert "Goals" not in run.output, "no table unless asked for"

    def test_skip_covered(self, choice: Project) -> None:
        choice.write("test_choice.py", TESTS.format(numbers="[1, 101]"))
        assert "1 machine skipped" in choice.pytest("--asl-cov", "--asl-cov-report=term-missing:skip-covered").output

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--asl-cov-fail-under=9"], "--asl-cov-fail-under needs --asl-cov"),
            (["--asl-cov-report=term"], "--asl-cov-report needs --asl-cov"),
            (
                ["--asl-cov", "--asl-cov-report=tree"],
                "--asl-cov-report: 'tree' is no report; there are term, term-missing, html, json",
            ),
            (
                ["--asl-cov", "--asl-cov-report=term:all"],
                "--asl-cov-report: 'term:all': only skip-covered may follow term:",
            ),
            (
                ["--asl-cov", "--asl-cov-fail-under=101"],
                "argument --asl-cov-fail-under: '101' is no percentage from 0 to 100",
            ),
        ],
    )
    def test_options_that_make_no_sense(self, choice: Project, arguments: list[str], told: str) -> None:
        run = choice.pytest(*arguments)
        assert run.code == 4
        assert told in run.errors

    def test_every_kind_can_be_read(self) -> None:
        assert [report(kind).kind for kind in REPORTS] == list(REPORTS)


def test_tests_that_fail_and_collecting_only(choice: Project) -> None:
    choice.write("test_fails.py", "def test_it():\n    assert False\n")
    run = choice.pytest("--asl-cov", "--asl-cov-fail-under=10")
    assert run.code == 1
    assert "Required coverage of machines of 10% reached." in run.output
    run = choice.pytest("--asl-cov", "--asl-cov-fail-under=100", "--collect-only")
    assert (run.code, "asl_local coverage" in run.output) == (0, False)


def test_a_crashed_worker_is_told(choice: Project) -> None:
    choice.write("test_crash.py", "import os\n\ndef test_it():\n    os._exit(1)\n")
    run = choice.pytest_apart("-n", "1", "--max-worker-restart=0", "--asl-cov", plugins=(DOOR, "xdist.plugin"))
    assert run.code == 1
    assert "1 worker crashed: what was covered there is not counted" in run.output
