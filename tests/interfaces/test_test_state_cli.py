"""`asl-local test-state`: the aws command's options and its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asl_local.interfaces import cli

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Price"
TASK = {"Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": ["Busy"]}], "Next": "B"}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command; gives exit code, the parsed answer and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(cli.ROOT_VARIABLE, raising=False)
    Path("task.json").write_text(json.dumps(TASK), "utf-8")

    def go(*arguments: str) -> tuple[int, Any, str]:
        code = cli.main(["test-state", *arguments])
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else None, printed.err

    return go


@pytest.mark.parametrize("definition", ["task.json", "file://task.json", json.dumps(TASK)])
def test_a_mock_as_shorthand(call: Any, definition: str) -> None:
    code, answer, _ = call(
        "--definition", definition, "--mock", "errorOutput={error=Busy,cause=later}",
        "--state-configuration", "retrierRetryCount=2", "--inspection-level", "DEBUG", "--input", '{"n": 1}',
    )  # fmt: skip
    assert code == 0
    assert answer["status"] == "RETRIABLE"
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 4}
    assert answer["inspectionData"]["input"] == '{"n":1}'


def test_a_mock_as_json_a_machine_a_context_and_variables(call: Any) -> None:
    machine = {"StartAt": "A", "States": {"A": {**TASK, "Parameters": {"v.$": "$v", "id.$": "$$.Execution.Id"}},
                                          "B": {"Type": "Succeed"}}}  # fmt: skip
    Path("machine.json").write_text(json.dumps(machine), "utf-8")
    Path("context.json").write_text('{"Execution": {"Id": "x"}}', "utf-8")
    code, answer, _ = call(
        "--definition", "machine.json", "--state-name", "A", "--mock", '{"result": "{\\"B\\": \\"not base64\\"}"}',
        "--variables", '{"v": 3}', "--context", "file://context.json", "--inspection-level", "TRACE",
    )  # fmt: skip
    assert code == 0
    assert answer["output"] == '{"B":"not base64"}'
    assert answer["nextState"] == "B"
    assert answer["inspectionData"]["afterParameters"] == '{"v":3,"id":"x"}'
    assert not Path(cli.DEFAULT_ROOT).exists()


def test_a_task_without_a_mock_is_answered_by_the_resources(call: Any) -> None:
    Path("tasks.py").write_text("RESOURCES = {'Price': lambda event: event['n'] * 2}", "utf-8")
    role = "arn:aws:iam::123456789012:role/r"
    code, answer, _ = call(
        "--definition", "task.json", "--input", '{"n": 4}', "--resources", "tasks.py", "--role-arn", role
    )
    assert (code, answer) == (0, {"status": "SUCCEEDED", "output": "8", "nextState": "B"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--definition", "gone.json"], "gone.json"),
        (["--definition", "task.json"], "(ValidationException) when calling the TestState operation: RoleArn must be"),
        (["--definition", "task.json", "--mock", "{result"], "invalid JSON"),
        (["--definition", "task.json", "--mock", "result"], "shorthand: expected a name and '='"),
        (
            ["--definition", "task.json", "--mock", "result=1", "--no-reveal-secrets", "--context", "[]"],
            "must be an object",
        ),
    ],
)
def test_what_cannot_be_carried_out(call: Any, arguments: list[str], message: str) -> None:
    code, answer, complaint = call(*arguments)
    assert (code, answer) == (cli.USAGE, None)
    assert message in complaint
