"""Counterexamples: smaller inputs and machines with the same fault, the story, and tests that go through it again."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local.testing.counterexamples import Counterexample


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:123456789012:function:{name}", **fields}


def faces(**fields: Any) -> dict[str, Any]:
    """A machine that looks whether it knows a face, and if not remembers it; two look at the same time."""
    return {
        "StartAt": "Prepare",
        "States": {
            "Prepare": {"Type": "Pass", "Next": "Faces"},
            "Faces": {
                "Type": "Map",
                "ItemsPath": "$.photos",
                **fields,
                "ItemProcessor": {
                    "StartAt": "Search",
                    "States": {
                        "Search": task("Search", ResultPath="$.known", Next="Known?"),
                        "Known?": {
                            "Type": "Choice",
                            "Choices": [{"Variable": "$.known", "BooleanEquals": True, "Next": "Rejected"}],
                            "Default": "Index",
                        },
                        "Rejected": {"Type": "Pass", "Result": "rejected", "End": True},
                        "Index": task("Index", ResultPath="$.n", Next="Accepted"),
                        "Accepted": {"Type": "Pass", "Result": "accepted", "End": True},
                    },
                },
                "Next": "Done",
            },
            "Done": {"Type": "Succeed"},
        },
    }


PHOTOS = {
    "photos": [{"who": "ann", "key": "1.jpg"}, {"who": "bob", "key": "2.jpg"}, {"who": "ann", "key": "3.jpg"}],
    "bucket": "photos",
}
MODULE = """
def make():
    return {"faces": []}


def resources(world):
    def search(event):
        return event["who"] in world["faces"]

    def index(event):
        world["faces"].append(event["who"])
        return len(world["faces"])

    return {"Search": search, "Index": index}


def each_face_once(run):
    assert len(set(run.world["faces"])) == len(run.world["faces"]), "one face twice"


def charge(event):
    return {"paid": event["amount"]}


def always_succeeds(run):
    return run.status == "SUCCEEDED"
"""


@pytest.fixture
def handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module with handlers, a world and invariants, in a folder of its own."""
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / "faces_handlers.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    yield importlib.import_module("faces_handlers")
    sys.modules.pop("faces_handlers")


def found(handlers: Any, definition: Any = None, **options: Any) -> Counterexample:
    machine = asl_local.load(faces() if definition is None else definition, name="Faces")
    options = {"world": handlers.make(), "invariant": handlers.each_face_once, "faults": 0, **options}
    return machine.explore(PHOTOS, handlers.resources, **options).counterexamples[0]


def pytest_says(folder: Path) -> dict[str, str]:
    """What pytest says of the tests in a folder, run as they are: by file, passed, failed or skipped."""
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.stderr == "", done.stderr
    return dict(re.findall(r"^(\w+)\.py::\w+ (\w+)", done.stdout, re.MULTILINE))


# --------------------------------------------------------------------------------------------------------------- smaller


def test_the_story_of_a_race(handlers: Any) -> None:
    smallest = found(handlers).shrink()
    assert smallest.smallest
    assert (
        str(smallest)
        == """\
one face twice
  input: {"photos":[{"who":""},{"who":""}]}
  1. 0 s  Faces[0]/Search answers false -> Known?, Index
  2. 0 s  Faces[1]/Search answers false -> Known?, Index
  3. 0 s  Faces[0]/Index answers 1 -> Accepted
  4. 0 s  Faces[1]/Index answers 2 -> Accepted, Done
  SUCCEEDED ["accepted","accepted"]"""
    )
    assert smallest.schedule == ["Faces[0]/Search", "Faces[1]/Search", "Faces[0]/Index", "Faces[1]/Index"]


def test_the_smallest_machine_is_right_where_the_machine_was(handlers: Any) -> None:
    """Without the search every face would be there twice, one after the other, too: that is another fault."""
    smallest = found(handlers).smallest_definition()
    text = json.dumps(smallest)
    assert "Search" in text
    assert "Known?" in text
    assert "Prepare" not in text
    assert "Accepted" not in text
    assert found(handlers, smallest).message == "one face twice"


def test_shrinking_is_deterministic_and_ends(handlers: Any) -> None:
    first = found(handlers)
    one, other = first.shrink(definition=True), first.shrink(definition=True)
    assert (one.definition, one.input, one.schedule, one.tried) == (
        other.definition,
        other.input,
        other.schedule,
        other.tried,
    )
    again = one.shrink(definition=True)
    assert (again.definition, again.input, again.schedule) == (one.definition, one.input, one.schedule)


