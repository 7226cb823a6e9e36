"""The way in from Python: load, run, simulate, and what a result can be asked."""

from __future__ import annotations

import traceback
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import ExecutionFailed, InvalidDefinition, InvalidExecutionInput, Limits

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
TASK = {"Type": "Task", "Resource": LAMBDA + "charge", "End": True}
ORDERS = {
    "StartAt": "Orders",
    "States": {
        "Orders": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Both",
                "States": {
                    "Both": {
                        "Type": "Parallel",
                        "Branches": [
                            {"StartAt": "Charge", "States": {"Charge": TASK}},
                            {"StartAt": "Idle", "States": {"Idle": {"Type": "Wait", "Seconds": 3, "End": True}}},
                        ],
                        "End": True,
                    }
                },
            },
            "End": True,
        }
    },
}
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def charge(event: int) -> int:
    if event == 2:
        raise ValueError("no money")
    return event


class TestUnwrap:
    def test_a_success_is_its_output(self) -> None:
        assert asl_local.load(PASS).simulate([1]).unwrap() == [1]

    def test_a_failure_names_the_state_where_it_happened(self) -> None:
        result = asl_local.load(ORDERS).simulate([1, 2, 3], {"charge": charge})
        assert result.place == "Map 'Orders', item 1 > Parallel 'Both', branch 0 > Task 'Charge'"
        with pytest.raises(ExecutionFailed) as caught:
            result.unwrap()
        assert str(caught.value).startswith(f"FAILED in {result.place}: ValueError: {{")
        assert caught.value.result is result

    def test_the_handlers_traceback_is_short_and_says_where(self) -> None:
        result = asl_local.load(ORDERS).run([1, 2, 3], {"charge": charge})
        with pytest.raises(ExecutionFailed) as caught:
            result.unwrap()
        cause = caught.value.__cause__
        assert isinstance(cause, ValueError)
        assert cause.__notes__ == ["in Map 'Orders', item 1 > Parallel 'Both', branch 0 > Task 'Charge'"]
        frames = traceback.extract_tb(cause.__traceback__)
        assert [frame.name for frame in frames] == ["perform", "charge"]

    def test_an_exception_that_is_raised_again_and_again_is_told_once(self) -> None:
        error = ValueError("always the same")

        def fails(event: Any) -> None:
            raise error

        retried = {
            "StartAt": "A",
            "States": {"A": {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 9}]}},
        }
        assert asl_local.load(retried).simulate({}, {"charge": fails}).exception is error
        assert error.__notes__ == ["in Task 'A'"]

    def test_a_failure_that_was_caught_is_nobodys_exception(self) -> None:
        definition = {
            "StartAt": "A",
            "States": {
                "A": {**TASK, "End": False, "Next": "W", "Catch": [{"ErrorEquals": ["ValueError"], "Next": "W"}]},
                "W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
                "F": {"Type": "Fail", "Error": "E", "Cause": "c"},
            },
        }
        del definition["States"]["A"]["End"]
        result = asl_local.load(definition).simulate(2, {"charge": charge})
        assert (result.error, result.exception, result.place) == ("E", None, "Fail 'F'")
        with pytest.raises(ExecutionFailed, match=r"^FAILED in Fail 'F': E: c$"):
            result.unwrap()

    def test_one_without_error_and_cause(self) -> None:
        result = asl_local.load({"StartAt": "F", "States": {"F": {"Type": "Fail"}}}).simulate()
        with pytest.raises(ExecutionFailed, match=r"^FAILED in Fail 'F'$"):
            result.unwrap()

    def test_one_whose_time_was_up(self) -> None:
        definition = {"StartAt": "W", "TimeoutSeconds": 5, "States": {"W": {"Type": "Wait", "Seconds": 9, "End": True}}}
        result = asl_local.load(definition).simulate()
        with pytest.raises(ExecutionFailed, match=r"^TIMED_OUT in Wait 'W'$"):
            result.unwrap()


