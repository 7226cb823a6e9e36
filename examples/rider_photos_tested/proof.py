"""All orders of the mended machine on two photos of one person, in one batch with all single faults: `python proof.py`.

Timeouts before and after an effect, crashes of the engine, throttling, errors that nobody lists, answers that are too
large; not the functions' own errors, which are answers. That takes some seconds; the tests explore parts of it.
"""

from __future__ import annotations

from typing import Any

import fakes
from machines import MENDED, batch, every_item_is_whole, nobody_registers_twice, registered, side_by_side

import asl_local
from asl_local.testing.exploring import KINDS, Run


def exactly_one(run: Run) -> None:
    """One rider is registered, whole; nobody only where the run failed."""
    assert nobody_registers_twice(run.world), "one person is registered as two riders"
    assert every_item_is_whole(run.world), "an item lacks its face or its thumbnail"
    assert registered(run.world) or run.status == "FAILED", "nobody is registered"


def proved(machine: asl_local.Machine, input: Any, **options: Any) -> str:
    """How much was explored. Raises AssertionError with the smallest counterexample."""
    found = machine.explore(input, fakes.mended_functions, world=fakes.new_world(), invariant=exactly_one, **options)
    return str(found.check()).partition("\n")[0]


if __name__ == "__main__":
    batches = [batch("ada.jpg"), batch("ada_mirrored.jpg", first=1)]
    print("two executions:", proved(side_by_side(MENDED), {"batches": batches}, faults=0))
    two = batch("ada.jpg", "ada_mirrored.jpg")
    print("one execution:", proved(MENDED, two, faults=1, kinds=set(KINDS) - {"errors"}))