def test_a_budget_ends_shrinking(handlers: Any) -> None:
    first = found(handlers)
    some = first.shrink(budget=4)
    assert some.tried <= 4
    assert not some.smallest
    assert first.shrink(budget=1).input == PHOTOS
    assert first.shrink(stop=lambda: True).input == PHOTOS


RETRY = {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 1}
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Ship"}]
PAYMENT = {
    "StartAt": "Note",
    "States": {
        "Note": {"Type": "Pass", "ResultPath": "$.note", "Result": "x", "Next": "Charge"},
        "Charge": task("Charge", Retry=[RETRY], Next="Ship"),
        "Ship": task("Ship", End=True),
    },
}


def explored(invariant: Any, definition: Any = PAYMENT, **options: Any) -> Any:
    machine = asl_local.load(definition, name="Payment")
    handlers = options.pop("resources", {"Charge": lambda event: event, "Ship": lambda event: "shipped"})
    return machine.explore({"amount": 7, "note": "long"}, handlers, invariant=invariant, **options)


def never_unknown(run: Any) -> None:
    assert run.error != "UnlistedError", "an error that nobody expects ends it"


def not_busy(run: Any) -> bool:
    return run.error != "Busy"


def test_faults_are_told_and_kept() -> None:
    counterexample = explored(not_busy, kinds=["errors"]).counterexamples[0]
    assert counterexample.shrink().input == {}
    assert [str(step) for step in counterexample.steps()] == [
        "0 s  Charge fails with Busy (injected), from now on always",
        "2 s  Charge is tried again",
        "2 s  Charge fails with Busy (injected)",
    ]
    smallest = counterexample.shrink(definition=True).definition
    # One attempt less would do; but the fault is that Busy comes through although it is retried.
    assert smallest["States"].keys() == {"Charge"}


def test_another_fault_is_not_taken_for_this_one() -> None:
    """The smallest input would be {}, for which the machine fails in another way."""
    definition = {
        "StartAt": "Charge",
        "States": {
            "Charge": task("Charge", Parameters={"amount.$": "$.amount"}, Next="Ship"),
            "Ship": task("Ship", End=True),
        },
    }

    def ends_well(run: Any) -> None:
        assert run.status == "SUCCEEDED"

    counterexample = explored(ends_well, definition, kinds=["unlisted"]).counterexamples[0]
    assert counterexample.shrink().input == {"amount": 0}


def test_invariants_that_were_not_made_for_small_inputs() -> None:
    def same_amount(run: Any) -> None:
        if run.status == "SUCCEEDED":
            assert run.result.history[0].details["input"]["amount"] != 7, "seven"

    assert explored(same_amount, faults=0).counterexamples[0].shrink().input == {"amount": 7}


def test_mocked_states_go_too() -> None:
    machine = asl_local.load(PAYMENT, name="Payment")
    mocks = {"Charge": asl_local.mock.sequence({"a": 1}, {"a": 2}), "Ship": "shipped"}
    exploration = machine.explore({"amount": 7}, mocks=mocks, faults=0, invariant=lambda run: run.output != "shipped")
    small = exploration.counterexamples[0].shrink(definition=True)
    assert small.definition == {"StartAt": "Ship", "States": {"Ship": task("Ship", End=True)}}
    assert small.input == {}
    assert list(mocks) == ["Charge", "Ship"]


# --------------------------------------------------------------------------------------------------------------- written

LOST = {"Charge": lambda event: event, "Ship": lambda event: "shipped"}


def late(event: Any, context: Any) -> Any:
    if context.attempt == 0:
        raise asl_local.StateError("Busy", 'it\'s "later" \\ never')
    context.sleep(3)
    return {"receipt": event["amount"]}