class TestInput:
    @pytest.mark.parametrize("how", ["run", "simulate"])
    def test_what_is_not_json_is_the_callers_fault(self, how: str) -> None:
        with pytest.raises(InvalidExecutionInput, match=r"Object of type set is not JSON serializable at \$\.a\[1\]"):
            getattr(asl_local.load(PASS), how)({"a": [1, {2}]})

    @pytest.mark.parametrize("how", ["run", "simulate"])
    def test_one_byte_too_many(self, how: str) -> None:
        fits = "x" * (262_144 - 2)
        run = getattr(asl_local.load(PASS), how)
        assert run(fits).output == fits
        with pytest.raises(InvalidExecutionInput, match="larger than 262144 bytes"):
            run(fits + "x")
        assert run(fits + "x", limits=Limits(payload_bytes=None)).status == "SUCCEEDED"

    def test_it_is_copied_on_the_way_in_and_on_the_way_out(self) -> None:
        mine = {"list": [1]}
        result = asl_local.load(PASS).simulate(mine)
        result.output["list"].append(2)
        result.history[0].details["input"]["list"].append(3)
        assert mine == {"list": [1]}
        assert [event.details["input"] for event in result.history if "input" in event.details] == [mine, mine]

    def test_a_listener_cannot_spoil_the_execution(self) -> None:
        def spoil(event: asl_local.Event) -> None:
            for value in event.details.values():
                if isinstance(value, dict):
                    value.clear()

        definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "A"}, **PASS["States"]}}
        assert asl_local.load(definition).simulate({"a": 1}, on_event=spoil).output == {"a": 1}


class TestRun:
    @pytest.mark.parametrize("how", ["run", "simulate"])
    def test_every_event_is_told_in_order(self, how: str) -> None:
        told: list[asl_local.Event] = []
        result = getattr(asl_local.load(ORDERS), how)([1], {"charge": charge}, on_event=told.append) if how == "simulate" else (
            asl_local.load(PASS).run([1], on_event=told.append)
        )  # fmt: skip
        assert told == list(result.history)

    def test_names(self) -> None:
        definition = {
            "StartAt": "A",
            "States": {"A": {"Type": "Pass", "Parameters": {"n.$": "$$.Execution.Id"}, "End": True}},
        }
        machine = asl_local.load(definition, name="orders")
        assert machine.simulate(execution_name="first").output == {
            "n": "arn:aws:states:us-east-1:123456789012:execution:orders:first"
        }
        assert machine.run().output != machine.run().output
        assert repr(machine) == "<Machine 'orders', 1 state>"

    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("order.asl.json", "order"),
            ("2 orders?.json", "2-orders"),
            ("….asl.yaml", "StateMachine"),
            ("x" * 90 + ".json", "x" * 80),
        ],
    )
    def test_a_machine_is_called_like_its_file(self, tmp_path: Path, file: str, name: str) -> None:
        path = tmp_path / file
        path.write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', "utf-8")
        assert asl_local.load(path).name == name
        assert asl_local.load(str(path)).name == name

    def test_machines_without_a_file(self) -> None:
        assert asl_local.load(PASS).name == "StateMachine"
        assert asl_local.load('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}').name == "StateMachine"
        assert asl_local.load(b'{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}').name == "StateMachine"

    def test_warnings_stay_with_the_machine(self) -> None:
        definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"n": "$.a"}, "End": True}}}
        assert [warning.code for warning in asl_local.load(definition).warnings] == ["NO_DOLLAR"]
        assert asl_local.load(PASS).warnings == []

    def test_an_identity_of_ones_own(self) -> None:
        identity = asl_local.Identity(
            execution_arn="arn:aws:states:eu-west-1:210987654321:execution:m:e", execution_name="e",
            machine_arn="arn:aws:states:eu-west-1:210987654321:stateMachine:m", machine_name="m",
            role_arn="arn:aws:iam::210987654321:role/r", region="eu-west-1",
        )  # fmt: skip
        definition = {"StartAt": "A", "States": {"A": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName.$": "$.f"}, "End": True}}}  # fmt: skip
        result = asl_local.load(definition).simulate({"f": "g"}, {"f": charge}, identity=identity)
        assert "arn:aws:lambda:eu-west-1:210987654321:function:g:$LATEST" in str(result.cause)
        assert result.history[2].details["region"] == "eu-west-1"
        assert result.identity is identity

    def test_seeds_of_run(self) -> None:
        definition = {
            "StartAt": "A",
            "States": {"A": {"Type": "Pass", "Parameters": {"u.$": "States.UUID()"}, "End": True}},
        }
        machine = asl_local.load(definition)
        assert machine.run(seed=4).output == machine.run(seed=4).output == machine.simulate(seed=4).output
        assert machine.run().output != machine.run().output

    def test_a_machine_runs_as_often_as_one_likes(self) -> None:
        machine = asl_local.load(ORDERS)
        for number in range(3):
            assert machine.simulate([number + 5], {"charge": charge}).output == [[number + 5, number + 5]]

    def test_results_can_be_asked(self) -> None:
        result = asl_local.load(ORDERS).simulate([5, 6], {"charge": charge})
        assert result.find("$[*][0]") == [5, 6]
        assert result.history.find("$[?(@.type == 'MapStateStarted')].length") == [2]
        assert "history" not in repr(result)


def test_a_machine_has_a_type_and_express_refuses_what_it_has_not() -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "End": True}
    activity = {"StartAt": "S", "States": {"S": state}}
    with pytest.raises(asl_local.InvalidDefinition, match="Express state machine does not support Activity ARN"):
        asl_local.load(activity, type="EXPRESS")
    succeed = {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}
    assert (asl_local.load(succeed).type, asl_local.load(succeed, type="EXPRESS").type) == ("STANDARD", "EXPRESS")
    with pytest.raises(ValueError, match="type is STANDARD or EXPRESS, not 'FAST'"):
        asl_local.load(succeed, type="FAST")


@pytest.mark.parametrize("rule", [{"And": "${Rules}"}, {"Not": {"Or": "${Rules}"}}])
def test_a_placeholder_for_the_rules_of_a_rule_waits_for_its_value(rule: dict[str, Any]) -> None:
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "B"}], "Default": "B"}
    machine = asl_local.load({"StartAt": "A", "States": {"A": choice, "B": {"Type": "Succeed"}}})
    assert machine.definition["States"]["A"] == choice
    with pytest.raises(asl_local.InvalidDefinition, match=r"The placeholder in '\$\{Rules\}' has no value"):
        machine.simulate({})


