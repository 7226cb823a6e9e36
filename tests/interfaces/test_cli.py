"""The command line around its commands: how it ends, what it prints where, what it loads."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import asl_local
from asl_local.interfaces import cli

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TEN_FAULTS = """{
  "StartAt": "Nowhere",
  "Colour": "red",
  "States": {
    "A": {"Type": "Task", "Next": "B"},
    "B": {"Type": "Pass", "Next": "Missing"},
    "C": {"Type": "Wait", "Seconds": 1, "Timestamp": "2024-01-01T00:00:00Z", "End": true},
    "D": {"Type": "Paas", "End": true},
    "E": {"Type": "Choice", "Choices": [], "Default": "A"},
    "F": {"Type": "Pass", "ResultPath": "$.a[*]", "End": true},
    "G": {"Type": "Pass", "InputPath": "not a path", "End": true},
    "H": {"Type": "Pass", "Parameters": {"x.$": "States.Nothing()"}, "End": true},
    "I": {"Type": "Parallel", "Branches": [], "End": true},
    "J": {"Type": "Pass"}
  }
}
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no root from the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(cli.ROOT_VARIABLE, raising=False)
    return tmp_path


def write(name: str, content: object) -> str:
    Path(name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return name


def one_line(text: str) -> str:
    assert text.count("\n") == 1
    assert "Traceback" not in text
    return text


# -- the program itself ------------------------------------------------------------------------------------------------


def test_version(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    assert cli.main(["--version"]) == 0
    released = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert capsys.readouterr().out == f"asl-local {released}\n"


@pytest.mark.parametrize("zipped", [False, True], ids=["on the path", "in a zip"])
def test_the_version_of_a_package_that_is_not_installed(tmp_path: Path, project: Path, *, zipped: bool) -> None:
    source = str(project / "src")
    if zipped:
        source = str(tmp_path / "package.zip")
        with zipfile.ZipFile(source, "w") as archive:
            for file in (project / "src" / "asl_local").rglob("*.py"):
                archive.write(file, file.relative_to(project / "src"))
    command = [sys.executable, "-S", "-m", "asl_local", "--version"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": source}, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"asl-local {asl_local.__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["validate", "-h"], ["aws", "--help"]])
def test_help_goes_to_standard_output(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("usage: asl-local")
    assert not printed.err


def test_help_of_run_tells_what_resources_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["run", "--help"])
    assert "def resources(aws)" in capsys.readouterr().out


def test_no_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert "usage:" in printed.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["walk"], "invalid choice: 'walk'"),
        (["run"], "DEFINITION"),
        (["run", "a.json", "--nonsense"], "--nonsense"),
        (["run", "a.json", "--max-events", "0"], "neither a number from 1 nor 'none'"),
        (["run", "a.json", "--substitute", "x"], "'x' is not NAME=VALUE"),
        (["run", "a.json"], "a.json: there is no such file"),
        (["validate", "a.json"], "a.json: there is no such file"),
        (["graph", "a.json"], "a.json: there is no such file"),
        (["graph", "good.json", "-o", "nowhere/x.mmd"], "nowhere: there is no such folder"),
        (["history", "nobody"], "there is no execution 'nobody'"),
        (["history", "../good"], "there is no execution '../good'"),
        (["run", "good.json", "--root", "good.json"], "is a file, not a directory"),
    ],
)
def test_usage_errors_are_one_line_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("good.json", PASS)
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert says in one_line(printed.err)


def test_a_mistyped_file_name_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    write("order.asl.json", PASS)
    assert cli.main(["run", "orders.asl.json"]) == 2
    assert "did you mean order.asl.json" in one_line(capsys.readouterr().err)