def test_written_tests_do_as_they_say(handlers: Any, tmp_path: Path) -> None:
    """Each is red while the fault is there, whatever it could import; green or skipped when something is mended."""
    folder = tmp_path / "tests"
    folder.mkdir()
    first = found(handlers)
    world = {"world": "faces_handlers:make()"}

    written = first.shrink().write_test(folder / "test_imports.py", name="test_faces", sources=world)
    assert written.notes == ()
    assert written.text == (folder / "test_imports.py").read_text()
    assert "from faces_handlers import each_face_once, make, resources" in written.text
    assert "1. 0 s  Faces[0]/Search answers false -> Known?, Index" in written.text
    assert 'sys.path.insert(0, str(Path(__file__).resolve().parent / "../handlers"))' in written.text
    one_by_one = written.text.replace('"ItemsPath"', '"MaxConcurrency": 1, "ItemsPath"')
    (folder / "test_one_by_one.py").write_text(one_by_one)
    mended = Path(handlers.__file__).with_name("mended_handlers.py")
    mended.write_text(MODULE.replace("        world[", '        event["who"] in world["faces"] or world['))
    (folder / "test_mended.py").write_text(written.text.replace("faces_handlers", "mended_handlers"))

    (folder / "faces.asl.json").write_text(json.dumps(faces()))
    beside = first.write_test(folder / "test_beside.py", definition=folder / "faces.asl.json", sources=world)
    assert 'DEFINITION = Path(__file__).resolve().parent / "faces.asl.json"' in beside.text
    json_world = first.write_test(folder / "test_json_world.py")
    assert json_world.notes == ()
    assert 'world = {"faces": []}' in json_world.text

    answers = explored(never_unknown, kinds=["unlisted"], resources={**LOST, "Charge": late}).counterexamples[0]
    given = answers.write_test(folder / "test_answers.py")
    assert given.notes == ("the handlers cannot be imported: the test has the answers that they gave",)
    outcome = explored(lambda run: run.error != "UnlistedError", kinds=["unlisted"]).counterexamples[0]
    text = outcome.write_test(folder / "test_outcome.py")
    assert text.notes == (
        "the handlers cannot be imported: the test has the answers that they gave",
        "the invariant cannot be asked there: the test says that the execution must not end as it did",
    )
    caught = text.text.replace('"Charge": {', f'"Charge": {{"Catch": {json.dumps(CATCH)},', 1)
    (folder / "test_caught.py").write_text(caught)
    explored(lambda run: run.output != "shipped", faults=0).counterexamples[0].write_test(folder / "test_output.py")

    assert pytest_says(folder) == {
        "test_imports": "FAILED",
        "test_one_by_one": "SKIPPED",  # the machine cannot go this way any more
        "test_mended": "PASSED",
        "test_beside": "FAILED",
        "test_json_world": "FAILED",
        "test_answers": "FAILED",
        "test_outcome": "FAILED",
        "test_caught": "PASSED",
        "test_output": "FAILED",
    }


def test_handlers_that_keep_something_must_be_importable(tmp_path: Path) -> None:
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": task("Ask", ResultPath="$.n", Next="Done?"),
            "Done?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericLessThan": 2, "Next": "Reset"}],
                "Default": "Done",
            },
            "Reset": {"Type": "Pass", "Result": {}, "Next": "Ask"},
            "Done": {"Type": "Succeed"},
        },
    }

    def resources(world: list[int]) -> Any:
        def ask(_event: Any) -> int:
            world.append(1)
            return len(world)

        return {"Ask": ask}

    machine = asl_local.load(definition)
    exploration = machine.explore({}, resources, world=[], faults=0, invariant=lambda run: run.status != "SUCCEEDED")
    with pytest.raises(ValueError, match="Ask was answered differently when it was called again"):
        exploration.counterexamples[0].write_test(tmp_path / "test_it.py")


SCRIPT = """
import asl_local

pay = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:pay", "End": True}
machine = asl_local.load({"StartAt": "Pay", "States": {"Pay": pay}})


def bank(world):
    return {"pay": lambda event: world.append(event)}


def paid_once(run):
    return len(run.world) <= 1


"""
EXPLORES = """found = machine.explore(1, bank, world=[], invariant=paid_once, kinds=["crashes"])
found.counterexamples[0].write_test("test_found.py")
"""


def test_handlers_of_the_script_that_runs_are_importable_if_it_minds_its_name(tmp_path: Path) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, *command]
        return subprocess.run(arguments, check=False, cwd=tmp_path, capture_output=True, text=True)

    script = tmp_path / "bank.py"
    script.write_text(SCRIPT + EXPLORES, "utf-8")
    assert "the handlers cannot be imported" in run("bank.py").stderr
    script.write_text(f'{SCRIPT}if __name__ == "__main__":\n{textwrap.indent(EXPLORES, "    ")}', "utf-8")
    assert run("bank.py").stderr == ""
    assert "from bank import" in (tmp_path / "test_found.py").read_text("utf-8")
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_found.py")
    assert "paid_once" in done.stdout
    assert "1 failed" in done.stdout


