"""`asl-local run`: what goes in, what comes out, what a bad input leads to, and what stays behind."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asl_local.interfaces import cli

ARN = "arn:aws:lambda:us-east-1:123456789012:function:work"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TASK = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": ARN, "End": True}}}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with two definitions, and no root from the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(cli.ROOT_VARIABLE, raising=False)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    Path("pass.json").write_text(json.dumps(PASS), "utf-8")
    Path("task.json").write_text(json.dumps(TASK), "utf-8")
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command line; gives exit code, standard output and standard error."""

    def go(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["run", *arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out, printed.err

    return go


def functions(text: str, name: str = "tasks.py") -> str:
    Path(name).write_text(text, "utf-8")
    return name


def record(name: str, root: str = cli.DEFAULT_ROOT) -> dict[str, Any]:
    return json.loads(Path(root, "executions", f"{name}.json").read_text("utf-8"))


# -- input -------------------------------------------------------------------------------------------------------------


MOCKS = {
    "StateMachines": {"task": {"TestCases": {"Happy": {"Work": "Done"}, "Sad": {"Work": "Broken"}}}},
    "MockedResponses": {
        "Done": {"0": {"Return": {"done": True}}},
        "Broken": {"0": {"Throw": {"Error": "Bad", "Cause": "it was"}}},
    },
}


def test_a_mock_file_answers_for_the_functions(run: Any) -> None:
    Path("MockConfigFile.json").write_text(json.dumps(MOCKS), "utf-8")
    mock = ("task.json", "--simulate", "--mock", "MockConfigFile.json", "--test-case")
    assert json.loads(run(*mock, "Happy")[1]) == {"done": True}
    code, _, error = run(*mock, "Sad")
    assert (code, "Bad" in error) == (1, True)
    code, _, error = run(*mock, "Hapy")
    assert (code, error.count("\n")) == (2, 1)
    assert "MockConfigFile.json:1:29: there is no 'Hapy'; did you mean 'Happy'? at /" in error
    code, _, error = run("task.json", "--test-case", "Happy")
    assert (code, "--mock and --test-case go together" in error) == (2, True)
    assert run("task.json", "--mock", "none.json", "--test-case", "Happy")[0] == 2


def test_a_mock_files_results_can_be_compared_with_the_api_models(run: Any) -> None:
    put = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": []}, "End": True}
    Path("put.json").write_text(json.dumps({"StartAt": "Put", "States": {"Put": put}}), "utf-8")
    mocks = {
        "StateMachines": {"put": {"TestCases": {"Case": {"Put": "R"}}}},
        "MockedResponses": {"R": {"0": {"Return": {"FailedEntryCount": "0"}}}},
    }
    Path("mocks.json").write_text(json.dumps(mocks), "utf-8")
    command = ("put.json", "--simulate", "-q", "--mock", "mocks.json", "--test-case", "Case")
    assert run(*command)[0] == 0
    code, output, error = run(*command, "--field-validation-mode", "STRICT")
    assert (code, output) == (2, "")
    assert "Field 'FailedEntryCount' must be a number" in error
    assert "/MockedResponses/R/0/Return/FailedEntryCount" in error
    code, _, error = run("pass.json", "--field-validation-mode", "STRICT")
    assert (code, "is for the results of a --mock file" in error) == (2, True)


def test_an_express_machine_runs_for_five_minutes_at_the_most(run: Any) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 301, "End": True}}}
    Path("wait.json").write_text(json.dumps(wait), "utf-8")
    assert run("wait.json", "--simulate")[0] == 0
    code, _, error = run("wait.json", "--simulate", "--type", "EXPRESS")
    assert (code, "TIMED_OUT" in error) == (1, True)


def test_a_module_may_give_a_registry_with_clients_of_services(run: Any) -> None:
    asked = {"StartAt": "A", "States": {"A": {"Type": "Task", "End": True, "Parameters": {},
             "Resource": "arn:aws:states:::aws-sdk:secretsmanager:listSecrets"}}}  # fmt: skip
    Path("ask.json").write_text(json.dumps(asked), "utf-8")
    name = functions(
        "import asl_local\nclass Secrets:\n    def list_secrets(self):\n        return {'SecretList': []}\n"
        "def resources(aws):\n    return asl_local.Resources(services={'secretsmanager': Secrets()})\n"
    )
    assert json.loads(run("ask.json", "--resources", name)[1]) == {"SecretList": []}


