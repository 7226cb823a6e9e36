"""Two photos of one person at the same time: exploration finds how both are accepted, and a machine in which it does not.

The workshop's machine looks into the face collection and then adds the face. Between the two another photo may look, too.
"""

from __future__ import annotations

from typing import Any

import fakes
from machines import (
    MENDED,
    WORKSHOP,
    batch,
    every_item_is_whole,
    nobody_registers_twice,
    one_at_a_time,
    registered,
    side_by_side,
)

import asl_local
from asl_local import mock
from asl_local.testing.exploring import Exploration, Run

TWO = batch("ada.jpg", "ada_mirrored.jpg")
TWO_BATCHES = {"batches": [batch("ada.jpg"), batch("ada_mirrored.jpg", first=1)]}


def explore(machine: asl_local.Machine, functions: Any, input: Any = TWO, **options: Any) -> Exploration:
    """All of it, from a world in which nobody is registered; without faults unless they are asked for."""
    found = machine.explore(input, functions, world=fakes.new_world(), **{"faults": 0, **options})
    assert found.complete
    return found


def one_rider_each(run: Run) -> None:
    assert nobody_registers_twice(run.world), "one person is registered as two riders"


def exactly_one(run: Run) -> None:
    one_rider_each(run)
    assert every_item_is_whole(run.world), "an item lacks its face or its thumbnail"
    assert registered(run.world) or run.status == "FAILED", "nobody is registered"


def test_the_workshops_machine_may_accept_both() -> None:
    found = explore(WORKSHOP, fakes.functions, invariant=one_rider_each)
    (violation,) = found.violations
    print(violation)  # pytest -s shows it
    steps = [step.rpartition("/")[2] for step in violation.run.schedule]
    last_check = len(steps) - 1 - steps[::-1].index("CheckFaceDuplicate")
    assert last_check < steps.index("AddFaceToIndex")  # both have looked before either is there to be seen


def test_the_schedule_that_was_found_is_a_test_of_its_own() -> None:
    found = WORKSHOP.explore(
        TWO, fakes.functions, world=fakes.new_world(), invariant=one_rider_each, faults=0, stop=True
    )
    world = fakes.new_world()
    WORKSHOP.simulate(TWO, fakes.functions, world=world, schedule=found.violations[0].run.schedule)
    assert registered(world) == [("Ada", "rider0"), ("Ada", "rider1")]


def test_one_photo_at_a_time_helps_within_a_batch_only() -> None:
    machine = one_at_a_time(WORKSHOP)
    assert not explore(machine, fakes.functions, invariant=one_rider_each).violations
    assert explore(side_by_side(machine), fakes.functions, TWO_BATCHES, invariant=one_rider_each).violations


def test_to_index_first_and_refuse_what_looks_alike_may_refuse_both() -> None:
    """Half of the remedy: of two who see each other, both step back."""

    def stepping_back(world: fakes.World) -> Any:
        def persist(event: Any) -> Any:
            if event["alike"]:
                raise fakes.FaceAlreadyExistsError("Face in the picture is already in the system. ")
            return fakes.persist_metadata(world, event)

        return {**fakes.mended_functions(world), "*PersistMetadataFunction*": persist}

    found = explore(MENDED, stepping_back, invariant=exactly_one)
    assert [violation.message.partition("\n")[0] for violation in found.violations] == ["nobody is registered"]


def test_the_mended_machine_accepts_exactly_one() -> None:
    assert not explore(MENDED, fakes.mended_functions, invariant=exactly_one).violations


# -- what goes wrong on the way ----------------------------------------------------------------------------------------


def can_be_run_again(machine: asl_local.Machine, functions: Any) -> Any:
    """After a run that failed, the same batch once more registers the person."""

    def invariant(run: Run) -> None:
        if run.status != "SUCCEEDED":
            machine.simulate(run.input, functions, world=run.world)
            assert [person for person, _ in registered(run.world)] == ["Ada"], "the photo is refused for ever"

    return invariant


def test_the_workshops_machine_may_refuse_a_rider_for_ever() -> None:
    """A face that was indexed by a run that failed later is in the collection, and no item belongs to it."""
    again = can_be_run_again(WORKSHOP, fakes.functions)
    found = WORKSHOP.explore(batch("ada.jpg"), fakes.functions, world=fakes.new_world(), invariant=again, stop=True)
    assert found.violations


def test_the_mended_machine_can_be_run_again_whatever_went_wrong() -> None:
    found = explore(
        MENDED, fakes.mended_functions, batch("ada.jpg"), faults=1,
        invariant=can_be_run_again(MENDED, fakes.mended_functions),
    )  # fmt: skip
    assert not found.violations


def test_a_face_that_could_not_be_removed_stands_in_nobodys_way() -> None:
    world, functions = fakes.new_world(), fakes.mended_functions
    MENDED.simulate(batch("ada.jpg"), functions, world=world).unwrap()
    known = registered(world)
    late = batch("ada_mirrored.jpg", first=1)
    result = MENDED.simulate(late, functions, world=world, mocks={"RemoveFace": mock.hangs()})
    assert (result.error, result.seconds) == ("States.Timeout", 30 + 2 + 30)
    assert len(world["collection"]) == 2
    for again in (batch("ada.jpg"), batch()):
        assert MENDED.simulate(again, functions, world=world).status == "SUCCEEDED"
    assert registered(world) == known
