"""A recorded execution as mocks: it comes out again in Python, and as a mock file as far as such a file can say it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import Job, mock
from asl_local.drivers.driver import TaskContext
from asl_local.errors import InvalidHistory, StateError
from asl_local.interfaces.cli import main
from asl_local.testing.mocks_of_history import compared, recorded_mocks

WORK = "arn:aws:lambda:us-east-1:123456789012:function:work"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
RETRY = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "IntervalSeconds": 5}]


def task(resource: str = WORK, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **more}


def machine(**states: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": next(iter(states)), "States": states}, name="Orders")


def mapped(inner: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": {"StartAt": "Call", "States": {"Call": inner}}, "End": True, **more}


def by_item(event: Any, context: TaskContext) -> Any:
    """Item 0 is slow, item 1 fails once, item 2 times out once."""
    context.sleep({0: 30, 1: 1, 2: 0}[event])
    if event == 1 and context.attempt == 0:
        raise StateError("Busy", "b")
    if event == 2 and context.attempt == 0:
        context.sleep(1_000)
    return [event, context.attempt]


EACH = machine(M=mapped(task(TimeoutSeconds=60, Retry=RETRY)))


def cli(history: Any) -> Any:
    """A history as the AWS CLI writes it: times as text, everything JSON."""
    return json.loads(json.dumps({"events": history.to_aws()}, default=lambda moment: moment.isoformat()))


class TestInPython:
    def test_the_execution_comes_out_again_event_by_event(self) -> None:
        result = EACH.simulate([0, 1, 2], {"work": by_item})
        recorded = mock.recorded(result)
        assert EACH.simulate(recorded.input, mocks=recorded) == result
        assert [(call.place, call.came) for call in recorded.calls] == [
            ("M[0]/Call", "result"), ("M[1]/Call", "error"), ("M[2]/Call", "timeout"), ("M[1]/Call", "result"),
            ("M[2]/Call", "result"),
        ]  # fmt: skip
        assert (recorded.status, recorded.output, recorded.keys()) == ("SUCCEEDED", [[0, 0], [1, 1], [2, 1]], ["Call"])

    def test_in_all_shapes_that_histories_come_in(self, tmp_path: Path) -> None:
        result = EACH.simulate([0, 1], {"work": by_item})
        answer, events = cli(result.history), result.history.to_aws()
        path = tmp_path / "history.json"
        path.write_text(json.dumps(answer), "utf-8")
        numbers = [{**event, "timestamp": event["timestamp"].timestamp()} for event in events]
        pages = [{"events": events[:5], "nextToken": "t"}, {"events": events[5:]}]
        shapes = (
            result,
            result.history,
            answer,
            answer["events"],
            path,
            str(path),
            json.dumps(answer),
            numbers,
            pages,
            events[::-1],
        )
        for shape in shapes:
            assert EACH.simulate([0, 1], mocks=mock.recorded(shape)) == result

    def test_without_latency_answers_come_at_once(self) -> None:
        result = EACH.simulate([0, 1], {"work": by_item})
        again = EACH.simulate([0, 1], mocks=mock.recorded(result, latency=False))
        assert (again.output, again.seconds, result.seconds) == (result.output, 5, 30)

    def test_tasks_that_wait_are_submitted_and_answered_as_they_were(self) -> None:
        waiting = machine(
            A=task(
                TOKEN, Parameters={"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}, HeartbeatSeconds=600, Retry=RETRY
            )
        )
        answers = mock.sequence(
            mock.heartbeats(500, 2, mock.hangs()),
            Job({"MessageId": "m"}, error="No", cause="c"),
            Job({"MessageId": "n"}, 7, seconds=60),
        )
        result = waiting.simulate({}, mocks={"A": answers})
        assert result.output == 7
        again = waiting.simulate({}, mocks=mock.recorded(result))
        # No history tells of heartbeats, so the task that was alive for a while is not.
        assert (again.output, again.path) == (7, result.path)
        assert again.history.types() == result.history.types()
        assert again.history.find("$[?(@.type == 'TaskSubmitted')].output") == [
            {},
            {"MessageId": "m"},
            {"MessageId": "n"},
        ]

    def test_one_states_answers_can_be_taken_and_others_changed(self) -> None:
        two = asl_local.load(
            {
                "StartAt": "A",
                "States": {
                    "A": {"Type": "Task", "Resource": WORK, "ResultPath": "$.a", "Next": "B"},
                    "B": task(ResultPath="$.b"),
                },
            }
        )
        recorded = mock.recorded(two.simulate({}, {"work": len}))
        assert two.simulate({}, mocks={**recorded, "A": 5}).output == {"a": 5, "b": 1}
        assert two.simulate({}, {"work": lambda _: 9}, mocks={"A": recorded}).output == {"a": 0, "b": 9}
        with pytest.raises(KeyError):
            recorded["C"]

    def test_one_call_more_than_was_recorded_ends_the_execution(self) -> None:
        recorded = mock.recorded(EACH.simulate([0], {"work": by_item}))
        ended = EACH.simulate([0, 0], mocks=recorded)
        assert ended.error == "States.Runtime"
        assert "the history has 0 calls of 'M[1]/Call', and this is one more" in str(ended.cause)

    def test_what_was_aborted_hangs(self) -> None:
        both = machine(P={"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "Slow", "States": {"Slow": task()}}, {"StartAt": "Bad", "States": {"Bad": task()}}]})  # fmt: skip
        result = both.simulate({}, mocks={"Slow": mock.after(60, 1), "Bad": mock.after(5, mock.throws("Bad"))})
        recorded = mock.recorded(result)
        assert both.simulate({}, mocks=recorded) == result
        assert recorded.mock_file().notes == ("nobody waited for the answer of P[Slow]/Slow: its reply is made up",)

    def test_an_answer_that_was_too_large_is_so_again(self) -> None:
        one = machine(A=task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B"}]), B={"Type": "Pass", "End": True})
        result = one.simulate({}, {"work": lambda _: "x" * 300_000})
        assert result.output["Error"] == "States.DataLimitExceeded"
        recorded = mock.recorded(result)
        assert one.simulate({}, mocks=recorded) == result
        file = recorded.mock_file(machine="Orders")
        assert file.notes == (
            "the answer of A was too large: the file throws States.DataLimitExceeded, which States.ALL does not match",
        )
        assert "ends FAILED with States.DataLimitExceeded instead of SUCCEEDED" in compared(one, recorded, file)

    def test_a_result_has_the_children_of_distributed_maps_too(self) -> None:
        inner = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "N",
            "States": {"N": mapped(task(TimeoutSeconds=60, Retry=RETRY))},
        }  # fmt: skip
        whole = machine(
            P={
                "Type": "Map",
                "ItemProcessor": {
                    "StartAt": "M",
                    "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": True}},
                },
                "End": True,
            }
        )
        result = whole.simulate([[[0, 1], [2]], [[1]]], {"work": by_item})
        recorded = mock.recorded(result)
        again = whole.simulate(recorded.input, mocks=recorded)
        assert (again, again.map_runs) == (result, result.map_runs)
        assert recorded.calls[0].place == "P[0]/M[0]/N[0]/Call"
        assert (
            recorded.mock_file()
            .notes[0]
            .startswith("P[0]/M[0]/N[0]/Call and P[0]/M[0]/N[1]/Call were called side by side")
        )
        few = whole.simulate([[[0, 1], [2]]], {"work": by_item}, limits=asl_local.Limits(kept_children=1))
        assert mock.recorded(few).notes == (
            "children of a Distributed Map that were not kept (Limits.kept_children): 1; their tasks are not mocked",
        )

    @pytest.mark.parametrize(
        ("spoil", "text"),
        [
            (lambda events: [{**e, **{k: {} for k in e if k.endswith("EventDetails")}} for e in events], "the history has no data"),
            (lambda events: [{**e, "lambdaFunctionSucceededEventDetails": {"output": "[", "outputDetails": {"truncated": True}}} if e["type"] == "LambdaFunctionSucceeded" else e for e in events], "event 12, LambdaFunctionSucceeded, has no output, or one that was truncated"),
            (lambda events: events[1:], "the first event is not ExecutionStarted"),
        ],
    )  # fmt: skip
    def test_what_lacks_data_is_refused(self, spoil: Any, text: str) -> None:
        events = EACH.simulate([0, 0], {"work": by_item}).history.to_aws()
        with pytest.raises(InvalidHistory, match=text) as caught:
            mock.recorded(spoil(events))
        assert "the history" in str(caught.value)


class TestAsAFile:
    def test_the_file_takes_the_same_path_where_it_can_say_it(self) -> None:
        one_by_one = machine(M=mapped(task(TimeoutSeconds=60, Retry=RETRY), MaxConcurrency=1))
        result = one_by_one.simulate([0, 1, 2], {"work": by_item})
        recorded = mock.recorded(result)
        file = recorded.mock_file(machine="Orders", test_case="Yesterday")
        assert (file.notes, compared(one_by_one, recorded, file)) == ((), "")
        again = one_by_one.simulate([0, 1, 2], mock_config=file.config, test_case="Yesterday")
        assert (again.output, again.path) == (result.output, result.path)
        [replies] = file.config["MockedResponses"].values()
        assert list(replies) == ["0", "1", "2", "3", "4"]
        assert replies["3"] == {"Throw": {"Error": "States.Timeout", "Cause": ""}}

    def test_what_ran_side_by_side_is_told(self) -> None:
        recorded = mock.recorded(EACH.simulate([0, 1], {"work": by_item}))
        file = recorded.mock_file()
        assert file.notes == (
            "M[0]/Call and M[1]/Call were called side by side: a mock file counts them together, in the order in which they are called",
        )
        assert mock.recorded(EACH.simulate([0], {"work": by_item})).mock_file().notes == ()

    def test_a_heartbeat_is_thrown_by_its_name(self) -> None:
        beating = machine(
            A=task(HeartbeatSeconds=5, TimeoutSeconds=60, Retry=[{"ErrorEquals": ["States.HeartbeatTimeout"]}])
        )
        recorded = mock.recorded(beating.simulate({}, mocks={"A": mock.sequence(mock.hangs(), 1)}))
        file = recorded.mock_file(machine="Orders")
        assert compared(beating, recorded, file) == ""
        assert "A missed its heartbeat" in file.notes[0]

    def test_a_distributed_map_and_a_redrive_are_told(self) -> None:
        inner = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "C",
            "States": {"C": {"Type": "Pass", "End": True}},
        }
        distributed = machine(M={"Type": "Map", "ItemProcessor": inner, "Next": "A"}, A=task())
        failed = distributed.simulate([1], mocks={"A": mock.throws("Broken")})
        redriven = distributed.redrive(failed, mocks={"A": 1})
        assert redriven.status == "SUCCEEDED"
        notes = mock.recorded(redriven.history).mock_file().notes
        assert [note.partition(":")[0] for note in notes] == [
            "the children of a Distributed Map have histories of their own",
            "the execution was redriven",
        ]


class TestFromTheCommandLine:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("orders.json").write_text(json.dumps(EACH.definition), "utf-8")
        Path("history.json").write_text(json.dumps(cli(EACH.simulate([1], {"work": by_item}).history)), "utf-8")
        Path("together.json").write_text(json.dumps(cli(EACH.simulate([0, 1], {"work": by_item}).history)), "utf-8")

    def test_the_file_goes_to_standard_output(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["mock-from-history", "history.json", "--machine", "Orders", "--test-case", "One"]) == 0
        printed = capsys.readouterr()
        config = json.loads(printed.out)
        assert config["StateMachines"] == {"Orders": {"TestCases": {"One": {"Call": "Call in One"}}}}
        assert EACH.simulate([1], mock_config=config, test_case="One").output == [[1, 1]]
        assert printed.err == ""

    def test_or_into_a_file_and_the_input_into_another(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert (
            main(
                [
                    "mock-from-history",
                    "history.json",
                    "--definition",
                    "orders.json",
                    "--out",
                    "m.json",
                    "--input-out",
                    "i.json",
                ]
            )
            == 0
        )
        assert capsys.readouterr() == ("", "")
        assert json.loads(Path("m.json").read_text("utf-8"))["StateMachines"].keys() == {"orders"}
        assert (
            main(
                [
                    "run",
                    "orders.json",
                    "--simulate",
                    "-q",
                    "--input",
                    "i.json",
                    "--mock",
                    "m.json",
                    "--test-case",
                    "Recorded",
                ]
            )
            == 0
        )
        assert json.loads(capsys.readouterr().out) == [[1, 1]]

    def test_what_it_cannot_express_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        changed = {
            **EACH.definition,
            "StartAt": "P",
            "States": {**EACH.definition["States"], "P": {"Type": "Pass", "Next": "M"}},
        }
        Path("changed.json").write_text(json.dumps(changed), "utf-8")
        assert main(["mock-from-history", "together.json", "--definition", "changed.json"]) == 0
        error = capsys.readouterr().err
        assert "note: M[0]/Call and M[1]/Call were called side by side" in error
        assert "note: simulated with the file: in the top level it goes P > M instead of M, and ends SUCCEEDED" in error

    def test_pages_are_put_together(self, capsys: pytest.CaptureFixture[str]) -> None:
        events = json.loads(Path("history.json").read_text("utf-8"))["events"]
        Path("1.json").write_text(json.dumps({"events": events[:4]}), "utf-8")
        Path("2.json").write_text(json.dumps({"events": events[4:]}), "utf-8")
        assert main(["mock-from-history", "1.json", "2.json"]) == 0
        assert main(["mock-from-history", "history.json"]) == 0
        printed = capsys.readouterr().out
        assert printed[: len(printed) // 2] == printed[len(printed) // 2 :]

    def test_what_is_no_history_is_told_in_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("x.json").write_text("{", "utf-8")
        assert main(["mock-from-history", "x.json"]) == 2
        assert main(["mock-from-history", "none.json"]) == 2
        assert main(["mock-from-history", "orders.json"]) == 2
        Path("deep.json").write_text("[" * 100_000, "utf-8")
        assert main(["mock-from-history", "deep.json"]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert [line.partition(": ")[0] for line in lines] == ["asl-local"] * 4
        assert "x.json: not JSON" in lines[0]


def test_recorded_mocks_is_what_mock_recorded_gives() -> None:
    history = EACH.simulate([1], {"work": by_item}).history
    assert recorded_mocks(history) == mock.recorded(history)
