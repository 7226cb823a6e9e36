"""Runs written down: as a MockConfigFile, and as a test-state command for the state at fault."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local.interfaces import cli
from asl_local.testing.counterexamples.calls import Chains, calls_of
from asl_local.testing.counterexamples.mock_file import mock_file
from asl_local.testing.counterexamples.state_command import Command, state_command


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:123456789012:function:{name}", **fields}


RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 2}]
CATCH = [{"ErrorEquals": ["Gone"], "ResultPath": "$.why", "Next": "Sorry"}]
ORDERS = {
    "StartAt": "Orders",
    "States": {
        "Orders": {
            "Type": "Map",
            "ItemsPath": "$.orders",
            "ItemProcessor": {
                "StartAt": "Both",
                "States": {
                    "Both": {
                        "Type": "Parallel",
                        "Branches": [
                            {"StartAt": "Charge", "States": {"Charge": task("Charge", Retry=RETRY, End=True)}},
                            {"StartAt": "Ship", "States": {"Ship": task("Ship", End=True)}},
                        ],
                        "End": True,
                    }
                },
            },
            "ResultPath": "$.done",
            "Catch": CATCH,
            "Next": "Report",
        },
        "Report": task("Report", End=True),
        "Sorry": {"Type": "Fail", "Error": "Sorry"},
    },
}


def script(answers: dict[str, list[Any]]) -> dict[str, Any]:
    """Handlers that answer with what is next in their list, or raise it."""

    def handler(name: str) -> Any:
        left = iter(answers[name])

        def answer(_event: Any) -> Any:
            answer = next(left)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return answer

    return {name: handler(name) for name in answers}


def busy() -> asl_local.StateError:
    return asl_local.StateError("Busy", "later")


def ran(answers: dict[str, list[Any]], definition: Any = ORDERS, input: Any = None) -> tuple[Any, Any, Any]:
    machine = asl_local.load(definition, name="Orders")
    given = {"orders": ["a", "b"]} if input is None else input
    return machine, machine.simulate(given, script({"Report": [], **answers})), given


# ----------------------------------------------------------------------------------------------------------------- calls


def test_calls_have_places_attempts_and_what_came_of_them() -> None:
    machine, result, _ = ran({"Charge": [busy(), 1, 2], "Ship": [3, 4], "Report": ["all"]})
    told = [
        (call.place, call.attempt, call.came, call.result, call.error) for call in calls_of(result, machine.definition)
    ]
    assert told == [
        ("Orders[0]/Both[0]/Charge", 0, "error", None, "Busy"),
        ("Orders[0]/Both[1]/Ship", 0, "result", 3, ""),
        ("Orders[1]/Both[0]/Charge", 0, "result", 1, ""),
        ("Orders[1]/Both[1]/Ship", 0, "result", 4, ""),
        ("Orders[0]/Both[0]/Charge", 1, "result", 2, ""),
        ("Report", 0, "result", "all", ""),
    ]


def test_what_an_inner_scope_assigned_is_not_seen_outside() -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"a": 1, "b": 1}, "Next": "P"},
            "P": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "StartAt": "I",
                        "States": {
                            "I": {"Type": "Pass", "Assign": {"i": 2}, "Next": "J"},
                            "J": {"Type": "Pass", "End": True},
                        },
                    }
                ],
                "Assign": {"p": 3, "b": 3},
                "Next": "Z",
            },
            "Z": {"Type": "Succeed"},
        },
    }
    result = asl_local.load(definition).simulate()
    chains = Chains(result.history, definition)
    seen = {visit.place: chains.variables(visit) for visit in chains.visits}
    assert seen == {
        "A": {}, "P": {"a": 1, "b": 1}, "P[0]/I": {"a": 1, "b": 1}, "P[0]/J": {"a": 1, "b": 1, "i": 2},
        "Z": {"a": 1, "b": 3, "p": 3},
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ mock files


def test_a_run_is_told_by_its_mock_file(tmp_path: Path) -> None:
    machine, result, given = ran({"Charge": [busy(), 1, 2], "Ship": [3, 3], "Report": ["all"]})
    mocks = mock_file(machine, result, given)
    assert mocks.notes == ()
    assert mocks.config == {
        "StateMachines": {"Orders": {"TestCases": {"Counterexample": {
            "Charge": "Charge in Counterexample", "Ship": "Ship in Counterexample",
            "Report": "Report in Counterexample"}}}},
        "MockedResponses": {
            "Charge in Counterexample": {
                "0": {"Throw": {"Error": "Busy", "Cause": "later"}}, "1": {"Return": 1}, "2": {"Return": 2}},
            "Ship in Counterexample": {"0-1": {"Return": 3}},
            "Report in Counterexample": {"0": {"Return": "all"}}},
    }  # fmt: skip
    path = tmp_path / "MockConfigFile.json"
    mocks.write(path)
    again = machine.simulate(given, mock_config=path, test_case=mocks.test_case)
    assert (again.status, again.output) == (result.status, result.output)


def test_a_run_that_failed_is_told_too() -> None:
    machine, result, given = ran({"Charge": [busy(), busy(), busy(), 1], "Ship": [3, 4]}, input={"orders": [1]})
    mocks = mock_file(machine, result, given)
    assert result.error == "Busy"
    assert mocks.notes == ()


def test_a_timeout_is_thrown() -> None:
    definition = {"StartAt": "A", "States": {"A": task("A", TimeoutSeconds=5, End=True)}}
    machine = asl_local.load(definition)
    result = machine.simulate({}, {"A": lambda _event, context: context.sleep(9)})
    mocks = mock_file(machine, result, {})
    assert [*mocks.config["MockedResponses"].values()] == [{"0": {"Throw": {"Error": "States.Timeout", "Cause": ""}}}]


def test_what_a_mock_file_cannot_say_is_said() -> None:
    """The slower branch fails, and the faster one's answer came before; without time, both come at once."""
    slow = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 9, "Next": "Slow"}, "Slow": task("Slow", End=True)},
    }
    quick = {"StartAt": "Quick", "States": {"Quick": task("Quick", Next="Then"), "Then": task("Then", End=True)}}
    definition = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [slow, quick], "End": True}}}
    machine = asl_local.load(definition)

    def late(_event: Any, context: Any) -> None:
        context.sleep(20)
        raise asl_local.StateError("Late")

    def gone(_event: Any) -> None:
        raise asl_local.StateError("Gone")

    result = machine.simulate({}, {"Slow": gone, "Quick": late, "Then": lambda _: 1})
    assert result.error == "Gone"
    mocks = mock_file(machine, result, {}, needs=["the answers in another order"])
    assert mocks.notes == (
        "a mock file cannot express this: the answers in another order",
        "nobody waited for the answer of P[1]/Quick: its reply is made up",
        (
            "with the mock file alone, which answers in the order of the definition, the execution ends otherwise: FAILED "
            "with NotMocked instead of FAILED with Gone"
        ),
    )


