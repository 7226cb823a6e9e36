"""Map Runs from Python and from the command line: what is kept, who is told, what is left in S3."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import ChildExecution, Limits, LocalAWS, MapRun, Resources
from asl_local.interfaces import cli
from asl_local.reporters.live.progress import Progress, line

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "End": True}


def machine(kind: str = "STANDARD", states: dict[str, Any] | None = None, **fields: Any) -> asl_local.Machine:
    states = states or {"T": TASK}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, "StartAt": next(iter(states)),
        "States": states,
    }  # fmt: skip
    definition = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}}}
    return asl_local.load(definition, name="shop")


def odd(event: int) -> int:
    if event % 2 == 0:
        raise ValueError(f"{event} is even")
    return event * 10


class TestWhatIsKept:
    def test_counts_and_children(self) -> None:
        result = machine(Label="Orders", ToleratedFailureCount=9).simulate([1, 2, 3], {"work": odd})
        [run] = result.map_runs
        assert (run.state, run.label, run.status, run.complete) == ("M", "Orders", "SUCCEEDED", True)
        stem, _, uuid = run.arn.rpartition(":")
        assert stem == "arn:aws:states:us-east-1:123456789012:mapRun:shop/Orders"
        assert len(uuid) == 36
        counted = {name: number for name, number in run.executions.items() if number}
        assert counted == {"succeeded": 2, "failed": 1, "total": 3}
        assert {name: number for name, number in run.items.items() if number} == counted
        assert [(child.index, child.status, child.input, child.output) for child in run.children] == [
            (0, "SUCCEEDED", 1, 10), (1, "FAILED", 2, None), (2, "SUCCEEDED", 3, 30),
        ]  # fmt: skip
        failed = run.children[1]
        assert failed.error == "ValueError"
        assert failed.place == "Task 'T'"
        assert failed.arn.startswith("arn:aws:states:us-east-1:123456789012:execution:shop/Orders:")
        assert failed.history.types() == [
            "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
            "LambdaFunctionFailed", "ExecutionFailed",
        ]  # fmt: skip

    def test_describe_map_run(self) -> None:
        result = machine(MaxConcurrency=4).simulate([1], {"work": odd})
        described = result.map_runs[0].to_aws(result.identity.execution_arn)
        assert described["status"] == "SUCCEEDED"
        assert described["maxConcurrency"] == 4
        assert described["executionCounts"]["succeeded"] == described["itemCounts"]["total"] == 1
        assert described["startDate"] <= described["stopDate"]

    def test_the_first_that_succeed_and_all_that_do_not(self) -> None:
        result = machine(ToleratedFailurePercentage=100).simulate(
            list(range(20)), {"work": odd}, limits=Limits(kept_children=3)
        )
        kept = result.map_runs[0].children
        assert [child.index for child in kept] == sorted([1, 3, 5, *range(0, 20, 2)])

    def test_express_children_have_express_names(self) -> None:
        [child] = machine("EXPRESS").simulate([1], {"work": odd}).map_runs[0].children
        kind, name, serial = child.arn.split(":")[5], child.arn.split(":")[7], child.arn.split(":")[8]
        assert (kind, name) == ("express", child.name)
        assert len(serial) == 36

    def test_equal_seeds_give_equal_names_and_other_seeds_others(self) -> None:
        def names(seed: int) -> set[str]:
            return {child.arn for child in machine().simulate([1, 3], {"work": odd}, seed=seed).map_runs[0].children}

        assert names(1) == names(1)
        assert not names(1) & names(2)

    def test_map_runs_inside_children(self) -> None:
        inner = machine(ItemsPath="$").definition["States"]["M"]
        result = machine(states={"N": inner}).simulate([[1, 3], [5]], {"work": odd})
        assert result.output == [[10, 30], [50]]
        assert [child.map_runs[0].executions["total"] for child in result.map_runs[0].children] == [2, 1]

    def test_a_handler_knows_whose_call_it_is(self) -> None:
        seen = []

        def work(event: int, context: Any) -> None:
            seen.append((context.execution_arn, context.aws_request_id))

        result = machine().simulate([1, 2], {"work": work})
        assert [arn for arn, _ in seen] == [child.arn for child in result.map_runs[0].children]
        assert len({request for _, request in seen}) == 2

    def test_the_place_of_a_failure_and_its_exception(self) -> None:
        result = machine(MaxConcurrency=1).simulate([1, 2], {"work": odd})
        assert result.place == "Map 'M', item 1 > Task 'T'"
        assert str(result.exception) == "2 is even"
        assert result.exception.__notes__ == ["in Map 'M', item 1 > Task 'T'"]


class TestWhoIsTold:
    def test_progress(self) -> None:
        told: list[MapRun] = []
        machine(MaxConcurrency=1).simulate([1, 3], {"work": odd}, on_map_progress=told.append)
        assert [(run.status, run.items["succeeded"], run.items["running"]) for run in told] == [
            ("RUNNING", 0, 1), ("RUNNING", 1, 1), ("SUCCEEDED", 2, 0),
        ]  # fmt: skip
        assert not told[0].children

    def test_every_child_that_ended(self) -> None:
        told: list[ChildExecution] = []
        inner = machine().definition["States"]["M"]
        result = machine(states={"N": inner}).simulate(
            [[1, 3], [5]], {"work": odd}, on_child=told.append, limits=Limits(kept_children=0)
        )
        assert sorted((str(child.input), str(child.output)) for child in told) == [
            ("1", "10"), ("3", "30"), ("5", "50"), ("[1, 3]", "[10, 30]"), ("[5]", "[50]"),
        ]  # fmt: skip
        assert result.map_runs[0].children == ()

    def test_in_real_time(self) -> None:
        told: list[MapRun] = []
        result = machine(MaxConcurrency=3).run([1, 3, 5, 7], {"work": odd}, on_map_progress=told.append)
        assert result.output == [10, 30, 50, 70]
        assert told[-1].status == "SUCCEEDED"
        assert max(run.executions["running"] for run in told) <= 3


class TestResultWriter:
    def test_files_and_manifest(self, tmp_path: Path) -> None:
        aws = LocalAWS(tmp_path)
        aws.client("s3").create_bucket(Bucket="bucket")
        made = machine(
            ToleratedFailureCount=1,
            ResultWriter={
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "bucket", "Prefix": "p"},
            },
        )
        result = made.simulate(
            [1, 2, {"x": 3}], Resources({"work": lambda e: odd(e if type(e) is int else 5)}, aws=aws)
        )
        run = result.map_runs[0]
        folder = f"p/{run.arn.rpartition(':')[2]}"
        assert result.output == {
            "MapRunArn": run.arn,
            "ResultWriterDetails": {"Bucket": "bucket", "Key": f"{folder}/manifest.json"},
        }
        assert run.executions["resultsWritten"] == 3

        def read(name: str) -> Any:
            return json.loads((tmp_path / "s3" / "bucket" / folder / name).read_text("utf-8"))

        manifest = read("manifest.json")
        assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == ("bucket", run.arn)
        files = manifest["ResultFiles"]
        assert (list(files), files["PENDING"]) == (["FAILED", "PENDING", "SUCCEEDED"], [])
        assert files["FAILED"] == [{"Key": f"{folder}/FAILED_0.json", "Size": len(json.dumps(
            read("FAILED_0.json"), separators=(",", ":")))}]  # fmt: skip
        first, third = read("SUCCEEDED_0.json")
        assert first == {
            "ExecutionArn": run.children[0].arn,
            "Input": "1",
            "InputDetails": {"Included": True},
            "Name": run.children[0].name,
            "Output": "10",
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": "2024-01-01T00:00:00.000Z",
            "StateMachineArn": f"arn:aws:states:us-east-1:123456789012:stateMachine:shop/{run.label}",
            "Status": "SUCCEEDED",
            "StopDate": "2024-01-01T00:00:00.000Z",
        }
        assert third["Input"] == '{"x":3}'
        [failed] = read("FAILED_0.json")
        assert (failed["Status"], failed["Error"], failed["RedriveStatus"]) == ("FAILED", "ValueError", "REDRIVABLE")
        assert "Output" not in failed

    def test_compact_lines(self, tmp_path: Path) -> None:
        aws = LocalAWS(tmp_path)
        aws.client("s3").create_bucket(Bucket="bucket")
        made = machine(
            ResultWriter={
                "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "bucket"},
                "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
            }
        )  # fmt: skip
        result = made.simulate([1, 3], Resources({"work": odd}, aws=aws))
        uuid = result.map_runs[0].arn.rpartition(":")[2]
        assert (tmp_path / "s3" / "bucket" / uuid / "SUCCEEDED_0.jsonl").read_text("utf-8") == "10\n30\n"

    def test_many_results_make_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("asl_local.engine.map_runs.results.FILE_BYTES", 2_000)
        aws = LocalAWS(tmp_path)
        aws.client("s3").create_bucket(Bucket="bucket")
        made = machine(
            ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "bucket"}},
            MaxConcurrency=2,
        )
        result = made.simulate([1] * 40, Resources({"work": odd}, aws=aws))
        key = result.output["ResultWriterDetails"]["Key"]
        manifest = json.loads((tmp_path / "s3" / "bucket" / key).read_text("utf-8"))
        names = [file["Key"].rpartition("/")[2] for file in manifest["ResultFiles"]["SUCCEEDED"]]
        assert names == [f"SUCCEEDED_{number}.json" for number in range(len(names))]
        assert len(names) > 5
        records = [
            record
            for file in manifest["ResultFiles"]["SUCCEEDED"]
            for record in json.loads((tmp_path / "s3" / "bucket" / file["Key"]).read_text("utf-8"))
        ]
        assert len(records) == 40 == len({record["Name"] for record in records})


def test_the_redrive_of_a_result() -> None:
    made = machine(MaxConcurrency=1)
    broken = made.simulate([1, 2, 3], {"work": odd})
    mended = made.redrive(broken, {"work": lambda event: event * 10})
    assert mended.output == [10, 20, 30]
    assert [run.redrive_count for run in (*broken.map_runs, *mended.map_runs)] == [0, 1]


# -- on the command line -----------------------------------------------------------------------------------------------


def run_of(done: int, total: int, *, complete: bool = True, status: str = "RUNNING", failed: int = 0) -> MapRun:
    items = dict.fromkeys(("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total"), 0)
    items |= {"succeeded": done - failed, "failed": failed, "total": total}
    executions = {**items, "running": 2 if status == "RUNNING" else 0}
    return MapRun("arn", "M", "M", status, 0.0, None, 10, 0, 0.0, executions, items, complete)


def test_a_line() -> None:
    assert line(run_of(500, 2_000)) == "M [######..................] 500/2,000 items, 2 running"
    assert line(run_of(1_500, 2_000, complete=False)) == "M 1,500 items, reading, 2 running"
    assert line(run_of(4, 4, failed=1, status="FAILED")) == "M [########################] 4/4 items, 1 failed, FAILED"
    assert line(run_of(0, 0, status="SUCCEEDED")) == "M 0/0 items, SUCCEEDED"


def test_without_a_terminal_a_line_for_every_tenth() -> None:
    stream = io.StringIO()
    progress = Progress(stream, terminal=False)
    for done in range(1_001):
        progress.tell(run_of(done, 1_000))
    progress.tell(run_of(1_000, 1_000, status="SUCCEEDED"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "M [##......................] 100/1,000 items, 2 running"
    assert lines[-1].endswith("1,000/1,000 items, SUCCEEDED")


def test_without_a_terminal_and_without_a_total_a_line_for_twice_as_many() -> None:
    stream = io.StringIO()
    progress = Progress(stream, terminal=False)
    for done in range(1_000):
        progress.tell(run_of(done, done, complete=False))
    assert [text.split()[1] for text in stream.getvalue().splitlines()] == [
        "1", "2", "4", "8", "16", "32", "64", "128", "256", "512",
    ]  # fmt: skip


def test_on_a_terminal_the_bar_goes_away_for_other_lines() -> None:
    stream = io.StringIO()
    progress = Progress(stream, terminal=True)
    progress.tell(run_of(1, 2))
    bar = line(run_of(1, 2))
    assert stream.getvalue() == f"\r{bar}"
    progress.clear()
    assert stream.getvalue() == f"\r{bar}\r{' ' * len(bar)}\r"
    progress.tell(run_of(2, 2, status="SUCCEEDED"))
    assert stream.getvalue().endswith(f"{line(run_of(2, 2, status='SUCCEEDED'))}\n")


def test_the_command_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definition = tmp_path / "shop.asl.json"
    definition.write_text(json.dumps(machine(states={"P": {"Type": "Pass", "End": True}}).definition), "utf-8")
    assert cli.main(["run", str(definition), "--simulate", "--input", "[1, 2]", "--root", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == [1, 2]
    assert "M [########################] 2/2 items, SUCCEEDED\n" in err