def test_python_dash_m_is_the_same_program() -> None:
    done = subprocess.run([sys.executable, "-m", "asl_local", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("asl-local 0.")


def test_the_start_loads_no_heavy_library_and_no_other_command() -> None:
    script = (
        "import sys; from asl_local.interfaces import cli; cli.build();"
        "print(*sorted(sys.modules.keys() & {'cv2', 'numpy', 'PIL', 'tinydb', 'yaml', 'jsonpath_ng',"
        " 'asl_local.interfaces.aws.cli', 'asl_local.interfaces.cli_run', 'asl_local.services.local'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_nobody_reading_the_output_is_no_error_message() -> None:
    write("good.json", PASS)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "asl_local", "run", "good.json", "-q"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_nobody_reading_the_progress_does_not_stop_the_execution() -> None:
    write("good.json", PASS)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "asl_local", "run", "good.json", "--input", "[7]"],
        stdout=subprocess.PIPE,
        stderr=writing,
        text=True,
        check=False,
    )
    os.close(writing)
    assert json.loads(done.stdout) == [7]


def test_a_console_that_lacks_a_character_gets_json_escapes_and_no_traceback() -> None:
    write("good.json", {"StartAt": "ü", "States": {"ü": {"Type": "Pass", "Result": {"ü": "😀"}, "End": True}}})
    done = subprocess.run(
        [sys.executable, "-m", "asl_local", "run", "good.json"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert json.loads(done.stdout.decode("ascii")) == {"ü": "😀"}
    assert b"\\xfc entered" in done.stderr


# -- validate ----------------------------------------------------------------------------------------------------------


def test_validate_says_no_problems(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", write("good.json", PASS)]) == 0
    assert capsys.readouterr().out == "good.json: no problems\n"


def test_validate_shows_line_caret_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    text = '{\n  "StartAt": "A",\n  "States": {"A": {"Type": "Pass", "Nxt": "B", "End": true}}\n}\n'
    assert cli.main(["validate", write("a.json", text)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("a.json:3:36: error SCHEMA_VALIDATION_FAILED")
    assert lines[2].index("^") == lines[1].index('"Nxt"')
    assert "did you mean 'Next'?" in lines[3]
    assert lines[-1] == "a.json: 1 error"


def test_ten_faults_are_ten_problems(capsys: pytest.CaptureFixture[str]) -> None:
    write("ten.json", TEN_FAULTS)
    assert cli.main(["validate", "ten.json", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {"file", "severity", "code", "message", "path", "line", "column", "hint"} == set(found[0])
    places = {each["path"].split("/")[2] for each in found if each["path"].startswith("/States/")}
    assert places >= set("ABCDEFGHIJ")
    assert cli.main(["run", "ten.json"]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert len(printed.err.splitlines()) == sum(each["severity"] == "ERROR" for each in found) >= 10
    assert all(line.startswith("asl-local: ten.json:") for line in printed.err.splitlines())
    assert not Path(cli.DEFAULT_ROOT).exists()


@pytest.mark.parametrize("command", ["run", "graph"])
def test_what_is_not_json_is_refused_with_its_place(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("bad.json", '{\n  "StartAt": "A",\n  oops\n}')
    assert cli.main([command, "bad.json"]) == 2
    assert one_line(capsys.readouterr().err).startswith("asl-local: bad.json:3:3: INVALID_JSON_DESCRIPTION")


def test_validate_takes_several_files_and_shows_all(capsys: pytest.CaptureFixture[str]) -> None:
    write("good.json", PASS)
    write("bad.json", "{")
    assert cli.main(["validate", "bad.json", "good.json"]) == 1
    out = capsys.readouterr().out
    assert "bad.json: 1 error" in out
    assert "good.json: no problems" in out


def test_validate_fills_placeholders(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.json", {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${F}", "End": True}}})
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    assert cli.main(["validate", "a.json", "--substitute", f"F={arn}"]) == 0
    assert cli.main(["validate", "a.json", "--substitute", "F=nonsense"]) == 1
    assert "Value is not a valid resource ARN" in capsys.readouterr().out


def test_validate_reads_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    pipe('{\n  "StartAt": "A",\n  "States": {"A": {"Type": "Succeed", "End": true}}\n}')
    assert cli.main(["validate", "-"]) == 1
    out = capsys.readouterr().out
    assert "-:3:39: error SCHEMA_VALIDATION_FAILED: Field 'End' is not supported\n  3 | " in out
    pipe(json.dumps(PASS))
    write("bad.json", "{")
    assert cli.main(["validate", "-", "bad.json"]) == 1
    assert capsys.readouterr().out.startswith("-: no problems\nbad.json:1:")


# -- graph -------------------------------------------------------------------------------------------------------------


FIRST_LINES = {"mermaid": "flowchart TD", "svg": "<svg xmlns=", "dot": 'digraph "good" {'}


@pytest.mark.parametrize(("form", "first"), FIRST_LINES.items())
@pytest.mark.parametrize("ending", ["mmd", "MERMAID", "svg", "dot", "gv"])
def test_graph_prints_or_writes(form: str, first: str, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("good.json", PASS)
    assert cli.main(["graph", "good.json", "--format", form]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(first)
    assert printed.endswith("\n")
    # What is asked for goes before what the file's name says.
    assert cli.main(["graph", "good.json", "--format", form, "-o", f"good.{ending}"]) == 0
    assert capsys.readouterr().out == ""
    assert Path(f"good.{ending}").read_text("utf-8") == printed


@pytest.mark.parametrize(
    ("ending", "form"),
    [("mmd", "mermaid"), ("mermaid", "mermaid"), ("svg", "svg"), ("SVG", "svg"), ("dot", "dot"), ("gv", "dot")],
)
def test_graph_takes_the_format_from_the_file_s_name(ending: str, form: str) -> None:
    write("good.json", PASS)
    assert cli.main(["graph", "good.json", "-o", f"x.{ending}"]) == 0
    assert Path(f"x.{ending}").read_text("utf-8").startswith(FIRST_LINES[form])


def test_graph_is_mermaid_where_nobody_says(capsys: pytest.CaptureFixture[str]) -> None:
    write("good.json", PASS)
    assert cli.main(["graph", "good.json"]) == 0
    assert capsys.readouterr().out.startswith(FIRST_LINES["mermaid"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "good.png"], "good.png: no format ends like that; --format says which: mermaid, svg, dot"),
        (["-o", "good"], "good: no format ends like that"),
        (["--format", "png"], "invalid choice: 'png'"),
        (["-o", "nowhere/good.svg"], "there is no such folder"),
        (["--format", "svg", "-o", "."], "that is a folder"),
    ],
)
def test_graph_refuses(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("good.json", PASS)
    assert cli.main(["graph", "good.json", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert sorted(path.name for path in Path().iterdir()) == ["good.json"]


def test_graph_of_a_machine_in_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    wait = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": "${Seconds}", "End": True}}}
    machines = {
        name: {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": content}}
        for name, content in (("One", PASS), ("Two", wait))
    }
    write("template.json", {"Resources": machines})
    assert cli.main(["graph", "template.json", "--format", "dot"]) == 2
    assert "name one of them: One, Two" in capsys.readouterr().err
    assert cli.main(["graph", "template.json", "--format", "dot", "--machine", "Two"]) == 0
    assert "${Seconds} s" in capsys.readouterr().out
    assert (
        cli.main(["graph", "template.json", "--format", "dot", "--machine", "Two", "--substitute", "Seconds=90"]) == 0
    )
    assert "wait 90 s" in capsys.readouterr().out


def test_graph_of_what_cannot_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    write("bad.json", {"StartAt": "A", "States": {}})
    assert cli.main(["graph", "bad.json", "-o", "bad.svg"]) == 2
    assert "bad.json" in capsys.readouterr().err
    assert not Path("bad.svg").exists()


# -- history -----------------------------------------------------------------------------------------------------------


def test_history_lists_the_latest_first_and_shows_one(capsys: pytest.CaptureFixture[str]) -> None:
    write("good.json", PASS)
    assert cli.main(["history"]) == 0
    assert capsys.readouterr().out == f"no executions in {Path(cli.DEFAULT_ROOT) / 'executions'}\n"
    for name in ("one", "two"):
        assert cli.main(["run", "good.json", "--name", name, "-q"]) == 0
    os.utime(Path(cli.DEFAULT_ROOT, "executions", "one.json"), (1, 1))
    capsys.readouterr()
    assert cli.main(["history"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["STATUS", "SUCCEEDED", "SUCCEEDED"]
    assert [line.split()[-2] for line in lines[1:]] == ["two", "one"]
    assert cli.main(["history", "one"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("one: SUCCEEDED\n")
    assert [line.split()[3] for line in shown.splitlines()[5:]] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


def test_history_as_json_has_awss_shape(capsys: pytest.CaptureFixture[str]) -> None:
    write("good.json", PASS)
    cli.main(["run", "good.json", "--name", "one", "-q", "--input", '{"a": 1}'])
    capsys.readouterr()
    assert cli.main(["history", "one", "--format", "json"]) == 0
    first = json.loads(capsys.readouterr().out)["events"][0]
    assert first["type"] == "ExecutionStarted"
    assert first["executionStartedEventDetails"]["input"] == '{"a":1}'
    assert cli.main(["history", "--format", "json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["executions"]
    assert listed["executionArn"].endswith(":execution:good:one")


def test_a_broken_record_is_shown_as_unreadable(capsys: pytest.CaptureFixture[str]) -> None:
    Path(cli.DEFAULT_ROOT, "executions").mkdir(parents=True)
    write(f"{cli.DEFAULT_ROOT}/executions/half.json", '{"name": "ha')
    assert cli.main(["history"]) == 0
    assert "UNREADABLE" in capsys.readouterr().out
    assert cli.main(["history", "half"]) == 2
    assert "cannot read" in one_line(capsys.readouterr().err)


# -- aws ---------------------------------------------------------------------------------------------------------------


def test_aws_runs_a_services_command_and_passes_its_exit_code_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["aws", "sns", "create-topic", "--name", "news", "--root", "r"]) == 0
    assert json.loads(capsys.readouterr().out)["TopicArn"].endswith(":news")
    assert cli.main(["aws", "dynamodb", "scan", "--table-name", "None", "--root", "r"]) == 254
    assert "ResourceNotFoundException" in capsys.readouterr().err


# -- templates

TEMPLATE = """\
Parameters:
  Pause: {Type: Number}
Resources:
  Good:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: A
        States: {A: {Type: Wait, Seconds: !Ref Pause, End: true}}
  Bad:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: A
        States: {A: {Type: Pass}}
"""


def test_validate_shows_each_machine_of_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.yaml", TEMPLATE)
    assert cli.main(["validate", "t.yaml"]) == 1
    shown = capsys.readouterr().out
    assert "t.yaml: Good: no problems" in shown
    assert "t.yaml:15:18: error SCHEMA_VALIDATION_FAILED" in shown
    assert "  15 |         States: {A: {Type: Pass}}\n" in shown
    assert "t.yaml: Bad: 1 error" in shown
    assert cli.main(["validate", "t.yaml", "--machine", "Good"]) == 0
    assert cli.main(["validate", ".", "--format", "json"]) == 1
    assert "Bad" in capsys.readouterr().out


def test_run_and_graph_take_one_machine_of_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.yaml", TEMPLATE)
    assert cli.main(["graph", "t.yaml", "--machine", "Good"]) == 0
    assert cli.main(["graph", "t.yaml"]) == cli.USAGE
    assert "2 state machines, name one of them: Good, Bad" in capsys.readouterr().err
    assert cli.main(["run", "t.yaml", "--machine", "Good", "--simulate"]) == cli.USAGE
    assert "The placeholder in '${Pause}' has no value" in capsys.readouterr().err
    arguments = ["run", "t.yaml", "--machine", "Good", "--simulate", "--substitute", "Pause=60"]
    assert cli.main(arguments) == 0
    assert "60.000 s  A left" in capsys.readouterr().err


def test_yaml_without_its_library_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)  # what Python itself does for a module that must not be found
    (tmp_path / "m.yaml").write_text("StartAt: A", "utf-8")
    for command in ("validate", "run", "graph"):
        assert cli.main([command, str(tmp_path / "m.yaml")]) == cli.USAGE
        assert capsys.readouterr().err == "asl-local: definitions in YAML need PyYAML: pip install 'asl-local[yaml]'\n"


def test_what_cannot_be_looked_at_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("bad.json").write_text("{}", "utf-8")
    assert cli.main(["validate", "empty", "nothing.json", "bad.json"]) == cli.USAGE
    printed = capsys.readouterr()
    assert "bad.json: 1 error" in printed.out
    assert printed.err.splitlines()[0] == "asl-local: empty holds no state machine"
    assert printed.err.splitlines()[1].startswith("asl-local: nothing.json: there is no such file")
