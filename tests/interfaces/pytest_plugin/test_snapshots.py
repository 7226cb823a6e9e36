"""Snapshots: written when asked, compared always, with masks; those that nobody uses are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from inner_pytest import DOOR, Project

import asl_local
from asl_local.interfaces.pytest_plugin.snapshots.fixture import folder_of, stem_of
from asl_local.interfaces.pytest_plugin.snapshots.masks import MASKS, apply
from asl_local.interfaces.pytest_plugin.snapshots.text import written

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
CHARGE = {
    "StartAt": "Charge",
    "States": {
        "Charge": {"Type": "Task", "Resource": f"{LAMBDA}charge", "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 2, "End": True},
    },
}
TEST = "from orders import simulate\n\ndef test_it(asl_snapshot):\n    asl_snapshot(simulate({amounts}))\n"
UPDATE = "--asl-snapshot-update"


def snapshots(project: Project) -> list[str]:
    return sorted(
        path.relative_to(project.folder).as_posix() for path in project.folder.rglob("__asl_snapshots__/**/*.txt")
    )


class TestText:
    def test_a_result(self) -> None:
        result = asl_local.load(CHARGE).simulate({"amount": 7}, {"charge": lambda event: {"paid": event["amount"]}})
        assert written(result, []) == (
            """\
status: SUCCEEDED
output: {"paid": 7}
seconds: 2

1. ExecutionStarted at 0 s, after 0
   input: {"amount": 7}
   roleArn: "arn:aws:iam::123456789012:role/asl-local"
2. TaskStateEntered Charge at 0 s, after 0
   input: {"amount": 7}
3. LambdaFunctionScheduled at 0 s, after 2
   resource: "arn:aws:lambda:us-east-1:123456789012:function:charge"
   input: {"amount": 7}
4. LambdaFunctionStarted at 0 s, after 3
5. LambdaFunctionSucceeded at 0 s, after 4
   output: {"paid": 7}
6. TaskStateExited Charge at 0 s, after 5
   output: {"paid": 7}
7. WaitStateEntered Rest at 0 s, after 6
   input: {"paid": 7}
8. WaitStateExited Rest at 2 s, after 7
   output: {"paid": 7}
9. ExecutionSucceeded at 2 s, after 8
   output: {"paid": 7}
