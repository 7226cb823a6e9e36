"""Coverage: whose executions count, what is kept of them, and how several processes' data come together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import AslError, Coverage
from asl_local.engine.messages import Failed, Succeeded
from asl_local.testing.coverage import MachineCoverage, combine, covered, data_files

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
TWO: dict[str, Any] = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": LAMBDA + "f",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
            "End": True,
        },
        "B": {"Type": "Pass", "End": True},
    },
}
TOKEN: dict[str, Any] = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
            "Next": "B",
        },
        "B": {"Type": "Pass", "End": True},
    },
}


def fails(event: Any) -> Any:
    raise asl_local.StateError("No", "")


def entered(measured: MachineCoverage) -> set[str]:
    return {goal.state for goal in measured.covered if goal.kind == "states"}


@pytest.fixture
def two() -> asl_local.Machine:
    return asl_local.load(TWO, name="two")


def test_what_runs_inside_the_block_counts_and_nothing_else(two: asl_local.Machine) -> None:
    two.simulate({}, {"f": fails})
    with Coverage() as coverage:
        two.run({}, {"f": lambda event: 1})
    two.simulate({}, {"f": fails})
    assert entered(coverage.of(two)) == {"A"}
    assert coverage.of(two).percent == pytest.approx(40)
    assert [one.name for one in coverage.machines] == ["two"]


def test_a_machine_that_never_ran_has_nothing(two: asl_local.Machine) -> None:
    coverage = Coverage()
    assert coverage.of(two).percent == 0
    assert coverage.of(two).covered == ()
    assert coverage.machines == []
    assert coverage.percent == 100
    coverage.include(two)
    assert [one.name for one in coverage.machines] == ["two"]
    assert coverage.percent == 0


def test_equal_definitions_are_one_machine() -> None:
    with Coverage() as coverage:
        asl_local.load(json.dumps(TWO)).simulate({}, {"f": fails})
        asl_local.load(TWO, name="two").simulate({}, {"f": lambda event: 1})
    (one,) = coverage.machines
    assert one.percent == 100
    assert one.name == "two"  # a name that somebody gave comes before one that nobody did


def test_one_block_inside_another(two: asl_local.Machine) -> None:
    with Coverage() as outer:
        two.simulate({}, {"f": fails})
        with Coverage() as inner:
            two.simulate({}, {"f": lambda event: 1})
    assert outer.of(two).percent == 100
    assert inner.of(two).percent == pytest.approx(40)


def test_a_redrive_counts_from_where_it_goes_on(two: asl_local.Machine) -> None:
    bare = asl_local.load({"StartAt": "A", "States": {"A": {**TWO["States"]["A"], "Catch": []}}})
    with Coverage() as first:
        failed = bare.simulate({}, {"f": fails})
    with Coverage() as second:
        bare.redrive(failed, {"f": lambda event: 1})
    assert [goal.kind for goal in first.of(bare).covered] == ["states"]
    assert [goal.kind for goal in second.of(bare).covered] == ["transitions"]  # A was not entered again


def test_a_client_s_redrive_counts_from_there_too() -> None:
    fails_once = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail"}}}
    client = asl_local.StepFunctions(clock="virtual")
    role = "arn:aws:iam::123456789012:role/r"
    made = client.create_state_machine(name="m", definition=json.dumps(fails_once), roleArn=role)
    machine = asl_local.load(fails_once)
    with Coverage() as first:
        arn = client.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
        client.describe_execution(executionArn=arn)
    with Coverage() as second:
        client.redrive_execution(executionArn=arn)
        client.describe_execution(executionArn=arn)
    assert entered(first.of(machine)) == {"A", "B"}
    assert entered(second.of(machine)) == {"B"}


def test_an_execution_in_the_background_counts_while_it_runs() -> None:
    machine = asl_local.load(TOKEN)
    with Coverage() as coverage:
        started = machine.start({}, {"f": lambda event: None})
    while not started.tokens():
        pass
    assert entered(coverage.of(machine)) == {"A"}
    (token,) = started.tokens()
    started.send_task_success(token)
    started.result(10)
    assert entered(coverage.of(machine)) == {"A", "B"}  # it had begun inside the block


def test_one_that_was_dumped_counts_again_from_there() -> None:
    machine = asl_local.load({**TOKEN, "States": {**TOKEN["States"], "A": {"Type": "Wait", "Seconds": 9, "Next": "B"}}})
    execution = machine.execution({})
    execution.step(None, 0.0)
    with Coverage() as coverage:
        machine.resume_simulation(execution.dump())
    assert entered(coverage.of(machine)) == {"B"}


def test_machines_that_a_task_starts() -> None:
    resource = "arn:aws:states:::states:startExecution.sync"
    outer = asl_local.load(
        {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": resource, "Parameters": {"StateMachineArn": "two"},
                                          "End": True}}}, name="outer"
    )  # fmt: skip
    two = asl_local.load(TWO, name="two")
    with Coverage() as coverage:
        outer.simulate({}, asl_local.Resources({"f": fails}, machines={"two": two}))
    assert [(one.name, one.percent) for one in coverage.machines] == [("outer", 100), ("two", pytest.approx(80))]


class TestTestState:
    def test_a_state_of_a_machine_counts(self, two: asl_local.Machine) -> None:
        caught = {"errorOutput": {"error": "No", "cause": ""}}
        with Coverage() as coverage:
            asl_local.test_state(definition=TWO, stateName="A", input="{}", mock=caught)
            assert {goal.kind for goal in coverage.of(two).covered} == {"states", "catchers"}
            assert entered(coverage.of(two)) == {"A"}  # where it leads is not entered
            asl_local.test_state(definition=TWO, stateName="A", input="{}", mock={"result": "{}"})
        assert {goal.kind for goal in coverage.of(two).covered} == {"states", "catchers", "transitions"}

    def test_a_name_from_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "orders.asl.json"
        file.write_text(json.dumps(TWO, indent=1))
        with Coverage() as coverage:
            asl_local.test_state(definition=file, stateName="B", input="{}")
        (one,) = coverage.machines
        assert (one.name, one.file) == ("orders", str(file))
        assert one.to_json() == {**coverage.of(asl_local.load(file)).to_json()}


class TestData:
    def test_there_and_back(self, two: asl_local.Machine, tmp_path: Path) -> None:
        file = tmp_path / "two.asl.json"
        file.write_text(json.dumps(TWO, indent=1))
        with Coverage() as coverage:
            asl_local.load(file).simulate({}, {"f": fails})
        again = Coverage.of_data(json.loads(json.dumps(coverage.to_data())))
        assert again.machines == coverage.machines
        assert again.to_json() == coverage.to_json()
        assert again.to_html() == coverage.to_html()

    def test_files_of_several_processes(self, two: asl_local.Machine, tmp_path: Path) -> None:
        for number, handler in enumerate([fails, lambda event: 1]):
            with Coverage() as coverage:
                two.simulate({}, {"f": handler})
            coverage.save(tmp_path / f".aslcoverage.{number}")
        (tmp_path / ".aslcoverage.9.tmp").write_text("unfinished")
        files = data_files(tmp_path)
        assert [file.name for file in files] == [".aslcoverage.0", ".aslcoverage.1"]
        assert combine(files, keep=True).of(two).percent == 100
        assert combine(files).of(two).percent == 100
        assert data_files(tmp_path) == []

    @pytest.mark.parametrize(
        "text", [pytest.param("[" * 100_000, id="deep"), "", "[]", "{}", '{"version": 99, "machines": []}', '{"version": 1, "machines": [{}]}', '{"version": 1}',
                 json.dumps({"version": 1, "machines": [
                     {"name": "m", "fingerprint": "f", "definition": {}, "file": "", "text": None, "lines": {},
                      "marks": [["/States/A", "flew", 0]]}]})],
    )  # fmt: skip
    def test_a_file_that_is_none_of_ours(self, text: str, tmp_path: Path) -> None:
        file = tmp_path / ".aslcoverage"
        file.write_text(text)
        with pytest.raises(AslError, match=r"\.aslcoverage is no coverage data file"):
            Coverage.load(file)


class TestInclude:
    def test_one_that_ran_with_other_substitutions_needs_no_second_row(self, tmp_path: Path) -> None:
        file = tmp_path / "two.asl.json"
        file.write_text(json.dumps(TWO).replace(LAMBDA + "f", "${Function}"))
        with Coverage() as coverage:
            asl_local.load(file, substitutions={"Function": LAMBDA + "f"}).simulate({}, {"f": fails})
        coverage.include(asl_local.load(file))
        assert [(one.name, one.percent) for one in coverage.machines] == [("two", 80)]

    def test_one_that_cannot_run_for_its_placeholders(self) -> None:
        retrier = {"ErrorEquals": ["E"], "MaxAttempts": "${Most}"}
        machine = asl_local.load(
            {
                "StartAt": "A",
                "States": {"A": {"Type": "Task", "Resource": LAMBDA + "f", "Retry": [retrier], "End": True}},
            }
        )
        assert machine.unresolved
        assert [goal.kind for goal in Coverage().of(machine).missing] == [
            "states", "transitions", "retriers used", "retriers exhausted",
        ]  # fmt: skip


def test_marks_of_one_s_own(two: asl_local.Machine) -> None:
    """What an exploration does: one set for all that is forked off an execution."""
    execution = two.execution({})
    marks: set[Any] = set()
    execution.watch(marks)
    other = execution.fork()
    (call,) = execution.step(None, 0.0)
    other.step(None, 0.0)
    execution.step(Succeeded(call.token, 1), 0.0)
    other.step(Failed(call.token, "E", ""), 0.0)
    assert covered(two, marks).percent == 100
    coverage = Coverage()
    coverage.add(covered(two, marks))
    assert coverage.of(two).percent == 100


def test_shortfall(two: asl_local.Machine) -> None:
    with Coverage() as coverage:
        two.simulate({}, {"f": fails})
    assert coverage.shortfall(80) is None
    assert coverage.shortfall(80.5) == "coverage of 80.00 % is less than the 80.5 % that are wanted"


def test_what_is_no_machine_has_no_coverage() -> None:
    with pytest.raises(TypeError, match=r"machine: what asl_local\.load gives is wanted, not \{'StartAt'"):
        Coverage().of(TWO)  # type: ignore[arg-type]
