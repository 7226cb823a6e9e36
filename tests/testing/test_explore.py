"""Exploration: all orders, all faults, worlds, what is found and how it is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local.testing.exploring import Exploration, Violated

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
World = dict[str, Any]


def task(function: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + function, **fields}


def counting(branches: int) -> asl_local.Machine:
    """Each branch reads a counter and writes it back plus one."""

    def branch(number: int) -> dict[str, Any]:
        read, write = f"Read{number}", f"Write{number}"
        return {"StartAt": read, "States": {read: task("read", Next=write), write: task("write", End=True)}}

    both = {"Type": "Parallel", "End": True, "Branches": [branch(number) for number in range(branches)]}
    return asl_local.load({"StartAt": "Both", "States": {"Both": both}})


def counter(world: World) -> dict[str, Callable[[Any], Any]]:
    def write(seen: int) -> int:
        world["n"] = seen + 1
        return int(world["n"])

    return {"read": lambda _: world["n"], "write": write}


def nothing_lost(run: Any) -> bool:
    return run.status != "SUCCEEDED" or run.world["n"] == 2


def statuses(exploration: Exploration) -> set[tuple[str, str | None]]:
    return {(outcome.status, outcome.error) for outcome in exploration.outcomes}


def test_a_lost_update_in_a_parallel_is_found_without_any_fault() -> None:
    exploration = counting(2).explore({}, counter, world={"n": 0}, invariant=nothing_lost, faults=0)
    assert exploration.complete
    assert exploration.schedules == 6  # the orders of two times two calls
    assert [(outcome.output, outcome.count) for outcome in exploration.outcomes] == [
        ([1, 1], 4),
        ([1, 2], 1),
        ([2, 1], 1),
    ]
    (violation,) = exploration.violations
    assert violation.run.schedule == ["Both[0]/Read0", "Both[1]/Read1", "Both[0]/Write0", "Both[1]/Write1"]
    assert violation.run.world == {"n": 1}
    with pytest.raises(Violated, match=r"nothing_lost does not hold(.|\n)*2\. Both\[1\]/Read1(.|\n)*SUCCEEDED \[1,1\]"):
        exploration.check()


def test_a_run_has_a_result_and_its_schedule_can_be_followed() -> None:
    machine = counting(2)
    run = machine.explore({}, counter, world={"n": 0}, invariant=nothing_lost, faults=0).violations[0].run
    assert run.result.output == [1, 1]
    assert run.result.history.to_aws()[-1]["type"] == "ExecutionSucceeded"
    world = {"n": 0}
    result = machine.simulate({}, counter, world=world, schedule=run.schedule)
    assert (result, world) == (run.result, {"n": 1})


def test_a_schedule_may_end_early_and_the_ordinary_order_follows() -> None:
    world = {"n": 0}
    counting(2).simulate({}, counter, world=world, schedule=["Both[1]/Read1", "Both[1]/Write1"])
    assert world == {"n": 2}


def test_whoever_listens_hears_of_a_schedule_that_is_followed() -> None:
    machine = counting(2)
    with asl_local.Coverage() as coverage:
        machine.simulate({}, counter, world={"n": 0}, schedule=["Both[1]/Read1"])
    assert coverage.of(machine).percent == 100


def test_events_of_a_schedule_are_told() -> None:
    told: list[str] = []
    result = counting(2).simulate(
        {}, counter, world={"n": 0}, schedule=["Both[1]/Read1"], on_event=lambda event: told.append(event.type)
    )
    assert told == [event.type for event in result.history]
    with pytest.raises(ValueError, match="tells of events only"):
        counting(2).simulate({}, counter, world={"n": 0}, schedule=[], on_child=print)


def test_a_step_that_cannot_be_taken_lists_what_can() -> None:
    with pytest.raises(
        asl_local.AslError, match=r"step 2 is 'Both\[0\]/Read0'.*these can:\s+'Both\[1\]/Read1'\s+'Both\[0\]/Write0'"
    ):
        counting(2).simulate({}, counter, world={"n": 0}, schedule=["Both[0]/Read0", "Both[0]/Read0"])
    order = ["Both[0]/Read0", "Both[1]/Read1", "Both[0]/Write0", "Both[1]/Write1"]
    with pytest.raises(asl_local.AslError, match="step 5 is 'More', but the execution is over after 4 steps"):
        counting(2).simulate({}, counter, world={"n": 0}, schedule=[*order, "More"])
    with pytest.raises(TypeError, match=r"a list of steps is wanted, such as \['Both\[0\]/Read0'\]"):
        counting(2).simulate({}, counter, world={"n": 0}, schedule="Both[0]/Read0")


def test_the_race_of_the_check_and_the_index_in_a_batch_of_photos(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(project / "examples" / "rider_photos_tested"))
    for name in ("fakes", "machines"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import fakes
    import machines

    def invariant(run: Any) -> bool:
        return bool(machines.nobody_registers_twice(run.world))

    batch = machines.batch("ada.jpg", "ada_mirrored.jpg")
    raced = machines.WORKSHOP.explore(batch, fakes.functions, world=fakes.new_world(), faults=0, invariant=invariant)
    assert raced.complete
    (violation,) = raced.violations
    steps = [step.removeprefix("DynamicParallelProcessing") for step in violation.run.schedule]
    assert steps.index("[1]/CheckFaceDuplicate") < steps.index("[0]/ParallelProcessing[0]/AddFaceToIndex")
    mended = machines.MENDED.explore(
        batch, fakes.mended_functions, world=fakes.new_world(), faults=0, invariant=invariant
    )
    assert mended.complete
    assert not mended.violations


RETRIED = {
    "StartAt": "Charge",
    "States": {
        "Charge": task(
            "charge",
            TimeoutSeconds=10,
            Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 1, "IntervalSeconds": 2}],
            Catch=[{"ErrorEquals": ["Declined"], "Next": "Sorry"}],
            Next="Done",
        ),
        "Sorry": {"Type": "Pass", "Result": "sorry", "End": True},
        "Done": {"Type": "Pass", "Result": "done", "End": True},
    },
}


def test_every_fault_that_a_task_can_meet_is_tried() -> None:
    exploration = asl_local.load(RETRIED).explore({}, {"charge": lambda _: {}}, faults=1)
    assert exploration.complete
    found = {
        (
            str(outcome.example.faults[0]) if outcome.example.faults else "",
            outcome.status,
            outcome.error or outcome.output,
        )
        for outcome in exploration.outcomes
    }
    assert found == {
        ("", "SUCCEEDED", "done"),
        ("Charge: Declined", "SUCCEEDED", "sorry"),
        ("Charge: Busy, always", "FAILED", "Busy"),
        ("Charge: Lambda.TooManyRequestsException", "FAILED", "Lambda.TooManyRequestsException"),
        ("Charge: UnlistedError", "FAILED", "UnlistedError"),
        ("Charge: States.Timeout", "FAILED", "States.Timeout"),
        ("Charge: States.DataLimitExceeded", "FAILED", "States.DataLimitExceeded"),
    }
    assert exploration.coverage.percent == 100


def test_without_faults_nothing_goes_wrong() -> None:
    exploration = asl_local.load(RETRIED).explore({}, {"charge": lambda _: {}}, faults=0)
    assert [outcome.output for outcome in exploration.outcomes] == ["done"]


def test_a_call_that_is_made_again_has_its_effect_twice() -> None:
    def charge(world: World) -> dict[str, Callable[[Any], Any]]:
        return {"charge": lambda _: world["charged"].append(1)}

    machine = asl_local.load({"StartAt": "Charge", "States": {"Charge": task("charge", End=True)}})
    exploration = machine.explore(
        {}, charge, world={"charged": []}, invariant=lambda run: len(run.world["charged"]) <= 1, kinds=["crashes"]
    )
    (violation,) = exploration.violations
    assert violation.run.schedule == ["Charge: crash", "Charge"]


def test_ten_items_of_three_tasks_with_a_fault_are_explored_completely() -> None:
    steps = {
        "A": task("a", Next="B", Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]),
        "B": task("b", Next="C", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}]),
        "C": task("c", End=True),
    }
    each = {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "A", "States": steps}}
    machine = asl_local.load({"StartAt": "Each", "States": {"Each": each}})
    exploration = machine.explore(list(range(10)), {"*": lambda event: event}, faults=1)
    assert exploration.complete
    assert exploration.reduced
    assert ("FAILED", "Busy") in statuses(exploration)
    assert exploration.transitions < 10_000


def test_a_machine_with_time_to_spare_is_explored_as_quickly() -> None:
    step = task("a", End=True, Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 3}])
    each = {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "A", "States": {"A": step}}}
    spare, scarce = (
        asl_local.load({"StartAt": "Each", "TimeoutSeconds": seconds, "States": {"Each": each}}).explore(
            [1, 2, 3], {"*": lambda event: event}, kinds=["errors", "timeouts"]
        )
        for seconds in (300, 20)
    )
    assert spare.complete
    assert scarce.complete
    assert (spare.reduced, scarce.reduced) == (True, False)
    assert statuses(spare) == statuses(scarce) == {("SUCCEEDED", None), ("FAILED", "Busy"), ("TIMED_OUT", None)}


def test_without_a_world_a_handler_that_keeps_something_is_told_of() -> None:
    calls: list[int] = []

    def numbered(_event: Any) -> int:
        calls.append(1)
        return len(calls)

    machine = asl_local.load({"StartAt": "A", "States": {"A": task("a", End=True)}})
    with pytest.raises(asl_local.AslError, match="came to different ends: a handler keeps something"):
        machine.explore({}, {"a": numbered}, faults=0)


def test_the_same_exploration_twice_is_the_same() -> None:
    first, second = (counting(2).explore({}, counter, world={"n": 0}, invariant=nothing_lost) for _ in range(2))
    assert str(first) == str(second)
    assert first.graph.edges == second.graph.edges


def test_mocks_that_count_are_part_of_what_is_explored() -> None:
    each = {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "A", "States": {"A": task("a", End=True)}}}
    machine = asl_local.load({"StartAt": "Each", "States": {"Each": each}})
    answers = {"A": asl_local.mock.sequence("first", "second")}
    exploration = machine.explore([1, 2], mocks=answers, faults=0)
    assert sorted(outcome.output for outcome in exploration.outcomes) == [["first", "second"], ["second", "first"]]
    assert not exploration.reduced
    assert machine.explore([1, 2], mocks={"A": "always"}, faults=0).reduced


def test_a_mock_that_hangs_ends_with_the_timeout_and_is_no_fault() -> None:
    machine = asl_local.load({"StartAt": "A", "States": {"A": task("a", TimeoutSeconds=9, End=True)}})
    (outcome,) = machine.explore({}, mocks={"A": asl_local.mock.hangs()}, faults=0).outcomes
    assert (outcome.status, outcome.error) == ("FAILED", "States.Timeout")
    assert outcome.example.result.seconds == 9


def test_a_crash_that_changes_nothing_is_no_run_without_end() -> None:
    """It leads to where it came from, but there are only so many faults."""
    machine = asl_local.load({"StartAt": "A", "States": {"A": task("f", End=True)}})
    found = machine.explore(1, lambda world: {"f": lambda _: world.setdefault("done", 1)}, world={})
    assert found.cycles == []
    assert "ENDLESS" not in {outcome.status for outcome in found.outcomes}
    assert found.schedules is not None


def test_an_invariant_may_go_on_in_the_world_that_it_is_shown() -> None:
    """Another execution in it, for one: what was explored stays as it was."""
    machine = asl_local.load({"StartAt": "A", "States": {"A": task("f", End=True)}})

    def functions(world: World) -> dict[str, Callable[[Any], Any]]:
        return {"f": lambda _: world.update(n=world["n"] + 1)}

    def twice(run: Any) -> None:
        machine.simulate(1, functions, world=run.world)
        assert run.world["n"] != 2, f"two, in a message of {run.world}\nand more of it: {run.schedule}"

    found = machine.explore(1, functions, world={"n": 0}, invariant=twice, kinds=("crashes",))
    (violation,) = found.violations
    assert violation.run.world == {"n": 1}
    assert all(outcome.example.world["n"] in (1, 2) for outcome in found.outcomes)


def test_violations_that_begin_alike_are_one() -> None:
    """pytest adds the values to what an assertion says."""
    found = counting(2).explore({}, counter, world={"n": 0}, invariant=lambda run: complain(run.schedule))
    assert {violation.message.partition("\n")[0] for violation in found.violations} == {"never"}
    assert len(found.violations) == len({(each.run.status, each.run.error) for each in found.violations})


def complain(details: Any) -> None:
    raise AssertionError(f"never\n{details}")


@pytest.mark.parametrize("said", [0, "", [], 1, "yes"])
def test_an_invariant_that_says_neither_yes_nor_no_is_an_error(said: Any) -> None:
    def unclear(run: Any) -> Any:
        return said

    with pytest.raises(TypeError, match=r"unclear gave .*: True or False is wanted"):
        counting(2).explore({}, counter, world={"n": 0}, faults=0, invariant=unclear)


def test_an_invariant_that_nobody_awaits_is_an_error() -> None:
    async def later(run: Any) -> bool:
        return False

    with pytest.raises(TypeError, match="later gave <coroutine"):
        counting(2).explore({}, counter, world={"n": 0}, faults=0, invariant=later)


def test_an_invariant_that_fails_otherwise_says_for_which_run() -> None:
    def broken(run: Any) -> Any:
        return run.world["m"] > 0

    with pytest.raises(KeyError) as caught:
        counting(2).explore({}, counter, world={"n": 0}, faults=0, invariant=broken)
    (note,) = caught.value.__notes__
    assert note.startswith("broken was asked about this run:\ninput: {}\nschedule:\n  1. Both[0]/Read0\n")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"faults": 1.5}, TypeError, "faults: a whole number is wanted, not 1.5"),
        ({"faults": "1"}, TypeError, "faults: a whole number is wanted, not '1'"),
        ({"budget": 0}, ValueError, "budget: at least 1"),
        ({"kinds": "timeouts"}, TypeError, r"kinds: a list is wanted, such as \['timeouts'\]"),
        ({"invariant": "nothing_lost"}, TypeError, "invariant: a function of a run is wanted, not 'nothing_lost'"),
        ({"always": True}, TypeError, "always: a function of a run is wanted, not True"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        counting(2).explore({}, counter, world={"n": 0}, **options)


@pytest.mark.parametrize(("budget", "told", "among"), [(5, "no fault", 0), (90, "1 fault", 1)])
def test_where_a_search_ended_is_told(budget: int, told: str, among: int) -> None:
    found = counting(2).explore({}, counter, world={"n": 0}, budget=budget)
    assert f"NOT complete: the search ended among runs with {told}, {found.left} states left open" in str(found)
    assert found.among == among


def test_faults_are_tried_in_the_ordinary_order_where_orders_take_all_steps() -> None:
    machine, budget = counting(4), 150
    without = machine.explore({}, counter, world={"n": 0}, faults=0, budget=budget)
    found = machine.explore({}, counter, world={"n": 0}, faults=1, budget=budget, kinds=["unlisted"])
    assert (without.complete, found.complete, without.ordinary, found.ordinary) == (False, False, "", "all")
    assert "in the ordinary order every fault has been tried" in str(found)
    failed = [outcome for outcome in found.outcomes if outcome.status == "FAILED"]
    assert [(outcome.error, len(outcome.example.faults)) for outcome in failed] == [("UnlistedError", 1)]
    assert failed[0].example.result.error == "UnlistedError"
    assert failed[0].count >= 8  # each of the eight tasks can be the one that fails
    assert found.schedules == sum(outcome.count for outcome in found.outcomes)
    some = machine.explore({}, counter, world={"n": 0}, faults=1, budget=6, kinds=["unlisted"])
    assert some.ordinary == "some"
    assert "in the ordinary order some faults have been tried" in str(some)


def test_an_outcome_says_its_fault_once() -> None:
    machine = asl_local.load({"StartAt": "Charge", "States": {"Charge": task("charge", End=True)}})
    (outcome,) = machine.explore({}, {"charge": lambda event: event}, kinds=["unlisted"]).outcomes[1:]
    assert str(outcome) == "FAILED UnlistedError   with Charge: UnlistedError"


def test_a_function_of_a_world_without_one_is_told() -> None:
    with pytest.raises(TypeError, match="goes with world="):
        counting(2).explore({}, counter)