def test_placeholders_for_parts_of_a_machine_let_it_be_looked_at_and_not_run() -> None:
    machine = asl_local.load(
        {
            "StartAt": "A",
            "States": {
                "A": {"Type": "Choice", "Choices": "${Rules}", "Default": "${Next}"},
                "B": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": "${States}"}, "End": True},
                "C": {"Type": "Parallel", "Branches": "${Branches}", "Next": "A"},
            },
        }
    )
    assert {d.path for d in machine.unresolved} == {
        "/States/A/Choices", "/States/A/Default", "/States/B/ItemProcessor/States", "/States/C/Branches",
    }  # fmt: skip
    for text in (machine.to_mermaid(), machine.to_dot(), machine.to_svg()):
        assert '"B' in text or ">B<" in text
        assert "${States}" in text
    with pytest.raises(asl_local.InvalidDefinition, match=r"The placeholder in '\$\{Rules\}' has no value"):
        machine.simulate({})


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_a_picture_is_given_or_written(tmp_path: Path) -> None:
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="R & D")
    text = machine.to_svg()
    assert ET.fromstring(text).findtext("{*}title") == "R & D"
    assert machine.to_svg(str(tmp_path / "a.svg")) == tmp_path / "a.svg"
    assert (tmp_path / "a.svg").read_text("utf-8") == text
    with pytest.raises(FileNotFoundError):
        machine.to_svg(tmp_path / "nowhere" / "a.svg")
    assert machine.to_dot().startswith('digraph "R &amp; D" {')


# -- Express -----------------------------------------------------------------------------------------------------------


def express(**states: Any) -> asl_local.Machine:
    definition = {"StartAt": next(iter(states)), "States": states}
    return asl_local.load(definition, name="Quick", type="EXPRESS")


def test_an_express_execution_is_a_synchronous_one() -> None:
    dump = {"Type": "Pass", "Parameters": {"context.$": "$$"}, "End": True}
    result = express(A=dump).simulate({}, execution_name="one")
    execution = result.output["context"]["Execution"]
    assert "RedriveCount" not in execution  # recorded
    stem = "arn:aws:states:us-east-1:123456789012:express:Quick:one:"
    assert execution["Id"].startswith(stem)
    assert len(execution["Id"]) == len(stem) + 36
    assert execution["Id"] == express(A=dump).simulate({}, execution_name="one").identity.execution_arn
    assert (
        "RedriveCount"
        in asl_local.load({"StartAt": "A", "States": {"A": dump}}).simulate().output["context"]["Execution"]
    )


