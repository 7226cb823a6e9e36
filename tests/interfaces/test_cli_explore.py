"""`asl-local explore`: what it prints, how it ends, what it writes."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local.interfaces import cli

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
CHARGE = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task", "Resource": f"{LAMBDA}Charge", "Next": "Ship",
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}], "TimeoutSeconds": 9,
        },
        "Ship": {"Type": "Task", "Resource": f"{LAMBDA}Ship", "End": True},
    },
}  # fmt: skip
MODULE = """
def make():
    return {"charged": 0}


def resources(world):
    def charge(event):
        world["charged"] += 1
        return {"receipt": world["charged"]}

    return {"Charge": charge, "Ship": lambda event: "shipped"}


def charged_once(run):
    if run.world["charged"] > 1:
        raise AssertionError("charged twice")


def says_what(run):
    assert run.world["charged"] < 2, f"charged 2 times for {run.input}"


def is_never_failed(run):
    print("asked")
    return run.status != "FAILED"


def broken(run):
    return run.nothing


def unclear(run):
    return 0


RESOURCES = {"Charge": lambda event: event, "Ship": lambda event: "shipped"}
NUMBER = 3


def needs_aws(aws):
    return {"Charge": aws.client("s3").get_object, "Ship": RESOURCES["Ship"]}


def works_in_its_argument(aws):
    def charge(event):
        aws["charged"] += 1

    return {"Charge": charge, "Ship": RESOURCES["Ship"]}


def no_world():
    return None
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = set(sys.modules)
    Path("charge.asl.json").write_text(json.dumps(CHARGE))
    Path("payments.py").write_text(MODULE)
    yield tmp_path
    for name in set(sys.modules) - known:
        if name.endswith("payments"):
            del sys.modules[name]


WORLDLY = ["--resources", "payments.py", "--world", "payments.py:make", "--invariant", "payments.py:charged_once"]