def test_input_is_json_a_file_or_standard_input(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in.json").write_text('\ufeff{"from": "file"}', "utf-8")
    assert json.loads(run("pass.json")[1]) == {}
    assert json.loads(run("pass.json", "--input", "[1, 2.50]")[1]) == [1, 2.5]
    assert json.loads(run("pass.json", "--input", "-7")[1]) == -7
    assert json.loads(run("pass.json", "--input", "@in.json")[1]) == {"from": "file"}
    assert json.loads(run("pass.json", "--input", "in.json")[1]) == {"from": "file"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'"piped \xc3\xbc"')))
    assert json.loads(run("pass.json", "--input", "-")[1]) == "piped ü"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{a", "--input: not JSON: Expecting property name"),
        ("[NaN]", "NaN is not JSON"),
        ("hello", "neither JSON nor a file"),
        ("@nothing.json", "nothing.json: No such file"),
        ("@bad.json", "bad.json: not JSON: Expecting value at line 2, column 8"),
        ("bad.json", "bad.json: not JSON"),
        ("@latin.json", "latin.json: not UTF-8 at byte 1"),
        ('"' + "x" * 262_144 + '"', "larger than 262144 bytes"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_record(given: str, says: str, run: Any) -> None:
    Path("bad.json").write_text('{\n  "a": ,\n}', "utf-8")
    Path("latin.json").write_bytes('"ü"'.encode("latin-1"))
    code, out, error = run("pass.json", "--input", given)
    assert (code, out) == (2, "")
    assert error.count("\n") == 1
    assert says in error
    assert not Path(cli.DEFAULT_ROOT).exists()


# -- resources ---------------------------------------------------------------------------------------------------------


def test_resources_may_be_a_file_a_module_or_a_name_in_it(run: Any) -> None:
    functions(
        "import helper\n"
        "def resources(aws):\n    return {'work': lambda event: [aws.root.name, helper.WORD]}\n"
        "OTHER = {'*': lambda event: 'other'}\n"
    )
    functions("WORD = 'hi'\n", "helper.py")
    for name in ("tasks.py", "./tasks.py", "tasks", "tasks:resources"):
        assert json.loads(run("task.json", "--resources", name, "--root", "r")[1]) == ["r", "hi"]
    assert json.loads(run("task.json", "--resources", "tasks.py:OTHER")[1]) == "other"
    functions("RESOURCES = {'work': lambda event, context: context.function_name}\n", "more.py")
    both = ("--resources", "tasks.py", "--resources", "more.py")
    assert json.loads(run("task.json", *both)[1]) == "work"


def test_resources_may_answer_task_tokens_and_name_other_machines(run: Any) -> None:
    waiting = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    message = {"QueueUrl": "q", "MessageBody": {"Token.$": "$$.Task.Token"}}
    child = "arn:aws:states:us-east-1:123456789012:stateMachine:Child"
    states = {
        "Ask": {"Type": "Task", "Resource": waiting, "Parameters": message, "Next": "Start"},
        "Start": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
                  "Parameters": {"StateMachineArn": child, "Input.$": "$"}, "OutputPath": "$.Output"},
    }  # fmt: skip
    Path("ask.json").write_text(json.dumps({"StartAt": "Ask", "States": states}), "utf-8")
    functions(
        "import asl_local\n"
        "child = asl_local.load({'StartAt': 'P', 'States': {'P': {'Type': 'Pass', 'End': True}}})\n"
        "def worker(event): return {'yes': True}\n"
        "def send(event): return {'MessageId': 'm'}\n"
        "sends = {'arn:aws:states:::sqs:sendMessage': send}\n"
        "RESOURCES = asl_local.Resources(sends, workers={'Ask': worker}, machines={'Child': child})\n"
    )
    code, out, error = run("ask.json", "--resources", "tasks.py", "--simulate")
    assert (code, json.loads(out or "null")) == (0, {"yes": True}), error
    functions("RESOURCES = {'arn:aws:states:::sqs:sendMessage': lambda event: {}}\n", "only.py")
    functions("import asl_local, tasks\nRESOURCES = asl_local.Resources(machines={'Child': tasks.child})\n", "more.py")
    code, out, error = run("ask.json", "--resources", "only.py", "--resources", "more.py", "--simulate")
    assert (code, out) == (2, "")
    assert "the state 'Ask' waits for its task token AQ" in error
    assert record("ask-simulated-0")["status"] == "ABORTED"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def (:\n", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit('no')\n", "SystemExit: no"),
        ("import nothing_of_the_kind\n", "ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
        ("x = 1\n", "neither a function `resources(aws)` nor a mapping `RESOURCES`"),
        ("RESOURCES = ['work']\n", "a mapping of names to functions is wanted, not ['work']"),
        ("RESOURCES = {'work': 7}\n", "'work': a function is wanted, not 7"),
        ("def resources(aws):\n    return aws.client('ses')\n", "no local stand-in for the service 'ses'"),
        ("def resources(aws):\n    raise KeyError('x')\n", "KeyError: 'x'"),
    ],
)
def test_a_module_that_gives_no_functions_is_told_in_one_line(text: str, says: str, run: Any) -> None:
    code, out, error = run("task.json", "--resources", functions(text))
    assert (code, out) == (2, "")
    assert error.count("\n") == 1
    assert says in error


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing.py", "there is no such file"),
        ("nothing", "there is neither a file nor a module of that name"),
        ("no/such", "neither a Python file nor a module's name"),
        (".", "that is a folder"),
        ("pass.json:x:y", "neither a Python file"),
    ],
)
def test_resources_that_are_not_there(name: str, says: str, run: Any) -> None:
    code, _, error = run("task.json", "--resources", name)
    assert code == 2
    assert says in error
    assert error.count("\n") == 1