@pytest.mark.parametrize(("limit", "seconds"), [(None, 300), (1000, 300), (5, 5)])
def test_an_express_execution_lives_for_five_minutes(limit: int | None, seconds: int) -> None:
    states = {"A": {"Type": "Wait", "Seconds": 301, "End": True}}
    definition = {"StartAt": "A", "States": states, **({} if limit is None else {"TimeoutSeconds": limit})}
    result = asl_local.load(definition, type="EXPRESS").simulate()
    assert (result.status, result.error) == ("TIMED_OUT", None)
    assert result.history[-1].at - result.history[0].at == seconds


def test_the_type_may_be_given_when_a_machine_runs() -> None:
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, name="Quick")
    for run in (machine.simulate, machine.run):
        assert ":express:Quick:" in run(type="EXPRESS").identity.execution_arn
        assert ":execution:Quick:" in run(type="STANDARD").identity.execution_arn
    assert machine.start(type="EXPRESS").result().status == "SUCCEEDED"
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
    waiting = asl_local.load(
        {"StartAt": "T", "States": {"T": {**task, "Parameters": {"MessageBody": "m", "QueueUrl": "q"}}}}
    )
    with pytest.raises(asl_local.InvalidDefinition, match=r"does not support '\.waitForTaskToken'"):
        waiting.simulate(type="EXPRESS")


def test_an_express_execution_is_not_redriven() -> None:
    machine = express(A={"Type": "Fail", "Error": "E"})
    with pytest.raises(asl_local.ExecutionNotRedrivable, match="Express"):
        machine.redrive(machine.simulate())


def test_a_text_that_is_no_dump_is_told() -> None:
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    for resume in (machine.resume, machine.resume_simulation):
        with pytest.raises(ValueError, match=r"not what Execution\.dump or Started\.dump gave"):
            resume("yesterday")


def test_a_moment_is_no_text() -> None:
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    with pytest.raises(TypeError, match="a datetime or epoch seconds, not '2024'"):
        machine.simulate({}, start="2024")  # type: ignore[arg-type]


def test_a_definition_that_is_not_json_has_one_place() -> None:
    with pytest.raises(InvalidDefinition, match=r"\$\.States: Object of type set is not JSON serializable at /$"):
        asl_local.load({"States": set()})


class TestPathAndSeconds:
    def test_the_path_has_the_states_as_they_were_entered_nested_ones_too(self) -> None:
        result = asl_local.load(ORDERS).simulate([1, 3], {"charge": charge})
        assert result.path == ["Orders", "Both", "Both", "Charge", "Idle", "Charge", "Idle"]
        assert result.path == [e.details["name"] for e in result.history if e.type.endswith("StateEntered")]
        assert result.seconds == 3

    def test_a_loop_is_in_the_path_every_time_and_a_retry_once(self) -> None:
        retried = {**TASK, "Retry": [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 5, "MaxAttempts": 1}]}
        result = asl_local.load({"StartAt": "A", "States": {"A": retried}}).simulate(2, {"charge": charge})
        assert (result.status, result.path, result.seconds) == ("FAILED", ["A"], 5)
        again = {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "Z"}], "Default": "Add"}
        add = {"Type": "Pass", "Result": 1, "ResultPath": "$.n", "Next": "Again"}
        loop = {"StartAt": "Again", "States": {"Again": again, "Add": add, "Z": {"Type": "Succeed"}}}
        assert asl_local.load(loop).simulate().path == ["Again", "Add", "Again", "Z"]

    def test_what_failed_before_its_first_state_went_nowhere(self) -> None:
        limits = Limits(events=2)
        result = asl_local.load(PASS).simulate([], limits=limits)
        assert (result.status, result.path, result.seconds) == ("FAILED", [], 0)


class TestEquality:
    def test_the_same_seed_gives_equal_results_and_histories(self) -> None:
        machine = asl_local.load(ORDERS)
        one, two = (machine.simulate([1, 2, 3], {"charge": charge}) for _ in range(2))
        assert one.status == "FAILED"
        assert one == two
        assert one.history == two.history

    def test_another_time_another_history(self) -> None:
        machine = asl_local.load(PASS)
        one, two = machine.simulate([1]), machine.simulate([1], start=7)
        assert one.history != two.history
        assert one != two
        assert one.history != list(one.history)
