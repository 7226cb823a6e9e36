"""How both photos of one person come to be accepted: `python race.py`."""

from __future__ import annotations

import fakes
from machines import WORKSHOP, batch, nobody_registers_twice

from asl_local.testing.exploring import Run


def one_rider_each(run: Run) -> None:
    assert nobody_registers_twice(run.world), "one person is registered as two riders"


if __name__ == "__main__":
    two = batch("ada.jpg", "ada_mirrored.jpg")
    found = WORKSHOP.explore(two, fakes.functions, world=fakes.new_world(), invariant=one_rider_each, faults=0)
    print(found.violations[0].message)
    for number, step in enumerate(found.violations[0].run.schedule, 1):
        print(f"{number:4}.", step.removeprefix("DynamicParallelProcessing"))