def explore(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main(["explore", "charge.asl.json", *options])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_outcomes_of_a_machine_with_nothing_given(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = explore(capsys, "--faults", "0")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("charge: ")
    assert out.splitlines()[0].endswith("no faults; complete")
    assert out.splitlines()[1:] == ["outcomes:", "  1 x SUCCEEDED {}"]


def test_faults_stand_beside_the_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = explore(capsys, "--invent")
    assert code == 0
    assert "x FAILED Busy   with Charge: Busy, always" in out


def test_a_violation_is_shown_small_with_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = explore(capsys, *WORLDLY, "--input", '{"amount": 7}')
    assert (code, err) == (1, "")
    story = out[out.index("violated") :]
    assert story.startswith("violated ")
    assert "x: charged twice\n  input: {}\n" in story
    assert "(injected)" in story
    assert "aws stepfunctions test-state \\\n    --definition '" in story


def test_a_smaller_run_is_counted_and_named_as_the_one_that_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = explore(capsys, *WORLDLY[:-1], "payments.py:is_never_failed", "--input", '{"amount": 7}')
    assert re.search(r"violated [1-9]\d* x: is_never_failed does not hold\n  input: \{\}\n", out)
    _, out, _ = explore(capsys, *WORLDLY[:-1], "payments.py:says_what", "--input", '{"amount": 7}', "--json")
    (violation,) = json.loads(out)["violations"]
    assert violation["count"] > 0
    assert violation["message"] == "charged 2 times for {}"


def test_as_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = explore(capsys, *WORLDLY, "--input", '{"amount": 7}', "--no-shrink")
    assert 'charged twice\n  input: {"amount":7}\n' in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = explore(capsys, *WORLDLY, "--input", '{"amount": 7}', "--json")
    report = json.loads(out)
    assert code == 1
    assert (report["machine"], report["complete"], report["faults"]) == ("charge", True, 1)
    assert {outcome["status"] for outcome in report["outcomes"]} >= {"SUCCEEDED", "FAILED"}
    (violation,) = report["violations"]
    assert (violation["message"], violation["input"], violation["smallest"]) == ("charged twice", {}, True)
    assert len(violation["story"]) == len(violation["schedule"])
    assert cli.main(violation["testState"]) == 0


def test_what_handlers_and_invariants_print_is_not_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = explore(capsys, "--invariant", "payments.py:is_never_failed", "--json")
    json.loads(out)
    assert "asked" in err


def test_files_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = explore(capsys, *WORLDLY, "--write-test", "test_charge.py", "--write-mocks", "mocks.json")
    assert code == 1
    assert "mocks.json: a mock file cannot express this: what the handlers keep in their world" in err
    text = Path("test_charge.py").read_text()
    assert "from payments import charged_once, make, resources" in text
    assert "world = make()" in text
    names: dict[str, Any] = {"__file__": str(Path("test_charge.py").resolve())}
    exec(compile(text, "test_charge.py", "exec"), names)
    with pytest.raises(AssertionError, match="charged twice"):
        names["test_counterexample"]()
    machine = asl_local.load(Path("charge.asl.json"))
    assert machine.simulate({}, mock_config="mocks.json", test_case="Counterexample").status == "SUCCEEDED"


def test_no_violation_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = explore(capsys, *WORLDLY, "--faults", "0", "--write-test", "test_charge.py")
    assert (code, err) == (0, "asl-local: test_charge.py is not written: no invariant was violated\n")
    assert not Path("test_charge.py").exists()


def test_a_mock_file_answers(capsys: pytest.CaptureFixture[str]) -> None:
    config = {
        "StateMachines": {"charge": {"TestCases": {"Busy": {"Charge": "Charged", "Ship": "Shipped"}}}},
        "MockedResponses": {
            "Charged": {"0": {"Throw": {"Error": "Busy", "Cause": "later"}}, "1": {"Return": {"receipt": 7}}},
            "Shipped": {"0": {"Return": "gone"}},
        },
    }
    Path("mocks.json").write_text(json.dumps(config))
    mocked = ["--mock", "mocks.json", "--test-case", "Busy", "--faults", "0"]
    code, out, _ = explore(capsys, *mocked)
    assert code == 0
    assert out.endswith('outcomes:\n  1 x SUCCEEDED "gone"\n')
    Path("never.py").write_text("def never(run):\n    return run.output != 'gone'\n")
    code, _, err = explore(capsys, *mocked, "--invariant", "never.py:never", "--write-test", "test_gone.py")
    assert (code, err) == (1, "")
    text = Path("test_gone.py").read_text()
    assert 'mock_config=Path(__file__).resolve().parent / "mocks.json", test_case="Busy"' in text
    names: dict[str, Any] = {"__file__": str(Path("test_gone.py").resolve())}
    exec(compile(text, "test_gone.py", "exec"), names)
    with pytest.raises(AssertionError):
        names["test_counterexample"]()


def test_a_budget_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = explore(capsys, "--budget", "3")
    assert code == 0
    assert "NOT complete: the search ended" in out.splitlines()[0]


def test_ctrl_c_ends_with_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    Path("slow.py").write_text(
        "import os, signal\n\n\ndef charge(event):\n    os.kill(os.getpid(), signal.SIGINT)\n    return {}\n\n\n"
        "RESOURCES = {'Charge': charge, 'Ship': charge}\n"
    )
    before = signal.getsignal(signal.SIGINT)
    code, out, err = explore(capsys, "--resources", "slow.py")
    assert code == 130
    assert err == "asl-local: interrupted; this is what was known by then\n"
    assert "NOT complete" in out.splitlines()[0]
    assert signal.getsignal(signal.SIGINT) is before
    assert os.getpid()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mock", "m.json"], "--mock and --test-case go together"),
        (["--invent", "--resources", "payments.py"], "--invent answers every task"),
        (["--world", "payments.py:make"], "--world is what --resources makes handlers over"),
        (["--faults", "-1"], "--faults: -1 of them cannot happen"),
        (["--faults", "x"], "argument --faults: invalid int value"),
        (["--budget", "0"], "'0' is no number from 1"),
        (["--write-test", "t.py"], "say with --invariant what must hold"),
        (["--invariant", "payments.py"], "--invariant payments.py: MODULE:FUNCTION or FILE:FUNCTION is wanted"),
        (["--invariant", "payments.py:NUMBER"], "--invariant payments.py:NUMBER: the module has no function 'NUMBER'"),
        (["--invariant", "gone.py:f"], "--invariant gone.py:f: there is no such file"),
        (["--invariant", "payments.py:broken"], "--invariant payments.py:broken: AttributeError: "),
        (["--invariant", "payments.py:unclear"], "--invariant payments.py:unclear: gave 0: True or False is wanted"),
        (["--resources", "payments.py:needs_aws"], "wants `client` of the stand-ins"),
        (["--resources", "payments.py:works_in_its_argument"], "wants `charged` of the stand-ins"),
        (
            ["--resources", "payments.py", "--world", "payments.py:no_world"],
            "the function gave None; a world is wanted",
        ),
        (["--input", "{"], "--input: not JSON"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = explore(capsys, *options)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_who_answers_what_nobody_was_given_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("some.py").write_text("RESOURCES = {'Charge': lambda event: event}\n")
    code, _, err = explore(capsys, "--resources", "some.py")
    assert code == 2
    assert "/States/Ship/Resource" in err


def test_a_definition_with_errors(capsys: pytest.CaptureFixture[str]) -> None:
    Path("charge.asl.json").write_text('{"StartAt": "A", "States": {}}')
    code, _, err = explore(capsys)
    assert code == 2
    assert err.startswith("asl-local: charge.asl.json:1:")
