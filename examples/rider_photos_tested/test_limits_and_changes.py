"""What the definitions alone say of the worst case, and what becomes of yesterday's executions in the mended machine."""

from __future__ import annotations

import fakes
import pytest
from machines import MENDED, STAGE_7, WORKSHOP, batch

import asl_local


@pytest.mark.parametrize("machine", [WORKSHOP, STAGE_7, MENDED], ids=lambda machine: machine.name)
def test_nothing_in_a_machine_runs_into_a_limit(machine: asl_local.Machine) -> None:
    assert machine.bounds().warnings == []


def test_a_batch_may_have_some_hundred_photos() -> None:
    """Each writes 31 events, and a history holds 25,000."""
    (photos,) = WORKSHOP.bounds().maps
    assert photos.items == 806


def test_an_execution_of_yesterday_goes_on_as_before_and_elsewhere_in_the_mended_machine() -> None:
    """`history` is what `aws stepfunctions get-execution-history` gives."""
    history = WORKSHOP.simulate(batch("ada.jpg"), fakes.functions, world=fakes.new_world()).history.to_aws()
    assert asl_local.replay(history, WORKSHOP).agrees
    changed = asl_local.replay(history, MENDED).divergence
    assert changed is not None
    assert (changed.recorded, changed.instead) == (
        "enters Task 'CheckFaceDuplicate'",
        "enters Parallel 'ParallelProcessing'",
    )