def test_what_holds_again_at_the_end_is_no_test(handlers: Any, tmp_path: Path) -> None:
    def never_two(run: Any) -> bool:
        return len(run.world["faces"]) != 2

    counterexample = found(handlers, invariant=None, always=never_two)
    assert counterexample.run.status == "RUNNING"
    smallest = counterexample.shrink()  # of two photos the execution would be over
    assert (len(smallest.input["photos"]), len(smallest.schedule)) == (3, 4)
    with pytest.raises(ValueError, match="what is violated on the way holds again at the end"):
        counterexample.write_test(tmp_path / "test_it.py", sources={"invariant": "=never_two"})


def test_every_fault_can_be_told_and_written_down(tmp_path: Path) -> None:
    """Whatever an exploration meets, there is a story, a mock file with what it cannot say, and a command."""
    definition = {
        "StartAt": "A",
        "TimeoutSeconds": 1000,
        "States": {
            "A": task("A", TimeoutSeconds=50, HeartbeatSeconds=9, Retry=[RETRY], Catch=CATCH, Next="T"),
            "T": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 60,
                "Parameters": {"FunctionName": "T", "Payload": {"token.$": "$$.Task.Token"}}, "Next": "M",
            },
            "M": {
                "Type": "Map", "ItemsPath": "$.l", "Next": "Pause",
                "ItemProcessor": {"StartAt": "I", "States": {"I": task("I", End=True)}},
            },
            "Pause": {"Type": "Wait", "Seconds": 5, "Next": "Ship"},
            "Ship": {"Type": "Succeed"},
        },
    }  # fmt: skip

    def answers(_event: Any, context: Any) -> None:
        context.send_task_success({"l": [1, 2]})

    machine = asl_local.load(definition, name="Kinds")
    resources = {"A": lambda event: {"a": 1}, "T": answers, "I": lambda event: event}
    exploration = machine.explore({}, resources, invariant=lambda run: False, kinds=None)
    kinds = set()
    for outcome in exploration.outcomes:
        counterexample = Counterexample("it ends", outcome.example, exploration.asked)
        steps = counterexample.steps()
        assert [step.text for step in steps] == counterexample.schedule
        faults = {step.fault.kind for step in steps if step.fault is not None}
        kinds |= faults
        mocks = counterexample.mock_file()
        alone = machine.simulate({}, mock_config=mocks.config, test_case=mocks.test_case)
        same = (alone.status, alone.error) == (outcome.status, outcome.error)
        assert same or any("ends otherwise" in note for note in mocks.notes)
        assert any(note.startswith("a mock file cannot express this") for note in mocks.notes) is bool(
            faults & {"timeouts", "heartbeats", "oversized", "crashes"}
        )
        assert counterexample.state_command().state in ("A", "T", "I")
    assert kinds == {"errors", "unlisted", "throttling", "timeouts", "heartbeats", "oversized"}
    (first, *_) = exploration.outcomes
    assert [step.words for step in Counterexample("", first.example, exploration.asked).steps()] == [
        'A answers {"a":1}', "T is submitted, and its task token is answered", "M[0]/I answers 1", "M[1]/I answers 2",
        "Pause has waited",
    ]  # fmt: skip


def test_wrong_names_are_told(handlers: Any, tmp_path: Path) -> None:
    counterexample = found(handlers)
    with pytest.raises(ValueError, match="'counter example' is not the name of a test"):
        counterexample.write_test(tmp_path / "test_x.py", name="counter example")
    with pytest.raises(ValueError, match="'make' is not module:name"):
        counterexample.write_test(tmp_path / "test_x.py", sources={"world": "make"})
    assert not (tmp_path / "test_x.py").exists()


def test_mocks_and_command_of_a_counterexample(handlers: Any) -> None:
    smallest = found(handlers).shrink()
    mocks = smallest.mock_file()
    assert mocks.notes == ("a mock file cannot express this: what the handlers keep in their world",)
    assert mocks.config["MockedResponses"]["Index in Counterexample"] == {"0": {"Return": 1}, "1": {"Return": 2}}
    assert smallest.state_command().state == "Index"
    assert smallest.state_command("Known?").state == "Known?"


def test_an_exploration_that_nobody_asked_for_has_no_counterexamples() -> None:
    from asl_local.testing.exploring import Exploration

    with pytest.raises(ValueError, match=r"explore with Machine\.explore"):
        _ = Exploration().counterexamples
