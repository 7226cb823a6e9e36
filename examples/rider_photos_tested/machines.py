"""The machines under test: the workshop's sixth stage as it is, and the one without its race. And what must hold.

Knows: which definition goes with which fakes, and what a world must look like afterwards. Must never know: how a run
came about.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import fakes

import asl_local

HERE = Path(__file__).parent
WORKSHOP = asl_local.load(HERE.parent.parent / "definitions" / "6-dynamic-parallelism.asl.json")
STAGE_7 = asl_local.load(HERE.parent.parent / "definitions" / "7-native-integrations.asl.json")
MENDED = asl_local.load(HERE / "mended.asl.json")


def batch(*photos: str, first: int = 0) -> dict[str, Any]:
    """The machine's input: each photo is another rider's, `rider0`, `rider1` and so on from `first`."""
    images = [{"userId": f"rider{number}", "s3Key": photo} for number, photo in enumerate(photos, first)]
    return {"s3Bucket": "rider-photos", "images": images}


def side_by_side(machine: asl_local.Machine) -> asl_local.Machine:
    """Two executions of a machine at the same time, as one: its definition in a Map over `batches`."""
    both = {"Type": "Map", "ItemsPath": "$.batches", "Iterator": machine.definition, "End": True}
    return asl_local.load({"StartAt": "Both", "States": {"Both": both}})


def one_at_a_time(machine: asl_local.Machine) -> asl_local.Machine:
    """The same machine with MaxConcurrency 1."""
    definition = copy.deepcopy(machine.definition)
    definition["States"]["DynamicParallelProcessing"]["MaxConcurrency"] = 1
    return asl_local.load(definition)


def registered(world: fakes.World) -> list[tuple[str, str]]:
    """(person, rider) of each item in the table."""
    faces, table = world["collection"], world["table"]
    return sorted((faces.get(item["faceId"], "nobody"), rider) for rider, item in table.items())


def nobody_registers_twice(world: fakes.World) -> bool:
    """No two riders are one person."""
    people = [person for person, _ in registered(world)]
    return len(people) == len(set(people))


def every_item_is_whole(world: fakes.World) -> bool:
    """What the table says is there: the face in the collection, the thumbnail in the bucket."""
    return all(
        item["faceId"] in world["collection"] and item["thumbnail"]["s3key"] in world["thumbnails"]
        for item in world["table"].values()
    )