"""
        )

    def test_a_failure_and_its_trace(self) -> None:
        def charge(event: object) -> None:
            raise ValueError("no money")

        text = written(asl_local.load(CHARGE).simulate({}, {"charge": charge}), ["ids"])
        assert text.startswith("status: FAILED\nerror: ValueError\ncause: {")
        assert text.count('"stackTrace": ["<trace>"]') == 3
        assert __file__ not in text
        assert "- LambdaFunctionFailed at 0 s\n" in text

    def test_long_values_stand_over_several_lines_and_other_json_is_json(self) -> None:
        long = {"name": "x" * 100}
        assert written(long, []) == '{\n  "name": "' + "x" * 100 + '"\n}\n'
        machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        text = written(machine.simulate(long).history, [])
        assert '   input:\n     {\n       "name": "xxx' in text
        with pytest.raises(asl_local.NotJson):
            written(object(), [])

    def test_a_real_clock_is_masked_always(self) -> None:
        machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        texts = {written(machine.run([1]), []) for _ in range(2)}
        assert len(texts) == 1
        assert "ExecutionStarted at <time>, after 0" in texts.pop()


class TestMasks:
    def test_uuids_keep_who_is_who(self) -> None:
        one, two = "0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"
        assert apply({"a": one, "b": [f"x/{two}", one.upper()], "c": f"{one}{one}"}, ["uuids"]) == {
            "a": "<uuid 1>", "b": ["x/<uuid 2>", "<uuid 1>"], "c": f"{one}{one}",
        }  # fmt: skip

    def test_times_are_texts_and_the_seconds_of_events(self) -> None:
        document = {
            "seconds": 7,
            "at": "2024-02-29T12:00:00.5Z or so",
            "events": [{"seconds": 3, "n": 3}],
            "year": "2024",
        }
        assert apply(document, ["times"]) == {
            "seconds": "<time>", "at": "<time> or so", "events": [{"seconds": "<time>", "n": 3}], "year": "2024",
        }  # fmt: skip

    def test_jsonpaths(self) -> None:
        document = {"output": {"id": 1, "of": [{"id": 2}, {"id": 3, "n": 4}]}}
        assert apply(document, ["$.output.id", "$.output.of[*].id"]) == {
            "output": {"id": "<masked>", "of": [{"id": "<masked>"}, {"id": "<masked>", "n": 4}]},
        }  # fmt: skip
        assert apply(7, ["$"]) == "<masked>"

    def test_a_mask_that_hides_nothing_is_an_error(self) -> None:
        with pytest.raises(ValueError, match=r"the mask \$\.outptu\.id finds nothing; the document has output"):
            apply({"output": {"id": 1}}, ["$.outptu.id"])
        with pytest.raises(ValueError, match="there is no mask 'uuid'; did you mean 'uuids'"):
            apply({}, ["uuid"])
        with pytest.raises(ValueError, match="there is no mask 'faces'; there are times, uuids, ids, and JSONPaths"):
            apply({}, ["faces"])

    def test_the_result_itself_is_not_masked(self) -> None:
        result = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}).simulate({"id": 7})
        text = written(result, ["$.output.id", "$.events[*].input.id", "$.events[*].output.id"])
        assert "7" not in text.replace("2024", "").replace("123456789012", "")
        assert (result.output, result.history[0].details["input"]) == ({"id": 7}, {"id": 7})

    @pytest.mark.parametrize("mask", MASKS)
    def test_every_mask_masks_something(self, mask: str) -> None:
        machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        given = {"id": "0f8fad5b-d9cb-469f-a165-70867728950e", "at": "2024-02-29T12:00:00Z"}
        assert written(machine.simulate(given), [mask]) != written(machine.simulate(given), [])


class TestNames:
    def test_a_folder_beside_and_a_name_that_every_file_system_takes(self) -> None:
        assert folder_of(Path("a/test_b.py")) == Path("a/__asl_snapshots__/test_b")
        assert stem_of("TestA::test_b[1-x]") == "TestA.test_b[1-x]"
        names = {stem_of(name) for name in ("test[a/b]", "test[a b]", "test[a:b]", "test[" + "x" * 400 + "]")}
        assert len(names) == 4
        assert all(len(name) < 120 and "/" not in name and ":" not in name for name in names)


class TestFixture:
    def test_missing_fails_updating_writes_and_then_it_holds(self, inner: Project) -> None:
        inner.write("test_orders.py", TEST.format(amounts="1"))
        run = inner.pytest()
        assert run.code == 1
        told = run.lines("E ")[0]
        assert (
            "there is no snapshot __asl_snapshots__/test_orders/test_it.txt; `pytest --asl-snapshot-update` writes this:"
            in told
        )
        assert 'output: [{"paid": 1}]' in run.output
        assert snapshots(inner) == []
        run = inner.pytest(UPDATE)
        assert (run.code, run.section("asl_local snapshots")[0]) == (0, "1 snapshot written")
        assert snapshots(inner) == ["__asl_snapshots__/test_orders/test_it.txt"]
        again = inner.pytest(UPDATE)
        assert (again.code, "snapshots" in again.output) == (0, False)
        quiet = inner.pytest()
        assert (quiet.code, "snapshot" in quiet.output) == (0, False)

    def test_a_difference_is_shown(self, inner: Project) -> None:
        inner.write("test_orders.py", TEST.format(amounts="1"))
        inner.pytest(UPDATE)
        inner.write("test_orders.py", TEST.format(amounts="2"))
        run = inner.pytest()
        assert run.code == 1
        assert 'E       -output: [{"paid": 1}]' in run.output
        assert 'E       +output: [{"paid": 2}]' in run.output
        assert run.section("asl_local")[0] == "Orders: SUCCEEDED after 3.000 s"
        assert "snapshots/fixture.py" not in run.output

    def test_several_in_one_test_by_number_and_by_name(self, inner: Project) -> None:
        inner.write(
            "test_orders.py",
            "import pytest\n\nclass TestIt:\n    @pytest.mark.parametrize('n', [1, 2])\n    def test_it(self, asl_snapshot, n):\n"
            "        asl_snapshot(n)\n        asl_snapshot(n + 1)\n        asl_snapshot([n], name='listed')\n"
            "        asl_snapshot([n], name='listed')\n",
        )
        assert inner.pytest(UPDATE).code == inner.pytest().code == 0
        stem = "__asl_snapshots__/test_orders/TestIt.test_it"
        assert snapshots(inner) == sorted(f"{stem}[{n}]{more}.txt" for n in (1, 2) for more in ("", ".2", ".listed"))

    def test_two_values_of_one_name(self, inner: Project) -> None:
        inner.write(
            "test_a.py", "def test_a(asl_snapshot):\n    for n in range(2):\n        asl_snapshot(n, name='n')\n"
        )
        assert "two different values for one snapshot of this test" in inner.pytest(UPDATE).output


class TestUnused:
    def test_they_are_told_and_removed_when_updating(self, inner: Project) -> None:
        inner.write("test_a.py", "def test_a(asl_snapshot):\n    asl_snapshot(1)\n    asl_snapshot(2)\n")
        inner.write("test_b.py", "def test_b(asl_snapshot):\n    asl_snapshot(1)\n")
        inner.pytest(UPDATE)
        inner.write("test_a.py", "def test_a(asl_snapshot):\n    asl_snapshot(1)\n")
        inner.write("test_b.py", "def test_c(asl_snapshot):\n    asl_snapshot(1)\n")
        left = ["__asl_snapshots__/test_a/test_a.2.txt", "__asl_snapshots__/test_b/test_b.txt"]
        run = inner.pytest("test_a.py", "test_b.py")
        assert (
            run.section("asl_local snapshots")[0]
            == f"2 snapshots unused (--asl-snapshot-update removes): {', '.join(left)}"
        )
        assert run.code == 1, "test_c has none yet"
        run = inner.pytest(UPDATE)
        assert run.section("asl_local snapshots")[:2] == [
            "1 snapshot written",
            f"2 snapshots removed: {', '.join(left)}",
        ]
        assert snapshots(inner) == ["__asl_snapshots__/test_a/test_a.txt", "__asl_snapshots__/test_b/test_c.txt"]

    @pytest.mark.parametrize(
        "selection", [["-k", "two"], ["test_a.py::test_two"], ["--deselect", "test_a.py::test_one"]]
    )
    def test_of_tests_that_were_not_wanted_nothing_is_said(self, inner: Project, selection: list[str]) -> None:
        inner.write(
            "test_a.py",
            "def test_one(asl_snapshot):\n    asl_snapshot(1)\n\ndef test_two(asl_snapshot):\n    asl_snapshot(2)\n",
        )
        inner.pytest(UPDATE)
        run = inner.pytest(UPDATE, *selection)
        assert "snapshot" not in run.output
        assert len(snapshots(inner)) == 2

    @pytest.mark.parametrize("line", ["assert False", "import pytest; pytest.skip()", "import pytest; pytest.xfail()"])
    def test_a_test_that_did_not_come_so_far(self, inner: Project, line: str) -> None:
        inner.write("test_a.py", "def test_a(asl_snapshot):\n    asl_snapshot(1)\n    asl_snapshot(2)\n")
        inner.pytest(UPDATE)
        inner.write("test_a.py", f"def test_a(asl_snapshot):\n    asl_snapshot(1)\n    {line}\n    asl_snapshot(2)\n")
        assert (
            "snapshot"
            not in inner.pytest(UPDATE).section(
                "short test summary info" if "False" in line else "test session starts"
            )[-1]
        )
        assert len(snapshots(inner)) == 2

    def test_those_of_a_test_file_that_is_gone(self, inner: Project) -> None:
        for name in ("test_a.py", "test_b.py"):
            inner.write(name, "def test_a(asl_snapshot):\n    asl_snapshot(1)\n")
        inner.pytest(UPDATE)
        (inner.folder / "test_b.py").unlink()
        assert "__asl_snapshots__/test_b/test_a.txt" in inner.pytest().section("asl_local snapshots")[0]
        inner.pytest(UPDATE)
        assert snapshots(inner) == ["__asl_snapshots__/test_a/test_a.txt"]
        assert not (inner.folder / "__asl_snapshots__" / "test_b").exists()

    def test_workers_tell_what_they_have_used(self, inner: Project) -> None:
        inner.write("test_a.py", "".join(f"def test_{n}(asl_snapshot):\n    asl_snapshot({n})\n\n" for n in range(6)))
        plugins = (DOOR, "xdist.plugin")
        assert "6 snapshots written" in inner.pytest_apart("-n", "2", UPDATE, plugins=plugins).output
        inner.write("__asl_snapshots__/test_a/test_9.txt", "old")
        run = inner.pytest_apart("-n", "2", plugins=plugins)
        assert run.code == 0, run
        assert run.section("asl_local snapshots")[0] == (
            "1 snapshot unused (--asl-snapshot-update removes): __asl_snapshots__/test_a/test_9.txt"
        )