# ------------------------------------------------------------------------------------------------------------- test-state


def answer(command: Command, capsys: pytest.CaptureFixture[str]) -> Any:
    """What our own test-state says to the command, as a shell would hand it over."""
    said = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, text=True, check=True).stdout
    aws, service, *arguments = said.split("\0")[:-1]
    assert (aws, service) == ("aws", "stepfunctions")
    assert tuple(arguments) == command.arguments
    capsys.readouterr()
    assert cli.main(arguments) == 0
    return json.loads(capsys.readouterr().out)


def test_the_state_in_which_it_failed(capsys: pytest.CaptureFixture[str]) -> None:
    machine, result, _ = ran({"Charge": [busy(), busy(), busy(), 1], "Ship": [3, 4]}, input={"orders": ["it's"]})
    command = state_command(machine, result)
    assert command.state == "Charge"
    found = answer(command, capsys)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Busy", "later")
    assert found["inspectionData"]["input"] == '"it\'s"'


def test_a_retry_that_is_left_is_told_by_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    machine, result, _ = ran(
        {"Charge": [busy(), busy(), 1], "Ship": [asl_local.StateError("Gone")]}, input={"orders": [1]}
    )
    command = state_command(machine, result, state="Charge")
    assert answer(command, capsys)["status"] == "RETRIABLE"
    assert "--state-configuration" not in command.arguments


def test_a_caught_error_is_at_fault_for_the_fail_state_that_follows(capsys: pytest.CaptureFixture[str]) -> None:
    machine, result, _ = ran({"Charge": [1], "Ship": [asl_local.StateError("Gone", "'no'")]}, input={"orders": [1]})
    assert result.error == "Sorry"
    command = state_command(machine, result)
    assert command.state == "Ship"
    assert answer(command, capsys)["cause"] == "'no'"


def test_of_a_run_that_succeeded_the_last_task(capsys: pytest.CaptureFixture[str]) -> None:
    machine, result, _ = ran({"Charge": [1], "Ship": [2], "Report": [{"sum": 3}]}, input={"orders": [1]})
    command = state_command(machine, result)
    assert command.state == "Report"
    assert answer(command, capsys) == {
        **answer(command, capsys), "status": "SUCCEEDED", "output": '{"sum":3}',
    }  # fmt: skip
    with pytest.raises(ValueError, match="'Sorry' was not entered; entered were: Orders, Both, Charge, Ship, Report"):
        state_command(machine, result, state="Sorry")