def test_resources_that_are_no_python(run: Any) -> None:
    Path("tasks.bin").write_bytes(b"\0\0")
    error = run("task.json", "--resources", "tasks.bin")[2]
    assert re.match(r"asl-local: --resources tasks\.bin: (SyntaxError|ValueError): ", error)  # ValueError until 3.11.3
    assert "None" not in error


def test_a_map_run_and_what_became_of_its_children(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Odd?",
        "States": {
            "Odd?": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "No"}],
                     "Default": "Yes"},
            "No": {"Type": "Fail"},
            "Yes": {"Type": "Succeed"},
        },
    }  # fmt: skip
    each = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 1, "End": True}
    Path("map.json").write_text(json.dumps({"StartAt": "Each", "States": {"Each": each}}))
    code, _, error = run("map.json", "--input", "[0, 1, 2]", "--simulate", "--name", "map")
    assert code == 0
    assert [line[12:] for line in error.splitlines() if " s  Each" in line] == [
        "Each entered",
        "Each starts a Map Run",
        "Each left",
    ]
    assert [line for line in error.splitlines() if line.endswith("3/3 items, 1 failed, SUCCEEDED")]
    assert run("map.json", "--input", "[0, 1, 2]", "--simulate", "--quiet")[2] == ""
    assert cli.main(["history", "map"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[3:] for line in shown if "MapStateStarted" in line] == [["MapStateStarted"]]
    assert ":mapRun:map/" in next(line for line in shown if "MapRunStarted" in line)


def test_where_a_module_breaks_is_told(run: Any) -> None:
    error = run("task.json", "--resources", functions("\n\nx = 1 / 0\n"))[2]
    assert f"({Path('tasks.py').resolve()}, line 3)" in error


def test_an_unknown_resource_is_found_before_anything_runs(run: Any) -> None:
    code, out, error = run("task.json")
    assert (code, out) == (2, "")
    assert "/States/Work/Resource" in error
    assert "--resources FILE" in error
    assert not Path(cli.DEFAULT_ROOT).exists()


# -- output ------------------------------------------------------------------------------------------------------------


def test_standard_output_holds_the_output_and_nothing_else(run: Any) -> None:
    functions(
        "print('loading')\ndef work(event):\n    print('working')\n    return event\nRESOURCES = {'work': work}\n"
    )
    code, out, error = run("task.json", "--resources", "tasks.py", "--input", '{"ü": [null]}')
    assert code == 0
    assert out == '{\n  "ü": [\n    null\n  ]\n}\n'
    lines = error.splitlines()
    assert lines[0] == "loading"
    assert [line[12:] for line in lines if line.startswith(" ")] == ["Work entered", "Work left", "execution succeeded"]
    assert "working" in lines


def test_quiet_says_nothing(run: Any) -> None:
    assert run("pass.json", "--quiet") == (0, "{}\n", "")


@pytest.mark.parametrize(
    ("body", "error", "cause"),
    [
        ("raise ValueError('no luck')", "ValueError", "no luck"),
        ("return {1, 2}", "Runtime.MarshalError", "set"),
        ("return {'a': [float('nan')]}", "Runtime.MarshalError", "$.a[0]"),
        ("return 'x' * 300_000", "States.DataLimitExceeded", "exceeding the maximum number of bytes"),
        ("import sys; sys.exit(3)", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_function_that_misbehaves_fails_the_execution(body: str, error: str, cause: str, run: Any) -> None:
    functions(f"def work(event):\n    {body}\nRESOURCES = {{'work': work}}\n")
    code, out, told = run("task.json", "--resources", "tasks.py", "--quiet", "--name", "bad")
    assert (code, out) == (1, "")
    lines = told.splitlines()
    assert lines[0] == "asl-local: execution bad FAILED in Task 'Work'"
    assert lines[1] == f"error: {error}"
    assert cause in lines[2]
    kept = record("bad")
    assert (kept["status"], kept["error"], kept["output"]) == ("FAILED", error, None)
    assert kept["history"][-1]["executionFailedEventDetails"]["error"] == error


def test_a_timeout_is_told_as_such(run: Any) -> None:
    machine = {"TimeoutSeconds": 5, "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    Path("w.json").write_text(json.dumps(machine), "utf-8")
    code, out, error = run("w.json", "--simulate", "-q", "--name", "late")
    assert (code, out) == (1, "")
    assert error == "asl-local: execution late TIMED_OUT in Wait 'W'\n"


def test_stand_ins_refuse_in_the_machines_terms(run: Any, place: Path) -> None:
    """A bucket that is not there, a key that would lead out of the root."""
    states = {
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key", "Body": "text"},
            "End": True,
        }
    }
    Path("put.json").write_text(json.dumps({"StartAt": "Put", "States": states}), "utf-8")
    code, _, error = run("put.json", "--root", "in/root", "-q", "--input", '{"bucket": "none-here", "key": "a"}')
    assert code == 1
    assert "error: S3.NoSuchBucketException" in error
    assert cli.main(["aws", "s3", "mb", "s3://there", "--root", "in/root"]) == 0
    before = {path for path in place.rglob("*") if "executions" not in path.parts}
    run("put.json", "--root", "in/root", "-q", "--input", '{"bucket": "there", "key": "../../../escaped.txt"}')
    new = {path for path in place.rglob("*") if "executions" not in path.parts} - before
    assert all((place / "in/root/s3") in path.parents for path in new)


# -- options -----------------------------------------------------------------------------------------------------------


def test_simulate_takes_no_time_and_repeats_itself(run: Any) -> None:
    states = {
        "Year": {"Type": "Wait", "Seconds": 31_536_000, "Next": "Draw"},
        "Draw": {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True},
    }
    Path("year.json").write_text(json.dumps({"StartAt": "Year", "States": states}), "utf-8")
    first = run("year.json", "--simulate", "--seed", "7")
    assert first == run("year.json", "--simulate", "--seed", "7")
    assert first[1] != run("year.json", "--simulate", "--seed", "8")[1]
    kept = record("year-simulated-7")
    assert kept["simulated"]
    assert (kept["startDate"][:4], kept["stopDate"][:4]) == ("2024", "2024")
    assert kept["stopDate"] > "2024-12-30"


def test_a_name_is_taken_once(run: Any) -> None:
    assert run("pass.json", "--name", "mine", "-q", "--input", "1")[0] == 0
    for again in ((), ("--simulate",)):
        code, out, error = run("pass.json", "--name", "mine", "-q", "--input", "2", *again)
        assert (code, out) == (2, "")
        assert "there is an execution 'mine'" in error
    assert record("mine")["output"] == 1


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 81, ".hidden"])
def test_a_name_that_aws_would_not_take(name: str, run: Any) -> None:
    code, _, error = run("pass.json", "--name", name)
    assert code == 2
    assert "cannot name an execution" in error


def test_substitutions_and_limits(run: Any) -> None:
    Path("sub.json").write_text(json.dumps(TASK).replace(ARN, "${Fn}"), "utf-8")
    functions("RESOURCES = {'work': lambda event: 'x' * 300_000}\n")
    common = ("sub.json", "--substitute", f"Fn={ARN}", "--resources", "tasks.py", "-q")
    assert run(*common)[0] == 1
    code, out, _ = run(*common, "--max-payload-bytes", "none")
    assert (code, len(json.loads(out))) == (0, 300_000)
    code, _, error = run(*common, "--max-payload-bytes", "none", "--max-events", "4")
    assert code == 1
    assert "maximum number of history events (4)" in error


def test_the_root_is_named_by_option_environment_or_default(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("pass.json", "-q")[0] == 0
    assert len(list(Path(cli.DEFAULT_ROOT, "executions").iterdir())) == 1
    monkeypatch.setenv(cli.ROOT_VARIABLE, "from-environment")
    assert run("pass.json", "-q")[0] == 0
    assert len(list(Path("from-environment", "executions").iterdir())) == 1
    assert run("pass.json", "-q", "--root", "from-option")[0] == 0
    assert len(list(Path("from-option", "executions").iterdir())) == 1


def test_a_default_root_that_cannot_be_is_no_obstacle(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(cli.DEFAULT_ROOT).write_text("a file", "utf-8")
    code, out, error = run("pass.json", "-q", "--input", "5")
    assert (code, out) == (0, "5\n")
    assert "running without stand-ins and without a record" in error


def test_the_record_tells_all(run: Any) -> None:
    assert run("pass.json", "--name", "all", "-q", "--input", '{"a": "ü"}')[0] == 0
    kept = record("all")
    assert kept["definition"] == PASS
    assert kept["input"] == kept["output"] == {"a": "ü"}
    assert kept["status"] == "SUCCEEDED"
    assert [event["type"] for event in kept["history"]] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert not list(Path(cli.DEFAULT_ROOT, "executions").glob(".tmp*"))


# -- interrupted -------------------------------------------------------------------------------------------------------


# A shell's background job ignores the signal, and so would its children.
_INTERRUPTIBLE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from asl_local.interfaces.cli import main; sys.exit(main())"
)


def interrupt(arguments: list[str], when: str) -> tuple[int, str, str]:
    """Runs the program, sends it Ctrl-C's signal once it has said `when`; exit code and both outputs."""
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, "run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = ""
    while when not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    return process.returncode, out, error


@pytest.mark.parametrize("kind", ["wait", "task"])
def test_ctrl_c_leaves_an_aborted_execution_that_can_be_read(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    Path("wait.json").write_text(json.dumps(wait), "utf-8")
    functions(
        "import sys, threading\n"
        "def work(event):\n    print('at work', flush=True)\n    threading.Event().wait()\n"
        "RESOURCES = {'work': work}\n"
    )
    state = "W" if kind == "wait" else "Work"
    extra = [] if kind == "wait" else ["--resources", "tasks.py"]
    code, out, error = interrupt(
        [f"{kind}.json", "--name", "cut", "--input", "[1]", *extra], "W entered" if kind == "wait" else "at work"
    )
    assert (code, out) == (130, "")
    assert "Traceback" not in error
    assert error.splitlines()[-1].startswith("asl-local: interrupted; execution cut was aborted (asl-local history cut")
    kept = record("cut")
    assert (kept["status"], kept["input"], kept["cause"]) == ("ABORTED", [1], "interrupted")
    assert kept["history"][-1]["type"] == "ExecutionAborted"
    assert not list(Path(cli.DEFAULT_ROOT, "executions").glob(".tmp*"))
    assert cli.main(["history", "cut"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("cut: ABORTED\n")
    assert any("StateEntered" in line and line.endswith(f" {state}") for line in shown.splitlines())


def test_ctrl_c_while_the_record_is_begun_leaves_one_that_says_aborted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from asl_local.interfaces.records import Records

    begin = Records.begin

    def begin_and_stop(self: Records, kept: dict[str, object]) -> None:
        begin(self, kept)
        raise KeyboardInterrupt

    monkeypatch.setattr(Records, "begin", begin_and_stop)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the program is about to end; this process is not
    Path("nap.json").write_text(
        '{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}', "utf-8"
    )
    assert cli.main(["run", "nap.json", "--name", "cut"]) == 130
    assert "interrupted; execution cut was aborted" in capsys.readouterr().err
    assert record("cut")["status"] == "ABORTED"


def test_a_killed_execution_leaves_a_record_that_says_running(capsys: pytest.CaptureFixture[str]) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    Path("wait.json").write_text(json.dumps(wait), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "asl_local", "run", "wait.json", "--name", "killed"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stderr is not None
        assert "W entered" in process.stderr.readline()
        process.kill()
    assert cli.main(["history"]) == 0
    assert "RUNNING" in capsys.readouterr().out
    assert cli.main(["history", "killed"]) == 0


# -- mocks -------------------------------------------------------------------------------------------------------------


def test_invent_answers_tasks_and_makes_up_an_input(run: Any) -> None:
    states = {
        "Work": {"Type": "Task", "Resource": ARN, "InputPath": "$.a", "ResultPath": "$.r", "Next": "Wait"},
        "Wait": {"Type": "Wait", "SecondsPath": "$.r.seconds", "End": True},
    }
    Path("reads.json").write_text(json.dumps({"StartAt": "Work", "States": states}), "utf-8")
    code, out, _ = run("reads.json", "--simulate", "--invent")
    assert (code, json.loads(out)) == (0, {"a": "text", "r": {"seconds": 1}})
    code, out, _ = run("reads.json", "--simulate", "--invent", "--input", '{"a": 7}')
    assert (code, json.loads(out)) == (0, {"a": 7, "r": {"seconds": 1}})
    code, _, err = run("reads.json", "--invent", "--resources", functions("RESOURCES = {}"))
    assert (code, "nothing left for --resources" in err) == (cli.USAGE, True)
