"""The workshop's machine, stage 6: what one batch of photos leaves open, and four short runs that see all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import asl_local


@pytest.fixture
def machine(project: Path) -> asl_local.Machine:
    return asl_local.load(project / "definitions" / "6-dynamic-parallelism.asl.json")


def handlers(machine: asl_local.Machine) -> dict[str, Any]:
    """Functions that refuse `bad` and `twin`, as the workshop's do."""

    def detect(event: Any) -> Any:
        if event["s3Key"] == "bad":
            raise asl_local.StateError("PhotoDoesNotMeetRequirementError", "no face")
        return {}

    def search(event: Any) -> Any:
        if event["s3Key"] == "twin":
            raise asl_local.StateError("FaceAlreadyExistsError", "known")
        return {}

    return {"*FaceDetection*": detect, "*FaceSearch*": search, "*": lambda event: {}}


def batch(*photos: str) -> dict[str, Any]:
    return {"s3Bucket": "b", "images": [{"userId": f"u{n}", "s3Key": photo} for n, photo in enumerate(photos)]}


def test_what_a_batch_of_good_photos_leaves_open(machine: asl_local.Machine) -> None:
    with asl_local.Coverage() as coverage:
        assert machine.simulate(batch("a", "b"), handlers(machine)).status == "SUCCEEDED"
    assert coverage.of(machine).told() == [
        "line 5: Map 'DynamicParallelProcessing' never had no item",
        "line 5: Map 'DynamicParallelProcessing' never had exactly one item",
        "line 24: Catch[0] of Task 'FaceDetection' never caught an error",
        "line 40: Catch[0] of Task 'CheckFaceDuplicate' never caught an error",
        "line 85: Task 'PhotoDoesNotMeetRequirement' was never entered (1 more goal)",
    ]


def test_runs_that_see_all_of_it(machine: asl_local.Machine) -> None:
    given = handlers(machine)
    with asl_local.Coverage() as coverage:
        for photos in ([], ["a"], ["bad", "b"], ["twin"]):
            machine.simulate(batch(*photos), given)
    assert coverage.of(machine).missing == ()
    assert coverage.percent == 100


def test_an_exploration_counts_as_all_of_its_runs(machine: asl_local.Machine) -> None:
    with asl_local.Coverage() as coverage:
        exploration = machine.explore(batch("a"), handlers(machine))
    assert coverage.of(machine) == exploration.coverage
    assert coverage.of(machine).told() == [
        "line 5: Map 'DynamicParallelProcessing' never had no item",
        "line 5: Map 'DynamicParallelProcessing' never had several items",
    ]