def test_a_state_without_a_call_needs_no_mock(capsys: pytest.CaptureFixture[str]) -> None:
    definition = {
        "StartAt": "Large?",
        "States": {
            "Large?": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Done"}]},
            "Done": {"Type": "Succeed"},
        },
    }
    machine = asl_local.load(definition)
    command = state_command(machine, machine.simulate({"n": 3}))
    assert "--mock" not in command.arguments
    assert answer(command, capsys)["error"] == "States.NoChoiceMatched"


def test_language_variables_and_context_go_along(capsys: pytest.CaptureFixture[str]) -> None:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Set",
        "States": {
            "Set": {"Type": "Pass", "Assign": {"rate": 3}, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "Items": "{% [1, 2] %}",
                "ItemProcessor": {"StartAt": "Price", "States": {"Price": {
                    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
                    "Arguments": {"FunctionName": "Price", "Payload": "{% $states.context.Map.Item.Value * $rate %}"},
                    "Output": {
                        "sum": "{% $states.result.Payload * $rate %}", "at": "{% $states.context.Map.Item.Index %}"},
                }}},
                "End": True,
            },
        },
    }  # fmt: skip
    machine = asl_local.load(definition)
    result = machine.simulate({}, {"Price": lambda event: event + 1})
    command = state_command(machine, result)
    assert command.notes == ()
    found = answer(command, capsys)
    assert json.loads(found["output"]) == {"sum": 21, "at": 1} == result.output[1]
    assert json.loads(found["inspectionData"]["afterArguments"])["Payload"] == 6


SQS = ("sqs:sendMessage", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q", "MessageBody": "hello"})
START = ("states:startExecution", {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"})


@pytest.mark.parametrize(
    ("called", "given", "mode"),
    [
        (SQS, {"MessageId": "1", "MD5OfMessageBody": "x"}, None),
        (SQS, {"MessageId": 1}, "NONE"),
        (
            START,
            {
                "ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e",
                "StartDate": "2024-01-01T00:00:00Z",
            },
            None,
        ),
        (START, {"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e"}, "PRESENT"),
    ],
)
def test_a_result_is_compared_as_strictly_as_it_can_be(
    called: tuple[str, Any], given: Any, mode: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    resource, parameters = called
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True}
    machine = asl_local.load({"StartAt": "Send", "States": {"Send": state}})
    result = machine.simulate({}, asl_local.Resources({"*": lambda _: given}))
    command = state_command(machine, result)
    mock = json.loads(command.arguments[command.arguments.index("--mock") + 1])
    assert mock.get("fieldValidationMode") == mode
    assert answer(command, capsys)["status"] == "SUCCEEDED"


def test_what_no_history_tells_is_said() -> None:
    inner = task("A", Parameters={"it.$": "$$.Map.Item.Value"}, End=True)
    definition = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map", "ItemSelector": {"n": 1}, "End": True,
                "ItemProcessor": {"StartAt": "A", "States": {"A": inner}},
            }
        },
    }  # fmt: skip
    machine, result, _ = ran({"A": [1]}, definition, [7])
    assert state_command(machine, result).notes == ("no history tells Map.Item.Value: add it to --context",)


def test_a_map_that_failed_itself_has_its_failure_for_a_mock(capsys: pytest.CaptureFixture[str]) -> None:
    distributed = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    definition = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map", "End": True, "ToleratedFailureCount": 0,
                "ItemProcessor": {"ProcessorConfig": distributed, "StartAt": "A", "States": {"A": task("A", End=True)}},
            }
        },
    }  # fmt: skip
    machine, result, given = ran({"A": [1, busy()]}, definition, [7, 8])
    command = state_command(machine, result)
    assert (command.state, result.error) == ("M", "States.ExceedToleratedFailureThreshold")
    assert answer(command, capsys)["error"] == "States.ExceedToleratedFailureThreshold"
    assert [call.place for call in calls_of(result, definition)] == ["M[0]/A", "M[1]/A"]
    assert mock_file(machine, result, given).notes == ()


@pytest.mark.parametrize(
    ("kind", "fields"), [("Map", {"ItemsPath": "$.gone"}), ("Parallel", {"Parameters": {"a.$": "$.gone"}})]
)
def test_a_map_or_parallel_whose_own_field_fails(
    kind: str, fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    block = {"ItemProcessor": inner} if kind == "Map" else {"Branches": [inner]}
    machine = asl_local.load({"StartAt": "X", "States": {"X": {"Type": kind, "End": True, **fields, **block}}})
    result = machine.simulate({})
    found = answer(state_command(machine, result), capsys)
    assert (found["status"], found["error"]) == ("FAILED", result.error)
