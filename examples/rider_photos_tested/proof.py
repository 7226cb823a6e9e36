"""All orders and all single faults of the mended machine on two photos of one person: `python proof.py`.

Timeouts before and after an effect, crashes of the engine, throttling, errors that nobody lists, answers that are too
large; not the functions' own errors, which are answers. That takes some seconds; the tests explore parts of it.
"""

from __future__ import annotations

import fakes
from machines import MENDED, batch, every_item_is_whole, nobody_registers_twice, registered

from asl_local.testing.exploring import KINDS, Run


def exactly_one(run: Run) -> None:
    """One rider is registered, whole; nobody only where the run failed."""
    assert nobody_registers_twice(run.world), "one person is registered as two riders"
    assert every_item_is_whole(run.world), "an item lacks its face or its thumbnail"
    assert registered(run.world) or run.status == "FAILED", "nobody is registered"


if __name__ == "__main__":
    found = MENDED.explore(
        batch("ada.jpg", "ada_mirrored.jpg"),
        fakes.mended_functions,
        world=fakes.new_world(),
        invariant=exactly_one,
        faults=1,
        kinds=set(KINDS) - {"errors"},
    )
    print(str(found.check()).partition("\n")[0])
